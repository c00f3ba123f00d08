package release

import (
	"context"
	"fmt"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
)

// deletion is the verb: it deletes a preview that is no longer
// needed. An alias that is not there is deleted already. The caller has made
// sure that it is a preview.
type deletion struct {
	plain

	req Request
}

func newDeletion(req Request) verb { return deletion{req: req} }

func (v deletion) plan(t target) Plan { return Plan{target: t} }

func (v deletion) read(ctx context.Context, p Plan) (Facts, error) {
	t := p.target
	if err := t.edit.Read(ctx); err != nil || t.edit.Current().Exists() {
		return p.Facts, err
	}
	// One that was just created may not be found yet: a 404 is believed when it is
	// repeated.
	if _, err := t.aws.Lookup(ctx, t.fn, t.alias()); err != nil {
		if awsapi.Is(err, awsapi.NotFound) {
			err = nil
		}
		return p.Facts, err
	}
	return p.Facts, t.edit.Read(ctx)
}

func (v deletion) prepare(ctx context.Context, p Plan) (Facts, error) { return v.read(ctx, p) }

func (v deletion) heedsLock() bool { return true }

func (v deletion) decide(s alias.State, _ Facts, _ time.Time) (Decision, error) {
	if !s.Exists() {
		return Decision{Status: Unchanged}.because("there is no such alias"), nil
	}
	if by, older := olderThan(s, v.req.Run); older {
		// The pull request was opened again before this job came to its turn.
		return Decision{Status: Superseded, Reason: fmt.Sprintf("%s, newer than this %s, has moved it", by, v.req.Run.id())}, nil
	}
	return Decision{Status: Deleted, Delete: true}, nil
}
