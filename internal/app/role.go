package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sethvargo/go-githubactions"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/event"
	"lambda-release/internal/input"
	"lambda-release/internal/report"
)

// audience is the audience of the job's token, as in the trust policy of the role:
// STS, which has a different name in China.
func audience(role string) string {
	if strings.HasPrefix(role, "arn:aws-cn:") {
		return "sts.amazonaws.com.cn"
	}
	return "sts.amazonaws.com"
}

// role is the role to assume, nil to use the credentials in the environment.
func role(in input.Input, ev event.Event, getenv func(string) string, out *report.Reporter) *awsapi.Role {
	if in.Role == "" {
		return nil
	}
	name := in.SessionName
	if name == "" {
		name = fmt.Sprintf("lambda-release-%d", ev.RunID)
	}
	actions := githubactions.New(githubactions.WithGetenv(getenv))
	return &awsapi.Role{
		ARN: in.Role, SessionName: name, Duration: in.SessionTime, Mask: out.Mask,
		Token: func(ctx context.Context) (string, error) {
			token, err := actions.GetIDToken(ctx, audience(in.Role))
			if _, missing := errors.AsType[*githubactions.EnvMissingError](err); missing {
				err = fmt.Errorf("%w: %w", awsapi.ErrNoToken, err)
			}
			return token, err
		},
	}
}
