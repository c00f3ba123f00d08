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
	// CodeOf is the name of the function whose code S3 has not given to Lambda, if
	// AWS has not said which object that is; otherwise "".
	CodeOf string
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
	actionPattern   = regexp.MustCompile(`to perform: ([a-z0-9-]+:[A-Za-z]+)`)
	resourcePattern = regexp.MustCompile(`on resource: "?(arn:[^\s,"]+)`) // S3 quotes it
	numberedPattern = regexp.MustCompile(`(:function:[^:]+):\d+$`)
	callerPattern   = regexp.MustCompile(`User: arn:(` + function.PartitionPattern + `):(sts|iam)::(` + function.AccountPattern + `):([a-z-]+)/([^\s]+)`)
	ownerPattern    = regexp.MustCompile(`^arn:[^:]*:[^:]*:[^:]*:(` + function.AccountPattern + `):`)
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
	if m := callerPattern.FindStringSubmatch(said); m != nil {
		d.Account, d.Identity = m[3], identity(m[4], m[5])
	}
	d.Action = cmp.Or(submatch(actionPattern, said), e.IAM) // CreateDeployment, for example, needs several actions
	// The next release needs the next version: a statement for this version alone
	// would soon not be enough.
	d.Resource = numberedPattern.ReplaceAllString(submatch(resourcePattern, said), "$1:*")
	owner := cmp.Or(submatch(ownerPattern, d.Resource), e.Function.Account)
	if e.deniedByS3(said) {
		d.Action, d.Resource, d.CodeOf = "s3:GetObject", "arn:"+function.PartitionOf(e.Region)+":s3:::*", e.Function.Name
	}
	if d.Resource == "" {
		d.Resource = "*"
		if service, _, _ := strings.Cut(d.Action, ":"); service == e.Service { // else the ARN is not known
			d.Resource = e.arn(d.Account)
		}
	}
	d.Other = e.otherDenier(said, d, owner)
	return d
}

// deniedByS3 reports whether S3 has refused to give Lambda the code, and has not said
// more.
func (e *Error) deniedByS3(said string) bool {
	return e.Op == "UpdateFunctionCode" && strings.Contains(said, "S3 Error Code: AccessDenied") && !actionPattern.MatchString(said)
}

// denialHint is what to do about an error of kind Denied, beside adding a statement.
func (e *Error) denialHint() string {
	d := e.Denial()
	if d.Other == "" && d.CodeOf != "" {
		return "S3 did not give the code to Lambda. It answers the same if the object does not exist and the role lacks s3:ListBucket on the bucket: check bucket and key, too."
	}
	return d.Other
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
	switch {
	case !slices.Contains(deniedCodes, codeOf(e.Err)) && !actionPattern.MatchString(said):
		return "This answer is not IAM's, so no statement in a policy helps: something on the way to AWS refuses the request. Check proxies, VPC endpoints and WAFs on the way."
	case e.Op == "UpdateFunctionCode" && strings.Contains(said, "permission to access the ECR image"):
		return "Lambda itself may not read the image, so a statement in the role's policy does not help: the policy of the repository in ECR must allow " +
			"lambda.amazonaws.com the actions ecr:BatchGetImage and ecr:GetDownloadUrlForLayer. See docs/iam.md."
	}
	if d.Account != "" && owner != "" && d.Account != owner && e.Op == "Invoke" { // which a policy can allow across accounts
		return fmt.Sprintf("The credentials are of account %s (%s), and %s is of account %s, so both must allow lambda:InvokeFunction: the policy of %s, "+
			"and the resource policy of %s, by `aws lambda add-permission` with the principal %s.", d.Account, d.Identity, e.Function.Name, owner,
			d.Identity, e.Function.Name, d.Account)
	}
	if d.Account != "" && owner != "" && d.Account != owner {
		return fmt.Sprintf("The credentials are of account %s (%s), and %s is of account %s. %s", d.Account, d.Identity,
			cmp.Or(e.Function.Name, e.Resource, d.Resource), owner, e.place.otherAccount(owner))
	}
	why := denier(said)
	switch why {
	case "":
		return ""
	case resourcePolicy:
		return why + " does not allow it: a statement in the policy of the role does not help, the policy of the resource must allow it, or the credentials must be of its account."
	case sessionPolicy:
		if strings.HasPrefix(d.Action, "kms:") {
			return why + " blocks it, so adding a statement to the role's policy does not help. If it is the one that `least-privilege-session` makes, leave that input out: " +
				"it has no KMS key but the `KMSKeyArn` in `configuration`. Else the step that obtained the credentials must allow it."
		}
		return why + " blocks it, so adding a statement to the role's policy does not help. If it is the one that `least-privilege-session` makes, leave that input out, and report this as a bug of lambda-release; " +
			"else the step that obtained the credentials must allow it."
	}
	return why + " blocks it: adding a statement to the role's policy does not help, the owner of that policy must allow it." + e.place.ifMFA(why)
}

const (
	explicitDeny   = "An explicit deny"
	resourcePolicy = "The resource-based policy"
	sessionPolicy  = "A session policy"
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
		if e.Function.Name == "" { // a list of the whole account
			return "*"
		}
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
