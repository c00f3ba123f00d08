package release

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
)

// release is the verb: it publishes a version of $LATEST, or lets
// the alias follow $LATEST itself, and never moves an alias backwards.
type release struct {
	plain

	req         Request
	description string        // of the versions that this run makes
	stamp       string        // the description of functions that it creates
	slots       chan struct{} // of the uploads
}

func newRelease(req Request) verb {
	return release{req: req, description: versionDescription(req.Run, req.Description), stamp: createdBy(req.Run), slots: make(chan struct{}, uploads)}
}

func (v release) plan(t target) Plan {
	p := planMove(t, v.req).withConfigure(v.req.configure(t.fn.Name))
	if source, given := v.req.Code[t.fn.Name]; given {
		p = p.withUpload(Upload{Source: source, staging: v.req.Staging, slots: v.slots})
	}
	if c, given := v.req.Create[t.fn.Name]; given {
		p = p.creating(c, v.stamp)
	}
	if v.req.Latest {
		return p.followingLatest()
	}
	return p.withPublication(awsapi.Publication{
		Description: v.description, CodeSHA256: v.req.CodeSHA256[t.fn.Name],
	})
}

// prepare uploads and publishes beside reading the alias.
func (v release) prepare(ctx context.Context, p Plan) (Facts, error) {
	t := p.target
	aliasRead := make(chan error, 1)
	go func() { aliasRead <- t.edit.Read(ctx) }()
	f, err := v.makeVersion(ctx, p)
	aliasErr := <-aliasRead
	if awsapi.Is(err, awsapi.NotFound) {
		t.edit.Forget() // the alias was not found because the function was not
	}
	return f, cmp.Or(err, aliasErr)
}

// makeVersion makes the version to release. Where nothing was written since the
// last one, that is the one.
func (v release) makeVersion(ctx context.Context, p Plan) (Facts, error) {
	t := p.target
	if p.guard != nil {
		return p.makeGuarded(ctx)
	}
	sha256 := ""
	if p.Upload != nil {
		var err error
		if sha256, err = t.upload(ctx, *p.Upload); err != nil {
			return Facts{}, err
		}
	}
	if p.Follow {
		latest, err := t.aws.Configuration(ctx, t.fn, "")
		if err != nil {
			return Facts{}, err
		}
		return t.following(latest), nil
	}
	return t.makePublished(ctx, t.publish, awsapi.Publication{Description: p.Publish.Description, CodeSHA256: cmp.Or(sha256, p.Publish.CodeSHA256)})
}

// makeGuarded is makeVersion under the guard of $LATEST.
func (p Plan) makeGuarded(ctx context.Context) (Facts, error) {
	if err := p.write(ctx); err != nil {
		return Facts{}, err
	}
	if p.Follow {
		return p.target.following(p.guard.now), nil
	}
	return p.target.makePublished(ctx, p.guard.publish, *p.Publish)
}

// following is about an alias that follows $LATEST.
func (t target) following(latest awsapi.Configuration) Facts {
	latest.Version = "" // as a qualifier: AWS refuses $LATEST in some places
	t.log.fact("%s follows $LATEST: nothing is published", t.alias())
	return Facts{}.about(alias.Latest, latest)
}

// publishing is what publishes $LATEST.
type publishing func(context.Context, awsapi.Publication) (awsapi.Configuration, error)

// makePublished publishes, and tells from the description whether that has made
// a version.
func (t target) makePublished(ctx context.Context, publish publishing, publication awsapi.Publication) (Facts, error) {
	published, err := publish(ctx, publication)
	if err != nil {
		return Facts{}, err
	}
	version, err := alias.ParseVersion(published.Version)
	if err != nil {
		return Facts{}, fmt.Errorf("publish %s: AWS answered: %w", t.fn.Name, err)
	}
	f := Facts{Published: published.Description == publication.Description}.about(version, published)
	if f.Published {
		t.log.fact("published version %s", version)
	} else {
		t.log.fact("$LATEST has not changed since version %s: no new version", version)
	}
	return f, nil
}

