package release_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/artifact"
	"lambda-release/internal/awsapi"
	"lambda-release/internal/configuration"
	"lambda-release/internal/function"
	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
)

const executionRole = "arn:aws:iam::123456789012:role/runs"

// creation creates the functions with code, a configuration and a tag.
func creation(req *release.Request) { creationOf(req, 512) }

func creationOf(req *release.Request, memory int) {
	newCode(req)
	file, problems := configuration.Parse("test", fmt.Appendf(nil,
		`{"Role": %q, "Runtime": "provided.al2023", "Handler": "bootstrap", "MemorySize": %d, "Environment": {"Variables": {"LEVEL": "new"}}}`, executionRole, memory))
	if len(problems) > 0 {
		panic(problems)
	}
	req.Configuration, req.Create = map[string]configuration.Configuration{}, map[string]release.Creation{}
	for _, fn := range req.Functions {
		req.Configuration[fn.Name] = file.Configuration
		req.Create[fn.Name] = release.Creation{Tags: map[string]string{"team": "shop"}}
	}
}

// createdContent is what a version has that creation has made.
func createdContent(t *testing.T, memory int32) string {
	t.Helper()
	return content(localaws.Function{CodeSha256: codeHash(t), MemorySize: memory, Timeout: 3, Environment: map[string]string{"LEVEL": "new"}})
}

// create runs a release that creates functions, as a run.
func (w *world) create(id uint64, memory int, names ...string) release.Result {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
	defer cancel()
	req := on(run(id), names...)
	creationOf(&req, memory)
	return w.releaser(2*time.Minute).Run(ctx, req)
}

// holdsCreated: a function that did not exist before a run exists after it only if it has
// its alias, or if that is reported.
func holdsCreated(t *testing.T, w *world, res release.Result) {
	t.Helper()
	for _, o := range res.Outcomes {
		_, released := w.Alias(o.Function, "prod")
		ours := w.exists(o.Function) && strings.HasPrefix(w.Function(o.Function, "").Description, "Created by lambda-release from main, run 500 (")
		if ours && !released && !o.NotAsItWas {
			t.Errorf("%s ended %s (%s, %v), and was left without an alias", o.Function, o.Status, o.Reason, o.Err)
		}
		if o.Remains && (released || !strings.Contains(o.Reason, "does not exist")) {
			t.Errorf("%s ended %s: %s; prod exists: %t", o.Function, o.Status, o.Reason, released)
		}
	}
}

// TestCreate creates a batch with a function that exists.
func TestCreate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{Settle: time.Second, Rate: 15})
		w.AddFunction("items")
		toMove(w, "items")
		if res := w.create(500, 512, shop...); res.Status() != release.Released {
			t.Errorf("%s: %v\n%s", res.Status(), res.Outcomes, w.log)
		}
		for _, fn := range []string{"orders", "users"} {
			w.at(fn, "prod", "1", "[1 | run 500]")
			if got := w.Tags(fn)["team"]; got != "shop" {
				t.Errorf("%s has the tags %v", fn, w.Tags(fn))
			}
			if got, want := content(w.Function(fn, "prod")), createdContent(t, 512); got != want {
				t.Errorf("%s has %s, want %s", fn, got, want)
			}
			if f := w.Function(fn, "prod"); f.Role != executionRole || f.Runtime != "provided.al2023" || f.Handler != "bootstrap" {
				t.Errorf("%s has %+v", fn, f)
			}
		}
		if tags := w.Tags("items"); tags != nil {
			t.Errorf("a function that existed has got the tags %v", tags)
		}
		if got := strings.Count(w.operations(), "CreateFunction"); got != 2 {
			t.Errorf("calls: %s", w.operations())
		}
	})
}

