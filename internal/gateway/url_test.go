package gateway_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/gateway"
	"lambda-release/internal/localaws"
)

// open gives orders:prod a URL as a release does, and returns the calls.
func (w *world) open(auth string) (awsapi.URL, []string, string, error) {
	w.t.Helper()
	want := gateway.URL{AuthType: auth}
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	w.ResetCalls()
	before, err := gateway.ReadURL(ctx, w.aws, w.fn, "prod", want)
	if err != nil {
		return before, nil, w.operations(), err
	}
	w.ResetCalls()
	url, changed, err := gateway.OpenURL(ctx, w.aws, w.fn, "prod", want, before, func(string) {})
	return url, changed, w.operations(), err
}

func (w *world) ids() string {
	w.t.Helper()
	policy, err := w.aws.Policy(w.t.Context(), orders, "prod")
	if err != nil {
		w.t.Fatal(err)
	}
	var ids []string
	for _, p := range policy.Permissions {
		ids = append(ids, p.ID)
	}
	return strings.Join(ids, " ")
}

// A URL is opened once, with the permissions that its AuthType needs.
func TestOpenURL(t *testing.T) {
	t.Parallel()
	for auth, want := range map[string]struct {
		first, again, ids string
		changes           int
	}{
		awsapi.URLPublic: {"AddPermission AddPermission CreateFunctionUrlConfig GetPolicy", "GetFunctionUrlConfig GetPolicy", "lambda-release-url lambda-release-url-invoke", 2},
		awsapi.URLIAM:    {"CreateFunctionUrlConfig", "GetFunctionUrlConfig", "", 1},
	} {
		w := newWorld(t)
		if planned, err := gateway.PlanURL(t.Context(), w.aws, w.fn, "prod", gateway.URL{AuthType: auth}, awsapi.URL{}); err != nil || len(planned) != want.changes {
			t.Errorf("%s: planned %q, %v", auth, planned, err)
		}
		url, changed, calls, err := w.open(auth)
		if err != nil || calls != want.first || len(changed) != want.changes || url.Auth != auth || w.ids() != want.ids {
			t.Errorf("%s: %+v, %q, %s, %v, %s", auth, url, changed, calls, err, w.ids())
		}
		again, changed, calls, err := w.open(auth)
		if err != nil || calls != want.again || len(changed) > 0 || again != url {
			t.Errorf("%s again: %+v, %q, %s, %v", auth, again, changed, calls, err)
		}
	}
}

// The URL comes when everyone may call it: no caller is refused, and what is left of an
// interrupted run lets no one in.
func TestOpenURLOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.OnCall(func(c localaws.Call) *localaws.Fault {
		if c.Operation == "CreateFunctionUrlConfig" {
			return &localaws.Fault{Status: http.StatusForbidden, Code: "AccessDeniedException", Message: "no"}
		}
		return nil
	})
	_, changed, _, err := w.open(awsapi.URLPublic)
	if err == nil || len(changed) != 1 || w.ids() != "lambda-release-url lambda-release-url-invoke" {
		t.Errorf("%q, %v, %s", changed, err, w.ids())
	}
}

// Another run gives the alias a URL, or deletes it, at the same time.
func TestOpenURLMeanwhile(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		before   bool // there is a URL
		do       func(w *world)
		otherErr bool
	}{
		"created":          {false, func(w *world) { w.create(awsapi.URLPublic) }, false},
		"created for IAM":  {false, func(w *world) { w.create(awsapi.URLIAM) }, true},
		"deleted":          {true, func(w *world) { w.drop() }, false},
		"replaced for IAM": {true, func(w *world) { w.drop(); w.create(awsapi.URLIAM) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if tt.before {
				w.create(awsapi.URLPublic)
			}
			done := false
			w.OnCall(func(c localaws.Call) *localaws.Fault {
				if c.Operation == "AddPermission" && !done {
					done = true
					tt.do(w)
				}
				return nil
			})
			url, _, _, err := w.open(awsapi.URLPublic)
			other, isOther := errors.AsType[*gateway.AuthTypeError](err)
			switch {
			case isOther != tt.otherErr, !isOther && err != nil, !isOther && url.Auth != awsapi.URLPublic:
				t.Errorf("%+v, %v", url, err)
			case isOther && !strings.Contains(other.Hint(), "`function-url: iam`"):
				t.Errorf("hint %s", other.Hint())
			}
		})
	}
}

func (w *world) create(auth string) {
	w.t.Helper()
	if _, err := w.aws.CreateURL(w.t.Context(), orders, "prod", auth); err != nil {
		w.t.Error(err)
	}
}

func (w *world) drop() {
	w.t.Helper()
	if err := w.aws.DeleteURL(w.t.Context(), orders, "prod"); err != nil {
		w.t.Error(err)
	}
}

// What AWS refuses only for now is waited out; what it refuses for good, or never
// answers, is not.
func TestOpenURLRefused(t *testing.T) {
	t.Parallel()
	busy := localaws.Fault{Status: http.StatusConflict, Code: "ResourceConflictException", Message: "An update is in progress"}
	unknown := localaws.Fault{Status: http.StatusNotFound, Code: "ResourceNotFoundException", Message: "Function does not exist"}
	for name, tt := range map[string]struct {
		fault localaws.Fault
		times int
		fails bool
	}{
		"busy":              {busy, 5, false},
		"busy for ever":     {busy, 1 << 30, true},
		"not known yet":     {unknown, 5, false},
		"never known":       {unknown, 1 << 30, true},
		"answer lost":       {localaws.Fault{DropAfter: true}, 1, false},
		"answers lost":      {localaws.Fault{DropAfter: true}, 1 << 30, false},
		"request lost":      {localaws.Fault{Drop: true}, 1, false},
		"requests lost":     {localaws.Fault{Drop: true}, 1 << 30, true},
		"answer cut":        {localaws.Fault{Garble: localaws.GarbleCut}, 1, false},
		"stale":             {localaws.Fault{Stale: true}, 1, false},
		"refused":           {localaws.Fault{Status: http.StatusBadRequest, Code: "InvalidParameterValueException", Message: "no"}, 1, true},
		"throttled":         {localaws.Fault{Status: http.StatusTooManyRequests, Code: "TooManyRequestsException", Message: "Rate exceeded"}, 1, false},
		"carried out twice": {localaws.Fault{Twice: true}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.OnCall(func(c localaws.Call) *localaws.Fault {
					if c.Operation == "CreateFunctionUrlConfig" && c.Attempt <= tt.times {
						return &tt.fault
					}
					return nil
				})
				url, _, calls, err := w.open(awsapi.URLIAM)
				if (err != nil) != tt.fails || err == nil && url.Auth != awsapi.URLIAM {
					t.Errorf("%+v, %v", url, err)
				}
				if n := strings.Count(calls, "Config"); n > 40 {
					t.Errorf("%d calls in a minute", n)
				}
			})
		})
	}
}
