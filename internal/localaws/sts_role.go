package localaws

import (
	"regexp"
	"strings"
	"time"
)

// Role is an IAM role that tokens of an identity provider may assume.
type Role struct {
	Subject    string        // pattern for the token's sub, as in IAM's StringLike
	Audience   string        // the token's aud; default "sts.amazonaws.com"
	MaxSession time.Duration // default one hour
}

// trusts reports whether the role's trust policy allows the token.
func (r *Role) trusts(t *token) bool {
	pattern := regexp.QuoteMeta(r.Subject)
	pattern = strings.ReplaceAll(pattern, `\*`, ".*")
	pattern = strings.ReplaceAll(pattern, `\?`, ".")
	return regexp.MustCompile("^(?s:" + pattern + ")$").MatchString(t.Subject)
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
// "repo:octo-org/octo-repo:ref:refs/heads/*".
func (c *Cloud) AddRole(arn, subject string, opts ...func(*Role)) {
	r := &Role{Subject: subject, Audience: "sts.amazonaws.com", MaxSession: time.Hour}
	for _, opt := range opts {
		opt(r)
	}
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	c.store.roles[arn] = r
}
