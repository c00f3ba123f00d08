package awsapi_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// operations are all calls the package makes, by the API's names.
var operations = map[string]func(context.Context, *awsapi.Client) error{
	"PublishVersion": func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.Publish(ctx, items, awsapi.Publication{})
		return err
	},
	"GetFunction": func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.Configuration(ctx, items, "")
		return err
	},
	"GetAlias": func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.Alias(ctx, items, "prod")
		return err
	},
	"CreateAlias": func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.CreateAlias(ctx, items, awsapi.Alias{Name: "prod", Version: "1"})
		return err
	},
	"UpdateAlias": func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.UpdateAlias(ctx, items, awsapi.Alias{Name: "prod", Version: "1", Revision: "r"})
		return err
	},
	"DeleteAlias": func(ctx context.Context, c *awsapi.Client) error { return c.DeleteAlias(ctx, items, "prod") },
	"ListAliases": func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.Aliases(ctx, items)
		return err
	},
	"ListVersionsByFunction": func(ctx context.Context, c *awsapi.Client) error {
		for _, err := range c.Versions(ctx, items) {
			return err
		}
		return nil
	},
	"DeleteFunction": func(ctx context.Context, c *awsapi.Client) error { return c.DeleteVersion(ctx, items, "1") },
}

func hintOf(t *testing.T, err error) string {
	t.Helper()
	e, ok := errors.AsType[*awsapi.Error](err)
	if !ok {
		t.Fatalf("%v is no *awsapi.Error", err)
	}
	return e.Hint()
}

// denialOf is what was denied.
func denialOf(t *testing.T, err error) awsapi.Denial {
	t.Helper()
	e, ok := errors.AsType[*awsapi.Error](err)
	if !ok {
		t.Fatalf("%v is no *awsapi.Error", err)
	}
	return e.Denial()
}

// A denied call is known by its action and resource, whether or not AWS names them,
// also to the client that made it.
func TestDenial(t *testing.T) {
	t.Parallel()
	const itemsARN = "arn:aws:lambda:eu-central-1:123456789012:function:items"
	for op, do := range operations {
		for said, want := range map[string]awsapi.Denial{
			"User: arn:aws:sts::123456789012:assumed-role/ci/x is not authorized to perform: lambda:" + op + " on resource: " + itemsARN +
				" because no identity-based policy allows the lambda:" + op + " action": {
				Action: "lambda:" + op, Resource: itemsARN, Identity: "the role ci", Account: "123456789012",
			},
			"User: arn:aws:iam::123456789012:user/anna is not authorized": {
				Action: "lambda:" + op, Resource: itemsARN, Identity: "the user anna", Account: "123456789012",
			},
			"User: x is not authorized": {Action: "lambda:" + op, Resource: "arn:aws:lambda:eu-central-1:*:function:items"},
		} {
			t.Run(op, func(t *testing.T) {
				t.Parallel()
				w := newCloud(t, localaws.Options{})
				w.spoil(op, always, refusal(http.StatusForbidden, "AccessDeniedException", said))
				client := w.open(t)
				err := do(t.Context(), client)
				isKind(t, err, awsapi.Denied)
				got := denialOf(t, err)
				if op == "DeleteFunction" && !strings.Contains(said, "on resource") { // never without a version
					want.Resource += ":*"
				}
				if got != want || hintOf(t, err) != "" {
					t.Errorf("%+v, want %+v; hint %q", got, want, hintOf(t, err))
				}
				if all := client.Denials(); !slices.Equal(all, []awsapi.Denial{got}) {
					t.Errorf("the client knows of %+v", all)
				}
			})
		}
	}
}

