package alias

import (
	"context"
	"errors"
	"fmt"
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

// Leave notes that the alias stays where it is, although it should be elsewhere:
// this run undoes nothing.
func (e *Editor) Leave() { e.written, e.standing = nil, NotRestored }

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
