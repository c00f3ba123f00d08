package main

import (
	"bytes"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/app"
	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"
)

const roleOfCheck = "arn:aws:iam::123456789012:role/check"

// checked runs what -aws runs, against an embedded AWS that is reached through the SDK
// only, in virtual time.
func checked(t *testing.T, prepare func(*localaws.Cloud)) (out string, cloud *localaws.Cloud, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cloud = localaws.New(localaws.Options{Settle: 2 * time.Second})
		loopback := localaws.NewLoopback(cloud)
		defer cloud.Close()
		defer loopback.Close()
		prepare(cloud)
		var b bytes.Buffer
		err = check(app.WithDial(t.Context(), loopback.Dial), aws.Config{
			Region:       "eu-central-1",
			Credentials:  credentials.NewStaticCredentialsProvider("example", "example", ""),
			BaseEndpoint: aws.String("http://localhost"),
			HTTPClient:   &http.Client{Transport: &http.Transport{DialContext: loopback.Dial}},
		}, roleOfCheck, inMemory(cloud, "http://localhost").env, &b)
		out = b.String()
	})
	return out, cloud, err
}

// TestCheck: the story and the observations need only calls to AWS, and leave nothing.
func TestCheck(t *testing.T) {
	t.Parallel()
	out, cloud, err := checked(t, func(*localaws.Cloud) {})
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"All 13 jobs ended as expected", " observations are as recorded."} {
		if !strings.Contains(out, want) {
			t.Errorf("output lacks %q:\n%s", want, out)
		}
	}
	needs := slices.Clone(neededBeside)
	created, deleted := 0, 0
	for _, call := range cloud.Calls() {
		needs = append(needs, call.Service+":"+call.Operation)
		switch call.Operation {
		case "CreateFunction":
			created++
		case "DeleteFunction":
			if call.Qualifier == "" {
				deleted++
			}
		case "Invoke":
			t.Error("a function was invoked")
		}
	}
	if created != 2 || deleted != 2 {
		t.Errorf("%d functions were created and %d deleted, want 2 and 2", created, deleted)
	}

	role, err := os.ReadFile("../conformance/role.yml")
	if err != nil {
		t.Fatal(err)
	}
	var allowed []string
	for _, m := range regexp.MustCompile(`(?m)^ +(?:- |Action: )((?:cloudwatch|iam|lambda):\w+)$`).FindAllStringSubmatch(string(role), -1) {
		allowed = append(allowed, m[1])
	}
	slices.Sort(needs)
	slices.Sort(allowed)
	if diff := cmp.Diff(slices.Compact(needs), allowed); diff != "" {
		t.Errorf("role.yml (-needed +allowed):\n%s", diff)
	}
}

// neededBeside are the actions that the role needs beside those named after the calls.
var neededBeside = []string{
	"cloudwatch:TagResource", "iam:PassRole", "lambda:TagResource", // by PutMetricAlarm and CreateFunction
	"lambda:ListFunctions", "lambda:ListTags", // by -sweep
}

// TestCheckFails: a job that does not end as expected and a behaviour that is not as
// recorded are reported, and everything is removed all the same.
func TestCheckFails(t *testing.T) {
	t.Parallel()
	out, cloud, err := checked(t, func(c *localaws.Cloud) {
		c.OnCall(func(call localaws.Call) *localaws.Fault {
			if call.Operation != "CreateAlias" {
				return nil
			}
			return &localaws.Fault{Status: 400, Code: "ConflictException", Message: "taken"}
		})
	})
	if err == nil || !strings.Contains(err.Error(), "job 1 ") || !strings.Contains(err.Error(), "behaves differently") {
		t.Errorf("%v, want that job 1 failed, and that behaviours differ", err)
	}
	if want := "| CreateAlias | version 1, no RoutingConfig | 400 ConflictException: taken |"; !strings.Contains(out, want) {
		t.Errorf("output lacks %q:\n%s", want, out)
	}
	deleted := 0
	for _, call := range cloud.Calls() {
		if call.Operation == "DeleteFunction" && call.Qualifier == "" {
			deleted++
		}
	}
	if deleted != 2 {
		t.Errorf("%d functions were deleted, want 2", deleted)
	}
}

// TestCheckIncomplete: without permissions nothing is said to be as recorded that was not
// observed.
func TestCheckIncomplete(t *testing.T) {
	t.Parallel()
	out, _, err := checked(t, func(c *localaws.Cloud) {
		c.OnCall(func(call localaws.Call) *localaws.Fault {
			if call.Operation != "CreateFunction" {
				return nil
			}
			return &localaws.Fault{Status: 403, Code: "AccessDeniedException", Message: "not allowed"}
		})
	})
	if err == nil || !strings.Contains(err.Error(), "not allowed") || !strings.Contains(out, "These are not all observations") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestCheckAWS(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"need -aws": checkAWS(false, true, false, "", ""),
		"-aws needs -role with the ARN of a role, not": checkAWS(true, false, false, "", "eu-central-1"),
		"-aws needs -region":                           checkAWS(true, false, false, roleOfCheck, ""),
		"neither -serve nor -html":                     checkAWS(true, false, true, roleOfCheck, "eu-central-1"),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if err := checkAWS(true, false, false, roleOfCheck, "eu-central-1"); err != nil {
		t.Error(err)
	}
	if err := checkAWS(false, false, true, "", ""); err != nil {
		t.Error(err)
	}
}
