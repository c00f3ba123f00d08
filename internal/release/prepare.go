package release

import (
	"context"
	"errors"
	"time"

	"lambda-release/internal/awsapi"
)

// prepare does all that can be done for one function without touching its alias:
// it decides, and proves the version if the alias is going to it.
func prepare(ctx context.Context, v verb, p Plan) Plan {
	if p.End.over() {
		return p
	}
	var stuck *awsapi.StateError
	if v.settles() {
		// What AWS itself moves is no canary, and over soon (fact A12a).
		if err := p.target.edit.AwaitRouting(ctx); err != nil && !errors.As(err, &stuck) {
			return p.failed(err)
		}
	}
	p = decided(ctx, v, p)
	switch {
	case p.End.over():
		return p
	case p.Decision.Stop != "":
		p = p.stopDeployment(ctx, v)
	case p.remakes():
		p = p.remade(ctx, v)
	case stuck != nil && p.Decision.Status == Unchanged: // the alias is there, and its traffic is not
		return p.failed(stuck)
	}
	switch {
	case p.End.over():
		return p
	case p.Decision.Delete || p.Decision.Mark != nil || len(p.Decision.Cut.doomed) > 0:
		return p
	case p.Decision.Change == nil:
		return p.stays()
	case p.Decision.Change.CutsText(), p.shifts() && p.Decision.Change.Shifted(p.target.edit.Current(), 1, time.Now(), p.target.run).CutsText():
		p.target.log.warn("the description of %s is too long beside its history: its end is cut off", p.target.alias())
	}
	if !p.moves() {
		return p
	}
	p, err := p.prove(ctx)
	if err != nil {
		return p.failed(err)
	}
	return p
}

// prove makes sure that a version can serve and passes what it must pass.
func (p Plan) prove(ctx context.Context) (Plan, error) {
	t, v := p.target, p.version()
	if _, err := t.aws.AwaitServing(ctx, t.fn, p.Facts.Config, t.log.waiting("version "+v.String())); err != nil {
		return p, err
	}
	if p.steps() {
		var err error
		if p, err = p.comparing(ctx); err != nil {
			return p, err
		}
		if err := p.checkShiftable(); err != nil {
			return p, err
		}
	}
	if !p.tested() {
		t.log.warnIfInactive(p.Facts.Config)
	}
	return p, p.smokeTest(ctx)
}

// stays ends a function whose alias stays as it is.
func (p Plan) stays() Plan {
	t, d := p.target, p.Decision
	switch {
	case t.alias() == "" || d.Reason != "" && d.Status == Unchanged && !t.edit.Current().Exists():
		t.log.fact("%s", d.Reason)
	case d.Status == Unchanged && d.Reason != "":
		t.log.fact("%s stays at %s: %s", t.alias(), t.edit.Now(), d.Reason)
	case d.Status == Unchanged:
		t.log.fact("%s is at %s already", t.alias(), t.edit.Now())
	default:
		t.log.fact("%s: %s", d.Status, d.Reason)
	}
	if d.Status == Unchanged {
		return p.ended(End{Kind: EndUnchanged, Reason: d.Reason})
	}
	return p.ended(End{Kind: EndNotAttempted, Status: d.Status, Reason: d.Reason})
}
