package release_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
)

// paced asserts that after the calls of an ordinary run, and four more, there is at
// most one call in two seconds on average about a function, at any time.
func paced(t *testing.T, calls []localaws.Call, fn string, ordinary int) {
	t.Helper()
	n := 0
	var began time.Time
	for _, c := range calls {
		if c.Function != fn && c.Function != "" {
			continue
		}
		if n++; n == 1 {
			began = c.Start
		}
		if since := c.Start.Sub(began); float64(n) > float64(ordinary)+4+since.Seconds()/2 {
			t.Errorf("%d calls about %s after %s, and an ordinary run makes %d: %s", n, fn, since, ordinary, c.Operation)
			return
		}
	}
}

// ordinary is how many calls a scene takes about a function when nothing happens.
func (sc scene) ordinary(t *testing.T) int {
	n := 0
	synctest.Test(t, func(t *testing.T) {
		w := sc.stage(t, []string{"orders"})
		sc.job(w, []string{"orders"})
		n = len(w.Calls())
	})
	return n
}

// TestWaitsArePaced lets what a run waits for never happen. TestFaults does the
// same for what AWS refuses for ever.
func TestWaitsArePaced(t *testing.T) {
	t.Parallel()
	const never = 1000 * time.Hour
	for name, sc := range map[string]scene{
		"a version stays Pending": {lay: func(w *world, fn string) {
			toMove(w, fn)
			w.OnPublish(fn, "Active", "", "")
		}, options: localaws.Options{Settle: never}},
		"an update stays in progress": {lay: func(w *world, fn string) {
			toMove(w, fn)
			w.SetLastUpdate(fn, "InProgress", "Creating", "")
		}},
		"an update stays in progress, with code": {lay: func(w *world, fn string) {
			toMove(w, fn)
			w.SetLastUpdate(fn, "InProgress", "Creating", "")
		}, change: newCode},
		"busy, and no read shows it": {lay: func(w *world, fn string) {
			toMove(w, fn)
			w.SetBusy(fn, "", never)
		}},
		"busy, with code": {lay: func(w *world, fn string) {
			toMove(w, fn)
			w.SetBusy(fn, "", never)
		}, change: newCode},
		"the alias is busy": {lay: func(w *world, fn string) {
			toMove(w, fn)
			w.SetBusy(fn, "prod", never)
		}},
		"the alias is busy, and is to be created": {lay: func(w *world, fn string) {
			w.SetBusy(fn, "prod", never)
		}},
		"the alias is busy, and is to be deleted": {operation: release.DeleteAlias, lay: func(w *world, fn string) {
			toMove(w, fn)
			w.SetBusy(fn, "prod", never)
		}},
		"provisioned concurrency stays in progress": {options: localaws.Options{Provisioning: never}, lay: func(w *world, fn string) {
			toMove(w, fn)
			if err := w.ProvisionConcurrency(fn, "prod"); err != nil {
				w.t.Error(err)
			}
		}, change: func(req *release.Request) { req.Provisioned = true }},
		"provisioned concurrency was moving before": {options: localaws.Options{Provisioning: never}, lay: func(w *world, fn string) {
			toMove(w, fn)
			w.Publish(fn, "")
			if err := w.ProvisionConcurrency(fn, "prod"); err != nil {
				w.t.Error(err)
			}
			w.SetAlias(fn, localaws.Alias{Name: "prod", Version: "2", Description: "text [2 < 1 | run 2]"})
			w.Upload(fn, "3")
		}},
		"provisioned concurrency fails late": {options: localaws.Options{Provisioning: time.Minute}, lay: func(w *world, fn string) {
			toMoveProvisioned(w, fn)
			w.FailProvisioning(fn, "prod", "no capacity")
		}, change: func(req *release.Request) { req.Provisioned = true }},
		"a deployment stays queued": {set: func(w *world) {
			w.AddDeploymentGroup("shop", "prod", "CodeDeployDefault.LambdaAllAtOnce")
			w.DelayDeployments(time.Second, never)
		}, lay: toMove, change: deployed},
		"a version that was rolled back to stays Pending": {operation: release.Rollback, lay: func(w *world, fn string) {
			w.versions(fn, 2)
			w.SetAlias(fn, localaws.Alias{Name: "prod", Version: "2", Description: "text [2 < 1 | run 1]"})
			w.SetState(fn, "1", "Pending", "Restoring", "")
		}},
		"the undo of a batch is refused": {lay: toMove},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				names := []string{"orders"}
				if name == "the undo of a batch is refused" {
					names = shop
				}
				w := sc.stage(t, names)
				if len(names) > 1 {
					w.OnCall(onlyFirstMoves(w))
				}
				const ordinary = 8
				res := sc.job(w, names)
				if res.Status() != release.Failed || res.Elapsed < 25*time.Second {
					t.Errorf("ended %s after %s", res.Status(), res.Elapsed)
				}
				for _, fn := range names {
					paced(t, w.Calls(), fn, ordinary)
				}
				if len(names) == 1 && len(w.Calls()) < ordinary {
					t.Errorf("%d calls show nothing", len(w.Calls()))
				}
			})
		})
	}
}

// onlyFirstMoves lets items be moved, and refuses to move orders, and to move items
// back.
func onlyFirstMoves(w *world) func(localaws.Call) *localaws.Fault {
	return func(c localaws.Call) *localaws.Fault {
		if c.Operation != "UpdateAlias" {
			return nil
		}
		a, _ := w.Alias(c.Function, "prod")
		switch {
		case c.Function == "orders":
			time.Sleep(5 * time.Second) // until the others are moved
			return denied("UpdateAlias", "orders")(c)
		case a.Version == "2":
			f := faults["409 in progress"]
			return &f
		}
		return nil
	}
}

// TestCancelledWaitsEnd cancels a run in each of its waits.
func TestCancelledWaitsEnd(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"PublishVersion", "UpdateAlias", "GetAlias", "GetFunction"} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newShop(t, localaws.Options{})
				hang := op == "GetAlias" || op == "GetFunction"
				w.OnCall(func(c localaws.Call) *localaws.Fault {
					if c.Operation != op {
						return nil
					}
					f := faults["409 in progress"]
					if hang {
						f = faults["hangs"]
					}
					return &f
				})
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(20*time.Second, cancel)
				req := on(run(500), shop...)
				if op == "GetFunction" {
					canary(&req)
				}
				res := w.releaser(2*time.Minute).Run(ctx, req)
				if res.Elapsed > 25*time.Second || res.Status() != release.Failed {
					t.Errorf("ended %s after %s", res.Status(), res.Elapsed)
				}
			})
		})
	}
}
