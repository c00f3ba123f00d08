package awsapi_test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
)

// spoilers answer with success, but not with what AWS has answered.
var spoilers = map[string]func(w http.ResponseWriter, body []byte){
	"cut": func(w http.ResponseWriter, body []byte) {
		_, _ = w.Write(body[:len(body)/2])
	},
	"cut off": func(w http.ResponseWriter, body []byte) { // net/http notices that the handler has written less
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body[:len(body)/2])
	},
	"empty": func(w http.ResponseWriter, _ []byte) {
		w.Header().Set("Content-Length", "0")
	},
	"of a proxy": func(w http.ResponseWriter, _ []byte) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html>Please log in</html>"))
	},
}

// spoiler is an AWS of which some answers of success are spoiled. What they
// answer to was carried out.
type spoiler struct {
	*localaws.Cloud

	spoil   func(w http.ResponseWriter, body []byte)
	op      atomic.Value // the name of the operation
	answers atomic.Int32 // how many of its answers are still spoiled
}

func (s *spoiler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	before := len(s.Calls())
	answer := httptest.NewRecorder()
	s.Cloud.ServeHTTP(answer, r)
	maps.Copy(w.Header(), answer.Header())
	if answer.Code < 300 && s.Calls()[before].Operation == s.op.Load() && s.answers.Add(-1) >= 0 {
		w.Header().Del("Content-Length")
		for name := range answer.Header() {
			if name != "Content-Type" && name != "Smithy-Protocol" { // Invoke's answer is in headers, too
				w.Header().Del(name)
			}
		}
		s.spoil(w, answer.Body.Bytes())
		return
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// newSpoiler returns an AWS that has everything that the calls are about.
func newSpoiler(t *testing.T, how string) (*spoiler, *awsapi.Client) {
	t.Helper()
	s := &spoiler{Cloud: localaws.New(localaws.Options{}), spoil: spoilers[how]}
	loopback := localaws.NewLoopback(s)
	t.Cleanup(func() { s.Close(); loopback.Close() })
	s.op.Store("")
	s.AddFunction(items.Name)
	s.Publish(items.Name, "one")
	s.Upload(items.Name, "two")
	s.Publish(items.Name, "two")
	s.SetAlias(items.Name, localaws.Alias{Name: "prod", Version: "1"})
	s.AddRestStage("r1", "prod", nil)
	s.AddHTTPStage("h1", "$default", nil)
	s.AddDeploymentGroup(group.Application, group.Name, "")
	s.SetAlarm("errors", "OK", "")
	if err := s.ProvisionConcurrency(items.Name, "prod"); err != nil {
		t.Fatal(err)
	}
	client := open(t, local, func(o *awsapi.Options) { o.Dial = loopback.Dial })
	s.SetAlias(items.Name, localaws.Alias{Name: "test", Version: "1"})
	s.SetAlias(items.Name, localaws.Alias{Name: "async", Version: "1"})
	if err := client.AddPermission(t.Context(), items, "prod", permission); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateURL(t.Context(), items, "prod", awsapi.URLIAM, awsapi.CORS{}); err != nil {
		t.Fatal(err)
	}
	if err := client.PutAsyncSettings(t.Context(), items, awsapi.AsyncSettings{Qualifier: "async", Retries: new(int32)}); err != nil {
		t.Fatal(err)
	}
	s.ResetCalls()
	return s, client
}

var permission = awsapi.Permission{
	ID: "one", Service: "apigateway.amazonaws.com", Action: "lambda:InvokeFunction", SourceARN: "arn:aws:execute-api:eu-central-1:123456789012:r1/prod/*/*",
}

// readable are operations whose answers are needed, and what repeating one that
// was carried out leads to.
var readable = map[string]struct {
	do    func(context.Context, *awsapi.Client) error
	again awsapi.Kind
}{
	"GetAlias":               {operations["GetAlias"], awsapi.Other},
	"GetFunction":            {operations["GetFunction"], awsapi.Other},
	"ListAliases":            {operations["ListAliases"], awsapi.Other},
	"ListVersionsByFunction": {operations["ListVersionsByFunction"], awsapi.Other},
	"PublishVersion":         {operations["PublishVersion"], awsapi.Other},
	"CreateAlias": {func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.CreateAlias(ctx, items, awsapi.Alias{Name: "dev", Version: "1"})
		return err
	}, awsapi.Conflict},
	"UpdateAlias": {func(ctx context.Context, c *awsapi.Client) error {
		a, err := c.Alias(ctx, items, "prod")
		if err == nil {
			_, err = c.UpdateAlias(ctx, items, a)
		}
		return err
	}, awsapi.Stale},
	"UpdateFunctionConfiguration": {func(ctx context.Context, c *awsapi.Client) error {
		latest, err := c.Configuration(ctx, items, "")
		if err == nil {
			_, err = c.TouchLatest(ctx, items, latest.Description, latest.Revision)
		}
		return err
	}, awsapi.Stale},
	"GetProvisionedConcurrencyConfig": {func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.ProvisionedConcurrency(ctx, items, "prod")
		return err
	}, awsapi.Other},
	"GetPolicy": {func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.Policy(ctx, items, "prod")
		return err
	}, awsapi.Other},
	"AddPermission": {func(ctx context.Context, c *awsapi.Client) error {
		p := permission
		p.ID = "two"
		return c.AddPermission(ctx, items, "prod", p)
	}, awsapi.Conflict},
	"GetFunctionUrlConfig": {func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.URL(ctx, items, "prod")
		return err
	}, awsapi.Other},
	"ListFunctionUrlConfigs": {func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.URLs(ctx, items)
		return err
	}, awsapi.Other},
	"CreateFunctionUrlConfig": {func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.CreateURL(ctx, items, "test", awsapi.URLIAM, awsapi.CORS{})
		return err
	}, awsapi.Conflict},
	"UpdateFunctionUrlConfig": {func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.SetCORS(ctx, items, "prod", awsapi.CORS{AllowOrigins: []string{"*"}})
		return err
	}, awsapi.Other},
	"ListFunctionEventInvokeConfigs": {func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.AllAsyncSettings(ctx, items)
		return err
	}, awsapi.Other},
	"PutFunctionEventInvokeConfig": {func(ctx context.Context, c *awsapi.Client) error {
		return c.PutAsyncSettings(ctx, items, awsapi.AsyncSettings{Qualifier: "prod", OnFailure: "arn:aws:sqs:eu-central-1:123456789012:failed"})
	}, awsapi.Other},
	"ListEventSourceMappings": {func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.Mappings(ctx)
		return err
	}, awsapi.Other},
	"ListProvisionedConcurrencyConfigs": {func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.AllProvisionedConcurrency(ctx, items)
		return err
	}, awsapi.Other},
	"ListDurableExecutionsByFunction": {func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.HasUnfinishedExecutions(ctx, items, "1")
		return err
	}, awsapi.Other},
	"ListFunctions": {func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.Functions(ctx)
		return err
	}, awsapi.Other},
	"GetStage": {func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.StageVariables(ctx, restStage)
		return err
	}, awsapi.Other},
	"UpdateStage": {func(ctx context.Context, c *awsapi.Client) error {
		return c.SetStageVariable(ctx, httpStage, "a", "b")
	}, awsapi.Other},
	"DescribeAlarms": {func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.Alarms(ctx, []string{"errors"})
		return err
	}, awsapi.Other},
	"GetMetricData": {func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.MetricSeries(ctx, []awsapi.Query{{Namespace: "AWS/Lambda", Name: "Errors", Stat: "Sum"}}, 1, 2)
		return err
	}, awsapi.Other},
	"ListDeployments": {func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.Deployments(ctx, group, time.Now())
		return err
	}, awsapi.Other},
	"GetDeployment": {func(ctx context.Context, c *awsapi.Client) error {
		id, err := c.CreateDeployment(ctx, request)
		if err == nil {
			_, err = c.Deployment(ctx, id)
		}
		return err
	}, awsapi.Other},
}

