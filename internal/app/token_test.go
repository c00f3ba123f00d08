package app

import (
	"context"
	"testing"

	"lambda-release/internal/event"
	"lambda-release/internal/input"
	"lambda-release/internal/policy"
	"lambda-release/internal/report"
)

// A CI system that gives a job one token only: it cannot be renewed, and its audience was
// set before.
func TestOneToken(t *testing.T) {
	t.Parallel()
	in := input.Input{Role: "arn:aws:iam::123456789012:role/deploy"}
	none := func(string) string { return "" }
	asked := ""
	from := tokens{onlyOne: true, issue: func(_ context.Context, audience string) (string, error) {
		asked = audience
		return "t", nil
	}}
	r, _, err := roles(in, event.Event{RunID: 7}, from, policy.Needs{}, none, &report.Reporter{})
	if err != nil || !r.OneToken || r.SessionName != "lambda-release-7" {
		t.Fatalf("%+v, %v", r, err)
	}
	if token, err := r.Token(t.Context()); token != "t" || err != nil || asked != "sts.amazonaws.com" {
		t.Errorf("token %s for %s, %v", token, asked, err)
	}
	in.Audience = "x"
	const want = `audience "x": this CI system gives a job one OIDC token, whose audience is set where the job is defined; leave audience empty`
	if _, _, err := roles(in, event.Event{}, from, policy.Needs{}, none, &report.Reporter{}); err == nil || err.Error() != want {
		t.Error(err)
	}
}
