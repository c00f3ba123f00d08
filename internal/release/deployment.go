package release

import (
	"context"
	"fmt"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
	"lambda-release/internal/rollout"
)

// readDeployment adds to f the CodeDeploy deployment that the alias's history
// names, if there is one: only CodeDeploy knows whether it still runs, and how it
// has ended.
func (t target) readDeployment(ctx context.Context, f Facts) (Facts, error) {
	id := t.edit.Current().History.Deployment
	if id == "" {
		return f.withDeployment(awsapi.Deployment{}), nil
	}
	d, err := t.aws.Deployment(ctx, id)
	if err != nil {
		return f, &DeploymentUnknownError{Alias: t.alias(), ID: id, Err: err}
	}
	return f.withDeployment(d), nil
}

// DeploymentUnknownError says that it cannot be read what became of the deployment
// that shifts, or has shifted, the traffic of an alias.
type DeploymentUnknownError struct {
	Alias string
	ID    string
	Err   error
}

func (e *DeploymentUnknownError) Error() string {
	return fmt.Sprintf("the history of %s names CodeDeploy deployment %s, which may be shifting its traffic: %v", e.Alias, e.ID, e.Err)
}

func (e *DeploymentUnknownError) Unwrap() error { return e.Err }

// Hint says how to go on.
func (e *DeploymentUnknownError) Hint() string {
	if awsapi.Is(e.Err, awsapi.NotFound) {
		return "CodeDeploy no longer knows that deployment. `operation: rollback` moves the alias all the same."
	}
	return hint(e.Err)
}

// DeploymentRunningError says that a CodeDeploy deployment is shifting the traffic
// of an alias.
type DeploymentRunningError struct {
	Alias   string
	ID      string
	Status  string
	Version alias.Version // where the traffic goes
	Run     alias.Run     // that started it
}

func (e *DeploymentRunningError) Error() string {
	return fmt.Sprintf("CodeDeploy deployment %s%s is shifting the traffic of %s to %s: it is %s", e.ID, by(e.Run), e.Alias, e.Version, e.Status)
}

// Hint says how to go on.
func (e *DeploymentRunningError) Hint() string {
	return "Wait until it has ended, or stop it: `operation: rollback` does that, and moves the alias back."
}

// resolved is the alias with what became of the deployment that its history names.
// While that runs, only a rollback may go on.
func resolved(name string, s alias.State, f Facts) (alias.State, error) {
	h, d := s.History, f.Deployment
	switch {
	case h.Deployment == "":
		return s, nil
	case !rollout.HasEnded(d):
		return s, &DeploymentRunningError{Alias: name, ID: h.Deployment, Status: d.Status, Version: h.ShiftTo, Run: h.Run}
	case d.Status != awsapi.DeploymentSucceeded && s.Version == h.Head():
		s.History = h.ShiftRolledBack()
	}
	return s, nil
}

// stopDeployment stops the deployment that shifts the alias, waits until CodeDeploy
// has rolled it back, and decides anew on what it has left.
func (p Plan) stopDeployment(ctx context.Context, v verb) Plan {
	t, id := p.target, p.Decision.Stop
	asked, err := rollout.StopAndAwait(ctx, t.aws, id, t.log.say)
	if err == nil {
		err = t.edit.Read(ctx)
	}
	if err != nil {
		err = fmt.Errorf("stop deployment %s: %w", id, err)
		if !asked {
			return p.failed(err)
		}
		return p.ended(End{
			Kind: EndUnknown, Err: err,
			Reason: fmt.Sprintf("deployment %s, which shifts the traffic of %s, was asked to stop and roll back, and was not seen to end", id, t.alias()),
		})
	}
	p = decided(ctx, v, p)
	if p.Decision.Stop != "" && !p.End.over() {
		return p.failed(fmt.Errorf("stop deployment %s: %s is being shifted by deployment %s now", id, t.alias(), p.Decision.Stop))
	}
	return p
}
