package release

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
)

// restoration is the verb rollback: it moves the alias back to where it was
// before, as its own history has it, or to the version given. Every further run
// goes one further back; the same run again changes nothing. Weights, ours or
// others', are cleared: a shift to a newer version that is under way is what is
// rolled back then.
type restoration struct{ req Request }

func newRollback(req Request) verb { return restoration{req} }

// plan moves at once, to what has served before.
func (v restoration) plan(t target) Plan { return Plan{target: t, Provisioned: v.req.Provisioned} }

func (v restoration) read(ctx context.Context, p Plan) (Facts, error) {
	t := p.target
	var reads errgroup.Group
	var aliases map[string]alias.State
	var f Facts
	reads.Go(func() (err error) {
		aliases, err = t.edit.ReadAll(ctx)
		return err
	})
	if v.req.Version != alias.None {
		reads.Go(func() (err error) {
			f, err = t.readVersion(ctx, v.req.Version, f)
			return err
		})
	}
	if err := reads.Wait(); err != nil {
		return f.among(aliases), err
	}
	f = f.among(aliases)
	switch {
	case f.Missing[v.req.Version]:
		return f, t.choice(ctx, fmt.Sprintf("roll back to version %s: %s has no such version", v.req.Version, t.fn.Name))
	case !t.edit.Current().Exists():
		return f, fmt.Errorf("roll back %s of %s: there is no such alias, its aliases are %s", t.alias(), t.fn.Name, aliasNames(aliases))
	}
	f, err := v.refresh(ctx, t, f)
	if err != nil {
		return f, err
	}
	if to, ok := v.targetOf(t.edit.Current(), f); ok {
		f = f.configured(f.Versions[to])
	}
	return f, nil
}

func (v restoration) prepare(ctx context.Context, p Plan) (Facts, error) { return v.read(ctx, p) }

// refresh reads the versions that the alias may go back to, newest move first,
// until one exists.
func (v restoration) refresh(ctx context.Context, t target, f Facts) (Facts, error) {
	s := t.edit.Current()
	if v.done(s) {
		return f, nil
	}
	candidates, why := v.candidates(s)
	if why != "" {
		return f, t.choice(ctx, fmt.Sprintf("roll back %s of %s: %s", t.alias(), t.fn.Name, why))
	}
	for _, version := range candidates {
		var err error
		if f, err = t.readVersion(ctx, version, f); err != nil {
			return f, err
		}
		if !f.Missing[version] {
			return f, t.checkServing(f.Versions[version])
		}
		t.log.warn("version %s, which %s was at before, no longer exists: going further back", version, t.alias())
	}
	return f, t.choice(ctx, fmt.Sprintf("roll back %s of %s: it is at %s, and its history has nothing before that", t.alias(), t.fn.Name, s.Version))
}

// done reports whether this very run has rolled the alias back already.
func (v restoration) done(s alias.State) bool {
	id, h := v.req.Run.ID, s.ActualHistory()
	return len(s.Weights) == 0 && id != 0 && h.LeftBy == id && h.Run == id && !s.MovedOutside()
}

// candidates are the versions to go back to, best first; or why there are none.
func (v restoration) candidates(s alias.State) (versions []alias.Version, why string) {
	switch {
	case v.req.Version != alias.None:
		return []alias.Version{v.req.Version}, ""
	case s.NewestWeight() > s.Version:
		return []alias.Version{s.Version}, "" // a shift is under way: its start is what was before
	case s.History.Head() == alias.None:
		return nil, "its description holds no history: it was never moved by lambda-release"
	case s.MovedOutside():
		return nil, fmt.Sprintf("it was moved outside lambda-release: it is at %s, and lambda-release had moved it to %s", s.Version, s.History.Head())
	}
	for _, version := range s.ActualHistory().Versions[1:] {
		if version != alias.Latest && version != s.Version {
			versions = append(versions, version)
		}
	}
	return versions, ""
}

// targetOf is the first candidate that exists.
func (v restoration) targetOf(s alias.State, f Facts) (alias.Version, bool) {
	candidates, _ := v.candidates(s)
	for _, version := range candidates {
		if _, exists := f.Versions[version]; exists {
			return version, true
		}
	}
	return alias.None, false
}

func (v restoration) decide(s alias.State, f Facts, _ time.Time) (Decision, error) {
	if v.done(s) {
		return unchanged(s, v.req).about(s.Version).
			because("this run, %d, has rolled back from %s already", v.req.Run.ID, s.ActualHistory().Left), nil
	}
	to, ok := v.targetOf(s, f)
	if !ok {
		return Decision{}, fmt.Errorf("roll back %s: it is at %s, and no version before that was read", v.req.Alias, s.Position)
	}
	if to == s.Version && len(s.Weights) == 0 {
		return unchanged(s, v.req).about(to), nil
	}
	left := max(s.Version, s.NewestWeight())
	d := Decision{
		Status: RolledBack, Version: to,
		Change: &alias.Change{Version: to, Text: textOf(s, v.req), History: s.ActualHistory().RolledBack(to, left, v.req.Run.ID)},
	}
	if to == left {
		return d.because("cleared the weights"), nil
	}
	return d.because("left %s", left), nil
}

// readVersion adds a version to f, or that it does not exist. One that was read
// is not read again.
func (t target) readVersion(ctx context.Context, v alias.Version, f Facts) (Facts, error) {
	if _, known := f.Versions[v]; known || f.Missing[v] {
		return f, nil
	}
	config, err := t.aws.Configuration(ctx, t.fn, v.String())
	switch {
	case awsapi.Is(err, awsapi.NotFound):
		return f.without(v), nil
	case err != nil:
		return f, err
	}
	return f.with(v, config), nil
}

func aliasNames(aliases map[string]alias.State) string {
	if len(aliases) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(aliases)), ", ")
}