// TestCreateWithNewRole: Lambda cannot assume a role that is new for some seconds.
func TestCreateWithNewRole(t *testing.T) {
	t.Parallel()
	for after, released := range map[time.Duration]bool{8 * time.Second: true, 45 * time.Second: true, time.Hour: false} {
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, localaws.Options{})
				w.NewRole(executionRole, after)
				began := time.Now()
				res := w.create(500, 512, "orders")
				took := time.Since(began)
				switch o := res.Outcomes[0]; {
				case !strings.Contains(w.log.String(), "cannot be assumed by Lambda"):
					t.Errorf("log:\n%s", w.log)
				case released && (o.Status != release.Released || took > after+10*time.Second):
					t.Errorf("%s after %s: %v", o.Status, took, o.Err)
				case !released && (o.Status != release.Failed || res.ExitCode() != release.ExitFailed || took > 70*time.Second || w.exists("orders")):
					t.Errorf("%s after %s: %v, %s", o.Status, took, o.Err, o.Reason)
				}
				paced(t, w.Calls(), "orders", 10)
			})
		})
	}
}

// creators are what others do about the function; they report whether they could.
var creators = map[string]func(w *world, fn string) bool{
	"creates another": func(w *world, fn string) bool {
		if w.exists(fn) {
			return false
		}
		w.AddFunction(fn)
		return true
	},
	"configures": ifExists(func(w *world, fn string) { w.Configure(fn, func(f *localaws.Function) { f.Timeout = 60 }) }),
	"publishes": ifExists(func(w *world, fn string) {
		w.Configure(fn, func(*localaws.Function) {})
		w.Publish(fn, "theirs")
	}),
	"makes an alias":       ifExists(func(w *world, fn string) { w.SetAlias(fn, localaws.Alias{Name: "dev", Version: "$LATEST"}) }),
	"reserves concurrency": ifExists(func(w *world, fn string) { w.ReserveConcurrency(fn, 5) }),
	"permits": calls(func(ctx context.Context, aws *awsapi.Client, fn function.ID) error {
		return aws.AddPermission(ctx, fn, "", awsapi.Permission{ID: "topic", Service: "sns.amazonaws.com", Action: "lambda:InvokeFunction"})
	}),
	"makes a URL": calls(func(ctx context.Context, aws *awsapi.Client, fn function.ID) error {
		_, err := aws.CreateURL(ctx, fn, "", awsapi.URLPublic, awsapi.CORS{})
		return err
	}),
	"sets retries": calls(func(ctx context.Context, aws *awsapi.Client, fn function.ID) error {
		return aws.PutAsyncSettings(ctx, fn, awsapi.AsyncSettings{Qualifier: "$LATEST", Retries: new(int32(0))})
	}),
	"maps a source": ifExists(func(w *world, fn string) {
		w.AddEventSourceMapping(fn, "", "arn:aws:sqs:eu-central-1:123456789012:queue")
	}),
}

// calls is a call by another process.
func calls(f func(context.Context, *awsapi.Client, function.ID) error) func(*world, string) bool {
	return func(w *world, fn string) bool {
		return w.exists(fn) && f(w.t.Context(), w.releaser(time.Minute).AWS, function.ID{Name: fn, Given: fn}) == nil
	}
}

func ifExists(act func(*world, string)) func(*world, string) bool {
	return func(w *world, fn string) bool {
		if !w.exists(fn) {
			return false
		}
		act(w, fn)
		return true
	}
}

// TestAnotherRunCreatesMeanwhile lets others act on the function before and after the work
// of every call of a release that creates it, and that succeeds or fails to publish. No
// version is mixed, and what others have made or given is not deleted.
func TestAnotherRunCreatesMeanwhile(t *testing.T) {
	t.Parallel()
	for what, act := range creators {
		for _, after := range []bool{false, true} {
			for _, fails := range []string{"", "PublishVersion", "CreateAlias"} {
				if testing.Short() && (after || fails == "CreateAlias") {
					continue // for the race detector one of them is enough
				}
				t.Run(fmt.Sprintf("%s, after: %t, fails: %s", what, after, fails), func(t *testing.T) {
					t.Parallel()
					for n, acted := 1, true; acted && !t.Failed(); n++ {
						synctest.Test(t, func(t *testing.T) { acted = createsMeanwhile(t, act, n, after, fails) })
					}
				})
			}
		}
	}
}

