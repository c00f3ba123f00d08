// Package report reports what a run does: the log while it runs, and at its end
// the step outputs, the job summary, the annotations and a few plain lines. It
// renders a release.Result and nothing else, and never calls AWS.
//
// In GitHub Actions the log and the workflow commands go to stdout, and outputs
// and summary go to the runner's files. Elsewhere the log goes to stderr and the
// outputs go to stdout, as name=value lines. In a terminal the result comes last,
// in colour, and the outputs only on request.
//
// Any rendered text may be untrusted: it may come from AWS, from a function's
// response or from a commit message. escape.go prevents it from being more than
// text.
package report

import (
	"errors"
	"fmt"
	"io"
	"strings"
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
	colour  bool                  // of the log
	person  bool                  // a person reads stdout in a terminal
	outputs bool                  // print the outputs for a person, too
	several bool                  // facts begin with their function
}

var _ release.Progress = (*Reporter)(nil)

// New returns a reporter for one run; the seconds in its log count from now. It
// does not open or write any file yet.
func New(stdout, stderr io.Writer, getenv func(string) string, now func() time.Time) *Reporter {
	r := &Reporter{stdout: stdout, getenv: getenv, now: now, start: now(), log: &logWriter{to: stderr}}
	r.person = isTerminal(stdout) && !inCI(getenv)
	r.colour = r.person && isTerminal(stderr) && allowsColour(getenv)
	if getenv("GITHUB_ACTIONS") == "true" {
		r.log.to = stdout
		r.actions = githubactions.New(githubactions.WithWriter(r.log), githubactions.WithGetenv(getenv))
	}
	return r
}

// PrintOutputs makes the reporter print the outputs in a terminal, too.
func (r *Reporter) PrintOutputs() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outputs = true
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
func (r *Reporter) Start(what string, several bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.several = several
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

// Notice writes an annotation about what may surprise, and is right nevertheless.
func (r *Reporter) Notice(title, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.annotate(annotation{level: notice, title: title, text: text})
}

// Finish reports how the run ended. If one part cannot be written, the others
// still are; the error is logged and returned.
func (r *Reporter) Finish(res release.Result) error {
	sorted := failuresFirst(res)
	return r.end(ending{
		quotes:      plainQuotes(sorted),
		headline:    headline(sorted),
		mark:        mark(sorted),
		lines:       plain(sorted),
		annotations: append(annotations(sorted), incomplete(res)...),
		outputs:     outputs(res), // in the order of function-name
		summary:     summary(sorted),
	})
}

// Skip reports why a run had nothing to do: as a warning if warn is set,
// otherwise in the log. The first line of why is the heading of the summary.
func (r *Reporter) Skip(operation release.Operation, why string, warn bool) error {
	headline, details, _ := strings.Cut(why, "\n")
	e := ending{
		outputs: idleOutputs(release.Skipped),
		summary: heading(markNote, nothing(operation)+": "+headline) + prose(details),
	}
	if warn {
		e.annotations = []annotation{{level: warning, title: nothing(operation), text: why}}
	} else {
		e.mark, e.headline = markNote, nothing(operation)+": "+why
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
	quotes      []string // of functions that failed
	mark        string   // of the headline
	headline    string   // the result in one sentence, "" if an annotation has it
	lines       []string // more about the result
	annotations []annotation
	outputs     []output
	summary     string
}

func (r *Reporter) end(e ending) error {
	err := r.write(e)
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.annotate(annotation{level: failure, title: "The report is incomplete", text: err.Error()})
	}
	return err
}

func (r *Reporter) write(e ending) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.endGroup()
	r.sayAll(e.quotes)
	if !r.person {
		r.sayHeadline(e)
	}
	r.sayAll(e.lines)
	for _, a := range e.annotations {
		r.annotate(a)
	}
	if r.actions != nil {
		return errors.Join(
			wrap("write outputs", appendTo(r.getenv, outputFile, outputRecords(e.outputs))),
			wrap("write summary", appendTo(r.getenv, summaryFile, "\n"+e.summary)),
			r.log.failed(),
		)
	}
	var err error
	if !r.person || r.outputs {
		_, err = io.WriteString(r.stdout, outputLines(e.outputs))
	}
	if r.person {
		r.sayHeadline(e)
	}
	return errors.Join(wrap("write outputs", err), r.log.failed())
}

func (r *Reporter) sayAll(texts []string) {
	for _, text := range texts {
		r.say(text)
	}
}

func (r *Reporter) sayHeadline(e ending) {
	if e.headline != "" {
		r.sayIn(markStyles[e.mark], e.headline, "")
	}
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
