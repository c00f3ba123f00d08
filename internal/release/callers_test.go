package release_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
)

// call calls AWS as another process does, and forgets the call.
func (w *world) call(f func(context.Context, *awsapi.Client) error) {
	w.t.Helper()
	if err := f(w.t.Context(), w.releaser(time.Minute).AWS); err != nil {
		w.t.Fatal(err)
	}
	w.ResetCalls()
}

// give gives a function itself, or an alias, settings for asynchronous invocations and a
// permission, and the alias provisioned concurrency.
func (w *world) give(fn, alias string) {
	w.t.Helper()
	id := function.ID{Name: fn, Given: fn}
	w.call(func(ctx context.Context, aws *awsapi.Client) error {
		qualifier, retries := alias, int32(0)
		if alias == "" {
			qualifier = "$LATEST"
		}
		if err := aws.PutAsyncSettings(ctx, id, awsapi.AsyncSettings{Qualifier: qualifier, Retries: &retries}); err != nil {
			return err
		}
		return aws.AddPermission(ctx, id, alias, awsapi.Permission{ID: "bucket", Service: "s3.amazonaws.com", Action: "lambda:InvokeFunction"})
	})
	if alias == "" {
		return
	}
	if err := w.ProvisionConcurrency(fn, alias); err != nil {
		w.t.Fatal(err)
	}
}

// giveURL gives an alias a public URL.
func (w *world) giveURL(fn, alias string) {
	w.t.Helper()
	w.call(func(ctx context.Context, aws *awsapi.Client) error {
		_, err := aws.CreateURL(ctx, function.ID{Name: fn, Given: fn}, alias, awsapi.URLPublic, awsapi.CORS{})
		return err
	})
}

// belongings are what belongs to an alias of a function, in words.
func (w *world) belongings(fn, alias string) string {
	w.t.Helper()
	var all []string
	w.call(func(ctx context.Context, aws *awsapi.Client) error {
		id := function.ID{Name: fn, Given: fn}
		url, err := aws.URL(ctx, id, alias)
		if err == nil {
			what := "URL " + url.Auth
			if !url.CORS.IsZero() {
				what += " for " + strings.Join(url.CORS.AllowOrigins, ", ")
			}
			all = append(all, what)
		} else if !awsapi.Is(err, awsapi.NotFound) {
			return err
		}
		policy, err := aws.Policy(ctx, id, alias)
		if err != nil {
			return err
		}
		for _, p := range policy.Permissions {
			all = append(all, p.ID)
		}
		async, err := aws.AllAsyncSettings(ctx, id)
		if slices.ContainsFunc(async, func(s awsapi.AsyncSettings) bool { return s.Qualifier == alias }) {
			all = append(all, "async")
		}
		if err != nil {
			return err
		}
		concurrency, err := aws.AllProvisionedConcurrency(ctx, id)
		if slices.ContainsFunc(concurrency, func(c awsapi.Concurrency) bool { return c.Qualifier == alias }) {
			all = append(all, "provisioned")
		}
		return err
	})
	slices.Sort(all)
	return strings.Join(all, " ")
}

// previewed is what a preview has.
const previewed = "URL NONE async bucket lambda-release-url lambda-release-url-invoke"

// life is the jobs of a pull request: open, push, push, close. Each has a run of its own.
var life = []struct {
	run       uint64
	operation release.Operation
	version   string // of the preview afterwards; "" for none
}{
	{11, release.Release, "1"},
	{12, release.Release, "2"},
	{13, release.Release, "3"},
	{14, release.DeleteAlias, ""},
}

// TestPreviewKilledAtEveryCall kills each job of a pull request at its n-th call, for
// every n, before and after AWS has carried the call out, and runs it again: the URL
// leads to the right version in between, and nothing is left at the end.
func TestPreviewKilledAtEveryCall(t *testing.T) {
	t.Parallel()
	for victim := range life {
		for _, carriedOut := range []bool{false, true} {
			n := 1
			for killedPreview(t, victim, n, carriedOut) {
				n++
			}
			if n < 5 {
				t.Errorf("job %d makes only %d calls", victim, n)
			}
		}
	}
}

// killedPreview lives a pull request whose victim is killed at its n-th call. It reports
// whether the victim has made as many.
func killedPreview(t *testing.T, victim, n int, carriedOut bool) (killed bool) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{})
		w.AddFunction("items")
		w.give("items", "")
		w.OnInvoke("items", func(in localaws.Invocation) localaws.Answer {
			return localaws.Answer{Payload: []byte(`"version ` + in.Version + `"`)}
		})
		open := ""
		where := fmt.Sprintf("job %d killed at call %d (carried out: %t)", victim, n, carriedOut)
		for i, job := range life {
			if job.version != "" {
				w.Upload("items", job.version)
			}
			if i == victim {
				killed = w.kill(n, carriedOut, func() { w.live(job.operation, job.run) })
				if got := w.get(open); i > 0 && job.version != "" && got != "200 version "+life[i-1].version && got != "200 version "+job.version {
					t.Errorf("%s: then the URL answers %s", where, got)
				}
			}
			res := w.live(job.operation, job.run)
			if o := res.Outcomes[0]; o.Status == release.Failed {
				t.Fatalf("%s: job %d ended %s: %s %v", where, i, o.Status, o.Reason, o.Err)
			}
			a, exists := w.Alias("items", "pr-7")
			want := previewed
			if job.version == "" {
				want = ""
			}
			if got := w.belongings("items", "pr-7"); got != want || a.Version != job.version || exists != (job.version != "") {
				t.Fatalf("%s: after job %d pr-7 is at %q and has %q, want %q, %q", where, i, a.Version, got, job.version, want)
			}
			switch url := res.Outcomes[0].URL; {
			case url == "" && job.version != "", url != "" && job.version == "":
				t.Errorf("%s: after job %d the URL is %q", where, i, url)
			case url != "":
				open = url
				if got := w.get(url); got != "200 version "+job.version {
					t.Errorf("%s: after job %d the URL answers %s", where, i, got)
				}
			default:
				if got := w.get(open); !strings.HasPrefix(got, "403 ") {
					t.Errorf("%s: after job %d the URL answers %s", where, i, got)
				}
			}
		}
	})
	return killed
}

