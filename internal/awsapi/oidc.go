package awsapi

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"lambda-release/internal/policy"
)

// Role is a role to assume with the OIDC token of the job. The credentials in the
// environment are then not used.
type Role struct {
	ARN         string
	SessionName string        // 2 to 64 of a-z, A-Z, 0-9 and _+=,.@-
	Duration    time.Duration // of a session: 15 minutes to 12 hours, no longer than the role's own maximum; 0 is an hour
	// Token obtains a token of the job. It is called for every session, since a
	// token expires within minutes. If the job gets no token at all, the error
	// wraps ErrNoToken; every other error is retried.
	Token func(context.Context) (string, error)
	// Mask is called with each secret before it is used: token, secret key and
	// session token. It may be nil.
	Mask func(secret string)
}

// ErrNoToken reports that the CI system gives the job no OIDC token.
var ErrNoToken = errors.New("the job gets no OIDC token")

const (
	defaultSession = time.Hour // AWS's own default
	// renewBefore its end a session is renewed: longer than a call is retried,
	// except for throttling.
	renewBefore = 5 * time.Minute
	// lastMoment before its end a session is no longer used, even if it could not
	// be renewed.
	lastMoment = 30 * time.Second
	// renewPause is the time between attempts to renew, so that not every
	// function of a batch repeats one that has just failed.
	renewPause = 10 * time.Second
	// assumeTime is how long one renewal may take; a token is valid for longer.
	assumeTime = 30 * time.Second
	// tokenAttempts and tokenPause are for the service that issues tokens.
	tokenAttempts = 4
	tokenPause    = 500 * time.Millisecond
	// refusedAttempts and refusedPause are for a refusal, which may be wrong until
	// IAM knows a new role everywhere or STS has fetched the keys of the tokens.
	// Mostly it is right.
	refusedAttempts = 2
	refusedPause    = time.Second
)

// assumed are the credentials of a role, renewed before they end.
type assumed struct {
	Role
	client *Client // for its errors
	sts    *sts.Client

	turn    chan struct{} // a semaphore: one caller renews
	current aws.Credentials
	ends    time.Time // of current, by the local clock
	failed  *Error    // of the last renewal, nil if it was good
	again   time.Time // when renewal is next tried after it failed
}

// assume makes the credentials of a role; nothing is called yet.
func (s *session) assume(r Role) *assumed {
	r.Duration = cmp.Or(r.Duration, defaultSession)
	if r.Mask == nil {
		r.Mask = func(string) {}
	}
	cfg := s.cfg
	cfg.Credentials = aws.AnonymousCredentials{}
	return &assumed{
		Role: r, client: &Client{Region: cfg.Region, session: session{place: s.place}}, turn: make(chan struct{}, 1),
		sts: sts.NewFromConfig(cfg, func(o *sts.Options) {
			o.Retryer = forgiving{s.newOtherRetryer(stsRate)}
			o.RetryMaxAttempts = 0 // the retryer decides
			o.BaseEndpoint = s.endpoint("STS")
		}),
	}
}

// Retrieve is called before every attempt of every call. It differs from
// aws.CredentialsCache in that a session is used until its end if it cannot be
// renewed, that callers do not repeat one after the other what has just failed,
// and that the end of one caller's context does not affect the others.
func (a *assumed) Retrieve(ctx context.Context) (aws.Credentials, error) {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		e := &Error{Action: assumeRole, Resource: a.ARN, Region: a.client.Region, Kind: kindOf(jobContext(ctx), ctx.Err()), Err: ctx.Err()}
		return aws.Credentials{}, &credentialsError{e, attemptsOf(ctx).effect}
	}
	now := time.Now()
	usable := a.ends.Sub(now) > lastMoment
	switch {
	case a.ends.Sub(now) > renewBefore:
		return a.current, nil
	case a.failed == nil || !now.Before(a.again):
		err := a.renew(ctx)
		if err == nil {
			return a.current, nil
		}
		if ctx.Err() != nil {
			return aws.Credentials{}, &credentialsError{err, attemptsOf(ctx).effect} // the caller's context has ended
		}
		a.failed, a.again = err, now.Add(renewPause)
	}
	if usable {
		return a.current, nil
	}
	return aws.Credentials{}, &credentialsError{a.failed, attemptsOf(ctx).effect}
}

