// Package rollout knows how traffic goes from one version to the next, and when
// it has to go back. A Strategy is the steps (pure). A Watcher watches a step:
// alarms, and the metrics of both versions. A Shifter moves the traffic of
// aliases: AllAtOnce, Stepwise, or AWS CodeDeploy in our place.
//
// A Shifter writes aliases through their Editors and undoes nothing: who calls
// it does, and finds in each Target what there is to undo.
package rollout

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
)

// Shifter moves the traffic of all targets to their versions. The error is the
// first target's own, or else what ends the shift of them all: alarms, error
// rates, or the end of ctx. Without one, every target that was not dropped is
// where it is to be, or CodeDeploy has started to move it.
type Shifter interface {
	Shift(ctx context.Context, targets []*Target) error
}

// Move is what was decided about an alias.
type Move struct {
	Change alias.Change
	Reason string // why, "" where the move itself says it
}

// Target is an alias to move, of a function in some region and account.
type Target struct {
	Function    function.ID
	AWS         *awsapi.Client // of that region and account
	Alias       *alias.Editor
	Move        Move
	Run         alias.Run
	Provisioned bool // wait until the alias's provisioned concurrency is ready

	// Again decides anew, from the alias as it is Current, after it was changed
	// before this run's first write. Without ok there is nothing to change any more.
	Again func(context.Context) (m Move, ok bool, err error)
	Fact  func(text string) // a line in the log
	Warn  func(error)       // a warning in the report

	err        error
	dropped    bool
	overtaken  bool
	deployment string
	started    bool
	progress   Progress
}

// Progress is how far the shift of an alias has come.
type Progress struct {
	Shares []int         // the percentages that the version has had, in steps
	Took   time.Duration // from the first of them to the last, or to the end of the shift
	Baked  time.Duration // how long the version was watched with all the traffic

	Analysis []Judgement // of the version, as they were last
	GivenUp  error       // why there are no later ones
}

// Err is why this target failed itself, nil if it has not.
func (t *Target) Err() error { return t.err }

// Dropped reports whether a second decision left nothing to change.
func (t *Target) Dropped() bool { return t.dropped }

// Overtaken reports whether others have changed the alias after this run had
// made it what was decided.
func (t *Target) Overtaken() bool { return t.overtaken }

// Deployment is the id of the CodeDeploy deployment that moves the alias, "" without one.
func (t *Target) Deployment() string { return t.deployment }

// Started reports whether the deployment goes on after Shift has returned.
func (t *Target) Started() bool { return t.started }

// Progress is how far the shift has come.
func (t *Target) Progress() Progress { return t.progress }

// write writes the alias as step makes it from where it is and from what was
// decided. It decides anew as long as others change the alias first.
func (t *Target) write(ctx context.Context, step func(from alias.State, c alias.Change) alias.Change) error {
	for {
		err := t.Alias.Write(ctx, step(t.Alias.Current(), t.Move.Change))
		if !errors.Is(err, alias.ErrChanged) {
			return err
		}
		move, ok, err := t.Again(ctx)
		if err != nil {
			return err
		}
		if !ok {
			t.dropped = true
			return nil
		}
		t.Move = move
	}
}

// finish makes the alias what was decided, unless it is so already.
func (t *Target) finish(ctx context.Context) error {
	if t.dropped || t.Alias.Is(t.Move.Change) {
		return nil
	}
	return t.write(ctx, func(_ alias.State, c alias.Change) alias.Change { return c })
}

// arrive waits for AWS's own part of a move, and sees that the alias is there.
func (t *Target) arrive(ctx context.Context) error {
	if t.dropped {
		return nil
	}
	if !t.Alias.Before().Equal(t.Alias.Now()) { // else only its description was written
		if err := t.settle(ctx); err != nil || t.overtaken {
			return err
		}
	}
	if t.Provisioned {
		if err := t.AWS.AwaitProvisioned(ctx, t.Function, t.Alias.Name(), t.awaitingConcurrency); err != nil {
			return err
		}
		if err := t.verify(ctx, true); err != nil || t.overtaken {
			return err
		}
	}
	t.logMove()
	return nil
}

// settle sees that the alias is where it was moved, and waits for what AWS moves
// itself. Only a read after the write shows that (fact A12a).
func (t *Target) settle(ctx context.Context) error {
	if err := t.verify(ctx, false); err != nil || t.overtaken {
		return err
	}
	return t.unlessOvertaken(t.Alias.AwaitRouting(ctx))
}

// verify sees once more that the alias is where it was moved. An alias that
// cannot be read may be anywhere if time has passed since it was written.
func (t *Target) verify(ctx context.Context, waited bool) error {
	err := t.unlessOvertaken(t.Alias.Verify(ctx))
	switch {
	case err == nil:
		return nil
	case waited:
		t.Alias.HandOver(fmt.Sprintf("it was moved to %s, and cannot be read any more", t.Move.Change.Version))
		return err
	}
	t.Warn(fmt.Errorf("%s was moved to %s, and could not be read again to confirm that: %w", t.Alias.Name(), t.Move.Change.Version, err))
	return nil
}

