package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
	"lambda-release/internal/rollout"
)

// errStays ends the move of a batch in which a second decision leaves an alias
// where it is: superseded, held, or locked.
var errStays = errors.New("the alias stays where it is")

// cause is why functions that were good stay, or are restored, where they were.
type cause struct {
	status Status // Failed, Superseded, Held or Locked
	what   string // "orders has failed"
}

// causes are the statuses of functions that keep others from being moved, the most
// serious first.
var causes = []Status{Failed, Superseded, Held, Locked}

// firstFailure is the most serious cause among the functions, or nil. A function
// that a newer run has released since this run moved it is none: the others stay
// where they should be.
func firstFailure(plans []Plan) *cause {
	for _, status := range causes {
		if why := causeOf(plans, status); why != nil {
			return why
		}
	}
	return nil
}

// causeOf is the first function that has ended so and was not moved, or nil.
func causeOf(plans []Plan, status Status) *cause {
	for _, p := range plans {
		if p.End.status() != status || p.End.Kind == EndOvertaken && status == Superseded {
			continue
		}
		what := p.target.fn.Name + " has failed"
		if status != Failed {
			what = fmt.Sprintf("%s is %s", p.target.fn.Name, status)
		}
		return &cause{status, what}
	}
	return nil
}

// skipRest ends those that were ready, but are not moved because of another.
func skipRest(plans []Plan, why cause) []Plan {
	return each(plans, func(p Plan) Plan {
		if p.End.over() {
			return p
		}
		return p.endWithBatch(why)
	})
}

// endWithBatch ends a function that was not moved because of another.
func (p Plan) endWithBatch(why cause) Plan {
	not := "not moved"
	if p.Decision.Delete {
		not = "not deleted"
	}
	return p.ended(End{Kind: EndNotAttempted, Status: why.shared(), Reason: not + ", because " + why.what})
}

// shared is the status of a function that the cause has stopped.
func (c cause) shared() Status {
	if c.status == Failed {
		return Failed
	}
	return Skipped
}

// move moves the aliases of all functions that have not ended. If one cannot be
// moved, those that were are restored.
func (r *Releaser) move(ctx context.Context, v verb, w *rollout.Watcher, plans []Plan) []Plan {
	next := make([]Plan, len(plans))
	copy(next, plans)
	var targets []*rollout.Target
	var moving []int
	for i, p := range plans {
		if p.End.over() {
			continue
		}
		moving = append(moving, i)
		targets = append(targets, p.rolloutTarget(func(ctx context.Context) (rollout.Move, bool, error) {
			again := decideAgain(ctx, v, next[i])
			next[i] = again
			switch {
			case again.End.Err != nil:
				return rollout.Move{}, false, again.End.Err
			case again.Decision.Change == nil && again.Decision.Status != Unchanged:
				return rollout.Move{}, false, errStays
			}
			return again.decidedMove(), again.Decision.Change != nil, nil
		}))
	}
	var failure error
	if len(targets) > 0 {
		r.Progress.Phase("Move alias " + plans[0].target.alias())
		began := time.Now()
		failure = r.shifter(plans[0], w).Shift(ctx, targets)
		took := time.Since(began)
		for n, i := range moving {
			next[i] = next[i].shifted(targets[n], took)
		}
	}
	if failure == nil && firstFailure(next) == nil {
		next = r.postHooks(ctx, next)
	}
	unfit := unhealthy(failure) || slices.ContainsFunc(next, func(p Plan) bool { return unhealthy(p.End.Err) })
	if unfit {
		resume(next)
	}
	undo := 0
	for _, p := range next {
		if p.target.edit.Undoable() {
			undo++
		}
	}
	why := firstFailure(next)
	if why == nil && failure == nil {
		return next
	}
	if why == nil { // it is about them all: the first one has it
		why = &cause{Failed, failure.Error()}
		next[moving[0]] = next[moving[0]].failed(&RolloutError{Alias: next[moving[0]].target.alias(), Version: next[moving[0]].version(), Err: failure})
	}
	if undo > 0 {
		r.Progress.Phase("Restore the aliases")
	}
	if plans[0].CodeDeploy != nil {
		ctx = awsapi.WithoutTimeout(ctx)
	}
	undoCtx, cancel := alias.UndoContext(ctx, undo)
	defer cancel()
	return each(next, func(p Plan) Plan { return p.undone(undoCtx, *why, unfit) })
}

