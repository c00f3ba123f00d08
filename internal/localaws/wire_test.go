package localaws_test

import (
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"lambda-release/internal/localaws"

	gocmp "github.com/google/go-cmp/cmp"
)

const signed = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261123/eu-central-1/lambda/aws4_request, SignedHeaders=host, Signature=0"

// send makes a call without an SDK.
func send(t *testing.T, c *localaws.Cloud, method, path, body string, headers map[string]string) (*http.Response, string) {
	t.Helper()
	loopback := localaws.NewLoopback(c)
	t.Cleanup(loopback.Close)
	req := must(http.NewRequestWithContext(t.Context(), method, "http://localhost"+path, strings.NewReader(body)))(t)
	req.Header.Set("Authorization", signed)
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	res := must(dialling(loopback).Do(req))(t)
	defer func() { _ = res.Body.Close() }()
	return res, string(must(io.ReadAll(res.Body))(t))
}

func TestErrorsOnTheWire(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		method, path, body string
		headers            map[string]string
		fault              *localaws.Fault
		status             int
		code               string
		contentType        string // "": JSON
		want               string
	}{
		"not found": {
			method: "GET", path: "/2015-03-31/functions/other",
			status: 404, code: "ResourceNotFoundException",
			want: `{"Message":"Function not found: arn:aws:lambda:eu-central-1:123456789012:function:other","Type":"User"}`,
		},
		"validation": {
			method: "GET", path: "/2015-03-31/functions/fn/aliases/12",
			status: 400, code: "ValidationException",
			want: `{"Type":"User","message":"1 validation error detected: Value '12' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"}`,
		},
		"broken JSON": {
			method: "POST", path: "/2015-03-31/functions/fn/versions", body: "{",
			status: 400, code: "SerializationException",
			want: `{"Type":"User","message":"Could not parse request body into json: unexpected end of JSON input"}`,
		},
		"missing members": {
			method: "POST", path: "/2015-03-31/functions/fn/aliases", body: "{}",
			status: 400, code: "ValidationException",
			want: `{"Type":"User","message":"2 validation errors detected: Value null at 'name' failed to satisfy constraint: Member must not be null; Value null at 'functionVersion' failed to satisfy constraint: Member must not be null"}`,
		},
		"page size": {
			method: "GET", path: "/2015-03-31/functions/fn/versions?MaxItems=0",
			status: 400, code: "ValidationException",
			want: `{"Type":"User","message":"1 validation error detected: Value '0' at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1"}`,
		},
		"marker": {
			method: "GET", path: "/2015-03-31/functions/fn/versions?Marker=nonsense",
			status: 400, code: "InvalidParameterValueException",
			want: `{"Type":"User","message":"Invalid Marker: nonsense"}`,
		},
		"unknown path": {
			method: "PUT", path: "/2019-09-30/functions/fn/concurrency",
			status: 404, code: "UnknownOperationException",
			want: `{"Type":"User","message":"localaws does not support the operation PUT /2019-09-30/functions/fn/concurrency"}`,
		},
		"unknown method": {
			method: "PATCH", path: "/2015-03-31/functions/fn",
			status: 404, code: "UnknownOperationException",
			want: `{"Type":"User","message":"localaws does not support the operation PATCH /2015-03-31/functions/fn"}`,
		},
		"unknown target": {
			method: "POST", path: "/", headers: map[string]string{"X-Amz-Target": "CodeDeploy_20141006.DeleteApplication"},
			status: 404, code: "UnknownOperationException",
			want: `{"__type":"UnknownOperationException","message":"localaws does not support the operation POST / (CodeDeploy_20141006.DeleteApplication)"}`,
		},
		"unknown action": {
			method: "POST", path: "/", headers: map[string]string{"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
			body:   "Action=GetAccessKeyInfo&Version=2011-06-15",
			status: 404, contentType: "text/xml",
			want: `<ErrorResponse><Error><Type>Sender</Type><Code>UnknownOperationException</Code><Message>localaws does not support the operation POST / (GetAccessKeyInfo)</Message></Error></ErrorResponse>`,
		},
		"no signature": {
			method: "GET", path: "/2015-03-31/functions/fn", headers: map[string]string{"Authorization": ""},
			status: 403, code: "MissingAuthenticationTokenException",
			want: `{"Type":"User","message":"Missing Authentication Token"}`,
		},
		"no region": {
			method: "GET", path: "/2015-03-31/functions/fn", headers: map[string]string{"Authorization": strings.Replace(signed, "eu-central-1", "", 1)},
			status: 403, code: "InvalidSignatureException",
			want: `{"Type":"User","message":"Credential should be scoped to a valid region. "}`,
		},
		"throttled": {
			method: "GET", path: "/2015-03-31/functions/fn", fault: &localaws.Fault{Status: 429, Code: "TooManyRequestsException", Message: "Rate exceeded"},
			status: 429, code: "TooManyRequestsException",
			want: `{"Reason":"CallerRateLimitExceeded","Type":"User","message":"Rate exceeded"}`,
		},
		"AWS's own": {
			method: "GET", path: "/2015-03-31/functions/fn", fault: &localaws.Fault{Status: 500, Code: "ServiceException", Message: "An error occurred"},
			status: 500, code: "ServiceException",
			want: `{"Type":"Service","message":"An error occurred"}`,
		},
		"from a proxy": {
			method: "GET", path: "/2015-03-31/functions/fn", fault: &localaws.Fault{Status: 502},
			status: 502,
			want:   `{"Type":"Service","message":""}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := localaws.New(localaws.Options{})
			c.AddFunction("fn")
			c.OnCall(func(localaws.Call) *localaws.Fault { return tt.fault })
			res, body := send(t, c, tt.method, tt.path, tt.body, tt.headers)
			equal(t, "status", res.StatusCode, tt.status)
			equal(t, "X-Amzn-Errortype", res.Header.Get("X-Amzn-Errortype"), tt.code)
			equal(t, "Content-Type", res.Header.Get("Content-Type"), cmp.Or(tt.contentType, "application/json"))
			equal(t, "body", body, tt.want)
			if res.Header.Get("X-Amzn-Requestid") == "" {
				t.Error("no x-amzn-RequestId")
			}
			equal(t, "recorded status", c.Calls()[0].Status, tt.status)
		})
	}
}

func TestEveryAnswerHasItsRequestID(t *testing.T) {
	t.Parallel()
	c := localaws.New(localaws.Options{})
	c.AddFunction("fn")
	first, _ := send(t, c, "GET", "/2015-03-31/functions/", "", nil)
	second, _ := send(t, c, "DELETE", "/2015-03-31/functions/fn", "", nil)
	equal(t, "status", second.StatusCode, http.StatusNoContent)
	if first.Header.Get("X-Amzn-Requestid") == "" {
		t.Error("no x-amzn-RequestId")
	}
	differ(t, "x-amzn-RequestId", second.Header.Get("X-Amzn-Requestid"), first.Header.Get("X-Amzn-Requestid"))
}

// A18: Lambda keeps no history of an alias and no other metadata.
func TestA18AliasOnTheWire(t *testing.T) {
	t.Parallel()
	c := localaws.New(localaws.Options{})
	c.AddFunction("fn")
	publish(c, 2)
	c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
	c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "2"})
	_, body := send(t, c, "GET", "/2015-03-31/functions/"+strings.ReplaceAll(arn, ":", "%3A")+"/aliases/prod", "", nil)
	var got map[string]any
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff([]string{"AliasArn", "Description", "FunctionVersion", "Name", "RevisionId"}, slices.Sorted(maps.Keys(got))); diff != "" {
		t.Error(diff)
	}
}
