package artifact

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"lambda-release/internal/lines"
)

// named matches the text before the first = of a line if it could name a
// function: a short name, a partial ARN or an ARN.
var named = regexp.MustCompile(`^([A-Za-z0-9_-]+|([^/=\s]+:)?function:[A-Za-z0-9_-]+(:[A-Za-z0-9$_-]+)?)$`)

// Parse reads the input `code`: one CODE for one function, or NAME=CODE a
// line, which must name each of functions once and no other. Lines are read as
// lines.Verbatim does. The text before the first = is taken for a name if it
// could be one; ./ before a path prevents that.
//
// A CODE is, in this order,
//
//	s3://bucket/key[#version]                                    an object in S3
//	account.dkr.ecr.region.amazonaws.com/repository:tag          an image, also
//	account.dkr.ecr.region.amazonaws.com/repository@sha256:hex   by its digest
//	path/to.zip                                                  an archive, also .jar
//	path/to/folder                                               any other path
//
// A path may be a glob, such as target/*-all.jar, that matches one file or folder.
// What looks like an address of another kind is refused; a folder of that name
// is given with ./ before it. The last # of an S3 address begins the version.
// No file is read.
//
// The keys of the map are those of functions, which are short names. Without
// functions, because function-name was refused, only the CODEs are checked and
// the map is empty. The error joins a *lines.Error for each problem.
func Parse(text string, functions []string) (map[string]Source, error) {
	return parseLines(text, functions, true)
}

// ParseSome is Parse for a text that need not name each of functions.
func ParseSome(text string, functions []string) (map[string]Source, error) {
	return parseLines(text, functions, false)
}

func parseLines(text string, functions []string, all bool) (map[string]Source, error) {
	var errs []error
	sources := map[string]Source{}
	met := map[string]bool{}
	unmatched := false // a line is for none of functions
	for number, line := range lines.Verbatim(text) {
		name, code := splitName(line)
		function, wrong := functionOf(name, functions)
		switch {
		case wrong != nil:
			unmatched = true
		case met[function]:
			wrong = &lines.Error{Problem: "a second code for " + function, Allowed: "give each function one"}
		}
		met[function] = function != ""
		source, bad := parse(code)
		if wrong == nil {
			wrong = bad
		}
		if wrong != nil {
			errs = append(errs, wrong.At(number, line))
			continue
		}
		if len(functions) > 0 {
			sources[function] = source
		}
	}
	missing := slices.DeleteFunc(slices.Clone(functions), func(f string) bool { return met[f] })
	if len(missing) > 0 && !unmatched && (all || len(met) == 0) {
		errs = append(errs, without(missing, len(functions)))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return sources, nil
}

// splitName splits NAME=CODE; name is "" if line is only a CODE.
func splitName(line string) (name, code string) {
	name, code, ok := strings.Cut(line, "=")
	if name = strings.TrimSpace(name); !ok || !named.MatchString(name) {
		return "", line
	}
	return name, strings.TrimSpace(code)
}

// functionOf is the one of functions that a line with this name is for.
func functionOf(name string, functions []string) (string, *lines.Error) {
	switch {
	case len(functions) == 0:
		return name, nil
	case name == "" && len(functions) == 1:
		return functions[0], nil
	case name == "":
		return "", &lines.Error{
			Problem: fmt.Sprintf("one code for %d functions", len(functions)),
			Allowed: "write NAME=CODE for each, one per line",
		}
	}
	short := name[strings.LastIndexByte(name, ':')+1:]
	if slices.Contains(functions, short) {
		return short, nil
	}
	return "", &lines.Error{
		Problem: fmt.Sprintf("this job has no function %.80q", name),
		Allowed: "name a function of this job, or put ./ before a path that contains a =",
	}
}

func without(missing []string, of int) *lines.Error {
	if of == 1 {
		return &lines.Error{Problem: "no code for " + missing[0], Allowed: allowed}
	}
	return &lines.Error{
		Problem: "no code for " + strings.Join(missing, ", "),
		Allowed: "write NAME=CODE for every function, one per line",
	}
}
