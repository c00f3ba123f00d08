package awsapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
)

// operations are all calls the package makes, by the API's names.
var operations = map[string]func(context.Context, *awsapi.Client) error{
	"PublishVersion": func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.Publish(ctx, function, awsapi.Publication{})
		return err
	},
	"GetFunction": func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.Configuration(ctx, function, "")
		return err
	},
	"GetAlias": func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.Alias(ctx, function, "prod")
		return err
	},
	"CreateAlias": func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.CreateAlias(ctx, function, awsapi.Alias{Name: "prod", Version: "1"})
		return err
	},
	"UpdateAlias": func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.UpdateAlias(ctx, function, awsapi.Alias{Name: "prod", Version: "1", Revision: "r"})
		return err
	},
	"DeleteAlias": func(ctx context.Context, c *awsapi.Client) error { return c.DeleteAlias(ctx, function, "prod") },
	"ListAliases": func(ctx context.Context, c *awsapi.Client) error {
		_, err := c.Aliases(ctx, function)
		return err
	},
	"ListVersionsByFunction": func(ctx context.Context, c *awsapi.Client) error {
		for _, err := range c.Versions(ctx, function) {
			return err
		}
		return nil
	},
	"DeleteFunction": func(ctx context.Context, c *awsapi.Client) error { return c.DeleteVersion(ctx, function, "1") },
}

func hintOf(t *testing.T, err error) string {
	t.Helper()
	e, ok := errors.AsType[*awsapi.Error](err)
	if !ok {
		t.Fatalf("%v is no *awsapi.Error", err)
	}
	return e.Hint()
}

// statement is the IAM statement that a hint ends with.
func statement(t *testing.T, hint string) map[string]string {
	t.Helper()
	_, text, found := strings.Cut(hint, "\n")
	if !found {
		t.Fatalf("no statement in %q", hint)
	}
	s := map[string]string{}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return s
}

// Who is denied is given the statement to add, whether or not AWS names the
// resource.
func TestDeniedGivesTheStatement(t *testing.T) {
	t.Parallel()
	const named = "arn:aws:lambda:eu-central-1:123456789012:function:items"
	for op, do := range operations {
		for said, resource := range map[string]string{
			"User: arn:aws:sts::123456789012:assumed-role/ci/x is not authorized to perform: lambda:" + op + " on resource: " + named +
				" because no identity-based policy allows the lambda:" + op + " action": named,
			"User: x is not authorized": "arn:aws:lambda:eu-central-1:ACCOUNT-ID:function:items",
		} {
			t.Run(op, func(t *testing.T) {
				t.Parallel()
				w := newCloud(t, localaws.Options{})
				w.spoil(op, always, refusal(http.StatusForbidden, "AccessDeniedException", said))
				err := do(t.Context(), w.open(t))
				isKind(t, err, awsapi.Denied)
				got := statement(t, hintOf(t, err))
				if got["Effect"] != "Allow" || got["Action"] != "lambda:"+op || got["Resource"] != resource || len(got) != 3 {
					t.Errorf("statement %v", got)
				}
			})
		}
	}
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
		"because no VPC endpoint policy allows the lambda:GetAlias action":      "A vpc endpoint policy",
		"with an explicit deny in a VPC endpoint policy: arn:aws:ec2:::vpce/x.": "A vpc endpoint policy",
	} {
		t.Run(said, func(t *testing.T) {
			t.Parallel()
			w := newCloud(t, localaws.Options{})
			w.spoil("", always, refusal(http.StatusForbidden, "AccessDeniedException", who+said))
			_, err := w.open(t).Alias(t.Context(), function, "prod")
			hint := hintOf(t, err)
			says(t, hint, by+" refuses it")
			if strings.Contains(hint, "Effect") {
				t.Errorf("a statement that would not help:\n%s", hint)
			}
		})
	}
}

func TestHints(t *testing.T) {
	t.Parallel()
	for kind, want := range map[awsapi.Kind]string{
		awsapi.NoRegion:       "`aws-region`",
		awsapi.NoCredentials:  "aws-actions/configure-aws-credentials",
		awsapi.BadCredentials: "not valid in region eu-central-1",
		awsapi.NotFound:       "region eu-central-1, account of the credentials",
		awsapi.Stale:          "Run the job again",
		awsapi.Conflict:       "`concurrency` group",
		awsapi.StorageFull:    "Delete old versions",
		awsapi.Throttled:      "15 control-plane requests a second",
		awsapi.Deadline:       "`timeout`",
		awsapi.Hung:           "did not answer",
		awsapi.Unreachable:    `Is "eu-central-1" a region`,
		awsapi.Server:         "https://health.aws.amazon.com",
		awsapi.Cancelled:      "Run the job again",
	} {
		e := &awsapi.Error{Op: "GetAlias", Function: function, Region: "eu-central-1", Kind: kind, Err: errors.New("x")}
		says(t, e.Hint(), want)
	}
	for _, kind := range []awsapi.Kind{awsapi.Other, awsapi.Invalid} {
		if hint := (&awsapi.Error{Op: "GetAlias", Kind: kind, Err: errors.New("x")}).Hint(); hint != "" {
			t.Errorf("kind %d needs no hint: %q", kind, hint)
		}
	}
}

// Where something was looked for is told from what was asked, or what AWS says.
func TestNotFoundNamesTheAccount(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ asked, said, account string }{
		{"nosuch", "Function not found: arn:aws:lambda:eu-central-1:123456789012:function:nosuch", "123456789012"},
		{"nosuch", "Not here.", "of the credentials"},
		{"arn:aws:lambda:eu-central-1:210987654321:function:nosuch", "Not here.", "210987654321"},
	} {
		w := newCloud(t, localaws.Options{})
		w.spoil("", always, refusal(http.StatusNotFound, "ResourceNotFoundException", tt.said))
		_, err := w.open(t).Alias(t.Context(), tt.asked, "prod")
		isKind(t, err, awsapi.NotFound)
		says(t, hintOf(t, err), "region eu-central-1, account "+tt.account+".")
	}
}

func TestFunctionARN(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ function, region, want string }{
		{"items", "eu-central-1", "arn:aws:lambda:eu-central-1:ACCOUNT-ID:function:items"},
		{"items", "cn-north-1", "arn:aws-cn:lambda:cn-north-1:ACCOUNT-ID:function:items"},
		{"items", "us-gov-west-1", "arn:aws-us-gov:lambda:us-gov-west-1:ACCOUNT-ID:function:items"},
		{"123456789012:function:items", "eu-central-1", "arn:aws:lambda:eu-central-1:123456789012:function:items"},
		{"arn:aws:lambda:us-east-1:123456789012:function:items", "eu-central-1", "arn:aws:lambda:us-east-1:123456789012:function:items"},
	} {
		if got := awsapi.FunctionARN(tt.function, tt.region); got != tt.want {
			t.Errorf("FunctionARN(%q, %q) = %s, want %s", tt.function, tt.region, got, tt.want)
		}
	}
}

func TestUnqualified(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:lambda:eu-central-1:123456789012:function:items"
	for _, qualifier := range []string{"", ":12", ":prod", ":$LATEST"} {
		if got := awsapi.Unqualified(arn + qualifier); got != arn {
			t.Errorf("Unqualified(%q) = %q", arn+qualifier, got)
		}
	}
	if got := awsapi.Unqualified(""); got != "" {
		t.Errorf("of nothing: %q", got)
	}
}
