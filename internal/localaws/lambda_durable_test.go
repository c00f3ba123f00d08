package localaws_test

import (
	"fmt"
	"lambda-release/internal/localaws"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"
)

func TestA23DurableExecutions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, api := withProd(t)
		publish(c, 1)
		c.SetDurableExecution("fn", "prod", "order-1", "RUNNING")
		c.SetDurableExecution("fn", "prod", "order-2", "RUNNING")
		c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "2"})
		time.Sleep(time.Hour)
		c.SetDurableExecution("fn", "prod", "order-2", "SUCCEEDED")
		list := func(qualifier string, statuses ...types.ExecutionStatus) string {
			t.Helper()
			in := &lambda.ListDurableExecutionsByFunctionInput{FunctionName: aws.String("fn"), Statuses: statuses}
			if qualifier != "" {
				in.Qualifier = &qualifier
			}
			var s string
			for _, e := range must(api.ListDurableExecutionsByFunction(t.Context(), in))(t).DurableExecutions {
				s += fmt.Sprint(*e.DurableExecutionName, " ", (*e.FunctionArn)[len(arn):], " ", e.Status, " ", e.EndTimestamp != nil, ";")
			}
			return s
		}
		equal(t, "executions that stay on version 1", list("1"), "order-1 :prod RUNNING false;order-2 :prod SUCCEEDED true;")
		equal(t, "running ones", list("1", types.ExecutionStatusRunning), "order-1 :prod RUNNING false;")
		equal(t, "executions of the version that prod is at now", list("prod"), "")
		equal(t, "executions of $LATEST", list(""), "")
		equal(t, "ended ones", list("1", types.ExecutionStatusSucceeded), "order-2 :prod SUCCEEDED true;")
	})
}

// withDurable is a durable function with version 1 and the alias prod at it.
func withDurable(t *testing.T) (*localaws.Cloud, *lambda.Client) {
	t.Helper()
	c, api := withFunction(t, localaws.Options{}, func(f *localaws.Function) {
		f.Durable = &localaws.DurableConfig{ExecutionTimeout: 3600, RetentionPeriodInDays: 7}
	})
	c.Publish("fn", "")
	c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
	return c, api
}

// begin invokes prod asynchronously.
func begin(t *testing.T, api *lambda.Client, name, payload string) (*lambda.InvokeOutput, error) {
	t.Helper()
	in := &lambda.InvokeInput{FunctionName: aws.String("fn:prod"), InvocationType: types.InvocationTypeEvent, Payload: []byte(payload)}
	if name != "" {
		in.DurableExecutionName = &name
	}
	return api.Invoke(t.Context(), in)
}

func TestDurableExecutionLifecycle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, api := withDurable(t)
		get := func(arn *string) *lambda.GetDurableExecutionOutput {
			t.Helper()
			return must(api.GetDurableExecution(t.Context(), &lambda.GetDurableExecutionInput{DurableExecutionArn: arn}))(t)
		}
		began := time.Now()
		first := must(begin(t, api, "order-1", `{"order": 1}`))(t)
		equal(t, "answer", fmt.Sprint(first.StatusCode, *first.ExecutedVersion), "2021")
		if !strings.HasPrefix(*first.DurableExecutionArn, arn+":1/durable-execution/order-1/") {
			t.Errorf("ARN is %s", *first.DurableExecutionArn)
		}
		got := get(first.DurableExecutionArn)
		equal(t, "execution", fmt.Sprint(got.Status, *got.DurableExecutionName, *got.FunctionArn, *got.Version, *got.InputPayload, got.StartTimestamp.Equal(began), got.EndTimestamp == nil), `RUNNINGorder-1`+arn+`:prod1{"order": 1}true true`)

		// A name is for one execution.
		again := must(begin(t, api, "order-1", `{"order": 1}`))(t)
		equal(t, "ARN", *again.DurableExecutionArn, *first.DurableExecutionArn)
		_, err := begin(t, api, "order-1", `{"order": 2}`)
		wantError(t, err, 409, "DurableExecutionAlreadyStartedException", "The durable execution with the specified name has already been started: order-1")

		// It stays on its version.
		publish(c, 1)
		c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "2"})
		equal(t, "version", *get(first.DurableExecutionArn).Version, "1")
		second := must(begin(t, api, "", ""))(t)
		equal(t, "version", *get(second.DurableExecutionArn).Version, "2")

		time.Sleep(time.Minute)
		c.SetDurableExecution("fn", "1", "order-1", "PAUSED") // it can be stopped, too
		stopped := must(api.StopDurableExecution(t.Context(), &lambda.StopDurableExecutionInput{DurableExecutionArn: first.DurableExecutionArn, Error: &types.ErrorObject{ErrorMessage: aws.String("enough")}}))(t)
		equal(t, "time it took", stopped.StopTimestamp.Sub(began), time.Minute)
		got = get(first.DurableExecutionArn)
		equal(t, "execution", fmt.Sprint(got.Status, *got.Error.ErrorMessage, got.EndTimestamp.Equal(*stopped.StopTimestamp)), "STOPPEDenoughtrue")
		stopped2 := must(api.StopDurableExecution(t.Context(), &lambda.StopDurableExecutionInput{DurableExecutionArn: first.DurableExecutionArn}))(t)
		equal(t, "time it took", stopped2.StopTimestamp.Sub(began), time.Minute)

		time.Sleep(time.Hour)
		got = get(second.DurableExecutionArn)
		equal(t, "execution", fmt.Sprint(got.Status, got.EndTimestamp.Sub(began)), "TIMED_OUT1h0m0s")
	})
}

