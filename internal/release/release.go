// Package release is the release engine: it publishes versions and moves
// aliases to them, for one function or for many, all or nothing.
//
// A function goes through it like this:
//
//	plan     what the request says is to be done      (plan.go)
//	compare  all local code, before any is uploaded   (code.go)
//	read     what AWS has; a real release publishes   (a file a verb)
//	decide   what becomes of the alias, pure          (decide.go, a file a verb)
//	render   the plan in words: a dry run ends here   (plan.go)
//	apply    the plan carried out                     (apply.go, batch.go)
//	conclude every function's End into the Result     (conclude.go)
//
// The operation status only reads, and goes its own way (status.go).
//
// A Plan is a value that is handed from one step to the next. What the alias is,
// only its alias.Editor knows, and only the Editor writes it.
//
// The package never prints: it reports to a Progress what happens, and returns
// a Result that is complete whatever failed.
package release

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/artifact"
	"lambda-release/internal/awsapi"
	"lambda-release/internal/configuration"
	"lambda-release/internal/function"
	"lambda-release/internal/gateway"
	"lambda-release/internal/policy"
	"lambda-release/internal/rollout"
)

// Releaser carries out operations. It keeps nothing between them.
type Releaser struct {
	AWS      *awsapi.Client
	Progress Progress
	Getenv   func(string) string // locates a package whose path is one of the runner's host
}

// Run identifies this run.
type Run struct {
	ID      uint64 // GITHUB_RUN_ID, which grows with time within its scope; 0 outside CI
	Scope   string // see alias.Scope
	Attempt int    // from 1; 2 and up is a deliberate re-run of an old job
	Ref     string // short name of the branch or tag, or pull request
	SHA     string // commit
}

// id is the run as histories name it.
func (r Run) id() alias.Run { return alias.Run{ID: r.ID, Scope: r.Scope} }

// asksOrder reports whether the order of runs counts: a re-run is deliberate.
func (r Run) asksOrder() bool { return r.Attempt < 2 }

// Request is what to do.
type Request struct {
	Operation        Operation
	Functions        []function.ID
	Globs            []function.Pattern // of more functions, which are found before all else
	listed           map[string]bool    // the names of those that were found
	Alias            string
	AliasDescription *string // the user's text in the alias's description; nil keeps it
	ClearWeights     bool    // take over an alias whose weights were set outside lambda-release
	DryRun           bool    // only read, and report what would be done
	Run              Run

	Version alias.Version // to promote, or to roll back to; None leaves it to From or to the history
	From    string        // promote: the alias whose version is taken
	Commit  string        // the first 7 hex digits, in lower case, of the commit whose version is taken

	Rollout    Rollout     // how the traffic is shifted
	CodeDeploy *CodeDeploy // shifts the traffic instead, for one function only; nil: not used
	Smoke      Smoke       // what a version must pass before any alias is moved to it
	Hooks      Hooks       // functions that judge a version

	Provisioned   bool                       // wait until the alias's provisioned concurrency is ready
	CopyFrom      string                     // copy what the alias lacks of this alias's settings, or of FromFunction's; "": nothing
	URLs          map[string]gateway.URL     // by function name: that the alias gets; of a function left out it stays as it is
	Stages        map[string][]gateway.Stage // by function name: to bind to the alias when it is where it should be
	StageVariable string

	Keep     int // how many of the newest versions a prune keeps; after a release 0 prunes nothing
	KeepDays int // it also keeps versions that may be younger than so many days

	// Of status:
	ExitDrifted bool // an alias that was changed outside lambda-release is a failure of the job

	// Of lock:
	Reason  string        // as alias.LockReason makes it
	LockFor time.Duration // 0: until it is unlocked

	// Of a release:
	Latest      bool                       // the alias is to follow $LATEST: nothing is published
	Description string                     // the user's text in the version's description
	Code        map[string]artifact.Source // by function name: uploaded first
	Staging     Staging                    // of code that is too large to be sent to Lambda
	CodeSHA256  map[string]string          // by function name: publish only this code

	Configuration map[string]configuration.Configuration // by function name: written to $LATEST first
	Environment   map[string]configuration.Environment   // by function name: variables to change, beside that
	Create        map[string]Creation                    // by function name: a function left out must exist
	RestoreLatest bool                                   // put $LATEST back if the release fails

	Warnings []string // about the request, to report

	// Policy is what jobs with these inputs need of the role, for the hint of a call
	// that is denied.
	Policy policy.Needs
}

