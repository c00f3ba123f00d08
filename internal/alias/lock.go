package alias

import (
	"fmt"
	"strings"
	"time"
)

// MaxReason is how many characters the reason of a lock may have.
const MaxReason = 60

// LockState is what was done last to keep an alias from being moved, or to allow
// it again.
type LockState uint8

// The states. The zero LockState is that of an alias that was never locked.
const (
	Locked LockState = iota + 1
	Unlocked
)

// String is the state for people: `locked`.
func (s LockState) String() string {
	return map[LockState]string{0: "not locked", Locked: "locked", Unlocked: "unlocked"}[s]
}

// Lock is the part of a history that keeps an alias from being moved by anything
// but a rollback. The zero Lock is none.
type Lock struct {
	State  LockState
	Reason string    // as LockReason makes it; "": none was given
	Until  time.Time // in whole minutes of UTC; zero: until it is unlocked
	By     Run       // that has locked or unlocked it
}

// NewLock is a lock by a run that ends when until does, in whole minutes, or with
// the zero time when it is unlocked.
func NewLock(reason string, until time.Time, by Run) Lock {
	l := Lock{State: Locked, Reason: reason, By: by}
	if !until.IsZero() {
		l.Until = wholeMinute(until)
	}
	return l
}

// LockReason makes a reason of a text: one line, without what would be taken for
// another part of a history.
func LockReason(text string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("|", "/", "[", "(", "]", ")").Replace(text)), " ")
}

// Holds reports whether the alias is locked: one whose end has passed is none.
func (l Lock) Holds(now time.Time) bool {
	return l.State == Locked && (l.Until.IsZero() || now.Before(l.Until))
}

// At is the lock as it counts at a time: none if its end has passed.
func (l Lock) At(now time.Time) Lock {
	if l.State == Locked && !l.Holds(now) {
		return Lock{}
	}
	return l
}

// SameAs reports whether two locks keep the alias for the same reason and time.
func (l Lock) SameAs(o Lock) bool {
	return l.State == o.State && l.Reason == o.Reason && l.Until.Equal(o.Until)
}

// String is the lock for people: `locked by run 4740 until 2026-11-24T06:00Z:
// incident 7`.
func (l Lock) String() string {
	by := ""
	if l.By.Known() {
		by = " by " + l.By.String()
	}
	return l.State.String() + by + l.terms()
}

// Terms are the reason and the end of the lock, for people: `incident 7 (until
// 2026-11-24T06:00Z)`.
func (l Lock) Terms() string {
	until := "until it is unlocked"
	if !l.Until.IsZero() {
		until = "until " + l.Until.Format(HistoryTime)
	}
	if l.Reason == "" {
		return until
	}
	return fmt.Sprintf("%s (%s)", l.Reason, until)
}

// terms are the end and the reason as far as there are any.
func (l Lock) terms() string {
	text := ""
	if !l.Until.IsZero() {
		text = " until " + l.Until.Format(HistoryTime)
	}
	if l.Reason != "" {
		text += ": " + l.Reason
	}
	return text
}

// mark is the lock as it stands in a history, without its run.
func (l Lock) mark() string {
	if l.State == Locked {
		return l.State.String() + l.terms()
	}
	return l.State.String()
}

// parseLock reads what mark writes, as far as it is one.
func parseLock(field string) (l Lock, err error) {
	head, reason, _ := strings.Cut(field, ": ")
	word, until, ends := strings.Cut(head, " until ")
	switch l.Reason = reason; word {
	case "locked":
		l.State = Locked
	case "unlocked":
		l.State = Unlocked
	default:
		return l, fmt.Errorf("%q is not a lock", field)
	}
	if ends {
		l.Until, err = time.Parse(HistoryTime, until)
	}
	return l, err
}

// Mark is the change that writes l into the history and leaves the alias where it
// is; but a lock ends a shift that lambda-release itself has under way, or has left.
func (s State) Mark(l Lock, now time.Time) Change {
	h := s.History
	if h.Head() == None {
		h = s.ActualHistory()
	}
	c := Change{Text: s.Text, KeepWeights: true}
	if l.State == Locked && h.Deployment == "" && h.Head() == s.Version {
		if to, _ := s.Shift(now); to != None {
			c.KeepWeights = false
		}
		h = h.withoutShift()
	}
	c.History = h.withLock(l)
	return c
}

// SameApartFromLock is Same for what does not depend on whether the alias is locked.
func (s State) SameApartFromLock(o State) bool {
	s.History = s.History.withLock(o.History.Lock)
	return s.Same(o)
}

// NoRoom is the room for a reason where there is none for a lock without one.
const NoRoom = -1

// ReasonRoom is how many characters of the lock's reason the description has room for
// beside the user's text and one position of the history, and whether that is all of
// them.
func (c Change) ReasonRoom() (room int, all bool) {
	h, reason := c.History, []rune(c.History.Lock.Reason)
	h.Versions = h.Versions[:min(len(h.Versions), 1)]
	for room = len(reason); room > NoRoom; room-- {
		if h.Lock.Reason = string(reason[:room]); fits(strings.TrimSpace(c.Text), h) {
			break
		}
	}
	return room, room == len(reason)
}

// LosesHistory reports whether the change leaves only one position of several in
// the history, so that a rollback would not know where to go.
func (c Change) LosesHistory() bool {
	_, h := ReadDescription(Describe(c.Text, c.History))
	return len(h.Versions) == 1 && len(c.History.Versions) > 1
}
