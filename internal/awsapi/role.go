package awsapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"
)

// Roles are roles to assume one after the other. The calls are made as the last one.
type Roles struct {
	ARNs []string // at least one
	// Token obtains an OIDC token of the job, with which the first role is assumed. It is
	// called for every session, since a token expires within minutes. Its errors are
	// retried, except a final *TokenError. If Token is nil, the first role is assumed with
	// the credentials of the environment.
	Token func(context.Context) (string, error)
	// OnlyToken is the variable with the only token of the job, where there is no other:
	// its session is the only one. "": Token obtains as many as needed.
	OnlyToken   string
	SessionName string // of all: 2 to 64 of a-z, A-Z, 0-9 and _+=,.@-
	// Duration is that of a session: 15 minutes to 12 hours, no longer than the role's own
	// maximum; 0 is an hour, which is also the most for a role that is not assumed with
	// Token.
	Duration   time.Duration
	ExternalID string // for the last role; not for one that is assumed with Token
	Policy     string // limits the sessions of the last role; "": what the role may do
	// Mask is called with each secret before it is used: token, secret key, session
	// token and external ID. It may be nil.
	Mask func(secret string)
}

const (
	defaultSession = time.Hour // AWS's own default
	// longestChained is the most for a role that is assumed as another one. Whether the
	// credentials of the environment are those of a role is not known.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
	longestChained = time.Hour
	// renewBefore its end a session is renewed: longer than a call is retried,
	// except for throttling.
	renewBefore = 5 * time.Minute
	// lastMoment before its end a session is no longer used, even if it could not
	// be renewed.
	lastMoment = 30 * time.Second
	// undoReserve is what is left of a session that cannot be renewed to restore what the
	// run has changed.
	undoReserve = 3 * time.Minute
	// renewPause is the time between attempts to renew, so that not every
	// function of a batch repeats one that has just failed.
	renewPause = 10 * time.Second
	// assumeTime is how long one renewal may take for each role; a token is valid for
	// longer.
	assumeTime = 30 * time.Second
	// refusedAttempts and refusedPause are for a refusal, which may be wrong until
	// IAM knows a new role everywhere or STS has fetched the keys of the tokens.
	// Mostly it is right.
	refusedAttempts = 2
	refusedPause    = time.Second
)

// assumed are the credentials of a role, renewed before they end. The sessions of a
// chain of roles are renewed each by itself: a call for a new one is signed with those
// of the role before, which are renewed first if they are about to end.
type assumed struct {
	*assumption
	begin func(context.Context) (*types.Credentials, *Error) // a session

	turn    chan struct{} // a semaphore: one caller renews
	current aws.Credentials
	ends    time.Time // of current, by the local clock
	failed  *Error    // of the last renewal, nil if it was good
	again   time.Time // when renewal is next tried after it failed
}

// assumption is how a role is assumed.
type assumption struct {
	Action
	arn      string
	session  string
	duration time.Duration
	policy   *string
	mask     func(string)
	patience time.Duration // for a renewal
	client   *Client       // for its errors
	sts      *sts.Client
}

// assume makes the credentials of the last role; nothing is called yet. The
// credentials of the environment are those of s.
func (s *session) assume(r Roles) *assumed {
	if r.Mask == nil {
		r.Mask = func(string) {}
	}
	if r.ExternalID != "" {
		r.Mask(r.ExternalID)
	}
	var last *assumed
	for i, arn := range r.ARNs {
		a := &assumption{
			Action: assumeRole, arn: arn, session: r.SessionName, duration: cmp.Or(r.Duration, defaultSession), mask: r.Mask,
			patience: time.Duration(i+1) * assumeTime, client: &Client{Region: s.cfg.Region, session: session{place: s.place}},
		}
		isLast := i == len(r.ARNs)-1
		if isLast {
			a.policy = optional(r.Policy)
		}
		var begin func(context.Context) (*types.Credentials, *Error)
		if i == 0 && r.Token != nil {
			a.Action = assumeRoleWithWebIdentity
			a.sts = s.newSTS(aws.AnonymousCredentials{})
			begin = (&withToken{a, r.Token}).begin
		} else {
			a.duration = min(a.duration, longestChained)
			link := &chained{assumption: a}
			var by aws.CredentialsProvider = &environment{s.cfg.Credentials, a.client}
			if last != nil {
				by, link.by = last, last.arn
			}
			if isLast {
				link.externalID = r.ExternalID
			}
			a.sts = s.newSTS(by)
			begin = link.begin
		}
		last = &assumed{assumption: a, begin: begin, turn: make(chan struct{}, 1)}
	}
	return last
}

