package release_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
)

// shopRollout is a world with prod of some functions at 1 and version 2 to be released.
type shopRollout struct{ *world }

func newRollout(t testing.TB, names ...string) *shopRollout {
	w := newWorld(t, localaws.Options{})
	for _, fn := range names {
		w.AddFunction(fn)
		w.Publish(fn, "")
		w.SetAlias(fn, localaws.Alias{Name: "prod", Version: "1", Description: "shop [1 | run 1]"})
		w.Upload(fn, "2")
	}
	return &shopRollout{w}
}

// shift releases as run 500 with a strategy.
func (r *shopRollout) shift(ctx context.Context, strategy string, change func(*release.Request), names ...string) release.Result {
	req := on(run(500), names...)
	shifting(&req, strategy)
	if change != nil {
		change(&req)
	}
	return r.releaser(time.Minute).Run(ctx, req)
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

// states collects an alias's states every second, each once, until it is asked
// for them.
func (r *shopRollout) states(fn string) (collected func() []string) {
	all := []string{r.state(fn)}
	note := func() {
		if s := r.state(fn); s != all[len(all)-1] {
			all = append(all, s)
		}
	}
	enough, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				note()
			case <-enough:
				return
			}
		}
	}()
	return func() []string {
		close(enough)
		<-over
		note()
		return all
	}
}

func TestLinearShift(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRollout(t, "items")
		states := r.states("items")
		begun := time.Now()
		ended(t, r.shift(t.Context(), "Linear20PercentEvery15Minutes", nil, "items"), release.Released, 2)
		took := time.Since(begun)
		want := []string{"1", "1 map[2:0.2]", "1 map[2:0.4]", "1 map[2:0.6]", "1 map[2:0.8]", "2"}
		if diff := cmp.Diff(want, states()); diff != "" {
			t.Error(diff)
		}
		if took != time.Hour {
			t.Errorf("took %s", took)
		}
		r.at("items", "prod", "2", "shop [2 < 1 | run 500]")
		for _, line := range []string{"█████", "20 % after 0s of 1h; 40 % in 15m", "80 % after 45m of 1h; 100 % in 15m"} {
			if !strings.Contains(r.log.String(), line) {
				t.Errorf("log lacks %q:\n%s", line, r.log)
			}
		}
	})
}

// An hour and a half, in which a call is never answered, takes milliseconds.
func TestALongShiftOutlivesAHungCall(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]localaws.Fault{
		"never carried out":                  {Hang: true},
		"carried out, and answered too late": {Delay: 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRollout(t, "items")
				r.OnCall(func(c localaws.Call) *localaws.Fault {
					if c.Operation == "UpdateAlias" && c.Attempt == 5 {
						return &fault
					}
					return nil
				})
				states := r.states("items")
				begun := time.Now()
				ended(t, r.shift(t.Context(), "Linear10PercentEvery10Minutes", nil, "items"), release.Released, 2)
				// A call is given up after 20 seconds, and tried again soon.
				if took := time.Since(begun) - 90*time.Minute; took < 20*time.Second || took > 21*time.Second {
					t.Errorf("took %s longer than 90 minutes", took)
				}
				want := []string{"1"}
				for step := 1; step < 10; step++ {
					want = append(want, fmt.Sprintf("1 map[2:%g]", float64(step)/10))
				}
				if diff := cmp.Diff(append(want, "2"), states()); diff != "" {
					t.Error(diff)
				}
				r.at("items", "prod", "2", "shop [2 < 1 | run 500]")
			})
		})
	}
}

func TestCanaryTakesItsShareOfTheTraffic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
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
		time.AfterFunc(time.Minute, func() {
			for range 100 {
				if _, err := caller.Invoke(t.Context(), function.ID{Name: "items", Given: "items"}, "prod", []byte("{}"), func(string) {}); err != nil {
					t.Error(err)
				}
			}
		})
		ended(t, r.shift(t.Context(), "Canary25Percent5Minutes", nil, "items"), release.Released, 2)
		if served["1"] != 75 || served["2"] != 25 {
			t.Errorf("at 25 %% of the traffic, of 100 invocations went %v", served)
		}
	})
}

// moments are times between what a shift of Linear40PercentEvery20Seconds does.
func moments(end time.Duration) iter.Seq[time.Duration] {
	return func(yield func(time.Duration) bool) {
		for at := 500 * time.Millisecond; at < end; at += 2500 * time.Millisecond {
			if !yield(at) {
				return
			}
		}
	}
}

