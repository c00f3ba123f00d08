package localaws_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"

	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"
)

func TestInvokeEchoes(t *testing.T) {
	t.Parallel()
	c, api := withProd(t)
	tests := []struct{ function, qualifier, version string }{
		{"fn", "", "$LATEST"},
		{"fn", "$LATEST", "$LATEST"},
		{"fn", "1", "1"},
		{"fn", "prod", "1"},
		{"fn:prod", "", "1"},
		{arn + ":prod", "prod", "1"},
	}
	for _, tt := range tests {
		in := &lambda.InvokeInput{FunctionName: &tt.function, Payload: []byte(`{"a":1}`)}
		if tt.qualifier != "" {
			in.Qualifier = &tt.qualifier
		}
		out := must(api.Invoke(t.Context(), in))(t)
		equal(t, "answer", fmt.Sprintf("%d %s %s %v %v", out.StatusCode, *out.ExecutedVersion, out.Payload, out.FunctionError, out.LogResult), "200 "+tt.version+` {"a":1} <nil> <nil>`)
	}
	call := c.Calls()[3]
	equal(t, "record", call.Operation+" "+call.Function+" "+call.Qualifier+" "+string(call.Body), `Invoke fn prod {"a":1}`)

	empty := must(api.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fn")}))(t)
	equal(t, "payload", string(empty.Payload), "")
}

func TestInvokeScript(t *testing.T) {
	t.Parallel()
	c, api := withProd(t)
	var got localaws.Invocation
	c.OnInvoke("fn", func(in localaws.Invocation) localaws.Answer {
		got = in
		c.Publish("fn", "scripts may use the cloud")
		return localaws.Answer{Payload: []byte(`{"errorMessage":"no"}`), FunctionError: "Unhandled", Log: strings.Repeat("x", 5000) + "end"}
	})
	out := must(api.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fn:prod"), Payload: []byte(`{}`), LogType: types.LogTypeTail}))(t)
	if diff := cmp.Diff(localaws.Invocation{Function: "fn", Qualifier: "prod", Version: "1", Payload: []byte(`{}`), LogTail: true}, got); diff != "" {
		t.Error(diff)
	}
	equal(t, "FunctionError", *out.FunctionError, "Unhandled")
	equal(t, "StatusCode", out.StatusCode, 200)
	equal(t, "Payload", string(out.Payload), `{"errorMessage":"no"}`)
	log := must(base64.StdEncoding.DecodeString(*out.LogResult))(t)
	equal(t, "log", string(log), strings.Repeat("x", 4093)+"end")

	c.OnInvoke("fn", nil)
	out = must(api.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fn:prod"), Payload: []byte(`[]`), LogType: types.LogTypeTail}))(t)
	equal(t, "Payload", string(out.Payload), "[]")
	log = must(base64.StdEncoding.DecodeString(*out.LogResult))(t)
	if !strings.HasPrefix(string(log), "START RequestId: ") || !strings.Contains(string(log), " Version: 1\n") {
		t.Errorf("log is %q", log)
	}
}

func TestInvokeTypes(t *testing.T) {
	t.Parallel()
	c, api := withProd(t)
	ran := 0
	c.OnInvoke("fn", func(localaws.Invocation) localaws.Answer {
		ran++
		return localaws.Answer{Payload: []byte(`1`), Status: 200}
	})
	for _, tt := range []struct {
		invocation types.InvocationType
		status     int32
		ran        int
	}{
		{types.InvocationTypeRequestResponse, 200, 1},
		{types.InvocationTypeEvent, 202, 2},
		{types.InvocationTypeDryRun, 204, 2},
	} {
		out := must(api.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fn"), InvocationType: tt.invocation}))(t)
		equal(t, "status", out.StatusCode, tt.status)
		equal(t, "runs", ran, tt.ran)
	}
}

func TestInvokeErrors(t *testing.T) {
	t.Parallel()
	_, api := withProd(t)
	invoke := func(function, payload string) error {
		_, err := api.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &function, Payload: []byte(payload)})
		return err
	}
	wantError(t, invoke("fn", "{"), 400, "InvalidRequestContentException", "Could not parse request body into json: Could not parse payload into json")
	wantError(t, invoke("fn:dev", ""), 404, "ResourceNotFoundException", "Function not found: "+arn+":dev")
	wantError(t, invoke("fn:9", ""), 404, "ResourceNotFoundException", "Function not found: "+arn+":9")
	wantError(t, invoke("other", ""), 404, "ResourceNotFoundException", "Function not found: arn:aws:lambda:eu-central-1:123456789012:function:other:$LATEST")
	large := `"` + string(bytes.Repeat([]byte("x"), 6291456)) + `"`
	wantError(t, invoke("fn", large), 413, "RequestTooLargeException", "6291458 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)")
}

func TestInvokeSpreadsByWeight(t *testing.T) {
	t.Parallel()
	for _, weight := range []float64{0, 0.01, 0.1, 0.25, 1.0 / 3, 0.5, 0.9, 1} {
		t.Run(fmt.Sprint(weight), func(t *testing.T) {
			t.Parallel()
			c, api := withVersions(t, 2)
			c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1", Weights: map[string]float64{"2": weight}})
			const n = 100
			extra := 0
			for i := range n {
				out := must(api.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fn:prod")}))(t)
				if *out.ExecutedVersion == "2" {
					extra++
				}
				if due := weight * float64(i+1); float64(extra) > due+1e-6 || float64(extra) < due-1 {
					t.Fatalf("after %d invokes %d reached version 2, due are %v", i+1, extra, due)
				}
			}
			equal(t, "invokes of version 2", extra, int(weight*n+1e-6))
		})
	}
}

func TestInvokeSideBySide(t *testing.T) {
	t.Parallel()
	c, api := withVersions(t, 2)
	c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1", Weights: map[string]float64{"2": 0.25}})
	var mu sync.Mutex
	reached := map[string]int{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				out, err := api.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fn:prod")})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				reached[*out.ExecutedVersion]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if diff := cmp.Diff(map[string]int{"1": 60, "2": 20}, reached); diff != "" {
		t.Error(diff)
	}
}
