package awsapi

import (
	"cmp"
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
	CORS      CORS
}

// CORS is which websites may call a URL from a browser, and how. The zero CORS is none.
// The lists have no order.
type CORS struct {
	AllowOrigins     []string
	AllowMethods     []string
	AllowHeaders     []string
	ExposeHeaders    []string
	MaxAge           int32 // in seconds
	AllowCredentials bool
}

// URL reads the URL of an alias. An alias that has none is an error of kind NotFound,
// and a region without function URLs one of kind Unsupported.
func (c *Client) URL(ctx context.Context, fn function.ID, alias string) (URL, error) {
	out, err := call(ctx, c, onFunction("GetFunctionUrlConfig", fn, alias), c.lambda.GetFunctionUrlConfig,
		&lambda.GetFunctionUrlConfigInput{FunctionName: &fn.Given, Qualifier: &alias},
		func(out *lambda.GetFunctionUrlConfigOutput) bool { return isURL(out.FunctionUrl, out.AuthType) })
	if err != nil {
		return URL{}, err
	}
	return URL{alias, *out.FunctionUrl, string(out.AuthType), corsOf(out.Cors)}, nil
}

// CreateURL gives an alias a URL. One that has a URL already is an error of kind
// Conflict, and a missing alias one of kind NotFound.
func (c *Client) CreateURL(ctx context.Context, fn function.ID, alias, auth string, cors CORS) (URL, error) {
	out, err := mutate(ctx, c, onFunction("CreateFunctionUrlConfig", fn, alias), c.lambda.CreateFunctionUrlConfig,
		&lambda.CreateFunctionUrlConfigInput{FunctionName: &fn.Given, Qualifier: &alias, AuthType: types.FunctionUrlAuthType(auth), Cors: cors.asSent()},
		func(out *lambda.CreateFunctionUrlConfigOutput) bool { return isURL(out.FunctionUrl, out.AuthType) })
	if err != nil {
		return URL{}, err
	}
	return URL{alias, *out.FunctionUrl, string(out.AuthType), corsOf(out.Cors)}, nil
}

// SetCORS changes the CORS settings of an alias's URL, and nothing else of it; the zero
// CORS removes them. AWS has no condition for it: the last writer wins. A missing URL is
// an error of kind NotFound.
func (c *Client) SetCORS(ctx context.Context, fn function.ID, alias string, cors CORS) (URL, error) {
	out, err := mutate(ctx, c, onFunction("UpdateFunctionUrlConfig", fn, alias), c.lambda.UpdateFunctionUrlConfig,
		&lambda.UpdateFunctionUrlConfigInput{FunctionName: &fn.Given, Qualifier: &alias, Cors: cmp.Or(cors.asSent(), &types.Cors{})},
		func(out *lambda.UpdateFunctionUrlConfigOutput) bool { return isURL(out.FunctionUrl, out.AuthType) })
	if err != nil {
		return URL{}, err
	}
	return URL{alias, *out.FunctionUrl, string(out.AuthType), corsOf(out.Cors)}, nil
}

// DeleteURL deletes the URL of an alias; a missing one is an error of kind NotFound.
func (c *Client) DeleteURL(ctx context.Context, fn function.ID, alias string) error {
	_, err := mutate(ctx, c, onFunction("DeleteFunctionUrlConfig", fn, alias), c.lambda.DeleteFunctionUrlConfig,
		&lambda.DeleteFunctionUrlConfigInput{FunctionName: &fn.Given, Qualifier: &alias},
		func(out *lambda.DeleteFunctionUrlConfigOutput) bool { return noPage(out.ResultMetadata) })
	return err
}

// URLs reads the URLs of a function and of all its aliases, 50 a call; none in a region
// without function URLs.
func (c *Client) URLs(ctx context.Context, fn function.ID) ([]URL, error) {
	t := onFunction("ListFunctionUrlConfigs", fn, "")
	return pages(ctx, c, t, func(marker *string) ([]URL, *string, error) {
		out, err := insist(ctx, func() (*lambda.ListFunctionUrlConfigsOutput, error) {
			return call(ctx, c, t, c.lambda.ListFunctionUrlConfigs,
				&lambda.ListFunctionUrlConfigsInput{FunctionName: &fn.Given, Marker: marker},
				func(out *lambda.ListFunctionUrlConfigsOutput) bool { return out.FunctionUrlConfigs != nil })
		})
		if Is(err, Unsupported) {
			return nil, nil, nil
		}
		if err != nil {
			return nil, nil, err
		}
		var page []URL
		for _, u := range out.FunctionUrlConfigs {
			page = append(page, URL{function.QualifierOf(aws.ToString(u.FunctionArn)), aws.ToString(u.FunctionUrl), string(u.AuthType), corsOf(u.Cors)})
		}
		return page, out.NextMarker, nil
	})
}

// isURL reports whether these can be the address and the AuthType of a URL.
func isURL(address *string, auth types.FunctionUrlAuthType) bool {
	return aws.ToString(address) != "" && auth != ""
}

// IsZero reports whether there are no settings.
func (c CORS) IsZero() bool {
	return len(c.AllowOrigins)+len(c.AllowMethods)+len(c.AllowHeaders)+len(c.ExposeHeaders) == 0 && c.MaxAge == 0 && !c.AllowCredentials
}

// asSent is complete, also where it is empty: AWS does not document whether members
// that are left out stay as they are. It is nil for no settings.
func (c CORS) asSent() *types.Cors {
	if c.IsZero() {
		return nil
	}
	list := func(values []string) []string { return append([]string{}, values...) }
	return &types.Cors{
		AllowOrigins: list(c.AllowOrigins), AllowMethods: list(c.AllowMethods),
		AllowHeaders: list(c.AllowHeaders), ExposeHeaders: list(c.ExposeHeaders),
		MaxAge: &c.MaxAge, AllowCredentials: &c.AllowCredentials,
	}
}

func corsOf(c *types.Cors) CORS {
	if c == nil {
		return CORS{}
	}
	return CORS{c.AllowOrigins, c.AllowMethods, c.AllowHeaders, c.ExposeHeaders, aws.ToInt32(c.MaxAge), aws.ToBool(c.AllowCredentials)}
}
