package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/app"
)

const rulesOfShop = `main=prod
release/*=staging
tag:v*=prod
pull_request=pr-{number}     # previews
feature/**={branch}
develop=dev@$LATEST`

// cases are questions about events of every kind, with the alias that moves; "" is for
// none.
var cases = []struct {
	question
	alias string
}{
	{question{Kind: "push-branch", Branch: "main"}, "prod"},
	{question{Kind: "push-branch", Branch: "feature/x y"}, ""},
	{question{Kind: "push-branch", Branch: "topic"}, ""},
	{question{Rules: rulesOfShop, Kind: "push-branch", Branch: "release/1.4"}, "staging"},
	{question{Rules: rulesOfShop, Kind: "push-branch", Branch: "release/1.4/fix"}, ""},
	{question{Rules: rulesOfShop, Kind: "push-branch", Branch: "feature/cart/totals_2"}, "feature-cart-totals_2"},
	{question{Rules: rulesOfShop, Kind: "push-branch", Branch: `feature/"quoted"\`}, ""},
	{question{Rules: rulesOfShop, Kind: "push-branch", Branch: "feature/größe"}, "feature-gr--e"},
	{question{Rules: rulesOfShop, Kind: "push-branch", Branch: "develop"}, "dev"},
	{question{Rules: rulesOfShop, Kind: "push-tag", Tag: "v1.4.0"}, "prod"},
	{question{Rules: rulesOfShop, Kind: "push-tag", Tag: "1.4.0"}, ""},
	{question{Rules: rulesOfShop, Kind: "push-deleted"}, ""},
	{question{Rules: rulesOfShop, Kind: "pr-open", Number: "7"}, "pr-7"},
	{question{Kind: "pr-open", Number: "7"}, ""},
	{question{Rules: rulesOfShop, Kind: "pr-fork", Number: "8"}, "pr-8"},
	{question{Rules: rulesOfShop, Kind: "pr-merged", Number: "7", Branch: "main"}, "prod"},
	{question{Rules: rulesOfShop, Kind: "pr-merged", Number: "7", Branch: "topic"}, ""},
	{question{Rules: rulesOfShop, Kind: "pr-closed", Number: "7"}, "pr-7"},
	{question{Rules: rulesOfShop, Kind: "pr-target", Number: "7"}, "pr-7"},
	{question{Rules: rulesOfShop, Kind: "merge-queue", Number: "7", Branch: "main"}, ""},
	{question{Rules: rulesOfShop, Kind: "release", Tag: "v1.4.0"}, "prod"},
	{question{Rules: rulesOfShop, Kind: "release-edited", Tag: "v1.4.0"}, ""},
	{question{Rules: rulesOfShop, Kind: "dispatch-branch", Branch: "main"}, "prod"},
	{question{Rules: rulesOfShop, Kind: "dispatch-tag", Tag: "v1.4.0"}, "prod"},
	{question{Rules: rulesOfShop, Kind: "schedule", Branch: "main"}, "prod"},
	{question{Rules: rulesOfShop, Kind: "run-push", Branch: "main"}, "prod"},
	{question{Rules: rulesOfShop, Kind: "run-push", Branch: "v1.4.0"}, "prod"},
	{question{Rules: "v*=dev\ntag:v*=prod", Kind: "run-push", Branch: "v1.4.0"}, ""},
	{question{Rules: rulesOfShop, Kind: "run-release", Tag: "v1.4.0"}, "prod"},
	{question{Rules: rulesOfShop, Kind: "run-failed", Branch: "main"}, ""},
	{question{Rules: rulesOfShop, Kind: "run-pr", Branch: "main"}, ""},
	{question{Rules: rulesOfShop, Kind: "deployed", Branch: "main"}, "prod"},
	{question{Rules: rulesOfShop, Kind: "deployment-failed", Branch: "main"}, ""},
	{question{Rules: rulesOfShop, Kind: "comment"}, ""},
	{question{Rules: "main=prod\nmain\n*=a.b", Kind: "push-branch", Branch: "main"}, ""},
}

// inFile stores a payload in a file of the test.
func inFile(t *testing.T) func([]byte) (string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "event.json")
	return func(payload []byte) (string, error) { return path, os.WriteFile(path, payload, 0o600) }
}

// TestAnswersOfProgram: the answers are those of the program, run in a job for the event.
func TestAnswersOfProgram(t *testing.T) {
	t.Parallel()
	asked := map[string]bool{}
	for _, c := range cases {
		asked[c.Kind] = true
		t.Run(fmt.Sprint(c.question), func(t *testing.T) {
			t.Parallel()
			got := ask(c.question, inFile(t))
			if got.Alias != c.alias {
				t.Errorf("the alias is %q, want %q: %+v", got.Alias, c.alias, got)
			}
			want := program(t, c.question)
			if strings.HasPrefix(want.Why, "aliases ") { // a list of problems with the lines, in the form of the log
				want.Why, got.Why = "", ""
			}
			if diff := cmp.Diff(want, got, latest); diff != "" {
				t.Errorf("-the program's +ours:\n%s", diff)
			}
		})
	}
	for _, k := range kinds {
		if !asked[k.ID] {
			t.Errorf("no case for an event of the kind %s", k.ID)
		}
	}
}

// latest leaves out what the program's log does not show.
var latest = cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Latest" }, cmp.Ignore())

var because = regexp.MustCompile(`^release items -> (\S+), because (\S+) matches the rule (.+)$`)

// annotation matches the workflow command that says why the program does nothing.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
var (
	annotation = regexp.MustCompile(`^::(?:warning|error) title=[^:]*::(.*)$`)
	unescape   = strings.NewReplacer("%0A", "\n", "%25", "%")
)

// program is the answer of the program: the first line of its log, or why it does
// nothing. It is cancelled before it could call AWS.
func program(t *testing.T, q question) answer {
	t.Helper()
	env, payload, err := q.job()
	if err != nil {
		t.Fatal(err)
	}
	if env["GITHUB_EVENT_PATH"], err = inFile(t)([]byte(payload)); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"} {
		env[name] = filepath.Join(dir, name)
		if err := os.WriteFile(env[name], nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	maps.Copy(env, map[string]string{"INPUT_FUNCTION-NAME": "items", "INPUT_ALIASES": q.Rules, "AWS_REGION": "eu-central-1"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, log strings.Builder
	code := app.Run(ctx, nil, func(name string) string { return env[name] }, &out, &log)
	first, _, _ := strings.Cut(out.String(), "\n")
	if m := because.FindStringSubmatch(first); m != nil {
		return answer{Alias: m[1], Ref: m[2], Rule: m[3]}
	}
	if m := annotation.FindStringSubmatch(first); m != nil {
		first = unescape.Replace(m[1])
	}
	return answer{Why: first, Fails: code == 2}
}
