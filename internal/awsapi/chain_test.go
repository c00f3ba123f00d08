package awsapi_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
)

const (
	hubARN     = "arn:aws:iam::222222222222:role/hub"
	lastARN    = "arn:aws:iam::123456789012:role/teams/release"
	externalID = "shop/4711:external"
)

// linked is an embedded AWS with a chain of three roles, of which the first takes tokens
// and the last an external ID.
func linked(t *testing.T) (*cloud, *issuer) {
	t.Helper()
	w, i := trusting(t)
	w.AddRole(hubARN, "", func(r *localaws.Role) { r.Principals = []string{roleARN, "arn:aws:iam::123456789012:user/localaws"} })
	w.AddRole(lastARN, "", func(r *localaws.Role) { r.Principals, r.ExternalID = []string{hubARN}, externalID })
	return w, i
}

// inChain assumes all three.
func inChain(r *awsapi.Roles) { r.ARNs, r.ExternalID = append(r.ARNs, hubARN, lastARN), externalID }

func TestRoleChain(t *testing.T) {
	t.Parallel()
	w, i := linked(t)
	client := mustAssume(t, w, i, inChain, func(r *awsapi.Roles) { r.Duration, r.Policy = 30*time.Minute, sessionPolicy })
	reads(t, client)
	if account, err := client.Account(t.Context()); err != nil || account != "123456789012" {
		t.Errorf("account %s, %v", account, err)
	}
	calls := strings.Split(w.bodies("AssumeRole"), "\n")
	if len(calls) != 2 || w.count("AssumeRoleWithWebIdentity") != 1 {
		t.Fatalf("%q", calls)
	}
	for n, call := range append(calls, w.bodies("AssumeRoleWithWebIdentity")) {
		says(t, call, "DurationSeconds=1800", "RoleSessionName=lambda-release-4711")
		if last := n == 1; strings.Contains(call, "ExternalId=shop%2F4711%3Aexternal") != last || strings.Contains(call, "Policy=") != last {
			t.Errorf("call %d: %s", n, call)
		}
	}
	if i.secrets[0] != externalID || len(i.secrets) != 8 {
		t.Errorf("masked %q", i.secrets)
	}
}

