package localaws

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// Role is an IAM role, which tokens of an identity provider or other callers may assume.
type Role struct {
	Subject    string        // pattern for the token's sub, as in IAM's StringLike; "": no token may
	Audience   string        // the token's aud; default "sts.amazonaws.com"
	MaxSession time.Duration // default one hour

	Principals []string // ARNs of the users and roles that may assume it, with the path of a role
	ExternalID string   // that they must send; "": any

	Policy *IAMPolicy // what it may do; nil: everything, unless Restrict was called
}

// trusts reports whether the role's trust policy allows the token.
func (r *Role) trusts(t *token) bool {
	pattern := regexp.QuoteMeta(r.Subject)
	pattern = strings.ReplaceAll(pattern, `\*`, ".*")
	pattern = strings.ReplaceAll(pattern, `\?`, ".")
	return regexp.MustCompile("^(?s:" + pattern + ")$").MatchString(t.Subject)
}

// trustsCaller reports whether the trust policy allows a caller that sends an external ID.
func (r *Role) trustsCaller(arn, externalID string) bool {
	return slices.Contains(r.Principals, arn) && (r.ExternalID == "" || r.ExternalID == externalID)
}

// AddIdentityProvider adds an OIDC provider for an issuer, such as
// "https://token.actions.githubusercontent.com". Until the first one is added, the
// account has one for every issuer.
func (c *Cloud) AddIdentityProvider(issuer string) {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	c.store.providers = append(c.store.providers, issuer)
}

// AddRole adds a role that AssumeRoleWithWebIdentity can assume with a token whose
// subject matches the pattern, such as
// "repo:octo-org/octo-repo:ref:refs/heads/*". A role of another account can be assumed,
// too, but everything else is in this one.
func (c *Cloud) AddRole(arn, subject string, opts ...func(*Role)) {
	r := &Role{Subject: subject, Audience: "sts.amazonaws.com", MaxSession: time.Hour}
	for _, opt := range opts {
		opt(r)
	}
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	c.store.roles[arn] = r
}
