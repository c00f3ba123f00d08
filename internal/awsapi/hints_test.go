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

// A denied call shows the statement to add, whether or not AWS names the
// resource.
func TestDeniedGivesTheStatement(t *testing.T) {
	t.Parallel()
	const itemsARN = "arn:aws:lambda:eu-central-1:123456789012:function:items"
	for op, do := range operations {
		for said, resource := range map[string]string{
			"User: arn:aws:sts::123456789012:assumed-role/ci/x is not authorized to perform: lambda:" + op + " on resource: " + itemsARN +
				" because no identity-based policy allows the lambda:" + op + " action": itemsARN,
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
			_, err := w.open(t).Alias(t.Context(), items, "prod")
			hint := hintOf(t, err)
			says(t, hint, by+" blocks it")
			if strings.Contains(hint, "Effect") {
				t.Errorf("a statement that would not help:\n%s", hint)
			}
		})
	}
}

var getAlias = awsapi.Action{Service: "lambda", Op: "GetAlias", IAM: "lambda:GetAlias"}

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
		awsapi.Unreachable:    "cannot be reached. Check the region",
		awsapi.Server:         "https://health.aws.amazon.com",
		awsapi.Cancelled:      "Run the job again",
	} {
		e := &awsapi.Error{Action: getAlias, Function: items, Region: "eu-central-1", Kind: kind, Err: errors.New("x")}
		says(t, e.Hint(), want)
	}
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
