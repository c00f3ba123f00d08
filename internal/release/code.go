package release

import (
	"context"
	"fmt"
	"time"

	"lambda-release/internal/artifact"
	"lambda-release/internal/awsapi"
)

// Upload is code that goes to $LATEST first.
type Upload struct {
	Source artifact.Source
	slots  chan struct{} // holds an element for each package in memory
}

// uploads is how many packages are held in memory at once, 50 MB each at most.
const uploads = 2

// acquire waits until the package may be held in memory, until release.
func (u Upload) acquire(ctx context.Context) (release func(), err error) {
	select {
	case u.slots <- struct{}{}:
		return func() { <-u.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// upload brings code to $LATEST and returns its hash, for the guard of the
// publish: what is published is what was uploaded. Code that is there already is
// not uploaded again, since AWS would make a new version of it all the same
// (fact V7).
func (t target) upload(ctx context.Context, u Upload) (sha256 string, err error) {
	release, err := u.acquire(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	pack, err := t.open(ctx, u)
	if err != nil {
		return "", err
	}
	latest, err := t.aws.Configuration(ctx, t.fn, "")
	if err != nil {
		return "", err
	}
	if pack, err = t.check(ctx, pack, latest); err != nil {
		return "", err
	}
	if pack.SHA256 == latest.CodeSHA256 {
		t.log.fact("%s is the code of $LATEST already: nothing to upload", pack.Describe())
		return latest.CodeSHA256, nil
	}
	t.log.fact("uploading %s", pack.Describe())
	start := time.Now()
	var pace awsapi.Backoff
	for {
		updated, err := t.aws.UpdateCode(ctx, t.fn, codeOf(pack), false)
		if err == nil {
			t.log.fact("uploaded in %s", time.Since(start).Round(time.Millisecond))
			return updated.CodeSHA256, nil
		}
		if !awsapi.Is(err, awsapi.Conflict) {
			return "", fmt.Errorf("upload %s: %w", u.Source.Given, err)
		}
		if err := t.awaitUpdate(ctx); err != nil {
			return "", err
		}
		if waitErr := pace.Wait(ctx, 2); waitErr != nil {
			return "", fmt.Errorf("upload %s: %w", u.Source.Given, awsapi.GaveUp(ctx, err))
		}
	}
}

func (t target) open(ctx context.Context, u Upload) (artifact.Package, error) {
	pack, err := u.Source.Open(ctx, t.getenv)
	if err != nil {
		return pack, fmt.Errorf("upload to %s: %w", t.fn.Name, err)
	}
	return pack, nil
}

// check refuses a package that AWS would only refuse after the upload, or the
// runtime at the first call, and completes its hash.
func (t target) check(ctx context.Context, pack artifact.Package, latest awsapi.Configuration) (artifact.Package, error) {
	if err := pack.Mismatch(latest.Architectures, latest.PackageType); err != nil {
		return pack, fmt.Errorf("upload to %s: %w", t.fn.Name, err)
	}
	if doubt := pack.Doubt(latest.Architectures); doubt != "" {
		t.log.warn("%s", doubt)
	}
	if pack.SHA256 == "" { // in S3, or an image by tag: only AWS knows
		dry, err := t.aws.UpdateCode(ctx, t.fn, codeOf(pack), true)
		if err != nil && !awsapi.Is(err, awsapi.Conflict) {
			return pack, fmt.Errorf("look at %s: %w", pack.Given, err)
		}
		pack.SHA256 = dry.CodeSHA256
	}
	return pack, nil
}

func codeOf(p artifact.Package) awsapi.Code {
	return awsapi.Code{ZipFile: p.ZipFile, Bucket: p.Bucket, Key: p.Key, ObjectVersion: p.ObjectVersion, ImageURI: p.ImageURI}
}
