package awsapi_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
)

// clock is a Clock that sleeps by passing the time, and remembers. From its
// last sleep it returns only when the job is over.
type clock struct {
	now    time.Time
	sleeps []time.Duration
	most   int // sleeps, 0: no limit
}

func (c *clock) Now() time.Time { return c.now }

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	if c.most > 0 && len(c.sleeps) == c.most {
		<-ctx.Done()
	}
	c.now = c.now.Add(d)
	c.sleeps = append(c.sleeps, d)
	return ctx.Err()
}

func withClock(c *clock) func(*awsapi.Options) {
	return func(*awsapi.Options) {}
}

// settles makes version 1 Pending until it was read so often, and then as given.
func settles(w *cloud, reads int, state, code, reason string) {
	w.Publish(function, "")
	w.SetState(function, "1", "Pending", "Creating", "The function is being created.")
	w.OnCall(func(c localaws.Call) *localaws.Fault {
		if c.Operation == "GetFunction" && c.Attempt == reads {
			w.SetState(function, "1", state, code, reason)
		}
		return nil
	})
}

var pending = awsapi.Configuration{Version: "1", State: "Pending", StateReason: "The function is being created. (Creating)"}

// Polls are close together at first, then half as far again each time, and at
// last every five seconds; what is known already is not read again.
func TestPolling(t *testing.T) {
	t.Skip("waits for hours until the next commit makes time virtual here")
	t.Parallel()
	w := newCloud(t, localaws.Options{})
	settles(w, 12, "Active", "", "")
	clock := &clock{}
	type told struct {
		state string
		since time.Duration
	}
	var tells []told
	ready, err := open(t, w.url, withClock(clock)).AwaitServing(t.Context(), function, pending,
		func(now awsapi.Configuration, since time.Duration) {
			tells = append(tells, told{now.State, since.Round(100 * time.Millisecond)})
		})
	if err != nil || ready.State != "Active" || ready.Version != "1" {
		t.Errorf("%+v, %v", ready, err)
	}
	var pauses []float64
	for _, s := range clock.sleeps {
		pauses = append(pauses, float64(s.Round(10*time.Millisecond).Milliseconds())/1000)
	}
	if want := []float64{0.2, 0.3, 0.45, 0.68, 1.01, 1.52, 2.28, 3.42, 5, 5, 5, 5}; !slices.Equal(pauses, want) {
		t.Errorf("pauses %v\nwant   %v", pauses, want)
	}
	if n := w.count("GetFunction"); n != 12 {
		t.Errorf("read %d times", n)
	}
	if want := []told{{"Pending", 6400 * time.Millisecond}, {"Pending", 24900 * time.Millisecond}}; !slices.Equal(tells, want) {
		t.Errorf("told %v, want %v: after 5 seconds, then every 15", tells, want)
	}
}

func TestNothingIsPolledThatIsReady(t *testing.T) {
	t.Parallel()
	w := newCloud(t, localaws.Options{})
	w.Publish(function, "")
	for _, state := range []string{"Active", "Inactive", ""} {
		now := awsapi.Configuration{Version: "1", State: state}
		if _, err := open(t, w.url).AwaitServing(t.Context(), function, now, nil); err != nil {
			t.Errorf("%s: %v", state, err)
		}
	}
	if n := w.count(""); n != 0 {
		t.Errorf("%d calls", n)
	}
}

// A version that has failed will not come to serve, however long one waits.
func TestFailedEndsAWait(t *testing.T) {
	t.Skip("waits for hours until the next commit makes time virtual here")
	t.Parallel()
	w := newCloud(t, localaws.Options{})
	settles(w, 3, "Failed", "ImageAccessDenied", "Lambda does not have permission to access the ECR image.")
	clock := &clock{}
	_, err := open(t, w.url, withClock(clock)).AwaitServing(t.Context(), function, pending, nil)
	if state, ok := errors.AsType[*awsapi.StateError](err); !ok || state.What != "State" {
		t.Fatal(err)
	}
	if got, want := err.Error(), "State of items:1 is Failed: Lambda does not have permission to access the ECR image. (ImageAccessDenied)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if len(clock.sleeps) != 3 {
		t.Errorf("slept %v", clock.sleeps)
	}
	if awsapi.FateOf(err) != awsapi.NotSent {
		t.Error("waiting has a fate")
	}
}

