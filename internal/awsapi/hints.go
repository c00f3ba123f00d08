package awsapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/smithy-go"

	"lambda-release/internal/function"
)

// Hint explains an error and says what to do about it; "" if there is nothing to
// add to the error itself. It may have several lines; an IAM statement is JSON on
// lines of its own.
func (e *Error) Hint() string {
	if e.advice != "" {
		return e.advice
	}
	switch e.Kind {
	case NoRegion:
		return "Set the input `aws-region`, or AWS_REGION in the environment, for example to eu-central-1."
	case NoCredentials:
		return "Set the input `role-to-assume`, or run aws-actions/configure-aws-credentials before this step, and give the job `permissions: id-token: write`; " +
			"a pull request from a fork gets neither secrets nor an OIDC token."
	case BadCredentials:
		return fmt.Sprintf("The credentials are expired, revoked, or not valid in region %s (is it enabled for the account?). "+
			"Obtain them right before this step; a session of aws-actions/configure-aws-credentials lasts an hour unless role-duration-seconds sets another time.", e.Region)
	case Denied:
		return deniedHint(e)
	case NotFound:
		account := accountIn(e)
		if account == "" {
			account = "of the credentials"
		}
		return fmt.Sprintf("Looked for in region %s, account %s. Check the name, the region and the account.", e.Region, account)
	case Conflict:
		return "Something else is changing the function. Run the job again when that is done; a `concurrency` group in the workflow prevents jobs from running at the same time."
	case Stale:
		return "It was changed at the same moment by another run or outside lambda-release. Run the job again."
	case StorageFull:
		return "The account's code storage in this region is full. Delete old versions, of this and of other functions, or ask AWS for a higher quota."
	case Throttled:
		if e.Service != "lambda" {
			return "Other callers in the account and region use up the request rate limit. Raise the input `timeout` or run fewer jobs at once."
		}
		return "AWS takes 15 control-plane requests a second from all callers of the account and region together. Raise the input `timeout` or run fewer jobs at once."
	case Cancelled:
		return "Run the job again to finish it."
	case Deadline:
		return cmp.Or(e.lastHint(), "Raise the input `timeout` if this can take longer.")
	case Invalid:
		if e.Op == "PublishVersion" {
			return "If the CodeSHA256 differs, other code was uploaded after yours. Upload again, and use a `concurrency` group so that jobs do not run at the same time."
		}
	case Hung:
		return fmt.Sprintf("The endpoint in region %s accepted the connection but did not answer. Check proxies and VPC endpoints on the way.", e.Region)
	case Unreachable:
		return fmt.Sprintf("The endpoint in region %s cannot be reached. Check the region, and the network of the runner (proxy, VPC endpoint, AWS_ENDPOINT_URL).", e.Region)
	case Unreadable:
		return fmt.Sprintf("AWS, or a proxy on the way to region %s, answered with success, but the answer is cut, empty or not AWS's. "+
			"Run the job again; if it happens again, check proxies and VPC endpoints on the way.", e.Region)
	case Server:
		return "This is an error on AWS's side. Run the job again; see https://health.aws.amazon.com for known incidents."
	}
	return ""
}

// lastHint is the hint for the last attempt before the job timed out.
func (e *Error) lastHint() string {
	if e.Last == nil {
		return ""
	}
	last := &Error{Action: e.Action, Function: e.Function, Resource: e.Resource, Region: e.Region, Kind: kindOf(context.Background(), e.Last), Err: e.Last}
	switch last.Kind {
	case Throttled, Server, Hung, Unreachable, Unreadable:
		return last.Hint()
	}
	return ""
}

// deniedHint has the statement that allows the call, unless it was denied by
// something that no statement in a role's policy can override.
func deniedHint(e *Error) string {
	said := ""
	if api, ok := errors.AsType[smithy.APIError](e.Err); ok {
		said = api.ErrorMessage()
	}
	if why := denier(said); why != "" {
		return fmt.Sprintf("%s blocks it: adding a statement to the role's policy does not help, the owner of that policy must allow it.", why)
	}
	// The next release needs the next version: a statement for this version alone
	// would soon not be enough.
	arn := numberedPattern.ReplaceAllString(resourceIn(said), "$1:*")
	if arn == "" {
		arn = e.arn()
		if m := principalPattern.FindStringSubmatch(said); m != nil {
			arn = strings.Replace(arn, function.UnknownAccount, m[1], 1)
		}
	}
	action := e.IAM
	if m := actionPattern.FindStringSubmatch(said); m != nil {
		action = m[1] // CreateDeployment, for example, needs several actions
	}
	statement, _ := json.MarshalIndent(map[string]any{
		"Effect": "Allow", "Action": action, "Resource": arn,
	}, "", "  ")
	return "Add this statement to the policy of the role that the job runs with:\n" + string(statement)
}

// denier names what denied a request, if not a missing statement. Only AWS's
// message shows it, which decides nothing but the hint.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func denier(said string) string {
	said = strings.ToLower(said)
	for _, policy := range []string{
		"service control policy", "resource control policy", "permissions boundary", "session policy", "vpc endpoint policy",
	} {
		if strings.Contains(said, policy) {
			return "A " + policy
		}
	}
	if strings.Contains(said, "explicit deny") {
		return "An explicit deny"
	}
	return ""
}

// arn is the ARN to allow for a call that was denied, if AWS has not named it.
func (e *Error) arn() string {
	switch e.Service {
	case "lambda":
		arn := e.Function.In(e.Region).ARN()
		if e.Qualifier != "" && e.qualified {
			arn += ":*"
		}
		return arn
	case "codedeploy":
		group := "*"
		if strings.Contains(e.Resource, "/") {
			group = e.Resource
		}
		return fmt.Sprintf("arn:%s:codedeploy:%s:*:deploymentgroup:%s", function.PartitionOf(e.Region), e.Region, group)
	case "cloudwatch":
		return "*" // reading alarms by name, and metrics, cannot be limited to an ARN
	}
	return e.Resource
}

var (
	actionPattern    = regexp.MustCompile(`to perform: ([a-z0-9-]+:[A-Za-z]+)`)
	resourcePattern  = regexp.MustCompile(`on resource: (arn:[^\s,]+)`)
	numberedPattern  = regexp.MustCompile(`(:function:[^:]+):\d+$`)
	principalPattern = regexp.MustCompile(`User: arn:` + function.PartitionPattern + `:(?:sts|iam)::(` + function.AccountPattern + `):`)
)

func resourceIn(said string) string {
	if m := resourcePattern.FindStringSubmatch(said); m != nil {
		return m[1]
	}
	return ""
}

func accountIn(e *Error) string {
	if e.Function.Account != "" {
		return e.Function.Account
	}
	named, _ := function.Find(message(e.Err))
	return named.Account
}
