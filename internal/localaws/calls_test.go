package localaws_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

func TestRecord(t *testing.T) {
	t.Parallel()
	c, api := withFunction(t, localaws.Options{})
	before := time.Now()
	must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String(arn), Description: aws.String("text")}))(t)
	must(createAlias(t, api, "prod", "1"))(t)
	must(updateAlias(t, api, "prod"))(t)
	must(updateAlias(t, api, "prod"))(t)
	_, _ = getAlias(t, api, "dev")
	must(api.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("fn:prod")}))(t)
	_, _ = addPermission(t, api, "api", "prod")
	_, _ = api.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("fn"), Qualifier: aws.String("9")})

	var got []string
	calls := c.Calls()
	for i, call := range calls {
		got = append(got, fmt.Sprintf("%s %s %s %q #%d %d", call.Service, call.Operation, call.Function, call.Qualifier, call.Attempt, call.Status))
		if call.Start.Before(before) || call.End.Before(call.Start) || i > 0 && call.Start.Before(calls[i-1].End) {
			t.Errorf("call %d lasted from %v to %v", i, call.Start, call.End)
		}
	}
	want := []string{
		`lambda PublishVersion fn "" #1 201`,
		`lambda CreateAlias fn "prod" #1 201`,
		`lambda UpdateAlias fn "prod" #1 200`,
		`lambda UpdateAlias fn "prod" #2 200`,
		`lambda GetAlias fn "dev" #1 404`,
		`lambda GetFunction fn "prod" #1 200`,
		`lambda AddPermission fn "prod" #1 201`,
		`lambda DeleteFunction fn "9" #1 204`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	equal(t, "body", string(calls[0].Body), `{"Description":"text"}`)

	c.ResetCalls()
	must(updateAlias(t, api, "prod"))(t)
	calls = c.Calls()
	equal(t, "number of calls after the reset", len(calls), 1)
	equal(t, "attempt after the reset", calls[0].Attempt, 1)
}

func TestRecordOfOverlappingCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, api := withFunction(t, localaws.Options{Latency: time.Second})
		var both, wg sync.WaitGroup
		both.Add(2)
		c.OnCall(func(localaws.Call) *localaws.Fault {
			both.Done()
			both.Wait()
			return nil
		})
		for range 2 {
			wg.Go(func() {
				if _, err := api.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("fn")}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		calls := c.Calls()
		if !calls[1].Start.Before(calls[0].End) {
			t.Errorf("calls did not overlap: %v to %v, %v to %v", calls[0].Start, calls[0].End, calls[1].Start, calls[1].End)
		}
	})
}

func TestLatency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const latency = 30 * time.Millisecond
		c, api := withFunction(t, localaws.Options{Latency: latency})
		getFunction(t, api, "")
		call := c.Calls()[0]
		if d := call.End.Sub(call.Start); d != latency {
			t.Errorf("call took %v, want %v", d, latency)
		}
	})
}

func TestRecordKeepsTheFirstMebibyte(t *testing.T) {
	t.Parallel()
	c, api := withFunction(t, localaws.Options{})
	payload := []byte(`"` + strings.Repeat("x", 2<<20) + `"`)
	must(api.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fn"), Payload: payload}))(t)
	equal(t, "length", len(c.Calls()[0].Body), 1<<20)
}

func TestFaults(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault  localaws.Fault
		check  func(*testing.T, error)
		status int
		worked bool
	}{
		"error": {
			fault: localaws.Fault{Status: 403, Code: "AccessDeniedException", Message: "no"},
			check: func(t *testing.T, err error) {
				t.Helper()
				wantError(t, err, 403, "AccessDeniedException", "no")
			},
			status: 403,
		},
		"drop": {
			fault: localaws.Fault{Drop: true},
			check: wantDropped,
		},
		"drop after": {
			fault:  localaws.Fault{DropAfter: true},
			check:  wantDropped,
			worked: true,
		},
		"delay": {
			fault:  localaws.Fault{Delay: 30 * time.Millisecond},
			check:  wantNone,
			status: 201,
			worked: true,
		},
		"late error": {
			fault: localaws.Fault{Delay: 30 * time.Millisecond, Status: 503, Code: "ServiceUnavailableException", Message: "later"},
			check: func(t *testing.T, err error) {
				t.Helper()
				wantError(t, err, 503, "ServiceUnavailableException", "later")
			},
			status: 503,
		},
		"late drop": {
			fault: localaws.Fault{Delay: 30 * time.Millisecond, Drop: true},
			check: wantDropped,
		},
		"cut": {
			fault:  localaws.Fault{Garble: localaws.GarbleCut},
			check:  wantUnreadable("unterminated string"),
			status: 201,
			worked: true,
		},
		"torn": {
			fault:  localaws.Fault{Garble: localaws.GarbleTorn},
			check:  wantUnreadable("unexpected EOF"),
			status: 201,
			worked: true,
		},
		"HTML": {
			fault:  localaws.Fault{Garble: localaws.GarbleHTML},
			check:  wantUnreadable("unexpected token at offset 0"),
			status: 200,
			worked: true,
		},
		"empty": { // the SDK returns an output without members
			fault:  localaws.Fault{Garble: localaws.GarbleEmpty},
			check:  wantNone,
			status: 201,
			worked: true,
		},
		"none": {
			check:  wantNone,
			status: 201,
			worked: true,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, api := withFunction(t, localaws.Options{})
				c.OnCall(func(call localaws.Call) *localaws.Fault {
					equal(t, "call", call.Operation+" "+call.Function, "PublishVersion fn")
					return &tt.fault
				})
				start := time.Now()
				_, err := api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")})
				tt.check(t, err)
				equal(t, "time", time.Since(start), tt.fault.Delay)
				call := c.Calls()[0]
				equal(t, "recorded status", call.Status, tt.status)
				equal(t, "work done", len(c.Versions("fn")) == 1, tt.worked)
				if call.End.IsZero() {
					t.Error("call has no end")
				}
			})
		})
	}
}

