package release_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
)

// TestRacingReleases lets twenty releases race against one lock, which begins when
// so many aliases have been written. None moves the alias after the lock; a rollback
// does, and keeps it.
func TestRacingReleases(t *testing.T) {
	t.Parallel()
	const releases = 20
	for begins := range releases {
		t.Run(fmt.Sprint(begins), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, localaws.Options{})
				w.AddFunction("orders")
				w.versions("orders", 2)
				w.SetAlias("orders", localaws.Alias{Name: "prod", Version: "2", Description: "[2 < 1 | run 1]"})
				watch := &lockWatch{world: w, begin: make(chan struct{}), after: begins}
				if begins == 0 {
					close(watch.begin)
				}
				w.AfterCall(watch.see)
				var jobs sync.WaitGroup
				statuses := make([]release.Status, releases)
				for i := range releases {
					jobs.Go(func() {
						time.Sleep(time.Duration(i*37%releases) * 70 * time.Millisecond)
						w.Upload("orders", fmt.Sprint("code of ", i))
						statuses[i] = w.release(run(uint64(100+i)), "orders").Status()
					})
				}
				var lock release.Result
				jobs.Go(func() {
					<-watch.begin
					lock = w.release(as(release.Lock, run(105)), "orders")
				})
				time.AfterFunc(10*time.Second, watch.late) // the releases have written less than that
				jobs.Wait()
				ended(t, lock, release.Locked, none)
				if watch.locked.Version == "" {
					t.Error("the lock was never seen")
				}
				a, _ := w.Alias("orders", "prod")
				if !same(a, watch.locked) {
					t.Errorf("locked at %s, %q, and now at %s, %q: the releases ended %v", watch.locked.Version, watch.locked.Description, a.Version, a.Description, statuses)
				}
				w.AfterCall(nil)
				back := w.release(as(release.Rollback, run(200)), "orders")
				if o := back.Outcomes[0]; o.Status != release.RolledBack || !o.Locked || o.After.Equal(o.Before) {
					t.Errorf("the rollback ended %s (%s, %v)", o.Status, o.Reason, o.Err)
				}
			})
		})
	}
}

// lockWatch begins a lock after so many writes of prod, and notes prod as it was
// locked, and whether it was moved since.
type lockWatch struct {
	*world

	mu     sync.Mutex
	begin  chan struct{}
	after  int
	writes int
	locked localaws.Alias
}

func (l *lockWatch) see(c localaws.Call) {
	if c.Operation != "UpdateAlias" || c.Status >= 300 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.writes++; l.writes == l.after {
		close(l.begin)
	}
	switch a, _ := l.Alias("orders", "prod"); {
	case l.locked.Version == "" && strings.HasSuffix(a.Description, "locked | run 105]"):
		l.locked = a
	case l.locked.Version != "" && !same(a, l.locked):
		l.t.Errorf("locked at %s, %q, and then at %s, %q", l.locked.Version, l.locked.Description, a.Version, a.Description)
	}
}

// late begins the lock if that was not done yet.
func (l *lockWatch) late() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.writes < l.after {
		l.after = -1
		close(l.begin)
	}
}

// TestLockAgainstDeployments lets a lock begin at every call of a release by
// CodeDeploy, which moves the alias whatever its description says. Either the lock is
// refused, or the alias is not moved after it.
func TestLockAgainstDeployments(t *testing.T) {
	t.Parallel()
	for _, config := range []string{"CodeDeployDefault.LambdaAllAtOnce", "CodeDeployDefault.LambdaCanary10Percent5Minutes"} {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, after: %t", config, after), func(t *testing.T) {
				t.Parallel()
				for n, begun := 1, true; begun && !t.Failed(); n++ {
					synctest.Test(t, func(t *testing.T) { begun = lockDeployment(t, config, n, after) })
				}
			})
		}
	}
}

