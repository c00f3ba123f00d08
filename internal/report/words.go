package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/ci"
	"lambda-release/internal/release"
	"lambda-release/internal/rollout"
)

// The icons before a headline, the only ones in the report.
const (
	markDone    = "✅"
	markNote    = "ℹ️"
	markWarning = "⚠️"
	markFailed  = "❌"
)

// markStyles are the colours of the headline in a terminal.
var markStyles = map[string]style{markDone: green, markNote: blue, markWarning: yellow, markFailed: red}

// levels are the levels of the headline.
var levels = map[string]ci.Level{markDone: ci.Notice, markNote: ci.Notice, markWarning: ci.Warning, markFailed: ci.Failure}

func mark(res release.Result) string {
	switch res.Status() {
	case release.Failed:
		return markFailed
	case release.Held, release.Drifted:
		return markWarning
	case release.Locked:
		if res.Operation != release.Lock {
			return markWarning
		}
		return markDone
	case release.Superseded, release.Skipped, release.Planned, release.Started:
		return markNote
	default:
		return markDone
	}
}

// headline summarizes the result in one sentence.
func headline(res release.Result) string {
	if res.Operation == release.ReadStatus {
		return statusHeadline(res)
	}
	if len(res.Outcomes) == 1 {
		return headlineOfOne(res, res.Outcomes[0])
	}
	return headlineOfMany(res)
}

func headlineOfOne(res release.Result, o release.Outcome) string {
	who := subject(o)
	switch o.Status {
	case release.Failed:
		return join("; ", who+" "+undone(res), whereabouts(o))
	case release.Superseded, release.Held, release.Locked, release.Unlocked:
		if !stays(res, o) {
			return fmt.Sprintf("%s %s, at %s", who, o.Status, o.After)
		}
		return fmt.Sprintf("%s %s: %s, %s %s", who, undone(res), o.Status, placed(o), o.After)
	case release.Planned:
		return "Plan for " + who + "; nothing was changed"
	case release.Started:
		return fmt.Sprintf("%s: CodeDeploy has started to deploy version %s", who, o.Version)
	case release.Unchanged:
		if o.After.Version == alias.None {
			return join(": ", who+" unchanged", o.Reason)
		}
		return fmt.Sprintf("%s unchanged, at %s", who, o.After)
	case release.Released, release.Promoted, release.RolledBack:
		return who + " " + words(o.Status) + ": " + move(o)
	case release.Pruned:
		return who + " pruned: " + deleted(o)
	default:
		return who + " " + words(o.Status)
	}
}

func headlineOfMany(res release.Result) string {
	who := join(" of ", res.Alias, count(len(res.Outcomes), "function"))
	switch res.Status() {
	case release.Failed:
		return who + " " + undone(res) + ": " + failures(res)
	case release.Planned:
		return "Plan for " + who + "; nothing was changed"
	}
	var ends []string
	often := map[string]int{}
	for _, o := range res.Outcomes {
		end := words(o.Status)
		if stopped(o) {
			end = "not moved"
		}
		if often[end]++; often[end] == 1 {
			ends = append(ends, end)
		}
	}
	if len(ends) == 1 {
		return who + ": all " + ends[0]
	}
	parts := make([]string, len(ends))
	for i, end := range ends {
		parts[i] = fmt.Sprintf("%d %s", often[end], end)
	}
	return who + ": " + strings.Join(parts, ", ")
}

// failures counts the failures of a run, and the aliases that are not as before.
func failures(res release.Result) string {
	own, idle, elsewhere, unknown, remain, done := 0, 0, 0, 0, 0, false
	for _, o := range res.Outcomes {
		switch {
		case failedItself(o):
			own++
		case stopped(o):
			idle++
		case o.End == release.EndApplied:
			done = true
		}
		switch {
		case o.Remains:
			remain++
		case o.NotAsItWas && o.After.Unknown:
			unknown++
		case o.NotAsItWas:
			elsewhere++
		}
	}
	text := fmt.Sprintf("%d failed", own)
	if done && idle > 0 {
		text += fmt.Sprintf(", %d %s", idle, undone(res))
	}
	if elsewhere > 0 {
		text += "; " + count(elsewhere, "alias") + " not as before"
	}
	if unknown > 0 {
		text += "; " + count(unknown, "alias") + " at an unknown version"
	}
	if remain > 0 {
		text += "; " + count(remain, "new function") + " still there"
	}
	switch {
	case elsewhere+unknown+remain > 0:
	case done:
		text += "; the others are done"
	case res.Changed():
		text += "; every alias is as it was before, or where others have moved it"
	default:
		text += "; every alias is as it was before"
	}
	return text
}

// stopped reports whether a function did not fail itself, but another one, or the
// end of the job, kept it from being moved.
func stopped(o release.Outcome) bool {
	return o.Status == release.Skipped || o.Status == release.Failed && !failedItself(o)
}

// stays reports whether the function is the reason that nothing was moved, without
// a failure.
func stays(res release.Result, o release.Outcome) bool {
	switch o.Status {
	case release.Held, release.Superseded:
		return true
	case release.Locked:
		return res.Operation != release.Lock
	default:
		return false
	}
}

// stoppedWords says what became of a function that was stopped.
func stoppedWords(res release.Result, o release.Outcome) string {
	what := "not moved"
	switch {
	case o.End == release.EndRestored:
		what = "restored"
	case slices.Contains([]release.Operation{release.Prune, release.DeleteAlias, release.Lock, release.Unlock}, res.Operation):
		what = "not " + res.Operation.Done()
	}
	why := shorten(reason(o), maxReason)
	if strings.HasPrefix(why, what) {
		return why
	}
	return join(": ", what, why)
}

