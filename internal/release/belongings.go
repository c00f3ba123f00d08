package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"lambda-release/internal/awsapi"
)

// belongings are what AWS keeps of an alias beside itself. Most of it outlives the
// alias, and belongs to the next one of that name (fact A21).
type belongings struct {
	url         awsapi.URL // without an Address there is none
	statements  []string   // IDs in its policy
	async       bool
	provisioned bool
	mappings    []awsapi.Mapping // of the alias, which this program does not delete
}

// readBelongings reads all that belongs to the alias, which need not exist.
func (t target) readBelongings(ctx context.Context) (belongings, error) {
	var reads errgroup.Group
	var url awsapi.URL
	var policy awsapi.Policy
	var async []awsapi.AsyncSettings
	var concurrency []awsapi.Concurrency
	var mapped []awsapi.Mapping
	reads.Go(func() (err error) {
		url, err = t.aws.URL(ctx, t.fn, t.alias())
		if awsapi.Is(err, awsapi.NotFound) || awsapi.Is(err, awsapi.Unsupported) {
			return nil
		}
		return err
	})
	reads.Go(func() (err error) {
		policy, err = t.aws.Policy(ctx, t.fn, t.alias())
		return err
	})
	reads.Go(func() (err error) {
		async, err = t.aws.AllAsyncSettings(ctx, t.fn)
		return err
	})
	reads.Go(func() (err error) {
		concurrency, err = t.aws.AllProvisionedConcurrency(ctx, t.fn)
		return err
	})
	reads.Go(func() (err error) {
		mapped, err = t.mappings.read(ctx, t.aws)
		return err
	})
	if err := reads.Wait(); err != nil {
		return belongings{}, err
	}
	_, hasAsync := asyncOf(async, t.alias())
	var ids []string
	for _, p := range policy.Permissions {
		ids = append(ids, p.ID)
	}
	return belongings{
		url, ids, hasAsync,
		slices.ContainsFunc(concurrency, func(c awsapi.Concurrency) bool { return c.Qualifier == t.alias() }),
		slices.DeleteFunc(slices.Clone(mapped), func(m awsapi.Mapping) bool { return !refersTo(m, t.fn, t.alias()) }),
	}, nil
}

// belonging is one thing that belongs to an alias.
type belonging struct {
	what   string
	remove func(context.Context) error
}

// toRemove are what is to be deleted before the alias itself, in that order: first what
// lets callers in.
func (t target) toRemove(b belongings) []belonging {
	var all []belonging
	add := func(what string, remove func(context.Context) error) { all = append(all, belonging{what, remove}) }
	if b.url.Address != "" {
		add("function URL "+b.url.Address, func(ctx context.Context) error { return t.aws.DeleteURL(ctx, t.fn, t.alias()) })
	}
	for _, id := range b.statements {
		add("permission "+id, func(ctx context.Context) error { return t.aws.RemovePermission(ctx, t.fn, t.alias(), id, "") })
	}
	if b.async {
		add("settings for asynchronous invocations", func(ctx context.Context) error { return t.aws.DeleteAsyncSettings(ctx, t.fn, t.alias()) })
	}
	if b.provisioned {
		add("provisioned concurrency", func(ctx context.Context) error { return t.aws.DeleteProvisionedConcurrency(ctx, t.fn, t.alias()) })
	}
	return all
}

// stripped is the plan after what belongs to its alias was deleted, and what was. The alias
// is read before each deletion, its own too: what a newer run has moved since is left to it,
// and so is what was locked. The end is set if the alias is not to be deleted any more.
func (p Plan) stripped(ctx context.Context, v verb) (_ Plan, gone []string) {
	t := p.target
	for _, b := range t.toRemove(p.Facts.Belongings) {
		if p = p.stillDecided(ctx, v); p.End.over() || !p.Decision.Delete {
			return p.halfDeleted(gone), gone
		}
		removed, err := t.remove(ctx, b)
		switch {
		case err != nil:
			return p.failed(err).halfDeleted(gone), gone
		case !removed:
			continue
		}
		gone = append(gone, b.what)
		t.log.fact("%s of %s: deleted", b.what, t.alias())
		t.log.changed(b.what + " deleted")
	}
	if p = p.stillDecided(ctx, v); p.End.over() || !p.Decision.Delete {
		return p.halfDeleted(gone), gone
	}
	return p, gone
}

