package analysis

import (
	"math"
	"slices"
	"testing"
)

// TestCountsExact adds up the probabilities of all outcomes of three minutes for
// which the new version is found worse. If it is as good as the old one, or
// better, that is at most alpha, although the rates differ from minute to minute.
func TestCountsExact(t *testing.T) {
	t.Parallel()
	const alpha = 0.1
	sizes := [][2]int{{3, 5}, {4, 4}, {6, 3}} // invocations of the new and the old version
	found := make(map[[6]int]bool)
	outcomes(sizes, func(x [6]int) {
		found[x] = Plan{Minutes: len(sizes)}.failsMore(minutesOf(sizes, x), alpha).crossed
	})
	rejected := func(newRates, oldRates [3]float64) (sum float64) {
		for x, found := range found {
			if !found {
				continue
			}
			p := 1.0
			for i, n := range sizes {
				p *= binomialOf(n[0], x[2*i], newRates[i]) * binomialOf(n[1], x[2*i+1], oldRates[i])
			}
			sum += p
		}
		return sum
	}
	most := 0.0
	for _, rates := range [][3]float64{{.5, .5, .5}, {.1, .1, .1}, {.3, .3, .3}, {.02, .02, .9}, {.9, .1, .5}, {.2, .4, .8}, {1, 0, .5}} {
		got := rejected(rates, rates)
		most = max(most, got)
		if got > alpha {
			t.Errorf("equal rates %v: found worse with the probability %.4f", rates, got)
		}
		lower := rates
		for i := range lower {
			lower[i] *= 0.8
		}
		if better := rejected(lower, rates); better > got {
			t.Errorf("rates %v below %v: found worse with the probability %.4f, more than %.4f for equal ones", lower, rates, better, got)
		}
	}
	if most < alpha/2 {
		t.Errorf("at most %.4f of %.2f is used: the test is too weak to mean anything", most, alpha)
	}
	if got := rejected([3]float64{.8, .8, .8}, [3]float64{.1, .1, .1}); got < 0.9 {
		t.Errorf("rates of 80 %% and 10 %%: found worse with the probability %.4f", got)
	}
}

// TestCountsExactWithStep is the same for two minutes into which steps of the shift
// fell. In one of them all invocations fail from the step on, or most of them,
// whatever version they are of. The routing is enumerated.
func TestCountsExactWithStep(t *testing.T) {
	t.Parallel()
	const alpha, before, after = 0.1, 0.2, 0.6
	type seconds struct{ failures, successes [2]int } // before and after the step
	type minute struct {
		Minute
		p float64
	}
	routed := func(s seconds) (all []minute) {
		outcomes([][2]int{s.failures, s.successes}, func(x [6]int) {
			m := Minute{LeastShare: before, MostShare: after}
			m.New.Failures = x[0] + x[1]
			m.New.Invocations = m.New.Failures + x[2] + x[3]
			m.Old.Failures = s.failures[0] + s.failures[1] - m.New.Failures
			m.Old.Invocations = m.Old.Failures + s.successes[0] + s.successes[1] - x[2] - x[3]
			all = append(all, minute{m, binomialOf(s.failures[0], x[0], before) * binomialOf(s.failures[1], x[1], after) *
				binomialOf(s.successes[0], x[2], before) * binomialOf(s.successes[1], x[3], after)})
		})
		return all
	}
	even := seconds{[2]int{3, 3}, [2]int{3, 3}}
	for _, begins := range []seconds{
		{[2]int{0, 5}, [2]int{7, 1}},
		{[2]int{0, 6}, [2]int{6, 0}},
		{[2]int{1, 6}, [2]int{7, 2}},
	} {
		for _, course := range [][2]seconds{{begins, even}, {even, begins}} {
			var found, unaware float64
			for _, first := range routed(course[0]) {
				for _, second := range routed(course[1]) {
					minutes := []Minute{first.Minute, second.Minute}
					minutes[0].Number, minutes[1].Number = 1, 2
					p := Plan{Minutes: 2}
					if p.failsMore(minutes, alpha).crossed {
						found += first.p * second.p
					}
					for i := range minutes {
						minutes[i].LeastShare, minutes[i].MostShare = 0, 0
					}
					if p.failsMore(minutes, alpha).crossed {
						unaware += first.p * second.p
					}
				}
			}
			if found > alpha || found == 0 {
				t.Errorf("%v: found worse with the probability %.4f", course, found)
			}
			if unaware < 2*found {
				t.Errorf("%v: found worse with the probability %.4f although steps are ignored: the case shows nothing", course, unaware)
			}
		}
	}
}

