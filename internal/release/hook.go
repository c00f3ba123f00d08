package release

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
)

// Hook is a Lambda function that judges a version.
type Hook struct {
	Function  function.ID
	Qualifier string // a version or an alias; "" for its unpublished code
}

// String is the hook as the user named it.
func (h Hook) String() string {
	if h.Qualifier == "" {
		return h.Function.Given
	}
	return h.Function.Given + ":" + h.Qualifier
}

// Hooks are the hooks of the functions that are released, by the names of these.
type Hooks struct {
	Pre  map[string]Hook // invoked when all versions can serve, before any alias is moved
	Post map[string]Hook // invoked when all of the traffic was moved and watched
}

// The inputs that name the hooks, as messages about a hook call it.
const (
	preTraffic  = "pre-traffic-hook"
	postTraffic = "post-traffic-hook"
)

// hookEvent is what a hook is invoked with.
type hookEvent struct {
	Function        string  `json:"function"` // short name
	Version         string  `json:"version"`
	Alias           string  `json:"alias"`
	PreviousVersion *string `json:"previousVersion"` // nil: the alias is new
	Region          string  `json:"region"`
	Run             *string `json:"run"` // nil outside CI
}

func (p Plan) hookEvent(previous alias.Version) hookEvent {
	t := p.target
	e := hookEvent{Function: t.fn.Name, Version: p.version().String(), Alias: t.alias(), Region: t.aws.Region}
	if text := previous.String(); previous != alias.None {
		e.PreviousVersion = &text
	}
	if text := strconv.FormatUint(t.run.ID, 10); t.run.Known() {
		e.Run = &text
	}
	return e
}

// checkHooks asks AWS whether there are hooks that this job may invoke, before
// anything is changed. What else AWS answers is left to the invocation itself.
func (r *Releaser) checkHooks(ctx context.Context, plans []Plan) error {
	var errs []error
	checked := map[string]bool{}
	check := func(input string, hooks map[string]Hook, p Plan) {
		h, given := hooks[p.target.fn.Name]
		key := input + " " + h.String()
		if !given || checked[key] {
			return
		}
		checked[key] = true
		if region := h.Function.Region; region != "" && region != p.target.aws.Region {
			errs = append(errs, fmt.Errorf("%s %s: the hook must be in the region of the functions, %s", input, h, p.target.aws.Region))
			return
		}
		err := p.target.aws.CheckInvoke(ctx, h.Function, h.Qualifier)
		if awsapi.Is(err, awsapi.NotFound) || awsapi.Is(err, awsapi.Denied) {
			errs = append(errs, fmt.Errorf("%s %s: %w", input, h, unanswered(input, h, err)))
		}
	}
	for _, p := range plans {
		check(preTraffic, p.Hooks.Pre, p)
		check(postTraffic, p.Hooks.Post, p)
	}
	return errors.Join(errs...)
}

// preHook is the hook to invoke before the alias of a plan is moved.
func (p Plan) preHook() (Hook, bool) {
	h, given := p.Hooks.Pre[p.target.fn.Name]
	return h, given && p.moves() && !p.End.over()
}

// postHook is the hook to invoke after the alias of a plan was moved, also by an earlier
// attempt of this run: that may have ended before the hook answered.
func (p Plan) postHook() (Hook, bool) {
	h, given := p.Hooks.Post[p.target.fn.Name]
	return h, given && (p.End.Kind == EndApplied || p.resumable())
}

// movedEarlier reports whether this run has moved the alias to the version in an earlier
// attempt or job, so that it only stays there.
func (p Plan) movedEarlier() bool {
	edit := p.target.edit
	v := edit.MovedEarlier()
	return v != alias.None && v == p.version() && v == edit.Current().Version
}

// resumable reports whether this is a later attempt of the run, and an earlier one has
// moved the alias and shows from where: its move counts as this one's.
func (p Plan) resumable() bool {
	return p.target.rerun && p.movedEarlier() && p.target.edit.MovedFrom() != alias.None
}

// resume takes over what earlier attempts of this run have moved, since a version was found
// unfit: it is restored with the rest. But where this attempt has moved any of it on to
// another version, it is that release that is undone, and the earlier one stays as far as
// its versions were not found unfit themselves.
func resume(plans []Plan) {
	anew := slices.ContainsFunc(plans, func(p Plan) bool {
		v := p.target.edit.MovedEarlier()
		return v != alias.None && v != p.version() && p.target.edit.Undoable()
	})
	for _, p := range plans {
		if p.resumable() && (!anew || unhealthy(p.End.Err)) {
			p.target.edit.Resume()
		}
	}
}

// warnIfUnasked warns where a post-traffic hook may have given no verdict, and is not
// asked for one.
func (p Plan) warnIfUnasked() {
	h, given := p.Hooks.Post[p.target.fn.Name]
	if _, asked := p.postHook(); given && !asked && p.movedEarlier() {
		p.target.log.warn("%s has moved %s to %s earlier, so %s %s is not invoked again. If that job was killed before the hook answered, the verdict is lost: look at the log of the hook, and run `operation: rollback` if the version is bad",
			p.target.run, p.target.alias(), p.version(), postTraffic, h)
	}
}

// renderPostHook says which hook is invoked at the end.
func (p Plan) renderPostHook(w *words) {
	if h, given := p.Hooks.Post[p.target.fn.Name]; given && (p.moves() || p.resumable()) {
		w.add("invoke %s %s: roll back unless it accepts %s", postTraffic, h, named(p.version()))
	}
}

