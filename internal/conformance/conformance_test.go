package conformance

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/google/go-cmp/cmp"
)

// onEmbedded runs f in virtual time with an account of the embedded AWS.
func onEmbedded(t *testing.T, f func(*testing.T, *localaws.Cloud, *Account)) {
	synctest.Test(t, func(t *testing.T) {
		cloud := localaws.New(localaws.Options{Settle: 2 * time.Second})
		loopback := localaws.NewLoopback(cloud)
		defer cloud.Close()
		defer loopback.Close()
		f(t, cloud, New(aws.Config{
			Region:       "eu-central-1",
			Credentials:  credentials.NewStaticCredentialsProvider("example", "example", ""),
			BaseEndpoint: aws.String("http://localhost"),
			HTTPClient:   &http.Client{Transport: &http.Transport{DialContext: loopback.Dial}},
		}, "arn:aws:iam::123456789012:role/check"))
	})
}

// TestEmbedded: the embedded AWS behaves as recorded.
func TestEmbedded(t *testing.T) {
	t.Parallel()
	onEmbedded(t, func(t *testing.T, _ *localaws.Cloud, a *Account) {
		all, err := a.Observe(t.Context(), Prefix+"1")
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range all {
			if o.Differs() {
				t.Errorf("%s (-recorded +embedded):\n%s", o.What, cmp.Diff(o.Recorded, o.Observed))
			}
		}
		if _, err := a.ready(t.Context(), Prefix+"1"); apiError(err) == nil {
			t.Errorf("the function is still there: %v", err)
		}
	})
}

// TestDifferences: what differs is in the table, escaped, and only that.
func TestDifferences(t *testing.T) {
	t.Parallel()
	got := Differences([]Observation{{"CreateAlias", "ok", "ok"}, {"PublishVersion", "version 1", "404 A|B:\n<b>"}})
	want := "1 of 2 observations differ from what was recorded:\n\n| Behaviour | Recorded | This account |\n|---|---|---|\n" +
		"| PublishVersion | version 1 | 404 A\\|B: &lt;b> |\n"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := Differences([]Observation{{"CreateAlias", "ok", "ok"}}); got != "All 1 observations are as recorded.\n" {
		t.Errorf("%q", got)
	}
}

// TestSweep: only what a check has created is removed.
func TestSweep(t *testing.T) {
	t.Parallel()
	onEmbedded(t, func(t *testing.T, cloud *localaws.Cloud, a *Account) {
		cloud.AddFunction("items")
		cloud.AddFunction(Prefix + "by-hand") // without the tag
		for _, err := range []error{
			a.Create(t.Context(), Prefix+"2"),
			a.SetAlarm(t.Context(), Prefix+"3", "OK", "by a check"),
			a.SetAlarm(t.Context(), "items-errors", "OK", "by hand"),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		removed, err := a.Sweep(t.Context())
		if got := strings.Join(removed, ", "); err != nil || got != "function "+Prefix+"2, alarm "+Prefix+"3" {
			t.Errorf("removed %s, %v", got, err)
		}
		functions, err := a.lambda.ListFunctions(t.Context(), &lambda.ListFunctionsInput{})
		if err != nil || len(functions.Functions) != 2 {
			t.Errorf("%d functions are left, want 2: %v", len(functions.Functions), err)
		}
		if removed, err := a.Sweep(t.Context()); err != nil || len(removed) > 0 {
			t.Errorf("removed again: %q, %v", removed, err)
		}
	})
}
