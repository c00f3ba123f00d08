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

// sessionNamePattern is the pattern of RoleSessionName.
const sessionNamePattern = `[\w+=,.@-]*`

var sessionName = regexp.MustCompile(`^` + sessionNamePattern + `$`)

// assumeRoleWithWebIdentity returns temporary credentials for a role in exchange for
// an identity provider's token.
func (s *sts) assumeRoleWithWebIdentity(_ *incoming, form url.Values) (answer, error) {
	arn, name := form.Get("RoleArn"), form.Get("RoleSessionName")
	duration := int32(3600)
	var v validation
	v.length(arn, "roleArn", 20, 2048)
	v.length(name, "roleSessionName", 2, 64)
	v.check(sessionName.MatchString(name), quote(name), "roleSessionName", "Member must satisfy regular expression pattern: "+sessionNamePattern)
	v.length(form.Get("WebIdentityToken"), "webIdentityToken", 4, 20000)
	if text := form.Get("DurationSeconds"); text != "" {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return answer{}, bad("MalformedInput", "DurationSeconds is not a number")
		}
		duration = int32(n)
		v.between(duration, "durationSeconds", 900, 43200)
	}
	if err := v.as("ValidationError"); err != nil {
		return answer{}, err
	}
	if !strings.HasPrefix(arn, "arn:") || !strings.Contains(arn, ":role/") {
		return answer{}, bad("ValidationError", "Request ARN is invalid")
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
	now, r := time.Now(), s.roles[arn]
	if r == nil {
		return answer{}, notAuthorized()
	}
	if err := t.validate(r, now); err != nil {
		return answer{}, err
	}
	if !r.trusts(t) {
		return answer{}, notAuthorized()
	}
	if time.Duration(duration)*time.Second > r.MaxSession {
		return answer{}, bad("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	return s.begin(arn, name, t, now.Add(time.Duration(duration)*time.Second)), nil
}

func notAuthorized() error {
	return &apiError{http.StatusForbidden, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"}
}

// begin starts a session and returns its credentials.
func (s *sts) begin(roleARN, name string, t *token, expires time.Time) answer {
	before, role, _ := strings.Cut(roleARN, ":role/")
	role = role[strings.LastIndex(role, "/")+1:] // the ARN of a session omits the path of the role
	roleID := "AROA" + rand.Text()[:16]
	key := "ASIA" + rand.Text()[:16]
	made := &session{
		arn:     strings.Replace(before, ":iam:", ":sts:", 1) + ":assumed-role/" + role + "/" + name,
		userID:  roleID + ":" + name,
		token:   rand.Text() + rand.Text(),
		expires: expires,
	}
	s.sessions[key] = made

	type credentials struct {
		AccessKeyID     string `xml:"AccessKeyId"`
		SecretAccessKey string
		SessionToken    string
		Expiration      string
	}
	type user struct {
		Arn           string
		AssumedRoleID string `xml:"AssumedRoleId"`
	}
	return replyXML("AssumeRoleWithWebIdentity", struct {
		XMLName                     xml.Name `xml:"AssumeRoleWithWebIdentityResult"`
		SubjectFromWebIdentityToken string
		Audience                    string
		AssumedRoleUser             user
		Credentials                 credentials
		Provider                    string
	}{
		SubjectFromWebIdentityToken: t.Subject,
		Audience:                    strings.Join(t.Audience, ","),
		AssumedRoleUser:             user{made.arn, made.userID},
		Credentials:                 credentials{key, rand.Text() + rand.Text()[:14], made.token, expires.UTC().Format(time.RFC3339)},
		Provider:                    before[:strings.Index(before, ":iam:")] + ":iam::" + s.account + ":oidc-provider/" + strings.TrimPrefix(t.Issuer, "https://"),
	})
}
