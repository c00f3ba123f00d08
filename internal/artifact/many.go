package artifact

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// named is the text before the first = of a line if it could name a function: a
// short name, or an ARN or partial ARN.
var named = regexp.MustCompile(`^([A-Za-z0-9_-]+|([^/=\s]+:)?function:[A-Za-z0-9_-]+(:[A-Za-z0-9$_-]+)?)$`)

// ParseMany reads the input `code`: one CODE for one function, or NAME=CODE a
// line, which must name each of functions once and no other. Blank lines and
// lines that begin with a # are left out. What is before the first = is taken
// for a name if it could be one; ./ before a path keeps it from that.
//
// The keys of the map are as in functions, which are short names. If there are
// none, because something is wrong with them, the CODEs alone are looked at, and
// the map is empty.
// The error joins a *SyntaxError for all that is wrong.
func ParseMany(text string, functions []string) (map[string]Source, error) {
	var errs []error
	sources := map[string]Source{}
	met := map[string]bool{}
	astray := false // a line is for none of functions
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, code := splitName(line)
		function, wrong := functionOf(name, functions)
		switch {
		case wrong != nil:
			astray = true
		case met[function]:
			wrong = &SyntaxError{Problem: "a second code for " + function, Allowed: "give each function one"}
		}
		met[function] = function != ""
		source, bad := parse(code)
		if wrong == nil {
			wrong = bad
		}
		if wrong != nil {
			wrong.Line, wrong.Text = number, line
			errs = append(errs, wrong)
			continue
		}
		if len(functions) > 0 {
			sources[function] = source
		}
	}
	missing := slices.DeleteFunc(slices.Clone(functions), func(f string) bool { return met[f] })
	if len(missing) > 0 && !astray {
		errs = append(errs, without(missing, len(functions)))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return sources, nil
}

// splitName divides NAME=CODE; name is "" if line is a bare CODE.
func splitName(line string) (name, code string) {
	name, code, ok := strings.Cut(line, "=")
	if name = strings.TrimSpace(name); !ok || !named.MatchString(name) {
		return "", line
	}
	return name, strings.TrimSpace(code)
}

// functionOf is the one of functions that a line with this name is for.
func functionOf(name string, functions []string) (string, *SyntaxError) {
	switch {
	case len(functions) == 0:
		return name, nil
	case name == "" && len(functions) == 1:
		return functions[0], nil
	case name == "":
		return "", &SyntaxError{
			Problem: fmt.Sprintf("one code for %d functions", len(functions)),
			Allowed: "write NAME=CODE for each, one a line",
		}
	}
	short := name[strings.LastIndexByte(name, ':')+1:]
	if slices.Contains(functions, short) {
		return short, nil
	}
	return "", &SyntaxError{
		Problem: fmt.Sprintf("function-name has no %.80q", name),
		Allowed: "name a function that is released, or put ./ before a path that has a = in it",
	}
}

func without(missing []string, of int) *SyntaxError {
	if of == 1 {
		return &SyntaxError{Problem: "no code for " + missing[0], Allowed: allowed}
	}
	return &SyntaxError{
		Problem: "no code for " + strings.Join(missing, ", "),
		Allowed: "write NAME=CODE for every function, one a line",
	}
}