func lockDeployment(t *testing.T, config string, n int, after bool) (begun bool) {
	w := newWorld(t, localaws.Options{})
	w.AddDeploymentGroup("shop", "prod", config)
	w.AddFunction("orders")
	toMove(w, "orders")
	begin := make(chan struct{})
	start := sync.OnceFunc(func() { close(begin) })
	var mu sync.Mutex
	calls := 0
	count := func(localaws.Call) {
		mu.Lock()
		calls++
		nth := calls == n
		mu.Unlock()
		if nth {
			start()
			time.Sleep(100 * time.Millisecond) // the lock works meanwhile
		}
	}
	if after {
		w.AfterCall(count)
	} else {
		w.OnCall(func(c localaws.Call) *localaws.Fault { count(c); return nil })
	}
	var lock release.Result
	locked := make(chan struct{})
	go func() {
		<-begin
		lock = w.job(as(release.Lock, run(600)))
		close(locked)
	}()
	req := run(500)
	deployed(&req)
	res := w.job(req)
	mu.Lock()
	if begun = calls >= n; !begun {
		n = 0 // the lock's own calls are not counted
	}
	mu.Unlock()
	if !begun {
		start()
		<-locked
		return false
	}
	<-locked
	a, _ := w.Alias("orders", "prod")
	switch lock.Status() {
	case release.Failed:
		if !strings.Contains(lock.Outcomes[0].Err.Error(), "CodeDeploy deployment d-") {
			t.Errorf("the lock failed: %v", lock.Outcomes[0].Err)
		}
		ended(t, res, release.Released, 2)
	case release.Locked:
		if is := positionOf(a); !is.Equal(lock.Outcomes[0].After) || !strings.HasSuffix(a.Description, "| locked | run 600]") {
			t.Errorf("locked at %s, and now at %s, %q; the release ended %s (%v)", lock.Outcomes[0].After, is, a.Description, res.Status(), res.Outcomes[0].Err)
		}
		o := res.Outcomes[0]
		stopped := o.Status == release.Failed && strings.Contains(o.Err.Error(), "run 600 has locked it meanwhile")
		if o.Status == release.Released != (a.Version == "2") || o.Status != release.Released && o.Status != release.Locked && !stopped {
			t.Errorf("locked at %s, and the release ended %s (%v)", a.Version, o.Status, o.Err)
		}
	default:
		t.Errorf("the lock ended %s", lock.Status())
	}
	if t.Failed() {
		t.Logf("at call %d\n%s", n, w.log)
	}
	return true
}

// job runs a request for orders in a job of its own.
func (w *world) job(req release.Request) release.Result {
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Hour)
	defer cancel()
	return w.releaser(time.Hour).Run(ctx, on(req, "orders"))
}

// TestLockOfAnAnnouncedShift: a run that was killed between its announcement of a
// shift and the deployment does not keep the alias from being locked; one that was
// only slow loses, and stops its deployment.
func TestLockOfAnAnnouncedShift(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{})
		w.AddDeploymentGroup("shop", "prod", "CodeDeployDefault.LambdaCanary10Percent5Minutes")
		w.AddFunction("orders")
		toMove(w, "orders")
		var once sync.Once
		w.OnCall(func(c localaws.Call) *localaws.Fault {
			if c.Operation == "CreateDeployment" {
				once.Do(func() { lockSlowly(t, w) })
			}
			return nil
		})
		req := run(500)
		deployed(&req)
		o := ended(t, w.job(req), release.Failed, 2)
		if !strings.Contains(o.Err.Error(), "run 600 has locked it meanwhile") {
			t.Errorf("error %v", o.Err)
		}
		w.at("orders", "prod", "1", "text [1 | run 500 | locked | run 600]")
		if t.Failed() {
			t.Logf("%s", w.log)
		}
	})
}

// lockSlowly locks prod when it was waited for a shift that had been announced.
func lockSlowly(t *testing.T, w *world) {
	start := time.Now()
	ended(t, w.job(as(release.Lock, run(600))), release.Locked, none)
	if took := time.Since(start); took < 15*time.Second || took > 30*time.Second {
		t.Errorf("the lock took %s", took)
	}
}

// TestLockWinsInTheEnd: if others move the alias between the lock's read and its write,
// it is written onto what they have left.
func TestLockWinsInTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{})
		w.AddFunction("orders")
		w.versions("orders", 9)
		w.SetAlias("orders", localaws.Alias{Name: "prod", Version: "1", Description: "[1 | run 1]"})
		moves := 1
		w.OnCall(func(c localaws.Call) *localaws.Fault {
			if moves < 9 && strings.Contains(string(c.Body), "locked | run 500]") {
				moves++
				a, _ := w.Alias("orders", "prod")
				w.SetAlias("orders", moved(a, version(moves), uint64(600+moves)))
			}
			return nil
		})
		ended(t, w.job(as(release.Lock, run(500))), release.Locked, none)
		w.at("orders", "prod", "9", "[9 < 8 < 7 < 6 < 5 < 4 < 3 < 2 < 1 | run 609 | locked | run 500]")
	})
}
