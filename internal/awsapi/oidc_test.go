package awsapi_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
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

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
)

const (
	roleARN = "arn:aws:iam::123456789012:role/ci/deploy"
	subject = "repo:octo-org/octo-repo:ref:refs/heads/main"
)

// issuer issues tokens, which are valid for five minutes, and records secrets.
type issuer struct {
	claims map[string]any // besides or instead of the usual
	err    error          // instead of a token
	fails  int            // how often err, -1 for always

	mu      sync.Mutex
	tokens  []string
	asked   int
	secrets []string
}

func (i *issuer) token(context.Context) (string, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked++
	if i.err != nil && i.fails != 0 {
		i.fails--
		return "", i.err
	}
	claims := map[string]any{
		"iss": "https://token.actions.githubusercontent.com", "aud": "sts.amazonaws.com", "sub": subject,
		"jti": len(i.tokens), "exp": time.Now().Add(5 * time.Minute).Unix(),
	}
	for name, value := range i.claims {
		claims[name] = value
	}
	header, _ := json.Marshal(map[string]string{"alg": "RS256", "typ": "JWT"})
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	token := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload) + ".c2lnbmF0dXJl"
	i.tokens = append(i.tokens, token)
	return token, nil
}

func (i *issuer) mask(secret string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.secrets = append(i.secrets, secret)
}

func (i *issuer) role() *awsapi.Roles {
	return &awsapi.Roles{ARNs: []string{roleARN}, SessionName: "lambda-release-4711", Token: i.token, Mask: i.mask}
}

// trusting is an embedded AWS with the role.
func trusting(t *testing.T) (*cloud, *issuer) {
	t.Helper()
	w := newCloud(t, localaws.Options{})
	w.AddRole(roleARN, "repo:octo-org/octo-repo:*")
	return w, &issuer{}
}

// assume opens a session in a role; the environment has no credentials.
func assume(t *testing.T, w *cloud, i *issuer, change ...func(*awsapi.Roles)) (*awsapi.Client, error) {
	t.Helper()
	env := environment(local)
	delete(env, "AWS_ACCESS_KEY_ID")
	delete(env, "AWS_SECRET_ACCESS_KEY")
	role := i.role()
	for _, f := range change {
		f(role)
	}
	return awsapi.Open(t.Context(), awsapi.Options{Dial: w.dial, Getenv: getenv(env), Rate: fast, Roles: role})
}

