package localaws_test

import (
	"crypto/sha256"
	"encoding/base64"
	"testing"

	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func TestCodeFromS3(t *testing.T) {
	t.Parallel()
	c, api := start(t, localaws.Options{})
	one, two := zipOf(t, "one"), zipOf(t, "two")
	equal(t, "version", c.PutObject("bucket", "fn.zip", one), "1")
	equal(t, "version", c.PutObject("bucket", "fn.zip", two), "2")
	equal(t, "version", c.PutObject("bucket", "text", []byte("no zip")), "1")
	sum := func(b []byte) string {
		s := sha256.Sum256(b)
		return base64.StdEncoding.EncodeToString(s[:])
	}

	in := newFunction(t)
	in.Code = &types.FunctionCode{S3Bucket: aws.String("bucket"), S3Key: aws.String("fn.zip")}
	made := must(api.CreateFunction(t.Context(), in))(t)
	equal(t, "hash of the newest version", *made.CodeSha256, sum(two))
	equal(t, "size", made.CodeSize, int64(len(two)))

	update := func(bucket, key, version string) (*lambda.UpdateFunctionCodeOutput, error) {
		in := &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("fn"), S3Bucket: &bucket, S3Key: &key}
		if version != "" {
			in.S3ObjectVersion = &version
		}
		return api.UpdateFunctionCode(t.Context(), in)
	}
	equal(t, "hash of version 1", *must(update("bucket", "fn.zip", "1"))(t).CodeSha256, sum(one))
	equal(t, "hash of version 1 again", *must(update("bucket", "fn.zip", "1"))(t).CodeSha256, sum(one))
	equal(t, "hash of version 2", *must(update("bucket", "fn.zip", "2"))(t).CodeSha256, sum(two))

	const occurred = "Error occurred while GetObject. S3 Error Code: "
	for _, tt := range []struct{ bucket, key, version, message string }{
		{"other", "fn.zip", "", occurred + "NoSuchBucket. S3 Error Message: The specified bucket does not exist"},
		{"bucket", "other", "", occurred + "NoSuchKey. S3 Error Message: The specified key does not exist."},
		{"bucket", "fn.zip", "3", occurred + "NoSuchVersion. S3 Error Message: The specified version does not exist."},
		{"bucket", "text", "", "Could not unzip uploaded file. Please check your file, then try to upload again."},
	} {
		_, err := update(tt.bucket, tt.key, tt.version)
		wantError(t, err, 400, "InvalidParameterValueException", tt.message)
	}
}
