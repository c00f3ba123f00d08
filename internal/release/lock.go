package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
)

// locking is the verb: it locks the alias, so that only a rollback moves it. A lock
// is about the alias and not about its position, so it is decided again whenever
// others have moved the alias; and each function is locked alone, since half of
// them is better than none.
type locking struct {
	plain

	req  Request
	lock alias.Lock // the same for all functions
}

func newLocking(req Request) verb {
	until := time.Time{}
	if req.LockFor > 0 {
		until = time.Now().Add(req.LockFor)
	}
	return locking{req: req, lock: alias.NewLock(req.Reason, until, req.Run.id())}
}

func (v locking) plan(t target) Plan { return Plan{target: t} }

func (v locking) read(ctx context.Context, p Plan) (Facts, error) { return p.target.readAliases(ctx) }

func (v locking) prepare(ctx context.Context, p Plan) (Facts, error) { return v.read(ctx, p) }

// readAliases reads all aliases; that of the operation must be among them.
func (t target) readAliases(ctx context.Context) (Facts, error) {
	aliases, err := t.edit.ReadAll(ctx)
	f := Facts{}.withAliases(aliases)
	if err == nil && !t.edit.Current().Exists() {
		err = NoAliasError{Input: "alias", Name: t.alias(), Function: t.fn.Name, Aliases: aliasNames(aliases)}
	}
	return f, err
}

// announcedTime is how long a shift that has been announced, and had no weights yet,
// may still become a deployment of CodeDeploy's.
const announcedTime = 20 * time.Second

// refresh reads what became of the deployment that shifts the alias. A run that is
// just creating one is waited for: CodeDeploy would go on whatever the alias says.
func (v locking) refresh(ctx context.Context, t target, f Facts) (Facts, error) {
	var pace awsapi.Backoff
	began := time.Now()
	waits := announced(t.edit.Current(), began) && len(t.edit.Current().Weights) == 0
	if waits {
		t.log.fact("a traffic shift to %s was announced and has not begun: waiting for it", t.edit.Current().History.ShiftTo)
	}
	for waits && announced(t.edit.Current(), time.Now()) && time.Since(began) < announcedTime {
		if err := pace.Wait(ctx, 1); err != nil {
			return f, awsapi.Interrupted(fmt.Sprintf("lock %s of %s", t.alias(), t.fn.Name), err)
		}
		if err := t.edit.Read(ctx); err != nil {
			return f, err
		}
	}
	f, err := t.readDeployment(ctx, f)
	if awsapi.Is(err, awsapi.NotFound) { // what is gone shifts nothing any more
		err = nil
	}
	return f, err
}

// announced reports whether a shift is noted that has not ended, and no deployment.
func announced(s alias.State, now time.Time) bool {
	return shiftMarked(s) && s.History.Deployment == "" && now.Before(s.History.Until)
}

func (v locking) decide(s alias.State, f Facts, now time.Time) (Decision, error) {
	held, lock, run := s.History.Lock, v.lock, v.req.Run
	if err := v.gone(s); err != nil {
		return Decision{}, err
	}
	if !lock.Holds(now) {
		return Decision{}, fmt.Errorf("lock %s: `lock-for` was over before it could be written", v.req.Alias)
	}
	if held.Holds(now) && (held.SameAs(lock) || isAgain(held, lock)) {
		return Decision{Status: Unchanged}.because("it is already %s", held), nil
	}
	if by, older := lockedByNewer(s, run, now); older {
		return Decision{Status: Superseded}.because("%s, newer than this %s, has %s %s", by, run.id(), held.State, v.req.Alias), nil
	}
	if f.Deployment.ID != "" {
		if _, err := resolved(v.req.Alias, s, f); err != nil {
			return Decision{}, err
		}
	}
	change := s.Mark(lock, now)
	if room, fits := change.ReasonRoom(); !fits {
		return Decision{}, &RoomError{Alias: v.req.Alias, Reason: v.req.Reason, Room: room}
	}
	d := Decision{Status: Locked, Mark: &change}
	if held.Holds(now) {
		return d.because("%s; before, it was %s", lock.Terms(), held), nil
	}
	return d.because("%s", lock.Terms()), nil
}

