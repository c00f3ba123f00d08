package localaws_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"
)

const (
	forbidden = `{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}`
	badGtw    = "Internal Server Error"
)

// urlRig is a function whose alias prod, at version 1, has a URL that the tests
// request.
type urlRig struct {
	*localaws.Cloud

	api  *lambda.Client
	http *http.Client
	url  string
}

func withURL(t *testing.T, auth types.FunctionUrlAuthType, cors *types.Cors) *urlRig {
	t.Helper()
	c, api := withProd(t)
	made := must(api.CreateFunctionUrlConfig(t.Context(), &lambda.CreateFunctionUrlConfigInput{FunctionName: aws.String("fn"), Qualifier: aws.String("prod"), AuthType: auth, Cors: cors}))(t)
	loopback := localaws.NewLoopback(c)
	t.Cleanup(loopback.Close)
	return &urlRig{c, api, dialling(loopback), "http" + strings.TrimPrefix(*made.FunctionUrl, "https")}
}

// publicURL is withURL with the permissions that let everyone in.
func publicURL(t *testing.T, cors *types.Cors) *urlRig {
	t.Helper()
	r := withURL(t, types.FunctionUrlAuthTypeNone, cors)
	r.permitURL(t)
	r.permitInvoke(t)
	return r
}

func (r *urlRig) permitURL(t *testing.T) {
	t.Helper()
	must(addPermission(t, r.api, "url", "prod", func(in *lambda.AddPermissionInput) {
		in.Action, in.Principal, in.SourceArn, in.FunctionUrlAuthType = aws.String("lambda:InvokeFunctionUrl"), aws.String("*"), nil, types.FunctionUrlAuthTypeNone
	}))(t)
}

func (r *urlRig) permitInvoke(t *testing.T) {
	t.Helper()
	must(addPermission(t, r.api, "invoke", "prod", func(in *lambda.AddPermissionInput) {
		in.Principal, in.SourceArn, in.InvokedViaFunctionUrl = aws.String("*"), nil, aws.Bool(true)
	}))(t)
}

// request sends a request to the URL.
func (r *urlRig) request(t *testing.T, method, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	req := must(http.NewRequestWithContext(t.Context(), method, strings.TrimSuffix(r.url, "/")+path, strings.NewReader(body)))(t)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res := must(r.http.Do(req))(t)
	defer func() { _ = res.Body.Close() }()
	return res, string(must(io.ReadAll(res.Body))(t))
}

// get checks the status and the body of a GET.
func (r *urlRig) get(t *testing.T, status int, want string, headers ...string) {
	t.Helper()
	res, body := r.request(t, http.MethodGet, "/", "", headers...)
	if res.StatusCode != status || body != want {
		t.Errorf("answer is %d %s\nwant %d %s", res.StatusCode, body, status, want)
	}
	if code := res.Header.Get("X-Amzn-Errortype"); (status == http.StatusForbidden) != (code == "AccessDeniedException") {
		t.Errorf("error type is %q", code)
	}
}

func TestURLInvokesTheVersionBehindTheAlias(t *testing.T) {
	t.Parallel()
	r := publicURL(t, nil)
	publish(r.Cloud, 1)
	r.OnInvoke("fn", func(in localaws.Invocation) localaws.Answer {
		return localaws.Answer{Payload: fmt.Appendf(nil, "%q", in.Qualifier+" "+in.Version)}
	})
	r.get(t, 200, "prod 1")
	r.SetAlias("fn", localaws.Alias{Name: "prod", Version: "2", Weights: map[string]float64{"1": 0.5}})
	r.SetAlias("fn", localaws.Alias{Name: "other", Version: "1"})
	r.get(t, 200, "prod 2")
	r.get(t, 200, "prod 1")
	r.ResetCalls()
	r.request(t, http.MethodPost, "/a", "")
	call := r.Calls()[0]
	equal(t, "call", fmt.Sprint(call.Service, call.Operation, call.Function, call.Qualifier), "lambda-urlPOST /afnprod")
}

// Every URL needs two permissions on its own qualifier.
func TestURLNeedsBothPermissions(t *testing.T) {
	t.Parallel()
	r := withURL(t, types.FunctionUrlAuthTypeNone, nil)
	r.OnInvoke("fn", func(localaws.Invocation) localaws.Answer { return localaws.Answer{Payload: []byte("1")} })
	r.get(t, 403, forbidden)
	r.permitURL(t)
	r.get(t, 403, forbidden)
	r.permitInvoke(t)
	r.get(t, 200, "1")
	wantNone(t, removePermission(t, r.api, "url", "prod"))
	r.get(t, 403, forbidden)
	must(addPermission(t, r.api, "all", "prod", func(in *lambda.AddPermissionInput) {
		in.Action, in.Principal, in.SourceArn = aws.String("*"), aws.String("210987654321"), nil
	}))(t)
	r.get(t, 403, forbidden)
	must(addPermission(t, r.api, "source", "prod", func(in *lambda.AddPermissionInput) {
		in.Action, in.Principal = aws.String("*"), aws.String("*")
	}))(t)
	r.get(t, 403, forbidden)
}

