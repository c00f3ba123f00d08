package release_test

import (
	"context"
	"encoding/json"
	"fmt"
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
	"lambda-release/internal/release"
)

// hooked has two hooks, before and after, which note where the alias was when they
// ran, and answer after some time.
type hooked struct {
	*world

	over  chan struct{}
	mu    sync.Mutex
	ran   []string // before items 2: 1
	takes time.Duration
	says  map[string]localaws.Answer // by hook, or by hook and function
}

func newHooked(t testing.TB, names ...string) *hooked {
	h := &hooked{world: newRollout(t, names...).world, says: map[string]localaws.Answer{}, over: make(chan struct{})}
	t.Cleanup(func() { close(h.over) })
	for _, hook := range []string{"before", "after"} {
		h.AddFunction(hook)
		h.OnInvoke(hook, func(in localaws.Invocation) localaws.Answer { return h.run(hook, in) })
	}
	return h
}

func (h *hooked) run(hook string, in localaws.Invocation) localaws.Answer {
	var event struct{ Function, Version string }
	if err := json.Unmarshal(in.Payload, &event); err != nil {
		h.t.Error(err)
	}
	h.mu.Lock()
	h.ran = append(h.ran, fmt.Sprintf("%s %s %s: %s", hook, event.Function, event.Version, h.state(event.Function)))
	takes := h.takes
	h.mu.Unlock()
	h.work(takes)
	if a, ok := h.says[hook+" "+event.Function]; ok {
		return a
	}
	if a, ok := h.says[hook]; ok {
		return a
	}
	return localaws.Answer{Payload: []byte(`{"status": "Succeeded"}`)}
}

// taking sets how long the hooks take from now on. One that a run has left may still be
// running.
func (h *hooked) taking(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.takes = d
}

// work takes some time, at most until the test is over.
func (h *hooked) work(d time.Duration) {
	select {
	case <-time.After(d):
	case <-h.over:
	}
}

// runs are what the hooks noted, sorted.
func (h *hooked) runs() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(slices.Sorted(slices.Values(h.ran)), ", ")
}

var rejects = localaws.Answer{Payload: []byte(`{"status": "Failed"}`)}

// hooks gives all functions both hooks.
func hooks(req *release.Request) {
	req.Hooks = release.Hooks{Pre: map[string]release.Hook{}, Post: map[string]release.Hook{}}
	for _, fn := range req.Functions {
		req.Hooks.Pre[fn.Name] = release.Hook{Function: function.ID{Name: "before", Given: "before"}}
		req.Hooks.Post[fn.Name] = release.Hook{Function: function.ID{Name: "after", Given: "after"}}
	}
}

// job releases with both hooks, as run 500.
func (h *hooked) job(ctx context.Context, change func(*release.Request), names ...string) release.Result {
	h.t.Helper()
	req := on(run(500), names...)
	hooks(&req)
	if change != nil {
		change(&req)
	}
	return h.releaser(time.Minute).Run(ctx, req)
}

func TestHooksRunBeforeAnyTrafficAndAfterTheBake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHooked(t, shop...)
		h.takes = 14*time.Minute + 50*time.Second
		res := h.job(t.Context(), func(req *release.Request) {
			canary(req)
			baking(req, time.Minute)
		}, shop...)
		ended(t, res, release.Released, 2)
		if got, want := h.runs(), "after items 2: 2, after orders 2: 2, after users 2: 2, before items 2: 1, before orders 2: 1, before users 2: 1"; got != want {
			t.Errorf("ran %s, want %s", got, want)
		}
		log := h.log.String()
		for _, line := range []string{
			"still waiting for pre-traffic-hook before after 10s", "still waiting for post-traffic-hook after after 40s",
			"items: version 2 passed pre-traffic-hook before in 14m50s", "monitored for 1m more",
		} {
			if !strings.Contains(log, line) {
				t.Errorf("the log lacks %q:\n%s", line, log)
			}
		}
		if n := strings.Count(log, "items: still waiting for post"); n != 30 {
			t.Errorf("the wait of 14m50s is reported %d times", n)
		}
	})
}

