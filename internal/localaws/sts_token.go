package localaws

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// token holds the claims of a JSON Web Token. Its signature is not verified.
type token struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience audience `json:"aud"`
	Expiry   float64  `json:"exp"` // Unix seconds
}

// audience is the claim aud: a string or a list of strings.
type audience []string

// UnmarshalJSON accepts a string or a list.
func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// parseToken parses a JSON Web Token.
func parseToken(s string) (*token, bool) {
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return nil, false
	}
	for _, part := range parts[:2] {
		b, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil || !json.Valid(b) {
			return nil, false
		}
	}
	claims, _ := base64.RawURLEncoding.DecodeString(parts[1])
	var t token
	if err := json.Unmarshal(claims, &t); err != nil || t.Subject == "" || t.Expiry == 0 {
		return nil, false
	}
	return &t, true
}

// validate refuses a token that is for another audience or has expired.
func (t *token) validate(r *Role, now time.Time) error {
	if !slices.Contains(t.Audience, r.Audience) {
		return bad("InvalidIdentityToken", "Incorrect token audience")
	}
	if float64(now.Unix()) >= t.Expiry {
		return bad("ExpiredTokenException", "Token expired: current date/time %d must be before the expiration date/time %d", now.Unix(), int64(t.Expiry))
	}
	return nil
}
