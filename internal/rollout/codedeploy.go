package rollout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
)

// maxDeployment is when a history no longer speaks of a deployment under way.
// CodeDeploy ends them earlier; and where no weights are left, it is not asked.
const maxDeployment = 24 * time.Hour

// CodeDeploy lets AWS CodeDeploy shift the traffic of each target, by a
// deployment in a deployment group.
type CodeDeploy struct {
	Application, Group string
	Config             string            // a deployment configuration's name; "" = the group's own
	Wait               bool              // follow the deployment to its end
	Phase              func(name string) // a new part of the run begins
}

// DeploymentError says that a deployment has not succeeded, and that CodeDeploy
// has rolled it back.
type DeploymentError struct {
	Alias   string
	Version alias.Version
	Ended   Ended
}

func (e *DeploymentError) Error() string {
	why := e.Ended.Why()
	if why == "" {
		why = "CodeDeploy gives no reason"
	}
	return fmt.Sprintf("deployment %s of %s to %s ended %s: %s", e.Ended.ID, e.Alias, e.Version, e.Ended.Status, why)
}

// HeldHint says what becomes of a version that was found unfit.
func HeldHint(v alias.Version) string {
	return fmt.Sprintf("Version %s is held until its code or configuration has changed. If it was not to blame, run `operation: promote` with `version: %s`.", v, v)
}

// Shift implements Shifter.
func (s CodeDeploy) Shift(ctx context.Context, targets []*Target) error {
	each(targets, func(t *Target) error { return s.shift(ctx, t) })
	return firstError(targets)
}

// shift writes the history before the deployment, since CodeDeploy cannot, and
// completes it afterwards.
func (s CodeDeploy) shift(ctx context.Context, t *Target) error {
	if !t.Alias.Current().Exists() {
		t.Fact(fmt.Sprintf(nothingToShiftFrom, t.Alias.Name()))
		if err := t.finish(ctx); err != nil {
			return err
		}
		return t.arrive(ctx)
	}
	until := time.Now().Add(maxDeployment)
	err := t.write(ctx, func(from alias.State, c alias.Change) alias.Change {
		if c.Version == from.Version {
			return c
		}
		return c.Shifted(from, 0, until, t.Run)
	})
	from, to := t.Alias.Current().Version, t.Move.Change.Version
	if err != nil || t.dropped || from == to {
		return err
	}
	id, err := Create(ctx, t.AWS, Deployment{
		Application: s.Application, Group: s.Group, Config: s.Config,
		Function: t.Function.Name, Alias: t.Alias.Name(), Current: from.String(), Target: to.String(),
		Description: "lambda-release " + t.Run.String(),
	})
	if err != nil {
		if _, unsure := errors.AsType[*UnsureError](err); unsure {
			t.Alias.HandOver("a deployment may be moving it")
		}
		return err
	}
	t.deployment = id
	t.Fact(fmt.Sprintf("CodeDeploy deployment %s: %s", id, ConsoleURL(t.AWS.Region, id)))
	history := t.Alias.Current().History
	history.Deployment, history.Until = id, time.Time{}
	if err := t.Alias.Annotate(ctx, history); err != nil {
		return s.abandon(ctx, t, fmt.Errorf("note deployment %s in the description of %s: %w", id, t.Alias.Name(), err))
	}
	if !s.Wait {
		t.started = true
		return nil
	}
	ended, err := followToTheEnd(ctx, t.AWS, id, t.Fact)
	ctx, cancel := AfterDeployment(ctx)
	defer cancel()
	switch {
	case err != nil && errors.Is(ctx.Err(), context.Canceled):
		return s.stop(ctx, t, awsapi.Interrupted("follow deployment "+id, err))
	case err != nil:
		t.Alias.HandOver(fmt.Sprintf("deployment %s goes on without being followed: see %s", id, ConsoleURL(t.AWS.Region, id)))
		if _, typed := errors.AsType[*awsapi.Error](err); !typed {
			return awsapi.Interrupted("follow deployment "+id, err)
		}
		return fmt.Errorf("follow deployment %s: %w", id, err)
	}
	return s.conclude(ctx, t, from, ended)
}

// abandon stops a deployment that other runs could not know of: they would move
// the alias while CodeDeploy moves it, too.
func (s CodeDeploy) abandon(ctx context.Context, t *Target, why error) error {
	if ctx.Err() != nil {
		ctx, cancel := AfterDeployment(ctx)
		defer cancel()
		return s.stop(ctx, t, why)
	}
	s.Phase("Stop the deployment")
	if _, err := StopAndAwait(ctx, t.AWS, t.deployment, t.Fact); err != nil {
		t.Alias.HandOver(fmt.Sprintf("deployment %s, which shifts its traffic, could not be stopped", t.deployment))
		return errors.Join(why, err)
	}
	if t.Alias.Standing() == alias.LostToOther {
		return why
	}
	if err := t.Alias.Adopt(ctx); err != nil {
		return errors.Join(why, err)
	}
	return why
}

