package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lambda-release/internal/awsapi"
)

// guard is $LATEST as a run knows it that configures and uploads: each write and the
// publish are only for the revision that the guard holds. AWS gives $LATEST another
// one when an update completes (fact V2), and when it publishes (V11). So a revision
// that was read is taken over only if everything else is as this run has left it:
// what is published is what was there before, with what this run has written.
type guard struct {
	t target

	before  awsapi.Configuration // before this run's first write
	now     awsapi.Configuration // as this run has read it last, or left it
	old     []string             // revisions from before this run's writes: reads that show them are old
	wrote   bool                 // this run has written it, or may have
	pending awsapi.Configuration // what it is if a write takes effect that was not answered; zero: none
	restore bool                 // a failure puts it back
	kept    keptCode             // what was there before the upload, for restore
	staging Staging              // of code that is too large to be sent to Lambda

	creation  *creation // of the function; nil: it exists
	publishes string    // the description of what this run publishes
}

func newGuard(t target, latest awsapi.Configuration, restore bool, u *Upload) *guard {
	g := &guard{t: t, before: latest, now: latest, restore: restore}
	if u != nil {
		g.staging = u.staging
	}
	return g
}

// toCreate is the guard of a function that does not exist, which c creates.
func (g *guard) toCreate(c *creation) *guard {
	g.creation = c
	return g
}

// begins takes over $LATEST of a function that was created.
func (g *guard) begins(now awsapi.Configuration) { g.wrote, g.before, g.now = true, now, now }

// adopts takes over $LATEST of a function that another run has created.
func (g *guard) adopts(now awsapi.Configuration) { g.creation, g.before, g.now = nil, now, now }

// same reports whether nothing but revision and state differ.
func same(a, b awsapi.Configuration) bool {
	return a.Fingerprint == b.Fingerprint && a.Description == b.Description && a.EnvironmentError == b.EnvironmentError
}

// unanswered reports whether a write that would change it was not answered.
func (g *guard) unanswered() bool {
	return g.pending.Fingerprint != "" && !same(g.pending, g.before)
}

// settle waits until no update is in progress, and takes the revision over if $LATEST
// is as this run knows it, or as it has foreseen it.
func (g *guard) settle(ctx context.Context, foreseen awsapi.Configuration) error {
	now, err := g.read(ctx)
	if err != nil {
		return err
	}
	if !same(now, g.now) && !same(now, foreseen) {
		return g.changed(g.now, now)
	}
	g.now = now
	return nil
}

// hiddenTime is how long a function that this run has created may not be found.
const hiddenTime = 30 * time.Second

// read is $LATEST when no update is in progress. An answer from before this run's last
// write is not believed.
func (g *guard) read(ctx context.Context) (awsapi.Configuration, error) {
	var pace awsapi.Backoff
	for began := time.Now(); ; {
		now, err := g.t.aws.AwaitUpdated(ctx, g.t.fn, g.t.log.waiting("the update"))
		switch {
		case g.creation.hides(err) && time.Since(began) < hiddenTime:
		case err != nil || !slices.Contains(g.old, now.Revision):
			if err == nil {
				g.creation.found()
			}
			return now, err
		}
		if err := pace.Wait(ctx, 1); err != nil {
			return now, awsapi.Interrupted("read $LATEST of "+g.t.fn.Name, err)
		}
	}
}

// take takes over what was read. If that is not as before, nothing is pending.
func (g *guard) take(now awsapi.Configuration) {
	if g.now = now; !same(now, g.before) {
		g.pending = awsapi.Configuration{}
	}
}

// keeping has the code that was there before the upload.
func (g *guard) keeping(kept keptCode) { g.kept = kept }

// ready waits for an update that was in progress when $LATEST was read.
func (g *guard) ready(ctx context.Context) error {
	if g.now.State != "Pending" && g.now.LastUpdate != "InProgress" {
		return nil
	}
	g.t.log.fact("an update is in progress: waiting for it")
	return g.settle(ctx, g.now)
}