// shiftWords says how the traffic was shifted, and how that went.
func shiftWords(o release.Outcome) string {
	s := o.Shift
	text := s.Strategy
	switch n := len(s.Shares); {
	case n > 0 && s.Shares[n-1] == 100:
		text += ": " + sharesInWords(s.Shares) + " in " + duration(s.Took)
	case n > 0:
		text += fmt.Sprintf(": ended at %d %% after %s", s.Shares[n-1], duration(s.Took))
	case o.Deployment != "":
		text += ": deployment " + o.Deployment + ", " + duration(s.Took)
	}
	if s.Baked > 0 {
		text += ", then monitored for " + duration(s.Baked) + " with all the traffic"
	}
	return text
}

// duration is a duration in whole seconds.
func duration(d time.Duration) string { return rollout.Duration(d.Round(time.Second)) }

// sharesInWords are the steps of a shift: `10 % → 100 %`. Of many, the middle is
// left out.
func sharesInWords(shares []int) string {
	const most = 5
	var parts []string
	for i, share := range shares {
		switch {
		case len(shares) <= most || i < 2 || i >= len(shares)-2:
			parts = append(parts, fmt.Sprintf("%d %%", share))
		case i == 2:
			parts = append(parts, "…")
		}
	}
	return strings.Join(parts, " → ")
}

// subject is what an outcome is about: an alias of a function, or the function
// itself.
func subject(o release.Outcome) string { return join(":", o.Function, o.Alias) }

// words is a status in words.
func words(s release.Status) string { return strings.ReplaceAll(string(s), "-", " ") }

// undone says what a failed run has not done.
func undone(res release.Result) string {
	if res.DryRun {
		return "could not be planned"
	}
	return "not " + res.Operation.Done()
}

// nothing says that a run has done nothing.
func nothing(operation release.Operation) string { return "Nothing " + operation.Done() }

// move says from where to where an alias moved.
func move(o release.Outcome) string {
	if o.Before.Version == alias.None && !o.Before.Unknown {
		return fmt.Sprintf("created at %s", o.After)
	}
	if !o.Changed() {
		return "at " + o.After.String()
	}
	return fmt.Sprintf("%s → %s", o.Before, o.After)
}

// ahead says whether the move to the outcome's version is planned or in progress,
// "" if it is neither.
func ahead(o release.Outcome) string {
	switch {
	case o.Version == alias.None || o.Version == o.After.Version:
		return ""
	case o.Status == release.Planned:
		return "planned"
	case o.Status == release.Started:
		return "in progress"
	default:
		return ""
	}
}

// whereabouts says where the alias is after a failure, without a full stop; "" if
// the operation has no alias.
func whereabouts(o release.Outcome) string {
	switch {
	case o.NotAsItWas && o.Reason != "":
		return o.Reason
	case o.Alias == "":
		return ""
	case o.Changed() && o.After.Version == alias.None && !o.After.Unknown:
		return fmt.Sprintf("%s no longer exists, and was at %s before this run", o.Alias, o.Before)
	case o.Changed():
		return fmt.Sprintf("%s is at %s, and was at %s before this run", o.Alias, o.After, o.Before)
	case o.After.Unknown:
		return o.Alias + " was not changed"
	case o.After.Version == alias.None:
		return "the alias " + o.Alias + " does not exist"
	default:
		return fmt.Sprintf("%s is %s %s", o.Alias, placed(o), o.After)
	}
}

// placed leads to where an alias is that this run has not moved for good.
func placed(o release.Outcome) string {
	switch {
	case o.Changed(): // since this run's own move
		return "at"
	case o.End == release.EndRestored: // callers may have got the new version
		return "again at"
	}
	return "still at"
}

// displacement says in a few words how an alias, or its function, differs from before.
func displacement(o release.Outcome) string {
	switch {
	case o.Remains:
		return "its new function is still there"
	case o.After.Unknown:
		return "its current version is unknown"
	}
	return "not as it was before"
}

// reason says why an outcome is as it is, on one line; "" if the status is enough.
func reason(o release.Outcome) string {
	if o.Reason == "" && o.Err != nil {
		return oneLine(lines(o.Err.Error())[0])
	}
	return oneLine(o.Reason)
}

// deleted says which versions were deleted.
func deleted(o release.Outcome) string {
	switch len(o.Pruned) {
	case 0:
		return "no version was deleted"
	case 1:
		return fmt.Sprintf("version %s deleted, %s", ranges(o.Pruned), release.Size(o.Freed))
	default:
		return fmt.Sprintf("%d versions deleted, %s: %s", len(o.Pruned), release.Size(o.Freed), ranges(o.Pruned))
	}
}

// ranges formats versions in ascending order: `1–4, 6`.
func ranges(versions []alias.Version) string {
	var parts []string
	for i := 0; i < len(versions); i++ {
		first := i
		for i+1 < len(versions) && versions[i+1] == versions[i]+1 {
			i++
		}
		part := versions[first].String()
		if i > first {
			part += "–" + versions[i].String()
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

func count(n int, noun string) string {
	switch {
	case n == 1:
	case strings.HasSuffix(noun, "s"):
		noun += "es"
	default:
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// join joins the parts that are not empty.
func join(separator string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), separator)
}