func TestURLWithIAM(t *testing.T) {
	t.Parallel()
	r := withURL(t, types.FunctionUrlAuthTypeAwsIam, nil)
	r.get(t, 403, forbidden)
	_, body := r.request(t, http.MethodGet, "/", "", "Authorization", signed)
	var event struct {
		RequestContext struct {
			AccountID  string `json:"accountId"`
			Authorizer struct{ IAM map[string]string }
		} `json:"requestContext"`
	}
	if err := json.Unmarshal([]byte(body), &event); err != nil {
		t.Fatal(err)
	}
	equal(t, "caller", event.RequestContext.AccountID+event.RequestContext.Authorizer.IAM["userArn"], "123456789012arn:aws:iam::123456789012:user/localaws")
}

// A URL that was deleted has another answer than one that lost its alias (A21).
func TestURLThatIsNotThere(t *testing.T) {
	t.Parallel()
	r := publicURL(t, nil)
	r.OnInvoke("fn", func(localaws.Invocation) localaws.Answer { return localaws.Answer{Payload: []byte("1")} })
	r.RemoveAlias("fn", "prod")
	r.get(t, 403, forbidden)
	r.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
	r.get(t, 200, "1")
	must(r.api.DeleteFunctionUrlConfig(t.Context(), &lambda.DeleteFunctionUrlConfigInput{FunctionName: aws.String("fn"), Qualifier: aws.String("prod")}))(t)
	r.get(t, 403, `{"Message":null}`)
}

func TestURLEvent(t *testing.T) {
	t.Parallel()
	r := publicURL(t, nil)
	host := strings.Trim(strings.TrimPrefix(r.url, "http://"), "/")
	res, body := r.request(t, http.MethodPost, "/a%20b?q=1&q=2&x=", `{"a":1}`, "Content-Type", "application/json", "X-Test", "t", "Cookie", "a=1; b=2", "User-Agent", "test", "Accept-Encoding", "identity")
	equal(t, "content type", res.Header.Get("Content-Type"), "application/json")
	var got map[string]any
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	about := got["requestContext"].(map[string]any)
	for _, key := range []string{"requestId", "time", "timeEpoch"} {
		if about[key] == nil {
			t.Errorf("requestContext has no %s", key)
		}
		delete(about, key)
	}
	id, _, _ := strings.Cut(host, ".")
	want := map[string]any{
		"version":               "2.0",
		"routeKey":              "$default",
		"rawPath":               "/a%20b",
		"rawQueryString":        "q=1&q=2&x=",
		"queryStringParameters": map[string]any{"q": "1,2", "x": ""},
		"cookies":               []any{"a=1", "b=2"},
		"headers": map[string]any{
			"host": host, "x-forwarded-for": "127.0.0.1", "x-forwarded-port": "443", "x-forwarded-proto": "https",
			"content-type": "application/json", "content-length": "7", "x-test": "t", "cookie": "a=1; b=2", "user-agent": "test", "accept-encoding": "identity",
		},
		"requestContext": map[string]any{
			"accountId": "anonymous", "apiId": id, "domainName": host, "domainPrefix": id, "routeKey": "$default", "stage": "$default",
			"http": map[string]any{"method": "POST", "path": "/a%20b", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test"},
		},
		"body":            `{"a":1}`,
		"isBase64Encoded": false,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	_, body = r.request(t, http.MethodPost, "/", "a=1", "Content-Type", "application/x-www-form-urlencoded")
	if !strings.Contains(body, `"body":"YT0x"`) || !strings.Contains(body, `"isBase64Encoded":true`) {
		t.Errorf("event is %s", body)
	}
}

func TestURLResponse(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer  localaws.Answer
		status  int
		body    string
		headers string
	}{
		"object":         {localaws.Answer{Payload: []byte(`{"hello": "world"}`)}, 200, `{"hello": "world"}`, "application/json"},
		"string":         {localaws.Answer{Payload: []byte(`"hello"`)}, 200, "hello", "application/json"},
		"number":         {localaws.Answer{Payload: []byte("3.1")}, 200, "3.1", "application/json"},
		"response":       {localaws.Answer{Payload: []byte(`{"statusCode": "418", "headers": {"content-type": "text/plain", "x-a": 1}, "cookies": ["a=1", "b=2"], "body": "body"}`)}, 418, "body", "text/plain 1 a=1 b=2"},
		"Base64":         {localaws.Answer{Payload: []byte(`{"statusCode": 200, "isBase64Encoded": true, "body": "aGk="}`)}, 200, "hi", "application/json"},
		"not Base64":     {localaws.Answer{Payload: []byte(`{"statusCode": 200, "isBase64Encoded": true, "body": "?"}`)}, 502, badGtw, "application/json"},
		"status":         {localaws.Answer{Payload: []byte(`{"statusCode": 1000}`)}, 502, badGtw, "application/json"},
		"function error": {localaws.Answer{FunctionError: "Unhandled", Payload: []byte(`{"errorMessage": "x"}`)}, 502, badGtw, "application/json"},
		"throttled":      {localaws.Answer{Status: 429}, 429, `{"Message":"Rate Exceeded."}`, "application/json"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := publicURL(t, nil)
			r.OnInvoke("fn", func(localaws.Invocation) localaws.Answer { return tt.answer })
			res, body := r.request(t, http.MethodGet, "/", "")
			headers := strings.TrimSpace(strings.Join(append([]string{res.Header.Get("Content-Type"), res.Header.Get("X-A")}, res.Header.Values("Set-Cookie")...), " "))
			if res.StatusCode != tt.status || body != tt.body || headers != tt.headers {
				t.Errorf("answer is %d %s (%s)\nwant %d %s (%s)", res.StatusCode, body, headers, tt.status, tt.body, tt.headers)
			}
		})
	}
	t.Run("version that cannot serve", func(t *testing.T) {
		t.Parallel()
		r := publicURL(t, nil)
		r.SetState("fn", "1", "Failed", "InternalError", "x")
		r.get(t, 502, badGtw)
	})
}

