package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
	"lambda-release/internal/gateway"
	"lambda-release/internal/localaws"
)

const variable = "lambdaAlias"

var orders = function.ID{Name: "orders", Given: "orders"}

// world is an embedded AWS in memory, with the function orders, its alias prod, and a
// stage of a REST and of an HTTP API.
type world struct {
	*localaws.Cloud

	t   *testing.T
	aws *awsapi.Client
	fn  function.ID
}

func newWorld(t *testing.T) *world {
	t.Helper()
	cloud := localaws.New(localaws.Options{})
	loopback := localaws.NewLoopback(cloud)
	t.Cleanup(func() { cloud.Close(); loopback.Close() })
	cloud.AddFunction("orders")
	cloud.Publish("orders", "")
	cloud.SetAlias("orders", localaws.Alias{Name: "prod", Version: "1"})
	cloud.AddRestStage("a1b2c3d4e5", "prod", map[string]string{"table": "orders", variable: "dev"})
	cloud.AddHTTPStage("h1h2h3h4h5", "$default", map[string]string{"table": "orders"})
	return &world{cloud, t, session(t, loopback), orders.Resolved(cloud.FunctionARN("orders", ""))}
}

// session is one of a process of its own.
func session(t *testing.T, loopback *localaws.Loopback) *awsapi.Client {
	t.Helper()
	aws, err := awsapi.Open(t.Context(), awsapi.Options{Rate: 100_000, Dial: loopback.Dial, Getenv: func(name string) string {
		return map[string]string{
			"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_ENDPOINT_URL": "http://localhost",
		}[name]
	}})
	if err != nil {
		t.Fatal(err)
	}
	return aws
}

func (w *world) bind(arn string) ([]string, error) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	var reported []string
	changed, err := bind(ctx, w, arn, func(text string) { reported = append(reported, text) })
	if diff := cmp.Diff(changed, reported, cmpopts.EquateEmpty()); diff != "" {
		w.t.Errorf("reported other changes than returned:\n%s", diff)
	}
	return changed, err
}

// bind binds a stage to orders:prod as a release of one function does.
func bind(ctx context.Context, w *world, arn string, tell func(string)) ([]string, error) {
	w.t.Helper()
	changed, err := gateway.Allow(ctx, w.aws, w.fn, "prod", parse(w.t, arn), tell)
	if err != nil {
		return changed, err
	}
	pointed, err := gateway.Point(ctx, w.aws, "prod", parse(w.t, arn), variable, tell)
	return append(changed, pointed...), err
}

// operations are the calls since the last reset by name, and forgets them.
func (w *world) operations() string {
	var ops []string
	for _, c := range w.Calls() {
		ops = append(ops, c.Operation)
	}
	w.ResetCalls()
	slices.Sort(ops)
	return strings.Join(ops, " ")
}

// sources are who may invoke orders:prod, as ID=SOURCE.
func (w *world) sources() string {
	w.t.Helper()
	policy, err := w.aws.Policy(w.t.Context(), orders, "prod")
	if err != nil {
		w.t.Fatal(err)
	}
	var all []string
	for _, p := range policy.Permissions {
		all = append(all, p.ID+"="+p.SourceARN)
	}
	return strings.Join(all, " ")
}

