package release

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
	"lambda-release/internal/rollout"
)

// Inspection is what the operation status has found out about a function.
type Inspection struct {
	Latest     *Latest       // nil: not readable
	Versions   *Stock        // nil: not readable
	Aliases    []AliasStatus // by name; the one that was asked for, or all
	Unreadable []string      // what could not be read, in words

	others string // the aliases that were not asked for, as a list
}

// locked reports whether an alias is locked. There may be no inspection.
func (i *Inspection) locked() bool {
	return i != nil && slices.ContainsFunc(i.Aliases, func(a AliasStatus) bool { return a.Lock != nil })
}

// Latest is $LATEST, the unpublished code.
type Latest struct {
	CodeSHA256 string    // base64
	Modified   time.Time // zero if unknown
	URL        string    // of the function itself; "" for none
	Settings   []string  // of the function itself, a phrase each
}

// Stock is the published versions.
type Stock struct {
	Count     int
	Bytes     int64 // of their code
	SnapStart int   // how many have a snapshot, which costs money while they exist

	Keep       int // how many of the newest a prune would keep; 0: not asked for
	KeepDays   int // and of how many days; 0: not asked for
	Prune      int // how many it would delete, as far as aliases and age show
	PruneBytes int64
}

// AliasStatus is an alias, and what belongs to it.
type AliasStatus struct {
	Name     string
	State    alias.State
	Commit   string // that its version was published from, 7 digits; "" if unknown
	Shift    *ShiftStatus
	Lock     *alias.Lock // nil: not locked
	Outside  string      // how it was changed outside lambda-release; "" if it was not
	Latest   Comparison
	URL      string   // "" for none
	Settings []string // a phrase each: provisioned concurrency, async settings, event source mappings
}

// Managed reports whether lambda-release has moved the alias: it has a mark.
func (a AliasStatus) Managed() bool { return a.State.History.Head() != alias.None }

// ShiftStatus is a traffic shift that the alias's history announces.
type ShiftStatus struct {
	To      alias.Version
	Until   time.Time // when it is over at the latest; zero for a deployment
	Overdue bool      // it is past that: its run was killed

	Deployment string // of CodeDeploy, which shifts the traffic instead
	Status     string // of the deployment; "" if it is not readable
}

// Comparison is how $LATEST differs from the version of an alias.
type Comparison struct {
	Known             bool // false: one of them is not readable
	SameCode          bool
	SameConfiguration bool
	Differences       []string // from the version to $LATEST; of variables the names only
}

// modifiedTime is the layout of a LastModified.
const modifiedTime = "2006-01-02T15:04:05.000-0700"

// atOnce is how many functions a status reads side by side. That is enough to use up
// the shared rate, and lets them be read one after the other.
const atOnce = 10

// inspect carries out the operation status: it only reads, and a function that cannot
// be read does not hide the others.
func (r *Releaser) inspect(ctx context.Context, req Request, started time.Time) Result {
	r.Progress.Phase(operations[ReadStatus].phase)
	mappings := newMappings()
	plans := make([]Plan, len(req.Functions))
	var reads errgroup.Group
	reads.SetLimit(atOnce)
	var done atomic.Int32
	stop := reporting(r.say, func() string { return fmt.Sprintf("read %d of %d functions", done.Load(), len(plans)) })
	for i, fn := range req.Functions {
		reads.Go(func() error {
			plans[i] = r.target(req, fn, mappings).status(ctx, req)
			done.Add(1)
			return nil
		})
	}
	_ = reads.Wait() // the plans have the errors
	stop()
	plans = withoutAlias(req.Alias, plans)
	res := conclude(req, plans, r.AWS, started)
	gap := slices.IndexFunc(plans, func(p Plan) bool { return p.Inspection != nil && len(p.Inspection.Unreadable) > 0 })
	if gap < 0 {
		return res
	}
	if denied := permissions(req.Policy, r.AWS.Denials(), r.AWS.Region).text(); denied != "" {
		text := "what the role may not read is not shown"
		if !slices.ContainsFunc(plans, func(p Plan) bool { return isDenied(p.End.Err) }) { // else it is shown with that
			text += "\n" + denied
		}
		res = res.withWarning(gap, text)
	}
	return res
}

