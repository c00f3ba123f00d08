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
	"lambda-release/internal/rollout"
)

// rollback is the verb: it moves the alias back to where it was
// before, as its own history has it, or to the version given. Every further run
// goes one further back; the same run again changes nothing. Weights, ours or
// others', are cleared: a shift to a newer version that is under way is what is
// rolled back then.
type rollback struct {
	plain

	req Request
}

func newRollback(req Request) verb { return rollback{req: req} }

// plan moves at once, to what has served before.
func (v rollback) plan(t target) Plan { return Plan{target: t, Provisioned: v.req.Provisioned} }

func (v rollback) read(ctx context.Context, p Plan) (Facts, error) {
	t := p.target
	var reads errgroup.Group
	var aliases map[string]alias.State
	var f Facts
	var unnamed error // why the version that is named is not known
	reads.Go(func() (err error) {
		aliases, err = t.edit.ReadAll(ctx)
		return err
	})
	if v.req.names() {
		reads.Go(func() error {
			var version alias.Version
			if version, unnamed = t.named(ctx, v.req, "roll back to"); unnamed == nil {
				f, unnamed = t.readVersion(ctx, version, f.naming(version))
			}
			return nil
		})
	}
	err := reads.Wait()
	f = f.withAliases(aliases)
	switch {
	case err != nil:
		return f, err
	case v.done(t.edit.Current()): // whatever has become of the version since
		return v.readLeft(ctx, t, f)
	case unnamed != nil:
		return f, unnamed
	case f.Missing[f.Named]:
		return f, t.choice(ctx, fmt.Sprintf("roll back to version %s: %s has no such version", f.Named, t.fn.Name))
	case !t.edit.Current().Exists():
		return f, NoAliasError{Input: "alias", Name: t.alias(), Function: t.fn.Name, Aliases: aliasNames(aliases)}
	}
	return f, nil
}

// readLeft reads the version that this run has left already, where join needs to know
// which run it was of.
func (v rollback) readLeft(ctx context.Context, t target, f Facts) (Facts, error) {
	left := t.edit.Current().History.Left
	if len(v.req.Functions) < 2 || v.req.names() || left <= alias.None {
		return f, nil
	}
	config, err := t.aws.Configuration(ctx, t.fn, left.String())
	if err != nil && !awsapi.Is(err, awsapi.NotFound) {
		return f, err
	}
	return f.withLeft(config), nil
}

func (v rollback) deliberate() bool { return true }

// join undoes the newest run among those that have moved the aliases last: only
// what that run has moved goes back. With a version there is nothing to find out.
func (v rollback) join(plans []Plan) []Plan {
	if len(plans) < 2 || v.req.names() || firstFailure(plans) != nil {
		return plans
	}
	newest := plans[0].target.edit.Current().History.Run
	ordered := newest.Known()
	for _, p := range plans[1:] {
		run := p.target.edit.Current().History.Run
		ordered = ordered && run.Known() && run.Scope == newest.Scope
		if run.NewerThan(newest) {
			newest = run
		}
	}
	if !ordered {
		err := unorderedError(plans)
		return skipRest(slices.Concat([]Plan{plans[0].failed(err)}, plans[1:]), cause{Failed, "the runs that moved the aliases last cannot be compared"})
	}
	undone := newest
	if newest == v.req.Run.id() { // a re-run, which may have been killed halfway
		undone = undoneBy(plans, newest)
	}
	return each(plans, func(p Plan) Plan {
		if run := p.target.edit.Current().History.Run; run == newest || run == undone {
			return p
		}
		return p.withDecision(Decision{Status: Unchanged}.because("%s, the newest, did not move it", newest)).stays()
	})
}

// undoneBy is the run that a rollback by run has begun to undo: the one that has
// published a version that it left.
func undoneBy(plans []Plan, run alias.Run) alias.Run {
	for _, p := range plans {
		if id := publishedBy(p.Facts.Left.Description); id != 0 {
			return alias.Run{ID: id, Scope: run.Scope}
		}
	}
	return run
}

// unorderedError says that a rollback of several functions cannot tell which run
// to undo.
func unorderedError(plans []Plan) error {
	var marks []string
	for _, p := range plans {
		run, name := p.target.edit.Current().History.Run, "no run"
		if run.Known() {
			name = run.String()
		}
		marks = append(marks, fmt.Sprintf("%s: %s", p.target.fn.Name, name))
	}
	return &BatchRollbackError{Alias: plans[0].target.alias(), LastRuns: marks}
}

// BatchRollbackError says that the runs that moved the aliases of several
// functions last cannot be compared.
type BatchRollbackError struct {
	Alias    string
	LastRuns []string // `orders: run 4711`, one a function
}

func (e *BatchRollbackError) Error() string {
	return fmt.Sprintf("roll back %s of %d functions: which run moved it last cannot be compared: %s", e.Alias, len(e.LastRuns), strings.Join(e.LastRuns, ", "))
}

// Hint says how to go on.
func (e *BatchRollbackError) Hint() string {
	return "Set `version`, or roll back one function at a time with a single `function-name`."
}

func (v rollback) prepare(ctx context.Context, p Plan) (Facts, error) { return v.read(ctx, p) }

