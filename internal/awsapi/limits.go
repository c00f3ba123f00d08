package awsapi

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// AWS counts control-plane requests for all callers of an account and region
// together: 15 a second, GetFunction its own 100, GetPolicy its own 15, and
// Invoke not at all.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const (
	awsRate     = 15
	burst       = 14 // with 15, a burst after an idle second is one too many
	pollRate    = 90 // some of GetFunction's 100 is left to others
	pollBurst   = 40
	slowestRate = 1
)

// limits is the rate that all calls of the job share.
type limits struct {
	control, poll, policy *rate.Limiter
	fullRate              rate.Limit // of control

	mu       sync.Mutex
	slowedAt time.Time
}

func newLimits(controlRate float64) *limits {
	if controlRate <= 0 {
		controlRate = awsRate
	}
	return &limits{
		control:  rate.NewLimiter(rate.Limit(controlRate), burst),
		poll:     rate.NewLimiter(pollRate, pollBurst),
		policy:   rate.NewLimiter(awsRate, burst),
		fullRate: rate.Limit(controlRate),
	}
}

// wait returns when a call of this operation may be made, or with the
// context's error.
func (l *limits) wait(ctx context.Context, operation string) error {
	limiter := l.control
	switch operation {
	case "GetFunction":
		limiter = l.poll
	case "GetPolicy":
		limiter = l.policy
	case "Invoke":
		return ctx.Err()
	}
	err := limiter.Wait(ctx)
	if err != nil && ctx.Err() == nil {
		// The limiter refuses at once when the turn would come after the deadline.
		return errors.Join(context.DeadlineExceeded, err)
	}
	return err
}

// answered adapts the shared rate: somebody else may use the same 15. A 429
// halves it, at most once a second since a burst brings many; every other
// answer gives a little back.
func (l *limits) answered(throttled bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	limit := l.control.Limit()
	switch {
	case throttled && now.Sub(l.slowedAt) > time.Second:
		l.slowedAt = now
		l.control.SetLimit(max(slowestRate, limit/2))
	case !throttled && limit < l.fullRate:
		l.control.SetLimit(min(l.fullRate, limit+l.fullRate/60))
	}
}
