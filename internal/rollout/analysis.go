package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"lambda-release/internal/analysis"
	"lambda-release/internal/awsapi"
)

// Analysis is what the metrics of a rollout are judged by.
type Analysis struct {
	Checks         []analysis.Check
	Default        bool          // not asked for: if the metrics cannot be read, the rollout goes on without it
	MinInvocations int           // with fewer, a limit of errors, throttles or durations says nothing
	Delay          time.Duration // of the beginning, left out
	RollBackUnsure bool          // an inconclusive check ends the shift
}

// relative is how many checks compare with the version that is replaced.
func (a Analysis) relative() int {
	n := 0
	for _, c := range a.Checks {
		if c.Relative() {
			n++
		}
	}
	return n
}

// metrics are the series of one look. Until they are read, it notes the queries that
// it is asked for.
type metrics struct {
	queries []awsapi.Query
	index   map[string]int
	series  []awsapi.Series
}

func (m *metrics) of(namespace, name string, dimensions [][2]string, stat string) awsapi.Series {
	q := awsapi.Query{Namespace: namespace, Name: name, Dimensions: dimensions, Stat: stat}
	key := fmt.Sprint(q)
	i, known := m.index[key]
	switch {
	case !known:
		m.index[key] = len(m.queries)
		m.queries = append(m.queries, q)
		return nil
	case m.series == nil:
		return nil
	}
	return m.series[i]
}

// example has a query for each kind of metric that will be read.
func (w *Watcher) example() *metrics {
	m := &metrics{index: map[string]int{}}
	m.lambda("Invocations", nil, "Sum")
	for _, c := range w.health.Analysis.Checks {
		if c.Subject == analysis.Custom {
			m.custom(c.Metric.Fill("function", "alias", "1"), c.Statistic)
		}
	}
	return m
}

// lambda is one of Lambda's own metrics.
func (m *metrics) lambda(name string, dimensions [][2]string, stat string) awsapi.Series {
	return m.of("AWS/Lambda", name, dimensions, stat)
}

// measure reads the metrics of all functions since the rollout began, for the time at
// which the read begins. They fail when a version is worse than the one that it
// replaces, or breaks a limit.
func (w *Watcher) measure(s Stage, last bool) (fetch func(context.Context), judge func() error) {
	now := time.Now()
	m := &metrics{index: map[string]int{}}
	w.judgements(m, s, now, last)
	var err error
	fetch = func(ctx context.Context) {
		if len(m.queries) > 0 {
			m.series, err = w.aws.MetricSeries(ctx, m.queries, awsapi.MinuteOf(s.Began), awsapi.MinuteOf(now)+1)
		}
	}
	return fetch, func() error {
		if err != nil || len(m.queries) == 0 {
			return err
		}
		return w.judge(w.judgements(m, s, now, last), last)
	}
}

// judge notes judgements, and fails when a version is not fit.
func (w *Watcher) judge(all []Judgement, last bool) error {
	unhealthy := &UnhealthyError{}
	for _, j := range all {
		w.note(j)
		switch {
		case j.Verdict.unfit():
			unhealthy.Judgements = append(unhealthy.Judgements, j)
		case j.Verdict == NotJudged && last:
			w.fact(j.String())
		}
	}
	if len(unhealthy.Judgements) > 0 {
		return unhealthy
	}
	return nil
}

// note keeps a judgement in place of the earlier one of the same check.
func (w *Watcher) note(j Judgement) {
	i := slices.IndexFunc(w.found, func(other Judgement) bool {
		return other.Function == j.Function && other.Check.String() == j.Check.String()
	})
	if i < 0 {
		w.found = append(w.found, j)
		return
	}
	w.found[i] = j
}

// judgements are those of the checks that apply in a stage.
func (w *Watcher) judgements(m *metrics, s Stage, now time.Time, last bool) []Judgement {
	var all []Judgement
	for _, served := range s.Served {
		for _, c := range w.health.Analysis.Checks {
			switch {
			case !c.Relative():
				all = append(all, w.limit(m, s, served, c, now, last))
			case s.Percent < 100 && c.Subject == analysis.Duration:
				all = append(all, w.compareDurations(m, served, c, now))
			case s.Percent < 100:
				all = append(all, w.compareFailures(m, served, c, now))
			}
		}
	}
	return all
}

// compareFailures compares errors or throttles with those of the version that is
// replaced.
func (w *Watcher) compareFailures(m *metrics, s Served, c analysis.Check, now time.Time) Judgement {
	j := Judgement{Served: s, Check: c}
	ofNew, ofOld := counts(m, s.versionDimensions(), c.Subject, now), counts(m, s.replaced().versionDimensions(), c.Subject, now)
	for minute := w.first; minute < awsapi.MinuteOf(now); minute++ {
		newCount, isNew := ofNew(minute)
		oldCount, isOld := ofOld(minute)
		if !isNew || !isOld { // which is not a minute without failures
			continue
		}
		least, most := w.shares(minute)
		j.Minutes = append(j.Minutes, analysis.Minute{
			Number: int(minute-w.first) + 1, Old: oldCount, New: newCount, LeastShare: least, MostShare: most,
		})
		j.Until = (minute + 1).Start()
	}
	j.First = w.first.Start()
	j.Finding = w.plan.Counts(j.Minutes)
	j.Verdict = verdictOf(j.Finding.Verdict)
	return j
}

