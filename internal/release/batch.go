package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/traffic"
)

// verb is an operation that ends with an alias somewhere.
type verb interface {
	// prepare does all that can be done for one function without touching its
	// alias, and reads that alias. A dry run ends here, with a plan.
	prepare(context.Context, *job) error
	// decide says where the alias goes, as it was seen last. It is asked again
	// whenever somebody else turns out to have changed the alias meanwhile.
	decide(context.Context, *job) (decision, error)
}

// job is one function's part of a run.
type job struct {
	r    *Releaser
	fn   Function
	verb verb
	run  uint64 // the run's id

	provisioned bool // wait for the alias\'s provisioned concurrency
	out         *Outcome

	seen  state  // the alias as read last
	moved *state // the alias as this run has put it, nil while it has not
	prior state  // and as it was before that

	known   bool                             // others was read
	others  map[string]state                 // every alias of the function, seen among them
	checked map[Version]awsapi.Configuration // versions that were found fit to serve
}

// run takes every function through the two phases: prepare them all, and only
// when all are good move the aliases; if one cannot be moved, put the others
// back.
func (r *Releaser) run(ctx context.Context, req Request, operation string, v verb) Result {
	start := r.Clock.Now()
	res, jobs := r.begin(req, operation, v)
	watch, err := r.watcher(ctx, req)
	if err != nil {
		return refused(req, operation, err)
	}
	r.Progress.Phase(phaseName(req, operation))
	each(jobs, func(j *job) {
		if err := j.prepare(ctx); err != nil {
			j.fail(err)
		}
	})
	if !req.DryRun {
		if why := blocker(jobs); why != nil {
			standDown(jobs, *why)
		} else {
			r.moveAll(ctx, req, watch, jobs)
		}
		if blocker(jobs) == nil {
			r.bindAll(ctx, req, jobs)
		}
		if req.Keep > 0 && blocker(jobs) == nil {
			r.pruneAfter(ctx, req, jobs)
		}
	}
	for _, j := range jobs {
		if j.moved == nil && !j.out.Displaced {
			j.out.Before = j.out.After // what others did meanwhile is not this run's change
		}
	}
	tellOnce(res.Outcomes)
	res.Elapsed = r.Clock.Now().Sub(start)
	return res
}

// refused is the result of a run that cannot work as it was asked for.
func refused(req Request, operation string, err error) Result {
	res := NotStarted(req, operation, err)
	res.Refused = true
	return res
}

// begin lays out a job and an outcome for every function.
func (r *Releaser) begin(req Request, operation string, v verb) (Result, []*job) {
	res := Result{
		Operation: operation, Alias: req.Alias, DryRun: req.DryRun,
		Started: r.Clock.Now(), Outcomes: make([]Outcome, len(req.Functions)),
	}
	jobs := make([]*job, len(req.Functions))
	for i, fn := range req.Functions {
		res.Outcomes[i] = Outcome{
			Function: fn.Name, Alias: req.Alias, Region: r.AWS.Region, Before: Position{Unknown: true}, After: Position{Unknown: true},
		}
		jobs[i] = &job{r: r, fn: fn, verb: v, run: req.Run.ID, provisioned: req.Provisioned, out: &res.Outcomes[i]}
	}
	return res, jobs
}

func phaseName(req Request, operation string) string {
	switch {
	case req.DryRun:
		return "Plan (dry run: nothing is changed)"
	case operation != "release":
		return "Look at aliases and versions"
	case req.Latest:
		return "Look at $LATEST"
	}
	return "Publish"
}

// prepare ends with the outcome's status "" for a function whose alias is to
// be moved.
func (j *job) prepare(ctx context.Context) error {
	if err := j.verb.prepare(ctx, j); err != nil || j.out.Status != "" {
		return err
	}
	d, err := j.verb.decide(ctx, j)
	if err == nil && d.want == nil {
		j.end(d)
	}
	return err
}

// moveAll is the second phase.
func (r *Releaser) moveAll(ctx context.Context, req Request, watch *traffic.Watcher, jobs []*job) {
	var toMove []*job
	for _, j := range jobs {
		if j.out.Status == "" {
			toMove = append(toMove, j)
		}
	}
	if len(toMove) == 0 {
		return
	}
	r.Progress.Phase("Move alias " + req.Alias)
	var why *cause
	if req.CodeDeploy != nil {
		why = r.deploy(ctx, req, toMove[0])
	} else {
		why = r.rollOut(ctx, req, watch, toMove)
	}
	if why == nil {
		return
	}
	var toUndo []*job
	for _, j := range toMove {
		if j.moved != nil {
			toUndo = append(toUndo, j)
		}
	}
	if len(toUndo) > 0 {
		r.Progress.Phase("Put back")
		undoCtx, cancel := undoContext(ctx, len(toUndo))
		defer cancel()
		each(toUndo, func(j *job) { j.undo(undoCtx, *why) })
	}
	standDown(jobs, *why)
}

