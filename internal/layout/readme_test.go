package layout

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// entry is an input or an output of the action.
type entry struct {
	Name, Default string
}

// action holds the inputs and outputs of action.yml, in its order.
type action struct{ inputs, outputs []entry }

// readAction parses the inputs and outputs of action.yml, in which names are
// indented by two, their keys by four, and blocks by six.
func readAction(t *testing.T) action {
	t.Helper()
	var a action
	var into *[]entry
	inDefault := false
	for line := range strings.Lines(read(t, "action.yml")) {
		line = strings.TrimRight(line, "\n")
		text := strings.TrimSpace(line)
		key, value, _ := strings.Cut(text, ":")
		switch indent := len(line) - len(strings.TrimLeft(line, " ")); {
		case text == "" || strings.HasPrefix(text, "#"):
		case indent == 0:
			into = map[string]*[]entry{"inputs": &a.inputs, "outputs": &a.outputs}[key]
		case into == nil:
		case indent == 2:
			*into = append(*into, entry{Name: key})
		case indent == 4:
			inDefault = key == "default"
			if value = strings.Trim(strings.TrimSpace(value), "'"); inDefault && value != "|-" {
				(*into)[len(*into)-1].Default = value
			}
		case inDefault:
			last := &(*into)[len(*into)-1]
			last.Default = strings.TrimSpace(last.Default + " " + text)
		}
	}
	if len(a.inputs) == 0 || len(a.outputs) == 0 {
		t.Fatalf("action.yml: found %d inputs and %d outputs", len(a.inputs), len(a.outputs))
	}
	return a
}

func has(all []entry, name string) bool {
	return slices.ContainsFunc(all, func(e entry) bool { return e.Name == name })
}

// TestTables: the tables of docs/inputs.md have the inputs and outputs of action.yml
// in its order, with its defaults.
func TestTables(t *testing.T) {
	t.Parallel()
	a, page := readAction(t), read(t, "docs/inputs.md")
	if diff := cmp.Diff(a.inputs, tableUnder(page, "## Inputs", true)); diff != "" {
		t.Errorf("the table of inputs differs from action.yml (-action.yml +docs/inputs.md):\n%s", diff)
	}
	if diff := cmp.Diff(a.outputs, tableUnder(page, "## Outputs", false)); diff != "" {
		t.Errorf("the table of outputs differs from action.yml (-action.yml +docs/inputs.md):\n%s", diff)
	}
}

// tableUnder returns the rows of the table under a heading whose first cell is a
// name as `code`. If defaults is set, the second cell is the default.
func tableUnder(markdown, heading string, defaults bool) []entry {
	_, section, _ := strings.Cut(markdown, "\n"+heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var rows []entry
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || !strings.HasPrefix(cells[1], " `") {
			continue
		}
		e := entry{Name: strings.Trim(cells[1], " `")}
		if value := strings.TrimSpace(cells[2]); defaults && strings.HasPrefix(value, "`") {
			e.Default = strings.ReplaceAll(value, "`", "")
		}
		rows = append(rows, e)
	}
	return rows
}

// TestExamples: the workflow examples of the README and of docs/ use the inputs and
// outputs of action.yml. actionlint, which CI runs on them, cannot check this.
func TestExamples(t *testing.T) {
	t.Parallel()
	a := readAction(t)
	pages := []string{"README.md"}
	err := fs.WalkDir(os.DirFS(root), "docs", func(path string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".md") {
			pages = append(pages, path)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	found := 0
	for _, page := range pages {
		for _, example := range examples(read(t, page)) {
			for _, u := range uses(example) {
				found++
				checkUse(t, page, example, u, a)
			}
		}
	}
	if found == 0 {
		t.Error("no example uses the action")
	}
}

func checkUse(t *testing.T, page, example string, u use, a action) {
	t.Helper()
	for _, name := range u.with {
		if !has(a.inputs, name) {
			t.Errorf("%s: an example sets %q, which is not an input in action.yml", page, name)
		}
	}
	if u.id == "" {
		return
	}
	outputs := regexp.MustCompile(`\bsteps\.` + regexp.QuoteMeta(u.id) + `\.outputs\.([A-Za-z0-9_-]+)`)
	for _, m := range outputs.FindAllStringSubmatch(example, -1) {
		if !has(a.outputs, m[1]) {
			t.Errorf("%s: an example reads steps.%s.outputs.%s, which is not an output in action.yml", page, u.id, m[1])
		}
	}
}

// examples returns the fenced YAML blocks of a page.
func examples(markdown string) []string {
	var all []string
	for _, block := range strings.Split("\n"+markdown, "\n```yaml\n")[1:] {
		block, _, _ = strings.Cut(block, "\n```")
		all = append(all, block+"\n")
	}
	return all
}

// use is a step that uses the action.
type use struct {
	id   string
	with []string
}

var usesAction = regexp.MustCompile(`^[^/@\s]+/lambda-release@\S+$`)

// uses returns the steps of an example that use the action. A step is the item of a
// list: from its dash to the next line that is not indented further.
func uses(example string) []use {
	var found []use
	var step []string
	dash := -1
	end := func() {
		if u, ok := readStep(step, dash+2); ok {
			found = append(found, u)
		}
		step, dash = nil, -1
	}
	for line := range strings.Lines(example) {
		line = strings.TrimRight(line, "\n")
		text := strings.TrimLeft(line, " ")
		indent := len(line) - len(text)
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		if dash >= 0 && indent <= dash {
			end()
		}
		if dash < 0 {
			if !strings.HasPrefix(text, "- ") {
				continue
			}
			dash = indent
			line = strings.Repeat(" ", dash+2) + strings.TrimLeft(text[2:], " ")
		}
		step = append(step, line)
	}
	end()
	return found
}

// readStep parses the lines of a step whose keys have this indentation.
func readStep(lines []string, indent int) (u use, ours bool) {
	under, inner := "", 0
	for _, line := range lines {
		text := strings.TrimLeft(line, " ")
		at := len(line) - len(text)
		key, value, isKey := strings.Cut(text, ":")
		value, _, _ = strings.Cut(strings.TrimSpace(value), " #")
		value = strings.TrimSpace(value)
		switch {
		case at == indent && isKey:
			under, inner = key, 0
			switch key {
			case "id":
				u.id = value
			case "uses":
				ours = usesAction.MatchString(value)
			}
		case under == "with" && isKey && (inner == 0 || at == inner):
			inner = at
			u.with = append(u.with, key)
		}
	}
	return u, ours
}

// TestREADMECommands: the first commands in the README run the demo and the tests.
func TestREADMECommands(t *testing.T) {
	t.Parallel()
	_, block, _ := strings.Cut(read(t, "README.md"), "\n```sh\n")
	block, _, _ = strings.Cut(block, "\n```")
	want := "go run ./internal/demo\ngo test ./..."
	if diff := cmp.Diff(want, block); diff != "" {
		t.Errorf("the README's first commands (-want +got):\n%s", diff)
	}
}

// TestREADMELength: the README has what a newcomer needs; pages in docs have the rest.
func TestREADMELength(t *testing.T) {
	t.Parallel()
	if n := strings.Count(read(t, "README.md"), "\n"); n > 250 {
		t.Errorf("README.md has %d lines, and may have 250: move some to a page in docs", n)
	}
}
