package release

import (
	"context"
	"fmt"
	"time"

	"lambda-release/internal/artifact"
	"lambda-release/internal/awsapi"
)

// uploads is how many packages are held in memory at once, 50 MB each at most.
const uploads = 2

// upload brings the code of the request to $LATEST and returns its hash, for
// the guard of the publish: what is published is what was uploaded. Code that
// is there already is not uploaded again, since AWS would make a new version
// of it all the same (fact V7).
func (v *release) upload(ctx context.Context, j *job, source artifact.Source) (sha256 string, err error) {
	select {
	case v.uploading <- struct{}{}:
		defer func() { <-v.uploading }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	pack, latest, err := v.compare(ctx, j, source)
	if err != nil {
		return "", err
	}
	if pack.SHA256 == latest.CodeSHA256 {
		j.fact("%s is the code of $LATEST already: nothing to upload", pack.Describe())
		return latest.CodeSHA256, nil
	}
	j.fact("uploading %s", pack.Describe())
	start := time.Now()
	for {
		updated, err := j.r.AWS.UpdateCode(ctx, j.fn, codeOf(pack), false)
		if err == nil {
			j.fact("uploaded in %s", time.Since(start).Round(time.Millisecond))
			return updated.CodeSHA256, nil
		}
		if !awsapi.Is(err, awsapi.Conflict) {
			return "", fmt.Errorf("upload %s: %w", source.Given, err)
		}
		if err := j.awaitUpdate(ctx); err != nil {
			return "", err
		}
	}
}

// compare opens the package and reads the function, and refuses what AWS would
// only refuse after the upload, or the runtime at the first call.
func (v *release) compare(ctx context.Context, j *job, source artifact.Source) (artifact.Package, awsapi.Configuration, error) {
	pack, err := source.Open(ctx, j.r.Getenv)
	if err != nil {
		return pack, awsapi.Configuration{}, fmt.Errorf("upload to %s: %w", j.fn.Name, err)
	}
	latest, err := j.r.AWS.Configuration(ctx, j.fn, "")
	if err != nil {
		return pack, latest, err
	}
	if err := pack.Mismatch(latest.Architectures, latest.PackageType); err != nil {
		return pack, latest, fmt.Errorf("upload to %s: %w", j.fn.Name, err)
	}
	if doubt := pack.Doubt(latest.Architectures); doubt != "" {
		j.warnOnce("%s", doubt)
	}
	if pack.SHA256 == "" { // in S3, or an image by tag: only AWS knows
		dry, err := j.r.AWS.UpdateCode(ctx, j.fn, codeOf(pack), true)
		if err != nil && !awsapi.Is(err, awsapi.Conflict) {
			return pack, latest, fmt.Errorf("look at %s: %w", source.Given, err)
		}
		pack.SHA256 = dry.CodeSHA256
	}
	return pack, latest, nil
}

func codeOf(p artifact.Package) awsapi.Code {
	return awsapi.Code{ZipFile: p.ZipFile, Bucket: p.Bucket, Key: p.Key, ObjectVersion: p.ObjectVersion, ImageURI: p.ImageURI}
}

// awaitUpdate waits out an update of $LATEST, or the function's creation, that
// kept a call from being made.
func (j *job) awaitUpdate(ctx context.Context) error {
	j.fact("an update is in progress: waiting for it")
	_, err := j.r.AWS.AwaitUpdated(ctx, j.fn, j.waiting("the update"))
	return err
}
