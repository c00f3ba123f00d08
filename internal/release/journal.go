package release

import (
	"fmt"
	"slices"
	"strings"
	"sync"
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
	warnings []string
	changes  []string
}

func (l *journal) fact(format string, args ...any) {
	l.progress.Fact(l.function, fmt.Sprintf(format, args...))
}

// warn adds a warning, once.
func (l *journal) warn(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if text := fmt.Sprintf(format, args...); !slices.Contains(l.warnings, text) {
		l.warnings = append(l.warnings, text)
	}
}

// changed adds what else than the alias was changed.
func (l *journal) changed(changes ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.changes = append(l.changes, changes...)
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

func (l *journal) say(text string) { l.fact("%s", text) }
func (l *journal) warnIfInactive(v awsapi.Configuration) {
	if v.State == "Inactive" {
		l.warn("version %s is Inactive: its first invocation will fail or wait until AWS has woken it", v.Version)
	}
}
