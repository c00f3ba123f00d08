package release_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
)

// others are what another run, or a person, makes of prod while run 500 is at work.
var others = map[string]func(_ *world, _ string, _ localaws.Alias) localaws.Alias{
	"a newer release": func(w *world, fn string, prod localaws.Alias) localaws.Alias {
		w.Upload(fn, "newer")
		v := version(w.Publish(fn, ""))
		return moved(prod, v, 600)
	},
	"an older release": func(w *world, fn string, prod localaws.Alias) localaws.Alias {
		w.Upload(fn, "older")
		v := version(w.Publish(fn, ""))
		return moved(prod, v, 400)
	},
	"a promotion": func(_ *world, _ string, prod localaws.Alias) localaws.Alias {
		return moved(prod, 1, 600)
	},
	"a rollback": func(_ *world, _ string, prod localaws.Alias) localaws.Alias {
		text, h := alias.ReadDescription(prod.Description)
		at, _ := parseVersion(prod.Version)
		back := h.At(at).RolledBack(1, at, alias.Run{ID: 600})
		prod.Version, prod.Weights, prod.Description = "1", nil, alias.Describe(text, back)
		return prod
	},
	"weights": func(w *world, fn string, prod localaws.Alias) localaws.Alias {
		other := "1"
		if prod.Version == "1" {
			w.Upload(fn, "for the weight")
			other = fmt.Sprint(w.Publish(fn, ""))
		}
		prod.Weights = map[string]float64{other: 0.25}
		return prod
	},
	"a description": func(_ *world, _ string, prod localaws.Alias) localaws.Alias {
		text, h := alias.ReadDescription(prod.Description)
		prod.Description = alias.Describe(text+" and more", h)
		return prod
	},
	"a move by hand": func(_ *world, _ string, prod localaws.Alias) localaws.Alias {
		prod.Version, prod.Weights = "1", nil
		return prod
	},
	"a lock":   func(_ *world, _ string, prod localaws.Alias) localaws.Alias { return locked(prod) },
	"a delete": func(*world, string, localaws.Alias) localaws.Alias { return localaws.Alias{} },
}

// locked is prod, if there is one, locked by run 600.
func locked(prod localaws.Alias) localaws.Alias {
	if prod.Version == "" {
		return prod
	}
	s := alias.State{Position: positionOf(prod)}
	s.Text, s.History = alias.ReadDescription(prod.Description)
	c := s.Mark(alias.NewLock("theirs", time.Time{}, alias.Run{ID: 600}), time.Now())
	if prod.Description = alias.Describe(c.Text, c.History); !c.KeepWeights {
		prod.Weights = nil
	}
	return prod
}

// moved is prod moved to v by a run.
func moved(prod localaws.Alias, v version, run uint64) localaws.Alias {
	text, h := alias.ReadDescription(prod.Description)
	if prod.Version != "" {
		at, _ := parseVersion(prod.Version)
		h = h.At(at)
	}
	prod.Version, prod.Weights = v.String(), nil
	prod.Description = alias.Describe(text, h.Moved(v, alias.Run{ID: run}))
	return prod
}

// TestAnotherRunActsMeanwhile lets others change prod before and after the work of
// every call of every operation. What they did must not be overwritten by a run
// that has decided before, and what that run reports must be what it has seen.
func TestAnotherRunActsMeanwhile(t *testing.T) {
	t.Parallel()
	for k, sc := range scenes {
		for i, what := range slices.Sorted(maps.Keys(others)) {
			if sc.meanwhile != nil && !slices.Contains(sc.meanwhile, what) {
				continue
			}
			if testing.Short() && i%3 != k%3 {
				continue // for the race detector every operation meets every third of them
			}
			for _, after := range []bool{false, true} {
				if testing.Short() && !after {
					continue // for the race detector one of them is enough
				}
				t.Run(fmt.Sprintf("%s, %s, after: %t", sc.name, what, after), func(t *testing.T) {
					t.Parallel()
					for n, acted := 1, true; acted && !t.Failed(); n++ {
						synctest.Test(t, func(t *testing.T) { acted = meanwhile(t, sc, what, n, after) })
					}
				})
			}
		}
	}
}

