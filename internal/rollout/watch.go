package rollout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lambda-release/internal/analysis"
	"lambda-release/internal/awsapi"
)

const (
	// pollTime is the time between two reads of the alarms. CloudWatch itself
	// looks at a metric every minute, or every 10 seconds at best, so this adds
	// little to the time until an alarm has an effect; and it leaves nearly all of
	// the 9 reads a second that AWS allows an account to others.
	pollTime = 5 * time.Second
	// firstRetry is the pause after a read that failed, doubled up to pollTime.
	firstRetry = time.Second
	// unknownTime is how long a shift goes on although its health cannot be read.
	unknownTime = time.Minute
	// settlingTime is after how long metrics that show a bad version are read once more.
	// The errors of a minute may arrive before all of its invocations.
	settlingTime = 10 * time.Second
	// answerTime is how long after its end a stage waits for metrics that the next one
	// can judge as well.
	answerTime = 2 * time.Second
)

// Health is what takes a shift back.
type Health struct {
	Alarms   []string // names of CloudWatch alarms, metric or composite
	Analysis Analysis
}

// Served is a version that serves behind an alias, and whose health is judged.
type Served struct {
	Function string // its short name, as in the metrics
	Alias    string
	Version  string
	Replaces string // the version that the traffic comes from, "" without one
	// FullTrafficSince is when the version got all of the alias's traffic, zero before
	// that. AWS promises metrics of a version behind an alias only for a
	// weighted alias; from then on the alias's own metrics are the version's.
	FullTrafficSince time.Time
}

// replaced is the version that the traffic comes from.
func (s Served) replaced() Served {
	return Served{Function: s.Function, Alias: s.Alias, Version: s.Replaces}
}

// Stage is a part of a rollout in which the versions keep their share of the traffic.
type Stage struct {
	Served  []Served
	Percent int           // the share
	Began   time.Time     // the rollout
	Hold    time.Duration // how long the stage lasts
	Rest    time.Duration // how long the shift lasts after the stage
	// Last says that checks must have their verdict at the end: after the last step
	// before all of the traffic, and after the bake.
	Last bool
}

// Watcher watches over one shift of any number of functions. It is for one
// goroutine at a time, and remembers from one Watch to the next which alarms
// were in ALARM when it began.
type Watcher struct {
	aws    *awsapi.Client
	fact   func(text string)
	health Health

	ignored map[string]bool // in ALARM from the beginning on, and not OK since

	answers  chan answer   // to reads
	metrics  *look         // at the metrics; nil without checks, before the first stage, and if it was given up
	off      error         // why it was given up
	first    awsapi.Minute // that can be compared
	plan     analysis.Plan
	spans    []span
	left     time.Time   // when the last stage ended
	found    []Judgement // by the last look that had them
	warnings []error     // not reported yet
}

// NewWatcher returns a Watcher. What is worth a line in the log goes to fact.
func NewWatcher(aws *awsapi.Client, h Health, fact func(text string)) *Watcher {
	h.Alarms = slices.Compact(slices.Sorted(slices.Values(h.Alarms)))
	// Each look has one read at a time. Nothing reads the answers after a failure.
	return &Watcher{aws: aws, fact: fact, health: h, ignored: map[string]bool{}, answers: make(chan answer, 2)}
}

// Begin reads once what Watch will read, so that what is missing or forbidden
// is known before anything is changed: alarms that do not exist are a
// *MissingAlarmsError. An alarm that is in ALARM already is a warning, and
// counts only after it has been OK. An analysis by default is given up anyway if it
// turns out that the metrics may not be read.
func (w *Watcher) Begin(ctx context.Context) (warnings []string, err error) {
	if len(w.health.Alarms) > 0 {
		alarms, err := patiently(ctx, w.readAlarms)
		if err != nil {
			return nil, err
		}
		for _, a := range alarms {
			if a.State == awsapi.AlarmFired {
				w.ignored[a.Name] = true
				warnings = append(warnings, fmt.Sprintf("alarm %q is in ALARM already, and counts only after it has been OK: %s", a.Name, a.Reason))
			}
		}
	}
	if len(w.health.Analysis.Checks) == 0 || w.health.Analysis.Default {
		return warnings, nil
	}
	m, minute := w.example(), awsapi.MinuteOf(time.Now())
	_, err = patiently(ctx, func(ctx context.Context) ([]awsapi.Series, error) {
		return w.aws.MetricSeries(ctx, m.queries, minute, minute+1)
	})
	return warnings, err
}

