package ci

import (
	"context"
	"strings"
)

// bitbucket is Bitbucket Pipelines. In a pull request, BITBUCKET_BRANCH is its source.
// A pull request of a fork runs no pipeline of this repository, so none is foreign.
// https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
type bitbucket struct{ job }

func (bitbucket) Name() string { return "Bitbucket Pipelines" }

const bitbucketToken = "BITBUCKET_STEP_OIDC_TOKEN"

func (bitbucket) Advice() Advice { return adviceFor(bitbucketToken, "give the step `oidc: true`") }

func (b bitbucket) read() reading {
	var e Event
	repository := b.getenv("BITBUCKET_REPO_FULL_NAME")
	number := b.variable("BITBUCKET_BUILD_NUMBER")
	err := e.readRun(number, scoped("bitbucket.org", repository), b.variable("BITBUCKET_STEP_RUN_NUMBER"))
	commits := ""
	if repository != "" {
		e.RunURL = strings.Join([]string{"https://bitbucket.org", repository, "pipelines/results", number.value}, "/")
		commits = "https://bitbucket.org/" + repository + "/commits/"
	}
	e.readCommit(b.getenv("BITBUCKET_COMMIT"), commits)
	ref := e.choose(b.variable("BITBUCKET_TAG"), b.variable("BITBUCKET_PR_ID"), b.variable("BITBUCKET_BRANCH"))
	return reading{Event: e, run: err, ref: ref}
}

func (b bitbucket) Token(context.Context, string) (string, error) {
	return b.onlyToken(bitbucketToken)
}

func (bitbucket) OnlyToken() string { return bitbucketToken }