// renew starts a new session.
func (a *assumed) renew(ctx context.Context) *Error {
	bound, cancel := context.WithTimeout(ctx, assumeTime)
	defer cancel()
	token, failed := a.token(bound)
	if failed != nil {
		return failed
	}
	now := time.Now() // AWS's clock may differ
	out, err := call(bound, a.client, target{Action: assumeRole, resource: a.ARN}, a.sts.AssumeRoleWithWebIdentity, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: &a.ARN, RoleSessionName: &a.SessionName, WebIdentityToken: &token,
		DurationSeconds: aws.Int32(int32(a.Duration / time.Second)), //nolint:gosec // hours at most
	}, func(out *sts.AssumeRoleWithWebIdentityOutput) bool {
		c := out.Credentials
		return c != nil && aws.ToString(c.AccessKeyId) != "" && aws.ToString(c.SecretAccessKey) != "" && aws.ToString(c.SessionToken) != ""
	})
	if e, failed := errors.AsType[*Error](err); failed {
		if bound.Err() != nil && ctx.Err() == nil {
			last := cmp.Or(e.Last, fmt.Errorf("no answer within %s", assumeTime))
			e = &Error{Action: e.Action, Resource: e.Resource, Region: e.Region, Kind: Hung, Err: last}
		}
		return a.explain(e, token)
	}
	a.Mask(aws.ToString(out.Credentials.SecretAccessKey))
	a.Mask(aws.ToString(out.Credentials.SessionToken))
	a.ends, a.failed = now.Add(a.Duration), nil
	a.current = aws.Credentials{
		AccessKeyID:     aws.ToString(out.Credentials.AccessKeyId),
		SecretAccessKey: aws.ToString(out.Credentials.SecretAccessKey),
		SessionToken:    aws.ToString(out.Credentials.SessionToken),
		Source:          assumeRole.Op, CanExpire: true, Expires: a.ends,
	}
	return nil
}

// token obtains a token. The service that issues it is known to fail at times.
func (a *assumed) token(ctx context.Context) (string, *Error) {
	for attempt := 1; ; attempt++ {
		token, err := a.Token(ctx)
		if err == nil && token == "" {
			err = errors.New("the answer contains no token")
		}
		if err == nil {
			a.Mask(token)
			return token, nil
		}
		e := &Error{Action: Action{Op: "GetIDToken"}, Region: a.client.Region, Kind: NoCredentials, Err: err}
		switch {
		case errors.Is(err, ErrNoToken):
			e.advice = a.client.place.noToken()
			return "", e
		case jobContext(ctx).Err() != nil:
			e.Kind = kindOf(jobContext(ctx), err)
			return "", e
		case attempt < tokenAttempts && Sleep(ctx, tokenPause<<(attempt-1)) == nil:
		default:
			e.Err = fmt.Errorf("obtain an OIDC token: %w", err)
			e.advice = strings.TrimSpace("The service that issues the tokens has failed, not AWS. Run the job again. " + a.client.place.ci.TokenFailed)
			return "", e
		}
	}
}

// credentialsError carries an error through the SDK and is not retried. It has no
// Unwrap, so that an answer of STS is not taken for the call's answer.
type credentialsError struct {
	err    *Error
	effect Effect // of the attempts before: this one was not sent
}

func (e *credentialsError) Error() string        { return e.err.Error() }
func (e *credentialsError) RetryableError() bool { return false }

// ofCredentials is the error of the credentials that ended a call, with the
// call's own Effect; nil if something else ended it.
func ofCredentials(err error) *Error {
	c, ok := errors.AsType[*credentialsError](err)
	if !ok {
		return nil
	}
	e := *c.err
	e.Effect = c.effect
	return &e
}

// forgiving is a retryer for STS: it also retries, once, a refusal that may be
// temporary.
type forgiving struct{ *retryer }

func (r forgiving) IsErrorRetryable(err error) bool {
	return maybeTemporary(err) || codeOf(err) == "IDPCommunicationError" || r.retryer.IsErrorRetryable(err)
}