// followToTheEnd follows a deployment, and the one that rolls it back, until both
// have ended. Until it is in progress that counts against the job's timeout; its
// own time does not.
func followToTheEnd(ctx context.Context, aws *awsapi.Client, id string, fact func(string)) (Ended, error) {
	ended, err := Follow(ctx, aws, id, fact)
	if err != nil || ended.RollbackID == "" {
		return ended, err
	}
	_, err = Follow(awsapi.WithoutTimeout(ctx), aws, ended.RollbackID, fact)
	return ended, err
}

// completionTime is what may still be done after a deployment, whose own time may
// have used up the job's timeout.
const completionTime = 2 * time.Minute

// AfterDeployment is the context for what is done after a deployment.
func AfterDeployment(ctx context.Context) (context.Context, context.CancelFunc) {
	return awsapi.WithTimeout(awsapi.WithoutTimeout(ctx), completionTime)
}

// StopAndAwait stops a deployment of another run and waits until it, and the
// deployment that rolls it back, have ended. asked reports whether CodeDeploy was
// asked to stop: then the alias may be anywhere between if there is an error.
func StopAndAwait(ctx context.Context, aws *awsapi.Client, id string, fact func(string)) (asked bool, err error) {
	if _, err := Stop(ctx, aws, id); err != nil {
		return awsapi.EffectOf(err) > awsapi.Rejected, err
	}
	fact(fmt.Sprintf("deployment %s was asked to stop and roll back", id))
	_, err = followToTheEnd(ctx, aws, id, fact)
	return true, err
}

// conclude checks where a deployment that has ended has left the alias, and
// completes the history.
func (s CodeDeploy) conclude(ctx context.Context, t *Target, from alias.Version, ended Ended) error {
	var failed error
	at := t.Move.Change.Version
	if !ended.Succeeded() {
		failed = &DeploymentError{Alias: t.Alias.Name(), Version: at, Ended: ended}
		at = from
	}
	if err := t.Alias.Adopt(ctx); err != nil {
		if t.unlessOvertaken(err) == nil {
			return failed
		}
		t.Alias.HandOver("it could not be read where deployment " + ended.ID + " has left it")
		return errors.Join(failed, err)
	}
	if now := t.Alias.Current(); now.Version != at || len(now.Settled().Weights) > 0 {
		t.Alias.Leave()
		return errors.Join(failed, fmt.Errorf("deployment %s ended %s, and %s is at %s, not at %s", ended.ID, ended.Status, t.Alias.Name(), now.Position, at))
	}
	if failed != nil {
		return failed
	}
	t.Move.Reason = "by CodeDeploy deployment " + ended.ID
	if err := t.Alias.Write(ctx, t.Move.Change); err != nil {
		if err := t.unlessOvertaken(err); err == nil {
			return nil
		}
		if t.Alias.Standing() == alias.Unknown && t.Alias.Adopt(ctx) != nil {
			t.Alias.HandOver(fmt.Sprintf("deployment %s has moved it to %s, and it cannot be read any more", ended.ID, at))
			return err
		}
		t.Warn(fmt.Errorf("the history in the alias's description could not be brought up to date: %w", err))
	}
	if err := t.settle(ctx); err != nil || t.overtaken {
		return err
	}
	t.logMove()
	return nil
}

// stop asks CodeDeploy to roll everything back when the job is cancelled, and
// looks whether it has done so in the time that is left.
func (s CodeDeploy) stop(ctx context.Context, t *Target, why error) error {
	undo, cancel := alias.UndoContext(ctx, 1)
	defer cancel()
	s.Phase("Stop the deployment")
	original := t.Alias.Before()
	stopped, err := Stop(undo, t.AWS, t.deployment)
	if err != nil {
		t.Alias.HandOver(fmt.Sprintf("deployment %s goes on, because stopping it failed: %v", t.deployment, err))
		return why
	}
	if stopped.Status == awsapi.DeploymentSucceeded {
		return s.conclude(undo, t, original.Version, Ended{ID: t.deployment, Status: stopped.Status})
	}
	t.Fact(fmt.Sprintf("deployment %s was asked to stop and roll back", t.deployment))
	if stopped.RollbackID != "" {
		_, err = Follow(undo, t.AWS, stopped.RollbackID, t.Fact)
	}
	if err == nil && t.Alias.Adopt(undo) == nil && t.Alias.Now().Equal(alias.Position{Version: original.Version}) {
		return why
	}
	rollback := "is not known"
	if stopped.RollbackID != "" {
		rollback = stopped.RollbackID + " was not seen to end"
	}
	t.Alias.HandOver(fmt.Sprintf("deployment %s was asked to stop, and its rollback %s", t.deployment, rollback))
	return why
}
