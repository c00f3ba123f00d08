package input

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// saved returns the path of a file with what was asked for.
func saved(t *testing.T, about About) string {
	t.Helper()
	var b strings.Builder
	about.Write(&b, "v1.2.3")
	path := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// run runs a program that must be installed, and returns its output.
func run(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Skipf("%s is not installed", program)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
	return string(out)
}

func TestCompletionInBash(t *testing.T) {
	t.Parallel()
	script, dir := saved(t, errBash), t.TempDir()
	for _, name := range []string{"settings one.json", "settings two.json", "other"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for line, want := range map[string][]string{ // a word each, as bash splits the line
		"--operation|pro":         {"promote"},
		"--operation|=|r":         {"release", "rollback"},
		"--operation|=":           {"release", "promote", "rollback", "prune", "delete-alias", "lock", "unlock", "status"},
		"--if-no-match|":          {"warn", "ignore", "error"},
		"--function-name|x|--dry": {"--dry-run"},
		"--dry-run|--exit":        {"--exit-code"},
		"--dry-run|=|f":           {"false"},
		"--print":                 {"--print-policy", "--print-trust-policy"},
		"com":                     {"completion"},
		"--dry-run|com":           nil,
		"completion|":             {"bash", "zsh", "fish"},
		"--configuration|sett":    {"settings one.json", "settings two.json"},
		"--reason|re":             nil,
		"--operation|nope":        nil,
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			const ask = `source "$1"; shift
complete -p lambda-release >/dev/null
COMP_WORDS=(lambda-release "$@"); COMP_CWORD=$#
_lambda_release
printf '%s\n' "${COMPREPLY[@]}"`
			args := append([]string{"--norc", "-uc", ask, "bash", script}, strings.Split(line, "|")...)
			got := slices.DeleteFunc(strings.Split(run(t, dir, "bash", args...), "\n"), func(s string) bool { return s == "" })
			if strings.HasPrefix(line, "--configuration") {
				slices.Sort(got)
			}
			if diff := cmp.Diff(want, got, cmpEmpty); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// cmpEmpty makes nil equal to an empty list.
var cmpEmpty = cmp.Transformer("list", func(list []string) string { return strings.Join(list, "\n") })

func TestCompletionInFish(t *testing.T) {
	t.Parallel()
	script := saved(t, errFish)
	for line, want := range map[string]string{
		"--operation pro":  "promote",
		"--if-no-match=w":  "--if-no-match=warn",
		"--dry":            "--dry-run",
		"man":              "man",
		"completion z":     "zsh",
		"--reason release": "",
	} {
		out := run(t, "", "fish", "--no-config", "-c", `source $argv[1]; complete -C "lambda-release $argv[2]"`, script, line)
		got, _, _ := strings.Cut(strings.TrimSpace(out), "\t") // then comes the description
		if got != want {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
}

// TestCompletionInZsh presses the tab key in a terminal: zsh completes nowhere else.
func TestCompletionInZsh(t *testing.T) {
	t.Parallel()
	script := saved(t, errZsh)
	const press = `zmodload zsh/zpty || exit
zpty z zsh -f -i
zpty -w z "autoload -Uz compinit; compinit -D -u; source $1; echo READY\$((1+1))"
zpty -r -m z out '*READY2*'
zpty -n -w z "lambda-release $2"$'\t'
zpty -r -m z out "*$3*"
print -r -- "$out"`
	for line, want := range map[string]string{
		"--operation pro": "--operation promote",
		"--operation=pro": "--operation=promote",
		"--dry-run=f":     "--dry-run=false",
		"--dry":           "--dry-run",
		"completion f":    "completion fish",
		"ma":              "lambda-release man",
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			if out := run(t, "", "zsh", "-f", "-c", press, "zsh", script, line, want); !strings.Contains(out, want) {
				t.Errorf("got %q", out)
			}
		})
	}
}

// TestWords: an input whose message lists the words that it takes has these words,
// so that shells can complete them.
func TestWords(t *testing.T) {
	t.Parallel()
	listed := regexp.MustCompile(`^must be ((?:[a-z-]+, )*[a-z-]+ or [a-z-]+)$`)
	for _, s := range table {
		if s.kind == toggle {
			continue
		}
		want := ""
		if m := listed.FindStringSubmatch(s.allowed); m != nil {
			want = m[1]
		}
		got := ""
		if s.words != nil {
			got = or(s.words)
		}
		if got != want {
			t.Errorf("%s completes %q, and its message lists %q", s.name, got, want)
		}
	}
}

func TestManPage(t *testing.T) {
	t.Parallel()
	page := saved(t, ErrMan)
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range slices.Concat(table, fileFlags, printFlags) {
		if !strings.Contains(string(text), "\n.TP\n"+s.term()+"\n") {
			t.Errorf("the man page lacks --%s", s.name)
		}
	}
	for _, section := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO"} {
		if !strings.Contains(string(text), "\n.SH "+section+"\n") {
			t.Errorf("the man page lacks %s", section)
		}
	}
	t.Run("mandoc", func(t *testing.T) {
		t.Parallel()
		// A date would be that of the build, which is reproducible.
		out := run(t, "", "sh", "-c", `command -v mandoc >/dev/null || exit 0; mandoc -T lint "$1" | grep -v "missing date"; :`, "sh", page)
		if out != "" {
			t.Error(out)
		}
	})
}
