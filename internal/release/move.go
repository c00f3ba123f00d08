package release

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"lambda-release/internal/awsapi"
)

// readAlias sees where the alias is; one that does not exist is the zero state.
func (j *job) readAlias(ctx context.Context) error {
	a, err := j.r.AWS.Alias(ctx, j.fn, j.out.Alias)
	switch {
	case awsapi.Is(err, awsapi.NotFound):
		j.seen = state{}
	case err != nil:
		return err
	default:
		if j.seen, err = stateOf(a); err != nil {
			return err
		}
	}
	j.saw()
	return nil
}

// readAliases sees all aliases of the function, the one in question among them.
func (j *job) readAliases(ctx context.Context) error {
	aliases, err := j.r.AWS.Aliases(ctx, j.fn)
	if err != nil {
		return err
	}
	j.others = map[string]state{}
	for _, a := range aliases {
		if j.others[a.Name], err = stateOf(a); err != nil {
			return err
		}
	}
	j.known, j.seen = true, j.others[j.out.Alias]
	j.saw()
	j.out.Others = map[string]Position{}
	for name, s := range j.others {
		if name != j.out.Alias {
			j.out.Others[name] = s.Position
		}
	}
	return nil
}

// saw notes where the alias was first, and is now.
func (j *job) saw() {
	if j.out.Before.Unknown {
		j.out.Before = j.seen.Position
	}
	j.out.After = j.seen.Position
}

func (j *job) aliasNames() string {
	if len(j.others) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(j.others)), ", ")
}

// move puts the alias where the verb wants it. A nil error means that the
// outcome has its status.
func (j *job) move(ctx context.Context) error {
	d, err := j.swap(ctx, func(d decision) awsapi.Alias { return *d.want })
	if err != nil {
		return err
	}
	if d.want == nil {
		j.end(d)
		return nil
	}
	if err := j.awaitNoWeights(ctx); err != nil {
		return err
	}
	if err := j.awaitProvisioned(ctx); err != nil {
		return err
	}
	j.out.Status, j.out.Reason = d.status, d.reason
	j.tellMove(d.reason)
	return nil
}

// swap is the compare-and-swap: it makes the alias what shape says, from the
// verb's decision over the alias as it was seen last. If it is not so any more,
// it is read and decided again; but an alias that this run has at hand already,
// in a shift, is left to whoever took it.
func (j *job) swap(ctx context.Context, shape func(decision) awsapi.Alias) (decision, error) {
	for {
		d, err := j.verb.decide(ctx, j)
		if err != nil || d.want == nil {
			return d, err
		}
		want := shape(d)
		before := j.seen
		after, err := j.write(ctx, want)
		if err == nil {
			j.landed(before, after)
			return d, nil
		}
		beaten := awsapi.Is(err, awsapi.Stale) || // somebody moved it,
			awsapi.Is(err, awsapi.Conflict) && !before.exists() || // or made it,
			awsapi.Is(err, awsapi.NotFound) && before.exists() // or deleted it; or it was ourselves:
		// AWS may have done it and the answer was lost; then a 412 only means
		// that the SDK's second try came after its first.
		if !beaten && awsapi.EffectOf(err) <= awsapi.Rejected {
			return d, err
		}
		landed, lookErr := j.lookFor(ctx, want, !beaten && awsapi.EffectOf(err) == awsapi.NoResponse)
		switch {
		case lookErr != nil:
			j.out.After, j.out.Displaced = Position{Unknown: true}, true
			j.out.Reason = fmt.Sprintf("%s was at %s and may be at %s by now: AWS does not tell (%v)",
				j.out.Alias, before.Position, want.Version, lookErr)
			return d, err
		case landed:
			j.landed(before, j.seen)
			return d, nil
		case !beaten || j.seen.revision == before.revision: // no one was first: a refusal of another kind
			return d, err
		case j.moved != nil:
			return d, j.taken()
		}
		j.fact("%s was changed by someone else meanwhile, it is at %s: deciding again", j.out.Alias, j.seen.Position)
	}
}

