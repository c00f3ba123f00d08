package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"lambda-release/internal/function"
)

// Code is what to upload: one of a zip, an object in S3, or an image.
type Code struct {
	ZipFile                    []byte
	Bucket, Key, ObjectVersion string
	ImageURI                   string
}

// UpdateCode uploads code to $LATEST. The answer's CodeSHA256 is that of the
// code; LastUpdate is InProgress until the function has taken it over. With
// dryRun nothing is changed, and the answer has the hash nevertheless.
func (c *Client) UpdateCode(ctx context.Context, fn function.ID, code Code, dryRun bool) (Configuration, error) {
	out, err := mutate(ctx, c, onFunction("UpdateFunctionCode", fn, ""), c.patient().UpdateFunctionCode, &lambda.UpdateFunctionCodeInput{
		FunctionName: &fn.Given, DryRun: dryRun, ZipFile: code.ZipFile,
		S3Bucket: optional(code.Bucket), S3Key: optional(code.Key), S3ObjectVersion: optional(code.ObjectVersion), ImageUri: optional(code.ImageURI),
	})
	if err != nil {
		return Configuration{}, err
	}
	return configuration(&types.FunctionConfiguration{
		Version: out.Version, FunctionArn: out.FunctionArn, CodeSha256: out.CodeSha256,
		State: out.State, StateReason: out.StateReason, StateReasonCode: out.StateReasonCode,
		LastUpdateStatus: out.LastUpdateStatus, LastUpdateStatusReason: out.LastUpdateStatusReason,
	}), nil
}
