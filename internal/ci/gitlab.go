package ci

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// gitLab is GitLab CI/CD.
//
// CI_COMMIT_BRANCH is absent in a pipeline of a merge request, also in its child
// pipelines. A branch or tag in a pipeline for an external pull request, of a
// repository on GitHub, is that of the pull request.
//
// A retried job is one more job of the same pipeline, and nothing in its environment
// shows that it is a retry: it may as well be a job of this pipeline that waited for its
// turn. So it counts as attempt 1, and is superseded if a newer pipeline has moved the
// alias; promote is the deliberate way.
// https://docs.gitlab.com/ci/variables/predefined_variables/
type gitLab struct {
	job
	section section
}

func (*gitLab) Name() string { return "GitLab CI/CD" }

const gitLabToken = "GITLAB_OIDC_TOKEN"

func (*gitLab) Advice() Advice {
	return adviceFor(gitLabToken, "give the job `id_tokens: {"+gitLabToken+": {aud: sts.amazonaws.com}}`")
}

func (g *gitLab) read() reading {
	var e Event
	e.Name = g.getenv("CI_PIPELINE_SOURCE")
	// The pipelines of an instance are numbered together; the project only tells people
	// which one it was.
	err := e.readRun(g.variable("CI_PIPELINE_ID"), scoped(host(g.getenv("CI_SERVER_URL")), g.getenv("CI_PROJECT_PATH")), variable{})
	e.RunURL = g.getenv("CI_PIPELINE_URL")
	commits := ""
	if project := g.getenv("CI_PROJECT_URL"); project != "" {
		commits = project + "/-/commit/"
	}
	e.readCommit(g.getenv("CI_COMMIT_SHA"), commits)
	pull, source, target := g.variable("CI_MERGE_REQUEST_IID"), g.getenv("CI_MERGE_REQUEST_SOURCE_PROJECT_ID"), g.getenv("CI_MERGE_REQUEST_PROJECT_ID")
	if external := g.variable("CI_EXTERNAL_PULL_REQUEST_IID"); pull.value == "" && external.value != "" {
		pull, source, target = external, g.getenv("CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY"), g.getenv("CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY")
	}
	ref := e.choose(g.variable("CI_COMMIT_TAG"), pull, g.variable("CI_COMMIT_BRANCH"))
	e.Foreign = e.Foreign || e.isPull() && (source == "" || source != target)
	return reading{Event: e, run: err, ref: ref}
}

func (g *gitLab) Token(context.Context, string) (string, error) { return g.onlyToken(gitLabToken) }

func (*gitLab) OnlyToken() string { return gitLabToken }

// Group is a section.
// https://docs.gitlab.com/ci/jobs/job_logs/#custom-collapsible-sections
func (g *gitLab) Group(name string) string {
	g.section.open()
	return fmt.Sprintf("\x1b[0Ksection_start:%d:%s\r\x1b[0K%s\n", time.Now().Unix(), g.section.name(), name)
}

func (g *gitLab) EndGroup() string {
	return fmt.Sprintf("\x1b[0Ksection_end:%d:%s\r\x1b[0K\n", time.Now().Unix(), g.section.name())
}

// section is the group that was opened last, in systems whose groups have names, which
// must be unique in a log.
type section struct {
	first int64 // when the first one was opened
	n     int
}

func (s *section) open() {
	s.first = cmp.Or(s.first, time.Now().UnixNano())
	s.n++
}

func (s *section) name() string { return fmt.Sprintf("lambda_release_%d_%d", s.first, s.n) }
