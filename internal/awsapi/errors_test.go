package awsapi_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
)

// What AWS itself refuses, in its own words.
func TestKindsOfRefusals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		kind awsapi.Kind
		do   func(context.Context, *cloud, *awsapi.Client) error
		says string
	}{
		{"a missing function", awsapi.NotFound, func(ctx context.Context, _ *cloud, c *awsapi.Client) error {
			_, err := c.Publish(ctx, named(t, "nosuch"), awsapi.Publication{})
			return err
		}, "PublishVersion nosuch: ResourceNotFoundException: Function not found: arn:aws:lambda:eu-central-1:123456789012:function:nosuch"},
		{"a missing alias", awsapi.NotFound, func(ctx context.Context, _ *cloud, c *awsapi.Client) error {
			_, err := c.Alias(ctx, items, "prod")
			return err
		}, "GetAlias items:prod: ResourceNotFoundException: Cannot find alias arn"},
		{"an alias to a missing version", awsapi.NotFound, func(ctx context.Context, _ *cloud, c *awsapi.Client) error {
			_, err := c.CreateAlias(ctx, items, awsapi.Alias{Name: "prod", Version: "10"})
			return err
		}, "CreateAlias items:prod: ResourceNotFoundException: Function not found"},
		{"an alias that exists", awsapi.Conflict, func(ctx context.Context, w *cloud, c *awsapi.Client) error {
			w.SetAlias(items.Name, localaws.Alias{Name: "prod", Version: "$LATEST"})
			_, err := c.CreateAlias(ctx, items, awsapi.Alias{Name: "prod", Version: "$LATEST"})
			return err
		}, "Alias already exists"},
		{"an update in progress", awsapi.Conflict, func(ctx context.Context, w *cloud, c *awsapi.Client) error {
			w.SetLastUpdate(items.Name, "InProgress", "Creating", "")
			_, err := c.Publish(ctx, items, awsapi.Publication{})
			return err
		}, "An update is in progress"},
		{"a version in use", awsapi.Conflict, func(ctx context.Context, w *cloud, c *awsapi.Client) error {
			w.Publish(items.Name, "")
			w.SetAlias(items.Name, localaws.Alias{Name: "prod", Version: "1"})
			return c.DeleteVersion(ctx, items, "1")
		}, "DeleteFunction items:1: ResourceConflictException: Unable to delete version"},
		{"an alias changed meanwhile", awsapi.Stale, func(ctx context.Context, w *cloud, c *awsapi.Client) error {
			w.Publish(items.Name, "")
			w.SetAlias(items.Name, localaws.Alias{Name: "prod", Version: "1"})
			_, err := c.UpdateAlias(ctx, items, awsapi.Alias{Name: "prod", Version: "1", Revision: "an old one"})
			return err
		}, "UpdateAlias items:prod: PreconditionFailedException: The Revision Id provided"},
		{"other code than expected", awsapi.Invalid, func(ctx context.Context, _ *cloud, c *awsapi.Client) error {
			_, err := c.Publish(ctx, items, awsapi.Publication{CodeSHA256: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="})
			return err
		}, "InvalidParameterValueException: CodeSHA256"},
		{"a name AWS does not take", awsapi.Invalid, func(ctx context.Context, _ *cloud, c *awsapi.Client) error {
			_, err := c.CreateAlias(ctx, items, awsapi.Alias{Name: "123", Version: "$LATEST"})
			return err
		}, "CreateAlias items:123: ValidationException"},
		{"the storage is full", awsapi.StorageFull, func(ctx context.Context, w *cloud, c *awsapi.Client) error {
			w.LimitCodeStorage(1)
			_, err := c.Publish(ctx, items, awsapi.Publication{})
			return err
		}, "CodeStorageExceededException"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newCloud(t, localaws.Options{})
				err := tt.do(t.Context(), w, w.open(t))
				isKind(t, err, tt.kind)
				if awsapi.EffectOf(err) != awsapi.Rejected {
					t.Errorf("effect %d of a refusal", awsapi.EffectOf(err))
				}
				says(t, err.Error(), tt.says, " (request ")
				calls := 1
				if tt.name == "a missing function" {
					calls = 3
				}
				if n := w.count(""); n != calls {
					t.Errorf("%d calls, want %d: no other refusal is tried again", n, calls)
				}
			})
		})
	}
}

