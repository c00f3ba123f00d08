package analysis

import (
	"math"
	"math/bits"
	"testing"
)

func TestLeastInvocations(t *testing.T) {
	t.Parallel()
	for s, want := range map[Statistic]int{
		"Average": 30, "p50": 30, "p80": 30, "p90": 50, "p95": 100, "p99": 500, "p99.9": 5000, "p99.99": 50000, "p1": 500, "p12.5": 40,
	} {
		if got := s.LeastInvocations(); got != want {
			t.Errorf("%s: got %d, want %d", s, got, want)
		}
	}
}

// TestDurationsExact counts the courses of 16 minutes in which a version that is
// slower in half of the minutes is found to be slower.
func TestDurationsExact(t *testing.T) {
	t.Parallel()
	const n = 16
	for _, plan := range []Plan{{1, n}, {1, 7}, {1, 40}, {3, n}} {
		found, late := 0, 0
		for course := range uint32(1) << n {
			f, yes := plan.slower(courseOf(course, n), "p99", plan.alpha())
			if yes {
				found++
				if f.Minutes > fewestMinutes {
					late++
				}
			}
			if f.Minutes < fewestMinutes {
				t.Fatalf("%+v, course %016b: ended after %d minutes", plan, course, f.Minutes)
			}
		}
		if p := float64(found) / (1 << n); p > plan.alpha() || p < plan.alpha()/3 && plan.Minutes <= n || late == 0 {
			t.Errorf("%+v: found slower with the probability %.5f, of %.5f", plan, p, plan.alpha())
		}
	}
}

// TestChance holds the probability that the new version has the higher percentile
// against all orders in which the invocations of both can be.
func TestChance(t *testing.T) {
	t.Parallel()
	for _, s := range []Statistic{"p50", "p75", "p90", "p12.5"} {
		percentile, _ := s.Percentile()
		for ofNew := 1; ofNew <= 9; ofNew++ {
			for ofOld := 1; ofOld <= 5; ofOld++ {
				higher, all := 0, 0
				for order := range uint(1) << (ofNew + ofOld) { // from the fastest on, bits are the new version's
					if bits.OnesCount(order) != ofNew {
						continue
					}
					all++
					seen := [2]int{}
					for i := range ofNew + ofOld {
						whose := order >> i & 1
						seen[whose]++
						rank := int(math.Ceil(percentile / 100 * float64([2]int{ofOld, ofNew}[whose])))
						if seen[whose] == rank {
							higher += int(1 - whose) // the old version's percentile comes first
							break
						}
					}
				}
				want := float64(higher) / float64(all)
				if ofNew <= ofOld {
					want = 0.5
				}
				got := s.chance(TimedMinute{Old: Timing{Invocations: ofOld}, New: Timing{Invocations: ofNew}})
				if math.Abs(got-max(0.5, want)) > 1e-12 {
					t.Errorf("%s of %d and %d: got %v, want %v", s, ofNew, ofOld, got, want)
				}
			}
		}
	}
	if got := average.chance(TimedMinute{Old: Timing{Invocations: 100}, New: Timing{Invocations: 900}}); got != 0.9 {
		t.Errorf("average of 900 and 100: got %v, want 0.9", got)
	}
}

// courseOf has minutes in which the new version is slower where bits are set.
func courseOf(course uint32, n int) []TimedMinute {
	minutes := make([]TimedMinute, n)
	for i := range minutes {
		minutes[i] = TimedMinute{i + 1, Timing{500, 100}, Timing{500, 100 + 30*float64(course>>i&1)}}
	}
	return minutes
}

func TestDurations(t *testing.T) {
	t.Parallel()
	plan := Plan{Comparisons: 1, Minutes: 10}
	many := func(n int, ofOld, ofNew float64) []TimedMinute {
		minutes := make([]TimedMinute, n)
		for i := range minutes {
			minutes[i] = TimedMinute{i + 1, Timing{4500, ofOld}, Timing{500, ofNew}}
		}
		return minutes
	}
	few := many(10, 100, 200)
	for i := range few[:4] {
		few[i].New.Invocations = 499
	}
	fewOld := many(10, 100, 200)
	for i := range fewOld[:4] {
		fewOld[i].Old.Invocations = 499
	}
	for name, tt := range map[string]struct {
		plan    Plan
		minutes []TimedMinute
		want    Verdict
		old     float64
		need    Need
	}{
		"no minutes":                     {plan, nil, Inconclusive, 0, Need{500, 8}},
		"slower":                         {plan, many(10, 100, 130), Worse, 100, Need{}},
		"slower, eight minutes":          {Plan{1, 8}, many(8, 100, 130), Worse, 100, Need{}},
		"slower, seven minutes":          {Plan{1, 7}, many(7, 100, 130), Inconclusive, 100, Need{500, 8}},
		"slower, for one of 12 checks":   {Plan{12, 10}, many(10, 100, 130), Inconclusive, 100, Need{500, 12}},
		"slower, eight minutes of 20":    {Plan{1, 20}, many(8, 100, 130), Inconclusive, 100, Need{500, 8}},
		"by 5 %":                         {plan, many(10, 200, 210), NotWorse, 200, Need{}},
		"by 6 %":                         {plan, many(10, 200, 212), Worse, 200, Need{}},
		"by 25 % in half of the minutes": {plan, append(many(5, 200, 250), courseOf(0, 10)[5:]...), NotWorse, 150, Need{}},
		"by 26 % in half of the minutes": {plan, append(many(5, 200, 252), courseOf(0, 10)[5:]...), Inconclusive, 150, Need{500, 211}},
		"by 26 ms, but not by 25 %":      {plan, append(many(5, 200, 226), courseOf(0, 10)[5:]...), NotWorse, 150, Need{}},
		"by 5 ms":                        {plan, many(10, 10, 15), NotWorse, 10, Need{}},
		"by 6 ms":                        {plan, many(10, 10, 16), Worse, 10, Need{}},
		"faster":                         {plan, many(10, 130, 100), Better, 130, Need{}},
		"too few invocations":            {plan, few, Inconclusive, 100, Need{500, 8}},
		"too few invocations of the old": {plan, fewOld, Inconclusive, 100, Need{500, 8}},
		"equal":                          {plan, many(7, 100, 100), NotWorse, 100, Need{}},
		"equal for six minutes":          {plan, many(6, 100, 100), Inconclusive, 100, Need{500, 8}},
	} {
		f := tt.plan.Durations(tt.minutes, "p99")
		if f.Verdict != tt.want || f.Need != tt.need || f.Old != tt.old {
			t.Errorf("%s: got %+v, want %s of %v, need %+v", name, f, tt.want, tt.old, tt.need)
		}
	}
}

// TestDurationsNoise: where the minutes disagree, more of them are needed.
func TestDurationsNoise(t *testing.T) {
	t.Parallel()
	f := Plan{1, 10}.Durations(courseOf(0b0101010101, 10), "p99")
	want := Finding{Old: 100, New: 115, Minutes: 10, Evidence: Evidence{5, 10, 5, 9}, Need: Need{500, 211}}
	if f != want {
		t.Errorf("got %+v, want %+v", f, want)
	}
}

func TestHeads(t *testing.T) {
	t.Parallel()
	const n = 12
	for k := range n + 2 {
		count := 0
		for throws := range uint(1) << n {
			if bits.OnesCount(throws) >= k {
				count++
			}
		}
		want := float64(count) / (1 << n)
		if got := heads(k, n); got > want+1e-12 || got < want-1e-12 {
			t.Errorf("%d of %d: got %v, want %v", k, n, got, want)
		}
	}
}
