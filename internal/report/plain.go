package report

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"lambda-release/internal/release"
)

// plain is the result in a few lines of text for the end of the log, below the
// headline, without what the annotations already report.
func plain(res release.Result) []string {
	all := unabridged(res)
	if res.Operation == release.ReadStatus {
		return append(all, statusLines(res)...)
	}
	if len(res.Outcomes) == 1 {
		o := res.Outcomes[0]
		if r := reason(o); r != "" && len(annotations(res)) == 0 && !strings.HasSuffix(headline(res), ": "+r) {
			all = append(all, "  "+r)
		}
		if o.Shift != nil {
			all = append(append(all, "  "+shiftWords(o)), analysisLines(o)...)
		}
		if len(o.Pruned) > 0 && o.Status != release.Pruned { // otherwise the headline has them
			all = append(all, "  "+deleted(o))
		}
		return append(all, plainPlan(o)...)
	}
	all = append(all, plainTable(res)...)
	for _, o := range res.Outcomes {
		if len(o.Pruned) > 0 {
			all = append(all, o.Function+": "+deleted(o))
		}
		if len(o.Plan) > 0 {
			all = append(append(all, subject(o)), plainPlan(o)...)
		}
	}
	return all
}

// unabridged are the hints and warnings with JSON that is too long for their
// annotation.
func unabridged(res release.Result) []string {
	var all []string
	for _, o := range res.Outcomes {
		for _, text := range append([]string{o.Hint}, o.Warnings...) {
			shown := brief(text, maxAnnotation)
			if text == o.Hint {
				shown = failureText(o)
			}
			if strings.Contains(shown, elsewhere) {
				all = append(append(all, subject(o)+":"), lines(text)...)
			}
		}
	}
	return all
}

// plainTable is a table of the outcomes. Writing to memory does not fail.
func plainTable(res release.Result) []string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, o := range res.Outcomes {
		_, _ = fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", oneLine(o.Function), oneLine(o.Alias), plainMove(o), how(res, o))
	}
	_ = w.Flush()
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

// plainMove shows from where to where the alias moved.
func plainMove(o release.Outcome) string {
	switch why := ahead(o); {
	case o.Alias == "":
		return ""
	case why != "":
		return fmt.Sprintf("%s → %s (%s)", o.After, o.Version, why)
	case o.Changed():
		return fmt.Sprintf("%s → %s", o.Before, o.After)
	default:
		return o.After.String()
	}
}

// How many characters of a reason a table or an output shows. Failures are
// reported in full elsewhere.
const (
	maxReason  = 300
	maxFailure = 80
)

// how is the status with its reason.
func how(res release.Result, o release.Outcome) string {
	version := ""
	if o.Published {
		version = "new version"
		if o.After.Version != o.Version {
			version += " " + o.Version.String()
		}
	}
	if stopped(o) {
		return join("; ", stoppedWords(res, o), version)
	}
	most := maxReason
	if o.Err != nil {
		most = maxFailure
	}
	return join(": ", join(", ", words(o.Status), version), shorten(reason(o), most))
}

func plainPlan(o release.Outcome) []string {
	all := make([]string, len(o.Plan))
	for i, step := range o.Plan {
		all[i] = "  - " + oneLine(step)
	}
	return all
}
