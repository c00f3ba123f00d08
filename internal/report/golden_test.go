package report

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/alias"
	"lambda-release/internal/release"
	"lambda-release/internal/rollout"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const (
	arn = "arn:aws:lambda:eu-central-1:123456789012:function:"

	deniedHint = `Add this statement to the policy of the role that the job runs with:
{
  "Action": "lambda:UpdateAlias",
  "Effect": "Allow",
  "Resource": "arn:aws:lambda:eu-central-1:123456789012:function:ItemsFunction"
}`
)

var errDenied = errors.New("UpdateAlias ItemsFunction:prod: AccessDeniedException: User: " +
	"arn:aws:sts::123456789012:assumed-role/deploy/GitHubActions is not authorized to perform: lambda:UpdateAlias " +
	"on resource: arn:aws:lambda:eu-central-1:123456789012:function:ItemsFunction because no identity-based policy " +
	"allows the lambda:UpdateAlias action (request 8f5c2d1e-0000-4000-8000-123456789abc)")

func at(v alias.Version) alias.Position { return alias.Position{Version: v} }

// outcome is one of a release to prod.
func outcome(function string, status release.Status, version alias.Version, before, after alias.Position) release.Outcome {
	return release.Outcome{
		Function: function, Alias: "prod", Status: status, Version: version, Before: before, After: after,
		FunctionARN: arn + function, Region: "eu-central-1",
	}
}

func items(status release.Status, version, before, after alias.Version) release.Outcome {
	return outcome("ItemsFunction", status, version, at(before), at(after))
}

func with(o release.Outcome, change func(*release.Outcome)) release.Outcome {
	change(&o)
	return o
}

func resultOf(outcomes ...release.Outcome) release.Result {
	return release.Result{Operation: release.Release, Alias: "prod", Outcomes: outcomes, Elapsed: 1234 * time.Millisecond}
}

