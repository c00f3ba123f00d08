// Package release is the heart: it publishes versions and moves aliases to
// them, for one function or for many, all or nothing. A verb (release, promote,
// rollback) prepares every function without touching an alias and then decides,
// from the alias as it is at that moment, where it goes; batch.go runs the two
// phases, move.go makes the compare-and-swap, shift.go does it step by step,
// undo.go takes it back, and mark.go is the alias's memory.
//
// The package never prints: it tells a Progress what happens and returns a
// Result that is complete whatever failed.
package release

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"lambda-release/internal/artifact"
	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
	"lambda-release/internal/gateway"
)

// Releaser carries out operations. It keeps nothing between them.
type Releaser struct {
	AWS      *awsapi.Client
	Progress Progress
	Getenv   func(string) string // where a package is, if its path is the runner's host's
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
	Functions        []function.ID
	Alias            string
	AliasDescription *string // the user's text in the alias's description; nil keeps it
	ClearWeights     bool    // take over an alias that someone else has weighted
	DryRun           bool    // only read, and say what would be done
	Run              Run

	Version Version // to promote, or to roll back to; None leaves it to From or to the mark
	From    string  // promote: the alias whose version is taken

	Rollout    Rollout     // how the traffic goes over
	CodeDeploy *CodeDeploy // who shifts the traffic instead, for one function only; nil for nobody
	Smoke      Smoke       // what a version must pass before any alias is moved to it

	Provisioned   bool            // wait until the alias's provisioned concurrency is ready
	Stages        []gateway.Stage // to bind to the alias when it is where it was wanted
	StageVariable string

	Keep int // how many of the newest versions a prune keeps; after a release 0 prunes nothing

	// Of a release:
	Latest      bool                       // the alias is to follow $LATEST: nothing is published
	Description string                     // the user's text in the version's description
	Code        map[string]artifact.Source // by function name: uploaded first
	CodeSHA256  map[string]string          // by function name: publish only this code
}

// Release publishes a version of every function and moves the alias to it.
func (r *Releaser) Release(ctx context.Context, req Request) Result {
	v := &release{Request: req, description: versionDescription(req.Run, req.Description), uploading: make(chan struct{}, uploads)}
	return r.run(ctx, req, "release", v)
}

// release is the verb.
type release struct {
	Request

	description string        // of the versions this run makes
	uploading   chan struct{} // holds as many as may upload at once
}

// prepare publishes beside reading the alias, and proves the new version if
// the alias is going to it.
func (v *release) prepare(ctx context.Context, j *job) error {
	if v.DryRun {
		return v.plan(ctx, j)
	}
	aliasRead := make(chan error, 1)
	go func() { aliasRead <- j.readAlias(ctx) }()
	published, err := v.target(ctx, j)
	aliasErr := <-aliasRead
	if awsapi.Is(err, awsapi.NotFound) {
		// The alias was not found because the function was not: say nothing of it.
		j.out.Before, j.out.After = Position{Unknown: true}, Position{Unknown: true}
	}
	if err := cmp.Or(err, aliasErr); err != nil {
		return err
	}
	d, err := v.decide(ctx, j)
	if err != nil || d.want == nil || d.status == Unchanged {
		return err
	}
	if _, err := j.r.AWS.AwaitServing(ctx, j.fn, published, j.waiting("version "+published.Version)); err != nil {
		return err
	}
	return j.prove(ctx, v.Request, published)
}

// target is the version to release: a new one, or the last one when nothing
// was written since, or $LATEST for an alias that follows it.
func (v *release) target(ctx context.Context, j *job) (awsapi.Configuration, error) {
	sha256 := v.CodeSHA256[j.fn.Name]
	if source, given := v.Code[j.fn.Name]; given {
		var err error
		if sha256, err = v.upload(ctx, j, source); err != nil {
			return awsapi.Configuration{}, err
		}
	}
	if v.Latest {
		latest, err := j.r.AWS.Configuration(ctx, j.fn, "")
		if err != nil {
			return latest, err
		}
		latest.Version = "" // as a qualifier: AWS refuses $LATEST in some places
		j.setVersion(Latest, latest.ARN)
		j.fact("%s follows $LATEST: nothing is published", j.out.Alias)
		return latest, nil
	}
	published, err := j.publish(ctx, awsapi.Publication{Description: v.description, CodeSHA256: sha256})
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
		published, err := j.r.AWS.Publish(ctx, j.fn, p)
		if !awsapi.Is(err, awsapi.Conflict) {
			return published, err
		}
		if err := j.awaitUpdate(ctx); err != nil {
			return published, err
		}
	}
}

// decide is the rules of a release; see decideRelease.
func (v *release) decide(_ context.Context, j *job) (decision, error) {
	return decideRelease(j.sight(), j.out.Version, v.Request, time.Now())
}