// A synchronous invocation waits for the end of the execution.
func TestDurableExecutionThatEnds(t *testing.T) {
	t.Parallel()
	c, api := withDurable(t)
	c.OnInvoke("fn", func(in localaws.Invocation) localaws.Answer {
		if string(in.Payload) == `"fail"` {
			return localaws.Answer{FunctionError: "Unhandled", Payload: []byte(`{"errorMessage":"x"}`)}
		}
		return localaws.Answer{Payload: []byte(`"done"`)}
	})
	run := func(payload string) *lambda.GetDurableExecutionOutput {
		t.Helper()
		out := must(api.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fn"), Qualifier: aws.String("1"), Payload: []byte(payload)}))(t)
		return must(api.GetDurableExecution(t.Context(), &lambda.GetDurableExecutionInput{DurableExecutionArn: out.DurableExecutionArn}))(t)
	}
	got := run("1")
	equal(t, "execution", fmt.Sprint(got.Status, *got.Result, *got.FunctionArn), `SUCCEEDED"done"`+arn+":1")
	got = run(`"fail"`)
	equal(t, "execution", fmt.Sprint(got.Status, *got.Error.ErrorMessage), `FAILED{"errorMessage":"x"}`)
}

const executionARN = `arn:([a-zA-Z0-9-]+):lambda:([a-zA-Z0-9-]+):(\d{12}):function:([a-zA-Z0-9_-]+):(\$LATEST(?:\.PUBLISHED)?|[0-9]+)/durable-execution/([a-zA-Z0-9_-]+)/([a-zA-Z0-9_-]+)`

func TestDurableExecutionRefused(t *testing.T) {
	t.Parallel()
	c, api := withDurable(t)
	_, err := api.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fn")})
	wantError(t, err, 400, "InvalidParameterValueException", "You cannot invoke a durable function using an unqualified ARN.")
	_, err = begin(t, api, "a b", "")
	wantError(t, err, 400, "ValidationException", "1 validation error detected: Value 'a b' at 'durableExecutionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9-_]+")
	_, err = api.ListDurableExecutionsByFunction(t.Context(), &lambda.ListDurableExecutionsByFunctionInput{FunctionName: aws.String("fn"), Statuses: []types.ExecutionStatus{"ENDED"}})
	wantError(t, err, 400, "ValidationException", "1 validation error detected: Value '[ENDED]' at 'statuses' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [RUNNING, PAUSING, PAUSED, SUCCEEDED, FAILED, TIMED_OUT, STOPPED, DELETING]]")
	_, err = api.StopDurableExecution(t.Context(), &lambda.StopDurableExecutionInput{DurableExecutionArn: aws.String("a")})
	wantError(t, err, 400, "ValidationException", "1 validation error detected: Value 'a' at 'durableExecutionArn' failed to satisfy constraint: Member must satisfy regular expression pattern: "+executionARN)
	missing := arn + ":1/durable-execution/a/b"
	_, err = api.GetDurableExecution(t.Context(), &lambda.GetDurableExecutionInput{DurableExecutionArn: &missing})
	wantError(t, err, 404, "ResourceNotFoundException", "Durable execution not found: "+missing)
	_, err = api.StopDurableExecution(t.Context(), &lambda.StopDurableExecutionInput{DurableExecutionArn: &missing})
	wantError(t, err, 404, "ResourceNotFoundException", "Durable execution not found: "+missing)
	_, err = api.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("fn"), DurableConfig: &types.DurableConfig{ExecutionTimeout: aws.Int32(31622401), RetentionPeriodInDays: aws.Int32(91)}})
	wantError(t, err, 400, "ValidationException", "2 validation errors detected: Value '91' at 'durableConfig.retentionPeriodInDays' failed to satisfy constraint: Member must have value less than or equal to 90; Value '31622401' at 'durableConfig.executionTimeout' failed to satisfy constraint: Member must have value less than or equal to 31622400")

	// Another function has no executions.
	c.AddFunction("other")
	out := must(api.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("other"), DurableExecutionName: aws.String("a")}))(t)
	equal(t, "ARN", aws.ToString(out.DurableExecutionArn), "")
}

