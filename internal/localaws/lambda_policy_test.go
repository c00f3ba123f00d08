package localaws_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/google/go-cmp/cmp"
)

const (
	apiARN      = "arn:aws:execute-api:eu-central-1:123456789012:abc123/prod/*/*"
	stalePolicy = "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest Revision Id"
)

func addPermission(t *testing.T, api *lambda.Client, id, qualifier string, opts ...func(*lambda.AddPermissionInput)) (*lambda.AddPermissionOutput, error) {
	t.Helper()
	in := &lambda.AddPermissionInput{
		FunctionName: aws.String("fn"),
		StatementId:  &id,
		Action:       aws.String("lambda:InvokeFunction"),
		Principal:    aws.String("apigateway.amazonaws.com"),
		SourceArn:    aws.String(apiARN),
	}
	if qualifier != "" {
		in.Qualifier = &qualifier
	}
	for _, opt := range opts {
		opt(in)
	}
	return api.AddPermission(t.Context(), in)
}

func getPolicy(t *testing.T, api *lambda.Client, qualifier string) (*lambda.GetPolicyOutput, error) {
	t.Helper()
	in := &lambda.GetPolicyInput{FunctionName: aws.String("fn")}
	if qualifier != "" {
		in.Qualifier = &qualifier
	}
	return api.GetPolicy(t.Context(), in)
}

func removePermission(t *testing.T, api *lambda.Client, id, qualifier string, opts ...func(*lambda.RemovePermissionInput)) error {
	t.Helper()
	in := &lambda.RemovePermissionInput{FunctionName: aws.String("fn"), StatementId: &id}
	if qualifier != "" {
		in.Qualifier = &qualifier
	}
	for _, opt := range opts {
		opt(in)
	}
	_, err := api.RemovePermission(t.Context(), in)
	return err
}

// document decodes a policy or a statement.
func document(t *testing.T, s *string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(*s), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func withProd(t *testing.T) (*localaws.Cloud, *lambda.Client) {
	t.Helper()
	c, api := withVersions(t, 1)
	c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
	return c, api
}

func TestPolicyOfEachQualifier(t *testing.T) {
	t.Parallel()
	const missing = "The resource you requested does not exist."
	for _, qualifier := range []string{"", "1", "prod"} {
		t.Run("qualifier "+qualifier, func(t *testing.T) {
			t.Parallel()
			c, api := withProd(t)
			_, err := getPolicy(t, api, qualifier)
			wantError(t, err, 404, "ResourceNotFoundException", missing)

			resource := arn
			if qualifier != "" {
				resource += ":" + qualifier
			}
			statement := map[string]any{
				"Sid":       "api",
				"Effect":    "Allow",
				"Principal": map[string]any{"Service": "apigateway.amazonaws.com"},
				"Action":    "lambda:InvokeFunction",
				"Resource":  resource,
				"Condition": map[string]any{"ArnLike": map[string]any{"AWS:SourceArn": apiARN}},
			}
			added := must(addPermission(t, api, "api", qualifier))(t)
			equal(t, "status", c.Calls()[1].Status, http.StatusCreated)
			if diff := cmp.Diff(any(statement), document(t, added.Statement)); diff != "" {
				t.Errorf("statement: %s", diff)
			}
			policy := must(getPolicy(t, api, qualifier))(t)
			want := map[string]any{"Version": "2012-10-17", "Id": "default", "Statement": []any{statement}}
			if diff := cmp.Diff(any(want), document(t, policy.Policy)); diff != "" {
				t.Errorf("policy: %s", diff)
			}

			for _, other := range []string{"", "1", "prod"} {
				if other != qualifier {
					_, err := getPolicy(t, api, other)
					wantError(t, err, 404, "ResourceNotFoundException", missing)
				}
			}

			_, err = addPermission(t, api, "api", qualifier)
			wantError(t, err, 409, "ResourceConflictException", "The statement id (api) provided already exists. Please provide a new statement id, or remove the existing statement.")

			if err := removePermission(t, api, "api", qualifier); err != nil {
				t.Fatal(err)
			}
			_, err = getPolicy(t, api, qualifier)
			wantError(t, err, 404, "ResourceNotFoundException", missing)
		})
	}
}

func TestPolicyOfLatest(t *testing.T) {
	t.Parallel()
	_, api := withProd(t)
	const message = "We currently do not support adding policies for $LATEST."
	_, err := addPermission(t, api, "api", "$LATEST")
	wantError(t, err, 400, "InvalidParameterValueException", message)
}

func TestPolicyOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	_, api := withProd(t)
	for qualifier, message := range map[string]string{
		"9":   "Function not found: " + arn + ":9",
		"dev": "Cannot find alias arn: " + arn + ":dev",
		"$x":  "Function not found: " + arn + ":$x",
	} {
		_, err := addPermission(t, api, "api", qualifier)
		wantError(t, err, 404, "ResourceNotFoundException", message)
		_, err = getPolicy(t, api, qualifier)
		wantError(t, err, 404, "ResourceNotFoundException", "The resource you requested does not exist.")
		wantError(t, removePermission(t, api, "api", qualifier), 404, "ResourceNotFoundException", message)
	}
	_, err := addPermission(t, api, "api", "", func(in *lambda.AddPermissionInput) { in.FunctionName = aws.String("other") })
	const other = "arn:aws:lambda:eu-central-1:123456789012:function:other"
	wantError(t, err, 404, "ResourceNotFoundException", "Function not found: "+other)
	_, err = api.GetPolicy(t.Context(), &lambda.GetPolicyInput{FunctionName: aws.String("other")})
	wantError(t, err, 404, "ResourceNotFoundException", "The resource you requested does not exist.")
	_, err = api.RemovePermission(t.Context(), &lambda.RemovePermissionInput{FunctionName: aws.String("other"), StatementId: aws.String("api")})
	wantError(t, err, 404, "ResourceNotFoundException", "No policy found for: "+other)
}

