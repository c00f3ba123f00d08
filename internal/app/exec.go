package app

import (
	"context"

	"lambda-release/internal/ci"
)

type execKey struct{}

// WithExec is ctx for a Run that may run other programs, such as buildkite-agent.
func WithExec(ctx context.Context, exec ci.Exec) context.Context {
	return context.WithValue(ctx, execKey{}, exec)
}

// execOf is the Exec of a context, nil for none.
func execOf(ctx context.Context) ci.Exec {
	exec, _ := ctx.Value(execKey{}).(ci.Exec)
	return exec
}