// A state nobody has heard of may yet become a good one: the job's own time is
// what ends the wait, and the error says what the state was.
func TestAnUnknownStateIsWaitedOut(t *testing.T) {
	t.Skip("waits for hours until the next commit makes time virtual here")
	t.Parallel()
	w := newCloud(t, localaws.Options{})
	settles(w, 1, "Deactivating", "", "")
	client := open(t, w.url, withClock(&clock{most: 6}))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := client.AwaitServing(ctx, function, pending, nil)
	isKind(t, err, awsapi.Deadline)
	if got, want := err.Error(), "GetFunction items:1: the time is up; the last try ended with: State Deactivating, LastUpdateStatus Successful"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if n := w.count("GetFunction"); n != 6 {
		t.Errorf("read %d times", n)
	}
}

func TestACancelEndsAWait(t *testing.T) {
	t.Parallel()
	w := newCloud(t, localaws.Options{})
	settles(w, 0, "", "", "")
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	start := time.Now()
	_, err := open(t, w.url).AwaitServing(ctx, function, pending, nil)
	isKind(t, err, awsapi.Cancelled)
	if took := time.Since(start); took > time.Second {
		t.Errorf("ended after %s", took)
	}
}

// What cannot be read ends a wait; what is refused once is read again.
func TestErrorsOfPolls(t *testing.T) {
	t.Skip("waits for hours until the next commit makes time virtual here")
	t.Parallel()
	w := newCloud(t, localaws.Options{})
	w.Publish(function, "")
	w.spoil("GetFunction", 1, broken)
	client := open(t, w.url, withClock(&clock{}))
	if v, err := client.AwaitServing(t.Context(), function, pending, nil); err != nil || v.State != "Active" {
		t.Errorf("%+v, %v", v, err)
	}
	w.spoil("GetFunction", always, refused)
	_, err := client.AwaitServing(t.Context(), function, pending, nil)
	isKind(t, err, awsapi.Denied)
}

func TestAwaitUpdated(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*cloud)
		fails  string
	}{
		{"updated", func(w *cloud) { w.SetLastUpdate(function, "Successful", "", "") }, ""},
		{"update failed", func(w *cloud) { w.SetLastUpdate(function, "Failed", "InvalidZipFileException", "Could not unzip.") },
			"LastUpdateStatus of items is Failed: Could not unzip. (InvalidZipFileException)"},
		{"failed without a reason", func(w *cloud) { w.SetLastUpdate(function, "Failed", "", "") },
			"LastUpdateStatus of items is Failed, and AWS gives no reason"},
		{"creation failed", func(w *cloud) { w.SetState(function, "", "Failed", "SubnetOutOfIPAddresses", "") },
			"State of items is Failed: SubnetOutOfIPAddresses"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newCloud(t, localaws.Options{})
			w.SetState(function, "", "Pending", "Creating", "")
			w.SetLastUpdate(function, "InProgress", "Creating", "")
			w.OnCall(func(c localaws.Call) *localaws.Fault {
				switch c.Attempt {
				case 2:
					w.SetState(function, "", "Active", "", "")
				case 3:
					tt.change(w)
				}
				return nil
			})
			t.Skip("waits for hours until the next commit makes time virtual here")
			clock := &clock{}
			now, err := open(t, w.url, withClock(clock)).AwaitUpdated(t.Context(), function, nil)
			switch {
			case tt.fails != "" && (err == nil || err.Error() != tt.fails):
				t.Errorf("error %v, want %q", err, tt.fails)
			case tt.fails == "" && (err != nil || now.Version != "$LATEST"):
				t.Errorf("%+v, %v", now, err)
			}
			if n := w.count("GetFunction"); n != 3 || len(clock.sleeps) != 2 {
				t.Errorf("read %d times, slept %v", n, clock.sleeps)
			}
		})
	}
}

func TestSleep(t *testing.T) {
	t.Parallel()
	start := time.Now()
	if err := awsapi.Sleep(t.Context(), 10*time.Millisecond); err != nil || time.Since(start) < 10*time.Millisecond {
		t.Errorf("slept %s, %v", time.Since(start), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := awsapi.Sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
