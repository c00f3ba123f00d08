package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"lambda-release/internal/analysis"
	"lambda-release/internal/release"
	"lambda-release/internal/rollout"
)

// judgement is an element of the output `analysis`, whose schema is
// docs/analysis.schema.json. It has no ARN, as result has none.
type judgement struct {
	Function string          `json:"function"`
	Alias    string          `json:"alias"`
	Version  string          `json:"version"`
	Previous string          `json:"previous"`
	Check    string          `json:"check"`
	Verdict  rollout.Verdict `json:"verdict"`
	Old      *float64        `json:"old"` // null: not measured, or a limit
	New      *float64        `json:"new"` // null: not measured
	Unit     string          `json:"unit"`
	Evidence string          `json:"evidence"`
	Minutes  int             `json:"minutes"`
	Until    string          `json:"until"`
}

func analysisJSON(res release.Result) string {
	all := []judgement{}
	for _, o := range res.Outcomes {
		for _, j := range judgementsOf(o) {
			e := judgement{
				Function: o.Function, Alias: o.Alias, Version: j.Version, Previous: j.Replaces,
				Check: anonymous(j.Check.String(), o.FunctionARN), Verdict: j.Verdict,
				Unit: unitOf(j.Check), Evidence: j.Evidence(), Minutes: j.Finding.Minutes + j.Measured,
			}
			if j.HasOld() {
				e.Old = &j.Finding.Old
			}
			if j.HasNew() {
				e.New = &j.Finding.New
			}
			if !j.Until.IsZero() {
				e.Until = j.Until.UTC().Format(time.RFC3339)
			}
			all = append(all, e)
		}
	}
	return toJSON(all)
}

func unitOf(c analysis.Check) string {
	switch c.Subject {
	case analysis.Errors, analysis.Throttles:
		return "ratio"
	case analysis.Duration:
		return "ms"
	default:
		return ""
	}
}

func judgementsOf(o release.Outcome) []rollout.Judgement {
	if o.Shift == nil {
		return nil
	}
	return o.Shift.Analysis
}

// worstFirst is the order in which people need judgements.
var worstFirst = []rollout.Verdict{
	rollout.Worse, rollout.OutsideLimit, rollout.Inconclusive, rollout.NotJudged, rollout.NotWorse, rollout.Better, rollout.WithinLimit,
}

// analysisPart has a row for each judgement, the worst first, and a chart of the error
// rates.
func analysisPart(res release.Result) string {
	var all []rollout.Judgement
	for _, o := range res.Outcomes {
		all = append(all, judgementsOf(o)...)
	}
	if len(all) == 0 {
		return ""
	}
	slices.SortStableFunc(all, func(a, b rollout.Judgement) int {
		return slices.Index(worstFirst, a.Verdict) - slices.Index(worstFirst, b.Verdict)
	})
	var b strings.Builder
	b.WriteString("#### Analysis\n\n| function | check | old version | new version | verdict | evidence |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, j := range all[:min(len(all), maxRows)] {
		old, of := j.Numbers()
		verdict := j.Verdict.String()
		if j.Verdict == rollout.Worse || j.Verdict == rollout.OutsideLimit {
			verdict = "**" + verdict + "**"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", code(j.Function), markdown(shorten(j.Check.String(), maxReason)),
			numbered(j.Replaces, old), numbered(j.Version, of), verdict, markdown(join("; ", j.Evidence(), j.Seen())))
	}
	if more := len(all) - maxRows; more > 0 {
		fmt.Fprintf(&b, "| … and %d more | | | | | |\n", more)
	}
	b.WriteString("\n")
	charts := 0
	for _, j := range all {
		if chart := errorChart(j); chart != "" && charts < maxPictured {
			charts++
			b.WriteString(chart)
		}
	}
	return b.String()
}

// numbered is a value with the number of its version: `1.2 % (7)`.
func numbered(version, value string) string {
	if value == "" {
		return ""
	}
	return value + " (" + markdown(version) + ")"
}

const (
	// maxCharted is how many minutes a chart has: the last ones.
	maxCharted = 40
	// maxLabels is how many of them can have their time below without overlapping.
	maxLabels = 14
)

// chartColours sets the colours of the bars and of the line: Mermaid's own hardly
// show on white.
const chartColours = `%%{init: {"themeVariables": {"xyChart": {"plotColorPalette": "#54aeff, #cf222e"}}}}%%`

// errorChart is a chart of the error rate by the minute, if there were errors. Its axis
// begins at zero: Mermaid's own begins at the lowest value.
// https://mermaid.js.org/syntax/xyChart.html
func errorChart(j rollout.Judgement) string {
	var times, old, of []string
	highest := 0.0
	for _, m := range j.Minutes[max(0, len(j.Minutes)-maxCharted):] {
		times = append(times, j.First.Add(time.Duration(m.Number-1)*time.Minute).UTC().Format("15:04"))
		old, of = append(old, decimal(percent(m.Old))), append(of, decimal(percent(m.New)))
		highest = max(highest, percent(m.Old), percent(m.New))
	}
	if j.Check.Subject != analysis.Errors || highest == 0 {
		return ""
	}
	text := fmt.Sprintf("Errors of %s by the minute (UTC): bars for version %s, the line for version %s.", code(j.Function), markdown(j.Version), markdown(j.Replaces))
	names, series := sparse(times), []string{"  bar " + axis(of), "  line " + axis(old)}
	if len(times) == 1 { // a line of one point cannot be seen
		text = fmt.Sprintf("Errors of %s at %s (UTC).", code(j.Function), times[0])
		names, series = []string{"version " + j.Replaces, "version " + j.Version}, []string{"  bar " + axis(append(old, of...))}
	}
	for i := range names {
		names[i] = `"` + names[i] + `"`
	}
	return text + "\n\n" + codeBlock("mermaid", append([]string{
		chartColours,
		"xychart-beta",
		"  x-axis " + axis(names),
		`  y-axis "errors in %" 0 --> ` + decimal(highest),
	}, series...))
}

// sparse leaves out labels where there are too many. Mermaid trims labels, and draws
// one bar for all that are equal: so in place of each it left out is a different number
// of zero-width spaces.
func sparse(labels []string) []string {
	every := (len(labels) + maxLabels - 1) / maxLabels
	all := slices.Clone(labels)
	for i := range all {
		if i%every > 0 {
			all[i] = strings.Repeat("\u200b", i)
		}
	}
	return all
}

// axis is values as a chart has them.
func axis(values []string) string { return "[" + strings.Join(values, ", ") + "]" }

// percent is a rate of errors, with four digits after the point at most.
func percent(c analysis.Count) float64 {
	const digits = 1e4
	return math.Round(digits*100*min(1, float64(c.Failures)/float64(max(1, c.Invocations)))) / digits
}

// decimal is a number without an exponent.
func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// analysisLines are the judgements of a function for the log, without those that its
// annotations report.
func analysisLines(o release.Outcome) []string {
	annotated := strings.Join(o.Warnings, "\n")
	if o.Err != nil {
		annotated += o.Err.Error()
	}
	var all []string
	for _, j := range judgementsOf(o) {
		if !strings.Contains(annotated, j.String()) {
			all = append(all, "  "+j.String())
		}
	}
	return all
}