// An answer that cannot be read does not count as a refusal. Once it can be read,
// or the refusal of the repeated write shows that there was a first one, the error
// is what it then is; but its effect stays ambiguous.
func TestAnAnswerThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for how := range spoilers {
		for op, tt := range readable {
			t.Run(op+" "+how, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s, client := newSpoiler(t, how)
					s.op.Store(op)
					s.answers.Store(1)
					err := tt.do(t.Context(), client)
					if tt.again == awsapi.Other && err != nil || tt.again != awsapi.Other && !awsapi.Is(err, tt.again) {
						t.Errorf("after one: %v", err)
					}
					if err != nil && awsapi.EffectOf(err) != awsapi.Ambiguous {
						t.Errorf("after one: effect %d", awsapi.EffectOf(err))
					}
				})
				synctest.Test(t, func(t *testing.T) {
					if tt.again != awsapi.Other {
						return
					}
					s, client := newSpoiler(t, how)
					s.op.Store(op)
					s.answers.Store(1000)
					err := tt.do(t.Context(), client)
					isKind(t, err, awsapi.Unreadable)
					says(t, err.Error(), op, "the answer cannot be read: ")
					says(t, hintOf(t, err), "proxies")
					if awsapi.EffectOf(err) != awsapi.Ambiguous {
						t.Errorf("effect %d", awsapi.EffectOf(err))
					}
					if n := 1000 - s.answers.Load(); n != 3 {
						t.Errorf("%d calls", n)
					}
				})
			})
		}
	}
}

