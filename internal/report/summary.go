package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/release"
)

// Limits of the summary. GitHub drops a summary of more than 1 MiB per step, and
// people read far less. Parts are left out as a whole, so that no markup is cut.
const (
	maxSummary  = 700 << 10 // bytes
	maxRows     = 200       // functions in the table
	maxFailures = 20        // failures shown in full
	maxDetails  = 50        // warnings, and functions with a plan
	maxText     = 2_000     // characters of an error or a line of a warning
	maxAdvice   = 64 << 10  // characters of a hint, which may have a policy for many functions
)

// summary renders the result as Markdown for the page of the job.
func summary(res release.Result) string {
	rows := table
	if res.Operation == release.ReadStatus {
		rows = statusTable
	}
	parts := []string{heading(mark(res), headline(res)), rows(res)}
	parts = append(parts, failureParts(res)...)
	parts = append(parts,
		notes(res, "Warnings", func(o release.Outcome) []string { return o.Warnings }),
		notes(res, "Also changed", func(o release.Outcome) []string { return o.Changes }),
		urlPart(res),
		notes(res, "Notes", func(o release.Outcome) []string { return o.Notes }),
		statusPart(res), shiftPart(res), analysisPart(res), planPart(res), prunedPart(res), picture(res), footer(res))
	var b strings.Builder
	for _, part := range parts {
		if b.Len()+len(part) > maxSummary {
			b.WriteString("… more in the log.\n")
			break
		}
		b.WriteString(part)
	}
	return b.String()
}

func heading(mark, text string) string {
	return "### " + mark + " " + markdown(shorten(text, maxReason)) + "\n\n"
}

// table has a row for each function, at most maxRows.
func table(res release.Result) string {
	rows := res.Outcomes[:min(len(res.Outcomes), maxRows)]
	var b strings.Builder
	b.WriteString("| function | alias | before → after | result |\n| --- | --- | --- | --- |\n")
	for _, o := range rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", functionLink(o), aliasLink(o), tableMove(o), tableHow(res, o))
	}
	if more := len(res.Outcomes) - len(rows); more > 0 {
		fmt.Fprintf(&b, "| … and %d more | | | |\n", more)
	}
	return b.String() + "\n"
}

// failuresFirst is the result with the functions in the order in which people need
// them: those that failed, then those that stopped others, then the rest.
func failuresFirst(res release.Result) release.Result {
	res.Outcomes = slices.Clone(res.Outcomes)
	slices.SortStableFunc(res.Outcomes, func(a, b release.Outcome) int { return rank(res, a) - rank(res, b) })
	return res
}

func rank(res release.Result, o release.Outcome) int {
	switch {
	case o.NotAsItWas:
		return 0
	case o.Err != nil:
		return 1
	case o.Status == release.Drifted, stays(res, o):
		return 2
	default:
		return 3
	}
}

func tableMove(o release.Outcome) string {
	switch why := ahead(o); {
	case o.Alias == "":
		return ""
	case why != "":
		return place(o, o.After) + " → " + versionLink(o, o.Version) + " (" + why + ")"
	case o.Changed():
		return place(o, o.Before) + " → **" + place(o, o.After) + "**"
	default:
		return place(o, o.After)
	}
}

// place formats a position with links to its versions.
func place(o release.Outcome, p alias.Position) string {
	switch {
	case p.Unknown:
		return "?"
	case p.Version == alias.None:
		return "none"
	case len(p.Weights) == 0:
		return versionLink(o, p.Version)
	}
	parts := []string{versionLink(o, p.Version) + " (" + alias.Percent(p.Rest()) + ")"}
	for _, v := range slices.Sorted(maps.Keys(p.Weights)) {
		parts = append(parts, versionLink(o, v)+" ("+alias.Percent(p.Weights[v])+")")
	}
	return strings.Join(parts, " + ")
}

func tableHow(res release.Result, o release.Outcome) string {
	text := markdown(how(res, o))
	if o.NotAsItWas {
		text = "**" + displacement(o) + "**, " + text
	}
	return text
}