// refresh reads the versions that the alias may go back to, newest move first,
// until one exists.
func (v rollback) refresh(ctx context.Context, t target, f Facts) (Facts, error) {
	s := t.edit.Current().Settled()
	if v.done(s) {
		return f, nil
	}
	f, err := t.readDeployment(ctx, f)
	if err != nil && !awsapi.Is(err, awsapi.NotFound) { // what is gone shifts nothing any more
		return f, err
	}
	candidates, why := v.candidates(s, f)
	if why != "" {
		return f, t.choice(ctx, fmt.Sprintf("roll back %s of %s: %s", t.alias(), t.fn.Name, why))
	}
	for _, version := range candidates {
		if f, err = t.readVersion(ctx, version, f); err != nil {
			return f, err
		}
		if !f.Missing[version] {
			return f.withConfig(f.Versions[version]), t.checkNotFailed(f.Versions[version])
		}
		t.log.warn("version %s, which %s was at before, no longer exists: going further back", version, t.alias())
	}
	return f, t.choice(ctx, fmt.Sprintf("roll back %s of %s: it is at %s, and its history has nothing before that", t.alias(), t.fn.Name, s.Version))
}

// done reports whether this very run has rolled the alias back already.
func (v rollback) done(s alias.State) bool {
	id, h := v.req.Run.id(), s.ActualHistory()
	return len(s.Settled().Weights) == 0 && id.Known() && h.LeftBy == id && h.Run == id && !s.MovedOutside()
}

// candidates are the versions to go back to, best first; or why there are none.
func (v rollback) candidates(s alias.State, f Facts) (versions []alias.Version, why string) {
	switch {
	case f.Named != alias.None:
		return []alias.Version{f.Named}, ""
	case shiftMarked(s), s.Version.Numbered() && s.NewestWeight() > s.Version:
		return []alias.Version{s.Version}, "" // a shift is under way: its start is what was before
	case s.History.Head() == alias.None:
		return nil, "its description holds no history: it was never moved by lambda-release"
	case s.MovedOutside():
		return nil, fmt.Sprintf("it was moved outside lambda-release: it is at %s, and lambda-release had moved it to %s", s.Version, s.History.Head())
	}
	for _, version := range s.ActualHistory().Versions[1:] {
		if version.Numbered() && version != s.Version {
			versions = append(versions, version)
		}
	}
	return versions, ""
}

// targetOf is the first candidate that exists.
func (v rollback) targetOf(s alias.State, f Facts) (alias.Version, bool) {
	candidates, _ := v.candidates(s, f)
	for _, version := range candidates {
		if _, exists := f.Versions[version]; exists {
			return version, true
		}
	}
	return alias.None, false
}

func (v rollback) decide(s alias.State, f Facts, _ time.Time) (Decision, error) {
	if v.done(s) {
		return unchanged(s, v.req).about(s.Version).
			because("this %s has rolled back from %s already", v.req.Run.id(), s.ActualHistory().Left), nil
	}
	to, ok := v.targetOf(s, f)
	if !ok {
		return Decision{}, fmt.Errorf("roll back %s: it is at %s, and no version before that was read", v.req.Alias, s.Position)
	}
	if s.History.Deployment != "" || shiftMarked(s) {
		return v.decideShifted(s, f, to)
	}
	if to == s.Version && len(s.Weights) == 0 {
		return unchanged(s, v.req).about(to), nil
	}
	return v.rolledBack(s, s.ActualHistory(), to), nil
}

// shiftMarked reports whether the history records a shift that begins where the
// alias is: its start is what was before, whether or not it has begun.
func shiftMarked(s alias.State) bool {
	return s.History.ShiftTo != alias.None && s.History.Head() == s.Version
}

// decideShifted is for an alias whose history records a shift. A CodeDeploy
// deployment that runs is stopped first.
func (v rollback) decideShifted(s alias.State, f Facts, to alias.Version) (Decision, error) {
	h := s.History
	if f.Deployment.ID != "" && !rollout.HasEnded(f.Deployment) {
		return Decision{Status: RolledBack, Version: to, Stop: h.Deployment}.because("stopped deployment %s to %s", h.Deployment, h.ShiftTo), nil
	}
	if !shiftMarked(s) { // the deployment has succeeded
		return v.rolledBack(s, s.ActualHistory(), to), nil
	}
	if to == s.Version {
		return Decision{
			Status: RolledBack, Version: to,
			Change: &alias.Change{Version: to, Text: textOf(s, v.req), History: h.RolledBack(to, h.ShiftTo, v.req.Run.id())},
		}.because("left %s, which the traffic was being shifted to", h.ShiftTo), nil
	}
	return v.rolledBack(s, h.ShiftRolledBack(), to), nil
}

// rolledBack is the alias moved back to a version, with a history so far.
func (v rollback) rolledBack(s alias.State, h alias.History, to alias.Version) Decision {
	left := s.Version
	if left.Numbered() {
		left = max(left, s.NewestWeight())
	}
	why := fmt.Sprintf("left %s", left)
	if left == to { // the newest of them stays
		left, why = alias.None, "cleared the weights"
		if s.Version != to {
			why = fmt.Sprintf("left %s", s.Version)
		}
	}
	return Decision{
		Status: RolledBack, Version: to,
		Change: &alias.Change{Version: to, Text: textOf(s, v.req), History: h.RolledBack(to, left, v.req.Run.id())},
	}.because("%s", why)
}

// readVersion adds a version to f, or that it does not exist. One that was read
// is not read again.
func (t target) readVersion(ctx context.Context, v alias.Version, f Facts) (Facts, error) {
	if _, known := f.Versions[v]; known || f.Missing[v] {
		return f, nil
	}
	config, err := t.aws.Lookup(ctx, t.fn, v.String())
	switch {
	case awsapi.Is(err, awsapi.NotFound):
		return f.withoutVersion(v), nil
	case err != nil:
		return f, err
	}
	return f.withVersion(v, config), nil
}

func aliasNames(aliases map[string]alias.State) string {
	return someOf(slices.Sorted(maps.Keys(aliases)))
}
