package ci

import (
	"strings"
	"unicode"
)

// Defuse prevents a clean line, without control characters, from being a command of any
// system, since a job may run inside another one's.
//
// GitHub's runner recognizes `::` at the start of a line, after white space, and `##[`
// anywhere in it; Azure Pipelines and TeamCity recognize `##vso[` and `##teamcity[`.
// GitHub's comparison is culture-sensitive and ignores combining marks. Buildkite
// groups by `---`, `+++`, `~~~` and `^^^` at the very start of a line, Travis CI by
// `travis_fold:` and GitLab by `section_start:` and `section_end:`, both before control
// characters.
// https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
func Defuse(line string) string {
	for _, mark := range []string{"---", "+++", "~~~", "^^^"} {
		if strings.HasPrefix(line, mark) {
			line = " " + line
		}
	}
	line = named.Replace(line)
	bracket := strings.ContainsRune(line, '[')
	var b strings.Builder
	var before rune // the last one that is not a mark
	start := true   // only white space and colons so far
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

// named are commands that begin with a name.
var named = strings.NewReplacer(
	"section_start:", "section_start :", "section_end:", "section_end :",
	"travis_fold:", "travis_fold :", "travis_time:", "travis_time :",
)
