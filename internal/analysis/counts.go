package analysis

import "math"

// Count is what one version did in a minute.
type Count struct {
	Invocations int // including those that were throttled, if throttles are the failures
	Failures    int
}

// Minute is a minute in which both versions served from beginning to end, and for
// which the data of both has arrived. If the data of one is missing, that is not a
// minute without failures, and the caller must leave it out.
type Minute struct {
	Number   int // in the shift, from 1, in ascending order
	Old, New Count

	// The smallest and the largest share of the traffic, 0 to 1, that the routing
	// weights gave to the new version within the minute. They differ if a step of
	// the shift fell into it. Zero if there was none.
	LeastShare, MostShare float64
}

const (
	// notable is how many times as often as the old version the new one must fail at
	// least to be Worse. With enough traffic a smaller difference is significant,
	// too, but the new execution environments alone can be the reason for it.
	notable = 1.1

	// tolerated is how many standard deviations more failures the new version may get
	// in a minute because they came after its step. If all minutes of a shift reach it,
	// and it is chance whether the failures come before or after the steps, the variance
	// grows by a fifth; false alarms stay below 1 % with the Budget.
	tolerated = 0.45

	// A version is much worse if it fails twice as often as the old one, and in one
	// percentage point more of its invocations.
	twice    = 2
	onePoint = 0.01
)

// Counts compares failures. The new version is
//
//   - Worse if it fails more often, as described at the top of the package,
//   - Better if the same test shows that the old version fails more often; the
//     probability that this is wrong is 5 %,
//   - NotWorse if it is not much worse: if it failed twice as often as the old
//     version, and in one percentage point more of its invocations, it would have
//     had more failures with a probability of 95 %. This is a score test of
//     non-inferiority (Farrington and Manning, Statistics in Medicine 9, 1990),
//   - Inconclusive otherwise; then Need has the number of its invocations for
//     NotWorse.
func (p Plan) Counts(minutes []Minute) Finding {
	sums := p.failsMore(minutes, p.alpha())
	f := sums.finding()
	exchanged := make([]Minute, len(minutes))
	for i, m := range minutes {
		exchanged[i] = Minute{m.Number, m.New, m.Old, 1 - m.MostShare, 1 - m.LeastShare}
	}
	switch {
	case sums.crossed:
		f.Verdict = Worse
	case p.failsMore(exchanged, wordError).crossed:
		f.Verdict = Better
	case sums.notWorse():
		f.Verdict = NotWorse
	default:
		f.Need.Invocations = sums.needed()
	}
	return f
}

// sums are what one test has seen, up to the minute in which it was over.
type sums struct {
	minutes                     int
	failures, oldFailures       int
	invocations, oldInvocations float64
	standard                    float64 // failures that the new version would have at the old one's rates
	variance                    float64 // of that estimate
	expected                    float64 // the new version's part of all failures, by its invocations
	limit                       int
	crossed                     bool // the limit: the new version fails more often
}

// failsMore tests whether the new version fails more often than the old one.
func (p Plan) failsMore(minutes []Minute, alpha float64) sums {
	var s sums
	w := newWalk()
	for _, m := range minutes {
		if m.Old.Invocations == 0 || m.New.Invocations == 0 {
			continue // there is nothing to compare
		}
		significant := w.step(m.New.failures(), m.law(), p.allowed(alpha, m.Number))
		s.add(m)
		s.limit = w.limit()
		if significant && float64(s.failures) >= notable*s.standard {
			s.crossed = true
			break
		}
	}
	return s
}

// failures are at most the invocations: metrics that are still arriving may have more.
func (c Count) failures() int { return min(c.Failures, c.Invocations) }

// law is how the failures of the minute fall to the new version if it is as good: by its
// share of the invocations.
//
// If an incident begins right after a step, the new version gets its larger share of the
// failures, but its number of invocations in that minute is also from the time before.
// Where that may make a difference, each failure falls to the new version with at most its
// largest share, so their number has at most a binomial distribution. If it had more of
// the invocations than its share, by chance or because AWS routes otherwise, that counts.
//
// Whether it may make a difference depends on how many failures both versions have
// together. That says nothing about which of them is worse, so the test stays exact.
func (m Minute) law() law {
	failures := m.Old.failures() + m.New.failures()
	actual := float64(m.New.Invocations) / float64(m.New.Invocations+m.Old.Invocations)
	most := max(m.MostShare, actual)
	if n := float64(failures); m.stepped() && n*(most-actual) > tolerated*math.Sqrt(n*most*(1-most)) {
		return binomial(failures, most)
	}
	return hypergeometric(m.New.Invocations, m.Old.Invocations, failures)
}

// stepped reports whether a step fell into the minute. From or to all of the traffic is
// not such a step: that share explains any number of failures. In a shift, only the
// old version has it, before the first step.
func (m Minute) stepped() bool { return m.MostShare < 1 && m.MostShare > m.LeastShare }

func (s *sums) add(m Minute) {
	n1, n0 := float64(m.New.Invocations), float64(m.Old.Invocations)
	x1, x0 := float64(m.New.failures()), float64(m.Old.failures())
	s.minutes++
	s.failures += m.New.failures()
	s.oldFailures += m.Old.failures()
	s.invocations += n1
	s.oldInvocations += n0
	s.standard += n1 * x0 / n0
	s.variance += n1 * n1 * x0 / (n0 * n0)
	s.expected += n1 * (x1 + x0) / (n1 + n0)
}

func (s *sums) finding() Finding {
	f := Finding{Minutes: s.minutes, Evidence: Evidence{s.failures, s.failures + s.oldFailures, s.expected, s.limit}}
	if s.invocations > 0 {
		f.Old, f.New = s.standard/s.invocations, float64(s.failures)/s.invocations
	}
	return f
}

// margin is how many of n invocations fail on a version that is much worse than one
// on which a number of failures is expected, and the derivative by that number.
func margin(failures, n float64) (worse, slope float64) {
	if worse := failures + onePoint*n; worse > twice*failures {
		return worse, 1
	}
	return twice * failures, twice
}

// notWorse reports whether the new version has fewer failures than one that is much
// worse would have.
func (s *sums) notWorse() bool {
	worse, slope := margin(s.standard, s.invocations)
	return s.invocations > 0 && worse-float64(s.failures) >= wordSigma*math.Sqrt(worse+slope*slope*s.variance)
}

// needed is how many invocations of the new version make it notWorse with a
// probability of 90 %, if both versions fail as often as the old one has, and share
// the traffic as they have.
func (s *sums) needed() int {
	rate, odds := 0.0, 0.0
	if s.invocations > 0 {
		rate, odds = s.standard/s.invocations, s.invocations/s.oldInvocations
	}
	worse, slope := margin(rate, 1)
	root := (wordSigma*math.Sqrt(worse+slope*slope*rate*odds) + nineOfTen*math.Sqrt(rate+rate*odds)) / (worse - rate)
	return int(math.Ceil(root * root))
}
