package app

import (
	"errors"
	"fmt"

	"lambda-release/internal/ci"
	"lambda-release/internal/input"
	"lambda-release/internal/release"
	"lambda-release/internal/rules"
)

// targetOf returns the alias that the run is for; a prune has none, and a status only
// one that is named. eventErr is the
// error from reading the event, which only matters if the event is needed.
func targetOf(in input.Input, ev ci.Event, eventErr error) (rules.Target, error) {
	optional := errors.Is(eventErr, ci.ErrNoRef) || errors.Is(eventErr, ci.ErrSkip)
	switch {
	case eventErr != nil && !optional:
		return rules.Target{}, eventErr
	case in.Operation == release.Prune:
		return rules.Target{}, nil
	case in.Operation == release.ReadStatus:
		return rules.Target{Alias: in.Alias}, nil
	case in.Operation == release.DeleteAlias:
		return previewOf(in, ev, eventErr)
	case in.Alias != "":
		return rules.Target{Alias: in.Alias}, nil
	case eventErr != nil:
		return rules.Target{}, eventErr
	}
	return in.Rules.Choose(ev.Ref, ev.OrTag, ev.OrElse, in.Ref)
}

// previewOf returns the alias to delete, which must come from a template. The
// rules are matched against the pull request itself if there is one, merged or
// not.
func previewOf(in input.Input, ev ci.Event, eventErr error) (rules.Target, error) {
	if ev.Preview != (rules.Ref{}) {
		ev.Ref, ev.OrElse = ev.Preview, rules.Ref{}
	} else if eventErr != nil {
		return rules.Target{}, eventErr
	}
	target, err := in.Rules.Choose(ev.Ref, ev.OrTag, ev.OrElse, in.Ref)
	if err != nil {
		return target, err
	}
	if !target.Template || in.Rules.Fixed(target.Alias) {
		return target, fmt.Errorf("%s maps to the alias %s by the rule %q: delete-alias only deletes an alias that comes from a rule "+
			"with a placeholder, such as pull_request=pr-{number}, and that no other rule contains literally", target.Ref, target.Alias, target.Rule)
	}
	return target, nil
}
