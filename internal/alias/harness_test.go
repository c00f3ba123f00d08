package alias_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
	"lambda-release/internal/localaws"
)

var (
	denied     = localaws.Fault{Status: http.StatusForbidden, Code: "AccessDeniedException", Message: "User: x is not authorized"}
	inProgress = localaws.Fault{Status: http.StatusConflict, Code: "ResourceConflictException", Message: "An update is in progress"}
	noRevision = localaws.Fault{Status: http.StatusPreconditionFailed, Code: "PreconditionFailedException", Message: "The Revision Id provided does not match"}
	notFound   = localaws.Fault{Status: http.StatusNotFound, Code: "ResourceNotFoundException", Message: "Function not found: arn:2"}
	cut        = localaws.Fault{Garble: localaws.GarbleCut}
	dropped    = localaws.Fault{Drop: true}
	answerLost = localaws.Fault{DropAfter: true}
	stale      = localaws.Fault{Stale: true}
	hangs      = localaws.Fault{Hang: true}
)

const forever = 1 << 30

// run is the run of the Editor in the tests.
var run = alias.Run{ID: 500}

// rig is an Editor of prod of the function items, which has the versions 1 to 3,
// and prod at 1. Prod has been at 1 with another revision, which a stale read shows.
type rig struct {
	*localaws.Cloud
	*alias.Editor

	t    *testing.T
	log  []string
	mu   sync.Mutex
	seen map[string]int // calls by operation
	when []event
}

// event is something that happens at the n-th call of an operation: to the call,
// or before or after its work.
type event struct {
	op          string
	first, last int
	fault       localaws.Fault
	before      func()
	after       func()
}

// bubble runs a test of prod at 1, or of no prod.
func bubble(t *testing.T, f func(*rig)) { inBubble(t, localaws.Options{}, "items", true, f) }

func bubbleWithout(t *testing.T, f func(*rig)) { inBubble(t, localaws.Options{}, "items", false, f) }

func inBubble(t *testing.T, o localaws.Options, given string, exists bool, f func(*rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cloud := localaws.New(o)
		loopback := localaws.NewLoopback(cloud)
		t.Cleanup(func() { cloud.Close(); loopback.Close() })
		cloud.AddFunction("items")
		for _, code := range []string{"1", "2", "3"} {
			cloud.Upload("items", code)
			cloud.Publish("items", "")
		}
		r := &rig{Cloud: cloud, t: t, seen: map[string]int{}}
		if exists {
			r.put("1", "text [1 | run 1]")
			r.put("1", "text [1 | run 1]")
		}
		aws, err := awsapi.Open(t.Context(), awsapi.Options{Timeout: time.Minute, Dial: loopback.Dial, Getenv: func(name string) string {
			return map[string]string{
				"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_ENDPOINT_URL": "http://localhost",
			}[name]
		}})
		if err != nil {
			t.Fatal(err)
		}
		fn, err := function.Parse(given)
		if err != nil {
			t.Fatal(err)
		}
		r.Editor = alias.NewEditor(aws, fn, "prod", run, func(text string) { r.log = append(r.log, text) })
		if err := r.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
		cloud.ResetCalls()
		cloud.OnCall(r.arrived)
		cloud.AfterCall(r.carriedOut)
		f(r)
		if t.Failed() {
			t.Logf("calls: %s\nlog: %s", r.calls(), strings.Join(r.log, "\n"))
		}
	})
}

// put makes prod what another run, or a person, makes of it.
func (r *rig) put(version, description string) {
	r.SetAlias("items", localaws.Alias{Name: "prod", Version: version, Description: description})
}

// spoil does f to the calls of an operation from the first to the last, counted
// from 1.
func (r *rig) spoil(op string, first, last int, f localaws.Fault) {
	r.when = append(r.when, event{op: op, first: first, last: last, fault: f})
}

// before and after let something happen at the n-th call of an operation.
func (r *rig) before(op string, n int, do func()) {
	r.when = append(r.when, event{op: op, first: n, last: n, before: do})
}

func (r *rig) after(op string, n int, do func()) {
	r.when = append(r.when, event{op: op, first: n, last: n, after: do})
}

