package release

import (
	"context"
	"fmt"
	"strings"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/configuration"
)

// Configure is what $LATEST is to have before it is published. What is not given stays
// as it is.
type Configure struct {
	Given       configuration.Configuration
	Environment configuration.Environment // merged into the variables; nil: nothing
}

// configure is what the request gives for a function, nil for nothing.
func (req Request) configure(name string) *Configure {
	given, ok := req.Configuration[name]
	environment, merges := req.Environment[name]
	if !ok && !merges {
		return nil
	}
	return &Configure{given, environment}
}

// of is all that is given for a function whose $LATEST this is.
func (c *Configure) of(latest awsapi.Configuration) configuration.Configuration {
	if c == nil {
		return configuration.Configuration{}
	}
	return c.Given.With(c.Environment, latest.Environment)
}

// writesLatest reports whether the plan may write $LATEST.
func (p Plan) writesLatest() bool { return p.Upload != nil || p.Configure != nil }

// guards reports whether $LATEST is guarded by its revision. Without a configuration,
// the hash of the code guards the publish, which takes fewer calls.
func (p Plan) guards() bool { return p.Configure != nil || p.Upload != nil && p.RestoreLatest }

// guarding is the plan with the guard of $LATEST as it was read. It refuses what could
// not be guarded, and code that is not the one to publish.
func (p Plan) guarding(latest awsapi.Configuration) (Plan, error) {
	if !p.guards() {
		return p, nil
	}
	if latest.EnvironmentError != "" {
		return p, &UnreadableError{Function: p.target.fn.Name, Reason: latest.EnvironmentError}
	}
	if err := p.checkCode(latest); err != nil {
		return p, err
	}
	return p.withGuard(newGuard(p.target, latest, p.RestoreLatest, p.Upload)), nil
}

// checkCode refuses other code than `code-sha256` says.
func (p Plan) checkCode(latest awsapi.Configuration) error {
	if p.Publish != nil && p.Publish.CodeSHA256 != "" && p.Publish.CodeSHA256 != latest.CodeSHA256 {
		return fmt.Errorf("publish %s: `code-sha256` is %s, but the code of $LATEST is %s", p.target.fn.Name, p.Publish.CodeSHA256, latest.CodeSHA256)
	}
	return nil
}

// UnreadableError says that AWS cannot read the environment of $LATEST, so that changes
// of it would not be noticed.
type UnreadableError struct{ Function, Reason string }

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("configure %s: the environment of $LATEST cannot be read, so it cannot be compared: %s", e.Function, e.Reason)
}

// Hint says how to go on.
func (e *UnreadableError) Hint() string {
	return "Allow the role of the job kms:Decrypt on the function's KMS key, in its own policy and in that of the key."
}

// write configures $LATEST and uploads code to it, as far as that is not there already,
// or creates the function.
func (p Plan) write(ctx context.Context) error {
	g := p.guard
	if g.creation != nil {
		return g.create(ctx, *p.Upload)
	}
	if p.replacesCode(g.before) {
		if err := g.keep(ctx); err != nil {
			return err
		}
	}
	if err := g.configure(ctx, p.Configure.of(g.now)); err != nil {
		return err
	}
	if p.Upload == nil {
		return nil
	}
	return g.upload(ctx, *p.Upload)
}

// configure writes what differs.
func (g *guard) configure(ctx context.Context, given configuration.Configuration) error {
	changes := given.Changes(g.now.Settings)
	if changes.IsZero() {
		if !given.IsZero() {
			g.t.log.fact("$LATEST has this configuration already: nothing to configure")
		}
		return nil
	}
	want := g.now.With(given)
	words := strings.Join(differences(g.now, want), "; ")
	g.t.log.fact("configuring $LATEST: %s", words)
	err := g.write(ctx, want, func(revision string) (awsapi.Configuration, error) {
		return g.t.aws.Configure(ctx, g.t.fn, changes, revision)
	})
	if err != nil {
		return err
	}
	g.t.log.changed("$LATEST configured: " + words)
	return nil
}

// upload brings code to $LATEST that is not there already.
func (g *guard) upload(ctx context.Context, u Upload) error {
	if u.Package.SHA256 == g.now.CodeSHA256 {
		g.t.log.fact("%s is the code of $LATEST already: nothing to upload", u.Package.Describe())
		return nil
	}
	g.t.log.fact("uploading %s", u.describe())
	err := g.write(ctx, g.now.WithCode(u.Package.SHA256), func(revision string) (awsapi.Configuration, error) {
		return g.t.uploadAt(ctx, u, revision)
	})
	if err != nil {
		return err
	}
	return u.verify(g.now.CodeSHA256)
}

// touch writes what $LATEST holds already: with u the code, else the description.
func (g *guard) touch(ctx context.Context, u *Upload) error {
	err := g.write(ctx, g.now, func(revision string) (awsapi.Configuration, error) {
		if u != nil {
			return g.t.uploadAt(ctx, *u, revision)
		}
		return g.t.aws.TouchLatest(ctx, g.t.fn, g.now.Description, revision)
	})
	if err != nil || u == nil {
		return err
	}
	return u.verify(g.now.CodeSHA256)
}
