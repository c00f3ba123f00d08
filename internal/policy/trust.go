package policy

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"lambda-release/internal/rules"
)

var onlyStars = regexp.MustCompile(`\*\*+`)

// Trust is who may assume a role with the OIDC token of a job.
type Trust struct {
	Rules       rules.Rules
	Ref         rules.Ref // counts instead of the rules; zero: the rules
	Environment string    // GitHub environment of the job; counts instead of both

	Server                string // GITHUB_SERVER_URL; "": github.com
	Repository            string // OWNER/REPOSITORY
	OwnerID, RepositoryID string // "" if not known

	Account   string // "" if not known
	Partition string

	Audience        string // of the tokens; "": AWS's own
	Issuer, Subject string // of a token of this job; "" if there is none
}

// unknownAccount stands in the trust policy, where IAM takes no wildcard.
const unknownAccount = "ACCOUNT-ID"

const gitHubIssuer = "token.actions.githubusercontent.com"

// TrustPolicy is a trust policy of a role.
type TrustPolicy struct {
	Statement Statement
	Notes     []string
}

// JSON is the policy as a document.
func (p TrustPolicy) JSON() string { return documentOf([]Statement{p.Statement}) }

// TrustError says that no trust policy can be made of an input, or of the
// environment.
type TrustError struct{ Input, Value, What, Allowed string }

func (e *TrustError) Error() string {
	text := e.Input
	if e.Value != "" {
		text += fmt.Sprintf(" %q", e.Value)
	}
	return text + ": " + e.What + "; " + e.Allowed
}

// InputName is the input that is the problem.
func (e *TrustError) InputName() string { return e.Input }

// Policy is the trust policy. The error joins a *TrustError for each problem.
func (t Trust) Policy() (TrustPolicy, error) {
	var p TrustPolicy
	prefixes, err := t.prefixes(&p)
	if err != nil {
		return p, err
	}
	contexts, err := t.contexts(&p)
	if err != nil {
		return p, err
	}
	var subjects []string
	for _, prefix := range prefixes {
		for _, context := range contexts {
			subjects = append(subjects, prefix+":"+context)
		}
	}
	if len(prefixes) == 0 { // customized: only the token itself shows what it looks like
		subjects = []string{literal(t.Subject)}
	}
	account := cmp.Or(t.Account, unknownAccount)
	if t.Account == "" {
		p.note("The account is not known: replace %s by its ID, or set the input role-to-assume.", unknownAccount)
	}
	host := t.host()
	p.Statement = TrustStatement(ProviderARN(t.Partition, account, host), host, []string{cmp.Or(t.Audience, Audience(t.Partition))}, subjects)
	if size := sizeOf([]Statement{p.Statement}); size > maxTrust {
		p.note("The policy has %d characters, more than the %d of a role's trust policy unless the quota of the account was raised: write fewer rules, or use a role for some of them.", size, maxTrust)
	}
	return p, nil
}

func (p *TrustPolicy) note(format string, args ...any) {
	p.Notes = append(p.Notes, fmt.Sprintf(format, args...))
}

// Audience is the audience of tokens for STS, which has a different name in China.
func Audience(partition string) string {
	if partition == "aws-cn" {
		return "sts.amazonaws.com.cn"
	}
	return "sts.amazonaws.com"
}

// ProviderARN is the ARN of the identity provider for an issuer, which is given
// without its scheme.
func ProviderARN(partition, account, host string) string {
	return fmt.Sprintf("arn:%s:iam::%s:oidc-provider/%s", cmp.Or(partition, "aws"), account, host)
}

// TrustStatement allows tokens of an issuer with these audiences, and with these
// subjects if there are any, to assume the role. A subject may have wildcards.
func TrustStatement(provider, host string, audiences, subjects []string) Statement {
	conditions := map[string]map[string]oneOrMore{"StringEquals": {host + ":aud": audiences}}
	wild := slices.ContainsFunc(subjects, func(s string) bool {
		return strings.ContainsAny(strings.NewReplacer("${*}", "", "${?}", "").Replace(s), "*?")
	})
	switch {
	case wild:
		conditions["StringLike"] = map[string]oneOrMore{host + ":sub": subjects}
	case len(subjects) > 0:
		conditions["StringEquals"][host+":sub"] = subjects
	}
	return Statement{
		Effect: "Allow", Principal: &principal{Federated: provider}, Action: oneOrMore{"sts:AssumeRoleWithWebIdentity"}, Condition: conditions,
	}
}

// ChainStatement allows a caller to assume the role whose trust policy it is in, with an
// external ID unless that is "".
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html
func ChainStatement(caller, externalID string, actions []string) Statement {
	s := Statement{Effect: "Allow", Principal: &principal{AWS: caller}, Action: actions}
	if externalID != "" {
		s.Condition = map[string]map[string]oneOrMore{"StringEquals": {"sts:ExternalId": {externalID}}}
	}
	return s
}

// AssumeStatement allows the caller in whose policy it is to assume a role.
func AssumeStatement(role string, actions []string) Statement {
	return Statement{Effect: "Allow", Action: actions, Resource: oneOrMore{role}}
}

// JSON is the statement, indented.
func (s Statement) JSON() string {
	b, _ := encode(s, "  ")
	return string(b)
}

