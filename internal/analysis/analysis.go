// Package analysis compares a new version with the version that it replaces, while
// an alias sends a share of its traffic to each, and decides whether the new one
// is worse. It is pure: it gets what each version did in each minute, and makes no
// calls. It also parses the checks that say what to compare.
//
// # What is promised
//
// If the new version is as good as the old one, a job finds it Worse with a
// probability of at most 1 %. This holds for the whole job: for all of its looks,
// relative checks and functions together. See Budget.
//
// # How failures are compared
//
// Failures are errors or throttles. They are compared only within the same minute.
// Lambda chooses the version of each invocation at random. If the version makes
// no difference, then in a minute with n1 invocations of the new version, n0 of the
// old one and t failures, x failures fall to the new version with the probability
//
//	C(n1, x) C(n0, t-x) / C(n1+n0, t)
//
// which is the hypergeometric distribution. This is Fisher's exact test, stratified
// by the minute as in Mantel and Haenszel (J. Natl. Cancer Inst. 22, 1959), with
// the exact distribution of the sum over the minutes (Gart, Biometrika 57, 1970).
//
// It does not matter how many failures there are, or what causes them. The rate
// may change from minute to minute, and failures may come in bursts, because of
// retries for example: only the choice of the version must be random. In
// particular, an incident that hits both versions late in a linear shift, when the
// new version has most of the traffic, is not evidence against the new version.
// In sums over the minutes it would be.
//
// In a minute into which a step of the shift falls, failures and invocations may have
// come at different shares: the failures right after the step, most of the invocations
// before it. With many failures this is allowed for, which costs a linear shift some of
// what it would find. See Minute.law.
//
// The test looks after every minute. Each minute may use an equal part of the
// probability of a false alarm, and what it does not use is left for later minutes:
// an alpha-spending function (Lan and DeMets, Biometrika 70, 1983). What a minute
// uses is exact: the distribution of the failures so far is computed minute by
// minute, without the courses that have been stopped before (Slud and Wei, J. Am.
// Stat. Assoc. 77, 1982). Therefore a bad version is found during the shift, and
// the promise does not depend on when, or how often, the caller looks.
//
// A likelihood ratio that is mixed over odds ratios (Ville's inequality) would also
// be valid at every look, and needs no planned number of minutes. It finds much
// less: from 1 % to 2 % failures at 1,000 invocations a minute, a canary of 10 % for
// 10 minutes is caught in about 25 instead of 52 of 100 cases.
//
// # How durations are compared
//
// Percentiles of different minutes cannot be added up. So the percentiles of the two
// versions are compared in every minute in which both had enough invocations
// (Statistic.LeastInvocations). A minute counts against the new version if it was
// slower by more than 5 % and by more than 5 ms. If the new version is as fast as
// the old one, at most every second minute is such a minute: this is the sign test,
// and it looks after every minute in the same way.
//
// The statistic of a small sample is too low more often than that of a large one: with
// nine tenths of the invocations, a version that is as fast has the higher p99 in up
// to 60 of 100 minutes. So a minute in which the new version has more invocations than
// the old one counts with the probability of that, which for a percentile does not
// depend on how the durations are distributed (Mathisen, Ann. Math. Statist. 14, 1943).
//
// # What it cannot distinguish
//
// Some failures belong to one version only, but are not the fault of its code: those
// of a broken execution environment, or of the first invocations in new ones.
package analysis

import "fmt"

// Budget is the probability that a job finds a new version Worse that is as good as
// the old one. The promise is 1 %; the rest is kept for data that does not quite
// meet the assumptions. CloudWatch delivers a minute in pieces: the test then looks
// at a part of it, and later at all of it, which is more often than it allows for. In
// simulated shifts there are half as many false alarms again, and more.
const Budget = 0.005

const (
	wordError = 0.05  // the probability that Better is wrong, or NotWorse of a version that is much worse; nothing is rolled back for these
	wordSigma = 1.645 // the quantile of the normal distribution for it
	nineOfTen = 1.282 // and that for the probability of 90 % in Need
)

// Plan is what all comparisons of a job have in common. It must be fixed before
// the first look.
type Plan struct {
	Comparisons int // relative checks times functions; they share the Budget equally (Bonferroni)

	// Minutes is how many minutes there will be at most, by the end of the shift.
	// Of fewer, some of the Budget is left unused. Those after it are judged, too,
	// with what is left.
	Minutes int
}

// alpha is the share of the Budget that one comparison has.
func (p Plan) alpha() float64 { return Budget / float64(max(1, p.Comparisons)) }

// Verdict is the result of a comparison.
type Verdict int

// The verdicts, of which Plan.Counts and Plan.Durations have the definitions.
const (
	Inconclusive Verdict = iota
	NotWorse
	Better
	Worse
)

func (v Verdict) String() string {
	names := [...]string{"inconclusive", "not worse", "better", "worse"}
	if v < 0 || int(v) >= len(names) {
		return fmt.Sprintf("Verdict(%d)", int(v))
	}
	return names[v]
}

// Finding is a Verdict with its reasons.
type Finding struct {
	Verdict Verdict

	// Old and New are the rates of failures, from 0 to 1, or the medians of the
	// durations of the minutes, in milliseconds. The old rate is weighted by the
	// new version's invocations of each minute, so that the two can be compared
	// although their shares change.
	Old, New float64

	Minutes  int // that could be compared; if Worse, up to the one that showed it
	Evidence Evidence
	Need     Need
}

// Evidence is what was counted: the new version's failures, of all failures, or
// the minutes in which it was slower, of all minutes.
type Evidence struct {
	Got, Of  int
	Expected float64 // of a version as good as the old one, on average
	Limit    int     // the most that chance explains
}

// Need is how much it takes for a verdict other than Inconclusive, in nine of ten
// cases in which the new version is as good as the old one. It is an estimate from
// what has been seen so far, and zero for other verdicts.
type Need struct {
	Invocations int // failures: of the new version in all; durations: of each version in each minute
	Minutes     int // durations: with that many invocations
}
