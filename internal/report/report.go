// Package report reports what a run does: the log while it runs, and at its end
// the step outputs, the job summary, the annotations and a few plain lines. It
// renders a release.Result and nothing else, and never calls AWS.
//
// In GitHub Actions the log and the workflow commands go to stdout, and outputs
// and summary go to the runner's files. Elsewhere the log goes to stderr and the
// outputs go to stdout, as name=value lines.
//
// Any rendered text may be untrusted: it may come from AWS, from a function's
// response or from a commit message. escape.go prevents it from being more than
// text.
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

// Reporter reports one run. Its methods are safe for concurrent use.
type Reporter struct {
	stdout io.Writer
	getenv func(string) string
	now    func() time.Time
	start  time.Time

	mu      sync.Mutex
	log     *logWriter
	actions *githubactions.Action // nil outside GitHub Actions
	grouped bool                  // a log group is open
	several bool                  // facts begin with their function
}

var _ release.Progress = (*Reporter)(nil)

// New returns a reporter for one run; the seconds in its log count from now. It
// does not open or write any file yet.
func New(stdout, stderr io.Writer, getenv func(string) string, now func() time.Time) *Reporter {
	r := &Reporter{stdout: stdout, getenv: getenv, now: now, start: now(), log: &logWriter{to: stderr}}
	if getenv("GITHUB_ACTIONS") == "true" {
		r.log.to = stdout
		r.actions = githubactions.New(githubactions.WithWriter(r.log), githubactions.WithGetenv(getenv))
	}
	return r
}

// Check returns an error if the runner's files cannot be written. Call it before
// the run changes anything that could then not be reported.
func (r *Reporter) Check() error {
	if r.actions == nil {
		return nil
	}
	return errors.Join(appendTo(r.getenv, outputFile, ""), appendTo(r.getenv, summaryFile, ""))
}

// Start writes what the run is going to do. With several functions, facts begin
// with the name of theirs.
func (r *Reporter) Start(what string, functions int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.several = functions > 1
	r.say(what)
}

// Mask makes the runner replace a secret in all logs.
func (r *Reporter) Mask(secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.actions != nil && secret != "" {
		r.actions.AddMask(secret)
	}
}

// Finish reports how the run ended. If one part cannot be written, the others
// still are; the error is logged and returned.
func (r *Reporter) Finish(res release.Result) error {
	return r.end(ending{
		lines:       plain(res),
		annotations: annotations(res),
		outputs:     outputs(res),
		summary:     summary(res),
	})
}

// Skip reports why a run had nothing to do: as a warning if warn is set,
// otherwise as a line of the log.
func (r *Reporter) Skip(operation release.Operation, why string, warn bool) error {
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

// Refuse reports that a run was not started, because of invalid inputs or an
// environment in which it cannot work. Joined errors are reported one by one; the
// title of an error with a method InputName has the name of that input.
func (r *Reporter) Refuse(err error) {
	problems := split(err)
	// The error of write is ignored: a file that cannot be written may be the
	// very problem that is reported here.
	_ = r.write(ending{
		annotations: refusals(problems),
		outputs:     idleOutputs(release.Failed),
		summary:     refusalSummary(problems),
	})
}

// ending is everything that is reported when a run ends.
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
