// Package releasefile reads the release file, lambda-release.yml: what belongs to
// functions, so that a workflow for many of them needs no inputs. It is pure, but for
// looking for the file.
//
//	schema.go       all keys in one table
//	found.go        where the file is
//	releasefile.go  the functions, and the settings of one
//
// What settings mean is not known here: package input reads them as it reads inputs.
package releasefile

import (
	"fmt"
	"slices"
	"strings"

	"lambda-release/internal/document"
	"lambda-release/internal/function"
	"lambda-release/internal/lines"
)

// File is a release file. The zero File is none.
type File struct {
	Name      string        // its path
	Functions []function.ID // in the order of the file; no short name twice

	root     document.Value
	keys     map[string]string // of functions, by short name
	schema   document.Schema
	function document.Schema // of one of the functions
}

// Parse reads a file. Its types and keys are checked as a whole; what variables stand
// for is not known yet. With problems, the File has what is right.
func Parse(name string, content []byte) (File, document.Problems) {
	f := File{Name: name, keys: map[string]string{}, schema: Schema(), function: ofFunction(document.WrittenNull)}
	root, problems := document.Parse(name, content)
	f.root = root
	if root.Kind != document.Object {
		if len(problems) == 0 {
			problems = document.Problems{root.SecretProblem("not an object", "write the key functions, and below it the name of each function")}
		}
		return f, problems
	}
	known, wrong := root.Expand(nil)
	problems = append(problems, wrong...)
	_, wrong = f.schema.Read(known)
	problems = append(problems, wrong...)
	functions, _ := root.Get("functions")
	for _, m := range functions.Members {
		id, err := function.Parse(m.Key)
		if err != nil {
			continue // the schema has refused it
		}
		if first, twice := f.keys[id.Name]; twice {
			problems = append(problems, m.Problem(fmt.Sprintf("the function %s is already there, as %s", id.Name, lines.Quote(first)),
				"name each function once; functions of the same name in two regions or accounts need two files"))
			continue
		}
		f.keys[id.Name] = m.Key
		f.Functions = append(f.Functions, id)
	}
	return f, problems.Sorted()
}

// Has reports whether there is a file.
func (f File) Has() bool { return f.Name != "" }

// Pick are the functions that a glob matches.
func (f File) Pick(glob function.Pattern) []function.ID {
	return slices.DeleteFunc(slices.Clone(f.Functions), func(fn function.ID) bool { return !glob.Matches(fn.Name) })
}

// Find is the function of this short name.
func (f File) Find(name string) (function.ID, bool) {
	i := slices.IndexFunc(f.Functions, func(fn function.ID) bool { return fn.Name == name })
	if i < 0 {
		return function.ID{}, false
	}
	return f.Functions[i], true
}

// Closest suggests one of the functions in the file for a name, or a glob, that is for
// none of them.
func (f File) Closest(name string) string {
	return lines.DidYouMean(strings.Trim(name, "*?-_"), f.names())
}

// maxListed is how many names a message lists.
const maxListed = 20

// List is the names of the functions, for a message.
func (f File) List() string {
	names := f.names()
	if len(names) > maxListed {
		names = append(names[:maxListed], "…")
	}
	return strings.Join(names, ", ")
}

func (f File) names() []string {
	var all []string
	for _, fn := range f.Functions {
		all = append(all, fn.Name)
	}
	return all
}

// Setting is the value of a key, with its variables replaced.
type Setting struct {
	Value   document.Value
	Decoded any // as encoding/json decodes it
}

// Top is the setting of a key at the top of the file; false if it has none, or if that
// is wrong.
func (f File) Top(key string, getenv func(string) string) (Setting, bool, document.Problems) {
	field, _ := f.schema.Find(key)
	value, given := f.root.Get(key)
	if !given {
		return Setting{}, false, nil
	}
	return read(value, field.Schema, getenv)
}

// Of is the setting of a function's key, its own or that of the defaults.
func (f File) Of(name, key string, getenv func(string) string) (Setting, bool, document.Problems) {
	defaults, _ := f.root.Get("defaults")
	functions, _ := f.root.Get("functions")
	itself, _ := functions.Get(f.keys[name])
	common, inDefaults := defaults.Get(key)
	value, own := itself.Get(key)
	switch {
	case !own && !inDefaults:
		return Setting{}, false, nil
	case !own:
		value = common
	case merges(key) && value.Kind == document.Object && common.Kind == document.Object:
		value = value.Over(common)
	}
	field, _ := f.function.Find(key)
	return read(value, field.Schema, getenv)
}

// merges reports whether what a function gives is merged with the defaults by the keys
// in it, and does not replace them.
func merges(key string) bool { return key == Configuration || key == Environment || key == Tags }

func read(v document.Value, s document.Schema, getenv func(string) string) (Setting, bool, document.Problems) {
	v, problems := v.Expand(getenv)
	decoded, wrong := s.Read(v)
	problems = append(problems, wrong...)
	return Setting{v, decoded}, len(problems) == 0 && v.Kind != document.Null, problems
}
