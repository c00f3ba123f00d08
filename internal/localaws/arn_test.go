package localaws_test

import (
	"strings"
	"testing"

	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

func TestFunctionNames(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		qualifier string
		version   string
		arn       string
	}{
		{"fn", "", "$LATEST", arn},
		{"fn:prod", "", "1", arn + ":prod"},
		{"fn:2", "", "2", arn + ":2"},
		{"fn:$LATEST", "", "$LATEST", arn + ":$LATEST"},
		{"function:fn", "", "$LATEST", arn},
		{"123456789012:function:fn", "", "$LATEST", arn},
		{"123456789012:function:fn:prod", "", "1", arn + ":prod"},
		{"eu-central-1:123456789012:function:fn", "", "$LATEST", arn},
		{arn, "", "$LATEST", arn},
		{arn, "prod", "1", arn + ":prod"},
		{arn + ":prod", "", "1", arn + ":prod"},
		{arn + ":prod", "prod", "1", arn + ":prod"},
	}
	for _, tt := range tests {
		t.Run(tt.name+" "+tt.qualifier, func(t *testing.T) {
			t.Parallel()
			c, api := withVersions(t, 2)
			c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
			in := &lambda.GetFunctionInput{FunctionName: &tt.name}
			if tt.qualifier != "" {
				in.Qualifier = &tt.qualifier
			}
			got := must(api.GetFunction(t.Context(), in))(t).Configuration
			equal(t, "function", *got.FunctionName+" "+*got.Version+" "+*got.FunctionArn, "fn "+tt.version+" "+tt.arn)

			call := c.Calls()[0]
			_, qualifier, _ := strings.Cut(strings.TrimPrefix(tt.arn, arn), ":")
			equal(t, "record", call.Function+" "+call.Qualifier, "fn "+qualifier)

			// Operations without a Qualifier also accept qualified names.
			must(api.ListAliases(t.Context(), &lambda.ListAliasesInput{FunctionName: &tt.name}))(t)
			must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: &tt.name}))(t)
		})
	}
}

func TestFunctionNamesRefused(t *testing.T) {
	t.Parallel()
	_, api := withVersions(t, 1)
	x257 := strings.Repeat("x", 257)
	const pattern = `(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?`
	tests := []struct {
		name, qualifier string
		status          int
		code, message   string
	}{
		{"f n", "", 400, "ValidationException", "1 validation error detected: Value 'f n' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: " + pattern},
		{"a:b:c", "", 400, "ValidationException", "1 validation error detected: Value 'a:b:c' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: " + pattern},
		{x257, "", 400, "ValidationException", "1 validation error detected: Value '" + x257 + "' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 256"},
		{"fn", "a.b", 400, "ValidationException", "1 validation error detected: Value 'a.b' at 'qualifier' failed to satisfy constraint: Member must satisfy regular expression pattern: \\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"},
		{"fn:1", "prod", 400, "InvalidParameterValueException", "The derived qualifier from the function name does not match the specified qualifier."},
		{"arn:aws:lambda:us-east-1:123456789012:function:fn", "", 404, "ResourceNotFoundException", "Functions from 'us-east-1' are not reachable in this region ('eu-central-1')"},
		{"arn:aws:lambda:eu-central-1:210987654321:function:fn", "1", 403, "AccessDeniedException", "User: arn:aws:iam::123456789012:user/localaws is not authorized to perform: lambda:GetFunction on resource: arn:aws:lambda:eu-central-1:210987654321:function:fn:1 because no resource-based policy allows the lambda:GetFunction action"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			in := &lambda.GetFunctionInput{FunctionName: &tt.name}
			if tt.qualifier != "" {
				in.Qualifier = &tt.qualifier
			}
			_, err := api.GetFunction(t.Context(), in)
			wantError(t, err, tt.status, tt.code, tt.message)
		})
	}
}

func TestRegionsAndPartitions(t *testing.T) {
	t.Parallel()
	for region, prefix := range map[string]string{
		"us-east-1":       "arn:aws:lambda:us-east-1:",
		"cn-north-1":      "arn:aws-cn:lambda:cn-north-1:",
		"us-gov-west-1":   "arn:aws-us-gov:lambda:us-gov-west-1:",
		"eusc-de-east-1":  "arn:aws-eusc:lambda:eusc-de-east-1:",
		"us-iso-east-1":   "arn:aws-iso:lambda:us-iso-east-1:",
		"us-isob-east-1":  "arn:aws-iso-b:lambda:us-isob-east-1:",
		"eu-isoe-west-1":  "arn:aws-iso-e:lambda:eu-isoe-west-1:",
		"us-isof-south-1": "arn:aws-iso-f:lambda:us-isof-south-1:",
	} {
		t.Run(region, func(t *testing.T) {
			t.Parallel()
			c, here := start(t, localaws.Options{Region: region, Account: "210987654321"}, func(o *lambda.Options) { o.Region = region })
			c.AddFunction("fn")
			want := prefix + "210987654321:function:fn"
			equal(t, "FunctionARN", c.FunctionARN("fn", "prod"), want+":prod")
			equal(t, "FunctionArn", *must(here.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: &want}))(t).Configuration.FunctionArn, want)
		})
	}

	// One endpoint serves every region.
	_, elsewhere := func() (*localaws.Cloud, *lambda.Client) {
		c, api := start(t, localaws.Options{}, func(o *lambda.Options) { o.Region = "us-east-1" })
		c.AddFunction("fn")
		return c, api
	}()
	_, err := elsewhere.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("fn")})
	wantError(t, err, 404, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:123456789012:function:fn")
	equal(t, "functions", len(must(elsewhere.ListFunctions(t.Context(), &lambda.ListFunctionsInput{}))(t).Functions), 0)
	made := must(elsewhere.CreateFunction(t.Context(), newFunction(t)))(t)
	equal(t, "FunctionArn", *made.FunctionArn, "arn:aws:lambda:us-east-1:123456789012:function:fn")
}