// get requests a function URL.
func (w *world) get(url string) string {
	if url == "" {
		return ""
	}
	got := httptest.NewRecorder()
	w.ServeHTTP(got, httptest.NewRequestWithContext(w.t.Context(), http.MethodGet, url, nil))
	return fmt.Sprint(got.Code, " ", got.Body)
}

// live runs a job of a pull request.
func (w *world) live(op release.Operation, id uint64) release.Result {
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	req := on(as(op, run(id)), "items")
	req.Alias, req.URLs, req.CopyFrom = "pr-7", public(req), release.FromFunction
	return w.releaser(time.Minute).Run(ctx, req)
}

// kill runs a job of which no call after the n-th reaches AWS any more, and reports
// whether it has made as many. To AWS it looks like a process that is gone.
func (w *world) kill(n int, carriedOut bool, job func()) (killed bool) {
	var mu sync.Mutex
	calls := 0
	w.OnCall(func(localaws.Call) *localaws.Fault {
		mu.Lock()
		defer mu.Unlock()
		switch calls++; {
		case calls < n:
			return nil
		case calls == n && carriedOut:
			return &localaws.Fault{DropAfter: true}
		}
		return &localaws.Fault{Drop: true}
	})
	job()
	w.OnCall(nil)
	return calls >= n
}

// TestAPreviewOpenedAgain: a run that closes a pull request leaves the preview to the
// newer run that has opened it again, whenever that comes. Only what comes between its
// last look at the alias and DeleteAlias, which takes no revision, is lost. What comes after
// that is a new preview.
func TestAPreviewOpenedAgain(t *testing.T) {
	t.Parallel()
	for n, reached := 1, true; reached; n++ {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, localaws.Options{})
			w.AddFunction("items")
			w.give("items", "")
			w.live(release.Release, 11)
			var res release.Result
			var at string
			at, reached = w.during(n, func() {
				w.Upload("items", "2")
				if o := w.live(release.Release, 15).Outcomes[0]; o.Status != release.Released {
					t.Errorf("the newer run ended %s: %v", o.Status, o.Err)
				}
			}, func() { res = w.live(release.DeleteAlias, 14) })
			if !reached {
				return
			}
			_, exists := w.Alias("items", "pr-7")
			if lost := at == "DeleteAlias"; exists == lost {
				t.Errorf("opened again at call %d, %s: the alias exists: %t", n, at, exists)
			}
			if o := res.Outcomes[0]; exists && o.Status != release.Superseded && o.Err == nil && !w.deletedFirst() {
				t.Errorf("opened again at call %d, %s, it ended %s", n, at, o.Status)
			}
			// The newer run again makes it whole.
			w.live(release.Release, 15)
			if got := w.belongings("items", "pr-7"); got != previewed {
				t.Errorf("opened again at call %d, %s: %q", n, at, got)
			}
		})
	}
}

// deletedFirst reports whether an alias was deleted before the last one was created.
func (w *world) deletedFirst() bool {
	calls := w.Calls()
	deleted := slices.IndexFunc(calls, func(c localaws.Call) bool { return c.Operation == "DeleteAlias" })
	return deleted >= 0 && slices.ContainsFunc(calls[deleted:], func(c localaws.Call) bool { return c.Operation == "CreateAlias" })
}

// during runs a job, and something else when AWS gets its n-th call. It returns that
// call, and whether the job has made as many.
func (w *world) during(n int, something, job func()) (operation string, reached bool) {
	var mu sync.Mutex
	calls := 0
	w.OnCall(func(c localaws.Call) *localaws.Fault {
		mu.Lock()
		calls++
		hit := calls == n
		mu.Unlock()
		if hit {
			operation = c.Operation
			something()
		}
		return nil
	})
	job()
	w.OnCall(nil)
	return operation, operation != ""
}

// TestAnOlderReleaseDuringADeletion: a release of an older run, which gives the preview its
// URL while the run that closes the pull request deletes it, leaves nothing behind.
func TestAnOlderReleaseDuringADeletion(t *testing.T) {
	t.Parallel()
	for n, reached := 1, true; reached; n++ {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, localaws.Options{})
			w.AddFunction("items")
			w.give("items", "")
			w.Publish("items", "")
			w.SetAlias("items", localaws.Alias{Name: "pr-7", Version: "1", Description: "[1 | run 11]"})
			var res release.Result
			var at string
			at, reached = w.during(n, func() {
				w.Upload("items", "2")
				w.live(release.Release, 12)
			}, func() { res = w.live(release.DeleteAlias, 14) })
			_, exists := w.Alias("items", "pr-7")
			want := ""
			if exists && w.deletedFirst() { // then it is a new preview
				want = previewed
			}
			if got := w.belongings("items", "pr-7"); got != want || exists != (want != "") || res.Outcomes[0].Status != release.Deleted {
				t.Errorf("at call %d, %s, it ended %s: the alias exists: %t, and %q is left", n, at, res.Outcomes[0].Status, exists, got)
			}
		})
	}
}