func createsMeanwhile(t *testing.T, act func(*world, string) bool, n int, after bool, fails string) (acted bool) {
	w := newWorld(t, localaws.Options{Settle: time.Second})
	var mu sync.Mutex
	calls, answers, looked, theirs, acting := 0, 0, false, false, false
	do := func() { // which may call AWS itself
		acting = true
		mu.Unlock()
		done := act(w, "orders")
		mu.Lock()
		acted, acting, theirs = true, false, done && !looked
	}
	w.OnCall(func(c localaws.Call) *localaws.Fault {
		mu.Lock()
		defer mu.Unlock()
		if strings.HasPrefix(c.Operation, "List") || c.Operation == "GetPolicy" {
			looked = true // DeleteFunction has no condition: what comes after the reads before it may be lost
		}
		if !acting {
			if calls++; calls == n && !after {
				do()
			}
		}
		if c.Operation == fails {
			return &localaws.Fault{Status: 400, Code: "InvalidParameterValueException", Message: "no"}
		}
		return nil
	})
	w.AfterCall(func(localaws.Call) {
		mu.Lock()
		defer mu.Unlock()
		if !acting {
			if answers++; answers == n && after {
				do()
			}
		}
	})
	res := w.create(500, 512, "orders")
	w.OnCall(nil)
	w.AfterCall(nil)
	holdsCreated(t, w, res)
	for _, v := range w.Versions("orders") {
		if f := w.Function("orders", v); strings.Contains(f.Description, "run 500") && content(f) != createdContent(t, 512) {
			t.Errorf("call %d: version %s has %s, want %s", n, v, content(f), createdContent(t, 512))
		}
	}
	if theirs && !w.exists("orders") {
		t.Errorf("call %d: what others have made or changed was deleted: %v", n, res.Outcomes[0].Err)
	}
	if again := w.create(501, 512, "orders"); again.Status() == release.Failed {
		t.Errorf("call %d: again: %v", n, again.Outcomes[0].Err)
	}
	if t.Failed() {
		t.Logf("at call %d of %s\nlog:\n%s", n, w.operations(), w.log)
	}
	return acted
}

// TestTwoRunsCreate lets two runs create the same function at the same time, with delays
// by chance. Every version is of one of them alone, and one of them at least succeeds.
func TestTwoRunsCreate(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { twoRunsCreate(t, seed, 1024) })
		})
	}
}

// TestTwoRunsCreateTheSame lets both create it with the same content: both succeed, or
// one is superseded.
func TestTwoRunsCreateTheSame(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { twoRunsCreate(t, seed, 512) })
		})
	}
}

func twoRunsCreate(t *testing.T, seed uint64, memory int) {
	w := newWorld(t, localaws.Options{Settle: 300 * time.Millisecond})
	random := rand.New(rand.NewPCG(seed, 14))
	var mu sync.Mutex
	w.OnCall(func(localaws.Call) *localaws.Fault {
		mu.Lock()
		defer mu.Unlock()
		return &localaws.Fault{Delay: time.Duration(random.IntN(900)) * time.Millisecond}
	})
	start := time.Duration(random.IntN(3000)) * time.Millisecond
	var first, second release.Result
	var runs sync.WaitGroup
	runs.Go(func() { first = w.create(500, 512, "orders") })
	runs.Go(func() { time.Sleep(start); second = w.create(501, memory, "orders") })
	runs.Wait()
	w.OnCall(nil)
	if first.Status() == release.Failed && second.Status() == release.Failed {
		t.Errorf("both have failed: %v; %v\n%s", first.Outcomes[0].Err, second.Outcomes[0].Err, w.log)
	}
	if memory == 512 && (first.Status() == release.Failed || second.Status() == release.Failed) {
		t.Errorf("one has failed: %v; %v\n%s", first.Outcomes[0].Err, second.Outcomes[0].Err, w.log)
	}
	for _, v := range w.Versions("orders") {
		f := w.Function("orders", v)
		want := createdContent(t, 512)
		if strings.Contains(f.Description, "run 501") {
			want = createdContent(t, int32(memory))
		}
		if content(f) != want {
			t.Errorf("version %s (%s) has %s, want %s", v, f.Description, content(f), want)
		}
	}
	if a, ok := w.Alias("orders", "prod"); !ok {
		t.Errorf("prod does not exist: %v", a)
	}
	if again := w.create(502, 512, "orders"); again.Status() == release.Failed {
		t.Errorf("again: %v", again.Outcomes[0].Err)
	}
}