// A pre-traffic hook of several rejects its version: no alias is moved. The others
// are asked to the end, and no post-traffic hook runs.
func TestNothingMovesUnlessAllPreTrafficHooksAccept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHooked(t, shop...)
		h.says["before orders"] = rejects
		res := h.job(t.Context(), nil, shop...)
		for i, fn := range shop {
			h.at(fn, "prod", "1", "shop [1 | run 1]")
			if o := res.Outcomes[i]; o.Status != release.Failed || (o.Err != nil) != (fn == "orders") || res.ExitCode() != release.ExitFailed {
				t.Errorf("%s ended %s: %v", fn, o.Status, o.Err)
			}
		}
		if got := h.runs(); strings.Count(got, "before") != 3 || strings.Contains(got, "after") {
			t.Errorf("ran %s", got)
		}
	})
}

// A post-traffic hook of several rejects its version: all aliases are restored at
// once, although the others' hooks still run, and no version comes back by itself.
func TestAPostTrafficHookRollsAllBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHooked(t, shop...)
		h.OnInvoke("after", func(in localaws.Invocation) localaws.Answer {
			if strings.Contains(string(in.Payload), "orders") {
				time.Sleep(20 * time.Second)
				return rejects
			}
			h.work(10 * time.Minute)
			return localaws.Answer{Payload: []byte("{}")}
		})
		began := time.Now()
		res := h.job(t.Context(), nil, shop...)
		if took := time.Since(began); took > 25*time.Second {
			t.Errorf("took %s", took)
		}
		for i, fn := range shop {
			h.at(fn, "prod", "1", "shop [1 | left 2 | run 500]")
			o := res.Outcomes[i]
			if o.Status != release.Failed && o.Status != release.Skipped || (o.Err != nil) != (fn == "orders") || o.NotAsItWas {
				t.Errorf("%s ended %s: %v", fn, o.Status, o.Err)
			}
		}
		if !strings.Contains(h.log.String(), "items: post-traffic-hook after is no longer waited for, because another one has failed") {
			t.Errorf("the log is\n%s", h.log)
		}
		ended(t, h.job(t.Context(), nil, shop...), release.Held, 2)
	})
}

// TestHookFaults: whatever becomes of the invocation of a hook, the hook runs at most
// once in a job, nothing is held for what the hook did not find, and the same job
// ends well when it runs again.
func TestHookFaults(t *testing.T) {
	t.Parallel()
	for name, fault := range faults {
		for _, hook := range []string{"before", "after"} {
			for _, times := range []int{1, 1 << 30} {
				t.Run(fmt.Sprintf("%s of %s ×%d", name, hook, times), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						h := newHooked(t, "items")
						before := snapshot(h.world, []string{"items"})
						hits := 0
						h.OnCall(func(c localaws.Call) *localaws.Fault {
							if c.Operation != "Invoke" || c.Function != hook {
								return nil
							}
							if hits++; hits == 1 || hits > times+1 { // the first asks only
								return nil
							}
							return &fault
						})
						ctx, cancel := context.WithTimeout(t.Context(), 40*time.Minute)
						defer cancel()
						res := h.job(ctx, nil, "items")
						holds(t, h.world, []string{"items"}, before, res)
						atMost := 1
						if fault.Twice {
							atMost = 2 // by AWS
						}
						if n := strings.Count(h.runs(), hook); n > atMost {
							t.Errorf("it ran %d times", n)
						}
						o := res.Outcomes[0]
						if failed := o.Status == release.Failed; failed && fault.Status == 0 && !strings.Contains(o.Err.Error(), "was not invoked again") &&
							!strings.Contains(o.Err.Error(), "is not JSON") && !fault.NotYet {
							t.Errorf("it does not say what became of the hook: %v", o.Err)
						}
						h.OnCall(nil)
						ended(t, h.job(t.Context(), nil, "items"), map[bool]release.Status{true: release.Released, false: release.Unchanged}[o.Status == release.Failed], 2)
						h.at("items", "prod", "2", "shop [2 < 1 | run 500]")
					})
				})
			}
		}
	}
}