func mustAssume(t *testing.T, w *cloud, i *issuer, change ...func(*awsapi.Roles)) *awsapi.Client {
	t.Helper()
	client, err := assume(t, w, i, change...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func reads(t *testing.T, client *awsapi.Client) {
	t.Helper()
	if _, err := client.Configuration(t.Context(), items, ""); err != nil {
		t.Error(err)
	}
}

func TestAssumeRole(t *testing.T) {
	t.Parallel()
	w, i := trusting(t)
	var known int // secrets, when the first call that is not STS's arrives
	w.OnCall(func(c localaws.Call) *localaws.Fault {
		if c.Service != "sts" && known == 0 {
			i.mu.Lock()
			defer i.mu.Unlock()
			known = len(i.secrets)
		}
		return nil
	})
	client := mustAssume(t, w, i, func(r *awsapi.Roles) { r.Duration = 20 * time.Minute })
	reads(t, client)
	if client.Ending() != (awsapi.Ending{}) {
		t.Error("not renewable")
	}
	if w.count("AssumeRoleWithWebIdentity") != 1 || i.asked != 1 {
		t.Errorf("%d calls, %d tokens", w.count("AssumeRoleWithWebIdentity"), i.asked)
	}
	says(t, w.bodies("AssumeRoleWithWebIdentity"), "DurationSeconds=1200", "RoleSessionName=lambda-release-4711", "role%2Fci%2Fdeploy")
	if known != 3 || i.secrets[0] != i.tokens[0] || slices.Contains(i.secrets, "") {
		t.Errorf("%d secrets were masked in time: %q", known, i.secrets)
	}
}

// What is in the environment is not looked at, wrong as it may be.
func TestAssumeRoleBeforeEnvironment(t *testing.T) {
	t.Parallel()
	w, i := trusting(t)
	env := environment(local)
	env["AWS_SESSION_TOKEN"] = "of an earlier step"
	client, err := awsapi.Open(t.Context(), awsapi.Options{Dial: w.dial, Getenv: getenv(env), Rate: fast, Roles: i.role()})
	if err != nil {
		t.Fatal(err)
	}
	reads(t, client)
	if w.count("AssumeRoleWithWebIdentity") != 1 || client.Ending() != (awsapi.Ending{}) {
		t.Error("the role was not assumed")
	}
}

// STS has an endpoint of its own.
func TestAssumeRoleEndpoint(t *testing.T) {
	t.Parallel()
	w, i := trusting(t)
	_, err := awsapi.Open(t.Context(), awsapi.Options{
		Dial: w.dial, Getenv: getenv(map[string]string{"AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL": "http://elsewhere", "AWS_ENDPOINT_URL_STS": local}),
		Roles: i.role(),
	})
	if err != nil {
		t.Error(err)
	}
	_, err = awsapi.Open(t.Context(), awsapi.Options{Dial: w.dial, Getenv: getenv(map[string]string{"AWS_ENDPOINT_URL": local}), Roles: i.role()})
	isKind(t, err, awsapi.NoRegion)
}

// A session is renewed before it ends, once however many ask, with a token of
// its own. For others in the batch that makes no difference.
func TestRenew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, i := trusting(t)
		client := mustAssume(t, w, i)
		for round, want := range []struct {
			pass time.Duration
			n    int
		}{{54 * time.Minute, 1}, {2 * time.Minute, 2}, {50 * time.Minute, 2}, {3 * time.Hour, 3}} {
			time.Sleep(want.pass)
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() { reads(t, client) })
			}
			all.Wait()
			if n := w.count("AssumeRoleWithWebIdentity"); n != want.n || i.asked != want.n || len(i.secrets) != 3*want.n {
				t.Errorf("round %d: %d calls, %d tokens, %d secrets; want %d", round, n, i.asked, len(i.secrets), want.n)
			}
		}
	})
}

// A session that cannot be renewed is used while it lasts; then the error is
// that of the renewal, and the calls it kept from being made are not made. When
// it passes all goes on.
func TestRenewRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, i := trusting(t)
		client := mustAssume(t, w, i)
		w.spoil("AssumeRoleWithWebIdentity", always, refusal(http.StatusForbidden, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"))
		time.Sleep(56 * time.Minute)
		for range 5 {
			reads(t, client)
		}
		if n := w.count("AssumeRoleWithWebIdentity"); n != 3 {
			t.Errorf("%d calls, want 1 and twice a renewal", n)
		}
		time.Sleep(4 * time.Minute)
		w.ResetCalls()
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				_, err := client.Publish(t.Context(), items, awsapi.Publication{})
				isKind(t, err, awsapi.Denied)
				says(t, err.Error(), "AssumeRoleWithWebIdentity "+roleARN+": AccessDenied")
				says(t, hintOf(t, err), "trust policy")
				if effect := awsapi.EffectOf(err); effect != awsapi.NotSent {
					t.Errorf("effect %d", effect)
				}
			})
		}
		all.Wait()
		if w.count("AssumeRoleWithWebIdentity") != 2 || w.count("") != 2 {
			t.Errorf("%d calls of %d", w.count("AssumeRoleWithWebIdentity"), w.count(""))
		}
		w.OnCall(nil)
		time.Sleep(11 * time.Second)
		reads(t, client)
	})
}

// Where an attempt was lost before the session could not be renewed, it counts.
func TestRenewRefusedAfterALostAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, i := trusting(t)
		client := mustAssume(t, w, i)
		time.Sleep(time.Hour - 40*time.Second) // the session is used once more, and is in its last moment after that
		w.OnCall(func(c localaws.Call) *localaws.Fault {
			if c.Operation == "PublishVersion" {
				return &localaws.Fault{DropAfter: true, Delay: 15 * time.Second}
			}
			return &localaws.Fault{Status: http.StatusForbidden, Code: "AccessDenied", Message: "Not authorized"}
		})
		_, err := client.Publish(t.Context(), items, awsapi.Publication{})
		isKind(t, err, awsapi.Denied)
		if effect := awsapi.EffectOf(err); effect != awsapi.NoResponse {
			t.Errorf("effect %d: %v", effect, err)
		}
	})
}

