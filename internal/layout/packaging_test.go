package layout

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// TestPackaging: the CircleCI orb and the GitLab component take every input of
// action.yml, and pass it to the program as a flag.
func TestPackaging(t *testing.T) {
	t.Parallel()
	for path, write := range map[string]func(*strings.Builder, *strings.Builder, string, string){
		"packaging/circleci/orb.yml": func(inputs, flags *strings.Builder, name, about string) {
			parameter := strings.ReplaceAll(name, "-", "_")
			fmt.Fprintf(inputs, "      %s:\n        type: string\n        default: \"\"\n        description: %s\n", parameter, about)
			fmt.Fprintf(flags, "            %s: << parameters.%s >>\n", flagVariable(name), parameter)
		},
		"templates/release.yml": func(inputs, flags *strings.Builder, name, about string) {
			fmt.Fprintf(inputs, "    %s:\n      default: \"\"\n      description: %s\n", name, about)
			fmt.Fprintf(flags, "    %s:\n      value: \"$[[ inputs.%s ]]\"\n      expand: false\n", flagVariable(name), name)
		},
	} {
		var inputs, flags strings.Builder
		for _, input := range described(t) {
			write(&inputs, &flags, input.name, input.about)
		}
		got := read(t, path)
		end, script := "    steps:\n", "          command: |\n"
		if path == "templates/release.yml" {
			end, script = "---\n", "  script:\n"
		}
		want := put(t, got, "# Inputs of the action.\n", end, inputs.String())
		want = put(t, want, "# One flag each.\n", script, flags.String())
		switch {
		case got == want:
		case *update:
			if err := os.WriteFile(filepath.Join(root, path), []byte(want), 0o600); err != nil {
				t.Fatal(err)
			}
		default:
			t.Errorf("%s differs from action.yml; `go test ./internal/layout -update` fixes it (-want +got):\n%s", path, cmp.Diff(want, got))
		}
	}
}

// flagVariable is the variable from which the script makes a flag.
func flagVariable(input string) string {
	return "FLAG_" + strings.ToUpper(strings.ReplaceAll(input, "-", "_"))
}

// described returns the inputs of action.yml with the first sentence about each, as a
// text in YAML.
func described(t *testing.T) []struct{ name, about string } {
	t.Helper()
	var action struct {
		Inputs map[string]struct{ Description string }
	}
	if err := yaml.Unmarshal([]byte(read(t, "action.yml")), &action); err != nil {
		t.Fatal(err)
	}
	var all []struct{ name, about string }
	for _, input := range readAction(t).inputs {
		about, _, _ := strings.Cut(strings.TrimSpace(action.Inputs[input.Name].Description), ". ")
		all = append(all, struct{ name, about string }{input.Name, fmt.Sprintf("%q", strings.TrimSuffix(about, ".")+".")})
	}
	return all
}