// write makes a write after which $LATEST is as wanted. A refusal, or an answer that
// was lost, leads to a look: the write may have been carried out.
func (g *guard) write(ctx context.Context, want awsapi.Configuration, send func(revision string) (awsapi.Configuration, error)) error {
	if err := g.ready(ctx); err != nil {
		return err
	}
	var pace awsapi.Backoff
	for {
		after, err := send(g.now.Revision)
		if err == nil {
			g.wrote, g.old, g.now, g.pending = true, append(g.old, g.now.Revision), after, awsapi.Configuration{}
			return g.settle(ctx, want)
		}
		lost := awsapi.EffectOf(err) > awsapi.Rejected
		if !lost && !awsapi.Is(err, awsapi.Stale) && !awsapi.Is(err, awsapi.Conflict) {
			return err
		}
		if lost {
			g.wrote, g.pending = true, want
		}
		now, lookErr := g.read(ctx)
		switch moved := now.Revision != g.now.Revision; {
		case lookErr != nil:
			return unlessState(err, lookErr)
		case moved && same(now, want):
			g.wrote, g.old, g.now, g.pending = true, append(g.old, g.now.Revision), now, awsapi.Configuration{}
			return nil
		case !same(now, g.now):
			return g.changed(g.now, now)
		case lost && !moved:
			return err
		default: // an update that changed nothing, a publish, or not yet (fact V19a)
			g.now = now
		}
		if pace.Wait(ctx, 2) != nil {
			return awsapi.GaveUp(ctx, err)
		}
	}
}

// publish publishes $LATEST as this run knows it, and nothing else.
func (g *guard) publish(ctx context.Context, p awsapi.Publication) (awsapi.Configuration, error) {
	g.publishes = p.Description
	if err := g.ready(ctx); err != nil {
		return awsapi.Configuration{}, err
	}
	var pace awsapi.Backoff
	for lost := false; ; {
		p.Revision, p.CodeSHA256 = g.now.Revision, g.now.CodeSHA256
		published, err := g.t.aws.Publish(ctx, g.t.fn, p)
		if !awsapi.Is(err, awsapi.Stale) && !awsapi.Is(err, awsapi.Conflict) && !awsapi.Is(err, awsapi.Invalid) {
			return published, err
		}
		lost = lost || awsapi.EffectOf(err) > awsapi.Rejected
		now, lookErr := g.read(ctx)
		switch {
		case lookErr != nil:
			return published, unlessState(err, lookErr)
		case !same(now, g.now):
			changed := g.changed(g.now, now)
			changed.Published = lost
			return published, changed
		case awsapi.Is(err, awsapi.Invalid): // not because of the code
			return published, err
		}
		g.now = now
		if pace.Wait(ctx, 2) != nil {
			return published, awsapi.GaveUp(ctx, err)
		}
	}
}

// unlessState is the error of a call after which $LATEST could not be read. If that was
// because an update has failed, that is the reason for both.
func unlessState(err, lookErr error) error {
	if _, failed := errors.AsType[*awsapi.StateError](lookErr); failed {
		return lookErr
	}
	return err
}

func (g *guard) changed(known, now awsapi.Configuration) *LatestError {
	return &LatestError{Function: g.t.fn.Name, Changes: changesOf(known, now)}
}

// changesOf is how $LATEST has changed, in words.
func changesOf(from, to awsapi.Configuration) []string {
	words := differences(from, to)
	if from.Description != to.Description {
		words = append(words, "its description")
	}
	if len(words) == 0 {
		words = []string{"settings that cannot be named"}
	}
	return words
}

// LatestError says that $LATEST is not as this run has left it.
type LatestError struct {
	Function  string
	Changes   []string
	Published bool // perhaps: the answer to the publish was lost
}

func (e *LatestError) Error() string {
	return fmt.Sprintf("publish %s: $LATEST was changed during this run by another run or outside lambda-release: %s", e.Function, strings.Join(e.Changes, "; "))
}

// Hint says how to go on.
func (e *LatestError) Hint() string {
	done := "Nothing was published, since a version of it would mix both changes."
	if e.Published {
		done = "Before that, this run may have published a version, whose number AWS did not answer; no alias was moved to it."
	}
	return done + " CloudTrail shows what wrote $LATEST (UpdateFunctionConfiguration, UpdateFunctionCode). " +
		"Run the job again when that has finished; a `concurrency` group (GitLab: `resource_group`) keeps jobs from running at the same time."
}
