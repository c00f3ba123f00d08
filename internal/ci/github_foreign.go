package ci

// isForeign reports whether the job may be about code that this repository has not
// accepted: that of a pull request of another repository, such as a fork, until it is
// merged. What the event does not tell counts as foreign, too.
//
// The payload of an issue_comment, which is sent for pull requests as well, does not
// have their repository.
func (e *gitHubEvent) isForeign(p payload, errPayload error) bool {
	here := p.Repository.FullName
	switch e.Name {
	case "pull_request", "pull_request_target", "pull_request_review", "pull_request_review_comment":
		pr := p.PullRequest
		return errPayload != nil || !e.isMerge(p) && (pr.Head == nil || !pr.Head.Repo.is(here))
	case "workflow_run":
		return errPayload != nil || !p.WorkflowRun.HeadRepository.is(here)
	case "issue_comment":
		return errPayload != nil || p.Issue.PullRequest != nil
	}
	return false
}

// isMerge reports whether a pull request was merged, and the job is about its base
// branch.
func (e *gitHubEvent) isMerge(p payload) bool {
	return e.Name == "pull_request" && p.Action == "closed" && p.PullRequest.Merged
}