func TestAnAlarmAtAnyMomentTakesTheShiftBack(t *testing.T) {
	t.Parallel()
	for at := range moments(time.Minute) {
		synctest.Test(t, func(t *testing.T) {
			r := newRollout(t, "items", "orders")
			r.SetAlarm("errors", "OK", "")
			begun := time.Now()
			alarm := time.AfterFunc(at, func() { r.SetAlarm("errors", "ALARM", "Threshold Crossed: 5 errors") })
			res := r.shift(t.Context(), "Linear40PercentEvery20Seconds", func(req *release.Request) {
				alarmed(req)
				baking(req, 15*time.Second)
			}, "items", "orders")
			if alarm.Stop() {
				if took := time.Since(begun); took != 55*time.Second {
					t.Errorf("took %s", took)
				}
				ended(t, res, release.Released, 2)
				return
			}
			o := ended(t, res, release.Failed, 2)
			if took := time.Since(begun) - at; took > 5*time.Second {
				t.Errorf("an alarm after %s was heeded %s later", at, took)
			}
			if res.NotAsItWas() || res.Changed() || o.Err == nil || !strings.Contains(o.Err.Error(), "Threshold Crossed: 5 errors") {
				t.Errorf("after %s: displaced %t, changed %t, error %v", at, res.NotAsItWas(), res.Changed(), o.Err)
			}
			if res.Outcomes[1].Err != nil || res.Outcomes[1].Status != release.Failed {
				t.Errorf("after %s: the other function: %+v", at, res.Outcomes[1])
			}
			r.at("items", "prod", "1", "shop [1 | left 2 | run 500]")
			r.at("orders", "prod", "1", "shop [1 | left 2 | run 500]")
			// What an alarm took back does not come back by itself.
			r.SetAlarm("errors", "OK", "")
			ended(t, r.release(run(501), "items"), release.Held, 2)
		})
	}
}

func TestCancelAtAnyMomentTakesTheShiftBack(t *testing.T) {
	t.Parallel()
	for at := range moments(45 * time.Second) {
		synctest.Test(t, func(t *testing.T) {
			r := newRollout(t, "items")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			time.AfterFunc(at, cancel)
			res := r.shift(ctx, "Linear40PercentEvery20Seconds", nil, "items")
			if ctx.Err() == nil {
				ended(t, res, release.Released, 2)
				return
			}
			o := ended(t, res, release.Failed, 2)
			if !awsapi.Is(o.Err, awsapi.Cancelled) || res.NotAsItWas() || res.Changed() {
				t.Errorf("after %s: %+v", at, o)
			}
			r.at("items", "prod", "1", "shop [1 | run 1]")
			ended(t, r.release(run(501), "items"), release.Released, 2)
		})
	}
}

// mortal is the world of a process that is killed at its n-th call: that and
// those after it are never answered. The n-th does its work or not.
func mortal(w *world, n int32, works bool) (of *world, dead <-chan struct{}) {
	var calls atomic.Int32
	died, over := make(chan struct{}), make(chan struct{})
	var once sync.Once
	loopback := localaws.NewLoopback(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
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
	w.t.Cleanup(func() { close(over); loopback.Close() })
	its := *w
	its.dial = loopback.Dial
	return &its, died
}

func TestKilledAtAnyCallOfAShiftAndRunAgain(t *testing.T) {
	t.Parallel()
	for _, works := range []bool{false, true} {
		n, killed := int32(0), true
		for killed {
			n++
			synctest.Test(t, func(t *testing.T) { killed = killedShift(t, n, works) })
		}
		if n < 6 {
			t.Errorf("a shift of %d calls", n)
		}
	}
}

// killedShift reports whether a shift made so many calls as to be killed at the n-th.
func killedShift(t *testing.T, n int32, works bool) bool {
	const strategy = "Linear40PercentEvery20Seconds"
	r := newRollout(t, "items")
	its, dead := mortal(r.world, n, works)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		(&shopRollout{its}).shift(ctx, strategy, nil, "items")
	}()
	defer func() { cancel(); <-done }()
	select {
	case <-dead:
	case <-done:
		return false
	}
	s := r.state("items")
	if s != "1" && s != "2" && !strings.HasPrefix(s, "1 map[2:0.") {
		t.Errorf("killed at call %d, prod is at %s", n, s)
	}
	// Another run keeps out while the shift may still be alive.
	if strings.HasPrefix(s, "1 map") {
		o := ended(t, r.shift(t.Context(), strategy, func(req *release.Request) { req.Run.ID = 501 }, "items"), release.Failed, 2)
		if o.Err == nil || !strings.Contains(o.Err.Error(), "by run 500 is under way") {
			t.Errorf("killed at call %d: %v", n, o.Err)
		}
	}
	o := r.shift(t.Context(), strategy, func(req *release.Request) { req.Run.Attempt = 2 }, "items").Outcomes[0]
	if o.Status != release.Released && o.Status != release.Unchanged {
		t.Errorf("killed at call %d, run again: %s %v", n, o.Status, o.Err)
	}
	r.at("items", "prod", "2", "shop [2 < 1 | run 500]")
	return true
}

