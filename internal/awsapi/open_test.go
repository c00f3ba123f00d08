package awsapi_test

import (
	"encoding/pem"
	"errors"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
)

func TestOpenRegion(t *testing.T) {
	t.Parallel()
	w := newCloud(t, localaws.Options{})
	for _, tt := range []struct{ input, region, fallback, want string }{
		{"eu-west-1", "us-east-1", "us-east-2", "eu-west-1"},
		{"", "us-east-1", "us-east-2", "us-east-1"},
		{"", "", "us-east-2", "us-east-2"},
	} {
		env := environment(local)
		env["AWS_REGION"], env["AWS_DEFAULT_REGION"] = tt.region, tt.fallback
		client, err := awsapi.Open(t.Context(), awsapi.Options{Dial: w.dial, Region: tt.input, Getenv: getenv(env)})
		if err != nil || client.Region != tt.want {
			t.Errorf("%+v: client %+v, error %v", tt, client, err)
			continue
		}
		// An endpoint of one's own would take a call for any region.
		_, err = client.Alias(t.Context(), named(t, "nosuch"), "prod")
		says(t, err.Error(), "arn:aws:lambda:"+tt.want+":")
	}
}

// The service's own endpoint goes before the one for all.
func TestOpenEndpoint(t *testing.T) {
	t.Parallel()
	w := newCloud(t, localaws.Options{})
	env := environment("http://elsewhere")
	env["AWS_ENDPOINT_URL_LAMBDA"] = local
	client, err := awsapi.Open(t.Context(), awsapi.Options{Dial: w.dial, Getenv: getenv(env)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Configuration(t.Context(), items, ""); err != nil {
		t.Error(err)
	}
	if n := w.count("GetFunction"); n != 1 {
		t.Errorf("%d calls arrived", n)
	}
}

// emptyProcess hides what the machine that runs the tests knows of AWS.
func emptyProcess(t *testing.T) {
	t.Helper()
	nothing := filepath.Join(t.TempDir(), "nothing")
	for name, value := range map[string]string{
		"AWS_DEFAULT_REGION": "", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": nothing, "AWS_SHARED_CREDENTIALS_FILE": nothing,
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "",
		"AWS_ROLE_ARN": "", "AWS_WEB_IDENTITY_TOKEN_FILE": "",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "",
	} {
		t.Setenv(name, value)
	}
}

func TestOpenWithoutARegion(t *testing.T) {
	emptyProcess(t)
	t.Setenv("AWS_REGION", "")
	w := newCloud(t, localaws.Options{})
	env := environment(local)
	delete(env, "AWS_REGION")
	_, err := awsapi.Open(t.Context(), awsapi.Options{Dial: w.dial, Getenv: getenv(env)})
	isKind(t, err, awsapi.NoRegion)
	if awsapi.EffectOf(err) != awsapi.NotSent || w.count("") != 0 {
		t.Errorf("%d calls", w.count(""))
	}
}

func TestOpenWithoutCredentials(t *testing.T) {
	emptyProcess(t)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true") // the SDK's last source
	w := newCloud(t, localaws.Options{})
	for want, missing := range map[string][]string{
		"no AWS credentials were found": {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"},
		"no AWS credentials were found: AWS_SECRET_ACCESS_KEY is set, AWS_ACCESS_KEY_ID is not": {"AWS_ACCESS_KEY_ID"},
		"no AWS credentials were found: AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not": {"AWS_SECRET_ACCESS_KEY"},
	} {
		env := environment(local)
		maps.DeleteFunc(env, func(name, _ string) bool { return slices.Contains(missing, name) })
		start := time.Now()
		_, err := awsapi.Open(t.Context(), awsapi.Options{Dial: w.dial, Getenv: getenv(env)})
		isKind(t, err, awsapi.NoCredentials)
		if err.Error() != want {
			t.Error(err)
		}
		says(t, hintOf(t, err), "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or choose a profile with AWS_PROFILE", "`aws sso login`")
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("looked for %s", took)
		}
	}
	if n := w.count(""); n != 0 {
		t.Errorf("%d calls", n)
	}
}

// What is wrong with the configuration itself is an error of Open's, too.
func TestOpenWithABrokenProfile(t *testing.T) {
	emptyProcess(t)
	t.Setenv("AWS_PROFILE", "nosuch")
	w := newCloud(t, localaws.Options{})
	env := environment(local)
	env["AWS_PROFILE"] = "nosuch"
	_, err := awsapi.Open(t.Context(), awsapi.Options{Dial: w.dial, Getenv: getenv(env)})
	if _, ok := errors.AsType[*awsapi.Error](err); !ok {
		t.Fatal(err)
	}
	says(t, err.Error(), "no AWS credentials were found: AWS_PROFILE is nosuch, and the AWS config file has no such profile")
	if hint := hintOf(t, err); !strings.Contains(hint, "AWS_PROFILE") || strings.Contains(hint, "sso") {
		t.Error(hint)
	}
}

// A company's proxy has a certificate of its own, which AWS_CA_BUNDLE names; it
// works with the limits that the HTTP client has of ours.
func TestOpenWithACABundle(t *testing.T) {
	cloud := localaws.New(localaws.Options{})
	server := httptest.NewTLSServer(cloud)
	t.Cleanup(func() { cloud.Close(); server.Close() })
	cloud.AddFunction(items.Name)
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(bundle, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CA_BUNDLE", bundle)

	client := open(t, server.URL, timeout(900*time.Millisecond))
	if _, err := client.Configuration(t.Context(), items, ""); err != nil {
		t.Error(err)
	}
	cloud.OnCall(func(c localaws.Call) *localaws.Fault { return &localaws.Fault{Hang: c.Attempt == 2} })
	if _, err := client.Configuration(t.Context(), items, ""); err != nil {
		t.Errorf("after a call that hung: %v", err)
	}
}
