package release_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/configuration"
	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
)

// withConfiguration is a request that configures, and uploads if code is set.
func withConfiguration(req release.Request, code bool, names ...string) release.Request {
	r := on(req, names...)
	newConfiguration(&r)
	req.Configuration = r.Configuration
	if code {
		newCode(&r)
		req.Code = r.Code
	}
	return req
}

// codeHash is the CodeSha256 of what newCode uploads.
func codeHash(t *testing.T) string {
	t.Helper()
	req := on(run(1), "orders")
	newCode(&req)
	pack, err := req.Code["orders"].Inspect(t.Context(), func(string) string { return "" }, false)
	if err != nil {
		t.Fatal(err)
	}
	return pack.SHA256
}

// TestTwoRunsConfigure lets two runs configure and upload at the same time, with delays
// by chance. Every version is of one of them alone.
func TestTwoRunsConfigure(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { twoRuns(t, seed) })
		})
	}
}

func twoRuns(t *testing.T, seed uint64) {
	w := newWorld(t, localaws.Options{Settle: 300 * time.Millisecond})
	w.AddFunction("orders")
	toMove(w, "orders")
	random := rand.New(rand.NewPCG(seed, 13))
	var mu sync.Mutex
	w.OnCall(func(localaws.Call) *localaws.Fault {
		mu.Lock()
		defer mu.Unlock()
		return &localaws.Fault{Delay: time.Duration(random.IntN(900)) * time.Millisecond}
	})
	first := withConfiguration(run(500), true, "orders")
	second := run(501)
	second.Configuration = map[string]configuration.Configuration{"orders": parsed(t, `{"MemorySize": 1024, "Environment": {"Variables": {"LEVEL": "second"}}}`)}
	start := time.Duration(random.IntN(3000)) * time.Millisecond
	var runs sync.WaitGroup
	runs.Go(func() { _ = w.release(first, "orders") })
	runs.Go(func() { time.Sleep(start); _ = w.release(second, "orders") })
	runs.Wait()
	w.OnCall(nil)

	base := w.Function("orders", "1")
	for _, v := range w.Versions("orders") {
		f := w.Function("orders", v)
		want := expected(t, base)
		switch {
		case strings.Contains(f.Description, "run 500"):
		case strings.Contains(f.Description, "run 501"):
			want.MemorySize, want.Environment = 1024, map[string]string{"LEVEL": "second"}
			want.CodeSha256 = f.CodeSha256 // it has given none: that which it has read
		default:
			continue
		}
		if content(f) != content(want) {
			t.Errorf("version %s (%s) has %s, want %s", v, f.Description, content(f), content(want))
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if res := w.releaser(time.Minute).Run(ctx, on(withConfiguration(run(502), true, "orders"), "orders")); res.Status() == release.Failed {
		t.Errorf("again: %v", res.Outcomes[0].Err)
	}
	if at, _ := w.Alias("orders", "prod"); content(w.Function("orders", at.Version)) != content(expected(t, base)) {
		t.Errorf("prod has %s", content(w.Function("orders", at.Version)))
	}
}

// expected is f with what withConfiguration writes.
func expected(t *testing.T, f localaws.Function) localaws.Function {
	t.Helper()
	f.MemorySize, f.Environment, f.CodeSha256 = 512, map[string]string{"LEVEL": "new"}, codeHash(t)
	return f
}

func parsed(t *testing.T, document string) configuration.Configuration {
	t.Helper()
	file, problems := configuration.Parse("test", []byte(document))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return file.Configuration
}

// TestKilledWhileConfiguring kills a release before and after every call. The same job
// again ends as it should have.
func TestKilledWhileConfiguring(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		t.Run(fmt.Sprintf("after: %t", after), func(t *testing.T) {
			t.Parallel()
			for n, killed := 1, true; killed && !t.Failed(); n++ {
				synctest.Test(t, func(t *testing.T) { killed = killedAt(t, n, after) })
			}
		})
	}
}

func killedAt(t *testing.T, n int, after bool) (killed bool) {
	w := newWorld(t, localaws.Options{Settle: time.Second})
	w.AddFunction("orders")
	toMove(w, "orders")
	want := content(expected(t, w.Function("orders", "")))
	var mu sync.Mutex
	calls := 0
	w.OnCall(func(localaws.Call) *localaws.Fault {
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls < n || calls == n && after {
			return nil
		}
		killed = true
		return &localaws.Fault{Drop: true}
	})
	w.release(withConfiguration(run(500), true, "orders"), "orders")
	w.OnCall(nil)
	if res := w.release(withConfiguration(run(500), true, "orders"), "orders"); res.Status() == release.Failed {
		t.Errorf("killed at call %d: again: %v", n, res.Outcomes[0].Err)
	}
	if at, _ := w.Alias("orders", "prod"); content(w.Function("orders", at.Version)) != want {
		t.Errorf("killed at call %d: prod is at %s, which has %s", n, at.Version, content(w.Function("orders", at.Version)))
	}
	if versions := w.Versions("orders"); len(versions) != 2 {
		t.Errorf("killed at call %d: versions %v", n, versions)
	}
	return killed
}

// TestRestoreLatest puts $LATEST back after a failure at each later call.
func TestRestoreLatest(t *testing.T) {
	t.Parallel()
	for _, call := range []string{"UpdateFunctionCode", "PublishVersion", "CreateAlias"} {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, localaws.Options{Settle: time.Second})
				w.AddFunction("orders", func(f *localaws.Function) {
					f.Environment = map[string]string{"OLD": "1"}
					f.Code = zipped(t)
				})
				before := content(w.Function("orders", ""))
				failing := true
				w.OnCall(func(c localaws.Call) *localaws.Fault {
					if c.Operation == call && failing {
						failing = call != "UpdateFunctionCode" // which puts the code back, too
						return &localaws.Fault{Status: 400, Code: "InvalidParameterValueException", Message: "no"}
					}
					return nil
				})
				req := withConfiguration(run(500), true, "orders")
				req.RestoreLatest = true
				if res := w.release(req, "orders"); res.Status() != release.Failed || len(res.Outcomes[0].Warnings) > 0 {
					t.Errorf("%s, warnings %q", res.Status(), res.Outcomes[0].Warnings)
				}
				if got := content(w.Function("orders", "")); got != before {
					t.Errorf("$LATEST has %s, and had %s\n%s", got, before, w.log)
				}
			})
		})
	}
}

