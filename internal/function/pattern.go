package function

import (
	"errors"
	"regexp"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Pattern is a glob over the names of functions, such as orders-*: * stands for any
// characters, ? for one, and [ab] for one of several.
type Pattern string

// IsPattern reports whether what is given for a function has wildcards where its name
// is: a masked account is a mistake of another kind.
func IsPattern(given string) bool {
	return strings.ContainsAny(given[strings.LastIndexByte(given, ':')+1:], "*?[")
}

var patternCharacters = regexp.MustCompile(`^[a-zA-Z0-9_*?\[\]!^-]+$`)

// ParsePattern reads a glob. The error says what is wrong and does not repeat given.
func ParsePattern(given string) (Pattern, error) {
	switch {
	case strings.Contains(given, ":"):
		return "", errors.New("a glob stands for names of functions: an ARN cannot have one")
	case !patternCharacters.MatchString(given):
		return "", errors.New("not a glob over names of functions, which has a-z, A-Z, 0-9, -, _, *, ? and [ab]")
	case !doublestar.ValidatePattern(given):
		return "", errors.New("not a glob: its [ has no ], or nothing before it")
	}
	return Pattern(given), nil
}

// Matches reports whether the glob matches the name of a function.
func (p Pattern) Matches(name string) bool { return doublestar.MatchUnvalidated(string(p), name) }

var class = regexp.MustCompile(`\[[!^]?[^\]]+\]`)

// IAM is the glob as IAM's policies write it: they have no classes, so that ? stands
// for [ab].
func (p Pattern) IAM() string { return class.ReplaceAllString(string(p), "?") }
