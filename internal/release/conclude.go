package release

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
)

// EndKind is how the work on one function has ended.
type EndKind int

// The ends. The zero EndKind is none: the work goes on.
const (
	EndNotAttempted EndKind = iota + 1 // the alias was not written: held, superseded, skipped, refused, planned
	EndApplied                         // what was decided was done
	EndStarted                         // a CodeDeploy deployment goes on doing it
	EndUnchanged                       // nothing was to be done
	EndRestored                        // what was done was undone
	EndNotRestored                     // it could not be undone: the alias is where the Editor has it
	EndLostToOther                     // another run or a person has changed the alias since; it is left there
	EndOvertaken                       // others have changed the alias after it was done
	EndUnknown                         // where the alias is could not be found out
)

// End is how the work on one function has ended, and why.
type End struct {
	Kind   EndKind
	Status Status // set where Kind alone does not determine it
	Reason string // one sentence, "" if the status says it all
	Err    error  // the failure's own cause; nil for a function that only shares the batch's
	Advice string // what to do beside what Err advises

	Remains bool // a function that this run has created is there, or may be, without its alias
}

// over reports whether the work has ended.
func (e End) over() bool { return e.Kind != 0 }

// status is the end in one word.
func (e End) status() Status {
	switch {
	case e.Kind == 0:
		return ""
	case e.Err != nil, e.Status == Failed, e.notAsItWas():
		return Failed
	case e.Kind == EndStarted:
		return Started
	case e.Kind == EndUnchanged:
		return Unchanged
	}
	return e.Status
}

// notAsItWas reports whether a failure has left the alias where it was not
// before, or may have.
func (e End) notAsItWas() bool {
	switch e.Kind {
	case EndNotRestored, EndLostToOther, EndUnknown:
		return true
	case EndApplied, EndStarted:
		return e.Err != nil
	}
	return e.Remains
}

// leaving is e with a function that this run has created, and why that is there.
func (e End) leaving(reason string, err error) End {
	e.Remains, e.Reason, e.Err = true, reason, errors.Join(e.Err, err)
	return e
}

// adding is a failure with something else that was done.
func (e End) adding(what string) End {
	if e.Err != nil {
		e.Err = fmt.Errorf("%w; %s", e.Err, what)
	} else {
		e.Reason += "; " + what
	}
	return e
}

// then is e after something else that belongs to it has failed.
func (e End) then(err error, reason string) End {
	e.Err, e.Reason = err, reason
	return e
}

// advising is e with what to do.
func (e End) advising(advice string) End {
	e.Advice = advice
	return e
}

// withoutError is e for a function whose error is reported with another one.
func (e End) withoutError() End {
	return End{Kind: e.Kind, Status: Failed, Reason: cmp.Or(e.Reason, e.Err.Error())}
}

// notRestored is the end of a function whose alias this run has written, and has not
// restored.
func (p Plan) notRestored(err error) End {
	edit := p.target.edit
	e := End{Kind: EndNotRestored, Status: Failed, Reason: edit.Whereabouts(), Err: err}
	switch standing := edit.Standing(); {
	case standing == alias.LostToOther && edit.Before().Equal(edit.Now()): // they have restored it, or ended the shift with a lock
		e.Kind = EndOvertaken
	case standing == alias.LostToOther:
		e.Kind = EndLostToOther
	case standing == alias.Unknown:
		e.Kind = EndUnknown
	}
	return e
}

// failed is the plan of a function that has failed before its alias was written.
// The end of one whose alias was written is known after the undo.
func (p Plan) failed(err error) Plan {
	return p.ended(End{Kind: EndNotAttempted, Status: Failed, Err: err})
}

// endedBy is the plan of a function of which something could not be read. One that only a
// glob has named, and that was deleted since, is none of those that the run is for.
func (p Plan) endedBy(err error) Plan {
	t := p.target
	if e, ok := errors.AsType[*awsapi.Error](err); ok && t.listed && e.Kind == awsapi.NotFound && e.Function.Name == t.fn.Name && e.Qualifier == "" {
		const why = "it was deleted after it was listed"
		t.log.fact(why)
		return p.ended(End{Kind: EndUnchanged, Reason: why})
	}
	return p.failed(err)
}

