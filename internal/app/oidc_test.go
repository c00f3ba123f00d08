package app_test

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// requestToken is what the job presents to get a token. Like the token itself and the
// credentials that AWS gives for it, it must not be seen anywhere.
const requestToken = "request-token-" + secret

// identity gives the next steps `permissions: id-token: write`: a service on loopback
// issues tokens for the subject. With an AUDIENCE it ignores the one it is asked for,
// and with a STATUS it fails. Without arguments the job has no permission again.
func identity(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 2 {
		ts.Fatalf("usage: identity [SUBJECT [AUDIENCE|STATUS]]")
	}
	if len(args) == 0 {
		ts.Setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "")
		ts.Setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
		return
	}
	other := at(args, 1)
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		audience := r.URL.Query().Get("audience")
		switch {
		case r.Header.Get("Authorization") != "Bearer "+requestToken:
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		case other != "" && strings.Trim(other, "0123456789") == "":
			http.Error(w, "not now", number(ts, other))
			return
		case other != "":
			audience = other
		}
		if audience == "" { // Azure Pipelines does not ask for one
			audience = "api://AzureADTokenExchange"
		}
		issued := token(args[0], audience)
		_ = json.NewEncoder(w).Encode(map[string]string{"value": issued, "oidcToken": issued})
	}))
	ts.Defer(service.Close)
	ts.Setenv("ACTIONS_ID_TOKEN_REQUEST_URL", service.URL+"/token?api-version=2.0")
	ts.Setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", requestToken)
	ts.Setenv("SYSTEM_OIDCREQUESTURI", service.URL+"/token")
	ts.Setenv("SYSTEM_ACCESSTOKEN", requestToken)
}

// writeToken writes a token to a file.
func writeToken(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: token-file FILE SUBJECT AUDIENCE")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(token(args[1], args[2])+"\n"), 0o600))
}

// tokenIn puts a token for the subject into a variable, as systems do that give a job
// one token; with an AUDIENCE, if it is not AWS's.
func tokenIn(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: token VARIABLE SUBJECT [AUDIENCE]")
	}
	ts.Setenv(args[0], token(args[1], cmp.Or(at(args, 2), "sts.amazonaws.com")))
}

// token is a JSON Web Token as GitHub makes it, except for the signature, which the
// embedded AWS does not check.
func token(subject, audience string) string {
	var parts []string
	for _, part := range []any{
		map[string]string{"alg": "RS256", "typ": "JWT"},
		map[string]any{
			"iss": "https://token.actions.githubusercontent.com", "sub": subject, "aud": audience,
			"exp": time.Now().Add(5 * time.Minute).Unix(),
		},
	} {
		b, _ := json.Marshal(part) // texts and numbers always are JSON
		parts = append(parts, base64.RawURLEncoding.EncodeToString(b))
	}
	return strings.Join(append(parts, base64.RawURLEncoding.EncodeToString([]byte(secret))), ".")
}
