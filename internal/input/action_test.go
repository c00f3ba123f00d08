package input

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// actionInput is what action.yml and the table both say of an input.
type actionInput struct {
	Name, Description, Required, Default string
}

func TestActionHasTheTablesInputs(t *testing.T) {
	t.Parallel()
	var inTable, inAction []actionInput
	for _, s := range table {
		inTable = append(inTable, actionInput{s.name, s.doc, "false", s.def})
	}
	for _, n := range readAction(t).child("inputs").children {
		n.only(t, "description", "required", "default")
		inAction = append(inAction, actionInput{
			Name:        n.key,
			Description: n.child("description").value,
			Required:    n.child("required").value,
			Default:     n.child("default").value,
		})
	}
	if diff := cmp.Diff(inTable, inAction); diff != "" {
		t.Errorf("(-table +action.yml):\n%s", diff)
	}
}

func TestActionHasTheOutputs(t *testing.T) {
	t.Parallel()
	want := []string{
		"version", "previous-version", "alias", "alias-arn", "function-arn", "published",
		"deployment-id", "url", "status", "changed", "locked", "results", "versions", "analysis",
	}
	var got []string
	for _, n := range readAction(t).child("outputs").children {
		n.only(t, "description")
		got = append(got, n.key)
		if n.child("description").value == "" {
			t.Errorf("output %s: no description", n.key)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +action.yml):\n%s", diff)
	}
}

// https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax
// pinnedImage is what a release puts in the Dockerfile's place.
var pinnedImage = regexp.MustCompile(`^docker://ghcr\.io/[a-z0-9._/-]+@sha256:[0-9a-f]{64}$`)

func TestActionRunsTheImage(t *testing.T) {
	t.Parallel()
	action := readAction(t)
	action.only(t, "name", "description", "author", "branding", "inputs", "outputs", "runs")
	for _, key := range []string{"name", "description", "author"} {
		if action.child(key).value == "" {
			t.Errorf("no %s", key)
		}
	}
	if n := len(action.child("description").value); n >= 125 {
		t.Errorf("the Marketplace takes a description of less than 125 characters, and not %d", n)
	}
	runs := action.child("runs")
	runs.only(t, "using", "image")
	if using, image := runs.child("using").value, runs.child("image").value; using != "docker" || image != "Dockerfile" && !pinnedImage.MatchString(image) {
		t.Errorf("runs %q with %q", image, using)
	}
}

func readAction(t *testing.T) *node {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	root, err := parseYAML(string(data))
	if err != nil {
		t.Fatalf("action.yml: %v", err)
	}
	return root
}

// only holds n to the keys it may have.
func (n *node) only(t *testing.T, keys ...string) {
	t.Helper()
	for _, c := range n.children {
		if !slices.Contains(keys, c.key) {
			t.Errorf("%s: unknown key %s", n.key, c.key)
		}
	}
}

func TestParseYAMLRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a":                       "line 1: no key",
		"a:b":                     "line 1: no key",
		"a: 1\na: 2":              "line 2: a twice",
		"  a: 1":                  "line 1: indented by 2",
		"a:\n   b: 1":             "line 2: indented by 3",
		"a: 1\n  b: 1":            "line 2: indented by 2",
		"\ta: 1":                  "line 1: a tab",
		"- a":                     "line 1: no key",
		"a: [b]":                  "line 1: a value that begins with '['",
		"a: |\n  b":               "line 1: a value that begins with '|'",
		"a: b # c":                "line 1: a comment or a key within a value",
		"a: b: c":                 "line 1: a comment or a key within a value",
		"a: 'b":                   "line 1: a quote",
		"a: 'b''c'":               "line 1: a quote",
		"a:\nb: 1":                "line 1: a has neither value nor keys",
		"a: >-\n  b\n\n  c":       "line 3: a blank line",
		"a: >-\n  b\n    c":       "line 3: indented by 4",
		"a: >-\nb: 1":             "line 1: a has neither value nor keys",
		"a: 1 \nb: 2":             "line 1: a space at its end",
		"a: 1\nb:\n  c: 1\n d: 1": "line 4: indented by 1",
	} {
		if n, err := parseYAML(text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %+v, %v; want %s", text, n, err, want)
		}
	}
}
