package analysis

import (
	"math"
	"slices"
)

// Timing is how long the invocations of one version took in a minute.
type Timing struct {
	Invocations int
	Duration    float64 // the statistic, in milliseconds
}

// TimedMinute is a Minute for durations.
type TimedMinute struct {
	Number   int // in the shift, from 1, in ascending order
	Old, New Timing
}

const (
	// fewestMinutes is how many minutes any verdict takes at least. Worse takes more: a
	// version that is as fast as the old one is slower in all of seven with a
	// probability of 0.8 %.
	fewestMinutes = 7
	// beyond is how many invocations must be expected on the far side of a
	// percentile. With fewer, the percentile of the sample is too low.
	beyond = 5
	// fewestInvocations are needed for the average, and for any percentile.
	fewestInvocations = 30
)

// slower is a difference between two durations.
type slower struct{ ratio, milliseconds float64 }

var (
	slow     = slower{1.05, 5}  // counts against the new version
	muchSlow = slower{1.25, 25} // is ruled out by NotWorse
)

// is reports whether the difference from an old to a new duration is larger.
func (s slower) is(ofNew, ofOld float64) bool {
	return ofNew > ofOld*s.ratio && ofNew > ofOld+s.milliseconds
}

// LeastInvocations is how many invocations each version must have in a minute for
// their durations to be compared: 500 for p99, 100 for p95, 30 for the average.
func (s Statistic) LeastInvocations() int {
	percentile, ok := s.Percentile()
	if !ok {
		return fewestInvocations
	}
	far := min(percentile, 100-percentile) / 100
	return max(fewestInvocations, int(math.Ceil(beyond/far-1e-6))) // 100-99.9 is not exactly 0.1
}

// Durations compares durations. The new version is
//
//   - Worse if it is slower, as described at the top of the package,
//   - Better if the same test shows that the old version is slower; the probability
//     that this is wrong is 5 %,
//   - NotWorse if, by a sign test with the same probability, it is not slower by more
//     than 25 % and by more than 25 ms in every second minute,
//   - Inconclusive otherwise, and always with fewer than 7 minutes in which both
//     versions had enough invocations; then Need has the numbers of both.
func (p Plan) Durations(minutes []TimedMinute, statistic Statistic) Finding {
	least := statistic.LeastInvocations()
	enough := slices.DeleteFunc(slices.Clone(minutes), func(m TimedMinute) bool {
		return m.Old.Invocations < least || m.New.Invocations < least
	})
	f, worse := p.slower(enough, statistic, p.alpha())
	if worse {
		f.Verdict = Worse
		return f
	}
	within := 0
	exchanged := make([]TimedMinute, len(enough))
	for i, m := range enough {
		exchanged[i] = TimedMinute{m.Number, m.New, m.Old}
		if !muchSlow.is(m.New.Duration, m.Old.Duration) {
			within++
		}
	}
	_, better := p.slower(exchanged, statistic, wordError)
	switch {
	case better:
		f.Verdict = Better
	case len(enough) >= fewestMinutes && heads(within, len(enough)) <= wordError:
		f.Verdict = NotWorse
	default:
		f.Need = Need{least, p.neededMinutes(within, f)}
	}
	return f
}

// slower tests whether the new version is slower than the old one.
func (p Plan) slower(minutes []TimedMinute, statistic Statistic, alpha float64) (f Finding, yes bool) {
	w := newWalk()
	for _, m := range minutes {
		got, chance := 0, statistic.chance(m)
		if slow.is(m.New.Duration, m.Old.Duration) {
			got = 1
		}
		f.Minutes++
		f.Evidence.Expected += chance
		yes = w.step(got, coin(chance), p.allowed(alpha, m.Number)) && f.Minutes >= fewestMinutes
		if yes {
			break
		}
	}
	f.Old = median(minutes[:f.Minutes], func(m TimedMinute) float64 { return m.Old.Duration })
	f.New = median(minutes[:f.Minutes], func(m TimedMinute) float64 { return m.New.Duration })
	f.Evidence = Evidence{w.got, f.Minutes, f.Evidence.Expected, w.limit()}
	return f, yes
}

// chance is the probability, at most, that the new version is slower in a minute if
// it is as fast: one half, or more if it has more invocations than the old one, as
// the statistic of a small sample is too low more often than that of a large one.
func (s Statistic) chance(m TimedMinute) float64 {
	ofNew, ofOld := m.New.Invocations, m.Old.Invocations
	if ofNew <= ofOld {
		return 0.5
	}
	percentile, ok := s.Percentile()
	if !ok {
		// At worst, a single invocation is so slow that it decides which average is
		// higher: that of the version that got it.
		return float64(ofNew) / float64(ofNew+ofOld)
	}
	// The percentile is the rank-th fastest of the invocations. That of the new
	// version is the higher one if, of as many of the fastest of all, fewer are its own.
	rank := func(n int) int { return int(math.Ceil(percentile/100*float64(n) - 1e-6)) }
	ofFastest := hypergeometric(ofNew, ofOld, rank(ofNew)+rank(ofOld)-1)
	chance := 0.0
	for i, p := range ofFastest.p {
		if ofFastest.least+i < rank(ofNew) {
			chance += p
		}
	}
	return max(0.5, chance)
}

func median(minutes []TimedMinute, of func(TimedMinute) float64) float64 {
	if len(minutes) == 0 {
		return 0
	}
	values := make([]float64, len(minutes))
	for i, m := range minutes {
		values[i] = of(m)
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// heads is the probability that a fair coin shows at least k heads in n throws.
func heads(k, n int) float64 {
	sum := 0.0
	for ; k <= n; k++ {
		sum += math.Exp(logChoose(n, k) - float64(n)*math.Ln2)
	}
	return sum
}

func logChoose(n, k int) float64 {
	factorial := func(n int) float64 {
		l, _ := math.Lgamma(float64(n) + 1)
		return l
	}
	return factorial(n) - factorial(k) - factorial(n-k)
}

// neededMinutes is how many minutes it takes until NotWorse or its opposite is shown
// with a probability of 90 %, if the version is much slower in as many of them as
// it has been; and at least as many as Worse takes.
func (p Plan) neededMinutes(within int, f Finding) int {
	chance := 0.5
	if f.Minutes > 0 {
		chance = f.Evidence.Expected / float64(f.Minutes)
	}
	n := max(fewestMinutes, math.Ceil(math.Log(p.alpha())/math.Log(chance)))
	if of := f.Minutes; of >= fewestMinutes {
		q := min(max(float64(max(within, of-within))/float64(of), 0.6), 0.95) // not a promise of 5 minutes, nor of 5,000
		root := (wordSigma/2 + nineOfTen*math.Sqrt(q*(1-q))) / (q - 0.5)
		n = max(n, math.Ceil(root*root))
	}
	return int(n)
}