// TestCountsAtEveryLook: what is found does not depend on when a caller looks.
func TestCountsAtEveryLook(t *testing.T) {
	t.Parallel()
	sizes := [][2]int{{3, 5}, {4, 4}, {6, 3}}
	p := Plan{Minutes: 3}
	outcomes(sizes, func(x [6]int) {
		minutes := minutesOf(sizes, x)
		before := false
		for n := range minutes {
			now := p.failsMore(minutes[:n+1], 0.1).crossed
			if before && !now {
				t.Errorf("%v: worse after %d minutes, and not after %d", minutes, n, n+1)
			}
			before = now
		}
	})
}

func TestCounts(t *testing.T) {
	t.Parallel()
	plan := Plan{Comparisons: 1, Minutes: 10}
	for name, tt := range map[string]struct {
		plan     Plan
		minutes  []Minute
		want     Verdict
		old, new float64
		need     int
	}{
		"no minutes":                {plan, nil, Inconclusive, 0, 0, 271},
		"no data of the new one":    {plan, same(10, Count{900, 9}, Count{}), Inconclusive, 0, 0, 271},
		"no data of the old one":    {plan, same(10, Count{}, Count{100, 9}), Inconclusive, 0, 0, 271},
		"few invocations":           {plan, same(3, Count{90, 0}, Count{10, 0}), Inconclusive, 0, 0, 271},
		"few, and one failed":       {plan, []Minute{{Number: 1, Old: Count{100, 5}, New: Count{20, 1}}}, Inconclusive, .05, .05, 346},
		"no failures":               {plan, same(10, Count{900, 0}, Count{100, 0}), NotWorse, 0, 0, 0},
		"as many failures":          {plan, same(10, Count{900, 18}, Count{100, 2}), NotWorse, .02, .02, 0},
		"ten times as many":         {plan, same(10, Count{900, 2}, Count{100, 2}), Worse, 2. / 900, .02, 0},
		"ten times as many, of 100": {Plan{100, 10}, same(10, Count{900, 2}, Count{100, 2}), Worse, 2. / 900, .02, 0},
		"three failures, and none of the old one": {plan, slices.Concat(same(7, Count{900, 0}, Count{100, 0}),
			[]Minute{{Number: 8, Old: Count{900, 0}, New: Count{100, 3}}}), Worse, 0, 3. / 800, 0},
		"two failures, and none of the old one": {plan, slices.Concat(same(9, Count{900, 0}, Count{100, 0}),
			[]Minute{{Number: 10, Old: Count{900, 0}, New: Count{100, 2}}}), NotWorse, 0, 2. / 1000, 0},
		"a fix":                             {plan, same(10, Count{900, 180}, Count{100, 1}), Better, .2, .01, 0},
		"5 % more of very many":             {plan, same(10, Count{9e6, 9e4}, Count{1e6, 1.05e4}), NotWorse, .01, .0105, 0},
		"20 % more of very many":            {plan, same(10, Count{9e6, 9e4}, Count{1e6, 1.2e4}), Worse, .01, .012, 0},
		"more failures than invocations":    {plan, same(1, Count{100, 0}, Count{10, 12}), Worse, 0, 1, 0},
		"minutes after those of the plan":   {Plan{1, 2}, same(10, Count{900, 2}, Count{100, 2}), Worse, 2. / 900, .02, 0},
		"a late incident in a linear shift": {Plan{1, 9}, incident(), NotWorse, .01756, .01756, 0},
	} {
		f := tt.plan.Counts(tt.minutes)
		if f.Verdict != tt.want || f.Need.Invocations != tt.need || math.Abs(f.Old-tt.old) > 1e-4 || math.Abs(f.New-tt.new) > 1e-4 {
			t.Errorf("%s: got %+v, want %s, %.4f and %.4f, need %d", name, f, tt.want, tt.old, tt.new, tt.need)
		}
	}
}

