package report

import (
	"fmt"
	"io"
	"strings"

	"lambda-release/internal/ci"
)

// maxFact is how many characters of one fact the log shows: a function's
// response can have 6 MB.
const maxFact = 16_000

// Phase starts a group in the log, or writes a heading where the CI system has none.
func (r *Reporter) Phase(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.endGroup()
	group := r.system.Group(ci.Defuse(oneLine(name)))
	if group == "" {
		r.sayIn(bold, "== "+oneLine(name), "")
		return
	}
	r.write(group)
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
	r.sayIn(dim, fmt.Sprintf("%5.1fs", r.now().Sub(r.start).Seconds()), "  "+indented(shorten(text, maxFact), "        "))
}

// indented indents all lines of a text but the first. The bar before them is
// needed, since the runner ignores white space before a workflow command.
func indented(text, indent string) string { return strings.Join(lines(text), "\n"+indent+"| ") }

// say writes to the log. It defuses every line.
func (r *Reporter) say(text string) { r.sayIn("", "", text) }

// sayIn writes a head and a text to the log, the head in a style where colours are
// allowed. It defuses every line.
func (r *Reporter) sayIn(s style, head, text string) {
	var b strings.Builder
	for i, line := range lines(head + text) {
		line = ci.Defuse(line)
		if rest, ok := strings.CutPrefix(line, head); ok && i == 0 && r.colour && head != "" {
			line = s.of(head) + rest
		}
		b.WriteString(line + "\n")
	}
	r.write(b.String())
}

// write writes lines to the log as they are.
func (r *Reporter) write(text string) {
	_, _ = io.WriteString(r.log, text) // logWriter keeps the error
}

func (r *Reporter) endGroup() {
	if r.grouped {
		r.write(r.system.EndGroup())
		r.grouped = false
	}
}

// logWriter never fails: a run must not stop halfway because its log cannot be
// written. It keeps the first error, which is reported at the end.
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
