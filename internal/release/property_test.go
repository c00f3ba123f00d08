package release_test

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
)

var (
	histories   = flag.Int("histories", 150, "how many random histories TestHistories plays")
	historySeed = flag.Uint64("seed", 0, "seed of TestHistories; 0 takes a new one")
)

// TestHistories plays random histories of dev and prod: releases, promotions,
// rollbacks, locks, prunes, other hands on the aliases and on what else refers to
// versions, late old runs and processes
// that are killed. After each step it holds AWS against a model of what the
// aliases must remember. A history that fails is shown with as few steps as it
// takes.
func TestHistories(t *testing.T) {
	t.Parallel()
	seed := *historySeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	begun := time.Now()
	var wg sync.WaitGroup
	slots := make(chan struct{}, 2*runtime.GOMAXPROCS(0))
	for n := range *histories {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			random := rand.New(rand.NewPCG(seed, uint64(n)))
			steps := make([]step, 4+random.IntN(12))
			for i := range steps {
				steps[i] = step{kind: kinds[random.IntN(len(kinds))], a: random.IntN(100), b: random.IntN(100)}
			}
			if err := play(t, steps, nil); err != nil {
				steps = shrink(t, steps)
				var told []string
				err := play(t, steps, &told)
				t.Errorf("-seed %d, history %d:\n%s\n%v", seed, n, strings.Join(told, "\n"), err)
			}
		})
	}
	wg.Wait()
	t.Logf("-seed %d: %d histories, %.0f a minute", seed, *histories, float64(*histories)/time.Since(begun).Minutes())
}

// step is something that happens; what a and b mean is up to the kind.
type step struct {
	kind string
	a, b int
}

// kinds, the more frequent ones more than once.
var kinds = []string{
	"upload", "upload", "upload", "upload", "release", "release", "release", "release dev", "release dev", "late release", "release of another server",
	"promote", "promote dev", "rollback", "rollback", "rollback again", "rollback to", "prune", "hand", "hand wipes", "hand weights",
	"hand describes", "hand deletes", "killed release", "killed rollback", "deploy", "deploy", "provision", "batch release", "batch release",
	"lock", "lock", "lock for an hour", "late lock", "unlock", "unlock", "late unlock", "an hour passes",
	"batch rollback", "crossing", "crossing guarded", "stale release", "stale promote", "stale rollback",
	"versions", "versions", "refer", "refer", "refer", "execution ends", "prune meanwhile", "prune meanwhile",
}

// shrink drops the steps that a failure does not need.
func shrink(t *testing.T, steps []step) []step {
	for i := len(steps) - 1; i >= 0; i-- {
		if fewer := slices.Delete(slices.Clone(steps), i, i+1); play(t, fewer, nil) != nil {
			steps = fewer
		}
	}
	return steps
}

// actual is an alias of the embedded AWS, in the words of a memory.
func actual(w *world, fn, name string) string {
	a, ok := w.Alias(fn, name)
	if !ok {
		return "none"
	}
	if len(a.Weights) > 0 {
		return fmt.Sprintf("%s %v, %s", a.Version, a.Weights, a.Description)
	}
	return fmt.Sprintf("%s, %s", a.Version, a.Description)
}

// play plays a history and tells where it and the model part. What happened is
// added to told, if that is given.
func play(t *testing.T, steps []step, told *[]string) (err error) {
	synctest.Test(t, func(t *testing.T) { err = playIn(t, steps, told) })
	return err
}

