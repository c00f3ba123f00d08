package release_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/gateway"
	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
)

// bound is a request that binds a stage to prod of items.
func bound(id uint64) release.Request {
	req := run(id)
	req.Stages, req.StageVariable = map[string][]gateway.Stage{"items": {stage("a1b2c3d4e5")}}, "lambdaAlias"
	return req
}

// stage is the stage prod of a REST API.
func stage(api string) gateway.Stage {
	stages, err := gateway.ParseBindings("prod=arn:aws:apigateway:eu-central-1::/restapis/" + api + "/stages/prod")
	if err != nil {
		panic(err)
	}
	return stages["prod"][0]
}

func TestAStageIsBoundOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items")
	w.AddRestStage("a1b2c3d4e5", "prod", nil)

	dry := bound(1)
	dry.DryRun = true
	if o := ended(t, w.release(dry, "items"), release.Planned, none); !strings.Contains(strings.Join(o.Plan, "\n"), "lambdaAlias") {
		t.Errorf("plan: %q", o.Plan)
	}
	o := ended(t, w.release(bound(1), "items"), release.Released, 1)
	if len(o.Changes) != 2 {
		t.Errorf("changes: %q", o.Changes)
	}
	if got := w.StageVariables("a1b2c3d4e5", "prod")["lambdaAlias"]; got != "prod" {
		t.Errorf("lambdaAlias is %q", got)
	}
	w.ResetCalls()
	o = ended(t, w.release(bound(2), "items"), release.Unchanged, 1)
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
	res := w.release(bound(1), "items") // there is no such stage
	o := ended(t, res, release.Failed, 1)
	if !o.NotAsItWas || !strings.Contains(o.Reason, "prod is at 1, as wanted, and stage ") {
		t.Errorf("%+v", o)
	}
	w.at("items", "prod", "1", "[1 | run 1]")
	w.AddRestStage("a1b2c3d4e5", "prod", nil)
	ended(t, w.release(bound(1), "items"), release.Unchanged, 1)
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

// Each function has its own stages and URL; a stage that several are behind is bound
// when all of them may be invoked.
func TestStagesAndURLsAreOfFunctions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	for _, fn := range []string{"items", "orders", "cart"} {
		w.AddFunction(fn)
	}
	for _, api := range []string{"a1b2c3d4e5", "f6g7h8i9j0"} {
		w.AddRestStage(api, "prod", nil)
	}
	req := run(1)
	req.StageVariable = "lambdaAlias"
	req.Stages = map[string][]gateway.Stage{"orders": {stage("a1b2c3d4e5"), stage("f6g7h8i9j0")}, "cart": {stage("f6g7h8i9j0")}}
	req.URLs = map[string]gateway.URL{"items": {AuthType: awsapi.URLPublic}, "cart": {AuthType: awsapi.URLIAM, CORS: &gateway.CORS{AllowOrigins: []string{"*"}}}}
	want := map[string]string{
		"items":  "URL NONE lambda-release-url lambda-release-url-invoke",
		"orders": "lambda-release-a1b2c3d4e5-prod-7231b2791261 lambda-release-f6g7h8i9j0-prod-374dd90557ea",
		"cart":   "URL AWS_IAM for * lambda-release-f6g7h8i9j0-prod-374dd90557ea",
	}

	dry := req
	dry.DryRun = true
	for _, o := range w.release(dry, "items", "orders", "cart").Outcomes {
		plan := strings.Join(o.Plan, "\n")
		if strings.Contains(plan, "function URL") != (o.Function != "orders") || strings.Contains(plan, "new CORS settings: AllowOrigins has *") != (o.Function == "cart") || strings.Count(plan, "lambdaAlias") != len(req.Stages[o.Function]) {
			t.Errorf("plan of %s: %q", o.Function, o.Plan)
		}
	}
	for _, again := range []bool{false, true} {
		w.ResetCalls()
		res := w.release(req, "items", "orders", "cart")
		calls := sorted(w.Calls())
		for _, o := range res.Outcomes {
			if got := w.belongings(o.Function, "prod"); o.Err != nil || got != want[o.Function] {
				t.Errorf("%s has %q: %v", o.Function, got, o.Err)
			}
		}
		if got := strings.Count(calls, "GetStage"); got != 2 || strings.Contains(calls, "UpdateStage") == again {
			t.Errorf("again %t: called %s", again, calls)
		}
	}
}
