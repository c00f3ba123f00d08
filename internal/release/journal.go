package release

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/rollout"
)

// journal is what is worth telling about one function: facts at once, warnings
// and changes in the report. It is safe for concurrent use.
type journal struct {
	progress Progress
	function string

	mu       sync.Mutex
	warnings []error // whose causes know what to do about them
	changes  []string
	notes    []string
}

func (l *journal) fact(format string, args ...any) {
	l.progress.Fact(l.function, fmt.Sprintf(format, args...))
}

// warn adds a warning, once. With %w in the format, it comes with what to do about that
// error.
func (l *journal) warn(format string, args ...any) { l.warnOf(fmt.Errorf(format, args...)) }

func (l *journal) warnOf(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.ContainsFunc(l.warnings, func(w error) bool { return w.Error() == err.Error() }) {
		l.warnings = append(l.warnings, err)
	}
}

// changed adds what else than the alias was changed.
func (l *journal) changed(changes ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes = append(l.changes, changes...)
}

// note adds what is worth reading in the summary, and logs it.
func (l *journal) note(text string) {
	l.say(text)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.notes = append(l.notes, text)
}

// keeps reports what a prune keeps, and why.
func (l *journal) keeps(c cut) {
	for _, text := range c.keeps() {
		l.fact("%s", text)
	}
}

// waiting reports a long wait.
func (l *journal) waiting(what string) awsapi.Waiting {
	return func(now awsapi.Configuration, since time.Duration) {
		state := now.State
		if state == "Active" || state == "" {
			state = now.LastUpdate
		}
		if why := strings.TrimSpace(now.StateReason); why != "" {
			state += ", " + why
		}
		l.fact("still waiting for %s after %s (%s)", what, rollout.Duration(since.Round(time.Second)), state)
	}
}

const (
	firstReport  = 10 * time.Second
	reportPeriod = 30 * time.Second
)

// reporting reports what is known about something that is awaited, after 10 seconds and
// then every 30, until stop is called.
func reporting(say func(text string), known func() string) (stop func()) {
	began, over := time.Now(), make(chan struct{})
	var report sync.WaitGroup
	report.Go(func() {
		for pause := firstReport; ; pause = reportPeriod {
			select {
			case <-over:
				return
			case <-time.After(pause):
				say(fmt.Sprintf("%s after %s", known(), rollout.Duration(time.Since(began).Round(time.Second))))
			}
		}
	})
	return func() { close(over); report.Wait() }
}

// invoking reports an invocation that takes long, and what AWS has refused it with.
func (l *journal) invoking(what string, invoke func(refused func(said string)) (awsapi.Answer, error)) (awsapi.Answer, error) {
	var refusal atomic.Value
	refusal.Store("")
	stop := reporting(func(text string) {
		if said := refusal.Load(); said != "" {
			text += fmt.Sprintf(": AWS refuses it for now: %s", said)
		}
		l.say(text)
	}, func() string { return "still waiting for " + what })
	defer stop()
	return invoke(func(said string) { refusal.Store(said) })
}

func (l *journal) say(text string) { l.fact("%s", text) }
func (l *journal) warnIfInactive(v awsapi.Configuration) {
	if v.State == "Inactive" {
		l.warn("version %s is Inactive: its first invocation will fail or wait until AWS has woken it", v.Version)
	}
}
