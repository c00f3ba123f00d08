package ci

import (
	"fmt"
	"slices"
)

// releasing are the actions of a release event after which its tag has something
// new to release. An `edited` one would publish old code under a newer run.
// https://docs.github.com/en/webhooks/webhook-events-and-payloads#release
var releasing = []string{"published", "released", "prereleased", "created"}

// checkOutcome checks whether what the event reports happened well. It fills the
// SHA of a workflow_run.
func (e *gitHubEvent) checkOutcome(p payload, errPayload error) error {
	switch e.Name {
	case "release", "workflow_run", "deployment_status":
		if errPayload != nil {
			return e.noOutcome(errPayload.Error())
		}
	}
	switch e.Name {
	case "release":
		switch {
		case p.Action == "":
			return e.noOutcome("the payload has no action")
		case !slices.Contains(releasing, p.Action):
			return skip(fmt.Sprintf("the release was %.60s", p.Action))
		}
	case "deployment_status":
		switch state := p.DeploymentStatus.State; state {
		case "success":
		case "":
			return e.noOutcome("the payload has no deployment_status.state")
		default:
			return skip(fmt.Sprintf("the state of the deployment is %.60q; only \"success\" counts", state))
		}
	case "workflow_run":
		// GITHUB_SHA is the default branch's.
		e.SHA = p.WorkflowRun.HeadSHA
		return e.checkWorkflowRun(p.WorkflowRun, p.Repository)
	}
	return nil
}

func (e *gitHubEvent) checkWorkflowRun(run workflowRun, repository repository) error {
	switch {
	case run.Event == "":
		return e.noOutcome("the payload has no workflow_run.event")
	case !run.counts():
		return skip(fmt.Sprintf("the workflow run was triggered by the event %.60q", run.Event))
	case run.HeadRepository.FullName == "":
		return skip("the workflow run was of a repository that no longer exists")
	case !run.HeadRepository.is(repository.FullName):
		return skip(fmt.Sprintf("the workflow run was of the repository %.100q; only this repository counts", run.HeadRepository.FullName))
	case run.Conclusion == "":
		return skip(fmt.Sprintf("the workflow run has not finished: its status is %.60q", run.Status))
	case run.Conclusion != "success":
		return skip(fmt.Sprintf("the conclusion of the workflow run is %.60q; only \"success\" counts", run.Conclusion))
	}
	return nil
}

// counts reports whether what triggered the run was about a branch or tag of its
// own. Not a workflow_run: it runs on the default branch after any pull request.
func (r workflowRun) counts() bool {
	switch r.Event {
	case "schedule", "repository_dispatch", "merge_group", "release":
		return true
	}
	return r.mayBeOfTag()
}

// mayBeOfTag reports whether head_branch may be a tag as well as a branch.
func (r workflowRun) mayBeOfTag() bool {
	switch r.Event {
	case "push", "create", "workflow_dispatch":
		return true
	}
	return false
}

// noOutcome is the error for a payload that does not report what happened, which
// a ref cannot replace.
func (e *gitHubEvent) noOutcome(why string) error {
	return fmt.Errorf("%w: %s; set `alias`", ErrNoRef, why)
}