var scenarios = map[string]release.Result{
	"released":      resultOf(with(items(release.Released, 12, 11, 12), func(o *release.Outcome) { o.Published = true })),
	"unchanged":     resultOf(items(release.Unchanged, 12, 12, 12)),
	"first-release": resultOf(with(items(release.Released, 1, alias.None, 1), func(o *release.Outcome) { o.Published = true })),
	"latest":        resultOf(items(release.Released, alias.Latest, 12, alias.Latest)),
	"superseded": resultOf(with(items(release.Superseded, 11, 12, 12), func(o *release.Outcome) {
		o.Published, o.Reason = true, "prod serves 12 already, newer than 11"
	})),
	"held": resultOf(with(items(release.Held, 3, 2, 2), func(o *release.Outcome) {
		o.Reason = "version 3 was rolled back from prod by run 4720: upload new code, or run operation promote with version 3"
	})),
	"denied": resultOf(with(items(release.Failed, 12, 11, 11), func(o *release.Outcome) {
		o.Published, o.Err, o.Hint = true, errDenied, deniedHint
	})),
	"displaced": resultOf(with(items(release.Failed, 12, 11, 12), func(o *release.Outcome) {
		o.Published, o.NotAsItWas = true, true
		o.Err = errors.New("restore prod of ItemsFunction: UpdateAlias ItemsFunction:prod: timed out")
		o.Reason = "prod is at 12, and was at 11 before this run"
		o.Hint = "Raise the input `timeout` if this can take longer."
	})),
	"unknown": resultOf(with(items(release.Failed, 12, 11, 12), func(o *release.Outcome) {
		o.After, o.NotAsItWas = alias.Position{Unknown: true}, true
		o.Err = errors.New("UpdateAlias ItemsFunction:prod: connection reset by peer")
		o.Reason = "prod was at 11 and may now be at 12; it could not be read (GetAlias ItemsFunction:prod: no such host)"
	})),
	"not-found": resultOf(release.Outcome{
		Function: "ItemsFunction", Alias: "prod", Status: release.Failed, Region: "eu-central-1",
		Before: alias.Position{Unknown: true}, After: alias.Position{Unknown: true},
		Err:  errors.New("PublishVersion ItemsFunction: ResourceNotFoundException: Function not found: " + arn + "ItemsFunction"),
		Hint: "Looked for in region eu-central-1, account 123456789012. Is the name right, and are these the right region and account?",
	}),
	"weights": resultOf(with(items(release.Started, 12, 11, 11), func(o *release.Outcome) {
		o.After.Weights = map[alias.Version]float64{12: 0.1}
	})),
	"rolled-back": {Operation: release.Rollback, Alias: "prod", Elapsed: time.Second, Outcomes: []release.Outcome{
		with(items(release.RolledBack, 2, 5, 2), func(o *release.Outcome) {
			o.Before.Weights = map[alias.Version]float64{6: 0.25}
			o.Warnings = []string{"version 4 of the history no longer exists"}
		}),
	}},
	"pruned": {Operation: release.Prune, Elapsed: time.Second, Outcomes: []release.Outcome{{
		Function: "ItemsFunction", Status: release.Pruned, FunctionARN: arn + "ItemsFunction", Region: "eu-central-1",
		Pruned: []alias.Version{1, 2, 3, 4, 6}, Freed: 61_200_000,
		Others: map[string]alias.Position{"prod": {Version: 5, Weights: map[alias.Version]float64{12: 0.05}}, "dev": at(12), "next": at(alias.Latest)},
	}}},
	"released-and-pruned": resultOf(with(items(release.Released, 12, 11, 12), func(o *release.Outcome) {
		o.Published, o.Pruned, o.Freed = true, []alias.Version{1, 3}, 2_000_000
		o.Others = map[string]alias.Position{"dev": at(11)}
		for i := range 20 {
			o.Others[fmt.Sprintf("pr-%d", i)] = at(12)
		}
	})),
	"status": statusScenario(),
	"batch-pruned": {Operation: release.Prune, Elapsed: time.Second, Outcomes: []release.Outcome{
		{Function: "orders", Status: release.Pruned, Pruned: []alias.Version{1}, Freed: 1_000_000},
		{Function: "payments", Status: release.Unchanged, Reason: "nothing to delete"},
	}},
	"batch": resultOf(
		with(outcome("orders", release.Failed, 8, at(7), at(7)), func(o *release.Outcome) {
			o.Published, o.End, o.Reason = true, release.EndRestored, "restored to 7, because payments failed"
		}),
		with(outcome("payments", release.Failed, 31, at(30), at(30)), func(o *release.Outcome) {
			o.Published, o.Err = true, errors.New("UpdateAlias payments:prod: TooManyRequestsException: Rate exceeded")
			o.Hint = "AWS takes 15 control-plane requests a second for all callers of the account and region together."
		}),
		with(outcome("stock-service", release.Failed, 102, at(102), at(102)), func(o *release.Outcome) {
			o.Reason = "not moved, because payments failed"
		}),
	),
	"batch-released": resultOf(
		outcome("orders", release.Released, 8, at(7), at(8)),
		outcome("payments", release.Unchanged, 31, at(31), at(31)),
		outcome("stock-service", release.Released, 1, at(alias.None), at(1)),
	),
	"batch-of-200": func() release.Result {
		res := resultOf()
		for i := range 200 {
			o := outcome(fmt.Sprintf("service-%03d", i), release.Released, 8, at(7), at(8))
			res.Outcomes = append(res.Outcomes, o)
		}
		return res
	}(),
	"batch-of-500-failed": func() release.Result {
		res := resultOf()
		for i := range 500 {
			o := outcome(fmt.Sprintf("service-%03d", i), release.Failed, 8, at(7), at(7))
			o.Reason = "not moved, because service-400 failed"
			if i >= 400 && i < 422 {
				o.Reason, o.Err = "", errors.New("GetAlias: connection refused")
			}
			res.Outcomes = append(res.Outcomes, o)
		}
		return res
	}(),
	"smoke-test-failed": resultOf(with(items(release.Failed, 12, 11, 11), func(o *release.Outcome) {
		o.Published, o.Err = true, errors.New("smoke test of version 12 of ItemsFunction: the function failed (Unhandled)")
		o.AnswerBy = "function"
		o.Answer = "{\"errorType\": \"KeyError\",\n\"errorMessage\": \"::error::TABLE\"}"
		o.LogTail = "START RequestId: 1 Version: 12\n::set-output name=version::99\n\x1b[31m[ERROR]\x1b[0m KeyError: TABLE\r\n```\nEND RequestId: 1\n"
	})),
	"canary": resultOf(with(items(release.Released, 12, 11, 12), func(o *release.Outcome) {
		o.Published = true
		o.Shift = &release.Shift{
			Strategy: "Canary10Percent5Minutes", Shares: []int{10, 100}, Took: 303 * time.Second, Baked: 10 * time.Minute,
		}
	})),
	"linear-failed": resultOf(with(items(release.Failed, 12, 11, 11), func(o *release.Outcome) {
		o.Published, o.End, o.Err = true, release.EndRestored, errors.New(`roll out to prod: alarm "errors" is in ALARM: 3 datapoints were above 1`)
		o.Reason = "restored to 11, because the alarm went off"
		o.Shift = &release.Shift{Strategy: "Linear10PercentEvery1Minute", Shares: []int{10, 20, 30, 40, 50, 60}, Took: 322 * time.Second}
	})),
	"analysis": resultOf(with(items(release.Failed, 12, 11, 11), func(o *release.Outcome) {
		o.Published, o.End = true, release.EndRestored
		o.Shift = &release.Shift{Strategy: "Canary10Percent10Minutes", Shares: []int{10}, Took: 200 * time.Second, Analysis: judgements()}
		o.Err = fmt.Errorf("roll out to prod: %w", &rollout.UnhealthyError{Judgements: judgements()[1:2]})
		o.Reason = "restored to 11, because " + o.Err.Error()
	})),
	"batch-superseded": resultOf(
		with(outcome("orders", release.Skipped, 8, at(7), at(7)), func(o *release.Outcome) {
			o.End, o.Reason = release.EndNotAttempted, "not moved, because payments is superseded"
		}),
		outcome("carts", release.Unchanged, 3, at(3), at(3)),
		with(outcome("payments", release.Superseded, 31, at(32), at(32)), func(o *release.Outcome) {
			o.Reason = "prod serves 32 already, newer than 31"
		}),
	),
	"dry-run": func() release.Result {
		res := resultOf(with(items(release.Planned, alias.None, 11, 11), func(o *release.Outcome) {
			o.Plan = []string{
				"publish $LATEST (code 1a2b3c4d5e6f…, last written 2026-11-23T09:58:00.000+0000) as a new version, unless it has not changed since the last one",
				"move prod from 11 to the published version",
				"change, against version 11: code 1a2b3c4d5e6f… -> 9a8b7c6d5e4f…; memory 128 MB -> 256 MB; environment +TABLE_NAME ~LOG_LEVEL",
			}
		}))
		res.DryRun = true
		return res
	}(),
	"dry-run-promote": {Operation: release.Promote, Alias: "prod", DryRun: true, Elapsed: time.Second, Outcomes: []release.Outcome{
		with(outcome("orders", release.Planned, 8, at(7), at(7)), func(o *release.Outcome) { o.Plan = []string{"move prod from 7 to 8"} }),
		with(outcome("payments", release.Planned, 31, at(31), at(31)), func(o *release.Outcome) { o.Plan = []string{"leave prod at 31, where it is already"} }),
	}},
	"nasty": {Operation: release.Release, Alias: "::error::prod", Elapsed: time.Second, Outcomes: []release.Outcome{
		{
			Function: "a|b`c\n::set-output name=version::99", Alias: "\"]\nclick A href \"javascript:x\"", Status: release.Failed,
			Region: "eu](https://evil", Before: at(1), After: at(2), NotAsItWas: true,
			Err: errors.New("\x1b[31m<img src=x onerror=alert(1)>\r::add-mask::a\n\n{\"a\": \"```\"}\n| a | b |\n# @octocat https://evil.example www.evil.example\n" +
				"##[group]x \u202e mirrored \u2028::stop-commands::x\n1. list\n- list\n===\n[x](javascript:y) ![i](z) **b** _i_ ~~s~~ $x$ &lt; \xff"),
			Reason: "is at 2\n::warning::x", Warnings: []string{"\n::error::x\n"},
			Hint: "Try `aws lambda get-alias --name prod` or `<b>` or `unbalanced",
		},
		{Function: "", Status: release.Skipped},
	}},
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, res := range scenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden(t, name, func(r *run) error {
				r.Start(res.Operation.String(), len(res.Outcomes) > 1)
				r.Phase("Publish")
				r.Fact(res.Outcomes[0].Function, "still waiting for the update (InProgress) after 1m20s")
				r.Phase("Move alias " + res.Alias)
				return r.Finish(res)
			})
		})
	}
	t.Run("skip", func(t *testing.T) {
		t.Parallel()
		golden(t, "skip", func(r *run) error {
			return r.Skip(release.Release, "no rule of `aliases` matches branch feature/@octocat", true)
		})
	})
	t.Run("skip-quietly", func(t *testing.T) {
		t.Parallel()
		golden(t, "skip-quietly", func(r *run) error { return r.Skip(release.Release, "no rule of `aliases` matches tag v1", false) })
	})
	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		golden(t, "refused", func(r *run) error {
			r.Refuse(errors.Join(
				problem{"function-name", `"no such name": not a function's name; letters, digits, - and _`},
				problem{"timeout", `"10": not a duration; such as 90s or 10m`},
				fmt.Errorf("read event: %w", os.ErrNotExist),
			))
			return nil
		})
	})
}

