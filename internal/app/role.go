package app

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/input"
	"lambda-release/internal/policy"
	"lambda-release/internal/report"
)

// roles are the roles to assume, nil to use the credentials in the environment; and what is
// to be said about them, "" if nothing is.
func roles(j job, getenv func(string) string, out *report.Reporter) (r *awsapi.Roles, fact string, err error) {
	arns := j.in.Roles()
	if len(arns) == 0 {
		return nil, "", nil
	}
	r = &awsapi.Roles{
		ARNs: arns, SessionName: cmp.Or(j.in.SessionName, fmt.Sprintf("lambda-release-%d", j.ev.RunID)), Duration: j.in.SessionTime,
		ExternalID: j.in.ExternalID, Mask: out.Mask,
	}
	if j.in.Role != "" {
		audience := cmp.Or(j.in.Audience, policy.Audience(partitionOf(j.in, getenv)))
		r.Token = func(ctx context.Context) (string, error) { return tokenOf(ctx, j.in, j.system, audience) }
		if j.in.TokenFile == "" { // which may be written again
			r.OnlyToken = j.system.OnlyToken()
		}
	}
	if j.in.LeastPrivilege {
		fact, err = limit(r, needsNow(j.in, j.target, getenv))
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
