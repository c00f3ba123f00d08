package awsapi

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"lambda-release/internal/configuration"
	"lambda-release/internal/function"
)

// NewFunction is a function to create.
type NewFunction struct {
	Description  string
	Architecture string // x86_64 or arm64; "": AWS's default, x86_64
	Settings     configuration.Configuration
	Tags         map[string]string
	Code         Code // its Revision has no effect
}

// Foreseen is $LATEST of the function as it will be, as far as that is known before.
func (n NewFunction) Foreseen(sha256 string) Configuration {
	c := Configuration{Version: latest, Description: n.Description, PackageType: string(n.packageType())}
	if n.Architecture != "" {
		c.Architectures = []string{n.Architecture}
	}
	return c.With(n.Settings).WithCode(sha256)
}

func (n NewFunction) packageType() types.PackageType {
	if n.Code.ImageURI != "" {
		return types.PackageTypeImage
	}
	return types.PackageTypeZip
}

// CreateFunction creates a function; one that exists is an error of kind Conflict. State
// is Pending until the function can be published.
func (c *Client) CreateFunction(ctx context.Context, fn function.ID, n NewFunction) (Configuration, error) {
	in := &lambda.CreateFunctionInput{}
	if err := setInput(in, n.Settings); err != nil {
		return Configuration{}, err
	}
	in.FunctionName, in.Description, in.Tags, in.PackageType = &fn.Given, optional(n.Description), n.Tags, n.packageType()
	if n.Architecture != "" {
		in.Architectures = []types.Architecture{types.Architecture(n.Architecture)}
	}
	in.Code = &types.FunctionCode{
		S3Bucket: optional(n.Code.Bucket), S3Key: optional(n.Code.Key), S3ObjectVersion: optional(n.Code.ObjectVersion), ImageUri: optional(n.Code.ImageURI),
	}
	create := c.patient().CreateFunction
	if n.Code.Zip != nil {
		create = optioned(create, withZip(*n.Code.Zip))
	}
	out, err := mutate(ctx, c, onFunction("CreateFunction", fn, ""), create, in,
		func(out *lambda.CreateFunctionOutput) bool { return aws.ToString(out.CodeSha256) != "" })
	if err != nil {
		return Configuration{}, concealing(err, n.Settings)
	}
	return configurationOf(out), nil
}

// MayKnowRoleLater reports whether a call that gives a function its role was refused for
// a reason that passes if the role or its policies are new: IAM takes seconds to tell
// Lambda. AWS refuses what is wrong for good with the same type of error.
func MayKnowRoleLater(err error) bool {
	_, invalid := errors.AsType[*types.InvalidParameterValueException](err)
	return invalid
}

// DeleteFunction deletes a function with all its versions and aliases. One that does not
// exist is an error of kind NotFound. It has no condition.
func (c *Client) DeleteFunction(ctx context.Context, fn function.ID) error {
	_, err := mutate(ctx, c, onFunction("DeleteFunction", fn, ""), c.lambda.DeleteFunction, &lambda.DeleteFunctionInput{FunctionName: &fn.Given},
		func(out *lambda.DeleteFunctionOutput) bool { return noPage(out.ResultMetadata) })
	look := func(ctx context.Context) error { _, err := c.Configuration(ctx, fn, ""); return err }
	if gone(ctx, err, look) {
		return nil
	}
	return err
}
