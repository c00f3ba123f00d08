package release

import (
	"context"
	"fmt"
	"strings"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
	"lambda-release/internal/gateway"
	"lambda-release/internal/rollout"
)

// Plan is everything that a run does to one function, in this order. The request
// gives the first part, before anything is read; facts and the decision join it
// then. A dry run renders the very plan that a real run applies.
type Plan struct {
	target target

	Configure     *Configure          // configuration for $LATEST; nil: none
	Upload        *Upload             // code for $LATEST; nil: none
	Create        *Creation           // of a function that does not exist; nil: it must exist
	RestoreLatest bool                // put $LATEST back if the release fails
	Publish       *awsapi.Publication // of a version of $LATEST; nil: none
	Follow        bool                // the alias follows $LATEST
	Smoke         Smoke               // what the version must pass
	Hooks         Hooks               // what judges it, before any traffic and at the end
	Rollout       Rollout             // how the traffic is shifted,
	CodeDeploy    *CodeDeploy         // or by whom else
	Provisioned   bool                // wait for provisioned concurrency
	CopyFrom      string              // copy the settings of this alias, or of the function; "": none
	FunctionURL   gateway.URL         // that the alias gets; zero: it stays as it is
	Stages        []gateway.Stage     // to bind
	StageVariable string
	Keep          retention // of a prune at the end

	URL      awsapi.URL // of the alias, as it was read or created; zero for none
	settings settings   // to copy
	guard    *guard     // of $LATEST; nil: the hash of the code alone guards it
	stamp    string     // description of a function that is created

	Facts      Facts
	Decision   Decision
	found      findings               // of a dry run
	Deployment string                 // id of the CodeDeploy deployment that moves the alias
	Shift      *Shift                 // how the traffic was shifted; nil if it moved at once
	Deleted    []awsapi.Configuration // versions that are gone
	PruneErr   error                  // why the prune after a release has failed
	Words      []string               // of a dry run: what would be done, a sentence each
	Inspection *Inspection            // of status
	End        End                    // how the function has ended, as far as it has
}

// planMove is the plan of an operation that moves an alias as the request says.
func planMove(t target, req Request) Plan {
	return Plan{
		target: t, Smoke: req.Smoke, Hooks: req.Hooks, Rollout: req.Rollout, CodeDeploy: req.CodeDeploy,
		Provisioned: req.Provisioned, CopyFrom: req.CopyFrom, FunctionURL: req.URLs[t.fn.Name], Stages: req.Stages[t.fn.Name], StageVariable: req.StageVariable, Keep: req.retention(),
		RestoreLatest: req.RestoreLatest,
	}
}

func (p Plan) withConfigure(c *Configure) Plan {
	p.Configure = c
	return p
}

func (p Plan) creating(c Creation, stamp string) Plan {
	p.Create, p.stamp = &c, stamp
	return p
}

func (p Plan) withGuard(g *guard) Plan {
	p.guard = g
	return p
}

func (p Plan) withUpload(u Upload) Plan {
	p.Upload = &u
	return p
}

func (p Plan) withPublication(pub awsapi.Publication) Plan {
	p.Publish = &pub
	return p
}

func (p Plan) followingLatest() Plan {
	p.Follow = true
	return p
}

func (p Plan) withURL(url awsapi.URL) Plan {
	p.URL = url
	return p
}

func (p Plan) withSettings(s settings) Plan {
	p.settings = s
	return p
}

func (p Plan) withFacts(f Facts) Plan {
	p.Facts = f
	return p
}

func (p Plan) withFindings(f findings) Plan {
	p.found = f
	return p
}

func (p Plan) withDecision(d Decision) Plan {
	p.Decision = d
	return p
}

func (p Plan) ended(e End) Plan {
	p.End = e
	return p
}

func (p Plan) withDeployment(id string) Plan {
	p.Deployment = id
	return p
}

func (p Plan) withShift(s *Shift) Plan {
	p.Shift = s
	return p
}

func (p Plan) withDeleted(deleted []awsapi.Configuration) Plan {
	p.Deleted = deleted
	return p
}

func (p Plan) withPruneError(err error) Plan {
	p.PruneErr = err
	return p
}

func (p Plan) withWords(words []string) Plan {
	p.Words = words
	return p
}

func (p Plan) withInspection(i Inspection) Plan {
	p.Inspection = &i
	return p
}

