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

// errStale is the error of a read that AWS answers from before what this run has
// seen or written.
var errStale = errors.New("AWS still shows an older state of it")

// Editor reads and writes one alias during one run. Every write is a
// compare-and-swap: it is made only if the alias still is as it was read. Reads
// that are older than a write of this run are asked again. An Editor is for one
// goroutine at a time.
type Editor struct {
	aws  *awsapi.Client
	fn   function.ID
	name string
	run  Run
	fact func(text string)

	known    bool            // current was read or written
	current  State           // the alias as it was read or written last
	original State           // the alias before this run's first write
	written  *State          // the alias as this run's last write left it; nil: nothing to undo
	outdated map[string]bool // revisions that the alias is past
	aim      Version         // the version that the last change was about

	annotation string // the description that Annotate has sent last

	standing Standing
	doubt    string // of Unknown: what may have happened
	lostTo   string // of LostToOther: who has changed the alias,
	// and what they have locked or unlocked.
	lostToLock Lock
}

// NewEditor returns the Editor of an alias for a run. Facts worth a line in the
// log go to fact.
func NewEditor(aws *awsapi.Client, fn function.ID, name string, run Run, fact func(text string)) *Editor {
	return &Editor{aws: aws, fn: fn, name: name, run: run, fact: fact, outdated: map[string]bool{}}
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

// Overtaken reports whether a read has shown the alias elsewhere than this run's
// last write has put it.
func (e *Editor) Overtaken() bool { return e.written != nil && !e.isAsWritten() }

// isAsWritten reports whether the alias is where this run's last write has put it.
func (e *Editor) isAsWritten() bool {
	return e.current.Version == e.written.Version && len(e.current.Settled().Weights) == 0
}

// isAsLeft reports whether the alias is as this run's last write has left it. A lock
// that has ended since makes no difference.
func (e *Editor) isAsLeft() bool {
	s := e.current
	return s.Same(*e.written) || !s.History.Lock.Holds(time.Now()) && s.SameApartFromLock(*e.written)
}

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

const (
	// staleTime is how long AWS may answer reads from before this run's write. The
	// lag is seconds (fact A19); what is old for longer is an error.
	staleTime = 9 * time.Second
	// absentTime is how long a 404 of an alias that this run has seen is asked again
	// before it is believed: others may have deleted it.
	absentTime = 2 * time.Second
	// verifyTime is how long a read after the last write may take, stale answers
	// included.
	verifyTime = 10 * time.Second
)

// Read reads the alias. One that does not exist is the zero State. An answer from
// before this run's last write, or none of an alias that this run has created, is
// asked again for up to 9 seconds; that an alias no longer exists, for 2.
func (e *Editor) Read(ctx context.Context) error { return e.read(ctx, &awsapi.Backoff{}) }

// read is Read at the pace of a loop that it is part of.
func (e *Editor) read(ctx context.Context, pace *awsapi.Backoff) error {
	for began := time.Now(); ; {
		s, err := e.get(ctx)
		if err != nil {
			return err
		}
		left := e.patience(s) - time.Since(began)
		if !e.isOutdated(s) || left <= 0 && !s.Exists() {
			e.recordRead(s)
			return nil
		}
		if left <= 0 || waitAtMost(ctx, pace, left) != nil {
			return fmt.Errorf("read %s of %s: %w", e.name, e.fn.Name, errStale)
		}
	}
}

// waitAtMost waits for the next call of a loop, but not longer than d: a loop that
// ends then has the answer of that time.
func waitAtMost(ctx context.Context, pace *awsapi.Backoff, d time.Duration) error {
	bound, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	_ = pace.Wait(bound, 1)
	return ctx.Err()
}

func (e *Editor) get(ctx context.Context) (State, error) {
	a, err := e.aws.Alias(ctx, e.fn, e.name)
	switch {
	case awsapi.Is(err, awsapi.NotFound):
		return State{}, nil
	case err != nil:
		return State{}, err
	}
	return Parse(a)
}

// isOutdated reports whether a state contradicts what this run knows: it is older than
// this run's last write, or shows no alias where there was one.
func (e *Editor) isOutdated(s State) bool { return e.patience(s) > 0 }

// patience is how long a read that shows such a state is repeated.
func (e *Editor) patience(s State) time.Duration {
	switch {
	case s.Exists() && e.outdated[s.revision], !s.Exists() && e.written != nil && !e.original.Exists():
		return staleTime
	case !s.Exists() && e.current.Exists():
		return absentTime
	}
	return 0
}

// ReadAll reads all aliases of the function, by name, this one among them. Where
// AWS lists it as it was before this run's write, it is as that write left it.
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
	switch own := all[e.name]; {
	case !e.isOutdated(own):
		e.recordRead(own)
		return all, nil
	case !own.Exists(): // the list may be old, or others have deleted the alias
		if err := e.Read(ctx); err != nil {
			return nil, err
		}
	}
	if e.current.Exists() {
		all[e.name] = e.current
	}
	return all, nil
}

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

