package policy

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// maxAlternatives is how many patterns one rule may become: the trust policy of a
// role has room for few.
const maxAlternatives = 32

var starsInBraces = regexp.MustCompile(`\{[^}]*\*\*`)

// refPatterns are the patterns of IAM that together match at least the names that
// a glob of doublestar matches. wider reports that they match more: in IAM, * and ?
// also match a slash, and there are no character classes.
func refPatterns(glob string) (patterns []string, wider bool, err error) {
	expanded, err := expandBraces(glob)
	if err != nil {
		return nil, false, err
	}
	wider = starsInBraces.MatchString(glob) // where doublestar's ** always has its slash
	for _, g := range expanded {
		for _, segments := range withoutStars(strings.Split(g, "/")) {
			g = strings.Join(segments, "/")
			pattern, more := translate(g)
			if strings.Trim(pattern, "*?") == "" && strings.ContainsAny(g, "[?") {
				return nil, false, errors.New("in IAM it could only be written as a wildcard for every name")
			}
			wider = wider || more
			patterns = append(patterns, pattern)
		}
	}
	slices.Sort(patterns)
	patterns = slices.Compact(patterns)
	if len(patterns) > maxAlternatives {
		return nil, false, fmt.Errorf("it stands for %d patterns of IAM, and a trust policy has no room for more than %d of them", len(patterns), maxAlternatives)
	}
	return patterns, wider, nil
}

// expandBraces are the globs that a glob with {a,b} stands for.
func expandBraces(glob string) ([]string, error) {
	todo, done := []string{glob}, []string(nil)
	for len(todo) > 0 {
		next := todo[0]
		todo = todo[1:]
		before, options, after, found := cutBraces(next)
		if !found {
			done = append(done, next)
		}
		for _, option := range options {
			todo = append(todo, before+option+after)
		}
		if len(todo)+len(done) > maxAlternatives {
			return nil, fmt.Errorf("its {…} stand for more than %d names", maxAlternatives)
		}
	}
	return done, nil
}

// cutBraces finds the first {a,b} of a glob, and its alternatives.
func cutBraces(glob string) (before string, options []string, after string, found bool) {
	depth, from, option := 0, 0, 0
	for i := 0; i < len(glob); i++ {
		switch c := glob[i]; {
		case c == '\\':
			i++
		case c == '[':
			i = endOfClass(glob, i)
		case c == '{':
			if depth++; depth == 1 {
				from, option = i, i+1
			}
		case c == ',' && depth == 1:
			options = append(options, glob[option:i])
			option = i + 1
		case c == '}' && depth > 0:
			if depth--; depth == 0 {
				return glob[:from], append(options, glob[option:i]), glob[i+1:], true
			}
		}
	}
	return glob, nil, "", false
}

// endOfClass is the index of the ] that ends the class at i.
func endOfClass(glob string, i int) int {
	for i++; i < len(glob) && glob[i] != ']'; i++ {
		if glob[i] == '\\' {
			i++
		}
	}
	return i
}

// withoutStars replaces segments that are **, which match any number of segments,
// also none: those of IAM's * that have a slash beside it match at least one.
func withoutStars(segments []string) [][]string {
	i := slices.Index(segments, "**")
	if i < 0 || len(segments) == 1 {
		return [][]string{segments}
	}
	var all [][]string
	for _, rest := range withoutStars(segments[i+1:]) {
		before := segments[:i:i]
		all = append(all, append(before, rest...), append(append(before, "\x00"), rest...))
	}
	return slices.DeleteFunc(all, func(s []string) bool { return len(s) == 0 })
}

// translate writes a glob without braces as a pattern of IAM, in which the byte 0
// is a whole number of segments.
func translate(glob string) (pattern string, wider bool) {
	if glob == "**" {
		return "*", false
	}
	var b strings.Builder
	for i := 0; i < len(glob); i++ {
		switch c := glob[i]; c {
		case 0:
			b.WriteByte('*')
		case '*', '?':
			wider = true
			b.WriteByte(c)
		case '[':
			end := endOfClass(glob, i)
			if class := glob[i+1 : end]; len(class) == 1 {
				b.WriteString(literal(class))
			} else {
				wider = true
				b.WriteByte('?')
			}
			i = end
		case '\\':
			i++
			b.WriteString(literal(glob[i : i+1])) // a valid glob has something behind it
		default:
			b.WriteString(literal(string(c)))
		}
	}
	return onlyStars.ReplaceAllString(b.String(), "*"), wider
}
