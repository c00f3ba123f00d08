package release

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lambda-release/internal/awsapi"
)

// readAlias sees where the alias is; one that does not exist is the zero state.
func (j *job) readAlias(ctx context.Context) error {
	a, err := j.r.AWS.Alias(ctx, j.fn.ID, j.out.Alias)
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
	aliases, err := j.r.AWS.Aliases(ctx, j.fn.ID)
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

// move puts the alias where the verb wants it, as a compare-and-swap: if it is
// not as it was seen, it is read and decided again. A nil error means that the
// outcome has its status.
func (j *job) move(ctx context.Context) error {
	for {
		d, err := j.verb.decide(ctx, j)
		if err != nil {
			return err
		}
		if d.want == nil {
			j.end(d)
			return nil
		}
		before := j.seen
		after, err := j.write(ctx, *d.want)
		if err == nil {
			j.landed(d, before, after)
			return nil
		}
		beaten := awsapi.Is(err, awsapi.Stale) || // somebody moved it,
			awsapi.Is(err, awsapi.Conflict) && !before.exists() || // or made it,
			awsapi.Is(err, awsapi.NotFound) && before.exists() // or deleted it; or it was ourselves:
		// AWS may have done it and the answer was lost; then a 412 only means
		// that the SDK's second try came after its first.
		if !beaten && awsapi.FateOf(err) <= awsapi.Refused {
			return err
		}
		landed, lookErr := j.lookFor(ctx, *d.want, !beaten && awsapi.FateOf(err) == awsapi.Unanswered)
		switch {
		case lookErr != nil:
			j.out.After, j.out.Displaced = Position{Unknown: true}, true
			j.out.Reason = fmt.Sprintf("%s was at %s and may be at %s by now: AWS does not tell (%v)",
				j.out.Alias, before.Position, d.want.Version, lookErr)
			return err
		case landed:
			j.landed(d, before, j.seen)
			return nil
		case !beaten || j.seen.revision == before.revision: // no one was first: a refusal of another kind
			return err
		}
		j.fact("%s was changed by someone else meanwhile, it is at %s: deciding again", j.out.Alias, j.seen.Position)
	}
}

// lookFor finds out whether a write has landed that AWS did not confirm. It
// works also when the job is over. A write that was never answered may land
// even later: fence makes sure that it does not, by a write of its own which
// changes nothing but the revision that the lost one needs.
func (j *job) lookFor(ctx context.Context, want awsapi.Alias, fence bool) (landed bool, err error) {
	if ctx.Err() != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), awsapi.FinishTime)
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
		again, err := j.write(ctx, awsapi.Alias{
			Name: j.out.Alias, Version: j.seen.Version.String(), Description: j.seen.description,
			Weights: j.seen.weights(), Revision: j.seen.revision,
		})
		switch {
		case err == nil:
			j.seen = again
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
	a, err := put(ctx, j.fn.ID, want)
	if err != nil {
		return state{}, err
	}
	return stateOf(a)
}

// is tells whether the alias is as wanted, to the letter: the description holds
// the mark with the run, so it is this run that made it so.
func (s state) is(want awsapi.Alias) bool {
	return s.Version.String() == want.Version && s.description == want.Description && maps.Equal(s.weights(), want.Weights)
}

// landed notes that the alias is where it was wanted.
func (j *job) landed(d decision, before, after state) {
	j.prior, j.moved = before, &after
	j.out.Before, j.out.After = before.Position, after.Position
	j.out.Status, j.out.Reason = d.status, d.reason
	switch {
	case !before.exists():
		j.fact("%s: created at %s", j.out.Alias, after.Position)
	case before.Position.Equal(after.Position):
		j.fact("%s stays at %s: %s", j.out.Alias, after.Position, d.reason)
	default:
		j.fact("%s: %s -> %s", j.out.Alias, before.Position, after.Position)
	}
}

// undo puts an alias that this run has moved back to where it was, provided
// that it still is where this run has put it.
func (j *job) undo(ctx context.Context, blocked *job) {
	var err error
	if j.prior.exists() {
		err = j.putBack(ctx)
	} else {
		err = j.takeAway(ctx)
	}
	if err == nil {
		j.out.After = j.prior.Position
		j.shareFate(blocked, "put back to "+j.prior.Position.String())
		j.fact("%s: put back to %s", j.out.Alias, j.prior.Position)
		return
	}
	j.out.Displaced = true
	j.out.Reason = fmt.Sprintf("%s is at %s and was at %s", j.out.Alias, j.out.After, j.prior.Position)
	j.fail(fmt.Errorf("put %s of %s back, since %s could not be moved: %w", j.out.Alias, j.fn.Name, blocked.fn.Name, err))
}

func (j *job) putBack(ctx context.Context) error {
	was := awsapi.Alias{
		Name: j.out.Alias, Version: j.prior.Version.String(), Revision: j.moved.revision,
		Description: j.prior.description, Weights: j.prior.weights(),
	}
	_, err := j.write(ctx, was)
	if err == nil {
		return nil
	}
	back, lookErr := j.lookFor(ctx, was, false)
	switch {
	case lookErr != nil:
		j.out.After = Position{Unknown: true}
	case back:
		return nil
	}
	return err
}

// takeAway deletes an alias that this run has created. DeleteAlias knows no
// revision, so the alias is looked at right before; GetFunction does that on
// its own, larger rate, which keeps the undo of many within its time.
func (j *job) takeAway(ctx context.Context) error {
	now, err := j.r.AWS.Configuration(ctx, j.fn.ID, j.out.Alias)
	switch {
	case awsapi.Is(err, awsapi.NotFound):
		return nil
	case err != nil:
		return err
	case now.Version != j.moved.Version.String():
		return fmt.Errorf("someone else has moved it to %s since", now.Version)
	}
	return j.r.AWS.DeleteAlias(ctx, j.fn.ID, j.out.Alias)
}
