package report

import (
	"fmt"
	"slices"
	"strings"

	"lambda-release/internal/release"
)

// The marks before a headline: the one place for a pictogram.
const (
	markDone    = "✅"
	markNote    = "ℹ️"
	markWarning = "⚠️"
	markFailed  = "❌"
)

func mark(res release.Result) string {
	switch res.Status() {
	case release.Failed:
		return markFailed
	case release.Held:
		return markWarning
	case release.Superseded, release.Skipped, release.Planned, release.Started:
		return markNote
	default:
		return markDone
	}
}

// headline is the result in one sentence.
func headline(res release.Result) string {
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
	case release.Superseded, release.Held:
		return fmt.Sprintf("%s not released: %s, it stays at %s", who, o.Status, o.After)
	case release.Planned:
		return "Plan for " + who + "; nothing was changed"
	case release.Started:
		return fmt.Sprintf("%s: the deployment of %s has started", who, o.Version)
	case release.Unchanged:
		if o.After.Version == release.None {
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
		own, displaced := 0, 0
		for _, o := range res.Outcomes {
			if failedItself(o) {
				own++
			}
			if o.Displaced {
				displaced++
			}
		}
		now := "no alias was left changed"
		if displaced > 0 {
			now = count(displaced, "alias") + " not, or maybe not, as before"
		}
		return fmt.Sprintf("%s %s: %d failed; %s", who, undone(res), own, now)
	case release.Planned:
		return "Plan for " + who + "; nothing was changed"
	}
	var statuses []release.Status
	for _, o := range res.Outcomes {
		if !slices.Contains(statuses, o.Status) {
			statuses = append(statuses, o.Status)
		}
	}
	if len(statuses) == 1 {
		return who + ": all " + words(statuses[0])
	}
	parts := make([]string, len(statuses))
	for i, s := range statuses {
		n := 0
		for _, o := range res.Outcomes {
			if o.Status == s {
				n++
			}
		}
		parts[i] = fmt.Sprintf("%d %s", n, words(s))
	}
	return who + ": " + strings.Join(parts, ", ")
}

// subject is what an outcome is about: an alias of a function, or the function.
func subject(o release.Outcome) string { return join(":", o.Function, o.Alias) }

// words is a status for people.
func words(s release.Status) string { return strings.ReplaceAll(string(s), "-", " ") }

// undone says what a failure kept from being.
func undone(res release.Result) string {
	if res.DryRun {
		return "could not be planned"
	}
	return "not " + done(res.Operation)
}

// nothing says that a run came to no function.
func nothing(operation string) string { return "Nothing " + done(operation) }

// done is an operation's participle.
func done(operation string) string {
	switch operation {
	case "promote":
		return "promoted"
	case "rollback":
		return "rolled back"
	case "prune":
		return "pruned"
	case "delete-alias":
		return "deleted"
	default:
		return "released"
	}
}

// move is from where to where an alias went.
func move(o release.Outcome) string {
	if o.Before.Version == release.None && !o.Before.Unknown {
		return fmt.Sprintf("created at %s", o.After)
	}
	if !o.Changed() {
		return "at " + o.After.String()
	}
	return fmt.Sprintf("%s → %s", o.Before, o.After)
}

// ahead says how it stands with a version that the alias is going to, "" if it
// is not on its way to one.
func ahead(o release.Outcome) string {
	switch {
	case o.Version == release.None || o.Version == o.After.Version:
		return ""
	case o.Status == release.Planned:
		return "planned"
	case o.Status == release.Started:
		return "under way"
	default:
		return ""
	}
}

// whereabouts is where a failure has left the alias, without a full stop; "" if
// the operation is about no alias.
func whereabouts(o release.Outcome) string {
	switch {
	case o.Displaced && o.Reason != "":
		return o.Reason
	case o.Alias == "":
		return ""
	case o.Changed():
		return fmt.Sprintf("%s is at %s and was at %s", o.Alias, o.After, o.Before)
	case o.After.Unknown:
		return o.Alias + " was not touched"
	case o.After.Version == release.None:
		return "there still is no alias " + o.Alias
	default:
		return fmt.Sprintf("%s is still at %s", o.Alias, o.After)
	}
}

// displacement says in short what is wrong with a displaced alias.
func displacement(o release.Outcome) string {
	if o.After.Unknown {
		return "nobody knows where it is"
	}
	return "not as it was"
}

// reason is why an outcome is as it is, on one line, "" if the status says it.
func reason(o release.Outcome) string {
	if o.Reason == "" && o.Err != nil {
		return oneLine(lines(o.Err.Error())[0])
	}
	return oneLine(o.Reason)
}

// deleted says which versions were pruned.
func deleted(o release.Outcome) string {
	switch len(o.Pruned) {
	case 0:
		return "no version was deleted"
	case 1:
		return fmt.Sprintf("version %s deleted, %.1f MB", ranges(o.Pruned), float64(o.Freed)/1e6)
	default:
		return fmt.Sprintf("%d versions deleted, %.1f MB: %s", len(o.Pruned), float64(o.Freed)/1e6, ranges(o.Pruned))
	}
}

// ranges writes versions in rising order: `1–4, 6`.
func ranges(versions []release.Version) string {
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

// join joins what is not empty.
func join(separator string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), separator)
}
