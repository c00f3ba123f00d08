package release

import (
	"context"
	"errors"
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

// delete deletes the alias and what belongs to it, if that was decided. A release that
// was still at work may add something until the alias is gone, so all is read again until
// nothing is left.
func (p Plan) delete(ctx context.Context, v verb) Plan {
	if p.End.over() || !p.Decision.Delete {
		return p
	}
	p, gone := p.stripped(ctx, v)
	if p.End.over() {
		return p
	}
	t := p.target
	deleted := End{Kind: EndApplied, Status: Deleted, Reason: p.Decision.Reason}
	if t.edit.Current().Exists() {
		err := t.edit.Delete(ctx)
		switch {
		case errors.Is(err, alias.ErrChanged):
			if p = decided(ctx, v, p); p.Decision.Delete && !p.End.over() {
				return p.delete(ctx, v)
			}
			return p.halfDeleted(gone)
		case err != nil && t.edit.Standing() == alias.Unknown:
			return p.ended(End{Kind: EndUnknown, Reason: t.edit.Whereabouts(), Err: err})
		case err != nil:
			return p.failed(err).halfDeleted(gone)
		}
		t.log.fact("%s: %s", t.alias(), Deleted)
	} else if len(gone) == 0 {
		return p.ended(deleted)
	}
	own, err := t.readBelongings(ctx)
	switch {
	case err != nil:
		t.log.warn("%s is deleted, but whether another run has given it something meanwhile is not known: %v (run this job again to find out)", t.alias(), err)
		return p.ended(deleted)
	case own.nothing():
		return p.ended(deleted)
	}
	again := decided(ctx, v, p.withFacts(p.Facts.withBelongings(own))).delete(ctx, v)
	switch {
	case again.End.Err == nil && again.End.Status == Deleted:
		return again.ended(deleted)
	case again.End.Err == nil, t.edit.Current().Exists(), t.edit.Standing() != alias.Written:
		return again
	}
	if _, half := errors.AsType[*HalfDeletedError](again.End.Err); !half {
		again = again.halfDeleted([]string{t.alias()})
	}
	return again.ended(deleted.then(again.End.Err, t.alias()+" is deleted, but not all that belonged to it"))
}