// patiently reads until it succeeds, or until a minute of failures that may
// pass is over.
func patiently[T any](ctx context.Context, read func(context.Context) (T, error)) (T, error) {
	var (
		l    look
		pace awsapi.Backoff
	)
	for {
		began := time.Now()
		v, err := read(ctx)
		if err == nil || !mayPass(err) || ctx.Err() != nil || l.lost(began, time.Now()) {
			return v, err
		}
		if pace.Wait(ctx, 1) != nil {
			return v, err
		}
	}
}

// mayPass reports whether reading again may help.
func mayPass(err error) bool {
	for _, kind := range []awsapi.Kind{awsapi.Throttled, awsapi.Server, awsapi.Hung, awsapi.Unreachable, awsapi.Unreadable, awsapi.Other} {
		if awsapi.Is(err, kind) {
			return true
		}
	}
	return false
}

// Watch watches a stage, and returns nil when all was well to its end. An alarm in
// ALARM is an *UnhealthyError at once. So is a version that is worse, or outside of a
// limit, unless a second read 10 seconds later, or at the end if that is earlier,
// shows that it is not. Alarms are read at the beginning, every 5 seconds and at the
// end, metrics when a minute is over, and at the end of a Last stage. Neither waits for
// the other. If the metrics are still being read at the end of a stage that is not the
// Last one, the next stage judges them.
//
// A read that fails is tried again; what cannot be read for a minute is a
// *HealthUnknownError, also when that minute ends after the stage, and until then the
// other is read, too: nothing passes unseen. An analysis by default is given up instead.
// Credentials that end soon and cannot be renewed are an error while the shift can
// still be rolled back. When ctx ends, its error is returned. Every 30 seconds the
// progress is reported, and after the end of the stage what it still waits for.
func (w *Watcher) Watch(ctx context.Context, s Stage) (err error) {
	w.enter(s.Percent)
	defer func() { w.left = time.Now() }()
	now := time.Now()
	end := now.Add(s.Hold)
	report := now.Add(progressPeriod)
	var looks []*look
	if len(w.health.Alarms) > 0 {
		looks = append(looks, &look{what: "the alarms", next: everyPoll, due: now, final: true, read: w.checkAlarms})
	}
	if w.lookAtMetrics(s) {
		looks = append(looks, w.metrics)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		if err != nil {
			cancel() // else the next stage gets the answer that is still missing
		}
	}()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.aws.KeepCredentials(ctx); err != nil {
			return cmp.Or(ctx.Err(), err)
		}
		now := time.Now()
		for _, l := range looks {
			w.begin(ctx, l, now, end)
		}
		due := report
		if slices.ContainsFunc(looks, func(l *look) bool { return l.reading }) {
			due = report.Add(answerTime) // better with the numbers that are about to arrive
		}
		if !now.Before(due) {
			if left := end.Sub(now); left > 0 {
				w.reportProgress(s, left)
			} else if what := awaited(looks); left < -pollTime && what != "" {
				w.fact("still waiting for " + what)
			}
			report = report.Add(now.Sub(report).Truncate(progressPeriod) + progressPeriod)
			continue
		}
		next, all := nextLook(looks, now, end)
		if all {
			return nil
		}
		if next.IsZero() || due.Before(next) {
			next = due
		}
		select {
		case <-ctx.Done():
		case <-time.After(next.Sub(now)):
		case a := <-w.answers:
			if err := w.take(ctx, a, end); err != nil {
				return err
			}
		}
		if w.off != nil {
			looks = slices.DeleteFunc(looks, func(l *look) bool { return l.optional })
		}
	}
}

// lookAtMetrics prepares the look at the metrics for a stage, if there are checks. It
// is the same in all stages, so that failures to read go on counting.
func (w *Watcher) lookAtMetrics(s Stage) bool {
	if w.off != nil || len(w.health.Analysis.Checks) == 0 || len(s.Served) == 0 {
		return false
	}
	if w.metrics == nil {
		w.metrics = &look{
			what: "the metrics", next: nextMinute, optional: w.health.Analysis.Default, settling: settlingTime,
			due: (wholeFrom(s.Began) + 1).Start(), // the end of the first whole minute
		}
	}
	w.metrics.done, w.metrics.final = false, s.Last
	w.metrics.read = func(last bool) (func(context.Context), func() error) { return w.measure(s, last && s.Last) }
	return true
}