// withoutAlias fails one function if none of them has the alias that was asked for:
// its name is wrong.
func withoutAlias(name string, plans []Plan) []Plan {
	if name == "" || slices.ContainsFunc(plans, func(p Plan) bool { return p.End.Err != nil || p.Inspection != nil && len(p.Inspection.Aliases) > 0 }) {
		return plans
	}
	others := func(p Plan) string {
		if p.Inspection == nil {
			return ""
		}
		return p.Inspection.others
	}
	i := max(0, slices.IndexFunc(plans, func(p Plan) bool { return others(p) != "" })) // the error lists the aliases there are
	next := slices.Clone(plans)
	next[i] = next[i].failed(NoAliasError{Input: "alias", Name: name, Function: next[i].target.fn.Name, Aliases: others(next[i])})
	return next
}

// status reads a function, and ends its plan. If only its aliases may not be read, it
// has failed, and the rest is shown.
func (t target) status(ctx context.Context, req Request) Plan {
	p := Plan{target: t}
	found, err := t.readAll(ctx)
	if err != nil && !awsapi.Is(err, awsapi.Denied) {
		return p.endedBy(err)
	}
	i := found.inspection(req, time.Now())
	f, shown := p.Facts, found.aliases
	if req.Alias != "" {
		s := found.aliases[req.Alias]
		f, shown = f.about(s.Version, found.configurations[s.Version]), nil
	}
	f = f.withInventory(found.versions, shown, time.Now()).withARN(found.latest.ARN)
	var drifts []string
	for _, a := range i.Aliases {
		if a.Outside != "" {
			drifts = append(drifts, fmt.Sprintf("%s is %s", a.Name, a.Outside))
		}
		if s := a.Shift; s != nil && s.Overdue {
			t.log.warn("the traffic shift of %s to %s%s should have ended at %s: its run was probably killed", a.Name, s.To, by(a.State.History.Run), s.Until.Format(alias.HistoryTime))
		}
	}
	p = p.withFacts(f).withInspection(i)
	switch {
	case err != nil:
		return p.failed(err)
	case len(drifts) > 0:
		return p.ended(End{Kind: EndNotAttempted, Status: Drifted, Reason: strings.Join(drifts, "; ")})
	case req.Alias != "" && len(i.Aliases) == 0:
		return p.ended(End{Kind: EndUnchanged, Reason: "it has no alias " + req.Alias})
	}
	return p.ended(End{Kind: EndUnchanged})
}

// readings is everything that a status reads of one function.
type readings struct {
	fn       function.ID
	versions []awsapi.Configuration
	aliases  map[string]alias.State
	latest   awsapi.Configuration // zero: not readable
	// configurations are the versions, and $LATEST if it is readable.
	configurations map[alias.Version]awsapi.Configuration
	deployments    map[string]awsapi.Deployment // by ID: those that histories name
	urls           []awsapi.URL
	async          []awsapi.AsyncSettings
	concurrency    []awsapi.Concurrency
	mappings       []awsapi.Mapping
	unreadable     []string
}

// versionsRead is what a status calls the versions.
const versionsRead = "versions"