// meanwhile has others act at the n-th call, and reports whether there was one.
func meanwhile(t *testing.T, sc scene, what string, n int, after bool) (acted bool) {
	names := []string{"orders"}
	if sc.onlyMany {
		names = shop
	}
	w := sc.stage(t, names)
	first := snapshot(w, names)
	m := &meddler{world: w, n: n, after: after, do: others[what]}
	w.OnCall(func(c localaws.Call) *localaws.Fault { m.arrived(c); return nil })
	w.AfterCall(m.carriedOut)
	res := sc.job(w, names)
	w.OnCall(nil)
	w.AfterCall(nil)
	if !m.acted {
		return false
	}
	m.holds(t, sc, what, res, names, first)

	// The same job again tells the truth, and once more changes nothing.
	before := snapshot(w, names)
	res = sc.job(w, names)
	holds(t, w, names, before, res)
	before = snapshot(w, names)
	versions := len(w.Versions("orders"))
	again := sc.job(w, names)
	after3 := snapshot(w, names)
	for _, fn := range names {
		if was, is := before[fn], after3[fn]; was.Version != is.Version || was.Description != is.Description {
			t.Errorf("run a third time, %s:prod went from %s, %q to %s, %q", fn, was.Version, was.Description, is.Version, is.Description)
		}
	}
	if got := len(w.Versions("orders")); got > versions {
		t.Errorf("run a third time, it made another version")
	}
	if again.ExitCode() != res.ExitCode() {
		t.Errorf("run a third time, it ended with exit code %d, before that with %d", again.ExitCode(), res.ExitCode())
	}
	if t.Failed() {
		t.Logf("at call %d of %s\nlog:\n%s", n, strings.Join(m.ops, " "), w.log)
	}
	return true
}

// meddler changes prod of orders at the n-th call about it, before or after the
// work of that call, and knows what the run has read and written before and since.
type meddler struct {
	*world

	n     int
	after bool
	do    func(_ *world, _ string, prod localaws.Alias) localaws.Alias

	mu      sync.Mutex
	ops     []string
	nth     string // the n-th call
	acted   bool
	read    bool           // prod had been read before
	written bool           // prod had been written before
	since   bool           // prod has been read since
	found   localaws.Alias // prod as it was then
	left    localaws.Alias // prod as it was left; zero if it was deleted
}

func about(c localaws.Call) bool { return c.Function == "" || c.Function == "orders" }

// arrived is for a call before its work.
func (m *meddler) arrived(c localaws.Call) {
	if !m.isNth(c) || m.after {
		return
	}
	synctest.Wait() // for the calls beside this one
	m.mu.Lock()
	defer m.mu.Unlock()
	m.act()
}

// isNth counts the calls, and reports whether this one is the n-th.
func (m *meddler) isNth(c localaws.Call) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !about(c) {
		return false
	}
	if m.ops = append(m.ops, c.Operation); len(m.ops) != m.n {
		return false
	}
	m.nth = fmt.Sprint(c.Operation, c.Attempt)
	return true
}

// carriedOut is for a call after its work.
func (m *meddler) carriedOut(c localaws.Call) {
	if m.note(c) {
		synctest.Wait()
		m.mu.Lock()
		defer m.mu.Unlock()
		m.act()
	}
}

// note notes what a call has read or written, and reports whether to act after it.
func (m *meddler) note(c localaws.Call) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !about(c) {
		return false
	}
	switch c.Operation {
	case "GetAlias", "ListAliases":
		m.read, m.since = m.read || !m.acted, m.acted
	case "UpdateAlias", "CreateAlias", "DeleteAlias":
		m.written = m.written || !m.acted && c.Status < 300
	}
	return m.after && m.nth == fmt.Sprint(c.Operation, c.Attempt)
}

func (m *meddler) act() {
	m.acted = true
	m.found, _ = m.Alias("orders", "prod")
	prod := m.found
	prod.Name = "prod"
	switch next := m.do(m.world, "orders", prod); {
	case next.Name == "":
		m.RemoveAlias("orders", "prod")
	case slices.Contains(m.Versions("orders"), next.Version):
		m.SetAlias("orders", next)
	}
	m.left, _ = m.Alias("orders", "prod")
}

