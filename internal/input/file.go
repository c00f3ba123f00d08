package input

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lambda-release/internal/document"
	"lambda-release/internal/function"
	"lambda-release/internal/lines"
	"lambda-release/internal/release"
	"lambda-release/internal/releasefile"
)

// fromFile is how an input is read from the release file, where flags and environment
// do not give it.
type fromFile struct {
	keys       []string            // of the file
	operations []release.Operation // that take them; for others they do not count

	// read takes the setting of a key for a function, unless it has one; nil: there is one
	// key, at the top of the file, and its value is parsed as the input's.
	read func(in *Input, of ofFunction) document.Problems
}

// ofFunction is a setting of the release file for a function.
type ofFunction struct {
	releasefile.Setting

	name string // of the function
	key  string
	dir  string // that paths are relative to; "": the working directory

	given bool // the input is, for this function or for another one
}

// The operations that take a part of the release file. A rollback, for one, only takes
// the functions: it must not fail since a variable of the release is not set.
var (
	toRelease = []release.Operation{release.Release}
	toMove    = []release.Operation{release.Release, release.Promote}
	toPrune   = []release.Operation{release.Release, release.Prune, release.ReadStatus}
)

// findFile looks for the release file in the workspace. It counts if no input names
// functions.
func (r *reader) findFile() {
	_, given := r.text("file")
	if given || r.flags.refused["file"] || r.flags.refused["function-name"] || r.in.Print == PrintTrustPolicy {
		return
	}
	found := releasefile.Found(r.workspace())
	_, named := r.text("function-name")
	switch {
	case len(found) == 0:
	case named:
		r.in.Notices = append(r.in.Notices, found[0]+" is not read, since function-name is given: set file to read it, or leave function-name empty to take all its functions")
	case len(found) > 1:
		r.add(Problem{Input: "file", Value: found[0], What: "beside it there is " + found[1], Allowed: "keep one of them, or set file to the one that counts"})
	default:
		r.found = found[0]
	}
}

// workspace is the folder in which the release file is looked for, "" for the working
// directory.
func (r *reader) workspace() string {
	dir := r.getenv("GITHUB_WORKSPACE")
	here, err := os.Stat(".")
	if there, otherErr := os.Stat(dir); err != nil || otherErr != nil || os.SameFile(here, there) {
		return ""
	}
	return dir
}

// openFile reads the release file, if there is one, and checks it but for what
// variables stand for.
func (r *reader) openFile(path string, _ bool) Problems {
	if path = cmp.Or(path, r.found); path == "" {
		return nil
	}
	content, wrong := readDocument(path)
	if wrong != "" {
		return Problems{{Value: path, What: wrong}}
	}
	var problems document.Problems
	r.file, problems = releasefile.Parse(path, content)
	r.addInFile(problems)
	return nil
}

// addInFile adds what is wrong with the release file, each problem once: one with the
// defaults is met for every function.
func (r *reader) addInFile(problems document.Problems) {
	for _, p := range problemsIn(problems) {
		p.Input = "file"
		if !slices.Contains(r.problems, p) {
			r.add(p)
		}
	}
}

// pick takes the functions from the release file, if there is one: those that
// function-name names, or all.
func (r *reader) pick(_ string, given bool) Problems {
	if !given && !r.file.Has() {
		if r.problems.have("file") || r.problems.have("function-name") || r.in.Print == PrintTrustPolicy { // which is for no function
			return nil
		}
		return Problems{{What: "missing", Allowed: "name the functions, or write them into lambda-release.yml in the root of the workspace; a job without a checkout does not have that file"}}
	}
	var problems Problems
	if r.file.Has() {
		problems = r.pickNamed(given)
	}
	return append(problems, r.in.regionOf(r.in.Functions)...)
}

func (r *reader) pickNamed(given bool) Problems {
	named, globs := r.in.Functions, r.in.Globs
	r.in.Functions, r.in.Globs = nil, nil
	if !given || len(r.file.Functions) == 0 { // none: that is reported
		r.in.Functions = r.file.Functions
		return nil
	}
	var problems Problems
	missing := func(name, what string) {
		problems = append(problems, Problem{Value: name, What: fmt.Sprintf("%s %s%s", r.file.Name, what, r.file.Closest(name)), Allowed: "it has " + r.file.List()})
	}
	for _, fn := range named {
		known, ok := r.file.Find(fn.Name)
		switch {
		case !ok:
			missing(fn.Given, "has no such function")
			continue
		case !known.MayBe(fn):
			problems = append(problems, Problem{Value: fn.Given, What: fmt.Sprintf("in %s it is %s", r.file.Name, lines.Quote(known.Given)), Allowed: "name the function by its name, or as in the file"})
			continue
		}
		if fn.Given == fn.Name { // the file may say more
			fn = known
		}
		r.in.Functions = append(r.in.Functions, fn)
	}
	for _, glob := range globs {
		matched := r.file.Pick(glob)
		if len(matched) == 0 {
			missing(string(glob), "has no function that it matches")
		}
		for _, fn := range matched {
			if !slices.ContainsFunc(r.in.Functions, func(f function.ID) bool { return f.Name == fn.Name }) {
				r.in.Functions = append(r.in.Functions, fn)
			}
		}
	}
	return problems
}

