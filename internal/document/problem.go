package document

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Problem is one thing that is wrong with a document.
type Problem struct {
	File         string
	Line, Column int    // from 1; 0 if not known
	Shown        string // what it is about: the key, and the value unless it may be secret
	What         string // what is wrong
	Allowed      string // what is allowed, or what to do
}

// Place is where it is, in words.
func (p Problem) Place() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

func (p Problem) Error() string {
	text := p.Place() + ": "
	if p.Shown != "" {
		text += p.Shown + ": "
	}
	text += p.What
	if p.Allowed != "" {
		text += "; " + p.Allowed
	}
	return text
}

// Problems are everything that is wrong with a document.
type Problems []Problem

// Sorted are the problems in the order of their places.
func (ps Problems) Sorted() Problems {
	return slices.SortedStableFunc(slices.Values(ps), func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// Problem is what is wrong with a value. It is shown, as it is written.
func (v Value) Problem(what, allowed string) Problem {
	shown := v.Text
	switch v.Kind {
	case Null:
		shown = "null"
	case Text:
		shown = strconv.Quote(cmp.Or(v.written, v.Text))
	case List:
		shown = "[…]"
	case Object:
		shown = "{…}"
	case Bool, Number, Refused:
	}
	return v.place.problem(shown, what, allowed)
}

// SecretProblem is what is wrong with a value that must not be shown.
func (v Value) SecretProblem(what, allowed string) Problem {
	return v.place.problem("…", what, allowed)
}

// Problem is what is wrong with the key itself. Its value is not shown.
func (m Member) Problem(what, allowed string) Problem {
	return m.place.problem("…", what, allowed)
}

func (p place) lineText() string { return strconv.Itoa(p.line) }

func (p place) problem(value, what, allowed string) Problem {
	shown := value
	if p.key != "" {
		shown = strings.TrimSuffix(p.key+": "+value, ": ")
	}
	return Problem{File: p.file, Line: p.line, Column: p.column, Shown: shown, What: what, Allowed: allowed}
}
