package awsapi

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"

	"lambda-release/internal/policy"
)

// TokenError reports that the job has got no OIDC token.
type TokenError struct {
	Err    error
	Advice string // what to do
	Final  bool   // asking again does not help
}

func (e *TokenError) Error() string { return e.Err.Error() }
func (e *TokenError) Unwrap() error { return e.Err }

// tokenAttempts and tokenPause are for the service that issues tokens.
const (
	tokenAttempts = 4
	tokenPause    = 500 * time.Millisecond
)

// withToken assumes a role with an OIDC token of the job.
type withToken struct {
	*assumption
	issue func(context.Context) (string, error)
}

func (a *withToken) begin(ctx context.Context) (*types.Credentials, *Error) {
	token, failed := a.token(ctx)
	if failed != nil {
		return nil, failed
	}
	out, err := call(ctx, a.client, target{Action: a.Action, resource: a.arn}, a.sts.AssumeRoleWithWebIdentity, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: &a.arn, RoleSessionName: &a.session, WebIdentityToken: &token, Policy: a.policy,
		DurationSeconds: aws.Int32(int32(a.duration / time.Second)), //nolint:gosec // hours at most
	}, func(out *sts.AssumeRoleWithWebIdentityOutput) bool { return isComplete(out.Credentials) })
	if e, failed := errors.AsType[*Error](err); failed {
		return nil, a.explain(e, token)
	}
	return out.Credentials, nil
}

// token obtains a token. The service that issues it is known to fail at times.
func (a *withToken) token(ctx context.Context) (string, *Error) {
	for attempt := 1; ; attempt++ {
		token, err := a.issue(ctx)
		if err == nil && token == "" {
			err = &TokenError{Err: errors.New("the answer contains no token"), Advice: "The service that issues the tokens has failed, not AWS. Run the job again."}
		}
		if err == nil {
			a.mask(token)
			return token, nil
		}
		e := &Error{Action: Action{Op: "GetIDToken"}, Region: a.client.Region, Kind: NoCredentials, Err: err}
		known, ok := errors.AsType[*TokenError](err)
		if ok {
			e.advice = known.Advice
		}
		switch {
		case ok && known.Final:
			return "", e
		case jobContext(ctx).Err() != nil:
			e.Kind = kindOf(jobContext(ctx), err)
			return "", e
		case attempt < tokenAttempts && Sleep(ctx, tokenPause<<(attempt-1)) == nil:
		default:
			e.Err = fmt.Errorf("obtain an OIDC token: %w", err)
			return "", e
		}
	}
}

// explain adds a hint to AWS's refusal of a token, and removes the token from the
// error. What an InvalidIdentityToken or a ValidationError means is only in AWS's
// message, which decides nothing but the hint.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
func (a *withToken) explain(e *Error, token string) *Error {
	e.Err, e.Last = redact(e.Err, token), redact(e.Last, token)
	api, ok := errors.AsType[smithy.APIError](e.Err)
	if !ok {
		return e
	}
	said := strings.ToLower(api.ErrorMessage())
	c := claimsOf(token)
	switch api.ErrorCode() {
	case "AccessDenied":
		if why := denier(said); why != "" && why != resourcePolicy { // which the trust policy is
			e.advice = fmt.Sprintf("%s does not allow the role to be assumed: the owner of that policy must allow it.", why)
		} else {
			e.advice = a.trust(c)
		}
	case "InvalidIdentityToken":
		switch {
		case strings.Contains(said, "openidconnect provider"):
			e.advice = fmt.Sprintf("The role's account%s has no identity provider for %s. Add it to IAM as an OpenID Connect provider, with the audience %s, or correct the role's ARN.",
				inBrackets(accountOf(a.arn)), cmp.Or(c.Issuer, "the token's issuer"), c.audience())
		case strings.Contains(said, "audience"):
			e.advice = fmt.Sprintf("The token is for the audience %s. Add it to the audiences (client ids) of the identity provider %s in IAM%s.",
				c.audience(), a.provider(c), conditionFor(c, "aud", c.audience()))
		default:
			e.advice = fmt.Sprintf("AWS could not verify the token. Run the job again; if it fails again, check the identity provider %s in IAM: its URL and audiences (the token's is %s).",
				a.provider(c), c.audience())
		}
	case "ExpiredTokenException":
		e.advice = "The token had expired when AWS received it: tokens are valid for minutes to an hour. A file in `web-identity-token-file` must be written again for each session; otherwise check the clock of the runner. Then run the job again."
	default:
		e.advice = a.refusal(api)
	}
	return e
}

// trust is the hint for a token that the role's trust policy refuses.
func (a *withToken) trust(c claims) string {
	audiences, who := []string(c.Audience), ""
	if len(audiences) == 0 {
		audiences = []string{c.audience()}
	}
	var subjects []string
	if c.Subject != "" {
		subjects = []string{c.Subject}
		who = fmt.Sprintf(" The token has sub %q and aud %q; both are case-sensitive.", c.Subject, c.audience())
	}
	return fmt.Sprintf("The trust policy of %s does not allow this job to assume it, or there is no such role.%s Its trust policy needs a statement like this one "+
		"(`lambda-release --print-trust-policy` prints the whole policy for your `aliases`):\n%s",
		a.arn, who, policy.TrustStatement(a.provider(c), c.host(), audiences, subjects).JSON())
}

// provider is the ARN of the identity provider for the token.
func (a *withToken) provider(c claims) string {
	partition := ""
	if parts := strings.SplitN(a.arn, ":", 3); len(parts) == 3 {
		partition = parts[1]
	}
	return policy.ProviderARN(partition, cmp.Or(accountOf(a.arn), "ACCOUNT"), c.host())
}

func inBrackets(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

func conditionFor(c claims, claim, value string) string {
	return fmt.Sprintf("; a condition on %s:%s in the role's trust policy must have %s, too", c.host(), claim, value)
}

// claims are the claims of a token, unverified.
type claims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience audience `json:"aud"`
}

// audience is a string in a token, or a list of strings.
type audience []string

func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// TokenIdentity is the issuer, the subject and the audience of a token, "" for what cannot
// be read or is not one.
func TokenIdentity(token string) (issuer, subject, audience string) {
	c := claimsOf(token)
	if len(c.Audience) == 1 {
		audience = c.Audience[0]
	}
	return c.Issuer, c.Subject, audience
}

// claimsOf reads the claims of a token, none if it cannot be parsed.
func claimsOf(token string) claims {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims{}
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return claims{}
	}
	var c claims
	if json.Unmarshal(b, &c) != nil {
		return claims{}
	}
	return c
}

func (c claims) audience() string {
	if len(c.Audience) == 0 {
		return "sts.amazonaws.com"
	}
	return strings.Join(c.Audience, ", ")
}

// host is the issuer without its scheme, as in IAM.
func (c claims) host() string {
	return cmp.Or(strings.TrimPrefix(c.Issuer, "https://"), "token.actions.githubusercontent.com")
}
