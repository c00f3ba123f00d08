// Command demo runs lambda-release against an AWS control plane in memory. It
// needs no account and no configuration, and makes no calls to AWS, except with -aws.
//
//	go run ./internal/demo
//	go run ./internal/demo -v
//	go run ./internal/demo -html summaries.html
//	go run ./internal/demo -serve 127.0.0.1:4566
//	go run ./internal/demo -serve 127.0.0.1:4566 -age 2h
//	go run ./internal/demo -serve 127.0.0.1:4566 -iam policy.json
//	go run ./internal/demo -serve 127.0.0.1:4566 -traffic items:prod=600/min,errors:2=0.02
//
// The first runs the jobs of story.go and prints two lines for each; it exits 0 only
// if every job ends as expected. The second prints their logs, outputs and summaries,
// the third also writes the summaries as a page for a browser. The others serve the
// control plane until it is interrupted, for lambda-release, the aws CLI or an SDK; and
// function URLs, for
//
//	curl --connect-to ::127.0.0.1:4566 http://ID.lambda-url.eu-central-1.on.aws/
//
// With -iam, callers may do only what an identity policy allows, such as one that
// lambda-release --print-policy has printed. With -age, prune can be tried at once: it keeps every version of the last hour. With
// -traffic, invocations are played, routed by the alias, from which metrics and alarms
// follow.
//
// There is one way to leave memory:
//
//	go run ./internal/demo -aws -role arn:aws:iam::123456789012:role/lambda-release-check -region eu-central-1
//
// runs the jobs in an AWS account, with the credentials of the environment, and compares
// how it behaves with the embedded AWS (package conformance). It removes what it creates.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"testing"
	"time"

	"lambda-release/internal/localaws"
)

func main() {
	addr := flag.String("serve", "", "serve the AWS control plane on this `address` until interrupted, instead of running the jobs")
	verbose := flag.Bool("v", false, "print the logs, outputs and summaries of the jobs")
	html := flag.String("html", "", "also write the summaries of the jobs to this `file`, as a page for a browser")
	settle := flag.Duration("settle", 300*time.Millisecond, "how long functions and updates stay Pending or InProgress, and some invocations through a moved alias reach the version before it")
	latency := flag.Duration("latency", 0, "added to every call")
	rate := flag.Float64("rate", 0, "limit of control-plane calls a second (15 on AWS); 0: no limit")
	stale := flag.Duration("stale", 0, "how long after a write reads show the state before it")
	restrict := flag.String("iam", "", "with -serve: deny everything that the identity policy in this `file` does not allow")
	var values []string
	flag.Func("traffic", "with -serve: play invocations in real time, as `FUNCTION:ALIAS=N/min[,OPTION...]`. The options are errors:VERSION=RATE, throttles:VERSION=RATE, duration:VERSION=DURATION and seed=NUMBER. Repeat it for other aliases", func(value string) error {
		values = append(values, value)
		return nil
	})
	late := flag.Duration("metrics-delay", 0, "how long after its end a minute's metrics can be read; a minute or two on AWS")
	notYet := flag.Duration("not-yet", 0, "how long calls that name a new function, version or alias answer 404")
	age := flag.Duration("age", 0, "what is created or changed counts as made so long ago")
	inAWS := flag.Bool("aws", false, "run the jobs in an AWS account instead, and compare how it behaves with what was recorded; needs -role and -region")
	role := flag.String("role", "", "with -aws: the `ARN` of the role of the functions, which the Lambda service may assume")
	region := flag.String("region", "", "with -aws: the `region` to create and remove them in")
	sweep := flag.Bool("sweep", false, "with -aws: only remove what earlier runs have left")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	traffic, err := parseTraffic(values)
	if err == nil && len(values) > 0 && *addr == "" {
		err = errors.New("-traffic needs -serve")
	}
	if err == nil && *restrict != "" && *addr == "" {
		err = errors.New("-iam needs -serve")
	}
	policy, policyErr := readPolicy(*restrict)
	err = errors.Join(err, policyErr)
	if err == nil {
		err = checkAWS(*inAWS, *sweep, *addr != "" || *html != "", *role, *region)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(2)
	}
	if *inAWS {
		exit(runInAWS(ctx, *role, *region, *sweep))
	}

	cloud := localaws.New(localaws.Options{Settle: *settle, Latency: *latency, Rate: *rate, Stale: *stale, NotYet: *notYet, Age: *age})
	cloud.DelayMetrics(*late, nil)
	show := shower(&brief{out: os.Stdout})
	if *verbose {
		show = &full{os.Stdout, function}
	}
	if *html != "" {
		show = &page{shower: show, file: *html}
	}
	if *addr == "" {
		inATest(func(t *testing.T) {
			exit(run(ctx, "127.0.0.1:0", cloud, func(ctx context.Context, url string) error { return runStory(ctx, t, inMemory(cloud, url), show) }))
		})
	}
	exit(run(ctx, *addr, cloud, func(ctx context.Context, url string) error {
		prepare(cloud)
		cloud.Restrict(policy)
		play(cloud, traffic)
		fmt.Printf(hint, url, describe(traffic))
		<-ctx.Done()
		return nil
	}))
}

// readPolicy reads a policy, nil if path is "".
func readPolicy(path string) (*localaws.IAMPolicy, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // there is none, and that is no error
	}
	document, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	policy, err := localaws.ParseIAMPolicy(document)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return policy, nil
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// run serves cloud on addr until do returns.
func run(ctx context.Context, addr string, cloud *localaws.Cloud, do func(context.Context, string) error) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: cloud, ReadHeaderTimeout: time.Minute}
	defer server.Close()
	defer cloud.Close()
	go server.Serve(listener) //nolint:errcheck // returns when the server is closed above
	return do(ctx, "http://"+listener.Addr().String())
}

// prepare adds a function whose code is newer than its alias prod. It returns the
// version that was invoked.
func prepare(cloud *localaws.Cloud) {
	cloud.AddFunction(function)
	cloud.OnInvoke(function, func(in localaws.Invocation) localaws.Answer {
		return localaws.Answer{Payload: fmt.Appendf(nil, `{"version": %q}`, in.Version)}
	})
	cloud.Publish(function, "published by hand")
	cloud.SetAlias(function, localaws.Alias{Name: "prod", Version: "1"})
	cloud.Upload(function, "second")
}

// hint is what -serve prints. boto3 and version 1 of the aws CLI read
// AWS_DEFAULT_REGION, other SDKs AWS_REGION.
const hint = `The AWS control plane is ready. In another shell, run:

export AWS_ENDPOINT_URL=%s AWS_EC2_METADATA_DISABLED=true
export AWS_REGION=eu-central-1 AWS_DEFAULT_REGION=eu-central-1
export AWS_ACCESS_KEY_ID=example AWS_SECRET_ACCESS_KEY=example

go run . --function-name ` + function + ` --alias prod
go run . --function-name ` + function + ` --alias prod --operation rollback
aws lambda list-aliases --function-name ` + function + `
%s
Ctrl-C stops it. Nothing is saved.
`
