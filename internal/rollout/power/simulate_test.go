package main

import (
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"lambda-release/internal/analysis"
)

var shifts = flag.Uint64("shifts", 1000, "how many shifts to simulate for each case")

// needsTime skips a test with -short, as the run of the race detector has it: the
// simulations are pure, and would take ten times as long.
func needsTime(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("a simulation")
	}
}

// TestEqualVersions: a version that is as good as the old one is rolled back in at
// most 1 % of jobs.
func TestEqualVersions(t *testing.T) {
	needsTime(t)
	t.Parallel()
	check := func(name string, shift func(r *random) analysis.Finding) {
		worse := simulate(*shifts, shift)[analysis.Worse]
		most := 0.01
		if n := float64(*shifts); n < 10000 { // then it may be more by chance
			most = analysis.Budget + 3.3*math.Sqrt(analysis.Budget/n)
		}
		t.Logf("%-60s %.2f %%", name, 100*worse)
		if worse > most {
			t.Errorf("%s: %.2f %% rolled back", name, 100*worse)
		}
	}
	for _, traffic := range []float64{100, 1000, 10000} {
		for _, p := range []float64{0.002, 0.005, 0.02} {
			for name, by := range map[string]routing{"canary": canary, "linear": linear} {
				check(fmt.Sprintf("%s, %.0f a minute, %s", name, traffic, percent(p)), func(r *random) analysis.Finding {
					return by.plan().Counts(r.counts(by, traffic, constant(p), constant(p)))
				})
			}
		}
		// Both versions fail more often in the last two minutes, or from a step in
		// them on.
		for _, begin := range []float64{7, 7.5} {
			late := func(minute float64) float64 {
				if minute >= begin {
					return 0.05
				}
				return 0.002
			}
			check(fmt.Sprintf("linear, %.0f a minute, 0.2 %%, then 5 %% from minute %v on", traffic, begin), func(r *random) analysis.Finding {
				return linear.plan().Counts(r.counts(linear, traffic, late, late))
			})
		}
	}
	// Both versions fail more often in bursts, a random third of the half minutes.
	for _, traffic := range []float64{1000, 5000, 20000} {
		for _, heavy := range []float64{0.05, 0.6} {
			check(fmt.Sprintf("linear, %.0f a minute, %s in bursts", traffic, percent(heavy)), func(r *random) analysis.Finding {
				bursts := map[float64]float64{}
				for at := range 2 * linear.minutes {
					bursts[float64(at)/2] = 0.002
					if r.Float64() < 1./3 {
						bursts[float64(at)/2] = heavy
					}
				}
				fails := func(minute float64) float64 { return bursts[minute] }
				return linear.plan().Counts(r.counts(linear, traffic, fails, fails))
			})
		}
	}
	// Each minute arrives in two pieces, between which the metrics are read. Their
	// invocations are different ones.
	check("canary, 10000 a minute, 5 %, in pieces", func(r *random) (f analysis.Finding) {
		pieces := r.counts(canary, 5000, constant(0.05), constant(0.05))
		for i, other := range r.counts(canary, 5000, constant(0.05), constant(0.05)) {
			f.Verdict = max(f.Verdict, canary.plan().Counts(pieces[:i+1]).Verdict)
			pieces[i].Old.Invocations += other.Old.Invocations
			pieces[i].Old.Failures += other.Old.Failures
			pieces[i].New.Invocations += other.New.Invocations
			pieces[i].New.Failures += other.New.Failures
			f.Verdict = max(f.Verdict, canary.plan().Counts(pieces[:i+1]).Verdict)
		}
		return f
	})
	check("three functions with errors and throttles", func(r *random) (f analysis.Finding) {
		for range 6 {
			one := analysis.Plan{Comparisons: 6, Minutes: 10}.Counts(r.counts(canary, 2000, constant(0.01), constant(0.01)))
			f.Verdict = max(f.Verdict, one.Verdict)
		}
		return f
	})
	for _, s := range []analysis.Statistic{"p50", "p95", "p99", "Average"} {
		for _, share := range []float64{0.1, 0.5, 0.9} {
			for _, minutes := range []int{10, 30} {
				by := routing{minutes, func(float64) float64 { return share }}
				traffic := 1.1 * float64(s.LeastInvocations()) / min(share, 1-share) // hardly enough
				check(fmt.Sprintf("%s, share %.0f %%, %d minutes", s, 100*share, minutes), func(r *random) analysis.Finding {
					return by.plan().Durations(r.durations(by, traffic, s, 2, 1), s) // with a heavy tail
				})
			}
		}
	}
}

