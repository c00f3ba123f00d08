package awsapi

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

const (
	// readTime is how long one call to CloudWatch may take: a hung call must not
	// delay the monitoring of a shift, which reads again soon.
	readTime = 10 * time.Second

	alarmsPerCall = 100 // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
)

// newCloudWatch makes single attempts: callers read again and again anyway, and
// need to know at once that a read failed.
func (s *session) newCloudWatch() *cloudwatch.Client {
	return cloudwatch.NewFromConfig(s.cfg, func(o *cloudwatch.Options) {
		o.Retryer = once{s.newOtherRetryer(cloudWatchRate)}
		o.RetryMaxAttempts = 0 // the retryer decides
		o.BaseEndpoint = s.endpoint("CLOUDWATCH")
	})
}

// once is a retryer that never retries.
type once struct{ *retryer }

// MaxAttempts is one.
func (once) MaxAttempts() int { return 1 }

// newOtherRetryer is a retryer for a service that is not Lambda.
func (s *session) newOtherRetryer(perSecond float64) *retryer {
	return &retryer{Standard: retry.NewStandard(), limits: newOtherLimits(perSecond)}
}

// The states of an alarm that matter here; the third is INSUFFICIENT_DATA.
const (
	AlarmOK    = string(types.StateValueOk)
	AlarmFired = string(types.StateValueAlarm)
)

// Alarm is a CloudWatch alarm, metric or composite.
type Alarm struct {
	Name   string
	State  string // OK, ALARM or INSUFFICIENT_DATA
	Reason string // why it is in that state, in AWS's words
}

// Alarms reads the alarms of these names, 100 a call, in one attempt. Those
// that do not exist are left out; the order is AWS's.
func (c *Client) Alarms(ctx context.Context, names []string) ([]Alarm, error) {
	var all []Alarm
	action := cloudWatchAction("DescribeAlarms")
	for some := range slices.Chunk(names, alarmsPerCall) {
		alarms, err := pages(ctx, c, target{Action: action}, func(token *string) (page []Alarm, next *string, err error) {
			out, err := read(ctx, c, action, c.cloudwatch().DescribeAlarms,
				&cloudwatch.DescribeAlarmsInput{
					AlarmNames: some,
					// Without types AWS answers with metric alarms only.
					AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
					MaxRecords: aws.Int32(alarmsPerCall),
					NextToken:  token,
				},
				func(out *cloudwatch.DescribeAlarmsOutput) bool {
					return out.MetricAlarms != nil || out.CompositeAlarms != nil
				})
			if err != nil {
				return nil, nil, err
			}
			for _, a := range out.MetricAlarms {
				page = append(page, Alarm{aws.ToString(a.AlarmName), string(a.StateValue), aws.ToString(a.StateReason)})
			}
			for _, a := range out.CompositeAlarms {
				page = append(page, Alarm{aws.ToString(a.AlarmName), string(a.StateValue), aws.ToString(a.StateReason)})
			}
			return page, out.NextToken, nil
		})
		if err != nil {
			return nil, err
		}
		all = append(all, alarms...)
	}
	return all, nil
}

// read is call for CloudWatch, with its own timeout.
func read[In, Out, Opt any](
	ctx context.Context, c *Client, action Action, f func(context.Context, *In, ...Opt) (*Out, error), in *In, complete func(*Out) bool,
) (*Out, error) {
	bound, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	out, err := call(bound, c, target{Action: action}, f, in, complete)
	if err != nil && bound.Err() != nil && ctx.Err() == nil {
		return nil, &Error{Action: action, Region: c.Region, Kind: Hung, Err: fmt.Errorf("no answer within %s", readTime)}
	}
	return out, err
}