func everyPoll(t time.Time) time.Time { return t.Add(pollTime) }

// nextMinute is when the running minute is over: CloudWatch has a value a minute.
func nextMinute(t time.Time) time.Time { return (awsapi.MinuteOf(t) + 1).Start() }

// progressPeriod is how often the progress is reported.
const progressPeriod = 30 * time.Second

// nextLook is when one is due next, zero if only answers are missing; all says that
// all have seen the end.
func nextLook(looks []*look, now, end time.Time) (next time.Time, all bool) {
	all = !now.Before(end)
	if !all {
		next = end
	}
	for _, l := range looks {
		due := l.due
		switch {
		case l.reading && (l.final || l.doubted != nil):
			all = false
			continue
		case l.done, !l.reading && !l.final && !l.due.Before(end):
			continue
		case l.reading:
			if due = end.Add(answerTime); !now.Before(due) {
				continue
			}
		}
		all = false
		if next.IsZero() || due.Before(next) {
			next = due
		}
	}
	for _, l := range looks { // what was seen at the end is seen again while another look is not
		if !all && l.done && l.final && !l.reading && (next.IsZero() || l.due.Before(next)) {
			next = l.due
		}
	}
	return next, all
}

// awaited are the looks without which a stage does not end, "" if there are none.
func awaited(looks []*look) string {
	var what []string
	for _, l := range looks {
		if !l.done && (l.final || l.reading) {
			what = append(what, l.what)
		}
	}
	return strings.Join(what, " and ")
}

// answer is what a read has found.
type answer struct {
	look  *look
	began time.Time // the read
	judge func() error
}

// begin begins to read if a look is due, which all are at the end. The answer goes to
// w.answers.
func (w *Watcher) begin(ctx context.Context, l *look, now, end time.Time) {
	last := !now.Before(end)
	if l.reading || now.Before(l.due) && (!last || !l.final || l.done || l.failures > 0) {
		return
	}
	l.reading = true
	fetch, judge := l.read(last)
	go func() {
		fetch(ctx)
		w.answers <- answer{l, now, judge}
	}()
}

// take takes an answer. The error is the one to end the watch with.
func (w *Watcher) take(ctx context.Context, a answer, end time.Time) error {
	l, last := a.look, !a.began.Before(end)
	l.reading = false
	err := a.judge()
	var unhealthy *UnhealthyError
	switch {
	case errors.As(err, &unhealthy):
		if l.settling == 0 || l.doubted != nil || last {
			return err
		}
		l.failures, l.doubted, l.due = 0, err, earliest(a.began.Add(l.settling), end)
		return nil
	case err == nil:
		l.failures, l.doubted, l.done, l.due = 0, nil, last, l.next(a.began)
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case l.doubted != nil:
		return l.doubted
	case l.optional && l.done: // it has had its last verdict
		l.due = l.next(a.began)
		return nil
	}
	now := time.Now()
	l.done = false
	lost := l.lost(a.began, now)
	unknown := &HealthUnknownError{What: l.what, For: now.Sub(l.since), Err: err}
	switch {
	case l.optional && (lost || last && l.final || !mayPass(err)):
		w.giveUp(unknown)
		return nil
	case lost:
		return unknown
	}
	if l.failures == 1 {
		w.fact(fmt.Sprintf("%s cannot be read, trying again: %v", l.what, err))
	}
	l.due = now.Add(l.pause())
	return nil
}

// look is one of the things that are read again and again.
type look struct {
	what string
	next func(time.Time) time.Time // after a read
	// read returns what to do beside the other looks, and then what it shows, or why it failed.
	read     func(last bool) (fetch func(context.Context), judge func() error)
	final    bool          // it must be read at the end
	optional bool          // it is given up when it cannot be read
	settling time.Duration // how long a bad finding may be a wrong one

	due      time.Time
	reading  bool
	doubted  error     // the bad finding that is looked at once more
	done     bool      // it was seen at the end
	failures int       // in a row
	since    time.Time // the first of them began
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// lost notes a failure and reports whether a minute of them is over.
func (l *look) lost(began, now time.Time) bool {
	if l.failures == 0 {
		l.since = began
	}
	l.failures++
	return now.Sub(l.since) >= unknownTime
}

// pause is how long to wait after a failure.
func (l *look) pause() time.Duration {
	return min(pollTime, firstRetry<<min(l.failures-1, 10))
}
