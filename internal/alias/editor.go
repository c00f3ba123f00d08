package alias

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
)

// Standing is how an alias stands after what this run has done to it.
type Standing int

// The standings.
const (
	Untouched   Standing = iota // this run has written nothing
	Written                     // the alias is as this run's last write left it
	Restored                    // it is again as it was before this run's first write
	NotRestored                 // it should have been restored, and is as Now shows
	LostToOther                 // another run, or a person, has changed it since this run's write
	Unknown                     // a write may or may not have had an effect
)

// ErrChanged is the error of a Write that found the alias changed, created or
// deleted since it was read, before this run had written anything. The caller
// decides anew from the Current state.
var ErrChanged = errors.New("the alias was changed since it was read")

// Editor reads and writes one alias during one run. Every write is a
// compare-and-swap: it is made only if the alias still is as it was read. An
// Editor is for one goroutine at a time.
type Editor struct {
	aws  *awsapi.Client
	fn   function.ID
	name string
	run  uint64
	fact func(text string)

	known    bool    // current was read or written
	current  State   // the alias as it was read or written last
	original State   // the alias before this run's first write
	written  *State  // the alias as this run's last write left it; nil: nothing to undo
	aim      Version // the version that the last change was about
	standing Standing
	doubt    string // of Unknown: what may have happened
	lostTo   string // of LostToOther: who has changed the alias
}

// NewEditor returns the Editor of an alias for a run, 0 outside CI. Facts worth
// a line in the log go to fact.
func NewEditor(aws *awsapi.Client, fn function.ID, name string, run uint64, fact func(text string)) *Editor {
	return &Editor{aws: aws, fn: fn, name: name, run: run, fact: fact}
}

// Name is the alias's name.
func (e *Editor) Name() string { return e.name }

// Current is the alias as it was read or written last.
func (e *Editor) Current() State { return e.current }

// Standing is how the alias stands after what this run has done to it.
func (e *Editor) Standing() Standing { return e.standing }

// Undoable reports whether this run has written something that is still there
// to be undone, as far as is known.
func (e *Editor) Undoable() bool { return e.written != nil }

// Before is where the alias was before this run's first write. What others have
// done to an alias that this run has not written is not this run's change: then
// it is where the alias is now.
func (e *Editor) Before() Position {
	if e.standing == Untouched {
		return e.Now()
	}
	return e.original.Position
}

// Now is where the alias is, as far as it is known.
func (e *Editor) Now() Position {
	if !e.known || e.standing == Unknown {
		return Position{Unknown: true}
	}
	return e.current.Position
}

// Forget drops what was read: the function does not exist, so nothing is known
// about the alias.
func (e *Editor) Forget() { e.known, e.current = false, State{} }

// Read reads the alias. One that does not exist is the zero State.
func (e *Editor) Read(ctx context.Context) error {
	a, err := e.aws.Alias(ctx, e.fn, e.name)
	switch {
	case awsapi.Is(err, awsapi.NotFound):
		e.recordRead(State{})
		return nil
	case err != nil:
		return err
	}
	s, err := Parse(a)
	if err != nil {
		return err
	}
	e.recordRead(s)
	return nil
}

// ReadAll reads all aliases of the function, by name, this one among them.
func (e *Editor) ReadAll(ctx context.Context) (map[string]State, error) {
	aliases, err := e.aws.Aliases(ctx, e.fn)
	if err != nil {
		return nil, err
	}
	all := map[string]State{}
	for _, a := range aliases {
		if all[a.Name], err = Parse(a); err != nil {
			return nil, err
		}
	}
	e.recordRead(all[e.name])
	return all, nil
}

