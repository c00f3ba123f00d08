package report

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/release"
)

func TestOutputVersion(t *testing.T) {
	t.Parallel()
	for status, want := range map[release.Status]string{
		release.Released: "12", release.Promoted: "12", release.RolledBack: "12", release.Unchanged: "12", release.Started: "12", release.Failed: "12",
		release.Superseded: "", release.Held: "", release.Skipped: "", release.Planned: "", release.Pruned: "", release.Deleted: "",
	} {
		if got := outputVersion(release.Outcome{Status: status, Version: 12}); got != want {
			t.Errorf("%s: %q, want %q", status, got, want)
		}
	}
}

// TestResultsAreAnonymous: GitHub drops an output that holds a masked account
// id.
func TestResultsAreAnonymous(t *testing.T) {
	t.Parallel()
	o := items(release.Failed, 12, 11, 11)
	o.Err = errors.New("User: arn:aws:sts::210987654321:assumed-role/deploy/x is not authorized on " +
		arn + "ItemsFunction:prod of account 123456789012, x123456789012, 210987654321")
	got := resultsJSON(resultOf(o))
	if strings.Contains(got, "arn:") || strings.Contains(got, "123456789012") || strings.Contains(got, "210987654321") {
		t.Errorf("results: %s", got)
	}
	const want = "User: assumed-role/deploy/x is not authorized on function:ItemsFunction:prod of account ***, x***, ***"
	if !strings.Contains(got, want) {
		t.Errorf("results: %s, want %q in them", got, want)
	}
}

// FuzzOutputs reads back what any result leaves in GITHUB_OUTPUT, in the log
// and on stdout: the outputs that there are, and commands that are ours.
func FuzzOutputs(f *testing.F) {
	f.Add("orders", "prod", "reason", "error", "hint", "warning")
	f.Add("a\nversion=99", "b\r\nversion<<X\n99\nX", "\n::error::", "##[add-mask]", "{\n}\n```\n", "\x1b[2K\r::debug::x")
	f.Add("arn:aws:lambda:", `"`, `\`, "\u2028", "`", "|")
	f.Fuzz(func(t *testing.T, function, alias, reason, text, hint, warned string) {
		res := release.Result{Operation: release.Release, Alias: alias, Outcomes: []release.Outcome{{
			Function: function, Alias: alias, Status: release.Failed, Version: 12, Before: at(11), After: at(11), Region: "eu-central-1",
			FunctionARN: arn + function, Reason: reason, Err: errors.New(text), Hint: hint, Warnings: []string{warned}, Plan: []string{warned},
		}}}
		want := map[string]string{
			"status": "failed", "changed": "false", "locked": "false", "results": resultsJSON(res), "versions": versionsJSON(res),
			"version": "12", "previous-version": "11", "alias": alias, "alias-arn": qualified(arn+function, alias),
			"function-arn": arn + function + ":12", "published": "false",
			"deployment-id": "", "url": "", "analysis": "[]",
		}

		r := inActions(t)
		r.Start("release", true)
		r.Phase(reason)
		r.Fact(function, text)
		if err := r.Finish(res); err != nil {
			t.Fatal(err)
		}
		got, err := readOutputs(r.read(t, outputFile))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("outputs: -want +got\n%s", diff)
		}
		var names []string
		for _, c := range commands(r.stdout.String()) {
			names = append(names, c.name)
		}
		if diff := cmp.Diff([]string{"group", "endgroup", "error", "warning"}, names); diff != "" {
			t.Errorf("commands: -want +got\n%s\n%s", diff, r.stdout.String())
		}
		var results []result
		if err := json.Unmarshal([]byte(got["results"]), &results); err != nil || len(results) != 1 {
			t.Errorf("results: %v, %s", err, got["results"])
		}

		elsewhere := newRun(nil)
		if err := elsewhere.Finish(res); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(elsewhere.stdout.String(), "\n"), "\n")
		if len(lines) != len(want) {
			t.Errorf("%d lines on stdout, want %d: %q", len(lines), len(want), lines)
		}
		for _, line := range lines {
			name, _, _ := strings.Cut(line, "=")
			if _, ours := want[name]; !ours || strings.ContainsAny(line, "\r\v\f\u0085\u2028\u2029\x1b") {
				t.Errorf("on stdout: %q", line)
			}
		}
	})
}
