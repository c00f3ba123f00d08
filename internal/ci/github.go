package ci

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/sethvargo/go-githubactions"

	"lambda-release/internal/rules"
)

// gitHub is GitHub Actions, and Gitea's and Forgejo's, which are made like it.
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
// Only what happened well counts; github_outcome.go has what does not. A reusable
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
type gitHub struct{ job }

func (g gitHub) Name() string {
	switch {
	case g.getenv("FORGEJO_ACTIONS") != "":
		return "Forgejo Actions"
	case g.getenv("GITEA_ACTIONS") != "":
		return "Gitea Actions"
	}
	return "GitHub Actions"
}

func (gitHub) Advice() Advice {
	return Advice{
		NoCredentials: "Set the input `role-to-assume`, or run aws-actions/configure-aws-credentials before this step, and give the job `permissions: id-token: write`; " +
			"a pull request from a fork gets neither secrets nor an OIDC token.",
		Expired: "Obtain them right before this step; a session of aws-actions/configure-aws-credentials lasts an hour unless role-duration-seconds sets another time.",
		NoToken: "Give the job `permissions: id-token: write` (and `contents: read`, since all permissions that are not listed are then none); the caller of a reusable workflow must give it, too. " +
			"A pull request from a fork never gets a token.",
		TokenFailed: "See https://www.githubstatus.com for known incidents.",
	}
}

// read reads the event from the environment, and from the payload in the file of
// GITHUB_EVENT_PATH.
func (g gitHub) read() reading {
	e := &gitHubEvent{}
	e.Name, e.SHA = g.getenv("GITHUB_EVENT_NAME"), g.getenv("GITHUB_SHA")
	server, repository := g.getenv("GITHUB_SERVER_URL"), g.getenv("GITHUB_REPOSITORY")
	p, errPayload := readPayload(g.getenv("GITHUB_EVENT_PATH"))
	if p.Repository.FullName == "" {
		p.Repository.FullName = repository
	}
	e.Foreign = e.isForeign(p, errPayload)
	r := reading{run: e.readRun(g.variable("GITHUB_RUN_ID"), g.scope(), g.variable("GITHUB_RUN_ATTEMPT"))}
	if r.outcome = e.checkOutcome(p, errPayload); r.outcome == nil {
		r.ref = e.readEvent(g.getenv("GITHUB_REF"), p, errPayload)
	}
	if server != "" && repository != "" {
		e.RunURL = fmt.Sprintf("%s/%s/actions/runs/%s", server, repository, g.getenv("GITHUB_RUN_ID"))
		if hex.MatchString(e.SHA) {
			e.CommitURL = fmt.Sprintf("%s/%s/commit/%s", server, repository, e.SHA)
		}
	}
	r.Event = e.Event
	return r
}

// scope is the server. Each Gitea has small numbers of its own, so one that does not
// name itself has no known order.
func (g gitHub) scope() string {
	server := g.getenv("GITHUB_SERVER_URL")
	if server == "" && g.getenv("GITEA_ACTIONS")+g.getenv("FORGEJO_ACTIONS") == "" {
		return "https://github.com"
	}
	return server
}

func (g gitHub) Token(ctx context.Context, audience string) (string, error) {
	token, err := githubactions.New(githubactions.WithGetenv(g.getenv)).GetIDToken(ctx, audience)
	if _, missing := errors.AsType[*githubactions.EnvMissingError](err); missing {
		err = fmt.Errorf("%w: %w", ErrNoToken, err)
	}
	return token, err
}

func (gitHub) LogOnStdout() bool { return true }

// command is what a workflow command is in the log. go-githubactions escapes its parts.
func (g gitHub) command(write func(*githubactions.Action)) string {
	var b strings.Builder
	write(githubactions.New(githubactions.WithWriter(&b), githubactions.WithGetenv(g.getenv)))
	return b.String()
}

func (g gitHub) Group(name string) string {
	return g.command(func(a *githubactions.Action) { a.Group(name) })
}

func (g gitHub) EndGroup() string {
	return g.command(func(a *githubactions.Action) { a.EndGroup() })
}

func (g gitHub) Annotate(p Annotation) (log string, whole bool) {
	return g.command(func(a *githubactions.Action) {
		fields := map[string]string{"title": p.Title}
		if p.File != "" && p.Line > 0 {
			fields["file"], fields["line"], fields["col"] = p.File, strconv.Itoa(p.Line), strconv.Itoa(p.Column)
		}
		titled := a.WithFieldsMap(fields)
		write := titled.Errorf
		switch p.Level {
		case Notice:
			write = titled.Noticef
		case Warning:
			write = titled.Warningf
		case Failure:
		}
		write("%s", p.Text)
	}), true
}

func (g gitHub) Mask(secret string) string {
	return g.command(func(a *githubactions.Action) { a.AddMask(secret) })
}

// gitHubEvent is an event of GitHub.
type gitHubEvent struct{ Event }

// readEvent fills Ref, OrTag, Preview and SHA. errPayload only matters for events
// whose ref is in the payload.
func (e *gitHubEvent) readEvent(githubRef string, p payload, errPayload error) error {
	switch e.Name {
	case "":
		return e.noRef("GITHUB_EVENT_NAME is empty")
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

func (e *gitHubEvent) readGitHubRef(githubRef string) error {
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

func (e *gitHubEvent) readPullRequest(p payload) error {
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
func (e *gitHubEvent) readWorkflowRun(run workflowRun) error {
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

// noRef is ErrNoRef for a job that gives inputs.
func (e *gitHubEvent) noRef(why string) error {
	return fmt.Errorf("%w: %s; set `alias`, or set `ref` to the branch or tag to release (refs/heads/NAME, refs/tags/NAME)", ErrNoRef, why)
}
