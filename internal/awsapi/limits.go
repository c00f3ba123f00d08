package awsapi

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// AWS limits control-plane requests of all callers of an account and region
// together: 15 a second, GetFunction its own 100, GetPolicy its own 15, and
// Invoke not at all.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const (
	awsRate     = 15
	burst       = 14 // with 15, a burst after an idle second is one too many
	pollRate    = 90 // leaves some of GetFunction's 100 to other callers
	pollBurst   = 40
	slowestRate = 1

	// CloudWatch takes 9 DescribeAlarms a second from an account and region, and
	// more of other calls. This leaves some to other callers.
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
	cloudWatchRate = 5
	// CodeDeploy's limit is not documented. A job makes a handful of calls in a
	// row, and then a few a minute.
	codeDeployRate = 5
	// API Gateway takes 10 management calls a second from an account.
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
	apiGatewayRate = 5
	// STS takes hundreds a second; a job makes one an hour.
	stsRate = 10
	// S3 takes thousands a second for a prefix. A part takes longer than that to send.
	s3Rate      = 50
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
		policy:   rate.NewLimiter(rate.Limit(controlRate), burst),
		fullRate: rate.Limit(controlRate),
	}
}

// newOtherLimits is for a service that is not Lambda: all of its operations
// share one rate, and throttling by it does not slow down calls of others.
func newOtherLimits(perSecond float64) *limits {
	all := rate.NewLimiter(rate.Limit(perSecond), othersBurst)
	return &limits{control: all, poll: all, policy: all, fullRate: rate.Limit(perSecond)}
}

// errRateLimit is why a call was not made: the rate limit would allow it only
// after the job's deadline.
var errRateLimit = errors.New("timed out waiting for the request rate limit")

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
		// The limiter refuses at once if the wait would end after the deadline.
		return errRateLimit
	}
	return err
}

// answered adapts the shared rate to other callers of the same account. A 429
// halves it, at most once a second, since a burst brings many; every other
// response raises it a little.
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