// isAgain reports whether an alias holds the lock of this very run already: when that
// is run again, the time does not begin anew.
func isAgain(held, lock alias.Lock) bool {
	return held.By.Known() && held.By == lock.By && held.Reason == lock.Reason && held.Until.IsZero() == lock.Until.IsZero()
}

// gone is the error for an alias that was there when it was read first.
func (v locking) gone(s alias.State) error {
	if s.Exists() {
		return nil
	}
	return fmt.Errorf("%s %s: another run or a person has deleted it meanwhile", v.req.Operation, v.req.Alias)
}

// lockedByNewer reports that a newer run than this one has locked or unlocked the
// alias. A lock whose time is over counts as none.
func lockedByNewer(s alias.State, run Run, now time.Time) (by alias.Run, newer bool) {
	by = s.History.Lock.At(now).By
	return by, run.asksOrder() && by.NewerThan(run.id())
}

// RoomError says that the description of an alias has no room for the reason of a
// lock.
type RoomError struct {
	Alias, Reason string
	Room          int // how many characters of Reason there are; alias.NoRoom: none for any lock
}

func (e *RoomError) Error() string {
	if e.Room == alias.NoRoom {
		return fmt.Sprintf("the description of %s has no room for a lock beside its own text", e.Alias)
	}
	return fmt.Sprintf("the description of %s has room for %d of the %d characters of `reason` beside its own text", e.Alias, e.Room, len([]rune(e.Reason)))
}

// Hint says how to go on.
func (e *RoomError) Hint() string {
	if e.Room == alias.NoRoom {
		return fmt.Sprintf("Shorten the text in the description of %s: AWS allows %d characters for it, the lock and the history.", e.Alias, alias.MaxDescription)
	}
	return fmt.Sprintf("Shorten `reason`, or the text in the description of %s: AWS allows %d characters for both, with the history.", e.Alias, alias.MaxDescription)
}

// unlocking is the verb: it ends a lock.
type unlocking struct{ locking }

func newUnlocking(req Request) verb { return unlocking{locking{req: req}} }

func (v unlocking) refresh(_ context.Context, _ target, f Facts) (Facts, error) { return f, nil }

func (v unlocking) decide(s alias.State, _ Facts, now time.Time) (Decision, error) {
	held, run := s.History.Lock, v.req.Run
	if err := v.gone(s); err != nil {
		return Decision{}, err
	}
	if !held.Holds(now) {
		return Decision{Status: Unchanged}.because("it is not locked"), nil
	}
	if by, older := lockedByNewer(s, run, now); older {
		return Decision{Status: Superseded}.because("%s, newer than this %s, has %s %s", by, run.id(), held.State, v.req.Alias), nil
	}
	change := s.Mark(alias.Lock{State: alias.Unlocked, By: run.id()}, now)
	return Decision{Status: Unlocked, Mark: &change}.because("it was %s", held), nil
}

// mark writes the mark that was decided on.
func (p Plan) mark(ctx context.Context, v verb) Plan {
	if p.End.over() || p.Decision.Mark == nil {
		return p
	}
	t := p.target
	switch err := t.edit.Write(ctx, *p.Decision.Mark); {
	case errors.Is(err, alias.ErrChanged):
		if p = p.markAgain(ctx, v); p.End.over() || p.Decision.Mark != nil {
			return p.mark(ctx, v)
		}
		return p.stays()
	case err != nil && t.edit.Standing() == alias.Unknown:
		return p.ended(End{Kind: EndUnknown, Reason: t.edit.Whereabouts(), Err: err})
	case err != nil:
		return p.failed(err)
	}
	t.log.fact("%s: %s: %s", t.alias(), p.Decision.Status, p.Decision.Reason)
	if p.Decision.Mark.LosesHistory() {
		t.log.warn("the history of %s has no room left beside the lock: `operation: rollback` needs `version`", t.alias())
	}
	if !p.Decision.Mark.KeepWeights {
		p.seenUnweighted(ctx)
	}
	return p.ended(End{Kind: EndApplied, Status: p.Decision.Status, Reason: p.Decision.Reason})
}

