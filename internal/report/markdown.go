package report

import (
	"encoding/json"
	"strings"
	"unicode"
)

// markdown is a text from outside as a line of prose in Markdown, in which
// nothing is markup, a mention or a link, also inside a table. Only names
// between backticks stay code.
// https://github.github.com/gfm/#backslash-escapes
func markdown(s string) string {
	s = oneLine(s)
	var b strings.Builder
	if i := listMarker(s); i >= 0 {
		b.WriteString(s[:i] + `\` + s[i:i+1])
		s = s[i+1:]
	}
	for i := 0; i < len(s); i++ {
		rest := s[i+1:]
		switch c := s[i]; {
		case c == '`':
			if code, after, found := strings.Cut(rest, "`"); found && isCode(code) && !strings.HasPrefix(after, "`") {
				b.WriteString("`" + code + "`")
				i += len(code) + 1
				continue
			}
			b.WriteString("\\`")
		case strings.IndexByte(`\*_{}[]<>#~&$!`, c) >= 0:
			b.WriteString(`\` + string(c))
		case c == '|': // a backslash before it would not do in a table
			b.WriteString("&#124;")
		case c == '@': // a zero-width space after it: nobody is mentioned
			b.WriteString("@&#8203;")
		case c == ':' && strings.HasPrefix(rest, "//"),
			c == '.' && i >= 3 && strings.EqualFold(s[i-3:i], "www"):
			b.WriteString(`\` + string(c))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// listMarker is where the character is that would make s a list, a rule or the
// underline of a heading if s stood at the start of a line; -1 if it would not.
func listMarker(s string) int {
	i := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsDigit(r) })
	switch {
	case i == 0 && strings.IndexByte("-+=", s[0]) >= 0,
		i > 0 && (s[i] == '.' || s[i] == ')'):
		return i
	}
	return -1
}

// isCode tells whether s can stand between backticks anywhere, in a table, too.
func isCode(s string) bool {
	return s != "" && strings.Trim(s, nameCharacters+" =,") == "" && strings.TrimSpace(s) == s
}

// nameCharacters are those of which AWS and we make names of functions,
// aliases, versions, inputs and calls.
const nameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/$"

// maxName is an alias's most, with the path to it.
const maxName = 140

// isName tells whether s is a name as AWS would take it; only such a name is
// set as code, linked or drawn as it is.
func isName(s string) bool {
	return s != "" && len(s) <= maxName && strings.Trim(s, nameCharacters) == ""
}

// code is a name, set as code.
func code(name string) string {
	if isName(name) {
		return "`" + name + "`"
	}
	return markdown(shorten(name, 64))
}

// prose is a text of several lines in Markdown: a paragraph a line, and JSON
// among them as a block of code.
func prose(s string) string {
	var b strings.Builder
	text := lines(s)
	for i := 0; i < len(text); i++ {
		if n := jsonLines(text[i:]); n > 0 {
			b.WriteString(codeBlock("json", text[i:i+n]))
			i += n - 1
		} else if text[i] != "" {
			b.WriteString(markdown(text[i]) + "\n\n")
		}
	}
	return b.String()
}

// jsonLines is how many of the lines, from the first on, are one JSON object,
// 0 if they start with none.
func jsonLines(text []string) int {
	if !strings.HasPrefix(text[0], "{") {
		return 0
	}
	for i, line := range text {
		if strings.HasSuffix(line, "}") && json.Valid([]byte(strings.Join(text[:i+1], "\n"))) {
			return i + 1
		}
	}
	return 0
}

// codeBlock fences clean lines with more backticks than any of them has.
func codeBlock(language string, text []string) string {
	body := strings.Join(text, "\n")
	fence := "```"
	for strings.Contains(body, fence) {
		fence += "`"
	}
	return fence + language + "\n" + body + "\n" + fence + "\n\n"
}