// publish waits out an update of $LATEST that is in progress, the function's
// creation too.
func (t target) publish(ctx context.Context, p awsapi.Publication) (awsapi.Configuration, error) {
	var pace awsapi.Backoff
	for {
		published, err := t.aws.Publish(ctx, t.fn, p)
		if !awsapi.Is(err, awsapi.Conflict) {
			return published, err
		}
		if err := t.awaitUpdate(ctx); err != nil {
			return published, err
		}
		// AWS may refuse although the update has ended (fact V19a).
		if pace.Wait(ctx, 2) != nil {
			return published, awsapi.GaveUp(ctx, err)
		}
	}
}

// awaitUpdate waits out an update of $LATEST, or the function's creation, that
// kept a call from being made.
func (t target) awaitUpdate(ctx context.Context) error {
	t.log.fact("an update is in progress: waiting for it")
	_, err := t.aws.AwaitUpdated(ctx, t.fn, t.log.waiting("the update"))
	return err
}

// read is what a dry run of a release reads, all at once. Whether a publish
// would make a new version only AWS knows.
func (v release) read(ctx context.Context, p Plan) (Facts, error) {
	t := p.target
	var reads errgroup.Group
	var latest, serving awsapi.Configuration
	reads.Go(func() error { return t.edit.Read(ctx) })
	reads.Go(func() (err error) {
		latest, err = p.latest(ctx)
		return err
	})
	reads.Go(func() (err error) {
		serving, err = t.aws.Configuration(ctx, t.fn, t.alias())
		if awsapi.Is(err, awsapi.NotFound) {
			return nil
		}
		return err
	})
	err := reads.Wait()
	if p.Create != nil && awsapi.Is(err, awsapi.NotFound) {
		return p.readToCreate(ctx)
	}
	if err != nil {
		return Facts{}, err
	}
	if err := p.checkCode(latest); err != nil {
		return Facts{}, err
	}
	f := Facts{Serving: serving}
	if _, err := p.guarding(latest); err != nil {
		return f, err
	}
	if p.Configure != nil {
		configured := latest.With(p.Configure.of(latest))
		f, latest = f.configuring(differences(latest, configured)), configured
	}
	if p.Upload != nil {
		u, err := t.check(ctx, *p.Upload, latest)
		if err != nil {
			return Facts{}, err
		}
		if err := p.withUpload(u).checkRestorable(ctx, latest); err != nil {
			return Facts{}, err
		}
		f = f.uploading(u.describe(), u.Package.SHA256 == latest.CodeSHA256)
		latest = latest.WithCode(u.Package.SHA256)
	}
	return f.about(p.plannedVersion(), latest), nil
}

// plannedVersion is the version that the release is about, before it is published.
func (p Plan) plannedVersion() alias.Version {
	if p.Follow {
		return alias.Latest
	}
	return unknownVersion
}

func (v release) settles() bool { return true }

func (v release) heedsLock() bool { return true }

// refresh reads the versions that the new one is compared with: the one that a
// rollback left, and the one that the alias is at if the publishes have crossed.
func (v release) refresh(ctx context.Context, t target, f Facts) (Facts, error) {
	f, err := t.readDeployment(ctx, f)
	if err != nil {
		return f, err
	}
	s := t.edit.Current()
	if !v.req.Run.asksOrder() && s.History.Run.NewerThan(v.req.Run.id()) {
		t.log.warn("%s, newer than this %s, has moved %s last: a re-run is deliberate, so that is not asked", s.History.Run, v.req.Run.id(), t.alias())
	}
	if r, err := resolved(t.alias(), s, f); err == nil {
		s = r
	}
	if left := s.History.Left; left > alias.None && f.Version > left {
		config, err := t.aws.Lookup(ctx, t.fn, left.String())
		switch {
		case awsapi.Is(err, awsapi.NotFound):
		case err != nil:
			return f, err
		case config.EnvironmentError != "" || f.Config.EnvironmentError != "":
			t.log.warn("the environment of version %s or %s cannot be read, so it is not known whether they are the same", left, named(f.Version))
		default:
			f = f.withLeft(config)
		}
	}
	if v.crossed(s.Settled(), f.Version) && v.guarded() {
		config, err := t.aws.Lookup(ctx, t.fn, s.Version.String())
		if err != nil {
			return f, err
		}
		f = f.withServing(config)
	}
	return f, nil
}

// crossed reports whether the version has a lower number than the one that the
// alias is at, although this run is newer than the one that moved it there.
func (v release) crossed(s alias.State, to alias.Version) bool {
	return to != alias.Latest && s.Version > to && v.req.Run.asksOrder() && v.req.Run.id().NewerThan(s.History.Run)
}