func (r forgiving) RetryDelay(attempt int, err error) (time.Duration, error) {
	if !maybeTemporary(err) {
		return r.retryer.RetryDelay(attempt, err)
	}
	if attempt >= refusedAttempts {
		return 0, fmt.Errorf("refused %d times: %w", attempt, err)
	}
	return refusedPause, nil
}

func maybeTemporary(err error) bool {
	code := codeOf(err)
	return code == "AccessDenied" || code == "InvalidIdentityToken"
}

func codeOf(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// explain adds a hint to AWS's refusal of a token, and removes the token from the
// error. What an InvalidIdentityToken or a ValidationError means is only in AWS's
// message, which decides nothing but the hint.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
func (a *assumed) explain(e *Error, token string) *Error {
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
				inBrackets(accountOf(a.ARN)), cmp.Or(c.Issuer, "the token's issuer"), c.audience())
		case strings.Contains(said, "audience"):
			e.advice = fmt.Sprintf("The token is for the audience %s. Add it to the audiences (client ids) of the identity provider %s in IAM%s.",
				c.audience(), a.provider(c), conditionFor(c, "aud", c.audience()))
		default:
			e.advice = fmt.Sprintf("AWS could not verify the token. Run the job again; if it fails again, check the identity provider %s in IAM: its URL and audiences (the token's is %s).",
				a.provider(c), c.audience())
		}
	case "ExpiredTokenException":
		e.advice = "The token had expired when AWS received it: tokens are valid for minutes to an hour. Check the clock of the runner and run the job again."
	case "ValidationError":
		switch {
		case strings.Contains(said, "durationseconds"):
			e.advice = fmt.Sprintf("The role does not allow a session of %s: lower `role-duration-seconds`, or raise the role's maximum session duration (900 to 43200 seconds, 3600 by default).", a.Duration)
		case strings.Contains(said, "rolesessionname"):
			e.advice = "`role-session-name` must be 2 to 64 of a-z, A-Z, 0-9 and _+=,.@-."
		case strings.Contains(said, "arn"):
			e.advice = "`role-to-assume` must be the ARN of a role, with its path if it has one: arn:aws:iam::123456789012:role/NAME."
		}
	case "RegionDisabledException":
		e.advice = fmt.Sprintf("STS is not enabled in region %s for the role's account. Enable it in IAM's account settings, or set another `aws-region`.", a.client.Region)
	}
	return e
}

// trust is the hint for a token that the role's trust policy refuses.
func (a *assumed) trust(c claims) string {
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
		a.ARN, who, policy.TrustStatement(a.provider(c), c.host(), audiences, subjects).JSON())
}

// provider is the ARN of the identity provider for the token.
func (a *assumed) provider(c claims) string {
	partition := ""
	if parts := strings.SplitN(a.ARN, ":", 3); len(parts) == 3 {
		partition = parts[1]
	}
	return policy.ProviderARN(partition, cmp.Or(accountOf(a.ARN), "ACCOUNT"), c.host())
}

// accountOf is the account in the ARN of a role.
func accountOf(arn string) string {
	if parts := strings.Split(arn, ":"); len(parts) > 5 {
		return parts[4]
	}
	return ""
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

// TokenIdentity is the issuer and the subject of a token, "" if it cannot be parsed.
func TokenIdentity(token string) (issuer, subject string) {
	c := claimsOf(token)
	return c.Issuer, c.Subject
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

// webToken matches a JSON Web Token, or the beginning of one: {" in base64.
var webToken = regexp.MustCompile(`eyJ[A-Za-z0-9_.=-]+`)

// redact removes a token from an error: AWS repeats invalid values in its
// messages.
func redact(err error, token string) error {
	if err == nil {
		return nil
	}
	hide := func(s string) string {
		return webToken.ReplaceAllString(strings.ReplaceAll(s, token, "***"), "***")
	}
	if text := err.Error(); hide(text) == text {
		return err
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return &smithy.GenericAPIError{Code: api.ErrorCode(), Message: hide(api.ErrorMessage()), Fault: api.ErrorFault()}
	}
	return errors.New(hide(err.Error()))
}
