package release

import (
	"context"
	"fmt"
	"slices"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
	"lambda-release/internal/gateway"
)

// examined is the plan with what is known of how callers reach the alias: its function
// URL, and the settings to copy. What would be refused after the move is refused
// now, before anything is uploaded or published.
func (p Plan) examined(ctx context.Context) Plan {
	if p.End.over() {
		return p
	}
	t := p.target
	if p.creates() { // it has neither
		if p.CopyFrom != "" && p.CopyFrom != FromFunction {
			return p.failed(NoAliasError{Input: "copy-settings-from", Name: p.CopyFrom, Function: t.fn.Name})
		}
		return p
	}
	if !p.FunctionURL.IsZero() {
		url, err := gateway.ReadURL(ctx, t.aws, t.fn, t.alias(), p.FunctionURL)
		p = p.withURL(url)
		if err != nil {
			return p.failed(err)
		}
	}
	if p.CopyFrom != "" {
		s, err := t.readSettings(ctx, p.CopyFrom)
		if err != nil {
			return p.failed(err)
		}
		p = p.withSettings(s)
	}
	return p
}

// lead leads callers to the alias, when it is where it should be: it gets its settings,
// its function URL and its API Gateway stages. What fails here does not roll the alias
// back: it serves as it should, and only some callers do not reach it yet.
func (r *Releaser) lead(ctx context.Context, plans []Plan) []Plan {
	for _, step := range []func(context.Context, []Plan) []Plan{r.copySettings, r.openURLs, r.bind, r.compareNew} {
		if firstFailure(plans) != nil {
			return plans
		}
		plans = step(ctx, plans)
	}
	return plans
}

// led is the plan after a step of lead, or a part of one. missing is what fails if err
// is set; if AWS does not find something, that may be the alias.
func (p Plan) led(ctx context.Context, changed []string, err error, missing string) Plan {
	p.target.log.changed(changed...)
	if err == nil {
		return p
	}
	if awsapi.Is(err, awsapi.NotFound) {
		if seen := p.confirmed(ctx); seen.End.Err != nil {
			return seen
		}
	}
	return p.ended(p.End.then(err, fmt.Sprintf("%s is at %s, as wanted, and %s", p.target.alias(), p.target.edit.Now(), missing)))
}

// openURLs gives the aliases their function URLs.
func (r *Releaser) openURLs(ctx context.Context, plans []Plan) []Plan {
	if !slices.ContainsFunc(plans, func(p Plan) bool { return !p.FunctionURL.IsZero() }) {
		return plans
	}
	r.Progress.Phase("Function URL of " + plans[0].target.alias())
	return each(plans, func(p Plan) Plan {
		if p.FunctionURL.IsZero() {
			return p
		}
		t := p.target
		url, changed, err := gateway.OpenURL(ctx, t.aws, t.fn, t.alias(), p.FunctionURL, p.URL, t.log.say)
		if len(changed) == 0 && err == nil {
			t.log.fact("%s has the function URL %s already", t.alias(), url.Address)
		}
		return p.withURL(url).led(ctx, changed, err, "its function URL is not ready yet")
	})
}

// bind binds the API Gateway stages of the alias to it. A stage's variable is one for
// all functions behind it, so it is set when all of them have their permission.
func (r *Releaser) bind(ctx context.Context, plans []Plan) []Plan {
	stages, name := stagesOf(plans), plans[0].target.alias()
	if len(stages) == 0 || leftUnbound(plans) {
		return plans
	}
	r.Progress.Phase("Bind API Gateway stages to " + name)
	for _, stage := range stages {
		unbound := fmt.Sprintf("stage %s is not bound to it yet", stage.ARN)
		plans = each(plans, func(p Plan) Plan {
			if !slices.Contains(p.Stages, stage) {
				return p
			}
			changed, err := gateway.Allow(ctx, p.target.aws, p.target.fn.Resolved(p.Facts.ARN), name, stage, p.target.log.say)
			return p.led(ctx, changed, err, unbound)
		})
		if firstFailure(plans) != nil {
			return plans
		}
		first := slices.IndexFunc(plans, func(p Plan) bool { return slices.Contains(p.Stages, stage) })
		p := plans[first]
		changed, err := gateway.Point(ctx, p.target.aws, name, stage, p.StageVariable, p.target.log.say)
		plans[first] = p.led(ctx, changed, err, unbound)
		if err != nil {
			return plans
		}
		if len(changed) == 0 {
			r.Progress.Fact("", fmt.Sprintf("stage %s has %s for its %s already", stage.ARN, name, p.StageVariable))
		}
	}
	return plans
}

// stagesOf are the stages of all plans, each once.
func stagesOf(plans []Plan) []gateway.Stage {
	var all []gateway.Stage
	for _, p := range plans {
		for _, stage := range p.Stages {
			if !slices.Contains(all, stage) {
				all = append(all, stage)
			}
		}
	}
	return all
}

// leftUnbound reports whether an alias with stages was locked after it was moved, as
// far as it was read since: then no stage is bound.
func leftUnbound(plans []Plan) bool {
	for _, p := range plans {
		if lock := p.target.edit.Current().History.Lock; len(p.Stages) > 0 && lock.Holds(time.Now()) {
			p.target.log.warn("no API Gateway stage was bound: %s is %s (when it is unlocked, run this job again)", p.target.alias(), lock)
			return true
		}
	}
	return false
}

// planned says what lead would do. The alias need not exist.
func (p Plan) planned(ctx context.Context) ([]string, error) {
	all, err := p.plannedSettings(ctx)
	if err == nil && !p.FunctionURL.IsZero() {
		var changes []string
		changes, err = gateway.PlanURL(ctx, p.target.aws, p.target.fn, p.target.alias(), p.FunctionURL, p.URL)
		all = append(all, changes...)
	}
	for _, stage := range p.Stages {
		if err != nil {
			return nil, err
		}
		var changes []string
		changes, err = gateway.Plan(ctx, p.target.aws, p.target.fn.Resolved(p.Facts.ARN), p.target.alias(), stage, p.StageVariable)
		all = append(all, changes...)
	}
	return all, err
}

// url is the function URL of the alias, as far as it is known, if there is one.
func (p Plan) url() awsapi.URL {
	if now := p.target.edit.Now(); !now.Unknown && now.Version == alias.None {
		return awsapi.URL{} // a deleted alias of that name has left it
	}
	return p.URL
}