func TestRemovePermission(t *testing.T) {
	t.Parallel()
	c, api := withProd(t)
	wantError(t, removePermission(t, api, "one", "prod"), 404, "ResourceNotFoundException", "No policy is associated with the given resource.")
	must(addPermission(t, api, "one", "prod"))(t)
	must(addPermission(t, api, "two", "prod"))(t)
	wantError(t, removePermission(t, api, "three", "prod"), 404, "ResourceNotFoundException", "Statement three is not found in resource policy.")
	if err := removePermission(t, api, "one", "prod"); err != nil {
		t.Fatal(err)
	}
	calls := c.Calls()
	equal(t, "status", calls[len(calls)-1].Status, http.StatusNoContent)
	policy := document(t, must(getPolicy(t, api, "prod"))(t).Policy).(map[string]any)
	left := policy["Statement"].([]any)
	equal(t, "number of statements", len(left), 1)
	equal(t, "statement", left[0].(map[string]any)["Sid"], any("two"))
}

func TestPolicyRevisions(t *testing.T) {
	t.Parallel()
	for _, qualifier := range []string{"", "1", "prod"} {
		t.Run("qualifier "+qualifier, func(t *testing.T) {
			t.Parallel()
			c, api := withProd(t)
			must(addPermission(t, api, "one", qualifier))(t)
			first := *must(getPolicy(t, api, qualifier))(t).RevisionId
			with := func(id string) func(*lambda.AddPermissionInput) {
				return func(in *lambda.AddPermissionInput) { in.RevisionId = &id }
			}
			must(addPermission(t, api, "two", qualifier, with(first)))(t)
			_, err := addPermission(t, api, "three", qualifier, with(first))
			wantError(t, err, 412, "PreconditionFailedException", stalePolicy)
			err = removePermission(t, api, "one", qualifier, func(in *lambda.RemovePermissionInput) { in.RevisionId = &first })
			wantError(t, err, 412, "PreconditionFailedException", stalePolicy)

			// It is the RevisionId of the function, alias or version.
			second := *must(getPolicy(t, api, qualifier))(t).RevisionId
			a, _ := c.Alias("fn", "prod")
			switch qualifier {
			case "":
				equal(t, "RevisionId of $LATEST", *getFunction(t, api, "").RevisionId, second)
			case "prod":
				equal(t, "RevisionId of the alias", a.RevisionId, second)
			default:
				equal(t, "RevisionId of the version", *getFunction(t, api, "1").RevisionId, second) // V11
			}

			// It stays when that changes in another way.
			c.Upload("fn", "new")
			c.Publish("fn", "")
			c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
			equal(t, "RevisionId after other changes", *must(getPolicy(t, api, qualifier))(t).RevisionId, second)
		})
	}
}

