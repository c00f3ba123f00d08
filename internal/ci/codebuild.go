package ci

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// codeBuild is AWS CodeBuild. A build that no webhook has started has only
// CODEBUILD_SOURCE_VERSION, which may be anything that names a commit; a branch or tag
// counts if it is written in full.
//
// The webhook's variables do not tell from which repository a pull request is, so one
// is foreign until it is merged. In its build CODEBUILD_WEBHOOK_HEAD_REF is the source.
// A retried build has a new, larger number, and so counts as a newer run.
// https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
type codeBuild struct{ job }

func (codeBuild) Name() string { return "CodeBuild" }

func (codeBuild) Advice() Advice {
	return Advice{
		NoCredentials: "The build has the credentials of the project's service role: pass AWS_CONTAINER_CREDENTIALS_RELATIVE_URI on to a container that it starts.",
		Expired:       "A build renews those of its service role itself: do not set others.",
		NoToken:       "CodeBuild issues none: leave --role-to-assume empty, and give the permissions to the project's service role.",
	}
}

func (c codeBuild) read() reading {
	var e Event
	e.Name = c.getenv("CODEBUILD_WEBHOOK_EVENT")
	err := e.readRun(c.variable("CODEBUILD_BUILD_NUMBER"), c.scope(), variable{})
	e.RunURL = c.getenv("CODEBUILD_BUILD_URL")
	e.readCommit(c.getenv("CODEBUILD_RESOLVED_SOURCE_VERSION"), "")
	ref := c.readRef(&e)
	return reading{Event: e, run: err, ref: ref}
}

// scope is the project. Projects of other accounts and regions may have the same name;
// their place is hashed, since an account's ID is often masked.
func (c codeBuild) scope() string {
	project, _, _ := strings.Cut(c.getenv("CODEBUILD_BUILD_ID"), ":")
	arn := strings.Split(c.getenv("CODEBUILD_BUILD_ARN"), ":")
	if project == "" || len(arn) < 6 {
		return ""
	}
	sum := sha256.Sum256([]byte(strings.Join(arn[1:5], ":")))
	return fmt.Sprintf("codebuild/%s~%x", project, sum[:3])
}

func (c codeBuild) readRef(e *Event) error {
	head, trigger := c.variable("CODEBUILD_WEBHOOK_HEAD_REF"), c.variable("CODEBUILD_WEBHOOK_TRIGGER")
	if head.value == "" && trigger.value == "" {
		if head = c.variable("CODEBUILD_SOURCE_VERSION"); strings.HasPrefix(head.value, "pr/") {
			trigger, head.value = head, ""
		}
		head.value, _, _ = strings.Cut(head.value, "^{") // refs/heads/main^{COMMIT}
	}
	kind, name, _ := strings.Cut(trigger.value, "/")
	switch {
	case strings.HasPrefix(head.value, "refs/tags/"):
		return e.readRef(head)
	case kind == "tag":
		return e.readName(variable{trigger.name, name}, "refs/tags/")
	case kind == "pr", strings.HasPrefix(e.Name, "PULL_REQUEST_"):
		return c.readPullRequest(e, variable{trigger.name, name})
	case strings.HasPrefix(head.value, "refs/"):
		return e.readRef(head)
	case kind == "branch":
		return e.readName(variable{trigger.name, name}, "refs/heads/")
	case head.value != "":
		return noRef(fmt.Sprintf("%s %.200q does not begin with refs/heads/ or refs/tags/", head.name, head.value))
	}
	return noRef("CODEBUILD_WEBHOOK_HEAD_REF, CODEBUILD_WEBHOOK_TRIGGER and CODEBUILD_SOURCE_VERSION are empty")
}

// readPullRequest reads the number of a pull request, which counts as its base branch
// once it is merged.
func (c codeBuild) readPullRequest(e *Event, number variable) error {
	err := e.readPull(number)
	if e.Name == "PULL_REQUEST_MERGED" {
		pull := e.Preview
		err = e.readName(c.variable("CODEBUILD_WEBHOOK_BASE_REF"), "refs/heads/")
		e.Preview = pull
		return err
	}
	e.Foreign = true
	return err
}