// While AWS refuses an invocation, the log shows why, and no longer when it runs.
func TestRefusedInvocationsAreReported(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHooked(t, "items")
		h.takes = 20 * time.Second
		began := time.Now()
		var mu sync.Mutex
		asked := map[string]bool{}
		h.OnCall(func(c localaws.Call) *localaws.Fault {
			mu.Lock()
			defer mu.Unlock()
			since := time.Since(began)
			if asked["before"] && (c.Function == "items" && since < 15*time.Second || c.Function == "before" && since < time.Minute) && c.Operation == "Invoke" {
				return &localaws.Fault{Status: 429, Code: "TooManyRequestsException", Message: "Rate Exceeded."}
			}
			asked[c.Function] = asked[c.Function] || c.Operation == "Invoke" // whether it may be
			return nil
		})
		ended(t, h.job(t.Context(), func(req *release.Request) {
			req.Smoke = release.Smoke{"items": {{Name: "health", Payload: []byte("{}")}}}
		}, "items"), release.Released, 2)
		for _, line := range []string{
			`still waiting for the smoke test "health" of version 2 after 10s: AWS refuses it for now: TooManyRequestsException: Rate Exceeded.`,
			"still waiting for pre-traffic-hook before after 40s: AWS refuses it for now: TooManyRequestsException: Rate Exceeded.",
			"still waiting for post-traffic-hook after after 10s\n",
		} {
			if !strings.Contains(h.log.String(), line) {
				t.Errorf("the log lacks %q:\n%s", line, h.log)
			}
		}
	})
}

// The answer of a hook is lost after it was rolled back: the error says what to do.
func TestALostAnswerOfAHook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHooked(t, "items")
		h.takes = time.Hour // longer than any function may
		began := time.Now()
		o := ended(t, h.job(t.Context(), nil, "items"), release.Failed, 2)
		if took := time.Since(began); took < 15*time.Minute || took > 16*time.Minute {
			t.Errorf("waited %s", took)
		}
		for _, text := range []string{"pre-traffic-hook before for version 2 of items", "no answer in time", "the hook may have run, so it was not invoked again"} {
			if !strings.Contains(o.Err.Error(), text) {
				t.Errorf("the error lacks %q: %v", text, o.Err)
			}
		}
		if want := "Look at the log of before: it may have run, or still run. Then run the job again: that invokes it again."; o.Hint != want {
			t.Errorf("hint %q", o.Hint)
		}
	})
}

func TestCancelledWhileAHookRuns(t *testing.T) {
	t.Parallel()
	for hook, wait := range map[string]time.Duration{"before": 30 * time.Second, "after": 90 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			h := newHooked(t, shop...)
			h.takes = time.Minute
			ctx, cancel := context.WithCancel(t.Context())
			var cancelled time.Time
			time.AfterFunc(wait, func() { cancelled = time.Now(); cancel() })
			res := h.job(ctx, nil, shop...)
			if took := time.Since(cancelled); took > promised {
				t.Errorf("%s: ended %s after the cancel", hook, took)
			}
			if o := res.Outcomes[0]; !awsapi.Is(o.Err, awsapi.Cancelled) || res.NotAsItWas() {
				t.Errorf("%s: %+v", hook, o)
			}
			for _, fn := range shop {
				h.at(fn, "prod", "1", "shop [1 | run 1]")
			}
			h.taking(0)
			ended(t, h.job(t.Context(), nil, shop...), release.Released, 2)
		})
	}
}

// While the post-traffic hook runs, others change the alias.
func TestOvertakenWhileTheHookRuns(t *testing.T) {
	t.Parallel()
	for mark, want := range map[string]release.Status{
		"shop [3 < 2 | run 501]":      release.Superseded,
		"shop [1 | left 2 | run 501]": release.Failed,
	} {
		for _, answer := range []localaws.Answer{rejects, {Payload: []byte("null")}} {
			synctest.Test(t, func(t *testing.T) {
				h := newHooked(t, "items")
				h.says["after"] = answer
				there := mark[6:7]
				h.OnInvoke("after", func(localaws.Invocation) localaws.Answer {
					if there == "3" {
						h.Upload("items", "3")
						h.Publish("items", "")
					}
					h.SetAlias("items", localaws.Alias{Name: "prod", Version: there, Description: mark})
					return answer
				})
				res := h.job(t.Context(), nil, "items")
				h.at("items", "prod", there, mark)
				o := res.Outcomes[0]
				switch rejected := string(answer.Payload) != "null"; {
				case rejected && (o.Status != release.Failed || !strings.Contains(o.Err.Error(), `"Failed"`)):
					t.Errorf("rejected, and %s: %s %v", mark, o.Status, o.Err)
				case !rejected && o.Status != want:
					t.Errorf("accepted, and %s: %s %v", mark, o.Status, o.Err)
				}
				if o.After.String() != there {
					t.Errorf("%s: reported at %s", mark, o.After)
				}
			})
		}
	}
}