// host is the issuer of GitHub's tokens, without its scheme. On an enterprise server it
// has the server's name, and with data residency that of the enterprise.
// https://docs.github.com/en/enterprise-server/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws
// https://docs.github.com/en/actions/reference/security/oidc
func (t Trust) host() string {
	if t.Issuer != "" {
		return strings.TrimPrefix(t.Issuer, "https://")
	}
	switch server := t.server(); {
	case server == "github.com":
		return gitHubIssuer
	case strings.HasSuffix(server, ".ghe.com"):
		return "token.actions." + server
	default:
		return server + "/_services/token"
	}
}

// server is the host of the GitHub server.
func (t Trust) server() string {
	if u, err := url.Parse(t.Server); err == nil && u.Host != "" {
		return u.Host
	}
	return "github.com"
}

// enterprise reports whether this is GitHub Enterprise Server, whose tokens have no
// IDs in their subject.
func (t Trust) enterprise() bool {
	server := t.server()
	return server != "github.com" && !strings.HasSuffix(server, ".ghe.com")
}

var (
	repositoryPattern = regexp.MustCompile(`^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$`)
	idPattern         = regexp.MustCompile(`^[0-9]+$`)
	contextPattern    = regexp.MustCompile(`^(.+?):(?:ref:refs/.*|environment:.*|pull_request)$`)
)

// prefixes are what a subject has before the branch, tag or environment: that of a
// token if there is one, and otherwise both of GitHub's forms. There are none if the
// token's subject is customized.
// https://docs.github.com/en/actions/reference/security/oidc
func (t Trust) prefixes(p *TrustPolicy) ([]string, error) {
	if t.Subject != "" {
		if m := contextPattern.FindStringSubmatch(t.Subject); m != nil {
			return []string{literal(m[1])}, nil
		}
		p.note("The subject of this repository's tokens is customized, so the policy has exactly that of this job's token: %s. Run this in each job that assumes the role.", t.Subject)
		return nil, nil
	}
	if !repositoryPattern.MatchString(t.Repository) {
		return nil, &TrustError{
			Input: "GITHUB_REPOSITORY", Value: t.Repository, What: "the repository that may assume the role is not known",
			Allowed: "set it in the environment to OWNER/REPOSITORY, as in a job of GitHub Actions",
		}
	}
	prefixes := []string{"repo:" + t.Repository}
	owner, repository, _ := strings.Cut(t.Repository, "/")
	switch {
	case t.enterprise():
	case idPattern.MatchString(t.OwnerID) && idPattern.MatchString(t.RepositoryID):
		prefixes = append(prefixes, fmt.Sprintf("repo:%s@%s/%s@%s", owner, t.OwnerID, repository, t.RepositoryID))
	default:
		p.note("A repository that was created or renamed since 15 July 2026 has IDs in the subject of its tokens, repo:%s@OWNER-ID/%s@REPOSITORY-ID:…. "+
			"To have that form, too, set GITHUB_REPOSITORY_OWNER_ID and GITHUB_REPOSITORY_ID: `gh api repos/%s --jq '.owner.id, .id'` shows both.",
			owner, repository, t.Repository)
	}
	return prefixes, nil
}

// contexts are what a subject has behind the repository. A job with an environment
// has that instead of its branch or tag.
func (t Trust) contexts(p *TrustPolicy) ([]string, error) {
	switch {
	case t.Environment != "":
		return []string{"environment:" + literal(strings.ReplaceAll(t.Environment, ":", "%3A"))}, nil
	case t.Ref.Kind == rules.PullRequest:
		return []string{"pull_request"}, nil
	case t.Ref.Kind != 0:
		return []string{"ref:" + literal(t.Ref.String())}, nil
	case len(t.Rules) == 0:
		return nil, &TrustError{
			Input: "alias", What: "the rules in `aliases` are ignored if `alias` is set, so the branch or tag is unknown",
			Allowed: "leave `alias` empty, or set `ref` to a branch or tag, or use --environment NAME",
		}
	}
	var contexts []string
	var problems []error
	for _, r := range t.Rules {
		found, err := t.ofRule(p, r)
		problems = append(problems, err)
		contexts = append(contexts, found...)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	var unique []string
	for _, c := range contexts {
		if !slices.Contains(unique, c) {
			unique = append(unique, c)
		}
	}
	return unique, nil
}

// ofRule are the contexts that a rule matches.
func (t Trust) ofRule(p *TrustPolicy, r rules.Rule) ([]string, error) {
	ref := "ref:refs/heads/"
	switch r.Kind() {
	case rules.PullRequest:
		p.note("The subject %q is that of every pull request, also of one that changes the workflow: use a role of its own that can only change previews.", "…:pull_request")
		return []string{"pull_request"}, nil
	case rules.Tag:
		ref = "ref:refs/tags/"
	case rules.Branch:
	}
	patterns, wider, err := refPatterns(r.Glob())
	if err != nil {
		return nil, &TrustError{
			Input: "aliases", Value: r.String(), What: "a trust policy cannot express this rule: " + err.Error(),
			Allowed: "write rules without that, or use a GitHub environment with --environment NAME",
		}
	}
	contexts := make([]string, len(patterns))
	for i, pattern := range patterns {
		contexts[i] = ref + pattern
	}
	if wider {
		p.note("The rule %s is wider in the policy, %s: IAM has no character classes, and its * and ? also match a slash. The job itself still goes by the rule.", r, strings.Join(contexts, ", "))
	}
	return contexts, nil
}
