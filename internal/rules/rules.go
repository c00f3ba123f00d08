// Package rules turns what triggered a job into the alias to release to.
//
// A rule is one line, PATTERN=ALIAS, and the first rule that matches wins:
//
//	main=prod                    # a bare pattern is a branch
//	release/*=staging            # * stays inside a path segment, ** crosses them
//	tag:v*=prod                  # tags
//	pull_request=pr-{number}     # any pull request
//	feature/**={branch}          # {branch}, {tag} and {number} expand to the name
//	develop=dev@$LATEST          # the alias follows the unpublished code
//
// The package is pure: it reads no environment and makes no calls. A rule that
// could never match, or whose alias AWS would refuse, is refused when it is
// parsed; so the result of Match needs no further check.
package rules

import (
	"errors"
	"slices"
	"strings"

	"lambda-release/internal/lines"
)

// Default is the default of the input `aliases`.
const Default = "main=prod\nmaster=prod\ndevelop=dev\ndev=dev"

// Rules are tried in order; the first that matches wins.
type Rules []Rule

// Rule says which alias the refs that match a pattern are released to.
type Rule struct {
	pattern pattern
	alias   template
	latest  bool
	text    string
}

// Kind is what the rule matches.
func (r Rule) Kind() Kind { return r.pattern.kind }

// Glob is the rule's pattern over the names of branches or tags, as doublestar
// reads it; "" for pull requests.
func (r Rule) Glob() string { return r.pattern.glob }

// Latest reports whether the alias follows $LATEST.
func (r Rule) Latest() bool { return r.latest }

// String is the rule as written.
func (r Rule) String() string { return r.text }

// Target is where a ref is released to.
type Target struct {
	Alias    string // a name that passes CheckAlias
	Latest   bool   // the alias follows $LATEST: nothing is published
	Template bool   // the alias is made from the ref's name
	Rule     string // the rule that matched, as written
	Ref      Ref    // the ref that it matched
}

// Match returns the target of the first rule that matches ref. A ref without a
// name or number matches no rule, and neither does a branch of GitHub's merge
// queue: its commits have not been merged yet.
func (rs Rules) Match(ref Ref) (Target, bool) {
	if !ref.valid() {
		return Target{}, false
	}
	for _, r := range rs {
		if r.pattern.match(ref) {
			return Target{
				Alias:    r.alias.expand(ref),
				Latest:   r.latest,
				Template: r.alias.places > 0,
				Rule:     r.text,
				Ref:      ref,
			}, true
		}
	}
	return Target{}, false
}

// Fixed reports whether a rule names this alias itself, not by a template.
func (rs Rules) Fixed(alias string) bool {
	return slices.ContainsFunc(rs, func(r Rule) bool {
		return r.alias.places == 0 && r.alias.expand(Ref{}) == alias
	})
}

// Parse reads one rule a line, as lines.All does. The error joins a
// *lines.Error for each bad line.
func Parse(text string) (Rules, error) {
	var rs Rules
	var errs []error
	for n, line := range lines.All(text) {
		r, err := parseRule(line)
		if err != nil {
			errs = append(errs, err.At(n, line))
			continue
		}
		rs = append(rs, r)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return rs, nil
}

// latestSuffix marks an alias that follows the unpublished code.
const latestSuffix = "@$LATEST"

func parseRule(line string) (Rule, *lines.Error) {
	// The last = separates: the name of a branch may contain one, an alias may not.
	i := strings.LastIndexByte(line, '=')
	if i < 0 {
		return Rule{}, &lines.Error{
			Problem: `no "=" between pattern and alias`,
			Allowed: "write PATTERN=ALIAS, for example main=prod",
		}
	}
	p, err := parsePattern(strings.TrimSpace(line[:i]))
	if err != nil {
		return Rule{}, err
	}
	alias, latest := strings.CutSuffix(strings.TrimSpace(line[i+1:]), latestSuffix)
	t, err := parseTemplate(strings.TrimSpace(alias), p.kind)
	if err != nil {
		return Rule{}, err
	}
	return Rule{pattern: p, alias: t, latest: latest, text: line}, nil
}