// remove deletes what belongs to the alias. It reports false if there was nothing any more.
func (t target) remove(ctx context.Context, b belonging) (removed bool, err error) {
	lost := false // the answer to an attempt
	removed = true
	err = t.repeated(ctx, func() error {
		err := b.remove(ctx)
		lost = lost || awsapi.EffectOf(err) > awsapi.Rejected
		if awsapi.Is(err, awsapi.NotFound) {
			removed = lost
			return nil
		}
		return err
	})
	return removed, err
}

// stillDecided is the plan with a new decision if others have changed the alias since.
func (p Plan) stillDecided(ctx context.Context, v verb) Plan {
	edit := p.target.edit
	if err := edit.Read(ctx); err != nil {
		return p.failed(err)
	}
	if edit.Current().Same(p.Decision.on) {
		return p
	}
	return decided(ctx, v, p)
}

// halfDeleted ends a deletion that stops although something is gone already.
func (p Plan) halfDeleted(gone []string) Plan {
	switch {
	case !p.End.over() && len(gone) == 0:
		return p.stays()
	case len(gone) == 0:
		return p
	}
	e := &HalfDeletedError{Function: p.target.fn.Name, Alias: p.target.alias(), Gone: gone, Err: p.End.Err}
	if e.Err == nil {
		e.Err, e.By = errors.New(p.Decision.Reason), p.Decision.Status
	}
	return p.failed(e)
}

// HalfDeletedError says that a deletion has stopped between what belongs to an alias and
// the alias.
type HalfDeletedError struct {
	Function, Alias string
	Gone            []string
	Err             error
	By              Status // Superseded or Locked by another run; "" if Err is a failure
}

func (e *HalfDeletedError) Error() string {
	return fmt.Sprintf("delete %s of %s: %v; deleted already: %s", e.Alias, e.Function, e.Err, strings.Join(e.Gone, ", "))
}

func (e *HalfDeletedError) Unwrap() error { return e.Err }

// Hint says how to go on.
func (e *HalfDeletedError) Hint() string {
	switch e.By {
	case Superseded:
		return "Run the newer job again: it gives the alias what is missing."
	case Locked:
		return "When the alias is unlocked, run this job again: it deletes the rest."
	}
	return strings.TrimSpace(hint(e.Err) + "\nRun this job again: it deletes the rest.")
}

// MappedError says that an alias is not deleted because event sources invoke it.
type MappedError struct {
	Alias    string
	Mappings []awsapi.Mapping
}

func (e *MappedError) Error() string {
	var all []string
	for _, m := range e.Mappings {
		all = append(all, fmt.Sprintf("%s of %s", m.UUID, sourceOf(m)))
	}
	return fmt.Sprintf("delete %s: event source mappings invoke it: %s", e.Alias, strings.Join(all, ", "))
}

// Hint says how to go on.
func (e *MappedError) Hint() string {
	return "Nothing was deleted. Delete each mapping with `aws lambda delete-event-source-mapping --uuid UUID`, or let it invoke another alias, and run this job again."
}

// planStrip says what is deleted beside the alias.
func (p Plan) planStrip(w *words) {
	for _, b := range p.target.toRemove(p.Facts.Belongings) {
		w.add("delete its %s", b.what)
	}
}

// nothing reports whether there is nothing to delete.
func (b belongings) nothing() bool {
	return b.url.Address == "" && len(b.statements) == 0 && !b.async && !b.provisioned
}