// readAll reads everything side by side. The error is that of the aliases, of a job
// that ends, or of a function that does not exist. What else cannot be read is
// missing: a warning has the error, unless it was denied.
func (t target) readAll(ctx context.Context) (readings, error) {
	r := readings{fn: t.fn, configurations: map[alias.Version]awsapi.Configuration{}, deployments: map[string]awsapi.Deployment{}}
	reads := []struct {
		what string
		read func() error
		err  error
	}{
		{what: "aliases", read: func() (err error) { r.aliases, err = t.edit.ReadAll(ctx); return err }},
		{what: versionsRead, read: func() (err error) { r.versions, err = t.versions(ctx); return err }},
		{what: "$LATEST", read: func() (err error) { r.latest, err = t.aws.Configuration(ctx, t.fn, ""); return err }},
		{what: "function URLs", read: func() (err error) { r.urls, err = t.aws.URLs(ctx, t.fn); return err }},
		{what: "async settings", read: func() (err error) { r.async, err = t.aws.AllAsyncSettings(ctx, t.fn); return err }},
		{what: "provisioned concurrency", read: func() (err error) { r.concurrency, err = t.aws.AllProvisionedConcurrency(ctx, t.fn); return err }},
		{what: "event source mappings", read: func() (err error) { r.mappings, err = t.mappings.read(ctx, t.aws); return err }},
	}
	var running sync.WaitGroup
	for i := range reads {
		running.Go(func() { reads[i].err = reads[i].read() })
	}
	running.Wait()
	if err := reads[0].err; err != nil && !awsapi.Is(err, awsapi.Denied) { // without the function, all of them fail
		return r, err
	}
	for _, read := range reads[1:] {
		if err := t.missing(&r, read.what, read.err); err != nil {
			return r, err
		}
	}
	for _, c := range append(slices.Clone(r.versions), r.latest) {
		if v, err := alias.ParseVersion(c.Version); err == nil {
			r.configurations[v] = c
		}
	}
	if err := t.readDeployments(ctx, &r); err != nil {
		return r, err
	}
	slices.Sort(r.unreadable)
	r.unreadable = slices.Compact(r.unreadable)
	return r, reads[0].err
}

// missing records what could not be read because of err, and returns err if it is
// about the whole function.
func (t target) missing(r *readings, what string, err error) error {
	switch {
	case err == nil:
		return nil
	case awsapi.Is(err, awsapi.Cancelled), awsapi.Is(err, awsapi.Deadline), awsapi.Is(err, awsapi.NotFound):
		return err
	case !awsapi.Is(err, awsapi.Denied):
		t.log.warn("%s cannot be shown: %w", what, err)
	}
	r.unreadable = append(r.unreadable, what)
	return nil
}

// readDeployments reads the deployments that the aliases' histories name.
func (t target) readDeployments(ctx context.Context, r *readings) error {
	for _, name := range slices.Sorted(maps.Keys(r.aliases)) {
		s := r.aliases[name]
		id := s.History.Deployment
		if id == "" || s.History.Head() != s.Version {
			continue
		}
		d, err := t.aws.Deployment(ctx, id)
		if awsapi.Is(err, awsapi.NotFound) {
			d, err = awsapi.Deployment{Status: awsapi.DeploymentStopped}, nil
		}
		if failure := t.missing(r, "CodeDeploy's deployments", err); failure != nil {
			return failure
		}
		if err == nil {
			r.deployments[id] = d
		}
	}
	return nil
}

// inspection is what the readings say. It is pure.
func (r readings) inspection(req Request, now time.Time) Inspection {
	i := Inspection{Unreadable: r.unreadable, others: aliasNames(r.aliases)}
	if !slices.Contains(r.unreadable, versionsRead) {
		stock := r.stock(req.retention(), now)
		i.Versions = &stock
	}
	if r.latest.Version != "" {
		i.Latest = &Latest{CodeSHA256: r.latest.CodeSHA256, URL: r.url(""), Settings: r.settings("", alias.Latest.String(), alias.LatestPublished.String())}
		if at, err := time.Parse(modifiedTime, r.latest.LastModified); err == nil {
			i.Latest.Modified = at.UTC()
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.aliases)) {
		if req.Alias != "" && name != req.Alias {
			continue
		}
		s := r.aliases[name]
		version := r.configurations[s.Version]
		i.Aliases = append(i.Aliases, AliasStatus{
			Name: name, State: s, Commit: publishedFrom(version.Description), Shift: r.shift(s, now), Lock: lockOf(s, now), Outside: s.Outside(),
			Latest: compareLatest(version, r.latest), URL: r.url(name), Settings: r.settings(name),
		})
	}
	return i
}

func (r readings) stock(keep retention, now time.Time) Stock {
	s := Stock{Count: len(r.versions), Bytes: bytesOf(r.versions), SnapStart: snapStarts(r.versions), Keep: keep.newest, KeepDays: keep.days}
	if !keep.prunes() {
		return s
	}
	f := Facts{}.withInventory(r.versions, r.aliases, now)
	f = f.withUsage(usedByMappings(r.mappings, f.ARN).and(usedByConcurrency(r.concurrency), usedByAsyncSettings(r.async)))
	doomed := f.cut(keep).doomed
	s.Prune, s.PruneBytes = len(doomed), bytesOf(doomed)
	return s
}

