package alias

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

const (
	undoTime     = 30 * time.Second
	undoPerAlias = time.Second / 5
)

// UndoContext is the context for the undo of so many aliases, since the job's
// may have ended. After that end it has what is left of the job's budget.
func UndoContext(ctx context.Context, aliases int) (context.Context, context.CancelFunc) {
	return awsapi.WrapUp(ctx, undoTime+time.Duration(aliases)*undoPerAlias)
}

// Undo restores the alias to what it was before this run's first write, or
// deletes it if this run has created it; but only if it still is as this run has
// left it. With a version as left, the history says that it was rolled back from
// that version. The error is nil only if the standing is Restored; otherwise the
// alias was read again before Undo returns, so that Now is what is there.
func (e *Editor) Undo(ctx context.Context, left Version) (Standing, error) {
	var err error
	if e.original.Exists() {
		err = e.restore(ctx, left)
	} else {
		err = e.deleteCreated(ctx)
	}
	return e.standing, err
}

// exceptLast is ctx for the attempts of an undo: it leaves time for a last look at
// the alias.
func exceptLast(ctx context.Context) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok || time.Until(end) < 2*awsapi.ConfirmTime {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, end.Add(-awsapi.ConfirmTime))
}

func (e *Editor) restore(ctx context.Context, left Version) error {
	was := e.originalAlias(left)
	was.Revision = e.written.revision
	tries, cancel := exceptLast(ctx)
	defer cancel()
	for {
		after, result, lookErr, err := e.send(tries, was, false)
		switch {
		case result == done:
			e.recordUndo(Restored, after)
			return nil
		case result == unclear:
			e.recordDoubt(fmt.Sprintf("%s was moved to %s, and may be there or at %s again: %v", e.name, e.written.Position, e.original.Position, lookErr))
			return err
		case result == changed && e.changedSince():
			return e.recordLoss()
		case result == changed: // by AWS itself, in its text, or by a write of this run's that was never answered
			was = e.originalAlias(left)
			was.Revision = e.current.revision
		default:
			return e.notUndone(ctx, errors.Join(err, lookErr))
		}
	}
}

// notUndone notes that an undo was refused, after one more look at the alias.
func (e *Editor) notUndone(ctx context.Context, err error) error {
	ctx, cancel := awsapi.Confirming(ctx)
	defer cancel()
	switch lookErr := e.Read(ctx); {
	case lookErr != nil && !e.original.Exists():
		e.recordDoubt(fmt.Sprintf("%s was created at %s, and should be deleted again: it cannot be read: %v", e.name, e.written.Position, lookErr))
		e.written = nil // it may be another run's by now: nothing is advised that would delete it
	case lookErr != nil:
		e.recordDoubt(fmt.Sprintf("%s was moved to %s, and should be at %s again: it cannot be read: %v", e.name, e.written.Position, e.original.Position, lookErr))
	case e.changedSince():
		return e.recordLoss()
	default:
		e.recordUndo(NotRestored, e.current)
	}
	return err
}

// originalAlias is what the alias is restored to. The user's text stays if it was
// edited since. So does a lock that was taken over with the rest of what CodeDeploy has
// left, and the note of one that has ended since.
func (e *Editor) originalAlias(left Version) awsapi.Alias {
	original := e.original.withoutLeftover()
	was := awsapi.Alias{
		Name: e.name, Version: original.Version.String(), Weights: weightsOf(original.Weights), Description: original.description,
	}
	text, history := original.Text, original.History
	if e.current.Text != e.written.Text {
		text = e.current.Text
	}
	if left != None {
		history = original.ActualHistory().RolledBack(original.Version, left, e.run)
	}
	if lock := e.current.History.Lock.At(time.Now()); lock.State != 0 || lock != e.written.History.Lock {
		history = history.withLock(lock)
	}
	if text != original.Text || history.String() != original.History.String() {
		was.Description = Describe(text, history)
	}
	// A share of 1 is AWS's own in a gradual move, not a canary.
	maps.DeleteFunc(was.Weights, func(_ string, share float64) bool { return share == 1 })
	return was
}

