package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/rollout"
)

// spareTime is how much longer than a rollout credentials must last that this run
// cannot renew.
const spareTime = 15 * time.Minute

// watcher checks the rollout before anything is read or published.
func (r *Releaser) watcher(ctx context.Context, plans []Plan) (w *rollout.Watcher, warnings []string, err error) {
	o := plans[0].Rollout
	end := r.AWS.Ending()
	if total := o.Duration(); end.After > 0 && total > end.After-spareTime {
		return nil, nil, fmt.Errorf("the rollout takes %s and the credentials cannot be renewed: %s, or let CodeDeploy run the traffic shift with `codedeploy`",
			rollout.Duration(total), end.Remedy)
	}
	w = rollout.NewWatcher(r.AWS, o.Health, r.say)
	warnings, err = w.Begin(ctx)
	return w, warnings, err
}

func (r *Releaser) say(text string) { r.Progress.Fact("", text) }

// apply carries out what was prepared.
func (r *Releaser) apply(ctx context.Context, v verb, w *rollout.Watcher, plans []Plan) []Plan {
	if why := causeOf(plans, Locked); why != nil { // also where each function would be worked on alone
		plans = skipRest(plans, *why)
	}
	plans = each(plans, func(p Plan) Plan { return p.delete(ctx, v) })
	plans = each(plans, func(p Plan) Plan { return p.mark(ctx, v) })
	plans = r.pruneDecided(ctx, plans)
	if why := firstFailure(plans); why != nil {
		return skipRest(plans, *why)
	}
	plans = r.preHooks(ctx, plans)
	if why := firstFailure(plans); why != nil {
		return skipRest(plans, *why)
	}
	plans = r.move(ctx, v, w, plans)
	if plans[0].CodeDeploy != nil { // which may have used up the job's timeout
		rest, cancel := rollout.AfterDeployment(ctx)
		defer cancel()
		ctx = rest
	}
	moved := time.Now()
	if firstFailure(plans) == nil {
		plans = r.lead(ctx, plans)
	}
	if firstFailure(plans) == nil {
		plans = r.pruneAfter(ctx, plans)
	}
	late := time.Since(moved) > freshTime
	return each(plans, func(p Plan) Plan {
		if late || p.target.edit.Overtaken() {
			return p.confirmed(ctx)
		}
		return p
	})
}

// shifter is what moves the traffic, as the plan says.
func (r *Releaser) shifter(p Plan, w *rollout.Watcher) rollout.Shifter {
	if d := p.CodeDeploy; d != nil {
		return rollout.CodeDeploy{Application: d.Application, Group: d.Group, Config: d.Config, Wait: d.Wait, Phase: r.Progress.Phase}
	}
	allAtOnce := rollout.AllAtOnce{Bake: p.Rollout.Bake, Watcher: w, Log: r.say}
	if p.steps() {
		return rollout.Stepwise{AllAtOnce: allAtOnce, Strategy: p.Rollout.Strategy}
	}
	return allAtOnce
}

// freshTime is how long after the alias was seen it counts as seen last.
const freshTime = 2 * time.Second

// confirmed is the plan of a function whose alias was moved, or was in its place,
// after something else has taken time: the last word about an alias is an
// observation.
func (p Plan) confirmed(ctx context.Context) Plan {
	edit := p.target.edit
	var err error
	switch {
	case (p.End.Kind == EndApplied || p.End.Kind == EndUnchanged) && p.Decision.Mark == nil && edit.Standing() == alias.Written:
		err = edit.Verify(ctx)
	case p.End.Kind == EndUnchanged && edit.Current().Exists() && edit.Standing() == alias.Untouched:
		err = edit.VerifyAt(ctx, p.version())
	}
	_, lost := errors.AsType[*alias.LostError](err)
	switch {
	case err == nil:
		return p
	case lost && p.End.Err == nil:
		return p.overtaken()
	case lost:
		return p.ended(End{Kind: EndOvertaken, Status: Failed, Reason: p.lostWhere(), Err: errors.Join(p.End.Err, err)})
	case edit.Standing() == alias.Untouched:
		return p.ended(End{Kind: EndNotAttempted, Status: Failed, Err: err})
	}
	edit.HandOver(fmt.Sprintf("it was moved to %s, and cannot be read any more", p.version()))
	return p.ended(End{Kind: EndUnknown, Reason: edit.Whereabouts(), Err: errors.Join(p.End.Err, err)})
}
