package localaws_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

const deployRole = "arn:aws:iam::123456789012:role/ci/deploy"

// jwt is an unsigned token.
func jwt(t *testing.T, claims map[string]any) string {
	t.Helper()
	encode := func(v any) string { return base64.RawURLEncoding.EncodeToString(must(json.Marshal(v))(t)) }
	return encode(map[string]string{"alg": "RS256", "typ": "JWT"}) + "." + encode(claims) + ".c2lnbmF0dXJl"
}

func assume(t *testing.T, api *sts.Client, token string, opts ...func(*sts.AssumeRoleWithWebIdentityInput)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	t.Helper()
	in := &sts.AssumeRoleWithWebIdentityInput{RoleArn: aws.String(deployRole), RoleSessionName: aws.String("run-4711"), WebIdentityToken: &token}
	for _, opt := range opts {
		opt(in)
	}
	return api.AssumeRoleWithWebIdentity(t.Context(), in)
}

func TestAssumeRoleWithWebIdentity(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		c, conf := serve(t, localaws.Options{})
		c.AddFunction("fn")
		c.AddRole(deployRole, "repo:octo-org/octo-repo:ref:refs/heads/*")
		anonymous := conf
		anonymous.Credentials = aws.AnonymousCredentials{}
		claims := map[string]any{"iss": "https://token.actions.githubusercontent.com", "sub": "repo:octo-org/octo-repo:ref:refs/heads/main", "aud": "sts.amazonaws.com", "exp": time.Now().Add(5 * time.Minute).Unix()}
		out := must(assume(t, sts.NewFromConfig(anonymous), jwt(t, claims), func(in *sts.AssumeRoleWithWebIdentityInput) { in.DurationSeconds = aws.Int32(900) }))(t)
		equal(t, "role", *out.AssumedRoleUser.Arn, "arn:aws:sts::123456789012:assumed-role/deploy/run-4711")
		equal(t, "subject", *out.SubjectFromWebIdentityToken, "repo:octo-org/octo-repo:ref:refs/heads/main")
		equal(t, "lasts", out.Credentials.Expiration.Sub(time.Now()), 15*time.Minute)
		equal(t, "record", fmt.Sprint(c.Calls()[0].Service, c.Calls()[0].Operation), "stsAssumeRoleWithWebIdentity")

		inRole := conf
		inRole.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey, SessionToken: *out.Credentials.SessionToken}, nil
		})
		equal(t, "caller", *must(sts.NewFromConfig(inRole).GetCallerIdentity(t.Context(), nil))(t).Arn, *out.AssumedRoleUser.Arn)
		equal(t, "another caller", *must(sts.NewFromConfig(conf).GetCallerIdentity(t.Context(), nil))(t).Arn, "arn:aws:iam::123456789012:user/localaws")
		calls := map[string]func() error{
			"lambda": func() error {
				_, err := lambda.NewFromConfig(inRole).GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("fn")})
				return err
			},
			"cloudwatch": func() error {
				_, err := cloudwatch.NewFromConfig(inRole).DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{})
				return err
			},
			"codedeploy": func() error {
				_, err := codedeploy.NewFromConfig(inRole).ListDeploymentConfigs(t.Context(), nil)
				return err
			},
			"sts": func() error {
				_, err := sts.NewFromConfig(inRole).GetCallerIdentity(t.Context(), nil)
				return err
			},
		}
		time.Sleep(15*time.Minute - time.Second)
		for name, call := range calls {
			if err := call(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		time.Sleep(time.Second)
		for _, call := range calls {
			wantError(t, call(), 403, "ExpiredTokenException", "The security token included in the request is expired")
		}

		inRole.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey}, nil
		})
		_, err := lambda.NewFromConfig(inRole).GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("fn")})
		wantError(t, err, 403, "UnrecognizedClientException", "The security token included in the request is invalid.")
	})
}

