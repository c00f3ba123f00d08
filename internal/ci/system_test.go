package ci

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/rules"
)

// detect is the system of a job with these variables, NAME=VALUE each.
func detect(variables ...string) System {
	env := map[string]string{}
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		env[name] = value
	}
	return Detect(context.Background(), getenv(env), nil)
}

func TestDetect(t *testing.T) {
	t.Parallel()
	for variables, want := range map[string]string{
		"":                                       "",
		"CI=true":                                "",
		"GITHUB_ACTIONS=true":                    "GitHub Actions",
		"GITHUB_ACTIONS=true GITEA_ACTIONS=true": "Gitea Actions",
		"GITHUB_ACTIONS=true FORGEJO_ACTIONS=true": "Forgejo Actions",
		"GITLAB_CI=true":                           "GitLab CI/CD",
		"BITBUCKET_BUILD_NUMBER=7":                 "Bitbucket Pipelines",
		"CIRCLECI=true":                            "CircleCI",
		"BUILDKITE=true":                           "Buildkite",
		"CODEBUILD_BUILD_ID=shop:1":                "CodeBuild",
		"TF_BUILD=True":                            "Azure Pipelines",
		"JENKINS_URL=https://j.example.com/":       "Jenkins",
		"BUILD_TAG=jenkins-shop-7":                 "Jenkins",
		"BUILD_TAG=v1":                             "",
		"TRAVIS=true":                              "Travis CI",
		"TRAVIS=true JENKINS_URL=x GITLAB_CI=true": "GitLab CI/CD",
	} {
		if got := detect(strings.Fields(variables)...).Name(); got != want {
			t.Errorf("%s: %q, want %q", variables, got, want)
		}
	}
}

