package localaws_test

import (
	"fmt"
	"regexp"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"
)

func TestFunctionURLs(t *testing.T) {
	t.Parallel()
	_, api := withProd(t)
	create := func(qualifier string, auth types.FunctionUrlAuthType) (*lambda.CreateFunctionUrlConfigOutput, error) {
		in := &lambda.CreateFunctionUrlConfigInput{FunctionName: aws.String("fn"), AuthType: auth, Cors: &types.Cors{AllowOrigins: []string{"*"}}}
		if qualifier != "" {
			in.Qualifier = &qualifier
		}
		return api.CreateFunctionUrlConfig(t.Context(), in)
	}
	get := func(qualifier string) (*lambda.GetFunctionUrlConfigOutput, error) {
		return api.GetFunctionUrlConfig(t.Context(), &lambda.GetFunctionUrlConfigInput{FunctionName: aws.String("fn"), Qualifier: &qualifier})
	}
	_, err := get("prod")
	wantError(t, err, 404, "ResourceNotFoundException", "The resource you requested does not exist.")
	made := must(create("prod", types.FunctionUrlAuthTypeAwsIam))(t)
	if !regexp.MustCompile(`^https://[a-z0-9]{32}\.lambda-url\.eu-central-1\.on\.aws/$`).MatchString(*made.FunctionUrl) {
		t.Errorf("URL is %s", *made.FunctionUrl)
	}
	must(create("", types.FunctionUrlAuthTypeNone))(t)
	_, err = create("prod", types.FunctionUrlAuthTypeNone)
	wantError(t, err, 409, "ResourceConflictException", "Failed to create function url config for [functionArn = "+arn+":prod]. Error message:  FunctionUrlConfig exists for this Lambda function")
	_, err = create("1", types.FunctionUrlAuthTypeNone)
	wantError(t, err, 400, "ValidationException", `1 validation error detected: Value '1' at 'qualifier' failed to satisfy constraint: Member must satisfy regular expression pattern: ((?!^\d+$)^[0-9a-zA-Z-_]+$)`)
	_, err = api.UpdateFunctionUrlConfig(t.Context(), &lambda.UpdateFunctionUrlConfigInput{FunctionName: aws.String("fn:prod"), Cors: &types.Cors{AllowMethods: slices.Repeat([]string{"GET"}, 7), MaxAge: aws.Int32(86401)}})
	wantError(t, err, 400, "ValidationException", "2 validation errors detected: Value '[GET, GET, GET, GET, GET, GET, GET]' at 'cors.allowMethods' failed to satisfy constraint: Member must have length less than or equal to 6; Value '86401' at 'cors.maxAge' failed to satisfy constraint: Member must have value less than or equal to 86400")
	_, err = api.UpdateFunctionUrlConfig(t.Context(), &lambda.UpdateFunctionUrlConfigInput{FunctionName: aws.String("fn:prod"), Cors: &types.Cors{AllowOrigins: []string{"*"}, AllowMethods: []string{"OPTIONS"}}})
	wantError(t, err, 400, "ValidationException", "1 validation error detected: Value '[OPTIONS]' at 'cors.allowMethods' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 6, Member must have length greater than or equal to 0]")
	for message, cors := range map[string]types.Cors{
		"Invalid value for AllowMethods. You can use GET, PUT, POST, DELETE, HEAD, PATCH, and the wildcard character (*).": {AllowOrigins: []string{"*"}, AllowMethods: []string{"TRACE"}},
		"You can't leave AllowOrigins as empty when Cors is enabled.":                                                      {MaxAge: aws.Int32(0)},
	} {
		_, err = api.UpdateFunctionUrlConfig(t.Context(), &lambda.UpdateFunctionUrlConfigInput{FunctionName: aws.String("fn:prod"), Cors: &cors})
		wantError(t, err, 400, "InvalidParameterValueException", message)
	}
	_, err = create("dev", types.FunctionUrlAuthTypeNone)
	wantError(t, err, 404, "ResourceNotFoundException", "Function does not exist")

	must(api.UpdateFunctionUrlConfig(t.Context(), &lambda.UpdateFunctionUrlConfigInput{FunctionName: aws.String("fn:prod"), AuthType: types.FunctionUrlAuthTypeNone}))(t)
	// A21: DeleteAlias leaves the URL to a later alias of the name.
	must(api.DeleteAlias(t.Context(), &lambda.DeleteAliasInput{FunctionName: aws.String("fn"), Name: aws.String("prod")}))(t)
	must(createAlias(t, api, "prod", "1"))(t)
	got := must(get("prod"))(t)
	equal(t, "URL", fmt.Sprint(*got.FunctionUrl == *made.FunctionUrl, *got.FunctionArn, got.AuthType, got.InvokeMode, got.Cors.AllowOrigins), "true"+arn+":prodNONEBUFFERED[*]")
	list := must(api.ListFunctionUrlConfigs(t.Context(), &lambda.ListFunctionUrlConfigsInput{FunctionName: aws.String("fn")}))(t)
	equal(t, "number of URLs", len(list.FunctionUrlConfigs), 2)
	gone := must(api.UpdateFunctionUrlConfig(t.Context(), &lambda.UpdateFunctionUrlConfigInput{FunctionName: aws.String("fn:prod"), Cors: &types.Cors{}}))(t)
	if gone.Cors != nil || must(get("prod"))(t).Cors != nil {
		t.Errorf("an empty object leaves %+v", gone.Cors)
	}
	must(api.DeleteFunctionUrlConfig(t.Context(), &lambda.DeleteFunctionUrlConfigInput{FunctionName: aws.String("fn"), Qualifier: aws.String("prod")}))(t)
	_, err = get("prod")
	wantError(t, err, 404, "ResourceNotFoundException", "The resource you requested does not exist.")
}

// A URL needs two statements on the policy of its alias.
func TestPermissionsOfFunctionURL(t *testing.T) {
	t.Parallel()
	_, api := withProd(t)
	add := func(id, action string, opt func(*lambda.AddPermissionInput)) any {
		t.Helper()
		in := &lambda.AddPermissionInput{FunctionName: aws.String("fn"), Qualifier: aws.String("prod"), StatementId: &id, Action: &action, Principal: aws.String("*")}
		opt(in)
		return document(t, must(api.AddPermission(t.Context(), in))(t).Statement).(map[string]any)["Condition"]
	}
	got := []any{
		add("url", "lambda:InvokeFunctionUrl", func(in *lambda.AddPermissionInput) { in.FunctionUrlAuthType = types.FunctionUrlAuthTypeNone }),
		add("invoke", "lambda:InvokeFunction", func(in *lambda.AddPermissionInput) { in.InvokedViaFunctionUrl = aws.Bool(true) }),
	}
	want := []any{
		map[string]any{"StringEquals": map[string]any{"lambda:FunctionUrlAuthType": "NONE"}},
		map[string]any{"Bool": map[string]any{"lambda:InvokedViaFunctionUrl": "true"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	_, err := addPermission(t, api, "both", "prod", func(in *lambda.AddPermissionInput) { in.FunctionUrlAuthType = types.FunctionUrlAuthTypeNone })
	wantError(t, err, 400, "InvalidParameterValueException", "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action")
}
