package rules

import (
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// A pattern is the left half of a rule.
type pattern struct {
	kind Kind
	glob string // "" for pull requests: there is one pattern for all of them
}

const (
	tagPattern         = "tag:"
	pullRequestPattern = "pull_request"

	// mergeQueue begins the branches that GitHub's merge queue makes; a push
	// event is sent for them too.
	// https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#merge_group
	mergeQueue = "gh-readonly-queue/"

	// maxGlob and maxBraces keep a glob's time bounded: every {a,b} doubles
	// what has to be tried.
	maxGlob   = 256
	maxBraces = 4
)

const patternAllowed = "a pattern is a glob over branches (main, release/*, feature/**), tag: and a glob over tags (tag:v*), or pull_request"

func parsePattern(text string) (pattern, *LineError) {
	if text == pullRequestPattern {
		return pattern{kind: PullRequest}, nil
	}
	p := pattern{kind: Branch, glob: text}
	if glob, ok := strings.CutPrefix(text, tagPattern); ok {
		p = pattern{kind: Tag, glob: strings.TrimSpace(glob)}
	}
	if problem := p.problem(); problem != "" {
		return pattern{}, &LineError{Problem: problem, Allowed: patternAllowed}
	}
	return p, nil
}

// problem says why the glob is broken or can never match; "" if all is well.
func (p pattern) problem() string {
	list, _, comma := strings.Cut(p.glob, ",")
	switch {
	case p.glob == "":
		return "no pattern"
	case len(p.glob) > maxGlob:
		return "the pattern is longer than 256 bytes"
	case strings.Count(p.glob, "{") > maxBraces:
		return "the pattern has more than 4 {…}"
	case comma && strings.Contains(strings.ReplaceAll(list, "[=]", ""), "=") && !strings.Contains(p.glob, "{"):
		return `two rules in one line: rules are one a line (where a name really holds it, write the "=" as [=])`
	case strings.ContainsFunc(p.glob, func(c rune) bool { return c <= ' ' || c == 0x7f }):
		return "the pattern holds a space or a control character, which no branch and no tag does"
	case strings.Contains(p.glob, ":"):
		return `the pattern holds a ":", which no branch and no tag does`
	case strings.HasPrefix(p.glob, "refs/"):
		return "the pattern begins with refs/, which is left out here"
	case p.kind == Branch && strings.HasPrefix(p.glob, mergeQueue):
		return "branches of the merge queue never match: what they hold has not been merged yet"
	case placeholder.MatchString(p.glob):
		return placeholder.FindString(p.glob) + " is a placeholder, which only the alias may hold"
	case !doublestar.ValidatePattern(p.glob):
		return "the pattern is not a valid glob"
	}
	return ""
}

func (p pattern) match(ref Ref) bool {
	switch {
	case p.kind != ref.Kind:
		return false
	case p.kind == PullRequest:
		return true
	case p.kind == Branch && strings.HasPrefix(ref.Name, mergeQueue):
		return false
	}
	return doublestar.MatchUnvalidated(p.glob, ref.Name)
}
