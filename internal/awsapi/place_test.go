package awsapi_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
)

// Hints name what there is where the program runs.
func TestHintsFitThePlace(t *testing.T) {
	emptyProcess(t)
	for name, tt := range map[string]struct {
		env       map[string]string
		want, not []string
	}{
		"laptop":                {nil, []string{"`aws sso login`", "AWS_PROFILE", "MFA"}, []string{"id-token", "`role-to-assume`", "hop"}},
		"GitHub":                {map[string]string{"GITHUB_ACTIONS": "true"}, []string{"`permissions: id-token: write`", "fork"}, []string{"sso", "hop"}},
		"GitHub, Docker action": {map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": "/github/workspace"}, []string{"id-token", "--http-put-response-hop-limit 2"}, []string{"sso"}},
		"GitLab":                {map[string]string{"CI": "true", "GITLAB_CI": "true"}, []string{"AWS_WEB_IDENTITY_TOKEN_FILE"}, []string{"sso", "id-token", "hop", "fork"}},
		"GitLab, container":     {map[string]string{"GITLAB_CI": "true", "CI_JOB_IMAGE": "golang"}, []string{"hop-limit 2"}, []string{"sso"}},
		"docker run":            {map[string]string{"HOSTNAME": "0123456789ab"}, []string{"`aws sso login`", "hop-limit 2"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AWS_EC2_METADATA_DISABLED", "false")
			t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1") // which w does not dial
			env := environment(local)
			delete(env, "AWS_ACCESS_KEY_ID")
			for key, value := range tt.env {
				env[key] = value
			}
			synctest.Test(t, func(t *testing.T) { // the SDK tries for seconds
				w := newCloud(t, localaws.Options{})
				_, err := awsapi.Open(t.Context(), awsapi.Options{Dial: w.dial, Getenv: getenv(env)})
				isKind(t, err, awsapi.NoCredentials)
				hint := hintOf(t, err)
				says(t, hint, tt.want...)
				for _, not := range tt.not {
					if strings.Contains(hint, not) {
						t.Errorf("says %q: %s", not, hint)
					}
				}
			})
		})
	}
}

func TestExpiredCredentialsOnALaptop(t *testing.T) {
	t.Parallel()
	for ci, want := range map[string]string{"": "`aws sso login`", "true": "right before this step"} {
		w := newCloud(t, localaws.Options{})
		w.spoil("", always, refusal(403, "ExpiredTokenException", "The security token included in the request is expired"))
		env := environment(local)
		env["CI"] = ci
		_, err := w.open(t, func(o *awsapi.Options) { o.Getenv = getenv(env) }).Alias(t.Context(), items, "prod")
		isKind(t, err, awsapi.BadCredentials)
		says(t, hintOf(t, err), "region eu-central-1", want)
	}
}

// An explicit deny may ask for MFA, which a person can provide.
func TestDeniedWithoutMFA(t *testing.T) {
	t.Parallel()
	for ci, mfa := range map[string]bool{"": true, "true": false} {
		w := newCloud(t, localaws.Options{})
		w.spoil("", always, refusal(403, "AccessDeniedException", "User: arn:aws:iam::123456789012:user/anna is not authorized to perform: lambda:GetAlias with an explicit deny in an identity-based policy"))
		env := environment(local)
		env["CI"] = ci
		_, err := w.open(t, func(o *awsapi.Options) { o.Getenv = getenv(env) }).Alias(t.Context(), items, "prod")
		if got := strings.Contains(hintOf(t, err), "MFA"); got != mfa {
			t.Errorf("CI %q: %s", ci, hintOf(t, err))
		}
	}
}
