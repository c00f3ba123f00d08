package release_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
	"lambda-release/internal/traffic"
)

// hours is a clock on which sleeping takes no time. onSleep sees every pause,
// counted from 1, before it is over.
type hours struct {
	mu      sync.Mutex
	now     time.Time
	pauses  int
	onSleep func(n int)
}

func newHours() *hours { return &hours{now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)} }

func (h *hours) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hours) Sleep(ctx context.Context, d time.Duration) error {
	h.mu.Lock()
	h.pauses++
	n, hook := h.pauses, h.onSleep
	h.mu.Unlock()
	if hook != nil {
		hook(n)
	}
	h.mu.Lock()
	h.now = h.now.Add(d)
	h.mu.Unlock()
	return ctx.Err()
}

// rollout is a world on such a clock, with prod of some functions at 1 and
// version 2 to be released.
type rollout struct {
	*world
	clock *hours
}

func newRollout(t testing.TB, names ...string) *rollout {
	t.Skip("waits for hours until the next commit makes time virtual here")
	clock := newHours()
	w := newWorld(t, localaws.Options{Now: clock.Now})
	w.rate = 100_000
	for _, fn := range names {
		w.AddFunction(fn)
		w.Publish(fn, "")
		w.SetAlias(fn, localaws.Alias{Name: "prod", Version: "1", Description: "shop [1 | run 1]"})
		w.Upload(fn, "2")
	}
	return &rollout{w, clock}
}

// shift releases as run 500 with a strategy.
func (r *rollout) shift(ctx context.Context, url, strategy string, change func(*release.Request), names ...string) release.Result {
	s, err := traffic.ParseStrategy(strategy)
	if err != nil {
		r.t.Fatal(err)
	}
	getenv := func(name string) string {
		if name == "AWS_ENDPOINT_URL" {
			return url
		}
		return r.getenv(name)
	}
	session, err := awsapi.Open(ctx, awsapi.Options{Getenv: getenv, Timeout: time.Minute, Rate: r.rate})
	if err != nil {
		r.t.Fatal(err)
	}
	req := on(run(500), names...)
	req.Rollout.Strategy = s
	if change != nil {
		change(&req)
	}
	rel := &release.Releaser{AWS: session, Progress: r.log}
	return rel.Release(ctx, req)
}

// state is an alias in a line: `1 {2: 0.1}`.
func (w *world) state(fn string) string {
	a, ok := w.Alias(fn, "prod")
	switch {
	case !ok:
		return "none"
	case len(a.Weights) == 0:
		return a.Version
	}
	return fmt.Sprintf("%s %v", a.Version, a.Weights)
}

// states collects an alias's states, each once.
func (r *rollout) states(fn string) *[]string {
	all := []string{r.state(fn)}
	r.clock.onSleep = func(int) {
		if s := r.state(fn); s != all[len(all)-1] {
			all = append(all, s)
		}
	}
	return &all
}

func alarmed(req *release.Request) { req.Rollout.Health.Alarms = []string{"errors"} }

func TestLinearShift(t *testing.T) {
	t.Parallel()
	r := newRollout(t, "items")
	states := r.states("items")
	begun := r.clock.Now()
	ended(t, r.shift(t.Context(), r.url, "Linear20PercentEvery15Minutes", nil, "items"), release.Released, 2)
	*states = append(*states, r.state("items"))
	want := []string{"1", "1 map[2:0.2]", "1 map[2:0.4]", "1 map[2:0.6]", "1 map[2:0.8]", "2"}
	if diff := cmp.Diff(want, *states); diff != "" {
		t.Error(diff)
	}
	if took := r.clock.Now().Sub(begun); took < time.Hour || took > time.Hour+time.Minute {
		t.Errorf("took %s on the clock", took)
	}
	r.at("items", "prod", "2", "shop [2 < 1 | run 500]")
	for _, line := range []string{"█████", "20 % after 0s of 1h0m0s; 40 % in 15m0s", "80 % after 45m0s of 1h0m0s; 100 % in 15m0s"} {
		if !strings.Contains(r.log.String(), line) {
			t.Errorf("log lacks %q:\n%s", line, r.log)
		}
	}
}