// rolloutTarget is the alias of a plan for a Shifter.
func (p Plan) rolloutTarget(again func(context.Context) (rollout.Move, bool, error)) *rollout.Target {
	t := p.target
	return &rollout.Target{
		Function: t.fn, AWS: t.aws, Alias: t.edit, Move: p.decidedMove(), Run: t.run, Provisioned: p.Provisioned,
		Again: again, Fact: t.log.say, Warn: t.log.warnOf,
	}
}

func (p Plan) decidedMove() rollout.Move {
	if p.Decision.Change == nil {
		return rollout.Move{}
	}
	return rollout.Move{Change: *p.Decision.Change, Reason: p.Decision.Reason}
}

// decideAgain decides about an alias that was changed before this run's first
// write, from what it is now. What a person decided is not decided anew on what
// others have left.
func decideAgain(ctx context.Context, v verb, p Plan) Plan {
	was, now := p.Decision.on, p.target.edit.Current()
	switch to := p.Decision.Change.Version; {
	case !v.deliberate() || p.lockedOut(v) || now.SameApartFromLock(was):
		return decided(ctx, v, p)
	case now.Version == to && len(now.Settled().Weights) == 0:
		return p.withDecision(Decision{Status: Unchanged, Version: to}.because("%s has moved it there meanwhile", p.target.edit.ChangedBy()))
	}
	return p.failed(&OutrunError{Alias: p.target.alias(), Function: p.target.fn.Name, Was: was.Position.Was(), Now: now.Position.MovedBy(p.target.edit.ChangedBy())})
}

// OutrunError says that others have changed an alias after a promotion or a
// rollback of it was decided, and before it was written.
type OutrunError struct {
	Function, Alias string
	Was             string // `was at 1`
	Now             string // `run 4720 has moved it to 2`
}

func (e *OutrunError) Error() string {
	return fmt.Sprintf("move %s of %s: it %s when this was decided, and %s meanwhile", e.Alias, e.Function, e.Was, e.Now)
}

// Hint says how to go on.
func (e *OutrunError) Hint() string {
	return "Look at where the alias is now. If the move is still wanted from there, start it again."
}

// shifted is the plan after its target was shifted, which took some time.
func (p Plan) shifted(t *rollout.Target, took time.Duration) Plan {
	p = p.withDeployment(t.Deployment()).withShift(p.shiftOf(t, took))
	switch {
	case errors.Is(t.Err(), errStays):
		return p.stays()
	case t.Err() != nil:
		return p.failed(t.Err())
	case t.Dropped():
		return p.stays()
	case t.Overtaken():
		return p.overtaken()
	case t.Started():
		return p.ended(End{Kind: EndStarted, Reason: "deployment " + t.Deployment() + " goes on"})
	case p.Decision.Status == Unchanged:
		return p.ended(End{Kind: EndUnchanged, Reason: p.Decision.Reason})
	}
	return p.ended(End{Kind: EndApplied, Status: p.Decision.Status, Reason: t.Move.Reason})
}

// shiftOf is what is reported of the shift of a target, nil if it was none.
func (p Plan) shiftOf(t *rollout.Target, took time.Duration) *Shift {
	got := t.Progress()
	switch {
	case t.Deployment() != "":
		return &Shift{Strategy: "CodeDeploy with " + orOwn(p.CodeDeploy.Config), Took: took}
	case len(got.Shares) == 0 && got.Baked == 0:
		return nil
	}
	strategy := rollout.Strategy{}
	if len(got.Shares) > 0 { // an alias that was created has none
		strategy = p.Rollout.Strategy
	}
	return &Shift{
		Strategy: strategy.String(), Shares: got.Shares, Took: got.Took,
		Baked: got.Baked, Analysis: got.Analysis, GivenUp: got.GivenUp,
	}
}

