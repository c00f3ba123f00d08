package document_test

import (
	"encoding/json"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/document"
)

// shop has every type.
var shop = document.Schema{Type: document.ObjectType, Fields: []document.Field{
	{Name: "name", Required: true},
	{Name: "size", Schema: document.Schema{Type: document.WholeType, Least: 3}},
	{Name: "ratio", Schema: document.Schema{Type: document.DecimalType, Most: 8}},
	{Name: "open", Schema: document.Schema{Type: document.BooleanType}},
	{Name: "texts", Schema: document.Schema{Type: document.ListType, Element: &document.Schema{}, Instead: &document.Schema{}}},
	{Name: "vars", Schema: document.Schema{Type: document.MapType, Secret: true, Element: &document.Schema{Type: document.AsWritten, Nulls: document.WrittenNull},
		Keys: document.KeyRule{Of: "variables", Pattern: regexp.MustCompile("^[A-Z]+$"), Wrong: "not a name", Allowed: "write A"}}},
	{Name: "json", Schema: document.Schema{Type: document.Anything}},
	{Name: "none", Schema: document.Schema{Nulls: document.AnyNull}},
}}

func TestSchemaReads(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"name: a":                           `{"name":"a"}`,
		"{name: a, size: 3, ratio: 1.5}":    `{"name":"a","ratio":1.5,"size":3}`,
		"{name: a, open: TRUE}":             `{"name":"a","open":true}`,
		"{name: a, texts: b}":               `{"name":"a","texts":"b"}`,
		"{name: a, texts: [b, c]}":          `{"name":"a","texts":["b","c"]}`,
		"{name: a, vars: {A: 0755, B: ~}}":  `{"name":"a","vars":{"A":"0755","B":null}}`,
		"{name: a, json: [1.50, ~, {b: }]}": `{"json":[1.50,null,{"b":null}],"name":"a"}`,
		"{name: a, json: 'null'}":           `{"json":"null","name":"a"}`,
		"{name: a, none: }":                 `{"name":"a"}`,
	} {
		v, problems := document.Parse("f", []byte(text))
		decoded, wrong := shop.Read(v)
		got, err := json.Marshal(decoded)
		if problems = append(problems, wrong...); len(problems) > 0 || err != nil || string(got) != want {
			t.Errorf("%s: %s, %q, %v; want %s", text, got, problems, err, want)
		}
	}
}

func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"[]":                        "f:1:1: […]: a list; must be an object with name, size, ratio, open, texts, vars, json or none",
		"{}":                        "f:1:1: {…}: empty; give name, size, ratio, open, texts, vars, json or none, or leave the key out",
		"open: true":                "f:1:1: {…}: without name; give it",
		"{name: a, nam: b}":         "f:1:11: nam: …: unknown key (did you mean name?); allowed are name, size, ratio, open, texts, vars, json, none",
		"name: 1":                   "f:1:7: name: 1: a number; must be a text",
		"{name: a, size: 2}":        "f:1:17: size: 2: out of range; must be a whole number, at least 3",
		"{name: a, ratio: 9}":       "f:1:18: ratio: 9: out of range; must be a number from 0 to 8",
		"{name: a, open: yes}":      `f:1:17: open: "yes": a text; must be true or false`,
		"{name: a, texts: 1}":       "f:1:18: texts: 1: a number; must be a text",
		"{name: a, texts: [1]}":     "f:1:19: texts: 1: a number; must be a text",
		"{name: a, texts: {}}":      "f:1:18: texts: {…}: an object; must be a list",
		"{name: a, vars: {}}":       "f:1:17: vars: {…}: empty; give variables",
		"{name: a, vars: x}":        "f:1:17: vars: …: a text; must be an object of variables",
		"{name: a, vars: {A: [x]}":  "f:1:1: name: …: neither YAML nor JSON: could not find flow mapping end token '}'",
		"{name: a, vars: {A: [x]}}": "f:1:21: A: …: a list; must be a text",
		"{name: a, vars: {a: x}}":   "f:1:18: a: …: not a name; write A",
		"{name: a, vars: {A: }}":    `f:1:18: A: …: no value; write null, or "" for an empty text, or leave the key out`,
		"{name: a, json: 0x1}":      "f:1:17: json: 0x1: not written as a number of JSON; write it in decimal digits, or in quotes for a text",
		"{name: a, json: }":         `f:1:11: json: …: no value; write null, or "" for an empty text, or leave the key out`,
		"{name: }":                  "f:1:2: name: null: no value; give one, or leave the key out",
	} {
		v, problems := document.Parse("f", []byte(text))
		if len(problems) == 0 {
			_, problems = shop.Read(v)
		}
		var got []string
		for _, p := range problems {
			got = append(got, p.Error())
		}
		if diff := cmp.Diff([]string{want}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}
