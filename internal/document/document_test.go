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

// TestRefused: what would be read as something else than it says, or not at all.
func TestRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ document, want string }{
		"Latin-1":          {"a: 1\nb: caf\xe9\n", "f:2:7: not in UTF-8; save the file in that encoding"},
		"UTF-16":           {"\xff\xfea\x00:\x00", "f:1:1: not in UTF-8; save the file in that encoding"},
		"binary":           {"a: \x00b", "f:1:4: not in UTF-8; save the file in that encoding"},
		"a tab in a text":  {"a: s3cr3t\tx\n", "f:1:4: a: a tab in a text without quotes; put the text in quotes"},
		"a tab in a list":  {"a: [b\tc]\n", "f:1:5: a: a tab in a text without quotes; put the text in quotes"},
		"a tab in a key":   {"a\tb: c\n", "f:1:1: ab: a tab in a key; write the key without it"},
		"deep":             {strings.Repeat("[", 200000), "f:1:101: nested too deeply; nest at most 100 lists and objects"},
		"deep in objects":  {strings.Repeat("{a: ", 50000), "f:1:401: nested too deeply; nest at most 100 lists and objects"},
		"deep in a line":   {strings.Repeat("- ", 100000), "f:1:201: nested too deeply; nest at most 100 lists and objects"},
		"a secret in JSON": {"{s3cr3t, B: 'x", "f:1:13: neither YAML nor JSON: could not find end character of single-quoted text"},
		"a URL":            {"a:\n  b: 1\n postgres s3cr3t://x: 'y\n", "f:3:23: neither YAML nor JSON: could not find end character of single-quoted text"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, problems := document.Parse("f", []byte(tt.document))
			if len(problems) != 1 || problems[0].Error() != tt.want {
				t.Errorf("%q, want %q", problems, tt.want)
			}
		})
	}
}

// TestRead: what editors and other programs write.
func TestRead(t *testing.T) {
	t.Parallel()
	for _, written := range []string{"\ufeffa: b", "\ufeff{\"a\": \"b\"}", "%YAML 1.2\n---\na: b\n", "a: b\t\n", "a: b\t# c\n", "a:\tb\n", "---\na: b\n...\n"} {
		v, problems := document.Parse("f", []byte(written))
		if len(problems) > 0 || len(v.Members) != 1 || v.Members[0].Key != "a" || v.Members[0].Value.Text != "b" {
			t.Errorf("%q: %q, %+v", written, problems, v)
		}
	}
	v, problems := document.Parse("f", []byte("a: 'b\tc'\nb: |\n  c\td\n"))
	if len(problems) > 0 || v.Members[0].Value.Text != "b\tc" || v.Members[1].Value.Text != "c\td\n" {
		t.Errorf("%q, %+v", problems, v)
	}
}
