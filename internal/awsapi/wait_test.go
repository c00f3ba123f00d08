package awsapi_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
)

// pauses are those between the calls of a cloud, which take no time, in seconds.
func (c *cloud) pauses() []float64 {
	var all []float64
	calls := c.Calls()
	for i, call := range calls[1:] {
		all = append(all, float64(call.Start.Sub(calls[i].Start).Round(10*time.Millisecond).Milliseconds())/1000)
	}
	return all
}

// settles makes version 1 Pending until it was read so often, and then as given.
func settles(w *cloud, reads int, state, code, reason string) {
	w.Publish(items.Name, "")
	w.SetState(items.Name, "1", "Pending", "Creating", "The function is being created.")
	w.OnCall(func(c localaws.Call) *localaws.Fault {
		if c.Operation == "GetFunction" && c.Attempt == reads {
			w.SetState(items.Name, "1", state, code, reason)
		}
		return nil
	})
}

var pending = awsapi.Configuration{Version: "1", State: "Pending", StateReason: "The function is being created. (Creating)"}

// Polls are paced by a Backoff; what is known already is not read again.
func TestPolling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newCloud(t, localaws.Options{})
		settles(w, 12, "Active", "", "")
		type reported struct {
			state string
			since time.Duration
		}
		var reports []reported
		start := time.Now()
		ready, err := w.open(t).AwaitServing(t.Context(), items, pending,
			func(now awsapi.Configuration, since time.Duration) {
				reports = append(reports, reported{now.State, since.Round(100 * time.Millisecond)})
			})
		if err != nil || ready.State != "Active" || ready.Version != "1" {
			t.Errorf("%+v, %v", ready, err)
		}
		if first := w.Calls()[0].Start.Sub(start); first != 200*time.Millisecond {
			t.Errorf("read for the first time after %s", first)
		}
		if pauses, want := w.pauses(), []float64{0.5, 1, 2, 3, 4.5, 5, 5, 5, 5, 5, 5}; !slices.Equal(pauses, want) {
			t.Errorf("pauses %v\nwant   %v", pauses, want)
		}
		if n := w.count("GetFunction"); n != 12 {
			t.Errorf("read %d times", n)
		}
		if want := []reported{{"Pending", 6700 * time.Millisecond}, {"Pending", 26200 * time.Millisecond}}; !slices.Equal(reports, want) {
			t.Errorf("reported %v, want %v: after 5 seconds, then every 15", reports, want)
		}
	})
}

func TestNothingIsPolledThatIsReady(t *testing.T) {
	t.Parallel()
	w := newCloud(t, localaws.Options{})
	w.Publish(items.Name, "")
	for _, state := range []string{"Active", "Inactive", ""} {
		now := awsapi.Configuration{Version: "1", State: state}
		if _, err := w.open(t).AwaitServing(t.Context(), items, now, nil); err != nil {
			t.Errorf("%s: %v", state, err)
		}
	}
	if n := w.count(""); n != 0 {
		t.Errorf("%d calls", n)
	}
}

// A version that has failed will not come to serve, however long one waits.
func TestFailedEndsAWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newCloud(t, localaws.Options{})
		settles(w, 3, "Failed", "ImageAccessDenied", "Lambda does not have permission to access the ECR image.")
		_, err := w.open(t).AwaitServing(t.Context(), items, pending, nil)
		if state, ok := errors.AsType[*awsapi.StateError](err); !ok || state.What != "State" {
			t.Fatal(err)
		}
		if got, want := err.Error(), "State of items:1 is Failed: Lambda does not have permission to access the ECR image. (ImageAccessDenied)"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if n := w.count("GetFunction"); n != 3 {
			t.Errorf("read %d times", n)
		}
		if awsapi.EffectOf(err) != awsapi.NotSent {
			t.Error("waiting has a effect")
		}
	})
}

// An unknown state may yet become a good one: the job's own timeout is
// what ends the wait, and the error says what the state was.
func TestAnUnknownStateIsWaitedOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newCloud(t, localaws.Options{})
		settles(w, 1, "Deactivating", "", "")
		client := w.open(t)
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
		defer cancel()
		start := time.Now()
		_, err := client.AwaitServing(ctx, items, pending, nil)
		isKind(t, err, awsapi.Deadline)
		if got, want := err.Error(), "GetFunction items:1: timed out; the last state was: State Deactivating, LastUpdateStatus Successful"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if n := w.count("GetFunction"); n != 4 {
			t.Errorf("read %d times", n)
		}
		if took := time.Since(start); took != 6*time.Second {
			t.Errorf("waited for %s", took)
		}
	})
}

func TestACancelEndsAWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newCloud(t, localaws.Options{})
		settles(w, 0, "", "", "")
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(300*time.Millisecond, cancel)
		start := time.Now()
		_, err := w.open(t).AwaitServing(ctx, items, pending, nil)
		isKind(t, err, awsapi.Cancelled)
		if took := time.Since(start); took != 300*time.Millisecond {
			t.Errorf("ended after %s", took)
		}
	})
}

// What cannot be read ends a wait; what is refused once is read again.
func TestErrorsOfPolls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newCloud(t, localaws.Options{})
		w.Publish(items.Name, "")
		w.spoil("GetFunction", 1, broken)
		client := w.open(t)
		if v, err := client.AwaitServing(t.Context(), items, pending, nil); err != nil || v.State != "Active" {
			t.Errorf("%+v, %v", v, err)
		}
		w.spoil("GetFunction", always, refused)
		_, err := client.AwaitServing(t.Context(), items, pending, nil)
		isKind(t, err, awsapi.Denied)
	})
}

func TestAwaitUpdated(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*cloud)
		fails  string
	}{
		{"updated", func(w *cloud) { w.SetLastUpdate(items.Name, "Successful", "", "") }, ""},
		{"update failed", func(w *cloud) { w.SetLastUpdate(items.Name, "Failed", "InvalidZipFileException", "Could not unzip.") },
			"LastUpdateStatus of items is Failed: Could not unzip. (InvalidZipFileException)"},
		{"failed without a reason", func(w *cloud) { w.SetLastUpdate(items.Name, "Failed", "", "") },
			"LastUpdateStatus of items is Failed; AWS gives no reason"},
		{"creation failed", func(w *cloud) { w.SetState(items.Name, "", "Failed", "SubnetOutOfIPAddresses", "") },
			"State of items is Failed: SubnetOutOfIPAddresses"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newCloud(t, localaws.Options{})
				w.SetState(items.Name, "", "Pending", "Creating", "")
				w.SetLastUpdate(items.Name, "InProgress", "Creating", "")
				w.OnCall(func(c localaws.Call) *localaws.Fault {
					switch c.Attempt {
					case 2:
						w.SetState(items.Name, "", "Active", "", "")
					case 3:
						tt.change(w)
					}
					return nil
				})
				now, err := w.open(t).AwaitUpdated(t.Context(), items, nil)
				switch {
				case tt.fails != "" && (err == nil || err.Error() != tt.fails):
					t.Errorf("error %v, want %q", err, tt.fails)
				case tt.fails == "" && (err != nil || now.Version != "$LATEST"):
					t.Errorf("%+v, %v", now, err)
				}
				if pauses := w.pauses(); !slices.Equal(pauses, []float64{0.2, 0.5}) {
					t.Errorf("paused for %v", pauses)
				}
			})
		})
	}
}
