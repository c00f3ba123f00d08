package release_test

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
)

var faults = map[string]localaws.Fault{
	"429":                     {Status: http.StatusTooManyRequests, Code: "TooManyRequestsException", Message: "Rate exceeded"},
	"500":                     {Status: http.StatusInternalServerError, Code: "ServiceException", Message: "An error occurred"},
	"503":                     {Status: http.StatusServiceUnavailable, Code: "ServiceUnavailableException", Message: "Service unavailable"},
	"409 in progress":         {Status: http.StatusConflict, Code: "ResourceConflictException", Message: "The operation cannot be performed at this time. An update is in progress for resource: arn"},
	"412":                     {Status: http.StatusPreconditionFailed, Code: "PreconditionFailedException", Message: "The Revision Id provided does not match the latest Revision Id."},
	"403":                     {Status: http.StatusForbidden, Code: "AccessDeniedException", Message: "User: x is not authorized"},
	"dropped before the work": {Drop: true},
	"dropped after the work":  {DropAfter: true},
	"hangs":                   {Hang: true},
	"hangs but does the work": {DropAfter: true, Delay: 30 * time.Second},
	"slow":                    {Delay: 3 * time.Second},
}

// scene is a state of affairs in which an operation makes certain calls.
type scene struct {
	name  string
	calls []string
	lay   func(w *world, fn string)

	operation release.Operation // 0: Release
	change    func(*release.Request)
	skip      int    // the fault begins after so many of the calls
	end       string // where prod is when all went well; "": 2
	versions  int    // how many there are then; 0: 2
	onlyMany  bool   // the case of one function is left out: another scene has it
}

var scenes = []scene{
	{name: "alias to move", calls: []string{"PublishVersion", "GetAlias", "UpdateAlias"}, lay: toMove},
	{name: "alias to create", calls: []string{"PublishVersion", "GetAlias", "CreateAlias"}, lay: func(w *world, fn string) {
		w.Publish(fn, "")
		w.Upload(fn, "2")
	}},
	{name: "pending version", calls: []string{"PublishVersion", "GetFunction", "UpdateAlias"}, lay: func(w *world, fn string) {
		toMove(w, fn)
		w.OnPublish(fn, "Active", "", "")
	}},
	{
		name: "first step of a shift", calls: []string{"GetFunction", "UpdateAlias"}, lay: toMove, onlyMany: true,
		change: canary,
	},
	{
		name: "last step of a shift", calls: []string{"UpdateAlias"}, lay: toMove, skip: 1,
		change: canary,
	},
	{
		name: "promote", calls: []string{"ListAliases", "GetFunction", "UpdateAlias"}, onlyMany: true,
		lay:       func(w *world, fn string) { toMove(w, fn); w.Publish(fn, "") },
		operation: release.Promote, change: func(req *release.Request) { req.Version = 2 },
	},
	{
		name: "rollback", calls: []string{"ListAliases", "GetFunction", "UpdateAlias"}, onlyMany: true,
		lay: func(w *world, fn string) {
			w.versions(fn, 2)
			w.SetAlias(fn, localaws.Alias{Name: "prod", Version: "2", Description: "text [2 < 1 | run 1]"})
		},
		operation: release.Rollback, end: "1",
	},
	{
		name: "prune", calls: []string{"ListAliases", "ListVersionsByFunction", "DeleteFunction"}, onlyMany: true,
		lay: func(w *world, fn string) {
			w.versions(fn, 5)
			w.SetAlias(fn, localaws.Alias{Name: "prod", Version: "5"})
		},
		operation: release.Prune, change: func(req *release.Request) { req.Keep = 3 }, end: "5", versions: 3,
	},
}

func canary(req *release.Request) { shifting(req, "Canary50Percent10Seconds") }

func toMove(w *world, fn string) {
	w.Publish(fn, "")
	w.SetAlias(fn, localaws.Alias{Name: "prod", Version: "1", Description: "text [1 | run 1]"})
	w.Upload(fn, "2")
}