// version is the one in question.
func (p Plan) version() alias.Version {
	if p.Decision.Version != alias.None {
		return p.Decision.Version
	}
	return p.Facts.Version
}

// moves reports whether the alias goes to another position.
func (p Plan) moves() bool { return p.Decision.Change != nil && p.Decision.Status != Unchanged }

// shifts reports whether the history will record a shift on the way.
func (p Plan) shifts() bool {
	return p.moves() && p.target.edit.Current().Exists() && (p.steps() || p.CodeDeploy != nil)
}

// steps reports whether two versions are to share the alias for a while.
func (p Plan) steps() bool { return len(p.Rollout.Strategy.Steps()) > 0 }

// known is the plan with what was read of its function.
func known(ctx context.Context, p Plan, read func(context.Context, Plan) (Facts, error)) Plan {
	if p.End.over() {
		return p
	}
	f, err := read(ctx, p)
	p = p.withFacts(f)
	if err != nil {
		return p.endedBy(err)
	}
	return p
}

// decided is the plan with what is decided about its alias as it is Current.
func decided(ctx context.Context, v verb, p Plan) Plan {
	if p.lockedOut(v) {
		return p.withDecision(p.target.lockedDecision())
	}
	f, err := v.refresh(ctx, p.target, p.Facts)
	p = p.withFacts(f)
	if err != nil {
		return p.failed(err)
	}
	s := p.target.edit.Current()
	d, err := v.decide(s.Settled(), f, time.Now())
	if err != nil {
		return p.failed(err)
	}
	return p.withDecision(d.decidedOn(s))
}

// survey is the dry run of one function: reads only. It refuses what a real run
// would refuse, as far as reads can tell, and in the same words.
func survey(ctx context.Context, v verb, p Plan) Plan {
	if p.End.over() {
		return p
	}
	p = decided(ctx, v, p)
	if p.End.over() {
		return p
	}
	p, err := p.lookAhead(ctx)
	if err != nil {
		return p.failed(err)
	}
	return p
}

// rendered ends a dry run: every plan is put into words.
func rendered(plans []Plan) []Plan {
	if why := firstFailure(plans); why != nil {
		plans = each(plans, func(p Plan) Plan {
			if p.End.over() || !p.moves() {
				return p // the operations that move no alias act on each function alone
			}
			return p.endWithBatch(*why)
		})
	}
	why := firstStay(plans)
	return each(plans, func(p Plan) Plan {
		if p.End.status() == Failed {
			return p
		}
		if p.End.over() { // of a batch, the one that stays
			return p.withWords([]string{fmt.Sprintf("leave %s at %s: %s", p.target.alias(), p.target.edit.Now(), p.Decision.Reason)}).ended(End{Kind: EndNotAttempted, Status: Planned})
		}
		p = p.withWords(render(p, why)).ended(End{Kind: EndNotAttempted, Status: Planned})
		if why != nil { // no alias is going to the version that it was about
			p = p.withFacts(p.Facts.about(alias.None, p.Facts.Config)).withDecision(p.Decision.about(alias.None))
		}
		return p
	})
}

// firstStay is the first function that would keep the others from being moved.
func firstStay(plans []Plan) *cause {
	for _, p := range plans {
		if s := p.Decision.Status; s == Superseded || s == Held || s == Locked && p.Decision.Mark == nil {
			return &cause{s, fmt.Sprintf("%s is %s", p.target.fn.Name, s)}
		}
	}
	return nil
}

// findings is what a dry run finds out for its rendering beside the facts.
type findings struct {
	led     []string // how callers would be led to the alias, in words
	prunes  []string // what the prune after a release would do, in words
	deletes bool     // it deletes a version
}

// lookAhead reads what a real run reads or meets only after its decision.
func (p Plan) lookAhead(ctx context.Context) (Plan, error) {
	if s := p.Decision.Status; s == Superseded || s == Held || s == Locked {
		return p, nil
	}
	p, err := p.comparing(ctx)
	if err == nil {
		err = p.checkShiftable()
	}
	if err != nil {
		return p, err
	}
	led, err := p.planned(ctx)
	if err != nil || !p.Keep.prunes() || p.creates() { // there is nothing to prune yet
		return p.withFindings(findings{led: led}), err
	}
	keep := p.Keep
	if p.Publish != nil {
		keep = keep.beforePublish()
	}
	f, err := p.target.inventory(ctx, p.Facts, keep)
	if err != nil { // which a real run warns of
		return p.withFindings(findings{led: led}).withPruneError(err), nil
	}
	c := f.cut(keep)
	return p.withFindings(findings{led, c.words(), len(c.doomed) > 0}), nil
}