// IAM checks the ARN of the version for these, and the next release needs the
// next version.
func TestDenialOfAVersion(t *testing.T) {
	t.Parallel()
	for action, do := range map[string]func(context.Context, *awsapi.Client) error{
		"lambda:GetFunction": func(ctx context.Context, c *awsapi.Client) error {
			_, err := c.Configuration(ctx, items, "1")
			return err
		},
		"lambda:InvokeFunction": func(ctx context.Context, c *awsapi.Client) error {
			_, err := c.Invoke(ctx, items, "1", nil, unheard)
			return err
		},
	} {
		for said, account := range map[string]string{
			"no": "*",
			"User: x is not authorized to perform: " + action + " on resource: arn:aws:lambda:eu-central-1:123456789012:function:items:1 because": "123456789012",
		} {
			w := newCloud(t, localaws.Options{})
			w.spoil("", always, refusal(http.StatusForbidden, "AccessDeniedException", said))
			got := denialOf(t, do(t.Context(), w.open(t)))
			if got != (awsapi.Denial{Action: action, Resource: "arn:aws:lambda:eu-central-1:" + account + ":function:items:*"}) {
				t.Errorf("%+v", got)
			}
		}
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string]string{
		"arn:aws:sts::123456789012:assumed-role/deploy/shop":                                         "the role deploy",
		"arn:aws:iam::123456789012:role/deploy":                                                      "the role deploy",
		"arn:aws:iam::123456789012:user/anna":                                                        "the user anna",
		"arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Dev_Ops_0123456789abcdef/anna@a.test": "the permission set Dev_Ops in IAM Identity Center",
		"arn:aws-us-gov:sts::123456789012:federated-user/anna":                                       "the federated-user anna",
		"x": "",
	} {
		w := newCloud(t, localaws.Options{})
		w.spoil("", always, refusal(http.StatusForbidden, "AccessDeniedException", "User: "+arn+" is not authorized"))
		_, err := w.open(t).Alias(t.Context(), items, "prod")
		if got := denialOf(t, err).Identity; got != want {
			t.Errorf("%s: %q", arn, got)
		}
	}
}

// A role cannot be allowed what is in another account: both are named.
func TestDeniedInAnotherAccount(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:lambda:eu-central-1:210987654321:function:items"
	for _, said := range []string{
		"User: arn:aws:sts::123456789012:assumed-role/ci/x is not authorized to perform: lambda:GetAlias on resource: " + arn + " because no resource-based policy allows the lambda:GetAlias action",
		"User: arn:aws:sts::123456789012:assumed-role/ci/x is not authorized to perform: lambda:GetAlias on resource: " + arn + " because no identity-based policy allows the lambda:GetAlias action",
		"User: arn:aws:sts::123456789012:assumed-role/ci/x is not authorized",
	} {
		for ci, want := range map[*awsapi.CI]string{{}: "`role-to-assume`", nil: "AWS_PROFILE"} {
			w := newCloud(t, localaws.Options{})
			w.spoil("", always, refusal(http.StatusForbidden, "AccessDeniedException", said))
			_, err := w.open(t, func(o *awsapi.Options) { o.CI = ci }).Alias(t.Context(), named(t, arn), "prod")
			says(t, hintOf(t, err), "The credentials are of account 123456789012 (the role ci), and items is of account 210987654321.", want)
		}
	}
}

// A function in another account can be invoked, if both sides allow it.
func TestInvokeDeniedInAnotherAccount(t *testing.T) {
	t.Parallel()
	w := newCloud(t, localaws.Options{})
	w.spoil("", always, refusal(http.StatusForbidden, "AccessDeniedException",
		"User: arn:aws:sts::123456789012:assumed-role/ci/x is not authorized to perform: lambda:InvokeFunction on resource: arn:aws:lambda:eu-central-1:210987654321:function:check because no resource-based policy allows the lambda:InvokeFunction action"))
	err := w.open(t).CheckInvoke(t.Context(), named(t, "arn:aws:lambda:eu-central-1:210987654321:function:check"), "")
	says(t, hintOf(t, err), "check is of account 210987654321, so both must allow lambda:InvokeFunction: the policy of the role ci, and the resource policy of check",
		"with the principal 123456789012")
}