func zipped(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if _, err := z.Create("bootstrap"); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestEnvironmentMerges: variables that are not named stay, and that is guarded, too.
func TestEnvironmentMerges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{})
		w.AddFunction("orders", func(f *localaws.Function) { f.Environment = map[string]string{"LEVEL": "1", "GONE": "2", "STAYS": "3"} })
		toMove(w, "orders")
		level := "new"
		req := run(500)
		req.Environment = map[string]configuration.Environment{"orders": {"LEVEL": &level, "GONE": nil}}
		if res := w.release(req, "orders"); res.Status() != release.Released {
			t.Fatal(res.Outcomes[0].Err)
		}
		if got, want := fmt.Sprint(w.Function("orders", "prod").Environment), "map[LEVEL:new STAYS:3]"; got != want {
			t.Errorf("prod has %s, want %s", got, want)
		}
		w.ResetCalls()
		if res := w.release(req, "orders"); res.Status() != release.Unchanged || strings.Contains(w.operations(), "UpdateFunctionConfiguration") {
			t.Errorf("again: %s with %s", res.Status(), w.operations())
		}
	})
}

// TestLateWrite: a write that AWS carries out without answering it is restored, too. What
// is not known is reported.
func TestLateWrite(t *testing.T) {
	t.Parallel()
	for _, restore := range []bool{false, true} {
		for _, op := range []string{"UpdateFunctionConfiguration", "UpdateFunctionCode"} {
			for _, late := range []time.Duration{500 * time.Millisecond, 8 * time.Second} { // within the time of the job, and after it
				t.Run(fmt.Sprintf("%s, restore: %t, after %s", op, restore, late), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) { lateWrite(t, op, late, restore) })
				})
			}
		}
	}
}

func lateWrite(t *testing.T, op string, late time.Duration, restore bool) {
	w := newWorld(t, localaws.Options{})
	w.AddFunction("orders", func(f *localaws.Function) { f.Code = zipped(t) })
	before := content(w.Function("orders", ""))
	var lost atomic.Bool
	w.OnCall(func(c localaws.Call) *localaws.Fault {
		switch {
		case c.Operation == op && lost.CompareAndSwap(false, true):
			return &localaws.Fault{Late: late}
		case c.Operation == "PublishVersion":
			return &localaws.Fault{Status: 400, Code: "InvalidParameterValueException", Message: "no"}
		}
		return nil
	})
	req := on(withConfiguration(run(500), true, "orders"), "orders")
	req.RestoreLatest = restore
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	o := ended(t, w.releaser(5*time.Second).Run(ctx, req), release.Failed, none)
	time.Sleep(10 * time.Second)
	now, warned := content(w.Function("orders", "")), fmt.Sprint(o.Warnings)
	switch {
	case strings.Contains(warned, "cannot be named"):
		t.Error(warned)
	case restore && now != before && !strings.Contains(warned, "may still carry it out: memory 128 MB -> 512 MB"):
		t.Errorf("$LATEST had %s and has %s: %s", before, now, warned)
	case !restore && !strings.Contains(warned, "memory 128 MB -> 512 MB; environment +LEVEL"):
		t.Errorf("$LATEST had %s and has %s: %s", before, now, warned)
	}
}

// TestCodeIsKept: the code of $LATEST is downloaded whatever happens to the first call.
func TestCodeIsKept(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]localaws.Fault{
		"slow down": {Status: 503, Code: "SlowDown"}, "lost": {DropAfter: true}, "torn": {Garble: localaws.GarbleTorn}, "cut": {Garble: localaws.GarbleCut},
		"a page": {Garble: localaws.GarbleHTML}, "expired": {Status: 403, Code: "AccessDenied", Message: "Request has expired"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, localaws.Options{})
				w.AddFunction("orders", func(f *localaws.Function) { f.Code = zipped(t) })
				before := content(w.Function("orders", ""))
				w.OnCall(func(c localaws.Call) *localaws.Fault {
					switch {
					case c.Operation == "GetObject" && c.Attempt == 1:
						return &fault
					case c.Operation == "PublishVersion":
						return &localaws.Fault{Status: 400, Code: "InvalidParameterValueException", Message: "no"}
					}
					return nil
				})
				req := withConfiguration(run(500), true, "orders")
				req.RestoreLatest = true
				o := ended(t, w.release(req, "orders"), release.Failed, none)
				if !strings.Contains(w.log.String(), "$LATEST is as it was before this run") || content(w.Function("orders", "")) != before {
					t.Errorf("%v, %v\n%s", o.Err, o.Warnings, w.log)
				}
			})
		})
	}
}
