package release_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
)

var shop = []string{"items", "orders", "users"}

// newShop has three functions with prod at 1 and code that waits for release.
func newShop(t testing.TB, o localaws.Options) *world {
	w := newWorld(t, o)
	for _, name := range shop {
		w.AddFunction(name)
		w.Publish(name, "")
		w.SetAlias(name, localaws.Alias{Name: "prod", Version: "1", Description: "shop [1 | run 1]"})
		w.Upload(name, "2")
	}
	return w
}

func statuses(res release.Result) string {
	var all []string
	for _, o := range res.Outcomes {
		all = append(all, string(o.Status))
	}
	return strings.Join(all, " ")
}

func denied(op string, function string) func(localaws.Call) *localaws.Fault {
	return func(c localaws.Call) *localaws.Fault {
		if c.Operation == op && c.Function == function {
			return &localaws.Fault{Status: http.StatusForbidden, Code: "AccessDeniedException", Message: "User: x is not authorized to perform: lambda:" + op}
		}
		return nil
	}
}

func TestAllAreReleasedOrNone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		prepare func(*world)
		want    string
		moved   bool
	}{
		{"all good", func(*world) {}, "released released released", true},
		{"one cannot be published", func(w *world) { w.OnCall(denied("PublishVersion", "orders")) }, "failed failed failed", false},
		{"one cannot be moved", func(w *world) { w.OnCall(denied("UpdateAlias", "orders")) }, "failed failed failed", false},
		{"one comes back failed", func(w *world) { w.OnPublish("orders", "Failed", "InternalError", "") }, "failed failed failed", false},
		{"one is superseded", func(w *world) {
			w.SetAlias("orders", localaws.Alias{Name: "prod", Version: "1", Description: "shop [1 | run 900]"})
		}, "skipped superseded skipped", false},
		{"one is held", func(w *world) {
			w.SetAlias("orders", localaws.Alias{Name: "prod", Version: "1", Description: "shop [1 | left 2 | run 1]"})
		}, "skipped held skipped", false},
		{"one is there already", func(w *world) {
			w.Publish("orders", "")
			w.SetAlias("orders", localaws.Alias{Name: "prod", Version: "2"})
		}, "released unchanged released", true},
		{"one turns out superseded while being moved", func(w *world) {
			w.OnCall(func(c localaws.Call) *localaws.Fault {
				if c.Operation == "UpdateAlias" && c.Function == "orders" && c.Attempt <= 3 {
					w.SetAlias("orders", localaws.Alias{Name: "prod", Version: "1", Description: "shop [1 | run 900]"})
				}
				return nil
			})
		}, "skipped superseded skipped", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newShop(t, localaws.Options{})
			tt.prepare(w)
			res := w.release(run(500), shop...)
			if got := statuses(res); got != tt.want {
				t.Errorf("%s, want %s\n%s", got, tt.want, w.log)
			}
			if res.Changed() != tt.moved || res.NotAsItWas() {
				t.Errorf("changed %t, displaced %t", res.Changed(), res.NotAsItWas())
			}
			failures := 0
			for i, name := range shop {
				if res.Outcomes[i].Err != nil {
					failures++
				}
				a, _ := w.Alias(name, "prod")
				if want := map[bool]string{true: "2", false: "1"}[tt.moved]; a.Version != want {
					t.Errorf("%s:prod is at %s, want %s", name, a.Version, want)
				}
				if !tt.moved && !strings.HasPrefix(a.Description, "shop [1 | ") {
					t.Errorf("%s:prod is described %q", name, a.Description)
				}
			}
			if res.Status() == release.Failed && failures != 1 {
				t.Errorf("%d errors for one failure", failures)
			}
		})
	}
}

func TestUndoTakesCreatedAliasesAway(t *testing.T) {
	t.Parallel()
	w := newShop(t, localaws.Options{})
	w.OnCall(denied("CreateAlias", "orders"))
	req := run(500)
	req.Alias = "new"
	res := w.release(req, shop...)
	if statuses(res) != "failed failed failed" || res.NotAsItWas() {
		t.Errorf("%s, displaced %t", statuses(res), res.NotAsItWas())
	}
	for _, name := range shop {
		if a, ok := w.Alias(name, "new"); ok {
			t.Errorf("%s:new is left at %s", name, a.Version)
		}
	}
}