// What denies from above is not mended by a statement in the role's policy.
func TestDeniedFromAboveGivesNone(t *testing.T) {
	t.Parallel()
	const who = "User: arn:aws:sts::123456789012:assumed-role/ci/x is not authorized to perform: lambda:GetAlias on resource: " +
		"arn:aws:lambda:eu-central-1:123456789012:function:items "
	for said, by := range map[string]string{
		"with an explicit deny in an identity-based policy":                     "An explicit deny",
		"with an explicit deny in a resource-based policy":                      "An explicit deny",
		"with an explicit deny":                                                 "An explicit deny",
		"with an explicit deny in a service control policy":                     "A service control policy",
		"because no service control policy allows the lambda:GetAlias action":   "A service control policy",
		"with an explicit deny in a resource control policy":                    "A resource control policy",
		"because no permissions boundary allows the lambda:GetAlias action":     "A permissions boundary",
		"with an explicit deny in a permissions boundary":                       "A permissions boundary",
		"because no session policy allows the lambda:GetAlias action":           "A session policy",
		"because no resource-based policy allows the lambda:GetAlias action":    "The resource-based policy",
		"because no VPC endpoint policy allows the lambda:GetAlias action":      "A vpc endpoint policy",
		"with an explicit deny in a VPC endpoint policy: arn:aws:ec2:::vpce/x.": "A vpc endpoint policy",
	} {
		t.Run(said, func(t *testing.T) {
			t.Parallel()
			w := newCloud(t, localaws.Options{})
			w.spoil("", always, refusal(http.StatusForbidden, "AccessDeniedException", who+said))
			_, err := w.open(t).Alias(t.Context(), items, "prod")
			hint := hintOf(t, err)
			says(t, hint, by, "does not help")
			if strings.Contains(hint, "Effect") {
				t.Errorf("a statement that would not help:\n%s", hint)
			}
		})
	}
}

// A session policy of the program's own is no bug if what it denies is a key that no input
// names.
func TestDeniedKeyBySessionPolicy(t *testing.T) {
	t.Parallel()
	w := newCloud(t, localaws.Options{})
	w.spoil("", always, refusal(http.StatusForbidden, "AccessDeniedException", "User: arn:aws:sts::123456789012:assumed-role/ci/x is not authorized to perform: kms:Decrypt on resource: "+
		"arn:aws:kms:eu-central-1:123456789012:key/x because no session policy allows the kms:Decrypt action"))
	_, err := w.open(t).Alias(t.Context(), items, "prod")
	hint := hintOf(t, err)
	says(t, hint, "A session policy blocks it", "leave that input out: it has no KMS key but the `KMSKeyArn` in `configuration`")
	if strings.Contains(hint, "bug") {
		t.Error(hint)
	}
}

var getAlias = awsapi.Action{Service: "lambda", Op: "GetAlias", IAM: "lambda:GetAlias"}

func TestHints(t *testing.T) {
	t.Parallel()
	for kind, want := range map[awsapi.Kind]string{
		awsapi.BadCredentials: "not valid in region eu-central-1",
		awsapi.NotFound:       "region eu-central-1, account of the credentials",
		awsapi.Stale:          "Run the job again",
		awsapi.Conflict:       "`concurrency` group (GitLab: `resource_group`)",
		awsapi.StorageFull:    "Delete old versions",
		awsapi.Throttled:      "15 control-plane requests a second",
		awsapi.Deadline:       "`timeout`",
		awsapi.Hung:           "did not answer",
		awsapi.Unreachable:    "cannot be reached. Check the region",
		awsapi.Server:         "https://health.aws.amazon.com",
		awsapi.Cancelled:      "Run the job again",
	} {
		e := &awsapi.Error{Action: getAlias, Function: items, Region: "eu-central-1", Kind: kind, Err: errors.New("x")}
		says(t, e.Hint(), want)
	}
	long := &awsapi.Error{Action: getAlias, Function: items, Qualifier: "prod", Region: "eu-central-1", Kind: awsapi.Invalid, Err: &types.PolicyLengthExceededException{}}
	says(t, long.Hint(), "at most 20480 bytes", "aws lambda get-policy --function-name items --qualifier prod --region eu-central-1")
	for _, kind := range []awsapi.Kind{awsapi.Other, awsapi.Invalid} {
		if hint := (&awsapi.Error{Action: getAlias, Kind: kind, Err: errors.New("x")}).Hint(); hint != "" {
			t.Errorf("kind %d needs no hint: %q", kind, hint)
		}
	}
}

