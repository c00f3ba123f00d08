// Package gateway leads callers to an alias: API Gateway stages, a function URL, and
// the permissions that another alias has.
//
//	gateway.go     binding stages; copy.go permissions
//	url.go         function URLs; cors.go their CORS settings
//	policy.go      changing the policy of an alias
//	permission.go  the permission of a stage
//	stage.go       the ARN of a stage
//
// A stage is bound by a permission of the alias that lets the stage invoke it, and
// by a variable of the stage with the alias's name, which an integration's URI refers
// to as ${stageVariables.NAME}.
//
// All of it is idempotent: it reads first, and writes only what differs. Permissions
// come first, so that no request reaches an alias that would refuse it. If several
// functions are behind one stage, Allow comes first for all of them.
package gateway

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
)

// Plan returns what Allow and Point would change, and changes nothing. The
// alias need not exist. fn needs its account and partition; see
// function.ID.Resolved.
func Plan(ctx context.Context, aws *awsapi.Client, fn function.ID, alias string, s Stage, variable string) ([]string, error) {
	b, err := newBinding(aws, fn, alias, s, variable)
	if err != nil {
		return nil, err
	}
	var policy awsapi.Policy
	var both errgroup.Group
	both.Go(func() (err error) {
		policy, err = aws.Policy(ctx, fn, alias)
		return err
	})
	both.Go(func() (err error) {
		b.variables, err = aws.StageVariables(ctx, s)
		return err
	})
	if err := both.Wait(); err != nil {
		return nil, b.failed(err)
	}
	var changes []string
	if len(b.left(policy)) > 0 {
		changes = append(changes, b.allowed())
	}
	if b.variables[variable] != alias {
		changes = append(changes, b.pointed())
	}
	return changes, nil
}

// Allow lets a stage invoke the alias of a function, which must exist; the stage
// may be in another region. fn needs its account and partition. The changes are
// returned in words, also along with an error, and passed to report as they happen.
func Allow(ctx context.Context, aws *awsapi.Client, fn function.ID, alias string, s Stage, report func(string)) ([]string, error) {
	b, err := newBinding(aws, fn, alias, s, "")
	if err != nil {
		return nil, err
	}
	b.report = report
	taken, err := allow(ctx, aws, fn, alias, b.left)
	if err != nil {
		return nil, b.failed(err)
	}
	if len(taken) > 0 {
		b.did(b.allowed())
	}
	return b.changed, nil
}

// Point sets the stage's variable to the alias's name. All functions behind the
// stage share the variable. The changes are returned and passed to report as by
// Allow.
func Point(ctx context.Context, aws *awsapi.Client, alias string, s Stage, variable string, report func(string)) ([]string, error) {
	b := &binding{aws: aws, alias: alias, stage: s, variable: variable, progress: progress{report: report}}
	var err error
	if b.variables, err = aws.StageVariables(ctx, s); err != nil {
		return nil, b.failed(err)
	}
	err = b.point(ctx)
	return b.changed, err
}

// binding is an alias and a stage: what they should be, and what was read.
type binding struct {
	aws      *awsapi.Client
	fn       function.ID
	alias    string
	stage    Stage
	variable string

	want      awsapi.Permission // with its ID unless another statement has that
	variables map[string]string // of the stage, as last read
	progress
}

// progress is what has changed, in words.
type progress struct {
	report  func(string) // gets each change as it happens
	changed []string
}

func (p *progress) did(what string) {
	p.changed = append(p.changed, what)
	p.report(what)
}

func newBinding(aws *awsapi.Client, fn function.ID, alias string, s Stage, variable string) (*binding, error) {
	b := &binding{aws: aws, fn: fn, alias: alias, stage: s, variable: variable, want: permission(s, fn.Account)}
	switch {
	case fn.Account == "" || fn.Partition == "":
		return nil, b.failed(errors.New("the account of the function is not known"))
	case fn.Partition != s.Partition:
		return nil, b.failed(fmt.Errorf("the stage is in the partition %s and the function in %s, and neither can call the other", s.Partition, fn.Partition))
	}
	return b, nil
}

// left are the changes of the alias's policy that are left to do.
func (b *binding) left(policy awsapi.Policy) []step { return reconcile(policy, b.want) }

// point sets the stage's variable.
func (b *binding) point(ctx context.Context) error {
	if b.variables[b.variable] == b.alias {
		return nil
	}
	done := b.pointed()
	if err := b.aws.SetStageVariable(ctx, b.stage, b.variable, b.alias); err != nil {
		if !ambiguous(err) || !b.pointsTo(ctx) {
			return b.failed(err)
		}
	}
	b.did(done)
	return nil
}

// reads is how often a stage is read that may have been changed: a read may be
// older than the change.
const reads = 3

// pointsTo reports whether the stage's variable is as wanted after a change that
// AWS has not confirmed, also if ctx has ended meanwhile.
func (b *binding) pointsTo(ctx context.Context) bool {
	ctx, cancel := awsapi.Confirming(ctx)
	defer cancel()
	var pace awsapi.Backoff
	for range reads {
		now, err := b.aws.StageVariables(ctx, b.stage)
		if err != nil || now[b.variable] == b.alias {
			return err == nil
		}
		if pace.Wait(ctx, 1) != nil {
			break
		}
	}
	return false
}

// ambiguous reports whether a failed call may have been carried out.
func ambiguous(err error) bool { return awsapi.EffectOf(err) > awsapi.Rejected }

func (b *binding) allowed() string {
	return fmt.Sprintf("stage %s may invoke %s:%s", b.stage, b.fn.Name, b.alias)
}

func (b *binding) pointed() string {
	if was, set := b.variables[b.variable]; set {
		return fmt.Sprintf("variable %s of stage %s is %s, no longer %s", b.variable, b.stage, b.alias, was)
	}
	return fmt.Sprintf("variable %s of stage %s is %s", b.variable, b.stage, b.alias)
}

func (b *binding) failed(err error) error {
	name := b.alias
	if b.fn.Name != "" {
		name = b.fn.Name + ":" + b.alias
	}
	return fmt.Errorf("bind %s to %s: %w", b.stage, name, err)
}
