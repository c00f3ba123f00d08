// Package report reports what a run does: the log while it runs, and at its end
// the step outputs, the job summary, the annotations and a few plain lines. It
// renders a release.Result and nothing else, and never calls AWS.
//
// The CI system has its own places for outputs, annotations and the summary (package
// ci). Where it has none for outputs, the log goes to stderr and the outputs go to
// stdout, as name=value lines. In a terminal the result comes last, in colour, and the
// outputs only on request.
//
// Any rendered text may be untrusted: it may come from AWS, from a function's
// response or from a commit message. escape.go and ci.Defuse prevent it from being more
// than text.
package report

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"lambda-release/internal/ci"
	"lambda-release/internal/release"
)

// Reporter reports one run. Its methods are safe for concurrent use.
type Reporter struct {
	system ci.System
	stdout io.Writer
	now    func() time.Time
	start  time.Time

	mu      sync.Mutex
	log     *logWriter
	files   Files
	links   Links
	grouped bool // a log group is open
	colour  bool // of the log
	person  bool // a person reads stdout in a terminal
	several bool // facts begin with their function
}

var _ release.Progress = (*Reporter)(nil)

// New returns a reporter for one run; the seconds in its log count from now. It
// does not open or write any file yet.
func New(system ci.System, stdout, stderr io.Writer, getenv func(string) string, now func() time.Time) *Reporter {
	r := &Reporter{system: system, stdout: stdout, now: now, start: now(), log: &logWriter{to: stderr}}
	r.person = isTerminal(stdout) && !system.InCI()
	r.colour = r.person && isTerminal(stderr) && allowsColour(getenv)
	if system.LogOnStdout() {
		r.log.to = stdout
	}
	return r
}

// WriteTo makes the reporter write files of the user's, too.
func (r *Reporter) WriteTo(files Files) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files = files
}

// Link makes the summary link the run and the commit.
func (r *Reporter) Link(links Links) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.links = links
}

// Check returns an error if outputs or summary cannot be written. Call it before
// the run changes anything that could then not be reported.
func (r *Reporter) Check() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(r.system.Check(), r.files.create())
}

// Start writes what the run is going to do. With several functions, facts begin
// with the name of theirs.
func (r *Reporter) Start(what string, several bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.several = several
	r.say(what)
}

// Mask makes the CI system replace a secret in all logs, if it can.
func (r *Reporter) Mask(secret string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if secret != "" {
		r.write(r.system.Mask(secret))
	}
}

// Notice writes an annotation about what may surprise, and is right nevertheless.
func (r *Reporter) Notice(title, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.annotate(annotation{level: ci.Notice, title: title, text: text})
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
		level:       levels[mark(sorted)],
		summary:     summary(sorted),
	})
}

// Skip reports why a run had nothing to do: as a warning if warn is set,
// otherwise in the log. The first line of why is the heading of the summary.
func (r *Reporter) Skip(operation release.Operation, why string, warn bool) error {
	headline, details, _ := strings.Cut(why, "\n")
	e := ending{
		outputs: idleOutputs(release.Skipped),
		level:   ci.Notice,
		summary: heading(markNote, nothing(operation)+": "+headline) + prose(details),
	}
	if warn {
		e.annotations = []annotation{{level: ci.Warning, title: nothing(operation), text: why}}
	} else {
		e.mark, e.headline = markNote, nothing(operation)+": "+why
	}
	return r.end(e)
}

// Refuse reports that a run was not started, because of invalid inputs or an
// environment in which it cannot work. Joined errors are reported one by one; the
// title of an error with a method InputName has the name of that input, and GitHub shows
// one with a method Place in its file.
func (r *Reporter) Refuse(err error) {
	problems := split(err)
	// The error of write is ignored: a file that cannot be written may be the
	// very problem that is reported here.
	_ = r.writeEnd(ending{
		annotations: refusals(problems),
		outputs:     idleOutputs(release.Failed),
		level:       ci.Failure,
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
	outputs     []ci.Output
	level       ci.Level // of the summary
	summary     string
}

func (r *Reporter) end(e ending) error {
	err := r.writeEnd(e)
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.annotate(annotation{level: ci.Failure, title: "The report is incomplete", text: err.Error()})
	}
	return err
}

func (r *Reporter) writeEnd(e ending) error {
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
	err := errors.Join(
		wrap("write outputs", r.writeOutputs(e.outputs)),
		wrap("write summary", r.writeSummary(e.level, e.summary)),
	)
	if r.person {
		r.sayHeadline(e)
	}
	return errors.Join(err, r.log.failed())
}

// writeOutputs writes the outputs to where the CI system has them, to standard output,
// and to the user's file.
func (r *Reporter) writeOutputs(all []ci.Output) error {
	written, err := r.system.WriteOutputs(all)
	r.writeRest(written)
	if r.files.onStdout() || !r.person && !r.system.LogOnStdout() {
		_, errStdout := io.WriteString(r.stdout, outputLines(all))
		err = errors.Join(err, errStdout)
	}
	notices, errFile := r.files.writeOutputs(all)
	r.writeRest(ci.Written{Notices: notices})
	return errors.Join(err, errFile)
}

// writeSummary writes the summary to where the CI system has it, and to the user's file.
// Only the summary of GitHub is on the page of the run, which links the commit.
func (r *Reporter) writeSummary(level ci.Level, markdown string) error {
	written, err := r.system.WriteSummary(level, markdown)
	r.writeRest(written)
	return errors.Join(err, r.files.writeSummary(markdown+r.links.markdown()))
}

func (r *Reporter) writeRest(w ci.Written) {
	r.write(w.Log)
	for _, notice := range w.Notices {
		r.sayIn(styles[ci.Notice], string(ci.Notice)+":", " "+notice)
	}
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