// comparing is the plan with the version that the alias points to, if it moves.
func (p Plan) comparing(ctx context.Context) (Plan, error) {
	s := p.target.edit.Current()
	if !p.moves() || !s.Exists() || p.Facts.Serving.Version != "" {
		return p, nil
	}
	serving, err := p.target.aws.Configuration(ctx, p.target.fn, s.Version.String())
	if err != nil {
		return p, err
	}
	return p.withFacts(p.Facts.withServing(serving)), nil
}

// render says in words what the plan does. why is what keeps all functions from
// being moved, if anything does.
func render(p Plan, why *cause) []string {
	var w words
	t, d, s, found := p.target, p.Decision, p.target.edit.Current(), p.found
	spared := p.Follow && why != nil && why.status == Locked
	if p.Configure != nil && !spared && !p.creates() {
		w.addIf(len(p.Facts.Configured) == 0, "skip the configuration: $LATEST already has it")
		w.addIf(len(p.Facts.Configured) > 0, "configure $LATEST: %s", strings.Join(p.Facts.Configured, "; "))
	}
	if p.creates() {
		w.add("create the function from %s: %s", p.Facts.Upload, strings.Join(p.Facts.Created, "; "))
		w.add("wait until it is Active")
	} else if p.Upload != nil && !spared {
		w.addIf(p.Facts.Uploaded, "skip the upload of %s: $LATEST already has this code", p.Facts.Upload)
		w.addIf(!p.Facts.Uploaded, "upload %s", p.Facts.Upload)
	}
	w.addIf(p.updating(), "wait for the update of $LATEST that is in progress")
	switch {
	case p.creates():
		w.addIf(p.Publish != nil, "publish it as a version")
	case p.Publish != nil:
		w.add("publish $LATEST (code %.12s…, last written %s) as a new version, unless $LATEST has not changed since the last one",
			p.Facts.Config.CodeSHA256, p.Facts.Config.LastModified)
	}
	w.addIf(d.Stop != "", "stop deployment %s, and wait until CodeDeploy has rolled it back", d.Stop)
	switch {
	case d.Stop != "":
		w.add("see that %s is at %s then, or move it there", t.alias(), p.version())
	case d.Delete && why != nil && why.status == Locked:
		w.add("leave %s at %s: %s", t.alias(), s.Position, why.what)
	case d.Delete:
		p.planStrip(&w)
		w.addIf(s.Exists(), "delete %s, which is at %s", t.alias(), s.Position)
		w.addIf(!s.Exists(), "%s", d.Reason)
	case d.Mark != nil:
		p.renderMark(&w, s)
	case p.moves() && why != nil:
		w.add("leave %s at %s: %s", t.alias(), s.Position, why.what)
	case p.moves():
		p.renderMove(&w, s)
	case d.Cut.retention.prunes():
		w = append(w, d.Cut.words()...)
	case !s.Exists():
		w.add("do nothing: %s", d.Reason)
	default:
		w.add("leave %s at %s%s", t.alias(), s.Position, because(d.Reason))
		if why == nil {
			p.renderPostHook(&w)
		}
	}
	if why != nil {
		found = findings{}
	} else if c := d.Change; c != nil && c.Text != s.Text {
		w.add("describe %s as %q", t.alias(), c.Text)
	}
	for _, change := range found.led {
		w.add("then %s", change)
	}
	w = append(w, found.prunes...)
	if unchecked := p.notChecked(); len(unchecked) > 0 {
		w.add("not checked (only a real run can): %s", strings.Join(unchecked, ", "))
	}
	return w
}

// updating reports whether $LATEST is being written.
func (p Plan) updating() bool {
	return p.Publish != nil && (p.Facts.Config.State == "Pending" || p.Facts.Config.LastUpdate == "InProgress")
}

