package rollout_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"lambda-release/internal/analysis"
	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
	"lambda-release/internal/rollout"
)

// world is an embedded AWS in memory, and a session with it. It is for a
// bubble, in which its time is virtual.
type world struct {
	*localaws.Cloud

	t        *testing.T
	loopback *localaws.Loopback
	start    time.Time // not a whole minute, as times mostly are not
	aws      *awsapi.Client
	told     []string
	progress []string
}

const endpoint = "http://localhost"

func newWorld(t *testing.T, o localaws.Options) *world {
	t.Helper()
	time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(time.Minute + 20*time.Second)))
	cloud := localaws.New(o)
	loopback := localaws.NewLoopback(cloud)
	t.Cleanup(func() { cloud.Close(); loopback.Close() })
	environment := map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_ENDPOINT_URL": endpoint,
	}
	client, err := awsapi.Open(t.Context(), awsapi.Options{
		Getenv: func(name string) string { return environment[name] }, Timeout: 30 * time.Second, Dial: loopback.Dial,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &world{Cloud: cloud, t: t, loopback: loopback, start: time.Now(), aws: client}
}

func (w *world) since() time.Duration { return time.Since(w.start) }

// after plans something for a time since the start, just before all else that
// happens then.
func (w *world) after(d time.Duration, do func()) {
	time.AfterFunc(d-w.since()-time.Nanosecond, do)
}

// tell remembers the lines of the log, those of the progress by themselves.
func (w *world) tell(text string) {
	line := w.since().String() + " " + text
	if strings.HasPrefix(text, "█") || strings.HasPrefix(text, "░") {
		w.progress = append(w.progress, line)
		return
	}
	w.told = append(w.told, line)
}

func (w *world) watcher(h rollout.Health) *rollout.Watcher {
	return rollout.NewWatcher(w.aws, h, w.tell)
}

// begun is a watcher that has begun without a warning.
func (w *world) begun(h rollout.Health) *rollout.Watcher {
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
	w.AddMetric(localaws.Metric{Name: "Errors", Dimensions: d, At: w.start.Add(at), Value: errors})
	w.AddMetric(localaws.Metric{Name: "Invocations", Dimensions: d, At: w.start.Add(at), Value: invocations})
}

// judging is to judge by checks, one a line.
func judging(checks string) rollout.Health {
	parsed, err := analysis.Parse(checks)
	if err != nil {
		panic(err)
	}
	return rollout.Health{Analysis: rollout.Analysis{Checks: parsed, MinInvocations: 20}}
}

// stage is the last one of a rollout since the start of the world.
func (w *world) stage(served []rollout.Served, percent int, d time.Duration) rollout.Stage {
	return rollout.Stage{Served: served, Percent: percent, Began: w.start, Hold: d, Last: true}
}

func version(v string) map[string]string { return map[string]string{"ExecutedVersion": v} }

// spoil does f to calls of an operation from one time since the start to another.
func (w *world) spoil(op string, from, to time.Duration, f localaws.Fault) {
	w.OnCall(func(c localaws.Call) *localaws.Fault {
		if now := w.since(); c.Operation == op && now >= from && now < to {
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

// took asserts how much time is over.
func (w *world) took(want time.Duration) {
	w.t.Helper()
	if got := w.since().Round(time.Millisecond); got != want {
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
