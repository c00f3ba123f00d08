package report

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes everything in s visible and nothing in it active: colours and
// other control sequences are taken out, every kind of line break becomes \n,
// and what has no glyph (control, zero-width and direction characters) is
// written as its Go escape.
func clean(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if n := controlSequence(s[i:]); n > 0 {
			i += n
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		switch {
		case r == '\r' && strings.HasPrefix(s[i:], "\n"):
		case strings.ContainsRune("\n\r\v\f\u0085\u2028\u2029", r):
			b.WriteByte('\n')
		case r == '\t':
			b.WriteString("  ")
		case unicode.IsGraphic(r):
			b.WriteRune(r)
		default:
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return b.String()
}

// controlSequence is the length of the ANSI control sequence that s starts
// with (ESC [, parameters, a letter), 0 if it starts with none.
func controlSequence(s string) int {
	if !strings.HasPrefix(s, "\x1b[") {
		return 0
	}
	for i := 2; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 0x40 && c <= 0x7e:
			return i + 1
		case c < 0x20 || c > 0x3f:
			return 0
		}
	}
	return 0
}

// lines gives the lines of a text from outside, clean, without white space at
// their ends, and without empty ones at the text's own ends.
func lines(s string) []string {
	all := strings.Split(clean(s), "\n")
	for i := range all {
		all[i] = strings.TrimRightFunc(all[i], unicode.IsSpace)
	}
	for len(all) > 1 && all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	for len(all) > 1 && all[0] == "" {
		all = all[1:]
	}
	return all
}

// oneLine is a text from outside, clean and on one line.
func oneLine(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// defuse keeps a clean line from being a workflow command. GitHub's runner
// takes `::` at the start of a line, after white space, and `##[` anywhere in
// it; Azure Pipelines and TeamCity take `##vso[` and `##teamcity[`. The runner
// compares by the rules of a language, which do not see combining marks.
// https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
func defuse(line string) string {
	bracket := strings.ContainsRune(line, '[')
	var b strings.Builder
	var before rune // the last one that is no mark
	start := true   // nothing but space and colons so far
	for _, r := range line {
		if !unicode.IsMark(r) {
			if r == before && (r == '#' && bracket || r == ':' && start) {
				b.WriteByte(' ')
			}
			before = r
			start = start && (r == ':' || unicode.IsSpace(r))
		}
		b.WriteRune(r)
	}
	return b.String()
}

// shorten keeps at most so many characters, the last of them an ellipsis if
// there were more.
func shorten(s string, most int) string {
	n := 0
	end := 0 // of the text with one character less than most
	for i := range s {
		if n == most-1 {
			end = i
		}
		if n == most {
			return s[:end] + "…"
		}
		n++
	}
	return s
}