// renderMove says how the alias moves and what is checked on the way.
func (p Plan) renderMove(w *words, s alias.State) {
	t, to := p.target, named(p.version())
	for _, c := range p.Smoke[t.fn.Name] {
		with := ""
		if c.Name != "" {
			with = fmt.Sprintf(" with the case %q", c.Name)
		}
		w.addIf(c.Expect == nil, "smoke-test %s%s: it must answer without an error", to, with)
		if c.Expect != nil {
			w.add("smoke-test %s%s: it must answer without an error, and %s must be true", to, with, c.Expect.Given)
		}
	}
	if h, given := p.preHook(); given {
		w.add("invoke %s %s: it must accept %s before any alias is moved", preTraffic, h, to)
	}
	reason := because(p.Decision.Reason)
	switch deploy := p.CodeDeploy; {
	case !s.Exists():
		w.add("create %s at %s", t.alias(), to)
	case deploy != nil:
		w.add("let CodeDeploy move %s from %s to %s: %s/%s, %s%s", t.alias(), s.Position, to, deploy.Application, deploy.Group,
			orOwn(deploy.Config), reason)
		w.addIf(!deploy.Wait, "end without waiting for the deployment")
	case p.steps() && s.Version != p.version():
		w.add("shift %s from %s to %s in steps (%s, %s)%s", t.alias(), s.Position, to, p.Rollout.Strategy, rollout.Duration(p.Rollout.Strategy.Duration()), reason)
	default:
		w.add("move %s from %s to %s%s", t.alias(), s.Position, to, reason)
	}
	if s.Exists() {
		diff := differences(p.Facts.Serving, p.Facts.Config)
		w.addIf(len(diff) == 0, "code and configuration are the same as those of version %s", p.Facts.Serving.Version)
		w.addIf(len(diff) > 0, "change, against version %s: %s", p.Facts.Serving.Version, strings.Join(diff, "; "))
	}
	w.addIf(p.Provisioned, "wait for the provisioned concurrency of %s", t.alias())
	w.addIf(p.Rollout.Bake > 0, "watch it for %s when it has all the traffic", rollout.Duration(p.Rollout.Bake))
	if h := p.Rollout.Health; p.Rollout.Duration() > 0 {
		w.addIf(len(h.Alarms) == 1, "roll back when alarm %s goes off", strings.Join(h.Alarms, ""))
		w.addIf(len(h.Alarms) > 1, "roll back when one of the alarms %s goes off", strings.Join(h.Alarms, ", "))
		p.renderAnalysis(w, s)
	}
	p.renderPostHook(w)
}

// renderAnalysis says by what the metrics of the rollout are judged.
func (p Plan) renderAnalysis(w *words, s alias.State) {
	a := p.Rollout.Health.Analysis
	for _, c := range a.Checks {
		switch {
		case !c.Relative():
			w.add("roll back unless %s", c)
		case s.Exists() && p.moves():
			w.add("compare %s with those of version %s, and roll back if they are worse", c, s.Version)
		}
	}
	w.addIf(a.Delay > 0 && len(a.Checks) > 0, "leave the first %s out of that", rollout.Duration(a.Delay))
}

// notChecked is what only a write can tell.
func (p Plan) notChecked() []string {
	var w words
	d := p.Decision
	writes := d.Change != nil || d.Delete || d.Mark != nil || len(d.Cut.doomed) > 0 || len(p.Facts.Configured) > 0 || p.found.deletes || p.Publish != nil || len(p.found.led) > 0
	w.addIf(writes, "permissions to write")
	w.addIf(len(p.Facts.Configured) > 0 || p.creates(), "whether AWS accepts the configuration")
	w.addIf(p.creates(), "whether Lambda can assume the role")
	w.addIf(p.Publish != nil && !p.creates(), "whether AWS makes a new version")
	w.addIf(p.Publish != nil && p.moves(), "the init of the new version")
	w.addIf(p.tested() && p.moves(), "the smoke test")
	_, pre := p.preHook()
	_, post := p.Hooks.Post[p.target.fn.Name]
	w.addIf(pre || post && (p.moves() || p.resumable()), "what the hooks find")
	w.addIf(p.CodeDeploy != nil && p.moves(), "whether CodeDeploy accepts the deployment")
	return w
}

// words are sentences.
type words []string

func (w *words) add(format string, args ...any) { *w = append(*w, fmt.Sprintf(format, args...)) }

func (w *words) addIf(condition bool, format string, args ...any) {
	if condition {
		w.add(format, args...)
	}
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

func orOwn(config string) string {
	if config == "" {
		return "the group's own configuration"
	}
	return config
}
