package report

import (
	"io"
	"strings"

	"golang.org/x/term"
)

// ciVariables are set by CI systems. Several of them run jobs in a pseudo-terminal,
// which no person watches.
var ciVariables = []string{
	"CI", "GITHUB_ACTIONS", "GITEA_ACTIONS", "FORGEJO_ACTIONS", "GITLAB_CI", "BITBUCKET_BUILD_NUMBER", "CIRCLECI", "BUILDKITE",
	"CODEBUILD_BUILD_ID", "TF_BUILD", "JENKINS_URL", "TRAVIS",
}

// inCI reports whether a CI system runs this process.
func inCI(getenv func(string) string) bool {
	for _, name := range ciVariables {
		if getenv(name) != "" {
			return true
		}
	}
	return strings.HasPrefix(getenv("BUILD_TAG"), "jenkins-") // an administrator must set JENKINS_URL
}

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream io.Writer) bool {
	file, ok := stream.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(file.Fd()))
}

// allowsColour reports whether the environment allows colours in a terminal.
// https://no-color.org
func allowsColour(getenv func(string) string) bool {
	return getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
}

// style is how a terminal shows text: the parameters of a control sequence.
type style string

const (
	bold   style = "1"
	dim    style = "2"
	red    style = "1;31"
	green  style = "1;32"
	yellow style = "1;33"
	blue   style = "1;34"
)

// of returns text in a style. The text must be clean.
func (s style) of(text string) string { return "\x1b[" + string(s) + "m" + text + "\x1b[0m" }
