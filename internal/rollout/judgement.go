package rollout

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"lambda-release/internal/analysis"
)

// Verdict is what a check has found, as the output `analysis` has it.
type Verdict string

// The verdicts: those of relative checks, then those of limits.
const (
	Inconclusive Verdict = "inconclusive"
	NotWorse     Verdict = "not-worse"
	Better       Verdict = "better"
	Worse        Verdict = "worse"

	NotJudged    Verdict = "not-judged" // there was no data, or too little
	WithinLimit  Verdict = "within-limit"
	OutsideLimit Verdict = "outside-limit"
)

func verdictOf(v analysis.Verdict) Verdict {
	switch v {
	case analysis.NotWorse:
		return NotWorse
	case analysis.Better:
		return Better
	case analysis.Worse:
		return Worse
	default:
		return Inconclusive
	}
}

// unfit reports whether a version with this verdict is rolled back and held.
func (v Verdict) unfit() bool { return v == Worse || v == OutsideLimit }

// String is the verdict in words.
func (v Verdict) String() string {
	return strings.NewReplacer("-limit", " the limit", "-", " ").Replace(string(v))
}

// Judgement is what a check has found about one version so far.
type Judgement struct {
	Served

	Check   analysis.Check
	Verdict Verdict
	Finding analysis.Finding // of a limit only New, in the unit of the check; a rate is from 0 to 1

	// Of a relative check:
	First   time.Time         // when minute number 1 begins
	Minutes []analysis.Minute // of failures: those that were compared
	Until   time.Time         // the end of the last minute whose data was there; zero if none was

	// Of a limit:
	Measured    int // minutes with data
	Invocations int // of errors and throttles
	Failures    int // the same; of statistics by the minute, how many of the last minutes were outside
}

// HasNew reports whether there is a value of the new version.
func (j Judgement) HasNew() bool { return j.Measured > 0 || j.Finding.Minutes > 0 }

// HasOld reports whether there is a value of the version that is replaced.
func (j Judgement) HasOld() bool { return j.Finding.Minutes > 0 }

// Numbers are the values of both versions with their unit, "" where there is none.
func (j Judgement) Numbers() (old, of string) {
	if j.HasOld() {
		old = j.number(j.Finding.Old)
	}
	if j.HasNew() {
		of = j.number(j.Finding.New)
	}
	return old, of
}

func (j Judgement) number(v float64) string {
	switch j.Check.Subject {
	case analysis.Errors, analysis.Throttles:
		return Ratio(v)
	case analysis.Duration:
		return fmt.Sprintf("%s ms", short(v))
	default:
		return short(v)
	}
}

// short has at least three digits, and none after the point that only look exact.
func short(v float64) string {
	if v >= 100 || v <= -100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return fmt.Sprintf("%.3g", v)
}

// Evidence is what the verdict rests on.
func (j Judgement) Evidence() string {
	e := j.Finding.Evidence
	switch {
	case !j.Check.Relative():
		return j.limitEvidence()
	case j.Finding.Minutes == 0 && j.Check.Subject == analysis.Duration:
		return fmt.Sprintf("no minute with %d invocations of each version", j.Check.Statistic.LeastInvocations())
	case j.Finding.Minutes == 0:
		return "no minute with data of both versions"
	case j.Check.Subject == analysis.Duration:
		return fmt.Sprintf("slower in %d of %s; a version that is as fast would be in at most %d, by chance", e.Got, count(e.Of, "minute"), e.Limit)
	case e.Of == 0:
		return fmt.Sprintf("no %s in %s", j.Check.Subject, count(j.invocations(), "invocation"))
	}
	return fmt.Sprintf("%d of the %d %s are its own; a version that is as good would have about %s, and at most %d by chance", e.Got, e.Of, j.Check.Subject, short(e.Expected), e.Limit)
}

func (j Judgement) limitEvidence() string {
	switch {
	case j.Check.Subject == analysis.Errors || j.Check.Subject == analysis.Throttles:
		return fmt.Sprintf("%d of %s", j.Failures, count(j.Invocations, "invocation"))
	case j.Measured == 0:
		return "no data"
	case j.Check.Statistic == "Sum" || j.Check.Statistic == "SampleCount":
		return "over " + count(j.Measured, "minute")
	}
	return fmt.Sprintf("outside in %d of the last %s", j.Failures, count(min(j.Measured, lastMinutes), "minute"))
}

// invocations are those of the new version that were compared.
func (j Judgement) invocations() int {
	n := 0
	for _, m := range j.Minutes {
		n += m.New.Invocations
	}
	return n
}

// Seen says up to which minute the data was there, "" if there was none.
func (j Judgement) Seen() string {
	if j.Until.IsZero() {
		return ""
	}
	return "data until " + j.Until.UTC().Format("15:04 UTC")
}

// String is the judgement as a sentence.
func (j Judgement) String() string {
	old, of := j.Numbers()
	against := fmt.Sprintf("%s: version %s of %s", j.Check, j.Version, j.Function)
	switch {
	case j.Verdict == NotJudged:
		return fmt.Sprintf("%s is not judged: %s", against, j.Evidence())
	case !j.Check.Relative():
		return fmt.Sprintf("%s is %s, %s: %s", against, j.Verdict, of, j.Evidence())
	case j.HasOld():
		against += fmt.Sprintf(" has %s, version %s has %s", of, j.Replaces, old)
	}
	text := fmt.Sprintf("%s: %s (%s", against, j.Verdict, j.Evidence())
	if seen := j.Seen(); seen != "" {
		text += "; " + seen
	}
	return text + ")" + j.need()
}

// need is how much an inconclusive check would have taken.
func (j Judgement) need() string {
	switch n := j.Finding.Need; {
	case j.Verdict != Inconclusive:
		return ""
	case j.Check.Subject == analysis.Duration:
		return fmt.Sprintf("; a verdict takes about %s with %d invocations of each version", count(n.Minutes, "minute"), n.Invocations)
	case j.Finding.Minutes == 0: // the shift may have been too short, or its traffic too low
		return fmt.Sprintf("; a verdict takes about %s of the new version, in whole minutes in which both versions serve, "+
			"and a minute or two more until the metrics arrive", count(n.Invocations, "invocation"))
	default:
		return fmt.Sprintf("; a verdict takes about %s of the new version", count(n.Invocations, "invocation"))
	}
}

// maxSentences is how many judgements a message has in full.
const maxSentences = 5

// sentences are judgements in a message.
func sentences(all []Judgement) string {
	var texts []string
	for _, j := range all[:min(len(all), maxSentences)] {
		texts = append(texts, j.String())
	}
	if more := len(all) - len(texts); more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(texts, "; ")
}

func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
