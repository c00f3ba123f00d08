package awsapi_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
)

// provisioned is an embedded AWS whose items:prod has provisioned concurrency
// that takes a minute to be ready from now on, and a session on the same clock.
func provisioned(t *testing.T) (*cloud, *clock, *awsapi.Client) {
	t.Helper()
	t.Skip("waits for hours until the next commit makes time virtual here")
	clock := &clock{now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	w := newCloud(t, localaws.Options{Settle: time.Minute, Now: clock.Now})
	w.Publish(function, "")
	w.SetAlias(function, localaws.Alias{Name: "prod", Version: "1"})
	client := open(t, w.url, withClock(clock))
	if err := w.ProvisionConcurrency(function, "prod"); err != nil {
		t.Fatal(err)
	}
	w.Upload(function, "other")
	w.Publish(function, "")
	a, err := client.Alias(t.Context(), function, "prod")
	if err == nil {
		a.Version = "2"
		_, err = client.UpdateAlias(t.Context(), function, a)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.ResetCalls()
	return w, clock, client
}

func TestProvisionedConcurrency(t *testing.T) {
	t.Parallel()
	w, clock, client := provisioned(t)
	read := func(want awsapi.Concurrency) {
		t.Helper()
		got, err := client.ProvisionedConcurrency(t.Context(), function, "prod")
		if err != nil || got != want {
			t.Errorf("%+v, %v; want %+v", got, err, want)
		}
	}
	read(awsapi.Concurrency{Status: "IN_PROGRESS", Requested: 1})
	clock.now = clock.now.Add(time.Minute)
	read(awsapi.Concurrency{Status: "READY", Requested: 1, Allocated: 1, Available: 1})
	w.FailProvisioning(function, "prod", "FUNCTION_ERROR_INIT_FAILURE")
	read(awsapi.Concurrency{Status: "FAILED", Reason: "FUNCTION_ERROR_INIT_FAILURE", Requested: 1})

	for _, nothing := range []string{"2", "nope"} {
		_, err := client.ProvisionedConcurrency(t.Context(), function, nothing)
		isKind(t, err, awsapi.NotFound)
	}
}

func TestAwaitProvisioned(t *testing.T) {
	t.Parallel()
	w, clock, client := provisioned(t)
	start := clock.now
	var told []string
	err := client.AwaitProvisioned(t.Context(), function, "prod", func(now awsapi.Concurrency, since time.Duration) {
		told = append(told, fmt.Sprintf("%s %d/%d %s", now.Status, now.Available, now.Requested, since.Round(time.Second)))
	})
	if err != nil {
		t.Fatal(err)
	}
	if took := clock.now.Sub(start); took < time.Minute || took > 66*time.Second {
		t.Errorf("waited for %s", took)
	}
	if n := w.count("GetProvisionedConcurrencyConfig"); n > 20 {
		t.Errorf("%d calls", n)
	}
	if len(told) < 4 || told[0] != "IN_PROGRESS 0/1 8s" {
		t.Errorf("told %q", told)
	}
	w.ResetCalls()
	if err := client.AwaitProvisioned(t.Context(), function, "prod", nil); err != nil || w.count("") != 1 {
		t.Errorf("ready already: %v, %d calls", err, w.count(""))
	}
}

// An alias without provisioned concurrency is ready at once; one that does not
// exist never is.
func TestAwaitProvisionedNone(t *testing.T) {
	t.Parallel()
	w := newCloud(t, localaws.Options{})
	w.Publish(function, "")
	w.SetAlias(function, localaws.Alias{Name: "prod", Version: "1"})
	client := open(t, w.url)
	if err := client.AwaitProvisioned(t.Context(), function, "prod", nil); err != nil || w.count("") != 1 {
		t.Errorf("%v, %d calls", err, w.count(""))
	}
	err := client.AwaitProvisioned(t.Context(), function, "nope", nil)
	isKind(t, err, awsapi.NotFound)
}

func TestAwaitProvisionedFailed(t *testing.T) {
	t.Parallel()
	w, clock, client := provisioned(t)
	w.FailProvisioning(function, "prod", "FUNCTION_ERROR_INIT_FAILURE")
	err := client.AwaitProvisioned(t.Context(), function, "prod", nil)
	if _, ok := errors.AsType[*awsapi.StateError](err); !ok {
		t.Errorf("%T: %v", err, err)
	}
	says(t, err.Error(), "provisioned concurrency of items:prod is Failed: FUNCTION_ERROR_INIT_FAILURE")
	if last := clock.sleeps[len(clock.sleeps)-1]; last > 5*time.Second || !slices.IsSorted(clock.sleeps) {
		t.Errorf("pauses %v", clock.sleeps)
	}
}

// Whose time is up is told how far it was.
func TestAwaitProvisionedDeadline(t *testing.T) {
	t.Parallel()
	_, clock, client := provisioned(t)
	clock.most = len(clock.sleeps) + 1
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err := client.AwaitProvisioned(ctx, function, "prod", nil)
	isKind(t, err, awsapi.Deadline)
	says(t, err.Error(), "items:prod: the time is up", "IN_PROGRESS, 0 of 1 available")
}

func TestProvisionedDenied(t *testing.T) {
	t.Parallel()
	w := newCloud(t, localaws.Options{})
	w.spoil("", always, refused)
	err := open(t, w.url).AwaitProvisioned(t.Context(), function, "prod", nil)
	isKind(t, err, awsapi.Denied)
	if got := statement(t, hintOf(t, err)); got["Action"] != "lambda:GetProvisionedConcurrencyConfig" {
		t.Errorf("statement %v", got)
	}
}
