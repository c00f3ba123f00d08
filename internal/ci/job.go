package ci

import (
	"context"
	"fmt"
)

// job is the environment of a job, and what a system has that has no commands of its
// own.
type job struct{ getenv func(string) string }

func (job) InCI() bool { return true }

func (job) Token(context.Context, string) (string, error) { return "", ErrNoToken }

func (job) OnlyToken() string { return "" }

func (job) Audience() string { return "" }

func (job) LogOnStdout() bool { return false }

func (job) Group(string) string { return "" }

func (job) EndGroup() string { return "" }

func (job) Annotate(Annotation) (log string, whole bool) { return "", false }

func (job) Mask(string) string { return "" }

func (job) Check() error { return nil }

func (job) WriteOutputs([]Output) (Written, error) { return Written{}, nil }

func (job) WriteSummary(Level, string) (Written, error) { return Written{}, nil }

// variable is a variable of the environment.
type variable struct{ name, value string }

func (j job) variable(name string) variable { return variable{name, j.getenv(name)} }

// onlyToken is the token of a system that puts the only one into a variable.
func (j job) onlyToken(name string) (string, error) {
	if token := j.getenv(name); token != "" {
		return token, nil
	}
	return "", fmt.Errorf("%w: %s is empty", ErrNoToken, name)
}

// adviceFor is the advice of a system whose jobs find the only token in a variable.
// provide says how that variable is set.
func adviceFor(token, provide string) Advice {
	return Advice{
		NoCredentials: "Set --role-to-assume, and " + provide + "; or give the job AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.",
		Expired:       "Obtain them right before this step, or set --role-to-assume.",
		NoToken:       "To have " + token + ", " + provide + ". Without --role-to-assume the credentials in the environment are used.",
	}
}
