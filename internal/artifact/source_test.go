package artifact

import (
	"errors"
	"strings"
	"testing"

	"lambda-release/internal/lines"
)

const (
	hex64 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	ecr   = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
)

// parseOne reads `code` as a job with one function does.
func parseOne(code string) (Source, error) {
	sources, err := Parse(code, []string{"orders"})
	return sources["orders"], err
}

func TestParseKinds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		code string
		want Source // without Given
	}{
		{"dist.zip", Source{Kind: Zip, Path: "dist.zip"}},
		{"  build/out.ZIP\n", Source{Kind: Zip, Path: "build/out.ZIP"}},
		{"target/app.jar", Source{Kind: Zip, Path: "target/app.jar"}},
		{`D:\a\orders\orders\dist.zip`, Source{Kind: Zip, Path: `D:\a\orders\orders\dist.zip`}},
		{"dist", Source{Kind: Folder, Path: "dist"}},
		{"dist/", Source{Kind: Folder, Path: "dist/"}},
		{"dist.zip/", Source{Kind: Folder, Path: "dist.zip/"}},
		{".", Source{Kind: Folder, Path: "."}},
		{"/github/workspace/my dist", Source{Kind: Folder, Path: "/github/workspace/my dist"}},
		{"./year=2026", Source{Kind: Folder, Path: "./year=2026"}},
		{"C://dist", Source{Kind: Folder, Path: "C://dist"}},
		{"./public.ecr.aws/x", Source{Kind: Folder, Path: "./public.ecr.aws/x"}},
		{"./" + ecr + "/x", Source{Kind: Folder, Path: "./" + ecr + "/x"}},
		{"dist:latest", Source{Kind: Folder, Path: "dist:latest"}},

		{"s3://my-bucket/orders.zip", Source{Kind: S3, Bucket: "my-bucket", Key: "orders.zip"}},
		{"S3://my-bucket/orders.zip", Source{Kind: S3, Bucket: "my-bucket", Key: "orders.zip"}},
		{"s3://my.bucket/a b/year=2026/orders", Source{Kind: S3, Bucket: "my.bucket", Key: "a b/year=2026/orders"}},
		{"s3://my-bucket/orders.zip#3HL4kqtJvjVBH40Nrjfkd", Source{Kind: S3, Bucket: "my-bucket", Key: "orders.zip", ObjectVersion: "3HL4kqtJvjVBH40Nrjfkd"}},
		{"s3://my-bucket/a#b.zip#null", Source{Kind: S3, Bucket: "my-bucket", Key: "a#b.zip", ObjectVersion: "null"}},
		{"s3://my-bucket//leading", Source{Kind: S3, Bucket: "my-bucket", Key: "/leading"}},

		{ecr + "/orders:v1.2", Source{Kind: Image, ImageURI: ecr + "/orders:v1.2"}},
		{ecr + "/team/or__ders-x:latest", Source{Kind: Image, ImageURI: ecr + "/team/or__ders-x:latest"}},
		{ecr + "/orders@sha256:" + hex64, Source{Kind: Image, ImageURI: ecr + "/orders@sha256:" + hex64}},
		{"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/orders:1", Source{Kind: Image, ImageURI: "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/orders:1"}},
		{"123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu/orders:1", Source{Kind: Image, ImageURI: "123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu/orders:1"}},
		{"123456789012.dkr-ecr.us-west-2.on.aws/orders:1", Source{Kind: Image, ImageURI: "123456789012.dkr-ecr.us-west-2.on.aws/orders:1"}},
	}
	for _, tt := range tests {
		t.Run(tt.code, func(t *testing.T) {
			t.Parallel()
			got, err := parseOne(tt.code)
			tt.want.Given = strings.TrimSpace(tt.code)
			if err != nil || got != tt.want {
				t.Errorf("Parse(%q) = %+v, %v; want %+v", tt.code, got, err, tt.want)
			}
		})
	}
}

func TestParseKindsRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		code string
		want string // in the error
	}{
		{"", "no code for orders; write the path of a .zip or of a folder, s3://"},
		{" \n", "no code"},
		{"a\x00b", "cannot be printed"},
		{"a\xffb", "cannot be printed"},
		{"s3://", "is not the name of a bucket"},
		{"s3://my-bucket", "no key after the bucket"},
		{"s3://my-bucket/", "no key after the bucket"},
		{"s3://my-bucket/builds/", "ends in a slash"},
		{"s3://ab/key", `"ab" is not the name of a bucket`},
		{"s3://bucket./key", "is not the name of a bucket"},
		{"s3://my-bucket/key#", `"" is not the version`},
		{"s3://my-bucket/key#a/b", `"a/b" is not the version`},
		{"s3://my-bucket/key?versionId=abc", "as in a URL; write s3://bucket/key, or s3://bucket/key#version"},
		{"s3://my-bucket/" + strings.Repeat("k", 1025), "the key has 1025 bytes"},
		{"https://my-bucket.s3.amazonaws.com/key", "Lambda takes no code from https://"},
		{"https://" + ecr + "/orders:1", "has no https://"},
		{"docker://" + ecr + "/orders:1", "has no docker://"},
		{"arn:aws:s3:::bucket/key", "an ARN is not a location of code; write"},
		{"public.ecr.aws/lambda/nodejs:22", "private registries of ECR only; push a copy"},
		{"ghcr.io/owner/image:1", "private registries of ECR only"},
		{ecr, `"" is not the name of a repository`},
		{ecr + "/orders", "neither tag nor digest"},
		{ecr + "/Orders:1", `"Orders" is not the name of a repository`},
		{ecr + "/orders:", `"" is not a tag`},
		{ecr + "/orders:a b", `"a b" is not a tag`},
		{ecr + "/orders:1@sha256:" + hex64, "both a tag and a digest"},
		{ecr + "/orders@sha256:123", "is not a digest"},
		{ecr + "/orders@md5:" + hex64, "is not a digest"},
		{"12345.dkr.ecr.eu-central-1.amazonaws.com/orders:1", "is not a registry of ECR"},
		{"123456789012.dkr.ecr.amazonaws.com/orders:1", "is not a registry of ECR"},
		{"123456789012.dkr.ecr-fips.us-east-1.amazonaws.com/orders:1", "FIPS endpoints"},
	}
	for _, tt := range tests {
		t.Run(tt.code, func(t *testing.T) {
			t.Parallel()
			got, err := parseOne(tt.code)
			if _, ok := errors.AsType[*lines.Error](err); !ok {
				t.Fatalf("Parse(%q) = %+v, %v; want a *lines.Error", tt.code, got, err)
			}
			if !strings.Contains(err.Error(), tt.want) || got != (Source{}) {
				t.Errorf("Parse(%q) = %+v, %v; want nothing, and an error with %q", tt.code, got, err, tt.want)
			}
		})
	}
}
