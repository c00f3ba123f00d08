package input

import (
	"fmt"
	"strings"
)

// Problem is one thing that is wrong with what was given.
type Problem struct {
	Input   string // the input's name, or the argument that is no input
	Value   string // what was given, whole; "" if nothing was
	What    string // what is wrong with it
	Allowed string // what is allowed, or what to do
}

// maxShown is how many characters of a value a message repeats.
const maxShown = 80

func (p Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.Input)
	if p.Value != "" {
		b.WriteString(" " + quote(p.Value))
	}
	b.WriteString(": " + p.What)
	if p.Allowed != "" {
		b.WriteString("; " + p.Allowed)
	}
	return b.String()
}

// InputName is the input that the problem is with, for the title of its message.
func (p Problem) InputName() string { return p.Input }

// Problems are all that is wrong, in the order of the arguments and then of
// the table.
type Problems []Problem

// Error is a line for each problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives each problem to errors.Is and errors.As.
func (ps Problems) Unwrap() []error {
	errs := make([]error, len(ps))
	for i, p := range ps {
		errs[i] = p
	}
	return errs
}

// quote makes a value from outside safe to print, and short.
func quote(s string) string {
	if r := []rune(s); len(r) > maxShown {
		return fmt.Sprintf("%q… (%d characters)", string(r[:maxShown]), len(r))
	}
	return fmt.Sprintf("%q", s)
}