// What passes is tried again; a refusal once, since IAM may not know a new role
// yet.
func TestAssumeRoleFaults(t *testing.T) {
	t.Parallel()
	const sorry = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
	for name, tt := range map[string]struct {
		fault localaws.Fault
		times int
		kind  awsapi.Kind // -1 for none
		calls int
	}{
		"throttled":         {refusal(http.StatusBadRequest, "Throttling", "Rate exceeded"), 2, -1, 3},
		"broken":            {broken, 1, -1, 2},
		"dropped":           {localaws.Fault{Drop: true}, 1, -1, 2},
		"dropped after":     {localaws.Fault{DropAfter: true}, 1, -1, 2},
		"provider is away":  {refusal(http.StatusBadRequest, "IDPCommunicationError", "x"), 2, -1, 3},
		"denied once":       {refusal(http.StatusForbidden, "AccessDenied", sorry), 1, -1, 2},
		"denied":            {refusal(http.StatusForbidden, "AccessDenied", sorry), always, awsapi.Denied, 2},
		"keys not read":     {refusal(http.StatusBadRequest, "InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider"), 1, -1, 2},
		"expired":           {refusal(http.StatusBadRequest, "ExpiredTokenException", "x"), always, awsapi.BadCredentials, 1},
		"invalid":           {refusal(http.StatusBadRequest, "ValidationError", "x"), always, awsapi.Invalid, 1},
		"broken for good":   {broken, always, awsapi.Server, 5},
		"region is not on":  {refusal(http.StatusForbidden, "RegionDisabledException", "x"), always, awsapi.Denied, 1},
		"something unknown": {refusal(http.StatusTeapot, "Teapot", "x"), always, awsapi.Other, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w, i := trusting(t)
				w.spoil("AssumeRoleWithWebIdentity", tt.times, tt.fault)
				_, err := assume(t, w, i)
				switch {
				case tt.kind >= 0:
					isKind(t, err, tt.kind)
				case err != nil:
					t.Error(err)
				}
				if n := w.count("AssumeRoleWithWebIdentity"); n != tt.calls || i.asked != 1 {
					t.Errorf("%d calls, %d tokens; want %d and one", n, i.asked, tt.calls)
				}
			})
		})
	}
}