func playIn(t *testing.T, steps []step, told *[]string) error {
	w := newWorld(t, localaws.Options{Provisioning: 3 * time.Second})
	w.rate = 1e6
	w.AddDeploymentGroup("shop", "prod", "CodeDeployDefault.LambdaAllAtOnce")
	p := &player{world: w, r: w.releaser(time.Minute), f: newModel("f"), g: newModel("g"), run: 100}
	w.AddFunction("f", func(f *localaws.Function) { f.Durable = &localaws.DurableConfig{} })
	w.AddFunction("g")
	for _, s := range steps {
		what, err := p.take(s)
		if err == nil {
			err = p.compare()
		}
		if told != nil {
			*told = append(*told, fmt.Sprintf("  %-60s dev %s; prod %s; of g %s", what, actual(w, "f", "dev"), actual(w, "f", "prod"), actual(w, "g", "prod")))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return nil
}

// player plays the steps on f, and on f and g together, and keeps their models.
type player struct {
	*world

	r    *release.Releaser
	f, g *model
	run  uint64
}

func (p *player) compare() error {
	for _, m := range []*model{p.f, p.g} {
		for name, a := range m.aliases {
			if got := actual(p.world, m.name, name); got != a.String() {
				return fmt.Errorf("%s of %s is %s, and must be %s", name, m.name, got, a)
			}
		}
		var exist []string
		for _, v := range m.exist {
			exist = append(exist, fmt.Sprint(v))
		}
		if got := p.Versions(m.name); !slices.Equal(got, exist) {
			return fmt.Errorf("versions of %s %v, and must be %v", m.name, got, exist)
		}
	}
	return nil
}

func (p *player) take(s step) (what string, err error) {
	p.run += uint64(2 + s.a%3)
	j, f := job{id: p.run}, p.f
	switch s.kind {
	case "upload":
		m := []*model{p.f, p.g, p.f}[s.a%3]
		m.upload(p.world, fmt.Sprint("code ", p.run, s.b))
		return "upload of " + m.name, nil
	case "versions":
		return p.publishByHand(2 + s.b%5), nil
	case "release":
		return p.release("prod", j, nil)
	case "deploy":
		return p.release("prod", j, deployed)
	case "release dev":
		return p.release("dev", j, nil)
	case "late release":
		return p.release("prod", job{id: p.run - min(p.run-1, uint64(2+s.b%20))}, nil)
	case "release of another server":
		return p.release("prod", job{uint64(1 + s.b), "git.example.com"}, nil)
	case "crossing", "crossing guarded":
		return p.crossing(j, s.kind == "crossing guarded")
	case "lock", "lock for an hour", "late lock":
		return p.lock([]*model{p.f, p.f, p.g}[s.a%3], s, j)
	case "unlock":
		return p.unlock(j)
	case "late unlock":
		return p.unlock(job{id: p.run - min(p.run-1, uint64(2+s.b%20))})
	case "an hour passes":
		time.Sleep(time.Hour)
		return s.kind, nil
	case "batch release":
		return p.batchRelease(j)
	case "batch rollback":
		return p.batchRollback(j)
	case "provision":
		return p.provision()
	case "rollback":
		return p.rollback(j, 0)
	case "rollback again":
		return p.rollback(cmp.Or(f.aliases["prod"].leftBy, job{id: 1}), 0)
	case "hand deletes":
		p.RemoveAlias("f", "prod")
		f.aliases["prod"] = memory{}
		return "a person deletes prod", nil
	case "hand describes":
		return p.hand("describes it", func(a *memory) { a.text = fmt.Sprintf("text %d", s.b) })
	case "killed release":
		return p.killed(release.Release, 1+s.b%5, s.a%2 == 0)
	case "killed rollback":
		return p.killed(release.Rollback, 1+s.b%5, s.a%2 == 0)
	case "stale release":
		return p.stale(s.b%3, func() (string, error) { return p.release("prod", j, nil) })
	case "stale rollback":
		return p.stale(s.b%3, func() (string, error) { return p.rollback(j, 0) })
	}
	if len(f.exist) == 0 {
		return s.kind + ": there is no version", nil
	}
	v := f.exist[s.b%len(f.exist)]
	switch s.kind {
	case "promote":
		return p.promote(j, v, "")
	case "promote dev":
		return p.promote(j, f.aliases["dev"].at, "dev")
	case "stale promote":
		return p.stale(s.a%3, func() (string, error) { return p.promote(j, v, "") })
	case "rollback to":
		return p.rollback(j, v)
	case "prune":
		return p.pruneTo(3+s.b%3, nil)
	case "prune meanwhile":
		return p.pruneMeanwhile(3+s.b%3, s)
	case "refer":
		r := reference{referring[s.a%len(referring)], f.exist[s.b%max(1, len(f.exist)-3)]} // one that no prune keeps as one of the newest
		return fmt.Sprintf("%s refers to %d: %t", r.kind, v, p.refer(r)), nil
	case "execution ends":
		return p.executionEnds()
	case "hand":
		return p.hand(fmt.Sprint("moves it to ", v), func(a *memory) { a.at, a.weight = v, 0 })
	case "hand wipes":
		return p.hand(fmt.Sprint("wipes it and moves it to ", v), func(a *memory) { *a = memory{at: v} })
	case "hand weights":
		return p.hand(fmt.Sprint("gives a weight to ", v), func(a *memory) {
			if a.weight = v; a.at == v {
				a.weight = 0
			}
		})
	}
	return "", fmt.Errorf("no such step as %s", s.kind)
}

// do runs a request and returns its first outcome.
func (p *player) do(op release.Operation, req release.Request) release.Outcome {
	return p.r.Run(p.t.Context(), as(op, req)).Outcomes[0]
}

func (p *player) release(alias string, j job, change func(*release.Request)) (string, error) {
	req := j.request("f")
	req.Alias = alias
	if change != nil {
		change(&req)
	}
	o := p.do(release.Release, req)
	next, want := p.f.released(p.f.aliases[alias], p.f.publish(j), j, false)
	p.f.aliases[alias] = next
	return fmt.Sprintf("release to %s by run %s: %s", alias, j, o.Status), wants(o, want)
}

// crossing releases by a run that has published when an older run publishes and
// releases, too.
func (p *player) crossing(j job, guarded bool) (string, error) {
	older := job{id: j.id - 1}
	p.f.upload(p.world, fmt.Sprint("newer code ", j))
	req := j.request("f")
	if guarded {
		req.CodeSHA256 = map[string]string{"f": p.f.sha256()}
	}
	v := p.f.publish(j)
	var other error
	var once sync.Once
	p.AfterCall(func(c localaws.Call) {
		if c.Operation != "PublishVersion" {
			return
		}
		once.Do(func() {
			p.AfterCall(nil)
			p.f.upload(p.world, fmt.Sprint("older code ", j))
			_, other = p.release("prod", older, nil)
		})
	})
	o := p.do(release.Release, req)
	p.AfterCall(nil)
	what := fmt.Sprintf("release by run %s, which run %s crosses: %s", j, older, o.Status)
	next, want := p.f.released(p.f.aliases["prod"], v, j, guarded)
	p.f.aliases["prod"] = next
	return what, errors.Join(other, wants(o, want))
}

func (p *player) promote(j job, v int, from string) (string, error) {
	if v == 0 {
		return "no dev to promote", nil
	}
	req := j.request("f")
	if req.Version = version(v); from != "" {
		req.Version, req.From = none, from
	}
	o := p.do(release.Promote, req)
	next, want := p.f.promoted(p.f.aliases["prod"], v, j)
	p.f.aliases["prod"] = next
	return fmt.Sprintf("promote %d %s by run %s: %s", v, from, j, o.Status), wants(o, want)
}

func (p *player) rollback(j job, v int) (string, error) {
	req := j.request("f")
	req.Version = version(v)
	o := p.do(release.Rollback, req)
	next, want := p.f.rolledBack(p.f.aliases["prod"], v, j)
	p.f.aliases["prod"] = next
	return fmt.Sprintf("roll back to %d by run %s: %s", v, j, o.Status), wants(o, want)
}

// lock locks prod of a function, by a job that is late or not.
func (p *player) lock(m *model, s step, j job) (string, error) {
	if s.kind == "late lock" {
		j = job{id: p.run - min(p.run-1, uint64(2+s.b%20))}
	}
	req := j.request(m.name)
	req.Reason = fmt.Sprint("reason ", s.b%3)
	if s.kind == "lock for an hour" {
		req.LockFor = time.Hour
	}
	next, want := m.aliases["prod"].lockedBy(j, req.Reason, req.LockFor)
	o := p.do(release.Lock, req)
	m.aliases["prod"] = next
	return fmt.Sprintf("%s of %s by run %s: %s", s.kind, m.name, j, o.Status), wants(o, want)
}

func (p *player) unlock(j job) (string, error) {
	o := p.do(release.Unlock, j.request("f"))
	next, want := p.f.aliases["prod"].unlockedBy(j)
	p.f.aliases["prod"] = next
	return fmt.Sprintf("unlock by run %s: %s", j, o.Status), wants(o, want)
}

// batchRelease releases both functions or none.
func (p *player) batchRelease(j job) (string, error) {
	return p.batch("release", release.Release, j, func(m *model) (memory, release.Status) {
		return m.released(m.aliases["prod"], m.publish(j), j, false)
	})
}

// batchRollback undoes the newest run of those that have moved the aliases last.
func (p *player) batchRollback(j job) (string, error) {
	f, g := p.f.aliases["prod"], p.g.aliases["prod"]
	newest := f.run
	if g.run.newerThan(newest) {
		newest = g.run
	}
	ordered := f.run.id != 0 && g.run.id != 0 && f.run.scope == g.run.scope
	return p.batch("rollback", release.Rollback, j, func(m *model) (memory, release.Status) {
		a := m.aliases["prod"]
		switch {
		case f.at == 0 || g.at == 0:
		case !ordered:
			return a, release.Failed
		case a.run != newest:
			return a, release.Unchanged
		}
		return m.rolledBack(a, 0, j)
	})
}

// movesBy is the status of a function that an operation has moved.
var movesBy = map[release.Operation]release.Status{release.Release: release.Released, release.Rollback: release.RolledBack}

// batch carries out an operation on both functions, of which one alone ends as
// each says.
func (p *player) batch(what string, op release.Operation, j job, each func(*model) (memory, release.Status)) (string, error) {
	res := p.r.Run(p.t.Context(), as(op, j.request("f", "g")))
	models := []*model{p.f, p.g}
	next, ends := make([]memory, 2), make([]release.Status, 2)
	for i, m := range models {
		next[i], ends[i] = each(m)
	}
	stopped := release.Status("")
	switch {
	case slices.Contains(ends, release.Failed):
		stopped = release.Failed
	case slices.Contains(ends, release.Superseded), slices.Contains(ends, release.Held), slices.Contains(ends, release.Locked):
		stopped = release.Skipped
	}
	var errs []error
	for i, m := range models {
		switch moves := ends[i] == movesBy[op]; {
		case moves && stopped != "":
			ends[i] = stopped
		case moves:
			m.aliases["prod"] = next[i]
		}
		if err := wants(res.Outcomes[i], ends[i]); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", m.name, err))
		}
	}
	return fmt.Sprintf("batch %s by run %s: %s", what, j, statuses(res)), errors.Join(errs...)
}

// hand lets a person change prod, or create it.
func (p *player) hand(what string, change func(*memory)) (string, error) {
	a := p.f.aliases["prod"]
	if change(&a); a.at == 0 {
		return "a person " + what + ": there is none", nil
	}
	set := localaws.Alias{Name: "prod", Version: fmt.Sprint(a.at), Description: a.description()}
	if a.weight != 0 {
		set.Weights = map[string]float64{fmt.Sprint(a.weight): 0.25}
	}
	p.SetAlias("f", set)
	p.f.aliases["prod"] = a
	return "a person " + what, nil
}

// provision gives prod provisioned concurrency, from now on.
func (p *player) provision() (string, error) {
	if a := p.f.aliases["prod"]; a.at == 0 || a.weight != 0 {
		return "nothing to provision", nil
	}
	if slices.Contains(p.f.refs, reference{"provisioned concurrency", p.f.aliases["prod"].at}) {
		return "provisioned already", nil
	}
	return "provisioned concurrency", p.ProvisionConcurrency("f", "prod")
}

// stale lets AWS answer the n-th read of an operation from before the last write.
// Then the operation ends as it must, or leaves prod as it is: a promotion that finds
// prod at its version only when it writes does not see who has moved it there.
func (p *player) stale(n int, do func() (string, error)) (string, error) {
	before := p.f.clone()
	reads := -1
	var mu sync.Mutex
	p.OnCall(func(c localaws.Call) *localaws.Fault {
		mu.Lock()
		defer mu.Unlock()
		if !strings.HasPrefix(c.Operation, "Get") && !strings.HasPrefix(c.Operation, "List") {
			return nil
		}
		if reads++; reads != n {
			return nil
		}
		return &localaws.Fault{Stale: true}
	})
	what, err := do()
	p.OnCall(nil)
	what = fmt.Sprintf("with stale read %d: %s", n, what)
	unmoved := err != nil && !strings.HasSuffix(what, "ed-back") || strings.HasSuffix(what, string(release.Unchanged))
	if was := before.aliases["prod"]; unmoved && actual(p.world, "f", "prod") == was.String() {
		p.f.aliases["prod"] = was
		return what, nil
	}
	return what, err
}

// killed runs an operation whose process dies at its n-th call. Then prod is as
// before or as after.
func (p *player) killed(op release.Operation, n int, works bool) (string, error) {
	its, dead := mortal(p.world, int32(n), works)
	ctx, cancel := context.WithCancel(p.t.Context())
	done := make(chan struct{})
	j := job{id: p.run}
	go func() {
		defer close(done)
		its.releaser(time.Minute).Run(ctx, as(op, j.request("f")))
	}()
	what := fmt.Sprintf("%s killed at call %d by run %s", op, n, j)
	select {
	case <-dead:
	case <-done:
		what = fmt.Sprintf("%s done before call %d by run %s", op, n, j)
	}
	defer func() { cancel(); <-done }()
	synctest.Wait() // for calls side by side with the one that killed it
	if len(p.Versions("f")) > len(p.f.exist) {
		p.f.publish(j)
	}
	possible := p.possible(op, j)
	got := actual(p.world, "f", "prod")
	i := slices.IndexFunc(possible, func(a memory) bool { return a.String() == got })
	if i < 0 {
		return what, fmt.Errorf("prod is %s, and may be %v", got, possible)
	}
	p.f.aliases["prod"] = possible[i]
	return what, nil
}

// possible are the states that prod may be in after a killed release or rollback.
func (p *player) possible(op release.Operation, j job) []memory {
	a := p.f.aliases["prod"]
	all := []memory{a}
	if !a.locked() {
		all = append(all, a.to(p.f.newest, j))
	}
	if a.at != 0 && op == release.Rollback {
		for _, v := range p.f.exist {
			all = append(all, a.back(v, j))
		}
	}
	return all
}

func wants(o release.Outcome, want release.Status) error {
	if o.Status != want {
		return fmt.Errorf("ended %s (%s, %w), and must end %s", o.Status, o.Reason, cmpErr(o.Err), want)
	}
	return nil
}

// cmpErr gives no error words.
func cmpErr(err error) error {
	if err == nil {
		return fmt.Errorf("no error")
	}
	return err
}
