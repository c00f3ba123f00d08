package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/ci"
	"lambda-release/internal/input"
	"lambda-release/internal/policy"
	"lambda-release/internal/report"
	"lambda-release/internal/rollout"
)

// role is the role to assume, nil to use the credentials in the environment.
func role(j job, getenv func(string) string, out *report.Reporter) *awsapi.Role {
	if j.in.Role == "" {
		return nil
	}
	name := cmp.Or(j.in.SessionName, fmt.Sprintf("lambda-release-%d", j.ev.RunID))
	return &awsapi.Role{
		ARN: j.in.Role, SessionName: name, Duration: j.in.SessionTime, Mask: out.Mask,
		Token: func(ctx context.Context) (string, error) {
			token, err := j.system.Token(ctx, policy.Audience(partitionOf(j.in, getenv)))
			if errors.Is(err, ci.ErrNoToken) {
				why := strings.TrimPrefix(err.Error(), ci.ErrNoToken.Error())
				err = fmt.Errorf("%w%s", awsapi.ErrNoToken, why)
			}
			return token, err
		},
	}
}

// checkToken refuses a run that takes longer than a session which cannot be renewed,
// because the job has one token only.
func checkToken(in input.Input, system ci.System) error {
	variable := system.OnlyToken()
	if in.Role == "" || variable == "" || ownTime(in) < in.SessionTime {
		return nil
	}
	return input.Problem{
		Input: "role-duration-seconds", Value: fmt.Sprintf("%.0f", in.SessionTime.Seconds()),
		What:    fmt.Sprintf("the traffic shift, the bake time and the hooks may take %s, and the session cannot be renewed: the only token of the job, in %s, is valid for minutes", rollout.Duration(ownTime(in)), variable),
		Allowed: "set a longer one, as far as the role allows it, or shift the traffic in less time",
	}
}
