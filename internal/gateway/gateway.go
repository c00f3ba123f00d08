// Package gateway binds a stage of API Gateway to an alias: the alias gets a
// permission of its own that lets the stage invoke it, and the stage gets the
// alias's name as a variable, which an integration's URI refers to as
// ${stageVariables.NAME}.
//
// Binding is idempotent. It reads first, and writes nothing where all is as
// wanted. The permission goes before the variable, so that no caller is led to
// an alias that would refuse it; where several functions are behind one stage,
// Allow each of them before the stage is Pointed at the alias.
package gateway

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"lambda-release/internal/awsapi"
)

// Function is a function whose alias is bound.
type Function struct {
	Name string // short name, for people
	ID   string // what AWS is asked for: name, partial ARN or ARN
	ARN  string // its ARN, qualified or not: it tells account and region
}

// Bind lets a stage invoke the alias of a function and sets the stage's
// variable to the alias's name. The alias has to exist. What it changed, also
// when it then failed, is returned in words, one text a change, and told as it
// happens. The stage may be in another region than the function.
func Bind(ctx context.Context, aws *awsapi.Client, f Function, alias string, s Stage, variable string, tell func(string)) ([]string, error) {
	b, err := look(ctx, aws, f, alias, s, variable)
	if err != nil {
		return nil, err
	}
	b.tell = tell
	if err := b.allow(ctx); err != nil {
		return b.changed, err
	}
	err = b.point(ctx)
	return b.changed, err
}

// Plan reads, and returns what Bind would change. The alias need not exist.
func Plan(ctx context.Context, aws *awsapi.Client, f Function, alias string, s Stage, variable string) ([]string, error) {
	b, err := look(ctx, aws, f, alias, s, variable)
	if err != nil {
		return nil, err
	}
	var changes []string
	if len(reconcile(b.policy, b.want)) > 0 {
		changes = append(changes, b.allowed())
	}
	if b.variables[variable] != alias {
		changes = append(changes, b.pointed())
	}
	return changes, nil
}

// Allow is the first half of Bind: the permission.
func Allow(ctx context.Context, aws *awsapi.Client, f Function, alias string, s Stage, tell func(string)) ([]string, error) {
	b, err := newBinding(aws, f, alias, s, "")
	if err != nil {
		return nil, err
	}
	b.tell = tell
	if b.policy, err = aws.Policy(ctx, f.ID, alias); err != nil {
		return nil, b.failed(err)
	}
	err = b.allow(ctx)
	return b.changed, err
}

// Point is the second half of Bind: the stage's variable. It is one for all
// functions behind the stage.
func Point(ctx context.Context, aws *awsapi.Client, alias string, s Stage, variable string, tell func(string)) ([]string, error) {
	b := &binding{aws: aws, alias: alias, stage: s, variable: variable, tell: tell}
	var err error
	if b.variables, err = aws.StageVariables(ctx, s); err != nil {
		return nil, b.failed(err)
	}
	err = b.point(ctx)
	return b.changed, err
}

// binding is one alias and one stage, as they are and as they are to be.
type binding struct {
	aws      *awsapi.Client
	f        Function
	alias    string
	stage    Stage
	variable string
	tell     func(string)

	want      awsapi.Permission // with the ID that it gets if that is free
	policy    awsapi.Policy     // as read last
	variables map[string]string // of the stage, as read last
	changed   []string
}

func newBinding(aws *awsapi.Client, f Function, alias string, s Stage, variable string) (*binding, error) {
	account, partition, err := ownerOf(f)
	if err == nil && partition != s.Partition {
		err = fmt.Errorf("the stage is in the partition %s and the function in %s: neither reaches the other", s.Partition, partition)
	}
	if err != nil {
		return nil, fmt.Errorf("bind %s to %s:%s: %w", s, f.Name, alias, err)
	}
	return &binding{aws: aws, f: f, alias: alias, stage: s, variable: variable, want: permission(s, account)}, nil
}

// look reads the policy of the alias beside the stage. A stage that does not
// exist is found out here, before anything is written.
func look(ctx context.Context, aws *awsapi.Client, f Function, alias string, s Stage, variable string) (*binding, error) {
	b, err := newBinding(aws, f, alias, s, variable)
	if err != nil {
		return nil, err
	}
	var both errgroup.Group
	both.Go(func() (err error) {
		b.policy, err = aws.Policy(ctx, f.ID, alias)
		return err
	})
	both.Go(func() (err error) {
		b.variables, err = aws.StageVariables(ctx, s)
		return err
	})
	if err := both.Wait(); err != nil {
		return nil, b.failed(err)
	}
	return b, nil
}

// point sets the stage's variable.
func (b *binding) point(ctx context.Context) error {
	if b.variables[b.variable] == b.alias {
		return nil
	}
	done := b.pointed()
	if err := b.aws.SetStageVariable(ctx, b.stage, b.variable, b.alias); err != nil {
		if !unclear(ctx, err) {
			return b.failed(err)
		}
		now, lookErr := b.aws.StageVariables(ctx, b.stage)
		if lookErr != nil || now[b.variable] != b.alias {
			return b.failed(err)
		}
	}
	b.did(done)
	return nil
}

// unclear tells whether a call that failed may have been carried out, and there
// is time to look.
func unclear(ctx context.Context, err error) bool {
	return awsapi.FateOf(err) > awsapi.Refused && ctx.Err() == nil
}

func (b *binding) did(what string) {
	b.changed = append(b.changed, what)
	if b.tell != nil {
		b.tell(what)
	}
}

func (b *binding) allowed() string {
	return fmt.Sprintf("stage %s may invoke %s:%s", b.stage, b.f.Name, b.alias)
}

func (b *binding) pointed() string {
	if was, set := b.variables[b.variable]; set {
		return fmt.Sprintf("variable %s of stage %s is %s, no longer %s", b.variable, b.stage, b.alias, was)
	}
	return fmt.Sprintf("variable %s of stage %s is %s", b.variable, b.stage, b.alias)
}

func (b *binding) failed(err error) error {
	name := b.alias
	if b.f.Name != "" {
		name = b.f.Name + ":" + b.alias
	}
	return fmt.Errorf("bind %s to %s: %w", b.stage, name, err)
}

// ownerOf is the account and the partition of a function.
func ownerOf(f Function) (account, partition string, err error) {
	parts := strings.Split(f.ARN, ":")
	if len(parts) < 7 || parts[0] != "arn" || parts[2] != "lambda" || parts[5] != "function" {
		return "", "", fmt.Errorf("%q is not the ARN of a function", f.ARN)
	}
	return parts[4], parts[1], nil
}