// Verify reads the alias once more, so that success is reported of what was seen.
// A *LostError says that others have changed it since this run's last write; any
// other error, that it could not be read within 10 seconds. Weights of AWS's own
// are left to AwaitRouting.
func (e *Editor) Verify(ctx context.Context) error {
	if err := e.observe(ctx); err != nil {
		return err
	}
	if !e.isAsWritten() {
		return e.recordLoss()
	}
	e.recordSeen()
	return nil
}

// VerifyAt is Verify for an alias that this run has not written, because it was at
// v already.
func (e *Editor) VerifyAt(ctx context.Context, v Version) error {
	if err := e.observe(ctx); err != nil {
		return err
	}
	if e.current.Version == v && len(e.current.Settled().Weights) == 0 {
		return nil
	}
	e.lostTo = e.ChangedBy()
	return &LostError{Function: e.fn.Name, Alias: e.name, Now: e.current.Position, By: e.lostTo}
}

// observe reads the alias for the last word about it.
func (e *Editor) observe(ctx context.Context) error {
	ctx, cancel := awsapi.Confirming(ctx)
	defer cancel()
	bound, cancelRead := context.WithTimeout(ctx, verifyTime)
	defer cancelRead()
	return e.Read(bound)
}

// AwaitRouting waits until AWS has moved the provisioned concurrency of the
// alias, and with it the traffic. An *awsapi.StateError reports that AWS cannot
// provide it: then it leaves its weights for ever (fact A12c).
func (e *Editor) AwaitRouting(ctx context.Context) error {
	var pace awsapi.Backoff
	reported := time.Time{}
	check := e.checkProvisioned()
	for e.current.Settling() {
		if now := time.Now(); now.Sub(reported) >= factPeriod {
			reported = now
			e.fact(fmt.Sprintf("AWS is moving the provisioned concurrency: %s is at %s", e.name, e.current.Position))
		}
		if err := check(ctx); err != nil {
			return err
		}
		if err := pace.Wait(ctx, 2); err != nil {
			return awsapi.Interrupted(fmt.Sprintf("wait for AWS to move %s of %s", e.name, e.fn.Name), err)
		}
		if err := e.Read(ctx); err != nil {
			return err
		}
		if e.written == nil {
			continue
		}
		if !e.isAsWritten() {
			return e.recordLoss()
		}
		e.recordSeen()
	}
	return nil
}

// checkProvisioned returns a check that fails when AWS cannot provide the
// provisioned concurrency. Without the permission to ask it checks nothing.
func (e *Editor) checkProvisioned() func(context.Context) error {
	denied := false
	return func(ctx context.Context) error {
		if denied {
			return nil
		}
		now, err := e.aws.ProvisionedConcurrency(ctx, e.fn, e.name)
		denied = awsapi.Is(err, awsapi.Denied)
		if err == nil && now.Status == awsapi.ProvisioningFailed {
			return &awsapi.StateError{Function: e.fn.Name, Qualifier: e.name, What: "provisioned concurrency", Reason: now.Reason}
		}
		return nil
	}
}

// factPeriod is how often a wait is reported.
const factPeriod = 15 * time.Second

// annotations is how often a note is tried.
const annotations = 4

// Annotate writes the history of an alias that CodeDeploy shifts at the same time:
// version, weights and lock are left as they are.
func (e *Editor) Annotate(ctx context.Context, h History) error {
	var pace awsapi.Backoff
	for attempt := 1; ; attempt++ {
		from := e.current
		if e.annotation = Describe(from.Text, h.withLock(from.History.Lock)); from.description == e.annotation {
			return nil // it was written, and the answer was lost
		}
		a, err := e.aws.DescribeAlias(ctx, e.fn, e.name, e.annotation, from.revision)
		if err == nil {
			after, err := Parse(a)
			if err != nil {
				return err
			}
			e.recordWrite(from, after)
			return nil
		}
		if !awsapi.Is(err, awsapi.Stale) && !awsapi.Is(err, awsapi.Conflict) || attempt == annotations || pace.Wait(ctx, 2) != nil {
			return err
		}
		if awsapi.Is(err, awsapi.Stale) {
			e.outdated[from.revision] = true
		}
		if err := e.Adopt(ctx); err != nil {
			return err
		}
	}
}