// The account is the one of the function's ARN, or in AWS's message.
func TestNotFoundNamesTheAccount(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ asked, said, account string }{
		{"nosuch", "Function not found: arn:aws:lambda:eu-central-1:123456789012:function:nosuch", "123456789012"},
		{"nosuch", "Not here.", "of the credentials"},
		{"arn:aws:lambda:eu-central-1:210987654321:function:nosuch", "Not here.", "210987654321"},
	} {
		w := newCloud(t, localaws.Options{})
		w.spoil("", always, refusal(http.StatusNotFound, "ResourceNotFoundException", tt.said))
		_, err := w.open(t).Alias(t.Context(), named(t, tt.asked), "prod")
		isKind(t, err, awsapi.NotFound)
		says(t, hintOf(t, err), "region eu-central-1, account "+tt.account+".")
	}
}

// S3 refuses the code of a function in words of its own.
func TestDenialByS3(t *testing.T) {
	t.Parallel()
	const began = "Your access has been denied by S3, please make sure your request credentials have permission to GetObject for releases/items.zip. S3 Error Code: AccessDenied. S3 Error Message: "
	const object = "arn:aws:s3:::releases/items.zip"
	for said, want := range map[string]awsapi.Denial{
		`x is not authorized to perform: s3:GetObject on resource: "` + object + `" because no identity-based policy allows the s3:GetObject action`: {Action: "s3:GetObject", Resource: object},
		"x is not authorized to perform: s3:GetObject": {Action: "s3:GetObject", Resource: "*"},
		"Access Denied": {Action: "s3:GetObject", Resource: "arn:aws:s3:::*", CodeOf: "items"},
	} {
		w := newCloud(t, localaws.Options{})
		w.spoil("", always, refusal(http.StatusForbidden, "AccessDeniedException", began+said))
		_, err := w.open(t).UpdateCode(t.Context(), items, awsapi.Code{Bucket: "releases", Key: "items.zip"}, false)
		if got := denialOf(t, err); got != want {
			t.Errorf("%s: %+v", said, got)
		}
		if got := strings.Contains(hintOf(t, err), "s3:ListBucket"); got != (want.CodeOf != "") {
			t.Errorf("%s: hint %q", said, hintOf(t, err))
		}
	}
}

// Lambda reads an image by the policy of its repository.
func TestDenialByECR(t *testing.T) {
	t.Parallel()
	w := newCloud(t, localaws.Options{})
	w.spoil("", always, refusal(http.StatusForbidden, "AccessDeniedException", "Lambda does not have permission to access the ECR image. Check the ECR permissions."))
	_, err := w.open(t).UpdateCode(t.Context(), items, awsapi.Code{ImageURI: "123456789012.dkr.ecr.eu-central-1.amazonaws.com/items:v1"}, false)
	says(t, denialOf(t, err).Other, "does not help", "policy of the repository", "ecr:BatchGetImage")
}

// A 403 that is not of IAM is no missing statement.
func TestDeniedByOthers(t *testing.T) {
	t.Parallel()
	page := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte("<html>Blocked</html>"))
	}
	_, err := open(t, local, served(page)(t)).Alias(t.Context(), items, "prod")
	isKind(t, err, awsapi.Denied)
	says(t, denialOf(t, err).Other, "not IAM's", "proxies")

	aws := newCloud(t, localaws.Options{})
	aws.spoil("", always, refused)
	_, alarms := aws.open(t).Alarms(t.Context(), []string{"a"})
	_, deployment := aws.open(t).Deployment(t.Context(), "d-1")
	for _, err := range []error{alarms, deployment} { // of other protocols
		if other := denialOf(t, err).Other; other != "" {
			t.Errorf("%v: %q", err, other)
		}
	}

	for said, other := range map[string]bool{"Forbidden": true, "x is not authorized to perform: lambda:GetAlias": false} {
		w := newCloud(t, localaws.Options{})
		w.spoil("", always, refusal(http.StatusForbidden, "SomethingNewException", said))
		_, err := w.open(t).Alias(t.Context(), items, "prod")
		isKind(t, err, awsapi.Denied)
		if got := denialOf(t, err).Other; (got != "") != other {
			t.Errorf("%s: %q", said, got)
		}
	}
}