// failureParts shows each failure in full: what happened, where the alias is, and
// what to do.
func failureParts(res release.Result) []string {
	var parts []string
	more := 0
	for _, o := range res.Outcomes {
		if !failedItself(o) {
			continue
		}
		if len(parts) == maxFailures {
			more++
			continue
		}
		parts = append(parts, failurePart(res, o))
	}
	if more > 0 {
		parts = append(parts, fmt.Sprintf("… and %s in the log.\n\n", count(more, "more failure")))
	}
	return parts
}

func failurePart(res release.Result, o release.Outcome) string {
	var b strings.Builder
	b.WriteString("#### " + markdown(failureTitle(res, o)) + "\n\n")
	if o.Err != nil {
		b.WriteString(prose(shorten(o.Err.Error(), maxText)))
	}
	if where := whereabouts(o); where != "" {
		b.WriteString("**Now:** " + markdown(shorten(where, maxText)) + ".\n\n")
	}
	for _, q := range quotes(o, maxQuoted) {
		b.WriteString("**" + q.title + ":**\n\n" + codeBlock("", lines(q.text)))
	}
	if o.Hint != "" {
		b.WriteString("**What to do:**\n\n" + prose(shorten(o.Hint, maxAdvice)))
	}
	return b.String()
}

// notes lists the texts of all functions under a heading.
func notes(res release.Result, title string, of func(release.Outcome) []string) string {
	var items []string
	for _, o := range res.Outcomes {
		for _, text := range of(o) {
			text, more, _ := strings.Cut(shorten(text, maxAdvice), "\n")
			item := "- " + code(subject(o)) + ": " + markdown(shorten(text, maxText)) + "\n"
			if more != "" {
				item += "\n" + prose(more)
			}
			items = append(items, item)
		}
	}
	return list(title, items)
}

func planPart(res release.Result) string {
	var items []string
	for _, o := range res.Outcomes {
		if len(o.Plan) == 0 {
			continue
		}
		var b strings.Builder
		indent := ""
		if len(res.Outcomes) > 1 {
			b.WriteString("- " + code(subject(o)) + "\n")
			indent = "  "
		}
		for _, step := range o.Plan {
			b.WriteString(indent + "- " + markdown(shorten(step, maxText)) + "\n")
		}
		items = append(items, b.String())
	}
	return list("Plan", items)
}

// shiftPart says how the traffic was shifted.
func shiftPart(res release.Result) string {
	return notes(res, "Traffic shift", func(o release.Outcome) []string {
		if o.Shift == nil {
			return nil
		}
		return []string{shiftWords(o)}
	})
}

func prunedPart(res release.Result) string {
	var items []string
	for _, o := range res.Outcomes {
		if len(o.Pruned) == 0 {
			continue
		}
		text := shorten(deleted(o), maxText)
		if o.SnapStarts > 0 {
			text += fmt.Sprintf("; %d that stay have SnapStart, which costs money while they exist", o.SnapStarts)
		}
		items = append(items, "- "+code(o.Function)+": "+markdown(text)+"\n")
	}
	return list("Deleted versions", items)
}

// list returns the items under a heading, "" if there are none.
func list(title string, items []string) string {
	if len(items) == 0 {
		return ""
	}
	if more := len(items) - maxDetails; more > 0 {
		items = append(items[:maxDetails], fmt.Sprintf("- … and %d more\n", more))
	}
	return "#### " + title + "\n\n" + strings.Join(items, "") + "\n"
}

func footer(res release.Result) string {
	return fmt.Sprintf("Took %s.\n", res.Elapsed.Round(time.Millisecond))
}

func refusalSummary(problems []error) string {
	items := make([]string, len(problems))
	for i, err := range problems {
		items[i] = "- " + markdown(shorten(err.Error(), maxText)) + "\n"
	}
	return heading(markFailed, "Not started: nothing was changed") + strings.Join(items, "") + "\n"
}
