package alias

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// maxHistory is how many positions a history remembers. A prune keeps every
	// version that a history names, so a longer one would fill the code storage.
	maxHistory = 10

	// HistoryTime is the layout of a deadline in a history.
	HistoryTime = "2006-01-02T15:04Z"
)

// History is what an alias remembers of itself, since Lambda keeps no history
// of one. It is the mark at the end of the alias's own description, after the
// user's text, so that it changes in the same atomic call as the alias:
//
//	orders in production [12 < 10 < 7 | run 4711]
//	[10 < 7 | left 12 | run 4720]
//	[10 < 7 | shifting to 13 until 2026-11-23T10:20Z | run 4730]
//	[10 < 7 | codedeploy d-ABC123 to 13 | run 4731]
//	[10 < 7 | run 55 at git.example.com]
//	[10 < 7 | run 4711 | locked until 2026-11-24T06:00Z: incident 7 | run 4740]
//
// The first: the alias is at 12, was at 10 and before that at 7, and run 4711
// moved it there. The second: run 4720 rolled back from 12. When a run that did
// not roll back has moved the alias since, the one that did is named:
// `left 12 by 4720`. The fourth: a CodeDeploy deployment shifts the traffic. The
// fifth: a run of another server than github.com. Where it stands at the end, its
// server is that of the other runs, too, unless they name theirs. The last: run 4740
// has locked the alias, which run 4711 has moved; if one run did both, it is only at
// the end. A run that unlocks the alias leaves `unlocked | run 4741`.
type History struct {
	Versions []Version // where the alias was, newest first
	Left     Version   // the newest version that rollbacks left and nothing newer has replaced
	LeftBy   Run       // the run of the last of these rollbacks
	ShiftTo  Version   // the version that traffic is being shifted to
	Until    time.Time // when that shift is over at the latest, in whole minutes of UTC

	Deployment string // the CodeDeploy deployment that shifts the traffic to ShiftTo instead

	Lock Lock // what was locked or unlocked last

	Run Run // the run that moved the alias last, or shifts its traffic
}

// Head is where the history says that the alias is.
func (h History) Head() Version {
	if len(h.Versions) == 0 {
		return None
	}
	return h.Versions[0]
}

// At is the history as it holds for an alias that points to v. If the alias was
// moved outside lambda-release since the history was written, that position
// joins it, and a shift is no longer ours; but where the alias is at the version
// that our shift was going to, CodeDeploy has ended the shift for us.
func (h History) At(v Version) History {
	switch {
	case h.Head() == v:
		return h
	case v == h.ShiftTo:
		return h.Moved(v, h.Run)
	}
	h.Versions = cut(slices.Concat([]Version{v}, h.Versions))
	return h.withoutShift()
}

// withoutShift is the history without a shift under way.
func (h History) withoutShift() History {
	h.ShiftTo, h.Until, h.Deployment = None, time.Time{}, ""
	return h
}

// withLock is the history with a lock.
func (h History) withLock(l Lock) History {
	h.Lock = l
	return h
}

// Moved is the history after run has moved the alias to v. A version at least
// as new as the one a rollback left ends the memory of that rollback.
func (h History) Moved(v Version, run Run) History {
	next := History{Versions: h.Versions, Left: h.Left, LeftBy: h.LeftBy, Lock: h.Lock, Run: run}
	if h.Head() != v {
		next.Versions = cut(slices.Concat([]Version{v}, h.Versions))
	}
	if v >= next.Left {
		next.Left, next.LeftBy = None, Run{}
	}
	return next
}

// RolledBack is the history after run has rolled the alias back to v from left.
func (h History) RolledBack(v, left Version, run Run) History {
	rest := h.Versions
	if i := slices.Index(rest, v); i >= 0 {
		rest = rest[i+1:]
	} else if len(rest) > 0 {
		rest = rest[1:]
	}
	next := History{Versions: slices.Concat([]Version{v}, rest), Left: h.Left, LeftBy: run, Lock: h.Lock, Run: run}
	if left > h.Left || h.Left == None { // $LATEST too, so that a re-run knows itself; no release is held for it
		next.Left = left
	}
	if next.Left == None {
		next.LeftBy = Run{}
	}
	return next
}