// Adopt reads the alias and takes what is there for this run's own write:
// CodeDeploy has made it for this run. The description shows that: CodeDeploy
// leaves it as it is.
func (e *Editor) Adopt(ctx context.Context) error {
	if err := e.Read(ctx); err != nil {
		return err
	}
	if e.written == nil || !e.noted() {
		return e.recordLoss()
	}
	e.recordWrite(e.original, e.current)
	return nil
}

// noted reports whether the history is the one that this run has written last, or
// has sent last to be noted. That the alias was locked since makes no difference.
func (e *Editor) noted() bool {
	_, sent := ReadDescription(e.annotation)
	now := e.current.History.withLock(Lock{}).String()
	return now == e.written.History.withLock(Lock{}).String() || e.annotation != "" && now == sent.withLock(Lock{}).String()
}

// HandOver notes that something else may be moving the alias by now. This run
// undoes nothing, and no longer knows where the alias is.
func (e *Editor) HandOver(why string) {
	e.written = nil
	e.recordDoubt(fmt.Sprintf("%s %s; %s", e.name, e.original.Was(), why))
}

// Leave notes that the alias stays where it is, although it should be elsewhere:
// this run undoes nothing.
func (e *Editor) Leave() { e.written, e.standing = nil, NotRestored }

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

func (e *Editor) recordRead(s State) { e.known, e.current = true, s }

// recordWrite notes that a write of this run's has made the alias what it is now.
func (e *Editor) recordWrite(from, after State) {
	if e.written == nil {
		e.original = from
	}
	if from.revision != after.revision {
		e.outdated[from.revision] = true
	}
	e.known, e.current, e.written, e.standing = true, after, &after, Written
}

// recordSeen takes what a read shows for this run's own write. If another run has
// noted something since, such as a lock, an undo leaves that.
func (e *Editor) recordSeen() {
	if e.isAsLeft() {
		e.recordWrite(e.original, e.current)
	}
}

// recordDoubt notes that a write may or may not have had an effect.
func (e *Editor) recordDoubt(what string) { e.standing, e.doubt = Unknown, what }

// recordLoss notes that the alias was changed since this run's write: nothing of
// it is undone.
func (e *Editor) recordLoss() error {
	e.lostTo, e.lostToLock = e.ChangedBy(), e.lockSince()
	e.written, e.standing = nil, LostToOther
	return &LostError{Function: e.fn.Name, Alias: e.name, Now: e.current.Position, By: e.lostTo, Lock: e.lostToLock}
}

// lockSince is what was locked or unlocked since this run's last write, the zero Lock
// if nothing was, or if the alias was moved, or shifted by another run, as well.
func (e *Editor) lockSince() Lock {
	now, was := e.current, e.written
	if was == nil || now.History.Lock == was.History.Lock || now.Version != was.Version || now.History.Run != was.History.Run {
		return Lock{}
	}
	return now.History.Lock
}

// ChangedBy is who else has changed the alias last, as far as its history shows.
func (e *Editor) ChangedBy() string {
	switch run := e.current.History.Run; {
	case e.lockSince().State != 0:
		return byOrUnknown(e.current.History.Lock.By)
	case e.current.Exists() && e.current.MovedOutside():
		return "a change made outside lambda-release"
	case run != e.run:
		return byOrUnknown(run)
	}
	return byOrUnknown(Run{})
}

func byOrUnknown(run Run) string {
	if run.Known() {
		return run.String()
	}
	return "another run or a person"
}

// LostError says that an alias was changed by another run, or by a person,
// after this run had written it. It is left as it is.
type LostError struct {
	Function, Alias string
	Now             Position
	By              string
	Lock            Lock // what they have locked or unlocked: a lock has ended this run's shift of its traffic
}

func (e *LostError) Error() string {
	if e.Lock.State != 0 {
		return fmt.Sprintf("move %s of %s: %s has %s it meanwhile, at %s", e.Alias, e.Function, e.By, e.Lock.State, e.Now)
	}
	return fmt.Sprintf("move %s of %s: %s meanwhile", e.Alias, e.Function, e.Now.MovedBy(e.By))
}

// Hint says how to go on with an alias that was locked.
func (e *LostError) Hint() string {
	switch {
	case e.Lock.State == 0:
		return ""
	case !e.Lock.Holds(time.Now()):
		return "A lock had ended the traffic shift, and is over: start this job again."
	}
	return "While it is locked, only `operation: rollback` moves it. `operation: unlock` ends that; then start this job again."
}

// weightsOf is weights as AWS takes them.
func weightsOf(weights map[Version]float64) map[string]float64 {
	all := map[string]float64{}
	for v, w := range weights {
		all[v.String()] = w
	}
	return all
}