func TestALeftoverShiftPastItsDeadlineIsCleared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRollout(t, "items")
		r.Publish("items", "")
		r.SetAlias("items", localaws.Alias{
			Name: "prod", Version: "1", Weights: map[string]float64{"2": 0.4},
			Description: "shop [1 | shifting to 2 until " + time.Now().Add(-time.Minute).UTC().Format("2006-01-02T15:04Z") + " | run 400]",
		})
		r.Upload("items", "3")
		states := r.states("items")
		ended(t, r.shift(t.Context(), "Canary10Percent1Minute", nil, "items"), release.Released, 3)
		want := []string{"1 map[2:0.4]", "1 map[3:0.1]", "3"}
		if diff := cmp.Diff(want, states()); diff != "" {
			t.Error(diff)
		}
		r.at("items", "prod", "3", "shop [3 < 1 | run 500]")
	})
}

func TestTwoShiftsOfOneAlias(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRollout(t, "items")
		time.AfterFunc(time.Second, func() {
			r.Upload("items", "3")
			o := ended(t, r.shift(t.Context(), "Canary10Percent1Minute", func(req *release.Request) { req.Run.ID = 510 }, "items"), release.Failed, 3)
			if o.Err == nil || !strings.Contains(o.Err.Error(), "a traffic shift by run 500 is under way") || o.NotAsItWas {
				t.Errorf("the second shift: %+v", o)
			}
		})
		ended(t, r.shift(t.Context(), "Linear40PercentEvery20Seconds", nil, "items"), release.Released, 2)
		r.at("items", "prod", "2", "shop [2 < 1 | run 500]")
	})
}

func TestAnAliasTakenDuringAShiftIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRollout(t, "items", "orders")
		time.AfterFunc(time.Second, func() {
			r.SetAlias("items", localaws.Alias{Name: "prod", Version: "1", Description: "shop [1 | run 777]"})
		})
		res := r.shift(t.Context(), "Linear40PercentEvery20Seconds", nil, "items", "orders")
		o := ended(t, res, release.Failed, 2)
		if o.NotAsItWas || o.Err == nil || !strings.Contains(o.Err.Error(), "run 777 has moved it to 1") {
			t.Errorf("%+v", o)
		}
		r.at("items", "prod", "1", "shop [1 | run 777]")
		r.at("orders", "prod", "1", "shop [1 | run 1]")
	})
}