// A deployment of CodeDeploy takes longer than the timeout; then the hook is asked,
// and its rejection rolls the alias back.
func TestHooksOfADeployment(t *testing.T) {
	t.Parallel()
	for _, rejected := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			h := newHooked(t, "items")
			h.AddDeploymentGroup("shop", "prod", "CodeDeployDefault.LambdaAllAtOnce")
			if rejected {
				h.says["after"] = rejects
			}
			h.takes = 10 * time.Minute
			ctx, cancel := awsapi.WithTimeout(t.Context(), 11*time.Minute)
			defer cancel()
			res := h.job(ctx, byCodeDeploy, "items")
			if got, want := h.runs(), "after items 2: 2, before items 2: 1"; got != want {
				t.Errorf("ran %s, want %s", got, want)
			}
			if !rejected {
				ended(t, res, release.Released, 2)
				h.at("items", "prod", "2", "shop [2 < 1 | run 500]")
				return
			}
			ended(t, res, release.Failed, 2)
			h.at("items", "prod", "1", "shop [1 | left 2 | run 500]")
			if res.ExitCode() != release.ExitFailed {
				t.Errorf("exit code %d", res.ExitCode())
			}
		})
	}
}

// A later attempt asks about what a deployment of an earlier one has moved, too.
func TestHooksOfADeploymentOfAnEarlierAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHooked(t, "items")
		h.AddDeploymentGroup("shop", "prod", "CodeDeployDefault.LambdaAllAtOnce")
		ended(t, h.job(t.Context(), byCodeDeploy, "items"), release.Released, 2)
		h.says["after"] = rejects
		o := ended(t, h.job(t.Context(), func(req *release.Request) {
			byCodeDeploy(req)
			req.Run.Attempt = 2
		}, "items"), release.Failed, 2)
		h.at("items", "prod", "1", "shop [1 | left 2 | run 500]")
		if o.End != release.EndRestored || o.Before.String() != "1" || !strings.Contains(o.Reason, "restored to 1") {
			t.Errorf("end %d from %s: %s", o.End, o.Before, o.Reason)
		}
	})
}

// A job with hooks is killed at every call, and run again.
func TestKilledAtAnyCallWithHooks(t *testing.T) {
	t.Parallel()
	for _, rejected := range []bool{false, true} {
		for _, works := range []bool{false, true} {
			n, killed := int32(0), true
			for killed {
				n++
				synctest.Test(t, func(t *testing.T) { killed = killedWithHooks(t, n, works, rejected) })
			}
			if n < 9 {
				t.Errorf("a release of %d calls", n)
			}
		}
	}
}

func killedWithHooks(t *testing.T, n int32, works, rejected bool) bool {
	h := newHooked(t, "items")
	if rejected {
		h.says["after"] = rejects
	}
	its, dead := mortal(h.world, n, works)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		req := on(run(500), "items")
		hooks(&req)
		its.releaser(time.Minute).Run(ctx, req)
	}()
	defer func() { cancel(); <-done }()
	select {
	case <-dead:
	case <-done:
		return false
	}
	at := h.state("items")
	if accepted := strings.Contains(h.runs(), "before"); at == "2" && !accepted {
		t.Errorf("killed at call %d, prod is at 2, and the hook has run %s", n, h.runs())
	}
	res := h.job(t.Context(), func(req *release.Request) { req.Run.Attempt = 2 }, "items")
	if !strings.Contains(h.runs(), "after items 2: 2") {
		t.Errorf("killed at call %d, run again: no hook was asked about the version: %s", n, h.runs())
	}
	if rejected {
		if o := res.Outcomes[0]; o.Status != release.Failed && o.Status != release.Held || o.NotAsItWas {
			t.Errorf("killed at call %d, run again: %s %v", n, o.Status, o.Err)
		}
		h.at("items", "prod", "1", "shop [1 | left 2 | run 500]")
		return true
	}
	if o := res.Outcomes[0]; o.Status != release.Released && o.Status != release.Unchanged {
		t.Errorf("killed at call %d, run again: %s %v", n, o.Status, o.Err)
	}
	h.at("items", "prod", "2", "shop [2 < 1 | run 500]")
	return true
}

