// Package release is the heart: it publishes versions and moves aliases to
// them, for one function or for many, all or nothing. A verb (release, promote,
// rollback) prepares every function without touching an alias and then decides,
// from the alias as it is at that moment, where it goes; batch.go runs the two
// phases, move.go makes the compare-and-swap, and mark.go is the alias's memory.
//
// The package never prints: it tells a Progress what happens and returns a
// Result that is complete whatever failed.
package release

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"lambda-release/internal/awsapi"
)

// Releaser carries out operations. It keeps nothing between them.
type Releaser struct {
	AWS      *awsapi.Client
	Clock    awsapi.Clock
	Progress Progress
}

// Function is a function to work on.
type Function struct {
	Name string // short name, for people and outputs
	ID   string // what AWS is asked for: name, partial ARN or ARN
}

// Run says who is at work.
type Run struct {
	ID      uint64 // GITHUB_RUN_ID, which grows with time; 0 outside CI
	Attempt int    // from 1; 2 and up is a human's re-run of an old job
	Ref     string // short name of the branch or tag, or pull request
	SHA     string // commit
}

// Request is what to do.
type Request struct {
	Functions        []Function
	Alias            string
	AliasDescription *string // the user's text in the alias's description; nil keeps it
	ClearWeights     bool    // take over an alias that someone else has weighted
	DryRun           bool    // only read, and say what would be done
	Run              Run

	Version Version // to promote, or to roll back to; None leaves it to From or to the mark
	From    string  // promote: the alias whose version is taken

	Keep int // how many of the newest versions a prune keeps; after a release 0 prunes nothing

	// Of a release:
	Latest      bool              // the alias is to follow $LATEST: nothing is published
	Description string            // the user's text in the version's description
	CodeSHA256  map[string]string // by function name: publish only this code
}

// Release publishes a version of every function and moves the alias to it.
func (r *Releaser) Release(ctx context.Context, req Request) Result {
	v := &release{Request: req, description: versionDescription(req.Run, req.Description)}
	return r.run(ctx, req, "release", v)
}

// release is the verb.
type release struct {
	Request

	description string // of the versions this run makes
}

// prepare publishes beside reading the alias, and proves the new version if
// the alias is going to it.
func (v *release) prepare(ctx context.Context, j *job) error {
	if v.DryRun {
		return v.plan(ctx, j)
	}
	var both errgroup.Group
	var published awsapi.Configuration
	both.Go(func() (err error) {
		published, err = v.target(ctx, j)
		return err
	})
	both.Go(func() error { return j.readAlias(ctx) })
	if err := both.Wait(); err != nil {
		return err
	}
	d, err := v.decide(ctx, j)
	if err != nil || d.want == nil {
		return err
	}
	serving, err := j.r.AWS.AwaitServing(ctx, j.fn.ID, published, j.waiting("version "+published.Version))
	if err != nil {
		return err
	}
	if serving.State == "Inactive" {
		j.warn("version %s is Inactive: its first invocation will fail or wait until AWS has woken it", serving.Version)
	}
	return nil
}

// target is the version to release: a new one, or the last one when nothing
// was written since, or $LATEST for an alias that follows it.
func (v *release) target(ctx context.Context, j *job) (awsapi.Configuration, error) {
	if v.Latest {
		latest, err := j.r.AWS.Configuration(ctx, j.fn.ID, "")
		if err != nil {
			return latest, err
		}
		latest.Version = "" // as a qualifier: AWS refuses $LATEST in some places
		j.setVersion(Latest, latest.ARN)
		return latest, nil
	}
	published, err := j.publish(ctx, awsapi.Publication{Description: v.description, CodeSHA256: v.CodeSHA256[j.fn.Name]})
	if err != nil {
		return published, err
	}
	version, err := ParseVersion(published.Version)
	if err != nil {
		return published, fmt.Errorf("publish %s: AWS answered: %w", j.fn.Name, err)
	}
	j.setVersion(version, published.ARN)
	j.out.Published = published.Description == v.description
	if j.out.Published {
		j.fact("published version %s", version)
	} else {
		j.fact("nothing was written to $LATEST since version %s: no new version", version)
	}
	return published, nil
}

// publish waits out an update of $LATEST that is under way, its own function's
// creation too.
func (j *job) publish(ctx context.Context, p awsapi.Publication) (awsapi.Configuration, error) {
	for {
		published, err := j.r.AWS.Publish(ctx, j.fn.ID, p)
		if !awsapi.Is(err, awsapi.Conflict) {
			return published, err
		}
		j.fact("an update is in progress: waiting for it")
		if _, waitErr := j.r.AWS.AwaitUpdated(ctx, j.fn.ID, j.waiting("the update")); waitErr != nil {
			if awsapi.Is(waitErr, awsapi.Deadline) || awsapi.Is(waitErr, awsapi.Cancelled) {
				return published, waitErr
			}
			return published, errors.Join(err, waitErr)
		}
	}
}

// decide is the rules of a release; see decideRelease.
func (v *release) decide(_ context.Context, j *job) (decision, error) {
	return decideRelease(j.seen, j.out.Version, v.Request, j.r.Clock.Now())
}
