// Command lambda-release publishes AWS Lambda functions and moves their aliases.
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"lambda-release/internal/app"
)

func main() {
	// GitHub cancels a job with SIGINT and 7.5 seconds later SIGTERM.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(app.Run(app.WithExec(ctx, run), os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

// run runs a program of the CI system, such as buildkite-agent.
func run(ctx context.Context, stdin, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // name and args are never texts from outside
	cmd.Stdin, cmd.WaitDelay = strings.NewReader(stdin), time.Second
	out, err := cmd.Output()
	if exit, failed := errors.AsType[*exec.ExitError](err); failed {
		err = fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	if errors.Is(err, exec.ErrNotFound) {
		err = fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	return string(out), err
}