// unlessOvertaken notes when others have changed the alias after it was moved:
// that is no failure of the move.
func (t *Target) unlessOvertaken(err error) error {
	if _, lost := errors.AsType[*alias.LostError](err); lost {
		t.overtaken = true
		return nil
	}
	return err
}

func (t *Target) awaitingConcurrency(now awsapi.Concurrency, since time.Duration) {
	t.Fact(fmt.Sprintf("still waiting for the provisioned concurrency after %s (%d of %d ready)", Duration(since.Round(time.Second)), now.Available, now.Requested))
}

func (t *Target) logMove() {
	name, before, now := t.Alias.Name(), t.Alias.Before(), t.Alias.Now()
	switch {
	case before.Version == alias.None:
		t.Fact(fmt.Sprintf("%s: created at %s", name, now))
	case before.Equal(now):
		t.Fact(fmt.Sprintf("%s stays at %s: %s", name, now, t.Move.Reason))
	default:
		t.Fact(fmt.Sprintf("%s: %s -> %s", name, before, now))
	}
}

const nothingToShiftFrom = "%s does not exist yet: there is nothing to shift from, it is created at once"

// AllAtOnce moves all of the traffic at once, and watches it for a while.
type AllAtOnce struct {
	Bake    time.Duration // how long the versions are watched when they have all the traffic
	Watcher *Watcher
	Log     func(text string) // lines about all targets
}

// Shift implements Shifter.
func (s AllAtOnce) Shift(ctx context.Context, targets []*Target) error {
	return s.finish(ctx, targets, time.Now())
}

// finish moves what is left to be moved of a shift that began at some time.
func (s AllAtOnce) finish(ctx context.Context, targets []*Target, began time.Time) error {
	each(targets, func(t *Target) error { return t.finish(ctx) })
	if err := firstError(targets); err != nil {
		return err
	}
	each(targets, func(t *Target) error { return t.arrive(ctx) })
	for _, t := range targets {
		if len(t.progress.Shares) > 0 && t.Alias.Current().Version == t.Move.Change.Version {
			t.progress.Shares = append(t.progress.Shares, 100)
			t.progress.Took = time.Since(began)
		}
	}
	if err := firstError(targets); err != nil || s.Bake == 0 {
		return err
	}
	full := time.Now()
	baking := Stage{Served: served(targets, full), Percent: 100, Began: began, Hold: s.Bake, Last: true}
	s.Log(fmt.Sprintf("%s  100 %%, monitored for %s more", bar(100), Duration(s.Bake)) + s.Watcher.soFar(len(baking.Served), 100))
	err := s.Watcher.watchShift(ctx, baking, targets[0].Warn)
	for _, t := range targets {
		t.progress.Baked = time.Since(full)
		t.watched(s.Watcher)
	}
	if err != nil {
		return err
	}
	each(targets, func(t *Target) error {
		if t.dropped || t.overtaken {
			return nil
		}
		return t.verify(ctx, true)
	})
	return firstError(targets)
}

// watched notes what the watcher has found about the version.
func (t *Target) watched(w *Watcher) {
	t.progress.Analysis, t.progress.GivenUp = nil, w.off
	for _, j := range w.found {
		if j.Function == t.Function.Name {
			t.progress.Analysis = append(t.progress.Analysis, j)
		}
	}
}

// served are the versions whose health is judged.
func served(targets []*Target, fullTrafficSince time.Time) []Served {
	var all []Served
	for _, t := range targets {
		if t.dropped || t.overtaken {
			continue
		}
		to, from := t.Move.Change.Version, t.Alias.Current().Version
		if from == to { // it has all the traffic
			from = t.Alias.Before().Version
		}
		all = append(all, Served{
			Function: t.Function.Name, Alias: t.Alias.Name(), Version: to.String(), Replaces: from.String(), FullTrafficSince: fullTrafficSince,
		})
	}
	return all
}

// watchShift is Watch, with a typed error for the end of ctx, the last verdict of a
// shift, and the warnings.
func (w *Watcher) watchShift(ctx context.Context, s Stage, warn func(error)) error {
	err := w.Watch(ctx, s)
	if err != nil {
		err = awsapi.Interrupted("shift", err)
	} else if s.Last && s.Percent < 100 {
		err = w.conclude()
	}
	for _, warning := range w.warnings {
		warn(warning)
	}
	w.warnings = nil
	return err
}

// each works on all targets at once: what limits them is the shared rate.
func each(targets []*Target, f func(*Target) error) {
	var wg sync.WaitGroup
	for _, t := range targets {
		wg.Go(func() { t.err = f(t) })
	}
	wg.Wait()
}

func firstError(targets []*Target) error {
	for _, t := range targets {
		if t.err != nil {
			return t.err
		}
	}
	return nil
}
