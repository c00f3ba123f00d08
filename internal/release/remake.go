package release

import (
	"context"
	"fmt"
	"time"

	"lambda-release/internal/awsapi"
)

// remakes reports whether PublishVersion gave back an existing version that has
// failed. AWS does so until $LATEST is written (fact V19b), also where the reason
// has passed, so that no later run could release either.
func (p Plan) remakes() bool {
	return p.Publish != nil && !p.Facts.Published && p.Facts.Config.State == "Failed" &&
		p.End.Err == nil && (p.Decision.Status == Released || p.Decision.Status == Unchanged)
}

// remade is the plan with a version that was made anew from what $LATEST holds.
func (p Plan) remade(ctx context.Context, v verb) Plan {
	t, failed := p.target, p.Facts.Config
	t.log.fact("version %s has failed (%s): making a new one", failed.Version, orNone(failed.StateReason))
	f, err := t.remake(ctx, p, remakes)
	if err != nil {
		return p.failed(fmt.Errorf("version %s of %s is Failed (%s), and AWS gives it back until $LATEST is written: %w",
			failed.Version, t.fn.Name, orNone(failed.StateReason), err))
	}
	return decided(ctx, v, p.withFacts(f))
}

const (
	remakes     = 3                // how often a failed version is made anew
	remakePause = 10 * time.Second // what is old is newer then
)

// remake writes $LATEST without changing it, and publishes; so many times if that
// gives the failed version back again.
func (t target) remake(ctx context.Context, p Plan, tries int) (Facts, error) {
	publish, err := t.rewrite(ctx, p)
	if err != nil {
		return Facts{}, err
	}
	f, err := t.makePublished(ctx, publish, *p.Publish)
	if err == nil && !f.Published && f.Config.State == "Failed" && tries > 1 {
		// What counted as the write was an old answer.
		if err := awsapi.Sleep(ctx, remakePause); err != nil {
			return f, err
		}
		return t.remake(ctx, p, tries-1)
	}
	return f, err
}

// rewrite writes $LATEST without changing it, and returns what publishes that.
func (t target) rewrite(ctx context.Context, p Plan) (publishing, error) {
	if p.guard != nil {
		return p.guard.publish, p.guard.touch(ctx, p.Upload)
	}
	latest, err := t.touch(ctx, p.Upload)
	if err != nil {
		return nil, err
	}
	now, err := t.aws.AwaitUpdated(ctx, t.fn, t.log.waiting("the update"))
	if err != nil {
		return nil, err
	}
	if now.CodeSHA256 != latest.CodeSHA256 {
		return nil, fmt.Errorf("publish %s: the code of $LATEST was changed meanwhile, from %.12s… to %.12s…", t.fn.Name, latest.CodeSHA256, now.CodeSHA256)
	}
	return func(ctx context.Context, pub awsapi.Publication) (awsapi.Configuration, error) {
		pub.CodeSHA256 = now.CodeSHA256
		return t.publish(ctx, pub)
	}, nil
}

// touch writes what $LATEST holds already: with u the code, else the description.
// It returns $LATEST as it was before. An update in progress is waited out.
func (t target) touch(ctx context.Context, u *Upload) (awsapi.Configuration, error) {
	var pace awsapi.Backoff
	for {
		latest, err := t.aws.Lookup(ctx, t.fn, "")
		if err != nil {
			return latest, err
		}
		if u != nil {
			_, err = t.uploadAt(ctx, *u, latest.Revision)
		} else {
			_, err = t.aws.TouchLatest(ctx, t.fn, latest.Description, latest.Revision)
		}
		switch {
		case err == nil:
			return latest, nil
		case awsapi.EffectOf(err) > awsapi.Rejected, awsapi.Is(err, awsapi.Stale): // it may have been written, by this call too
			now, lookErr := t.aws.Lookup(ctx, t.fn, "")
			if lookErr != nil || now.Revision == latest.Revision {
				return latest, err
			}
			return latest, nil
		case !awsapi.Is(err, awsapi.Conflict):
			return latest, err
		}
		if err := t.awaitUpdate(ctx); err != nil {
			return latest, err
		}
		if pace.Wait(ctx, 3) != nil {
			return latest, awsapi.GaveUp(ctx, err)
		}
	}
}

// uploadAt uploads code provided that $LATEST is at revision.
func (t target) uploadAt(ctx context.Context, u Upload, revision string) (awsapi.Configuration, error) {
	code, done, err := t.open(ctx, u)
	if err != nil {
		return awsapi.Configuration{}, err
	}
	defer done()
	code.Revision = revision
	return t.aws.UpdateCode(ctx, t.fn, code, false)
}