func wantNone(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// wantUnreadable checks that the answer could not be decoded.
func wantUnreadable(message string) func(*testing.T, error) {
	return func(t *testing.T, err error) {
		t.Helper()
		var e *smithy.DeserializationError
		if !errors.As(err, &e) || !strings.Contains(err.Error(), message) {
			t.Errorf("error is %v, want %s", err, message)
		}
	}
}

// wantDropped checks that the connection was closed without an answer.
func wantDropped(t *testing.T, err error) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), "EOF") && !strings.Contains(err.Error(), "reset") {
		t.Errorf("error is %v, want a closed connection", err)
	}
}

func TestGarbledErrorsStayReadable(t *testing.T) {
	t.Parallel()
	c, api := withVersions(t, 1)
	c.OnCall(func(localaws.Call) *localaws.Fault { return &localaws.Fault{Garble: localaws.GarbleCut} })
	_, err := getAlias(t, api, "prod")
	wantError(t, err, 404, "ResourceNotFoundException", "Cannot find alias arn: "+arn+":prod")
}

func TestTwice(t *testing.T) {
	t.Parallel()
	c, api := withVersions(t, 2)
	c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
	read := must(getAlias(t, api, "prod"))(t)
	c.OnCall(func(localaws.Call) *localaws.Fault { return &localaws.Fault{Twice: true} })
	_, err := updateAlias(t, api, "prod", to("2"), func(in *lambda.UpdateAliasInput) { in.RevisionId = read.RevisionId })
	wantError(t, err, 412, "PreconditionFailedException", stale)
	a, _ := c.Alias("fn", "prod")
	equal(t, "version", a.Version, "2")
	c.ResetCalls()
	out := must(updateAlias(t, api, "prod", to("1")))(t)
	a, _ = c.Alias("fn", "prod")
	equal(t, "revision of the answer", *out.RevisionId, a.RevisionId)
	equal(t, "number of calls", len(c.Calls()), 1)
}

func TestLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, api := withFunction(t, localaws.Options{})
		c.OnCall(func(call localaws.Call) *localaws.Fault {
			if call.Operation == "PublishVersion" {
				return &localaws.Fault{Late: time.Minute}
			}
			return nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := api.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: aws.String("fn")})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error is %v", err)
		}
		time.Sleep(54 * time.Second)
		equal(t, "number of versions after 59 s", len(c.Versions("fn")), 0)
		time.Sleep(2 * time.Second)
		equal(t, "number of versions after 61 s", len(c.Versions("fn")), 1)

		// A caller that waits gets no answer either.
		c.Upload("fn", "new")
		time.AfterFunc(time.Hour, c.Close)
		_, err = api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")})
		wantDropped(t, err)
		equal(t, "number of versions", len(c.Versions("fn")), 2)
	})
}

func TestAfterCall(t *testing.T) {
	t.Parallel()
	c, api := withVersions(t, 2)
	c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
	var got []string
	c.AfterCall(func(call localaws.Call) {
		got = append(got, fmt.Sprint(call.Operation, " ", call.Status))
		if call.Operation == "UpdateAlias" {
			c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
		}
	})
	out := must(updateAlias(t, api, "prod", to("2")))(t)
	equal(t, "answer", *out.FunctionVersion, "2")
	equal(t, "version after another run has acted", *must(getAlias(t, api, "prod"))(t).FunctionVersion, "1")
	_, _ = getAlias(t, api, "dev")

	// It runs for what is carried out, also if the answer is lost.
	for _, fault := range []localaws.Fault{{DropAfter: true}, {Garble: localaws.GarbleHTML}, {Drop: true}, {Status: 503}} {
		c.OnCall(func(localaws.Call) *localaws.Fault { return &fault })
		_, _ = updateAlias(t, api, "prod", to("2"))
	}
	want := []string{"UpdateAlias 200", "GetAlias 200", "GetAlias 404", "UpdateAlias 200", "UpdateAlias 200"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestHang(t *testing.T) {
	t.Parallel()
	hang := func(localaws.Call) *localaws.Fault { return &localaws.Fault{Hang: true} }

	t.Run("until the caller disconnects", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			c, api := withFunction(t, localaws.Options{})
			c.OnCall(hang)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
			defer cancel()
			_, err := api.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: aws.String("fn")})
			if err == nil || !strings.Contains(err.Error(), "deadline exceeded") {
				t.Errorf("error is %v", err)
			}
			equal(t, "number of versions", len(c.Versions("fn")), 0)
		})
	})
	t.Run("until Close", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			c, api := withFunction(t, localaws.Options{})
			c.OnCall(hang)
			time.AfterFunc(30*time.Millisecond, c.Close)
			_, err := api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")})
			wantDropped(t, err)
			c.Close() // a second Close is allowed
		})
	})
}

func TestWorkIsDoneForACallerThatGaveUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, api := withFunction(t, localaws.Options{})
		c.OnCall(func(localaws.Call) *localaws.Fault { return &localaws.Fault{Delay: time.Hour} })
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		if _, err := api.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: aws.String("fn")}); err == nil {
			t.Fatal("no error")
		}
		synctest.Wait()
		equal(t, "number of versions", len(c.Versions("fn")), 1)
	})
}

func TestHookMayUseTheCloud(t *testing.T) {
	t.Parallel()
	c, api := withVersions(t, 2)
	c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
	read := must(getAlias(t, api, "prod"))(t)
	c.OnCall(func(call localaws.Call) *localaws.Fault {
		if call.Operation == "UpdateAlias" && call.Attempt == 1 {
			c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "2"})
			equal(t, "calls on record", len(c.Calls()), 2)
		}
		return nil
	})
	_, err := updateAlias(t, api, "prod", to("1"), func(in *lambda.UpdateAliasInput) { in.RevisionId = read.RevisionId })
	wantError(t, err, 412, "PreconditionFailedException", stale)
	c.OnCall(nil)
	must(updateAlias(t, api, "prod", to("1")))(t)
}

// The SDK's retries are recorded as calls. Repeating a call has the same effect
// as on AWS.
func TestRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, api := start(t, localaws.Options{}, func(o *lambda.Options) { o.Retryer = retry.NewStandard() })
		c.AddFunction("fn")
		faults := []*localaws.Fault{
			{Status: http.StatusTooManyRequests, Code: "TooManyRequestsException", Message: "Rate exceeded"},
			{DropAfter: true},
		}
		c.OnCall(func(call localaws.Call) *localaws.Fault {
			if call.Operation == "PublishVersion" && call.Attempt <= len(faults) {
				return faults[call.Attempt-1]
			}
			return nil
		})
		out := must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn"), Description: aws.String("text")}))(t)
		equal(t, "Version", *out.Version, "1")
		var got []int
		for _, call := range c.Calls() {
			got = append(got, call.Status)
		}
		if diff := cmp.Diff([]int{429, 0, 201}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSideBySide(t *testing.T) {
	t.Parallel()
	c, api := start(t, localaws.Options{})
	c.OnCall(func(localaws.Call) *localaws.Fault { _ = c.Calls(); return nil })
	const functions = 4
	for i := range functions {
		c.AddFunction(fmt.Sprint("fn", i))
	}
	var wg sync.WaitGroup
	for i := range 4 * functions {
		wg.Go(func() {
			name := aws.String(fmt.Sprint("fn", i%functions))
			for range 5 {
				_, _ = api.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: name, Environment: &types.Environment{Variables: map[string]string{"AB": "1"}}})
				c.Upload(*name, "code")
				published, err := api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: name})
				if err != nil {
					continue // another update is in progress
				}
				_, _ = api.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: name, Name: aws.String("prod"), FunctionVersion: published.Version})
				_, err1 := api.UpdateAlias(t.Context(), &lambda.UpdateAliasInput{FunctionName: name, Name: aws.String("prod"), FunctionVersion: published.Version})
				_, err2 := api.ListVersionsByFunction(t.Context(), &lambda.ListVersionsByFunctionInput{FunctionName: name})
				_, err3 := api.ListAliases(t.Context(), &lambda.ListAliasesInput{FunctionName: name})
				_, err4 := api.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String(*name + ":prod")})
				_, err5 := api.ListFunctions(t.Context(), &lambda.ListFunctionsInput{})
				_, _ = api.AddPermission(t.Context(), &lambda.AddPermissionInput{FunctionName: name, Qualifier: aws.String("prod"), StatementId: aws.String("s"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("s3.amazonaws.com")})
				_, err6 := api.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: name, Qualifier: aws.String("prod")})
				for _, err := range []error{err1, err2, err3, err4, err5, err6} {
					if err != nil {
						t.Error(err)
					}
				}
				_, _, _ = c.Versions(*name), c.Aliases(*name), c.Calls()
			}
		})
	}
	wg.Wait()
	for i := range functions {
		name := fmt.Sprint("fn", i)
		for n, v := range c.Versions(name) {
			equal(t, "version", v, fmt.Sprint(n+1))
		}
		if a, ok := c.Alias(name, "prod"); !ok || a.RevisionId == "" {
			t.Errorf("alias of %s is %v", name, a)
		}
	}
}