func TestCanaryTakesItsShareOfTheTraffic(t *testing.T) {
	t.Parallel()
	r := newRollout(t, "items")
	served := map[string]int{}
	var mu sync.Mutex
	r.OnInvoke("items", func(i localaws.Invocation) localaws.Answer {
		mu.Lock()
		defer mu.Unlock()
		served[i.Version]++
		return localaws.Answer{Status: 200, Payload: []byte("{}")}
	})
	caller := r.releaser(time.Minute).AWS
	var checked atomic.Bool
	r.clock.onSleep = func(int) {
		if checked.Swap(true) {
			return
		}
		for range 100 {
			if _, err := caller.Invoke(t.Context(), function.ID{Name: "items", Given: "items"}, "prod", []byte("{}")); err != nil {
				t.Error(err)
			}
		}
	}
	ended(t, r.shift(t.Context(), r.url, "Canary25Percent5Minutes", nil, "items"), release.Released, 2)
	if served["1"] != 75 || served["2"] != 25 {
		t.Errorf("at 25 %% of the traffic, of 100 invocations went %v", served)
	}
}

func TestAnAlarmAtAnyMomentTakesTheShiftBack(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		r := newRollout(t, "items", "orders")
		r.SetAlarm("errors", "OK", "")
		raised := false
		r.clock.onSleep = func(pause int) {
			if pause == n {
				r.SetAlarm("errors", "ALARM", "Threshold Crossed: 5 errors")
				raised = true
			}
		}
		res := r.shift(t.Context(), r.url, "Linear40PercentEvery20Seconds", func(req *release.Request) {
			alarmed(req)
			req.Rollout.Bake = 15 * time.Second
		}, "items", "orders")
		if !raised {
			if n < 5 {
				t.Errorf("only %d moments were tried", n)
			}
			ended(t, res, release.Released, 2)
			return
		}
		o := ended(t, res, release.Failed, 2)
		if res.Displaced() || res.Changed() || o.Err == nil || !strings.Contains(o.Err.Error(), "Threshold Crossed: 5 errors") {
			t.Errorf("moment %d: displaced %t, changed %t, error %v", n, res.Displaced(), res.Changed(), o.Err)
		}
		if res.Outcomes[1].Err != nil || res.Outcomes[1].Status != release.Failed {
			t.Errorf("moment %d: the other function: %+v", n, res.Outcomes[1])
		}
		r.at("items", "prod", "1", "shop [1 | left 2 | run 500]")
		r.at("orders", "prod", "1", "shop [1 | left 2 | run 500]")
		// What an alarm took back does not come back by itself.
		r.SetAlarm("errors", "OK", "")
		ended(t, r.release(run(501), "items"), release.Held, 2)
	}
}

func TestCancelAtAnyMomentTakesTheShiftBack(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		r := newRollout(t, "items")
		ctx, cancel := context.WithCancel(t.Context())
		r.clock.onSleep = func(pause int) {
			if pause == n {
				cancel()
			}
		}
		res := r.shift(ctx, r.url, "Linear40PercentEvery20Seconds", nil, "items")
		done := ctx.Err() == nil
		cancel()
		if done {
			ended(t, res, release.Released, 2)
			return
		}
		o := ended(t, res, release.Failed, 2)
		if !awsapi.Is(o.Err, awsapi.Cancelled) || res.Displaced() || res.Changed() {
			t.Errorf("moment %d: %+v", n, o)
		}
		r.at("items", "prod", "1", "shop [1 | run 1]")
		ended(t, r.release(run(501), "items"), release.Released, 2)
	}
}

// mortal serves the first n calls of a process that is killed then: those after
// are never answered. The last call does its work or not.
func mortal(t testing.TB, w *world, n int32, works bool) (url string, dead <-chan struct{}) {
	var calls atomic.Int32
	died, over := make(chan struct{}), make(chan struct{})
	var once sync.Once
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		switch c := calls.Add(1); {
		case c < n:
			w.ServeHTTP(rw, req)
			return
		case c == n && works:
			w.ServeHTTP(httptest.NewRecorder(), req)
		}
		once.Do(func() { close(died) })
		select {
		case <-req.Context().Done():
		case <-over:
		}
	}))
	t.Cleanup(func() { close(over); server.Close() })
	return server.URL, died
}

