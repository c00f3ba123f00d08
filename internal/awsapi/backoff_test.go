package awsapi_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"net/http"
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
			_, err := c.UpdateCode(ctx, items, awsapi.Code{ZipFile: zipped.Bytes()}, true)
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
