package release

import (
	"context"
	"fmt"
	"time"

	"lambda-release/internal/gateway"
)

// bind binds the API Gateway stages of the alias to it, when it is where it
// should be. A stage's variable is one for all functions behind it, so it is set
// when all of them have their permission. What fails here does not roll the
// alias back: it serves as it should, and only the stage does not use it yet.
func (r *Releaser) bind(ctx context.Context, plans []Plan) []Plan {
	stages, name := plans[0].Stages, plans[0].target.alias()
	if len(stages) == 0 || leftUnbound(plans) {
		return plans
	}
	r.Progress.Phase("Bind API Gateway stages to " + name)
	for _, stage := range stages {
		plans = each(plans, func(p Plan) Plan {
			changed, err := gateway.Allow(ctx, p.target.aws, p.target.fn.Resolved(p.Facts.ARN), name, stage, p.target.log.say)
			return p.bound(stage, changed, err)
		})
		if firstFailure(plans) != nil {
			return plans
		}
		changed, err := gateway.Point(ctx, plans[0].target.aws, name, stage, plans[0].StageVariable, plans[0].target.log.say)
		plans[0] = plans[0].bound(stage, changed, err)
		if err != nil {
			return plans
		}
		if len(changed) == 0 {
			r.Progress.Fact("", fmt.Sprintf("stage %s has %s for its %s already", stage.ARN, name, plans[0].StageVariable))
		}
	}
	return plans
}

// leftUnbound reports whether an alias was locked after it was moved, as far as it
// was read since: then no stage is bound.
func leftUnbound(plans []Plan) bool {
	for _, p := range plans {
		if lock := p.target.edit.Current().History.Lock; lock.Holds(time.Now()) {
			p.target.log.warn("no API Gateway stage was bound: %s is %s (when it is unlocked, run this job again)", p.target.alias(), lock)
			return true
		}
	}
	return false
}

// bound is the plan after a stage was bound to its alias, or was not.
func (p Plan) bound(stage gateway.Stage, changed []string, err error) Plan {
	p.target.log.changed(changed...)
	if err == nil {
		return p
	}
	return p.ended(p.End.then(err, fmt.Sprintf("%s is at %s, as wanted, and stage %s is not bound to it yet",
		p.target.alias(), p.target.edit.Now(), stage.ARN)))
}

// bindings are what would be bound, in words. The alias need not exist.
func (p Plan) bindings(ctx context.Context) ([]string, error) {
	var all []string
	for _, stage := range p.Stages {
		changes, err := gateway.Plan(ctx, p.target.aws, p.target.fn.Resolved(p.Facts.ARN), p.target.alias(), stage, p.StageVariable)
		if err != nil {
			return nil, err
		}
		all = append(all, changes...)
	}
	return all, nil
}