// changedSince reports whether the alias is neither as this run's last write left
// it nor where a write of this run's has put it that was never answered.
func (e *Editor) changedSince() bool {
	s := e.current
	if e.isAsLeft() {
		return false
	}
	_, weighted := s.Weights[e.aim]
	moved := s.Version == e.aim && s.History.ShiftTo == None && len(s.Settled().Weights) == 0
	shifting := s.Version == s.History.Head() && s.History.ShiftTo == e.aim && (weighted || len(s.Weights) == 0)
	ownLateWrite := e.run.Known() && s.History.Run == e.run && s.History.Lock == e.written.History.Lock && (moved || shifting)
	return !ownLateWrite
}

// deleteCreated deletes an alias that this run has created. DeleteAlias takes no
// revision, so the alias is read right before each attempt: what others have made
// of it meanwhile, a canary too, is left alone.
func (e *Editor) deleteCreated(ctx context.Context) error {
	tries, cancel := exceptLast(ctx)
	defer cancel()
	var pace awsapi.Backoff
	for {
		s, err := e.get(tries)
		if err == nil && s.Exists() { // what is not found may not be found yet: a delete then does no harm
			e.recordRead(s)
			if e.changedSince() {
				return e.recordLoss()
			}
		}
		sent := err == nil
		if sent {
			err = e.aws.DeleteAlias(tries, e.fn, e.name)
		}
		switch {
		case err == nil:
			e.recordUndo(Restored, State{})
			return nil
		case awsapi.Is(err, awsapi.Conflict) && pace.Wait(tries, 2) == nil:
		case sent && awsapi.EffectOf(err) > awsapi.Rejected:
			e.recordDoubt(fmt.Sprintf("%s was created at %s, and may be there or deleted again", e.name, e.written.Position))
			return err
		default:
			return e.notUndone(ctx, err)
		}
	}
}

// recordUndo notes how an undo has ended.
func (e *Editor) recordUndo(s Standing, now State) {
	e.known, e.current, e.standing = true, now, s
}

// Whereabouts says in a sentence where an alias is that is not as it was before
// the run, without a full stop.
func (e *Editor) Whereabouts() string {
	switch e.standing {
	case Unknown:
		return e.doubt
	case LostToOther:
		if !e.current.Exists() {
			return fmt.Sprintf("%s was deleted by %s", e.name, e.lostTo)
		}
		if state := e.lostToLock.State; state != 0 {
			return fmt.Sprintf("%s is at %s, and %s has %s it; it is left there", e.name, e.current.Position, e.lostTo, state)
		}
		return fmt.Sprintf("%s is at %s, where %s moved it; it is left there", e.name, e.current.Position, e.lostTo)
	}
	if !e.original.Exists() {
		return fmt.Sprintf("%s was created at %s and could not be deleted again", e.name, e.current.Position)
	}
	return fmt.Sprintf("%s is at %s and was at %s", e.name, e.current.Position, e.original.Position)
}

// LostTo is who has changed the alias since this run's write, where the standing
// is LostToOther: `run 4720`.
func (e *Editor) LostTo() string { return e.lostTo }

// Repair is the command by which a person restores the alias, "" if that would
// undo what others have done.
func (e *Editor) Repair() string {
	if e.standing != NotRestored && e.standing != Unknown || e.written == nil {
		return ""
	}
	which := fmt.Sprintf("--function-name %s --name %s --region %s", e.fn.Given, e.name, e.aws.Region)
	if !e.original.Exists() {
		return "To delete it: aws lambda delete-alias " + which
	}
	was := e.originalAlias(None)
	weights := make([]string, 0, len(was.Weights))
	for _, v := range slices.Sorted(maps.Keys(was.Weights)) {
		weights = append(weights, fmt.Sprintf("%s=%g", v, was.Weights[v]))
	}
	return fmt.Sprintf("To restore it: aws lambda update-alias %s --function-version %s --description %s --routing-config %s",
		which, quote(was.Version), quote(was.Description), quote("AdditionalVersionWeights={"+strings.Join(weights, ",")+"}"))
}

// quote quotes a word for a POSIX shell.
func quote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