// readFile takes an input from the release file, where it is not given. A value that is
// given for some functions leaves the others to the file.
func (r *reader) readFile(s spec, given bool) {
	switch {
	case s.file == nil || !r.file.Has() || !slices.Contains(s.file.operations, r.in.Operation):
	case s.file.read == nil && !given:
		setting, ok, problems := r.file.Top(s.file.keys[0], r.getenv)
		r.addInFile(problems)
		if ok && !r.empty(setting.Value) && !r.several(setting.Value) {
			r.took(s.name, "", setting.Value)
			text := strings.TrimSpace(strings.Join(textsOf(setting.Value), "\n"))
			r.addInFile(placed(setting.Value, s.parse(&r.in, text), s.allowed))
		}
	case s.file.read != nil:
		for _, fn := range r.in.Functions {
			r.readFunction(s, fn.Name, given)
		}
	}
}

func (r *reader) readFunction(s spec, name string, given bool) {
	for _, key := range s.file.keys {
		getenv := r.getenv
		if key == releasefile.Environment && r.in.Print == PrintPolicy { // which does not depend on the values
			getenv = func(name string) string { return cmp.Or(r.getenv(name), name) }
		}
		setting, ok, problems := r.file.Of(name, key, getenv)
		r.addInFile(problems)
		if !ok || r.empty(setting.Value) {
			continue
		}
		if !given {
			r.took(s.name, name, setting.Value)
		}
		dir := filepath.Dir(r.file.Name)
		if dir == "." {
			dir = ""
		}
		problems = s.file.read(&r.in, ofFunction{setting, name, key, dir, given})
		for i := range problems {
			if problems[i].Allowed == "" {
				problems[i].Allowed = s.allowed
			}
		}
		r.addInFile(problems)
	}
}

// empty refuses a text that is empty, by itself or in a list of texts, as the flag would
// be: a variable in it may be empty by mistake.
func (r *reader) empty(v document.Value) bool {
	for _, e := range elements(v) {
		if e.Kind == document.Text && strings.TrimSpace(e.Text) == "" {
			allowed := "give it, or leave it out"
			if e.Replaced() {
				allowed = "check what its variables stand for, or leave the key out"
			}
			r.addInFile(document.Problems{e.Problem("empty", allowed)})
			return true
		}
	}
	return false
}

// several refuses what variables stand for if the input would read it as several entries
// or with a comment: it must be one.
func (r *reader) several(v document.Value) bool {
	for _, e := range elements(v) {
		if e.Replaced() && strings.ContainsAny(strings.TrimSpace(e.Text), "\n#") {
			r.addInFile(document.Problems{inFile(e, "", "variables must not have line breaks or # here")})
			return true
		}
	}
	return false
}

// took notes that an input was taken from the release file, for a function or at the
// top.
func (r *reader) took(input, function string, v document.Value) {
	if r.taken[input] == nil {
		r.taken[input] = map[string]document.Value{}
	}
	r.taken[input][function] = v
}

// located are problems with inputs, with their places if the values are the release
// file's.
func (r *reader) located(problems Problems) Problems {
	for i, p := range problems {
		taken := r.taken[p.Input]
		of := ""
		if _, one := taken[p.Value]; one && p.Value != "" {
			of = p.Value
		}
		for _, fn := range r.in.Functions {
			if _, has := taken[fn.Name]; has && of == "" {
				of = fn.Name
			}
		}
		v, ok := taken[of]
		if !ok {
			continue
		}
		located := v.Problem(p.What, p.Allowed)
		if of != "" {
			located.What = "of " + of + ": " + located.What
		}
		problems[i] = problemsIn(document.Problems{located})[0]
		problems[i].Input = "file"
	}
	return problems
}

// elements are those of a list, or a value in its place.
func elements(v document.Value) []document.Value {
	if v.Kind != document.List {
		return []document.Value{v}
	}
	return v.Elements
}

func textsOf(v document.Value) []string {
	var all []string
	for _, e := range elements(v) {
		all = append(all, e.Text)
	}
	return all
}

// placed are problems of a parser for inputs with a value of the release file, at the
// element of a list that they are about. What variables stand for may be a secret, and
// is not repeated.
func placed(v document.Value, problems Problems, allowed string) document.Problems {
	var all document.Problems
	for _, p := range problems {
		at := v
		for _, e := range elements(v) {
			if strings.TrimSpace(e.Text) == p.Value {
				at = e
			}
		}
		if p.Allowed == "" {
			p.Allowed = allowed
		}
		what := p.What
		if strings.Contains(at.Text, "\n") {
			what = p.inLine()
		}
		all = append(all, inFile(at, what, p.Allowed))
	}
	return all
}

// inFile is what is wrong with a value of the release file.
func inFile(v document.Value, what, allowed string) document.Problem {
	if v.Replaced() {
		what = "wrong with what its variables stand for"
	}
	return v.Problem(what, allowed)
}

// errorInFile is an error of a parser about a value of the release file.
func errorInFile(v document.Value, err error) document.Problem {
	if p, ok := errors.AsType[*lines.Error](err); ok {
		return inFile(v, p.Problem, p.Allowed)
	}
	return inFile(v, err.Error(), "")
}
