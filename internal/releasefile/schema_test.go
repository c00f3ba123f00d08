package releasefile_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/document"
	"lambda-release/internal/function"
	"lambda-release/internal/releasefile"
)

var update = flag.Bool("update", false, "rewrite docs/lambda-release.schema.json")

const published = "../../docs/lambda-release.schema.json"

// TestPublishedSchema: the JSON schema for editors has every key of the parser's, and
// no other.
func TestPublishedSchema(t *testing.T) {
	t.Parallel()
	w := writer{definitions: map[string]any{}}
	root := w.of(releasefile.Schema(), "")
	root["$schema"] = "http://json-schema.org/draft-07/schema#" // the newest that all editors know
	root["title"] = "lambda-release.yml"
	root["definitions"] = w.definitions
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(root); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(published, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(published)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.String(), string(got)); diff != "" {
		t.Errorf("docs/lambda-release.schema.json: -update writes it anew (-want +got):\n%s", diff)
	}
}

// writer writes schemas as JSON schemas.
type writer struct{ definitions map[string]any }

// defined are the keys whose schema is written once, for defaults and functions.
var defined = map[string]bool{releasefile.Configuration: true, "smoke-tests": true}

// variables is a text with variables, which may stand for anything.
var variables = map[string]any{"type": "string", "pattern": `\$\{`}

func (w writer) of(s document.Schema, key string) map[string]any {
	if defined[key] {
		if w.definitions[key] == nil {
			w.definitions[key] = w.written(s)
		}
		return map[string]any{"$ref": "#/definitions/" + key}
	}
	return w.written(s)
}

func (w writer) written(s document.Schema) map[string]any {
	out := w.typed(s)
	switch s.Type {
	case document.WholeType, document.DecimalType, document.BooleanType:
		out = anyOf(out, variables)
	case document.TextType:
		if s.OneOf != nil {
			out = anyOf(out, variables)
		}
	case document.ListType, document.ObjectType, document.MapType, document.AsWritten, document.Anything:
	}
	if s.Instead != nil {
		out = anyOf(w.written(*s.Instead), out)
	}
	if s.Nulls != document.NoNull {
		out = anyOf(out, map[string]any{"type": "null"})
	}
	if s.Doc != "" {
		out["description"] = s.Doc
	}
	return out
}

func anyOf(options ...map[string]any) map[string]any {
	return map[string]any{"anyOf": options}
}

func (w writer) typed(s document.Schema) map[string]any {
	out := map[string]any{}
	switch s.Type {
	case document.TextType:
		out["type"] = "string"
		switch {
		case s.OneOf != nil:
			out["enum"] = s.OneOf
		case s.Filled:
			out["minLength"] = 1
		}
	case document.WholeType, document.DecimalType:
		out["type"] = map[document.Type]string{document.WholeType: "integer", document.DecimalType: "number"}[s.Type]
		out["minimum"] = s.Least
		if s.Most > 0 {
			out["maximum"] = s.Most
		}
	case document.BooleanType:
		out["type"] = "boolean"
	case document.AsWritten:
		return anyOf(map[string]any{"type": "string"}, map[string]any{"type": "number"}, map[string]any{"type": "boolean"})
	case document.ListType:
		out["type"], out["items"] = "array", w.of(*s.Element, "")
	case document.ObjectType:
		properties, required := map[string]any{}, []string{}
		for _, f := range s.Fields {
			properties[f.Name] = w.of(f.Schema, f.Name)
			if f.Required {
				required = append(required, f.Name)
			}
		}
		out["type"], out["properties"], out["additionalProperties"] = "object", properties, false
		if len(required) > 0 {
			out["required"] = required
		}
	case document.MapType:
		out["type"], out["additionalProperties"] = "object", w.of(*s.Element, "")
		out["propertyNames"] = map[string]any{"pattern": s.Keys.Pattern.String()}
	case document.Anything:
	}
	if (s.Type == document.ObjectType || s.Type == document.MapType) && !s.Empty {
		out["minProperties"] = 1
	}
	return out
}

// TestFunctionKeys: the schema takes the keys that are names or ARNs of functions, and
// no others.
func TestFunctionKeys(t *testing.T) {
	t.Parallel()
	functions, _ := releasefile.Schema().Find("functions")
	for _, key := range []string{
		"items", "Items_1-a", "123456789012:function:items", "arn:aws:lambda:eu-central-1:123456789012:function:items",
		"arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:items", "",
		"items:prod", "a b", "function:items", "123456789012:items", "arn:aws:lambda:eu-central-1:123456789012:function:items:prod",
		"arn:aws:s3:::items", "${NAME}", "arn:aws:lambda:x:123456789012:function:items", "items-0123456789-0123456789-0123456789-0123456789-0123456789-01234567",
	} {
		_, err := function.Parse(key)
		if got := functions.Keys.Pattern.MatchString(key); got != (err == nil) {
			t.Errorf("%s matches: %t; as a function: %v", key, got, err)
		}
	}
}