func TestKilledAtAnyCallOfAShiftAndRunAgain(t *testing.T) {
	t.Parallel()
	const strategy = "Linear40PercentEvery20Seconds"
	for _, works := range []bool{false, true} {
		for n := int32(1); ; n++ {
			r := newRollout(t, "items")
			url, dead := mortal(t, r.world, n, works)
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				r.shift(ctx, url, strategy, nil, "items")
			}()
			killed := false
			select {
			case <-dead:
				killed = true
			case <-done:
			}
			if killed {
				if s := r.state("items"); s != "1" && s != "2" && !strings.HasPrefix(s, "1 map[2:0.") {
					t.Errorf("killed at call %d, prod is at %s", n, s)
				}
				// Another run keeps out while the shift may still be alive.
				if s := r.state("items"); strings.HasPrefix(s, "1 map") {
					o := ended(t, r.shift(t.Context(), r.url, strategy, func(req *release.Request) { req.Run.ID = 501 }, "items"), release.Failed, 2)
					if o.Err == nil || !strings.Contains(o.Err.Error(), "by run 500 is under way") {
						t.Errorf("killed at call %d: %v", n, o.Err)
					}
				}
				o := r.shift(t.Context(), r.url, strategy, func(req *release.Request) { req.Run.Attempt = 2 }, "items").Outcomes[0]
				if o.Status != release.Released && o.Status != release.Unchanged {
					t.Errorf("killed at call %d, run again: %s %v", n, o.Status, o.Err)
				}
				r.at("items", "prod", "2", "shop [2 < 1 | run 500]")
			}
			cancel()
			if !killed {
				if n < 6 {
					t.Errorf("a shift of %d calls", n)
				}
				break
			}
		}
	}
}

func TestALeftoverShiftPastItsDeadlineIsCleared(t *testing.T) {
	t.Parallel()
	r := newRollout(t, "items")
	r.Publish("items", "")
	r.SetAlias("items", localaws.Alias{
		Name: "prod", Version: "1", Weights: map[string]float64{"2": 0.4},
		Description: "shop [1 | shifting to 2 until 2026-11-23T09:59Z | run 400]",
	})
	r.Upload("items", "3")
	states := r.states("items")
	ended(t, r.shift(t.Context(), r.url, "Canary10Percent1Minute", nil, "items"), release.Released, 3)
	want := []string{"1 map[2:0.4]", "1 map[3:0.1]"}
	if diff := cmp.Diff(want, *states); diff != "" {
		t.Error(diff)
	}
	r.at("items", "prod", "3", "shop [3 < 1 | run 500]")
}

func TestTwoShiftsOfOneAlias(t *testing.T) {
	t.Parallel()
	r := newRollout(t, "items")
	var once sync.Once
	r.clock.onSleep = func(int) {
		once.Do(func() {
			r.Upload("items", "3")
			o := ended(t, r.shift(t.Context(), r.url, "Canary10Percent1Minute", func(req *release.Request) { req.Run.ID = 510 }, "items"), release.Failed, 3)
			if o.Err == nil || !strings.Contains(o.Err.Error(), "a shift by run 500 is under way") || o.Displaced {
				t.Errorf("the second shift: %+v", o)
			}
		})
	}
	ended(t, r.shift(t.Context(), r.url, "Linear40PercentEvery20Seconds", nil, "items"), release.Released, 2)
	r.at("items", "prod", "2", "shop [2 < 1 | run 500]")
}

func TestAnAliasTakenDuringAShiftIsLeft(t *testing.T) {
	t.Parallel()
	r := newRollout(t, "items", "orders")
	var once sync.Once
	r.clock.onSleep = func(int) {
		once.Do(func() {
			r.SetAlias("items", localaws.Alias{Name: "prod", Version: "1", Description: "shop [1 | run 777]"})
		})
	}
	res := r.shift(t.Context(), r.url, "Linear40PercentEvery20Seconds", nil, "items", "orders")
	o := ended(t, res, release.Failed, 2)
	if !o.Displaced || o.Err == nil || !strings.Contains(o.Err.Error(), "someone else (run 777) has moved it to 1") {
		t.Errorf("%+v", o)
	}
	r.at("items", "prod", "1", "shop [1 | run 777]")
	r.at("orders", "prod", "1", "shop [1 | run 1]")
}