// taken notes that someone else has moved an alias that this run was shifting:
// it is theirs now, and nothing is undone.
func (j *job) taken() error {
	by := ""
	if run := j.seen.mark.Run; run != 0 && run != j.moved.mark.Run {
		by = fmt.Sprintf(" (run %d)", run)
	}
	j.moved = nil
	j.out.Displaced = true
	j.out.Reason = fmt.Sprintf("%s is at %s, where someone else%s has put it; it is left there", j.out.Alias, j.seen.Position, by)
	return fmt.Errorf("shift %s of %s: someone else%s has moved it to %s meanwhile", j.out.Alias, j.fn.Name, by, j.seen.Position)
}

// lookFor finds out whether a write has landed that AWS did not confirm. It
// works also when the job is over. A write that was never answered may land
// even later: fence makes sure that it does not.
func (j *job) lookFor(ctx context.Context, want awsapi.Alias, fence bool) (landed bool, err error) {
	if ctx.Err() != nil {
		if awsapi.WrappedUp(ctx) {
			return false, ctx.Err()
		}
		var cancel context.CancelFunc
		ctx, cancel = awsapi.WrapUp(ctx, awsapi.FinishTime)
		defer cancel()
	}
	for {
		if err := j.readAlias(ctx); err != nil {
			return false, err
		}
		if j.seen.is(want) || !fence {
			return j.seen.is(want), nil
		}
		if !j.seen.exists() {
			return false, errors.New("it does not exist yet")
		}
		touched, err := j.r.AWS.BumpRevision(ctx, j.fn, j.out.Alias, j.seen.revision)
		switch {
		case err == nil:
			j.seen.revision = touched.Revision
			return false, nil
		case !awsapi.Is(err, awsapi.Stale):
			return false, err
		}
	}
}

// write creates the alias or updates it.
func (j *job) write(ctx context.Context, want awsapi.Alias) (state, error) {
	put := j.r.AWS.UpdateAlias
	if want.Revision == "" {
		put = j.r.AWS.CreateAlias
	}
	a, err := put(ctx, j.fn, want)
	if err != nil {
		return state{}, err
	}
	return stateOf(a)
}

// is tells whether the alias is as wanted. The description holds the mark with
// the run, so it is this run that made it so; weights that are there though
// none were wanted are AWS's own (fact A12a).
func (s state) is(want awsapi.Alias) bool {
	return s.Version.String() == want.Version && s.description == want.Description &&
		(len(want.Weights) == 0 || maps.Equal(s.weights(), want.Weights))
}

// landed notes that a write of this run's has made the alias what it is now.
func (j *job) landed(before, after state) {
	if j.moved == nil {
		j.prior = before.withoutLeftover()
		j.out.Before = before.Position
	}
	j.moved, j.seen = &after, after
	j.out.After = after.Position
}

// withoutLeftover is the state to return to: what a dead shift has left is not
// part of it.
func (s state) withoutLeftover() state {
	if to, _ := s.shift(time.Time{}); to != None {
		s.Weights = nil
		s.mark.ShiftTo, s.mark.Until = None, time.Time{}
		s.description = Describe(s.text, s.mark)
	}
	return s
}

func (j *job) tellMove(reason string) {
	switch {
	case !j.prior.exists():
		j.fact("%s: created at %s", j.out.Alias, j.out.After)
	case j.prior.Position.Equal(j.out.After):
		j.fact("%s stays at %s: %s", j.out.Alias, j.out.After, reason)
	default:
		j.fact("%s: %s -> %s", j.out.Alias, j.prior.Position, j.out.After)
	}
}

// awaitNoWeights waits until an alias with provisioned concurrency, which AWS
// itself moves gradually, serves the new version only.
func (j *job) awaitNoWeights(ctx context.Context) error {
	for polls := 0; len(j.seen.Weights) > 0; polls++ {
		if polls%tellEvery == 0 {
			j.fact("AWS is moving the provisioned concurrency: %s is at %s", j.out.Alias, j.seen.Position)
		}
		if err := awsapi.Sleep(ctx, weightsPoll); err != nil {
			return fmt.Errorf("wait for AWS to move %s of %s: %w", j.out.Alias, j.fn.Name, err)
		}
		if err := j.readAlias(ctx); err != nil {
			return err
		}
		// The revision is not asked: it is AWS itself that is at work on the alias.
		if j.seen.Version != j.moved.Version || j.seen.description != j.moved.description {
			return j.taken()
		}
		now := j.seen
		j.moved = &now
	}
	return nil
}

const (
	weightsPoll = time.Second
	tellEvery   = 15 // polls
)