// failedIf is failed if there is an error.
func (p Plan) failedIf(err error) Plan {
	if err == nil {
		return p
	}
	return p.failed(err)
}

// conclude derives all that is reported from the ends of the functions.
func conclude(req Request, plans []Plan, aws *awsapi.Client, started time.Time) Result {
	plans = reportOnce(plans)
	outcomes := make([]Outcome, len(plans))
	for i, p := range plans {
		outcomes[i] = p.outcome()
	}
	advice := permissions(req.Policy, aws.Denials(), aws.Region)
	missing := advice.missing
	if advisePermissions(outcomes, advice) {
		missing = ""
	}
	told := map[*awsapi.Error]bool{} // one call for all functions may have failed
	warn := func(i int, text string, err error) {
		if e, ok := errors.AsType[*awsapi.Error](err); ok {
			if told[e] {
				return
			}
			told[e] = true
		}
		text += "\n" + hint(err)
		if lacksStatement(err) { // the advice is the same for all functions
			text, missing = text+"\n"+missing, ""
		}
		outcomes[i] = outcomes[i].withWarning(strings.TrimSpace(text))
	}
	givenUp := false
	for i, p := range plans {
		for _, w := range p.target.log.warnings {
			warn(i, w.Error(), w)
		}
		if p.Shift != nil && p.Shift.GivenUp != nil && !givenUp { // it is the same for all functions
			givenUp = true
			warn(i, p.Shift.GivenUp.Error(), p.Shift.GivenUp)
		}
		if p.PruneErr != nil {
			warn(i, "old versions could not be pruned: "+p.PruneErr.Error(), p.PruneErr)
		}
	}
	return Result{
		Operation: req.Operation, Alias: req.Alias, DryRun: req.DryRun, ExitDrifted: req.ExitDrifted, Outcomes: outcomes,
		Started: started, Elapsed: time.Since(started),
	}
}

// reportOnce leaves one error where many functions failed because the job was
// cancelled or its time was up, or because one call for all of them failed: that is
// one failure.
func reportOnce(plans []Plan) []Plan {
	outOfTime := false
	seen := map[*awsapi.Error]bool{}
	next := make([]Plan, len(plans))
	for i, p := range plans {
		next[i] = p
		err, ok := errors.AsType[*awsapi.Error](p.End.Err)
		if !ok || p.End.notAsItWas() {
			continue
		}
		ended := err.Kind == awsapi.Cancelled || err.Kind == awsapi.Deadline
		if seen[err] || ended && outOfTime {
			next[i] = p.ended(p.End.withoutError())
		}
		seen[err] = true
		outOfTime = outOfTime || ended
	}
	return next
}

// outcome is what is reported of one function.
func (p Plan) outcome() Outcome {
	t, f, e := p.target, p.Facts, p.End
	test, failed := errors.AsType[*TestError](e.Err)
	if !failed {
		test = &TestError{}
	}
	pruned, freed := pruned(p.Deleted)
	advice := hint(e.Err)
	if e.Advice != advice {
		advice = strings.TrimSpace(advice + "\n" + e.Advice)
	}
	return Outcome{
		Function: t.fn.Name, Alias: t.alias(), Region: t.aws.Region, FunctionARN: f.ARN,
		Status: e.status(), End: e.Kind, Reason: e.Reason, NotAsItWas: e.notAsItWas(), Remains: e.Remains,
		Version: p.reportedVersion(), Published: f.Published,
		Before: t.edit.Before(), After: t.edit.Now(), Deployment: p.Deployment, Shift: p.Shift,
		Locked:   t.edit.Current().History.Lock.Holds(time.Now()) || p.Inspection.locked(),
		AnswerBy: test.By, Answer: test.Answer, LogTail: test.Log,
		Others: others(f.Aliases, t.alias()), Pruned: pruned, Freed: freed, SnapStarts: snapStarts(f.Existing) - snapStarts(p.Deleted),
		Inspection: p.Inspection, Plan: p.Words, Changes: t.log.changes, Notes: t.log.notes,
		URL: p.url().Address, PublicURL: p.url().Auth == awsapi.URLPublic,
		Err: e.Err, Hint: advice,
	}
}