// Each system's own variables: a tag first, then a merge request, then a branch, and
// never the branch that a merge request is to be merged into.
func TestReadSystems(t *testing.T) {
	t.Parallel()
	const (
		gitlab    = "GITLAB_CI=true"
		bitbucket = "BITBUCKET_BUILD_NUMBER=7"
		circle    = "CIRCLECI=true"
		kite      = "BUILDKITE=true"
		build     = "CODEBUILD_BUILD_ID=shop:b1e6661e"
		azure     = "TF_BUILD=True"
		jenkins   = "JENKINS_URL=https://ci.example.com/"
		travis    = "TRAVIS=true"
	)
	for variables, want := range map[string]struct {
		ref, orElse, preview rules.Ref
		foreign              bool
		err                  string // of an ErrNoRef
	}{
		gitlab + " CI_COMMIT_BRANCH=main CI_PIPELINE_SOURCE=parent_pipeline": {ref: branch("main")},
		gitlab + " CI_COMMIT_TAG=v1":                                         {ref: tag("v1")},
		gitlab + " CI_MERGE_REQUEST_IID=7 CI_MERGE_REQUEST_PROJECT_ID=1 CI_MERGE_REQUEST_SOURCE_PROJECT_ID=1 CI_COMMIT_REF_NAME=x CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main": {ref: pull(7), preview: pull(7)},
		gitlab + " CI_MERGE_REQUEST_IID=7 CI_MERGE_REQUEST_PROJECT_ID=1 CI_MERGE_REQUEST_SOURCE_PROJECT_ID=2":                                                               {ref: pull(7), preview: pull(7), foreign: true},
		gitlab + " CI_MERGE_REQUEST_IID=7": {ref: pull(7), preview: pull(7), foreign: true},
		gitlab + " CI_EXTERNAL_PULL_REQUEST_IID=7 CI_COMMIT_BRANCH=main CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY=a/b CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY=a/b": {ref: pull(7), preview: pull(7)},
		gitlab + " CI_EXTERNAL_PULL_REQUEST_IID=7 CI_COMMIT_BRANCH=main CI_EXTERNAL_PULL_REQUEST_SOURCE_REPOSITORY=c/b CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY=a/b": {ref: pull(7), preview: pull(7), foreign: true},
		gitlab + " CI_MERGE_REQUEST_IID=x CI_COMMIT_BRANCH=main": {foreign: true, err: `CI_MERGE_REQUEST_IID "x" is not the number`},
		gitlab: {err: "CI_COMMIT_TAG, CI_MERGE_REQUEST_IID and CI_COMMIT_BRANCH are empty; set --alias"},

		bitbucket + " BITBUCKET_BRANCH=main":                   {ref: branch("main")},
		bitbucket + " BITBUCKET_TAG=v1":                        {ref: tag("v1")},
		bitbucket + " BITBUCKET_PR_ID=7 BITBUCKET_BRANCH=main": {ref: pull(7), preview: pull(7)},
		bitbucket: {err: "BITBUCKET_TAG, BITBUCKET_PR_ID and BITBUCKET_BRANCH are empty"},

		circle + " CIRCLE_BRANCH=main": {ref: branch("main")},
		circle + " CIRCLE_TAG=v1":      {ref: tag("v1")},
		circle + " CIRCLE_BRANCH=x CIRCLE_PULL_REQUEST=https://github.com/a/b/pull/7":      {ref: branch("x"), orElse: pull(7), preview: pull(7)},
		circle + " CIRCLE_BRANCH=pull/7 CIRCLE_PR_NUMBER=7":                                {ref: pull(7), preview: pull(7), foreign: true},
		circle + " CIRCLE_BRANCH=pull/7 CIRCLE_PULL_REQUEST=https://github.com/a/b/pull/7": {ref: pull(7), preview: pull(7), foreign: true},
		circle + " CIRCLE_BRANCH=x CIRCLE_PULL_REQUEST=https://github.com/a/b/pull/":       {ref: branch("x")},
		circle + " CIRCLE_TAG=v1 CIRCLE_PULL_REQUEST=https://github.com/a/b/pull/7":        {ref: tag("v1")},
		circle: {err: "CIRCLE_TAG, CIRCLE_PR_NUMBER and CIRCLE_BRANCH are empty"},

		kite + " BUILDKITE_BRANCH=main BUILDKITE_PULL_REQUEST=false": {ref: branch("main")},
		kite + " BUILDKITE_BRANCH=v1 BUILDKITE_TAG=v1":               {ref: tag("v1")},
		kite + " BUILDKITE_BRANCH=x BUILDKITE_PULL_REQUEST=7 BUILDKITE_REPO=git@github.com:a/b.git BUILDKITE_PULL_REQUEST_REPO=git://github.com/a/b.git":      {ref: pull(7), preview: pull(7)},
		kite + " BUILDKITE_BRANCH=main BUILDKITE_PULL_REQUEST=7 BUILDKITE_REPO=git@github.com:a/b.git BUILDKITE_PULL_REQUEST_REPO=https://github.com/c/b.git": {ref: pull(7), preview: pull(7), foreign: true},
		kite + " BUILDKITE_BRANCH=x BUILDKITE_PULL_REQUEST=7 BUILDKITE_REPO=https://github.com/a/b":                                                           {ref: pull(7), preview: pull(7), foreign: true},

		build + " CODEBUILD_WEBHOOK_EVENT=PUSH CODEBUILD_WEBHOOK_HEAD_REF=refs/heads/main CODEBUILD_WEBHOOK_TRIGGER=branch/main":                                                     {ref: branch("main")},
		build + " CODEBUILD_WEBHOOK_EVENT=PUSH CODEBUILD_WEBHOOK_HEAD_REF=refs/tags/v1 CODEBUILD_WEBHOOK_TRIGGER=tag/v1":                                                             {ref: tag("v1")},
		build + " CODEBUILD_WEBHOOK_TRIGGER=branch/feature/x":                                                                                                                        {ref: branch("feature/x")},
		build + " CODEBUILD_WEBHOOK_TRIGGER=tag/v1":                                                                                                                                  {ref: tag("v1")},
		build + " CODEBUILD_WEBHOOK_EVENT=PULL_REQUEST_CREATED CODEBUILD_WEBHOOK_HEAD_REF=refs/heads/main CODEBUILD_WEBHOOK_TRIGGER=pr/7 CODEBUILD_WEBHOOK_BASE_REF=refs/heads/main": {ref: pull(7), preview: pull(7), foreign: true},
		build + " CODEBUILD_WEBHOOK_EVENT=PULL_REQUEST_CLOSED CODEBUILD_WEBHOOK_HEAD_REF=refs/heads/main CODEBUILD_WEBHOOK_TRIGGER=pr/7":                                             {ref: pull(7), preview: pull(7), foreign: true},
		build + " CODEBUILD_WEBHOOK_EVENT=PULL_REQUEST_MERGED CODEBUILD_WEBHOOK_HEAD_REF=refs/heads/x CODEBUILD_WEBHOOK_TRIGGER=pr/7 CODEBUILD_WEBHOOK_BASE_REF=refs/heads/main":     {ref: branch("main"), preview: pull(7)},
		build + " CODEBUILD_WEBHOOK_EVENT=PULL_REQUEST_UPDATED CODEBUILD_WEBHOOK_HEAD_REF=refs/heads/main":                                                                           {foreign: true, err: "CODEBUILD_WEBHOOK_TRIGGER \"\" is not the number"},
		build + " CODEBUILD_SOURCE_VERSION=refs/heads/main^{4a5b6c7d}":                                                                                                               {ref: branch("main")},
		build + " CODEBUILD_SOURCE_VERSION=pr/7":                                                                                                                                     {ref: pull(7), preview: pull(7), foreign: true},
		build + " CODEBUILD_SOURCE_VERSION=4a5b6c7d":                                                                                                                                 {err: `CODEBUILD_SOURCE_VERSION "4a5b6c7d" does not begin with refs/heads/`},
		build: {err: "CODEBUILD_SOURCE_VERSION are empty"},

		azure + " BUILD_SOURCEBRANCH=refs/heads/main": {ref: branch("main")},
		azure + " BUILD_SOURCEBRANCH=refs/tags/v1":    {ref: tag("v1")},
		azure + " BUILD_SOURCEBRANCH=refs/pull/7/merge SYSTEM_PULLREQUEST_PULLREQUESTNUMBER=7 SYSTEM_PULLREQUEST_PULLREQUESTID=99123 SYSTEM_PULLREQUEST_ISFORK=False": {ref: pull(7), preview: pull(7)},
		azure + " BUILD_SOURCEBRANCH=refs/pull/7/merge SYSTEM_PULLREQUEST_ISFORK=True":                                                                                {ref: pull(7), preview: pull(7), foreign: true},
		azure + " BUILD_SOURCEBRANCH=refs/pull/7/merge":                                                                                                               {ref: pull(7), preview: pull(7), foreign: true},
		azure + " BUILD_SOURCEBRANCH=refs/heads/main SYSTEM_PULLREQUEST_PULLREQUESTID=7 SYSTEM_PULLREQUEST_ISFORK=false":                                              {ref: pull(7), preview: pull(7)},
		azure + " BUILD_SOURCEBRANCH=refs/heads/main BUILD_REASON=PullRequest":                                                                                        {foreign: true, err: "is not the number of a merge request"},
		azure: {err: "BUILD_SOURCEBRANCH is empty"},

		jenkins + " BRANCH_NAME=main":                             {ref: branch("main")},
		jenkins + " BRANCH_NAME=v1 TAG_NAME=v1":                   {ref: tag("v1")},
		jenkins + " BRANCH_NAME=PR-7 CHANGE_ID=7":                 {ref: pull(7), preview: pull(7)},
		jenkins + " BRANCH_NAME=PR-7 CHANGE_ID=7 CHANGE_FORK=bob": {ref: pull(7), preview: pull(7), foreign: true},
		jenkins + " GIT_BRANCH=origin/main":                       {ref: branch("main")},
		jenkins + " GIT_BRANCH=refs/remotes/origin/main":          {ref: branch("main")},
		jenkins + " GIT_BRANCH=feature/x":                         {ref: branch("feature/x")},
		jenkins + " GIT_BRANCH=origin/feature/x":                  {ref: branch("feature/x")},
		jenkins + " GIT_BRANCH=refs/tags/v1":                      {ref: tag("v1")},
		jenkins + " GIT_BRANCH=tags/v1":                           {ref: tag("v1")},
		jenkins + " GIT_BRANCH=detached":                          {err: "GIT_BRANCH is detached"},
		jenkins:                                                   {err: "TAG_NAME, CHANGE_ID and GIT_BRANCH are empty"},

		travis + " TRAVIS_BRANCH=main TRAVIS_PULL_REQUEST=false":                                               {ref: branch("main")},
		travis + " TRAVIS_BRANCH=v1 TRAVIS_TAG=v1 TRAVIS_PULL_REQUEST=false":                                   {ref: tag("v1")},
		travis + " TRAVIS_BRANCH=main TRAVIS_PULL_REQUEST=7 TRAVIS_PULL_REQUEST_SLUG=a/b TRAVIS_REPO_SLUG=a/b": {ref: pull(7), preview: pull(7)},
		travis + " TRAVIS_BRANCH=main TRAVIS_PULL_REQUEST=7 TRAVIS_PULL_REQUEST_SLUG=c/b TRAVIS_REPO_SLUG=a/b": {ref: pull(7), preview: pull(7), foreign: true},
		travis + " TRAVIS_BRANCH=main TRAVIS_PULL_REQUEST=7":                                                   {ref: pull(7), preview: pull(7), foreign: true},
		"CI=true": {err: "this is not a job of a CI system that lambda-release knows; set --alias, or set --ref"},
	} {
		got, err := Read(detect(strings.Fields(variables)...), "")
		if got.Ref != want.ref || got.OrElse != want.orElse || got.Preview != want.preview || got.Foreign != want.foreign {
			t.Errorf("%s:\n%+v", variables, got)
		}
		if want.err == "" && err != nil || want.err != "" && (!errors.Is(err, ErrNoRef) || !strings.Contains(err.Error(), want.err)) {
			t.Errorf("%s: error %v, want %q", variables, err, want.err)
		}
		if overridden, err := Read(detect(strings.Fields(variables)...), "refs/tags/v9"); err != nil || overridden.Ref != tag("v9") || overridden.OrElse != (rules.Ref{}) || overridden.Preview != (rules.Ref{}) {
			t.Errorf("%s, with a ref: %+v, %v", variables, overridden, err)
		}
	}
}

