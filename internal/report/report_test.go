package report

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/alias"
	"lambda-release/internal/ci"
	"lambda-release/internal/release"
)

func TestFact(t *testing.T) {
	t.Parallel()
	r := newRun(nil)
	r.Start("release", true)
	r.Fact("", "two functions")
	r.Fact("orders", "answered:\n{\n\t\"ok\": true\n}\n::error::x")
	want := `release
  0.3s  two functions
  0.6s  orders: answered:
        | {
        |   "ok": true
        | }
        | ::error::x
`
	if diff := cmp.Diff(want, r.stderr.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestFactIsLimited(t *testing.T) {
	t.Parallel()
	r := newRun(nil)
	r.Fact("", strings.Repeat("é", 6<<20))
	if got := utf8.RuneCountInString(r.stderr.String()); got > maxFact+20 {
		t.Errorf("%d characters", got)
	}
}

func TestConcurrentFacts(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var log strings.Builder
	r := newReporter(&log, &log, func(string) string { return "true" }, func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return time.Time{}
	})
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			r.Phase("Publish")
			r.Fact("orders", "one\ntwo")
		})
	}
	wg.Wait()
	if got := strings.Count(log.String(), "  0.0s  one\n        | two\n"); got != 50 {
		t.Errorf("%d facts in one piece, want 50", got)
	}
	if opened, closed := strings.Count(log.String(), "::group::"), strings.Count(log.String(), "::endgroup::"); opened != 50 || closed != 49 {
		t.Errorf("%d groups opened, %d closed", opened, closed)
	}
}

func TestNoticeAndWarn(t *testing.T) {
	t.Parallel()
	actions, elsewhere := inActions(t), newRun(nil)
	for _, r := range []*run{actions, elsewhere} {
		r.annotate(annotation{level: ci.Notice, title: "a: b, 100%", text: "one\r\ntwo % ::error::x"})
		r.annotate(annotation{level: ci.Warning, title: "t", text: "100%d"})
	}
	const wantActions = "::notice title=a%3A b%2C 100%25::one%0Atwo %25 ::error::x\n::warning title=t::100%25d\n"
	if diff := cmp.Diff(wantActions, actions.stdout.String()); diff != "" {
		t.Errorf("in Actions: -want +got\n%s", diff)
	}
	const wantElsewhere = "notice: a: b, 100%: one\n    | two % ::error::x\nwarning: t: 100%d\n"
	if diff := cmp.Diff(wantElsewhere, elsewhere.stderr.String()); diff != "" {
		t.Errorf("elsewhere: -want +got\n%s", diff)
	}
}

func TestRunnerFiles(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spoil func(t *testing.T, path string) string
		want  string
	}{
		"unset":   {func(*testing.T, string) string { return "" }, " is not set"},
		"missing": {func(_ *testing.T, path string) string { return path + ".missing" }, "no such file or directory"},
		"a folder": {func(t *testing.T, _ string) string {
			t.Helper()
			return t.TempDir()
		}, "is a directory"},
		"read-only": {func(t *testing.T, path string) string {
			t.Helper()
			if os.Getuid() == 0 {
				t.Skip("root can write every file")
			}
			if err := os.Chmod(path, 0o400); err != nil {
				t.Fatal(err)
			}
			return path
		}, "permission denied"},
	} {
		for spoilt, other := range map[string]string{outputFile: summaryFile, summaryFile: outputFile} {
			t.Run(name+" "+spoilt, func(t *testing.T) {
				t.Parallel()
				r := inActions(t)
				r.env[spoilt] = test.spoil(t, r.env[spoilt])
				for what, err := range map[string]error{"Check": r.Check(), "Finish": r.Finish(scenarios["released"])} {
					if err == nil || !strings.Contains(err.Error(), spoilt) || !strings.Contains(err.Error(), test.want) {
						t.Errorf("%s = %v, want one about %s that says %q", what, err, spoilt, test.want)
					}
				}
				if r.read(t, other) == "" {
					t.Errorf("%s was not written", other)
				}
				if got := commands(r.stdout.String()); len(got) != 1 || got[0].name != "error" || !strings.Contains(got[0].data, spoilt) {
					t.Errorf("commands: %v, want an error that names %s", got, spoilt)
				}
			})
		}
	}
}

func TestFilesAreAppendedTo(t *testing.T) {
	t.Parallel()
	r := inActions(t)
	if err := r.Check(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.Skip(release.Release, "no rule", false); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Count(r.read(t, summaryFile), "\n### "); got != 2 {
		t.Errorf("%d headings, want 2", got)
	}
	if got := strings.Count(r.read(t, outputFile), "status<<"); got != 2 {
		t.Errorf("%d outputs, want 2", got)
	}
}

func TestRefuseWithoutFiles(t *testing.T) {
	t.Parallel()
	r := newRun(map[string]string{"GITHUB_ACTIONS": "true"})
	r.Refuse(r.Check())
	got := commands(r.stdout.String())
	if len(got) != 2 || !strings.Contains(got[0].data, outputFile) || !strings.Contains(got[1].data, summaryFile) {
		t.Errorf("commands: %v, want one error per file", got)
	}
}

// TestSplit: only joined errors are reported one by one.
func TestSplit(t *testing.T) {
	t.Parallel()
	one, two := errors.New("one"), errors.New("two")
	for _, test := range []struct {
		err  error
		want []string
	}{
		{one, []string{"one"}},
		{errors.Join(one, errors.Join(two, one)), []string{"one", "two", "one"}},
		{both{one, two}, []string{"one and two"}},
	} {
		var got []string
		for _, err := range split(test.err) {
			got = append(got, err.Error())
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("split(%v): -want +got\n%s", test.err, diff)
		}
	}
}

type both struct{ a, b error }

func (e both) Error() string   { return e.a.Error() + " and " + e.b.Error() }
func (e both) Unwrap() []error { return []error{e.a, e.b} }

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("nothing reads this") }

