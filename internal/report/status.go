package report

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/release"
)

// How many earlier versions of an alias, and how many aliases in a headline, are shown.
const (
	maxEarlier = 3
	maxNamed   = 5
)

// statusHeadline summarizes what the operation status has found.
func statusHeadline(res release.Result) string {
	who := count(len(res.Outcomes), "function")
	if len(res.Outcomes) == 1 {
		who = res.Outcomes[0].Function
	}
	aliases, failed := 0, 0
	var outside []string
	for _, o := range res.Outcomes {
		if o.Status == release.Failed {
			failed++
		}
		for _, a := range inspected(o).Aliases {
			aliases++
			switch {
			case a.Outside == "":
			case len(res.Outcomes) == 1:
				outside = append(outside, a.Name)
			default:
				outside = append(outside, o.Function+":"+a.Name)
			}
		}
	}
	switch {
	case failed == len(res.Outcomes):
		return who + " " + undone(res)
	case failed > 0:
		who += fmt.Sprintf(" (%d %s)", failed, undone(res))
	}
	text := fmt.Sprintf("%s: %s, ", who, count(aliases, "alias"))
	switch {
	case aliases == 0:
		return fmt.Sprintf("%s: no alias", who)
	case len(outside) == 0 && res.Alias != "" && len(res.Outcomes) == 1:
		return fmt.Sprintf("%s is at %s", subject(res.Outcomes[0]), res.Outcomes[0].After)
	case len(outside) == 0:
		return text + "none changed outside lambda-release"
	case len(outside) > maxNamed:
		return fmt.Sprintf("%s%d changed outside lambda-release: %s and %d more", text, len(outside), strings.Join(outside[:maxNamed], ", "), len(outside)-maxNamed)
	}
	return fmt.Sprintf("%s%d changed outside lambda-release: %s", text, len(outside), strings.Join(outside, ", "))
}

// inspected is what was found out about a function, nothing if it could not be read.
func inspected(o release.Outcome) release.Inspection {
	if o.Inspection == nil {
		return release.Inspection{}
	}
	return *o.Inspection
}

// driftAdvice says how an alias and its mark come together again.
const driftAdvice = "Find out who changed it. `operation: promote` moves the alias to the version that you name, and writes a new mark; " +
	"weights that were set outside need `clear-weights: true`."

// outsideFirst are the aliases of a function: those that were changed outside first.
func outsideFirst(o release.Outcome) []release.AliasStatus {
	all := slices.Clone(inspected(o).Aliases)
	slices.SortStableFunc(all, func(a, b release.AliasStatus) int { return rankOfAlias(a) - rankOfAlias(b) })
	return all
}

func rankOfAlias(a release.AliasStatus) int {
	if a.Outside != "" {
		return 0
	}
	return 1
}

// earlier are the versions that the alias was at before, newest first: of many, the
// first few.
func earlier(a release.AliasStatus) string {
	if !a.Managed() {
		return ""
	}
	versions := a.State.ActualHistory().Versions
	if len(versions) < 2 {
		return ""
	}
	var parts []string
	for _, v := range versions[1:] {
		parts = append(parts, v.String())
	}
	if len(parts) > maxEarlier {
		parts = append(parts[:maxEarlier], "…")
	}
	return strings.Join(parts, ", ")
}

// runOf is a run without the word, "" for none.
func runOf(run alias.Run) string {
	if !run.Known() {
		return ""
	}
	return strings.TrimPrefix(run.String(), "run ")
}

// latestWords says how $LATEST differs from the version of an alias.
func latestWords(a release.AliasStatus) string {
	c := a.Latest
	switch {
	case a.State.Version == alias.Latest:
		return "is $LATEST"
	case !c.Known:
		return "?"
	case c.SameCode && c.SameConfiguration:
		return "same"
	case c.SameCode:
		return "other configuration"
	case c.SameConfiguration:
		return "other code"
	}
	return "other code and configuration"
}

// conditions are phrases about the state of an alias.
func conditions(a release.AliasStatus) []string {
	var all []string
	add := func(condition bool, format string, args ...any) {
		if condition {
			all = append(all, fmt.Sprintf(format, args...))
		}
	}
	h := a.State.History
	if a.Lock != nil {
		add(true, "%s", a.Lock)
	}
	if s := a.Shift; s != nil {
		add(s.Deployment != "", "CodeDeploy deployment %s to %s: %s", s.Deployment, s.To, orUnknown(s.Status))
		add(s.Deployment == "" && s.Overdue, "shift to %s overdue since %s", s.To, s.Until.Format(alias.HistoryTime))
		add(s.Deployment == "" && !s.Overdue, "shift to %s until %s", s.To, s.Until.Format(alias.HistoryTime))
	}
	add(a.State.Settling(), "AWS is moving its provisioned concurrency")
	add(h.Left != alias.None, "%s was rolled back", h.Left)
	add(!a.Managed(), "no mark")
	return all
}

func orUnknown(status string) string {
	if status == "" {
		return "its state is not readable"
	}
	return status
}

// statusTable has a row for each alias, at most maxRows. The name of a function is in
// its first row.
func statusTable(res release.Result) string {
	var rows []string
	for _, o := range res.Outcomes {
		name := functionLink(o)
		row := func(cells ...string) {
			rows = append(rows, "| "+strings.Join(append([]string{name}, cells...), " | ")+" |\n")
			name = ""
		}
		for _, a := range outsideFirst(o) {
			o.Alias = a.Name
			row(aliasLink(o), place(o, a.State.Position), earlier(a), markdown(runOf(a.State.History.Run)), code(a.Commit), markdown(latestWords(a)), statusNote(a))
		}
		if name != "" {
			row("", "", "", "", "", "", markdown(nothingRead(res, o)))
		}
	}
	if more := len(rows) - maxRows; more > 0 {
		rows = append(rows[:maxRows], fmt.Sprintf("| … and %d more | | | | | | | |\n", more))
	}
	return "| function | alias | version | before | run | commit | `$LATEST` | note |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n" + strings.Join(rows, "") + "\n"
}

