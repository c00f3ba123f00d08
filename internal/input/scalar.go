package input

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"lambda-release/internal/rules"
)

func bad(what string) Problems { return Problems{{What: what}} }

func oneOf(into *string, value string, allowed ...string) Problems {
	if !slices.Contains(allowed, value) {
		return bad("unknown" + didYouMean(value, allowed))
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
		return bad(err.Error())
	}
	in.Alias = value
	return nil
}

func parseRef(in *Input, value string) Problems {
	if _, err := rules.ParseRef(value); err != nil {
		return bad(err.Error())
	}
	in.Ref = value
	return nil
}

// AWS takes 256 characters for the description of a version and of an alias. An
// alias's also contains its history, which needs the rest.
const (
	maxDescription      = 256
	maxAliasDescription = 160
)

func parseDescription(in *Input, value string) Problems {
	value = oneLine(value)
	if n := utf8.RuneCountInString(value); n > maxDescription {
		return bad(fmt.Sprintf("%d characters are too many", n))
	}
	in.Description = value
	return nil
}

func parseAliasDescription(in *Input, value string) Problems {
	value = oneLine(value)
	if n := utf8.RuneCountInString(value); n > maxAliasDescription {
		return bad(fmt.Sprintf("%d characters are too many: the rest of AWS's 256 is for the history that follows the text", n))
	}
	if strings.HasSuffix(value, "]") {
		return bad(`it ends in "]", as the history that follows the text does ([12 < 10 | run 4711]), and could be mistaken for it`)
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

const maxDuration = 24 * time.Hour

func parseDuration(into *time.Duration, value string) Problems {
	d, err := time.ParseDuration(value)
	switch {
	case err != nil && strings.Trim(value, "0123456789") == "":
		return bad("a number without a unit")
	case err != nil:
		return bad("not a duration")
	case d <= 0:
		return bad("not more than 0")
	case d > maxDuration:
		return bad("longer than 24h")
	}
	*into = d
	return nil
}
