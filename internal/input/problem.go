package input

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"lambda-release/internal/lines"
)

// Problem is one thing that is wrong with the inputs.
type Problem struct {
	Input   string // the input's name, or an argument that is not an input
	Value   string // as given, whole; "" if nothing was
	What    string // what is wrong with it
	Allowed string // what is allowed, or what to do

	meant        string // the input that an unknown flag is most likely for; "": none
	entry        int    // of a value with several lines, from 1; 0 for the value as a whole
	file         string // that it is in; "": none
	line, column int    // from 1; 0 if not known
}

func (p Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.Input)
	if p.Value != "" {
		b.WriteString(" " + lines.Quote(p.Value))
	}
	b.WriteString(": " + p.What)
	if p.Allowed != "" {
		b.WriteString("; " + p.Allowed)
	}
	return b.String()
}

// InputName is the input that the problem is with, for the title of its message.
func (p Problem) InputName() string { return p.Input }

// Place is where it is in a file, for its message; "" if it is in none.
func (p Problem) Place() (file string, line, column int) { return p.file, p.line, p.column }

// inLine is what is wrong, after the line of the value that it is in.
func (p Problem) inLine() string {
	if p.entry == 0 {
		return p.What
	}
	return fmt.Sprintf("line %d: %s", p.entry, p.What)
}

// Problems are everything that is wrong, in the order of the arguments and then
// of the table.
type Problems []Problem

// have reports whether there is a problem with an input, or with a flag that was
// meant for it.
func (ps Problems) have(input string) bool {
	return slices.ContainsFunc(ps, func(p Problem) bool { return p.Input == input || p.meant == input })
}

// Error is a line for each problem.
func (ps Problems) Error() string {
	texts := make([]string, len(ps))
	for i, p := range ps {
		texts[i] = p.Error()
	}
	return strings.Join(texts, "\n")
}

// Unwrap makes each problem visible to errors.Is and errors.As.
func (ps Problems) Unwrap() []error {
	errs := make([]error, len(ps))
	for i, p := range ps {
		errs[i] = p
	}
	return errs
}

// problemsOf makes a Problem of each *lines.Error that was joined into err.
func problemsOf(err error) Problems {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return bad(err.Error())
	}
	var problems Problems
	for _, err := range joined.Unwrap() {
		wrong, ok := errors.AsType[*lines.Error](err)
		if !ok {
			problems = append(problems, Problem{What: err.Error()})
			continue
		}
		problems = append(problems, Problem{Value: wrong.Text, What: wrong.Problem, Allowed: wrong.Allowed, entry: wrong.Line})
	}
	return problems
}