const sessionPolicy = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"lambda:GetFunction*","Resource":"*"}}`

// Sessions in a chain are renewed each by itself, and none is longer than an hour.
func TestRenewRoleChain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, i := linked(t)
		w.AddRole(roleARN, "repo:octo-org/octo-repo:*", func(r *localaws.Role) { r.MaxSession = 2 * time.Hour })
		client := mustAssume(t, w, i, inChain, func(r *awsapi.Roles) { r.Duration = 2 * time.Hour })
		for round, want := range []struct {
			pass         time.Duration
			first, later int
		}{{54 * time.Minute, 1, 2}, {2 * time.Minute, 1, 4}, {50 * time.Minute, 1, 4}, {5 * time.Minute, 1, 6}, {5 * time.Minute, 1, 6}, {50 * time.Minute, 2, 8}, {5 * time.Hour, 3, 10}} {
			time.Sleep(want.pass)
			reads(t, client)
			if first, later := w.count("AssumeRoleWithWebIdentity"), w.count("AssumeRole"); first != want.first || later != want.later {
				t.Errorf("round %d: %d and %d calls, want %d and %d", round, first, later, want.first, want.later)
			}
		}
	})
}

// The credentials of the environment begin a chain without a token.
func TestRoleChainFromEnvironment(t *testing.T) {
	t.Parallel()
	w, _ := linked(t)
	env := environment(local)
	chain := &awsapi.Roles{ARNs: []string{hubARN, lastARN}, SessionName: "me", ExternalID: externalID}
	client, err := awsapi.Open(t.Context(), awsapi.Options{Dial: w.dial, Getenv: getenv(env), Rate: fast, Roles: chain})
	if err != nil {
		t.Fatal(err)
	}
	reads(t, client)
	if client.Ending().After != 0 || w.count("AssumeRole") != 2 {
		t.Errorf("%+v, %d calls", client.Ending(), w.count("AssumeRole"))
	}
	env["AWS_SESSION_TOKEN"] = "of an earlier step"
	client, err = awsapi.Open(t.Context(), awsapi.Options{Dial: w.dial, Getenv: getenv(env), Rate: fast, Roles: chain})
	if err != nil || client.Ending().After != time.Hour {
		t.Errorf("%+v, %v", client.Ending(), err)
	}
}

// A role that is refused is named, with the policies that would allow it; the external ID
// is nowhere.
func TestRoleChainRefused(t *testing.T) {
	t.Parallel()
	const may = " is not authorized to perform: "
	for name, tt := range map[string]struct {
		change func(*localaws.Cloud, *awsapi.Roles)
		faulty string // the ARN of the role that a fault refuses
		fault  localaws.Fault
		kind   awsapi.Kind
		error  string
		hint   []string
		not    string
	}{
		"the first": {
			change: func(_ *localaws.Cloud, r *awsapi.Roles) { r.ARNs[0] += "x" }, kind: awsapi.Denied,
			error: "AssumeRoleWithWebIdentity " + roleARN + "x: AccessDenied", hint: []string{"trust policy of " + roleARN + "x", "sts:AssumeRoleWithWebIdentity"},
		},
		"the second": {
			change: func(c *localaws.Cloud, _ *awsapi.Roles) { c.AddRole(hubARN, "") }, kind: awsapi.Denied, error: "AssumeRole " + hubARN + ": AccessDenied",
			hint: []string{roleARN + " may not assume " + hubARN, "sts:ExternalId", `"AWS": "` + roleARN + `"`, `"Action": "sts:AssumeRole"`, `"Resource": "` + hubARN + `"`}, not: "EXTERNAL-ID",
		},
		"the last": {
			change: func(_ *localaws.Cloud, r *awsapi.Roles) { r.ExternalID += "x" }, kind: awsapi.Denied, error: "AssumeRole " + lastARN + ": AccessDenied",
			hint: []string{hubARN + " may not assume " + lastARN, `"AWS": "` + hubARN + `"`, `"sts:ExternalId": "EXTERNAL-ID"`, "EXTERNAL-ID stands for the value of `external-id`"},
		},
		"session tags": {
			faulty: hubARN, fault: refusal(http.StatusForbidden, "AccessDenied", "User: arn:aws:sts::123456789012:assumed-role/deploy/x"+may+"sts:TagSession on resource: "+hubARN), kind: awsapi.Denied,
			hint: []string{`"sts:AssumeRole",`, `"sts:TagSession"`},
		},
		"an SCP": {
			faulty: hubARN, fault: refusal(http.StatusForbidden, "AccessDenied", "User: x"+may+"sts:AssumeRole on resource: y with an explicit deny in a service control policy"), kind: awsapi.Denied,
			hint: []string{"A service control policy does not allow the role to be assumed"},
		},
		"its external ID": {
			faulty: lastARN, fault: refusal(http.StatusBadRequest, "ValidationError", "1 validation error detected: Value '"+externalID+"' at 'externalId' failed to satisfy constraint"), kind: awsapi.Invalid,
			error: "Value '***' at 'externalId'", hint: []string{"`external-id` must be 2 to 1224"},
		},
		"too large a policy": {
			faulty: lastARN, fault: refusal(http.StatusBadRequest, "PackedPolicyTooLarge", "Packed policy consumes 112% of allotted space, please use smaller policy."), kind: awsapi.Invalid,
			hint: []string{"`least-privilege-session` is too large", "compressed size", "Release fewer functions"},
		},
		"a bad policy": {
			change: func(_ *localaws.Cloud, r *awsapi.Roles) { r.Policy = "{}" }, kind: awsapi.Invalid, error: "MalformedPolicyDocument", hint: []string{"bug of lambda-release"},
		},
		"chained for too long": {
			faulty: hubARN, fault: refusal(http.StatusBadRequest, "ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"), kind: awsapi.Invalid,
			hint: []string{"for an hour at most"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w, i := linked(t)
				w.OnCall(func(c localaws.Call) *localaws.Fault {
					if tt.faulty != "" && strings.Contains(string(c.Body), strings.NewReplacer(":", "%3A", "/", "%2F").Replace("RoleArn="+tt.faulty)) {
						return &tt.fault
					}
					return nil
				})
				_, err := assume(t, w, i, inChain, func(r *awsapi.Roles) {
					if tt.change != nil {
						tt.change(w.Cloud, r)
					}
				})
				isKind(t, err, tt.kind)
				says(t, err.Error(), tt.error)
				says(t, hintOf(t, err), tt.hint...)
				for _, text := range []string{err.Error(), hintOf(t, err), fmt.Sprintf("%+v", err), fmt.Sprintf("%v", errors.Unwrap(err))} {
					if strings.Contains(text, externalID) || tt.not != "" && strings.Contains(text, tt.not) {
						t.Errorf("not to be shown: %s", text)
					}
				}
				if w.count("GetFunction") != 0 {
					t.Error("Lambda was called")
				}
			})
		})
	}
}

// Who the environment's credentials are of, AWS says.
func TestRoleChainRefusedToEnvironment(t *testing.T) {
	t.Parallel()
	for said, want := range map[string][]string{
		"User: arn:aws-cn:iam::123456789012:user/ci/me is not authorized":               {"environment (arn:aws-cn:iam::123456789012:user/ci/me) may not", `"AWS": "arn:aws-cn:iam::123456789012:user/ci/me"`},
		"User: arn:aws:sts::123456789012:assumed-role/deploy/session is not authorized": {"environment (arn:aws:iam::123456789012:role/deploy) may not", `"AWS": "arn:aws:iam::123456789012:role/deploy"`},
		"no": {"The credentials in the environment may not assume " + hubARN, `"AWS": "PRINCIPAL-ARN"`},
	} {
		synctest.Test(t, func(t *testing.T) {
			w, _ := linked(t)
			w.spoil("AssumeRole", always, refusal(http.StatusForbidden, "AccessDenied", said))
			_, err := awsapi.Open(t.Context(), awsapi.Options{Dial: w.dial, Getenv: getenv(environment(local)), Roles: &awsapi.Roles{ARNs: []string{hubARN}, SessionName: "me"}})
			says(t, hintOf(t, err), want...)
		})
	}
}

// STS is called in the region of the functions, in every partition.
func TestRegionalSTS(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]string{
		"eu-central-1": "sts.eu-central-1.amazonaws.com:443", "us-east-1": "sts.us-east-1.amazonaws.com:443",
		"us-gov-west-1": "sts.us-gov-west-1.amazonaws.com:443", "cn-north-1": "sts.cn-north-1.amazonaws.com.cn:443",
	} {
		var called string
		ctx, cancel := context.WithCancel(t.Context())
		_, err := awsapi.Open(ctx, awsapi.Options{
			Region: region, Getenv: getenv(nil), Timeout: time.Second, Roles: (&issuer{}).role(),
			Dial: func(_ context.Context, _, addr string) (net.Conn, error) {
				called = addr
				cancel()
				return nil, errors.New("no network")
			},
		})
		cancel()
		if err == nil || called != want {
			t.Errorf("%s: called %s, %v", region, called, err)
		}
	}
}

// The first session cannot be renewed later: its end is reported, and the refusal of its
// role is the error then.
func TestOneTokenOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, i := linked(t)
		token, err := i.token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		client := mustAssume(t, w, i, inChain, func(r *awsapi.Roles) {
			r.OnlyToken, r.Token = "CI_TOKEN", func(context.Context) (string, error) { return token, nil }
		})
		end := client.Ending()
		if end.After != time.Hour {
			t.Errorf("ends after %s", end.After)
		}
		says(t, end.Remedy, "the only token of the job, in CI_TOKEN", "`role-duration-seconds`")
		time.Sleep(58 * time.Minute)
		reads(t, client) // the others could be renewed
		time.Sleep(50 * time.Minute)
		reads(t, client)
		time.Sleep(11 * time.Minute)
		_, err = client.Configuration(t.Context(), items, "")
		isKind(t, err, awsapi.BadCredentials)
		says(t, err.Error(), "AssumeRoleWithWebIdentity "+roleARN+": ExpiredTokenException")
	})
}

// The account is asked for, and a call without an answer is no answer.
func TestAccountRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault localaws.Fault
		kind  awsapi.Kind
	}{
		"expired": {refusal(http.StatusForbidden, "ExpiredToken", "The security token included in the request is expired"), awsapi.BadCredentials},
		"broken":  {broken, awsapi.Server},
		"empty":   {localaws.Fault{Garble: "empty"}, awsapi.Unreadable},
		"a page":  {localaws.Fault{Garble: "html"}, awsapi.Unreadable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newCloud(t, localaws.Options{})
				client := w.open(t)
				w.spoil("GetCallerIdentity", always, tt.fault)
				account, err := client.Account(t.Context())
				isKind(t, err, tt.kind)
				if account != "" {
					t.Error(account)
				}
			})
		})
	}
}
