package awsapi

import (
	"bytes"
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
)

// Role is a role to assume with the OIDC token of the job. No other
// credentials are needed then, and those in the environment are not looked at.
type Role struct {
	ARN         string
	SessionName string        // 2 to 64 of a-z, A-Z, 0-9 and _+=,.@-
	Duration    time.Duration // of a session: 15 minutes to 12 hours, no longer than the role's own maximum; 0 is an hour
	// Token obtains a token of the job. It is asked anew for every session,
	// since a token lives for minutes. Where the job is given none at all the
	// error wraps ErrNoToken; every other error is tried again.
	Token func(context.Context) (string, error)
	// Mask is told each secret before it is used: token, secret key and session
	// token. nil is for nobody.
	Mask func(secret string)
}

// ErrNoToken says that whoever runs the job gives it no OIDC token.
var ErrNoToken = errors.New("the job is given no OIDC token")

const (
	assumeRole = "AssumeRoleWithWebIdentity"

	defaultSession = time.Hour // AWS's own default
	// renewBefore its end a session is renewed: longer than a call is tried,
	// throttling apart.
	renewBefore = 5 * time.Minute
	// lastMoment before its end a session is not used for another call, also
	// where it could not be renewed.
	lastMoment = 30 * time.Second
	// renewPause is between attempts to renew. What failed a moment ago is not
	// tried by every function of a batch again.
	renewPause = 10 * time.Second
	// assumeTime is how long one renewal may take; a token is good for longer.
	assumeTime = 30 * time.Second
	// tokenAttempts and tokenPause are for the service that gives out tokens.
	tokenAttempts = 4
	tokenPause    = 500 * time.Millisecond
	// refusedAttempts is how often a refusal is taken back for the time that
	// IAM needs to know a new role everywhere, and STS to fetch the keys of the
	// tokens: mostly it means what it says.
	refusedAttempts = 2
	refusedPause    = time.Second
)

// assumed are the credentials of a role, renewed before they end.
type assumed struct {
	Role
	client *Client // for its errors
	sts    *sts.Client

	turn    chan struct{} // holds one: who renews
	current aws.Credentials
	ends    time.Time // of current, by our own clock
	failed  *Error    // of the last renewal, nil if it was good
	again   time.Time // not before it is renewal tried again
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
		Role: r, client: &Client{Region: cfg.Region}, turn: make(chan struct{}, 1),
		sts: sts.NewFromConfig(cfg, func(o *sts.Options) {
			o.Retryer = forgiving{s.newOtherRetryer(stsRate)}
			o.RetryMaxAttempts = 0 // the retryer decides
			o.BaseEndpoint = s.endpoint("STS")
		}),
	}
}

// Retrieve is asked before every attempt of every call. It is
// aws.CredentialsCache by our own clock, with three differences: where renewing
// fails the session is used while it lasts, many callers do not try in a row
// what has just failed, and the end of one caller's context is not the others'.
func (a *assumed) Retrieve(ctx context.Context) (aws.Credentials, error) {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		e := &Error{Op: assumeRole, Function: a.ARN, Region: a.client.Region, Kind: kindOf(jobContext(ctx), ctx.Err()), Err: ctx.Err()}
		return aws.Credentials{}, &credentialsError{e, attemptsOf(ctx).fate}
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
			return aws.Credentials{}, &credentialsError{err, attemptsOf(ctx).fate} // the caller's own end
		}
		a.failed, a.again = err, now.Add(renewPause)
	}
	if usable {
		return a.current, nil
	}
	return aws.Credentials{}, &credentialsError{a.failed, attemptsOf(ctx).fate}
}

