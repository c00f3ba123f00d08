package traffic_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
	"lambda-release/internal/traffic"
)

// start is not a whole minute, as times mostly are not.
var start = time.Date(2026, 11, 23, 10, 20, 20, 0, time.UTC)

// clock is a clock on which sleeping takes no time. What is planned for a time
// happens when a sleep comes to it.
type clock struct {
	mu      sync.Mutex
	now     time.Time
	planned []event
}

type event struct {
	at time.Time
	do func()
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	until := c.Now().Add(d)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if do := c.advance(until); do != nil {
			do()
			continue
		}
		return ctx.Err()
	}
}

// advance goes on to the next event, or to a time.
func (c *clock) advance(until time.Time) func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.planned) > 0 && !c.planned[0].at.After(until) {
		e := c.planned[0]
		c.planned = c.planned[1:]
		c.now = e.at
		return e.do
	}
	c.now = until
	return nil
}

// after plans something for a time since the start.
func (c *clock) after(d time.Duration, do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.planned = append(c.planned, event{start.Add(d), do})
	slices.SortStableFunc(c.planned, func(a, b event) int { return a.at.Compare(b.at) })
}

func (c *clock) since() time.Duration { return c.Now().Sub(start) }

// world is an embedded AWS on a clock, and a session with it.
type world struct {
	*localaws.Cloud

	t     *testing.T
	clock *clock
	aws   *awsapi.Client
	url   string
	told  []string
}

func newWorld(t *testing.T, o localaws.Options) *world {
	t.Helper()
	return newWorldWithin(t, o, 30*time.Second)
}

// newWorldWithin gives up a call that has no answer after a third of timeout.
func newWorldWithin(t *testing.T, o localaws.Options, timeout time.Duration) *world {
	t.Helper()
	t.Skip("waits for hours until the next commit makes time virtual here")
	c := &clock{now: start}
	o.Now = c.Now
	cloud := localaws.New(o)
	server := httptest.NewServer(cloud)
	t.Cleanup(func() { cloud.Close(); server.Close() })
	environment := map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_ENDPOINT_URL": server.URL,
	}
	client, err := awsapi.Open(t.Context(), awsapi.Options{
		Getenv: func(name string) string { return environment[name] }, Timeout: timeout,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &world{Cloud: cloud, t: t, clock: c, aws: client, url: server.URL}
}

func (w *world) tell(text string) { w.told = append(w.told, w.clock.since().String()+" "+text) }

func (w *world) watcher(h traffic.Health) *traffic.Watcher {
	return traffic.NewWatcher(w.aws, h, w.tell)
}

// begun is a watcher that has begun without a warning.
func (w *world) begun(h traffic.Health) *traffic.Watcher {
	w.t.Helper()
	watcher := w.watcher(h)
	if warnings, err := watcher.Begin(w.t.Context()); err != nil || len(warnings) > 0 {
		w.t.Fatalf("Begin: %q, %v", warnings, err)
	}
	return watcher
}

// served adds invocations of a version behind prod, of which some failed.
func (w *world) served(dimensions map[string]string, at time.Duration, errors, invocations float64) {
	d := map[string]string{"FunctionName": "orders", "Resource": "orders:prod"}
	for name, value := range dimensions {
		d[name] = value
	}
	w.AddMetric(localaws.Metric{Name: "Errors", Dimensions: d, At: start.Add(at), Value: errors})
	w.AddMetric(localaws.Metric{Name: "Invocations", Dimensions: d, At: start.Add(at), Value: invocations})
}

func version(v string) map[string]string { return map[string]string{"ExecutedVersion": v} }

// spoil does f to calls of an operation while the clock is from one time to
// another.
func (w *world) spoil(op string, from, to time.Duration, f localaws.Fault) {
	w.OnCall(func(c localaws.Call) *localaws.Fault {
		if now := w.clock.since(); c.Operation == op && now >= from && now < to {
			return &f
		}
		return nil
	})
}

func (w *world) count(op string) int {
	n := 0
	for _, c := range w.Calls() {
		if c.Operation == op {
			n++
		}
	}
	return n
}

func (w *world) says(want ...string) {
	w.t.Helper()
	if got := strings.Join(w.told, "\n"); got != strings.Join(want, "\n") {
		w.t.Errorf("told:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
}

// took asserts how much of the clock's time is over.
func (w *world) took(want time.Duration) {
	w.t.Helper()
	if got := w.clock.since(); got != want {
		w.t.Errorf("took %s, want %s", got, want)
	}
}

var (
	throttled = localaws.Fault{Status: http.StatusBadRequest, Code: "ThrottlingException", Message: "Rate exceeded"}
	broken    = localaws.Fault{Status: http.StatusInternalServerError, Code: "InternalServiceFault", Message: "An error occurred"}
	dropped   = localaws.Fault{Drop: true}
	lost      = localaws.Fault{DropAfter: true}
	hanging   = localaws.Fault{Hang: true}
	denied    = localaws.Fault{Status: http.StatusBadRequest, Code: "AccessDeniedException", Message: "User: x is not authorized"}
)
