package input

import (
	"regexp"
	"strings"

	"lambda-release/internal/artifact"
	"lambda-release/internal/release"
)

const (
	// defaultPrefix keeps the packages apart from what else is in the bucket.
	defaultPrefix = "lambda-release"
	// maxPrefix leaves room for the hash in a key of 1,024 bytes.
	maxPrefix = 512
)

func parseS3Bucket(in *Input, value string) Problems {
	bucket := value
	for _, prefix := range []string{"s3://", "arn:"} {
		if rest, ok := strings.CutPrefix(value, prefix); ok {
			bucket, _, _ = strings.Cut(rest[strings.LastIndexByte(rest, ':')+1:], "/")
		}
	}
	switch {
	case bucket != value && artifact.IsBucket(bucket):
		return Problems{{What: "not only a name", Allowed: "write " + bucket + ", and set s3-prefix for what keys begin with"}}
	case !artifact.IsBucket(value):
		return bad("not a bucket, whose name has 3 to 63 letters, digits, hyphens and dots")
	}
	in.S3Bucket = value
	return nil
}

// prefix matches what needs no escaping anywhere.
var prefix = regexp.MustCompile(`^[0-9A-Za-z!_.'()=@+,:-]+(/[0-9A-Za-z!_.'()=@+,:-]+)*$`)

func parseS3Prefix(in *Input, value string) Problems {
	trimmed := strings.TrimSuffix(value, "/")
	switch {
	case strings.HasPrefix(value, "/"):
		return bad("it begins with a slash, which would be an empty folder")
	case len(trimmed) > maxPrefix:
		return bad("too long")
	case !prefix.MatchString(trimmed):
		return bad("not a prefix of keys")
	}
	for segment := range strings.SplitSeq(trimmed, "/") {
		if segment == "." || segment == ".." {
			return bad("it has " + segment + ", which is no folder in S3")
		}
	}
	in.S3Prefix = trimmed
	return nil
}

// staging checks that there is a package to stage.
func (c *checks) staging() {
	in := c.in
	if in.S3Prefix != "" && in.S3Bucket == "" && !c.alreadyReported("s3-bucket") {
		c.found = append(c.found, Problem{Input: "s3-prefix", Value: in.S3Prefix, What: "there is no s3-bucket", Allowed: "give the bucket, or leave s3-prefix empty"})
	}
	if in.S3Bucket == "" || in.Operation == 0 {
		return
	}
	local := false
	for _, source := range in.Code {
		local = local || source.Kind == artifact.Zip || source.Kind == artifact.Folder
	}
	switch {
	case in.Operation != release.Release:
		c.refuse("s3-bucket", true, in.S3Bucket, "operation "+in.Operation.String(), "only release uploads code")
	case c.alreadyReported("code") || c.alreadyReported("function-name"):
	case in.Code == nil:
		c.found = append(c.found, Problem{Input: "s3-bucket", Value: in.S3Bucket, What: "there is no code to stage", Allowed: "give code, as an input or in the release file, or leave s3-bucket empty"})
	default:
		c.refuse("s3-bucket", !local && !in.RestoreLatest, in.S3Bucket, "code", "Lambda fetches code from S3 and ECR by itself: leave s3-bucket empty")
	}
}
