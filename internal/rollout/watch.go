package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

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
	// judgeTime is the time between two looks at the error rate, which has a
	// value a minute.
	judgeTime = time.Minute
	// unknownTime is how long a shift goes on although its health cannot be read.
	unknownTime = time.Minute
)

// Health is what takes a shift back.
type Health struct {
	Alarms         []string // names of CloudWatch alarms, metric or composite
	MaxErrorRate   float64  // errors over invocations, 0 to 1; 0 is off
	MinInvocations int      // with fewer the error rate says nothing
}

// Served is a version that serves behind an alias, and whose error rate is judged.
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

func (s Served) String() string { return fmt.Sprintf("version %s of %s", s.Version, s.Function) }

// Watcher watches over one shift of any number of functions. It is for one
// goroutine at a time, and remembers from one Watch to the next which alarms
// were in ALARM when it began.
type Watcher struct {
	aws    *awsapi.Client
	fact   func(text string)
	health Health

	ignored map[string]bool // in ALARM from the beginning on, and not OK since
	rates   []Rate          // as they were read last
	noRates bool            // the metrics for the progress may not be read
}

// NewWatcher returns a Watcher. What is worth a line in the log goes to fact.
func NewWatcher(aws *awsapi.Client, h Health, fact func(text string)) *Watcher {
	h.Alarms = slices.Compact(slices.Sorted(slices.Values(h.Alarms)))
	return &Watcher{aws: aws, fact: fact, health: h, ignored: map[string]bool{}}
}

// Begin reads once what Watch will read, so that what is missing or forbidden
// is known before anything is changed: alarms that do not exist are a
// *MissingAlarmsError. An alarm that is in ALARM already is a warning, and
// counts only after it has been OK.
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
	if w.health.MaxErrorRate > 0 {
		minute := awsapi.MinuteOf(time.Now())
		_, err := patiently(ctx, func(ctx context.Context) ([]awsapi.Series, error) {
			return w.aws.MetricSeries(ctx, []awsapi.Query{{Namespace: "AWS/Lambda", Name: "Invocations", Stat: "Sum"}}, minute, minute+1)
		})
		if err != nil {
			return nil, err
		}
	}
	return warnings, nil
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

// Watch watches for the time d, and returns nil when all was well to its end.
// An alarm in ALARM, or an error rate above the limit, is a *UnhealthyError at once:
// alarms are read at the beginning, every 5 seconds and at the end, the error
// rate since the shift began every minute and at the end. A read that fails is
// tried again; what cannot be read for a minute is a *HealthUnknownError, also when
// that minute ends after d: nothing passes unseen. When ctx ends, its error
// is returned. Every 30 seconds the progress is reported: percent is the share of
// the traffic that the versions get.
func (w *Watcher) Watch(ctx context.Context, served []Served, percent int, since time.Time, d time.Duration) error {
	now := time.Now()
	end := now.Add(d)
	report := now.Add(progressPeriod)
	var looks []*look
	if len(w.health.Alarms) > 0 {
		looks = append(looks, &look{what: "the alarms", every: pollTime, due: now, read: func(ctx context.Context, _ bool) error {
			return w.checkAlarms(ctx)
		}})
	}
	if w.health.MaxErrorRate > 0 && len(served) > 0 {
		looks = append(looks, &look{what: "the error rate", every: judgeTime, due: now.Add(judgeTime), read: func(ctx context.Context, last bool) error {
			return w.checkRates(ctx, served, since, last)
		}})
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, l := range looks {
			if err := w.take(ctx, l, end); err != nil {
				return err
			}
		}
		now := time.Now()
		if !now.Before(report) && now.Before(end) {
			w.reportProgress(ctx, served, percent, since, end.Sub(now))
			report = now.Add(progressPeriod)
		}
		next, all := nextLook(looks, now, end)
		if all {
			return nil
		}
		if report.After(now) && report.Before(next) {
			next = report
		}
		if err := awsapi.Sleep(ctx, next.Sub(now)); err != nil {
			return err
		}
	}
}

// progressPeriod is how often the progress is reported.
const progressPeriod = 30 * time.Second

// nextLook is when one is due next; all says that all have seen the end.
func nextLook(looks []*look, now, end time.Time) (next time.Time, all bool) {
	if now.Before(end) {
		next = end
	}
	for _, l := range looks {
		if !l.done && (next.IsZero() || l.due.Before(next)) {
			next = l.due
		}
	}
	return next, next.IsZero()
}

// take takes a look if it is due, which all are at the end. The error is the
// one to end the watch with.
func (w *Watcher) take(ctx context.Context, l *look, end time.Time) error {
	began := time.Now()
	last := !began.Before(end)
	if l.done || began.Before(l.due) && (!last || l.failures > 0) {
		return nil
	}
	err := l.read(ctx, last)
	var unhealthy *UnhealthyError
	switch {
	case errors.As(err, &unhealthy):
		return err
	case err == nil:
		l.failures, l.done, l.due = 0, last, began.Add(l.every)
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	now := time.Now()
	if l.lost(began, now) {
		return &HealthUnknownError{What: l.what, For: now.Sub(l.since), Err: err}
	}
	if l.failures == 1 {
		w.fact(fmt.Sprintf("%s cannot be read, trying again: %v", l.what, err))
	}
	l.due = now.Add(l.pause())
	return nil
}

// look is one of the things that are read again and again.
type look struct {
	what  string
	every time.Duration
	read  func(ctx context.Context, last bool) error

	due      time.Time
	done     bool      // it was seen at the end
	failures int       // in a row
	since    time.Time // the first of them began
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