// Each reason for which AWS refuses the token is reported with what to do
// about it, and the token is nowhere.
func TestAssumeRoleRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		claims map[string]any
		change func(*awsapi.Roles)
		fault  localaws.Fault // instead of what the embedded AWS answers
		kind   awsapi.Kind
		hint   []string
	}{
		"another subject": {
			claims: map[string]any{"sub": "repo:octo-org/other:pull_request"}, kind: awsapi.Denied,
			hint: []string{
				"The trust policy of " + roleARN + " does not allow this job to assume it", `sub "repo:octo-org/other:pull_request"`, `aud "sts.amazonaws.com"`,
				`"token.actions.githubusercontent.com:sub": "repo:octo-org/other:pull_request"`,
				`"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"`,
				`"Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"`,
				`"Action": "sts:AssumeRoleWithWebIdentity"`,
			},
		},
		"no such role": {
			change: func(r *awsapi.Roles) { r.ARNs = []string{"arn:aws-cn:iam::999999999999:role/nope"} }, kind: awsapi.Denied,
			hint: []string{"or there is no such role", "arn:aws-cn:iam::999999999999:oidc-provider/"},
		},
		"an issuer of one's own": {
			claims: map[string]any{"sub": "x", "iss": "https://ghe.example.com/_services/token"}, kind: awsapi.Denied,
			hint: []string{`"ghe.example.com/_services/token:sub": "x"`, ":oidc-provider/ghe.example.com/_services/token"},
		},
		"an SCP": {
			fault: refusal(http.StatusForbidden, "AccessDenied", "not authorized, with an explicit deny in a service control policy"), kind: awsapi.Denied,
			hint: []string{"A service control policy does not allow"},
		},
		"wrong audience": {
			claims: map[string]any{"aud": "https://github.com/octo-org"}, kind: awsapi.Invalid,
			hint: []string{"for the audience https://github.com/octo-org", "client ids", "oidc-provider/token.actions.githubusercontent.com", "token.actions.githubusercontent.com:aud"},
		},
		"no provider": {
			fault: refusal(http.StatusBadRequest, "InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://token.actions.githubusercontent.com"),
			kind:  awsapi.Invalid, hint: []string{"account (123456789012) has no identity provider for https://token.actions.githubusercontent.com", "audience sts.amazonaws.com"},
		},
		"keys of the provider": {
			fault: refusal(http.StatusBadRequest, "InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider"),
			kind:  awsapi.Invalid, hint: []string{"could not verify", "Run the job again"},
		},
		"expired": {
			claims: map[string]any{"exp": 1}, kind: awsapi.BadCredentials, hint: []string{"had expired", "clock"},
		},
		"malformed ARN": {
			change: func(r *awsapi.Roles) { r.ARNs = []string{"arn:aws:iam::123456789012:user/me"} }, kind: awsapi.Invalid, hint: []string{"arn:aws:iam::123456789012:role/NAME"},
		},
		"longer than the role allows": {
			change: func(r *awsapi.Roles) { r.Duration = 2 * time.Hour }, kind: awsapi.Invalid, hint: []string{"2h0m0s", "`role-duration-seconds`", "maximum session duration"},
		},
		"longer than possible": {
			change: func(r *awsapi.Roles) { r.Duration = 13 * time.Hour }, kind: awsapi.Invalid, hint: []string{"900 to 43200"},
		},
		"session name": {
			change: func(r *awsapi.Roles) { r.SessionName = "a b" }, kind: awsapi.Invalid, hint: []string{"`role-session-name`"},
		},
		"region is not on": {
			fault: refusal(http.StatusForbidden, "RegionDisabledException", "STS is not activated"), kind: awsapi.Denied, hint: []string{"not enabled in region eu-central-1"},
		},
		"a token that cannot be read": {
			change: func(r *awsapi.Roles) {
				r.ARNs = []string{"a-role-without-account"}
				r.Token = func(context.Context) (string, error) { return "opaque.%.x", nil }
			},
			fault: refusal(http.StatusForbidden, "AccessDenied", "no"), kind: awsapi.Denied,
			hint: []string{"a-role-without-account does not allow this job to assume it", ":ACCOUNT:oidc-provider/token.actions.githubusercontent.com", `:aud": "sts.amazonaws.com"`},
		},
		"a token that is repeated": {
			claims: map[string]any{"x": strings.Repeat("x", 20000)}, kind: awsapi.Invalid, hint: []string{""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w, i := trusting(t)
				i.claims = tt.claims
				if tt.fault.Status != 0 {
					w.spoil("AssumeRoleWithWebIdentity", always, tt.fault)
				}
				_, err := assume(t, w, i, func(r *awsapi.Roles) {
					if tt.change != nil {
						tt.change(r)
					}
				})
				isKind(t, err, tt.kind)
				if err == nil {
					return
				}
				says(t, err.Error(), "AssumeRoleWithWebIdentity ")
				says(t, hintOf(t, err), tt.hint...)
				for _, text := range []string{err.Error(), hintOf(t, err), fmt.Sprintf("%+v", err), fmt.Sprintf("%v", errors.Unwrap(err))} {
					if strings.Contains(text, "eyJ") {
						t.Errorf("the token is in %.300s", text)
					}
				}
			})
		})
	}
}

// Nor is the token in what the last attempts ended with.
func TestAssumeRoleCancelledKeepsTheToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, i := trusting(t)
		ctx, cancel := context.WithCancel(t.Context())
		w.OnCall(func(c localaws.Call) *localaws.Fault {
			if c.Attempt == 2 {
				cancel()
			}
			i.mu.Lock()
			defer i.mu.Unlock()
			return &localaws.Fault{Status: 500, Code: "Oops", Message: "cannot work with " + i.tokens[0]}
		})
		_, err := awsapi.Open(ctx, awsapi.Options{Dial: w.dial, Getenv: getenv(environment(local)), Roles: i.role()})
		isKind(t, err, awsapi.Cancelled)
		says(t, err.Error(), "cannot work with ***")
		if strings.Contains(err.Error(), "eyJ") {
			t.Error(err)
		}
	})
}

