// Package event reads what triggered a job, and which run of the workflow it is.
//
// GITHUB_REF is not enough: for a merged pull request it is the base branch, for
// a pull_request_target the base branch whatever the pull request, for a
// workflow_run the default branch whatever ran. So the payload decides, too.
//
//	push, release, schedule, workflow_dispatch,
//	repository_dispatch, merge_group     GITHUB_REF
//	pull_request, closed and merged      its base branch
//	pull_request, pull_request_target    the pull request
//	workflow_run of a push here          its head_branch
//	anything else                        nothing: ErrNoRef
//
// A merge_group runs on a branch of the merge queue, which no rule matches.
//
// The payload of a workflow_run does not distinguish tags from branches: a pushed
// tag is a head_branch there, too, and counts as a branch of that name. A
// workflow that runs after tags sets `ref` to refs/tags/….
//
// A pull_request_target never counts as its base branch, not even when merged:
// it runs with the repository's secrets for any pull request, and a merge
// triggers push and pull_request, too.
package event

import (
	"errors"
	"fmt"

	"lambda-release/internal/rules"
)

// ErrNoRef is returned by Read when the event has no Ref and nothing else is
// wrong: the input `alias` or `ref` is needed.
var ErrNoRef = errors.New("cannot choose an alias")

// Event is what triggered the job, and the job's identity.
type Event struct {
	Name    string    // GITHUB_EVENT_NAME; "" outside GitHub Actions
	Ref     rules.Ref // what triggered the job, as it counts for a release
	Preview rules.Ref // the pull request itself, merged or not; zero if there is none
	RunID   uint64    // GITHUB_RUN_ID: grows with time over all of GitHub; 0 outside GitHub Actions
	Attempt int       // GITHUB_RUN_ATTEMPT, from 1; 0 outside GitHub Actions
	SHA     string    // the commit that is released, "" if unknown
}

// Read reads the event from the environment and from the payload in the file of
// GITHUB_EVENT_PATH. refOverride, the input `ref`, replaces what triggered the
// job (see rules.ParseRef for its forms).
//
// If the event has no ref, the error is ErrNoRef, wrapped with the reason; if the
// ref or the run's identity is not valid, it is another error. The Event is
// filled as far as possible along with any error, so that a job with the input
// `alias` can go on after ErrNoRef.
func Read(getenv func(string) string, refOverride string) (Event, error) {
	e := Event{
		Name: getenv("GITHUB_EVENT_NAME"),
		SHA:  getenv("GITHUB_SHA"),
	}
	errRun := e.readRun(getenv)

	p, errPayload := readPayload(getenv("GITHUB_EVENT_PATH"))
	repository := p.Repository.FullName
	if repository == "" {
		repository = getenv("GITHUB_REPOSITORY")
	}
	errRef := e.readRef(getenv("GITHUB_REF"), p, repository, errPayload)

	if refOverride != "" {
		errRef = e.override(refOverride)
	}
	if errRun != nil && errRef != nil {
		// Not ErrNoRef: a job may go on after that alone.
		return e, errors.Join(errRun, errors.New(errRef.Error()))
	}
	return e, errors.Join(errRun, errRef)
}

// readRef fills Ref, Preview and SHA. errPayload only matters for events whose ref
// is in the payload.
func (e *Event) readRef(githubRef string, p payload, repository string, errPayload error) error {
	switch e.Name {
	case "":
		return e.noRef("this is not a job of GitHub Actions (GITHUB_EVENT_NAME is empty)")
	case "push":
		if p.Deleted {
			// GITHUB_REF is the default branch then.
			return e.noRef("the push deleted its branch or tag")
		}
		return e.readGitHubRef(githubRef)
	case "release", "schedule", "workflow_dispatch", "repository_dispatch", "merge_group":
		return e.readGitHubRef(githubRef)
	case "pull_request", "pull_request_target":
		if errPayload != nil {
			return e.noRef(errPayload.Error())
		}
		return e.readPullRequest(p)
	case "workflow_run":
		if errPayload != nil {
			return e.noRef(errPayload.Error())
		}
		return e.readWorkflowRun(p, repository)
	default:
		return e.noRef(fmt.Sprintf("the event %.60q has no branch, tag or pull request", e.Name))
	}
}

func (e *Event) readGitHubRef(githubRef string) error {
	if githubRef == "" {
		return e.noRef("GITHUB_REF is empty")
	}
	ref, err := rules.ParseRef(githubRef)
	if err != nil {
		return e.noRef(fmt.Sprintf("GITHUB_REF %.200q: %v", githubRef, err))
	}
	e.Ref = ref
	return nil
}

func (e *Event) readPullRequest(p payload) error {
	pr := p.PullRequest
	if pr.Number <= 0 {
		return e.noRef("the payload has no pull_request.number")
	}
	e.Preview = rules.Ref{Kind: rules.PullRequest, Number: pr.Number}
	e.Ref = e.Preview
	if e.Name == "pull_request_target" {
		// GITHUB_SHA is a commit of the base branch.
		e.SHA = ""
		if pr.Head != nil {
			e.SHA = pr.Head.SHA
		}
		return nil
	}
	if p.Action != "closed" || !pr.Merged {
		return nil
	}
	base, err := rules.ParseRef(pr.Base.Ref)
	if err != nil || base.Kind != rules.Branch {
		e.Ref = rules.Ref{}
		return e.noRef(fmt.Sprintf("the pull request was merged into %.200q, which is not the name of a branch", pr.Base.Ref))
	}
	e.Ref = base
	if pr.MergeCommitSHA != "" {
		// GITHUB_SHA is the current commit of the base branch.
		e.SHA = pr.MergeCommitSHA
	}
	return nil
}

func (e *Event) readWorkflowRun(p payload, repository string) error {
	run := p.WorkflowRun
	// GITHUB_SHA is the default branch's.
	e.SHA = run.HeadSHA
	switch {
	case run.Event != "push":
		return e.noRef(fmt.Sprintf("the workflow_run followed the event %.60q; only a push counts", run.Event))
	case !run.HeadRepository.is(repository):
		return e.noRef(fmt.Sprintf("the workflow_run followed a push in %.100q; only this repository counts", run.HeadRepository.FullName))
	}
	ref, err := rules.ParseRef("refs/heads/" + run.HeadBranch)
	if err != nil {
		return e.noRef(fmt.Sprintf("the workflow_run's head_branch %.200q: %v", run.HeadBranch, err))
	}
	e.Ref = ref
	return nil
}

// override replaces what triggered the job, but not the run and its commit.
func (e *Event) override(text string) error {
	e.Ref, e.Preview = rules.Ref{}, rules.Ref{}
	ref, err := rules.ParseRef(text)
	if err != nil {
		return fmt.Errorf("read ref %.200q: %w", text, err)
	}
	e.Ref = ref
	if ref.Kind == rules.PullRequest {
		e.Preview = ref
	}
	return nil
}

func (e *Event) noRef(why string) error {
	alias, ref := "`alias`", "`ref`"
	if e.Name == "" {
		alias, ref = "--alias", "--ref"
	}
	return fmt.Errorf("%w: %s; set %s, or set %s to the branch or tag to release (refs/heads/NAME, refs/tags/NAME)", ErrNoRef, why, alias, ref)
}
