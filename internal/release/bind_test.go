package release_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/gateway"
	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
)

func bound(t testing.TB, id uint64) release.Request {
	t.Helper()
	stages, err := gateway.ParseBindings("prod=arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/prod")
	if err != nil {
		t.Fatal(err)
	}
	req := run(id)
	req.Stages, req.StageVariable = stages["prod"], "lambdaAlias"
	return req
}

func TestAStageIsBoundOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items")
	w.AddRestStage("a1b2c3d4e5", "prod", nil)

	dry := bound(t, 1)
	dry.DryRun = true
	if o := ended(t, w.release(dry, "items"), release.Planned, none); !strings.Contains(strings.Join(o.Plan, "\n"), "lambdaAlias") {
		t.Errorf("plan: %q", o.Plan)
	}
	o := ended(t, w.release(bound(t, 1), "items"), release.Released, 1)
	if len(o.Changes) != 2 {
		t.Errorf("changes: %q", o.Changes)
	}
	if got := w.StageVariables("a1b2c3d4e5", "prod")["lambdaAlias"]; got != "prod" {
		t.Errorf("lambdaAlias is %q", got)
	}
	w.ResetCalls()
	o = ended(t, w.release(bound(t, 2), "items"), release.Unchanged, 1)
	if len(o.Changes) != 0 {
		t.Errorf("again: %q", o.Changes)
	}
	for _, c := range w.Calls() {
		if !strings.HasPrefix(c.Operation, "Get") && c.Operation != "PublishVersion" {
			t.Errorf("again: called %s", c.Operation)
		}
	}
}

func TestAStageThatCannotBeBoundDoesNotTakeTheReleaseBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items")
	res := w.release(bound(t, 1), "items") // there is no such stage
	o := ended(t, res, release.Failed, 1)
	if !o.NotAsItWas || !strings.Contains(o.Reason, "prod is at 1, as wanted, and stage ") {
		t.Errorf("%+v", o)
	}
	w.at("items", "prod", "1", "[1 | run 1]")
	w.AddRestStage("a1b2c3d4e5", "prod", nil)
	ended(t, w.release(bound(t, 1), "items"), release.Unchanged, 1)
}

func TestProvisionedConcurrencyIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, fails := range []bool{false, true} {
		t.Run(fmt.Sprintf("fails: %t", fails), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, localaws.Options{Settle: 30 * time.Second})
				r := &shopRollout{w}
				w.AddFunction("items")
				w.Publish("items", "")
				w.SetAlias("items", localaws.Alias{Name: "prod", Version: "1", Description: "shop [1 | run 1]"})
				if err := w.ProvisionConcurrency("items", "prod"); err != nil {
					t.Fatal(err)
				}
				w.Upload("items", "2")
				if fails {
					time.AfterFunc(10*time.Second, func() { w.FailProvisioning("items", "prod", "The function has no role.") })
				}
				res := r.shift(t.Context(), "AllAtOnce", func(req *release.Request) { req.Provisioned = true }, "items")
				if !fails {
					ended(t, res, release.Released, 2)
					if !strings.Contains(sorted(w.Calls()), "GetProvisionedConcurrencyConfig") {
						t.Errorf("called %s", sorted(w.Calls()))
					}
					return
				}
				o := ended(t, res, release.Failed, 2)
				if o.NotAsItWas || o.Err == nil || !strings.Contains(o.Err.Error(), "no role") {
					t.Errorf("displaced %t (%s): %v", o.NotAsItWas, o.Reason, o.Err)
				}
				if a, _ := w.Alias("items", "prod"); a.Version != "1" || a.Description != "shop [1 | run 1]" {
					t.Errorf("prod is at %s, %q", a.Version, a.Description)
				}
			})
		})
	}
}