// unlocked is an alias without its lock, in words.
func unlocked(a localaws.Alias) string {
	text, h := alias.ReadDescription(a.Description)
	h.Lock = alias.Lock{}
	if len(h.Versions) == 1 && h.Run == (alias.Run{}) {
		h = alias.History{} // what a lock has made of none
	}
	return fmt.Sprintf("at %s, %q", positionOf(a), alias.Describe(text, h))
}

// same reports whether two aliases differ in their revision at most.
func same(a, b localaws.Alias) bool {
	return a.Version == b.Version && a.Description == b.Description && maps.Equal(a.Weights, b.Weights)
}

// settled is a position without the weights of AWS's own.
func settled(p alias.Position) string {
	return alias.State{Position: p}.Settled().Position.String()
}

// holds checks what must be true of a run in which others have acted.
func (m *meddler) holds(t *testing.T, sc scene, what string, res release.Result, names []string, first map[string]localaws.Alias) {
	t.Helper()
	locks := sc.operation == release.Lock || sc.operation == release.Unlock // and nothing else: see below
	for i, fn := range names {
		o, a := res.Outcomes[i], snapshot(m.world, names)[fn]
		is := positionOf(a)
		untouched := fn == "orders" && same(a, m.left)
		if fn != "orders" || m.since {
			switch {
			case succeeded(o.Status) && o.Version != none && is.String() != o.Version.String():
				t.Errorf("%s ended %s with %s (%s), and prod is at %s", fn, o.Status, o.Version, o.Reason, is)
			case !o.After.Unknown && settled(o.After) != is.String():
				t.Errorf("%s ended %s (%v): reported at %s and is at %s", fn, o.Status, o.Err, o.After, is)
			}
		}
		said := locks || o.NotAsItWas || strings.Contains(o.Reason, "prod is at "+is.String())
		if !succeeded(o.Status) && o.Status != release.Deleted && !said && !untouched && !is.Equal(positionOf(first[fn])) {
			t.Errorf("%s ended %s (%s, %v), and prod is at %s, where this run must have put it", fn, o.Status, o.Reason, o.Err, is)
		}
	}
	exitHolds(t, res, false)
	o := res.Outcomes[slices.Index(names, "orders")]
	if strings.HasPrefix(sc.name, "CodeDeploy") {
		return // it moves the alias whatever others do
	}
	a, _ := m.Alias("orders", "prod")
	is, left := positionOf(a), positionOf(m.left)
	kept := same(a, m.left) || same(m.left, m.found)
	deliberate := sc.operation == release.Promote || sc.operation == release.Rollback
	if what == "a lock" && m.left.Version != "" && sc.operation != release.DeleteAlias && !strings.Contains(a.Description, "locked: theirs | run 600]") {
		t.Errorf("ended %s, and ended a lock that another run has set meanwhile: %q", o.Status, a.Description)
	}
	switch {
	case kept:
	case what == "a lock" && sc.operation == release.Rollback:
	case locks:
		want := m.left
		if sc.operation == release.Lock {
			want = locked(want)
		}
		if unlocked(a) != unlocked(want) {
			t.Errorf("ended %s, and changed more than the lock: prod is %s, want %s", o.Status, unlocked(a), unlocked(want))
		}
	case sc.operation == release.DeleteAlias:
	case what == "a description":
		if text, _ := alias.ReadDescription(a.Description); m.read && !strings.HasSuffix(text, "and more") {
			t.Errorf("ended %s, and the text that a person wrote meanwhile is gone: %q", o.Status, a.Description)
		}
	case deliberate && m.read:
		t.Errorf("ended %s, and wrote over what others have done since it was decided: prod is at %s, %q", o.Status, is, a.Description)
	case !deliberate && (what == "weights" || what == "a newer release" || what == "a promotion" || what == "a rollback"):
		t.Errorf("ended %s (%v), and wrote over %s: prod is at %s, %q", o.Status, o.Err, what, is, a.Description)
	case !deliberate && is.Version < left.Version:
		t.Errorf("ended %s, and moved prod back from %s to %s", o.Status, left, is)
	}
	if m.written && o.Status == release.Superseded && what != "a newer release" && what != "a promotion" {
		t.Errorf("ended %s by %s after it had moved prod", o.Status, what)
	}
}
