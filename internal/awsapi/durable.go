package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"lambda-release/internal/function"
)

// HasRunningExecutions reports whether a version has durable executions that have not
// ended. One stays on its version for up to a year (fact A23). A version that does not
// exist is an error of kind NotFound.
func (c *Client) HasRunningExecutions(ctx context.Context, fn function.ID, version string) (bool, error) {
	running, err := pages(func(marker *string) ([]types.Execution, *string, error) {
		out, err := call(ctx, c, onFunction("ListDurableExecutionsByFunction", fn, version), c.lambda.ListDurableExecutionsByFunction,
			&lambda.ListDurableExecutionsByFunctionInput{
				FunctionName: &fn.Given, Qualifier: &version, Statuses: []types.ExecutionStatus{types.ExecutionStatusRunning}, Marker: marker,
			},
			func(out *lambda.ListDurableExecutionsByFunctionOutput) bool { return out.DurableExecutions != nil })
		if err != nil {
			return nil, nil, err
		}
		if len(out.DurableExecutions) > 0 { // one is enough
			return out.DurableExecutions, nil, nil
		}
		return nil, out.NextMarker, nil
	})
	return len(running) > 0, err
}
