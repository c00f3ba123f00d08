package rules

import (
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"lambda-release/internal/lines"
)

// A pattern is the left half of a rule.
type pattern struct {
	kind Kind
	glob string // "" for pull requests: there is one pattern for all of them
}

const (
	tagPattern         = "tag:"
	pullRequestPattern = "pull_request"

	// maxGlob and maxBraces bound the time that a glob takes: every {a,b} doubles
	// the alternatives to try.
	maxGlob   = 256
	maxBraces = 4
)

const patternAllowed = "a pattern is a glob over branches (main, release/*, feature/**), tag: and a glob over tags (tag:v*), or pull_request"

func parsePattern(text string) (pattern, *lines.Error) {
	if text == pullRequestPattern {
		return pattern{kind: PullRequest}, nil
	}
	p := pattern{kind: Branch, glob: text}
	if glob, ok := strings.CutPrefix(text, tagPattern); ok {
		p = pattern{kind: Tag, glob: strings.TrimSpace(glob)}
	}
	if problem := p.problem(); problem != "" {
		return pattern{}, &lines.Error{Problem: problem, Allowed: patternAllowed}
	}
	return p, nil
}

// problem says why the glob is broken or can never match; "" if all is well.
func (p pattern) problem() string {
	list, _, comma := strings.Cut(p.glob, ",")
	switch {
	case p.glob == "":
		return "the pattern is missing"
	case len(p.glob) > maxGlob:
		return "the pattern is longer than 256 bytes"
	case strings.Count(p.glob, "{") > maxBraces:
		return "the pattern has more than 4 {…}"
	case comma && strings.Contains(strings.ReplaceAll(list, "[=]", ""), "=") && !strings.Contains(p.glob, "{"):
		return `two rules on one line: write one rule per line (if the "=" is part of a branch or tag, write it as [=])`
	case strings.ContainsFunc(p.glob, func(c rune) bool { return c <= ' ' || c == 0x7f }):
		return "the pattern contains a space or a control character, which no branch or tag has"
	case strings.Contains(p.glob, ":"):
		return `the pattern contains a ":", which no branch or tag has`
	case strings.HasPrefix(p.glob, "refs/"):
		return "the pattern begins with refs/: leave that out"
	case p.kind == Branch && strings.HasPrefix(p.glob, mergeQueue):
		return "branches of the merge queue never match: their commits have not been merged yet"
	case placeholder.MatchString(p.glob):
		return placeholder.FindString(p.glob) + " is a placeholder, which only the alias may contain"
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
	case ref.InMergeQueue():
		return false
	}
	return doublestar.MatchUnvalidated(p.glob, ref.Name)
}
