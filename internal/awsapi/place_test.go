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
	inCI := &awsapi.CI{NoCredentials: "Give the job `id_tokens`."}
	for name, tt := range map[string]struct {
		ci        *awsapi.CI
		env       map[string]string
		want, not []string
	}{
		"laptop":            {nil, nil, []string{"`aws sso login`", "AWS_PROFILE", "MFA"}, []string{"id_tokens", "`role-to-assume`", "hop"}},
		"CI":                {inCI, nil, []string{"Give the job `id_tokens`."}, []string{"sso", "hop"}},
		"CI, Docker action": {inCI, map[string]string{"GITHUB_WORKSPACE": "/github/workspace"}, []string{"id_tokens", "--http-put-response-hop-limit 2"}, []string{"sso"}},
		"CI, container":     {inCI, map[string]string{"CI_JOB_IMAGE": "golang"}, []string{"hop-limit 2"}, []string{"sso"}},
		"docker run":        {nil, map[string]string{"HOSTNAME": "0123456789ab"}, []string{"`aws sso login`", "hop-limit 2"}, nil},
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
				_, err := awsapi.Open(t.Context(), awsapi.Options{Dial: w.dial, Getenv: getenv(env), CI: tt.ci})
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
	for ci, want := range map[*awsapi.CI]string{nil: "`aws sso login`", {Expired: "Obtain them again."}: "Obtain them again."} {
		w := newCloud(t, localaws.Options{})
		w.spoil("", always, refusal(403, "ExpiredTokenException", "The security token included in the request is expired"))
		_, err := w.open(t, func(o *awsapi.Options) { o.CI = ci }).Alias(t.Context(), items, "prod")
		isKind(t, err, awsapi.BadCredentials)
		says(t, hintOf(t, err), "region eu-central-1", want)
	}
}

// An explicit deny may ask for MFA, which a person can provide.
func TestDeniedWithoutMFA(t *testing.T) {
	t.Parallel()
	for ci, mfa := range map[*awsapi.CI]bool{nil: true, {}: false} {
		w := newCloud(t, localaws.Options{})
		w.spoil("", always, refusal(403, "AccessDeniedException", "User: arn:aws:iam::123456789012:user/anna is not authorized to perform: lambda:GetAlias with an explicit deny in an identity-based policy"))
		_, err := w.open(t, func(o *awsapi.Options) { o.CI = ci }).Alias(t.Context(), items, "prod")
		if got := strings.Contains(hintOf(t, err), "MFA"); got != mfa {
			t.Errorf("CI %t: %s", ci != nil, hintOf(t, err))
		}
	}
}
