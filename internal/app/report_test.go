package app_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// output asserts an output of the last step.
func output(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 || neg != (len(args) == 1) {
		ts.Fatalf("usage: output NAME VALUE, or ! output NAME")
	}
	outputs, err := parseOutputs(ts.ReadFile(ts.Getenv("GITHUB_OUTPUT")))
	ts.Check(err)
	got, set := value(outputs, args[0])
	want := strings.Join(args[1:], " ")
	switch {
	case neg && set:
		ts.Fatalf("output %s is set, to %q", args[0], got)
	case !neg && !set:
		ts.Fatalf("output %s is not set", args[0])
	case got != want:
		ts.Fatalf("output %s is %q, want %q", args[0], got, want)
	}
}

// stepOutput is an output as the runner reads it.
type stepOutput struct{ name, value string }

func value(outputs []stepOutput, name string) (string, bool) {
	for _, o := range outputs {
		if o.name == name {
			return o.value, true
		}
	}
	return "", false
}

var outputName = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// parseOutputs reads the file of step outputs as the runner does, and refuses
// what the program never should write: anything but NAME<<DELIMITER, the value
// and the DELIMITER, a name or a delimiter twice, a delimiter that could be
// guessed.
// https://github.com/actions/runner/blob/main/src/Runner.Worker/FileCommandManager.cs
func parseOutputs(file string) ([]stepOutput, error) {
	var outputs []stepOutput
	delimiters := map[string]bool{}
	for file != "" {
		head, rest, _ := strings.Cut(file, "\n")
		name, delimiter, ok := strings.Cut(head, "<<")
		if !ok || !outputName.MatchString(name) {
			return nil, fmt.Errorf("%q does not begin an output", head)
		}
		if _, twice := value(outputs, name); twice {
			return nil, fmt.Errorf("output %s twice", name)
		}
		if len(delimiter) < 20 || delimiters[delimiter] {
			return nil, fmt.Errorf("output %s: a delimiter %q that is short or was there before", name, delimiter)
		}
		delimiters[delimiter] = true
		text, after, ok := strings.Cut("\n"+rest, "\n"+delimiter+"\n")
		if !ok {
			return nil, fmt.Errorf("output %s has no end", name)
		}
		outputs = append(outputs, stepOutput{name, strings.TrimPrefix(text, "\n")})
		file = after
	}
	return outputs, nil
}

func TestParseOutputs(t *testing.T) {
	t.Parallel()
	const d, e = "AAAAAAAAAAAAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBBBBBBBBBBBB"
	for file, want := range map[string]string{
		"":                                    "[] <nil>",
		"a<<" + d + "\n1\n" + d + "\n":        "[{a 1}] <nil>",
		"a<<" + d + "\n\n" + d + "\n":         "[{a }] <nil>",
		"a<<" + d + "\nb=2\n\n" + d + "\n":    "[{a b=2\n}] <nil>",
		"a<<" + d + "\nb<<EOF\n" + d + "\n":   "[{a b<<EOF}] <nil>",
		"a=1\n":                               `[] "a=1" does not begin an output`,
		"a<<EOF\n1\nEOF\n":                    `[] output a: a delimiter "EOF" that is short or was there before`,
		"a<<" + d + "\n1\n" + d:               "[] output a has no end",
		"a<<" + d + "\n1" + d + "\n":          "[] output a has no end",
		"\na<<" + d + "\n1\n" + d + "\n":      `[] "" does not begin an output`,
		"a<<" + d + "\n1\n" + d + "\nstray\n": `[] "stray" does not begin an output`,
		"a<<" + d + "\n1\n" + d + "\na<<" + e + "\n2\n" + e + "\n": "[] output a twice",
		"a<<" + d + "\n1\n" + d + "\nb<<" + d + "\n2\n" + d + "\n": `[] output b: a delimiter "` + d + `" that is short or was there before`,
	} {
		outputs, err := parseOutputs(file)
		if got := fmt.Sprint(outputs, " ", err); got != want {
			t.Errorf("%q: got %s, want %s", file, got, want)
		}
	}
}

