package report

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"lambda-release/internal/release"
)

// inTerminal is a reporter as a person has it.
func inTerminal(colour bool) *run {
	r := newRun(nil)
	r.person, r.colour = true, colour
	return r
}

// TestTerminalEndsWithTheResult: a person sees the result last, and no outputs.
func TestTerminalEndsWithTheResult(t *testing.T) {
	t.Parallel()
	for name, last := range map[string]string{
		"released": "ItemsFunction:prod released: 11 → 12\n",
		"denied":   "ItemsFunction:prod not released; prod is still at 11\n",
		"batch":    "prod of 3 functions not released: 1 failed; every alias is as it was before\n",
		"dry-run":  "Plan for ItemsFunction:prod; nothing was changed\n",
	} {
		r := inTerminal(false)
		if err := r.Finish(scenarios[name]); err != nil {
			t.Fatal(err)
		}
		if got := r.stderr.String(); !strings.HasSuffix(got, last) {
			t.Errorf("%s: the log does not end in %q:\n%s", name, last, got)
		}
		if got := r.stdout.String(); got != "" {
			t.Errorf("%s: stdout has %q", name, got)
		}
	}
}

// TestTerminalPrintsOutputsOnRequest also when the run was refused.
func TestTerminalPrintsOutputsOnRequest(t *testing.T) {
	t.Parallel()
	r := inTerminal(false)
	r.WriteTo(Files{Outputs: Stdout})
	if err := r.Finish(scenarios["released"]); err != nil {
		t.Fatal(err)
	}
	r.Refuse(errors.New("x"))
	if got := r.stdout.String(); !strings.Contains(got, "version=12\n") || !strings.Contains(got, "status=failed\n") {
		t.Errorf("stdout has %q", got)
	}
}

// TestColours: only what this program writes itself is coloured, and the text is the
// same as without.
func TestColours(t *testing.T) {
	t.Parallel()
	var logs []string
	for _, colour := range []bool{false, true} {
		r := inTerminal(colour)
		r.Start("release", false)
		r.Phase("Publish \x1b[31mred")
		r.Fact("orders", "one \x1b[31mred\ntwo")
		res := scenarios["nasty"]
		if err := r.Finish(res); err != nil {
			t.Fatal(err)
		}
		if err := r.Skip(release.Release, "no rule", true); err != nil {
			t.Fatal(err)
		}
		logs = append(logs, r.stderr.String())
	}
	if strings.Contains(logs[0], "\x1b") {
		t.Errorf("colours without a terminal:\n%q", logs[0])
	}
	for _, want := range []string{bold.of("== Publish red"), dim.of("  0.3s") + "  one red\n", red.of("error:"), yellow.of("warning:")} {
		if !strings.Contains(logs[1], want) {
			t.Errorf("%q is not in\n%q", want, logs[1])
		}
	}
	if got := clean(logs[1]); got != logs[0] {
		t.Errorf("with colours\n%s\nwithout\n%s", got, logs[0])
	}
}

func TestAllowsColour(t *testing.T) {
	t.Parallel()
	for variable, want := range map[string]bool{"NO_COLOR=1": false, "NO_COLOR=": true, "TERM=dumb": false, "TERM=xterm": true} {
		name, value, _ := strings.Cut(variable, "=")
		if got := allowsColour(func(n string) string { return map[string]string{name: value}[n] }); got != want {
			t.Errorf("%s: %t", variable, got)
		}
	}
}

func TestIsTerminal(t *testing.T) {
	t.Parallel()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for name, stream := range map[string]io.Writer{"a buffer": &strings.Builder{}, "a device": null} {
		if isTerminal(stream) {
			t.Errorf("%s is a terminal", name)
		}
	}
}
