package release

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
)

// promotion is the verb: it points the alias to a version that exists,
// given by number or as the version another alias points to. It is deliberate:
// it may go backwards, and it is how a version that a rollback left is released
// after all.
type promotion struct {
	plain

	req Request
}

func newPromotion(req Request) verb { return promotion{req: req} }

func (v promotion) plan(t target) Plan { return planMove(t, v.req) }

func (v promotion) read(ctx context.Context, p Plan) (Facts, error) {
	t := p.target
	var reads errgroup.Group
	var aliases map[string]alias.State
	var source awsapi.Configuration
	reads.Go(func() (err error) {
		aliases, err = t.edit.ReadAll(ctx)
		return err
	})
	qualifier, named := v.req.From, alias.None
	reads.Go(func() (err error) {
		if qualifier == "" {
			if named, err = t.named(ctx, v.req, "promote"); err != nil {
				return err
			}
			qualifier = named.String()
		}
		// An alias as a qualifier gives the configuration of its version: one
		// answer shows which it is and whether it can serve.
		source, err = t.aws.Lookup(ctx, t.fn, qualifier)
		return err
	})
	err := reads.Wait()
	f := Facts{Aliases: aliases, Named: named}
	if from, ok := aliases[v.req.From]; ok && err == nil && from.Version.String() != source.Version {
		// One of the answers is old, or the alias was moved between them.
		if source, err = t.aws.Lookup(ctx, t.fn, from.Version.String()); err == nil {
			t.log.fact("%s is being moved: promoting what the list of aliases shows", v.req.From)
		}
	}
	switch {
	case awsapi.Is(err, awsapi.NotFound) && aliases != nil && qualifier != "":
		return f, v.missing(ctx, t, f)
	case err != nil:
		return f, err
	}
	if from, ok := aliases[v.req.From]; ok && len(from.Settled().Weights) > 0 {
		return f, fmt.Errorf("promote %s of %s: it is at %s: wait for that shift to end, or name the version", v.req.From, t.fn.Name, from.Position)
	}
	version, err := alias.ParseVersion(source.Version)
	if err != nil {
		return f, fmt.Errorf("promote %s of %s: AWS answered: %w", qualifier, t.fn.Name, err)
	}
	if !version.Numbered() {
		return f, fmt.Errorf("promote %s of %s: it follows %s, which is not a version yet: publish one with `operation: release`", v.req.From, t.fn.Name, version)
	}
	f = f.about(version, source)
	if err := t.checkNotFailed(source); err != nil {
		return f, err
	}
	if v.req.From != "" {
		t.log.fact("%s is at %s", v.req.From, version)
	}
	return f, nil
}

func (v promotion) prepare(ctx context.Context, p Plan) (Facts, error) { return v.read(ctx, p) }

func (v promotion) deliberate() bool { return true }

func (v promotion) settles() bool { return true }

func (v promotion) heedsLock() bool { return true }

// missing says what there is instead of the version or alias asked for.
func (v promotion) missing(ctx context.Context, t target, f Facts) error {
	if v.req.From != "" {
		return NoAliasError{Input: "version", Name: v.req.From, Function: t.fn.Name, Aliases: aliasNames(f.Aliases)}
	}
	return t.choice(ctx, fmt.Sprintf("promote version %s: %s has no such version", f.Named, t.fn.Name))
}

// refresh reads what became of a deployment. The version stays that of the first read.
func (v promotion) refresh(ctx context.Context, t target, f Facts) (Facts, error) {
	return t.readDeployment(ctx, f)
}

func (v promotion) decide(s alias.State, f Facts, now time.Time) (Decision, error) {
	to := f.Version
	s, err := resolved(v.req.Alias, s, f)
	if err != nil {
		return Decision{}, err
	}
	if s.Exists() && s.Version == to && len(s.Weights) == 0 {
		if s.Outside() != "" { // which a person has found to be right
			return Decision{Status: Unchanged, Change: changeTo(s, to, false, v.req)}.because("it was moved there outside lambda-release, and only gets a new mark"), nil
		}
		return unchanged(s, v.req), nil
	}
	if err := weightsInTheWay(s, v.req, now); err != nil {
		return Decision{}, err
	}
	d := Decision{Status: Promoted, Change: changeTo(s, to, false, v.req)}
	switch {
	case s.Version > to:
		return d.because("backwards, from %s to %s", s.Version, to), nil
	case v.req.From != "":
		return d.because("the version of %s", v.req.From), nil
	case v.req.Commit != "":
		return d.because("the version of commit %s", v.req.Commit), nil
	}
	return d, nil
}
