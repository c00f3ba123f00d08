package release_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/release"
)

func byCodeDeploy(req *release.Request) {
	req.CodeDeploy = &release.CodeDeploy{
		Application: "shop", Group: "prod", Config: "CodeDeployDefault.LambdaCanary10Percent5Minutes", Wait: true,
	}
}

func newDeploy(t testing.TB) *shopRollout {
	r := newRollout(t, "items")
	r.AddDeploymentGroup("shop", "prod", "CodeDeployDefault.LambdaAllAtOnce", "errors")
	r.SetAlarm("errors", "OK", "")
	return r
}

func TestCodeDeployHoldsTheShift(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newDeploy(t)
		states := r.states("items")
		o := ended(t, r.shift(t.Context(), "AllAtOnce", byCodeDeploy, "items"), release.Released, 2)
		if o.Deployment == "" || !o.Changed() {
			t.Errorf("%+v", o)
		}
		r.at("items", "prod", "2", "shop [2 < 1 | run 500]")
		if got := strings.Join(states(), ", "); !strings.HasPrefix(got, "1, 1 map[2:0.1]") {
			t.Errorf("states %s", got)
		}
		// Nothing to deploy.
		if o := ended(t, r.shift(t.Context(), "AllAtOnce", byCodeDeploy, "items"), release.Unchanged, 2); o.Deployment != "" {
			t.Errorf("deployed %s", o.Deployment)
		}
	})
}

func TestCodeDeployTakesItBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newDeploy(t)
		time.AfterFunc(time.Minute, func() { r.SetAlarm("errors", "ALARM", "Threshold Crossed") })
		res := r.shift(t.Context(), "AllAtOnce", byCodeDeploy, "items")
		o := ended(t, res, release.Failed, 2)
		if o.NotAsItWas || o.Err == nil || !strings.Contains(o.Err.Error(), "ALARM_ACTIVE") {
			t.Errorf("displaced %t (%s): %v", o.NotAsItWas, o.Reason, o.Err)
		}
		r.at("items", "prod", "1", "shop [1 | left 2 | run 500]")
	})
}

func TestCodeDeployIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newDeploy(t)
		start := func(req *release.Request) { byCodeDeploy(req); req.CodeDeploy.Wait = false }
		o := ended(t, r.shift(t.Context(), "AllAtOnce", start, "items"), release.Started, 2)
		if o.Deployment == "" {
			t.Error("no deployment is named")
		}
		// Another run keeps out while it goes on.
		other := func(req *release.Request) { req.Run.ID = 501 }
		o = ended(t, r.shift(t.Context(), "AllAtOnce", other, "items"), release.Failed, 2)
		if o.Err == nil || !strings.Contains(o.Err.Error(), "by run 500 is under way") {
			t.Errorf("%v", o.Err)
		}
		// And when it has ended, the history is as if it had been waited for.
		time.Sleep(10 * time.Minute)
		if s := r.state("items"); s != "2" {
			t.Fatalf("prod is at %s", s)
		}
		r.Upload("items", "3")
		ended(t, r.shift(t.Context(), "AllAtOnce", other, "items"), release.Released, 3)
		r.at("items", "prod", "3", "shop [3 < 2 < 1 | run 501]")
	})
}

func TestCodeDeployCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newDeploy(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		time.AfterFunc(time.Minute, cancel)
		o := ended(t, r.shift(ctx, "AllAtOnce", byCodeDeploy, "items"), release.Failed, 2)
		if o.NotAsItWas && !strings.Contains(o.Reason, o.Deployment) {
			t.Errorf("displaced, and the reason names no deployment: %q", o.Reason)
		}
		if !o.NotAsItWas {
			r.at("items", "prod", "1", "shop [1 | run 1]")
		}
	})
}

func TestCodeDeployIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRollout(t, "items")
		o := ended(t, r.shift(t.Context(), "AllAtOnce", byCodeDeploy, "items"), release.Failed, 2)
		if o.NotAsItWas || o.Err == nil || !strings.Contains(o.Err.Error(), "CreateDeployment") {
			t.Errorf("displaced %t: %v", o.NotAsItWas, o.Err)
		}
		r.at("items", "prod", "1", "shop [1 | run 1]")
	})
}

func TestCodeDeployHasNothingToShiftFrom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRollout(t)
		r.AddFunction("items")
		ended(t, r.shift(t.Context(), "AllAtOnce", byCodeDeploy, "items"), release.Released, 1)
		r.at("items", "prod", "1", "[1 | run 500]")
	})
}