func TestUndoDoesNotTouchWhatSomeoneElseHasMovedSince(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newShop(t, localaws.Options{})
		w.OnCall(func(c localaws.Call) *localaws.Fault {
			if c.Operation == "UpdateAlias" && c.Function == "orders" {
				// Only when the others are moved: then someone moves items on.
				for range 100 {
					if a, _ := w.Alias("items", "prod"); a.Version == "2" {
						break
					}
					time.Sleep(10 * time.Millisecond)
				}
				w.Upload("items", "3")
				w.Publish("items", "")
				w.SetAlias("items", localaws.Alias{Name: "prod", Version: "3"})
				return denied("UpdateAlias", "orders")(c)
			}
			return nil
		})
		res := w.release(run(500), shop...)
		items := res.Outcomes[0]
		if !items.NotAsItWas || items.Err == nil || !strings.Contains(items.Reason, "is at 3") {
			t.Errorf("items: %+v", items)
		}
		if a, _ := w.Alias("items", "prod"); a.Version != "3" {
			t.Errorf("items:prod is at %s: an undo overwrote the release of another run", a.Version)
		}
		if a, _ := w.Alias("users", "prod"); a.Version != "1" {
			t.Errorf("users:prod is at %s", a.Version)
		}
	})
}

func TestCancelPutsBackWhatWasMoved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{Rate: 15})
		var names []string
		for i := range 50 {
			name := fmt.Sprintf("fn%02d", i)
			names = append(names, name)
			w.AddFunction(name)
			w.Publish(name, "")
			w.SetAlias(name, localaws.Alias{Name: "prod", Version: "1"})
			w.Upload(name, "2")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var once sync.Once
		var cancelled time.Time
		w.OnCall(func(c localaws.Call) *localaws.Fault {
			if c.Operation == "UpdateAlias" && c.Attempt == 40 {
				once.Do(func() { cancelled = time.Now(); cancel() })
			}
			return nil
		})
		res := w.releaser(time.Minute).Run(ctx, on(run(9), names...))
		if took := time.Since(cancelled); took > 5*time.Second {
			t.Errorf("ended %s after the cancel", took)
		}
		if res.Status() != release.Failed || res.NotAsItWas() || res.Changed() {
			t.Errorf("status %s, displaced %t, changed %t", res.Status(), res.NotAsItWas(), res.Changed())
		}
		failures := 0
		for i, name := range names {
			if a, _ := w.Alias(name, "prod"); a.Version != "1" || len(a.Description) > 0 {
				t.Errorf("%s:prod is at %s, described %q", name, a.Version, a.Description)
			}
			if err := res.Outcomes[i].Err; err != nil {
				failures++
				if !awsapi.Is(err, awsapi.Cancelled) {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		if failures != 1 {
			t.Errorf("%d errors for one cancel", failures)
		}
	})
}

func TestReleasesSideBySideNeverStepBack(t *testing.T) {
	t.Parallel()
	const jobs = 20
	for _, withRuns := range []bool{false, true} {
		t.Run(fmt.Sprintf("runs known: %t", withRuns), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, localaws.Options{Latency: 5 * time.Millisecond})
			w.AddFunction("items")

			stop, watched := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(watched)
				var last version
				for {
					if a, ok := w.Alias("items", "prod"); ok {
						now, err := parseVersion(a.Version)
						if err != nil || now < last || len(a.Weights) > 0 {
							t.Errorf("prod went from %s to %s %v", last, a.Version, a.Weights)
							return
						}
						last = now
					}
					select {
					case <-stop:
						return
					default:
						time.Sleep(100 * time.Microsecond)
					}
				}
			}()
			results := make([]release.Result, jobs)
			var wg sync.WaitGroup
			for i := range jobs {
				wg.Go(func() {
					req := release.Request{}
					if withRuns {
						req = run(uint64(100 + i))
					}
					time.Sleep(time.Duration(i) * 2 * time.Millisecond)
					w.Upload("items", fmt.Sprint(i))
					results[i] = w.release(req, "items")
				})
			}
			wg.Wait()
			close(stop)
			<-watched

			a, _ := w.Alias("items", "prod")
			newest := w.Versions("items")
			if !withRuns && a.Version != newest[len(newest)-1] {
				t.Errorf("prod ended at %s, the newest version is %s", a.Version, newest[len(newest)-1])
			}
			for i, res := range results {
				o := res.Outcomes[0]
				_, crossed := errors.AsType[*release.CrossedError](o.Err)
				switch {
				case o.Status == release.Released, o.Status == release.Superseded, o.Status == release.Unchanged, withRuns && crossed:
				default:
					t.Errorf("job %d ended %s: %v", i, o.Status, o.Err)
				}
			}
		})
	}
}