// newSTS is a client for STS in the region of the session.
func (s *session) newSTS(by aws.CredentialsProvider) *sts.Client {
	cfg := s.cfg
	cfg.Credentials = by
	return sts.NewFromConfig(cfg, func(o *sts.Options) {
		o.Retryer = forgiving{s.newOtherRetryer(stsRate)}
		o.RetryMaxAttempts = 0 // the retryer decides
		o.BaseEndpoint = s.endpoint("STS")
	})
}

// Retrieve is called before every attempt of every call. It differs from
// aws.CredentialsCache in that a session is used until its end if it cannot be
// renewed, that callers do not repeat one after the other what has just failed,
// and that the end of one caller's context does not affect the others.
func (a *assumed) Retrieve(ctx context.Context) (aws.Credentials, error) {
	return a.lasting(ctx, lastMoment)
}

// lasting are credentials that last so long.
func (a *assumed) lasting(ctx context.Context, least time.Duration) (aws.Credentials, error) {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		e := &Error{Action: a.Action, Resource: a.arn, Region: a.client.Region, Kind: kindOf(jobContext(ctx), ctx.Err()), Err: ctx.Err()}
		return aws.Credentials{}, &credentialsError{e, attemptsOf(ctx).effect}
	}
	switch {
	case time.Until(a.ends) > renewBefore:
		return a.current, nil
	case a.failed == nil || !time.Now().Before(a.again):
		err := a.renew(ctx)
		if err == nil {
			return a.current, nil
		}
		if ctx.Err() != nil {
			return aws.Credentials{}, &credentialsError{err, attemptsOf(ctx).effect} // the caller's context has ended
		}
		a.failed, a.again = err, time.Now().Add(renewPause)
	}
	if time.Until(a.ends) > least {
		return a.current, nil
	}
	return aws.Credentials{}, &credentialsError{a.failed, attemptsOf(ctx).effect}
}

// KeepCredentials renews the credentials if they are about to end, between calls that are
// far apart. The error is why that is not possible, and comes while there still is time
// to restore what the run has changed.
func (c *Client) KeepCredentials(ctx context.Context) error {
	a, ok := c.cfg.Credentials.(*assumed)
	if !ok {
		return nil
	}
	if _, err := a.lasting(ctx, undoReserve); err != nil {
		return fmt.Errorf("the credentials end soon and cannot be renewed: %w", ofCredentials(err))
	}
	return nil
}

// renew starts a new session.
func (a *assumed) renew(ctx context.Context) *Error {
	bound, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	now := time.Now() // AWS's clock may differ
	given, e := a.begin(bound)
	if e != nil {
		if bound.Err() != nil && ctx.Err() == nil {
			last := cmp.Or(e.Last, fmt.Errorf("no answer within %s", a.patience))
			e = &Error{Action: e.Action, Resource: e.Resource, Region: e.Region, Kind: Hung, Err: last, advice: e.advice}
		}
		return e
	}
	a.mask(aws.ToString(given.SecretAccessKey))
	a.mask(aws.ToString(given.SessionToken))
	a.ends, a.failed = now.Add(a.duration), nil
	a.current = aws.Credentials{
		AccessKeyID:     aws.ToString(given.AccessKeyId),
		SecretAccessKey: aws.ToString(given.SecretAccessKey),
		SessionToken:    aws.ToString(given.SessionToken),
		Source:          a.Op, CanExpire: true, Expires: a.ends,
	}
	return nil
}

