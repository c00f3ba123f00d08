package release_test

import (
	"context"
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
// rollbacks, prunes, other hands on the aliases, late old runs and processes
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
	"upload", "upload", "upload", "release", "release", "release", "release dev", "release dev", "late release",
	"promote", "promote dev", "rollback", "rollback", "rollback again", "rollback to", "prune", "other hand", "other hand wipes",
	"killed release", "killed rollback",
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

// model is what one function must be like.
type model struct {
	newest  int // version published last
	dirty   bool
	exist   []int
	aliases map[string]memory
	run     uint64
}

// memory is an alias: where it is, and what its mark must say.
type memory struct {
	at      int   // 0: there is none
	history []int // as written last, newest first; empty without a mark
	left    int
	leftBy  uint64
	run     uint64
}

func (m memory) clone() memory { m.history = slices.Clone(m.history); return m }

// known is the history with what other hands did.
func (m memory) known() []int {
	if len(m.history) > 0 && m.history[0] == m.at {
		return m.history
	}
	return append([]int{m.at}, m.history...)
}

func (m memory) foreign() bool { return len(m.history) == 0 || m.history[0] != m.at }

// to is the alias after a release or promotion.
func (m memory) to(v int, run uint64) memory {
	next := memory{at: v, left: m.left, leftBy: m.leftBy, run: run, history: []int{v}}
	if m.at != 0 {
		next.history = append(next.history, m.known()...)
	}
	next.history = next.history[:min(len(next.history), 10)]
	if v >= next.left {
		next.left, next.leftBy = 0, 0
	}
	return next
}

// back is the alias after a rollback to v.
func (m memory) back(v int, run uint64) memory {
	known := m.known()
	rest := known[1:]
	if i := slices.Index(known, v); i >= 0 {
		rest = known[i+1:]
	}
	return memory{at: v, history: append([]int{v}, rest...), left: max(m.left, m.at), leftBy: run, run: run}
}

func (m memory) String() string {
	if m.at == 0 {
		return "none"
	}
	if len(m.history) == 0 {
		return fmt.Sprintf("%d, ", m.at)
	}
	var words []string
	for _, v := range m.history {
		words = append(words, fmt.Sprint(v))
	}
	s := fmt.Sprintf("%d, [%s", m.at, strings.Join(words, " < "))
	if m.left != 0 {
		s += fmt.Sprintf(" | left %d", m.left)
		if m.leftBy != m.run {
			s += fmt.Sprintf(" by %d", m.leftBy)
		}
	}
	return s + fmt.Sprintf(" | run %d]", m.run)
}

// alias is the same of the real one.
func actual(w *world, name string) string {
	a, ok := w.Alias("f", name)
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
	w := newWorld(t, localaws.Options{})
	w.rate = 1e6
	w.AddFunction("f")
	p := &player{
		world: w, r: w.releaser(time.Minute),
		model: model{dirty: true, aliases: map[string]memory{"dev": {}, "prod": {}}, run: 100},
	}
	for _, s := range steps {
		what, err := p.take(s)
		if err == nil {
			err = p.compare()
		}
		if told != nil {
			*told = append(*told, fmt.Sprintf("  %-60s dev %s; prod %s", what, actual(w, "dev"), actual(w, "prod")))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return nil
}

type player struct {
	*world
	model

	r *release.Releaser
}

func (p *player) compare() error {
	for name, m := range p.aliases {
		if got := actual(p.world, name); got != m.String() {
			return fmt.Errorf("%s is %s, and must be %s", name, got, m)
		}
	}
	var exist []string
	for _, v := range p.exist {
		exist = append(exist, fmt.Sprint(v))
	}
	if got := p.Versions("f"); !slices.Equal(got, exist) {
		return fmt.Errorf("versions %v, and must be %v", got, exist)
	}
	return nil
}

// publish is what PublishVersion does.
func (p *player) publish() int {
	if p.dirty || p.newest == 0 || !slices.Contains(p.exist, p.newest) {
		p.newest++
		p.exist = append(p.exist, p.newest)
		p.dirty = false
	}
	return p.newest
}

func (p *player) take(s step) (what string, err error) {
	p.run += uint64(1 + s.a%3)
	switch s.kind {
	case "upload":
		p.Upload("f", fmt.Sprint("code ", p.run, s.b))
		p.dirty = true
		return "upload", nil
	case "release":
		return p.release("prod", p.run)
	case "release dev":
		return p.release("dev", p.run)
	case "late release":
		return p.release("prod", p.run-min(p.run-1, uint64(2+s.b%20)))
	case "promote":
		if len(p.exist) == 0 {
			return "nothing to promote", nil
		}
		return p.promote(p.exist[s.b%len(p.exist)], "")
	case "promote dev":
		if p.aliases["dev"].at == 0 {
			return "no dev to promote", nil
		}
		return p.promote(p.aliases["dev"].at, "dev")
	case "rollback":
		return p.rollback(p.run, 0)
	case "rollback again":
		return p.rollback(max(1, p.aliases["prod"].leftBy), 0)
	case "rollback to":
		if len(p.exist) == 0 {
			return "nothing to roll back to", nil
		}
		return p.rollback(p.run, p.exist[s.b%len(p.exist)])
	case "prune":
		return p.pruneTo(3 + s.b%3)
	case "other hand", "other hand wipes":
		return p.otherHand(s.b, s.kind == "other hand wipes")
	case "killed release":
		return p.killed(release.Release, 1+s.b%5, s.a%2 == 0)
	case "killed rollback":
		return p.killed(release.Rollback, 1+s.b%5, s.a%2 == 0)
	}
	return "", fmt.Errorf("no such step as %s", s.kind)
}

func (p *player) released(alias string, run uint64) release.Status {
	v, m := p.publish(), p.aliases[alias]
	switch {
	case m.at == v:
		return release.Unchanged
	case m.at != 0 && m.run > run:
		return release.Superseded
	case m.at > v:
		return release.Superseded
	case m.at != 0 && v <= m.left:
		return release.Held
	}
	p.aliases[alias] = m.to(v, run)
	return release.Released
}

func (p *player) release(alias string, id uint64) (string, error) {
	req := on(run(id), "f")
	req.Alias = alias
	o := p.r.Run(p.t.Context(), req).Outcomes[0]
	return fmt.Sprintf("release to %s by run %d: %s", alias, id, o.Status), wants(o, p.released(alias, id))
}

func (p *player) promote(v int, from string) (string, error) {
	req := on(to(p.run, version(v)), "f")
	if from != "" {
		req.Version, req.From = none, from
	}
	o := p.r.Run(p.t.Context(), as(release.Promote, req)).Outcomes[0]
	want := release.Unchanged
	if m := p.aliases["prod"]; m.at != v {
		p.aliases["prod"], want = m.to(v, p.run), release.Promoted
	}
	return fmt.Sprintf("promote %d %s by run %d: %s", v, from, p.run, o.Status), wants(o, want)
}

func (p *player) rolledBack(run uint64, v int) release.Status {
	m := p.aliases["prod"]
	if m.at == 0 {
		return release.Failed
	}
	if m.leftBy == run && m.run == run && !m.foreign() {
		return release.Unchanged
	}
	if v == 0 {
		if m.foreign() {
			return release.Failed
		}
		for _, old := range m.history[1:] {
			if old != m.at && slices.Contains(p.exist, old) {
				v = old
				break
			}
		}
	}
	switch v {
	case 0:
		return release.Failed
	case m.at:
		return release.Unchanged
	}
	p.aliases["prod"] = m.back(v, run)
	return release.RolledBack
}

func (p *player) rollback(id uint64, v int) (string, error) {
	o := p.r.Run(p.t.Context(), as(release.Rollback, on(to(id, version(v)), "f"))).Outcomes[0]
	return fmt.Sprintf("roll back to %d by run %d: %s", v, id, o.Status), wants(o, p.rolledBack(id, v))
}

func (p *player) pruneTo(keep int) (string, error) {
	req := on(run(p.run), "f")
	req.Alias, req.Keep = "", keep
	p.Age("f", 2*time.Hour)
	o := p.r.Run(p.t.Context(), as(release.Prune, req)).Outcomes[0]
	needed := map[int]bool{}
	for _, m := range p.aliases {
		needed[m.at], needed[m.left] = true, true
		for _, v := range m.history {
			needed[v] = true
		}
	}
	old := p.exist[:max(0, len(p.exist)-keep)]
	kept := slices.DeleteFunc(slices.Clone(old), func(v int) bool { return !needed[v] })
	want := release.Unchanged
	if len(kept) < len(old) {
		want = release.Pruned
	}
	p.exist = append(kept, p.exist[len(old):]...)
	return fmt.Sprintf("prune to %d: %s %v", keep, o.Status, o.Pruned), wants(o, want)
}

func (p *player) otherHand(b int, wipes bool) (string, error) {
	m := p.aliases["prod"]
	if len(p.exist) == 0 {
		return "another hand has nothing to point to", nil
	}
	v := p.exist[b%len(p.exist)]
	a, _ := p.Alias("f", "prod")
	if wipes || m.at == 0 {
		a.Description = ""
		m = memory{}
	}
	m.at = v
	a.Name, a.Version = "prod", fmt.Sprint(v)
	p.SetAlias("f", a)
	p.aliases["prod"] = m
	return fmt.Sprintf("another hand puts prod to %d, wipes %t", v, wipes), nil
}

// killed runs an operation whose process dies at its n-th call. Then prod is as
// before or as after, and the same job again ends where it should have.
func (p *player) killed(op release.Operation, n int, works bool) (string, error) {
	its, dead := mortal(p.world, int32(n), works)
	ctx, cancel := context.WithCancel(p.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		its.releaser(time.Minute).Run(ctx, as(op, on(run(p.run), "f")))
	}()
	what := fmt.Sprintf("killed at call %d by run %d", n, p.run)
	select {
	case <-dead:
	case <-done:
		what = fmt.Sprintf("done before call %d by run %d", n, p.run)
	}
	defer func() { cancel(); <-done }()
	synctest.Wait() // for calls side by side with the one that killed it
	p.adopt()
	before := actual(p.world, "prod")
	for _, m := range p.possible() {
		if m.String() == before {
			p.aliases["prod"] = m.clone()
			return what, nil
		}
	}
	return what, fmt.Errorf("prod is %s, and may be %v", before, p.possible())
}

// adopt learns what was published by the process that was killed.
func (p *player) adopt() {
	exist := p.Versions("f")
	if len(exist) > len(p.exist) {
		p.publish()
	}
}

// possible are the states that prod may be in after a killed release or rollback.
func (p *player) possible() []memory {
	all := []memory{p.aliases["prod"]}
	m := p.aliases["prod"]
	all = append(all, m.to(p.newest, p.run))
	if m.at != 0 {
		for _, v := range p.exist {
			all = append(all, m.back(v, p.run))
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
