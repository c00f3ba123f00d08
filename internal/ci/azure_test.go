package ci

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAzureToken(t *testing.T) {
	t.Parallel()
	status, answer := http.StatusOK, `{"oidcToken":"token"}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.Header.Get("Authorization") != "Bearer access" || r.URL.RawQuery != "api-version=7.1" {
			t.Errorf("%s %s, %v", r.Method, r.URL, r.Header)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(answer))
	}))
	defer server.Close()
	s := detect("TF_BUILD=True", "SYSTEM_OIDCREQUESTURI="+server.URL, "SYSTEM_ACCESSTOKEN=access")
	if token, err := s.Token(t.Context(), "x"); token != "token" || err != nil {
		t.Errorf("%q, %v", token, err)
	}
	for _, failing := range []struct {
		status       int
		answer, want string
	}{{http.StatusForbidden, "", "answered 403 Forbidden"}, {http.StatusOK, "<html>", "invalid character"}} {
		status, answer = failing.status, failing.answer
		if _, err := s.Token(t.Context(), "x"); err == nil || errors.Is(err, ErrNoToken) || !strings.Contains(err.Error(), failing.want) || strings.Contains(err.Error(), "access") {
			t.Errorf("%d: %v", failing.status, err)
		}
	}
	for missing, variables := range map[string][]string{
		"SYSTEM_OIDCREQUESTURI": {"SYSTEM_ACCESSTOKEN=access"}, "SYSTEM_ACCESSTOKEN": {"SYSTEM_OIDCREQUESTURI=" + server.URL},
	} {
		if _, err := detect(append(variables, "TF_BUILD=True")...).Token(t.Context(), "x"); !errors.Is(err, ErrNoToken) || !strings.Contains(err.Error(), missing) {
			t.Errorf("%s: %v", missing, err)
		}
	}
}
