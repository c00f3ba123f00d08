package awsapi

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

const (
	// maxAttempts is for errors that are not throttling: 500, 503, dropped
	// connections. With the delays below they are spread over 3 seconds at most.
	maxAttempts = 5
	firstDelay  = 200 * time.Millisecond
	maxDelay    = 5 * time.Second
)

// retryer is the SDK's standard one with three differences. Every attempt, not
// only the first, pays the shared rate. Throttling is tried again until the
// job's time is up, since patience is all it takes; there is no retry quota,
// which refuses a large batch after 100 retries. And nothing is tried again
// once the job was cancelled.
type retryer struct {
	*retry.Standard
	limits *limits
}

func newRetryer(controlRate float64) *retryer {
	return &retryer{Standard: retry.NewStandard(), limits: newLimits(controlRate)}
}

// MaxAttempts is without limit: RetryDelay ends what has been tried enough.
func (*retryer) MaxAttempts() int { return 0 }

// GetAttemptToken waits for the shared rate. It listens to the job's context
// also where the call itself is no longer bound to it (see finish).
func (r *retryer) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	if err := r.limits.wait(jobContext(ctx), awsmiddleware.GetOperationName(ctx)); err != nil {
		return nil, err
	}
	return func(err error) error {
		r.limits.answered(isThrottle(err))
		attemptsOf(ctx).ended(err)
		return nil
	}, nil
}

// GetRetryToken refuses once the job is over.
func (*retryer) GetRetryToken(ctx context.Context, _ error) (func(error) error, error) {
	if err := jobContext(ctx).Err(); err != nil {
		return nil, err
	}
	return func(error) error { return nil }, nil
}

// RetryDelay is exponential with full jitter. attempt counts from 1.
func (*retryer) RetryDelay(attempt int, err error) (time.Duration, error) {
	if attempt >= maxAttempts && !isThrottle(err) {
		return 0, fmt.Errorf("given up after %d attempts: %w", attempt, err)
	}
	ceiling := min(maxDelay, firstDelay<<min(attempt-1, 10))
	return firstDelay/4 + rand.N(ceiling), nil //nolint:gosec // jitter is no secret
}

func isThrottle(err error) bool {
	return err != nil && retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary
}

// Fate is how much of a failed call may have been carried out.
type Fate int

// The fates, each graver than the one before.
const (
	NotSent    Fate = iota // it never left: nothing has changed
	Refused                // 4xx: nothing has changed
	Unclear                // 5xx: AWS may have done it before it failed
	Unanswered             // no answer: AWS may have done it, or may do it yet
)

// attempts is what became of the attempts of one call.
type attempts struct {
	fate Fate
	last error // of the attempts before the last, the last one's
}

type attemptsKey struct{}

// watchAttempts makes the retryer note in the result what became of the
// attempts of the call that ctx is for.
func watchAttempts(ctx context.Context) (context.Context, *attempts) {
	a := &attempts{}
	return context.WithValue(ctx, attemptsKey{}, a), a
}

func attemptsOf(ctx context.Context) *attempts {
	if a, ok := ctx.Value(attemptsKey{}).(*attempts); ok {
		return a
	}
	return &attempts{}
}

func (a *attempts) ended(err error) {
	if err == nil {
		return
	}
	fate := Unanswered
	switch status := statusOf(err); {
	case status >= http.StatusInternalServerError:
		fate = Unclear
	case status != 0:
		fate = Refused
	}
	a.fate = max(a.fate, fate)
	if !errors.Is(err, context.Canceled) {
		a.last = err
	}
}

type jobContextKey struct{}

// jobContext is the context that decides whether something new may start.
func jobContext(ctx context.Context) context.Context {
	if job, ok := ctx.Value(jobContextKey{}).(context.Context); ok {
		return job
	}
	return ctx
}

// FinishTime is how long a mutation that is under way when the job is
// cancelled, or when its time is up, may still take.
const FinishTime = 2 * time.Second

type wrapUpKey struct{}

// WrapUp is the context for what is still done when the job is over. It ends d
// from now, and a call that is under way then ends with it.
func WrapUp(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithValue(context.WithoutCancel(ctx), wrapUpKey{}, true), d)
}

// WrappedUp tells whether ctx is one of WrapUp's that has ended: there is no time left.
func WrappedUp(ctx context.Context) bool { return ctx.Value(wrapUpKey{}) != nil && ctx.Err() != nil }

// finish is the context for a mutation: AWS carries out what it was sent also
// when we no longer listen, so a call in flight outlives the job's context by
// FinishTime to learn how it ended. No attempt starts on it that late.
func finish(ctx context.Context) (context.Context, context.CancelFunc) {
	grace := FinishTime
	if ctx.Value(wrapUpKey{}) != nil {
		grace = 0
	}
	call, cancel := context.WithCancel(context.WithValue(context.WithoutCancel(ctx), jobContextKey{}, ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return call, func() { stop(); cancel() }
}
