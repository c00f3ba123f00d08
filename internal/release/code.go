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
	Source  artifact.Source
	Package artifact.Package     // what was learned of it
	staging Staging              // of a package over 50 MB
	staged  bool                 // it is in S3 already
	latest  awsapi.Configuration // $LATEST, which it was compared with
	slots   chan struct{}        // holds an element for each package that is read
}

// uploads is how many packages are read at once: more would only share the line.
const uploads = 2

// acquire waits until a package may be read, until release.
func (u Upload) acquire(ctx context.Context) (release func(), err error) {
	select {
	case u.slots <- struct{}{}:
		return func() { <-u.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (u Upload) withPackage(p artifact.Package) Upload {
	u.Package = p
	return u
}

func (u Upload) comparedWith(latest awsapi.Configuration) Upload {
	u.latest = latest
	return u
}

func (u Upload) foundStaged(staged bool) Upload {
	u.staged = staged
	return u
}

// inspected is the plan with what its code is. Nothing is called: a path that is
// wrong keeps all functions as they are.
func (p Plan) inspected(ctx context.Context) Plan {
	if p.Upload == nil {
		return p
	}
	pack, err := p.target.inspect(ctx, *p.Upload)
	if err != nil {
		return p.failed(fmt.Errorf("upload to %s: %w", p.target.fn.Name, err))
	}
	return p.withUpload(p.Upload.withPackage(pack))
}

func (t target) inspect(ctx context.Context, u Upload) (artifact.Package, error) {
	release, err := u.acquire(ctx)
	if err != nil {
		return artifact.Package{}, err
	}
	defer release()
	return u.Source.Inspect(ctx, t.getenv, u.staging.Bucket != "")
}

// compared is the plans with their code compared with the functions, and examined. If
// one is refused, no code is uploaded, and their aliases are only read for the report.
func compared(ctx context.Context, plans []Plan) []Plan {
	plans = each(plans, func(p Plan) Plan { return p.compared(ctx).examined(ctx) })
	why := firstFailure(plans)
	if why == nil {
		return plans
	}
	plans = each(plans, func(p Plan) Plan {
		if awsapi.Is(p.End.Err, awsapi.NotFound) {
			return p // the function was not found, so neither is its alias
		}
		return p.locatedIfPossible(ctx)
	})
	return skipRest(plans, *why)
}

func (p Plan) compared(ctx context.Context) Plan {
	if !p.writesLatest() {
		return p
	}
	t := p.target
	latest, err := p.latest(ctx)
	if p.Create != nil && awsapi.Is(err, awsapi.NotFound) {
		p, err = p.toCreate(ctx)
		return p.failedIf(err)
	}
	if err != nil {
		return p.failed(err)
	}
	if p, err = p.guarding(latest); err != nil || p.Upload == nil {
		return p.failedIf(err)
	}
	u, err := t.check(ctx, *p.Upload, latest.With(p.Configure.of(latest)))
	if err != nil {
		return p.failed(err)
	}
	p = p.withUpload(u)
	return p.failedIf(p.checkRestorable(ctx, latest))
}

// latest reads $LATEST. That a function does not exist which would be created is believed
// when AWS has said it three times.
func (p Plan) latest(ctx context.Context) (awsapi.Configuration, error) {
	if p.Create != nil {
		return p.target.aws.Lookup(ctx, p.target.fn, "")
	}
	return p.target.aws.Configuration(ctx, p.target.fn, "")
}

// locatedIfPossible reads where the alias is. An error is none: the plan has failed
// for another reason.
func (p Plan) locatedIfPossible(ctx context.Context) Plan {
	_ = p.target.edit.Read(ctx)
	return p
}

// upload brings code to $LATEST and returns its hash, for the guard of the
// publish: what is published is what was uploaded. Code that is there already is
// not uploaded again, since AWS would make a new version of it all the same
// (fact V7).
func (t target) upload(ctx context.Context, u Upload) (sha256 string, err error) {
	if u.Package.SHA256 == u.latest.CodeSHA256 {
		t.log.fact("%s is the code of $LATEST already: nothing to upload", u.Package.Describe())
		return u.latest.CodeSHA256, nil
	}
	t.log.fact("uploading %s", u.describe())
	code, done, err := t.open(ctx, u)
	if err != nil {
		return "", err
	}
	defer done()
	start := time.Now()
	var pace awsapi.Backoff
	for {
		updated, err := t.aws.UpdateCode(ctx, t.fn, code, false)
		if err == nil {
			if err := u.verify(updated.CodeSHA256); err != nil {
				return "", fmt.Errorf("upload to %s: %w", t.fn.Name, err)
			}
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

// open gives the code for UpdateFunctionCode, until done: a package over 50 MB is staged
// in S3 first, unless it is there already.
func (t target) open(ctx context.Context, u Upload) (code awsapi.Code, done func(), err error) {
	p := u.Package
	if p.Kind == artifact.S3 || p.Kind == artifact.Image {
		return codeOf(p), func() {}, nil
	}
	release, err := u.acquire(ctx)
	if err != nil {
		return code, nil, err
	}
	archive, err := p.Open(ctx, t.getenv)
	if err != nil {
		release()
		return code, nil, fmt.Errorf("upload to %s: %w", t.fn.Name, err)
	}
	done = func() {
		_ = archive.Close() // it was only read
		release()
	}
	code, err = t.codeFrom(ctx, awsapi.Archive{Content: archive, Size: p.Size, SHA256: p.SHA256}, u.staging)
	if err != nil {
		done()
		return code, nil, fmt.Errorf("upload %s: %w", u.Source.Given, err)
	}
	return code, done, nil
}

// verify compares the hash that AWS has computed with that of the package.
func (u Upload) verify(sha256 string) error {
	want := u.Package.SHA256
	switch {
	case want == sha256 || u.Source.Kind == artifact.S3 || u.Source.Kind == artifact.Image:
		return nil
	case u.Package.Large():
		return fmt.Errorf("%s does not contain %s: AWS has computed the SHA-256 %s, not %s. $LATEST has that code now, but nothing was published: delete the object, and run the job again",
			u.object(), u.Source.Given, sha256, want)
	}
	return fmt.Errorf("AWS has computed the SHA-256 %s, not %s, which is that of %s. $LATEST has that code now, but nothing was published: run the job again", sha256, want, u.Source.Given)
}

// check refuses a package that AWS would only refuse after the upload, or the
// runtime at the first call, and completes its hash.
func (t target) check(ctx context.Context, u Upload, latest awsapi.Configuration) (Upload, error) {
	u, err := t.fits(u, latest)
	if err != nil {
		return u, err
	}
	pack := u.Package
	if pack.SHA256 != "" {
		return t.lookStaged(ctx, u)
	}
	// In S3, or an image by tag: only AWS knows.
	dry, err := t.aws.UpdateCode(ctx, t.fn, codeOf(pack), true)
	if err != nil && !awsapi.Is(err, awsapi.Conflict) {
		if hint := pack.Unexpanded(); hint != "" {
			return u, fmt.Errorf("look at %s: %s: %w", pack.Given, hint, err)
		}
		return u, fmt.Errorf("look at %s: %w", pack.Given, err)
	}
	return u.withPackage(pack.WithHash(dry.CodeSHA256)), nil
}

// fits refuses a package that cannot run as the function is configured, and warns of
// what may keep it from running.
func (t target) fits(u Upload, latest awsapi.Configuration) (Upload, error) {
	u, pack := u.comparedWith(latest), u.Package
	f := artifact.Function{
		Architectures: latest.Architectures, PackageType: latest.PackageType, Runtime: latest.Runtime, Handler: latest.Handler,
		Layers: len(latest.Layers) > 0, Environment: latest.Environment, EnvironmentUnknown: latest.EnvironmentError != "",
	}
	if err := pack.Mismatch(f); err != nil {
		return u, fmt.Errorf("upload to %s: %w", t.fn.Name, err)
	}
	for _, doubt := range pack.Doubts(f) {
		t.log.warn("%s", doubt)
	}
	return u, nil
}

func codeOf(p artifact.Package) awsapi.Code {
	return awsapi.Code{Bucket: p.Bucket, Key: p.Key, ObjectVersion: p.ObjectVersion, ImageURI: p.ImageURI}
}
