package release

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
)

// deletion is the verb: it deletes a preview that is no longer needed, and all that
// belongs to it, also where the alias itself is gone already. The caller has made sure
// that it is a preview.
type deletion struct {
	plain

	req Request
}

func newDeletion(req Request) verb { return deletion{req: req} }

func (v deletion) plan(t target) Plan { return Plan{target: t} }

func (v deletion) read(ctx context.Context, p Plan) (Facts, error) {
	t := p.target
	f := p.Facts
	var reads errgroup.Group
	var own belongings
	reads.Go(func() error { return t.edit.Read(ctx) })
	reads.Go(func() (err error) {
		own, err = t.readBelongings(ctx)
		return err
	})
	if err := reads.Wait(); err != nil {
		if awsapi.Is(err, awsapi.NotFound) {
			t.edit.Forget() // the alias was not found because the function was not
		}
		return f, err
	}
	f = f.withBelongings(own)
	if t.edit.Current().Exists() {
		return f, nil
	}
	// One that was just created may not be found yet: a 404 is believed when it is
	// repeated.
	if _, err := t.aws.Lookup(ctx, t.fn, t.alias()); err != nil {
		if awsapi.Is(err, awsapi.NotFound) {
			err = nil
		}
		return f, err
	}
	return f, t.edit.Read(ctx)
}

func (v deletion) prepare(ctx context.Context, p Plan) (Facts, error) { return v.read(ctx, p) }

func (v deletion) heedsLock() bool { return true }

func (v deletion) decide(s alias.State, f Facts, _ time.Time) (Decision, error) {
	own := f.Belongings
	if by, older := olderThan(s, v.req.Run); older {
		// The pull request was opened again before this job came to its turn.
		return Decision{Status: Superseded, Reason: fmt.Sprintf("%s, newer than this %s, has moved it", by, v.req.Run.id())}, nil
	}
	switch {
	case len(own.mappings) > 0:
		return Decision{}, &MappedError{Alias: v.req.Alias, Mappings: own.mappings}
	case s.Exists():
		return Decision{Status: Deleted, Delete: true}, nil
	case own.nothing():
		return Decision{Status: Unchanged}.because("there is no such alias"), nil
	}
	return Decision{Status: Deleted, Delete: true}.because("the alias was gone already, but not all that belonged to it"), nil
}
