package awsapi_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
)

// provisioned is an embedded AWS whose items:prod has provisioned concurrency
// that takes a minute to be ready from now on, and a session.
func provisioned(t *testing.T) (*cloud, *awsapi.Client) {
	t.Helper()
	w := newCloud(t, localaws.Options{Settle: time.Minute})
	w.Publish(items.Name, "")
	w.SetAlias(items.Name, localaws.Alias{Name: "prod", Version: "1"})
	client := w.open(t)
	if err := w.ProvisionConcurrency(items.Name, "prod"); err != nil {
		t.Fatal(err)
	}
	w.Upload(items.Name, "other")
	w.Publish(items.Name, "")
	a, err := client.Alias(t.Context(), items, "prod")
	if err == nil {
		a.Version = "2"
		_, err = client.UpdateAlias(t.Context(), items, a)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.ResetCalls()
	return w, client
}

func TestProvisionedConcurrency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, client := provisioned(t)
		read := func(want awsapi.Concurrency) {
			t.Helper()
			got, err := client.ProvisionedConcurrency(t.Context(), items, "prod")
			if err != nil || got != want {
				t.Errorf("%+v, %v; want %+v", got, err, want)
			}
		}
		read(awsapi.Concurrency{Qualifier: "prod", Status: "IN_PROGRESS", Requested: 1, Allocated: 1, Available: 1})
		time.Sleep(time.Minute)
		read(awsapi.Concurrency{Qualifier: "prod", Status: "READY", Requested: 1, Allocated: 1, Available: 1})
		w.FailProvisioning(items.Name, "prod", "FUNCTION_ERROR_INIT_FAILURE")
		read(awsapi.Concurrency{Qualifier: "prod", Status: "FAILED", Reason: "FUNCTION_ERROR_INIT_FAILURE", Requested: 1})

		for _, nothing := range []string{"2", "nope"} {
			_, err := client.ProvisionedConcurrency(t.Context(), items, nothing)
			isKind(t, err, awsapi.NotFound)
		}
	})
}

func TestAwaitProvisioned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, client := provisioned(t)
		start := time.Now()
		var reported []string
		err := client.AwaitProvisioned(t.Context(), items, "prod", func(now awsapi.Concurrency, since time.Duration) {
			reported = append(reported, fmt.Sprintf("%s %d/%d %s", now.Status, now.Available, now.Requested, since.Round(time.Second)))
		})
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < time.Minute || took > 66*time.Second {
			t.Errorf("waited for %s", took)
		}
		if n := w.count("GetProvisionedConcurrencyConfig"); n > 20 {
			t.Errorf("%d calls", n)
		}
		if len(reported) < 4 || reported[0] != "IN_PROGRESS 1/1 5s" {
			t.Errorf("reported %q", reported)
		}
		w.ResetCalls()
		if err := client.AwaitProvisioned(t.Context(), items, "prod", nil); err != nil || w.count("") != 1 {
			t.Errorf("ready already: %v, %d calls", err, w.count(""))
		}
	})
}

// An alias without provisioned concurrency is ready at once; one that does not
// exist never is.
func TestAwaitProvisionedNone(t *testing.T) {
	t.Parallel()
	w := newCloud(t, localaws.Options{})
	w.Publish(items.Name, "")
	w.SetAlias(items.Name, localaws.Alias{Name: "prod", Version: "1"})
	client := w.open(t)
	if err := client.AwaitProvisioned(t.Context(), items, "prod", nil); err != nil || w.count("") != 1 {
		t.Errorf("%v, %d calls", err, w.count(""))
	}
	err := client.AwaitProvisioned(t.Context(), items, "nope", nil)
	isKind(t, err, awsapi.NotFound)
}

func TestAwaitProvisionedFailed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, client := provisioned(t)
		w.FailProvisioning(items.Name, "prod", "FUNCTION_ERROR_INIT_FAILURE")
		err := client.AwaitProvisioned(t.Context(), items, "prod", nil)
		if _, ok := errors.AsType[*awsapi.StateError](err); !ok {
			t.Errorf("%T: %v", err, err)
		}
		says(t, err.Error(), "provisioned concurrency of items:prod is Failed: FUNCTION_ERROR_INIT_FAILURE")
		if pauses := w.pauses(); slices.Max(pauses) > 5 || !slices.IsSorted(pauses) {
			t.Errorf("pauses %v", pauses)
		}
	})
}

// A wait that times out reports the last state.
func TestAwaitProvisionedDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, client := provisioned(t)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		err := client.AwaitProvisioned(ctx, items, "prod", nil)
		isKind(t, err, awsapi.Deadline)
		says(t, err.Error(), "items:prod: timed out", "IN_PROGRESS, 1 of 1 available")
	})
}

func TestProvisionedDenied(t *testing.T) {
	t.Parallel()
	w := newCloud(t, localaws.Options{})
	w.spoil("", always, refused)
	err := w.open(t).AwaitProvisioned(t.Context(), items, "prod", nil)
	isKind(t, err, awsapi.Denied)
	if got := denialOf(t, err); got.Action != "lambda:GetProvisionedConcurrencyConfig" || !strings.HasSuffix(got.Resource, ":function:items:*") {
		t.Errorf("%+v", got)
	}
}
