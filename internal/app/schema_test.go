package app_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/testscript"
)

// checkResults fails unless the output `results` of the last step is as
// docs/results.schema.json describes it.
func checkResults(ts *testscript.TestScript) {
	outputs, err := parseOutputs(ts.ReadFile("runner/output"))
	if err != nil {
		return // a script about the runner's files looks at them itself
	}
	if text, set := value(outputs, "results"); set {
		ts.Check(resultsSchema().check(text))
	}
}

// schema is a JSON schema, of which it knows the keywords that ours uses.
type schema struct{ root map[string]any }

// resultsSchema reads the schema before any script runs, which changes the directory
// of its steps only.
var resultsSchema = sync.OnceValue(func() schema { return readSchema("results") })

func readSchema(name string) schema {
	text, err := os.ReadFile("../../docs/" + name + ".schema.json")
	if err != nil {
		panic(err)
	}
	var s schema
	if err := json.Unmarshal(text, &s.root); err != nil {
		panic(err)
	}
	return s
}

func (s schema) check(document string) error {
	var v any
	if err := json.Unmarshal([]byte(document), &v); err != nil {
		return err
	}
	return s.valid(s.root, v, "results")
}

// valid returns what is wrong with a value at a path.
func (s schema) valid(rules map[string]any, v any, path string) error {
	for _, keyword := range slices.Sorted(maps.Keys(rules)) {
		if err := s.keyword(keyword, rules, v, path); err != nil {
			return err
		}
	}
	return nil
}

func (s schema) keyword(keyword string, rules map[string]any, v any, path string) error {
	rule := rules[keyword]
	wrong := func(ok bool) error {
		if ok {
			return nil
		}
		return fmt.Errorf("%s is %v: %s %v", path, v, keyword, rule)
	}
	object, _ := v.(map[string]any)
	number, isNumber := v.(float64)
	switch keyword {
	case "$schema", "$defs", "definitions", "title", "description":
		return nil
	case "$ref":
		section, name, _ := strings.Cut(strings.TrimPrefix(rule.(string), "#/"), "/")
		return s.valid(s.root[section].(map[string]any)[name].(map[string]any), v, path)
	case "anyOf":
		var all []string
		for _, option := range rule.([]any) {
			err := s.valid(option.(map[string]any), v, path)
			if err == nil {
				return nil
			}
			all = append(all, err.Error())
		}
		return fmt.Errorf("%s: none of: %s", path, strings.Join(all, "; or "))
	case "type":
		return wrong(isType(rule.(string), v))
	case "enum":
		return wrong(slices.Contains(rule.([]any), v))
	case "pattern":
		text, ok := v.(string)
		return wrong(!ok || regexp.MustCompile(rule.(string)).MatchString(text))
	case "minLength":
		text, ok := v.(string)
		return wrong(!ok || float64(utf8.RuneCountInString(text)) >= rule.(float64))
	case "minimum":
		return wrong(!isNumber || number >= rule.(float64))
	case "maximum":
		return wrong(!isNumber || number <= rule.(float64))
	case "required":
		for _, name := range rule.([]any) {
			if _, ok := object[name.(string)]; object != nil && !ok {
				return fmt.Errorf("%s has no %s", path, name)
			}
		}
		return nil
	case "minProperties":
		return wrong(object == nil || float64(len(object)) >= rule.(float64))
	case "propertyNames":
		for name := range object {
			if err := s.valid(rule.(map[string]any), name, path+" key"); err != nil {
				return err
			}
		}
		return nil
	case "items":
		list, _ := v.([]any)
		for i, element := range list {
			if err := s.valid(rule.(map[string]any), element, fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
		return nil
	case "properties", "additionalProperties":
		properties, _ := rules["properties"].(map[string]any)
		for name, field := range object {
			if of, ok := properties[name]; ok == (keyword == "properties") {
				if !ok {
					of = rule
				}
				if err := s.property(of, field, path+"."+name); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return fmt.Errorf("the schema has the keyword %s, which this test does not know", keyword)
}

// property checks a property by its schema, or by false, which allows none.
func (s schema) property(rules, v any, path string) error {
	of, ok := rules.(map[string]any)
	if !ok {
		return fmt.Errorf("%s is not in the schema", path)
	}
	return s.valid(of, v, path)
}

func isType(name string, v any) bool {
	if name == "integer" {
		n, ok := v.(float64)
		return ok && n == math.Trunc(n)
	}
	kinds := map[string]any{"string": "", "number": 0.0, "boolean": false, "array": []any{}, "object": map[string]any{}, "null": nil}
	kind, known := kinds[name]
	return known && reflect.TypeOf(v) == reflect.TypeOf(kind)
}

func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	const good = `[{"function":"items","alias":"","status":"pruned","version":"","previous":"","published":false,"changed":false,"url":"","reason":""}]`
	if err := resultsSchema().check(good); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{
		`"pruned"`:       `"prned"`,
		`"version":""`:   `"version":"012"`,
		`"version":"",`:  ``,
		`"reason":""`:    `"reason":"","more":1`,
		`false`:          `"false"`,
		`"items"`:        `7`,
		`"previous":"",`: `"previous":null,`,
		`[{`:             `[7,{`,
	} {
		if err := resultsSchema().check(strings.Replace(good, from, to, 1)); err == nil {
			t.Errorf("%s in place of %s is accepted", to, from)
		}
	}
}
