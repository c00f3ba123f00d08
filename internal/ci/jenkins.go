package ci

import (
	"strings"
)

// jenkins is Jenkins. BRANCH_NAME of a change request is its name, PR-7. Outside a
// multibranch job there is only GIT_BRANCH, a branch with its remote before it.
//
// Builds are numbered within a job, and each branch of a multibranch job is one. If the
// numbers of a job are reset, its releases are superseded until a promote has put a new
// number into the alias.
// https://www.jenkins.io/doc/book/pipeline/jenkinsfile/#using-environment-variables
type jenkins struct{ job }

// isJenkins reports whether this is Jenkins, where an administrator must set
// JENKINS_URL.
func isJenkins(getenv func(string) string) bool {
	return getenv("JENKINS_URL") != "" || strings.HasPrefix(getenv("BUILD_TAG"), "jenkins-")
}

func (jenkins) Name() string { return "Jenkins" }

func (jenkins) Advice() Advice {
	return Advice{
		NoCredentials: "Wrap the step in `withCredentials` or `withAWS`, or give the agent the role of an instance.",
		Expired:       "Obtain them right before this step, in its own `withCredentials` or `withAWS`.",
		NoToken:       "Jenkins gives none to this program: set --web-identity-token-file to a credential of the OpenID Connect Provider plugin (`withCredentials([file(…)])`), or leave --role-to-assume empty.",
	}
}

func (j jenkins) read() reading {
	var e Event
	server := host(j.getenv("JENKINS_URL"))
	if server == "" {
		server = "jenkins"
	}
	err := e.readRun(j.variable("BUILD_NUMBER"), scoped(server, j.getenv("JOB_NAME")), variable{})
	e.RunURL = j.getenv("BUILD_URL")
	e.readCommit(j.getenv("GIT_COMMIT"), "")
	branch := j.variable("BRANCH_NAME")
	if branch.value == "" {
		branch = j.variable("GIT_BRANCH")
		branch.value = strings.TrimPrefix(strings.TrimPrefix(branch.value, "refs/remotes/"), "origin/")
	}
	ref := j.choose(&e, branch)
	e.Foreign = e.Foreign || e.isPull() && (j.getenv("CHANGE_ID") == "" || j.getenv("CHANGE_FORK") != "")
	return reading{Event: e, run: err, ref: ref}
}

func (j jenkins) choose(e *Event, branch variable) error {
	tag, change := j.variable("TAG_NAME"), j.variable("CHANGE_ID")
	if pulled := pullIn(branch); change.value == "" && pulled.value != "" {
		change = pulled
	}
	name, isTag := strings.CutPrefix(strings.TrimPrefix(branch.value, "refs/"), "tags/")
	switch {
	case tag.value == "" && change.value == "" && isTag:
		tag = variable{branch.name, name}
	case tag.value == "" && change.value == "" && branch.value == "detached":
		return noRef(branch.name + " is detached: the build checked out a commit")
	}
	return e.choose(tag, change, branch)
}
