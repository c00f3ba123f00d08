package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"lambda-release/internal/function"
)

// unfinished are the statuses of executions that have not ended. A paused one can be
// resumed, on its version; the SDK has no constants for its statuses.
// https://docs.aws.amazon.com/lambda/latest/dg/durable-pause-resume.html
var unfinished = []types.ExecutionStatus{types.ExecutionStatusRunning, "PAUSING", "PAUSED"}

// HasUnfinishedExecutions reports whether a version has durable executions that have not
// ended. One stays on its version for up to a year (fact A23). A version that does not
// exist is an error of kind NotFound.
func (c *Client) HasUnfinishedExecutions(ctx context.Context, fn function.ID, version string) (bool, error) {
	if !c.nothingPauses.Load() {
		has, err := c.hasExecutions(ctx, fn, version, unfinished)
		if !Is(err, Invalid) {
			return has, err
		}
	}
	// A region that does not know the statuses of a pause has no paused executions.
	has, err := c.hasExecutions(ctx, fn, version, unfinished[:1])
	if err == nil {
		c.nothingPauses.Store(true)
	}
	return has, err
}

func (c *Client) hasExecutions(ctx context.Context, fn function.ID, version string, statuses []types.ExecutionStatus) (bool, error) {
	t := onFunction("ListDurableExecutionsByFunction", fn, version)
	found, err := pages(ctx, c, t, func(marker *string) ([]types.Execution, *string, error) {
		out, err := call(ctx, c, t, c.lambda.ListDurableExecutionsByFunction,
			&lambda.ListDurableExecutionsByFunctionInput{FunctionName: &fn.Given, Qualifier: &version, Statuses: statuses, Marker: marker},
			func(out *lambda.ListDurableExecutionsByFunctionOutput) bool { return out.DurableExecutions != nil })
		if err != nil {
			return nil, nil, err
		}
		if len(out.DurableExecutions) > 0 { // one is enough
			return out.DurableExecutions, nil, nil
		}
		return nil, out.NextMarker, nil
	})
	return len(found) > 0, err
}
