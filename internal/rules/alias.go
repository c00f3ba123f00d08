package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"lambda-release/internal/lines"
)

// maxAlias is the most characters that an alias may have.
const maxAlias = 128

const aliasAllowed = "an alias has 1 to 128 of a-z, A-Z, 0-9, - and _, and not only digits"

// CheckAlias reports whether AWS would take name for an alias: 1 to 128 of
// a-z, A-Z, 0-9, - and _, and not digits only, which would be a version. The
// error says what is wrong with the name and does not repeat it.
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html
func CheckAlias(name string) error {
	if problem := aliasProblem(name); problem != "" {
		return errors.New(problem)
	}
	return nil
}

func aliasProblem(name string) string {
	i := strings.IndexFunc(name, func(c rune) bool { return !inAlias(c) })
	switch {
	case name == "":
		return "the alias is missing"
	case name == "$LATEST":
		return "$LATEST is not an alias"
	case i >= 0:
		return fmt.Sprintf("an alias may not contain %q", []rune(name[i:])[0])
	case len(name) > maxAlias:
		return fmt.Sprintf("an alias of %d characters is too long", len(name))
	case digitsOnly(name):
		return "an alias of digits only would be a version"
	}
	return ""
}

func inAlias(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

func digitsOnly(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

// A template is the right half of a rule: an alias, perhaps with placeholders
// for the name of the ref.
type template struct {
	text   string
	places int // how many placeholders it has
	room   int // how many characters each of them may take
}

var (
	placeholder = regexp.MustCompile(`\{(branch|tag|number)\}`)
	inBraces    = regexp.MustCompile(`\{[^{}]*\}`)
)

// hashLength characters, after a -, end a name that had to be shortened;
// minRoom leaves as many for the name itself.
const (
	hashLength = 8
	minRoom    = 2*hashLength + 1
)

// placeholder is the one placeholder that refs of kind k can fill.
func (k Kind) placeholder() string {
	switch k {
	case Branch:
		return "{branch}"
	case Tag:
		return "{tag}"
	default:
		return "{number}"
	}
}

func parseTemplate(text string, kind Kind) (template, *lines.Error) {
	own := kind.placeholder()
	bad := func(problem string) (template, *lines.Error) {
		allowed := aliasAllowed
		if strings.ContainsAny(text, "{}") {
			allowed += "; " + own + " stands for the " + kind.String()
		}
		if strings.ContainsAny(text, "@$") {
			allowed += "; ALIAS" + latestSuffix + " follows the unpublished code"
		}
		return template{}, &lines.Error{Problem: problem, Allowed: allowed}
	}
	for _, p := range inBraces.FindAllString(text, -1) {
		switch {
		case p == own:
		case placeholder.MatchString(p):
			return bad(fmt.Sprintf("a %s has no value for %s", kind, p))
		default:
			return bad(fmt.Sprintf("unknown placeholder %.40q", p))
		}
	}
	places := strings.Count(text, own)
	if places == 0 {
		if problem := aliasProblem(text); problem != "" {
			return bad(problem)
		}
		return template{text: text}, nil
	}
	literal := strings.ReplaceAll(text, own, "")
	if problem := aliasProblem("a" + literal); problem != "" {
		return bad(problem)
	}
	room := (maxAlias - len(literal)) / places
	if room < minRoom {
		return bad(fmt.Sprintf("the alias leaves %d characters for %s, which needs %d", room, own, minRoom))
	}
	return template{text: text, places: places, room: room}, nil
}

// expand replaces the placeholders by the name of ref, made legal:
//
//   - every character that AWS would refuse becomes a -;
//   - if the whole alias would be digits only, the kind precedes the name:
//     branch-2026, tag-7, pr-7;
//   - a name too long for its place is cut and ends in a hash of the whole
//     name, so that long names with the same beginning stay distinct.
func (t template) expand(ref Ref) string {
	if t.places == 0 {
		return t.text
	}
	name := ref.Name
	if ref.Kind == PullRequest {
		name = strconv.Itoa(ref.Number)
	}
	value := strings.Map(func(c rune) rune {
		if inAlias(c) {
			return c
		}
		return '-'
	}, name)
	place := ref.Kind.placeholder()
	if digitsOnly(strings.ReplaceAll(t.text, place, value)) {
		value = digitsPrefix(ref.Kind) + value
	}
	if len(value) > t.room {
		sum := sha256.Sum256([]byte(name))
		value = value[:t.room-hashLength-1] + "-" + hex.EncodeToString(sum[:])[:hashLength]
	}
	return strings.ReplaceAll(t.text, place, value)
}

func digitsPrefix(kind Kind) string {
	if kind == PullRequest {
		return "pr-"
	}
	return kind.String() + "-"
}
