package release

import (
	"slices"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/rollout"
)

// Status says how one function, or the whole run, ended.
type Status string

// The statuses, worst first: of several functions the run reports the worst.
const (
	Failed     Status = "failed"     // an error; the outcome's Err or Reason says which
	Drifted    Status = "drifted"    // status: an alias was changed outside lambda-release
	Superseded Status = "superseded" // something newer is already there; nothing was moved
	Held       Status = "held"       // a rollback left this version; nothing was moved
	Locked     Status = "locked"     // the operation lock has locked the alias; any other was kept from moving it
	Skipped    Status = "skipped"    // nothing was to be done for this ref, or another function held the batch back
	Planned    Status = "planned"    // dry run
	Started    Status = "started"    // a CodeDeploy deployment goes on after the run
	RolledBack Status = "rolled-back"
	Promoted   Status = "promoted"
	Pruned     Status = "pruned"
	Deleted    Status = "deleted"
	Unlocked   Status = "unlocked"
	Released   Status = "released"
	Unchanged  Status = "unchanged" // the alias already was where it should be
)

var worstFirst = []Status{
	Failed, Drifted, Superseded, Held, Locked, Skipped, Planned, Started, RolledBack, Promoted, Pruned, Deleted, Unlocked, Released, Unchanged,
}

// Result is what a run did. It is complete whatever failed: report writes
// outputs and summary from it and from nothing else.
type Result struct {
	Operation Operation
	Alias     string // "" for prune
	DryRun    bool
	// ExitDrifted is set if aliases that were changed outside are to fail the job.
	ExitDrifted bool
	Refused     bool      // it cannot work as it was asked for: nothing was changed, exit code 2
	Outcomes    []Outcome // one a function, in the order they were asked for
	Started     time.Time
	Elapsed     time.Duration
}

// withWarning is r with a warning about the function at i.
func (r Result) withWarning(i int, text string) Result {
	r.Outcomes = slices.Clone(r.Outcomes)
	r.Outcomes[i] = r.Outcomes[i].withWarning(text)
	return r
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

// Changed reports whether any alias is elsewhere than before the run.
func (r Result) Changed() bool {
	return slices.ContainsFunc(r.Outcomes, func(o Outcome) bool { return o.Changed() })
}

// Locked reports whether any alias is locked, as far as they were read; known is
// false if none was.
func (r Result) Locked() (locked, known bool) {
	for _, o := range r.Outcomes {
		locked = locked || o.Locked
		known = known || o.Alias != "" && !o.After.Unknown || o.Inspection != nil && o.Err == nil
	}
	return locked, known
}

// NotAsItWas reports whether a failure has left an alias where it was not
// before, or may have.
func (r Result) NotAsItWas() bool {
	return slices.ContainsFunc(r.Outcomes, func(o Outcome) bool { return o.NotAsItWas })
}

// The exit codes of the program.
const (
	ExitDone       = 0 // done, or nothing to do
	ExitFailed     = 1 // failed; every alias is as it was before, or where others have moved it
	ExitBadInput   = 2 // an input, the event or local code is invalid; nothing was changed
	ExitNotAsItWas = 3 // failed; an alias is not as it was before, or its state is unknown; or a function that was created is still there
	ExitDrifted    = 4 // status, with exit-code: an alias was changed outside lambda-release
)

// ExitCode is how the program ends.
func (r Result) ExitCode() int {
	switch {
	case r.NotAsItWas():
		return ExitNotAsItWas
	case r.Refused:
		return ExitBadInput
	case r.Status() == Failed:
		return ExitFailed
	case r.Status() == Drifted && r.ExitDrifted:
		return ExitDrifted
	}
	return ExitDone
}

// Outcome is what became of one function.
type Outcome struct {
	Function string // short name
	Alias    string
	Status   Status
	End      EndKind // 0 for a function that was not started

	Version   alias.Version // the version released, confirmed or chosen; None if there is none
	Published bool          // this run made Version
	Before    alias.Position
	After     alias.Position // where the alias is now, as far as known

	Locked     bool   // the alias is locked, as far as known; of status any that it shows
	Deployment string // id of the CodeDeploy deployment that moves the alias

	Shift *Shift // how the traffic was shifted; nil if it moved at once and was not monitored

	AnswerBy string // what rejected the version in a test: function or hook; "" without one
	Answer   string // and what it answered, raw
	LogTail  string // and the end of its log, raw

	Inspection *Inspection // of status; nil if the function could not be read

	Others map[string]alias.Position // the function's other aliases, where they were read
	Pruned []alias.Version           // versions that were deleted, oldest first
	Freed  int64                     // bytes of code that went with them
	// SnapStarts is how many versions with SnapStart a prune has left: they cost money
	// while they exist.
	SnapStarts int

	URL       string // of the alias, where it was read or created
	PublicURL bool   // everyone may call it; else its callers sign their requests

	FunctionARN string // of the function without qualifier, "" while unknown
	Region      string

	Reason   string   // one sentence: why it ended as it did; "" when the status says it all
	Plan     []string // what a dry run would do, a sentence each
	Warnings []string
	Changes  []string // what else was changed, a sentence each
	Notes    []string // what else is worth knowing, a sentence each
	Err      error    // the failure's own cause; nil for a function that only shares the batch's
	Hint     string   // what to do about Err; may have several lines, an IAM statement among them as JSON

	// NotAsItWas is set on a failure that could not be undone, or whose effect
	// could not be found out; Reason then says where the alias is.
	NotAsItWas bool
	// Remains is set beside it if what is left is not the alias, but a function that
	// this run has created, or may have.
	Remains bool
}

func (o Outcome) withHint(text string) Outcome {
	o.Hint = text
	return o
}

func (o Outcome) withWarning(text string) Outcome {
	o.Warnings = append(slices.Clone(o.Warnings), text)
	return o
}

// Shift is how the traffic of one alias was shifted, as far as that went.
type Shift struct {
	Strategy string        // "AllAtOnce", as SAM writes it, or CodeDeploy with its configuration
	Shares   []int         // the percentages that the version had, one after the other; nil if unknown
	Took     time.Duration // from the first of them to the last; of CodeDeploy, as far as it was waited for
	Baked    time.Duration // how long the version was monitored with all the traffic

	Analysis []rollout.Judgement // of the version by its metrics, one a check; nil if there was none
	GivenUp  error               // why the metrics were not read any more
}

// Changed reports whether the alias is elsewhere than before.
func (o Outcome) Changed() bool { return !o.Before.Equal(o.After) }

// Progress receives what happens while it happens. Implementations are safe
// for concurrent use; texts are raw and may hold what AWS or a user wrote.
type Progress interface {
	// Phase opens a new part of the run; it ends at the next one.
	Phase(name string)
	// Fact is one thing that happened or is awaited; function is "" when it
	// concerns them all.
	Fact(function, text string)
}
