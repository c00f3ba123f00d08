// Command lambda-release publishes AWS Lambda functions and moves their aliases.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"lambda-release/internal/app"
)

func main() {
	// GitHub cancels a job with SIGINT and 7.5 seconds later SIGTERM.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(app.Run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}
