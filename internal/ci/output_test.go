package ci

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// hostile are values that a shell, or a system, could take for more than text.
var hostile = []string{
	"12", "", "it's", "a b", "$(touch pwned)", "`touch pwned`", "$HOME", "${HOME}", "x;touch pwned", "x&touch pwned", "x|touch pwned", ">pwned", "x\ntouch pwned", "x\rtouch pwned",
	"x\nLAMBDA_RELEASE_VERSION=99", "'; touch pwned; '", `\`, `\'`, `"`, `"$(touch pwned)"`, "~root", "*", "!x", "# x", "-n", "--append", "$LATEST", "日本",
	"##vso[task.setvariable variable=version]99", "]99", "a;isOutput=false", "%0A##vso[task.complete]", "%", "%AZP25", "::set-output name=version::99", "##[error]x",
	"\x1b]0;x\a", "\x1b[0Ksection_end:1:x\r\x1b[0K", "\u2028::error::x", "\x00",
	`[{"reason":"it's $(touch pwned) \u0060x\u0060 $HOME \\$(touch pwned) \\\" \""}]`, `{"a":"` + "`touch pwned`" + `"}`, `["`, `[$(touch pwned)]`, `[1, 2]`,
}

func outputsOf(values []string) []Output {
	all := make([]Output, len(values))
	for i, v := range values {
		all[i] = Output{Name: fmt.Sprintf("value-%c%c", 'a'+i/26, 'a'+i%26), Value: v}
	}
	return all
}

// inShell runs a file in a folder of its own, and returns the variables of outputs that
// it sets. Nothing else may have happened.
func inShell(t *testing.T, file string) map[string]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `set -a; . "$0"; env -0`, file)
	cmd.Dir, cmd.Env = t.TempDir(), []string{"PATH=" + os.Getenv("PATH"), "HOME=/secret"}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%v: %s", err, &stderr)
	}
	if left, _ := os.ReadDir(cmd.Dir); len(left) > 0 {
		t.Fatalf("a value has run: %v", left)
	}
	all := map[string]string{}
	for _, v := range strings.Split(string(out), "\x00") {
		if name, value, _ := strings.Cut(v, "="); strings.HasPrefix(name, "LAMBDA_RELEASE_") {
			all[name] = value
		}
	}
	return all
}

