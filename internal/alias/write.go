package alias

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"lambda-release/internal/awsapi"
)

// Write makes the alias what c says, provided that it still is as Current has
// it. What AWS only refuses for now is tried again until ctx ends. If
// no answer comes, Write reads the alias to find out what happened. The errors:
//   - ErrChanged: decide anew from Current;
//   - *LostError: the alias was changed since this run's own last write;
//   - with the standing Unknown: whether the write had an effect is not known;
//   - any other: it had none.
func (e *Editor) Write(ctx context.Context, c Change) error {
	if e.written != nil {
		c = c.onto(e.original, e.current)
	}
	from, want := e.current, e.request(c, e.current)
	e.aim = c.aim()
	after, result, lookErr, err := e.send(ctx, want, c.Fresh)
	switch result {
	case done:
		if c.KeepWeights { // the answer does not show those of AWS's own (fact A12a)
			after.Position = from.Position
		}
		e.recordWrite(from, after)
		return nil
	case unclear:
		if e.written == nil {
			e.original = from
		}
		may := "be at " + want.Version
		if c.Version == None {
			may = "be " + c.History.Lock.State.String()
		}
		e.recordDoubt(fmt.Sprintf("%s %s, and may %s by now: %v", e.name, from.Was(), may, lookErr))
		return err
	case changed:
		switch {
		case e.written == nil:
			what := fmt.Sprintf("changed meanwhile, it is at %s", e.current.Position)
			if !e.current.Exists() {
				what = "deleted meanwhile"
			}
			e.fact(e.name + " was " + what)
			return ErrChanged
		case e.isAsLeft(), // only its text was edited, or AWS itself has worked on it
			c.leaves(e.current) && e.current.SameApartFromLock(*e.written):
			e.recordWrite(e.original, e.current)
			return e.Write(ctx, c)
		}
		return e.recordLoss()
	default:
		return errors.Join(err, lookErr)
	}
}

// send makes a write, and tries it again as long as AWS refuses it only for now.
// lookErr belongs to the result, and err is what AWS answered.
func (e *Editor) send(ctx context.Context, want awsapi.Alias, fresh bool) (after State, r result, lookErr, err error) {
	var pace awsapi.Backoff
	for refusals := 0; ; refusals++ {
		after, err := e.put(ctx, want)
		if err == nil {
			return after, done, nil, nil
		}
		calls := 1
		passing := awsapi.Is(err, awsapi.Conflict) || awsapi.Is(err, awsapi.NotFound)
		if !passing || refusals%explainEvery == 0 {
			if r, lookErr = e.resolve(ctx, want, fresh, err, &pace); r != notYet {
				return e.current, r, lookErr, err
			}
			calls = 3
		}
		next := 1
		if (refusals+1)%explainEvery == 0 {
			next = 3
		}
		if pace.WaitFor(ctx, calls, next) == nil {
			continue
		}
		if awsapi.WrappedUp(ctx) { // who has used up an undo's time looks by itself
			return e.current, refused, nil, awsapi.GaveUp(ctx, err)
		}
		if r, lookErr = e.resolve(ctx, want, fresh, err, &pace); r == notYet {
			r = refused
		}
		return e.current, r, lookErr, awsapi.GaveUp(ctx, err)
	}
}

// explainEvery is how many refusals in a row are explained by reading: one of them.
const explainEvery = 4

// result is what became of a write whose answer was an error.
type result int

const (
	refused result = iota // it had no effect, and cannot have any more
	done                  // the alias is as wanted
	changed               // the alias was changed by others first
	notYet                // AWS refuses it only for now
	unclear               // whether it had an effect is not known
)

// resolve finds out what became of a write that was answered with an error. AWS's
// words are never decisive: it reads what would explain the error. fresh says
// that this run has just made the version. The error says why it is unclear, or
// what a refusal is really about.
func (e *Editor) resolve(ctx context.Context, want awsapi.Alias, fresh bool, err error, pace *awsapi.Backoff) (result, error) {
	effect := awsapi.EffectOf(err)
	switch {
	case awsapi.Is(err, awsapi.Stale):
		e.outdated[want.Revision] = true // or the SDK's second attempt came after its first
	case awsapi.Is(err, awsapi.Conflict), awsapi.Is(err, awsapi.NotFound):
	case effect <= awsapi.Rejected:
		return refused, nil
	}
	ctx, cancel := awsapi.Confirming(ctx)
	defer cancel()
	lookErr := e.read(ctx, pace)
	switch {
	case errors.Is(lookErr, errStale) && effect <= awsapi.Rejected:
		// AWS refuses the revision that it shows: it has looked at an older one.
		delete(e.outdated, want.Revision)
		return notYet, nil
	case lookErr != nil:
		return unresolved(effect), fmt.Errorf("it cannot be read: %w", lookErr)
	case e.current.is(want):
		return done, nil
	case e.current.revision != want.Revision:
		return changed, nil
	case effect > awsapi.Rejected:
		return e.fence(ctx, want)
	case awsapi.Is(err, awsapi.Conflict), awsapi.Is(err, awsapi.NotFound):
		return e.refusal(ctx, want, fresh)
	}
	return refused, nil
}

// unresolved is the result of a write where nothing could be read.
func unresolved(effect awsapi.Effect) result {
	if effect <= awsapi.Rejected {
		return refused
	}
	return unclear
}