// Write makes the alias what c says, provided that it still is as Current has
// it. An answer that never came is made up for by looking. The errors:
//   - ErrChanged: decide anew from Current;
//   - *LostError: the alias was changed since this run's own last write;
//   - with the standing Unknown: nobody can say whether the write had an effect;
//   - any other: it had none.
func (e *Editor) Write(ctx context.Context, c Change) error {
	from := e.current
	want := e.request(c, from)
	e.aim = c.aim()
	after, err := e.put(ctx, want)
	if err == nil {
		e.recordWrite(from, after)
		return nil
	}
	// A 412 may also mean that the SDK's second attempt came after its first.
	outrun := awsapi.Is(err, awsapi.Stale) ||
		awsapi.Is(err, awsapi.Conflict) && !from.Exists() ||
		awsapi.Is(err, awsapi.NotFound) && from.Exists()
	effect := awsapi.EffectOf(err)
	if !outrun && effect <= awsapi.Rejected {
		return err
	}
	confirmed, lookErr := e.confirm(ctx, want, !outrun && effect == awsapi.NoResponse)
	switch {
	case lookErr != nil:
		if e.written == nil {
			e.original = from
		}
		e.recordDoubt(fmt.Sprintf("%s was at %s and may be at %s by now: AWS does not answer (%v)", e.name, from.Position, want.Version, lookErr))
		return err
	case confirmed:
		e.recordWrite(from, e.current)
		return nil
	case !outrun || e.current.revision == from.revision: // refused for another reason
		return err
	case e.written != nil:
		return e.recordLoss()
	}
	e.fact(fmt.Sprintf("%s was changed meanwhile, it is at %s: deciding again", e.name, e.current.Position))
	return ErrChanged
}

// Delete deletes the alias as it is.
func (e *Editor) Delete(ctx context.Context) error {
	from := e.current
	err := e.aws.DeleteAlias(ctx, e.fn, e.name)
	if err != nil {
		if awsapi.EffectOf(err) <= awsapi.Rejected {
			return err
		}
		if deleted, lookErr := e.confirmDeleted(ctx); lookErr != nil || !deleted {
			return err
		}
	}
	e.recordWrite(from, State{})
	return nil
}

// AwaitRouting waits until an alias with provisioned concurrency, whose traffic
// AWS itself moves gradually, routes to the version it points to only (fact A12a).
func (e *Editor) AwaitRouting(ctx context.Context) error {
	for polls := 0; len(e.current.Weights) > 0; polls++ {
		if polls%pollsPerFact == 0 {
			e.fact(fmt.Sprintf("AWS is moving the provisioned concurrency: %s is at %s", e.name, e.current.Position))
		}
		if err := awsapi.Sleep(ctx, routingPoll); err != nil {
			return fmt.Errorf("wait for AWS to move %s of %s: %w", e.name, e.fn.Name, err)
		}
		if err := e.Read(ctx); err != nil {
			return err
		}
		// The revision changes here: AWS itself works on the alias.
		if e.current.Version != e.written.Version || e.current.description != e.written.description {
			return e.recordLoss()
		}
		e.recordWrite(e.original, e.current)
	}
	return nil
}

const (
	routingPoll  = time.Second
	pollsPerFact = 15
)

// Adopt reads the alias and takes what is there for this run's own write:
// CodeDeploy has made it for this run.
func (e *Editor) Adopt(ctx context.Context) error {
	if err := e.Read(ctx); err != nil {
		return err
	}
	e.recordWrite(e.original, e.current)
	return nil
}

// HandOver notes that something else may be moving the alias by now. This run
// undoes nothing, and no longer knows where the alias is.
func (e *Editor) HandOver(why string) {
	e.written = nil
	e.recordDoubt(fmt.Sprintf("%s was at %s; %s", e.name, e.original.Position, why))
}

// Leave notes that the alias stays where it is, although it should be elsewhere:
// this run undoes nothing.
func (e *Editor) Leave() { e.written, e.standing = nil, NotRestored }

// request is what AWS is sent to make the alias from what it is.
func (e *Editor) request(c Change, from State) awsapi.Alias {
	return awsapi.Alias{
		Name: e.name, Version: c.Version.String(), Weights: weightsOf(c.Weights),
		Description: Describe(c.Text, c.History), Revision: from.revision,
	}
}

// put creates the alias or updates it.
func (e *Editor) put(ctx context.Context, want awsapi.Alias) (State, error) {
	call := e.aws.UpdateAlias
	if want.Revision == "" {
		call = e.aws.CreateAlias
	}
	a, err := call(ctx, e.fn, want)
	if err != nil {
		return State{}, err
	}
	return Parse(a)
}