// preHooks invokes the hooks of the functions that are about to be moved.
func (r *Releaser) preHooks(ctx context.Context, plans []Plan) []Plan {
	if !slices.ContainsFunc(plans, func(p Plan) bool { _, ok := p.preHook(); return ok }) {
		return plans
	}
	r.Progress.Phase("Pre-traffic hook")
	return each(plans, func(p Plan) Plan {
		h, ok := p.preHook()
		if !ok {
			return p
		}
		if err := p.ask(ctx, preTraffic, h, p.target.edit.Current().Version); err != nil {
			return p.failed(err)
		}
		return p
	})
}

// postHooks invokes the hooks of the functions that were moved, by an earlier attempt of
// this run, too. The first failure ends the wait for the others: all aliases are restored
// then. When all have passed, every alias is seen once more, since that has taken time.
func (r *Releaser) postHooks(ctx context.Context, plans []Plan) []Plan {
	for _, p := range plans {
		p.warnIfUnasked()
	}
	if !slices.ContainsFunc(plans, func(p Plan) bool { _, ok := p.postHook(); return ok }) {
		return plans
	}
	r.Progress.Phase("Post-traffic hook")
	if plans[0].CodeDeploy != nil { // which may have used up the job's timeout
		rest, cancel := awsapi.WithTimeout(awsapi.WithoutTimeout(ctx), awsapi.MaxRun+hookSlack)
		defer cancel()
		ctx = rest
	}
	asking, end := context.WithCancel(ctx)
	defer end()
	plans = each(plans, func(p Plan) Plan {
		h, ok := p.postHook()
		if !ok {
			return p
		}
		previous := p.target.edit.Before().Version
		if p.resumable() {
			p.target.log.fact("an earlier attempt of this run has moved %s to %s, so the hook is invoked again", p.target.alias(), p.version())
			previous = p.target.edit.MovedFrom()
		}
		err := p.ask(asking, postTraffic, h, previous)
		switch {
		case err == nil:
			return p
		case awsapi.Is(err, awsapi.Cancelled) && ctx.Err() == nil:
			p.target.log.fact("%s %s is no longer waited for, because another one has failed", postTraffic, h)
			return p
		}
		end()
		return p.failed(err)
	})
	if firstFailure(plans) != nil {
		return plans
	}
	return each(plans, func(p Plan) Plan { return p.confirmed(ctx) })
}

// hookSlack is what the hooks after a deployment may take beside their run.
const hookSlack = 2 * time.Minute

// ask invokes a hook, once, and returns why it does not accept the version.
func (p Plan) ask(ctx context.Context, input string, h Hook, previous alias.Version) error {
	t, name := p.target, fmt.Sprintf("%s %s", input, h)
	payload, err := json.Marshal(p.hookEvent(previous))
	if err != nil {
		return err
	}
	answer, err := t.log.invoking(name, func(refused func(string)) (awsapi.Answer, error) {
		return t.aws.InvokeLong(ctx, h.Function, h.Qualifier, payload, refused)
	})
	what := fmt.Sprintf("%s for version %s of %s", name, p.version(), t.fn.Name)
	if err != nil {
		return fmt.Errorf("%s: %w", what, unanswered(input, h, err))
	}
	rejection, err := verdict(answer)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", what, err)
	case rejection != "":
		return &TestError{What: what, By: "hook", Answer: string(answer.Payload), Log: answer.Log, Err: errors.New(rejection)}
	}
	t.log.fact("version %s passed %s in %s", p.version(), name, answer.Took.Round(time.Millisecond))
	return nil
}

// succeeded is the status with which a hook accepts a version, as the hooks of
// CodeDeploy do.
const succeeded = "Succeeded"

// verdict is why the answer of a hook rejects a version, "" if it accepts it. The
// error says that the answer is no verdict.
func verdict(a awsapi.Answer) (rejection string, err error) {
	if a.FunctionError != "" {
		return fmt.Sprintf("the hook failed (%s)", a.FunctionError), nil
	}
	if len(bytes.TrimSpace(a.Payload)) == 0 {
		return "", nil
	}
	var value any
	if err := json.Unmarshal(a.Payload, &value); err != nil {
		return "", fmt.Errorf("the answer %.80q is not JSON, so it is not known what the hook has found: %w", a.Payload, err)
	}
	object, _ := value.(map[string]any)
	status, given := object["status"]
	for key := range object {
		if !given && strings.EqualFold(key, "status") {
			return "", fmt.Errorf(`the answer has %q, and not "status", so it is not known what the hook has found`, key)
		}
	}
	if !given || status == succeeded {
		return "", nil
	}
	text, err := json.Marshal(status)
	return fmt.Sprintf(`its answer has the "status" %s, and must have %q`, text, succeeded), err
}

// HookError says that a hook could not be invoked, or that its answer was lost.
type HookError struct {
	Err    error
	Lost   bool // it may have run
	advice string
}

func (e *HookError) Error() string {
	if e.Lost {
		return e.Err.Error() + "; the answer is lost: the hook may have run, so it was not invoked again"
	}
	return e.Err.Error()
}

func (e *HookError) Unwrap() error { return e.Err }

// Hint says what to do.
func (e *HookError) Hint() string { return e.advice }

// unanswered is the error of an invocation of a hook that has no answer.
func unanswered(input string, h Hook, err error) error {
	switch {
	case awsapi.Is(err, awsapi.NotFound):
		return &HookError{Err: err, advice: fmt.Sprintf("Check the input `%s`: the name of the hook, its version or alias, the region and the account.", input)}
	case awsapi.EffectOf(err) > awsapi.Rejected && !awsapi.Is(err, awsapi.Invalid):
		return &HookError{Err: err, Lost: true, advice: fmt.Sprintf(
			"Look at the log of %s: it may have run, or still run. Then run the job again: that invokes it again.", h.Function.Name)}
	}
	return err
}