// TestKilledWhileCreating kills a release before and after every call. The same job again
// ends as it should have.
func TestKilledWhileCreating(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		t.Run(fmt.Sprintf("after: %t", after), func(t *testing.T) {
			t.Parallel()
			for n, killed := 1, true; killed && !t.Failed(); n++ {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, localaws.Options{Settle: time.Second})
					var mu sync.Mutex
					calls := 0
					w.OnCall(func(localaws.Call) *localaws.Fault {
						mu.Lock()
						defer mu.Unlock()
						calls++
						if killed = calls > n || calls == n && !after; killed {
							return &localaws.Fault{Drop: true}
						}
						return nil
					})
					w.create(500, 512, "orders")
					w.OnCall(nil)
					if res := w.create(500, 512, "orders"); res.Status() == release.Failed {
						t.Errorf("killed at call %d: again: %v", n, res.Outcomes[0].Err)
					}
					at, _ := w.Alias("orders", "prod")
					if versions := w.Versions("orders"); !slices.Equal(versions, []string{at.Version}) {
						t.Errorf("killed at call %d: prod is at %s of %v", n, at.Version, versions)
					}
				})
			}
		})
	}
}

// TestCancelledWhileCreating cancels a release of three functions at every call, with an
// AWS that answers or that hangs. It ends within the time that is promised, and says what
// is left.
func TestCancelledWhileCreating(t *testing.T) {
	t.Parallel()
	for _, hangs := range []bool{false, true} {
		t.Run(fmt.Sprintf("hangs: %t", hangs), func(t *testing.T) {
			t.Parallel()
			for n, reached := 1, true; reached && !t.Failed(); n++ {
				synctest.Test(t, func(t *testing.T) { reached = cancelledAt(t, n, hangs) })
			}
		})
	}
}

func cancelledAt(t *testing.T, n int, hangs bool) (reached bool) {
	w := newWorld(t, localaws.Options{Settle: time.Second, Latency: 50 * time.Millisecond})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	var mu sync.Mutex
	var cancelled time.Time
	calls := 0
	w.OnCall(func(localaws.Call) *localaws.Fault {
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls == n {
			cancelled = time.Now()
			cancel()
		}
		if hangs && calls >= n {
			return &localaws.Fault{Late: 200 * time.Millisecond}
		}
		return nil
	})
	req := on(run(500), shop...)
	creation(&req)
	res := w.releaser(10*time.Minute).Run(ctx, req)
	mu.Lock() // a call that hangs may go on
	reached = calls >= n
	took := time.Since(cancelled)
	mu.Unlock()
	if !reached {
		return false
	}
	if took > promised {
		t.Errorf("cancelled at call %d: ended %s after it", n, took)
	}
	holdsCreated(t, w, res)
	for _, o := range res.Outcomes {
		if !hangs && o.Remains {
			t.Errorf("cancelled at call %d: %s remains: %s, %v", n, o.Function, o.Reason, o.Err)
		}
	}
	if t.Failed() {
		t.Logf("log:\n%s", w.log)
	}
	return true
}

// TestDeleteCreated has every fault at every call by which a failed release deletes what
// it has created. What is left is reported, and no more is.
func TestDeleteCreated(t *testing.T) {
	t.Parallel()
	for k, op := range []string{
		"GetFunction", "ListAliases", "ListVersionsByFunction", "ListEventSourceMappings", "GetPolicy", "ListFunctionUrlConfigs",
		"ListFunctionEventInvokeConfigs", "ListProvisionedConcurrencyConfigs", "DeleteFunction",
	} {
		for i, faultName := range slices.Sorted(maps.Keys(faults)) {
			if testing.Short() && i%3 != k%3 {
				continue // for the race detector each operation meets every third of them
			}
			fault := faults[faultName]
			if op == "ListEventSourceMappings" && fault.Status == 404 || fault.Status == 409 && (strings.HasPrefix(op, "List") || op == "GetPolicy") {
				continue // AWS has no such answer
			}
			for _, times := range []int{1, 1 << 30} {
				if testing.Short() && times > 1 {
					continue
				}
				if op == "GetFunction" && times > 1 && (fault.Status == 404 || fault.NotYet) {
					continue // what AWS never shows cannot be reported either
				}
				t.Run(fmt.Sprintf("%s %s ×%d", op, faultName, times), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) { deleteCreated(t, op, fault, times) })
				})
			}
		}
	}
}