// TestEvidence: the limit is where the verdict changes.
func TestEvidence(t *testing.T) {
	t.Parallel()
	const of = 20
	plan := Plan{Comparisons: 1, Minutes: 1}
	limit := plan.Counts([]Minute{{1, Count{900, of}, Count{100, 0}, 0, 0}}).Evidence.Limit
	for x := range of + 1 {
		f := plan.Counts([]Minute{{1, Count{900, of - x}, Count{100, x}, 0, 0}})
		if want := (Evidence{x, of, 2, limit}); f.Evidence != want || (f.Verdict == Worse) != (x > limit) {
			t.Errorf("%d of %d: got %+v, want the evidence %+v", x, of, f, want)
		}
	}
	if p := tailOf(hypergeometric(100, 900, of), limit+1); p > Budget || tailOf(hypergeometric(100, 900, of), limit) <= Budget {
		t.Errorf("the limit is %d; to exceed it has the probability %.4f", limit, p)
	}
}

// TestEvidenceOfMany: with many failures, the limit is where the normal distribution
// has it, somewhat above the quantile of a single look (2.41).
func TestEvidenceOfMany(t *testing.T) {
	t.Parallel()
	e := Plan{Comparisons: 1, Minutes: 100}.Counts(same(100, Count{3000, 600}, Count{1000, 200})).Evidence
	deviation := math.Sqrt(100 * 800 * 0.25 * 0.75 * 0.8) // of the sum of 100 hypergeometric numbers
	if z := (float64(e.Limit) - e.Expected) / deviation; e.Expected != 20000 || z < 2.41 || z > 3.1 {
		t.Errorf("got %+v: %.2f standard deviations", e, z)
	}
}

func tailOf(l law, from int) (sum float64) {
	for i, p := range l.p {
		if l.least+i >= from {
			sum += p
		}
	}
	return sum
}

// incident is a linear shift. In its last two minutes both versions fail three
// times as often as before, so that in the sums over the minutes the new one
// fails more often than the old one.
func incident() []Minute {
	minutes := make([]Minute, 9)
	for i := range minutes {
		share, percent := (i+1)*100, 1
		if i >= 7 {
			percent = 3
		}
		minutes[i] = Minute{Number: i + 1, Old: Count{1000 - share, (1000 - share) * percent / 100}, New: Count{share, share * percent / 100}}
	}
	return minutes
}

// same is a number of minutes that are alike.
func same(n int, ofOld, ofNew Count) []Minute {
	minutes := make([]Minute, n)
	for i := range minutes {
		minutes[i] = Minute{Number: i + 1, Old: ofOld, New: ofNew}
	}
	return minutes
}

// outcomes calls f with all numbers of failures of up to three pairs.
func outcomes(sizes [][2]int, f func(x [6]int)) {
	var flat []int
	for _, n := range sizes {
		flat = append(flat, n[0], n[1])
	}
	var x [6]int
	var next func(i int)
	next = func(i int) {
		if i == len(flat) {
			f(x)
			return
		}
		for x[i] = 0; x[i] <= flat[i]; x[i]++ {
			next(i + 1)
		}
		x[i] = 0
	}
	next(0)
}

func minutesOf(sizes [][2]int, x [6]int) []Minute {
	minutes := make([]Minute, len(sizes))
	for i, n := range sizes {
		minutes[i] = Minute{Number: i + 1, New: Count{n[0], x[2*i]}, Old: Count{n[1], x[2*i+1]}}
	}
	return minutes
}

func binomialOf(n, k int, p float64) float64 {
	return math.Exp(logChoose(n, k)) * math.Pow(p, float64(k)) * math.Pow(1-p, float64(n-k))
}
