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

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// open gives orders:prod a URL as a release does, and returns the calls.
func (w *world) open(auth string) (awsapi.URL, []string, string, error) {
	return w.openURL(gateway.URL{AuthType: auth})
}

func (w *world) openURL(want gateway.URL) (awsapi.URL, []string, string, error) {
	w.t.Helper()
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
		if err != nil || calls != want.again || len(changed) > 0 || !cmp.Equal(again, url) {
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
	if _, err := w.aws.CreateURL(w.t.Context(), orders, "prod", auth, awsapi.CORS{}); err != nil {
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
		for _, operation := range []string{"CreateFunctionUrlConfig", "UpdateFunctionUrlConfig"} {
			t.Run(name+", "+operation, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t)
					if operation == "UpdateFunctionUrlConfig" {
						w.create(awsapi.URLIAM)
					}
					w.OnCall(func(c localaws.Call) *localaws.Fault {
						if c.Operation == operation && c.Attempt <= tt.times {
							return &tt.fault
						}
						return nil
					})
					url, _, calls, err := w.openURL(gateway.URL{AuthType: awsapi.URLIAM, CORS: shop()})
					if (err != nil) != tt.fails || err == nil && (url.Auth != awsapi.URLIAM || url.CORS.MaxAge != 300) {
						t.Errorf("%+v, %v", url, err)
					}
					if n := strings.Count(calls, "Config"); n > 40 {
						t.Errorf("%d calls in a minute", n)
					}
				})
			})
		}
	}
}

// shop are the CORS settings of a shop.
func shop() *gateway.CORS {
	return &gateway.CORS{AllowOrigins: []string{"https://shop.example.com"}, AllowMethods: []string{"GET", "POST"}, MaxAge: 300}
}

// CORS settings are written with a new URL, later if they differ, and removed; without
// any they stay as they are.
func TestOpenURLWithCORS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const of = "the function URL of orders:prod has "
	shuffled, other := shop(), shop()
	shuffled.AllowMethods = []string{"POST", "GET"}
	other.AllowOrigins, other.MaxAge = []string{"*"}, 0
	for _, tt := range []struct {
		cors  *gateway.CORS
		calls string
		words string // of the last change
	}{
		{shop(), "CreateFunctionUrlConfig", of + "new CORS settings: AllowOrigins has https://shop.example.com; AllowMethods has GET, POST; MaxAge is 300"},
		{shop(), "GetFunctionUrlConfig", ""},
		{nil, "GetFunctionUrlConfig", ""},
		{shuffled, "GetFunctionUrlConfig", ""},
		{other, "GetFunctionUrlConfig UpdateFunctionUrlConfig", of + "new CORS settings: AllowOrigins has *, and no longer https://shop.example.com; MaxAge is 0, no longer 300"},
		{&gateway.CORS{}, "GetFunctionUrlConfig UpdateFunctionUrlConfig", of + "no CORS settings any more"},
		{&gateway.CORS{}, "GetFunctionUrlConfig", ""},
	} {
		want := gateway.URL{AuthType: awsapi.URLIAM, CORS: tt.cors}
		before, err := gateway.ReadURL(t.Context(), w.aws, w.fn, "prod", want)
		if err != nil {
			t.Fatal(err)
		}
		planned, err := gateway.PlanURL(t.Context(), w.aws, w.fn, "prod", want, before)
		if err != nil {
			t.Fatal(err)
		}
		url, changed, calls, err := w.openURL(want)
		if err != nil || calls != tt.calls || len(changed) != len(planned) {
			t.Errorf("%+v: %q, planned %q, %s, %v", tt.cors, changed, planned, calls, err)
		}
		if n := len(changed); tt.words != "" && (changed[n-1] != tt.words || planned[n-1] != tt.words) || tt.words == "" && n > 0 {
			t.Errorf("%+v: %q, planned %q\nwant %q", tt.cors, changed, planned, tt.words)
		}
		if now, err := w.aws.URL(t.Context(), orders, "prod"); err != nil || !cmp.Equal(now, url) {
			t.Errorf("%+v is not what was returned, %+v: %v", now, url, err)
		}
	}
}

// Another run or a person changes the URL between the read and the write.
func TestOpenURLWithCORSMeanwhile(t *testing.T) {
	t.Parallel()
	other := gateway.CORS{AllowOrigins: []string{"*"}, AllowCredentials: true}
	for name, tt := range map[string]struct {
		before bool   // there is a URL
		at     string // the call before which it happens
		do     func(w *world)
		did    int  // changes of this run
		fails  bool // for its AuthType
	}{
		"settings":           {true, "UpdateFunctionUrlConfig", func(w *world) { w.setCORS(other) }, 1, false},
		"the same settings":  {true, "UpdateFunctionUrlConfig", func(w *world) { w.setCORS(*shop()) }, 1, false},
		"deleted":            {true, "UpdateFunctionUrlConfig", func(w *world) { w.drop() }, 2, false},
		"replaced":           {true, "UpdateFunctionUrlConfig", func(w *world) { w.drop(); w.create(awsapi.URLPublic) }, 1, true},
		"created":            {false, "CreateFunctionUrlConfig", func(w *world) { w.create(awsapi.URLIAM) }, 1, false},
		"created as wanted":  {false, "CreateFunctionUrlConfig", func(w *world) { w.create(awsapi.URLIAM); w.setCORS(*shop()) }, 0, false},
		"created for public": {false, "CreateFunctionUrlConfig", func(w *world) { w.create(awsapi.URLPublic) }, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				if tt.before {
					w.create(awsapi.URLIAM)
				}
				done := false
				w.OnCall(func(c localaws.Call) *localaws.Fault {
					if c.Operation == tt.at && !done {
						done = true
						tt.do(w)
					}
					return nil
				})
				url, changed, _, err := w.openURL(gateway.URL{AuthType: awsapi.URLIAM, CORS: shop()})
				if _, other := errors.AsType[*gateway.AuthTypeError](err); other != tt.fails || !tt.fails && (err != nil || !cmp.Equal(url.CORS, *shop(), cmpopts.EquateEmpty())) {
					t.Errorf("%+v, %v", url, err)
				}
				if len(changed) != tt.did {
					t.Errorf("changed %q", changed)
				}
			})
		})
	}
}

func (w *world) setCORS(cors gateway.CORS) {
	w.t.Helper()
	if _, err := w.aws.SetCORS(w.t.Context(), orders, "prod", cors); err != nil {
		w.t.Error(err)
	}
}
