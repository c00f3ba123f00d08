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
)

// Hint says what an error means here and what to do about it, "" when there is
// nothing to add to the error itself. It may have several lines; an IAM
// statement stands on lines of its own, as JSON.
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
			"Obtain them right before this step; a session of aws-actions/configure-aws-credentials lasts an hour unless role-duration-seconds says otherwise.", e.Region)
	case Denied:
		return deniedHint(e)
	case NotFound:
		account := accountIn(e)
		if account == "" {
			account = "of the credentials"
		}
		return fmt.Sprintf("Looked for in region %s, account %s. Is the name right, and are these the right region and account?", e.Region, account)
	case Conflict:
		return "Something else is changing the function. Run the job again when that is done; a `concurrency` group in the workflow keeps jobs apart."
	case Stale:
		return "Somebody else changed it at the same moment. Run the job again."
	case StorageFull:
		return "The account's code storage in this region is full. Delete old versions, of this and of other functions, or ask AWS for a higher quota."
	case Throttled:
		if serviceOf(e.Op) != "lambda" {
			return "Others in the account and region ask the same of AWS. Raise the input `timeout` or run fewer jobs at once."
		}
		return "AWS takes 15 control-plane requests a second for all callers of the account and region together. Raise the input `timeout` or run fewer jobs at once."
	case Cancelled:
		return "Run the job again to finish it."
	case Deadline:
		return cmp.Or(e.lastHint(), "Raise the input `timeout` if this can take longer.")
	case Invalid:
		if e.Op == "PublishVersion" {
			return "If it is the CodeSHA256 that differs: somebody has uploaded other code since yours. Upload again, and keep jobs apart with a `concurrency` group."
		}
	case Hung:
		return fmt.Sprintf("The endpoint in region %s took the connection but did not answer. Is a proxy or a VPC endpoint in between?", e.Region)
	case Unreachable:
		return fmt.Sprintf("The endpoint in region %s cannot be reached. Is %q a region, and does the runner have a way there (proxy, VPC endpoint, AWS_ENDPOINT_URL)?", e.Region, e.Region)
	case Server:
		return "This is a fault on AWS's side. Run the job again; https://health.aws.amazon.com shows known ones."
	}
	return ""
}

// lastHint is the advice for what went wrong before the time was up.
func (e *Error) lastHint() string {
	if e.Last == nil {
		return ""
	}
	last := &Error{Op: e.Op, Function: e.Function, Region: e.Region, Kind: kindOf(context.Background(), e.Last), Err: e.Last}
	switch last.Kind {
	case Throttled, Server, Hung, Unreachable:
		return last.Hint()
	}
	return ""
}

// deniedHint gives the statement that allows the call, unless something denied
// it that no statement in a role's policy can mend.
func deniedHint(e *Error) string {
	said := ""
	if api, ok := errors.AsType[smithy.APIError](e.Err); ok {
		said = api.ErrorMessage()
	}
	if why := denier(said); why != "" {
		return fmt.Sprintf("%s refuses it: adding a statement to the role's policy does not help, the one who owns that policy must allow it.", why)
	}
	// The next release asks about the next version: a statement for this one
	// alone would not help for long.
	arn := numberedPattern.ReplaceAllString(resourceIn(said), "$1:*")
	if arn == "" {
		arn = resourceOf(e)
		if m := principalPattern.FindStringSubmatch(said); m != nil {
			arn = strings.Replace(arn, unknownAccount, m[1], 1)
		}
	}
	action := iamAction(e.Op)
	if m := actionPattern.FindStringSubmatch(said); m != nil {
		action = m[1] // CreateDeployment, for one, needs more than its own
	}
	statement, _ := json.MarshalIndent(map[string]any{
		"Effect": "Allow", "Action": action, "Resource": arn,
	}, "", "  ")
	return "Add this statement to the policy of the role that the job runs with:\n" + string(statement)
}

// denier names what else than a missing statement denied a request. Nothing
// but AWS's words tells; they change what is advised and nothing else.
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

// iamAction is the action that allows an operation; most have the same name.
func iamAction(op string) string {
	switch op {
	case "Invoke":
		op = "InvokeFunction"
	case "GetStage":
		return "apigateway:GET"
	case "UpdateStage":
		return "apigateway:PATCH"
	}
	return serviceOf(op) + ":" + op
}

// serviceOf is the service of an operation, as IAM names it.
func serviceOf(op string) string {
	switch op {
	case "DescribeAlarms", "GetMetricData":
		return "cloudwatch"
	case "CreateDeployment", "GetDeployment", "ListDeployments", "StopDeployment", "ListDeploymentTargets", "BatchGetDeploymentTargets":
		return "codedeploy"
	case "GetStage", "UpdateStage":
		return "apigateway"
	case assumeRole:
		return "sts"
	}
	return "lambda"
}

// resourceOf is what a call that was denied is about, where AWS has not said it.
func resourceOf(e *Error) string {
	switch serviceOf(e.Op) {
	case "cloudwatch":
		return "*" // alarms that are read by name, and metrics, have no ARN to allow
	case "codedeploy":
		group := "*"
		if strings.Contains(e.Function, "/") {
			group = e.Function
		}
		return fmt.Sprintf("arn:%s:codedeploy:%s:*:deploymentgroup:%s", partition(e.Region), e.Region, group)
	}
	arn := FunctionARN(e.Function, e.Region)
	if e.Qualifier != "" && (e.Op == "GetFunction" || e.Op == "Invoke") { // these are checked against the qualified ARN
		arn += ":*"
	}
	return arn
}

var (
	actionPattern    = regexp.MustCompile(`to perform: ([a-z0-9-]+:[A-Za-z]+)`)
	resourcePattern  = regexp.MustCompile(`on resource: (arn:[^\s,]+)`)
	numberedPattern  = regexp.MustCompile(`(:function:[^:]+):\d+$`)
	principalPattern = regexp.MustCompile(`User: arn:aws[a-z-]*:(?:sts|iam)::(\d{12}):`)
	accountPattern   = regexp.MustCompile(`\barn:aws[a-z-]*:lambda:[a-z0-9-]+:(\d{12}):`)
)

func resourceIn(said string) string {
	if m := resourcePattern.FindStringSubmatch(said); m != nil {
		return m[1]
	}
	return ""
}

func accountIn(e *Error) string {
	for _, text := range []string{e.Function, message(e.Err)} {
		if m := accountPattern.FindStringSubmatch(text); m != nil {
			return m[1]
		}
	}
	return ""
}

// unknownAccount stands where an account belongs that nobody has named. Lambda
// takes no wildcard there.
// https://docs.aws.amazon.com/lambda/latest/dg/security_iam_id-based-policy-examples.html
const unknownAccount = "ACCOUNT-ID"

// FunctionARN is the ARN of a function named by name, partial ARN or ARN; an
// account that is not known is ACCOUNT-ID, to be replaced.
func FunctionARN(function, region string) string {
	if strings.HasPrefix(function, "arn:") {
		return function
	}
	account := unknownAccount
	if a, name, partial := strings.Cut(function, ":function:"); partial {
		account, function = a, name
	}
	return fmt.Sprintf("arn:%s:lambda:%s:%s:function:%s", partition(region), region, account, function)
}

// partition is a region's, as ARNs have it.
func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}
