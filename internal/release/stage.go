package release

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"path"
	"time"

	"lambda-release/internal/artifact"
	"lambda-release/internal/awsapi"
)

// Staging is where packages over 50 MB are put for Lambda to fetch.
type Staging struct {
	Bucket string // "": such packages are refused
	Prefix string // of the keys
}

// object is where a package is staged. The key depends only on what is in it: the
// package of another run or function is the same object.
func (s Staging) object(sha256 string, size int64) awsapi.Object {
	sum, _ := base64.StdEncoding.DecodeString(sha256) // which was encoded here or by AWS
	return awsapi.Object{Bucket: s.Bucket, Key: path.Join(s.Prefix, fmt.Sprintf("%s-%d.zip", hex.EncodeToString(sum), size))}
}

// object is where the package of an upload is staged.
func (u Upload) object() awsapi.Object { return u.staging.object(u.Package.SHA256, u.Package.Size) }

// lookStaged finds out whether a large package can be staged, and is already.
func (t target) lookStaged(ctx context.Context, u Upload) (Upload, error) {
	if !u.Package.Large() || u.Package.SHA256 == u.latest.CodeSHA256 {
		return u, nil
	}
	err := t.aws.CheckBucket(ctx, u.staging.Bucket)
	staged := false
	if err == nil {
		_, staged, err = t.aws.Staged(ctx, u.object(), u.Package.Size)
	}
	if err != nil {
		return u, fmt.Errorf("upload to %s by way of S3: %w", t.fn.Name, err)
	}
	return u.foundStaged(staged), nil
}

// codeFrom is the code for UpdateFunctionCode: the archive itself or, if that is large,
// the object that it is staged as.
func (t target) codeFrom(ctx context.Context, zip awsapi.Archive, s Staging) (awsapi.Code, error) {
	if zip.Size <= artifact.MaxUpload {
		return awsapi.Code{Zip: &zip}, nil
	}
	staged, err := t.stage(ctx, zip, s.object(zip.SHA256, zip.Size))
	return awsapi.Code{Bucket: staged.Bucket, Key: staged.Key, ObjectVersion: staged.Version}, err
}

// stage puts an archive into S3, unless it is there.
func (t target) stage(ctx context.Context, zip awsapi.Archive, o awsapi.Object) (awsapi.Object, error) {
	staged, found, err := t.aws.Staged(ctx, o, zip.Size)
	if err != nil || found {
		return staged, err
	}
	start := time.Now()
	stop := reporting(t.log.say, func() string { return "still waiting for the upload to S3" })
	staged, err = t.aws.Stage(ctx, staged, zip)
	stop()
	if err == nil {
		t.log.fact("sent to S3 in %s", time.Since(start).Round(time.Millisecond))
	}
	return staged, err
}

// describe is the package and how it is uploaded, for a plan.
func (u Upload) describe() string {
	text := u.Package.Describe()
	if u.Package.Large() {
		text += fmt.Sprintf(", by way of %s", u.object())
	}
	if u.staged {
		text += ", where it is already"
	}
	return text
}
