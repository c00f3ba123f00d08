package app

import (
	"errors"
	"fmt"

	"lambda-release/internal/event"
	"lambda-release/internal/input"
	"lambda-release/internal/rules"
)

// errNoRule is why a run has nothing to do.
var errNoRule = errors.New("no rule of `aliases` matches")

// targetOf is the alias that the run is about, none for a prune. eventErr is
// what reading the event ended with: it only matters where the event is asked.
func targetOf(in input.Input, ev event.Event, eventErr error) (rules.Target, error) {
	noRef := errors.Is(eventErr, event.ErrNoRef)
	switch {
	case eventErr != nil && !noRef:
		return rules.Target{}, eventErr
	case in.Operation == input.Prune:
		return rules.Target{}, nil
	case in.Operation == input.DeleteAlias:
		return previewOf(in, ev, eventErr)
	case in.Alias != "":
		return rules.Target{Alias: in.Alias}, nil
	case noRef:
		return rules.Target{}, eventErr
	}
	return match(in, ev.Ref)
}

// previewOf is the alias to delete: only ever one that a template has named,
// for the pull request itself where there is one, merged or not.
func previewOf(in input.Input, ev event.Event, eventErr error) (rules.Target, error) {
	ref := ev.Preview
	if ref == (rules.Ref{}) {
		if eventErr != nil {
			return rules.Target{}, eventErr
		}
		ref = ev.Ref
	}
	target, err := match(in, ref)
	if err != nil {
		return target, err
	}
	if !target.Template || in.Rules.Fixed(target.Alias) {
		return target, fmt.Errorf("%s belongs to alias %s by the rule %q: delete-alias only deletes an alias that a rule makes "+
			"from a name, such as pull_request=pr-{number}, and that no other rule names", ref, target.Alias, target.Rule)
	}
	return target, nil
}

func match(in input.Input, ref rules.Ref) (rules.Target, error) {
	target, found := in.Rules.Match(ref)
	if !found {
		return target, fmt.Errorf("%w %s", errNoRule, ref)
	}
	return target, nil
}
