package app_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
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

// parseOutputs reads the file of step outputs as the runner does, and rejects what
// the program must never write: anything but NAME<<DELIMITER, the value and the
// DELIMITER; a name or a delimiter twice; a delimiter that could be guessed.
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

// result asserts fields of a function's entry in the output `results` of the last
// step, exactly; of a reason, only what it contains.
func result(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: result FUNCTION FIELD=VALUE…")
	}
	outputs, err := parseOutputs(ts.ReadFile(ts.Getenv("GITHUB_OUTPUT")))
	ts.Check(err)
	text, _ := value(outputs, "results")
	var results []map[string]any
	ts.Check(json.Unmarshal([]byte(text), &results))
	i := slices.IndexFunc(results, func(r map[string]any) bool { return r["function"] == args[0] })
	if i < 0 {
		ts.Fatalf("no result of %s in %s", args[0], text)
	}
	for _, arg := range args[1:] {
		field, want, _ := strings.Cut(arg, "=")
		got := fmt.Sprint(results[i][field])
		if got == want || field == "reason" && want != "" && strings.Contains(got, want) {
			continue
		}
		ts.Fatalf("%s of %s is %q, want %q", field, args[0], got, want)
	}
}

// annotated asserts an annotation of the last step. Its title begins with the
// given one, and title and message contain the texts, in this order.
func annotated(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		if len(args) > 1 {
			ts.Fatalf("usage: ! annotation [KIND]")
		}
		for _, a := range annotationsIn(ts.ReadFile("stdout")) {
			if len(args) == 0 || a.kind == args[0] {
				ts.Fatalf("there is an annotation:\n%s", a)
			}
		}
		return
	}
	if len(args) < 2 {
		ts.Fatalf("usage: annotation KIND[=N] TITLE TEXT…")
	}
	kind, n, several := strings.Cut(args[0], "=")
	want := 1
	if several {
		want = number(ts, n)
	}
	var of, titled []noted
	for _, a := range annotationsIn(ts.ReadFile("stdout")) {
		if a.kind != kind {
			continue
		}
		of = append(of, a)
		if strings.HasPrefix(a.title, args[1]) {
			titled = append(titled, a)
		}
	}
	if len(of) != want {
		ts.Fatalf("%d annotations %s, want %d:\n%s", len(of), kind, want, of)
	}
	for _, a := range titled {
		if inOrder(a.String(), args[1:]) {
			return
		}
	}
	ts.Fatalf("no annotation %s %q with %q, in this order:\n%s", kind, args[1], args[2:], of)
}

func inOrder(s string, texts []string) bool {
	for _, text := range texts {
		_, after, found := strings.Cut(s, text)
		if !found {
			return false
		}
		s = after
	}
	return true
}

// report writes log, annotations, outputs (without empty ones) and summary of the
// last step to files of these names; outside GitHub Actions only log and outputs.
func report(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: report")
	}
	checkSecrets(ts)
	stdout, stderr := ts.ReadFile("stdout"), ts.ReadFile("stderr")
	texts := map[string]string{"log": stderr, "outputs": emptyOutput.ReplaceAllString(stdout, "")}
	if ts.Getenv("GITHUB_ACTIONS") == "true" {
		outputs, err := parseOutputs(ts.ReadFile(ts.Getenv("GITHUB_OUTPUT")))
		ts.Check(err)
		texts = map[string]string{
			"log":         mask.ReplaceAllString(stdout, "::add-mask::***\n"),
			"annotations": annotations(stdout),
			"outputs":     lines(outputs),
			"summary":     ts.ReadFile(ts.Getenv("GITHUB_STEP_SUMMARY")),
		}
	}
	for name, text := range texts {
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(normalise(strings.ReplaceAll(text, ts.Getenv("WORK"), "$WORK"))), 0o600))
	}
}

// checkSecrets fails if the last step shows a secret anywhere, or writes to stderr
// in GitHub Actions, where everything goes to stdout.
func checkSecrets(ts *testscript.TestScript) {
	stdout, stderr := ts.ReadFile("stdout"), ts.ReadFile("stderr")
	if stderr != "" && ts.Getenv("GITHUB_ACTIONS") == "true" {
		ts.Fatalf("in GitHub Actions everything goes to stdout; stderr:\n%s", stderr)
	}
	hidden := []string{secret, requestToken}
	for _, m := range mask.FindAllStringSubmatch(stdout, -1) {
		if !account.MatchString(m[1]) { // GitHub hides it
			hidden = append(hidden, m[1])
		}
	}
	for name, text := range map[string]string{
		"stdout":  mask.ReplaceAllString(stdout, ""),
		"stderr":  stderr,
		"outputs": ts.ReadFile(filepath.Join("runner", "output")),
		"summary": ts.ReadFile(filepath.Join("runner", "summary")),
	} {
		if slices.ContainsFunc(hidden, func(h string) bool { return strings.Contains(text, h) }) {
			ts.Fatalf("a secret is in the %s", name)
		}
	}
}

// mask gives the runner a secret, which may be seen only there.
var mask = regexp.MustCompile(`(?m)^::add-mask::(.+)\n`)

var account = regexp.MustCompile(`^[0-9]{12}$`)

// emptyOutput is a line of an output that is empty. To a workflow it is as if it
// was not set, and the empty ones change with every feature.
var emptyOutput = regexp.MustCompile(`(?m)^[a-z-]+=\n`)

func lines(outputs []stepOutput) string {
	var b strings.Builder
	for _, o := range outputs {
		fmt.Fprintf(&b, "%s=%s\n", o.name, o.value)
	}
	return emptyOutput.ReplaceAllString(b.String(), "")
}

var annotation = regexp.MustCompile(`^::(notice|warning|error) (?:col=[0-9]+,file=[^:,]*,line=[0-9]+,)?title=([^:,]*)::(.*)$`)

// noted is an annotation as the runner decodes it.
type noted struct{ kind, title, message string }

// String indents further lines.
func (a noted) String() string {
	return fmt.Sprintf("%s: %s\n  %s\n", a.kind, a.title, strings.ReplaceAll(a.message, "\n", "\n  "))
}

func annotationsIn(log string) []noted {
	decode := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%")
	var all []noted
	for line := range strings.Lines(log) {
		if m := annotation.FindStringSubmatch(strings.TrimSuffix(line, "\n")); m != nil {
			all = append(all, noted{m[1], decode.Replace(m[2]), decode.Replace(m[3])})
		}
	}
	return all
}

func annotations(log string) string {
	var b strings.Builder
	for _, a := range annotationsIn(log) {
		b.WriteString(a.String())
	}
	return b.String()
}

// normal is what differs from run to run, and what replaces it.
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
	{regexp.MustCompile(`https(\\?)://[0-9a-f]{32}\.lambda-url\.`), "https$1://ID.lambda-url."},
	{regexp.MustCompile(`(uploaded|passed the smoke test) in [0-9.]+(µs|ms|s)\b`), "$1 in ?s"},
	{regexp.MustCompile(`after [0-9]s of `), "after ?s of "},
	{regexp.MustCompile(`(ended at [0-9]+ % after|→ 100 % in) [0-9]s\b`), "$1 ?s"},
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
