package report

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/ci"
)

func TestLines(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"plain", "one", []string{"one"}},
		{"empty", "", []string{""}},
		{"every line break", "a\nb\rc\r\nd\ve\ff\u0085g\u2028h\u2029i", strings.Split("abcdefghi", "")},
		{"empty lines", "\n\na \n\nb\n\n", []string{"a", "", "b"}},
		{"colours", "\x1b[1;31mred\x1b[0m", []string{"red"}},
		{"unfinished colour", "\x1b[1;31", []string{`\x1b[1;31`}},
		{"other sequences", "\x1b]0;title\a", []string{`\x1b]0;title\a`}},
		{"direction and zero width", "a\u202eb\u200bc\ufeff", []string{`a\u202eb\u200bc\ufeff`}},
		{"tab", "\tx", []string{"  x"}},
		{"not UTF-8", "a\xffb", []string{"a\ufffdb"}},
		{"letters", "é 日本 👍🏽 ⚠️", []string{"é 日本 👍🏽 ⚠️"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, lines(test.text)); diff != "" {
				t.Errorf("lines(%q): -want +got\n%s", test.text, diff)
			}
		})
	}
}

func TestShorten(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text string
		most int
		want string
	}{
		{"", 3, ""}, {"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"日本語だ", 3, "日本…"}, {"日本語", 3, "日本語"}, {"ab", 1, "…"},
	} {
		if got := shorten(test.text, test.most); got != test.want {
			t.Errorf("shorten(%q, %d) = %q, want %q", test.text, test.most, got, test.want)
		}
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"prod is at 12, as before.":      "prod is at 12, as before.",
		"$LATEST -> a_b":                 `\$LATEST -\> a\_b`,
		"a|b\nc":                         "a&#124;b c",
		"`x`":                            "`x`",
		"``x`` `<b>` `":                  "\\`\\`x\\`\\` \\`\\<b\\>\\` \\`",
		"@octocat":                       "@&#8203;octocat",
		"https://a.example WWW.a":        `https\://a.example WWW\.a`,
		"- a":                            `\- a`,
		"12) a":                          `12\) a`,
		"`operation: rollback` clears":   "`operation: rollback` clears",
		`a\`:                             `a\\`,
		"&lt; &copy;":                    `\&lt; \&copy;`,
		"![i](z) [x]: y":                 `\!\[i\](z) \[x\]: y`,
		"set `clear-weights: true` now.": "set `clear-weights: true` now.",
	} {
		if got := markdown(text); got != want {
			t.Errorf("markdown(%q) = %q, want %q", text, got, want)
		}
	}
}

func FuzzDefuse(f *testing.F) {
	for _, seed := range []string{
		"::error::x", "\n::set-output name=version::1", "\r##[add-mask]x", "a\u2028 ::debug::", ":\u200d:x::", "#\x1b[0m#[x]", "\x85::a::", "\t::a::b",
	} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		var log strings.Builder
		r := &Reporter{system: ci.Detect(t.Context(), func(string) string { return "" }, nil), log: &logWriter{to: &log}, several: true, now: time.Now}
		r.say(text)
		r.Fact(name, text)
		r.say("  - " + oneLine(text))
		if got := commands(log.String()); got != nil {
			t.Errorf("%q is %q: the runner reads %q", text, log.String(), got)
		}
		if log := log.String(); strings.ContainsFunc(log, func(r rune) bool { return r != '\n' && !unicode.IsGraphic(r) }) || !utf8.ValidString(log) {
			t.Errorf("%q is %q: not all is visible", text, log)
		}
	})
}

// FuzzMarkdown reads back what markdown has written: everything active is
// escaped, and the text is still the same.
func FuzzMarkdown(f *testing.F) {
	for _, seed := range []string{"`a` ``b`", "1. a", "| @x |", `\`, "http://www.x", "a`<`b`", "$`x`$", "`0``0`"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		md := markdown(text)
		var b strings.Builder
		for rest := md; rest != ""; {
			switch {
			case rest[0] == '\\':
				if len(rest) < 2 || !strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", rune(rest[1])) {
					t.Fatalf("%q is %q: stray backslash", text, md)
				}
				b.WriteByte(rest[1])
				rest = rest[2:]
			case strings.HasPrefix(rest, "&#124;"):
				b.WriteByte('|')
				rest = rest[6:]
			case strings.HasPrefix(rest, "@&#8203;"):
				b.WriteByte('@')
				rest = rest[8:]
			case rest[0] == '`':
				code, after, found := strings.Cut(rest[1:], "`")
				if !found || code == "" || strings.ContainsAny(code, "|<@\\") || strings.HasPrefix(after, "`") {
					t.Fatalf("%q is %q: broken code", text, md)
				}
				b.WriteString("`" + code + "`")
				rest = after
			case strings.IndexByte("*_{}[]<>#|~&$!@", rest[0]) >= 0, strings.HasPrefix(rest, "://"):
				t.Fatalf("%q is %q: %q is active", text, md, rest)
			default:
				b.WriteByte(rest[0])
				rest = rest[1:]
			}
		}
		if want := oneLine(text); b.String() != want {
			t.Errorf("%q is %q, which reads %q", text, md, b.String())
		}
	})
}