// isComplete reports whether an answer has credentials.
func isComplete(c *types.Credentials) bool {
	return c != nil && aws.ToString(c.AccessKeyId) != "" && aws.ToString(c.SecretAccessKey) != "" && aws.ToString(c.SessionToken) != ""
}

// environment are the credentials of the environment, with which a role is assumed.
type environment struct {
	aws.CredentialsProvider

	client *Client // for its errors
}

// Retrieve lets the error through the call that it ends.
func (p *environment) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := p.CredentialsProvider.Retrieve(ctx)
	if err == nil {
		return c, nil
	}
	e := &Error{Action: retrieveCredentials, Region: p.client.Region, Kind: NoCredentials, Err: err, place: p.client.place}
	if ctx.Err() != nil {
		e.Kind = kindOf(jobContext(ctx), ctx.Err())
	}
	return c, &credentialsError{e, attemptsOf(ctx).effect}
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

// refusal is the hint for a refusal of STS that does not depend on how the role was
// assumed; "" if it does. What a ValidationError means is only in AWS's message, which
// decides nothing but the hint.
func (a *assumption) refusal(api smithy.APIError) string {
	said := strings.ToLower(api.ErrorMessage())
	switch api.ErrorCode() {
	case "ValidationError":
		switch {
		case strings.Contains(said, "at 'policy'"):
			return tooLarge
		case strings.Contains(said, "role chaining"):
			return "Credentials of a role can assume another role for an hour at most: set `role-duration-seconds` to 3600 or less."
		case strings.Contains(said, "durationseconds"):
			return fmt.Sprintf("The role does not allow a session of %s: lower `role-duration-seconds`, or raise the role's maximum session duration (900 to 43200 seconds, 3600 by default).", a.duration)
		case strings.Contains(said, "rolesessionname"):
			return "`role-session-name` must be 2 to 64 of a-z, A-Z, 0-9 and _+=,.@-."
		case strings.Contains(said, "externalid"):
			return "`external-id` must be 2 to 1224 of a-z, A-Z, 0-9 and _+=,.@:/-."
		case strings.Contains(said, "arn"):
			return "`role-to-assume`, and each line of `role-chain`, must be the ARN of a role, with its path if it has one: arn:aws:iam::123456789012:role/NAME."
		}
	case "PackedPolicyTooLarge":
		return tooLarge
	case "MalformedPolicyDocument":
		return "AWS cannot read the session policy that `least-privilege-session` has made. Leave that input out, and report this as a bug of lambda-release."
	case "RegionDisabledException":
		return fmt.Sprintf("STS is not enabled in region %s for the role's account. Enable it in IAM's account settings, or set another `aws-region`.", a.client.Region)
	}
	return ""
}

// tooLarge is the hint for a session policy that does not fit. AWS also packs it, and
// has a limit for the result that it does not publish.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length
const tooLarge = "The session policy of `least-privilege-session` is too large for AWS, which also limits its compressed size. Release fewer functions in one job, or leave the input out."

// accountOf is the account in the ARN of a role.
func accountOf(arn string) string {
	if parts := strings.Split(arn, ":"); len(parts) > 5 {
		return parts[4]
	}
	return ""
}

// webToken matches a JSON Web Token, or the beginning of one: {" in base64.
var webToken = regexp.MustCompile(`eyJ[A-Za-z0-9_.=-]+`)

// redact removes a secret, and all that looks like a token, from an error: AWS repeats
// invalid values in its messages.
func redact(err error, secret string) error {
	if err == nil {
		return nil
	}
	hide := func(s string) string {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "***")
		}
		return webToken.ReplaceAllString(s, "***")
	}
	if text := err.Error(); hide(text) == text {
		return err
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return &smithy.GenericAPIError{Code: api.ErrorCode(), Message: hide(api.ErrorMessage()), Fault: api.ErrorFault()}
	}
	return errors.New(hide(err.Error()))
}
