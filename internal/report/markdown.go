package report

import (
	"encoding/json"
	"strings"
	"unicode"
)

// markdown returns an untrusted text as one line of Markdown without markup,
// mentions or links, safe inside a table, too. Only names between backticks
// remain code.
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
		case c == '|': // in a table a backslash is not enough
			b.WriteString("&#124;")
		case c == '@': // a zero-width space after it prevents a mention
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

// listMarker returns the index of the character that would make s a list, a rule
// or the underline of a heading at the start of a line; -1 if there is none.
func listMarker(s string) int {
	i := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsDigit(r) })
	switch {
	case i == 0 && strings.IndexByte("-+=", s[0]) >= 0,
		i > 0 && (s[i] == '.' || s[i] == ')'):
		return i
	}
	return -1
}

// isCode reports whether s is safe between backticks, in a table, too.
func isCode(s string) bool {
	return s != "" && strings.Trim(s, nameCharacters+" =,") == "" && strings.TrimSpace(s) == s
}

// nameCharacters are the characters in names of functions, aliases, versions,
// inputs and API calls.
const nameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/$"

// maxName is the maximum length of an alias with the path to it.
const maxName = 140

// isName reports whether AWS would accept s as a name. Only such names are
// formatted as code, linked or drawn unchanged.
func isName(s string) bool {
	return s != "" && len(s) <= maxName && strings.Trim(s, nameCharacters) == ""
}

// code formats a name as code.
func code(name string) string {
	if isName(name) {
		return "`" + name + "`"
	}
	return markdown(shorten(name, 64))
}

// prose returns a text of several lines as Markdown: a paragraph for each line,
// and a code block for JSON.
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

// jsonLines returns how many lines at the beginning of text form a JSON object,
// or 0.
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

// codeBlock fences clean lines with more backticks than any of them contains.
func codeBlock(language string, text []string) string {
	body := strings.Join(text, "\n")
	fence := "```"
	for strings.Contains(body, fence) {
		fence += "`"
	}
	return fence + language + "\n" + body + "\n" + fence + "\n\n"
}