// advisePermissions adds what is missing in the role's policy, of all functions, to
// the first outcome that it has failed; if none, to the first that failed because
// something else denied a call. It reports whether it has.
func advisePermissions(outcomes []Outcome, a advice) bool {
	errs := make([]error, len(outcomes))
	for i, o := range outcomes {
		errs[i] = o.Err
	}
	advice := a.text(errs...)
	if !slices.ContainsFunc(errs, lacksStatement) {
		if i := slices.IndexFunc(errs, isDenied); i >= 0 {
			outcomes[i] = outcomes[i].withHint(strings.TrimSpace(outcomes[i].Hint + "\n" + advice))
			return true
		}
		return false
	}
	first := ""
	for i, o := range outcomes {
		switch {
		case !lacksStatement(o.Err):
			continue
		case first == "":
			first = o.Function
		default:
			advice = "The policy that is missing is shown with " + first + "."
		}
		outcomes[i] = o.withHint(strings.TrimSpace(o.Hint + "\n" + advice))
	}
	return true
}

// others is where all other aliases are.
func others(aliases map[string]alias.State, except string) map[string]alias.Position {
	all := map[string]alias.Position{}
	for name, s := range aliases {
		if name != except {
			all[name] = s.Position
		}
	}
	return all
}

// pruned is the numbers and bytes of versions that are gone.
func pruned(versions []awsapi.Configuration) (numbers []alias.Version, bytes int64) {
	for _, v := range versions {
		if number, err := alias.ParseVersion(v.Version); err == nil {
			numbers = append(numbers, number)
			bytes += v.CodeBytes
		}
	}
	return numbers, bytes
}

// reportedVersion is the version in question; a dry run does not know the number
// of one that it would publish.
func (p Plan) reportedVersion() alias.Version {
	if v := p.version(); v != unknownVersion {
		return v
	}
	return alias.None
}

// hint is what the error that knows best advises.
func hint(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}

// NotStarted is the result of a run that failed before anything was called.
func NotStarted(req Request, err error) Result {
	return Result{Operation: req.Operation, Alias: req.Alias, DryRun: req.DryRun, Outcomes: notStarted(req, err)}
}

// refused is the result of a run that cannot work as it was asked for. A run that had no
// time to find that out is not refused.
func refused(ctx context.Context, req Request, outcomes []Outcome) Result {
	return Result{Operation: req.Operation, Alias: req.Alias, DryRun: req.DryRun, Refused: ctx.Err() == nil, Outcomes: outcomes}
}

// unsuitable is the result of a run whose code cannot be uploaded: nothing was
// called.
func unsuitable(ctx context.Context, req Request, plans []Plan) Result {
	var outcomes []Outcome
	for _, p := range reportOnce(plans) {
		outcomes = append(outcomes, notStartedOne(req, p.target.fn, p.End.Err))
	}
	return refused(ctx, req, outcomes)
}

// notStarted has the error once, with the first function.
func notStarted(req Request, err error) []Outcome {
	var all []Outcome
	for _, fn := range req.subjects() {
		all = append(all, notStartedOne(req, fn, err))
		err = nil
	}
	return all
}

func notStartedOne(req Request, fn function.ID, err error) Outcome {
	unknown := alias.Position{Unknown: true}
	reason := ""
	if err == nil {
		reason = "not started"
	}
	return Outcome{Function: fn.Name, Alias: req.Alias, Status: Failed, Reason: reason, Err: err, Hint: hint(err), Before: unknown, After: unknown}
}
