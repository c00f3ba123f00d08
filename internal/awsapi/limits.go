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

	// CloudWatch takes 9 DescribeAlarms a second of an account and region, and
	// more of others: some is left to others.
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
	cloudWatchRate = 5
	// CodeDeploy does not say what it takes. A job makes a handful of calls in
	// a row, and then a few a minute.
	codeDeployRate = 5
	// API Gateway takes 10 calls of its management a second of an account.
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
	apiGatewayRate = 5
	// STS takes hundreds a second; a job makes one an hour.
	stsRate     = 10
	othersBurst = 5
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

// newOtherLimits is for a service that is not Lambda: all of its operations
// share one rate, and what it throttles slows no other service down.
func newOtherLimits(perSecond float64) *limits {
	all := rate.NewLimiter(rate.Limit(perSecond), othersBurst)
	return &limits{control: all, poll: all, policy: all, fullRate: rate.Limit(perSecond)}
}

// errNoTurn is why a call was not made: its turn would come when the job's time
// is up.
var errNoTurn = errors.New("no turn at AWS's rate before the time is up")

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
		return errNoTurn
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
