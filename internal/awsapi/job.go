package awsapi

import (
	"context"
	"sync"
	"time"
)

// A cancelled job is killed a few seconds later: GitHub sends SIGTERM 7.5 seconds
// after SIGINT, and SIGKILL 2.5 seconds after that. So everything that is still
// done after the end of a job shares one budget.
const (
	// FinishTime is how long a mutation in flight may still take after the job was
	// cancelled or has timed out.
	FinishTime = 1200 * time.Millisecond
	// ConfirmTime is how long a read may take after that end, which finds out
	// whether a write has had its effect.
	ConfirmTime = time.Second

	smallBatch       = 50 // functions
	smallBatchBudget = 4500 * time.Millisecond
	largeBatchBudget = 8500 * time.Millisecond
)

// job is one job's budget for what is still done after its context has ended.
type job struct {
	ctx    context.Context
	budget time.Duration

	mu    sync.Mutex
	ended time.Time // when ctx ended, or when that was first noticed
}

type jobKey struct{}

// Job is the context of a job on so many functions. It remembers when it ends:
// from then on, mutations in flight and everything in a WrapUp take at most 4.5
// seconds together, or 8.5 seconds for more than 50 functions.
func Job(ctx context.Context, functions int) context.Context {
	budget := smallBatchBudget
	if functions > smallBatch {
		budget = largeBatchBudget
	}
	return withJob(ctx, budget)
}

func withJob(ctx context.Context, budget time.Duration) context.Context {
	j := &job{ctx: ctx, budget: budget}
	context.AfterFunc(ctx, func() { j.left() })
	return context.WithValue(ctx, jobKey{}, j)
}

// left is what is left of the budget, which starts when ctx ends.
func (j *job) left() time.Duration {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.ctx.Err() == nil:
		return j.budget
	case j.ended.IsZero():
		j.ended = time.Now()
	}
	return j.budget - time.Since(j.ended)
}

func jobOf(ctx context.Context) (*job, bool) {
	j, ok := ctx.Value(jobKey{}).(*job)
	return j, ok
}

type wrapUpKey struct{}

// WrapUp is the context for the work after the end of a job, such as restoring an
// alias. It ends after d, or with the budget of the Job; a call in flight then
// ends with it.
func WrapUp(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	j, inJob := jobOf(ctx)
	if inJob && j.ctx.Err() != nil {
		d = min(d, j.left())
	}
	wrap, cancel := context.WithTimeout(context.WithValue(context.WithoutCancel(ctx), wrapUpKey{}, true), d)
	if !inJob {
		return wrap, cancel
	}
	stop := context.AfterFunc(j.ctx, func() { time.AfterFunc(j.left(), cancel) })
	return wrap, func() { stop(); cancel() }
}

// WrappedUp reports whether ctx is from WrapUp and has ended.
func WrappedUp(ctx context.Context) bool { return ctx.Value(wrapUpKey{}) != nil && ctx.Err() != nil }

// Confirming is the context for a read that finds out whether a write has had its
// effect: ctx, or a WrapUp of ConfirmTime if that has ended.
func Confirming(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Err() == nil || WrappedUp(ctx) {
		return ctx, func() {}
	}
	return WrapUp(ctx, ConfirmTime)
}

type jobContextKey struct{}

// jobContext is the context that decides whether an attempt may start.
func jobContext(ctx context.Context) context.Context {
	if job, ok := ctx.Value(jobContextKey{}).(context.Context); ok {
		return job
	}
	return ctx
}

// finish is the context for a mutation: AWS carries out a request even if the
// connection is closed, so a call in flight outlives the job's context by
// FinishTime to learn how it ended. No new attempt starts in that time.
func finish(ctx context.Context) (context.Context, context.CancelFunc) {
	grace := func() time.Duration { return FinishTime }
	if j, ok := jobOf(ctx); ok {
		grace = func() time.Duration { return min(FinishTime, j.left()) }
	}
	if ctx.Value(wrapUpKey{}) != nil {
		grace = func() time.Duration { return 0 }
	}
	call, cancel := context.WithCancel(context.WithValue(context.WithoutCancel(ctx), jobContextKey{}, ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace(), cancel) })
	return call, func() { stop(); cancel() }
}

type parentKey struct{}

// WithTimeout is context.WithTimeout for a timeout that WithoutTimeout can lift.
func WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithValue(ctx, parentKey{}, ctx), d)
}

// WithoutTimeout is ctx without the timeout of WithTimeout, and without what has
// cancelled it since: it ends only when the parent of WithTimeout does. It is for
// work whose own time does not count against the job's timeout, such as a
// deployment of CodeDeploy, and for everything after that, since the budget of a
// Job then counts from its end, too.
func WithoutTimeout(ctx context.Context) context.Context {
	parent, ok := ctx.Value(parentKey{}).(context.Context)
	if !ok {
		return ctx
	}
	var lifted context.Context = untimed{ctx, parent}
	if j, ok := jobOf(ctx); ok {
		lifted = withJob(lifted, j.budget)
	}
	return lifted
}

// untimed is a context with the values of one and the end of another.
type untimed struct {
	context.Context

	parent context.Context
}

func (u untimed) Deadline() (time.Time, bool) { return u.parent.Deadline() }
func (u untimed) Done() <-chan struct{}       { return u.parent.Done() }
func (u untimed) Err() error                  { return u.parent.Err() }
