package release

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"lambda-release/internal/awsapi"
)

// Rollback takes the alias of every function back to where it was before, as
// its own mark remembers it, or to the version given. Every further run goes
// one further back; the same run again changes nothing. Weights, ours or
// anybody's, are cleared: a shift to a newer version that is under way is what
// is rolled back then.
func (r *Releaser) Rollback(ctx context.Context, req Request) Result {
	req.Rollout, req.CodeDeploy, req.Smoke = Rollout{}, nil, Smoke{} // back at once, and to what has served before
	req.Stages = nil
	return r.run(ctx, req, "rollback", &rollback{req})
}

// rollback is the verb.
type rollback struct{ Request }

func (v *rollback) prepare(ctx context.Context, j *job) error {
	var both errgroup.Group
	both.Go(func() error { return j.readAliases(ctx) })
	if v.Version != None {
		both.Go(func() error {
			_, err := j.proven(ctx, v.Version)
			return err
		})
	}
	if err := both.Wait(); err != nil {
		if awsapi.Is(err, awsapi.NotFound) && j.known && v.Version != None {
			return j.choice(ctx, fmt.Sprintf("roll back to version %s: %s has no such version", v.Version, j.fn.Name))
		}
		return err
	}
	if !j.seen.exists() {
		return fmt.Errorf("roll back %s of %s: there is no such alias, its aliases are %s", j.out.Alias, j.fn.Name, j.aliasNames())
	}
	if _, err := v.decide(ctx, j); err != nil {
		return err
	}
	target := j.checked[j.out.Version]
	if v.DryRun {
		return j.planMove(ctx, v, target)
	}
	j.warnIfInactive(target)
	return nil
}

// decide finds the version to go back to, and proves that it can serve.
func (v *rollback) decide(ctx context.Context, j *job) (decision, error) {
	seen := j.seen
	mark := seen.marked()
	if id := v.Run.ID; len(seen.Weights) == 0 && id != 0 && mark.LeftBy == id && mark.Run == id && !seen.movedByOthers() {
		j.out.Version = seen.Version
		d := unchanged(seen, v.Request)
		d.reason = fmt.Sprintf("this run, %d, has rolled back from %s already", id, mark.Left)
		return d, nil
	}
	to, err := v.target(ctx, j)
	if err != nil {
		return decision{}, err
	}
	config, err := j.proven(ctx, to)
	if err != nil {
		return decision{}, err
	}
	j.setVersion(to, config.ARN)
	if to == seen.Version && len(seen.Weights) == 0 {
		return unchanged(seen, v.Request), nil
	}

	left := max(seen.Version, seen.newestWeight())
	next := mark.RolledBack(to, left, v.Run.ID)
	d := decision{status: RolledBack, want: want(seen, to, v.Request), reason: fmt.Sprintf("left %s", left)}
	if to == left {
		d.reason = "cleared the weights"
	}
	text := seen.text
	if v.AliasDescription != nil {
		text = *v.AliasDescription
	}
	d.want.Description = Describe(text, next)
	return d, nil
}

// target is the version to go back to.
func (v *rollback) target(ctx context.Context, j *job) (Version, error) {
	seen := j.seen
	if v.Version != None {
		return v.Version, nil
	}
	if seen.newestWeight() > seen.Version {
		return seen.Version, nil // a shift is under way: its start is what was before
	}
	what := fmt.Sprintf("roll back %s of %s: ", j.out.Alias, j.fn.Name)
	switch {
	case seen.mark.Head() == None:
		return None, j.choice(ctx, what+"its description holds no history: it was never moved by lambda-release")
	case seen.movedByOthers():
		return None, j.choice(ctx, what+fmt.Sprintf("someone else has moved it: it is at %s, and %s is where lambda-release had put it", seen.Version, seen.mark.Head()))
	}
	for _, version := range seen.marked().History[1:] {
		if version == Latest || version == seen.Version {
			continue
		}
		_, err := j.proven(ctx, version)
		if awsapi.Is(err, awsapi.NotFound) {
			j.warnOnce("version %s, which %s was at before, no longer exists: going further back", version, j.out.Alias)
			continue
		}
		return version, err
	}
	return None, j.choice(ctx, what+fmt.Sprintf("it is at %s, and its history knows nothing before that", seen.Version))
}

// RolledBack is the mark after run has taken the alias back to v from left.
func (m Mark) RolledBack(v, left Version, run uint64) Mark {
	next := Mark{Left: max(m.Left, left), LeftBy: run, Run: run}
	rest := m.History
	if i := slices.Index(rest, v); i >= 0 {
		rest = rest[i+1:]
	} else if len(rest) > 0 {
		rest = rest[1:]
	}
	next.History = slices.Concat([]Version{v}, rest)
	return next
}

// newestWeight is the newest version that gets some of the traffic beside the
// one pointed to.
func (s state) newestWeight() Version {
	newest := None
	for v := range s.Weights {
		newest = max(newest, v)
	}
	return newest
}

// proven reads a version, once, and refuses it when it cannot serve.
func (j *job) proven(ctx context.Context, v Version) (awsapi.Configuration, error) {
	if config, ok := j.checked[v]; ok {
		return config, nil
	}
	config, err := j.r.AWS.Configuration(ctx, j.fn, v.String())
	if err != nil {
		return config, err
	}
	if err := j.checkServing(config); err != nil {
		return config, err
	}
	if j.checked == nil {
		j.checked = map[Version]awsapi.Configuration{}
	}
	j.checked[v] = config
	return config, nil
}

// ChoiceError says that a version has to be named, and which there are.
type ChoiceError struct {
	What     string
	Versions []awsapi.Configuration // newest first
	More     int                    // older ones that are not listed
}

// maxChoice is how many versions an error lists.
const maxChoice = 20

func (e *ChoiceError) Error() string { return e.What }

// Hint lists the versions.
func (e *ChoiceError) Hint() string {
	if len(e.Versions) == 0 {
		return "There is no published version: publish one with `operation: release`."
	}
	var b strings.Builder
	b.WriteString("Set the input `version` to one of these, newest first:")
	for _, v := range e.Versions {
		fmt.Fprintf(&b, "\n%s  %.10s  %s", v.Version, v.LastModified, v.Description)
	}
	if e.More > 0 {
		fmt.Fprintf(&b, "\n… and %d older ones", e.More)
	}
	return b.String()
}

// choice is the error that lists the versions there are.
func (j *job) choice(ctx context.Context, what string) error {
	e := &ChoiceError{What: what}
	for v, err := range j.r.AWS.Versions(ctx, j.fn) {
		if err != nil {
			return fmt.Errorf("%s; its versions could not be listed: %w", what, err)
		}
		e.Versions = append(e.Versions, v)
	}
	slices.Reverse(e.Versions)
	if n := len(e.Versions); n > maxChoice {
		e.Versions, e.More = e.Versions[:maxChoice], n-maxChoice
	}
	return e
}
