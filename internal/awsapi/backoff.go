package awsapi

import (
	"context"
	"errors"
	"time"
)

const (
	quickCalls = 4               // calls of a loop that may come within two seconds
	firstPause = 2 * time.Second // for each call, after those
	lastPause  = 5 * time.Second
)

// quickPauses are those between the quick calls.
var quickPauses = []time.Duration{200 * time.Millisecond, 500 * time.Millisecond, time.Second}

// Backoff paces a loop that calls AWS until something has happened. The first
// four calls come within two seconds; after that, a call takes two seconds on
// average, and more and more up to five: the rate of 15 calls a second is shared
// by all callers of the account. The zero Backoff is ready for use, by one loop.
type Backoff struct {
	calls  int
	rounds int
	pause  time.Duration // for each call
}

// Wait pauses after a round of the loop that has made so many calls, and before
// one that makes as many, or returns the context's error as soon as that ends.
func (b *Backoff) Wait(ctx context.Context, calls int) error { return b.WaitFor(ctx, calls, calls) }

// WaitFor is Wait where the next round makes another number of calls.
func (b *Backoff) WaitFor(ctx context.Context, calls, next int) error {
	b.calls += calls
	b.rounds++
	if b.rounds <= len(quickPauses) && b.calls+next <= quickCalls {
		return Sleep(ctx, quickPauses[b.rounds-1])
	}
	b.pause = min(lastPause, max(firstPause, b.pause*3/2))
	return Sleep(ctx, time.Duration(max(next, 1))*b.pause)
}

// slowBackoff is a Backoff without quick calls, for what takes a minute or more.
func slowBackoff() Backoff { return Backoff{calls: quickCalls} }

// GaveUp is the error of a wait that ended with ctx: that of the last call, but
// of kind Cancelled or Deadline.
func GaveUp(ctx context.Context, last error) error {
	e, ok := errors.AsType[*Error](last)
	if !ok || ctx.Err() == nil {
		return last
	}
	ended := *e
	ended.Kind, ended.Last, ended.Err, ended.advice = kindOf(ctx, ctx.Err()), e.Err, ctx.Err(), ""
	return &ended
}

// Interrupted is err as an *Error of kind Cancelled or Deadline, if what ended op
// between two calls is that the job was cancelled or timed out.
func Interrupted(op string, err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return &Error{Action: Action{Op: op}, Kind: Cancelled, Err: err}
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Action: Action{Op: op}, Kind: Deadline, Err: err}
	}
	return err
}

// lookupPauses are those before a version or function that was not found is asked
// for again, twice: AWS may not know everywhere yet what was just made.
var lookupPauses = []time.Duration{400 * time.Millisecond, 1200 * time.Millisecond}

// insist asks until the answer is not that something does not exist, and three
// times at most.
func insist[T any](ctx context.Context, ask func() (T, error)) (T, error) {
	for _, pause := range lookupPauses {
		answer, err := ask()
		if !Is(err, NotFound) {
			return answer, err
		}
		_ = Sleep(ctx, pause) // if ctx ends, the next call fails with its error
	}
	return ask()
}

// Sleep returns after d, or at once with the context's error when that ends.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
