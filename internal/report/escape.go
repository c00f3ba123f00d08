package report

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes s safe to print. It removes colours and other control sequences,
// turns every kind of line break into \n, and writes characters without a glyph
// (control, zero-width and direction characters) as their Go escape.
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

// lines returns the lines of an untrusted text, cleaned, without trailing white
// space and without empty lines at the beginning and the end.
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

// oneLine returns an untrusted text, cleaned, on one line.
func oneLine(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// shorten truncates s to at most so many characters, including the ellipsis that
// replaces the rest.
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
