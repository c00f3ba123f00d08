// Command demo shows lambda-release at work on an embedded AWS: no account, no
// configuration, nothing leaves the machine.
//
//	go run ./internal/demo
//	go run ./internal/demo -serve 127.0.0.1:4566
//
// The first plays the story of story.go, with the real program; it exits 0 only
// if every step ended as told. The second serves the embedded AWS until it is
// interrupted, for the aws CLI, boto3, or lambda-release itself.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"lambda-release/internal/localaws"
)

func main() {
	addr := flag.String("serve", "", "serve the embedded AWS on this `address` until interrupted, instead of playing the story")
	settle := flag.Duration("settle", 300*time.Millisecond, "how long functions and updates stay Pending or InProgress")
	latency := flag.Duration("latency", 0, "added to every call")
	rate := flag.Float64("rate", 0, "control-plane calls a second before AWS says 429 (really 15); 0: no limit")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	cloud := localaws.New(localaws.Options{Settle: *settle, Latency: *latency, Rate: *rate})
	play := func(ctx context.Context, url string) error { return tell(ctx, os.Stdout, cloud, url) }
	if *addr != "" {
		play = wait
	} else {
		*addr = "127.0.0.1:0"
	}
	if err := run(ctx, *addr, cloud, play); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run serves cloud on addr while play goes on.
func run(ctx context.Context, addr string, cloud *localaws.Cloud, play func(context.Context, string) error) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: cloud, ReadHeaderTimeout: time.Minute}
	defer server.Close()
	defer cloud.Close()
	go server.Serve(listener) //nolint:errcheck // it ends with the Close above
	return play(ctx, "http://"+listener.Addr().String())
}

// wait tells how to use what is served, until ctx ends.
func wait(ctx context.Context, url string) error {
	fmt.Printf(`An AWS in memory listens. In another shell:

export AWS_ENDPOINT_URL=%s AWS_REGION=eu-central-1 AWS_EC2_METADATA_DISABLED=true
export AWS_ACCESS_KEY_ID=example AWS_SECRET_ACCESS_KEY=example

aws lambda list-functions
go run . --function-name ItemsFunction --alias prod

Interrupt ends it, and forgets everything.
`, url)
	<-ctx.Done()
	return nil
}