func (r *rig) arrived(c localaws.Call) *localaws.Fault {
	r.mu.Lock()
	r.seen[c.Operation]++
	n := r.seen[c.Operation]
	r.mu.Unlock()
	var fault *localaws.Fault
	for _, e := range r.when {
		if e.op != c.Operation || n < e.first || n > e.last {
			continue
		}
		if e.before != nil {
			e.before()
		}
		if e.fault != (localaws.Fault{}) {
			fault = &e.fault
		}
	}
	return fault
}

func (r *rig) carriedOut(c localaws.Call) {
	for _, e := range r.when {
		if e.op == c.Operation && e.after != nil && c.Attempt == e.first {
			e.after()
		}
	}
}

// calls are the operations in order; several of one in a row are counted.
func (r *rig) calls() string {
	var all []string
	for _, c := range r.Calls() {
		all = append(all, c.Operation)
	}
	return strings.Join(all, " ")
}

// move writes prod to v in a job of a minute.
func (r *rig) move(v alias.Version) error { return r.moveIn(time.Minute, v) }

func (r *rig) moveIn(d time.Duration, v alias.Version) error {
	ctx, cancel := context.WithTimeout(awsapi.Job(r.t.Context(), 1), d)
	defer cancel()
	return r.Write(ctx, r.to(v))
}

// to is the change of prod to v.
func (r *rig) to(v alias.Version) alias.Change {
	s := r.Current()
	return alias.Change{Version: v, Text: s.Text, History: s.ActualHistory().Moved(v, run)}
}

// mustMove moves prod to v, and counts calls from here on.
func (r *rig) mustMove(v alias.Version) {
	r.t.Helper()
	when := r.when
	r.when = nil
	if err := r.move(v); err != nil {
		r.t.Fatal(err)
	}
	r.when, r.seen = when, map[string]int{}
	r.ResetCalls()
}

// undo is Undo of one alias after a job.
func (r *rig) undo(left alias.Version) (alias.Standing, error) {
	ctx, cancel := alias.UndoContext(r.t.Context(), 1)
	defer cancel()
	return r.Undo(ctx, left)
}

// stands asserts how the alias stands, and where the Editor has it.
func (r *rig) stands(s alias.Standing, now string) {
	r.t.Helper()
	if r.Standing() != s || r.Now().String() != now {
		r.t.Errorf("standing %d at %s, want %d at %s", r.Standing(), r.Now(), s, now)
	}
}

// is asserts what prod really is: `2 text [2 < 1 | run 500]`, or "".
func (r *rig) is(want string) {
	r.t.Helper()
	got := ""
	if a, ok := r.Alias("items", "prod"); ok {
		if got = a.Version + " " + a.Description; len(a.Weights) > 0 {
			got += " with weights"
		}
	}
	if got != want {
		r.t.Errorf("prod is %q, want %q", got, want)
	}
}

// called asserts the calls.
func (r *rig) called(want string) {
	r.t.Helper()
	if got := r.calls(); got != want {
		r.t.Errorf("called %s, want %s", got, want)
	}
}

// paced asserts at most one call in two seconds after the first four.
func (r *rig) paced() {
	r.t.Helper()
	calls := r.Calls()
	for i, c := range calls {
		if since := c.Start.Sub(calls[0].Start); float64(i+1) > 4+since.Seconds()/2 {
			r.t.Errorf("%d calls after %s", i+1, since)
		}
	}
}

// lost asserts a LostError that names who was first.
func lost(t *testing.T, err error, by string) {
	t.Helper()
	e, ok := errors.AsType[*alias.LostError](err)
	if !ok || e.By != by {
		t.Errorf("error %v, want one that %s was first", err, by)
	}
}

// said asserts that a text has all of these.
func said(t *testing.T, text string, parts ...string) {
	t.Helper()
	if i := slices.IndexFunc(parts, func(p string) bool { return !strings.Contains(text, p) }); i >= 0 {
		t.Errorf("%q does not say %q", text, parts[i])
	}
}

// noError asserts that there is none.
func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// kind asserts the kind of an error of a call.
func kind(t *testing.T, err error, want awsapi.Kind) {
	t.Helper()
	if !awsapi.Is(err, want) {
		t.Errorf("error %v, want kind %d", err, want)
	}
}
