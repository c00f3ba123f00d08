package app

import (
	"errors"
	"fmt"
	"strings"

	"lambda-release/internal/ci"
	"lambda-release/internal/input"
	"lambda-release/internal/release"
	"lambda-release/internal/rules"
)

// errNoRule says why a run has nothing to do.
var errNoRule = errors.New("no rule in `aliases` matches")

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
	return matchEvent(in, ev)
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
	target, err := matchEvent(in, ev)
	if err != nil {
		return target, err
	}
	if !target.Template || in.Rules.Fixed(target.Alias) {
		return target, fmt.Errorf("%s maps to the alias %s by the rule %q: delete-alias only deletes an alias that comes from a rule "+
			"with a placeholder, such as pull_request=pr-{number}, and that no other rule contains literally", target.Ref, target.Alias, target.Rule)
	}
	return target, nil
}

// matchEvent matches the rules against the event's ref, and against what counts if none
// matches that. If the ref may be a tag as well as a branch, whichever matches counts; if
// both do, they must have the same target, because a wrong guess would move the wrong
// alias.
func matchEvent(in input.Input, ev ci.Event) (rules.Target, error) {
	if ev.OrElse != (rules.Ref{}) {
		return matchEither(in, ev.Ref, ev.OrElse)
	}
	if ev.OrTag == (rules.Ref{}) {
		return match(in, ev.Ref)
	}
	branch, isBranch := in.Rules.Match(ev.Ref)
	tag, isTag := in.Rules.Match(ev.OrTag)
	switch {
	case !isBranch && !isTag:
		return branch, noRule(in, ev.Ref, ev.OrTag)
	case !isBranch:
		return tag, nil
	case isTag && (branch.Alias != tag.Alias || branch.Latest != tag.Latest):
		return rules.Target{}, fmt.Errorf("cannot choose an alias: GitHub does not report whether the workflow run was for %s, which matches the rule %q, "+
			"or for %s, which matches the rule %q; set `ref` to one of them, or set `alias`", ev.Ref, branch.Rule, ev.OrTag, tag.Rule)
	}
	return branch, nil
}

func matchEither(in input.Input, ref, orElse rules.Ref) (rules.Target, error) {
	if target, found := in.Rules.Match(ref); found {
		return target, nil
	}
	if target, found := in.Rules.Match(orElse); found {
		return target, nil
	}
	return rules.Target{}, noRule(in, ref, orElse)
}

func match(in input.Input, ref rules.Ref) (rules.Target, error) {
	target, found := in.Rules.Match(ref)
	if !found {
		return target, noRule(in, ref)
	}
	return target, nil
}

// noRule is errNoRule with how a rule for the refs would look, and the rules that
// there are.
func noRule(in input.Input, refs ...rules.Ref) error {
	var names, examples []string
	advice := ""
	for _, ref := range refs {
		names = append(names, ref.String())
		if example := rules.Example(ref); example != "" {
			examples = append(examples, example)
		}
		if ref.InMergeQueue() {
			advice = "\nA branch of the merge queue never matches, because its commits have not been merged yet."
		}
	}
	if in.Ref != "" && !strings.HasPrefix(in.Ref, "refs/") {
		advice += fmt.Sprintf("\n`ref` %s stands for a branch of that name. If it is not one, write %s.", in.Ref, rules.Written(in.Ref))
	}
	if len(examples) > 0 {
		advice += "\nA rule for it would be " + strings.Join(examples, " or ") + "."
	}
	return fmt.Errorf("%w %s%s\nThe rules are %s", errNoRule, strings.Join(names, " or "), advice, in.Rules)
}
