package release

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/artifact"
	"lambda-release/internal/awsapi"
)

// Creation is how a function is created that does not exist: with the configuration and
// the code that the request has for it.
type Creation struct {
	Tags map[string]string // which only a function that is created gets
}

// creation is a function that this run creates, and how far that has come.
type creation struct {
	function awsapi.NewFunction
	done     bool // AWS has created it
	possible bool // AWS may have created it, or may still do so: a request got no answer
	seen     bool // a read has found it
}

// hides reports whether a read does not find the function although it was created: AWS
// does not know everywhere yet what was just made.
func (c *creation) hides(err error) bool { return c != nil && awsapi.Is(err, awsapi.NotFound) }

// found notes that a read has found the function.
func (c *creation) found() {
	if c != nil {
		c.seen = true
	}
}

// createdBy is the description of a function that a run creates. Its nonce tells that
// function from one that another run creates at the same time.
func createdBy(run Run) string {
	text := "Created by lambda-release"
	if ref := alias.Shorten(run.Ref, maxRef); ref != "" {
		text += " from " + ref
	}
	if run.ID != 0 {
		text += fmt.Sprintf(", run %d", run.ID)
	}
	return text + " (" + strings.ToLower(rand.Text()[:8]) + ")"
}

// toCreate is the plan of a function that does not exist, with its code compared with
// what it will be.
func (p Plan) toCreate(ctx context.Context) (Plan, error) {
	c := &creation{function: p.newFunction()}
	foreseen := c.function.Foreseen("")
	u, err := p.target.fits(*p.Upload, foreseen)
	if err == nil {
		u, err = p.target.lookStaged(ctx, u)
	}
	if err != nil {
		return p, err
	}
	g := newGuard(p.target, foreseen.WithCode(u.Package.SHA256), p.RestoreLatest, &u)
	return p.withUpload(u).withGuard(g.toCreate(c)), nil
}

// readToCreate is read for a function that does not exist.
func (p Plan) readToCreate(ctx context.Context) (Facts, error) {
	p, err := p.toCreate(ctx)
	if err != nil {
		return Facts{}, err
	}
	f := Facts{}.creating(p.guard.creation.words()).uploading(p.Upload.describe(), false)
	foreseen := p.guard.now
	foreseen.ARN = p.target.foreseenARN(foreseen.Role)
	return f.about(p.plannedVersion(), foreseen), nil
}

// foreseenARN is the ARN that the function gets with a role: AWS takes none of another
// account.
func (t target) foreseenARN(role string) string {
	id := t.fn.In(t.aws.Region)
	if parts := strings.Split(role, ":"); id.Account == "" && len(parts) > 4 {
		id.Account = parts[4]
	}
	return id.ARN()
}

// newFunction is the function that the plan creates. Its architecture is that of the
// code, as far as that shows one.
func (p Plan) newFunction() awsapi.NewFunction {
	n := awsapi.NewFunction{
		Description: p.stamp, Tags: p.Create.Tags, Architecture: p.Upload.Package.Architecture,
		Settings: p.Configure.of(awsapi.Configuration{}).Over(awsapi.Configuration{}.Settings),
	}
	if p.Upload.Source.Kind == artifact.Image {
		n.Code = codeOf(p.Upload.Package)
	}
	return n
}

// creates reports whether the function does not exist, and is created by this run.
func (p Plan) creates() bool {
	return p.guard != nil && p.guard.creation != nil || p.Facts.Created != nil
}

// lookups are the calls of a Lookup that finds nothing.
const lookups = 3

// newRoleTime is how long AWS may refuse what it says about a role that is new. IAM most
// often takes 5 to 10 seconds.
const newRoleTime = time.Minute