func TestAssumeRoleRefused(t *testing.T) {
	t.Parallel()
	withRoles := func(t *testing.T) *sts.Client {
		t.Helper()
		onDate()
		c, conf := serve(t, localaws.Options{})
		c.AddRole(deployRole, "repo:octo-org/octo-repo:*")
		c.AddRole("arn:aws:iam::123456789012:role/long", "*", func(r *localaws.Role) { r.MaxSession, r.Audience = 12*time.Hour, "mine" })
		return sts.NewFromConfig(conf)
	}
	claims := func(name string, value any) map[string]any {
		all := map[string]any{"sub": "repo:octo-org/octo-repo:environment:prod", "aud": []string{"other", "sts.amazonaws.com"}, "exp": date.Add(time.Minute).Unix()}
		all[name] = value
		return all
	}
	good := jwt(t, claims("iss", "https://token.actions.githubusercontent.com"))
	synctest.Test(t, func(t *testing.T) {
		api := withRoles(t)
		must(assume(t, api, good))(t)
		must(assume(t, api, jwt(t, claims("aud", "mine")), func(in *sts.AssumeRoleWithWebIdentityInput) {
			in.RoleArn, in.DurationSeconds = aws.String("arn:aws:iam::123456789012:role/long"), aws.Int32(43200)
		}))(t)
		_, err := assume(t, api, "not.a.token")
		var typed *types.InvalidIdentityTokenException
		equal(t, "error has its type", errors.As(err, &typed), true)
	})

	type input = sts.AssumeRoleWithWebIdentityInput
	const one = "1 validation error detected: Value "
	for name, tt := range map[string]struct {
		token         string
		change        func(*input)
		status        int
		code, message string
	}{
		"another subject": {jwt(t, claims("sub", "repo:octo-org/other:ref:refs/heads/main")), nil, 403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
		"no such role":    {good, func(in *input) { in.RoleArn = aws.String(deployRole + "x") }, 403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
		"audience":        {jwt(t, claims("aud", "https://github.com/octo-org")), nil, 400, "InvalidIdentityToken", "Incorrect token audience"},
		"expired":         {jwt(t, claims("exp", date.Unix())), nil, 400, "ExpiredTokenException", fmt.Sprintf("Token expired: current date/time %d must be before the expiration date/time %d", date.Unix(), date.Unix())},
		"no token":        {"not.a.token", nil, 400, "InvalidIdentityToken", "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"},
		"session name":    {good, func(in *input) { in.RoleSessionName = aws.String("run 4711") }, 400, "ValidationError", one + `'run 4711' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*`},
		"long name":       {good, func(in *input) { in.RoleSessionName = aws.String(strings.Repeat("x", 65)) }, 400, "ValidationError", one + "'" + strings.Repeat("x", 65) + "' at 'roleSessionName' failed to satisfy constraint: Member must have length less than or equal to 64"},
		"short":           {good, func(in *input) { in.DurationSeconds = aws.Int32(899) }, 400, "ValidationError", one + "'899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"},
		"long":            {good, func(in *input) { in.DurationSeconds = aws.Int32(3601) }, 400, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."},
		"no ARN":          {good, func(in *input) { in.RoleArn = aws.String("deploy-role-of-the-team") }, 400, "ValidationError", "Request ARN is invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var opts []func(*input)
				if tt.change != nil {
					opts = append(opts, tt.change)
				}
				_, err := assume(t, withRoles(t), tt.token, opts...)
				wantError(t, err, tt.status, tt.code, tt.message)
			})
		})
	}
}

func TestUnknownIdentityProvider(t *testing.T) {
	t.Parallel()
	c, conf := serve(t, localaws.Options{})
	c.AddRole(deployRole, "*")
	c.AddIdentityProvider("https://gitlab.example.com")
	api := sts.NewFromConfig(conf)
	claims := map[string]any{"iss": "https://token.actions.githubusercontent.com", "sub": "x", "aud": "sts.amazonaws.com", "exp": time.Now().Add(time.Minute).Unix()}
	_, err := assume(t, api, jwt(t, claims))
	wantError(t, err, 400, "InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://token.actions.githubusercontent.com")
	c.AddIdentityProvider("https://token.actions.githubusercontent.com")
	must(assume(t, api, jwt(t, claims)))(t)
}
