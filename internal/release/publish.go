package release

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"lambda-release/internal/alias"
	"lambda-release/internal/artifact"
	"lambda-release/internal/awsapi"
)

// publication is the verb release: it publishes a version of $LATEST, or lets
// the alias follow $LATEST itself, and never moves an alias backwards.
type publication struct {
	req         Request
	description string        // of the versions that this run makes
	slots       chan struct{} // of the uploads
}

func newRelease(req Request) verb {
	return publication{req, versionDescription(req.Run, req.Description), make(chan struct{}, uploads)}
}

func (v publication) plan(t target) Plan {
	p := planMove(t, v.req)
	if source, given := v.req.Code[t.fn.Name]; given {
		p = p.uploading(Upload{source, v.slots})
	}
	if v.req.Latest {
		return p.following()
	}
	return p.publishing(awsapi.Publication{
		Description: v.description, CodeSHA256: v.req.CodeSHA256[t.fn.Name],
	})
}

// prepare uploads and publishes beside reading the alias.
func (v publication) prepare(ctx context.Context, p Plan) (Facts, error) {
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
func (v publication) makeVersion(ctx context.Context, p Plan) (Facts, error) {
	t := p.target
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
		latest.Version = "" // as a qualifier: AWS refuses $LATEST in some places
		t.log.fact("%s follows $LATEST: nothing is published", t.alias())
		return Facts{}.about(alias.Latest, latest), nil
	}
	published, err := t.publish(ctx, awsapi.Publication{
		Description: p.Publish.Description, CodeSHA256: cmp.Or(sha256, p.Publish.CodeSHA256),
	})
	if err != nil {
		return Facts{}, err
	}
	version, err := alias.ParseVersion(published.Version)
	if err != nil {
		return Facts{}, fmt.Errorf("publish %s: AWS answered: %w", t.fn.Name, err)
	}
	f := Facts{Published: published.Description == p.Publish.Description}.about(version, published)
	if f.Published {
		t.log.fact("published version %s", version)
	} else {
		t.log.fact("$LATEST was not written since version %s: no new version", version)
	}
	return f, nil
}

// publish waits out an update of $LATEST that is in progress, the function's
// creation too.
func (t target) publish(ctx context.Context, p awsapi.Publication) (awsapi.Configuration, error) {
	for {
		published, err := t.aws.Publish(ctx, t.fn, p)
		if !awsapi.Is(err, awsapi.Conflict) {
			return published, err
		}
		if err := t.awaitUpdate(ctx); err != nil {
			return published, err
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
func (v publication) read(ctx context.Context, p Plan) (Facts, error) {
	t := p.target
	var reads errgroup.Group
	var latest, serving awsapi.Configuration
	var pack artifact.Package
	if p.Upload != nil {
		release, err := p.Upload.acquire(ctx)
		if err != nil {
			return Facts{}, err
		}
		defer release()
		reads.Go(func() (err error) {
			pack, err = t.open(ctx, *p.Upload)
			return err
		})
	}
	reads.Go(func() error { return t.edit.Read(ctx) })
	reads.Go(func() (err error) {
		latest, err = t.aws.Configuration(ctx, t.fn, "")
		return err
	})
	reads.Go(func() (err error) {
		serving, err = t.aws.Configuration(ctx, t.fn, t.alias())
		if awsapi.Is(err, awsapi.NotFound) {
			return nil
		}
		return err
	})
	if err := reads.Wait(); err != nil {
		return Facts{}, err
	}
	if p.Publish != nil && p.Publish.CodeSHA256 != "" && p.Publish.CodeSHA256 != latest.CodeSHA256 {
		return Facts{}, fmt.Errorf("publish %s: `code-sha256` is %s, but the code of $LATEST is %s", t.fn.Name, p.Publish.CodeSHA256, latest.CodeSHA256)
	}
	f := Facts{Serving: serving}
	if p.Upload != nil {
		pack, err := t.check(ctx, pack, latest)
		if err != nil {
			return Facts{}, err
		}
		f = Facts{Serving: serving, Upload: pack.Describe(), Uploaded: pack.SHA256 == latest.CodeSHA256}
		latest.CodeSHA256 = pack.SHA256
	}
	version := unknownVersion
	if p.Follow {
		version = alias.Latest
	}
	return f.about(version, latest), nil
}

func (v publication) refresh(_ context.Context, _ target, f Facts) (Facts, error) { return f, nil }

// decide never goes backwards: not to an older version than the alias serves,
// not for an older run than the one that moved it last, and not to a version
// that a rollback left.
func (v publication) decide(s alias.State, f Facts, now time.Time) (Decision, error) {
	name, to, run := v.req.Alias, f.Version, v.req.Run
	if !s.Exists() {
		return Decision{Status: Released, Change: changeTo(s, to, v.req)}, nil
	}
	if s.Version == to && len(s.Weights) == 0 {
		return unchanged(s, v.req), nil
	}
	if by, older := olderThan(s, run); older {
		return Decision{
			Status: Superseded,
			Reason: fmt.Sprintf("run %d, newer than this run %d, has moved %s to %s already", by, run.ID, name, s.Position),
		}, nil
	}
	shift, inFlight := s.Shift(now)
	newest := s.Version
	for w := range s.Weights {
		if w != shift || inFlight { // what a dead shift has left does not count
			newest = max(newest, w)
		}
	}
	if to != alias.Latest && newest > to {
		return Decision{Status: Superseded, Reason: fmt.Sprintf("%s serves %s already, newer than %s", name, newest, to)}, nil
	}
	if err := weightsInTheWay(s, v.req, now); err != nil {
		return Decision{}, err
	}
	if to != alias.Latest && to <= s.History.Left && to != s.Version {
		return Decision{
			Status: Held,
			Reason: fmt.Sprintf("version %s was rolled back from %s%s: upload new code, or run operation promote with version %s",
				to, name, by(s.History.LeftBy), to),
		}, nil
	}
	return Decision{Status: Released, Change: changeTo(s, to, v.req)}, nil
}
