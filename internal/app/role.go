package app

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/event"
	"lambda-release/internal/input"
	"lambda-release/internal/policy"
	"lambda-release/internal/report"
)

// roles are the roles to assume, nil to use the credentials in the environment; and what is
// to be said about them, "" if nothing is. needs is what this run may do.
func roles(in input.Input, ev event.Event, from tokens, needs policy.Needs, getenv func(string) string, out *report.Reporter) (r *awsapi.Roles, fact string, err error) {
	arns := in.Roles()
	if len(arns) == 0 {
		return nil, "", nil
	}
	r = &awsapi.Roles{
		ARNs: arns, SessionName: cmp.Or(in.SessionName, fmt.Sprintf("lambda-release-%d", ev.RunID)), Duration: in.SessionTime,
		ExternalID: in.ExternalID, Mask: out.Mask,
	}
	if in.Role != "" {
		if in.Audience != "" && from.onlyOne {
			return nil, "", input.Problem{
				Input: "audience", Value: in.Audience, What: "this CI system gives a job one OIDC token, whose audience is set where the job is defined",
				Allowed: "leave audience empty",
			}
		}
		audience := cmp.Or(in.Audience, policy.Audience(partitionOf(in, getenv)))
		r.OneToken = from.onlyOne
		r.Token = func(ctx context.Context) (string, error) { return from.issue(ctx, audience) }
	}
	if in.LeastPrivilege {
		fact, err = limit(r, needs)
	}
	return r, fact, err
}

// limit limits the last session to what a run may do, and says how.
func limit(r *awsapi.Roles, needs policy.Needs) (fact string, err error) {
	s, err := policy.SessionFor(needs)
	if err != nil {
		return "", input.Problem{
			Input: "least-privilege-session", Value: "true", What: err.Error(),
			Allowed: "release fewer functions in one job, begin their names with the same 3 or more characters, or leave least-privilege-session out",
		}
	}
	r.Policy = s.JSON
	fact = fmt.Sprintf("the session is limited to what this run needs, with a policy of %d characters", len(s.JSON))
	if len(s.Patterns) > 0 {
		fact += ", in which functions are named as " + strings.Join(s.Patterns, ", ")
	}
	return fact, nil
}
