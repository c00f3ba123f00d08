package release

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

const (
	// maxDescription is Lambda's limit for an alias's or a version's
	// description. AWS does not say in what unit; UTF-16 code units are never
	// fewer than characters, so a text within the limit in these is within it
	// in either.
	maxDescription = 256
	// maxText is how much of an alias's description is the user's when the
	// mark needs the rest.
	maxText = 160
	// maxHistory is how many positions a mark remembers. A prune keeps every
	// version that a mark names, so a longer memory would fill the code storage.
	maxHistory = 10

	markTime = "2006-01-02T15:04Z"
)

// Mark is an alias's memory of itself. It is kept at the end of the alias's
// own description, behind the user's text, so that it changes in the same
// atomic call as the alias:
//
//	orders in production [12 < 10 < 7 | run 4711]
//	[10 < 7 | left 12 | run 4720]
//	[10 < 7 | shifting to 13 until 2026-11-23T10:20Z | run 4730]
//
// The first: the alias is at 12, was at 10 and before that at 7, and run 4711
// put it there. The second: run 4720 rolled back from 12. When a run that did
// not roll back has moved the alias since, the one that did is named:
// `left 12 by 4720`.
type Mark struct {
	History []Version // where the alias was put, newest first
	Left    Version   // the newest version that rollbacks left and nothing newer has replaced
	LeftBy  uint64    // the run of the last of these rollbacks, 0 outside CI
	ShiftTo Version   // the version that traffic is being shifted to
	Until   time.Time // when that shift is over at the latest, in whole minutes of UTC
	Run     uint64    // the run that wrote the mark, 0 outside CI
}

// At is the mark as it holds for an alias that points to v. When somebody else
// has moved the alias since the mark was written, their position joins the
// history, and a shift is no longer ours; but when they have put it where our
// shift was going to, that was CodeDeploy, which ends a shift for us.
func (m Mark) At(v Version) Mark {
	switch {
	case m.Head() == v:
		return m
	case v == m.ShiftTo:
		return m.Moved(v, m.Run)
	}
	m.History = cut(slices.Concat([]Version{v}, m.History))
	m.ShiftTo, m.Until = None, time.Time{}
	return m
}

// Head is where the mark says that the alias is.
func (m Mark) Head() Version {
	if len(m.History) == 0 {
		return None
	}
	return m.History[0]
}

// Moved is the mark after run has put the alias to v. A newer version than the
// one a rollback left ends the memory of that rollback.
func (m Mark) Moved(v Version, run uint64) Mark {
	next := Mark{History: m.History, Left: m.Left, LeftBy: m.LeftBy, Run: run}
	if m.Head() != v {
		next.History = cut(slices.Concat([]Version{v}, m.History))
	}
	if v >= next.Left {
		next.Left, next.LeftBy = None, 0
	}
	return next
}

func cut(h []Version) []Version { return h[:min(len(h), maxHistory)] }

// String is the mark as it stands in a description, "" without a history.
func (m Mark) String() string {
	if len(m.History) == 0 {
		return ""
	}
	var b strings.Builder
	for i, v := range m.History {
		b.WriteString([]string{"[", " < "}[min(i, 1)])
		b.WriteString(v.String())
	}
	if m.Left != None {
		fmt.Fprintf(&b, " | left %s", m.Left)
		if m.LeftBy != m.Run {
			fmt.Fprintf(&b, " by %d", m.LeftBy)
		}
	}
	if m.ShiftTo != None {
		fmt.Fprintf(&b, " | shifting to %s until %s", m.ShiftTo, m.Until.UTC().Format(markTime))
	}
	if m.Run != 0 {
		fmt.Fprintf(&b, " | run %d", m.Run)
	}
	b.WriteByte(']')
	return b.String()
}

// Describe is the description of an alias with the user's text and the mark.
// What is too long for AWS loses its oldest history first, but never the
// position before this one; a text that AWS took from somebody else and that
// still leaves no room is cut.
func Describe(text string, m Mark) string {
	text = strings.TrimSpace(text)
	for len(m.History) > 2 && !fits(text, m) {
		m.History = m.History[:len(m.History)-1]
	}
	for !fits(text, m) && text != "" {
		runes := []rune(strings.TrimSuffix(text, "…"))
		text = strings.TrimSpace(string(runes[:len(runes)-1]))
		if text != "" {
			text += "…"
		}
	}
	return join(text, m)
}

func fits(text string, m Mark) bool { return units(join(text, m)) <= maxDescription }

func join(text string, m Mark) string { return strings.TrimSpace(text + " " + m.String()) }

// units is the length of a text in UTF-16 code units.
func units(s string) int {
	n := 0
	for _, r := range s {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}

// ReadDescription splits an alias's description into the user's text and the
// mark. Anything that is not to the letter a mark belongs to the text.
func ReadDescription(description string) (text string, m Mark) {
	open := strings.LastIndexByte(description, '[')
	if open < 0 || open > 0 && description[open-1] != ' ' {
		return strings.TrimSpace(description), Mark{}
	}
	m, ok := parseMark(description[open:])
	if !ok {
		return strings.TrimSpace(description), Mark{}
	}
	return strings.TrimSpace(description[:open]), m
}

func parseMark(s string) (Mark, bool) {
	body, closed := strings.CutSuffix(strings.TrimPrefix(s, "["), "]")
	fields := strings.Split(body, " | ")
	var m Mark
	for entry := range strings.SplitSeq(fields[0], " < ") {
		v, err := ParseVersion(entry)
		if err != nil {
			return Mark{}, false
		}
		m.History = append(m.History, v)
	}
	leftBy := ""
	for _, f := range fields[1:] {
		word, rest, _ := strings.Cut(f, " ")
		var err error
		switch word {
		case "left":
			var left string
			left, leftBy, _ = strings.Cut(rest, " by ")
			m.Left, err = ParseVersion(left)
		case "shifting":
			to, until, _ := strings.Cut(strings.TrimPrefix(rest, "to "), " until ")
			if m.ShiftTo, err = ParseVersion(to); err == nil {
				m.Until, err = time.Parse(markTime, until)
			}
		case "run":
			m.Run, err = strconv.ParseUint(rest, 10, 64)
		}
		if err != nil {
			return Mark{}, false
		}
	}
	m.LeftBy = m.Run
	if leftBy != "" {
		m.LeftBy, _ = strconv.ParseUint(leftBy, 10, 64)
	}
	if m.Left == None {
		m.LeftBy = 0
	}
	// Only what String writes is a mark: this refuses odd spaces, orders,
	// repeats and unknown words in one place.
	return m, closed && m.String() == s
}