// guarded reports whether every function's version is known to hold what this
// run has built.
func (v release) guarded() bool {
	for _, fn := range v.req.Functions {
		_, uploaded := v.req.Code[fn.Name]
		if !uploaded && v.req.CodeSHA256[fn.Name] == "" {
			return false
		}
	}
	return true
}

// decide never goes back to older code: not to an older version than the alias
// serves, not for an older run than the one that moved it last, and not to what a
// rollback left.
func (v release) decide(s alias.State, f Facts, now time.Time) (Decision, error) {
	name, to, run := v.req.Alias, f.Version, v.req.Run
	if !s.Exists() {
		return v.released(s, f), nil
	}
	s, err := resolved(name, s, f)
	if err != nil {
		return Decision{}, err
	}
	if s.Version == to && len(s.Weights) == 0 {
		return unchanged(s, v.req), nil
	}
	if by, older := olderThan(s, run); older {
		return Decision{Status: Superseded}.because("%s, newer than this %s, has moved %s to %s already", by, run.id(), name, s.Position), nil
	}
	if v.crossed(s, to) {
		return v.decideCrossed(s, f, now)
	}
	if newest := newestServed(s, now); to != alias.Latest && newest > to {
		return Decision{Status: Superseded}.because("%s serves %s already, newer than %s", name, newest, to), nil
	}
	if err := weightsInTheWay(s, v.req, now); err != nil {
		return Decision{}, err
	}
	switch left := s.History.Left; {
	case to == alias.Latest || to == s.Version:
	case to <= left:
		return Decision{Status: Held}.because("version %s was rolled back from %s%s: change its code or configuration, or run `operation: promote` with `version: %s`",
			to, name, by(s.History.LeftBy), to), nil
	case f.Left.Fingerprint != "" && f.Left.Fingerprint == f.Config.Fingerprint:
		return Decision{Status: Held}.because("%s has the same code and configuration as version %s, which was rolled back from %s%s: change them, or run `operation: promote` with `version: %s`",
			named(to), left, name, by(s.History.LeftBy), left), nil
	}
	return v.released(s, f), nil
}

func (v release) released(s alias.State, f Facts) Decision {
	return Decision{Status: Released, Change: changeTo(s, f.Version, f.Published, v.req)}
}

// newestServed is the newest version that callers of the alias get. What a shift
// past its deadline has left does not count.
func newestServed(s alias.State, now time.Time) alias.Version {
	shift, inFlight := s.Shift(now)
	newest := s.Version
	for w := range s.Weights {
		if w != shift || inFlight {
			newest = max(newest, w)
		}
	}
	return newest
}

// decideCrossed is for a run that is newer than the one that moved the alias, and
// has published before it. Its lower number is newer code only if it holds what
// this run has built, and if what the alias is at was released by that older run.
func (v release) decideCrossed(s alias.State, f Facts, now time.Time) (Decision, error) {
	if err := weightsInTheWay(s, v.req, now); err != nil {
		return Decision{}, err
	}
	h := s.History
	releasedByIt := h.Head() == s.Version && h.LeftBy != h.Run && publishedBy(f.Serving.Description) == h.Run.ID
	if v.guarded() && releasedByIt {
		return v.released(s, f).because("%s is newer than %s, which had published %s later", v.req.Run.id(), h.Run, s.Version), nil
	}
	return Decision{}, &CrossedError{
		Alias: v.req.Alias, Run: v.req.Run.id(), Version: f.Version, Other: h.Run, OtherVersion: s.Version,
	}
}

// CrossedError says that two runs have published in the other order than they
// began, so that the numbers do not tell which version is newer.
type CrossedError struct {
	Alias                 string
	Run, Other            alias.Run
	Version, OtherVersion alias.Version
}

func (e *CrossedError) Error() string {
	return fmt.Sprintf("the publishes crossed: this %s has version %s, and the older %s has moved %s to version %s",
		e.Run, e.Version, e.Other, e.Alias, e.OtherVersion)
}

// Hint says how to go on.
func (e *CrossedError) Hint() string {
	return fmt.Sprintf("If version %s is the code to serve, run `operation: promote` with `version: %s`. With `code` or `code-sha256` for every function "+
		"the release decides that itself; a `concurrency` group (GitLab: `resource_group`) keeps publishes from crossing.", e.Version, e.Version)
}
