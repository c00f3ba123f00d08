package release_test

import (
	"cmp"
	"context"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
	"lambda-release/internal/rollout"
)

const endpoint = "http://localhost"

// What the tests know of versions, rollouts and functions goes by these names.
type version = alias.Version

const (
	none   = alias.None
	latest = alias.Latest
)

var parseVersion = alias.ParseVersion

// world is an embedded AWS in memory, and Releasers that talk to it.
type world struct {
	*localaws.Cloud

	t    testing.TB
	dial func(ctx context.Context, network, addr string) (net.Conn, error)
	rate float64 // the client's, 0 for AWS's
	log  *facts

	session string // AWS_SESSION_TOKEN
}

func newWorld(t testing.TB, o localaws.Options) *world {
	t.Helper()
	cloud := localaws.New(o)
	loopback := localaws.NewLoopback(cloud)
	t.Cleanup(func() { cloud.Close(); loopback.Close() })
	return &world{Cloud: cloud, t: t, dial: loopback.Dial, log: &facts{}}
}

// Alias, Versions and Aliases are those of localaws, and of a function that does not exist
// nothing.
func (w *world) Alias(fn, name string) (localaws.Alias, bool) {
	if !w.exists(fn) {
		return localaws.Alias{}, false
	}
	return w.Cloud.Alias(fn, name)
}

func (w *world) Versions(fn string) []string {
	if !w.exists(fn) {
		return nil
	}
	return w.Cloud.Versions(fn)
}

func (w *world) Aliases(fn string) []localaws.Alias {
	if !w.exists(fn) {
		return nil
	}
	return w.Cloud.Aliases(fn)
}

func (w *world) exists(fn string) bool { return slices.Contains(w.Functions(), fn) }

// getenv leads nowhere that is not dialled in memory.
func (w *world) getenv(name string) string {
	return map[string]string{
		"AWS_REGION":            "eu-central-1",
		"AWS_ACCESS_KEY_ID":     "AKIAEXAMPLE",
		"AWS_SECRET_ACCESS_KEY": "secret",
		"AWS_SESSION_TOKEN":     w.session,
		"AWS_ENDPOINT_URL":      endpoint,
	}[name]
}

// releaser has a session of its own, like a process of its own. timeout is
// the job's, as it bounds how long one answer may take.
func (w *world) releaser(timeout time.Duration) *release.Releaser {
	w.t.Helper()
	aws, err := awsapi.Open(w.t.Context(), awsapi.Options{Getenv: w.getenv, Timeout: timeout, Rate: w.rate, Dial: w.dial})
	if err != nil {
		w.t.Fatal(err)
	}
	return &release.Releaser{AWS: aws, Progress: w.log, Getenv: w.getenv}
}

// release runs a release as run id, of all functions in names.
func (w *world) release(req release.Request, names ...string) release.Result {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	return w.releaser(20*time.Second).Run(ctx, on(req, names...))
}

// as is a request for an operation.
func as(op release.Operation, req release.Request) release.Request {
	req.Operation = op
	return req
}

// on is a request for functions: to release to prod, unless it says otherwise.
func on(req release.Request, names ...string) release.Request {
	req.Operation = cmp.Or(req.Operation, release.Release)
	if req.Alias == "" {
		req.Alias = "prod"
	}
	for _, name := range names {
		req.Functions = append(req.Functions, function.ID{Name: name, Given: name})
	}
	return req
}

// shifting is a request to shift the traffic by a strategy.
func shifting(req *release.Request, strategy string) {
	s, err := rollout.ParseStrategy(strategy)
	if err != nil {
		panic(err)
	}
	req.Rollout.Strategy = s
}

// alarmed makes the alarm errors take the shift back.
func alarmed(req *release.Request) { req.Rollout.Health.Alarms = []string{"errors"} }

// baking watches on when all of the traffic has been shifted.
func baking(req *release.Request, d time.Duration) { req.Rollout.Bake = d }

func run(id uint64) release.Request {
	return release.Request{Run: release.Run{ID: id, Attempt: 1, Ref: "main", SHA: "1a2b3c4d5e6f"}}
}

// operations are the calls since the last reset, in order of arrival.
func (w *world) operations() string {
	var ops []string
	for _, c := range w.Calls() {
		ops = append(ops, c.Operation)
	}
	return strings.Join(ops, " ")
}

// at asserts where an alias is and what its description says.
func (w *world) at(fn, name, version, description string) {
	w.t.Helper()
	a, ok := w.Alias(fn, name)
	if !ok {
		w.t.Errorf("%s:%s does not exist", fn, name)
		return
	}
	if a.Version != version || a.Description != description || len(a.Weights) > 0 {
		w.t.Errorf("%s:%s is at %s %v, described %q; want %s, %q", fn, name, a.Version, a.Weights, a.Description, version, description)
	}
}

// ended asserts the first outcome and returns it.
func ended(t testing.TB, res release.Result, status release.Status, version version) release.Outcome {
	t.Helper()
	o := res.Outcomes[0]
	if o.Status != status || o.Version != version {
		t.Errorf("ended %s with version %q, want %s, %q; reason %q, error %v", o.Status, o.Version, status, version, o.Reason, o.Err)
	}
	return o
}

// facts is a Progress that remembers.
type facts struct {
	mu    sync.Mutex
	lines []string
}

func (f *facts) Phase(name string)          { f.add("== " + name) }
func (f *facts) Fact(function, text string) { f.add(function + ": " + text) }

func (f *facts) add(line string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lines = append(f.lines, line)
}

func (f *facts) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.lines, "\n")
}
