package localaws_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// iamPolicy is a policy of one statement.
func iamPolicy(t *testing.T, effect, action, resource string) *localaws.IAMPolicy {
	t.Helper()
	return must(localaws.ParseIAMPolicy([]byte(iamDocument(effect, action, resource))))(t)
}

func iamDocument(effect, action, resource string) string {
	return `{"Version": "2012-10-17", "Statement": {"Effect": "` + effect + `", "Action": "` + action + `", "Resource": "` + resource + `"}}`
}

// as is a configuration with temporary credentials.
func as(conf aws.Config, c *ststypes.Credentials) aws.Config {
	conf.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken}, nil
	})
	return conf
}

const itemsARN = "arn:aws:lambda:eu-central-1:123456789012:function:items"

// What the policy does not allow is denied in AWS's words, before anything else is looked
// at. Who calls may always be asked.
func TestRestrict(t *testing.T) {
	t.Parallel()
	c, conf := serve(t, localaws.Options{})
	c.AddFunction("items")
	c.Restrict(iamPolicy(t, "Allow", "lambda:GetFunction", itemsARN))
	api := lambda.NewFromConfig(conf)
	const user = "User: arn:aws:iam::123456789012:user/localaws is not authorized to perform: "
	must(api.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("items")}))(t)
	_, err := api.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("items"), Qualifier: aws.String("7")})
	wantError(t, err, http.StatusForbidden, "AccessDeniedException", user+"lambda:GetFunction on resource: "+itemsARN+":7 because no identity-based policy allows the lambda:GetFunction action")
	_, err = api.ListFunctions(t.Context(), nil)
	wantError(t, err, http.StatusForbidden, "AccessDeniedException", user+"lambda:ListFunctions on resource: * because no identity-based policy allows the lambda:ListFunctions action")
	_, err = cloudwatch.NewFromConfig(conf).DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{})
	wantError(t, err, http.StatusForbidden, "AccessDenied", user+"cloudwatch:DescribeAlarms on resource: * because no identity-based policy allows the cloudwatch:DescribeAlarms action")
	_, err = codedeploy.NewFromConfig(conf).StopDeployment(t.Context(), &codedeploy.StopDeploymentInput{DeploymentId: aws.String("d-ABC123456")})
	wantError(t, err, http.StatusBadRequest, "AccessDeniedException", user+"codedeploy:StopDeployment on resource: * because no identity-based policy allows the codedeploy:StopDeployment action")
	must(sts.NewFromConfig(conf).GetCallerIdentity(t.Context(), nil))(t)
	c.Restrict(iamPolicy(t, "Deny", "*", "*"))
	_, err = api.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("items")})
	wantError(t, err, http.StatusForbidden, "AccessDeniedException", user+"lambda:GetFunction on resource: "+itemsARN+" with an explicit deny in an identity-based policy")
	c.Restrict(nil)
	must(api.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("items")}))(t)
}

const (
	hub    = "arn:aws:iam::123456789012:role/ci/hub"
	target = "arn:aws:iam::210987654321:role/deploy"
	user   = "arn:aws:iam::123456789012:user/localaws"
)

// assuming is a call of AssumeRole.
func assuming(t *testing.T, conf aws.Config, role string, opts ...func(*sts.AssumeRoleInput)) (*sts.AssumeRoleOutput, error) {
	t.Helper()
	in := &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("run-4711")}
	for _, opt := range opts {
		opt(in)
	}
	return sts.NewFromConfig(conf).AssumeRole(t.Context(), in)
}