// fence makes sure that a write that was never answered, and that a read does
// not show, cannot have its effect any more: it gives the alias a new revision.
func (e *Editor) fence(ctx context.Context, want awsapi.Alias) (result, error) {
	if !e.current.Exists() {
		return e.awaitCreated(ctx, want)
	}
	var pace awsapi.Backoff
	for {
		bumped, err := e.aws.BumpRevision(ctx, e.fn, e.name, want.Revision)
		switch {
		case err == nil:
			s, err := Parse(bumped)
			if err != nil {
				return unclear, err
			}
			e.outdated[want.Revision] = true
			e.recordRead(s)
			return refused, nil
		case awsapi.Is(err, awsapi.Stale): // the read was an old one
			e.outdated[want.Revision] = true
			if err := e.Read(ctx); err != nil {
				return unclear, fmt.Errorf("it cannot be read: %w", err)
			}
			if e.current.is(want) {
				return done, nil
			}
			return changed, nil
		case !awsapi.Is(err, awsapi.Conflict) || pace.Wait(ctx, 1) != nil:
			return unclear, err
		}
	}
}

// awaitCreated looks for an alias that may have been created, or may not be shown
// yet (fact A19). There is no revision to fence a late request with.
func (e *Editor) awaitCreated(ctx context.Context, want awsapi.Alias) (result, error) {
	var pace awsapi.Backoff
	for began := time.Now(); !e.current.Exists(); {
		left := staleTime - time.Since(began)
		if left <= 0 || waitAtMost(ctx, &pace, left) != nil {
			return unclear, errors.New("it does not exist yet")
		}
		if err := e.Read(ctx); err != nil {
			return unclear, fmt.Errorf("it cannot be read: %w", err)
		}
	}
	if e.current.is(want) {
		return done, nil
	}
	return changed, nil
}

// refusal tells why AWS refuses a write with 409 or 404 to an alias that is as it
// was read: the version cannot serve, or does not exist; what neither explains is
// only so for now.
func (e *Editor) refusal(ctx context.Context, want awsapi.Alias, fresh bool) (result, error) {
	if want.Version == "" {
		return notYet, nil
	}
	read := e.aws.Lookup
	if fresh {
		read = e.aws.Configuration
	}
	v, err := read(ctx, e.fn, want.Version)
	switch {
	case awsapi.Is(err, awsapi.NotFound) && !fresh:
		return refused, err
	case err == nil && v.State == "Failed":
		return refused, &awsapi.StateError{Function: e.fn.Name, Qualifier: want.Version, What: "State", Reason: v.StateReason}
	}
	return notYet, nil
}

// Delete deletes the alias as it is Current. ErrChanged says that it was changed
// while AWS refused that for now.
func (e *Editor) Delete(ctx context.Context) error {
	from := e.current
	var pace awsapi.Backoff
	for {
		err := e.aws.DeleteAlias(ctx, e.fn, e.name)
		if awsapi.Is(err, awsapi.Conflict) && pace.Wait(ctx, 2) == nil {
			if err := e.Read(ctx); err != nil {
				return err
			}
			if !e.current.Same(from) {
				return ErrChanged
			}
			continue
		}
		if err == nil {
			e.recordWrite(from, State{})
		} else if awsapi.EffectOf(err) > awsapi.Rejected {
			e.original = from
			e.recordDoubt(fmt.Sprintf("%s was at %s and may be deleted by now", e.name, from.Position))
		}
		return err
	}
}

// Is reports whether the alias is what c says already, as far as is known.
func (e *Editor) Is(c Change) bool {
	return e.current.Exists() && e.current.is(e.request(c, e.current))
}

// request is what AWS is sent to make the alias from what it is.
func (e *Editor) request(c Change, from State) awsapi.Alias {
	want := awsapi.Alias{
		Name: e.name, Version: c.Version.String(),
		Description: Describe(c.Text, c.History.withLock(c.History.Lock.At(time.Now()))), Revision: from.revision,
	}
	if !c.KeepWeights {
		want.Weights = weightsOf(c.Weights)
	}
	return want
}

// put creates the alias or updates it: what is not wanted of it stays as it is.
func (e *Editor) put(ctx context.Context, want awsapi.Alias) (State, error) {
	var a awsapi.Alias
	var err error
	switch {
	case want.Revision == "":
		a, err = e.aws.CreateAlias(ctx, e.fn, want)
	case want.Weights == nil:
		a, err = e.aws.DescribeAlias(ctx, e.fn, want.Name, want.Description, want.Revision)
	default:
		a, err = e.aws.UpdateAlias(ctx, e.fn, want)
	}
	if err != nil {
		return State{}, err
	}
	return Parse(a)
}

// is reports whether the alias is as wanted. The description holds the history
// with the run, so it is this run that made it so; weights that are there
// although none were wanted are AWS's own (fact A12a).
func (s State) is(want awsapi.Alias) bool {
	return (want.Version == "" || s.Version.String() == want.Version) && s.description == want.Description &&
		(want.Weights == nil || maps.Equal(weightsOf(s.Weights), want.Weights) || len(want.Weights) == 0 && s.Settling())
}

// weightsOf is weights as AWS takes them.
func weightsOf(weights map[Version]float64) map[string]float64 {
	all := map[string]float64{}
	for v, w := range weights {
		all[v.String()] = w
	}
	return all
}
