package gateway

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"lambda-release/internal/awsapi"
)

// permission is the one that a stage needs, with the least source that is
// every method, route and path of the stage, and nothing else of the API.
//
// A REST API invokes as API/STAGE/METHOD/PATH. An HTTP API does so, too, but
// its $default route, and every route of a WebSocket API, is API/STAGE/KEY:
// API/STAGE/*/* would not let those in.
// https://github.com/aws/serverless-application-model/issues/1860
func permission(s Stage, account string) awsapi.Permission {
	calls := "*/*"
	if s.HTTP {
		calls = "*"
	}
	return awsapi.Permission{
		ID:        statementID(s),
		Service:   "apigateway.amazonaws.com",
		Action:    "lambda:InvokeFunction",
		SourceARN: fmt.Sprintf("arn:%s:execute-api:%s:%s:%s/%s/%s", s.Partition, s.Region, account, s.APIID, s.Name, calls),
	}
}

// statementID is the id of the permission for a stage, the same in every run.
// The readable part is cut and not unique; the hash is of the stage's whole
// ARN. AWS takes 100 characters.
func statementID(s Stage) string {
	sum := sha256.Sum256([]byte(s.ARN))
	return fmt.Sprintf("lambda-release-%s-%s-%s", legal(s.APIID, 20), legal(s.Name, 40), hex.EncodeToString(sum[:])[:12])
}

// secondID ends the id that the permission gets while a statement that says
// something else has its own.
const secondID = "-b"

// legal is the beginning of a name in the characters that a statement's id may
// have.
func legal(name string, length int) string {
	name = strings.Map(func(c rune) rune {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' {
			return c
		}
		return '_'
	}, name)
	return name[:min(length, len(name))]
}

// step is one change of a policy: a statement to add, or the id of one to
// remove.
type step struct {
	add    awsapi.Permission
	remove string
}

// reconcile is what to do to a policy, in this order, so that it has what is
// wanted and none of our ids on anything else. A statement of somebody else's
// that says exactly what is wanted will do.
//
// A statement cannot be changed. One of ours that says something else is
// replaced under the other id, added before the old one is removed: at no
// moment is there less than there was, and whoever is interrupted leaves a
// policy that the next run finishes.
func reconcile(policy awsapi.Policy, want awsapi.Permission) []step {
	first, second := want.ID, want.ID+secondID
	allowed, byUs := false, false
	taken := map[string]bool{}
	var wrong []step
	for _, p := range policy.Permissions {
		id := p.ID
		p.ID = want.ID
		ours := id == first || id == second
		taken[id] = true
		switch {
		case ours && (p != want || byUs): // says something else, or what the other one says
			wrong = append(wrong, step{remove: id})
		case p == want:
			allowed, byUs = true, byUs || ours
		}
	}
	switch {
	case allowed:
		return wrong
	case taken[first] && taken[second]:
		want.ID = second
		return []step{{remove: second}, {add: want}, {remove: first}}
	case taken[first]:
		want.ID = second
	}
	return append([]step{{add: want}}, wrong...)
}

// rounds is how often the policy is read again since others change it, too.
const rounds = 5

// allow takes the steps one after the other. After the only one, an added
// statement mostly, there is nothing to look at. After every other, and after an
// error that may mean that it is done already, the policy is read again.
func (b *binding) allow(ctx context.Context) error {
	var last error
	for range rounds {
		steps := reconcile(b.policy, b.want)
		if len(steps) == 0 {
			return nil
		}
		err := b.take(ctx, steps[0])
		if err == nil && len(steps) == 1 {
			b.did(b.allowed())
			return nil
		}
		if err != nil && !mayBeDone(ctx, steps[0], err) || unclear(ctx, err) && unclear(ctx, last) {
			return b.failed(err)
		}
		last = err
		now, lookErr := b.aws.Policy(ctx, b.f.ID, b.alias)
		switch {
		case lookErr != nil:
			return b.failed(cmp.Or(err, lookErr))
		case len(reconcile(now, b.want)) == 0:
			b.did(b.allowed())
			return nil
		case err != nil && !unclear(ctx, err) && slices.Equal(now.Permissions, b.policy.Permissions) && now.Revision == b.policy.Revision:
			return b.failed(err) // nobody was first: AWS refuses it for another reason
		}
		b.policy = now
	}
	return b.failed(cmp.Or(last, fmt.Errorf("others keep changing the policy")))
}

// mayBeDone tells whether the policy may be as wanted although a step has
// failed: since its answer was lost, or since somebody else has been there.
func mayBeDone(ctx context.Context, s step, err error) bool {
	return unclear(ctx, err) || awsapi.Is(err, awsapi.Conflict) || awsapi.Is(err, awsapi.Stale) ||
		s.remove != "" && awsapi.Is(err, awsapi.NotFound)
}

func (b *binding) take(ctx context.Context, s step) error {
	if s.remove != "" {
		return b.aws.RemovePermission(ctx, b.f.ID, b.alias, s.remove, b.policy.Revision)
	}
	return b.aws.AddPermission(ctx, b.f.ID, b.alias, s.add)
}