// shift is the shift that a history announces, nil if there is none, or CodeDeploy
// has ended it and left no weight.
func (r readings) shift(s alias.State, now time.Time) *ShiftStatus {
	h := s.History
	if h.ShiftTo == alias.None || h.Head() != s.Version {
		return nil
	}
	d, known := r.deployments[h.Deployment]
	if to, _ := s.Shift(now); known && rollout.HasEnded(d) && to == alias.None {
		return nil
	}
	return &ShiftStatus{To: h.ShiftTo, Until: h.Until, Overdue: h.Deployment == "" && !now.Before(h.Until), Deployment: h.Deployment, Status: d.Status}
}

// lockOf is the lock that an alias has now, nil for none.
func lockOf(s alias.State, now time.Time) *alias.Lock {
	if lock := s.History.Lock; lock.Holds(now) {
		return &lock
	}
	return nil
}

// url is the function URL of an alias, or with "" of the function itself.
func (r readings) url(qualifier string) string {
	for _, u := range r.urls {
		if u.Qualifier == qualifier {
			return u.Address
		}
	}
	return ""
}

// settings are phrases about what belongs to these qualifiers.
func (r readings) settings(qualifiers ...string) []string {
	var w words
	for _, u := range r.urls {
		if slices.Contains(qualifiers, u.Qualifier) {
			w.addIf(u.Auth == awsapi.URLPublic, "function URL %s: public", u.Address)
			w.addIf(u.Auth != awsapi.URLPublic, "function URL %s: %s", u.Address, u.Auth)
		}
	}
	for _, c := range r.concurrency {
		if slices.Contains(qualifiers, c.Qualifier) {
			w.add("provisioned concurrency: %d, %d available, %s%s", c.Requested, c.Available, c.Status, because(c.Reason))
		}
	}
	for _, a := range r.async {
		if slices.Contains(qualifiers, a.Qualifier) {
			w.add("async invocations: %s", asyncWords(a))
		}
	}
	for _, m := range r.mappings {
		if refersTo(m, r.fn, qualifiers...) {
			w.add("event source: %s, %s", cmp.Or(resourceOf(m.Source), "self-managed"), m.State)
		}
	}
	return w
}

func asyncWords(a awsapi.AsyncSettings) string {
	var w words
	if n := a.Retries; n != nil {
		w.addIf(*n == 0, "no retry")
		w.addIf(*n == 1, "1 retry")
		w.addIf(*n > 1, "%d retries", *n)
	}
	if a.MaxSeconds != nil {
		w.add("events up to %s old", rollout.Duration(time.Duration(*a.MaxSeconds)*time.Second))
	}
	w.addIf(a.OnSuccess != "", "results to %s", resourceOf(a.OnSuccess))
	w.addIf(a.OnFailure != "", "failures to %s", resourceOf(a.OnFailure))
	if len(w) == 0 {
		return "AWS's defaults"
	}
	return strings.Join(w, ", ")
}

// resourceOf is the end of an ARN that names its resource.
func resourceOf(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[5]
	}
	return arn
}

// compareLatest is how $LATEST differs from a version.
func compareLatest(version, latest awsapi.Configuration) Comparison {
	if version.Version == "" || latest.Version == "" {
		return Comparison{}
	}
	c := Comparison{
		Known: true, SameCode: version.CodeSHA256 == latest.CodeSHA256,
		SameConfiguration: version.WithCode("").Fingerprint == latest.WithCode("").Fingerprint,
		Differences:       differences(version, latest),
	}
	if version.EnvironmentError != "" || latest.EnvironmentError != "" {
		c.SameConfiguration = false
		c.Differences = append(c.Differences, "environment, which AWS could not read")
	}
	if known := len(c.Differences); !c.SameConfiguration && (known == 0 || known == 1 && !c.SameCode) {
		c.Differences = append(c.Differences, "other configuration")
	}
	return c
}
