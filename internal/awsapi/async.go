package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"lambda-release/internal/function"
)

// AsyncSettings are the settings for asynchronous invocations of one qualifier: an
// alias does not have those of its function (fact A22).
type AsyncSettings struct {
	Qualifier string // an alias, a version, or $LATEST for the function itself

	Retries    *int32 // 0 to 2; nil is AWS's default, 2
	MaxSeconds *int32 // how old an event may get, 60 to 21,600; nil is AWS's default, 21,600
	OnSuccess  string // the ARN of a destination; "" for none
	OnFailure  string
}

// AllAsyncSettings reads the settings of all qualifiers of a function that have some.
func (c *Client) AllAsyncSettings(ctx context.Context, fn function.ID) ([]AsyncSettings, error) {
	t := onFunction("ListFunctionEventInvokeConfigs", fn, "")
	return pages(ctx, c, t, func(marker *string) ([]AsyncSettings, *string, error) {
		out, err := insist(ctx, func() (*lambda.ListFunctionEventInvokeConfigsOutput, error) {
			return call(ctx, c, t, c.lambda.ListFunctionEventInvokeConfigs,
				&lambda.ListFunctionEventInvokeConfigsInput{FunctionName: &fn.Given, Marker: marker},
				func(out *lambda.ListFunctionEventInvokeConfigsOutput) bool {
					return out.FunctionEventInvokeConfigs != nil
				})
		})
		if err != nil {
			return nil, nil, err
		}
		var page []AsyncSettings
		for _, s := range out.FunctionEventInvokeConfigs {
			settings := AsyncSettings{Qualifier: function.QualifierOf(aws.ToString(s.FunctionArn)), Retries: s.MaximumRetryAttempts, MaxSeconds: s.MaximumEventAgeInSeconds}
			if d := s.DestinationConfig; d != nil {
				if d.OnSuccess != nil {
					settings.OnSuccess = aws.ToString(d.OnSuccess.Destination)
				}
				if d.OnFailure != nil {
					settings.OnFailure = aws.ToString(d.OnFailure.Destination)
				}
			}
			page = append(page, settings)
		}
		return page, out.NextMarker, nil
	})
}

// PutAsyncSettings replaces the settings of a qualifier by s.
func (c *Client) PutAsyncSettings(ctx context.Context, fn function.ID, s AsyncSettings) error {
	in := &lambda.PutFunctionEventInvokeConfigInput{
		FunctionName: &fn.Given, Qualifier: &s.Qualifier, MaximumRetryAttempts: s.Retries, MaximumEventAgeInSeconds: s.MaxSeconds,
	}
	if s.OnSuccess != "" || s.OnFailure != "" {
		in.DestinationConfig = &types.DestinationConfig{}
	}
	if s.OnSuccess != "" {
		in.DestinationConfig.OnSuccess = &types.OnSuccess{Destination: &s.OnSuccess}
	}
	if s.OnFailure != "" {
		in.DestinationConfig.OnFailure = &types.OnFailure{Destination: &s.OnFailure}
	}
	_, err := mutate(ctx, c, onFunction("PutFunctionEventInvokeConfig", fn, s.Qualifier), c.lambda.PutFunctionEventInvokeConfig, in,
		func(out *lambda.PutFunctionEventInvokeConfigOutput) bool { return aws.ToString(out.FunctionArn) != "" })
	return err
}

// DeleteAsyncSettings deletes the settings of a qualifier; missing ones are an error
// of kind NotFound.
func (c *Client) DeleteAsyncSettings(ctx context.Context, fn function.ID, qualifier string) error {
	_, err := mutate(ctx, c, onFunction("DeleteFunctionEventInvokeConfig", fn, qualifier), c.lambda.DeleteFunctionEventInvokeConfig,
		&lambda.DeleteFunctionEventInvokeConfigInput{FunctionName: &fn.Given, Qualifier: &qualifier},
		func(out *lambda.DeleteFunctionEventInvokeConfigOutput) bool { return noPage(out.ResultMetadata) })
	return err
}
