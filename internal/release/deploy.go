package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/traffic"
)

// CodeDeploy names the deployment group that holds the shift instead of this
// process.
type CodeDeploy struct {
	Application, Group string
	Config             string // a deployment configuration's name; "" = the group's own
	Wait               bool   // follow the deployment to its end
}

// maxDeployment is when a deployment's mark no longer speaks for one that is
// under way. CodeDeploy ends them earlier; and where no weights are left, the
// mark is not asked.
const maxDeployment = 24 * time.Hour

// deploy lets CodeDeploy move the alias of the one function. The mark is
// written before, since CodeDeploy cannot, and set right after.
func (r *Releaser) deploy(ctx context.Context, req Request, j *job) *cause {
	if !j.seen.exists() {
		j.fact("%s does not exist yet: there is nothing to shift from, it is created at once", j.out.Alias)
		if err := j.move(ctx); err != nil {
			j.fail(err)
		}
		return j.because()
	}
	until := wholeMinute(time.Now().Add(maxDeployment))
	d, err := j.swap(ctx, func(d decision) awsapi.Alias {
		if d.status == Unchanged {
			return *d.want
		}
		mark := j.seen.marked()
		mark.ShiftTo, mark.Until, mark.Run = j.out.Version, until, j.run
		return awsapi.Alias{
			Name: j.out.Alias, Version: j.seen.Version.String(), Revision: j.seen.revision, Description: Describe(j.seen.text, mark),
		}
	})
	switch {
	case err != nil:
		j.fail(err)
		return j.because()
	case d.want == nil || d.status == Unchanged:
		j.end(d)
		return nil
	}
	id, err := traffic.Create(ctx, r.AWS, traffic.Deployment{
		Application: req.CodeDeploy.Application, Group: req.CodeDeploy.Group, Config: req.CodeDeploy.Config,
		Function: j.fn.Name, Alias: j.out.Alias, Current: j.seen.Version.String(), Target: j.out.Version.String(),
		Description: fmt.Sprintf("lambda-release run %d", j.run),
	})
	if _, unsure := errors.AsType[*traffic.UnsureError](err); unsure {
		j.fail(err)
		j.lost("a deployment may be moving it")
		return nil
	}
	if err != nil {
		j.fail(err)
		return j.because()
	}
	j.out.Deployment = id
	j.fact("CodeDeploy deployment %s: %s", id, traffic.ConsoleURL(r.AWS.Region, id))
	if !req.CodeDeploy.Wait {
		j.out.Status, j.out.Reason = Started, "deployment "+id+" goes on"
		return nil
	}
	ended, err := traffic.Follow(ctx, r.AWS, id, func(text string) { j.fact("%s", text) })
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return j.stopDeployment(ctx, id, err)
	case err != nil:
		j.fail(fmt.Errorf("follow deployment %s: %w", id, err))
		j.lost("deployment " + id + " goes on without being followed: see " + traffic.ConsoleURL(r.AWS.Region, id))
		return nil
	}
	return j.deployed(ctx, d, ended)
}

// deployed checks where a deployment that has ended has left the alias, and
// sets the mark right.
func (j *job) deployed(ctx context.Context, d decision, ended traffic.Ended) *cause {
	err := j.readAlias(ctx)
	at := j.out.Version
	if !ended.Succeeded() {
		at = j.prior.Version
		j.fail(fmt.Errorf("deployment %s of %s to %s ended %s: %s", ended.ID, j.out.Alias, j.out.Version, ended.Status, orNone(ended.Why())))
	}
	switch {
	case err != nil:
		j.fail(errors.Join(j.out.Err, err))
		j.lost("it could not be read where deployment " + ended.ID + " has left it")
		return nil
	case j.seen.Version != at || len(j.seen.Weights) > 0:
		j.fail(errors.Join(j.out.Err, fmt.Errorf("deployment %s ended %s, and %s is at %s, not at %s", ended.ID, ended.Status, j.out.Alias, j.seen.Position, at)))
		j.out.Displaced, j.out.Reason = true, fmt.Sprintf("%s is at %s", j.out.Alias, j.seen.Position)
		return nil
	}
	j.moved = &j.seen
	if !ended.Succeeded() {
		// The alias is back; undo sets its mark right.
		return &cause{status: Failed, what: "the deployment has failed", sick: true, run: j.run}
	}
	mark := j.prior.marked().Moved(j.out.Version, j.run)
	after, err := j.write(ctx, awsapi.Alias{
		Name: j.out.Alias, Version: j.out.Version.String(), Revision: j.seen.revision, Description: Describe(j.prior.text, mark),
	})
	if err != nil {
		j.warn("the history in the alias's description could not be brought up to date: %v", err)
	} else {
		j.moved, j.seen = &after, after
	}
	j.out.Status, j.out.Reason = d.status, "by CodeDeploy deployment "+ended.ID
	j.tellMove("")
	return nil
}

// stopDeployment asks CodeDeploy to take everything back when the job is
// cancelled, and sees whether it has done so in the time that is left.
func (j *job) stopDeployment(ctx context.Context, id string, why error) *cause {
	undo, cancel := undoContext(ctx, 1)
	defer cancel()
	j.r.Progress.Phase("Stop the deployment")
	j.fail(why)
	stopped, err := traffic.Stop(undo, j.r.AWS, id)
	if err != nil {
		j.lost(fmt.Sprintf("deployment %s goes on, since stopping it failed: %v", id, err))
		return nil
	}
	j.fact("deployment %s was asked to stop and roll back", id)
	rollback := stopped.RollbackID
	if rollback != "" {
		_, err = traffic.Follow(undo, j.r.AWS, rollback, func(text string) { j.fact("%s", text) })
	}
	if err == nil && j.readAlias(undo) == nil && j.seen.Version == j.prior.Version && len(j.seen.Weights) == 0 {
		j.moved = &j.seen
		return &cause{status: Failed, what: "the job was cancelled", run: j.run}
	}
	j.lost(fmt.Sprintf("deployment %s was asked to stop, and its rollback %s was not seen to end", id, orNone(rollback)))
	return nil
}

// lost notes that the alias may not be as it was.
func (j *job) lost(where string) {
	j.moved = nil
	j.out.Displaced = true
	j.out.After = Position{Unknown: true}
	j.out.Reason = fmt.Sprintf("%s was at %s; %s", j.out.Alias, j.prior.Position, where)
}
