package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lambda-release/internal/artifact"
	"lambda-release/internal/awsapi"
)

// keptCode is the code of $LATEST from before an upload.
type keptCode struct {
	zip      artifact.Spool // nil for an image
	size     int64
	imageURI string // with its digest
}

// replacesCode reports whether the code of $LATEST is to be kept before it is replaced.
func (p Plan) replacesCode(latest awsapi.Configuration) bool {
	return p.RestoreLatest && p.Upload != nil && p.Upload.Package.SHA256 != latest.CodeSHA256
}

// checkRestorable refuses to replace code that could not be restored.
func (p Plan) checkRestorable(ctx context.Context, latest awsapi.Configuration) error {
	if !p.replacesCode(latest) || latest.CodeBytes <= artifact.MaxUpload {
		return nil
	}
	bucket := p.Upload.staging.Bucket
	if bucket == "" {
		return fmt.Errorf("keep the code of %s for `restore-latest`: it has %d MB, and Lambda takes more than 50 MB only from S3: set `s3-bucket`",
			p.target.fn.Name, latest.CodeBytes>>20)
	}
	if err := p.target.aws.CheckBucket(ctx, bucket); err != nil {
		return fmt.Errorf("keep the code of %s for `restore-latest` by way of S3: %w", p.target.fn.Name, err)
	}
	return nil
}

const (
	downloads     = 3 // how often the code is downloaded, at most
	downloadPause = time.Second
)

// keep fetches the code of $LATEST before it is replaced, to put it back if the release
// fails.
func (g *guard) keep(ctx context.Context) error {
	for n := 1; ; n++ {
		pack, err := g.t.aws.PackageOf(ctx, g.t.fn)
		switch {
		case err != nil:
			return fmt.Errorf("keep the code of %s for `restore-latest`: %w", g.t.fn.Name, err)
		case !same(pack.Latest, g.now):
			return g.changed(g.now, pack.Latest)
		case pack.ImageURI != "":
			g.keeping(keptCode{imageURI: pack.ImageURI})
			return nil
		}
		kept := keptCode{zip: artifact.NewSpool(g.t.getenv, pack.Latest.CodeBytes), size: pack.Latest.CodeBytes}
		if err = g.t.aws.Download(ctx, pack, kept.zip); err == nil {
			g.keeping(kept)
			return nil
		}
		kept.drop()
		if n == downloads || awsapi.Sleep(ctx, downloadPause) != nil {
			return fmt.Errorf("keep the code of %s for `restore-latest`: %w", g.t.fn.Name, err)
		}
	}
}

func (k keptCode) drop() {
	if k.zip != nil {
		_ = k.zip.Close() // it was only read
	}
}

// code is what was kept, for an upload.
func (g *guard) keptCode(ctx context.Context) (awsapi.Code, error) {
	if g.kept.zip == nil {
		return awsapi.Code{ImageURI: g.kept.imageURI}, nil
	}
	return g.t.codeFrom(ctx, awsapi.Archive{Content: g.kept.zip, Size: g.kept.size, SHA256: g.before.CodeSHA256}, g.staging)
}

// restoreTime is how long $LATEST may take to take its configuration and its code back.
const restoreTime = 2 * time.Minute

// afterLatest reports what a release that has failed has left of $LATEST, or puts it
// back if that was asked for.
func (r *Releaser) afterLatest(ctx context.Context, plans []Plan) []Plan {
	failed := slices.ContainsFunc(plans, func(p Plan) bool { return p.End.status() == Failed })
	wrote := slices.ContainsFunc(plans, Plan.wroteLatest)
	if failed && wrote {
		if plans[0].RestoreLatest {
			r.Progress.Phase("Restore $LATEST")
		}
		ctx, cancel := awsapi.WrapUp(ctx, restoreTime)
		defer cancel()
		plans = each(plans, func(p Plan) Plan {
			if p.wroteLatest() {
				p.guard.leave(ctx)
			}
			return p
		})
	}
	for _, p := range plans {
		if p.guard != nil {
			p.guard.kept.drop()
		}
	}
	return plans
}

// wroteLatest reports whether $LATEST of a function that existed was written.
func (p Plan) wroteLatest() bool { return p.guard != nil && p.guard.wrote && p.guard.creation == nil }

// leave is for a release that has failed.
func (g *guard) leave(ctx context.Context) {
	name := g.t.fn.Name
	if !g.restore {
		switch left := g.left(); {
		case left == "":
		case g.unanswered():
			g.t.log.warn("AWS has not answered a write to $LATEST of %s, and may have carried it out: %s. `restore-latest: true` restores it after a failure", name, left)
		default:
			g.t.log.warn("$LATEST of %s keeps what this run has written to it: %s. `restore-latest: true` restores it after a failure", name, left)
		}
		return
	}
	if err := g.putBack(ctx); err != nil {
		g.t.log.warn("$LATEST of %s could not be restored: %v. Against what it was before this run, it has: %s\n%s", name, err, orNone(g.left()), hint(err))
		return
	}
	if g.unanswered() {
		g.t.log.warn("$LATEST of %s is as it was before this run, but AWS has not answered a write to it, and may still carry it out: %s", name, g.left())
		return
	}
	g.t.log.fact("$LATEST is as it was before this run")
	g.t.log.changed("$LATEST restored")
}

// left is what $LATEST has, or may have, that it did not have before this run, in words.
func (g *guard) left() string {
	has := g.now
	if g.unanswered() {
		has = g.pending
	}
	if same(g.before, has) {
		return ""
	}
	return strings.Join(changesOf(g.before, has), "; ")
}

// putBack writes what $LATEST was, provided that it is as this run has left it. A write
// of this run's that was lost may have been carried out since.
func (g *guard) putBack(ctx context.Context) error {
	now, err := g.read(ctx)
	if _, failed := errors.AsType[*awsapi.StateError](err); err != nil && !failed { // an update that has failed can be undone
		return err
	}
	if !same(now, g.before) && !same(now, g.now) && (!g.unanswered() || !same(now, g.pending)) {
		return g.changed(g.now, now)
	}
	g.take(now)
	if changes := g.before.Settings.Restore(now.Settings); !changes.IsZero() {
		err := g.write(ctx, now.With(changes), func(revision string) (awsapi.Configuration, error) {
			return g.t.aws.Configure(ctx, g.t.fn, changes, revision)
		})
		if err != nil {
			return err
		}
	}
	if g.before.CodeSHA256 != g.now.CodeSHA256 {
		err := g.write(ctx, g.now.WithCode(g.before.CodeSHA256), func(revision string) (awsapi.Configuration, error) {
			code, err := g.keptCode(ctx)
			if err != nil {
				return awsapi.Configuration{}, err
			}
			code.Revision = revision
			return g.t.aws.UpdateCode(ctx, g.t.fn, code, false)
		})
		if err != nil {
			return err
		}
	}
	if !same(g.now, g.before) {
		return g.changed(g.before, g.now)
	}
	return nil
}