// renew begins another session.
func (a *assumed) renew(ctx context.Context) *Error {
	bound, cancel := context.WithTimeout(ctx, assumeTime)
	defer cancel()
	token, failed := a.token(bound)
	if failed != nil {
		return failed
	}
	now := time.Now() // AWS counts from its own, which may go otherwise
	out, err := call(bound, a.client, target{assumeRole, a.ARN, ""}, a.sts.AssumeRoleWithWebIdentity, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: &a.ARN, RoleSessionName: &a.SessionName, WebIdentityToken: &token,
		DurationSeconds: aws.Int32(int32(a.Duration / time.Second)), //nolint:gosec // hours at most
	})
	e, failedCall := errors.AsType[*Error](err)
	switch {
	case failedCall:
		if bound.Err() != nil && ctx.Err() == nil {
			last := cmp.Or(e.Last, fmt.Errorf("no answer within %s", assumeTime))
			e = &Error{Op: e.Op, Function: e.Function, Region: e.Region, Kind: Hung, Err: last}
		}
		return a.explain(e, token)
	case out.Credentials == nil:
		return &Error{Op: assumeRole, Function: a.ARN, Region: a.client.Region, Kind: Other, Err: errors.New("AWS has answered without credentials")}
	}
	a.Mask(aws.ToString(out.Credentials.SecretAccessKey))
	a.Mask(aws.ToString(out.Credentials.SessionToken))
	a.ends, a.failed = now.Add(a.Duration), nil
	a.current = aws.Credentials{
		AccessKeyID:     aws.ToString(out.Credentials.AccessKeyId),
		SecretAccessKey: aws.ToString(out.Credentials.SecretAccessKey),
		SessionToken:    aws.ToString(out.Credentials.SessionToken),
		Source:          assumeRole, CanExpire: true, Expires: a.ends,
	}
	return nil
}

// token obtains a token. The service that gives it out is known to fail for a
// moment.
func (a *assumed) token(ctx context.Context) (string, *Error) {
	for attempt := 1; ; attempt++ {
		token, err := a.Token(ctx)
		if err == nil && token == "" {
			err = errors.New("the answer has no token")
		}
		if err == nil {
			a.Mask(token)
			return token, nil
		}
		e := &Error{Op: "GetIDToken", Region: a.client.Region, Kind: NoCredentials, Err: err}
		switch {
		case errors.Is(err, ErrNoToken):
			e.advice = "Give the job `permissions: id-token: write` (with `contents: read`, since the rest is then none); a reusable workflow is given it by " +
				"its caller, too. A pull request from a fork never gets a token. Outside GitHub Actions leave `role-to-assume` out: the environment's credentials are taken."
			return "", e
		case jobContext(ctx).Err() != nil:
			e.Kind = kindOf(jobContext(ctx), err)
			return "", e
		case attempt < tokenAttempts && Sleep(ctx, tokenPause<<(attempt-1)) == nil:
		default:
			e.Err = fmt.Errorf("obtain an OIDC token: %w", err)
			e.advice = "The service that gives out tokens has failed, not AWS. Run the job again; https://www.githubstatus.com shows known faults."
			return "", e
		}
	}
}

// credentialsError brings an error through the SDK, which tries calls again:
// without Unwrap, so that what STS answered is not taken for the call's answer.
type credentialsError struct {
	err  *Error
	fate Fate // of the attempts before: this one was not sent
}

func (e *credentialsError) Error() string        { return e.err.Error() }
func (e *credentialsError) RetryableError() bool { return false }

// ofCredentials is the error of the credentials that was the end of a call,
// with the call's own fate; nil where the end was another.
func ofCredentials(err error) *Error {
	c, ok := errors.AsType[*credentialsError](err)
	if !ok {
		return nil
	}
	e := *c.err
	e.Fate = c.fate
	return &e
}

// forgiving is a retryer for STS: what may pass in a moment is tried again, and
// no refusal for long.
type forgiving struct{ *retryer }

func (r forgiving) IsErrorRetryable(err error) bool {
	return maybePassing(err) || codeOf(err) == "IDPCommunicationError" || r.retryer.IsErrorRetryable(err)
}

func (r forgiving) RetryDelay(attempt int, err error) (time.Duration, error) {
	if !maybePassing(err) {
		return r.retryer.RetryDelay(attempt, err)
	}
	if attempt >= refusedAttempts {
		return 0, fmt.Errorf("refused %d times: %w", attempt, err)
	}
	return refusedPause, nil
}

func maybePassing(err error) bool {
	code := codeOf(err)
	return code == "AccessDenied" || code == "InvalidIdentityToken"
}