func TestWhatCannotBeShifted(t *testing.T) {
	t.Parallel()
	const strategy = "Canary10Percent1Minute"
	t.Run("a first release", func(t *testing.T) {
		t.Parallel()
		r := newRollout(t)
		r.AddFunction("items")
		ended(t, r.shift(t.Context(), r.url, strategy, nil, "items"), release.Released, 1)
		if !strings.Contains(r.log.String(), "nothing to shift from") {
			t.Errorf("log:\n%s", r.log)
		}
	})
	t.Run("$LATEST", func(t *testing.T) {
		t.Parallel()
		r := newRollout(t, "items")
		r.SetAlias("items", localaws.Alias{Name: "prod", Version: "$LATEST"})
		o := ended(t, r.shift(t.Context(), r.url, strategy, nil, "items"), release.Failed, 2)
		if !strings.Contains(o.Err.Error(), "$LATEST cannot share an alias") {
			t.Error(o.Err)
		}
	})
	t.Run("another execution role", func(t *testing.T) {
		t.Parallel()
		r := newRollout(t, "items")
		other := "arn:aws:iam::123456789012:role/other"
		api := lambda.New(lambda.Options{
			Region: "eu-central-1", BaseEndpoint: &r.url, Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", ""),
		})
		if _, err := api.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("items"), Role: &other}); err != nil {
			t.Fatal(err)
		}
		o := ended(t, r.shift(t.Context(), r.url, strategy, nil, "items"), release.Failed, 2)
		if !strings.Contains(o.Err.Error(), "differ in their execution role") || !strings.Contains(o.Err.Error(), "AllAtOnce") {
			t.Error(o.Err)
		}
		r.at("items", "prod", "1", "shop [1 | run 1]")
	})
	t.Run("missing alarms", func(t *testing.T) {
		t.Parallel()
		r := newRollout(t, "items")
		res := r.shift(t.Context(), r.url, strategy, alarmed, "items")
		if o := ended(t, res, release.Failed, release.None); !res.Refused || !strings.Contains(o.Err.Error(), "errors") {
			t.Errorf("refused %t: %v", res.Refused, o.Err)
		}
		if got := r.operations(); got != "DescribeAlarms" {
			t.Errorf("called %s", got)
		}
	})
	t.Run("longer than the credentials last", func(t *testing.T) {
		t.Parallel()
		r := newRollout(t, "items")
		r.session = "token"
		res := r.shift(t.Context(), r.url, "Linear10PercentEvery10Minutes", nil, "items")
		if o := ended(t, res, release.Failed, release.None); !res.Refused || !strings.Contains(o.Err.Error(), "role-to-assume") {
			t.Errorf("refused %t: %v", res.Refused, o.Err)
		}
		ended(t, r.shift(t.Context(), r.url, strategy, nil, "items"), release.Released, 2)
	})
}

func TestProvisionedConcurrencyIsMovedByAWSItself(t *testing.T) {
	t.Parallel()
	t.Skip("waits for hours until the next commit makes time virtual here")
	clock := newHours()
	w := newWorld(t, localaws.Options{Now: clock.Now, Settle: 30 * time.Second})
	r := &rollout{w, clock}
	w.AddFunction("items")
	w.Publish("items", "")
	w.SetAlias("items", localaws.Alias{Name: "prod", Version: "1", Description: "shop [1 | run 1]"})
	if err := w.ProvisionConcurrency("items", "prod"); err != nil {
		t.Fatal(err)
	}
	w.Upload("items", "2")
	ended(t, r.shift(t.Context(), r.url, "AllAtOnce", nil, "items"), release.Released, 2)
	if !strings.Contains(w.log.String(), "AWS is moving the provisioned concurrency") {
		t.Errorf("not waited for:\n%s", w.log)
	}
	ended(t, r.shift(t.Context(), r.url, "AllAtOnce", nil, "items"), release.Unchanged, 2)
}

// The last write of a shift lands, is never confirmed, and cannot be looked
// for: then the undo finds out, and puts back what it finds.
func TestALastStepThatLandsUnseenIsPutBack(t *testing.T) {
	t.Parallel()
	r := newRollout(t, "items")
	var mu sync.Mutex
	updates := 0
	r.OnCall(func(c localaws.Call) *localaws.Fault {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case c.Operation == "UpdateAlias":
			updates++
			if updates >= 2 && updates <= 6 { // the last step and its retries
				return &localaws.Fault{DropAfter: true}
			}
		case c.Operation == "GetAlias" && updates >= 2 && updates <= 6:
			return &localaws.Fault{Status: http.StatusForbidden, Code: "AccessDeniedException", Message: "not now"}
		}
		return nil
	})
	res := r.shift(t.Context(), r.url, "Canary10Percent1Minute", nil, "items")
	o := ended(t, res, release.Failed, 2)
	if o.Displaced || o.Changed() {
		t.Errorf("displaced %t, changed %t: %s, %v", o.Displaced, o.Changed(), o.Reason, o.Err)
	}
	r.at("items", "prod", "1", "shop [1 | run 1]")
}
