package awsapi

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

const (
	// maxAttempts is for errors other than throttling: 500, 503, dropped
	// connections.
	maxAttempts = 5
	firstDelay  = 200 * time.Millisecond
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

// RetryDelay is exponential with full jitter for the first attempts, and then as
// long as a Backoff takes for a call. attempt counts from 1.
func (*retryer) RetryDelay(attempt int, err error) (time.Duration, error) {
	if attempt >= maxAttempts && !isThrottle(err) {
		return 0, fmt.Errorf("gave up after %d attempts: %w", attempt, err)
	}
	if attempt >= quickCalls {
		return firstPause + rand.N(lastPause-firstPause), nil //nolint:gosec // jitter is not a secret
	}
	return firstDelay/4 + rand.N(firstDelay<<(attempt-1)), nil //nolint:gosec // jitter is not a secret
}

// onlyThrottled is a client's retryer for an operation that must not be sent again once AWS
// may have carried it out: it retries only what AWS has throttled.
func onlyThrottled(r aws.Retryer) aws.Retryer {
	if r, ok := r.(*retryer); ok {
		return whenThrottled{r}
	}
	return r
}

// whenThrottled is a retryer that retries only what AWS has throttled.
type whenThrottled struct{ *retryer }

func (whenThrottled) IsErrorRetryable(err error) bool { return isThrottle(err) }

func isThrottle(err error) bool {
	return err != nil && retry.IsErrorThrottles(retry.DefaultThrottles).IsErrorThrottle(err) == aws.TrueTernary
}

// Effect is how much of a failed call may have been carried out.
type Effect int

// The effects, each less certain than the one before.
const (
	NotSent    Effect = iota // no request was sent: nothing has changed
	Rejected                 // 4xx: nothing has changed
	Ambiguous                // 5xx, or an answer that cannot be read: AWS may have carried it out
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
	effect := Ambiguous
	switch status := statusOf(err); {
	case status == 0:
		effect = NoResponse
	case 400 <= status && status < 500:
		effect = Rejected
	}
	a.effect = max(a.effect, effect)
	if !errors.Is(err, context.Canceled) {
		a.last = err
	}
}
