// Package ci reads what triggered a job, and which run of the workflow it is.
//
// GITHUB_REF is not enough: for a merged pull request it is the base branch, for
// a pull_request_target and a workflow_run the default branch, whatever the pull
// request or the run was about. So the payload decides, too.
//
//	push, create, release, schedule,
//	workflow_dispatch, merge_group,
//	repository_dispatch, deployment,
//	deployment_status                    GITHUB_REF
//	pull_request, closed and merged      its base branch
//	pull_request, pull_request_target    the pull request
//	workflow_run                         its head_branch: a branch or a tag
//	anything else                        nothing: ErrNoRef
//
// Only what happened well counts; outcome.go has what does not. A reusable
// workflow has the event of its caller.
//
// A merge_group runs on a branch of the merge queue, which no rule matches.
//
// A pull_request_target never counts as its base branch, not even when merged:
// it runs with the repository's secrets for any pull request, and a merge
// triggers push and pull_request, too.
//
// check_run, check_suite and status are about a commit on any branch or none, but
// run with the default branch as GITHUB_REF, so they do not count.
//
// https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows
package ci

import (
	"cmp"
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
	OrTag   rules.Ref // the tag that Ref may be instead, if GitHub does not report which; else zero
	Preview rules.Ref // the pull request itself, merged or not; zero if there is none
	Foreign bool      // the job is about code of another repository, such as a fork, that is not merged, or may be
	Server  string    // GITHUB_SERVER_URL: runs are ordered within one server
	RunID   uint64    // GITHUB_RUN_ID: grows with time over all of GitHub; 0 outside GitHub Actions
	Attempt int       // GITHUB_RUN_ATTEMPT, from 1; 0 outside GitHub Actions
	SHA     string    // the commit that is released, "" if unknown
}

// Read reads the event from the environment and from the payload in the file of
// GITHUB_EVENT_PATH. refOverride, the input `ref`, replaces the ref of the event
// (see rules.ParseRef for its forms). It does not make an event count that did
// not happen well.
//
// If the event does not count, the error is ErrSkip; if it has no ref, ErrNoRef;
// both wrapped with the reason. If the ref or the run's identity is not valid, it
// is another error. The Event is filled as far as possible along with any error,
// so that a job with the input `alias` can go on after ErrSkip and ErrNoRef.
func Read(getenv func(string) string, refOverride string) (Event, error) {
	e := Event{
		Name: getenv("GITHUB_EVENT_NAME"),
		SHA:  getenv("GITHUB_SHA"),
	}
	errRun := e.readRun(getenv)

	p, errPayload := readPayload(getenv("GITHUB_EVENT_PATH"))
	if p.Repository.FullName == "" {
		p.Repository.FullName = getenv("GITHUB_REPOSITORY")
	}
	e.Foreign = e.isForeign(p, errPayload)
	errOutcome := e.checkOutcome(p, errPayload)
	errRef := errOutcome
	if errOutcome == nil {
		errRef = e.readRef(getenv("GITHUB_REF"), p, errPayload)
	}
	if refOverride != "" {
		errRef = cmp.Or(e.override(refOverride), errOutcome)
	}
	if errRun != nil && errRef != nil {
		// Neither ErrSkip nor ErrNoRef: a job may go on after those alone.
		return e, errors.Join(errRun, errors.New(errRef.Error()))
	}
	return e, errors.Join(errRun, errRef)
}

// readRef fills Ref, OrTag, Preview and SHA. errPayload only matters for events
// whose ref is in the payload.
func (e *Event) readRef(githubRef string, p payload, errPayload error) error {
	switch e.Name {
	case "":
		return e.noRef("this is not a job of GitHub Actions (GITHUB_EVENT_NAME is empty)")
	case "push":
		if p.Deleted {
			// GITHUB_REF is the default branch then.
			return skip("the push deleted its branch or tag")
		}
		return e.readGitHubRef(githubRef)
	case "delete":
		return skip("it deleted a branch or tag")
	case "create", "release", "schedule", "workflow_dispatch", "repository_dispatch", "merge_group", "deployment", "deployment_status":
		return e.readGitHubRef(githubRef)
	case "pull_request", "pull_request_target":
		if errPayload != nil {
			return e.noRef(errPayload.Error())
		}
		return e.readPullRequest(p)
	case "workflow_run":
		return e.readWorkflowRun(p.WorkflowRun)
	default:
		return e.noRef(fmt.Sprintf("the event %.60q does not count as a branch, tag or pull request", e.Name))
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
	if !e.isMerge(p) {
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

// readWorkflowRun reads head_branch, which holds the name of a branch or of a tag.
// Nothing in the payload reports which of the two, so the event that triggered the
// run decides where it can.
// https://github.com/octokit/webhooks/blob/main/payload-schemas/api.github.com/common/workflow-run.schema.json
func (e *Event) readWorkflowRun(run workflowRun) error {
	branch, err := rules.ParseRef("refs/heads/" + run.HeadBranch)
	if err != nil {
		return e.noRef(fmt.Sprintf("the workflow_run's head_branch %.200q: %v", run.HeadBranch, err))
	}
	tag := rules.Ref{Kind: rules.Tag, Name: branch.Name}
	switch {
	case run.Event == "release":
		e.Ref = tag
	case run.mayBeOfTag() && !branch.InMergeQueue():
		e.Ref, e.OrTag = branch, tag
	default:
		e.Ref = branch
	}
	return nil
}

// override replaces the ref, but not the run and its commit.
func (e *Event) override(text string) error {
	e.Ref, e.OrTag, e.Preview = rules.Ref{}, rules.Ref{}, rules.Ref{}
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
