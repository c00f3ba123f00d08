package release_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/function"
	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
)

// statusOfMany is a status of functions whose names a glob matches, on an AWS with the
// real rate.
func statusOfMany(t *testing.T, functions int, change func(*world)) (release.Result, *world) {
	t.Helper()
	w := newWorld(t, localaws.Options{Rate: 15, Latency: latency})
	for i := range functions {
		name := fmt.Sprintf("fn%03d", i)
		w.AddFunction(name)
		w.Publish(name, "main@1a2b3c4 run 4700.1 abcdef")
		w.SetAlias(name, localaws.Alias{Name: "prod", Version: "1", Description: "[1 | run 4700]"})
		w.SetAlias(name, localaws.Alias{Name: "dev", Version: "$LATEST", Description: "[$LATEST | run 4701]"})
	}
	change(w)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	req := as(release.ReadStatus, run(4711))
	req.Globs, req.ExitDrifted = []function.Pattern{"fn*"}, true
	return w.releaser(5*time.Minute).Run(ctx, req), w
}

// TestStatusOfMany: a status only reads, takes as long as AWS's rate, and names an
// alias that was moved by hand.
func TestStatusOfMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const functions = 40
		begun := time.Now()
		res, w := statusOfMany(t, functions, func(w *world) {
			w.Publish("fn007", "by hand")
			w.SetAlias("fn007", localaws.Alias{Name: "prod", Version: "$LATEST", Description: "[1 | run 4700]"})
		})
		took := time.Since(begun)
		if rate := budgetOf(2 + 5*functions); took > rate*105/100 { // GetFunction has a rate of its own
			t.Errorf("took %s, and AWS's rate alone takes %s", took, rate)
		}
		calls := map[string]int{}
		for _, c := range w.Calls() {
			calls[c.Operation]++
			if c.Status != 200 || !strings.HasPrefix(c.Operation, "Get") && !strings.HasPrefix(c.Operation, "List") {
				t.Errorf("%s of %s was answered %d", c.Operation, c.Function, c.Status)
			}
		}
		for operation, want := range map[string]int{
			"ListFunctions": 1, "ListEventSourceMappings": 1, "ListAliases": functions, "ListVersionsByFunction": functions, "GetFunction": functions,
			"ListFunctionUrlConfigs": functions, "ListFunctionEventInvokeConfigs": functions, "ListProvisionedConcurrencyConfigs": functions,
		} {
			if calls[operation] != want {
				t.Errorf("%d calls %s, want %d", calls[operation], operation, want)
			}
		}
		if res.Status() != release.Drifted || res.ExitCode() != release.ExitDrifted || res.Changed() || len(res.Outcomes) != functions {
			t.Errorf("ended %s, exit code %d, changed %t, %d functions", res.Status(), res.ExitCode(), res.Changed(), len(res.Outcomes))
		}
		for _, o := range res.Outcomes {
			want := release.Unchanged
			if o.Function == "fn007" {
				want = release.Drifted
			}
			if o.Status != want || (o.Reason == "") != (want == release.Unchanged) {
				t.Errorf("%s ended %s: %s", o.Function, o.Status, o.Reason)
			}
			if names := o.Inspection.Aliases; len(names) != 2 || names[1].Name != "prod" || want == release.Unchanged && names[1].Commit != "1a2b3c4" {
				t.Errorf("%s has %+v", o.Function, names)
			}
		}
	})
}

// budgetOf is how long AWS's rate lets so many calls take.
func budgetOf(calls int) time.Duration { return time.Duration(calls-14) * time.Second / 15 }

// TestStatusReportsProgress: on a wait of more than 10 seconds there is a line at
// least every 30.
func TestStatusReportsProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		res, w := statusOfMany(t, 200, func(*world) {})
		if res.Status() != release.Unchanged {
			t.Errorf("ended %s", res.Status())
		}
		var seen []int
		for line := range strings.Lines(w.log.String()) {
			var n, at int
			if _, err := fmt.Sscanf(line, ": read %d of 200 functions after %ds", &n, &at); err == nil {
				seen = append(seen, n)
			}
		}
		if len(seen) != 2 || seen[0] < 10 || seen[1] <= seen[0] {
			t.Errorf("reported %v:\n%s", seen, w.log)
		}
	})
}

// TestStatusCommit: the commit of a version is that of the run that published it.
func TestStatusCommit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items")
	for _, tt := range []struct{ ref, text, want string }{
		{"main", "", "1a2b3c4"},
		{"release/1.0@rc", "fix it: main@9999999 run 1.1 abcdef", "1a2b3c4"},
		{"", "@9999999 run 1.1 abcdef", ""},
		{strings.Repeat("x", 100), strings.Repeat("y", 300), "1a2b3c4"},
	} {
		w.Upload("items", "code for "+tt.ref)
		req := run(4711)
		req.Run.Ref, req.Description = tt.ref, tt.text
		w.release(req, "items")
		o := w.release(as(release.ReadStatus, run(4712)), "items").Outcomes[0]
		if got := o.Inspection.Aliases[0].Commit; got != tt.want {
			t.Errorf("%q, %q: commit %q, want %q", tt.ref, tt.text, got, tt.want)
		}
	}
}

// TestStatusCancelled: what ends the job is one failure.
func TestStatusCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items")
	w.AddFunction("orders")
	ctx, cancel := context.WithCancel(t.Context())
	w.OnCall(func(localaws.Call) *localaws.Fault { cancel(); return &localaws.Fault{Hang: true} })
	res := w.releaser(time.Minute).Run(ctx, on(as(release.ReadStatus, run(1)), "items", "orders"))
	if res.ExitCode() != release.ExitFailed || res.Outcomes[0].Err == nil || res.Outcomes[1].Err != nil {
		t.Errorf("%+v", res.Outcomes)
	}
}

// TestDeletedAfterItWasListed: a function that is deleted after a glob has matched it is
// none of those that the run is for. One that is named must exist.
func TestDeletedAfterItWasListed(t *testing.T) {
	t.Parallel()
	for _, op := range []release.Operation{release.ReadStatus, release.Prune, release.Lock, release.Unlock} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, localaws.Options{})
			for _, name := range []string{"items", "preview"} {
				w.AddFunction(name)
				w.Publish(name, "")
				w.SetAlias(name, localaws.Alias{Name: "prod", Version: "1", Description: "[1 | run 4700]"})
			}
			w.OnCall(func(c localaws.Call) *localaws.Fault {
				if c.Function != "preview" {
					return nil
				}
				return &localaws.Fault{Status: 404, Code: "ResourceNotFoundException", Message: "Function not found: " + w.FunctionARN("preview", "")}
			})
			req := on(as(op, run(4711)), "items")
			req.Reason, req.Keep = "incident 7", 3
			globbed := req
			globbed.Globs = []function.Pattern{"prev*"}
			for _, test := range []struct {
				req    release.Request
				status release.Status
				code   int
			}{{globbed, release.Unchanged, release.ExitDone}, {on(req, "preview"), release.Failed, release.ExitFailed}} {
				res := w.releaser(time.Minute).Run(t.Context(), test.req)
				if o := res.Outcomes[1]; o.Status != test.status || res.ExitCode() != test.code || (o.Reason == "it was deleted after it was listed") != (test.code == 0) {
					t.Errorf("%s: %s, exit code %d: %s: %v", op, o.Status, res.ExitCode(), o.Reason, o.Err)
				}
			}
		})
	}
}