// CircleCI: bash gets every value as it is, except for NUL, which it cannot have.
func TestShellQuote(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bash-env")
	s := detect("CIRCLECI=true", "BASH_ENV="+path)
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	all := outputsOf(hostile)
	if w, err := s.WriteOutputs(all); err != nil || len(w.Notices) > 0 {
		t.Fatal(w, err)
	}
	want := map[string]string{}
	for _, o := range all {
		want[o.Variable()] = strings.ReplaceAll(o.Value, "\x00", "")
	}
	if diff := cmp.Diff(want, inShell(t, path)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// GitLab splits at the first =, and neither it nor a shell finds a variable or a
// command in a value. What is written is the value, or JSON that means the same.
func TestDotenv(t *testing.T) {
	t.Parallel()
	all := outputsOf(hostile)
	text, notices := Dotenv(all)
	path := filepath.Join(t.TempDir(), "outputs.env")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(text, "$`'\r\x00\x1b") {
		t.Errorf("%q", text)
	}
	inShell(t, path)
	read := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, found := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if !found {
			t.Errorf("no variable: %q", line)
		}
		read[name] = value
	}
	if len(read)+len(notices) != len(all) {
		t.Errorf("%d variables and %d notices for %d outputs", len(read), len(notices), len(all))
	}
	for _, o := range all {
		value, written := read[o.Variable()]
		left := slices.ContainsFunc(notices, func(n string) bool { return strings.Contains(n, "output "+o.Name+" ") })
		if written == left {
			t.Errorf("%q: written %t, notice %t", o.Value, written, left)
		}
		if !written || value == o.Value {
			continue
		}
		var want, got any
		if json.Unmarshal([]byte(o.Value), &want) != nil || json.Unmarshal([]byte(value), &got) != nil || !cmp.Equal(want, got) {
			t.Errorf("%q is written as %q", o.Value, value)
		}
	}
	for _, v := range []string{"12", "", `[{"reason"`} {
		if i := slices.IndexFunc(all, func(o Output) bool { return strings.HasPrefix(o.Value, v) }); read[all[i].Variable()] == "" && all[i].Value != "" {
			t.Errorf("%q is left out", all[i].Value)
		}
	}
}

// The file stays below GitLab's 5 KiB; what jobs need most is in it.
func TestDotenvIsShort(t *testing.T) {
	t.Parallel()
	long := `["` + strings.Repeat("x", 5200) + `"]`
	text, notices := Dotenv([]Output{{Name: "results", Value: long}, {Name: "version", Value: "12"}, {Name: "versions", Value: `{"a":"12"}`}})
	want := "LAMBDA_RELEASE_VERSION=12\nLAMBDA_RELEASE_VERSIONS={\"a\":\"12\"}\n"
	if text != want || len(notices) != 1 || !strings.Contains(notices[0], "results is left out") {
		t.Errorf("%q, %q", text, notices)
	}
}

// vso reads the log as the agent of Azure Pipelines does, line by line.
func vso(log string) []string {
	var all []string
	for line := range strings.Lines(log) {
		_, rest, found := strings.Cut(strings.TrimRight(line, "\r\n"), "##vso[")
		head, data, closed := strings.Cut(rest, "]")
		if !found || !closed {
			continue
		}
		for _, e := range [][2]string{{"%3B", ";"}, {"%0D", "\r"}, {"%0A", "\n"}, {"%5D", "]"}, {"%AZP25", "%"}} {
			data = strings.ReplaceAll(data, e[0], e[1])
		}
		all = append(all, head+"]"+data)
	}
	return all
}

// The agent reads every value as it is, and no other command.
func TestAzureCommands(t *testing.T) {
	t.Parallel()
	s := detect("TF_BUILD=True")
	all := outputsOf(hostile)
	w, err := s.WriteOutputs(all)
	if err != nil || len(w.Notices) > 0 {
		t.Fatal(w, err)
	}
	var want []string
	for _, o := range all {
		want = append(want, "task.setvariable variable="+o.Name+";isOutput=true]"+o.Value)
	}
	if diff := cmp.Diff(want, vso(w.Log)); diff != "" {
		t.Errorf("outputs: -want +got\n%s", diff)
	}
	if log, whole := s.Annotate(Annotation{Level: Failure, Title: "a]b", Text: "one\n##vso[x]%0A"}); !whole || log != "##vso[task.logissue type=error]a%5Db: one%0A##vso[x%5D%AZP250A\n" {
		t.Errorf("%q, %t", log, whole)
	}
	if log, _ := s.Annotate(Annotation{Level: Warning, Title: "a", Text: "b", File: "x];y.yml", Line: 3, Column: 5}); log != "##vso[task.logissue type=warning;sourcepath=x%5D%3By.yml;linenumber=3;columnnumber=5]a: b\n" {
		t.Errorf("of a file: %q", log)
	}
	if log, whole := s.Annotate(Annotation{Level: Notice, Title: "a", Text: "b"}); whole || log != "" {
		t.Errorf("%q, %t", log, whole)
	}
	if got := s.Mask("a\nb"); got != "##vso[task.setsecret]a%0Ab\n" {
		t.Errorf("%q", got)
	}
}

func TestAzureSummary(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	w, err := detect("TF_BUILD=True", "AGENT_TEMPDIRECTORY="+folder).WriteSummary(Notice, "# x")
	files, _ := filepath.Glob(filepath.Join(folder, "lambda-release-*.md"))
	if err != nil || len(files) != 1 || !slices.Equal(vso(w.Log), []string{"task.uploadsummary]" + files[0]}) {
		t.Fatalf("%+v, %v, %v", w, err, files)
	}
	if text, err := os.ReadFile(files[0]); err != nil || string(text) != "# x" {
		t.Errorf("%s, %v", text, err)
	}
	if w, err := detect("TF_BUILD=True").WriteSummary(Notice, "# x"); err != nil || w.Log != "" || len(w.Notices) != 1 {
		t.Errorf("%+v, %v", w, err)
	}
}

// agentCalls is what buildkite-agent is called with, and fails with.
type agentCalls struct {
	sync.Mutex
	calls [][]string // standard input first
	err   error
	hangs bool
}

func (a *agentCalls) run(ctx context.Context, stdin, name string, args ...string) (string, error) {
	a.Lock()
	defer a.Unlock()
	a.calls = append(a.calls, append([]string{stdin, name}, args...))
	if a.hangs {
		<-ctx.Done()
		return "", ctx.Err()
	}
	return "token\n", a.err
}

func onBuildkite(ctx context.Context, a *agentCalls) System {
	return Detect(ctx, getenv(map[string]string{"BUILDKITE": "true", "BUILDKITE_JOB_ID": "j1"}), a.run)
}

// Values go to buildkite-agent by its standard input: none can be a flag, or be seen in
// a list of processes.
func TestBuildkiteAgent(t *testing.T) {
	t.Parallel()
	a := &agentCalls{}
	s := onBuildkite(t.Context(), a)
	all := outputsOf(hostile)
	if w, err := s.WriteOutputs(all); err != nil || len(w.Notices) > 0 {
		t.Fatal(w, err)
	}
	var want [][]string
	for _, o := range all {
		if strings.TrimSpace(o.Value) != "" {
			want = append(want, []string{o.Value, "buildkite-agent", "meta-data", "set", "lambda-release-" + o.Name})
		}
	}
	slices.SortFunc(a.calls, func(x, y []string) int { return strings.Compare(x[4], y[4]) })
	if diff := cmp.Diff(want, a.calls); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}

	a.calls = nil
	if _, err := s.WriteSummary(Warning, "# x"); err != nil {
		t.Error(err)
	}
	if token, err := s.Token(t.Context(), "sts.amazonaws.com"); err != nil || token != "token" {
		t.Error(token, err)
	}
	want = [][]string{
		{"# x", "buildkite-agent", "annotate", "--append", "--style", "warning", "--context", "lambda-release-j1"},
		{"", "buildkite-agent", "oidc", "request-token", "--audience", "sts.amazonaws.com"},
	}
	if diff := cmp.Diff(want, a.calls); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestBuildkiteWithoutAgent(t *testing.T) {
	t.Parallel()
	for name, exec := range map[string]Exec{"none": nil, "not found": (&agentCalls{err: fs.ErrNotExist}).run} {
		s := Detect(t.Context(), getenv(map[string]string{"BUILDKITE": "true"}), exec)
		if w, err := s.WriteOutputs([]Output{{Name: "version", Value: "12"}}); err != nil || len(w.Notices) != 1 || !strings.Contains(w.Notices[0], "not on PATH") {
			t.Errorf("%s: %+v, %v", name, w, err)
		}
		if _, err := s.WriteSummary(Notice, "# x"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.Token(t.Context(), "x"); !errors.Is(err, ErrNoToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := onBuildkite(t.Context(), &agentCalls{err: errors.New("exit status 1")})
	if _, err := s.WriteOutputs([]Output{{Name: "version", Value: "12"}}); err == nil || !strings.Contains(err.Error(), "run buildkite-agent meta-data set lambda-release-version: exit status 1") {
		t.Error(err)
	}
}

// The agent has a limit, and little time left once the job is cancelled.
func TestBuildkiteAgentHangs(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]time.Duration{"": agentTime, "cancelled": closingTime} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if name != "" {
				cancel()
			}
			start := time.Now()
			_, err := onBuildkite(ctx, &agentCalls{hangs: true}).WriteSummary(Notice, "x")
			if took := time.Since(start); err == nil || took != limit {
				t.Errorf("%s: %s, %v", name, took, err)
			}
		})
	}
}