// A later attempt asks the hooks about the aliases that an earlier one has moved, and
// undoes that one's moves if they reject a version. Another job of the same attempt does
// not ask, and neither does another run.
func TestHooksOfAnEarlierAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHooked(t, shop...)
		h.takes = time.Minute
		attempt := func(n int) release.Result {
			return h.job(t.Context(), func(req *release.Request) { req.Run.Attempt = n }, shop...)
		}
		ended(t, attempt(1), release.Released, 2)
		h.taking(0)
		was := h.runs()
		res := attempt(1)
		ended(t, res, release.Unchanged, 2)
		if o := res.Outcomes[0]; h.runs() != was || !slices.ContainsFunc(o.Warnings, func(w string) bool { return strings.Contains(w, "the verdict is lost") }) {
			t.Errorf("ran %s, and warned %q", h.runs(), o.Warnings)
		}
		h.says["after orders"] = rejects
		res = attempt(2)
		for i, fn := range shop {
			h.at(fn, "prod", "1", "shop [1 | left 2 | run 500]")
			o := res.Outcomes[i]
			if o.Status != release.Failed && o.Status != release.Skipped || (o.Err != nil) != (fn == "orders") || o.NotAsItWas {
				t.Errorf("%s ended %s: %v", fn, o.Status, o.Err)
			}
		}
		if res.ExitCode() != release.ExitFailed {
			t.Errorf("exit code %d", res.ExitCode())
		}
		ended(t, attempt(3), release.Held, 2)
	})
}

// What a later attempt undoes of what an earlier one has moved: all of it where a version is
// unfit, and nothing for any other failure.
func TestWhatALaterAttemptUndoes(t *testing.T) {
	t.Parallel()
	const before, moved, back = "shop [1 | run 1]", "shop [2 < 1 | run 500]", "shop [1 | left 2 | run 500]"
	unmoved := func(h *hooked, fn string) {
		h.SetAlias(fn, localaws.Alias{Name: "prod", Version: "1", Description: before})
	}
	fails := func(h *hooked, operation, fn string, f localaws.Fault) {
		var mu sync.Mutex
		invoked := 0
		h.OnCall(func(c localaws.Call) *localaws.Fault {
			if c.Operation != operation || c.Function != fn {
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			if invoked++; operation == "Invoke" && invoked == 1 { // it asks only
				return nil
			}
			return &f
		})
	}
	for name, tt := range map[string]struct {
		again func(*hooked, *release.Request)
		want  [3]string // of items, orders and users
	}{
		"the hook of one rejects its version": {func(h *hooked, req *release.Request) {
			req.Hooks.Post = map[string]release.Hook{"orders": req.Hooks.Post["orders"]}
			h.says["after"] = rejects
		}, [3]string{back, back, back}},
		"the hook of one that was not moved before rejects its version": {func(h *hooked, req *release.Request) {
			unmoved(h, "users")
			req.Hooks.Post = map[string]release.Hook{"users": req.Hooks.Post["users"]}
			h.says["after"] = rejects
		}, [3]string{back, back, back}},
		"an alarm goes off while one is moved that was not": {func(h *hooked, req *release.Request) {
			unmoved(h, "users")
			h.SetAlarm("errors", "OK", "")
			time.AfterFunc(30*time.Second, func() { h.SetAlarm("errors", "ALARM", "") })
			alarmed(req)
			baking(req, time.Minute)
		}, [3]string{back, back, back}},
		"the text is another one": {func(h *hooked, req *release.Request) {
			text := "attempt 2"
			req.AliasDescription = &text
			h.says["after items"] = rejects
		}, [3]string{back, back, back}},
		"the answer of a hook is lost": {func(h *hooked, _ *release.Request) {
			fails(h, "Invoke", "after", localaws.Fault{Drop: true})
		}, [3]string{moved, moved, moved}},
		"one that was not moved before cannot be moved": {func(h *hooked, _ *release.Request) {
			unmoved(h, "users")
			fails(h, "UpdateAlias", "users", localaws.Fault{Status: 403, Code: "AccessDeniedException", Message: "no"})
		}, [3]string{moved, moved, before}},
		"a newer version of one is rejected": {func(h *hooked, _ *release.Request) {
			h.Upload("users", "3")
			h.says["after users"] = rejects
		}, [3]string{moved, moved, "shop [2 < 1 | left 3 | run 500]"}},
		"an earlier version is rejected, and a newer one of another is not": {func(h *hooked, _ *release.Request) {
			h.Upload("users", "3")
			h.says["after items"] = rejects
		}, [3]string{back, moved, "shop [2 < 1 | left 3 | run 500]"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHooked(t, shop...)
				res := h.job(t.Context(), nil, shop...)
				ended(t, res, release.Released, 2)
				h.takes = time.Second
				res = h.job(t.Context(), func(req *release.Request) {
					req.Run.Attempt = 2
					tt.again(h, req)
				}, shop...)
				if res.ExitCode() != release.ExitFailed {
					t.Errorf("exit code %d", res.ExitCode())
				}
				for i, fn := range shop {
					o, a := res.Outcomes[i], tt.want[i]
					version, _, _ := strings.Cut(strings.TrimPrefix(a, "shop ["), " ")
					h.at(fn, "prod", version, a)
					if o.After.String() != version || o.NotAsItWas {
						t.Errorf("%s ended %s at %s: %s", fn, o.Status, o.After, o.Reason)
					}
				}
			})
		})
	}
}