// report writes what the last step has told to the files log, annotations,
// outputs (without empty ones) and summary; outside GitHub Actions only log and
// outputs.
func report(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: report")
	}
	stdout, stderr := ts.ReadFile("stdout"), ts.ReadFile("stderr")
	told := map[string]string{"log": stderr, "outputs": emptyOutput.ReplaceAllString(stdout, "")}
	if ts.Getenv("GITHUB_ACTIONS") == "true" {
		if stderr != "" {
			ts.Fatalf("in a step everything goes to stdout; stderr:\n%s", stderr)
		}
		outputs, err := parseOutputs(ts.ReadFile(ts.Getenv("GITHUB_OUTPUT")))
		ts.Check(err)
		told = map[string]string{
			"log":         stdout,
			"annotations": annotations(stdout),
			"outputs":     lines(outputs),
			"summary":     ts.ReadFile(ts.Getenv("GITHUB_STEP_SUMMARY")),
		}
	}
	var masked []string
	for _, m := range mask.FindAllStringSubmatch(stdout, -1) {
		masked = append(masked, m[1])
	}
	for name, text := range told {
		if name == "log" {
			text = mask.ReplaceAllString(text, "::add-mask::***\n")
		}
		for _, hidden := range append(masked, secret, requestToken) {
			if strings.Contains(text, hidden) {
				ts.Fatalf("a secret is in the %s", name)
			}
		}
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(normalise(strings.ReplaceAll(text, ts.Getenv("WORK"), "$WORK"))), 0o600))
	}
}

// mask is how the runner is told a secret; only there it may be seen.
var mask = regexp.MustCompile(`(?m)^::add-mask::(.+)\n`)

// emptyOutput is a line of one that is empty: to a workflow that is as if it was
// not set, and which of them there are changes with every feature.
var emptyOutput = regexp.MustCompile(`(?m)^[a-z-]+=\n`)

func lines(outputs []stepOutput) string {
	var b strings.Builder
	for _, o := range outputs {
		fmt.Fprintf(&b, "%s=%s\n", o.name, o.value)
	}
	return emptyOutput.ReplaceAllString(b.String(), "")
}

var annotation = regexp.MustCompile(`^::(notice|warning|error) title=([^:,]*)::(.*)$`)

// annotations are those in a log, as the runner decodes them, further lines
// indented.
func annotations(log string) string {
	var b strings.Builder
	decode := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%")
	for line := range strings.Lines(log) {
		if m := annotation.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil {
			fmt.Fprintf(&b, "%s: %s\n  %s\n", m[1], decode.Replace(m[2]), strings.ReplaceAll(decode.Replace(m[3]), "\n", "\n  "))
		}
	}
	return b.String()
}

// normal is what differs from run to run, and what stands for it.
var normal = []struct {
	*regexp.Regexp
	with string
}{
	{regexp.MustCompile(`(?m)^ +[0-9]+\.[0-9]s  `), "    ?s  "},
	{regexp.MustCompile(`(?m)^Took [0-9.µnms]+s\.$`), "Took ?s."},
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-([0-9a-f]{12}|\*{3})`), "ID"},
	{regexp.MustCompile(`\(request [0-9a-f-]{0,36}…`), "(request ID…"},
	{regexp.MustCompile(`20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|\+0000)`), "TIME"},
	{regexp.MustCompile(`d-[0-9A-Z]{9}\b`), "d-DEPLOYMENT"},
	{regexp.MustCompile(`(uploaded|passed the smoke test) in [0-9.]+(µs|ms|s)\b`), "$1 in ?s"},
	{regexp.MustCompile(`after [0-9]s of `), "after ?s of "},
	{regexp.MustCompile(`\b20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}Z`), "TIME"},
	{regexp.MustCompile(`\b20[0-9]{2}-[0-9]{2}-[0-9]{2}\b`), "DATE"},
	{regexp.MustCompile(`x{1000,}`), "xxx…"},
	{regexp.MustCompile(`127\.0\.0\.1:[0-9]{3,5}`), "127.0.0.1:PORT"},
}

func normalise(s string) string {
	for _, n := range normal {
		s = n.ReplaceAllString(s, n.with)
	}
	return s
}
