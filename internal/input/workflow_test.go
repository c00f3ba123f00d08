package input

import (
	"strings"
	"testing"
	"time"
)

const stage = "arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/prod"

func TestWorkflowInputs(t *testing.T) {
	t.Parallel()
	in, problems := parse("code=dist.zip", "api-gateway-stages=prod="+stage, "stage-variable=alias", "wait-for-provisioned-concurrency",
		"role-to-assume=arn:aws:iam::123456789012:role/ci/deploy", "role-session-name=me@ci", "role-duration-seconds=900")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if in.Code["orders"].Path != "dist.zip" || len(in.Stages["orders"]["prod"]) != 1 || in.StageVariable != "alias" || !in.WaitForProvisioned {
		t.Errorf("%+v", in)
	}
	if in.Role != "arn:aws:iam::123456789012:role/ci/deploy" || in.SessionName != "me@ci" || in.SessionTime != 15*time.Minute {
		t.Errorf("%+v", in)
	}
}

func TestWorkflowInputsRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ given, refused string }{
		{"code=s3://bucket", "code: "},
		{"code=a.zip|function-name=items", "code: "},
		{"code=nosuch=a.zip", "code: line 1: "},
		{"code=a.zip|code-sha256=" + hash, "code-sha256: conflicts"},
		{"code=a.zip|operation=rollback", "code: conflicts"},
		{"api-gateway-stages=" + stage, "api-gateway-stages: line 1: "},
		{"api-gateway-stages=1=" + stage, "api-gateway-stages: line 1: "},
		{"api-gateway-stages=prod=arn:aws:s3:::x", "api-gateway-stages: line 1: "},
		{"stage-variable=a-b", "stage-variable: not a name"},
		{"role-to-assume=deploy", "role-to-assume: not the ARN"},
		{"role-to-assume=arn:aws:iam::123456789012:user/me", "role-to-assume: not the ARN"},
		{"role-session-name=x", "role-session-name: not a name"},
		{"role-session-name=a b", "role-session-name: not a name"},
		{"role-duration-seconds=899", "role-duration-seconds: not a whole number"},
		{"role-duration-seconds=43201", "role-duration-seconds: not a whole number"},
		{"role-duration-seconds=1h", "role-duration-seconds: not a whole number"},
	} {
		t.Run(tt.given, func(t *testing.T) {
			t.Parallel()
			_, problems := parse(strings.Split(tt.given, "|")...)
			if len(problems) != 1 || !strings.HasPrefix(problems[0].Input+": "+problems[0].What, tt.refused) || problems[0].Allowed == "" {
				t.Errorf("refused with %+v, want %s", problems, tt.refused)
			}
		})
	}
}
