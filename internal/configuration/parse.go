package configuration

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lambda-release/internal/document"
	"lambda-release/internal/lines"
)

// File is what a document says about a function.
type File struct {
	Configuration Configuration
	FunctionName  document.Value // Null if it gives none
	Foreign       []string       // keys of CreateFunction that are no configuration, as given
}

// Parse reads a document in the shape of UpdateFunctionConfiguration, JSON or YAML. It
// returns everything that is wrong.
func Parse(name string, content []byte) (File, document.Problems) {
	root, problems := document.Parse(name, content)
	if len(problems) > 0 && root.Kind != document.Object {
		return File{}, problems
	}
	p := parser{problems: problems}
	f := File{}
	if root.Kind != document.Object {
		return f, append(p.problems, root.SecretProblem("not an object", "write the keys of UpdateFunctionConfiguration, such as MemorySize: 512"))
	}
	own := root
	own.Members = nil
	for _, m := range root.Members {
		if !slices.Contains(foreign, m.Key) {
			own.Members = append(own.Members, m)
			continue
		}
		f.Foreign = append(f.Foreign, m.Key)
		if m.Key == "FunctionName" {
			f.FunctionName = m.Value
		}
	}
	f.Configuration = p.configuration(own)
	return f, p.problems.Sorted()
}

// parser collects the problems.
type parser struct{ problems document.Problems }

func (p *parser) refuse(problem document.Problem) { p.problems = append(p.problems, problem) }

// refuseKind refuses a value for its kind. Where secrets belong, it may be one.
func (p *parser) refuseKind(v document.Value, s setting, allowed string) {
	if s.secret() {
		p.refuse(v.SecretProblem(v.Kind.String(), allowed))
		return
	}
	p.refuse(v.Problem(v.Kind.String(), allowed))
}

func (p *parser) configuration(v document.Value) Configuration {
	return Configuration{p.members(v, settings)}
}

func (p *parser) members(v document.Value, known []setting) map[string]any {
	values := map[string]any{}
	for _, m := range v.Members {
		s, ok := find(known, m.Key)
		if !ok {
			p.refuse(m.Problem("unknown key"+lines.DidYouMean(m.Key, names(known)), "allowed are "+strings.Join(names(known), ", ")))
			continue
		}
		if value := p.value(m.Value, s); value != nil {
			values[m.Key] = value
		}
	}
	return values
}

func (p *parser) value(v document.Value, s setting) any {
	switch v.Kind {
	case document.Null:
		p.refuse(v.Problem("no value", "leave the key out to leave it as it is"))
		return nil
	case document.Refused:
		return nil
	case document.Bool, document.Number, document.Text, document.List, document.Object:
	}
	switch s.kind {
	case text:
		return p.text(v, s)
	case whole, decimal:
		return p.number(v, s)
	case boolean:
		switch {
		case v.Kind == document.Bool && strings.EqualFold(v.Text, "true"):
			return true
		case v.Kind == document.Bool:
			return false
		}
		p.refuseKind(v, s, "must be true or false")
	case list:
		return p.list(v, s)
	case object:
		return p.object(v, s)
	case variables:
		return p.variables(v)
	}
	return nil
}

func (p *parser) text(v document.Value, s setting) any {
	switch {
	case v.Kind != document.Text:
		p.refuseKind(v, s, "must be a text")
		return nil
	case v.Text == "" && !s.blank:
		p.refuse(v.Problem("empty", "give it, or leave it out"))
		return nil
	case s.oneOf != nil && !slices.Contains(s.oneOf, v.Text):
		p.refuse(v.Problem("unknown"+lines.DidYouMean(v.Text, s.oneOf), "must be "+or(s.oneOf)))
		return nil
	}
	return v.Text
}

// or is `a, b or c`.
func or(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

func (p *parser) number(v document.Value, s setting) any {
	what := "must be a whole number"
	if s.kind == decimal {
		what = "must be a number"
	}
	what += fmt.Sprintf(" from %s to %s", number(s.least), number(s.most))
	n, err := strconv.ParseFloat(v.Text, 64)
	switch {
	case v.Kind != document.Number:
		p.refuseKind(v, s, what)
	case err != nil || s.kind == whole && (n != math.Trunc(n) || !decimalDigits.MatchString(v.Text)):
		p.refuse(v.Problem("not written as such a number", what))
	case n < s.least || n > s.most:
		p.refuse(v.Problem("out of range", what))
	default:
		return n
	}
	return nil
}

// decimalDigits excludes 0x200, 0755 and 1_000, which mean something else to other readers.
var decimalDigits = regexp.MustCompile(`^(0|[1-9][0-9]*)$`)

func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

func (p *parser) list(v document.Value, s setting) any {
	if v.Kind != document.List {
		p.refuseKind(v, s, "must be a list")
		return nil
	}
	all := []any{}
	for _, e := range v.Elements {
		if value := p.value(e, *s.element); value != nil {
			all = append(all, value)
		}
	}
	return all
}

func (p *parser) object(v document.Value, s setting) any {
	switch {
	case v.Kind != document.Object:
		p.refuseKind(v, s, "must be an object with "+or(names(s.members)))
		return nil
	case len(v.Members) == 0 && s.clears:
		return s.empty()
	case len(v.Members) == 0:
		p.refuse(v.Problem("empty", "give "+or(names(s.members))+", or leave the key out"))
		return nil
	}
	for _, m := range s.members {
		if m.required && !slices.ContainsFunc(v.Members, func(given document.Member) bool { return given.Key == m.name }) {
			p.refuse(v.Problem("without "+m.name, "give it"))
		}
	}
	return p.members(v, s.members)
}

// variableName is what AWS allows.
var variableName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]+$`)

// variables are texts as they are written, also where YAML reads a number or a boolean.
func (p *parser) variables(v document.Value) any {
	if v.Kind != document.Object {
		p.refuse(v.SecretProblem(v.Kind.String(), "must be an object of variables, NAME: VALUE"))
		return nil
	}
	all := map[string]any{}
	for _, m := range v.Members {
		switch {
		case !variableName.MatchString(m.Key):
			p.refuse(m.Problem("not a name of a variable", "use letters, digits and _, at least two, a letter first"))
		case m.Value.Kind == document.Refused:
		case m.Value.Kind == document.Null:
			p.refuse(m.Problem("no value", `write "" for an empty one, or leave the variable out`))
		case m.Value.Kind == document.List || m.Value.Kind == document.Object:
			p.refuse(m.Problem(m.Value.Kind.String(), "must be a text"))
		default:
			all[m.Key] = m.Value.Text
		}
	}
	return all
}
