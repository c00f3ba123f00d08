package report

import (
	"fmt"
	"io"
	"strings"
)

// maxFact is how many characters of one fact the log shows: a function's
// answer may have 6 MB.
const maxFact = 16_000

// Phase opens a group in the log of GitHub Actions, elsewhere a heading.
func (r *Reporter) Phase(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.endGroup()
	if r.actions == nil {
		r.say("== " + name)
		return
	}
	r.actions.Group(defuse(oneLine(name)))
	r.grouped = true
}

// Fact is a line of the log: the seconds since the start, the function if there
// are several, and what happened. Further lines of text follow, indented.
func (r *Reporter) Fact(function, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.several && function != "" {
		text = function + ": " + text
	}
	r.say(fact(r.now().Sub(r.start).Seconds(), text))
}

// fact lays out a line of the log. The bar before further lines is not for the
// eye alone: the runner ignores white space before a workflow command.
func fact(seconds float64, text string) string {
	return fmt.Sprintf("%5.1fs  %s", seconds, strings.Join(lines(shorten(text, maxFact)), "\n        | "))
}

// say writes to the log. Every line is made harmless here, whatever it is.
func (r *Reporter) say(text string) {
	var b strings.Builder
	for _, line := range lines(text) {
		b.WriteString(defuse(line))
		b.WriteByte('\n')
	}
	_, _ = io.WriteString(r.log, b.String()) // the log keeps its error
}

func (r *Reporter) endGroup() {
	if r.grouped {
		r.actions.EndGroup()
		r.grouped = false
	}
}

// logWriter never fails, since go-githubactions panics when its writer does,
// and a run must not stop half-way because nobody listens. It keeps the first
// error for the end.
type logWriter struct {
	to  io.Writer
	err error
}

func (w *logWriter) Write(p []byte) (int, error) {
	if _, err := w.to.Write(p); err != nil && w.err == nil {
		w.err = err
	}
	return len(p), nil
}

func (w *logWriter) failed() error { return wrap("write log", w.err) }