// What Invoke cannot do with the function is not AWS's fault, whatever the status.
func TestInvokeOfAMisconfiguredFunction(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status     int
		code, says string
	}{
		{502, "KMSAccessDeniedException", "execution role, not the role of the job, needs kms:Decrypt"},
		{502, "KMSDisabledException", "disabled"},
		{502, "KMSInvalidStateException", "pending deletion"},
		{502, "KMSNotFoundException", "does not exist"},
		{502, "InvalidZipFileException", "upload the code again"},
		{502, "InvalidRuntimeException", "runtime"},
		{502, "EC2AccessDeniedException", "AWSLambdaVPCAccessExecutionRole"},
		{502, "ENILimitReachedException", "network interfaces"},
		{502, "SubnetIPAddressLimitReachedException", "IP address"},
		{502, "InvalidSubnetIDException", "subnet"},
		{502, "InvalidSecurityGroupIDException", "security group"},
		{410, "EFSIOException", "EFS"},
		{408, "EFSMountConnectivityException", "EFS"},
		{403, "EFSMountFailureException", "EFS"},
		{408, "EFSMountTimeoutException", "EFS"},
	} {
		w := newCloud(t, localaws.Options{})
		w.spoil("", always, refusal(tt.status, tt.code, "AWS's words."))
		c := w.open(t)
		_, err := c.Invoke(t.Context(), items, "1", nil, unheard)
		isKind(t, err, awsapi.Invalid)
		says(t, err.Error(), tt.code)
		says(t, hintOf(t, err), tt.says)
		if n := w.count("Invoke"); n != 1 || len(c.Denials()) != 0 {
			t.Errorf("%s: %d calls, denials %v", tt.code, n, c.Denials())
		}
	}
}

// Code that a function's code signing configuration does not allow is refused at once,
// whatever the status.
func TestCodeThatMayNotBeDeployed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status     int
		code, says string
	}{
		{400, "CodeVerificationFailedException", "Sign the zip with AWS Signer"},
		{400, "InvalidCodeSignatureException", "changed after it was signed"},
		{404, "CodeSigningConfigNotFoundException", "delete-function-code-signing-config"},
	} {
		w := newCloud(t, localaws.Options{})
		w.spoil("", always, refusal(tt.status, tt.code, "AWS's words."))
		_, err := w.open(t).UpdateCode(t.Context(), items, awsapi.Code{Zip: archiveOf([]byte("zip"))}, false)
		isKind(t, err, awsapi.Invalid)
		says(t, hintOf(t, err), tt.says)
		if n := w.count("UpdateFunctionCode"); n != 1 {
			t.Errorf("%s: %d calls", tt.code, n)
		}
	}
}

// Where the function itself is missing, the inputs that name it are to be checked.
func TestNotFoundNamesTheInputs(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:lambda:eu-central-1:123456789012:function:items"
	const inputs = "the inputs `function-name` and `aws-region`"
	for said, want := range map[string]string{
		"Function not found: " + arn:              inputs,
		"Function not found: " + arn + " (x)":     inputs,
		"Function not found: " + arn + ":1":       "the name, the region",
		"Cannot find alias arn: " + arn + ":prod": "the name, the region",
	} {
		w := newCloud(t, localaws.Options{})
		w.spoil("", always, refusal(http.StatusNotFound, "ResourceNotFoundException", said))
		_, err := w.open(t).Alias(t.Context(), items, "prod")
		says(t, hintOf(t, err), "Check "+want)
	}
	w := newCloud(t, localaws.Options{})
	_, err := w.open(t).Publish(t.Context(), named(t, "nosuch"), awsapi.Publication{})
	says(t, hintOf(t, err), "Check "+inputs)
}