// compareDurations compares durations with those of the version that is replaced.
func (w *Watcher) compareDurations(m *metrics, s Served, c analysis.Check, now time.Time) Judgement {
	j := Judgement{Served: s, Check: c}
	timings := func(of Served) minutes[analysis.Timing] {
		d := of.versionDimensions()
		invocations, durations := m.lambda("Invocations", d, "Sum"), m.lambda("Duration", d, string(c.Statistic))
		return func(minute awsapi.Minute) (analysis.Timing, bool) {
			n, counted := invocations[minute]
			duration, timed := durations[minute]
			return analysis.Timing{Invocations: int(n), Duration: duration}, counted && timed
		}
	}
	ofNew, ofOld := timings(s), timings(s.replaced())
	var both []analysis.TimedMinute
	for minute := w.first; minute < awsapi.MinuteOf(now); minute++ {
		newTiming, isNew := ofNew(minute)
		oldTiming, isOld := ofOld(minute)
		if isNew && isOld {
			both = append(both, analysis.TimedMinute{Number: int(minute-w.first) + 1, Old: oldTiming, New: newTiming})
			j.Until = (minute + 1).Start()
		}
	}
	j.Finding = w.plan.Durations(both, c.Statistic)
	j.Verdict = verdictOf(j.Finding.Verdict)
	return j
}

// lateness is how long after a minute its data has arrived for sure. A minute or two
// is usual.
const lateness = 3 * time.Minute

// counts are the failures by the minute. The second result is false for a minute whose
// data is missing.
func counts(m *metrics, dimensions [][2]string, of analysis.Subject, now time.Time) minutes[analysis.Count] {
	invocations := m.lambda("Invocations", dimensions, "Sum")
	if of == analysis.Throttles {
		throttles := m.lambda("Throttles", dimensions, "Sum")
		return func(minute awsapi.Minute) (analysis.Count, bool) {
			n, counted := invocations[minute]
			throttled, known := throttles[minute]
			// If a version is throttled all the time, it has no invocations.
			all := throttled > 0 && now.Sub((minute+1).Start()) >= lateness
			return analysis.Count{Invocations: int(n + throttled), Failures: int(throttled)}, known && (counted || all)
		}
	}
	errors := m.lambda("Errors", dimensions, "Sum")
	return func(minute awsapi.Minute) (analysis.Count, bool) {
		n, counted := invocations[minute]
		failed, known := errors[minute]
		return analysis.Count{Invocations: int(n), Failures: int(failed)}, counted && known
	}
}

// shiftBegins fixes what the comparisons of a shift of so many functions have in
// common, when their aliases have their first share. Only whole minutes count: in
// another one, the versions have not had the same time.
func (w *Watcher) shiftBegins(functions int, d time.Duration) {
	now := time.Now()
	w.first = wholeFrom(now.Add(w.health.Analysis.Delay))
	w.plan = analysis.Plan{
		Comparisons: functions * w.health.Analysis.relative(),
		Minutes:     max(1, int(awsapi.MinuteOf(now.Add(d))-w.first)),
	}
}

// wholeFrom is the first minute that does not begin before t.
func wholeFrom(t time.Time) awsapi.Minute {
	minute := awsapi.MinuteOf(t)
	if minute.Start().Before(t) {
		minute++
	}
	return minute
}

// span is a time in which the versions had a share of the traffic. It begins before
// the aliases are written, and ends when they have been written again.
type span struct {
	percent  int
	from, to time.Time // to: zero as long as it lasts
}

// enter notes the share of a stage that begins now.
func (w *Watcher) enter(percent int) {
	now := time.Now()
	if len(w.spans) == 0 { // before the shift, the new version had no share
		w.spans, w.left = []span{{}}, now
	}
	w.spans[len(w.spans)-1].to = now
	w.spans = append(w.spans, span{percent: percent, from: w.left})
}

// shares are the smallest and the largest share that the versions may have had in a
// minute. AWS still routes by the earlier one for a while, and its clock may be another.
func (w *Watcher) shares(minute awsapi.Minute) (least, most float64) {
	least = 1
	for _, s := range w.spans {
		if s.from.Add(-settleTime).Before((minute + 1).Start()) && (s.to.IsZero() || s.to.Add(settleTime).After(minute.Start())) {
			share := float64(s.percent) / 100
			least, most = min(least, share), max(most, share)
		}
	}
	return least, most
}

// InconclusiveError says that a shift has not shown whether a version is worse than
// the one that it replaces, and that this was to end it.
type InconclusiveError struct{ Judgements []Judgement }

func (e *InconclusiveError) Error() string { return sentences(e.Judgements) }

// Hint says how to go on.
func (e *InconclusiveError) Hint() string {
	return "The version is not held: the same job can run again. A longer strategy, a larger share or more traffic makes it conclusive; " +
		"with `on-inconclusive: continue` the release goes on with a warning."
}

// unsure are the checks whose last verdict is inconclusive, none of an analysis that
// was given up.
func (w *Watcher) unsure() []Judgement {
	var all []Judgement
	for _, j := range w.found {
		if j.Verdict == Inconclusive && w.off == nil {
			all = append(all, j)
		}
	}
	return all
}

// conclude is for the end of the shift, when the relative checks have had their last
// verdict.
func (w *Watcher) conclude() error {
	unsure := w.unsure()
	if len(unsure) == 0 {
		return nil
	}
	if w.health.Analysis.RollBackUnsure {
		return &InconclusiveError{unsure}
	}
	w.warnings = append(w.warnings, errors.New(sentences(unsure)))
	return nil
}

// giveUp ends an analysis that was not asked for.
func (w *Watcher) giveUp(err error) {
	w.off, w.metrics = &GivenUpError{err}, nil
	w.fact(w.off.Error())
}

// GivenUpError says why an analysis that was not asked for was given up.
type GivenUpError struct{ Err error }

func (e *GivenUpError) Error() string {
	return fmt.Sprintf("the versions are not compared from here on: %v", e.Err)
}

func (e *GivenUpError) Unwrap() error { return e.Err }
