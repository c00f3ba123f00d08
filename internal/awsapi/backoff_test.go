package awsapi_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
)

func TestSleep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		if err := awsapi.Sleep(t.Context(), time.Hour); err != nil || time.Since(start) != time.Hour {
			t.Errorf("slept %s, %v", time.Since(start), err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := awsapi.Sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if took := time.Since(start); took != time.Hour {
			t.Errorf("slept on for %s after the end", took-time.Hour)
		}
	})
}

// A loop makes four calls within two seconds, and then at most one in two seconds.
func TestBackoff(t *testing.T) {
	t.Parallel()
	for _, each := range []int{1, 2, 3, 5} { // calls a round
		synctest.Test(t, func(t *testing.T) {
			var pace awsapi.Backoff
			start := time.Now()
			var last time.Duration
			for calls := each; time.Since(start) < 10*time.Minute; calls += each {
				if most := float64(max(4, each)) + time.Since(start).Seconds()/2; float64(calls) > most {
					t.Errorf("%d a round: %d calls after %s", each, calls, time.Since(start))
				}
				began := time.Now()
				if err := pace.Wait(t.Context(), each); err != nil {
					t.Fatal(err)
				}
				last = time.Since(began)
			}
			if want := time.Duration(each) * 5 * time.Second; last != want {
				t.Errorf("%d a round: pauses grow to %s, want %s", each, last, want)
			}
		})
	}
}

func TestBackoffEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var pace awsapi.Backoff
		start := time.Now()
		if err := pace.Wait(ctx, 9); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
}

// The error of a wait that ended is that of the last call, with what ended it.
func TestGaveUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newCloud(t, localaws.Options{})
		w.spoil("AddPermission", always, refusal(http.StatusConflict, "ResourceConflictException", "An update is in progress"))
		last := w.open(t).AddPermission(t.Context(), items, "prod", awsapi.Permission{ID: "x"})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := awsapi.GaveUp(ctx, last); !errors.Is(err, last) {
			t.Errorf("before the end: %v", err)
		}
		<-ctx.Done()
		err := awsapi.GaveUp(ctx, last)
		isKind(t, err, awsapi.Deadline)
		isKind(t, last, awsapi.Conflict)
		says(t, err.Error(), "AddPermission items:prod: timed out; the last attempt ended with: ResourceConflictException: An update is in progress")
		if effect := awsapi.EffectOf(err); effect != awsapi.Rejected {
			t.Errorf("effect %d", effect)
		}
	})
}

// What should exist is asked for three times before a 404 is believed.
func TestLookup(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newCloud(t, localaws.Options{})
		client := w.open(t)
		start := time.Now()
		_, err := client.Lookup(t.Context(), items, "7")
		isKind(t, err, awsapi.NotFound)
		if n, took := w.count("GetFunction"), time.Since(start); n != 3 || took != 1600*time.Millisecond {
			t.Errorf("%d calls in %s", n, took)
		}
		w.spoil("GetFunction", 2, refusal(http.StatusNotFound, "ResourceNotFoundException", "Function not found"))
		if got, err := client.Lookup(t.Context(), items, ""); err != nil || got.Version != "$LATEST" {
			t.Errorf("%+v, %v", got, err)
		}
		_, err = client.Configuration(t.Context(), items, "7")
		isKind(t, err, awsapi.NotFound)
		if n := w.count("GetFunction"); n != 3+3+1 {
			t.Errorf("%d calls", n)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = client.Lookup(ctx, items, "7")
		isKind(t, err, awsapi.Deadline)
	})
}

// So are the functions of calls that are about a function as a whole.
func TestAFunctionThatIsNotFoundIsAskedForAgain(t *testing.T) {
	t.Parallel()
	var zipped bytes.Buffer
	w := zip.NewWriter(&zipped)
	if _, err := w.Create("index.js"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for op, do := range map[string]func(context.Context, *awsapi.Client) error{
		"PublishVersion":         operations["PublishVersion"],
		"ListAliases":            operations["ListAliases"],
		"ListVersionsByFunction": operations["ListVersionsByFunction"],
		"UpdateFunctionCode": func(ctx context.Context, c *awsapi.Client) error {
			_, err := c.UpdateCode(ctx, items, awsapi.Code{Zip: archiveOf(zipped.Bytes())}, true)
			return err
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newCloud(t, localaws.Options{})
			w.spoil(op, 2, refusal(http.StatusNotFound, "ResourceNotFoundException", "Function not found"))
			if err := do(t.Context(), w.open(t)); err != nil || w.count(op) != 3 {
				t.Errorf("%s: %d calls, %v", op, w.count(op), err)
			}
		})
	}
}

