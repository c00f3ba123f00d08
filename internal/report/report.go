// Package report tells people and later steps what a run does and did: the log
// while it goes on, and at its end the step outputs, the job summary, the
// annotations and a few plain lines. It renders a release.Result and nothing
// else, and never calls AWS.
//
// In GitHub Actions the log and the workflow commands go to stdout, outputs and
// summary to the runner's files. Elsewhere the log goes to stderr and the
// outputs to stdout, as name=value lines.
//
// Everything that is rendered may come from outside: from AWS, a function's
// answer, a commit message. escape.go keeps it from being more than text.
package report

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/sethvargo/go-githubactions"

	"lambda-release/internal/release"
)

// Reporter is the report of one run. Its methods may be called concurrently.
type Reporter struct {
	stdout io.Writer
	getenv func(string) string
	now    func() time.Time
	start  time.Time

	mu      sync.Mutex
	log     *logWriter
	actions *githubactions.Action // nil outside GitHub Actions
	grouped bool                  // a log group is open
	several bool                  // facts say which function they are about
}

var _ release.Progress = (*Reporter)(nil)

// New makes the reporter of one run, whose seconds count from here. It opens
// and writes nothing yet.
func New(stdout, stderr io.Writer, getenv func(string) string, now func() time.Time) *Reporter {
	r := &Reporter{stdout: stdout, getenv: getenv, now: now, start: now(), log: &logWriter{to: stderr}}
	if getenv("GITHUB_ACTIONS") == "true" {
		r.log.to = stdout
		r.actions = githubactions.New(githubactions.WithWriter(r.log), githubactions.WithGetenv(getenv))
	}
	return r
}

// Check tells whether the runner's files can be written, before anything is
// done that could not be reported.
func (r *Reporter) Check() error {
	if r.actions == nil {
		return nil
	}
	return errors.Join(appendTo(r.getenv, outputFile, ""), appendTo(r.getenv, summaryFile, ""))
}

// Start says what is about to be done. With several functions, facts say which
// one they are about.
func (r *Reporter) Start(what string, functions int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.several = functions > 1
	r.say(what)
}

// Mask makes the runner hide a secret wherever it would be shown.
func (r *Reporter) Mask(secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.actions != nil && secret != "" {
		r.actions.AddMask(secret)
	}
}

// Finish reports how the run ended. Whatever cannot be written does not keep
// the rest from being written; it is told in the log and returned.
func (r *Reporter) Finish(res release.Result) error {
	return r.end(ending{
		lines:       plain(res),
		annotations: annotations(res),
		outputs:     outputs(res),
		summary:     summary(res),
	})
}

// Skip reports a run that had nothing to do, and why. With warn the reason is
// an annotation, too.
func (r *Reporter) Skip(operation, why string, warn bool) error {
	e := ending{
		outputs: idleOutputs(release.Skipped),
		summary: heading(markNote, nothing(operation)+": "+why),
	}
	if warn {
		e.annotations = []annotation{{warning, nothing(operation), why}}
	} else {
		e.lines = []string{nothing(operation) + ": " + why}
	}
	return r.end(e)
}

// Refuse reports a run that was not even started: bad input, or surroundings
// in which it cannot work. Of errors that were joined each is told on its own;
// one with a method InputName is titled with that input.
func (r *Reporter) Refuse(err error) {
	problems := split(err)
	// What is wrong is told already; that it cannot be written into a file that
	// may itself be what is wrong is not told again.
	_ = r.write(ending{
		annotations: refusals(problems),
		outputs:     idleOutputs(release.Failed),
		summary:     refusalSummary(problems),
	})
}

// ending is all that is told when a run is over.
type ending struct {
	lines       []string
	annotations []annotation
	outputs     []output
	summary     string
}

func (r *Reporter) end(e ending) error {
	err := r.write(e)
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.annotate(annotation{failure, "The report is incomplete", err.Error()})
	}
	return err
}

func (r *Reporter) write(e ending) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.endGroup()
	for _, line := range e.lines {
		r.say(line)
	}
	for _, a := range e.annotations {
		r.annotate(a)
	}
	if r.actions == nil {
		_, err := io.WriteString(r.stdout, outputLines(e.outputs))
		return errors.Join(wrap("write outputs", err), r.log.failed())
	}
	return errors.Join(
		wrap("write outputs", appendTo(r.getenv, outputFile, outputRecords(e.outputs))),
		wrap("write summary", appendTo(r.getenv, summaryFile, "\n"+e.summary)),
		r.log.failed(),
	)
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