func deleteCreated(t *testing.T, op string, fault localaws.Fault, times int) {
	w := newWorld(t, localaws.Options{})
	var mu sync.Mutex
	failed, hits := false, 0
	w.OnCall(func(c localaws.Call) *localaws.Fault {
		mu.Lock()
		defer mu.Unlock()
		if c.Operation == "PublishVersion" && c.Function == "orders" {
			failed = true
			return &localaws.Fault{Status: 400, Code: "InvalidParameterValueException", Message: "no"}
		}
		if !failed || c.Operation != op || c.Function != "orders" && c.Function != "" {
			return nil
		}
		if hits++; hits > times {
			return nil
		}
		return &fault
	})
	res := w.create(500, 512, shop...)
	if hits == 0 {
		t.Error("never met the fault")
	}
	holdsCreated(t, w, res)
	if o := res.Outcomes[1]; times == 1 && fault.Status != 403 && fault.Status != 412 && o.Remains {
		t.Errorf("%s, %v", o.Reason, o.Err)
	}
	if res.Status() != release.Failed || res.Outcomes[1].Err == nil {
		t.Errorf("ended %s", res.Status())
	}
	w.OnCall(nil)
	if again := w.create(500, 512, shop...); again.Status() == release.Failed {
		t.Errorf("again: %v", again.Outcomes[1].Err)
	}
	if t.Failed() {
		t.Logf("log:\n%s", w.log)
	}
}

// TestNothingIsDeletedWithAnAlias: if a function that was created has an alias, none is
// deleted.
func TestNothingIsDeletedWithAnAlias(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{})
		w.OnCall(func(c localaws.Call) *localaws.Fault {
			switch {
			case c.Operation == "PublishVersion" && c.Function == "orders":
				return &localaws.Fault{Status: 400, Code: "InvalidParameterValueException", Message: "no", Delay: time.Second}
			case c.Operation == "ListAliases" && c.Function == "users":
				w.SetAlias("users", localaws.Alias{Name: "dev", Version: "1"})
			}
			return nil
		})
		res := w.create(500, 512, shop...)
		if got := w.Functions(); !slices.Equal(got, shop) || res.ExitCode() != release.ExitNotAsItWas {
			t.Errorf("left %v, exit code %d", got, res.ExitCode())
		}
		for _, o := range res.Outcomes {
			if !o.Remains || !strings.Contains(o.Err.Error(), "users:dev") {
				t.Errorf("%s: %v", o.Function, o.Err)
			}
		}
	})
}

// TestCreatedByAnother: a function that another run has created with other content is
// neither changed nor deleted.
func TestCreatedByAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{})
		w.OnCall(func(c localaws.Call) *localaws.Fault {
			if c.Operation == "CreateFunction" {
				w.AddFunction("orders")
			}
			return nil
		})
		res := w.create(500, 512, "orders")
		exists, ok := errors.AsType[*release.ExistsError](res.Outcomes[0].Err)
		if !ok || !slices.Contains(exists.Differences, "memory 128 MB -> 512 MB") || res.ExitCode() != release.ExitFailed {
			t.Errorf("exit code %d: %v", res.ExitCode(), res.Outcomes[0].Err)
		}
		if strings.Contains(w.operations(), "DeleteFunction") || strings.Contains(w.operations(), "Update") {
			t.Errorf("calls: %s", w.operations())
		}
	})
}

// TestDeletesOnlyItsOwn: the answer to DeleteFunction is lost, and another run creates the
// function anew before this run tries again.
func TestDeletesOnlyItsOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{})
		w.OnCall(func(c localaws.Call) *localaws.Fault {
			switch c.Operation {
			case "PublishVersion":
				return &localaws.Fault{Status: 400, Code: "InvalidParameterValueException", Message: "no"}
			case "DeleteFunction":
				return &localaws.Fault{DropAfter: true}
			}
			return nil
		})
		w.AfterCall(func(c localaws.Call) {
			if c.Operation == "DeleteFunction" && !w.exists("orders") {
				w.AddFunction("orders")
			}
		})
		res := w.create(500, 512, "orders")
		if !w.exists("orders") {
			t.Errorf("the function of another run was deleted: %s", w.operations())
		}
		if o := res.Outcomes[0]; !o.Remains || !strings.Contains(o.Err.Error(), "has created it since") {
			t.Errorf("%s: %v", o.Reason, o.Err)
		}
	})
}

