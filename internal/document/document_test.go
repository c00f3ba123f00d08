package document_test

import (
	"strings"
	"testing"

	"lambda-release/internal/document"
)

func TestParse(t *testing.T) {
	t.Parallel()
	const text = "# a comment\nname: items\nports: [80, 0443]\nopen: true\nnone: ~\nnested:\n  long: |\n    a\n    b\n"
	for _, written := range []string{text, strings.ReplaceAll(text, "\n", "\r\n")} {
		v, problems := document.Parse("f", []byte(written))
		if len(problems) > 0 || v.Kind != document.Object || len(v.Members) != 5 {
			t.Fatalf("%q: %v, %d members", problems, v.Kind, len(v.Members))
		}
		kinds := []document.Kind{document.Text, document.List, document.Bool, document.Null, document.Object}
		for i, want := range kinds {
			if got := v.Members[i].Value.Kind; got != want {
				t.Errorf("%s is %s, want %s", v.Members[i].Key, got, want)
			}
		}
		if port := v.Members[1].Value.Elements[1]; port.Kind != document.Number || port.Text != "0443" {
			t.Errorf("port is %s %q", port.Kind, port.Text)
		}
		if got := v.Members[4].Value.Members[0].Value.Text; strings.ReplaceAll(got, "\r", "") != "a\nb\n" {
			t.Errorf("long is %q", got)
		}
	}
}

// TestParseJSON: tabs and escapes of JSON are no YAML, and are read nevertheless.
func TestParseJSON(t *testing.T) {
	t.Parallel()
	v, problems := document.Parse("f", []byte("{\n\t\"a\": \"\\u00e9\\ud83d\\ude00\\/\\t\",\n\t\"b\": []\n}\n"))
	if len(problems) > 0 || len(v.Members) != 2 || v.Members[0].Value.Text != "é😀/\t" || v.Members[1].Value.Kind != document.List {
		t.Errorf("%q: %+v", problems, v)
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	v, _ := document.Parse("f", []byte("a:\n  b: secret\n  c: [x, 5]\n"))
	object := v.Members[0].Value
	for _, tt := range []struct {
		problem document.Problem
		want    string
	}{
		{v.Members[0].Problem("wrong", ""), "f:1:1: a: …: wrong"},
		{object.Problem("wrong", "do"), "f:1:1: a: {…}: wrong; do"},
		{object.Members[0].Value.SecretProblem("wrong", ""), "f:2:6: b: …: wrong"},
		{object.Members[0].Value.Problem("wrong", ""), `f:2:6: b: "secret": wrong`},
		{object.Members[1].Value.Elements[1].Problem("wrong", ""), "f:3:10: c: 5: wrong"},
	} {
		if got := tt.problem.Error(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
