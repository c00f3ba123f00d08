package release_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/itchyny/gojq"

	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
)

// smoke is a request with a smoke test of items.
func smoke(t testing.TB, expect string) release.Request {
	t.Helper()
	req := run(500)
	req.Smoke = release.Smoke{"items": {{Payload: []byte(`{"ping": true}`)}}}
	if expect != "" {
		query, err := gojq.Parse(expect)
		if err != nil {
			t.Fatal(err)
		}
		code, err := gojq.Compile(query)
		if err != nil {
			t.Fatal(err)
		}
		req.Smoke["items"][0].Expect = &release.Expectation{Code: code, Given: expect, Key: "smoke-test-expect"}
	}
	return req
}

func answers(status int, payload, functionError, log string) func(localaws.Invocation) localaws.Answer {
	return func(localaws.Invocation) localaws.Answer {
		return localaws.Answer{Status: status, Payload: []byte(payload), FunctionError: functionError, Log: log}
	}
}

func TestSmokeTest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, expect, payload, functionError string
		says                                 string // "" when it passes
	}{
		{"any answer", "", `"hello"`, "", ""},
		{"as expected", ".statusCode == 200", `{"statusCode": 200}`, "", ""},
		{"not as expected", ".statusCode == 200", `{"statusCode": 500}`, "", "`smoke-test-expect` .statusCode == 200 gives false, and must give true"},
		{"not true but truthy", ".statusCode", `{"statusCode": 200}`, "", "gives 200, and must give true"},
		{"nothing", "empty", `{}`, "", "gives nothing"},
		{"one of several", ".[]", `[true, false]`, "", "gives false"},
		{"the expression fails", ".a.b", `{"a": 1}`, "", "fails: expected an object but got: number"},
		{"never ends", "[range(infinite)] | true", `{}`, "", "fails"},
		{"no JSON", ".a", `<html>`, "", "the answer is not JSON"},
		{"the function fails", "", `{"errorMessage": "boom"}`, "Unhandled", "the function failed (Unhandled)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.name == "never ends" && testing.Short() {
				t.Skip("waits for the limit of 5 seconds")
			}
			w := newWorld(t, localaws.Options{})
			w.AddFunction("items")
			w.Publish("items", "")
			w.SetAlias("items", localaws.Alias{Name: "prod", Version: "1", Description: "[1 | run 1]"})
			w.Upload("items", "2")
			w.OnInvoke("items", answers(200, tt.payload, tt.functionError, "START\nboom\nEND"))
			res := w.release(smoke(t, tt.expect), "items")
			if tt.says == "" {
				ended(t, res, release.Released, 2)
				if got := sorted(w.Calls()); got != "GetAlias GetAlias Invoke PublishVersion UpdateAlias" {
					t.Errorf("called %s", got)
				}
				return
			}
			o := ended(t, res, release.Failed, 2)
			if !strings.Contains(o.Err.Error(), tt.says) {
				t.Errorf("error %v, want %q", o.Err, tt.says)
			}
			if o.Answer != tt.payload || o.LogTail != "START\nboom\nEND" {
				t.Errorf("answer %q, log %q", o.Answer, o.LogTail)
			}
			w.at("items", "prod", "1", "[1 | run 1]")
		})
	}
}

func TestSmokeTestOnlyRepeatsWhatHasNotRun(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		fault localaws.Fault
		want  release.Status
	}{
		{"throttled", localaws.Fault{Status: http.StatusTooManyRequests, Code: "TooManyRequestsException"}, release.Released},
		{"waking up", localaws.Fault{Status: http.StatusConflict, Code: "ResourceConflictException"}, release.Released},
		{"snapshot not ready", localaws.Fault{Status: http.StatusConflict, Code: "SnapStartNotReadyException"}, release.Released},
		{"not ready", localaws.Fault{Status: http.StatusBadGateway, Code: "ResourceNotReadyException"}, release.Released},
		{"answer lost", localaws.Fault{DropAfter: true}, release.Failed},
		{"fault of the service", localaws.Fault{Status: http.StatusInternalServerError, Code: "ServiceException"}, release.Failed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, localaws.Options{})
				w.AddFunction("items")
				var invoked atomic.Int32
				w.OnInvoke("items", func(localaws.Invocation) localaws.Answer {
					invoked.Add(1)
					return localaws.Answer{Status: 200, Payload: []byte("{}")}
				})
				w.OnCall(func(c localaws.Call) *localaws.Fault {
					if c.Operation == "Invoke" && c.Attempt == 1 {
						return &tt.fault
					}
					return nil
				})
				ended(t, w.release(smoke(t, ""), "items"), tt.want, 1)
				if n := invoked.Load(); n > 1 {
					t.Errorf("the function ran %d times", n)
				}
			})
		})
	}
}

func TestSmokeTestWakesAnInactiveVersion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{Settle: 300 * time.Millisecond})
		w.AddFunction("items")
		w.Publish("items", "")
		w.SetState("items", "1", "Inactive", "Idle", "The function is idle.")
		req := smoke(t, "")
		req.Version = 1
		if o := ended(t, w.promote(req, "items"), release.Promoted, 1); len(o.Warnings) > 0 {
			t.Errorf("warned of a version that the test has woken: %q", o.Warnings)
		}
	})
}
