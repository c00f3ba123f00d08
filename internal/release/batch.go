package release

import (
	"context"
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

// run takes every function through the two phases: prepare them all, and only
// when all are good move the aliases; if one cannot be moved, put the others
// back.
func (r *Releaser) run(ctx context.Context, req Request, operation string, v verb) Result {
	start := time.Now()
	res, jobs := r.begin(req, operation, v)
	watch, warnings, err := r.watcher(ctx, req)
	if err != nil {
		return refused(req, operation, err)
	}
	for _, text := range warnings {
		jobs[0].warn("%s", text)
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
	res.Elapsed = time.Since(start)
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
		Started: time.Now(), Outcomes: make([]Outcome, len(req.Functions)),
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
