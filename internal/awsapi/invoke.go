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

// Invoke runs a version with a JSON payload and waits for its answer. Only
// what AWS refused before the function ran is tried again, until ctx ends: an
// invocation whose answer was lost may have run.
func (c *Client) Invoke(ctx context.Context, function, version string, payload []byte) (Answer, error) {
	in := &lambda.InvokeInput{FunctionName: &function, Qualifier: &version, Payload: payload, LogType: types.LogTypeTail}
	once := func(ctx context.Context, in *lambda.InvokeInput, opts ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
		return c.patient().Invoke(ctx, in, append(opts, func(o *lambda.Options) { o.Retryer = aws.NopRetryer{} })...)
	}
	var refusal error
	for pause := firstWake; ; pause = min(maxWake, 2*pause) {
		start := time.Now()
		out, err := call(ctx, c, target{"Invoke", function, version}, once, in)
		if err == nil {
			log, _ := base64.StdEncoding.DecodeString(aws.ToString(out.LogResult)) // without a log the answer is as good
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
			return Answer{}, &Error{Op: "Invoke", Function: function, Qualifier: version, Region: c.Region, Kind: kindOf(ctx, err), Err: err, Last: refusal}
		}
	}
}

// notRun tells whether AWS refused an invocation for now and before the
// function ran: throttled, or a version that is waking up.
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