// What else AWS answers, by code and status.
func TestKindsOfCodes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status int
		code   string
		want   awsapi.Kind
	}{
		{403, "AccessDeniedException", awsapi.Denied},
		{403, "AccessDenied", awsapi.Denied},
		{403, "SomethingNewException", awsapi.Denied},
		{403, "ExpiredTokenException", awsapi.BadCredentials},
		{400, "ExpiredToken", awsapi.BadCredentials},
		{403, "UnrecognizedClientException", awsapi.BadCredentials},
		{403, "InvalidClientTokenId", awsapi.BadCredentials},
		{403, "InvalidSignatureException", awsapi.BadCredentials},
		{403, "SignatureDoesNotMatch", awsapi.BadCredentials},
		{403, "MissingAuthenticationTokenException", awsapi.BadCredentials},
		{400, "ValidationException", awsapi.Invalid},
		{400, "SomethingNewException", awsapi.Invalid},
		{404, "UnknownOperationException", awsapi.NotFound},
		{409, "SomethingNewException", awsapi.Conflict},
		{412, "SomethingNewException", awsapi.Stale},
		{413, "RequestEntityTooLargeException", awsapi.Other},
	} {
		t.Run(tt.code, func(t *testing.T) {
			t.Parallel()
			w := newCloud(t, localaws.Options{})
			w.spoil("", always, refusal(tt.status, tt.code, "AWS's words."))
			_, err := w.open(t).Alias(t.Context(), items, "prod")
			isKind(t, err, tt.want)
			says(t, err.Error(), "GetAlias items:prod: "+tt.code+": AWS's words. (request ")
			if awsapi.EffectOf(err) != awsapi.Rejected {
				t.Errorf("effect %d", awsapi.EffectOf(err))
			}
			if n := w.count(""); n != 1 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

// Servers that are none of AWS's. Those that keep a caller waiting are in
// memory, and the others are on sockets.
func TestKindsWithoutAWS(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		kind   awsapi.Kind
		effect awsapi.Effect
		says   string
		reach  func(*testing.T) func(*awsapi.Options)
	}{
		{"hangs", awsapi.Hung, awsapi.NoResponse, "no answer in time", served(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })},
		{"takes the connection and is silent", awsapi.Hung, awsapi.NoResponse, "no answer in time", greeting("")},
		{"closes the connection", awsapi.Unreachable, awsapi.NoResponse, "EOF", served(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })},
		{"does not speak HTTP", awsapi.Unreachable, awsapi.NoResponse, "malformed HTTP", greeting("220 mail.example.com ESMTP\r\n")},
		{"a proxy without an upstream", awsapi.Server, awsapi.Ambiguous, "502", served(badGateway)},
		{"a closed port", awsapi.Unreachable, awsapi.NoResponse, "connection refused", at(closedPort(t))},
		{"has a certificate of its own", awsapi.Unreachable, awsapi.NoResponse, "certificate", at(selfSigned(t))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				_, err := open(t, local, tt.reach(t)).Alias(t.Context(), items, "prod")
				isKind(t, err, tt.kind)
				if awsapi.EffectOf(err) != tt.effect {
					t.Errorf("effect %d, want %d", awsapi.EffectOf(err), tt.effect)
				}
				says(t, err.Error(), "GetAlias items:prod: ", tt.says)
				if strings.Contains(err.Error(), "operation error Lambda") {
					t.Errorf("the SDK's wrapping is left in: %v", err)
				}
			})
		})
	}
}

func TestKindsOfTheJobsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newCloud(t, localaws.Options{})
		w.spoil("", always, localaws.Fault{Hang: true})
		client := w.open(t)

		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := client.Alias(ctx, items, "prod")
		isKind(t, err, awsapi.Deadline)
		says(t, err.Error(), "GetAlias items:prod: timed out")

		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		_, err = client.Alias(ctx, items, "prod")
		isKind(t, err, awsapi.Cancelled)
		if got := err.Error(); got != "GetAlias items:prod: cancelled" {
			t.Error(got)
		}
		if !errors.Is(err, context.Canceled) {
			t.Error("the cause is lost")
		}
	})
}

// A refusal that arrives after the job was cancelled is still one: it says
// more than that the job was cancelled.
func TestARefusalOutlivesTheCancel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newCloud(t, localaws.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		w.OnCall(func(localaws.Call) *localaws.Fault {
			cancel()
			f := refused
			f.Delay = 200 * time.Millisecond
			return &f
		})
		_, err := w.open(t).Publish(ctx, items, awsapi.Publication{})
		isKind(t, err, awsapi.Denied)
	})
}

func TestErrorsOfOthers(t *testing.T) {
	t.Parallel()
	err := errors.New("something else")
	if awsapi.Is(err, awsapi.Other) || awsapi.Is(nil, awsapi.Other) {
		t.Error("an error that is none of a call has a kind")
	}
	if awsapi.EffectOf(err) != awsapi.NotSent || awsapi.EffectOf(nil) != awsapi.NotSent {
		t.Error("an error that is none of a call has a effect")
	}
}

// served reaches a handler in memory.
func served(h http.HandlerFunc) func(*testing.T) func(*awsapi.Options) {
	return func(t *testing.T) func(*awsapi.Options) {
		t.Helper()
		loopback := localaws.NewLoopback(h)
		t.Cleanup(loopback.Close)
		return func(o *awsapi.Options) { o.Dial = loopback.Dial }
	}
}

// greeting reaches what takes connections, says something when it is spoken to,
// and leaves them open.
func greeting(says string) func(*testing.T) func(*awsapi.Options) {
	return func(*testing.T) func(*awsapi.Options) {
		return func(o *awsapi.Options) {
			o.Dial = func(context.Context, string, string) (net.Conn, error) {
				client, server := net.Pipe()
				go func() {
					_, _ = server.Read(make([]byte, 1))
					_, _ = io.WriteString(server, says)
					_, _ = io.Copy(io.Discard, server) // until the caller gives up
				}()
				return client, nil
			}
		}
	}
}

// at reaches an endpoint on the network.
func at(endpoint string) func(*testing.T) func(*awsapi.Options) {
	return func(*testing.T) func(*awsapi.Options) {
		return func(o *awsapi.Options) { o.Getenv = getenv(environment(endpoint)) }
	}
}

func badGateway(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusBadGateway)
	_, _ = io.WriteString(w, "<html>Bad Gateway</html>")
}

func selfSigned(t *testing.T) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // it would log every handshake
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}
