// Package lines reads inputs with one entry a line, and reports errors with the
// line.
//
// Entries are trimmed, blank lines are skipped, and so are comments: a # that
// begins a line or follows a space, and all that is after it. Values that may
// contain " #" themselves (paths, JSON, names of alarms) are read with Verbatim,
// where a comment is a line of its own.
package lines

import (
	"fmt"
	"iter"
	"strings"
)

// All yields the entries of text without their comments, each with the number
// of its line, counted from 1.
func All(text string) iter.Seq2[int, string] { return entries(text, uncomment) }

// Verbatim is All for values that may contain " #": a comment is a line of its
// own.
func Verbatim(text string) iter.Seq2[int, string] { return entries(text, uncommentLine) }

func entries(text string, uncomment func(string) string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		n := 0
		for line := range strings.Lines(text) {
			n++
			if entry := strings.TrimSpace(uncomment(strings.TrimSpace(line))); entry != "" && !yield(n, entry) {
				return
			}
		}
	}
}

func uncomment(line string) string {
	for i, c := range line {
		if c == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
			return line[:i]
		}
	}
	return line
}

func uncommentLine(line string) string {
	if strings.HasPrefix(line, "#") {
		return ""
	}
	return line
}

// Error says what is wrong with one entry, or with the text as a whole.
type Error struct {
	Line    int    // counted from 1; 0 for the text as a whole
	Text    string // the entry; "" for the text as a whole
	Problem string // what is wrong with it
	Allowed string // what is allowed instead
}

// At sets the place of an error in the text, and returns it.
func (e *Error) At(line int, text string) *Error {
	e.Line, e.Text = line, text
	return e
}

func (e *Error) Error() string {
	text := e.Problem + "; " + e.Allowed
	if e.Text != "" {
		text = Quote(e.Text) + ": " + text
	}
	if e.Line > 0 {
		text = fmt.Sprintf("line %d: %s", e.Line, text)
	}
	return text
}

// MaxShown is how many characters of a value a message repeats.
const MaxShown = 80

// Quote returns s as a message shows it: safe to print, and at most 80
// characters of it.
func Quote(s string) string {
	if r := []rune(s); len(r) > MaxShown {
		return fmt.Sprintf("%q… (%d characters)", string(r[:MaxShown]), len(r))
	}
	return fmt.Sprintf("%q", s)
}