// statusNote is what matters most about an alias.
func statusNote(a release.AliasStatus) string {
	text := markdown(strings.Join(conditions(a), "; "))
	if a.Outside == "" {
		return text
	}
	return join("; ", "**changed outside**: it is "+markdown(a.Outside), text)
}

// nothingRead is why a function has no alias in a table.
func nothingRead(res release.Result, o release.Outcome) string {
	switch {
	case o.Status == release.Failed:
		return join(": ", undone(res), shorten(reason(o), maxFailure))
	case o.Reason != "":
		return reason(o)
	}
	return "no alias"
}

// statusLines is the same for the log, and the details of each function, if any could
// be read: the failures are reported as annotations.
func statusLines(res release.Result) []string {
	if !slices.ContainsFunc(res.Outcomes, func(o release.Outcome) bool { return o.Inspection != nil }) {
		return nil
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	row := func(cells ...string) {
		for i := range cells {
			cells[i] = oneLine(cells[i])
		}
		_, _ = fmt.Fprintln(w, "  "+strings.Join(cells, "\t"))
	}
	row("function", "alias", "version", "before", "run", "commit", "$LATEST", "note")
	for _, o := range res.Outcomes {
		for _, a := range outsideFirst(o) {
			note := conditions(a)
			if a.Outside != "" {
				note = append([]string{"changed outside: it is " + a.Outside}, note...)
			}
			row(o.Function, a.Name, a.State.Position.String(), orDash(earlier(a)), orDash(runOf(a.State.History.Run)), orDash(a.Commit), latestWords(a), strings.Join(note, "; "))
		}
		if len(inspected(o).Aliases) == 0 {
			row(o.Function, "-", "-", "-", "-", "-", "-", nothingRead(res, o))
		}
	}
	_ = w.Flush()
	var all []string
	for line := range strings.SplitSeq(strings.TrimSuffix(b.String(), "\n"), "\n") {
		all = append(all, strings.TrimRight(line, " "))
	}
	for _, o := range res.Outcomes {
		if o.Inspection != nil {
			all = append(all, o.Function)
		}
		for _, line := range statusDetails(o) {
			all = append(all, "  "+line)
		}
	}
	return all
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// statusPart has the details of each function in the summary.
func statusPart(res release.Result) string {
	var items []string
	for _, o := range res.Outcomes {
		details := statusDetails(o)
		if len(details) == 0 {
			continue
		}
		var item strings.Builder
		item.WriteString("- " + code(o.Function) + "\n")
		for _, line := range details {
			item.WriteString("  - " + markdown(shorten(line, maxText)) + "\n")
		}
		items = append(items, item.String())
	}
	return list("Details", items)
}

// statusDetails is what else was found out about a function, a line each.
func statusDetails(o release.Outcome) []string {
	if o.Inspection == nil {
		return nil
	}
	i := *o.Inspection
	var all []string
	if i.Versions != nil {
		all = append(all, stockWords(*i.Versions))
	}
	if l := i.Latest; l != nil {
		written := ""
		if !l.Modified.IsZero() {
			written = "last written " + l.Modified.Format(time.RFC3339)
		}
		all = append(all, "$LATEST: "+join("; ", fmt.Sprintf("code %.12s…", l.CodeSHA256), written, strings.Join(l.Settings, "; ")))
	}
	for _, a := range i.Aliases {
		if text := strings.Join(a.Settings, "; "); text != "" {
			all = append(all, a.Name+": "+text)
		}
	}
	compared := map[alias.Version]bool{}
	for _, a := range i.Aliases { // several may be at the same version
		if v := a.State.Version; len(a.Latest.Differences) > 0 && !compared[v] {
			compared[v] = true
			all = append(all, fmt.Sprintf("from version %s to $LATEST: %s", v, strings.Join(a.Latest.Differences, "; ")))
		}
	}
	if len(i.Unreadable) > 0 {
		all = append(all, "not readable: "+strings.Join(i.Unreadable, ", "))
	}
	for n := range all {
		all[n] = oneLine(all[n])
	}
	return all
}

func stockWords(s release.Stock) string {
	text := fmt.Sprintf("%s, %s", count(s.Count, "version"), release.Size(s.Bytes))
	if s.SnapStart > 0 {
		text += fmt.Sprintf(", %d with SnapStart", s.SnapStart)
	}
	keep := fmt.Sprintf("keep-versions %d", s.Keep)
	if s.KeepDays > 0 {
		keep += fmt.Sprintf(" and keep-days %d", s.KeepDays)
	}
	switch {
	case s.Keep == 0:
	case s.Prune == 0:
		text += fmt.Sprintf("; a prune with %s would delete none", keep)
	default:
		text += fmt.Sprintf("; a prune with %s would delete up to %d, %s", keep, s.Prune, release.Size(s.PruneBytes))
	}
	return text
}

// markEdges lead from an alias that was moved outside lambda-release to where its mark
// has it.
func markEdges(o release.Outcome, name string) []edge {
	for _, a := range inspected(o).Aliases {
		if a.Name == name && a.Outside != "" && a.State.History.Head() != a.State.Version {
			return []edge{{version: a.State.History.Head(), text: "its mark", dashed: true}}
		}
	}
	return nil
}