func TestBrokenStreams(t *testing.T) {
	t.Parallel()
	env := inActions(t).env
	for _, getenv := range []func(string) string{
		func(name string) string { return env[name] },
		func(string) string { return "" },
	} {
		r := newReporter(brokenWriter{}, brokenWriter{}, getenv, time.Now)
		r.Phase("Publish")
		r.Fact("orders", "text")
		r.annotate(annotation{level: ci.Warning, title: "title", text: "text"})
		err := r.Finish(scenarios["denied"])
		if err == nil || !strings.Contains(err.Error(), "nothing reads this") {
			t.Errorf("Finish = %v", err)
		}
	}
	if text, err := os.ReadFile(filepath.Clean(env[outputFile])); err != nil || len(text) == 0 {
		t.Errorf("outputs: %q, %v", text, err)
	}
}

// TestAnnotationsFit: what to do is in what the runner keeps, however long the
// error is.
func TestAnnotationsFit(t *testing.T) {
	t.Parallel()
	o := items(release.Failed, 12, 11, 11)
	o.Err = errors.New(strings.Repeat("long ", 10_000))
	o.Hint = "Raise the input `timeout`."
	r := inActions(t)
	if err := r.Finish(resultOf(o)); err != nil {
		t.Fatal(err)
	}
	got := commands(r.stdout.String())
	if len(got) != 1 || utf8.RuneCountInString(got[0].data) > 4096 {
		t.Fatalf("commands: %v", got)
	}
	for _, want := range []string{o.Hint, "prod is still at 11"} {
		if !strings.Contains(got[0].data, want) {
			t.Errorf("%q is not in %q", want, got[0].data)
		}
	}
}

// TestHeadlineCountsAliases: what a failed batch has left behind is counted.
func TestHeadlineCountsAliases(t *testing.T) {
	t.Parallel()
	failed := with(items(release.Failed, 12, 11, 11), func(o *release.Outcome) { o.Err = errors.New("denied") })
	elsewhere := with(items(release.Failed, 12, 11, 12), func(o *release.Outcome) { o.NotAsItWas = true })
	unknown := with(elsewhere, func(o *release.Outcome) { o.After = alias.Position{Unknown: true} })
	byOthers := with(items(release.Failed, 12, 11, 13), func(o *release.Outcome) { o.Err, o.End = errors.New("moved"), release.EndOvertaken })
	locked := with(items(release.Locked, 11, 11, 11), func(o *release.Outcome) { o.End = release.EndApplied })
	lock := resultOf(failed, locked)
	lock.Operation = release.Lock
	cancelled := resultOf(failed, items(release.Failed, 11, 11, 11), locked)
	cancelled.Operation = release.Lock
	for want, res := range map[string]release.Result{
		"prod of 2 functions not released: 2 failed; every alias is as it was before":                                resultOf(failed, failed),
		"prod of 3 functions not released: 3 failed; 1 alias not as before; 1 alias at an unknown version":           resultOf(failed, elsewhere, unknown),
		"prod of 2 functions not released: 2 failed; 2 aliases at an unknown version":                                resultOf(unknown, unknown),
		"prod of 2 functions not locked: 1 failed; the others are done":                                              lock,
		"prod of 3 functions not locked: 1 failed, 1 not locked; the others are done":                                cancelled,
		"prod of 2 functions not released: 2 failed; every alias is as it was before, or where others have moved it": resultOf(failed, byOthers),
	} {
		if got := headline(res); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestSummaryFits: whatever is in the result, the summary stays below the limit
// of 1 MiB and ends in whole parts.
func TestSummaryFits(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"@", "\x00", "日"} {
		long := strings.Repeat(text, 2*maxText)
		res := resultOf()
		for range maxRows + 50 {
			res.Outcomes = append(res.Outcomes, release.Outcome{
				Function: long, Alias: long, Status: release.Failed, Err: errors.New(long), Hint: long, NotAsItWas: true, Reason: long,
				Warnings: []string{long, long}, Plan: slices.Repeat([]string{long}, 5), Region: "eu-central-1",
			})
		}
		got := summary(res)
		if len(got) > 1<<20-1<<16 || !strings.HasPrefix(got, "### "+markFailed) || !strings.HasSuffix(got, "\n") {
			t.Errorf("of %q: %d bytes", text, len(got))
		}
		if strings.Count(got, "\n```")%2 != 0 {
			t.Errorf("of %q: a block of code is open", text)
		}
	}
}

func TestConsole(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]string{
		"eu-central-1":  "[`prod`](https://console.aws.amazon.com/lambda/home?region=eu-central-1#/functions/f/aliases/prod)",
		"cn-north-1":    "[`prod`](https://console.amazonaws.cn/lambda/home?region=cn-north-1#/functions/f/aliases/prod)",
		"us-gov-west-1": "[`prod`](https://console.amazonaws-us-gov.com/lambda/home?region=us-gov-west-1#/functions/f/aliases/prod)",
		"us-iso-east-1": "`prod`",
		"":              "`prod`",
		"x/evil.com":    "`prod`",
	} {
		if got := aliasLink(release.Outcome{Function: "f", Alias: "prod", Region: region}); got != want {
			t.Errorf("%q: %s, want %s", region, got, want)
		}
	}
	if got := aliasLink(release.Outcome{Function: "f", Alias: "a](b", Region: "eu-central-1"}); got != `a\](b` {
		t.Errorf("an illegal name is linked: %s", got)
	}
}
