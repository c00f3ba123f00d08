package release

import (
	"context"
	"fmt"

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
	f, err := t.remake(ctx, p)
	if err != nil {
		return p.failed(fmt.Errorf("version %s of %s is Failed (%s), and AWS gives it back until $LATEST is written: %w",
			failed.Version, t.fn.Name, orNone(failed.StateReason), err))
	}
	return decided(ctx, v, p.withFacts(f))
}

// remake writes $LATEST without changing it, and publishes once.
func (t target) remake(ctx context.Context, p Plan) (Facts, error) {
	latest, err := t.touch(ctx, p.Upload)
	if err != nil {
		return Facts{}, err
	}
	now, err := t.aws.AwaitUpdated(ctx, t.fn, t.log.waiting("the update"))
	if err != nil {
		return Facts{}, err
	}
	if now.CodeSHA256 != latest.CodeSHA256 {
		return Facts{}, fmt.Errorf("publish %s: the code of $LATEST was changed meanwhile, from %.12s… to %.12s…", t.fn.Name, latest.CodeSHA256, now.CodeSHA256)
	}
	return t.makePublished(ctx, awsapi.Publication{Description: p.Publish.Description, CodeSHA256: now.CodeSHA256})
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
			err = t.uploadAgain(ctx, *u, latest.Revision)
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

// uploadAgain uploads code that is there already, provided that $LATEST is at
// revision.
func (t target) uploadAgain(ctx context.Context, u Upload, revision string) error {
	release, err := u.acquire(ctx)
	if err != nil {
		return err
	}
	defer release()
	pack, err := t.load(ctx, u)
	if err != nil {
		return err
	}
	code := codeOf(pack)
	code.Revision = revision
	_, err = t.aws.UpdateCode(ctx, t.fn, code, false)
	return err
}
