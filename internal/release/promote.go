package release

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"lambda-release/internal/awsapi"
)

// Promote points the alias of every function to a version that exists, given
// by number or as the version another alias points to. It is a person's wish:
// it may go backwards, and it is how a version that a rollback left is
// released after all.
func (r *Releaser) Promote(ctx context.Context, req Request) Result {
	return r.run(ctx, req, "promote", &promote{req})
}

// promote is the verb.
type promote struct{ Request }

func (v *promote) prepare(ctx context.Context, j *job) error {
	var both errgroup.Group
	var source awsapi.Configuration
	both.Go(func() error { return j.readAliases(ctx) })
	both.Go(func() (err error) {
		// An alias as a qualifier gives the configuration of its version: one
		// answer tells which it is and whether it can serve.
		source, err = j.r.AWS.Configuration(ctx, j.fn, v.source())
		return err
	})
	if err := both.Wait(); err != nil {
		if awsapi.Is(err, awsapi.NotFound) && j.known {
			return v.missing(ctx, j, err)
		}
		return err
	}
	if from, ok := j.others[v.From]; ok && len(from.Weights) > 0 {
		return fmt.Errorf("promote %s of %s: it is at %s: wait for that shift to end, or name the version", v.From, j.fn.Name, from.Position)
	}
	version, err := ParseVersion(source.Version)
	if err != nil {
		return fmt.Errorf("promote %s of %s: AWS answered: %w", v.source(), j.fn.Name, err)
	}
	if version == Latest {
		return fmt.Errorf("promote %s of %s: it follows $LATEST, which is no version yet: publish one with `operation: release`", v.From, j.fn.Name)
	}
	j.setVersion(version, source.ARN)
	if err := j.checkServing(source); err != nil {
		return err
	}
	if v.From != "" {
		j.fact("%s is at %s", v.From, version)
	}
	if v.DryRun {
		return j.planMove(ctx, v, source)
	}
	d, err := v.decide(ctx, j)
	if err != nil || d.want == nil || d.status == Unchanged {
		return err
	}
	return j.prove(ctx, v.Request, source)
}

// source is the qualifier of what is promoted.
func (v *promote) source() string {
	if v.From != "" {
		return v.From
	}
	return v.Version.String()
}

// missing says what there is instead of the version or alias asked for.
func (v *promote) missing(ctx context.Context, j *job, err error) error {
	if v.From != "" {
		return fmt.Errorf("promote %s: %s has no such alias, its aliases are %s: %w", v.From, j.fn.Name, j.aliasNames(), err)
	}
	return j.choice(ctx, fmt.Sprintf("promote version %s: %s has no such version", v.Version, j.fn.Name))
}

func (v *promote) decide(_ context.Context, j *job) (decision, error) {
	seen, to := j.sight(), j.out.Version
	if seen.exists() && seen.Version == to && len(seen.Weights) == 0 {
		return unchanged(seen, v.Request), nil
	}
	if err := weightsInTheWay(seen, v.Request, time.Now()); err != nil {
		return decision{}, err
	}
	d := decision{status: Promoted, want: want(seen, to, v.Request)}
	switch {
	case seen.Version > to:
		d.reason = fmt.Sprintf("backwards, from %s to %s", seen.Version, to)
	case v.From != "":
		d.reason = fmt.Sprintf("the version of %s", v.From)
	}
	return d, nil
}

// checkServing refuses a version that cannot serve now: a promotion or a
// rollback does not wait for one that somebody else is making.
func (j *job) checkServing(v awsapi.Configuration) error {
	switch v.State {
	case "Active", "Inactive", "":
		return nil
	case "Failed":
		return &awsapi.StateError{Function: j.fn.Name, Qualifier: v.Version, What: "State", Reason: v.StateReason}
	}
	return fmt.Errorf("version %s of %s cannot serve: its State is %s (%s)", v.Version, j.fn.Name, v.State, orNone(v.StateReason))
}
