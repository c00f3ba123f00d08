package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"lambda-release/internal/function"
)

// Who may call a function URL.
const (
	URLPublic = string(types.FunctionUrlAuthTypeNone)   // everyone whom the policy allows it
	URLIAM    = string(types.FunctionUrlAuthTypeAwsIam) // identities of IAM, with signed requests
)

// URL is a function URL: the HTTPS endpoint of an alias, or of the function itself.
type URL struct {
	Qualifier string // the alias; "" for the function itself
	Address   string // https://ID.lambda-url.REGION.on.aws/
	Auth      string // URLPublic or URLIAM
}

// URL reads the URL of an alias. An alias that has none is an error of kind NotFound.
func (c *Client) URL(ctx context.Context, fn function.ID, alias string) (URL, error) {
	out, err := call(ctx, c, onFunction("GetFunctionUrlConfig", fn, alias), c.lambda.GetFunctionUrlConfig,
		&lambda.GetFunctionUrlConfigInput{FunctionName: &fn.Given, Qualifier: &alias},
		func(out *lambda.GetFunctionUrlConfigOutput) bool { return isURL(out.FunctionUrl, out.AuthType) })
	if err != nil {
		return URL{}, err
	}
	return URL{alias, *out.FunctionUrl, string(out.AuthType)}, nil
}

// CreateURL gives an alias a URL. One that has a URL already is an error of kind
// Conflict, and a missing alias one of kind NotFound.
func (c *Client) CreateURL(ctx context.Context, fn function.ID, alias, auth string) (URL, error) {
	out, err := mutate(ctx, c, onFunction("CreateFunctionUrlConfig", fn, alias), c.lambda.CreateFunctionUrlConfig,
		&lambda.CreateFunctionUrlConfigInput{FunctionName: &fn.Given, Qualifier: &alias, AuthType: types.FunctionUrlAuthType(auth)},
		func(out *lambda.CreateFunctionUrlConfigOutput) bool { return isURL(out.FunctionUrl, out.AuthType) })
	if err != nil {
		return URL{}, err
	}
	return URL{alias, *out.FunctionUrl, string(out.AuthType)}, nil
}

// DeleteURL deletes the URL of an alias; a missing one is an error of kind NotFound.
func (c *Client) DeleteURL(ctx context.Context, fn function.ID, alias string) error {
	_, err := mutate(ctx, c, onFunction("DeleteFunctionUrlConfig", fn, alias), c.lambda.DeleteFunctionUrlConfig,
		&lambda.DeleteFunctionUrlConfigInput{FunctionName: &fn.Given, Qualifier: &alias},
		func(out *lambda.DeleteFunctionUrlConfigOutput) bool { return noPage(out.ResultMetadata) })
	return err
}

// URLs reads the URLs of a function and of all its aliases, 50 a call.
func (c *Client) URLs(ctx context.Context, fn function.ID) ([]URL, error) {
	return pages(func(marker *string) ([]URL, *string, error) {
		out, err := insist(ctx, func() (*lambda.ListFunctionUrlConfigsOutput, error) {
			return call(ctx, c, onFunction("ListFunctionUrlConfigs", fn, ""), c.lambda.ListFunctionUrlConfigs,
				&lambda.ListFunctionUrlConfigsInput{FunctionName: &fn.Given, Marker: marker},
				func(out *lambda.ListFunctionUrlConfigsOutput) bool { return out.FunctionUrlConfigs != nil })
		})
		if err != nil {
			return nil, nil, err
		}
		var page []URL
		for _, u := range out.FunctionUrlConfigs {
			page = append(page, URL{function.QualifierOf(aws.ToString(u.FunctionArn)), aws.ToString(u.FunctionUrl), string(u.AuthType)})
		}
		return page, out.NextMarker, nil
	})
}

// isURL reports whether these can be the address and the AuthType of a URL.
func isURL(address *string, auth types.FunctionUrlAuthType) bool {
	return aws.ToString(address) != "" && auth != ""
}
