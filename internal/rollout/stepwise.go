package rollout

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"lambda-release/internal/alias"
)

// deadlineSlack is what the writes of a shift may take beside its steps.
const deadlineSlack = 5 * time.Minute

// Stepwise gives the new versions their share of the traffic step by step, all
// targets in step, and the rest as AllAtOnce does.
type Stepwise struct {
	AllAtOnce

	Strategy Strategy
}

// Shift implements Shifter.
func (s Stepwise) Shift(ctx context.Context, targets []*Target) error {
	began := time.Now()
	deadline := began.Add(s.Strategy.Duration() + deadlineSlack)
	shifting := shiftable(targets)
	for i, step := range s.Strategy.Steps() {
		each(shifting, func(t *Target) error {
			return t.write(ctx, func(from alias.State, c alias.Change) alias.Change {
				if c.Version == from.Version {
					return c
				}
				return c.Shifted(from, step.Percent, deadline, t.Run)
			})
		})
		if err := firstError(shifting); err != nil {
			return err
		}
		shifting = slices.DeleteFunc(shifting, func(t *Target) bool {
			return t.dropped || t.Alias.Current().Version == t.Move.Change.Version
		})
		if len(shifting) == 0 {
			break
		}
		s.logStep(i, began, len(shifting))
		if i == 0 {
			s.Watcher.shiftBegins(len(shifting), s.Strategy.Duration())
		}
		last := i+1 == len(s.Strategy.Steps())
		err := s.Watcher.watchShift(ctx, Stage{
			Served: served(shifting, time.Time{}), Percent: step.Percent, Began: began, Hold: step.Hold, Rest: s.rest(i), Last: last,
		}, shifting[0].Warn)
		for _, t := range shifting {
			t.progress.Shares = append(t.progress.Shares, step.Percent)
			t.progress.Took = time.Since(began)
			t.watched(s.Watcher)
		}
		if err != nil {
			return err
		}
	}
	return s.finish(ctx, targets, began)
}

// shiftable are the targets that have something to shift from.
func shiftable(targets []*Target) []*Target {
	var some []*Target
	for _, t := range targets {
		switch from := t.Alias.Current(); {
		case !from.Exists():
			t.Fact(fmt.Sprintf(nothingToShiftFrom, t.Alias.Name()))
		case from.Version != t.Move.Change.Version:
			some = append(some, t)
		}
	}
	return some
}

// rest is how long the steps after one last.
func (s Stepwise) rest(i int) (d time.Duration) {
	for _, step := range s.Strategy.Steps()[i+1:] {
		d += step.Hold
	}
	return d
}

// logStep is a line a step: how far the shift of so many functions is, what is next, and
// what the checks have found.
func (s Stepwise) logStep(i int, began time.Time, functions int) {
	steps := s.Strategy.Steps()
	next := 100
	if i+1 < len(steps) {
		next = steps[i+1].Percent
	}
	s.Log(fmt.Sprintf("%s  %d %% after %s of %s; %d %% in %s", bar(steps[i].Percent), steps[i].Percent,
		Duration(time.Since(began).Round(time.Second)), Duration(s.Strategy.Duration()), next, Duration(steps[i].Hold)) +
		s.Watcher.soFar(functions, steps[i].Percent))
}

func bar(percent int) string {
	const width = 20
	full := percent * width / 100
	return strings.Repeat("█", full) + strings.Repeat("░", width-full)
}
