package rollout_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"
	"lambda-release/internal/rollout"
)

// paced asserts that the calls, which all are of one loop, are four at once and
// then at most one in two seconds.
func paced(t *testing.T, calls []localaws.Call) {
	t.Helper()
	if len(calls) < 5 {
		t.Errorf("%d calls show nothing", len(calls))
		return
	}
	for i, c := range calls {
		if since := c.Start.Sub(calls[0].Start); float64(i+1) > 4+since.Seconds()/2 {
			t.Errorf("%d calls after %s", i+1, since)
		}
	}
}

func TestFollowIsPaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withGroup(t, "CodeDeployDefault.LambdaCanary10Percent5Minutes")
		id := w.create(deployment)
		w.ResetCalls()
		if ended, err := rollout.Follow(t.Context(), w.aws, id, w.tell); err != nil || !ended.Succeeded() {
			t.Errorf("%+v, %v", ended, err)
		}
		paced(t, w.Calls())
	})
}

func TestStopIsPaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withGroup(t, "CodeDeployDefault.LambdaCanary10Percent5Minutes")
		id := w.create(deployment)
		w.ResetCalls()
		if _, err := rollout.Stop(t.Context(), w.aws, id); err != nil {
			t.Error(err)
		}
		paced(t, w.Calls())
	})
}

func TestSearchIsPaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withGroup(t, "")
		w.OnCall(first("CreateDeployment", 1, dropped))
		w.ResetCalls()
		if _, err := rollout.Create(t.Context(), w.aws, deployment); err != nil {
			t.Error(err)
		}
		var search []localaws.Call
		for _, c := range w.Calls() {
			if c.Operation != "CreateDeployment" {
				search = append(search, c)
			}
		}
		paced(t, search)
	})
}

func TestBeginIsPaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{})
		w.spoil("DescribeAlarms", 0, time.Hour, broken)
		if _, err := w.watcher(rollout.Health{Alarms: []string{"a"}}).Begin(t.Context()); err == nil {
			t.Error("no error")
		}
		paced(t, w.Calls())
	})
}

// A deployment that this run has just created may not be found yet.
func TestFollowNotFoundYet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withGroup(t, "")
		id := w.create(deployment)
		w.OnCall(first("GetDeployment", 4, localaws.Fault{Status: http.StatusBadRequest, Code: "DeploymentDoesNotExistException", Message: "The deployment could not be found"}))
		if ended, err := rollout.Follow(t.Context(), w.aws, id, w.tell); err != nil || !ended.Succeeded() {
			t.Errorf("%+v, %v", ended, err)
		}
	})
}
