package awsapi

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/smithy-go"

	"lambda-release/internal/function"
)

// Denial is a call that IAM has denied.
type Denial struct {
	Action   string // lambda:PublishVersion
	Resource string // an ARN, with * for an account that is not known and for the number of a version; or "*"
	// Identity is who was denied, for people; "" if AWS has not said it.
	Identity string
	Account  string // of Identity
	// Other says why no statement in the policies of Identity helps, and what does;
	// "" if one does.
	Other string
}

// Denials are the calls of this client that were denied, each once.
func (c *Client) Denials() []Denial {
	c.denied.Lock()
	defer c.denied.Unlock()
	return slices.Clone(c.denied.all)
}

func (c *Client) recordDenial(d Denial) {
	c.denied.Lock()
	defer c.denied.Unlock()
	if !slices.Contains(c.denied.all, d) {
		c.denied.all = append(c.denied.all, d)
	}
}

var (
	actionPattern    = regexp.MustCompile(`to perform: ([a-z0-9-]+:[A-Za-z]+)`)
	resourcePattern  = regexp.MustCompile(`on resource: (arn:[^\s,]+)`)
	numberedPattern  = regexp.MustCompile(`(:function:[^:]+):\d+$`)
	principalPattern = regexp.MustCompile(`User: arn:` + function.PartitionPattern + `:(?:sts|iam)::(` + function.AccountPattern + `):([a-z-]+)/([^\s]+)`)
	ownerPattern     = regexp.MustCompile(`^arn:[^:]*:[^:]*:[^:]*:(` + function.AccountPattern + `):`)
)

// Denial is what was denied, of an error of kind Denied. Only AWS's message shows some of that, which decides
// nothing but the hint.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func (e *Error) Denial() Denial {
	said := ""
	if api, ok := errors.AsType[smithy.APIError](e.Err); ok {
		said = api.ErrorMessage()
	}
	var d Denial
	if m := principalPattern.FindStringSubmatch(said); m != nil {
		d.Account, d.Identity = m[1], identity(m[2], m[3])
	}
	d.Action = cmp.Or(submatch(actionPattern, said), e.IAM) // CreateDeployment, for example, needs several actions
	// The next release needs the next version: a statement for this version alone
	// would soon not be enough.
	d.Resource = numberedPattern.ReplaceAllString(submatch(resourcePattern, said), "$1:*")
	owner := cmp.Or(submatch(ownerPattern, d.Resource), e.Function.Account)
	d.Resource = cmp.Or(d.Resource, e.arn(d.Account))
	d.Other = e.otherDenier(said, d, owner)
	return d
}

func submatch(pattern *regexp.Regexp, text string) string {
	if m := pattern.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// identity is the name of who was denied, from the end of its ARN.
func identity(kind, name string) string {
	if kind != "assumed-role" {
		return "the " + kind + " " + name
	}
	role, _, _ := strings.Cut(name, "/")
	if set, found := strings.CutPrefix(role, "AWSReservedSSO_"); found { // AWS adds _ and 16 hex digits
		return "the permission set " + set[:max(0, strings.LastIndexByte(set, '_'))] + " in IAM Identity Center"
	}
	return "the role " + role
}

// otherDenier says what denied a request, if not a missing statement in a policy of
// the identity.
func (e *Error) otherDenier(said string, d Denial, owner string) string {
	if d.Account != "" && owner != "" && d.Account != owner {
		return fmt.Sprintf("The credentials are of account %s (%s), and %s is of account %s. %s", d.Account, d.Identity,
			cmp.Or(e.Function.Name, e.Resource, d.Resource), owner, e.place.otherAccount(owner))
	}
	why := denier(said)
	switch {
	case why == "":
		return ""
	case why == resourcePolicy:
		return why + " does not allow it: a statement in the policy of the role does not help, the policy of the resource must allow it, or the credentials must be of its account."
	}
	return why + " blocks it: adding a statement to the role's policy does not help, the owner of that policy must allow it." + e.place.ifMFA(why)
}

const (
	explicitDeny   = "An explicit deny"
	resourcePolicy = "The resource-based policy"
)

// denier names what denied a request; "" if a statement in the policies of the
// identity would allow it.
func denier(said string) string {
	said = strings.ToLower(said)
	for _, policy := range []string{
		"service control policy", "resource control policy", "permissions boundary", "session policy", "vpc endpoint policy",
	} {
		if strings.Contains(said, policy) {
			return "A " + policy
		}
	}
	switch {
	case strings.Contains(said, "explicit deny"):
		return explicitDeny
	case strings.Contains(said, "no resource-based policy"):
		return resourcePolicy
	}
	return ""
}

// arn is the ARN to allow for a call that was denied, if AWS has not named it.
func (e *Error) arn(account string) string {
	account = cmp.Or(e.Function.Account, account, "*")
	switch e.Service {
	case "lambda":
		fn := e.Function.In(e.Region)
		fn.Account = account
		if e.Qualifier != "" && e.qualified {
			return fn.ARN() + ":*"
		}
		return fn.ARN()
	case "codedeploy":
		if !strings.Contains(e.Resource, "/") { // a deployment: its group is not known here
			return "*"
		}
		return fmt.Sprintf("arn:%s:codedeploy:%s:%s:deploymentgroup:%s", function.PartitionOf(e.Region), e.Region, account, e.Resource)
	case "cloudwatch":
		return "*" // reading alarms by name, and metrics, cannot be limited to an ARN
	}
	return e.Resource
}
