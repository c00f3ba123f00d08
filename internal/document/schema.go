package document

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lambda-release/internal/lines"
)

// Type is what a Schema allows.
type Type int

// The types of schemas.
const (
	TextType    Type = iota // OneOf limits it
	WholeType               // a whole number in decimal digits, from Least to Most
	DecimalType             // a number from Least to Most
	BooleanType
	ListType   // of Element
	ObjectType // with Fields
	MapType    // of Element, by keys that Keys allows
	AsWritten  // any scalar, which is the text that it is written as
	Anything   // as JSON
)

// Schema is what a value in a document may be.
type Schema struct {
	Type    Type
	Doc     string  // for people
	Fields  []Field // of an object
	Element *Schema // of a list or a map
	Keys    KeyRule // of a map
	Instead *Schema // of a scalar that may stand in place of a list or an object
	Empty   bool    // an object may be without fields

	Least, Most float64  // of numbers; Most 0: no limit
	OneOf       []string // of texts; nil: any
	Filled      bool     // a text must not be empty

	Secret bool  // problems do not show the value
	Nulls  Nulls // whether null is a value
}

// Field is a key of an object.
type Field struct {
	Name     string
	Required bool
	Schema
}

// KeyRule is what the keys of a map must match.
type KeyRule struct {
	Of             string // what they are, in words
	Pattern        *regexp.Regexp
	Wrong, Allowed string // what is said of another key
}

// Nulls says whether null is a value.
type Nulls int

// The answers. A value that is left out, as in `key:`, is often a mistake.
const (
	NoNull      Nulls = iota
	WrittenNull       // null or ~, written out
	AnyNull           // or nothing at all
)

// Read checks a value, and returns it as encoding/json decodes it, without what is
// wrong. A Null is nil. What was refused already is not reported again.
func (s Schema) Read(v Value) (any, Problems) {
	r := &schemaReader{}
	return r.value(v, s), r.problems
}

