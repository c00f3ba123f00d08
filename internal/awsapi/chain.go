package awsapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"

	"lambda-release/internal/policy"
)

// chained assumes a role as another one, or with the credentials of the environment.
type chained struct {
	*assumption

	by         string // the ARN of the other role; "": the environment's credentials
	externalID string
}

func (a *chained) begin(ctx context.Context) (*types.Credentials, *Error) {
	out, err := call(ctx, a.client, target{Action: a.Action, resource: a.arn}, a.sts.AssumeRole, &sts.AssumeRoleInput{
		RoleArn: &a.arn, RoleSessionName: &a.session, ExternalId: optional(a.externalID), Policy: a.policy,
		DurationSeconds: aws.Int32(int32(a.duration / time.Second)), //nolint:gosec // an hour at most
	}, func(out *sts.AssumeRoleOutput) bool { return isComplete(out.Credentials) })
	if e, failed := errors.AsType[*Error](err); failed {
		return nil, a.explain(e)
	}
	return out.Credentials, nil
}

// explain adds a hint to a refusal of this role, and removes the external ID from it. A
// refusal of a role before has its own.
func (a *chained) explain(e *Error) *Error {
	if e.Op != a.Op || e.Resource != a.arn {
		return e
	}
	e.Err, e.Last = redact(e.Err, a.externalID), redact(e.Last, a.externalID)
	api, ok := errors.AsType[smithy.APIError](e.Err)
	switch {
	case !ok:
	case e.Kind == Denied && api.ErrorCode() == "AccessDenied":
		e.advice = a.trust(api.ErrorMessage())
	default:
		e.advice = a.refusal(api)
	}
	return e
}

// externalIDMark stands for the external ID, which is not shown.
const externalIDMark = "EXTERNAL-ID"

// trust is the hint for a role that may not be assumed. AWS does not say which of the
// two policies does not allow it.
func (a *chained) trust(said string) string {
	if why := denier(said); why != "" && why != resourcePolicy {
		return fmt.Sprintf("%s does not allow the role to be assumed: the owner of that policy must allow it.", why)
	}
	who := principalIn(said)
	by := cmp.Or(a.by, who, "PRINCIPAL-ARN")
	caller := "the credentials in the environment"
	switch {
	case a.by != "":
		caller = a.by
	case who != "":
		caller += " (" + who + ")"
	}
	actions := []string{assumeRole.IAM}
	// Tags of a session that the next one inherits, and its source identity, need more.
	if denied := submatch(actionPattern, said); denied != "" && denied != assumeRole.IAM {
		actions = append(actions, denied)
	}
	external, note := "", "If the trust policy asks for an external ID (sts:ExternalId), set `external-id`, which is for the last role. "
	if a.externalID != "" {
		external, note = externalIDMark, externalIDMark+" stands for the value of `external-id`. "
	}
	return fmt.Sprintf("%s may not assume %s, or there is no such role. Its trust policy needs a statement like the first one. %sUnless both are of one account, the caller's own policy needs the second one.\n%s\n%s",
		capitalized(caller), a.arn, note, policy.ChainStatement(by, external, actions).JSON(), policy.AssumeStatement(a.arn, actions).JSON())
}

// principalIn is the ARN, as a trust policy has it, of the caller in AWS's message; ""
// if that has none. The path of a role is not in it.
func principalIn(said string) string {
	m := callerPattern.FindStringSubmatch(said)
	if m == nil {
		return ""
	}
	if m[2] != "sts" || m[4] != "assumed-role" {
		return m[0][len("User: "):]
	}
	role, _, _ := strings.Cut(m[5], "/")
	return fmt.Sprintf("arn:%s:iam::%s:role/%s", m[1], m[3], role)
}

func capitalized(text string) string {
	if rest, ok := strings.CutPrefix(text, "the "); ok {
		return "The " + rest
	}
	return text
}
