package awsapi_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
	"lambda-release/internal/localaws"
)

// items is the function of the embedded AWS.
var items = function.ID{Name: "items", Given: "items"}

// named is a function as a user gives it.
func named(t *testing.T, given string) function.ID {
	t.Helper()
	fn, err := function.Parse(given)
	if err != nil {
		t.Fatal(err)
	}
	return fn
}

// cloud is an embedded AWS with one items.Name, in memory.
type cloud struct {
	*localaws.Cloud

	loopback *localaws.Loopback
}

// local is the endpoint of a cloud, and the only one that its dial reaches.
const local = "http://localhost"

func (c *cloud) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	if addr != "localhost:80" {
		return nil, fmt.Errorf("dial %s: there is nothing", addr)
	}
	return c.loopback.Dial(ctx, network, addr)
}

func newCloud(t *testing.T, o localaws.Options) *cloud {
	t.Helper()
	c := localaws.New(o)
	loopback := localaws.NewLoopback(c)
	t.Cleanup(func() { c.Close(); loopback.Close() })
	c.AddFunction(items.Name)
	return &cloud{c, loopback}
}

// spoil does f to the first n calls of an operation, "" being any.
func (c *cloud) spoil(op string, n int, f localaws.Fault) {
	var mu sync.Mutex
	c.OnCall(func(call localaws.Call) *localaws.Fault {
		mu.Lock()
		defer mu.Unlock()
		if n == 0 || op != "" && call.Operation != op {
			return nil
		}
		n--
		return &f
	})
}

// count is how many calls of an operation have arrived, "" being any.
func (c *cloud) count(op string) int {
	n := 0
	for _, call := range c.Calls() {
		if op == "" || call.Operation == op {
			n++
		}
	}
	return n
}

// bodies are what the calls of an operation sent.
func (c *cloud) bodies(op string) string {
	var all []string
	for _, call := range c.Calls() {
		if call.Operation == op {
			all = append(all, string(call.Body))
		}
	}
	return strings.Join(all, "\n")
}

const (
	always = -1
	fast   = 100_000 // calls a second, where the rate is not what is tested
)

// environment leads to an endpoint, and nowhere else.
func environment(endpoint string) map[string]string {
	return map[string]string{
		"AWS_REGION":            "eu-central-1",
		"AWS_ACCESS_KEY_ID":     "AKIAEXAMPLE",
		"AWS_SECRET_ACCESS_KEY": "secret",
		"AWS_ENDPOINT_URL":      endpoint,
	}
}

func getenv(env map[string]string) func(string) string {
	return func(name string) string { return env[name] }
}

// open opens a session with an endpoint; change may alter its options.
func open(t *testing.T, endpoint string, change ...func(*awsapi.Options)) *awsapi.Client {
	t.Helper()
	o := awsapi.Options{Getenv: getenv(environment(endpoint)), Rate: fast, Version: "1.2.3"}
	for _, f := range change {
		f(&o)
	}
	client, err := awsapi.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// open opens a session with the embedded AWS.
func (c *cloud) open(t *testing.T, change ...func(*awsapi.Options)) *awsapi.Client {
	t.Helper()
	return open(t, local, append(change, func(o *awsapi.Options) { o.Dial = c.dial })...)
}

func timeout(d time.Duration) func(*awsapi.Options) {
	return func(o *awsapi.Options) { o.Timeout = d }
}

func refusal(status int, code, message string) localaws.Fault {
	return localaws.Fault{Status: status, Code: code, Message: message}
}

var (
	throttled = refusal(http.StatusTooManyRequests, "TooManyRequestsException", "Rate exceeded")
	broken    = refusal(http.StatusInternalServerError, "ServiceException", "An error occurred")
	refused   = refusal(http.StatusForbidden, "AccessDeniedException", "User: x is not authorized")
)

// isKind asserts what an error is.
func isKind(t *testing.T, err error, want awsapi.Kind) {
	t.Helper()
	if !awsapi.Is(err, want) {
		t.Errorf("error %v (%T) is not of kind %d", err, err, want)
	}
}

// says asserts that a text has all of these in it.
func says(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("lacks %q:\n%s", w, text)
		}
	}
}

// unheard ignores what AWS refuses an invocation with.
func unheard(string) {}