// confirm reads the alias to find out whether a write has had its effect that
// AWS did not confirm, also after the job's end. A write that was never answered
// may have it even later: fence makes sure that it has not.
func (e *Editor) confirm(ctx context.Context, want awsapi.Alias, fence bool) (confirmed bool, err error) {
	ctx, cancel, err := finishing(ctx)
	if err != nil {
		return false, err
	}
	defer cancel()
	for {
		if err := e.Read(ctx); err != nil {
			return false, err
		}
		if e.current.is(want) || !fence {
			return e.current.is(want), nil
		}
		if !e.current.Exists() {
			return false, errors.New("it does not exist yet")
		}
		bumped, err := e.aws.BumpRevision(ctx, e.fn, e.name, e.current.revision)
		switch {
		case err == nil:
			e.current.revision = bumped.Revision
			return false, nil
		case !awsapi.Is(err, awsapi.Stale):
			return false, err
		}
	}
}

// confirmDeleted reports whether the alias is gone, also after the job's end.
func (e *Editor) confirmDeleted(ctx context.Context) (bool, error) {
	ctx, cancel, err := finishing(ctx)
	if err != nil {
		return false, err
	}
	defer cancel()
	if err := e.Read(ctx); err != nil {
		return false, err
	}
	return !e.current.Exists(), nil
}

// finishing is a context that outlives the job's for a short while, if there is
// time left for that.
func finishing(ctx context.Context) (context.Context, context.CancelFunc, error) {
	switch {
	case ctx.Err() == nil:
		return ctx, func() {}, nil
	case awsapi.WrappedUp(ctx):
		return nil, nil, ctx.Err()
	}
	ctx, cancel := awsapi.WrapUp(ctx, awsapi.FinishTime)
	return ctx, cancel, nil
}

// is reports whether the alias is as wanted. The description holds the history
// with the run, so it is this run that made it so; weights that are there
// although none were wanted are AWS's own (fact A12a).
func (s State) is(want awsapi.Alias) bool {
	return s.Version.String() == want.Version && s.description == want.Description &&
		(len(want.Weights) == 0 || maps.Equal(weightsOf(s.Weights), want.Weights))
}

func (e *Editor) recordRead(s State) { e.known, e.current = true, s }

// recordWrite notes that a write of this run's has made the alias what it is now.
func (e *Editor) recordWrite(from, after State) {
	if e.written == nil {
		e.original = from
	}
	e.known, e.current, e.written, e.standing = true, after, &after, Written
}

// recordDoubt notes that a write may or may not have had an effect.
func (e *Editor) recordDoubt(what string) { e.standing, e.doubt = Unknown, what }

// recordLoss notes that the alias was changed since this run's write: nothing of
// it is undone.
func (e *Editor) recordLoss() error {
	e.lostTo = e.changedBy()
	e.written, e.standing = nil, LostToOther
	return &LostError{Function: e.fn.Name, Alias: e.name, Now: e.current.Position, By: e.lostTo}
}

// changedBy is who has changed the alias since this run's write, as far as its
// history tells.
func (e *Editor) changedBy() string {
	if run := e.current.History.Run; run != 0 && run != e.written.History.Run {
		return fmt.Sprintf("run %d", run)
	}
	return "another run or a person"
}

// LostError says that an alias was changed by another run, or by a person,
// after this run had written it. It is left as it is.
type LostError struct {
	Function, Alias string
	Now             Position
	By              string
}

func (e *LostError) Error() string {
	if e.Now.Version == None {
		return fmt.Sprintf("move %s of %s: %s has deleted it meanwhile", e.Alias, e.Function, e.By)
	}
	return fmt.Sprintf("move %s of %s: %s has moved it to %s meanwhile", e.Alias, e.Function, e.By, e.Now)
}

// weightsOf is weights as AWS takes them.
func weightsOf(weights map[Version]float64) map[string]float64 {
	all := map[string]float64{}
	for v, w := range weights {
		all[v.String()] = w
	}
	return all
}
