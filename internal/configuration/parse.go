package configuration

import (
	"regexp"
	"slices"

	"lambda-release/internal/document"
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
	f := File{}
	if root.Kind != document.Object {
		return f, append(problems, root.SecretProblem("not an object", "write the keys of UpdateFunctionConfiguration, such as MemorySize: 512"))
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
	var wrong document.Problems
	f.Configuration, wrong = Read(own)
	return f, append(problems, wrong...).Sorted()
}

// Read reads an object of settings.
func Read(v document.Value) (Configuration, document.Problems) {
	value, problems := Schema().Read(v)
	values, _ := value.(map[string]any)
	for _, s := range settings {
		if given, ok := values[s.name].(map[string]any); ok && len(given) == 0 && s.clears {
			values[s.name] = s.empty()
		}
	}
	return Configuration{values}, problems
}

// Schema is that of an object with settings.
func Schema() document.Schema {
	s := all.schema()
	s.Empty = true
	return s
}

func (s setting) schema() document.Schema {
	of := document.Schema{Least: s.least, Most: s.most, OneOf: s.oneOf, Empty: s.clears, Secret: s.secret()}
	switch s.kind {
	case text:
		of.Type, of.Filled = document.TextType, !s.blank
	case whole:
		of.Type = document.WholeType
	case decimal:
		of.Type = document.DecimalType
	case boolean:
		of.Type = document.BooleanType
	case list:
		of.Type = document.ListType
		element := s.element.schema()
		of.Element = &element
	case object:
		of.Type = document.ObjectType
		for _, m := range s.members {
			of.Fields = append(of.Fields, document.Field{Name: m.name, Required: m.required, Schema: m.schema()})
		}
	case variables:
		of = VariablesSchema()
	}
	return of
}

// VariablesSchema is that of an object of environment variables: texts as they are
// written, also where YAML reads a number or a boolean.
func VariablesSchema() document.Schema {
	return document.Schema{
		Type: document.MapType, Secret: true, Empty: true, Element: &document.Schema{Type: document.AsWritten},
		Keys: document.KeyRule{
			Of: "variables, NAME: VALUE", Pattern: variableName, Wrong: "not a name of a variable", Allowed: "use letters, digits and _, at least two, a letter first",
		},
	}
}

// variableName is what AWS allows.
var variableName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]+$`)
