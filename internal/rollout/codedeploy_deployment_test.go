package rollout_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
	"lambda-release/internal/rollout"
)

const settle = 3 * time.Second

// withGroup is a world with orders:prod at 1, a version 2, and a deployment
// group for it.
func withGroup(t *testing.T, config string, alarms ...string) *world {
	t.Helper()
	w := newWorld(t, localaws.Options{Settle: settle})
	w.AddFunction("orders")
	w.Publish("orders", "one")
	w.Upload("orders", "two")
	w.Publish("orders", "two")
	w.SetAlias("orders", localaws.Alias{Name: "prod", Version: "1"})
	w.AddDeploymentGroup("shop", "orders", config, alarms...)
	return w
}

var deployment = rollout.Deployment{
	Application: "shop", Group: "orders", Function: "orders", Alias: "prod", Current: "1", Target: "2", Description: "main@1a2b3c4 run 4711.1",
}

func (w *world) create(d rollout.Deployment) string {
	w.t.Helper()
	id, err := rollout.Create(w.t.Context(), w.aws, d)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *world) at(version string) {
	w.t.Helper()
	if a, _ := w.Alias("orders", "prod"); a.Version != version || len(a.Weights) > 0 {
		w.t.Errorf("prod is at %s %v, want %s", a.Version, a.Weights, version)
	}
}

func TestAppSpec(t *testing.T) {
	t.Parallel()
	want := `{"version":0.0,"Resources":[{"orders":{"Type":"AWS::Lambda::Function",` +
		`"Properties":{"Name":"orders","Alias":"prod","CurrentVersion":"1","TargetVersion":"2"}}}]}`
	if got := deployment.AppSpec(); got != want {
		t.Errorf("%s", got)
	}
}

func TestDeploy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withGroup(t, "CodeDeployDefault.LambdaCanary10Percent5Minutes")
		id := w.create(deployment)
		ended, err := rollout.Follow(t.Context(), w.aws, id, w.tell)
		if diff := cmp.Diff(rollout.Ended{ID: id, Status: "Succeeded"}, ended); diff != "" || err != nil || !ended.Succeeded() || ended.Why() != "" {
			t.Errorf("%v\n%s", err, diff)
		}
		w.at("2")
		for i, want := range []string{
			"deployment " + id + " is Created",
			"deployment " + id + " is InProgress",
			"BeforeAllowTraffic: Succeeded",
			"AllowTraffic: InProgress",
			"10 % of the traffic of prod goes to version 2",
			"deployment " + id + " is Succeeded",
			"AllowTraffic: Succeeded",
			"AfterAllowTraffic: Succeeded",
			"100 % of the traffic of prod goes to version 2",
		} {
			if i >= len(w.told) || !strings.HasSuffix(w.told[i], want) {
				t.Fatalf("told:\n%s\nlacks %q at %d", strings.Join(w.told, "\n"), want, i)
			}
		}
		if took := w.since(); took < 5*time.Minute+settle || took > 5*time.Minute+settle+15*time.Second {
			t.Errorf("took %s", took)
		}
		if n := w.count("GetDeployment"); n > 35 {
			t.Errorf("%d polls in 5 minutes", n)
		}
	})
}

// What CodeDeploy is sent: the config only if one is given, and a description
// that is this deployment's alone.
func TestCreateRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withGroup(t, "")
		d := deployment
		d.Config = "CodeDeployDefault.LambdaLinear10PercentEvery1Minute"
		w.create(d)
		var sent map[string]any
		if err := json.Unmarshal(w.Calls()[0].Body, &sent); err != nil {
			t.Fatal(err)
		}
		description, _ := sent["description"].(string)
		if rest, ok := strings.CutPrefix(description, d.Description+" "); !ok || len(rest) != 6 {
			t.Errorf("description %q", description)
		}
		delete(sent, "description")
		sum := sha256.Sum256([]byte(d.AppSpec()))
		want := map[string]any{
			"applicationName": "shop", "deploymentGroupName": "orders", "deploymentConfigName": d.Config,
			"revision": map[string]any{"revisionType": "AppSpecContent", "appSpecContent": map[string]any{
				"content": d.AppSpec(), "sha256": hex.EncodeToString(sum[:]),
			}},
		}
		if diff := cmp.Diff(want, sent); diff != "" {
			t.Error(diff)
		}
	})
}

