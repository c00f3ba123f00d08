package release

import (
	"maps"
	"slices"
	"time"
)

// Status says how one function, or the whole run, ended.
type Status string

// The statuses, worst first: of several functions the run reports the worst.
const (
	Failed     Status = "failed"     // an error; the outcome's Err or Reason says which
	Superseded Status = "superseded" // something newer is already there; nothing was moved
	Held       Status = "held"       // a rollback left this version; nothing was moved
	Skipped    Status = "skipped"    // nothing was to be done for this ref, or another function held the batch back
	Planned    Status = "planned"    // dry run
	Started    Status = "started"    // someone else finishes it: a CodeDeploy deployment
	RolledBack Status = "rolled-back"
	Promoted   Status = "promoted"
	Pruned     Status = "pruned"
	Deleted    Status = "deleted"
	Released   Status = "released"
	Unchanged  Status = "unchanged" // the alias already was where it should be
)

var worstFirst = []Status{
	Failed, Superseded, Held, Skipped, Planned, Started, RolledBack, Promoted, Pruned, Deleted, Released, Unchanged,
}

// Result is what a run did. It is complete whatever failed: report writes
// outputs and summary from it and from nothing else.
type Result struct {
	Operation string
	Alias     string // "" for prune
	DryRun    bool
	Refused   bool      // it cannot work as it was asked for: nothing was changed, exit code 2
	Outcomes  []Outcome // one a function, in the order they were asked for
	Started   time.Time
	Elapsed   time.Duration
}

// Status is the worst status among the functions.
func (r Result) Status() Status {
	for _, s := range worstFirst {
		if slices.ContainsFunc(r.Outcomes, func(o Outcome) bool { return o.Status == s }) {
			return s
		}
	}
	return Skipped
}

// Changed tells whether any alias is elsewhere than before the run.
func (r Result) Changed() bool {
	return slices.ContainsFunc(r.Outcomes, func(o Outcome) bool { return o.Changed() })
}

// Displaced tells whether a failure left an alias where it was not before, or
// where nobody could tell: exit code 3.
func (r Result) Displaced() bool {
	return slices.ContainsFunc(r.Outcomes, func(o Outcome) bool { return o.Displaced })
}

// Outcome is what became of one function.
type Outcome struct {
	Function string // short name
	Alias    string
	Status   Status

	Version   Version // the version released, confirmed or chosen; None if there is none
	Published bool    // this run made Version
	Before    Position
	After     Position // where the alias is now, as far as known

	Deployment string // id of the CodeDeploy deployment that moves the alias

	Answer  string // of a smoke test that failed: what the function answered, raw
	LogTail string // and the end of its log, raw

	Others map[string]Position // the function's other aliases, where they were read
	Pruned []Version           // versions that were deleted, oldest first
	Freed  int64               // bytes of code that went with them

	FunctionARN string // of the function without qualifier, "" while unknown
	Region      string

	Reason   string   // one sentence: why it ended as it did; "" when the status says it all
	Plan     []string // what a dry run would do, a sentence each
	Warnings []string
	Changes  []string // what else was changed, a sentence each
	Err      error    // the failure's own cause; nil for a function that only shares the batch's fate
	Hint     string   // what to do about Err; may have several lines, an IAM statement among them as JSON

	// Displaced is set on a failure that could not be undone, or whose effect
	// could not be found out; Reason then says where the alias is.
	Displaced bool
}

// Changed tells whether the alias is elsewhere than before.
func (o Outcome) Changed() bool { return !o.Before.Equal(o.After) }

// Position is where an alias points.
type Position struct {
	Version Version             // None: there is no such alias
	Weights map[Version]float64 // other versions' share of the traffic, 0 to 1; empty without a shift
	Unknown bool                // it could not be read
}

// Equal tells whether two positions route alike.
func (p Position) Equal(q Position) bool {
	return p.Version == q.Version && p.Unknown == q.Unknown && maps.Equal(p.Weights, q.Weights)
}

// Progress is told what happens while it happens. Implementations are safe
// for concurrent use; texts are raw and may hold what AWS or a user wrote.
type Progress interface {
	// Phase opens a new part of the run; it ends at the next one.
	Phase(name string)
	// Fact is one thing that happened or is awaited; function is "" when it
	// concerns them all.
	Fact(function, text string)
}
