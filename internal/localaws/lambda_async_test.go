package localaws_test

import (
	"fmt"
	"lambda-release/internal/localaws"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// A22: asynchronous settings are those of one qualifier.
func TestA22EventInvokeConfig(t *testing.T) {
	t.Parallel()
	c, api := withProd(t)
	put := func(qualifier string, retries int32) error {
		_, err := api.PutFunctionEventInvokeConfig(t.Context(), &lambda.PutFunctionEventInvokeConfigInput{FunctionName: aws.String("fn"), Qualifier: &qualifier, MaximumRetryAttempts: &retries})
		return err
	}
	get := func(qualifier string) (*lambda.GetFunctionEventInvokeConfigOutput, error) {
		return api.GetFunctionEventInvokeConfig(t.Context(), &lambda.GetFunctionEventInvokeConfigInput{FunctionName: aws.String("fn"), Qualifier: &qualifier})
	}
	wantNone(t, put("$LATEST", 2))
	_, err := get("prod")
	wantError(t, err, 404, "ResourceNotFoundException", "The function "+arn+":prod doesn't have an EventInvokeConfig")
	wantNone(t, put("prod", 0))
	must(api.UpdateFunctionEventInvokeConfig(t.Context(), &lambda.UpdateFunctionEventInvokeConfigInput{
		FunctionName: aws.String("fn:prod"), MaximumEventAgeInSeconds: aws.Int32(60),
		DestinationConfig: &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: aws.String("arn:aws:sqs:eu-central-1:123456789012:q")}},
	}))(t)
	wantError(t, put("dev", 0), 404, "ResourceNotFoundException", "The function doesn't exist.")
	_, err = api.PutFunctionEventInvokeConfig(t.Context(), &lambda.PutFunctionEventInvokeConfigInput{FunctionName: aws.String("fn")})
	wantError(t, err, 400, "InvalidParameterValueException", "You must specify at least one of error handling or destination setting.")

	must(api.DeleteAlias(t.Context(), &lambda.DeleteAliasInput{FunctionName: aws.String("fn"), Name: aws.String("prod")}))(t)
	c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
	got := must(get("prod"))(t)
	equal(t, "settings", fmt.Sprint(*got.FunctionArn, " ", *got.MaximumRetryAttempts, *got.MaximumEventAgeInSeconds, *got.DestinationConfig.OnFailure.Destination), arn+":prod 0 60arn:aws:sqs:eu-central-1:123456789012:q")
	list := must(api.ListFunctionEventInvokeConfigs(t.Context(), &lambda.ListFunctionEventInvokeConfigsInput{FunctionName: aws.String("fn")}))(t)
	equal(t, "number of settings", len(list.FunctionEventInvokeConfigs), 2)
	must(api.DeleteFunctionEventInvokeConfig(t.Context(), &lambda.DeleteFunctionEventInvokeConfigInput{FunctionName: aws.String("fn"), Qualifier: aws.String("prod")}))(t)
	_, err = get("prod")
	wantError(t, err, 404, "ResourceNotFoundException", "The function "+arn+":prod doesn't have an EventInvokeConfig")
}
