package gateway

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"lambda-release/internal/awsapi"
)

// permission is the permission that a stage needs. Its source covers every
// method, route and path of the stage, and nothing else of the API.
//
// A REST API invokes as API/STAGE/METHOD/PATH. An HTTP API does so, too, but
// its $default route, and every route of a WebSocket API, is API/STAGE/KEY,
// which API/STAGE/*/* does not match.
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
// The readable part is truncated and not unique; the hash is of the stage's
// whole ARN. AWS takes at most 100 characters.
func statementID(s Stage) string {
	sum := sha256.Sum256([]byte(s.ARN))
	return fmt.Sprintf("lambda-release-%s-%s-%s", legal(s.APIID, 20), legal(s.Name, 40), hex.EncodeToString(sum[:])[:12])
}

// secondID is appended to the id of the permission while another statement has
// that id.
const secondID = "-b"

// legal is the beginning of a name, with characters that a statement's id may
// not have replaced.
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

// reconcile returns the changes to a policy, in order, after which it grants what
// is wanted and uses our ids for nothing else. A statement with another id that
// grants exactly what is wanted is enough.
//
// A statement cannot be changed. One of ours that grants something else is
// replaced under the other id, which is added before the old one is removed: the
// policy never grants less than before, and the next run completes what an
// interrupted run has left.
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
		case ours && (p != want || byUs): // grants something else, or is a duplicate
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

// allow takes the steps one after the other. The last one, mostly the only one,
// needs no further read; after every other the policy is read again.
//
// An error that no read explains means that AWS is not ready yet, for example
// because this run has just created the alias or another change of the policy is
// in progress. It is waited out for as long as ctx allows.
func (b *binding) allow(ctx context.Context) error {
	var (
		pace awsapi.Backoff
		last error
	)
	for {
		steps := reconcile(b.policy, b.want)
		if len(steps) == 0 {
			return nil
		}
		calls := 1
		err := b.take(ctx, steps[0])
		switch {
		case err == nil && len(steps) == 1:
			b.did(b.allowed())
			return nil
		case err != nil && !mayPass(err), ambiguous(err) && ambiguous(last):
			return b.failed(err)
		case steps[0].remove == "" && awsapi.Is(err, awsapi.NotFound): // AWS does not know the alias yet
		default:
			calls++
			done, readErr := b.reread(ctx)
			switch {
			case readErr != nil:
				return b.failed(cmp.Or(err, readErr))
			case done:
				b.did(b.allowed())
				return nil
			}
		}
		last = err
		if waitErr := pace.Wait(ctx, calls); waitErr != nil {
			return b.failed(cmp.Or(awsapi.GaveUp(ctx, err), waitErr))
		}
	}
}

// reread reads the policy after a step, also if ctx has ended meanwhile, and
// reports whether it is as wanted.
func (b *binding) reread(ctx context.Context) (done bool, err error) {
	ctx, cancel := awsapi.Confirming(ctx)
	defer cancel()
	b.policy, err = b.aws.Policy(ctx, b.fn, b.alias)
	return err == nil && len(reconcile(b.policy, b.want)) == 0, err
}

// mayPass reports whether a step that has failed may have been carried out, or
// may be later: its answer was lost, another run has changed the policy, or AWS is
// not ready for it.
func mayPass(err error) bool {
	return ambiguous(err) || awsapi.Is(err, awsapi.Conflict) || awsapi.Is(err, awsapi.Stale) || awsapi.Is(err, awsapi.NotFound)
}

func (b *binding) take(ctx context.Context, s step) error {
	if s.remove != "" {
		return b.aws.RemovePermission(ctx, b.fn, b.alias, s.remove, b.policy.Revision)
	}
	return b.aws.AddPermission(ctx, b.fn, b.alias, s.add)
}
