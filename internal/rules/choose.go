package rules

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNoRule is returned by Choose if no rule matches.
var ErrNoRule = errors.New("no rule in `aliases` matches")

// Choose returns the target of what triggered a job. If that may be a tag as well as
// a branch, orTag is the tag, and whichever matches counts; if both do, they must have
// the same target, because a wrong guess would move the wrong alias. orElse counts if ref
// does not match. Both may be zero. written is the ref as a person gave it, "" if it came
// from the event. The error of a ref that no rule matches is ErrNoRule, with how a rule
// would look, and the rules that there are.
func (rs Rules) Choose(ref, orTag, orElse Ref, written string) (Target, error) {
	target, found := rs.Match(ref)
	tag, isTag := rs.Match(orTag)
	if found && isTag && (target.Alias != tag.Alias || target.Latest != tag.Latest) {
		return Target{}, fmt.Errorf("cannot choose an alias: GitHub does not report whether the workflow run was for %s, which matches the rule %q, "+
			"or for %s, which matches the rule %q; set `ref` to one of them, or set `alias`", ref, target.Rule, orTag, tag.Rule)
	}
	if found {
		return target, nil
	}
	if isTag {
		return tag, nil
	}
	if other, matches := rs.Match(orElse); matches {
		return other, nil
	}
	return Target{}, rs.noRule(written, ref, orTag, orElse)
}

func (rs Rules) noRule(written string, refs ...Ref) error {
	var names, examples []string
	advice := ""
	for _, ref := range refs {
		if ref == (Ref{}) {
			continue
		}
		names = append(names, ref.String())
		if example := Example(ref); example != "" {
			examples = append(examples, example)
		}
		if ref.InMergeQueue() {
			advice = "\nA branch of the merge queue never matches, because its commits have not been merged yet."
		}
	}
	if written != "" && !strings.HasPrefix(written, "refs/") {
		advice += fmt.Sprintf("\n`ref` %s stands for a branch of that name. If it is not one, write %s.", written, Written(written))
	}
	if len(examples) > 0 {
		advice += "\nA rule for it would be " + strings.Join(examples, " or ") + "."
	}
	return fmt.Errorf("%w %s%s\nThe rules are %s", ErrNoRule, strings.Join(names, " or "), advice, rs)
}