// TestDeleteWithoutAnswer: a function is deleted only as it was created, also where the
// answer to CreateFunction was lost.
func TestDeleteWithoutAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w.OnCall(func(c localaws.Call) *localaws.Fault {
			if c.Operation == "CreateFunction" {
				return &localaws.Fault{DropAfter: true}
			}
			return nil
		})
		w.AfterCall(func(c localaws.Call) {
			if c.Operation == "CreateFunction" && w.exists("orders") {
				w.Configure("orders", func(f *localaws.Function) { f.Timeout, f.MemorySize = 60, 1024 })
				cancel()
			}
		})
		req := on(run(500), "orders")
		creation(&req)
		res := w.releaser(time.Minute).Run(ctx, req)
		if !w.exists("orders") {
			t.Errorf("what others have changed was deleted: %s\n%s", w.operations(), w.log)
		}
		if o := res.Outcomes[0]; o.Status != release.Failed {
			t.Errorf("%s: %s, %v", o.Status, o.Reason, o.Err)
		}
	})
}

// TestKeepsWhatAnotherMayCall: the alias of a function that existed could not be restored,
// so what it serves may call the function that was created.
func TestKeepsWhatAnotherMayCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{})
		w.AddFunction("items")
		toMove(w, "items")
		updates := 0
		w.OnCall(func(c localaws.Call) *localaws.Fault {
			switch c.Operation {
			case "CreateAlias":
				return &localaws.Fault{Delay: time.Second, Status: 400, Code: "InvalidParameterValueException", Message: "no"}
			case "UpdateAlias":
				if updates++; updates > 1 {
					return &localaws.Fault{Status: 403, Code: "AccessDeniedException", Message: "no"}
				}
			}
			return nil
		})
		res := w.create(500, 512, "items", "orders")
		if !w.exists("orders") || res.ExitCode() != release.ExitNotAsItWas {
			t.Errorf("exit code %d, calls: %s", res.ExitCode(), w.operations())
		}
		if o := res.Outcomes[1]; !o.Remains || !strings.Contains(o.Err.Error(), "items:prod") {
			t.Errorf("%s: %v", o.Reason, o.Err)
		}
	})
}

// TestRefusedAtOnce: functions that wait for the same role do not wait for each other.
func TestRefusedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{})
		w.NewRole(executionRole, time.Hour)
		var names []string
		for n := range 12 {
			names = append(names, fmt.Sprintf("orders-%d", n))
		}
		began := time.Now()
		req := on(run(500), names...)
		creation(&req)
		res := w.releaser(20*time.Minute).Run(t.Context(), req)
		if took := time.Since(began); took > 100*time.Second {
			t.Errorf("%s after %s", res.Status(), took)
		}
	})
}

// TestCreatedFromS3ByAnother: what is in S3 is compared by the hash that AWS computes.
func TestCreatedFromS3ByAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{Settle: time.Second})
		w.AddBucket("builds", "eu-central-1")
		var zipped bytes.Buffer
		archive := zip.NewWriter(&zipped)
		if _, err := archive.Create("bootstrap"); err != nil || archive.Close() != nil {
			t.Fatal(err)
		}
		w.PutObject("builds", "orders.zip", zipped.Bytes())
		from := func(id uint64) release.Result {
			req := on(run(id), "orders")
			creation(&req)
			req.Code = map[string]artifact.Source{"orders": {Kind: artifact.S3, Given: "s3://builds/orders.zip", Bucket: "builds", Key: "orders.zip"}}
			return w.releaser(time.Minute).Run(t.Context(), req)
		}
		other := false
		w.OnCall(func(c localaws.Call) *localaws.Fault {
			if c.Operation == "CreateFunction" && !other {
				other = true
				from(499)
			}
			return nil
		})
		if res := from(500); res.Status() == release.Failed {
			t.Errorf("%s: %v", res.Status(), res.Outcomes[0].Err)
		}
	})
}