// cause is why functions that were good stay, or are put back, where they were.
type cause struct {
	status Status // Failed, Superseded or Held
	what   string // "orders has failed"
	sick   bool   // the new version was found unfit: it is not to come back by itself
	run    uint64 // of this job
}

// because is the cause that a function is; nil where it is none.
func (j *job) because() *cause {
	switch j.out.Status {
	case Failed:
		return &cause{status: Failed, what: j.fn.Name + " has failed"}
	case Superseded, Held:
		return &cause{status: j.out.Status, what: fmt.Sprintf("%s is %s", j.fn.Name, j.out.Status)}
	}
	return nil
}

// blocker is the gravest cause among the functions, or nil.
func blocker(jobs []*job) *cause {
	for _, status := range []Status{Failed, Superseded, Held} {
		for _, j := range jobs {
			if j.out.Status == status {
				return j.because()
			}
		}
	}
	return nil
}

// standDown ends those that were ready but share the fate of what was not.
func standDown(jobs []*job, why cause) {
	for _, j := range jobs {
		if j.out.Status == "" {
			j.shareFate(why, "not moved")
		}
	}
}

// shareFate ends a function whose alias stays, or is again, where it was. One
// that has an error of its own keeps it.
func (j *job) shareFate(why cause, what string) {
	j.out.Status = Skipped
	if why.status == Failed {
		j.out.Status = Failed
	}
	j.out.Reason = what + ", since " + why.what
}

const (
	undoTime       = 30 * time.Second
	undoPerAlias   = time.Second / 5
	undoWhenTimeUp = 4 * time.Second
)

// undoContext is the undo's own: the job may be over already. Then the undo
// gets 4 seconds, which at the shared rate is enough for 50 aliases.
func undoContext(ctx context.Context, aliases int) (context.Context, context.CancelFunc) {
	undo, cancel := awsapi.WrapUp(ctx, undoTime+time.Duration(aliases)*undoPerAlias)
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(undoWhenTimeUp, cancel) })
	return undo, func() { stop(); cancel() }
}

// tellOnce leaves one error where many functions failed because the job was
// cancelled or its time was up: that is one failure.
func tellOnce(outcomes []Outcome) {
	told := false
	for i := range outcomes {
		o := &outcomes[i]
		if o.Displaced || !awsapi.Is(o.Err, awsapi.Cancelled) && !awsapi.Is(o.Err, awsapi.Deadline) {
			continue
		}
		if told {
			if o.Reason == "" {
				o.Reason = o.Err.Error()
			}
			o.Err, o.Hint = nil, ""
		}
		told = true
	}
}

// each runs f for all jobs at once: what limits them is the shared rate.
func each(jobs []*job, f func(*job)) {
	var wg sync.WaitGroup
	for _, j := range jobs {
		wg.Go(func() { f(j) })
	}
	wg.Wait()
}

// end takes over what was decided.
func (j *job) end(d decision) {
	j.out.Status, j.out.Reason = d.status, d.reason
	if d.status == Superseded || d.status == Held {
		j.fact("%s: %s", d.status, d.reason)
	} else if d.status == Unchanged {
		j.fact("%s is at %s already", j.out.Alias, j.out.After)
	}
}

func (j *job) fail(err error) {
	j.out.Status, j.out.Err, j.out.Hint = Failed, err, hint(err)
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
func NotStarted(req Request, operation string, err error) Result {
	res := Result{Operation: operation, Alias: req.Alias, DryRun: req.DryRun}
	for i, fn := range req.Functions {
		unknown := Position{Unknown: true}
		o := Outcome{Function: fn.Name, Alias: req.Alias, Status: Failed, Reason: "not started", Before: unknown, After: unknown}
		if i == 0 {
			o.Reason, o.Err, o.Hint = "", err, hint(err)
		}
		res.Outcomes = append(res.Outcomes, o)
	}
	return res
}

func (j *job) fact(format string, args ...any) {
	j.r.Progress.Fact(j.fn.Name, fmt.Sprintf(format, args...))
}

func (j *job) warn(format string, args ...any) {
	j.out.Warnings = append(j.out.Warnings, fmt.Sprintf(format, args...))
}

// waiting tells of a long wait.
func (j *job) waiting(what string) awsapi.Waiting {
	return func(now awsapi.Configuration, since time.Duration) {
		state := now.State
		if state == "Active" || state == "" {
			state = now.LastUpdate
		}
		if why := strings.TrimSpace(now.StateReason); why != "" {
			state += ", " + why
		}
		j.fact("still waiting for %s (%s), since %s", what, state, since.Round(time.Second))
	}
}

// warnOnce is warn for what may be found out again.
func (j *job) warnOnce(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(j.out.Warnings, text) {
		j.out.Warnings = append(j.out.Warnings, text)
	}
}

func (j *job) setVersion(v Version, arn string) {
	j.out.Version, j.out.FunctionARN = v, awsapi.Unqualified(arn)
}
