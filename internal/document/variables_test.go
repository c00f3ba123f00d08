package document_test

import (
	"testing"

	"lambda-release/internal/document"
)

func env(name string) string {
	return map[string]string{"A": "a", "N": "512", "B": "True", "TREE": "x: {y: [1]}\nz: ${A} $$", "NULL": "null"}[name]
}

func TestExpand(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain":               "plain",
		"$LATEST":             "$LATEST",
		"a$b":                 "a$b",
		"'$'":                 "$",
		"${A}":                "a",
		"'<${A}${A}>'":        "<aa>",
		"${NO:-}":             "",
		"${NO:-b c}":          "b c",
		"${A:-b}":             "a",
		"${NO:-$$}":           "$$", // a default is taken as it is
		"$${A}":               "${A}",
		"$$$${A}":             "$${A}",
		"'$$${A}'":            "$a",
		"'{\"a\": \"$$.b\"}'": `{"a": "$.b"}`,
		"${TREE}":             "x: {y: [1]}\nz: ${A} $$", // not read again
		"${NULL}":             "null",
		"|\n  ${A}\n  $$\n":   "a\n$\n",
		"\"${A}\\n${N}\"":     "a\n512",
		"${A}}":               "a}",
		"'${A:-{}}'":          "a}",
	} {
		v, problems := document.Parse("f", []byte("key: "+text))
		v, more := v.Expand(env)
		got, _ := v.Get("key")
		if problems = append(problems, more...); len(problems) > 0 || got.Kind != document.Text || got.Text != want {
			t.Errorf("%s: %s %q, %q; want %q", text, got.Kind, got.Text, problems, want)
		}
	}
}

// TestExpandKeys: keys, and what is no text, stay as they are.
func TestExpandKeys(t *testing.T) {
	t.Parallel()
	v, problems := document.Parse("f", []byte("\"${A}\": [1, true, ~, {b: \"${A}\"}]"))
	v, more := v.Expand(env)
	if problems = append(problems, more...); len(problems) > 0 {
		t.Fatal(problems)
	}
	list, ok := v.Get("${A}")
	if !ok || len(list.Elements) != 4 || list.Elements[0].Kind != document.Number || list.Elements[2].Kind != document.Null {
		t.Fatalf("%+v", v)
	}
	if b, _ := list.Elements[3].Get("b"); b.Text != "a" {
		t.Errorf("%+v", b)
	}
}

func TestExpandRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"s3cr3t ${NO}":   "f:1:6: key: …: the variable NO is not set, or empty; set it in the env of the step, or give it a default, which may be empty: ${NO:-}",
		"${}":            "f:1:6: key: …: a ${ that begins no variable; write ${NAME} or ${NAME:-DEFAULT}, and $$ for a dollar",
		"'${A-b}'":       "f:1:6: key: …: a ${ that begins no variable; write ${NAME} or ${NAME:-DEFAULT}, and $$ for a dollar",
		"'${1}'":         "f:1:6: key: …: a ${ that begins no variable; write ${NAME} or ${NAME:-DEFAULT}, and $$ for a dollar",
		"'${A'":          "f:1:6: key: …: a ${ that begins no variable; write ${NAME} or ${NAME:-DEFAULT}, and $$ for a dollar",
		"'${{ env.A }}'": "f:1:6: key: …: a ${ that begins no variable; GitHub replaces ${{ … }} in workflows only: pass the value to the step in env, and write ${NAME}",
	} {
		v, _ := document.Parse("f", []byte("key: "+text))
		v, problems := v.Expand(env)
		got, _ := v.Get("key")
		if len(problems) != 1 || problems[0].Error() != want || got.Kind != document.Refused {
			t.Errorf("%s: %s, %q; want %q", text, got.Kind, problems, want)
		}
	}
}

// TestExpandUnknown: without an environment, what variables stand for is not judged.
func TestExpandUnknown(t *testing.T) {
	t.Parallel()
	v, _ := document.Parse("f", []byte("[\"${A}\", \"$$\", b]"))
	v, problems := v.Expand(nil)
	if len(problems) > 0 || v.Elements[0].Kind != document.Refused || v.Elements[1].Text != "$" || v.Elements[2].Text != "b" {
		t.Errorf("%q: %+v", problems, v)
	}
}

// TestReplacedScalars: what variables stand for is a number or a boolean only where one
// is asked for, and never null, a list or an object.
func TestReplacedScalars(t *testing.T) {
	t.Parallel()
	whole := document.Schema{Type: document.WholeType, Least: 1, Most: 1000}
	for _, tt := range []struct {
		text   string
		schema document.Schema
		want   any
		wrong  string
	}{
		{"${N}", whole, 512.0, ""},
		{"1${NO:-0}", whole, 10.0, ""},
		{"${A}", whole, nil, `f:1:1: "${A}": not written as such a number; must be a whole number from 1 to 1000`},
		{"${NO:-NaN}", document.Schema{Type: document.DecimalType, Least: 1}, nil, `f:1:1: "${NO:-NaN}": not written as such a number; must be a number, at least 1`},
		{"${NO:-2000}", whole, nil, `f:1:1: "${NO:-2000}": out of range; must be a whole number from 1 to 1000`},
		{"'512'", whole, nil, `f:1:1: "512": a text; must be a whole number from 1 to 1000`},
		{"${B}", document.Schema{Type: document.BooleanType}, true, ""},
		{"${A}", document.Schema{Type: document.BooleanType}, nil, `f:1:1: "${A}": a text; must be true or false`},
		{"${N}", document.Schema{}, "512", ""},
		{"${NULL}", document.Schema{Nulls: document.WrittenNull}, "null", ""},
		{"${N}", document.Schema{Type: document.AsWritten}, "512", ""},
		{"${N}", document.Schema{Type: document.Anything}, "512", ""},
		{"${TREE}", document.Schema{Type: document.ObjectType, Fields: []document.Field{{Name: "x"}}}, nil, `f:1:1: "${TREE}": a text; must be an object with x`},
		{"${A}", document.Schema{OneOf: []string{"ab"}}, nil, `f:1:1: "${A}": unknown with what its variables stand for; must be ab`},
	} {
		v, _ := document.Parse("f", []byte(tt.text))
		v, _ = v.Expand(env)
		got, problems := tt.schema.Read(v)
		wrong := ""
		if len(problems) > 0 {
			wrong = problems[0].Error()
		}
		if got != tt.want || wrong != tt.wrong {
			t.Errorf("%s: %v, %q; want %v, %q", tt.text, got, wrong, tt.want, tt.wrong)
		}
	}
}