// Find is the field of this name.
func (s Schema) Find(name string) (Field, bool) {
	i := slices.IndexFunc(s.Fields, func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return s.Fields[i], true
}

// names are those of the fields.
func (s Schema) names() []string {
	var all []string
	for _, f := range s.Fields {
		all = append(all, f.Name)
	}
	return all
}

// schemaReader collects the problems.
type schemaReader struct{ problems Problems }

func (r *schemaReader) refuse(p Problem) { r.problems = append(r.problems, p) }

// wrongType refuses a value of another type than is allowed.
func (r *schemaReader) wrongType(v Value, s Schema, allowed string) {
	if s.Secret {
		r.refuse(v.SecretProblem(v.Kind.String(), allowed))
		return
	}
	r.refuse(v.Problem(v.Kind.String(), allowed))
}

func (r *schemaReader) value(v Value, s Schema) any {
	switch v.Kind {
	case Refused:
		return nil
	case Null:
		r.null(v, s)
		return nil
	case Bool, Number, Text:
		if s.Instead != nil {
			return r.value(v, *s.Instead)
		}
	case List, Object:
	}
	switch s.Type {
	case TextType:
		return r.text(v, s)
	case WholeType, DecimalType:
		return r.number(v, s)
	case BooleanType:
		return r.boolean(v, s)
	case ListType:
		return r.list(v, s)
	case ObjectType:
		return r.object(v, s)
	case MapType:
		return r.entries(v, s)
	case AsWritten:
		if v.Kind == List || v.Kind == Object {
			r.refuse(v.SecretProblem(v.Kind.String(), "must be a text"))
			return nil
		}
		return v.Text
	case Anything:
		return r.json(v)
	}
	return nil
}

func (r *schemaReader) null(v Value, s Schema) {
	switch {
	case s.Nulls == AnyNull, (s.Nulls == WrittenNull || s.Type == Anything) && v.Text != "":
	case s.Nulls == WrittenNull || s.Type == Anything:
		r.refuse(v.SecretProblem("no value", `write null, or "" for an empty text, or leave the key out`))
	case s.Type == AsWritten:
		r.refuse(v.SecretProblem("no value", `write "" for an empty one, or leave the key out`))
	default:
		r.refuse(v.Problem("no value", "give one, or leave the key out"))
	}
}

func (r *schemaReader) text(v Value, s Schema) any {
	switch {
	case v.Kind != Text:
		r.wrongType(v, s, "must be a text")
		return nil
	case s.Filled && v.Text == "":
		r.refuse(v.Problem("empty", "give it, or leave it out"))
		return nil
	case s.OneOf != nil && !slices.Contains(s.OneOf, v.Text) && v.Replaced():
		r.refuse(v.Problem("unknown with what its variables stand for", "must be "+or(s.OneOf)))
		return nil
	case s.OneOf != nil && !slices.Contains(s.OneOf, v.Text):
		r.refuse(v.Problem("unknown"+lines.DidYouMean(v.Text, s.OneOf), "must be "+or(s.OneOf)))
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

func (r *schemaReader) boolean(v Value, s Schema) any {
	word := strings.ToLower(v.Text)
	isBool := v.Kind == Bool || v.Replaced() && (word == "true" || word == "false")
	if !isBool {
		r.wrongType(v, s, "must be true or false")
		return nil
	}
	return word == "true"
}

func (r *schemaReader) number(v Value, s Schema) any {
	what := "must be a number"
	if s.Type == WholeType {
		what = "must be a whole number"
	}
	if s.Most > 0 {
		what += fmt.Sprintf(" from %s to %s", number(s.Least), number(s.Most))
	} else {
		what += ", at least " + number(s.Least)
	}
	n, err := strconv.ParseFloat(v.Text, 64)
	switch {
	case v.Kind != Number && !v.Replaced():
		r.wrongType(v, s, what)
	case err != nil || math.IsNaN(n) || s.Type == WholeType && (n != math.Trunc(n) || !decimalDigits.MatchString(v.Text)):
		r.refuse(v.Problem("not written as such a number", what))
	case n < s.Least || s.Most > 0 && n > s.Most:
		r.refuse(v.Problem("out of range", what))
	default:
		return n
	}
	return nil
}

// decimalDigits excludes 0x200, 0755 and 1_000, which mean something else to other readers.
var decimalDigits = regexp.MustCompile(`^(0|[1-9][0-9]*)$`)

func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

func (r *schemaReader) list(v Value, s Schema) any {
	if v.Kind != List {
		r.wrongType(v, s, "must be a list")
		return nil
	}
	all := []any{}
	for _, e := range v.Elements {
		if value := r.value(e, *s.Element); value != nil {
			all = append(all, value)
		}
	}
	return all
}

func (r *schemaReader) object(v Value, s Schema) any {
	switch {
	case v.Kind != Object:
		r.wrongType(v, s, "must be an object with "+or(s.names()))
		return nil
	case len(v.Members) == 0 && !s.Empty:
		r.refuse(v.Problem("empty", "give "+or(s.names())+", or leave the key out"))
		return nil
	case len(v.Members) > 0:
		for _, f := range s.Fields {
			if _, given := v.Get(f.Name); f.Required && !given {
				r.refuse(v.Problem("without "+f.Name, "give it"))
			}
		}
	}
	values := map[string]any{}
	for _, m := range v.Members {
		f, ok := s.Find(m.Key)
		if !ok {
			r.refuse(m.Problem("unknown key"+lines.DidYouMean(m.Key, s.names()), "allowed are "+strings.Join(s.names(), ", ")))
			continue
		}
		if value := r.value(m.Value, f.Schema); value != nil {
			values[m.Key] = value
		}
	}
	return values
}

// entries are the values of a map, null included.
func (r *schemaReader) entries(v Value, s Schema) any {
	if v.Kind != Object {
		r.wrongType(v, s, "must be an object of "+s.Keys.Of)
		return nil
	}
	if len(v.Members) == 0 && !s.Empty {
		r.refuse(v.Problem("empty", "give "+s.Keys.Of))
	}
	all := map[string]any{}
	for _, m := range v.Members {
		if !s.Keys.Pattern.MatchString(m.Key) {
			r.refuse(m.Problem(s.Keys.Wrong, s.Keys.Allowed))
			continue
		}
		before := len(r.problems)
		value := r.value(m.Value, *s.Element)
		if m.Value.Kind != Refused && len(r.problems) == before {
			all[m.Key] = value
		}
	}
	return all
}

// json is any value as JSON has it.
func (r *schemaReader) json(v Value) any {
	switch v.Kind {
	case Null, Refused:
	case Bool:
		return strings.EqualFold(v.Text, "true")
	case Text:
		return v.Text
	case Number:
		if json.Valid([]byte(v.Text)) {
			return json.Number(v.Text)
		}
		r.refuse(v.Problem("not written as a number of JSON", "write it in decimal digits, or in quotes for a text"))
	case List:
		all := []any{}
		for _, e := range v.Elements {
			all = append(all, r.json(e))
		}
		return all
	case Object:
		all := map[string]any{}
		for _, m := range v.Members {
			all[m.Key] = r.json(m.Value)
		}
		return all
	}
	return nil
}
