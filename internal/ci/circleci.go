package ci

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"

	"lambda-release/internal/rules"
)

// circleCI is CircleCI.
//
// CIRCLE_PULL_REQUEST is set on every push to a branch that has an open pull request,
// so it is the branch that counts, and the pull request where no rule matches the
// branch. CIRCLE_PR_NUMBER is only set for a fork; its branch is then pull/NUMBER.
//
// CIRCLE_BUILD_NUM numbers jobs in the order in which they start, which is not that of
// their commits. CIRCLE_PIPELINE_NUMBER is not set by CircleCI: the job's `environment`
// must set it to << pipeline.number >>.
// https://circleci.com/docs/reference/variables/
type circleCI struct{ job }

func (circleCI) Name() string { return "CircleCI" }

const circleToken = "CIRCLE_OIDC_TOKEN_V2"

func (circleCI) Advice() Advice {
	return adviceFor(circleToken, "run the job with a `context`, which may be empty")
}

var ofFork = regexp.MustCompile(`^pull/([0-9]+)$`)

func (c circleCI) read() reading {
	var e Event
	user, project := c.getenv("CIRCLE_PROJECT_USERNAME"), c.getenv("CIRCLE_PROJECT_REPONAME")
	err := e.readRun(c.variable("CIRCLE_PIPELINE_NUMBER"), scoped(scoped("circleci.com", user), project), variable{})
	e.RunURL = c.getenv("CIRCLE_BUILD_URL")
	e.readCommit(c.getenv("CIRCLE_SHA1"), "")
	fork, branch := c.variable("CIRCLE_PR_NUMBER"), c.variable("CIRCLE_BRANCH")
	if m := ofFork.FindStringSubmatch(branch.value); m != nil && fork.value == "" {
		fork = variable{branch.name, m[1]}
	}
	ref := e.choose(c.variable("CIRCLE_TAG"), fork, branch)
	e.Foreign = e.Foreign || e.isPull()
	if url := c.getenv("CIRCLE_PULL_REQUEST"); ref == nil && e.Ref.Kind == rules.Branch && url != "" {
		var open Event
		if open.readPull(variable{"CIRCLE_PULL_REQUEST", url[strings.LastIndex(url, "/")+1:]}) == nil {
			e.OrElse, e.Preview = open.Ref, open.Ref
		}
	}
	return reading{Event: e, run: err, ref: ref}
}

func (c circleCI) Token(context.Context, string) (string, error) { return c.onlyToken(circleToken) }

func (circleCI) OnlyToken() string { return circleToken }

// bashEnv is the variable with the path of a file that bash runs before each step that
// follows.
const bashEnv = "BASH_ENV"

func (c circleCI) Check() error {
	if path := c.variable(bashEnv); path.value != "" {
		return appendTo(path, "", os.O_CREATE)
	}
	return nil
}

func (c circleCI) WriteOutputs(all []Output) (Written, error) {
	path := c.variable(bashEnv)
	if path.value == "" {
		return Written{Notices: []string{bashEnv + " is not set, so the steps that follow get no outputs."}}, nil
	}
	all, w := shortOnes(all)
	var b strings.Builder
	for _, o := range all {
		fmt.Fprintf(&b, "export %s=%s\n", o.Variable(), shellQuote(o.Value))
	}
	return w, appendTo(path, b.String(), os.O_CREATE)
}

// shellQuote is a text as one word of a shell, which keeps all but ' in it.
func shellQuote(text string) string {
	return "'" + strings.ReplaceAll(strings.ReplaceAll(text, "\x00", ""), "'", `'\''`) + "'"
}
