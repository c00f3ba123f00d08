// Package alias knows what an alias of a Lambda function is: the version it
// points to and its routing weights (Position), and the history that it keeps
// of itself in its own description (History). Those are pure.
//
// The Editor is the only code of the program that writes an alias. It alone
// holds what the alias was before the run, what it is known to be now, and what
// the run has written, so that no two places can disagree about it.
package alias

import (
	"fmt"
	"strings"
	"time"

	"lambda-release/internal/awsapi"
)

// State is an alias as it was read or written. The zero State is an alias that
// does not exist.
type State struct {
	Position

	Text    string  // the user's part of the description
	History History // and ours

	description string
	revision    string
}

// Exists reports whether there is such an alias.
func (s State) Exists() bool { return s.Version != None }

// Parse reads what AWS answers about an alias.
func Parse(a awsapi.Alias) (State, error) {
	version, err := ParseVersion(a.Version)
	if err != nil {
		return State{}, fmt.Errorf("read alias %s: AWS answered: %w", a.Name, err)
	}
	s := State{Position: Position{Version: version}, description: a.Description, revision: a.Revision}
	for v, weight := range a.Weights {
		version, err := ParseVersion(v)
		if err != nil {
			return State{}, fmt.Errorf("read the weights of alias %s: AWS answered: %w", a.Name, err)
		}
		if s.Weights == nil {
			s.Weights = map[Version]float64{}
		}
		s.Weights[version] = weight
	}
	s.Text, s.History = ReadDescription(a.Description)
	return s, nil
}

// ActualHistory is the history as it holds where the alias is now: a move that
// was made outside lambda-release since it was written is part of it.
func (s State) ActualHistory() History {
	if !s.Exists() {
		return s.History
	}
	return s.History.At(s.Version)
}

// MovedOutside reports whether the alias is where neither its history nor the
// shift recorded there has put it.
func (s State) MovedOutside() bool {
	return s.History.Head() != s.Version && s.History.ShiftTo != s.Version
}

// Shift is the version that a shift of ours gives a weight, None without one,
// and whether that shift is still before its deadline.
func (s State) Shift(now time.Time) (to Version, inFlight bool) {
	if s.History.ShiftTo == None || s.History.Head() != s.Version {
		return None, false
	}
	if _, weighted := s.Weights[s.History.ShiftTo]; !weighted {
		return None, false
	}
	return s.History.ShiftTo, now.Before(s.History.Until)
}

// Same reports whether nothing that is decided on differs: version, weights and
// history. The revision and the user's text do not count.
func (s State) Same(o State) bool {
	return s.Settled().Position.Equal(o.Settled().Position) && s.History.String() == o.History.String()
}

// Settling reports whether the weights are AWS's own: while provisioned
// concurrency moves, AWS gives the version that the alias has left a share of
// exactly 1 (fact A12a). No canary has such a share.
func (s State) Settling() bool {
	for _, share := range s.Weights {
		if share != 1 {
			return false
		}
	}
	return len(s.Weights) > 0
}

// Settled is the alias as it will be when AWS has finished.
func (s State) Settled() State {
	if s.Settling() {
		s.Weights = nil
	}
	return s
}

// NewestWeight is the newest version that gets part of the traffic beside the
// one that the alias points to, None without weights.
func (s State) NewestWeight() Version {
	newest := None
	for v := range s.Weights {
		newest = max(newest, v)
	}
	return newest
}

// Versions are all that the alias refers to: what it points to, its weights,
// and what its history names. None may be among them.
func (s State) Versions() []Version {
	all := []Version{s.Version, s.History.Left, s.History.ShiftTo}
	for v := range s.Weights {
		all = append(all, v)
	}
	return append(all, s.History.Versions...)
}

// withoutLeftover is the state to return to: what a shift past its deadline has
// left is not part of it.
func (s State) withoutLeftover() State {
	if to, _ := s.Shift(time.Time{}); to != None {
		s.Weights = nil
		s.History = s.History.withoutShift()
		s.description = Describe(s.Text, s.History)
	}
	return s
}

// Change is what an alias is to become.
type Change struct {
	Version Version             // None: the alias stays at the one that it points to
	Weights map[Version]float64 // nil: Version gets all of the traffic
	// KeepWeights leaves the weights as they are instead, AWS's own too.
	KeepWeights bool
	Text        string
	History     History
	// Fresh is set if this run has just made Version: where AWS does not find it,
	// it does not find it yet.
	Fresh bool
}

// Shifted is the change on the way to c: the alias stays where it is as from
// shows it, and percent of the traffic goes to c's version until the deadline.
// With 0 percent only the history announces the shift.
func (c Change) Shifted(from State, percent int, until time.Time, run Run) Change {
	history := from.ActualHistory()
	history.ShiftTo, history.Until, history.Deployment, history.Run = c.Version, wholeMinute(until), "", run
	step := Change{Version: from.Version, Text: from.Text, History: history, Fresh: c.Fresh}
	if percent > 0 {
		step.Weights = map[Version]float64{c.Version: float64(percent) / 100}
	}
	return step
}

// CutsText reports whether the user's text, or the reason of a lock, does not fit
// beside the history, so that its end is lost.
func (c Change) CutsText() bool {
	text, h := ReadDescription(Describe(c.Text, c.History))
	return text != strings.TrimSpace(c.Text) || h.Lock.Reason != c.History.Lock.Reason
}

// onto is the change where the alias is now as current shows it, and not only as
// original: its text may have been edited since, and the alias locked.
func (c Change) onto(original, current State) Change {
	if c.Text == original.Text {
		c.Text = current.Text
	}
	c.History = c.History.withLock(current.History.Lock)
	return c
}

// leaves reports whether the change moves no traffic of an alias that is as s shows it.
func (c Change) leaves(s State) bool {
	return c.Version == s.Version && len(c.Weights) == 0 && len(s.Settled().Weights) == 0
}

// aim is the version that the change is about.
func (c Change) aim() Version {
	if c.History.ShiftTo != None {
		return c.History.ShiftTo
	}
	return c.Version
}

// wholeMinute rounds up to what a history can hold.
func wholeMinute(t time.Time) time.Time {
	return t.UTC().Add(time.Minute - 1).Truncate(time.Minute)
}