// A job without a token gets a hint; a service that fails is called again.
func TestNoToken(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err   error
		fails int
		asked int
		says  string // "" for success
		hint  string
	}{
		"not given":     {&awsapi.TokenError{Err: errors.New("the job gets no OIDC token"), Advice: "allow it", Final: true}, always, 1, "no AWS credentials were found: the job gets no OIDC token", "allow it"},
		"fails":         {&awsapi.TokenError{Err: errors.New("status 502"), Advice: "run again"}, always, 4, "no AWS credentials were found: obtain an OIDC token: status 502", "run again"},
		"fails a while": {errors.New("status 502"), 3, 4, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w, i := trusting(t)
				i.err, i.fails = tt.err, tt.fails
				_, err := assume(t, w, i)
				if i.asked != tt.asked {
					t.Errorf("asked %d times, want %d", i.asked, tt.asked)
				}
				if tt.says == "" {
					if err != nil {
						t.Error(err)
					}
					return
				}
				isKind(t, err, awsapi.NoCredentials)
				says(t, err.Error(), tt.says)
				says(t, hintOf(t, err), tt.hint)
				if w.count("") != 0 {
					t.Errorf("%d calls", w.count(""))
				}
			})
		})
	}
}

func TestAnEmptyToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, i := trusting(t)
		_, err := assume(t, w, i, func(r *awsapi.Roles) {
			r.Token = func(context.Context) (string, error) { return "", nil }
		})
		isKind(t, err, awsapi.NoCredentials)
		says(t, err.Error(), "the answer contains no token")
		says(t, hintOf(t, err), "Run the job again.")
	})
}

// A server that hangs, and a job that is over, end the opening.
func TestAssumeRoleHung(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, i := trusting(t)
		w.spoil("", always, localaws.Fault{Hang: true})
		_, err := awsapi.Open(t.Context(), awsapi.Options{Dial: w.dial, Getenv: getenv(environment(local)), Timeout: 300 * time.Millisecond, Roles: i.role()})
		isKind(t, err, awsapi.Hung)

		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err = awsapi.Open(ctx, awsapi.Options{Dial: w.dial, Getenv: getenv(environment(local)), Roles: i.role()})
		isKind(t, err, awsapi.Deadline)
		_, err = awsapi.Open(ctx, awsapi.Options{Dial: w.dial, Getenv: getenv(environment(local)), Roles: &awsapi.Roles{ARNs: []string{roleARN}, Token: func(ctx context.Context) (string, error) { return "", ctx.Err() }}})
		isKind(t, err, awsapi.Deadline)
	})
}

// One caller that gives up while the session is renewed is not the others'
// failure.
func TestRenewCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, i := trusting(t)
		client := mustAssume(t, w, i)
		time.Sleep(2 * time.Hour)
		renewing := make(chan struct{})
		w.OnCall(func(c localaws.Call) *localaws.Fault {
			if c.Operation == "AssumeRoleWithWebIdentity" && c.Attempt == 2 {
				close(renewing)
				return &localaws.Fault{Hang: true}
			}
			return nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		var both sync.WaitGroup
		both.Go(func() {
			_, err := client.Configuration(ctx, items, "")
			isKind(t, err, awsapi.Cancelled)
		})
		<-renewing
		waiting, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer stop()
		_, err := client.Configuration(waiting, items, "")
		isKind(t, err, awsapi.Deadline)
		both.Go(func() { reads(t, client) })
		cancel()
		both.Wait()
		if n := w.count("AssumeRoleWithWebIdentity"); n != 3 {
			t.Errorf("%d calls", n)
		}
	})
}

// The statement of a hint is JSON, whatever the token says.
func TestTrustStatement(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, i := trusting(t)
		i.claims = map[string]any{"sub": "repo:<o>/\"r\"&\n::error::x", "aud": []string{"sts.amazonaws.com", "other"}}
		_, err := assume(t, w, i)
		_, text, _ := strings.Cut(hintOf(t, err), ":\n")
		var got map[string]any
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		want := map[string]any{
			"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
			"Principal": map[string]any{"Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"},
			"Condition": map[string]any{"StringEquals": map[string]any{
				"token.actions.githubusercontent.com:aud": []any{"sts.amazonaws.com", "other"},
				"token.actions.githubusercontent.com:sub": "repo:<o>/\"r\"&\n::error::x",
			}},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}
