package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
)

// job is one function's part of a run.
type job struct {
	r    *Releaser
	fn   function.ID
	verb verb
	run  uint64 // the run's id

	provisioned bool // wait for the alias's provisioned concurrency
	out         *Outcome

	seen  state  // the alias as read last
	moved *state // the alias as this run has put it, nil while it has not
	prior state  // and as it was before that

	known   bool                             // others was read
	others  map[string]state                 // every alias of the function, seen among them
	checked map[Version]awsapi.Configuration // versions that were found fit to serve
}

// prepare ends with the outcome's status "" for a function whose alias is to
// be moved.
func (j *job) prepare(ctx context.Context) error {
	if err := j.verb.prepare(ctx, j); err != nil || j.out.Status != "" {
		return err
	}
	d, err := j.verb.decide(ctx, j)
	if err == nil && d.want == nil {
		j.end(d)
	}
	return err
}

// end takes over what was decided.
func (j *job) end(d decision) {
	j.out.Status, j.out.Reason = d.status, d.reason
	if d.status == Superseded || d.status == Held {
		j.fact("%s: %s", d.status, d.reason)
	} else if d.status == Unchanged {
		j.fact("%s is at %s already", j.out.Alias, j.out.After)
	}
}

func (j *job) fail(err error) {
	j.out.Status, j.out.Err, j.out.Hint = Failed, err, hint(err)
}

// hint is what the error that knows best advises.
func hint(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}

func (j *job) fact(format string, args ...any) {
	j.r.Progress.Fact(j.fn.Name, fmt.Sprintf(format, args...))
}

func (j *job) warn(format string, args ...any) {
	j.out.Warnings = append(j.out.Warnings, fmt.Sprintf(format, args...))
}

// waiting tells of a long wait.
func (j *job) waiting(what string) awsapi.Waiting {
	return func(now awsapi.Configuration, since time.Duration) {
		state := now.State
		if state == "Active" || state == "" {
			state = now.LastUpdate
		}
		if why := strings.TrimSpace(now.StateReason); why != "" {
			state += ", " + why
		}
		j.fact("still waiting for %s (%s), since %s", what, state, since.Round(time.Second))
	}
}

// warnOnce is warn for what may be found out again.
func (j *job) warnOnce(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(j.out.Warnings, text) {
		j.out.Warnings = append(j.out.Warnings, text)
	}
}

func (j *job) setVersion(v Version, arn string) {
	j.out.Version, j.out.FunctionARN = v, function.Unqualified(arn)
}
