package release_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
)

// promised is how long a cancelled job of up to 50 functions takes at most.
const promised = 5 * time.Second

// TestCancelledAgainstAHungAWS releases three functions, with alarms and hooks, and lets
// AWS hang from the n-th call on, for every n. Each time the job is cancelled a second later.
func TestCancelledAgainstAHungAWS(t *testing.T) {
	t.Parallel()
	for _, strategy := range []string{"AllAtOnce", "Canary50Percent10Seconds"} {
		n := int32(1)
		for hungFrom(t, n, strategy) {
			n++
		}
	}
}

// hungFrom reports whether the job has made n calls.
func hungFrom(t *testing.T, n int32, strategy string) (reached bool) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{})
		w.SetAlarm("errors", "OK", "")
		w.AddFunction("before")
		w.AddFunction("after")
		for _, fn := range shop {
			w.AddFunction(fn)
			toMove(w, fn)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		var calls atomic.Int32
		var cancelled time.Time
		w.OnCall(func(localaws.Call) *localaws.Fault {
			switch c := calls.Add(1); {
			case c < n:
				return nil
			case c == n:
				time.AfterFunc(time.Second, func() { cancelled = time.Now(); cancel() })
			}
			return &localaws.Fault{Hang: true}
		})
		req := on(run(9), shop...)
		shifting(&req, strategy)
		alarmed(&req)
		hooks(&req)
		res := w.releaser(10*time.Minute).Run(ctx, req)
		if reached = calls.Load() >= n; !reached {
			return
		}
		if took := time.Since(cancelled); took > promised {
			t.Errorf("%s, hung from call %d on: ended %s after the cancel", strategy, n, took)
		}
		if res.Refused {
			t.Errorf("%s, hung from call %d on: refused, although nothing is wrong with the inputs", strategy, n)
		}
		now := positions(w, shop)
		for _, o := range res.Outcomes {
			if at := o.After.String(); !o.After.Unknown && at != now[o.Function] {
				t.Errorf("%s, hung from call %d on: %s is reported at %s and is at %s", strategy, n, o.Function, at, now[o.Function])
			}
			if now[o.Function] != "1" && o.Status == release.Failed && !o.NotAsItWas {
				t.Errorf("%s, hung from call %d on: %s is at %s and not reported: %s", strategy, n, o.Function, now[o.Function], o.Reason)
			}
		}
	})
	return reached
}
