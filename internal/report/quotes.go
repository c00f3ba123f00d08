package report

import (
	"slices"
	"strings"

	"lambda-release/internal/release"
)

// How many characters of a function's response, and of the end of its log, the
// summary quotes, and how many the log and an annotation do.
const (
	maxQuoted = 4_096
	maxLogged = 800
)

// quote is what a function wrote that failed a smoke test, or a hook that rejected
// the version.
type quote struct{ title, text string }

// quotes returns the response of a function or a hook, and the end of its log.
func quotes(o release.Outcome, most int) []quote {
	all := []quote{
		{"Response of the " + o.AnswerBy, shorten(o.Answer, most)},
		{"End of the " + o.AnswerBy + "'s log", lastOf(o.LogTail, most)},
	}
	return slices.DeleteFunc(all, func(q quote) bool { return strings.TrimSpace(q.text) == "" })
}

// lastOf returns at most so many characters of the end of s, including the ellipsis
// that replaces the rest.
func lastOf(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return "…" + string(r[len(r)-most+1:])
}

// annotatedQuotes are the quotes for an annotation, after its text. The bar keeps
// apart what the function wrote.
func annotatedQuotes(o release.Outcome) string {
	var b strings.Builder
	for _, q := range quotes(o, maxLogged) {
		b.WriteString("\n" + q.title + ":\n| " + indented(q.text, ""))
	}
	return b.String()
}

// plainQuotes are the quotes of all failures for the log.
func plainQuotes(res release.Result) []string {
	var all []string
	for _, o := range res.Outcomes {
		for _, q := range quotes(o, maxLogged) {
			all = append(all, subject(o)+": "+q.title+":\n    | "+indented(q.text, "    "))
		}
	}
	return all[:min(len(all), 2*maxFailures)]
}