// DurableConfig is a part of the configuration, also in lists.
func TestDurableConfig(t *testing.T) {
	t.Parallel()
	_, api := withVersions(t, 1)
	must(api.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("fn"), DurableConfig: &types.DurableConfig{ExecutionTimeout: aws.Int32(60)}}))(t)
	must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")}))(t)
	equal(t, "timeout", *getFunction(t, api, "2").DurableConfig.ExecutionTimeout, 60)
	var durable []string
	for _, v := range must(api.ListVersionsByFunction(t.Context(), &lambda.ListVersionsByFunctionInput{FunctionName: aws.String("fn")}))(t).Versions {
		if v.DurableConfig != nil {
			durable = append(durable, *v.Version)
		}
	}
	if diff := cmp.Diff([]string{"$LATEST", "2"}, durable); diff != "" {
		t.Error(diff)
	}
}

func TestListOfDurableExecutions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, api := withDurable(t)
		var middle time.Time
		for i := range 102 {
			if i == 51 {
				middle = time.Now()
			}
			time.Sleep(time.Second)
			must(begin(t, api, fmt.Sprint("e-", i), ""))(t)
		}
		list := func(opts ...func(*lambda.ListDurableExecutionsByFunctionInput)) string {
			t.Helper()
			in := &lambda.ListDurableExecutionsByFunctionInput{FunctionName: aws.String("fn"), Qualifier: aws.String("prod")}
			for _, opt := range opts {
				opt(in)
			}
			out := must(api.ListDurableExecutionsByFunction(t.Context(), in))(t)
			n := len(out.DurableExecutions)
			return fmt.Sprint(n, " ", *out.DurableExecutions[0].DurableExecutionName, " ", *out.DurableExecutions[n-1].DurableExecutionName, " ", out.NextMarker != nil)
		}
		equal(t, "page", list(), "100 e-0 e-99 true")
		equal(t, "page", list(func(in *lambda.ListDurableExecutionsByFunctionInput) {
			in.MaxItems, in.ReverseOrder = 1000, aws.Bool(true)
		}), "102 e-101 e-0 false")
		equal(t, "the early ones", list(func(in *lambda.ListDurableExecutionsByFunctionInput) { in.StartedBefore = &middle }), "50 e-0 e-49 false")
		equal(t, "the late ones", list(func(in *lambda.ListDurableExecutionsByFunctionInput) { in.StartedAfter = &middle }), "51 e-51 e-101 false")
		equal(t, "one", list(func(in *lambda.ListDurableExecutionsByFunctionInput) { in.DurableExecutionName = aws.String("e-7") }), "1 e-7 e-7 false")
	})
}
