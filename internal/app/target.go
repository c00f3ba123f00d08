package app

import (
	"errors"
	"fmt"

	"lambda-release/internal/event"
	"lambda-release/internal/input"
	"lambda-release/internal/release"
	"lambda-release/internal/rules"
)

// errNoRule says why a run has nothing to do.
var errNoRule = errors.New("no rule in `aliases` matches")

// targetOf returns the alias that the run is for; a prune has none. eventErr is the
// error from reading the event, which only matters if the event is needed.
func targetOf(in input.Input, ev event.Event, eventErr error) (rules.Target, error) {
	noRef := errors.Is(eventErr, event.ErrNoRef)
	switch {
	case eventErr != nil && !noRef:
		return rules.Target{}, eventErr
	case in.Operation == release.Prune:
		return rules.Target{}, nil
	case in.Operation == release.DeleteAlias:
		return previewOf(in, ev, eventErr)
	case in.Alias != "":
		return rules.Target{Alias: in.Alias}, nil
	case noRef:
		return rules.Target{}, eventErr
	}
	return match(in, ev.Ref)
}

// previewOf returns the alias to delete, which must come from a template. The
// rules are matched against the pull request itself if there is one, merged or
// not.
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
		return target, fmt.Errorf("%s maps to the alias %s by the rule %q: delete-alias only deletes an alias that comes from a rule "+
			"with a placeholder, such as pull_request=pr-{number}, and that no other rule contains literally", ref, target.Alias, target.Rule)
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