// Every loop that waits keeps to the pace.
func TestWaitsArePaced(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]func(context.Context, *awsapi.Client) error{
		"a version": func(ctx context.Context, c *awsapi.Client) error {
			_, err := c.AwaitServing(ctx, items, pending, nil)
			return err
		},
		"an update": func(ctx context.Context, c *awsapi.Client) error {
			_, err := c.AwaitUpdated(ctx, items, nil)
			return err
		},
		"throttling": func(ctx context.Context, c *awsapi.Client) error {
			_, err := c.Alias(ctx, items, "prod")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newCloud(t, localaws.Options{Settle: time.Hour})
				w.Publish(items.Name, "one")
				w.SetAlias(items.Name, localaws.Alias{Name: "prod", Version: "1"})
				w.SetState(items.Name, "1", "Pending", "Creating", "")
				w.SetLastUpdate(items.Name, "InProgress", "Creating", "")
				if name == "throttling" {
					w.spoil("", always, throttled)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
				defer cancel()
				isKind(t, wait(ctx, w.open(t)), awsapi.Deadline)
				w.paced(t)
			})
		})
	}
}

func TestAwaitProvisionedIsPaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, client := provisioned(t)
		if err := client.AwaitProvisioned(t.Context(), items, "prod", nil); err != nil {
			t.Error(err)
		}
		w.paced(t)
	})
}

// paced asserts that the calls are four at once and then one in two seconds.
func (c *cloud) paced(t *testing.T) {
	t.Helper()
	calls := c.Calls()
	if len(calls) < 10 {
		t.Errorf("%d calls show nothing", len(calls))
	}
	for i, call := range calls {
		if since := call.Start.Sub(calls[0].Start); float64(i+1) > 4+since.Seconds()/2 {
			t.Errorf("%d calls after %s", i+1, since)
		}
	}
}

// What is no number is no published version, such as $LATEST.PUBLISHED.
func TestVersionsAreNumbers(t *testing.T) {
	t.Parallel()
	client := open(t, local, served(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"Versions": [{"Version": "$LATEST"}, {"Version": "1"}, {"Version": "$LATEST.PUBLISHED"}, {"Version": "beta"}, {}, {"Version": "12"}]}`))
	})(t))
	var all []string
	for v, err := range client.Versions(t.Context(), items) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, v.Version)
	}
	if !slices.Equal(all, []string{"1", "12"}) {
		t.Errorf("%q", all)
	}
}

// Touching $LATEST changes nothing, but the next publish makes a new version.
func TestTouchLatest(t *testing.T) {
	t.Parallel()
	w := newCloud(t, localaws.Options{})
	client := w.open(t)
	before, err := client.Publish(t.Context(), items, awsapi.Publication{})
	if err != nil {
		t.Fatal(err)
	}
	latest, err := client.Configuration(t.Context(), items, "")
	if err != nil {
		t.Fatal(err)
	}
	touched, err := client.TouchLatest(t.Context(), items, latest.Description, latest.Revision)
	if err != nil || touched.Revision == latest.Revision || touched.CodeSHA256 != latest.CodeSHA256 {
		t.Errorf("%+v, %v", touched, err)
	}
	after, err := client.Publish(t.Context(), items, awsapi.Publication{})
	if err != nil || after.Version != "2" || after.Fingerprint != before.Fingerprint {
		t.Errorf("%+v, %v; the fingerprint was %s", after, err, before.Fingerprint)
	}
	_, err = client.TouchLatest(t.Context(), items, latest.Description, latest.Revision)
	isKind(t, err, awsapi.Stale)
	_, err = client.UpdateCode(t.Context(), items, awsapi.Code{Zip: archiveOf([]byte("x")), Revision: latest.Revision}, false)
	if says(t, w.bodies("UpdateFunctionCode"), `"RevisionId":"`+latest.Revision+`"`); err == nil {
		t.Error("no error")
	}
	read, err := client.Lookup(t.Context(), items, "2")
	if err != nil || read.Fingerprint != after.Fingerprint {
		t.Errorf("%v: the fingerprint of version 2 is another one when it is read", err)
	}
}