// TestDifferentVersions: what is to be found is found.
func TestDifferentVersions(t *testing.T) {
	needsTime(t)
	t.Parallel()
	counts := func(by routing, traffic, oldFails, newFails float64) func(r *random) analysis.Finding {
		return func(r *random) analysis.Finding {
			return by.plan().Counts(r.counts(by, traffic, constant(oldFails), constant(newFails)))
		}
	}
	durations := func(by routing, traffic, times float64) func(r *random) analysis.Finding {
		return func(r *random) analysis.Finding {
			return by.plan().Durations(r.durations(by, traffic, "p99", 0.6, times), "p99")
		}
	}
	linear20 := routing{4, func(minute float64) float64 { return 2 * linear.share(minute) }}
	for name, tt := range map[string]struct {
		shift       func(r *random) analysis.Finding
		want        analysis.Verdict
		least, most float64
	}{
		"0.2 % to 2 %": {counts(canary, 1000, 0.002, 0.02), analysis.Worse, 0.99, 1},
		"0 to 0.9 %":   {counts(canary, 1000, 0, 0.009), analysis.Worse, 0.98, 1},
		"1 % to 10 % within two steps": {func(r *random) analysis.Finding {
			return linear20.plan().Counts(r.counts(linear20, 1200, constant(0.01), constant(0.1))[:2])
		}, analysis.Worse, 0.99, 1},
		"20 % to 1 %":                {counts(canary, 1000, 0.2, 0.01), analysis.Better, 0.99, 1},
		"equal, 0.2 %":               {counts(canary, 1000, 0.002, 0.002), analysis.NotWorse, 0.9, 1},
		"equal, without failures":    {counts(canary, 1000, 0, 0), analysis.NotWorse, 1, 1},
		"equal, 5 a minute":          {counts(canary, 5, 0.002, 0.002), analysis.Inconclusive, 0.99, 1},
		"0.2 % to 1.2 %":             {counts(canary, 1000, 0.002, 0.012), analysis.NotWorse, 0, 0.05},
		"3 % to 6 %":                 {counts(canary, 1000, 0.03, 0.06), analysis.NotWorse, 0, 0.05},
		"3 % to 6 %, half of it":     {counts(routing{10, func(float64) float64 { return 0.5 }}, 100, 0.03, 0.06), analysis.NotWorse, 0, 0.05},
		"p99 twice as long":          {durations(canary, 20000, 2), analysis.Worse, 0.99, 1},
		"p99 1.5 times as long":      {durations(canary, 10000, 1.5), analysis.Worse, 0.95, 1},
		"p99 1.25 times as long":     {durations(canary, 10000, 1.25), analysis.NotWorse, 0, 0.05},
		"p99 as long":                {durations(canary, 20000, 1), analysis.NotWorse, 0.95, 1},
		"p99 half as long":           {durations(canary, 20000, 0.5), analysis.Better, 0.99, 1},
		"p99 of too few invocations": {durations(canary, 2000, 2), analysis.Inconclusive, 1, 1},
	} {
		got := simulate(*shifts, tt.shift)[tt.want]
		t.Logf("%-30s %-12s %6.2f %%", name, tt.want, 100*got)
		if got < tt.least-1e-9 || got > tt.most+1e-9 {
			t.Errorf("%s: %s in %.2f %%, want %v to %v", name, tt.want, 100*got, tt.least, tt.most)
		}
	}
}

