package ci

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// buildkite is Buildkite. BUILDKITE_BRANCH is the tag's name for a tag, and the source
// of a pull request.
// https://buildkite.com/docs/pipelines/configure/environment-variables
type buildkite struct {
	job
	agent agent
}

func (buildkite) Name() string { return "Buildkite" }

func (buildkite) Advice() Advice {
	const mount = "In a container, mount `buildkite-agent` and pass on BUILDKITE_AGENT_ACCESS_TOKEN and BUILDKITE_JOB_ID (docker plugin: `mount-buildkite-agent: true`)."
	return Advice{
		NoCredentials: "Set --role-to-assume, which uses a token of `buildkite-agent oidc request-token`, or give the job AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. " + mount,
		Expired:       "Obtain them right before this step, or set --role-to-assume.",
		NoToken:       "`buildkite-agent` requests it, and is not on PATH. " + mount,
		TokenFailed:   "See https://www.buildkitestatus.com for known incidents.",
	}
}

func (b buildkite) read() reading {
	var e Event
	e.Name = b.getenv("BUILDKITE_SOURCE")
	scope := scoped(scoped("buildkite.com", b.getenv("BUILDKITE_ORGANIZATION_SLUG")), b.getenv("BUILDKITE_PIPELINE_SLUG"))
	err := e.readRun(b.variable("BUILDKITE_BUILD_NUMBER"), scope, variable{})
	if retries := b.variable("BUILDKITE_RETRY_COUNT"); err == nil && e.RunID != 0 && retries.value != "" {
		n, errRetries := strconv.Atoi(retries.value)
		if errRetries != nil || n < 0 {
			err = fmt.Errorf("%s %.40q is not a number from 0", retries.name, retries.value)
		}
		e.Attempt = max(n, 0) + 1
	}
	e.RunURL = b.getenv("BUILDKITE_BUILD_URL")
	e.readCommit(b.getenv("BUILDKITE_COMMIT"), "")
	ref := e.choose(b.variable("BUILDKITE_TAG"), unlessFalse(b.variable("BUILDKITE_PULL_REQUEST")), b.variable("BUILDKITE_BRANCH"))
	source := b.getenv("BUILDKITE_PULL_REQUEST_REPO")
	e.Foreign = e.Foreign || e.isPull() && (source == "" || repositoryOf(source) != repositoryOf(b.getenv("BUILDKITE_REPO")))
	return reading{Event: e, run: err, ref: ref}
}

// unlessFalse is a variable that is `false` where others would be empty.
func unlessFalse(v variable) variable {
	if v.value == "false" {
		v.value = ""
	}
	return v
}

func (b buildkite) Token(ctx context.Context, audience string) (string, error) {
	token, err := b.agent.run(ctx, "", "oidc", "request-token", "--audience", audience)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: %w", ErrNoToken, err)
	}
	return strings.TrimSpace(token), err
}

// Group is a line that begins a group; the next one ends it.
// https://buildkite.com/docs/pipelines/configure/managing-log-output
func (buildkite) Group(name string) string { return "--- " + name + "\n" }

// Annotate opens the group that was begun last, where a job has failed.
func (buildkite) Annotate(a Annotation) (log string, whole bool) {
	if a.Level == Failure {
		log = "^^^ +++\n"
	}
	return log, false
}

// WriteOutputs writes meta-data of the build, which may not be empty.
// https://buildkite.com/docs/agent/cli/reference/meta-data
func (b buildkite) WriteOutputs(all []Output) (Written, error) {
	ctx, cancel := b.agent.limit()
	defer cancel()
	all, w := shortOnes(all)
	var calls errgroup.Group
	calls.SetLimit(4)
	for _, o := range all {
		if strings.TrimSpace(o.Value) == "" {
			continue
		}
		calls.Go(func() error {
			_, err := b.agent.run(ctx, o.Value, "meta-data", "set", "lambda-release-"+o.Name)
			return err
		})
	}
	err := calls.Wait()
	if errors.Is(err, fs.ErrNotExist) {
		return Written{Notices: []string{"buildkite-agent is not on PATH, so the build gets no meta-data and no annotation from this job. " +
			"In a container, mount it, or write the outputs to a file with --outputs."}}, nil
	}
	return w, err
}

func (b buildkite) WriteSummary(level Level, markdown string) (Written, error) {
	ctx, cancel := b.agent.limit()
	defer cancel()
	style := map[Level]string{Notice: "success", Warning: "warning", Failure: "error"}[level]
	_, err := b.agent.run(ctx, markdown, "annotate", "--append", "--style", style, "--context", "lambda-release-"+b.getenv("BUILDKITE_JOB_ID"))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // WriteOutputs says so
	}
	return Written{}, err
}

// How long the agent may take for outputs, and for the summary: always, and after the
// job has been cancelled. Buildkite kills a cancelled job after 10 seconds.
const (
	agentTime   = 30 * time.Second
	closingTime = 1500 * time.Millisecond
)

// agent is the program buildkite-agent.
type agent struct {
	exec  Exec
	limit func() (context.Context, context.CancelFunc)
}

func (a agent) run(ctx context.Context, stdin string, args ...string) (string, error) {
	if a.exec == nil {
		return "", fmt.Errorf("run buildkite-agent: %w", fs.ErrNotExist)
	}
	out, err := a.exec(ctx, stdin, "buildkite-agent", args...)
	if err != nil {
		err = fmt.Errorf("run buildkite-agent %s: %w", strings.Join(args, " "), err)
	}
	return out, err
}

// closing makes contexts in which a job reports, also after its own has ended.
func closing(job context.Context) func() (context.Context, context.CancelFunc) {
	return func() (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(job), agentTime)
		stop := context.AfterFunc(job, func() { time.AfterFunc(closingTime, cancel) })
		return ctx, func() { stop(); cancel() }
	}
}