// ShiftRolledBack is the history after the shift that it records has been rolled
// back.
func (h History) ShiftRolledBack() History { return h.RolledBack(h.Head(), h.ShiftTo, h.Run) }

func cut(versions []Version) []Version { return versions[:min(len(versions), maxHistory)] }

// String is the history as it stands in a description, "" for an empty one.
func (h History) String() string {
	if len(h.Versions) == 0 {
		return ""
	}
	last := h.Run
	if h.Lock.State != 0 {
		last = h.Lock.By
	}
	var b strings.Builder
	for i, v := range h.Versions {
		b.WriteString([]string{"[", " < "}[min(i, 1)])
		b.WriteString(v.String())
	}
	if h.Left != None {
		fmt.Fprintf(&b, " | left %s", h.Left)
		if h.LeftBy != h.Run {
			fmt.Fprintf(&b, " by %s", h.LeftBy.numberIn(last.Scope))
		}
	}
	switch {
	case h.Deployment != "":
		fmt.Fprintf(&b, " | codedeploy %s to %s", h.Deployment, h.ShiftTo)
	case h.ShiftTo != None:
		fmt.Fprintf(&b, " | shifting to %s until %s", h.ShiftTo, h.Until.UTC().Format(HistoryTime))
	}
	if h.Lock.State != 0 {
		if last != h.Run {
			b.WriteString(" | run " + h.Run.numberIn(last.Scope))
		}
		b.WriteString(" | " + h.Lock.mark())
	}
	if last.Known() {
		fmt.Fprintf(&b, " | %s", last)
	}
	b.WriteByte(']')
	return b.String()
}

// runOr is the run that a field of a history names, or the one at its end.
func runOr(named string, last Run, scope string) Run {
	if named == "" {
		return last
	}
	run, _ := parseRun(named, scope) // what it is not is not printed the same
	return run
}

// parseHistory reads what String writes, and only that.
func parseHistory(s string) (History, bool) {
	body, closed := strings.CutSuffix(strings.TrimPrefix(s, "["), "]")
	fields := strings.Split(body, " | ")
	var h History
	for entry := range strings.SplitSeq(fields[0], " < ") {
		v, err := ParseVersion(entry)
		if err != nil {
			return History{}, false
		}
		h.Versions = append(h.Versions, v)
	}
	scope := "" // of the run at the end, if there is one
	if end, isRun := strings.CutPrefix(fields[len(fields)-1], "run "); isRun {
		run, _ := parseRun(end, "")
		scope = run.Scope
	}
	leftBy := ""
	var runs []Run // the one that moved the alias, and then the one that locked it unless it is the same
	onlyMoved := false
	for _, f := range fields[1:] {
		word, rest, _ := strings.Cut(f, " ")
		var err error
		switch word {
		case "left":
			var left string
			left, leftBy, _ = strings.Cut(rest, " by ")
			h.Left, err = ParseVersion(left)
		case "shifting":
			to, until, _ := strings.Cut(strings.TrimPrefix(rest, "to "), " until ")
			if h.ShiftTo, err = ParseVersion(to); err == nil {
				h.Until, err = time.Parse(HistoryTime, until)
			}
		case "codedeploy":
			var to string
			h.Deployment, to, _ = strings.Cut(rest, " to ")
			h.ShiftTo, err = ParseVersion(to)
		case "locked", "locked:", "unlocked":
			h.Lock, err = parseLock(f)
		case "run":
			var run Run
			run, err = parseRun(rest, scope)
			runs = append(runs, run)
			onlyMoved = h.Lock.State == 0
		}
		if err != nil {
			return History{}, false
		}
	}
	if len(runs) > 0 {
		h.Run = runs[0]
	}
	if len(runs) > 0 && h.Lock.State != 0 && !onlyMoved {
		h.Lock.By = runs[len(runs)-1]
	}
	if h.Left != None {
		h.LeftBy = runOr(leftBy, h.Run, scope)
	}
	// Comparing with what String writes refuses odd spaces, orders, repeats and
	// unknown words in one place.
	return h, closed && h.String() == s
}
