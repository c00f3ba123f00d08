package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"lambda-release/internal/function"
)

// Code is what to upload: one of a zip, an object in S3, or an image.
type Code struct {
	Zip                        *Archive
	Bucket, Key, ObjectVersion string
	ImageURI                   string
	// Revision that $LATEST must have, otherwise the error is of kind Stale; "" is
	// any.
	Revision string
}

// UpdateCode uploads code to $LATEST. The answer's CodeSHA256 is that of the
// code; LastUpdate is InProgress until the function has taken it over. With
// dryRun nothing is changed, and the answer has the hash nevertheless.
func (c *Client) UpdateCode(ctx context.Context, fn function.ID, code Code, dryRun bool) (Configuration, error) {
	in := &lambda.UpdateFunctionCodeInput{
		FunctionName: &fn.Given, DryRun: dryRun,
		S3Bucket: optional(code.Bucket), S3Key: optional(code.Key), S3ObjectVersion: optional(code.ObjectVersion), ImageUri: optional(code.ImageURI),
		RevisionId: optional(code.Revision),
	}
	update := c.patient().UpdateFunctionCode
	if code.Zip != nil {
		update = optioned(update, withZip(*code.Zip))
	}
	out, err := insist(ctx, func() (*lambda.UpdateFunctionCodeOutput, error) {
		return mutate(ctx, c, onFunction("UpdateFunctionCode", fn, ""), update, in,
			func(out *lambda.UpdateFunctionCodeOutput) bool { return aws.ToString(out.CodeSha256) != "" })
	})
	if err != nil {
		return Configuration{}, err
	}
	return configurationOf(out), nil
}

// TouchLatest writes the description of $LATEST, provided that it still is at
// revision; otherwise the error is of kind Stale. Even with the description that it
// has already, the next publish makes a new version (fact V7).
func (c *Client) TouchLatest(ctx context.Context, fn function.ID, description, revision string) (Configuration, error) {
	out, err := mutate(ctx, c, onFunction("UpdateFunctionConfiguration", fn, ""), c.lambda.UpdateFunctionConfiguration,
		&lambda.UpdateFunctionConfigurationInput{FunctionName: &fn.Given, Description: &description, RevisionId: &revision},
		func(out *lambda.UpdateFunctionConfigurationOutput) bool { return aws.ToString(out.CodeSha256) != "" })
	if err != nil {
		return Configuration{}, err
	}
	return configurationOf(out), nil
}