// What a later attempt finds in its place, and only gives another text, is seen once more
// after the hook, too.
func TestMovedWhileALaterAttemptAsks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHooked(t, "items")
		ended(t, h.job(t.Context(), nil, "items"), release.Released, 2)
		h.OnInvoke("after", func(localaws.Invocation) localaws.Answer {
			h.SetAlias("items", localaws.Alias{Name: "prod", Version: "1", Description: "shop [1 | left 2 | run 501]"})
			return localaws.Answer{Payload: []byte(`{"status": "Succeeded"}`)}
		})
		o := ended(t, h.job(t.Context(), func(req *release.Request) {
			text := "attempt 2"
			req.Run.Attempt, req.AliasDescription = 2, &text
		}, "items"), release.Failed, 2)
		if o.After.String() != "1" || !strings.Contains(o.Err.Error(), "run 501") {
			t.Errorf("at %s: %v", o.After, o.Err)
		}
	})
}

// The alias is locked while the post-traffic hook runs, and the hook rejects the version:
// the alias stays, and the message says once how to go on.
func TestLockedWhileTheHookRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHooked(t, "items")
		const mark = "shop [2 < 1 | run 500 | locked: incident 7 | run 501]"
		h.OnInvoke("after", func(localaws.Invocation) localaws.Answer {
			h.SetAlias("items", localaws.Alias{Name: "prod", Version: "2", Description: mark})
			return rejects
		})
		o := ended(t, h.job(t.Context(), nil, "items"), release.Failed, 2)
		h.at("items", "prod", "2", mark)
		if n := strings.Count(o.Hint, "operation: unlock"); n != 1 || !o.NotAsItWas || !strings.Contains(o.Err.Error(), `"Failed"`) {
			t.Errorf("hint %q, error %v", o.Hint, o.Err)
		}
	})
}

// Hooks judge a new alias, too: it is deleted again. A promotion has them as well.
func TestHooksOfANewAlias(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHooked(t, "items")
		h.says["after"] = rejects
		o := ended(t, h.job(t.Context(), func(req *release.Request) { req.Alias = "dev" }, "items"), release.Failed, 2)
		if _, exists := h.Alias("items", "dev"); exists || o.NotAsItWas || o.After.Version != alias.None || strings.Contains(o.Hint, "held") {
			t.Errorf("dev is at %s: %s %s", o.After, o.Reason, o.Hint)
		}
		o = ended(t, h.job(t.Context(), func(req *release.Request) { req.Operation, req.Version = release.Promote, 2 }, "items"), release.Failed, 2)
		h.at("items", "prod", "1", "shop [1 | left 2 | run 500]")
		if !strings.Contains(o.Hint, "Version 2 is held") {
			t.Errorf("hint %q", o.Hint)
		}
		// A rollback asks no hook.
		h.versions("items", 4)
		h.SetAlias("items", localaws.Alias{Name: "prod", Version: "2", Description: "[2 < 1 | run 1]"})
		was := h.runs()
		ended(t, h.job(t.Context(), func(req *release.Request) { req.Operation = release.Rollback }, "items"), release.RolledBack, 1)
		if h.runs() != was {
			t.Errorf("ran %s", h.runs())
		}
	})
}
