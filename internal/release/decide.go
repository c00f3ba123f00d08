package release

import (
	"context"
	"fmt"
	"strings"
	"time"

	"lambda-release/internal/alias"
)

// verb is an operation on one function.
type verb interface {
	// plan is what is to be done, as far as the request says it.
	plan(target) Plan
	// read reads the function and its alias, and changes nothing.
	read(context.Context, Plan) (Facts, error)
	// prepare is read for a real run: it may make the version that it is about.
	prepare(context.Context, Plan) (Facts, error)
	// join settles what can only be decided of all functions together.
	join([]Plan) []Plan
	// refresh reads what decide needs to know beside f about the alias as it is
	// Current. It is asked again when others have changed the alias.
	refresh(ctx context.Context, t target, f Facts) (Facts, error)
	// decide is the rules of the operation. It is pure.
	decide(s alias.State, f Facts, now time.Time) (Decision, error)
	// deliberate reports whether a person decides where the alias goes: then a
	// decision that others have outrun is not made anew.
	deliberate() bool
	// settles reports whether to wait, before deciding, for what AWS itself is
	// moving (fact A12a).
	settles() bool
	// heedsLock reports whether a locked alias stays where it is.
	heedsLock() bool
}

// plain is what most verbs have in common.
type plain struct{}

func (plain) join(plans []Plan) []Plan                                    { return plans }
func (plain) refresh(_ context.Context, _ target, f Facts) (Facts, error) { return f, nil }
func (plain) deliberate() bool                                            { return false }
func (plain) settles() bool                                               { return false }
func (plain) heedsLock() bool                                             { return false }

// Decision is what becomes of an alias, as it was when that was decided.
type Decision struct {
	Status  Status        // how the function ends when it is carried out
	Reason  string        // why, where the status does not say it all
	Version alias.Version // the version in question, where the decision chooses it; else None
	Change  *alias.Change // of the alias; nil: none

	on alias.State // the alias as it was decided on

	Stop   string        // rollback: the CodeDeploy deployment to stop first
	Cut    cut           // prune: which versions are deleted
	Delete bool          // delete-alias: the alias itself
	Mark   *alias.Change // lock, unlock: of what the alias's description says; nil: none
}

// because is d with a reason.
func (d Decision) because(format string, args ...any) Decision {
	d.Reason = fmt.Sprintf(format, args...)
	return d
}

// decidedOn is d with the alias as it was.
func (d Decision) decidedOn(s alias.State) Decision {
	d.on = s
	return d
}

// about is d with the version that it chooses.
func (d Decision) about(v alias.Version) Decision {
	d.Version = v
	return d
}

// cutting is d with a prune.
func (d Decision) cutting(c cut) Decision {
	d.Cut = c
	return d
}

// unchanged leaves the alias where it is; only a new text of the user's is
// worth a call.
func unchanged(s alias.State, req Request) Decision {
	if req.AliasDescription == nil || strings.TrimSpace(*req.AliasDescription) == s.Text {
		return Decision{Status: Unchanged}
	}
	return Decision{
		Status: Unchanged, Reason: "only its description was changed",
		Change: &alias.Change{Version: s.Version, Text: *req.AliasDescription, History: s.History},
	}
}

// changeTo is the alias moved to v by this run, which may have just made v.
func changeTo(s alias.State, v alias.Version, fresh bool, req Request) *alias.Change {
	return &alias.Change{Version: v, Fresh: fresh, Text: textOf(s, req), History: s.ActualHistory().Moved(v, req.Run.id())}
}

func textOf(s alias.State, req Request) string {
	if req.AliasDescription != nil {
		return *req.AliasDescription
	}
	return s.Text
}

// olderThan reports that a newer run than this one has moved the alias.
func olderThan(s alias.State, run Run) (by alias.Run, older bool) {
	return s.History.Run, run.asksOrder() && s.History.Run.NewerThan(run.id())
}

// weightsInTheWay refuses to write over a traffic shift that is under way: our
// own before its deadline by another run, any other unless the user allows it.
// What our own shift has left after its deadline belongs to no one.
func weightsInTheWay(s alias.State, req Request, now time.Time) error {
	if len(s.Settled().Weights) == 0 {
		return nil
	}
	to, inFlight := s.Shift(now)
	switch {
	case to == alias.None && req.ClearWeights:
		return nil
	case to == alias.None:
		return WeightsError{Alias: req.Alias, Position: s.Position}
	case inFlight && (s.History.Run != req.Run.id() || !s.History.Run.Known()):
		return WeightsError{Alias: req.Alias, Position: s.Position, Run: s.History.Run, Until: s.History.Until, Ours: true}
	}
	return nil
}

// WeightsError says that the traffic of an alias is being shifted by another
// run, or from outside lambda-release.
type WeightsError struct {
	Alias    string
	Position alias.Position
	Ours     bool      // lambda-release's own shift,
	Run      alias.Run // by this run,
	Until    time.Time // over at this time at the latest
}

func (e WeightsError) Error() string {
	if e.Ours {
		return fmt.Sprintf("alias %s is at %s: a traffic shift%s is under way until %s at the latest",
			e.Alias, e.Position, by(e.Run), e.Until.Format(alias.HistoryTime))
	}
	return fmt.Sprintf("alias %s is at %s: its weights were set outside lambda-release, by CodeDeploy or by a person", e.Alias, e.Position)
}

// Hint says how to go on.
func (e WeightsError) Hint() string {
	if e.Ours {
		return "Wait for that run, or cancel it: it then rolls the alias back. `operation: rollback` clears the weights at once."
	}
	return fmt.Sprintf("Look with `aws lambda get-alias --function-name NAME --name %s` and in CodeDeploy's deployments. "+
		"If nothing is shifting its traffic any more, set the input `clear-weights: true` to take the alias over.", e.Alias)
}

func by(run alias.Run) string {
	if !run.Known() {
		return ""
	}
	return " by " + run.String()
}