// What must not be repeated is not.
func TestAnAnswerThatCannotBeReadOfACallThatIsMadeOnce(t *testing.T) {
	t.Parallel()
	for op, do := range map[string]func(context.Context, *awsapi.Client) error{
		"Invoke": func(ctx context.Context, c *awsapi.Client) error {
			_, err := c.Invoke(ctx, items, "1", []byte("{}"), unheard)
			return err
		},
		"CreateDeployment": func(ctx context.Context, c *awsapi.Client) error {
			_, err := c.CreateDeployment(ctx, request)
			return err
		},
	} {
		for how := range spoilers {
			t.Run(op+" "+how, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s, client := newSpoiler(t, how)
					s.op.Store(op)
					s.answers.Store(1)
					err := do(t.Context(), client)
					isKind(t, err, awsapi.Unreadable)
					if n := len(s.Calls()); n != 1 || awsapi.EffectOf(err) != awsapi.Ambiguous {
						t.Errorf("%d calls, effect %d", n, awsapi.EffectOf(err))
					}
				})
			})
		}
	}
}

// A delete returns nothing, but not a page either.
func TestAPageIsNoAnswerToADelete(t *testing.T) {
	t.Parallel()
	for op, do := range map[string]func(context.Context, *awsapi.Client) error{
		"RemovePermission": func(ctx context.Context, c *awsapi.Client) error {
			return c.RemovePermission(ctx, items, "prod", "one", "")
		},
		"DeleteFunctionUrlConfig": func(ctx context.Context, c *awsapi.Client) error {
			return c.DeleteURL(ctx, items, "prod")
		},
		"DeleteFunctionEventInvokeConfig": func(ctx context.Context, c *awsapi.Client) error {
			return c.DeleteAsyncSettings(ctx, items, "async")
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, client := newSpoiler(t, "of a proxy")
			s.op.Store(op)
			s.answers.Store(1)
			err := do(t.Context(), client)
			isKind(t, err, awsapi.NotFound) // the first one was carried out
			if awsapi.EffectOf(err) != awsapi.Ambiguous {
				t.Errorf("effect %d", awsapi.EffectOf(err))
			}
		})
	}
}

// A refusal that cannot be read is a refusal, by its status.
func TestARefusalThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]awsapi.Kind{
		http.StatusNotFound: awsapi.NotFound, http.StatusConflict: awsapi.Conflict, http.StatusPreconditionFailed: awsapi.Stale,
	} {
		for code := range map[string]bool{"": true, "ResourceNotFoundException": true, "ResourceConflictException": true, "PreconditionFailedException": true} {
			for _, body := range []string{"", `{"Mess`, "<html>"} {
				client := open(t, local, served(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("X-Amzn-Errortype", code)
					w.WriteHeader(status)
					_, _ = w.Write([]byte(body))
				})(t))
				_, err := client.UpdateAlias(t.Context(), items, awsapi.Alias{Name: "prod", Version: "1", Revision: "r"})
				if body == `{"Mess` && !awsapi.Is(err, want) {
					t.Errorf("%d %q %q: %v", status, code, body, err)
				}
				if awsapi.EffectOf(err) != awsapi.Rejected {
					t.Errorf("%d %q %q: effect %d", status, code, body, awsapi.EffectOf(err))
				}
			}
		}
	}
}

// A delete whose answers are lost for good has succeeded if nothing is found any
// more, and has failed otherwise; also if the job has ended meanwhile.
func TestADeleteIsLookedFor(t *testing.T) {
	t.Parallel()
	for op, do := range map[string]func(context.Context, *awsapi.Client) error{
		"DeleteAlias":    operations["DeleteAlias"],
		"DeleteFunction": func(ctx context.Context, c *awsapi.Client) error { return c.DeleteVersion(ctx, items, "2") },
	} {
		for name, f := range map[string]localaws.Fault{"done": {DropAfter: true}, "not done": broken} {
			for _, ends := range []bool{false, true} {
				t.Run(op+" "+name+" "+strconv.FormatBool(ends), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						w := newCloud(t, localaws.Options{})
						w.Publish(items.Name, "one")
						w.Upload(items.Name, "two")
						w.Publish(items.Name, "two")
						w.SetAlias(items.Name, localaws.Alias{Name: "prod", Version: "1"})
						ctx, cancel := context.WithCancel(t.Context())
						defer cancel()
						w.OnCall(func(c localaws.Call) *localaws.Fault {
							if c.Operation != op {
								return nil
							}
							if ends {
								cancel()
							}
							return &f
						})
						if err := do(awsapi.Job(ctx, 1), w.open(t)); (err == nil) != (name == "done") {
							t.Errorf("%v", err)
						}
					})
				})
			}
		}
	}
}