// problem is one with an input, as package input has them.
type problem struct{ input, text string }

func (p problem) Error() string     { return p.input + " " + p.text }
func (p problem) InputName() string { return p.input }

var delimiter = regexp.MustCompile(`\b[A-Z2-7]{26}\b`)

// golden compares what a run writes, in GitHub Actions and elsewhere, with
// testdata/<name>.golden.
func golden(t *testing.T, name string, report func(*run) error) {
	t.Helper()
	actions, elsewhere := inActions(t), newRun(nil)
	for _, r := range []*run{actions, elsewhere} {
		if err := report(r); err != nil {
			t.Error(err)
		}
	}
	if got := actions.stderr.String(); got != "" {
		t.Errorf("in Actions, stderr has %q", got)
	}
	file := filepath.Join("testdata", name+".golden")
	var b strings.Builder
	for _, part := range []struct{ name, text string }{
		{"log in Actions", actions.stdout.String()},
		{outputFile, delimiter.ReplaceAllString(actions.read(t, outputFile), "DELIMITER")},
		{summaryFile, actions.read(t, summaryFile)},
		{"stderr elsewhere", elsewhere.stderr.String()},
		{"stdout elsewhere", elsewhere.stdout.String()},
	} {
		fmt.Fprintf(&b, "-- %s --\n%s", part.name, part.text)
	}
	got := b.String()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: -want +got (go test -update rewrites it)\n%s", file, diff)
	}
}