// seenUnweighted looks whether the shift has ended that the lock was to end.
func (p Plan) seenUnweighted(ctx context.Context) {
	t := p.target
	err := t.edit.Verify(ctx)
	if _, lost := errors.AsType[*alias.LostError](err); lost {
		t.log.warn("%s was locked, and %s since", t.alias(), t.edit.Now().MovedBy(t.edit.LostTo()))
	} else if err != nil {
		t.log.warn("%s was locked, and could not be read again to confirm that the traffic shift has ended: %w", t.alias(), err)
	}
}

// markAgain decides anew after others have changed the alias. That is fine as long
// as they have not locked or unlocked it themselves, unless this run is newer.
func (p Plan) markAgain(ctx context.Context, v verb) Plan {
	was := p.Decision.on.History.Lock.At(time.Now())
	p = decided(ctx, v, p)
	now := p.target.edit.Current().History.Lock.At(time.Now())
	if p.End.over() || p.Decision.Mark == nil || now == was || p.target.run.NewerThan(now.By) {
		return p
	}
	return p.failed(fmt.Errorf("%s of %s was %s when this was decided, and is %s now: look at it, and start this job again if it is still wanted",
		p.target.alias(), p.target.fn.Name, was, now))
}

// renderMark says what is written of an alias that stays where it is.
func (p Plan) renderMark(w *words, s alias.State) {
	t, c := p.target, p.Decision.Mark
	w.addIf(!c.KeepWeights, "end the traffic shift of %s: %s gets all the traffic again", t.alias(), s.Version)
	if lock := c.History.Lock; lock.State == alias.Locked {
		w.add("lock %s, which is at %s: %s", t.alias(), s.Version, p.Decision.Reason)
	} else {
		w.add("unlock %s, which is at %s: %s", t.alias(), s.Position, p.Decision.Reason)
	}
	w.addIf(c.LosesHistory(), "shorten the history of %s to its last position: `operation: rollback` needs `version` then", t.alias())
}

// lockedOut reports whether the alias is locked against the operation.
func (p Plan) lockedOut(v verb) bool {
	return v.heedsLock() && p.target.edit.Current().History.Lock.Holds(time.Now())
}

// lockedDecision leaves a locked alias where it is.
func (t target) lockedDecision() Decision {
	s := t.edit.Current()
	return Decision{Status: Locked}.because("%s is %s (`operation: unlock` ends that, and `operation: rollback` works nevertheless)",
		t.alias(), s.History.Lock).decidedOn(s)
}

// spared is the plans before $LATEST is written. Where an alias follows $LATEST,
// a write of that alone changes what callers get, so that nothing is uploaded or
// configured if one of the aliases is locked.
func spared(ctx context.Context, plans []Plan) []Plan {
	if !slices.ContainsFunc(plans, func(p Plan) bool { return p.Follow && p.writesLatest() }) {
		return plans
	}
	plans = each(plans, func(p Plan) Plan {
		if p.End.over() {
			return p
		}
		if err := p.target.edit.Read(ctx); err != nil {
			return p.failed(err)
		}
		if !p.target.edit.Current().History.Lock.Holds(time.Now()) {
			return p
		}
		switch {
		case p.guard != nil:
			p = p.withFacts(p.Facts.about(alias.Latest, p.guard.now))
		case p.Upload != nil:
			p = p.withFacts(p.Facts.about(alias.Latest, p.Upload.latest))
		}
		return p.withDecision(p.target.lockedDecision()).stays()
	})
	if why := firstFailure(plans); why != nil {
		return skipRest(plans, *why)
	}
	return plans
}