// TestFaults runs every operation with every fault at every call, once and for ever,
// for one function and for three (the fault hits the second), and holds what
// comes of it against what always holds. Then it runs the job again.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, sc := range scenes {
		for _, op := range sc.calls {
			for faultName, fault := range faults {
				for _, times := range []int{1, 1 << 30} {
					for _, names := range [][]string{{"orders"}, shop} {
						if sc.onlyMany && len(names) == 1 {
							continue
						}
						name := fmt.Sprintf("%s, %s %s ×%d, %d functions", sc.name, op, faultName, times, len(names))
						t.Run(name, func(t *testing.T) {
							t.Parallel()
							synctest.Test(t, func(t *testing.T) { faultCase(t, sc, op, fault, times, names) })
						})
					}
				}
			}
		}
	}
}

func faultCase(t *testing.T, sc scene, op string, fault localaws.Fault, times int, names []string) {
	w := newWorld(t, localaws.Options{})
	for _, fn := range names {
		w.AddFunction(fn)
		sc.lay(w, fn)
	}
	before := positions(w, names)
	var mu sync.Mutex
	hits := 0
	w.OnCall(func(c localaws.Call) *localaws.Fault {
		mu.Lock()
		defer mu.Unlock()
		if c.Operation != op || c.Function != "orders" {
			return nil
		}
		if hits++; hits <= sc.skip || hits-sc.skip > times {
			return nil
		}
		return &fault
	})
	job := func() release.Result {
		const timeout = 2 * time.Minute // a call that hangs is given up after 20 seconds of it
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		defer cancel()
		req := on(run(500), names...)
		if sc.change != nil {
			sc.change(&req)
		}
		return w.releaser(timeout).Run(ctx, as(cmp.Or(sc.operation, release.Release), req))
	}
	res := job()
	mu.Lock()
	if hits <= sc.skip {
		t.Error("never met the fault")
	}
	mu.Unlock()
	holds(t, w, names, before, res)

	// What always goes wrong may not end well; what went wrong once must not
	// keep a second run from ending where the first should have.
	w.OnCall(nil)
	res = job()
	for i, fn := range names {
		o := res.Outcomes[i]
		if o.Status == release.Failed {
			t.Errorf("run again, %s ended %s: %s %v", fn, o.Status, o.Reason, o.Err)
		}
		if a, _ := w.Alias(fn, "prod"); a.Version != cmp.Or(sc.end, "2") || len(a.Weights) > 0 {
			t.Errorf("run again, %s:prod is at %s %v", fn, a.Version, a.Weights)
		}
		if v := w.Versions(fn); len(v) != cmp.Or(sc.versions, 2) {
			t.Errorf("%s has versions %v, want %d of them", fn, v, cmp.Or(sc.versions, 2))
		}
	}
}

// holds checks what must be true however a release ended.
func holds(t *testing.T, w *world, names []string, before map[string]string, res release.Result) {
	t.Helper()
	after := positions(w, names)
	for i, fn := range names {
		o := res.Outcomes[i]
		switch {
		case o.Version != none && (o.Status == release.Released || o.Status == release.Promoted || o.Status == release.RolledBack || o.Status == release.Unchanged):
			if after[fn] != o.Version.String() {
				t.Errorf("%s ended %s with %s, but prod is at %s", fn, o.Status, o.Version, after[fn])
			}
		case o.NotAsItWas:
			if o.Reason == "" || !strings.Contains(o.Reason, "prod") {
				t.Errorf("%s is displaced and its reason says not where: %q", fn, o.Reason)
			}
		default:
			if after[fn] != before[fn] {
				t.Errorf("%s ended %s (%s, %v), but prod went from %s to %s", fn, o.Status, o.Reason, o.Err, before[fn], after[fn])
			}
		}
		if !o.After.Unknown && !o.Before.Unknown && o.After.String() != after[fn] {
			t.Errorf("%s is reported at %s and is at %s", fn, o.After, after[fn])
		}
	}
	if res.Status() == release.Failed {
		errs := 0
		for _, o := range res.Outcomes {
			if o.Err != nil {
				errs++
			}
		}
		if errs == 0 {
			t.Error("failed without an error")
		}
	}
}