// Lambda answers preflights, and adds its headers to those that the function returns: a
// browser refuses a response with two values of Access-Control-Allow-Origin.
func TestURLWithCORS(t *testing.T) {
	t.Parallel()
	const origin = "https://example.com"
	r := publicURL(t, &types.Cors{
		AllowOrigins: []string{origin}, AllowMethods: []string{"GET", "POST"}, AllowHeaders: []string{"X-A"}, ExposeHeaders: []string{"X-B"},
		AllowCredentials: aws.Bool(true), MaxAge: aws.Int32(60),
	})
	r.OnInvoke("fn", func(localaws.Invocation) localaws.Answer {
		return localaws.Answer{Payload: []byte(`{"statusCode": 201, "headers": {"Access-Control-Allow-Origin": "*"}, "body": ""}`)}
	})
	got := func(method string, headers ...string) map[string]string {
		t.Helper()
		res, _ := r.request(t, method, "/", "", headers...)
		m := map[string]string{"status": fmt.Sprint(res.StatusCode)}
		for name := range res.Header {
			if strings.HasPrefix(name, "Access-Control-") || name == "Vary" {
				m[name] = strings.Join(res.Header.Values(name), " | ")
			}
		}
		return m
	}
	want := map[string]map[string]string{
		"response": {"status": "201", "Access-Control-Allow-Origin": origin + " | *", "Access-Control-Allow-Credentials": "true", "Access-Control-Expose-Headers": "X-B", "Vary": "Origin"},
		"preflight": {
			"status": "200", "Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true", "Vary": "Origin",
			"Access-Control-Allow-Methods": "GET,POST", "Access-Control-Allow-Headers": "X-A", "Access-Control-Max-Age": "60",
		},
		"response to another origin":  {"status": "201", "Access-Control-Allow-Origin": "*"},
		"preflight of another origin": {"status": "200"},
		"OPTIONS of the function":     {"status": "201", "Access-Control-Allow-Origin": origin + " | *", "Access-Control-Allow-Credentials": "true", "Access-Control-Expose-Headers": "X-B", "Vary": "Origin"},
	}
	have := map[string]map[string]string{
		"response":                    got(http.MethodGet, "Origin", origin),
		"preflight":                   got(http.MethodOptions, "Origin", origin, "Access-Control-Request-Method", "GET"),
		"response to another origin":  got(http.MethodGet, "Origin", "https://other.com"),
		"preflight of another origin": got(http.MethodOptions, "Origin", "https://other.com", "Access-Control-Request-Method", "GET"),
		"OPTIONS of the function":     got(http.MethodOptions, "Origin", origin),
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}
}
