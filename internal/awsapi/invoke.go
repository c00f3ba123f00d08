package awsapi

import (
	"context"
	"encoding/base64"
	"errors"
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
)

// Invoke runs a version with a JSON payload and waits for its answer. It retries
// only what AWS refused before the function ran, until ctx ends: an invocation
// whose answer was lost may have run.
func (c *Client) Invoke(ctx context.Context, fn function.ID, version string, payload []byte) (Answer, error) {
	in := &lambda.InvokeInput{FunctionName: &fn.Given, Qualifier: &version, Payload: payload, LogType: types.LogTypeTail}
	once := func(ctx context.Context, in *lambda.InvokeInput, opts ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
		return c.patient().Invoke(ctx, in, append(opts, func(o *lambda.Options) { o.Retryer = aws.NopRetryer{} })...)
	}
	t := target{Action: invoke, fn: fn, qualifier: version}
	var refusal error
	for pause := firstWake; ; pause = min(maxWake, 2*pause) {
		start := time.Now()
		out, err := call(ctx, c, t, once, in, func(out *lambda.InvokeOutput) bool { return aws.ToString(out.ExecutedVersion) != "" })
		if err == nil {
			log, _ := base64.StdEncoding.DecodeString(aws.ToString(out.LogResult)) // the log may be missing
			return Answer{out.Payload, aws.ToString(out.FunctionError), string(log), time.Since(start)}, nil
		}
		var e *Error
		if !errors.As(err, &e) || !notRun(e) {
			if e != nil && e.Last == nil {
				e.Last = refusal
			}
			return Answer{}, err
		}
		refusal = e.Err
		if err := Sleep(ctx, pause); err != nil {
			return Answer{}, c.failed(ctx, t, err, &attempts{last: refusal})
		}
	}
}

// notRun reports whether AWS refused an invocation before the function ran and
// may accept it later: throttled, or a version that is becoming active.
func notRun(e *Error) bool {
	var api smithy.APIError
	switch {
	case e.Kind == Throttled, e.Kind == Conflict:
		return true
	case errors.As(e.Err, &api):
		return api.ErrorCode() == "ResourceNotReadyException" || api.ErrorCode() == "SnapStartNotReadyException"
	}
	return false
}