func TestAddPermissionInput(t *testing.T) {
	t.Parallel()
	_, api := withProd(t)
	const failed = " failed to satisfy constraint: Member must satisfy regular expression pattern: "
	tests := map[string]struct {
		change  func(*lambda.AddPermissionInput)
		code    string
		message string
	}{
		"statement id": {func(in *lambda.AddPermissionInput) { in.StatementId = aws.String("a b") }, "ValidationException", "1 validation error detected: Value 'a b' at 'statementId'" + failed + "([a-zA-Z0-9-_]+)"},
		"action":       {func(in *lambda.AddPermissionInput) { in.Action = aws.String("Invoke") }, "ValidationException", "1 validation error detected: Value 'Invoke' at 'action'" + failed + "(lambda:[*]|lambda:[a-zA-Z]+|[*])"},
		"source":       {func(in *lambda.AddPermissionInput) { in.SourceArn = aws.String("api") }, "ValidationException", "1 validation error detected: Value 'api' at 'sourceArn'" + failed + `arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)`},
		"account":      {func(in *lambda.AddPermissionInput) { in.SourceAccount = aws.String("1") }, "ValidationException", "1 validation error detected: Value '1' at 'sourceAccount'" + failed + `\d{12}`},
		"organization": {func(in *lambda.AddPermissionInput) { in.PrincipalOrgID = aws.String("o-1234567890-") }, "ValidationException", "1 validation error detected: Value 'o-1234567890-' at 'principalOrgID'" + failed + "o-[a-z0-9]{10,32}"},
		"token":        {func(in *lambda.AddPermissionInput) { in.EventSourceToken = aws.String("a b") }, "ValidationException", "1 validation error detected: Value 'a b' at 'eventSourceToken'" + failed + `[a-zA-Z0-9._\-]+`},
		"principal":    {func(in *lambda.AddPermissionInput) { in.Principal = aws.String("nobody") }, "InvalidParameterValueException", "The provided principal was invalid. Please check the principal and try again."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := addPermission(t, api, "api", "prod", tt.change)
			wantError(t, err, 400, tt.code, tt.message)
		})
	}

	principals := map[string]any{
		"*":                                "*",
		"210987654321":                     map[string]any{"AWS": "arn:aws:iam::210987654321:root"},
		"arn:aws:iam::210987654321:user/u": map[string]any{"AWS": "arn:aws:iam::210987654321:user/u"},
		"s3.amazonaws.com":                 map[string]any{"Service": "s3.amazonaws.com"},
		"alexa-appkit.amazon.com":          map[string]any{"Service": "alexa-appkit.amazon.com"},
	}
	for name, want := range principals {
		t.Run("principal "+name, func(t *testing.T) {
			t.Parallel()
			_, api := withProd(t)
			out := must(addPermission(t, api, "api", "prod", func(in *lambda.AddPermissionInput) {
				in.Principal = &name
				in.SourceAccount = aws.String("210987654321")
			}))(t)
			got := document(t, out.Statement).(map[string]any)
			if diff := cmp.Diff(want, got["Principal"]); diff != "" {
				t.Error(diff)
			}
			condition := map[string]any{"ArnLike": map[string]any{"AWS:SourceArn": apiARN}, "StringEquals": map[string]any{"AWS:SourceAccount": "210987654321"}}
			if diff := cmp.Diff(any(condition), got["Condition"]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPolicyLength(t *testing.T) {
	t.Parallel()
	_, api := withProd(t)
	const most = 20480
	size := func() int { return len(*must(getPolicy(t, api, "prod"))(t).Policy) }
	one, added := 0, 0
	for ; added < 2 || size()+one <= most; added++ {
		before := 0
		if added > 0 {
			before = size()
		}
		must(addPermission(t, api, fmt.Sprintf("api-%02d", added), "prod"))(t)
		one = size() - before
	}
	_, err := addPermission(t, api, "api-99", "prod")
	wantError(t, err, 400, "PolicyLengthExceededException", fmt.Sprintf("The final policy size (%d) is bigger than the limit (20480).", size()+one))
	if err := removePermission(t, api, "api-00", "prod"); err != nil {
		t.Fatal(err)
	}
	must(addPermission(t, api, "api-99", "prod"))(t)
}
