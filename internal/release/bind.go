package release

import (
	"context"
	"fmt"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/gateway"
)

// bindAll binds the API Gateway stages of the alias to it, when it is where it
// was wanted. A stage's variable is one for all functions behind it, so it is
// set when all of them have their permission. What fails here does not take the
// alias back: it serves as it should, and only the stage does not use it yet.
func (r *Releaser) bindAll(ctx context.Context, req Request, jobs []*job) {
	if len(req.Stages) == 0 {
		return
	}
	r.Progress.Phase("Bind API Gateway stages to " + req.Alias)
	for _, stage := range req.Stages {
		each(jobs, func(j *job) {
			changed, err := gateway.Allow(ctx, r.AWS, j.fn.Resolved(j.out.FunctionARN), req.Alias, stage, j.say)
			j.bound(stage, changed, err)
		})
		if blocker(jobs) != nil {
			return
		}
		changed, err := gateway.Point(ctx, r.AWS, req.Alias, stage, req.StageVariable, jobs[0].say)
		jobs[0].bound(stage, changed, err)
		if err != nil {
			return
		}
		if len(changed) == 0 {
			r.Progress.Fact("", fmt.Sprintf("stage %s has %s for its %s already", stage.ARN, req.Alias, req.StageVariable))
		}
	}
}

func (j *job) bound(stage gateway.Stage, changed []string, err error) {
	j.out.Changes = append(j.out.Changes, changed...)
	if err == nil {
		return
	}
	j.out.Displaced = j.moved != nil
	j.out.Reason = fmt.Sprintf("%s is at %s, as wanted, and stage %s is not bound to it yet", j.out.Alias, j.out.After, stage.ARN)
	j.fail(err)
}

func (j *job) say(text string) { j.fact("%s", text) }

// planBinding adds to a plan what would be bound.
func (j *job) planBinding(ctx context.Context, req Request) error {
	for _, stage := range req.Stages {
		changes, err := gateway.Plan(ctx, j.r.AWS, j.fn.Resolved(j.out.FunctionARN), req.Alias, stage, req.StageVariable)
		if err != nil {
			return err
		}
		for _, change := range changes {
			j.plan("%s", change)
		}
	}
	return nil
}

// awaitProvisioned waits for the alias's provisioned concurrency to follow it.
func (j *job) awaitProvisioned(ctx context.Context) error {
	if !j.provisioned {
		return nil
	}
	return j.r.AWS.AwaitProvisioned(ctx, j.fn, j.out.Alias, func(now awsapi.Concurrency, since time.Duration) {
		j.fact("still waiting for the provisioned concurrency (%d of %d ready), since %s", now.Available, now.Requested, since.Round(time.Second))
	})
}
