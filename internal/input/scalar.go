package input

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"lambda-release/internal/alias"
	"lambda-release/internal/lines"
	"lambda-release/internal/rollout"
	"lambda-release/internal/rules"
)

func bad(what string) Problems { return Problems{{What: what}} }

func oneOf(into *string, value string, allowed ...string) Problems {
	if !slices.Contains(allowed, value) {
		return bad("unknown" + lines.DidYouMean(value, allowed))
	}
	*into = value
	return nil
}

func parseBool(into *bool, value string) Problems {
	switch strings.ToLower(value) {
	case "true":
		*into = true
	case "false":
		*into = false
	default:
		return bad("neither true nor false")
	}
	return nil
}

func parseRules(in *Input, value string) Problems {
	rs, err := rules.Parse(value)
	if err == nil {
		in.Rules = rs
		return nil
	}
	return problemsOf(err)
}

func parseAlias(in *Input, value string) Problems {
	if err := rules.CheckAlias(value); err != nil {
		return Problems{{What: err.Error(), Allowed: aliasAllowed(value)}}
	}
	in.Alias = value
	return nil
}

const aliasCharacters = "an alias has 1 to 128 of a-z, A-Z, 0-9, - and _, and not only digits"

// aliasAllowed says what to do about a value that is not an alias but was meant to
// select one.
func aliasAllowed(value string) string {
	switch {
	case strings.Trim(value, "0123456789") == "":
		return aliasCharacters + "; to move an alias to version " + value + ", use operation promote with version " + value
	case strings.ContainsAny(value, "=@"):
		return aliasCharacters + "; rules such as main=prod or develop=dev@$LATEST belong in aliases, and alias must then be empty"
	case strings.ContainsAny(value, "/{."):
		return aliasCharacters + "; to make the alias from the name of the branch, set aliases to the rule **={branch}, and leave alias empty"
	}
	return aliasCharacters
}

func parseRef(in *Input, value string) Problems {
	if _, err := rules.ParseRef(value); err != nil {
		return bad(err.Error())
	}
	in.Ref = value
	return nil
}

// maxAliasDescription leaves room for the history that follows the text in an
// alias's description.
const maxAliasDescription = 160

// parseDescription cuts a text that is too long: it may be a commit message, which
// must not stop a release.
func parseDescription(in *Input, value string) Problems {
	in.Description = alias.Shorten(oneLine(value), alias.MaxDescription)
	return nil
}

func parseAliasDescription(in *Input, value string) Problems {
	value = alias.Shorten(oneLine(value), maxAliasDescription)
	if _, h := alias.ReadDescription(value); h.Head() != alias.None {
		return bad(`it ends in "]", and reads like the alias history that follows the text`)
	}
	if value != "" {
		in.AliasDescription = &value
	}
	return nil
}

// oneLine makes a description of a text such as a commit message: line breaks
// and control characters become spaces, and bytes that are not UTF-8, which JSON
// cannot represent, the replacement character.
func oneLine(s string) string {
	s = strings.ToValidUTF8(s, string(utf8.RuneError))
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || c == '\u2028' || c == '\u2029' {
			return ' '
		}
		return c
	}, s)
	return strings.TrimSpace(s)
}

const (
	maxDuration = 24 * time.Hour
	maxLock     = 30 * 24 * time.Hour
)

func parseDuration(into *time.Duration, value string, most time.Duration) Problems {
	d, err := time.ParseDuration(value)
	switch {
	case err != nil && strings.Trim(value, "0123456789") == "":
		return bad("a number without a unit")
	case err != nil:
		return bad("not a duration")
	case d <= 0:
		return bad("not more than 0")
	case d > most:
		return bad("longer than " + rollout.Duration(most))
	}
	*into = d
	return nil
}
