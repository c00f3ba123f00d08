package localaws_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// The function of the tests, its role, and an error message.
const (
	arn   = "arn:aws:lambda:eu-central-1:123456789012:function:fn"
	role  = "arn:aws:iam::123456789012:role/fn"
	stale = "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
)

// start serves a cloud and returns it with a client that does not retry.
func start(t *testing.T, o localaws.Options, opts ...func(*lambda.Options)) (*localaws.Cloud, *lambda.Client) {
	t.Helper()
	c, config := serve(t, o)
	return c, lambda.NewFromConfig(config, opts...)
}

// serve serves a cloud in memory and returns it with the configuration for clients.
func serve(t *testing.T, o localaws.Options) (*localaws.Cloud, aws.Config) {
	t.Helper()
	c := localaws.New(o)
	loopback := localaws.NewLoopback(c)
	t.Cleanup(loopback.Close)
	t.Cleanup(c.Close)
	return c, config(loopback)
}

// dialling returns an HTTP client whose connections are in memory.
func dialling(l *localaws.Loopback) *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: l.Dial}}
}

// withFunction is start with a function fn.
func withFunction(t *testing.T, o localaws.Options, opts ...func(*localaws.Function)) (*localaws.Cloud, *lambda.Client) {
	t.Helper()
	c, api := start(t, o)
	c.AddFunction("fn", opts...)
	return c, api
}

// withVersions is withFunction with versions 1 to n published.
func withVersions(t *testing.T, n int) (*localaws.Cloud, *lambda.Client) {
	t.Helper()
	c, api := withFunction(t, localaws.Options{})
	publish(c, n)
	return c, api
}

// publish publishes n versions of fn.
func publish(c *localaws.Cloud, n int) {
	for range n {
		c.Upload("fn", "code")
		c.Publish("fn", "")
	}
}

// config returns a configuration for clients that do not retry.
func config(l *localaws.Loopback) aws.Config {
	return aws.Config{
		Region:       "eu-central-1",
		BaseEndpoint: aws.String("http://localhost"),
		HTTPClient:   dialling(l),
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
		}),
	}
}

// date is when tests that name times begin.
var date = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// onDate moves the time of a bubble on to date.
func onDate() { time.Sleep(time.Until(date)) }

// zipOf returns a zip with one file with this content.
func zipOf(t *testing.T, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create("bootstrap")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// newFunction returns the input to create a zip function fn.
func newFunction(t *testing.T) *lambda.CreateFunctionInput {
	t.Helper()
	return &lambda.CreateFunctionInput{
		FunctionName: aws.String("fn"),
		Runtime:      types.RuntimeProvidedal2023,
		Handler:      aws.String("bootstrap"),
		Role:         aws.String(role),
		Code:         &types.FunctionCode{ZipFile: zipOf(t, "one")},
	}
}

// must returns the value, or fails the test on an error.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// wantError checks the status, code and message of an error.
func wantError(t *testing.T, err error, status int, code, message string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %d %s: %s", status, code, message)
	}
	var api smithy.APIError
	var response *smithyhttp.ResponseError
	if !errors.As(err, &api) || !errors.As(err, &response) {
		t.Fatalf("error is %v, want %d %s: %s", err, status, code, message)
	}
	if response.HTTPStatusCode() != status || api.ErrorCode() != code || api.ErrorMessage() != message {
		t.Errorf("error is %d %s: %s\nwant %d %s: %s", response.HTTPStatusCode(), api.ErrorCode(), api.ErrorMessage(), status, code, message)
	}
}

// equal checks that two values are equal.
func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// differ checks that a value has changed.
func differ[T comparable](t *testing.T, what string, got, before T) {
	t.Helper()
	if got == before {
		t.Errorf("%s is still %v", what, before)
	}
}

// getFunction reads the configuration of a qualifier of fn, "" for none.
func getFunction(t *testing.T, api *lambda.Client, qualifier string) *types.FunctionConfiguration {
	t.Helper()
	in := &lambda.GetFunctionInput{FunctionName: aws.String("fn")}
	if qualifier != "" {
		in.Qualifier = &qualifier
	}
	return must(api.GetFunction(t.Context(), in))(t).Configuration
}