// Values that would keep later steps from starting are left out.
func TestLongValues(t *testing.T) {
	t.Parallel()
	long := []Output{{Name: "results", Value: strings.Repeat("x", maxValue+1)}, {Name: "version", Value: "12"}}
	path := filepath.Join(t.TempDir(), "bash-env")
	for _, s := range []System{detect("TF_BUILD=True"), detect("CIRCLECI=true", "BASH_ENV="+path), onBuildkite(t.Context(), &agentCalls{})} {
		w, err := s.WriteOutputs(long)
		if err != nil || len(w.Notices) != 1 || !strings.HasPrefix(w.Notices[0], "The output results is left out: it has 32001 bytes") {
			t.Errorf("%s: %+v, %v", s.Name(), w, err)
		}
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "export LAMBDA_RELEASE_VERSION='12'\n" {
		t.Errorf("%s, %v", text, err)
	}
	if w, err := detect("CIRCLECI=true").WriteOutputs(long); err != nil || len(w.Notices) != 1 || !strings.Contains(w.Notices[0], "BASH_ENV is not set") {
		t.Errorf("%+v, %v", w, err)
	}
}

func TestGroups(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // which begins at a known time
		for system, want := range map[string]string{
			"GITHUB_ACTIONS=true": "::group::A\n|::endgroup::\n|::group::B\n|::endgroup::\n",
			"TF_BUILD=True":       "##[group]A\n|##[endgroup]\n|##[group]B\n|##[endgroup]\n",
			"BUILDKITE=true":      "--- A\n||--- B\n|",
			"GITLAB_CI=true": "\x1b[0Ksection_start:946684800:lambda_release_946684800000000000_1\r\x1b[0KA\n|\x1b[0Ksection_end:946684800:lambda_release_946684800000000000_1\r\x1b[0K\n|" +
				"\x1b[0Ksection_start:946684800:lambda_release_946684800000000000_2\r\x1b[0KB\n|\x1b[0Ksection_end:946684800:lambda_release_946684800000000000_2\r\x1b[0K\n",
			"TRAVIS=true": "travis_fold:start:lambda_release_946684800000000000_1\r\x1b[0KA\n|travis_fold:end:lambda_release_946684800000000000_1\r\x1b[0K|" +
				"travis_fold:start:lambda_release_946684800000000000_2\r\x1b[0KB\n|travis_fold:end:lambda_release_946684800000000000_2\r\x1b[0K",
			"JENKINS_URL=x": "|||", "CODEBUILD_BUILD_ID=x": "|||", "CIRCLECI=true": "|||", "BITBUCKET_BUILD_NUMBER=1": "|||", "CI=true": "|||",
		} {
			s := detect(system)
			if got := strings.Join([]string{s.Group("A"), s.EndGroup(), s.Group("B"), s.EndGroup()}, "|"); got != want {
				t.Errorf("%s: %q", system, got)
			}
		}
	})
}

func TestOnlyToken(t *testing.T) {
	t.Parallel()
	for variable, variables := range map[string][]string{
		"GITLAB_OIDC_TOKEN": {"GITLAB_CI=true"}, "BITBUCKET_STEP_OIDC_TOKEN": {"BITBUCKET_BUILD_NUMBER=1"}, "CIRCLE_OIDC_TOKEN_V2": {"CIRCLECI=true"},
	} {
		if _, err := detect(variables...).Token(t.Context(), "x"); !errors.Is(err, ErrNoToken) || !strings.Contains(err.Error(), variable) {
			t.Errorf("%s: %v", variable, err)
		}
		s := detect(append(variables, variable+"=secret")...)
		if token, err := s.Token(t.Context(), "x"); token != "secret" || err != nil || s.OnlyToken() != variable {
			t.Errorf("%s: %s, %v", variable, token, err)
		}
		if !strings.Contains(s.Advice().NoToken, variable) {
			t.Errorf("%s: %q", variable, s.Advice().NoToken)
		}
	}
}
