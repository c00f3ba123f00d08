package report

import (
	"fmt"
	"io"
	"strings"
)

// maxFact is how many characters of one fact the log shows: a function's
// response can have 6 MB.
const maxFact = 16_000

// Phase starts a group in the log of GitHub Actions, or writes a heading elsewhere.
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

// Fact writes a line to the log: the seconds since the start, the function if
// there are several, and what happened. Further lines of text are indented.
func (r *Reporter) Fact(function, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.several && function != "" {
		text = function + ": " + text
	}
	r.say(fact(r.now().Sub(r.start).Seconds(), text))
}

// fact formats a line of the log. The bar before further lines is needed, since
// the runner ignores white space before a workflow command.
func fact(seconds float64, text string) string {
	return fmt.Sprintf("%5.1fs  %s", seconds, strings.Join(lines(shorten(text, maxFact)), "\n        | "))
}

// say writes to the log. It defuses every line.
func (r *Reporter) say(text string) {
	var b strings.Builder
	for _, line := range lines(text) {
		b.WriteString(defuse(line))
		b.WriteByte('\n')
	}
	_, _ = io.WriteString(r.log, b.String()) // logWriter keeps the error
}

func (r *Reporter) endGroup() {
	if r.grouped {
		r.actions.EndGroup()
		r.grouped = false
	}
}

// logWriter never fails: go-githubactions panics if its writer does, and a run
// must not stop halfway because its log cannot be written. It keeps the first
// error, which is reported at the end.
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
