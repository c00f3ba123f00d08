package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/sethvargo/go-githubactions"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/ci"
	"lambda-release/internal/input"
	"lambda-release/internal/policy"
	"lambda-release/internal/report"
)

// role is the role to assume, nil to use the credentials in the environment.
func role(in input.Input, ev ci.Event, getenv func(string) string, out *report.Reporter) *awsapi.Role {
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
			token, err := actions.GetIDToken(ctx, policy.Audience(partitionOf(in, getenv)))
			if _, missing := errors.AsType[*githubactions.EnvMissingError](err); missing {
				err = fmt.Errorf("%w: %w", awsapi.ErrNoToken, err)
			}
			return token, err
		},
	}
}
