package release_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
)

// writes are what another writer does to $LATEST, by name. Those that are harmless
// change nothing of what a version holds.
var writes = []struct {
	name     string
	harmless bool
	write    func(w *world, fn string)
}{
	{"memory", false, func(w *world, fn string) { w.Configure(fn, func(f *localaws.Function) { f.MemorySize = 1024 }) }},
	{"timeout", false, func(w *world, fn string) { w.Configure(fn, func(f *localaws.Function) { f.Timeout = 60 }) }},
	{"environment", false, func(w *world, fn string) {
		w.Configure(fn, func(f *localaws.Function) { f.Environment = map[string]string{"LEVEL": "theirs"} })
	}},
	{"description", false, func(w *world, fn string) { w.Configure(fn, func(f *localaws.Function) { f.Description = "theirs" }) }},
	{"code", false, func(w *world, fn string) { w.Upload(fn, "theirs") }},
	{"code and configuration", false, func(w *world, fn string) {
		w.Configure(fn, func(f *localaws.Function) { f.MemorySize, f.Timeout = 1024, 60 })
		w.Upload(fn, "theirs")
	}},
	{"nothing", true, func(w *world, fn string) { w.Configure(fn, func(*localaws.Function) {}) }},
	{"nothing in the end", true, func(w *world, fn string) {
		var before localaws.Function
		w.Configure(fn, func(f *localaws.Function) { before = *f; f.Timeout = 60 })
		w.Configure(fn, func(f *localaws.Function) { *f = before })
	}},
}

// content is what a version holds, as far as runs and writers change it.
func content(f localaws.Function) string {
	return fmt.Sprintf("%.8s, %d MB, %d s, %v", f.CodeSha256, f.MemorySize, f.Timeout, f.Environment)
}

// race is a release that configures and perhaps uploads, and another writer, who acts
// once before or after the work of the n-th call.
type race struct {
	what     string
	harmless bool
	write    func(w *world, fn string)
	publish  bool // the other publishes as well
	code     bool // the release uploads code
	after    bool
	restore  bool // the release restores $LATEST if it fails
	settle   time.Duration
	lost     string // the first answer of this operation is lost; "": none
}

func newRace(seed uint64) race {
	random := rand.New(rand.NewPCG(seed, 13))
	w := writes[seed%uint64(len(writes))]
	r := race{what: w.name, harmless: w.harmless, write: w.write, publish: seed%3 == 1, restore: random.IntN(3) == 0, settle: time.Duration(random.IntN(2000)) * time.Millisecond}
	r.lost = []string{"", "", "UpdateFunctionConfiguration", "UpdateFunctionCode", "PublishVersion", "PublishVersion"}[random.IntN(6)]
	return r
}

// TestRace lets another writer act before and after the work of every call of a release
// that configures and uploads. A version is never a mixture: the release's has what
// $LATEST had when it was read first, with what the release has written, and nothing
// of what the other wrote. All others are the other writer's.
func TestRace(t *testing.T) {
	t.Parallel()
	seeds := uint64(20)
	if testing.Short() {
		seeds = 4
	}
	for seed := range seeds {
		for _, code := range []bool{false, true} {
			for _, after := range []bool{false, true} {
				r := newRace(seed)
				r.code, r.after = code, after
				t.Run(fmt.Sprintf("%d, %s, publish: %t, code: %t, after: %t, restore: %t, lost: %s", seed, r.what, r.publish, code, after, r.restore, r.lost), func(t *testing.T) {
					t.Parallel()
					for n, acted := 1, true; acted && !t.Failed(); n++ {
						synctest.Test(t, func(t *testing.T) { acted = r.run(t, n) })
					}
				})
			}
		}
	}
}

func (r race) run(t *testing.T, n int) (acted bool) {
	w := newWorld(t, localaws.Options{Settle: r.settle})
	w.AddFunction("orders", func(f *localaws.Function) { f.Code = zipped(t) })
	toMove(w, "orders")
	theirs := map[string]bool{"1": true}
	act := func() {
		acted = true
		r.write(w, "orders")
		if r.publish {
			theirs[fmt.Sprint(w.Publish("orders", "theirs"))] = true
		}
	}
	var base localaws.Function // when it was read first
	var mu sync.Mutex
	calls, answers, read := 0, 0, false
	w.OnCall(func(c localaws.Call) *localaws.Fault {
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls == n && !r.after {
			act()
		}
		if !read && c.Operation == "GetFunction" {
			base, read = w.Function("orders", ""), true
		}
		return &localaws.Fault{DropAfter: c.Operation == r.lost && c.Attempt == 1}
	})
	w.AfterCall(func(localaws.Call) {
		mu.Lock()
		defer mu.Unlock()
		if answers++; answers == n && r.after {
			act()
		}
	})
	req := withConfiguration(run(500), r.code, "orders")
	req.RestoreLatest = r.restore
	res := w.release(req, "orders")
	w.OnCall(nil)
	w.AfterCall(nil)

	ours := expected(t, base)
	if !r.code {
		ours.CodeSha256 = base.CodeSha256
	}
	published := false
	for _, v := range w.Versions("orders") {
		published = published || !theirs[v]
		switch f := w.Function("orders", v); {
		case theirs[v]:
		case !strings.Contains(f.Description, "run 500"):
			t.Errorf("call %d: version %s is described %q", n, v, f.Description)
		case content(f) != content(ours):
			t.Errorf("call %d: version %s has %s, want %s", n, v, content(f), content(ours))
		}
	}
	o := res.Outcomes[0]
	at, _ := w.Alias("orders", "prod")
	changed, isChanged := errors.AsType[*release.LatestError](o.Err)
	switch {
	case o.Status == release.Released && content(w.Function("orders", at.Version)) != content(ours):
		t.Errorf("call %d: prod is at %s, which has %s, want %s", n, at.Version, content(w.Function("orders", at.Version)), content(ours))
	case o.Status == release.Released:
	case at.Version != "1" || res.ExitCode() != release.ExitFailed:
		t.Errorf("call %d: prod is at %s, exit code %d: %v", n, at.Version, res.ExitCode(), o.Err)
	case !isChanged && r.lost == "":
		t.Errorf("call %d: ended %s: %v", n, o.Status, o.Err)
	case isChanged && (r.harmless || len(changed.Changes) == 0):
		t.Errorf("call %d: nothing was changed, but: %v", n, o.Err)
	case isChanged && strings.Contains(changed.Hint(), "Nothing was published") && published:
		t.Errorf("call %d: a version was published, but: %s", n, changed.Hint())
	}

	// Another run has nothing in its way.
	if again := w.release(withConfiguration(run(501), r.code, "orders"), "orders"); again.Status() == release.Failed {
		t.Errorf("call %d: again: %v", n, again.Outcomes[0].Err)
	}
	if t.Failed() {
		t.Logf("calls: %s\nlog:\n%s", w.operations(), w.log)
	}
	return acted
}
