package ci

import (
	"fmt"
)

// travis is Travis CI. TRAVIS_BRANCH is the tag's name for a tag, and for a pull
// request the branch that it is to be merged into.
// https://docs.travis-ci.com/user/environment-variables/
type travis struct {
	job
	fold section
}

func (*travis) Name() string { return "Travis CI" }

func (*travis) Advice() Advice {
	return Advice{
		NoCredentials: "Set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN in the settings of the repository; a pull request from a fork does not get them.",
		Expired:       "Obtain them right before this step.",
		NoToken:       "Travis CI issues none: leave --role-to-assume empty, so that the credentials in the environment are used.",
	}
}

func (t *travis) read() reading {
	var e Event
	e.Name = t.getenv("TRAVIS_EVENT_TYPE")
	slug := t.getenv("TRAVIS_REPO_SLUG")
	err := e.readRun(t.variable("TRAVIS_BUILD_NUMBER"), scoped("travis-ci.com", slug), variable{})
	e.RunURL = t.getenv("TRAVIS_BUILD_WEB_URL")
	e.readCommit(t.getenv("TRAVIS_COMMIT"), "")
	ref := e.choose(t.variable("TRAVIS_TAG"), unlessFalse(t.variable("TRAVIS_PULL_REQUEST")), t.variable("TRAVIS_BRANCH"))
	source := t.getenv("TRAVIS_PULL_REQUEST_SLUG")
	e.Foreign = e.Foreign || e.isPull() && (source == "" || source != slug)
	return reading{Event: e, run: err, ref: ref}
}

// Group is a fold. Travis CI has documented them only in its own build scripts.
func (t *travis) Group(name string) string {
	t.fold.open()
	return fmt.Sprintf("travis_fold:start:%s\r\x1b[0K%s\n", t.fold.name(), name)
}

func (t *travis) EndGroup() string {
	return fmt.Sprintf("travis_fold:end:%s\r\x1b[0K", t.fold.name())
}