// TestNeed: with as many invocations as an inconclusive shift needs, about nine of
// ten shifts of equal versions are conclusive.
func TestNeed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ old, new analysis.Count }{
		{analysis.Count{Invocations: 900, Failures: 2}, analysis.Count{Invocations: 100}},
		{analysis.Count{Invocations: 900, Failures: 9}, analysis.Count{Invocations: 100, Failures: 1}},
		{analysis.Count{Invocations: 900, Failures: 90}, analysis.Count{Invocations: 10, Failures: 1}},
		{analysis.Count{Invocations: 100, Failures: 1}, analysis.Count{Invocations: 100, Failures: 1}},
		{analysis.Count{Invocations: 100, Failures: 5}, analysis.Count{Invocations: 100, Failures: 5}},
	} {
		share := float64(tt.new.Invocations) / float64(tt.new.Invocations+tt.old.Invocations)
		p := constant(float64(tt.old.Failures) / float64(tt.old.Invocations))
		by := routing{10, func(float64) float64 { return share }}
		short := by.plan().Counts([]analysis.Minute{{Number: 1, Old: tt.old, New: tt.new}})
		found := simulate(*shifts, func(r *random) analysis.Finding {
			return by.plan().Counts(r.counts(by, float64(short.Need.Invocations)/10/share, p, p))
		})
		t.Logf("%+v: needs %d; then %.1f %% are conclusive", tt, short.Need.Invocations, 100*(1-found[analysis.Inconclusive]))
		if short.Verdict != analysis.Inconclusive || found[analysis.Inconclusive] < 0.005 || found[analysis.Inconclusive] > 0.2 {
			t.Errorf("%+v: %s, needs %d; then %.1f %% are inconclusive", tt, short.Verdict, short.Need.Invocations, 100*found[analysis.Inconclusive])
		}
	}
}

// TestTables: the output is Markdown whose rows have as many cells as the header.
func TestTables(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	tables(&b, 10)
	for table := range strings.SplitSeq(b.String(), ":\n\n") {
		columns := strings.Count(strings.SplitN(table, "\n", 2)[0], "|")
		for line := range strings.Lines(table) {
			if n := strings.Count(line, "|"); n != columns && strings.HasPrefix(line, "|") {
				t.Errorf("%d columns, not %d: %s", n, columns, line)
			}
		}
	}
	if n := strings.Count(b.String(), "\n|---"); n != 3 {
		t.Errorf("%d tables, want 3:\n%s", n, &b)
	}
}

// TestRandom holds mean and variance of the distributions against the textbook.
func TestRandom(t *testing.T) {
	t.Parallel()
	r := newRandom(1)
	const n = 200_000
	for _, mean := range []float64{0.3, 4, 9.9, 10, 25, 1000} {
		for name, next := range map[string]func() float64{
			"poisson": func() float64 { return float64(r.poisson(mean)) },
			"gamma":   func() float64 { return r.gamma(max(1, mean)) },
		} {
			want := mean
			if name == "gamma" {
				want = max(1, mean)
			}
			var sum, squares float64
			for range n {
				x := next() - want
				sum += x
				squares += x * x
			}
			if d := sum / n / math.Sqrt(want/n); math.Abs(d) > 4 {
				t.Errorf("%s of %v: the mean is off by %.1f standard errors", name, mean, d)
			}
			if v := squares / n; math.Abs(v/want-1) > 0.03 {
				t.Errorf("%s of %v: the variance is %v", name, mean, v)
			}
		}
	}
}

// TestDocs: the tables in docs/rollout.md are those that the command prints.
func TestDocs(t *testing.T) {
	needsTime(t)
	t.Parallel()
	page, err := os.ReadFile("../../../docs/rollout.md")
	if err != nil {
		t.Fatal(err)
	}
	_, got, _ := strings.Cut(string(page), "<!-- go run ./internal/rollout/power -->\n\n")
	got, _, _ = strings.Cut(got, "<!-- end -->\n")
	var want strings.Builder
	tables(&want, defaultShifts)
	if got != want.String() {
		t.Errorf("docs/rollout.md has not what `go run ./internal/rollout/power` prints:\n%s", &want)
	}
}