// create creates the function, and waits until it can be published. A refusal because it
// exists, or an answer that was lost, leads to a look: an earlier attempt may have
// created it.
func (g *guard) create(ctx context.Context, u Upload) error {
	c := g.creation
	g.t.log.fact("creating the function from %s: %s", u.describe(), strings.Join(c.words(), "; "))
	code, done, err := g.t.open(ctx, u)
	if err != nil {
		return err
	}
	defer done()
	c.function.Code = code
	var pace awsapi.Backoff
	began, lostBefore := time.Now(), false
	for told := false; ; {
		calls := 1
		now, err := g.t.aws.CreateFunction(ctx, g.t.fn, c.function)
		lost := awsapi.EffectOf(err) > awsapi.Rejected
		c.possible = c.possible || awsapi.EffectOf(err) == awsapi.NoResponse
		switch {
		case err == nil:
			return g.created(ctx, now, u)
		case lost || awsapi.Is(err, awsapi.Conflict):
			now, lookErr := g.t.lookAfter(ctx)
			switch {
			case lookErr == nil && now.Description == c.function.Description:
				c.found()
				return g.created(ctx, now, u)
			case lookErr == nil:
				return g.taken(ctx, now, u)
			case !awsapi.Is(lookErr, awsapi.NotFound):
				c.possible = c.possible || lost
				return err
			case lost && lostBefore:
				return err
			}
			lostBefore, calls = lost, calls+lookups
		case awsapi.MayKnowRoleLater(err) && time.Since(began) < newRoleTime:
			if !told {
				told = true
				g.t.log.fact("AWS refuses to create the function: %v. If its role or a policy of that is new, this passes within seconds: trying again for up to a minute", err)
			}
		default:
			return err
		}
		if pace.Wait(ctx, calls) != nil {
			return awsapi.GaveUp(ctx, err)
		}
	}
}

// lookAfter reads the function after a write of it, also if the job has ended.
func (t target) lookAfter(ctx context.Context) (awsapi.Configuration, error) {
	ctx, cancel := awsapi.Confirming(ctx)
	defer cancel()
	return t.aws.Lookup(ctx, t.fn, "")
}

// created takes over the function that was created, when it is ready.
func (g *guard) created(ctx context.Context, now awsapi.Configuration, u Upload) error {
	g.creation.done = true
	g.begins(now)
	g.t.log.fact("the function was created")
	g.t.log.changed("the function was created")
	if err := u.verify(now.CodeSHA256); err != nil {
		return fmt.Errorf("create %s: %w", g.t.fn.Name, err)
	}
	return g.settle(ctx, now)
}

// taken goes on with a function that another run has created, if it is as this run would
// have created it. What it is for others, it stays.
func (g *guard) taken(ctx context.Context, now awsapi.Configuration, u Upload) error {
	n, want := g.creation.function, g.creation.function.Foreseen(u.Package.SHA256)
	g.adopts(now)
	would := now.With(n.Settings).WithCode(want.CodeSHA256)
	if would.PackageType = want.PackageType; n.Architecture != "" {
		would.Architectures = want.Architectures
	}
	if diff := differences(now, would); len(diff) > 0 {
		return &ExistsError{Function: g.t.fn.Name, Differences: diff}
	}
	g.t.log.fact("another run has created the function meanwhile, as this run would")
	return g.settle(ctx, now)
}

// ExistsError says that a function exists that this run was to create, and that it is
// not what this run would have created.
type ExistsError struct {
	Function    string
	Differences []string
}

func (e *ExistsError) Error() string {
	return fmt.Sprintf("create %s: another run, or something outside lambda-release, has created it meanwhile, and it differs: %s", e.Function, strings.Join(e.Differences, "; "))
}

// Hint says how to go on.
func (e *ExistsError) Hint() string {
	return "Nothing was changed. Run the job again: it then configures and releases the function that exists. A `concurrency` group keeps jobs from running at the same time."
}

// words is what the function is created with, but for its code.
func (c *creation) words() []string {
	words := c.function.Settings.Words()
	if c.function.Architecture != "" {
		words = append(words, "architecture "+c.function.Architecture)
	}
	var tags []string
	for name := range c.function.Tags {
		tags = append(tags, name)
	}
	if slices.Sort(tags); len(tags) > 0 {
		words = append(words, "tags "+strings.Join(tags, " "))
	}
	return words
}
