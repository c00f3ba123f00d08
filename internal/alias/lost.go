package alias

import (
	"fmt"
	"time"
)

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
