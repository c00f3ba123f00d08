package awsapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"lambda-release/internal/function"
)

// Hint explains an error and says what to do about it; "" if there is nothing to
// add to the error itself. It may have several lines. What is missing in the policy
// of a role is not among them: that is for all Denials of a run together.
func (e *Error) Hint() string {
	if e.advice != "" {
		return e.advice
	}
	switch e.Kind {
	case NoRegion:
		return e.place.noRegion()
	case NoCredentials:
		return e.place.noCredentials(e.Err)
	case BadCredentials:
		return e.place.badCredentials(e.Region)
	case Denied:
		return e.denialHint()
	case Unsupported:
		return fmt.Sprintf("Lambda does not support this in region %s. Leave out the input that needs it, or use another region.", e.Region)
	case NotFound:
		account := accountIn(e)
		if account == "" {
			account = "of the credentials"
		}
		check := "the name, the region and the account"
		if e.lacksFunction() {
			check = "the inputs `function-name` and `aws-region`, and the account"
		}
		return fmt.Sprintf("Looked for in region %s, account %s. Check %s%s.", e.Region, account, check, e.place.byProfile())
	case Conflict:
		return "Something else is changing the function. Run the job again when that is done; a `concurrency` group (GitLab: `resource_group`) prevents jobs from running at the same time."
	case Stale:
		return "It was changed at the same moment by another run or outside lambda-release. Run the job again."
	case StorageFull:
		return "The account's code storage in this region is full. Delete old versions, of this and of other functions, or ask AWS for a higher quota."
	case Throttled:
		if e.Op == "Invoke" {
			return "The concurrency of the function, or of the account in this region, is used up. Reserve some for the function, or run the job again when there is less traffic."
		}
		if e.Service != "lambda" {
			return "Other callers in the account and region use up the request rate limit. Raise the input `timeout` or run fewer jobs at once."
		}
		return "AWS takes 15 control-plane requests a second from all callers of the account and region together. Raise the input `timeout` or run fewer jobs at once."
	case Cancelled:
		return "Run the job again to finish it."
	case Deadline:
		return cmp.Or(e.lastHint(), "Raise the input `timeout` if this can take longer.")
	case Invalid:
		if _, long := errors.AsType[*types.PolicyLengthExceededException](e.Err); long {
			return fmt.Sprintf("A policy has at most 20480 bytes, and each alias has its own. `aws lambda get-policy --function-name %s --qualifier %s --region %s` shows the statements; "+
				"remove those that are no longer needed with `aws lambda remove-permission`, and run the job again.", e.Function.Given, e.Qualifier, e.Region)
		}
		if advice := misconfigured[codeOf(e.Err)]; advice != "" {
			return advice
		}
		if e.Op == "CreateFunction" {
			return "Correct in the configuration what AWS names. If it is the role: its trust policy must allow lambda.amazonaws.com to assume it, and its own policies what the settings need, such as a VPC."
		}
		if e.Op == "PublishVersion" {
			return "If the CodeSHA256 differs, other code was uploaded after yours. Upload again, and use a `concurrency` group (GitLab: `resource_group`) so that jobs do not run at the same time."
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

// lacksFunction reports whether what was not found is the function itself, and not a
// version or an alias of it.
func (e *Error) lacksFunction() bool {
	if e.Service != "lambda" || e.Function.Name == "" {
		return false
	}
	return e.Qualifier == "" || missingFunction.MatchString(message(e.Err))
}

// missingFunction matches AWS's message with the ARN of a function without qualifier.
var missingFunction = regexp.MustCompile(`Function not found: arn:[^\s]+:function:[^:\s]+(\s|$)`)

func accountIn(e *Error) string {
	if e.Function.Account != "" {
		return e.Function.Account
	}
	named, _ := function.Find(message(e.Err))
	return named.Account
}