// An answer that is lost makes no second deployment, and loses no first one.
func TestCreateAnswerLost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		fault func(localaws.Call) *localaws.Fault
		calls int
	}{
		{"after the work", first("CreateDeployment", 1, lost), 1},
		{"before the work", first("CreateDeployment", 1, dropped), 2},
		{"before the work, twice", first("CreateDeployment", 2, dropped), 3},
		{"500", first("CreateDeployment", 1, broken), 2},
		{"throttled", first("CreateDeployment", 2, throttled), 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := withGroup(t, "CodeDeployDefault.LambdaCanary10Percent5Minutes")
				w.OnCall(tt.fault)
				id := w.create(deployment)
				if all := w.Deployments(); len(all) != 1 || all[0] != id {
					t.Errorf("deployments %q, want %s alone", all, id)
				}
				if n := w.count("CreateDeployment"); n != tt.calls {
					t.Errorf("%d calls, want %d", n, tt.calls)
				}
			})
		})
	}
}

// first does f to the first n calls of an operation.
func first(op string, n int, f localaws.Fault) func(localaws.Call) *localaws.Fault {
	return func(c localaws.Call) *localaws.Fault {
		if c.Operation == op && c.Attempt <= n {
			return &f
		}
		return nil
	}
}

// A request that is carried out only when it is being tried again is found,
// since AWS says then that the group is busy.
func TestCreateLandsLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withGroup(t, "CodeDeployDefault.LambdaCanary10Percent5Minutes")
		w.OnCall(func(c localaws.Call) *localaws.Fault {
			switch {
			case c.Operation == "CreateDeployment" && c.Attempt == 1:
				return &dropped
			case c.Operation == "CreateDeployment" && c.Attempt == 2:
				var sent struct{ Description string }
				if err := json.Unmarshal(c.Body, &sent); err != nil {
					t.Error(err)
				}
				if _, err := w.aws.CreateDeployment(t.Context(), awsapi.DeploymentRequest{
					Group:       awsapi.DeploymentGroup{Application: "shop", Name: "orders"},
					Description: sent.Description, AppSpec: deployment.AppSpec(),
				}); err != nil {
					t.Error(err)
				}
			}
			return nil
		})
		id := w.create(deployment)
		if all := w.Deployments(); len(all) != 1 || all[0] != id {
			t.Errorf("%q, want %s", all, id)
		}

		// The deployment of another run is not taken for this run's.
		w = withGroup(t, "CodeDeployDefault.LambdaCanary10Percent5Minutes")
		w.create(deployment)
		w.OnCall(first("CreateDeployment", 2, dropped))
		_, err := rollout.Create(t.Context(), w.aws, deployment)
		var unsure *rollout.UnsureError
		if !awsapi.Is(err, awsapi.Conflict) || errors.As(err, &unsure) {
			t.Errorf("%v", err)
		}
	})
}

func TestCreateGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withGroup(t, "")
		w.OnCall(first("CreateDeployment", 100, dropped))
		_, err := rollout.Create(t.Context(), w.aws, deployment)
		var unsure *rollout.UnsureError
		if !errors.As(err, &unsure) || !strings.Contains(err.Error(), "shop/orders") || !strings.Contains(unsure.Hint(), "shop/orders") {
			t.Errorf("%v", err)
		}
		if n := w.count("CreateDeployment"); n != 3 {
			t.Errorf("%d calls", n)
		}

		w = withGroup(t, "")
		w.OnCall(func(c localaws.Call) *localaws.Fault {
			return map[string]*localaws.Fault{"CreateDeployment": &lost, "ListDeployments": &denied}[c.Operation]
		})
		_, err = rollout.Create(t.Context(), w.aws, deployment)
		if !errors.As(err, &unsure) || !strings.Contains(err.Error(), "AccessDenied") {
			t.Errorf("%v", err)
		}
		if n := w.count("CreateDeployment"); n != 1 {
			t.Errorf("%d calls", n)
		}
	})
}

// When the job is cancelled while the answer is under way, the deployment is
// found all the same, so that it can be stopped.
func TestCreateCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withGroup(t, "CodeDeployDefault.LambdaCanary10Percent5Minutes")
		ctx, cancel := context.WithCancel(t.Context())
		w.OnCall(func(c localaws.Call) *localaws.Fault {
			if c.Operation == "CreateDeployment" {
				cancel()
				return &lost
			}
			return nil
		})
		id, err := rollout.Create(ctx, w.aws, deployment)
		if all := w.Deployments(); err != nil || len(all) != 1 || all[0] != id {
			t.Errorf("%q, %v; there are %q", id, err, all)
		}

		ctx, cancel = context.WithCancel(t.Context())
		cancel()
		w = withGroup(t, "")
		if _, err := rollout.Create(ctx, w.aws, deployment); !awsapi.Is(err, awsapi.Cancelled) || len(w.Calls()) > 0 {
			t.Errorf("%v; calls %v", err, w.Calls())
		}
	})
}

func TestCreateRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withGroup(t, "CodeDeployDefault.LambdaCanary10Percent5Minutes")
		for field, d := range map[string]rollout.Deployment{
			"application": {Application: "none", Group: "orders"},
			"group":       {Application: "shop", Group: "none"},
			"config":      {Application: "shop", Group: "orders", Config: "none"},
		} {
			if _, err := rollout.Create(t.Context(), w.aws, d); !awsapi.Is(err, awsapi.NotFound) || !strings.HasPrefix(err.Error(), "CreateDeployment "+d.Application+"/"+d.Group+": ") {
				t.Errorf("%s: %v", field, err)
			}
		}

		w.create(deployment)
		_, err := rollout.Create(t.Context(), w.aws, deployment)
		var active *awsapi.ActiveError
		var unsure *rollout.UnsureError
		if !awsapi.Is(err, awsapi.Conflict) || !errors.As(err, &active) || errors.As(err, &unsure) {
			t.Errorf("busy: %v", err)
		}

		w = withGroup(t, "")
		w.OnCall(first("CreateDeployment", 100, denied))
		_, err = rollout.Create(t.Context(), w.aws, deployment)
		var refused *awsapi.Error
		if !errors.As(err, &refused) || refused.Kind != awsapi.Denied {
			t.Fatalf("%v", err)
		}
		if got := refused.Denial(); got != (awsapi.Denial{Action: "codedeploy:CreateDeployment", Resource: "arn:aws:codedeploy:eu-central-1:*:deploymentgroup:shop/orders"}) {
			t.Errorf("%+v", got)
		}
	})
}

func TestDeploymentFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withGroup(t, "CodeDeployDefault.LambdaLinear10PercentEvery1Minute")
		id := w.create(deployment)
		w.after(3*time.Minute, func() { w.FailDeployment(id, "HEALTH_CONSTRAINTS", "Too unhealthy") })
		ended, err := rollout.Follow(t.Context(), w.aws, id, w.tell)
		if err != nil || ended.Succeeded() || ended.Status != "Failed" || ended.Why() != "Too unhealthy (HEALTH_CONSTRAINTS)" || ended.RollbackID == "" {
			t.Fatalf("%+v, %v", ended, err)
		}
		back, err := rollout.Follow(t.Context(), w.aws, ended.RollbackID, w.tell)
		if err != nil || !back.Succeeded() {
			t.Errorf("%+v, %v", back, err)
		}
		w.at("1")
	})
}

func TestDeploymentAlarm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withGroup(t, "CodeDeployDefault.LambdaLinear10PercentEvery1Minute", "errors")
		w.SetAlarm("errors", "OK", "")
		id := w.create(deployment)
		w.after(3*time.Minute, func() { w.SetAlarm("errors", "ALARM", "bad") })
		ended, err := rollout.Follow(t.Context(), w.aws, id, w.tell)
		if err != nil || ended.Status != "Stopped" || ended.ErrorCode != "ALARM_ACTIVE" || !strings.Contains(ended.Why(), "errors") || ended.RollbackID == "" {
			t.Errorf("%+v, %v", ended, err)
		}
	})
}

// What is wrong with the versions makes the deployment fail, with nothing to
// roll back: that is waited for in vain, but not for long.
func TestDeploymentOfWrongVersion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withGroup(t, "CodeDeployDefault.LambdaCanary10Percent5Minutes")
		d := deployment
		d.Current = "2"
		ended, err := rollout.Follow(t.Context(), w.aws, w.create(d), w.tell)
		if err != nil || ended.Status != "Failed" || !strings.Contains(ended.Why(), "does not match the current version") || ended.RollbackID != "" {
			t.Errorf("%+v, %v", ended, err)
		}
		if took := w.since(); took > 30*time.Second {
			t.Errorf("took %s", took)
		}
		w.at("1")
	})
}

func TestFollowRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withGroup(t, "CodeDeployDefault.LambdaCanary10Percent5Minutes")
		id := w.create(deployment)
		w.spoil("GetDeployment", time.Minute, 90*time.Second, dropped)
		if ended, err := rollout.Follow(t.Context(), w.aws, id, w.tell); err != nil || !ended.Succeeded() {
			t.Errorf("%+v, %v", ended, err)
		}

		w = withGroup(t, "CodeDeployDefault.LambdaCanary10Percent5Minutes")
		id = w.create(deployment)
		w.spoil("GetDeployment", time.Minute, time.Hour, denied)
		if ended, err := rollout.Follow(t.Context(), w.aws, id, w.tell); !awsapi.Is(err, awsapi.Denied) || ended.Status != "InProgress" {
			t.Errorf("%+v, %v", ended, err)
		}
		if _, err := rollout.Follow(t.Context(), w.aws, "d-NONE", w.tell); !awsapi.Is(err, awsapi.Denied) {
			t.Errorf("%v", err)
		}
		w.OnCall(nil)
		if _, err := rollout.Follow(t.Context(), w.aws, "d-NONE", w.tell); !awsapi.Is(err, awsapi.NotFound) {
			t.Errorf("%v", err)
		}
	})
}

// Without the permission to see its events a deployment is followed still.
func TestFollowWithoutTargets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withGroup(t, "CodeDeployDefault.LambdaCanary10Percent5Minutes")
		id := w.create(deployment)
		w.OnCall(first("BatchGetDeploymentTargets", 1000, denied))
		if ended, err := rollout.Follow(t.Context(), w.aws, id, w.tell); err != nil || !ended.Succeeded() {
			t.Errorf("%+v, %v", ended, err)
		}
		if n := w.count("BatchGetDeploymentTargets"); n != 1 || !strings.Contains(strings.Join(w.told, "\n"), "cannot be shown") {
			t.Errorf("%d calls; told %q", n, w.told)
		}
	})
}

func TestFollowTellsNowAndThen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withGroup(t, "CodeDeployDefault.LambdaCanary10Percent30Minutes")
		if _, err := rollout.Follow(t.Context(), w.aws, w.create(deployment), w.tell); err != nil {
			t.Error(err)
		}
		if n := strings.Count(strings.Join(w.told, "\n"), "is still InProgress, after "); n < 4 || n > 6 {
			t.Errorf("%d times in half an hour:\n%s", n, strings.Join(w.told, "\n"))
		}
	})
}

func TestFollowCancelledAndStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withGroup(t, "CodeDeployDefault.LambdaCanary10Percent5Minutes")
		id := w.create(deployment)
		ctx, cancel := context.WithCancel(t.Context())
		w.after(time.Minute, cancel)
		ended, err := rollout.Follow(ctx, w.aws, id, w.tell)
		if !errors.Is(err, context.Canceled) || ended.Status != "InProgress" {
			t.Fatalf("%+v, %v", ended, err)
		}
		stopped, err := rollout.Stop(t.Context(), w.aws, id)
		if err != nil || !strings.HasPrefix(stopped.Answer, "Pending: ") || stopped.Status != "Stopped" || stopped.RollbackID == "" {
			t.Fatalf("%+v, %v", stopped, err)
		}
		if took := w.since(); took > time.Minute+4*time.Second {
			t.Errorf("took %s", took)
		}
		if back, err := rollout.Follow(t.Context(), w.aws, stopped.RollbackID, w.tell); err != nil || !back.Succeeded() {
			t.Errorf("%+v, %v", back, err)
		}
		w.at("1")
	})
}

func TestStopTooLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withGroup(t, "")
		id := w.create(deployment)
		if ended, err := rollout.Follow(t.Context(), w.aws, id, w.tell); err != nil || !ended.Succeeded() {
			t.Fatalf("%+v, %v", ended, err)
		}
		stopped, err := rollout.Stop(t.Context(), w.aws, id)
		if err != nil || stopped != (rollout.Stopped{Status: "Succeeded"}) {
			t.Errorf("%+v, %v", stopped, err)
		}
		if _, err := rollout.Stop(t.Context(), w.aws, "d-NONE"); !awsapi.Is(err, awsapi.NotFound) {
			t.Errorf("%v", err)
		}
	})
}

func TestConsoleURL(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]string{
		"eu-central-1":   "https://console.aws.amazon.com/codesuite/codedeploy/deployments/d-A1B2C3D4E?region=eu-central-1",
		"cn-north-1":     "https://console.amazonaws.cn/codesuite/codedeploy/deployments/d-A1B2C3D4E?region=cn-north-1",
		"us-gov-west-1":  "https://console.amazonaws-us-gov.com/codesuite/codedeploy/deployments/d-A1B2C3D4E?region=us-gov-west-1",
		"us-iso-east-1":  "",
		"eusc-de-east-1": "",
		"":               "",
	} {
		if got := rollout.ConsoleURL(region, "d-A1B2C3D4E"); got != want {
			t.Errorf("%s: %s, want %s", region, got, want)
		}
	}
}