// The number of a run counts only together with what it is counted in.
func TestReadRuns(t *testing.T) {
	t.Parallel()
	const sha = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"
	for variables, want := range map[string]Event{
		"GITHUB_ACTIONS=true GITHUB_RUN_ID=55 GITEA_ACTIONS=true GITHUB_SERVER_URL=https://git.example.com": {RunID: 55, Scope: "https://git.example.com", Attempt: 1},
		"GITHUB_ACTIONS=true GITHUB_RUN_ID=55 GITEA_ACTIONS=true":                                           {},
		"GITLAB_CI=true CI_PIPELINE_ID=991 CI_SERVER_URL=https://gitlab.example.com CI_PROJECT_PATH=shop/items CI_JOB_ID=77 CI_PIPELINE_URL=https://gitlab.example.com/shop/items/-/pipelines/991 CI_PROJECT_URL=https://gitlab.example.com/shop/items CI_COMMIT_SHA=" + sha: {
			RunID: 991, Scope: "gitlab.example.com/shop/items", Attempt: 1, RunURL: "https://gitlab.example.com/shop/items/-/pipelines/991",
			SHA: sha, CommitURL: "https://gitlab.example.com/shop/items/-/commit/" + sha,
		},
		"GITLAB_CI=true CI_PIPELINE_ID=991": {},
		"BITBUCKET_BUILD_NUMBER=7 BITBUCKET_REPO_FULL_NAME=a/b BITBUCKET_STEP_RUN_NUMBER=2 BITBUCKET_COMMIT=" + sha: {
			RunID: 7, Scope: "bitbucket.org/a/b", Attempt: 2, RunURL: "https://bitbucket.org/a/b/pipelines/results/7", SHA: sha, CommitURL: "https://bitbucket.org/a/b/commits/" + sha,
		},
		"CIRCLECI=true CIRCLE_BUILD_NUM=7 CIRCLE_PROJECT_USERNAME=a CIRCLE_PROJECT_REPONAME=b":                                                          {},
		"CIRCLECI=true CIRCLE_PIPELINE_NUMBER=7 CIRCLE_PROJECT_USERNAME=a CIRCLE_PROJECT_REPONAME=b CIRCLE_SHA1=" + sha:                                 {RunID: 7, Scope: "circleci.com/a/b", Attempt: 1, SHA: sha},
		"BUILDKITE=true BUILDKITE_BUILD_NUMBER=7 BUILDKITE_ORGANIZATION_SLUG=a BUILDKITE_PIPELINE_SLUG=b BUILDKITE_RETRY_COUNT=1 BUILDKITE_COMMIT=HEAD": {RunID: 7, Scope: "buildkite.com/a/b", Attempt: 2},
		"BUILDKITE=true BUILDKITE_BUILD_NUMBER=7 BUILDKITE_PIPELINE_SLUG=b":                                                                             {},
		"CODEBUILD_BUILD_ID=shop:b1e6 CODEBUILD_BUILD_NUMBER=7 CODEBUILD_BUILD_ARN=arn:aws:codebuild:eu-central-1:123456789012:build/shop:b1e6":         {RunID: 7, Scope: "codebuild/shop~32b1c6", Attempt: 1},
		"CODEBUILD_BUILD_ID=shop:b1e6 CODEBUILD_BUILD_NUMBER=7 CODEBUILD_BUILD_ARN=arn:aws:codebuild:eu-central-1:210987654321:build/shop:b1e6":         {RunID: 7, Scope: "codebuild/shop~a628cc", Attempt: 1},
		"CODEBUILD_BUILD_ID=shop:b1e6 CODEBUILD_BUILD_NUMBER=7":                                                                                         {},
		"TF_BUILD=True BUILD_BUILDID=7 SYSTEM_COLLECTIONURI=https://dev.azure.com/example/ SYSTEM_TEAMPROJECT=shop SYSTEM_JOBATTEMPT=2 BUILD_REPOSITORY_URI=https://github.com/a/b.git BUILD_REPOSITORY_PROVIDER=GitHub BUILD_SOURCEVERSION=" + sha: {
			RunID: 7, Scope: "dev.azure.com/example/shop", Attempt: 2, RunURL: "https://dev.azure.com/example/shop/_build/results?buildId=7", SHA: sha, CommitURL: "https://github.com/a/b/commit/" + sha,
		},
		"JENKINS_URL=https://ci.example.com/ JOB_NAME=shop/main BUILD_NUMBER=7 BUILD_URL=https://ci.example.com/job/shop/7/": {RunID: 7, Scope: "ci.example.com/shop/main", Attempt: 1, RunURL: "https://ci.example.com/job/shop/7/"},
		"BUILD_TAG=jenkins-shop-7 JOB_NAME=shop BUILD_NUMBER=7":                                                              {RunID: 7, Scope: "jenkins/shop", Attempt: 1},
		"JENKINS_URL=https://ci.example.com/ BUILD_NUMBER=7":                                                                 {},
		"TRAVIS=true TRAVIS_BUILD_NUMBER=7 TRAVIS_REPO_SLUG=a/b":                                                             {RunID: 7, Scope: "travis-ci.com/a/b", Attempt: 1},
		"CI=true BUILD_NUMBER=7 JOB_NAME=shop GIT_COMMIT=" + sha:                                                             {},
	} {
		got, _ := Read(detect(strings.Fields(variables)...), "main")
		want.Ref = branch("main")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", variables, diff)
		}
	}
}