// withFunctions is req with the functions that its globs match, beside those named.
func (req Request) withFunctions(found []function.ID) Request {
	named := req.Functions
	req.Globs, req.Functions, req.listed = nil, slices.Clone(named), map[string]bool{}
	for _, fn := range found {
		if !slices.ContainsFunc(named, func(n function.ID) bool { return n.Name == fn.Name }) {
			req.Functions = append(req.Functions, fn)
			req.listed[fn.Name] = true
		}
	}
	return req
}

// Rollout is how the traffic goes over to a version. The zero Rollout is all at
// once, unwatched.
type Rollout struct {
	Strategy rollout.Strategy
	Bake     time.Duration // how long the version is watched when it has all the traffic
	Health   rollout.Health
}

// Duration is how long the rollout takes when nothing goes wrong.
func (o Rollout) Duration() time.Duration { return o.Strategy.Duration() + o.Bake }

// CodeDeploy names the deployment group that shifts the traffic instead of this
// process.
type CodeDeploy struct {
	Application, Group string
	Config             string // a deployment configuration's name; "" = the group's own
	Wait               bool   // follow the deployment to its end
}

// Run carries out an operation for every function of the request.
func (r *Releaser) Run(ctx context.Context, req Request) Result {
	started := time.Now()
	if req.Operation == 0 {
		return refused(ctx, req, notStarted(req, errors.New("no operation is given")))
	}
	req, unmatched := r.expanded(ctx, req)
	if unmatched != nil {
		return Result{Operation: req.Operation, Alias: req.Alias, DryRun: req.DryRun, Outcomes: unmatched}
	}
	ctx = awsapi.Job(ctx, len(req.Functions))
	if req.Operation == ReadStatus {
		return r.inspect(ctx, req, started)
	}
	v := operations[req.Operation].verb(req)
	plans := make([]Plan, len(req.Functions))
	mappings := newMappings()
	for i, fn := range req.Functions {
		plans[i] = v.plan(r.target(req, fn, mappings))
	}
	plans = each(plans, func(p Plan) Plan { return p.inspected(ctx) })
	if firstFailure(plans) != nil {
		return unsuitable(ctx, req, plans)
	}
	watcher, warnings, err := r.watcher(ctx, plans)
	if err = errors.Join(err, r.checkHooks(ctx, plans)); err != nil {
		res := refused(ctx, req, notStarted(req, err))
		advisePermissions(res.Outcomes, permissions(req.Policy, r.AWS.Denials(), r.AWS.Region))
		return res
	}
	for _, text := range append(req.Warnings, warnings...) {
		plans[0].target.log.warn("%s", text)
	}
	r.Progress.Phase(phase(req))
	if req.DryRun {
		plans = v.join(each(plans, func(p Plan) Plan { return known(ctx, p, v.read).examined(ctx) }))
		plans = rendered(each(plans, func(p Plan) Plan { return survey(ctx, v, p) }))
	} else {
		plans = spared(ctx, compared(ctx, plans))
		plans = v.join(each(plans, func(p Plan) Plan { return known(ctx, p, v.prepare) }))
		plans = r.apply(ctx, v, watcher, each(plans, func(p Plan) Plan { return prepare(ctx, v, p) }))
		plans = r.afterLatest(ctx, r.discarded(ctx, plans))
	}
	return conclude(req, plans, r.AWS, started)
}

func phase(req Request) string {
	switch {
	case req.DryRun:
		return "Plan (dry run: nothing is changed)"
	case req.Operation == Release && req.Latest:
		return "Read $LATEST"
	}
	return operations[req.Operation].phase
}

// each works on all plans at once: what limits them is the shared rate.
func each(plans []Plan, f func(Plan) Plan) []Plan {
	next := make([]Plan, len(plans))
	var wg sync.WaitGroup
	for i, p := range plans {
		wg.Go(func() { next[i] = f(p) })
	}
	wg.Wait()
	return next
}
