package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// These are the verbs of aws about what belongs to an alias.

// otherCall calls Lambda with other credentials than the steps have, and decodes the
// answer into out. It reports whether that is a success.
func otherCall(ts *testscript.TestScript, s *scene, method, path, body string, out any) bool {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAOTHER/20260101/eu-central-1/lambda/aws4_request")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code == http.StatusNotFound {
		return false
	}
	if w.Code >= http.StatusBadRequest {
		ts.Fatalf("%s %s: %s", method, path, w.Body)
	}
	if out != nil {
		ts.Check(json.Unmarshal(w.Body.Bytes(), out))
	}
	return true
}

func urlPath(fn, qualifier string) string {
	if qualifier == "$LATEST" {
		return "/2021-10-31/functions/" + fn + "/url"
	}
	return "/2021-10-31/functions/" + fn + "/url?Qualifier=" + qualifier
}

func asyncPath(fn, qualifier string) string {
	return "/2019-09-25/functions/" + fn + "/event-invoke-config?Qualifier=" + qualifier
}

func policyPath(fn, qualifier string) string {
	if qualifier == "$LATEST" {
		return "/2015-03-31/functions/" + fn + "/policy"
	}
	return "/2015-03-31/functions/" + fn + "/policy?Qualifier=" + qualifier
}

// give gives a qualifier of a function something, outside of the program.
func give(ts *testscript.TestScript, s *scene, args []string) {
	fn, qualifier, what := args[0], args[1], args[2]
	switch what {
	case "url":
		otherCall(ts, s, http.MethodPost, urlPath(fn, qualifier), `{"AuthType": "`+args[3]+`"}`, nil)
	case "async":
		otherCall(ts, s, http.MethodPut, asyncPath(fn, qualifier), args[3], nil)
	case "permission":
		otherCall(ts, s, http.MethodPost, policyPath(fn, qualifier), args[3], nil)
	case "mapping":
		if qualifier == "$LATEST" {
			qualifier = ""
		}
		s.AddEventSourceMapping(fn, qualifier, args[3])
	default:
		ts.Fatalf("cannot give %s", what)
	}
	s.ResetCalls()
}

// wantBelongings asserts all that belongs to a qualifier of a function.
func wantBelongings(ts *testscript.TestScript, s *scene, args []string) {
	fn, qualifier, want := args[0], args[1], args[2:]
	got := []string{}
	var url struct{ AuthType string }
	if qualifier != "$LATEST" && otherCall(ts, s, http.MethodGet, urlPath(fn, qualifier), "", &url) {
		got = append(got, "url:"+url.AuthType)
	}
	var policy struct{ Policy string }
	if otherCall(ts, s, http.MethodGet, policyPath(fn, qualifier), "", &policy) {
		var document struct{ Statement []struct{ Sid string } }
		ts.Check(json.Unmarshal([]byte(policy.Policy), &document))
		for _, st := range document.Statement {
			got = append(got, "permission:"+st.Sid)
		}
	}
	var async struct{ MaximumRetryAttempts *int }
	if otherCall(ts, s, http.MethodGet, asyncPath(fn, qualifier), "", &async) {
		got = append(got, "async")
		if n := async.MaximumRetryAttempts; n != nil {
			got[len(got)-1] += fmt.Sprint(":", *n)
		}
	}
	var listed struct {
		ProvisionedConcurrencyConfigs []struct{ FunctionArn string }
	}
	otherCall(ts, s, http.MethodGet, "/2019-09-30/functions/"+fn+"/provisioned-concurrency?List=ALL", "", &listed)
	for _, c := range listed.ProvisionedConcurrencyConfigs {
		if strings.HasSuffix(c.FunctionArn, ":"+qualifier) {
			got = append(got, "provisioned")
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		ts.Fatalf("%s:%s has %q, want %q", fn, qualifier, got, want)
	}
	s.ResetCalls()
}
