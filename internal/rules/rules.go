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
// The package is pure: it reads no environment and calls nobody. A rule that
// could never match, or whose alias AWS would refuse, is refused when it is
// parsed; so what Match yields needs no further check.
package rules

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Default is what the input `aliases` holds when nobody sets it.
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

// String is the rule as it was written, without its comment.
func (r Rule) String() string { return r.text }

// Target is where a ref is released to.
type Target struct {
	Alias    string // a name that passes CheckAlias
	Latest   bool   // the alias follows $LATEST: nothing is published
	Template bool   // the alias is made from the ref's name
	Rule     string // the rule that matched, as written
}

// Match gives the target of the first rule that matches ref. A ref without a
// name or number matches nothing, and neither does a branch of GitHub's merge
// queue: what it holds has not been merged yet.
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
			}, true
		}
	}
	return Target{}, false
}

// Fixed tells whether a rule names this alias outright, and not by a template.
func (rs Rules) Fixed(alias string) bool {
	return slices.ContainsFunc(rs, func(r Rule) bool {
		return r.alias.places == 0 && r.alias.expand(Ref{}) == alias
	})
}

// LineError is what is wrong with one line of rules.
type LineError struct {
	Line    int    // counted from 1
	Text    string // the line, trimmed, without its comment
	Problem string // what is wrong with it
	Allowed string // what is allowed instead
}

func (e *LineError) Error() string {
	return fmt.Sprintf("line %d: %.200q: %s; %s", e.Line, e.Text, e.Problem, e.Allowed)
}

// Parse reads one rule a line. Blank lines are left out, and so is everything
// from a # that begins the line or follows a space (neither a branch nor an
// alias has a space in its name, but a branch may have a #). The error joins a
// *LineError for each bad line.
func Parse(text string) (Rules, error) {
	var rs Rules
	var errs []error
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(uncomment(line))
		if line == "" {
			continue
		}
		r, err := parseRule(line)
		if err != nil {
			err.Line, err.Text = n, line
			errs = append(errs, err)
			continue
		}
		rs = append(rs, r)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return rs, nil
}

func uncomment(line string) string {
	for i, c := range line {
		if c == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
			return line[:i]
		}
	}
	return line
}

// latestSuffix marks an alias that follows the unpublished code.
const latestSuffix = "@$LATEST"

func parseRule(line string) (Rule, *LineError) {
	// The last = divides: a branch's name may hold one, an alias's may not.
	i := strings.LastIndexByte(line, '=')
	if i < 0 {
		return Rule{}, &LineError{
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
