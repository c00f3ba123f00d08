// Package ci is the CI system that this process runs in: what triggered the job and
// which run it is, its OIDC tokens, and where outputs, log groups, annotations, masks
// and the summary go. Each system has a file; none.go is a laptop, or a system that is
// not known here.
//
// What triggered the job is read in the same order everywhere: a tag first, then a
// merge request, then a branch. A merge request never counts as the branch that it is
// to be merged into, and one of another repository is foreign.
//
// Values and lines of the log are texts from outside. No system may take one for a
// command: Defuse is for lines, and each system's own file escapes what becomes part of
// one of its commands.
package ci

import (
	"context"
	"errors"
)

// System is a CI system, as the job sees it.
type System interface {
	// Name is the system's name in a sentence, "" if none is known.
	Name() string
	// InCI reports whether a system runs this process, known or not, and not a person.
	InCI() bool
	// Advice is what the system's jobs do where they lack something.
	Advice() Advice

	// Token requests an OIDC token of the job. If the job gets none, the error wraps
	// ErrNoToken.
	Token(ctx context.Context, audience string) (string, error)
	// OnlyToken is the variable with the only token of the job, whose audience and
	// end are not this program's to choose; "" if Token can request as many as needed.
	OnlyToken() string
	// Audience is the audience of every token, whichever is asked for; "" if it is the one
	// that is asked for, or set where OnlyToken is.
	Audience() string

	// LogOnStdout reports whether the log goes to standard output, because the system
	// reads its commands there. Outputs then do not.
	LogOnStdout() bool
	// Group opens a group of the log, and EndGroup closes it; both are "" if the system
	// has no groups. The name is one defused line.
	Group(name string) string
	EndGroup() string
	// Annotate is what the log has to contain for a problem, from defused lines. If it is
	// not whole, the problem itself follows as plain text.
	Annotate(Annotation) (log string, whole bool)
	// Mask is what the log has to contain for the system to hide a secret, "" if it
	// cannot.
	Mask(secret string) string

	// Check returns an error if outputs or the summary could not be written.
	Check() error
	// WriteOutputs writes the outputs for the steps or jobs that follow.
	WriteOutputs([]Output) (Written, error)
	// WriteSummary writes the summary, in Markdown, to where the system shows it.
	WriteSummary(level Level, markdown string) (Written, error)

	// read reads what triggered the job.
	read() reading
}

// Level is how serious a problem, or the result of a run, is.
type Level string

// The levels, as GitHub calls them.
const (
	Notice  Level = "notice"
	Warning Level = "warning"
	Failure Level = "error"
)

// Advice is what the jobs of a system do where they lack something, in whole sentences
// of the system's own terms.
type Advice struct {
	NoCredentials string // about credentials of AWS
	Expired       string // about credentials of AWS that are no longer valid
	NoToken       string // about an OIDC token
	TokenFailed   string // about the service that issues tokens
}

// Written is what else has to be written after outputs or a summary.
type Written struct {
	Log     string   // commands for the log
	Notices []string // what was left out, a sentence each
}

// Exec runs a program, with a text as its standard input, and returns its standard
// output. If there is no such program, the error wraps fs.ErrNotExist.
type Exec func(ctx context.Context, stdin, name string, args ...string) (string, error)

// Annotation is a problem.
type Annotation struct {
	Level       Level
	Title, Text string // of one line, and of one or several

	File         string // that the problem is in; "": none
	Line, Column int    // 0: not known
}

// ErrNoToken is returned by Token if the job gets no OIDC token.
var ErrNoToken = errors.New("the job gets no OIDC token")

// Detect returns the system that runs this process. If several seem to, which of them
// is the innermost cannot be known, and the first counts. When ctx ends, programs that
// write outputs and the summary have little time left. exec may be nil.
func Detect(ctx context.Context, getenv func(string) string, exec Exec) System {
	j := job{getenv: getenv}
	switch {
	case getenv("GITHUB_ACTIONS") == "true":
		return gitHub{j}
	case getenv("GITLAB_CI") != "":
		return &gitLab{job: j}
	case getenv("BITBUCKET_BUILD_NUMBER") != "":
		return bitbucket{j}
	case getenv("CIRCLECI") != "":
		return circleCI{j}
	case getenv("BUILDKITE") != "":
		return buildkite{job: j, agent: agent{exec, closing(ctx)}}
	case getenv("CODEBUILD_BUILD_ID") != "":
		return codeBuild{j}
	case getenv("TF_BUILD") != "":
		return azure{j}
	case isJenkins(getenv):
		return jenkins{j}
	case getenv("TRAVIS") != "":
		return &travis{job: j}
	}
	return none{j}
}
