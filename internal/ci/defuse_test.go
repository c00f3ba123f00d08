package ci

import (
	"strings"
	"testing"
)

func TestDefuse(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"harmless: a::b":          "harmless: a::b",
		"::error::x":              ": :error::x",
		" \u00a0::error::x":       " \u00a0: :error::x",
		":::error::x":             ": : :error::x",
		":\u0301:error::x":        ":\u0301 :error::x",
		"x ##[group]y":            "x # #[group]y",
		"x ###[group]y":           "x # # #[group]y",
		"x #\ufe0f#\u0301[group]": "x #\ufe0f #\u0301[group]",
		"##vso[task.setvariable]": "# #vso[task.setvariable]",
		"## a heading":            "## a heading",
		"##teamcity[x]":           "# #teamcity[x]",
		"--- x":                   " --- x",
		"+++":                     " +++",
		"~~~ x":                   " ~~~ x",
		"^^^ +++":                 " ^^^ +++",
		"  - x":                   "  - x",
		"section_start:1:x":       "section_start :1:x",
		"x section_end:1:x":       "x section_end :1:x",
		"travis_fold:end:x":       "travis_fold :end:x",
	} {
		if got := Defuse(line); got != want {
			t.Errorf("Defuse(%q) = %q, want %q", line, got, want)
		}
	}
}

// FuzzDefuse: whatever the line, no system reads a command in it.
func FuzzDefuse(f *testing.F) {
	for _, v := range hostile {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, line string) {
		got := Defuse(line)
		for _, command := range []string{"##vso[", "##[", "##teamcity[", "section_start:", "section_end:", "travis_fold:", "travis_time:"} {
			if strings.Contains(got, command) {
				t.Errorf("%q is %q", line, got)
			}
		}
		for _, command := range []string{"::", "---", "+++", "~~~", "^^^"} {
			if strings.HasPrefix(got, command) {
				t.Errorf("%q is %q", line, got)
			}
		}
	})
}