const (
	restID     = "lambda-release-a1b2c3d4e5-prod-7231b2791261"
	httpID     = "lambda-release-h1h2h3h4h5-_default-589f0363d22c"
	restSource = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/prod/*/*"
	httpSource = "arn:aws:execute-api:eu-central-1:123456789012:h1h2h3h4h5/$default/*"
)

var (
	restChanged = []string{"stage a1b2c3d4e5/prod may invoke orders:prod", "variable lambdaAlias of stage a1b2c3d4e5/prod is prod, no longer dev"}
	httpChanged = []string{"stage h1h2h3h4h5/$default may invoke orders:prod", "variable lambdaAlias of stage h1h2h3h4h5/$default is prod"}
)

// bound asserts that a stage is bound, its other variables being kept.
func (w *world) bound(arn string) {
	w.t.Helper()
	s := parse(w.t, arn)
	if diff := cmp.Diff(map[string]string{"table": "orders", variable: "prod"}, w.StageVariables(s.APIID, s.Name)); diff != "" {
		w.t.Errorf("variables of %s:\n%s", s, diff)
	}
	want := map[string]string{restARN: restSource, httpARN: httpSource}[arn]
	if got := w.sources(); strings.Count(got, s.APIID+"/") != 1 || !strings.Contains(got, "="+want) {
		w.t.Errorf("policy %s, want %s once", got, want)
	}
}

// A stage is bound, and bound again nothing is written.
func TestBind(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string]struct {
		changed []string
		id      string
	}{
		restARN: {restChanged, restID},
		httpARN: {httpChanged, httpID},
	} {
		t.Run(arn, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			changed, err := w.bind(arn)
			if diff := cmp.Diff(want.changed, changed); diff != "" || err != nil {
				t.Fatalf("%v\n%s", err, diff)
			}
			if got := w.operations(); got != "AddPermission GetPolicy GetStage UpdateStage" {
				t.Errorf("calls %s", got)
			}
			w.bound(arn)
			if got := w.sources(); !strings.HasPrefix(got, want.id+"=") {
				t.Errorf("policy %s, want the id %s", got, want.id)
			}
			w.operations()
			for range 2 {
				changed, err = w.bind(arn)
				if got := w.operations(); len(changed) > 0 || err != nil || got != "GetPolicy GetStage" {
					t.Errorf("again: changed %q, error %v, calls %s", changed, err, got)
				}
			}
		})
	}
}

// The permission is there before callers are led to the alias.
func TestBindOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.OnCall(func(c localaws.Call) *localaws.Fault {
		if c.Operation == "AddPermission" && w.StageVariables("a1b2c3d4e5", "prod")[variable] != "dev" {
			t.Error("the variable was first")
		}
		return nil
	})
	if _, err := w.bind(restARN); err != nil {
		t.Error(err)
	}
}

// Several stages and aliases get along.
func TestBindSeveral(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SetAlias("orders", localaws.Alias{Name: "dev", Version: "1"})
	for _, arn := range []string{restARN, httpARN} {
		if _, err := w.bind(arn); err != nil {
			t.Fatal(err)
		}
	}
	w.bound(restARN)
	w.bound(httpARN)
	if policy, err := w.aws.Policy(t.Context(), orders, "dev"); err != nil || len(policy.Permissions) > 0 {
		t.Errorf("the policy of dev has %+v, %v", policy, err)
	}
}

// A stage of another region is reached there, and named there.
func TestBindOtherRegion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fn = orders.Resolved("arn:aws:lambda:eu-west-1:123456789012:function:orders:prod")
	changed, err := w.bind(restARN)
	if err != nil || len(changed) != 2 {
		t.Fatalf("%q, %v", changed, err)
	}
	w.bound(restARN)
	_, err = w.bind(strings.Replace(restARN, "eu-central-1", "us-east-1", 1))
	if e, ok := errors.AsType[*awsapi.Error](err); !ok || e.Kind != awsapi.NotFound || e.Region != "us-east-1" || !strings.Contains(e.Hint(), "in region us-east-1") {
		t.Errorf("%v", err)
	}
}

func TestBindRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		arn    string
		change func(*world)
		kind   awsapi.Kind
		says   []string // error and hint
		calls  string
	}{
		"no such stage": {
			strings.Replace(restARN, "/prod", "/nope", 1), nil, awsapi.NotFound,
			[]string{"bind a1b2c3d4e5/nope to prod", "NotFoundException", "stage nope of the REST API a1b2c3d4e5", "arn:aws:apigateway:eu-central-1::/apis/ID"}, "AddPermission GetPolicy GetStage",
		},
		"no such HTTP API": {
			strings.Replace(httpARN, "h1h2", "xxxx", 1), nil, awsapi.NotFound,
			[]string{"NotFoundException", "HTTP or WebSocket API xxxxh3h4h5", "/restapis/ID/stages/NAME"}, "AddPermission GetPolicy GetStage",
		},
		"the other kind of API": {
			strings.Replace(restARN, "restapis", "apis", 1), nil, awsapi.NotFound, []string{"/restapis/ID/stages/NAME"}, "AddPermission GetPolicy GetStage",
		},
		"read of the stage denied": {
			restARN, spoilt("GetStage", -1, denied("User: x is not authorized")), awsapi.Denied,
			[]string{"apigateway:GET", restARN}, "AddPermission GetPolicy GetStage",
		},
		"write of the stage denied": {
			httpARN, spoilt("UpdateStage", -1, denied("User: x is not authorized")), awsapi.Denied,
			[]string{"apigateway:PATCH", httpARN}, "AddPermission GetPolicy GetStage UpdateStage",
		},
		"in AWS's words": {
			restARN, spoilt("UpdateStage", -1, denied("User: arn:aws:sts::1:assumed-role/ci/x is not authorized to perform: apigateway:PATCH on resource: "+restARN+
				" because no identity-based policy allows the apigateway:PATCH action")), awsapi.Denied,
			[]string{"apigateway:PATCH", restARN}, "AddPermission GetPolicy GetStage UpdateStage",
		},
		"read of the policy denied": {
			restARN, spoilt("GetPolicy", -1, denied("User: x is not authorized")), awsapi.Denied,
			[]string{"lambda:GetPolicy", ":function:orders:*"}, "GetPolicy",
		},
		"write of the policy denied": {
			restARN, spoilt("AddPermission", -1, denied("User: x is not authorized")), awsapi.Denied,
			[]string{"lambda:AddPermission"}, "AddPermission GetPolicy",
		},
		"a stage that AWS manages": {
			httpARN, spoilt("UpdateStage", -1, localaws.Fault{Status: 400, Code: "BadRequestException", Message: "Unable to update stage"}), awsapi.Invalid,
			[]string{"quick create"}, "AddPermission GetPolicy GetStage UpdateStage",
		},
		"another partition": {
			"arn:aws-cn:apigateway:cn-north-1::/restapis/x/stages/prod", nil, awsapi.Other, []string{"aws-cn and the function in aws"}, "",
		},
		"an unknown account": {
			restARN, func(w *world) { w.fn = orders }, awsapi.Other, []string{"the account of the function is not known"}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if tt.change != nil {
				tt.change(w)
			}
			_, err := w.bind(tt.arn)
			if err == nil {
				t.Fatal("no error")
			}
			text := err.Error()
			if e, ok := errors.AsType[*awsapi.Error](err); ok {
				text += fmt.Sprintf("\n%s\n%+v", e.Hint(), e.Denial())
				if e.Kind != tt.kind {
					t.Errorf("kind %d, want %d", e.Kind, tt.kind)
				}
			}
			for _, want := range tt.says {
				if !strings.Contains(text, want) {
					t.Errorf("lacks %q:\n%s", want, text)
				}
			}
			if got := w.operations(); got != tt.calls {
				t.Errorf("calls %s, want %s", got, tt.calls)
			}
		})
	}
}

// DeleteAlias deletes an alias, as a call outside this run.
func (w *world) DeleteAlias(name string) {
	w.t.Helper()
	if err := w.aws.DeleteAlias(w.t.Context(), orders, name); err != nil {
		w.t.Fatal(err)
	}
	w.ResetCalls()
}

func denied(said string) localaws.Fault {
	return localaws.Fault{Status: http.StatusForbidden, Code: "AccessDeniedException", Message: said}
}

// spoilt does f to the first n calls of an operation, to all if n is -1.
func spoilt(op string, n int, f localaws.Fault) func(*world) {
	return func(w *world) {
		var mu sync.Mutex
		left := n
		w.OnCall(func(c localaws.Call) *localaws.Fault {
			mu.Lock()
			defer mu.Unlock()
			if c.Operation != op || left == 0 {
				return nil
			}
			left--
			return &f
		})
	}
}

var (
	busy    = localaws.Fault{Status: http.StatusConflict, Code: "ResourceConflictException", Message: "An update is in progress for resource"}
	unknown = localaws.Fault{Status: http.StatusNotFound, Code: "ResourceNotFoundException", Message: "Function not found"}
)

// What AWS is not ready for is waited out: an alias that it does not know yet, an
// update in progress, and a policy that is read as it was.
func TestBindNotYet(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		op    string
		times int
		fault localaws.Fault
		have  []awsapi.Permission
	}{
		"a new alias":                  {"AddPermission", 5, unknown, nil},
		"an update in progress":        {"AddPermission", 5, busy, nil},
		"an old policy":                {"GetPolicy", 3, unknown, []awsapi.Permission{{ID: restID, Service: "apigateway.amazonaws.com", Action: "lambda:InvokeFunction", SourceARN: restSource}}},
		"an update during the removal": {"RemovePermission", 3, busy, []awsapi.Permission{{ID: restID, Service: "apigateway.amazonaws.com", Action: "lambda:InvokeFunction", SourceARN: "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/*"}}},
		"an old policy at the removal": {"RemovePermission", 3, unknown, []awsapi.Permission{{ID: restID, Service: "apigateway.amazonaws.com", Action: "lambda:InvokeFunction", SourceARN: "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/*"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				for _, p := range tt.have {
					if err := w.aws.AddPermission(t.Context(), orders, "prod", p); err != nil {
						t.Fatal(err)
					}
				}
				w.ResetCalls()
				spoilt(tt.op, tt.times, tt.fault)(w)
				changed, err := w.bind(restARN)
				if !slices.Contains(changed, restChanged[0]) || err != nil {
					t.Errorf("changed %q, %v", changed, err)
				}
				w.bound(restARN)
			})
		})
	}
}

// An alias that does not exist is not waited for.
func TestBindWithoutAlias(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.DeleteAlias("prod")
		start := time.Now()
		changed, err := w.bind(restARN)
		if took := time.Since(start); len(changed) > 0 || !awsapi.Is(err, awsapi.NotFound) || took > 5*time.Second {
			t.Errorf("changed %q after %s: %v", changed, took, err)
		}
	})
}

// The job's end ends that wait, with the last error; until then it makes few calls.
func TestBindNeverReady(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*world)
		says   string
	}{
		"not known":             {spoilt("AddPermission", -1, unknown), "the last attempt ended with: ResourceNotFoundException"},
		"an update in progress": {spoilt("AddPermission", -1, busy), "the last attempt ended with: ResourceConflictException: An update is in progress"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				tt.change(w)
				start := time.Now()
				_, err := w.bind(restARN)
				if !awsapi.Is(err, awsapi.Deadline) || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("%v", err)
				}
				if took := time.Since(start); took != time.Minute {
					t.Errorf("ended after %s", took)
				}
				for i, c := range w.Calls()[1:] { // the first one reads the policy, before the loop
					if most := 4 + c.Start.Sub(start).Seconds()/2; float64(i+1) > most {
						t.Errorf("%d calls after %s", i+1, c.Start.Sub(start))
					}
				}
			})
		})
	}
}

// A job that ends while AWS is adding the permission finds out whether it was added.
func TestBindEndedMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx, cancel := context.WithCancel(t.Context())
		w.OnCall(func(c localaws.Call) *localaws.Fault {
			if c.Operation != "AddPermission" {
				return nil
			}
			cancel()
			return &localaws.Fault{DropAfter: true}
		})
		changed, err := bind(ctx, w, restARN, func(string) {})
		if !awsapi.Is(err, awsapi.Cancelled) || !slices.Equal(changed, restChanged[:1]) {
			t.Errorf("changed %q, %v", changed, err)
		}
	})
}

// Temporary faults change neither the result nor what is reported.
func TestBindFaults(t *testing.T) {
	t.Parallel()
	for _, arn := range []string{restARN, httpARN} {
		for _, op := range []string{"GetPolicy", "GetStage", "AddPermission", "UpdateStage"} {
			for name, f := range map[string]localaws.Fault{
				"throttled":      {Status: http.StatusTooManyRequests, Code: "TooManyRequestsException", Message: "Rate exceeded"},
				"500":            {Status: http.StatusInternalServerError, Code: "ServiceException", Message: "An error occurred"},
				"dropped":        {Drop: true},
				"dropped after":  {DropAfter: true},
				"API in contest": {Status: http.StatusConflict, Code: "ConflictException", Message: "Unable to complete operation due to concurrent modification. Please try again later."},
			} {
				if name == "API in contest" && !strings.HasSuffix(op, "Stage") {
					continue
				}
				t.Run(parse(t, arn).APIID+" "+op+" "+name, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						w := newWorld(t)
						spoilt(op, 1, f)(w)
						changed, err := w.bind(arn)
						want := map[string][]string{restARN: restChanged, httpARN: httpChanged}[arn]
						if diff := cmp.Diff(want, changed); diff != "" || err != nil {
							t.Errorf("%v\n%s", err, diff)
						}
						w.bound(arn)
					})
				})
			}
		}
	}
}

// An answer that is lost for good is looked for once, and what was done is done.
func TestBindAnswersLost(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"AddPermission", "UpdateStage"} {
		for name, f := range map[string]localaws.Fault{
			"never done": {Status: http.StatusInternalServerError, Code: "ServiceException", Message: "An error occurred"},
			"done":       {DropAfter: true},
		} {
			t.Run(op+" "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t)
					spoilt(op, -1, f)(w)
					changed, err := w.bind(restARN)
					if name == "done" {
						if diff := cmp.Diff(restChanged, changed); diff != "" || err != nil {
							t.Errorf("%v\n%s", err, diff)
						}
						w.bound(restARN)
						return
					}
					if !awsapi.Is(err, awsapi.Server) {
						t.Errorf("%v", err)
					}
					if n := strings.Count(w.operations(), op); n > 10 {
						t.Errorf("%d attempts", n)
					}
				})
			})
		}
	}
}

// The first change is reported even if the second failed.
func TestBindHalfDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	spoilt("UpdateStage", -1, denied("User: x is not authorized"))(w)
	changed, err := w.bind(restARN)
	if !awsapi.Is(err, awsapi.Denied) || !slices.Equal(changed, restChanged[:1]) {
		t.Errorf("changed %q, %v", changed, err)
	}
	w.OnCall(nil)
	w.operations()
	changed, err = w.bind(restARN)
	if got := w.operations(); err != nil || !slices.Equal(changed, restChanged[1:]) || got != "GetPolicy GetStage UpdateStage" {
		t.Errorf("again: changed %q, %v, calls %s", changed, err, got)
	}
}

// What has our id and says something else is replaced, and at no moment is the
// stage without what it needs once that is there.
func TestBindReplaces(t *testing.T) {
	t.Parallel()
	wide := func(id string) awsapi.Permission {
		return awsapi.Permission{ID: id, Service: "apigateway.amazonaws.com", Action: "lambda:InvokeFunction", SourceARN: "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/*"}
	}
	for name, tt := range map[string]struct {
		have  []awsapi.Permission
		want  string
		calls string
	}{
		"one": {
			[]awsapi.Permission{wide("sam"), wide(restID)}, "sam=" + wide("").SourceARN + " " + restID + "-b=" + restSource,
			"AddPermission GetPolicy GetPolicy GetStage RemovePermission",
		},
		"both": {
			[]awsapi.Permission{wide(restID + "-b"), wide(restID)}, restID + "-b=" + restSource,
			"AddPermission GetPolicy GetPolicy GetStage RemovePermission RemovePermission",
		},
		"by another tool already": {
			[]awsapi.Permission{{ID: "terraform", Service: "apigateway.amazonaws.com", Action: "lambda:InvokeFunction", SourceARN: restSource}},
			"terraform=" + restSource, "GetPolicy GetStage",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.AddRestStage("a1b2c3d4e5", "prod", map[string]string{"table": "orders", variable: "prod"})
			for _, p := range tt.have {
				if err := w.aws.AddPermission(t.Context(), orders, "prod", p); err != nil {
					t.Fatal(err)
				}
			}
			w.ResetCalls()
			changed, err := w.bind(restARN)
			got := w.operations()
			if err != nil || tt.calls != "GetPolicy GetStage" && !slices.Equal(changed, restChanged[:1]) {
				t.Errorf("changed %q, %v", changed, err)
			}
			if got != tt.calls {
				t.Errorf("calls %s, want %s", got, tt.calls)
			}
			if got := w.sources(); got != tt.want {
				t.Errorf("policy %s, want %s", got, tt.want)
			}
			w.ResetCalls()
			changed, err = w.bind(restARN)
			if got := w.operations(); len(changed) > 0 || err != nil || got != "GetPolicy GetStage" {
				t.Errorf("again: changed %q, error %v, calls %s", changed, err, got)
			}
		})
	}
}

// Others that bind the same at the same time, or change the policy meanwhile,
// are no trouble.
func TestBindBesideOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if _, err := bind(t.Context(), w, restARN, func(string) {}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		w.bound(restARN)
	})
}

// Another run changes the policy between the look and the removal.
func TestBindOvertaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := awsapi.Permission{ID: restID, Service: "apigateway.amazonaws.com", Action: "lambda:InvokeFunction", SourceARN: "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/*"}
	if err := w.aws.AddPermission(t.Context(), orders, "prod", p); err != nil {
		t.Fatal(err)
	}
	var first sync.Once
	w.OnCall(func(c localaws.Call) *localaws.Fault {
		if c.Operation == "RemovePermission" {
			first.Do(func() {
				p := p
				p.ID = "another"
				if err := w.aws.AddPermission(t.Context(), orders, "prod", p); err != nil {
					t.Error(err)
				}
			})
		}
		return nil
	})
	changed, err := w.bind(restARN)
	if err != nil || len(changed) != 2 {
		t.Errorf("changed %q, %v", changed, err)
	}
	if got, want := w.sources(), restID+"-b="+restSource+" another="+p.SourceARN; got != want {
		t.Errorf("policy %s, want %s", got, want)
	}
}

// A job that is over begins nothing.
func TestBindCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.OnCall(func(c localaws.Call) *localaws.Fault {
		if c.Operation == "AddPermission" {
			cancel()
		}
		return nil
	})
	changed, err := bind(ctx, w, restARN, func(string) {})
	if !awsapi.Is(err, awsapi.Cancelled) || len(changed) != 1 {
		t.Errorf("changed %q, %v", changed, err)
	}
	if v := w.StageVariables("a1b2c3d4e5", "prod")[variable]; v != "dev" {
		t.Errorf("the variable is %s", v)
	}
}

// A plan says what binding would say, and writes nothing.
func TestPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	plan := func() []string {
		t.Helper()
		changes, err := gateway.Plan(t.Context(), w.aws, w.fn, "prod", parse(t, restARN), variable)
		if got := w.operations(); err != nil || got != "GetPolicy GetStage" {
			t.Errorf("%v, calls %s", err, got)
		}
		return changes
	}
	if diff := cmp.Diff(restChanged, plan()); diff != "" {
		t.Error(diff)
	}
	if _, err := w.bind(restARN); err != nil {
		t.Fatal(err)
	}
	w.operations()
	if changes := plan(); len(changes) > 0 {
		t.Errorf("%q", changes)
	}
}