// overtaken ends a function whose alias others have changed after this run had
// moved it. That is fine if a newer run has released or promoted another version.
func (p Plan) overtaken() Plan {
	t, s := p.target, p.target.edit.Current()
	h, by := s.History, s.History.Run
	to := s.Version
	if h.ShiftTo != alias.None {
		to = h.ShiftTo
	}
	newer := by.NewerThan(t.run) || !by.Known() && !t.run.Known() && to > p.version()
	rolledBack := h.Left != alias.None && h.LeftBy == by
	byUs := h.Head() == s.Version && (len(s.Settled().Weights) == 0 || h.ShiftTo != alias.None)
	if newer && byUs && !rolledBack && to != p.version() {
		return p.ended(End{Kind: EndOvertaken, Status: Superseded, Reason: fmt.Sprintf("%s has moved %s since: it is at %s", t.edit.LostTo(), t.alias(), s.Position)})
	}
	return p.ended(End{
		Kind: EndOvertaken, Status: Failed, Reason: p.lostWhere(),
		Err: fmt.Errorf("move %s of %s to %s: it was there, and is no longer: %s", t.alias(), t.fn.Name, p.version(), p.lostWhere()),
	})
}

// lostWhere is where an alias is that others have changed.
func (p Plan) lostWhere() string {
	edit := p.target.edit
	switch {
	case edit.Standing() == alias.LostToOther:
		return edit.Whereabouts()
	case !edit.Current().Exists():
		return fmt.Sprintf("%s was deleted by %s", edit.Name(), edit.LostTo())
	}
	return fmt.Sprintf("%s is at %s, where %s moved it", edit.Name(), edit.Now(), edit.LostTo())
}

// undone is the plan after the move of the batch has failed: its alias is
// restored if this run has moved it. unfit says that a version was found unfit.
func (p Plan) undone(ctx context.Context, why cause, unfit bool) Plan {
	t := p.target
	if !t.edit.Undoable() {
		return p.afterFailure(why)
	}
	left := alias.None
	if unfit {
		left = p.version()
	}
	standing, err := t.edit.Undo(ctx, left)
	if standing == alias.Restored {
		what := "deleted again"
		if now := t.edit.Now(); now.Version != alias.None {
			what = "restored to " + now.String()
		}
		t.log.fact("%s: %s", t.alias(), what)
		kind := EndRestored
		if p.CodeDeploy != nil && p.Deployment == "" && p.moves() { // only its mark was written
			kind = EndNotAttempted
		}
		e := End{Kind: kind, Status: why.shared(), Reason: what + ", because " + why.what, Err: p.End.Err}
		if left != alias.None && e.Err != nil && t.edit.Current().Exists() { // a deleted alias holds nothing
			return p.ended(e.advising(rollout.HeldHint(left)))
		}
		return p.ended(e)
	}
	advice := t.edit.Repair()
	if lost, ok := errors.AsType[*alias.LostError](err); ok && p.End.Err != nil { // otherwise it is the error that advises
		advice = lost.Hint()
	}
	err = fmt.Errorf("restore %s of %s, because %s: %w", t.alias(), t.fn.Name, why.what, err)
	return p.ended(p.notRestored(errors.Join(p.End.Err, err)).advising(advice))
}

// afterFailure ends a function for which there is nothing to undo.
func (p Plan) afterFailure(why cause) Plan {
	switch standing := p.target.edit.Standing(); {
	case p.End.Kind == EndOvertaken:
		return p
	case standing != alias.Untouched && p.End.Err != nil:
		return p.ended(p.notRestored(p.End.Err))
	case slices.Contains(causes, p.End.status()), p.End.Kind == EndUnchanged:
		return p
	}
	return p.endWithBatch(why)
}

// unhealthy reports whether a version was found unfit: the history then says
// that it was left, and no release brings it back by itself.
func unhealthy(err error) bool {
	_, health := errors.AsType[*rollout.UnhealthyError](err)
	_, deployment := errors.AsType[*rollout.DeploymentError](err)
	_, test := errors.AsType[*TestError](err)
	return health || deployment || test
}

// RolloutError is what ended the rollout of all functions.
type RolloutError struct {
	Alias   string
	Version alias.Version
	Err     error
}

func (e *RolloutError) Error() string { return fmt.Sprintf("roll out to %s: %v", e.Alias, e.Err) }

func (e *RolloutError) Unwrap() error { return e.Err }

// Hint says how to go on.
func (e *RolloutError) Hint() string {
	return hint(e.Err)
}
