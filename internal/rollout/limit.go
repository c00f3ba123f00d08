package rollout

import (
	"slices"
	"time"

	"lambda-release/internal/analysis"
	"lambda-release/internal/awsapi"
)

// A limit of a statistic that cannot be added up over the minutes, such as a
// percentile, is broken if it was broken in so many of the last minutes with data.
const (
	brokenMinutes = 2
	lastMinutes   = 3
)

// limit judges a version by a limit, by what it has done since the rollout began.
func (w *Watcher) limit(m *metrics, s Stage, served Served, c analysis.Check, now time.Time, last bool) Judgement {
	j := Judgement{Served: served, Check: c, Verdict: NotJudged}
	began, running, least := s.Began.Add(w.health.Analysis.Delay), awsapi.MinuteOf(now), w.health.Analysis.MinInvocations
	switch c.Subject {
	case analysis.Errors, analysis.Throttles:
		count := ownMinutes(served, func(d [][2]string) minutes[analysis.Count] { return counts(m, d, c.Subject, now) })
		for minute := awsapi.MinuteOf(began); minute <= running; minute++ {
			if n, ok := count(minute); ok {
				j.Measured++
				j.Invocations += n.Invocations
				j.Failures += n.Failures
			}
		}
		if j.Invocations > 0 {
			j.Finding.New = float64(j.Failures) / float64(j.Invocations)
		}
		if j.Invocations >= least {
			j.judge(c.Limit.Holds(100 * j.Finding.New))
		}
	case analysis.Duration:
		j.judgeMinutes(awsapi.MinuteOf(began), running, ownMinutes(served, func(d [][2]string) minutes[float64] {
			invocations, durations := m.lambda("Invocations", d, "Sum"), m.lambda("Duration", d, string(c.Statistic))
			return func(minute awsapi.Minute) (float64, bool) {
				duration, timed := durations[minute]
				return duration, timed && int(invocations[minute]) >= least
			}
		}))
	case analysis.Custom:
		series := m.custom(c.Metric.Fill(served.Function, served.Alias, served.Version), c.Statistic)
		value := func(minute awsapi.Minute) (float64, bool) {
			v, ok := series[minute]
			return v, ok
		}
		if c.Statistic == "Sum" || c.Statistic == "SampleCount" {
			j.judgeSum(wholeFrom(began), running, value, last)
		} else {
			j.judgeMinutes(wholeFrom(began), running, value)
		}
	}
	return j
}

func (m *metrics) custom(metric analysis.Metric, stat analysis.Statistic) awsapi.Series {
	var dimensions [][2]string
	for _, d := range metric.Dimensions {
		dimensions = append(dimensions, [2]string{d.Name, d.Value})
	}
	return m.of(metric.Namespace, metric.Name, dimensions, string(stat))
}

// minutes has the value of each minute; false is for a minute without data.
type minutes[T any] func(awsapi.Minute) (T, bool)

// ownMinutes is what a version did: by its own metrics, which AWS promises as long as
// it shares the alias, and from the first minute on that it has the alias to itself
// by those of the alias.
func ownMinutes[T any](s Served, of func(dimensions [][2]string) minutes[T]) minutes[T] {
	sharing, alone := of(s.versionDimensions()), s.aloneSince()
	if alone.IsZero() {
		return sharing
	}
	own := of(s.aliasDimensions())
	return func(minute awsapi.Minute) (T, bool) {
		if minute.Start().Before(alone) {
			return sharing(minute)
		}
		return own(minute)
	}
}

// judge sets the verdict.
func (j *Judgement) judge(holds bool) {
	j.Verdict = OutsideLimit
	if holds {
		j.Verdict = WithinLimit
	}
}

// judgeMinutes judges each whole minute by itself: one alone may be an outlier.
func (j *Judgement) judgeMinutes(from, to awsapi.Minute, value minutes[float64]) {
	var values []float64
	for minute := from; minute < to; minute++ {
		if v, ok := value(minute); ok {
			values = append(values, v)
		}
	}
	j.Measured = len(values)
	if j.Measured == 0 {
		return
	}
	j.Finding.New = values[j.Measured-1]
	values = values[max(0, j.Measured-lastMinutes):]
	broken := slices.DeleteFunc(values, j.Check.Limit.Holds)
	j.Failures = len(broken)
	if len(broken) >= brokenMinutes { // the last one may be within the limit
		j.Finding.New = broken[len(broken)-1]
	}
	j.judge(len(broken) < brokenMinutes)
}

// judgeSum judges the sum of all whole minutes. Whether it has become large enough is
// only known at the end.
func (j *Judgement) judgeSum(from, to awsapi.Minute, value minutes[float64], last bool) {
	for minute := from; minute < to; minute++ {
		if v, ok := value(minute); ok {
			j.Measured++
			j.Finding.New += v
		}
	}
	limit := j.Check.Limit
	if j.Measured > 0 && (last || !limit.Above) {
		j.judge(limit.Holds(j.Finding.New))
	}
}
