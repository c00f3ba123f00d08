package awsapi

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"lambda-release/internal/function"
)

// Answer is what a function answered.
type Answer struct {
	Payload       []byte
	FunctionError string // Handled or Unhandled; "" for success
	Log           string // the last 4 KB of its log
	Took          time.Duration
}

const (
	firstWake = 500 * time.Millisecond
	maxWake   = 5 * time.Second

	// MaxRun is the longest time that Lambda lets a function run.
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	MaxRun = 15 * time.Minute
	// runSlack is what else an invocation may take: the start of the environment, and
	// the answer's way back.
	runSlack = 30 * time.Second
)

// Invoke runs a version with a JSON payload and waits for its answer, as long as the
// job's timeout. It retries only what AWS refused before the function ran, until ctx
// ends: an invocation whose answer was lost may have run. Without a qualifier the
// unpublished code runs. What AWS refuses with goes to refused, and "" when it is tried
// again.
func (c *Client) Invoke(ctx context.Context, fn function.ID, qualifier string, payload []byte, refused func(said string)) (Answer, error) {
	return c.invoke(ctx, c.patient(), fn, qualifier, payload, refused)
}

// InvokeLong is Invoke for a function that may run for MaxRun, whatever the timeout.
func (c *Client) InvokeLong(ctx context.Context, fn function.ID, qualifier string, payload []byte, refused func(said string)) (Answer, error) {
	return c.invoke(ctx, c.tireless(), fn, qualifier, payload, refused)
}

// CheckInvoke asks AWS whether a function exists that the role may invoke, and does
// not run it.
func (c *Client) CheckInvoke(ctx context.Context, fn function.ID, qualifier string) error {
	in := &lambda.InvokeInput{FunctionName: &fn.Given, Qualifier: optional(qualifier), InvocationType: types.InvocationTypeDryRun}
	_, err := insist(ctx, func() (*lambda.InvokeOutput, error) {
		return call(ctx, c, target{Action: invoke, fn: fn, qualifier: qualifier}, withoutRetries(c.lambda), in,
			func(out *lambda.InvokeOutput) bool { return out.StatusCode == http.StatusNoContent })
	})
	return err
}

// withoutRetries is Invoke of a client without the retries of the SDK.
func withoutRetries(l *lambda.Client) func(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	return func(ctx context.Context, in *lambda.InvokeInput, opts ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
		return l.Invoke(ctx, in, append(opts, func(o *lambda.Options) { o.Retryer = singleAttempt{} })...)
	}
}

// singleAttempt retries nothing. It is for Invoke, which shares no rate with others.
type singleAttempt struct{ aws.NopRetryer }

// GetAttemptToken records how the attempt ends.
func (singleAttempt) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	return func(err error) error {
		attemptsOf(ctx).ended(err)
		return nil
	}, nil
}

func (c *Client) invoke(ctx context.Context, client *lambda.Client, fn function.ID, qualifier string, payload []byte, refused func(said string)) (Answer, error) {
	in := &lambda.InvokeInput{FunctionName: &fn.Given, Qualifier: optional(qualifier), Payload: payload, LogType: types.LogTypeTail}
	t := target{Action: invoke, fn: fn, qualifier: qualifier}
	var refusal error
	for pause := firstWake; ; pause = min(maxWake, 2*pause) {
		refused("")
		start := time.Now()
		out, err := call(ctx, c, t, withoutRetries(client), in, func(out *lambda.InvokeOutput) bool { return aws.ToString(out.ExecutedVersion) != "" })
		if err == nil {
			log, _ := base64.StdEncoding.DecodeString(aws.ToString(out.LogResult)) // the log may be missing
			return Answer{out.Payload, aws.ToString(out.FunctionError), string(log), time.Since(start)}, nil
		}
		var e *Error
		if !errors.As(err, &e) || !notRun(e) {
			if e != nil && refusal != nil {
				e.Last = refusal
			}
			return Answer{}, err
		}
		refusal = e.Err
		refused(e.said(e.Err))
		if err := Sleep(ctx, pause); err != nil {
			return Answer{}, c.failed(ctx, t, err, &attempts{last: refusal})
		}
	}
}

// notRun reports whether AWS refused an invocation before the function ran and
// may accept it later: throttled, by Lambda or by EC2 for a VPC, or a version that is
// becoming active.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors
func notRun(e *Error) bool {
	var api smithy.APIError
	switch {
	case e.Kind == Throttled, e.Kind == Conflict:
		return true
	case errors.As(e.Err, &api):
		return slices.Contains([]string{"EC2ThrottledException", "ResourceNotReadyException", "SnapStartNotReadyException"}, api.ErrorCode())
	}
	return false
}