func TestWhatCannotBeShifted(t *testing.T) {
	t.Parallel()
	const strategy = "Canary10Percent1Minute"
	t.Run("a first release", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			r := newRollout(t)
			r.AddFunction("items")
			ended(t, r.shift(t.Context(), strategy, nil, "items"), release.Released, 1)
			if !strings.Contains(r.log.String(), "nothing to shift from") {
				t.Errorf("log:\n%s", r.log)
			}
		})
	})
	t.Run("$LATEST", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			r := newRollout(t, "items")
			r.SetAlias("items", localaws.Alias{Name: "prod", Version: "$LATEST"})
			o := ended(t, r.shift(t.Context(), strategy, nil, "items"), release.Failed, 2)
			if !strings.Contains(o.Err.Error(), "AWS does not let $LATEST share an alias") {
				t.Error(o.Err)
			}
		})
	})
	t.Run("another execution role", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			r := newRollout(t, "items")
			other := "arn:aws:iam::123456789012:role/other"
			api := lambda.New(lambda.Options{
				Region: "eu-central-1", BaseEndpoint: aws.String(endpoint), HTTPClient: &http.Client{Transport: &http.Transport{DialContext: r.dial}},
				Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", ""),
			})
			if _, err := api.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("items"), Role: &other}); err != nil {
				t.Fatal(err)
			}
			o := ended(t, r.shift(t.Context(), strategy, nil, "items"), release.Failed, 2)
			if !strings.Contains(o.Err.Error(), "differ in their execution role") || !strings.Contains(o.Err.Error(), "AllAtOnce") {
				t.Error(o.Err)
			}
			r.at("items", "prod", "1", "shop [1 | run 1]")
		})
	})
	t.Run("missing alarms", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			r := newRollout(t, "items")
			res := r.shift(t.Context(), strategy, alarmed, "items")
			if o := ended(t, res, release.Failed, none); !res.Refused || !strings.Contains(o.Err.Error(), "errors") {
				t.Errorf("refused %t: %v", res.Refused, o.Err)
			}
			if got := r.operations(); got != "DescribeAlarms" {
				t.Errorf("called %s", got)
			}
		})
	})
	t.Run("longer than the credentials last", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			r := newRollout(t, "items")
			r.session = "token"
			res := r.shift(t.Context(), "Linear10PercentEvery10Minutes", nil, "items")
			if o := ended(t, res, release.Failed, none); !res.Refused || !strings.Contains(o.Err.Error(), "role-to-assume") {
				t.Errorf("refused %t: %v", res.Refused, o.Err)
			}
			ended(t, r.shift(t.Context(), strategy, nil, "items"), release.Released, 2)
		})
	})
}

func TestProvisionedConcurrencyIsMovedByAWSItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{Settle: 30 * time.Second})
		r := &shopRollout{w}
		w.AddFunction("items")
		w.Publish("items", "")
		w.SetAlias("items", localaws.Alias{Name: "prod", Version: "1", Description: "shop [1 | run 1]"})
		if err := w.ProvisionConcurrency("items", "prod"); err != nil {
			t.Fatal(err)
		}
		w.Upload("items", "2")
		ended(t, r.shift(t.Context(), "AllAtOnce", nil, "items"), release.Released, 2)
		if !strings.Contains(w.log.String(), "AWS is moving the provisioned concurrency") {
			t.Errorf("not waited for:\n%s", w.log)
		}
		ended(t, r.shift(t.Context(), "AllAtOnce", nil, "items"), release.Unchanged, 2)
	})
}

// The last write of a shift lands, is never confirmed, and cannot be looked
// for: then the undo finds out, and puts back what it finds.
func TestALastStepThatLandsUnseenIsPutBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
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
		res := r.shift(t.Context(), "Canary10Percent1Minute", nil, "items")
		o := ended(t, res, release.Failed, 2)
		if o.NotAsItWas || o.Changed() {
			t.Errorf("displaced %t, changed %t: %s, %v", o.NotAsItWas, o.Changed(), o.Reason, o.Err)
		}
		r.at("items", "prod", "1", "shop [1 | run 1]")
	})
}

// A person's new text is no reason to give a shift up, and stays.
func TestATextEditedDuringAShiftStays(t *testing.T) {
	t.Parallel()
	edit := func(r *shopRollout) {
		a, _ := r.Alias("items", "prod")
		a.Description = "the new shop" + strings.TrimPrefix(a.Description, "shop")
		r.SetAlias("items", a)
	}
	for _, alarm := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := newRollout(t, "items")
			r.SetAlarm("errors", "OK", "")
			time.AfterFunc(30*time.Second+time.Millisecond, func() { edit(r) })
			if alarm {
				time.AfterFunc(50*time.Second+time.Millisecond, func() { r.SetAlarm("errors", "ALARM", "Threshold Crossed") })
			}
			res := r.shift(t.Context(), "Linear40PercentEvery1Minute", alarmed, "items")
			if alarm {
				ended(t, res, release.Failed, 2)
				r.at("items", "prod", "1", "the new shop [1 | left 2 | run 500]")
				return
			}
			ended(t, res, release.Released, 2)
			r.at("items", "prod", "2", "the new shop [2 < 1 | run 500]")
		})
	}
	synctest.Test(t, func(t *testing.T) { // between two steps of CodeDeploy
		r := newDeploy(t)
		time.AfterFunc(30*time.Second+time.Millisecond, func() { edit(r) })
		ended(t, r.shift(t.Context(), "AllAtOnce", byCodeDeploy, "items"), release.Released, 2)
		r.at("items", "prod", "2", "the new shop [2 < 1 | run 500]")
	})
}
