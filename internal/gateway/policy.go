package gateway

import (
	"cmp"
	"context"
	"slices"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
)

// step is one change of a policy: a statement to add, or the id of one to
// remove.
type step struct {
	add    awsapi.Permission
	remove string
}

// applied is what the statements are after the step.
func (s step) applied(have []awsapi.Permission) []awsapi.Permission {
	if s.remove == "" {
		return append(slices.Clone(have), s.add)
	}
	return slices.DeleteFunc(slices.Clone(have), func(p awsapi.Permission) bool { return p.ID == s.remove })
}

// shows reports whether the policy shows that the step was taken.
func (s step) shows(policy awsapi.Policy) bool {
	if s.remove == "" {
		return slices.Contains(policy.Permissions, s.add)
	}
	return !slices.ContainsFunc(policy.Permissions, func(p awsapi.Permission) bool { return p.ID == s.remove })
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

// allow changes the policy of an alias until nothing of what left returns is left to
// do, and returns the steps that were taken, also along with an error.
func allow(ctx context.Context, aws *awsapi.Client, fn function.ID, alias string, left func(awsapi.Policy) []step) ([]step, error) {
	g := &grants{aws: aws, fn: fn, alias: alias, left: left}
	var err error
	if g.policy, err = aws.Policy(ctx, fn, alias); err != nil {
		return nil, err
	}
	err = g.settle(ctx)
	return g.taken, err
}

// grants is the policy of an alias: what it is, and what is left to do.
type grants struct {
	aws   *awsapi.Client
	fn    function.ID
	alias string
	left  func(awsapi.Policy) []step // in order

	policy awsapi.Policy // as last read, with the steps taken since
	taken  []step
}

// settle takes the steps one after the other. Before a statement is removed, which
// needs the policy's revision, and after an error the policy is read again.
//
// An error that no read explains means that AWS is not ready yet, for example
// because this run has just created the alias or another change of the policy is
// in progress. It is waited out for as long as ctx allows, and the alias exists.
func (g *grants) settle(ctx context.Context) error {
	pace := g.aws.PaceFor(g.fn, g.alias)
	var last error
	for {
		steps := g.left(g.policy)
		if len(steps) == 0 {
			return nil
		}
		next := steps[0]
		calls := 1
		err := g.take(ctx, next)
		if err == nil {
			g.taken = append(g.taken, next)
		}
		switch {
		case err == nil && (len(steps) == 1 || steps[1].remove == ""):
			g.policy.Permissions = next.applied(g.policy.Permissions)
			last = nil
			continue
		case err != nil && !mayPass(err), ambiguous(err) && ambiguous(last):
			return err
		case next.remove == "" && awsapi.Is(err, awsapi.NotFound): // AWS does not know the alias yet
		default:
			calls++
			if readErr := g.reread(ctx); readErr != nil {
				return cmp.Or(err, readErr)
			}
			if err != nil && next.shows(g.policy) {
				g.taken = append(g.taken, next)
			}
			if len(g.left(g.policy)) == 0 {
				return nil
			}
		}
		last = err
		if ended := pace.Wait(ctx, calls, err); ended != nil {
			return ended
		}
	}
}

// reread reads the policy after a step, also if ctx has ended meanwhile.
func (g *grants) reread(ctx context.Context) (err error) {
	ctx, cancel := awsapi.Confirming(ctx)
	defer cancel()
	g.policy, err = g.aws.Policy(ctx, g.fn, g.alias)
	return err
}

// mayPass reports whether a step that has failed may have been carried out, or
// may be later: its answer was lost, another run has changed the policy, or AWS is
// not ready for it.
func mayPass(err error) bool {
	return ambiguous(err) || awsapi.Is(err, awsapi.Conflict) || awsapi.Is(err, awsapi.Stale) || awsapi.Is(err, awsapi.NotFound)
}

func (g *grants) take(ctx context.Context, s step) error {
	if s.remove != "" {
		return g.aws.RemovePermission(ctx, g.fn, g.alias, s.remove, g.policy.Revision)
	}
	return g.aws.AddPermission(ctx, g.fn, g.alias, s.add)
}