func codeOf(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// explain says what AWS's refusal of a token means, and takes the token out of
// it. Which of several things an InvalidIdentityToken or a ValidationError
// means only AWS's words tell; they change what is advised and nothing else.
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
		if why := denier(said); why != "" {
			e.advice = fmt.Sprintf("%s refuses that the role is assumed: the one who owns that policy must allow it.", why)
		} else {
			e.advice = a.trust(c)
		}
	case "InvalidIdentityToken":
		switch {
		case strings.Contains(said, "openidconnect provider"):
			e.advice = fmt.Sprintf("The role's account%s has no identity provider for %s. Add it to IAM as an OpenID Connect provider, with the audience %s, or correct the role's ARN.",
				inBrackets(accountOf(a.ARN)), cmp.Or(c.Issuer, "the token's issuer"), c.audience())
		case strings.Contains(said, "audience"):
			e.advice = fmt.Sprintf("The token is for the audience %s. Add that to the audiences (client ids) of the identity provider %s in IAM%s.",
				c.audience(), a.provider(c), conditionFor(c, "aud", c.audience()))
		default:
			e.advice = fmt.Sprintf("AWS could not make sure that the token is good. Run the job again; if it stays so, look at the identity provider %s in IAM: its URL and audiences (the token's is %s).",
				a.provider(c), c.audience())
		}
	case "ExpiredTokenException":
		e.advice = "The token had ended when AWS saw it: GitHub's live for minutes. Is the runner's clock right? Then run the job again."
	case "ValidationError":
		switch {
		case strings.Contains(said, "durationseconds"):
			e.advice = fmt.Sprintf("The session was to last %s, and the role does not allow that: lower `role-duration-seconds`, or raise the role's maximum session duration. It is 3600 seconds unless set, and 900 to 43200 are possible.", a.Duration)
		case strings.Contains(said, "rolesessionname"):
			e.advice = "`role-session-name` is 2 to 64 of a-z, A-Z, 0-9 and _+=,.@-."
		case strings.Contains(said, "arn"):
			e.advice = "`role-to-assume` is the ARN of a role: arn:aws:iam::123456789012:role/NAME, with the path if it has one."
		}
	case "RegionDisabledException":
		e.advice = fmt.Sprintf("STS is not enabled in region %s for the role's account. Enable it in IAM's account settings, or set another `aws-region`.", a.client.Region)
	}
	return e
}

// trust is what to do when the role's trust policy refuses the token.
func (a *assumed) trust(c claims) string {
	host := c.host()
	conditions := map[string]any{host + ":aud": c.Audience}
	if len(c.Audience) < 2 {
		conditions[host+":aud"] = c.audience()
	}
	who := ""
	if c.Subject != "" {
		conditions[host+":sub"] = c.Subject
		who = fmt.Sprintf(" The token says sub %q and aud %q, and both are compared letter by letter.", c.Subject, c.audience())
	}
	var statement bytes.Buffer
	lines := json.NewEncoder(&statement)
	lines.SetEscapeHTML(false)
	lines.SetIndent("", "  ")
	_ = lines.Encode(map[string]any{ // texts always encode
		"Effect": "Allow", "Action": "sts:" + assumeRole,
		"Principal": map[string]string{"Federated": a.provider(c)},
		"Condition": map[string]any{"StringEquals": conditions},
	})
	return fmt.Sprintf("The trust policy of %s does not let this job in, or there is no such role.%s Its trust policy needs a statement like this one:\n%s",
		a.ARN, who, strings.TrimSpace(statement.String()))
}

// provider is the ARN of the identity provider that vouches for the token.
func (a *assumed) provider(c claims) string {
	partition := "aws"
	if parts := strings.SplitN(a.ARN, ":", 3); len(parts) == 3 && parts[1] != "" {
		partition = parts[1]
	}
	return fmt.Sprintf("arn:%s:iam::%s:oidc-provider/%s", partition, cmp.Or(accountOf(a.ARN), "ACCOUNT"), c.host())
}

// accountOf is the account of a role.
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
	return fmt.Sprintf("; a condition on %s:%s in the role's trust policy has to say %s, too", c.host(), claim, value)
}

// claims is what a token says of the job. Whether that is true is AWS's to
// find out.
type claims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience audience `json:"aud"`
}

// audience is one text in a token, or a list of them.
type audience []string

func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// claimsOf reads a token; of one that cannot be read there are none.
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

// host is the issuer as IAM names it.
func (c claims) host() string {
	return cmp.Or(strings.TrimPrefix(c.Issuer, "https://"), "token.actions.githubusercontent.com")
}

// webToken is a JSON Web Token, or the beginning of one: {" in base64.
var webToken = regexp.MustCompile(`eyJ[A-Za-z0-9_.=-]+`)

// redact takes a token out of an error: AWS repeats values that it does not
// like.
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