func TestReadRunsRefuses(t *testing.T) {
	t.Parallel()
	for variables, want := range map[string]string{
		"GITLAB_CI=true CI_PIPELINE_ID=x CI_SERVER_URL=https://x CI_PROJECT_PATH=y":                                                     `CI_PIPELINE_ID "x" is not the number of a run`,
		"BUILDKITE=true BUILDKITE_BUILD_NUMBER=7 BUILDKITE_ORGANIZATION_SLUG=a BUILDKITE_PIPELINE_SLUG=b BUILDKITE_RETRY_COUNT=-1":      `BUILDKITE_RETRY_COUNT "-1" is not a number from 0`,
		"TF_BUILD=True BUILD_BUILDID=7 SYSTEM_COLLECTIONURI=https://dev.azure.com/example/ SYSTEM_TEAMPROJECT=shop SYSTEM_JOBATTEMPT=0": `SYSTEM_JOBATTEMPT "0" is not a number from 1`,
	} {
		if _, err := Read(detect(strings.Fields(variables)...), "main"); err == nil || errors.Is(err, ErrNoRef) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", variables, err)
		}
	}
}

// A project whose name has a space is linked, and named with a hyphen.
func TestAzureProjectWithSpace(t *testing.T) {
	t.Parallel()
	env := map[string]string{"TF_BUILD": "True", "BUILD_BUILDID": "7", "SYSTEM_COLLECTIONURI": "https://dev.azure.com/example/", "SYSTEM_TEAMPROJECT": "The Shop"}
	got, _ := Read(Detect(t.Context(), getenv(env), nil), "main")
	if got.Scope != "dev.azure.com/example/The-Shop" || got.RunURL != "https://dev.azure.com/example/The%20Shop/_build/results?buildId=7" {
		t.Errorf("%+v", got)
	}
}
