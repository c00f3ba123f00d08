package localaws

import (
	"crypto/rand"
	"encoding/xml"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// session is a role session with temporary credentials.
type session struct {
	role    string // its ARN
	policy  *IAMPolicy
	arn     string
	userID  string
	token   string
	expires time.Time
}

// authenticate refuses unsigned calls, and temporary credentials that have expired
// or whose session token is wrong. It accepts any other access key.
func (s *store) authenticate(in *incoming) error {
	switch {
	case !in.scope:
		return &apiError{http.StatusForbidden, "MissingAuthenticationTokenException", "Missing Authentication Token"}
	case in.region == "":
		return &apiError{http.StatusForbidden, "InvalidSignatureException", "Credential should be scoped to a valid region. "}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch issued := s.sessions[in.key]; {
	case issued == nil: // not the key of a session
	case in.Header.Get("X-Amz-Security-Token") != issued.token:
		return &apiError{http.StatusForbidden, "UnrecognizedClientException", "The security token included in the request is invalid."}
	case !time.Now().Before(issued.expires):
		return &apiError{http.StatusForbidden, "ExpiredTokenException", "The security token included in the request is expired"}
	}
	return nil
}

// The patterns of RoleSessionName and ExternalId.
const (
	sessionNamePattern = `[\w+=,.@-]*`
	externalIDPattern  = `[\w+=,.@:\/-]*`
)

var (
	sessionName = regexp.MustCompile(`^` + sessionNamePattern + `$`)
	externalID  = regexp.MustCompile(`^` + externalIDPattern + `$`)
)

// assumption is what both operations that assume a role have in common.
type assumption struct {
	arn, name string
	duration  time.Duration
	document  string // of the session policy
	policy    *IAMPolicy
}

// assumption reads and checks the parameters of an operation, whose own violations are
// in v.
func (s *sts) assumption(form url.Values, v validation) (assumption, error) {
	a := assumption{arn: form.Get("RoleArn"), name: form.Get("RoleSessionName"), duration: time.Hour, document: form.Get("Policy")}
	v.length(a.arn, "roleArn", 20, 2048)
	v.length(a.name, "roleSessionName", 2, 64)
	v.check(sessionName.MatchString(a.name), quote(a.name), "roleSessionName", "Member must satisfy regular expression pattern: "+sessionNamePattern)
	if text := form.Get("DurationSeconds"); text != "" {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return a, bad("MalformedInput", "DurationSeconds is not a number")
		}
		v.between(int32(n), "durationSeconds", 900, 43200)
		a.duration = time.Duration(n) * time.Second
	}
	if err := v.as("ValidationError"); err != nil {
		return a, err
	}
	if !strings.HasPrefix(a.arn, "arn:") || !strings.Contains(a.arn, ":role/") {
		return a, bad("ValidationError", "Request ARN is invalid")
	}
	if a.document == "" {
		return a, nil
	}
	if packed := a.packed(); packed > 100 {
		return a, bad("PackedPolicyTooLarge", "Packed policy consumes %d%% of allotted space, please use smaller policy.", packed)
	}
	var err error
	if a.policy, err = ParseIAMPolicy([]byte(a.document)); err != nil {
		return a, bad("MalformedPolicyDocument", "This policy contains invalid Json: %v", err)
	}
	return a, nil
}

// maxSessionPolicy is the limit for a session policy, in characters.
const maxSessionPolicy = 2048

// packed is the size of the session policy as a percentage of the limit. How AWS packs it
// is not published: here it stays as it is.
func (a assumption) packed() int {
	return (len(a.document)*100 + maxSessionPolicy - 1) / maxSessionPolicy
}

// assumeRoleWithWebIdentity returns temporary credentials for a role in exchange for
// an identity provider's token.
func (s *sts) assumeRoleWithWebIdentity(_ *incoming, form url.Values) (answer, error) {
	var v validation
	v.length(form.Get("WebIdentityToken"), "webIdentityToken", 4, 20000)
	if document := form.Get("Policy"); document != "" {
		v.length(document, "policy", 1, maxSessionPolicy)
	}
	a, err := s.assumption(form, v)
	if err != nil {
		return answer{}, err
	}
	t, ok := parseToken(form.Get("WebIdentityToken"))
	if !ok {
		return answer{}, bad("InvalidIdentityToken", "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.providers != nil && !slices.Contains(s.providers, t.Issuer) {
		return answer{}, bad("InvalidIdentityToken", "No OpenIDConnect provider found in your account for %s", t.Issuer)
	}
	now, r := time.Now(), s.roles[a.arn]
	if r == nil {
		return answer{}, notAuthorized()
	}
	if err := t.validate(r, now); err != nil {
		return answer{}, err
	}
	if !r.trusts(t) {
		return answer{}, notAuthorized()
	}
	if a.duration > r.MaxSession {
		return answer{}, tooLong()
	}
	begun := s.begin(a, now)
	account, _, _ := strings.Cut(a.arn, ":role/")
	return replyXML("AssumeRoleWithWebIdentity", struct {
		XMLName                     xml.Name `xml:"AssumeRoleWithWebIdentityResult"`
		SubjectFromWebIdentityToken string
		Audience                    string
		Provider                    string
		stsResult
	}{
		SubjectFromWebIdentityToken: t.Subject,
		Audience:                    strings.Join(t.Audience, ","),
		Provider:                    account + ":oidc-provider/" + strings.TrimPrefix(t.Issuer, "https://"),
		stsResult:                   begun,
	}), nil
}

// assumeRole returns temporary credentials for a role that trusts the caller. If the
// caller's credentials are those of a role, they last for an hour at most.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func (s *sts) assumeRole(in *incoming, form url.Values) (answer, error) {
	var v validation
	external := form.Get("ExternalId")
	if form.Has("ExternalId") {
		v.length(external, "externalId", 2, 1224)
		v.check(externalID.MatchString(external), quote(external), "externalId", "Member must satisfy regular expression pattern: "+externalIDPattern)
	}
	a, err := s.assumption(form, v)
	if err != nil {
		return answer{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	caller, _ := s.callerOf(in)
	identity := caller
	by := s.sessions[in.key]
	if by != nil {
		identity = by.role
	}
	r := s.roles[a.arn]
	if r == nil || !r.trustsCaller(identity, external) {
		return answer{}, denied("sts", "User: "+caller+" is not authorized to perform: sts:AssumeRole on resource: "+a.arn)
	}
	if accountIn(a.arn) != accountIn(caller) { // in one account the trust policy is enough
		may, limit := s.policiesOf(in.key)
		if err := s.permit(in, operation{service: "sts"}, may, limit, iamRequest{action: "sts:AssumeRole", resource: a.arn}); err != nil {
			return answer{}, err
		}
	}
	switch {
	case by != nil && a.duration > time.Hour:
		return answer{}, bad("ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	case a.duration > r.MaxSession:
		return answer{}, tooLong()
	}
	return replyXML("AssumeRole", struct {
		XMLName xml.Name `xml:"AssumeRoleResult"`
		stsResult
	}{stsResult: s.begin(a, time.Now())}), nil
}

func tooLong() error {
	return bad("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
}

func notAuthorized() error {
	return &apiError{http.StatusForbidden, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"}
}

// stsResult is what both operations that assume a role return.
type stsResult struct {
	AssumedRoleUser stsUser
	Credentials     stsCredentials
}

type stsUser struct {
	Arn           string
	AssumedRoleID string `xml:"AssumedRoleId"`
}

type stsCredentials struct {
	AccessKeyID     string `xml:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      string
}

// begin starts a session.
func (s *sts) begin(a assumption, now time.Time) stsResult {
	before, role, _ := strings.Cut(a.arn, ":role/")
	role = role[strings.LastIndex(role, "/")+1:] // the ARN of a session omits the path of the role
	key := "ASIA" + rand.Text()[:16]
	made := &session{
		role:    a.arn,
		policy:  a.policy,
		arn:     strings.Replace(before, ":iam:", ":sts:", 1) + ":assumed-role/" + role + "/" + a.name,
		userID:  "AROA" + rand.Text()[:16] + ":" + a.name,
		token:   rand.Text() + rand.Text(),
		expires: now.Add(a.duration),
	}
	s.sessions[key] = made
	return stsResult{
		AssumedRoleUser: stsUser{made.arn, made.userID},
		Credentials:     stsCredentials{key, rand.Text() + rand.Text()[:14], made.token, made.expires.UTC().Format(time.RFC3339)},
	}
}
