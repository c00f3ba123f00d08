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
	// maxAttempts is for errors other than throttling: 500, 503, dropped
	// connections. With the delays below, they take at most 3 seconds.
	maxAttempts = 5
	firstDelay  = 200 * time.Millisecond
	maxDelay    = 5 * time.Second
)

// retryer is the SDK's standard retryer with three differences. Every attempt,
// not only the first, counts for the shared rate. Throttling is retried until
// the job times out, since waiting is all it takes; there is no retry quota,
// which refuses a large batch after 100 retries. And nothing is retried once the
// job was cancelled.
type retryer struct {
	*retry.Standard
	limits *limits
}

func newRetryer(controlRate float64) *retryer {
	return &retryer{Standard: retry.NewStandard(), limits: newLimits(controlRate)}
}

// MaxAttempts is unlimited: RetryDelay limits the attempts.
func (*retryer) MaxAttempts() int { return 0 }

// GetAttemptToken waits for the shared rate. It observes the job's context also
// for a call that is no longer bound to it (see finish).
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

// GetRetryToken refuses once the job has ended.
func (*retryer) GetRetryToken(ctx context.Context, _ error) (func(error) error, error) {
	if err := jobContext(ctx).Err(); err != nil {
		return nil, err
	}
	return func(error) error { return nil }, nil
}

// RetryDelay is exponential with full jitter. attempt counts from 1.
func (*retryer) RetryDelay(attempt int, err error) (time.Duration, error) {
	if attempt >= maxAttempts && !isThrottle(err) {
		return 0, fmt.Errorf("gave up after %d attempts: %w", attempt, err)
	}
	ceiling := min(maxDelay, firstDelay<<min(attempt-1, 10))
	return firstDelay/4 + rand.N(ceiling), nil //nolint:gosec // jitter is not a secret
}

func isThrottle(err error) bool {
	return err != nil && retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary
}

// Effect is how much of a failed call may have been carried out.
type Effect int

// The effects, each less certain than the one before.
const (
	NotSent    Effect = iota // no request was sent: nothing has changed
	Rejected                 // 4xx: nothing has changed
	Ambiguous                // 5xx: AWS may have carried it out before it failed
	NoResponse               // AWS may have carried it out, or may still do so
)

// attempts records how the attempts of one call ended.
type attempts struct {
	effect Effect // the least certain
	last   error  // of the last attempt that was not cancelled
}

type attemptsKey struct{}

// watchAttempts makes the retryer record the attempts of the call with this
// context.
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
	effect := NoResponse
	switch status := statusOf(err); {
	case status >= http.StatusInternalServerError:
		effect = Ambiguous
	case status != 0:
		effect = Rejected
	}
	a.effect = max(a.effect, effect)
	if !errors.Is(err, context.Canceled) {
		a.last = err
	}
}

type jobContextKey struct{}

// jobContext is the context that decides whether an attempt may start.
func jobContext(ctx context.Context) context.Context {
	if job, ok := ctx.Value(jobContextKey{}).(context.Context); ok {
		return job
	}
	return ctx
}

// FinishTime is how long a mutation in flight may still take after the job was
// cancelled or has timed out.
const FinishTime = 2 * time.Second

type wrapUpKey struct{}

// WrapUp is the context for the work after the end of a job, such as restoring an
// alias. It ends after d, and a call in flight then ends with it.
func WrapUp(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithValue(context.WithoutCancel(ctx), wrapUpKey{}, true), d)
}

// WrappedUp reports whether ctx is from WrapUp and has ended.
func WrappedUp(ctx context.Context) bool { return ctx.Value(wrapUpKey{}) != nil && ctx.Err() != nil }

// finish is the context for a mutation: AWS carries out a request even if the
// connection is closed, so a call in flight outlives the job's context by
// FinishTime to learn how it ended. No new attempt starts in that time.
func finish(ctx context.Context) (context.Context, context.CancelFunc) {
	grace := FinishTime
	if ctx.Value(wrapUpKey{}) != nil {
		grace = 0
	}
	call, cancel := context.WithCancel(context.WithValue(context.WithoutCancel(ctx), jobContextKey{}, ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return call, func() { stop(); cancel() }
}