func TestAssumeRole(t *testing.T) {
	t.Parallel()
	c, conf := serve(t, localaws.Options{})
	trusting := func(principal string, opts ...func(*localaws.Role)) func(*localaws.Role) {
		return func(r *localaws.Role) {
			r.Principals, r.MaxSession = []string{principal}, 12*time.Hour
			for _, opt := range opts {
				opt(r)
			}
		}
	}
	c.AddRole(hub, "", trusting(user))
	c.AddRole(target, "", trusting(hub, func(r *localaws.Role) { r.ExternalID = "shop" }))
	long := func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(7200) }
	external := func(id string) func(*sts.AssumeRoleInput) {
		return func(in *sts.AssumeRoleInput) { in.ExternalId = &id }
	}

	first := must(assuming(t, conf, hub, long))(t) // a user's own keys are no chain
	equal(t, "session", *first.AssumedRoleUser.Arn, "arn:aws:sts::123456789012:assumed-role/hub/run-4711")
	asHub := as(conf, first.Credentials)
	second := must(assuming(t, asHub, target, external("shop")))(t)
	equal(t, "account", *must(sts.NewFromConfig(as(conf, second.Credentials)).GetCallerIdentity(t.Context(), nil))(t).Account, "210987654321")

	_, err := assuming(t, asHub, target, external("shop"), long)
	wantError(t, err, 400, "ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	const refused = "User: arn:aws:sts::123456789012:assumed-role/hub/run-4711 is not authorized to perform: sts:AssumeRole on resource: " + target
	for _, opts := range [][]func(*sts.AssumeRoleInput){nil, {external("other")}} {
		_, err = assuming(t, asHub, target, opts...)
		wantError(t, err, 403, "AccessDenied", refused)
	}
	_, err = assuming(t, conf, target, external("shop"))
	wantError(t, err, 403, "AccessDenied", "User: "+user+" is not authorized to perform: sts:AssumeRole on resource: "+target)
	_, err = assuming(t, conf, hub, external("a b"))
	wantError(t, err, 400, "ValidationError", `1 validation error detected: Value 'a b' at 'externalId' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@:\/-]*`)
	_, err = assuming(t, conf, hub, func(in *sts.AssumeRoleInput) {
		in.Policy = aws.String(iamDocument("Allow", "*", "*") + strings.Repeat(" ", 2048))
	})
	wantError(t, err, 400, "PackedPolicyTooLarge", "Packed policy consumes 105% of allotted space, please use smaller policy.")
	_, err = assuming(t, conf, hub, func(in *sts.AssumeRoleInput) { in.Policy = aws.String("{}") })
	wantError(t, err, 400, "MalformedPolicyDocument", `This policy contains invalid Json: the Version is "", not 2012-10-17`)

	// Into another account, the caller's own policy must allow it, too.
	c.Restrict(iamPolicy(t, "Allow", "sts:AssumeRole", hub))
	must(assuming(t, conf, hub))(t)
	_, err = assuming(t, asHub, target, external("shop"))
	wantError(t, err, 403, "AccessDenied", refused+" because no identity-based policy allows the sts:AssumeRole action")
}

// A session may do what its role and its session policy allow.
func TestSessionPolicy(t *testing.T) {
	t.Parallel()
	c, conf := serve(t, localaws.Options{})
	c.AddFunction("items")
	c.AddFunction("orders")
	c.AddRole(hub, "", func(r *localaws.Role) {
		r.Principals, r.Policy = []string{user}, iamPolicy(t, "Allow", "lambda:Get*", itemsARN)
	})
	session := must(assuming(t, conf, hub, func(in *sts.AssumeRoleInput) { in.Policy = aws.String(iamDocument("Allow", "lambda:GetFunction", "*")) }))(t)
	api := lambda.NewFromConfig(as(conf, session.Credentials))
	must(api.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("items")}))(t)
	const caller = "User: arn:aws:sts::123456789012:assumed-role/hub/run-4711 is not authorized to perform: "
	_, err := api.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("orders")})
	wantError(t, err, 403, "AccessDeniedException", caller+"lambda:GetFunction on resource: arn:aws:lambda:eu-central-1:123456789012:function:orders because no identity-based policy allows the lambda:GetFunction action")
	_, err = api.GetPolicy(t.Context(), &lambda.GetPolicyInput{FunctionName: aws.String("items")})
	wantError(t, err, 403, "AccessDeniedException", caller+"lambda:GetPolicy on resource: "+itemsARN+" because no session policy allows the lambda:GetPolicy action")
	decisions := c.Decisions()
	equal(t, "decisions", len(decisions), 3)
	equal(t, "by the session policy", decisions[0].Session[0], localaws.Grant{Action: "lambda:GetFunction", Resource: "*"})
}
