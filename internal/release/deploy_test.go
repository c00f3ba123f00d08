package release_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
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
		if o.Err == nil || !strings.Contains(o.Err.Error(), "by run 500 is shifting the traffic of prod to 2") {
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

// started has a deployment of version 2 that run 500 does not wait for.
func started(t *testing.T) *shopRollout {
	t.Helper()
	r := newDeploy(t)
	start := func(req *release.Request) { byCodeDeploy(req); req.CodeDeploy.Wait = false }
	ended(t, r.shift(t.Context(), "AllAtOnce", start, "items"), release.Started, 2)
	a, _ := r.Alias("items", "prod")
	if !strings.Contains(a.Description, "| codedeploy d-") || !strings.HasSuffix(a.Description, " to 2 | run 500]") {
		t.Errorf("described %q", a.Description)
	}
	return r
}

func TestRollbackStopsADeploymentFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := started(t)
		time.Sleep(time.Minute) // 10 % of the traffic goes to 2
		dry := run(501)
		dry.DryRun = true
		if o := ended(t, r.rollback(dry, "items"), release.Planned, 1); len(o.Plan) == 0 || !strings.HasPrefix(o.Plan[0], "stop deployment d-") {
			t.Errorf("plan %q", o.Plan)
		}
		o := ended(t, r.rollback(run(502), "items"), release.RolledBack, 1)
		if !strings.Contains(o.Reason, "left 2") {
			t.Errorf("reason %q", o.Reason)
		}
		r.at("items", "prod", "1", "shop [1 | left 2 | run 502]")
		time.Sleep(time.Hour) // CodeDeploy does not undo it
		r.at("items", "prod", "1", "shop [1 | left 2 | run 502]")
		ended(t, r.release(run(503), "items"), release.Held, 2)
		ended(t, r.rollback(run(502), "items"), release.Unchanged, 1)
	})
}

func TestRollbackOfADeploymentThatHasSucceeded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := started(t)
		time.Sleep(time.Hour)
		ended(t, r.rollback(run(502), "items"), release.RolledBack, 1)
		r.at("items", "prod", "1", "shop [1 | left 2 | run 502]")
	})
}

func TestAVersionWhoseDeploymentWasRolledBackIsHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := started(t)
		time.Sleep(time.Minute)
		r.SetAlarm("errors", "ALARM", "Threshold Crossed")
		time.Sleep(time.Hour)
		o := ended(t, r.release(run(501), "items"), release.Held, 2)
		if !strings.Contains(o.Reason, "by run 500") {
			t.Errorf("reason %q", o.Reason)
		}
		// What it was shifting to is what a rollback leaves; new code goes out.
		ended(t, r.rollback(run(502), "items"), release.RolledBack, 1)
		r.at("items", "prod", "1", "shop [1 | left 2 | run 502]")
		r.Upload("items", "3")
		ended(t, r.release(run(503), "items"), release.Released, 3)
	})
}

func TestADeploymentThatCannotBeReadIsNotReleasedOver(t *testing.T) {
	t.Parallel()
	for _, op := range []release.Operation{release.Release, release.Promote, release.Rollback} {
		t.Run(op.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := started(t)
				time.Sleep(time.Minute)
				r.Upload("items", "3")
				r.Publish("items", "")
				r.OnCall(func(c localaws.Call) *localaws.Fault {
					if c.Operation == "GetDeployment" {
						return &localaws.Fault{Status: http.StatusBadRequest, Code: "AccessDeniedException", Message: "User: x is not authorized to perform: codedeploy:GetDeployment"}
					}
					return nil
				})
				req := run(501)
				if op == release.Promote {
					req.Version = 3
				}
				o := r.do(op, req, "items").Outcomes[0]
				if o.Status != release.Failed || o.NotAsItWas || !awsapi.Is(o.Err, awsapi.Denied) || !strings.Contains(o.Hint, "codedeploy:GetDeployment") {
					t.Errorf("%s, not as it was %t: %v\n%s", o.Status, o.NotAsItWas, o.Err, o.Hint)
				}
				if a, _ := r.Alias("items", "prod"); a.Version != "1" || a.Weights["2"] != 0.1 {
					t.Errorf("prod is at %s %v", a.Version, a.Weights)
				}
			})
		})
	}
}

// The deployment's own time does not count against the timeout, that before its
// beginning does.
func TestTheTimeoutOfADeployment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newDeploy(t)
		ctx, cancel := awsapi.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		bound := func(req *release.Request) {
			byCodeDeploy(req)
			req.CodeDeploy.Config = "CodeDeployDefault.LambdaLinear10PercentEvery10Minutes"
		}
		ended(t, r.shift(ctx, "AllAtOnce", bound, "items"), release.Released, 2)
		r.at("items", "prod", "2", "shop [2 < 1 | run 500]")
	})
}
