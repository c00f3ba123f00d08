package awsapi

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"lambda-release/internal/function"
)

// Permission is a statement of an alias's policy that allows a service, for one
// source, one action on the alias.
type Permission struct {
	ID        string // 1 to 100 of a-z, A-Z, 0-9, - and _; unique in the policy
	Service   string // apigateway.amazonaws.com
	Action    string // lambda:InvokeFunction
	SourceARN string // with wildcards; "" is any source
}

// Policy is the policy of one alias: each has its own.
type Policy struct {
	// Permissions has an entry for every statement. A statement that is not a
	// Permission has only its ID.
	Permissions []Permission
	Revision    string // "" if there is no policy yet
}

// Policy reads the policy of an alias. It has its own rate, 15 a second. It is
// empty if there is no policy, or no such alias: AWS's answers differ only in
// their message.
func (c *Client) Policy(ctx context.Context, fn function.ID, alias string) (Policy, error) {
	t := onFunction("GetPolicy", fn, alias)
	out, err := call(ctx, c, t, c.lambda.GetPolicy, &lambda.GetPolicyInput{FunctionName: &fn.Given, Qualifier: &alias},
		func(out *lambda.GetPolicyOutput) bool { return aws.ToString(out.Policy) != "" })
	if Is(err, NotFound) {
		return Policy{}, nil
	}
	if err != nil {
		return Policy{}, err
	}
	p, err := parsePolicy(aws.ToString(out.Policy))
	if err != nil {
		return Policy{}, c.failed(ctx, t, fmt.Errorf("read the policy: %w", err), &attempts{})
	}
	p.Revision = aws.ToString(out.RevisionId)
	return p, nil
}

// AddPermission adds a statement to the policy of an alias. An ID in use is an
// error of kind Conflict, and a missing alias one of kind NotFound.
func (c *Client) AddPermission(ctx context.Context, fn function.ID, alias string, p Permission) error {
	_, err := mutate(ctx, c, onFunction("AddPermission", fn, alias), c.lambda.AddPermission, &lambda.AddPermissionInput{
		FunctionName: &fn.Given, Qualifier: &alias,
		StatementId: &p.ID, Principal: &p.Service, Action: &p.Action, SourceArn: optional(p.SourceARN),
	}, func(out *lambda.AddPermissionOutput) bool { return aws.ToString(out.Statement) != "" })
	return err
}

// RemovePermission removes a statement from the policy of an alias, provided that
// the policy is still at revision; otherwise the error is of kind Stale. A
// missing statement is an error of kind NotFound.
func (c *Client) RemovePermission(ctx context.Context, fn function.ID, alias, id, revision string) error {
	_, err := mutate(ctx, c, onFunction("RemovePermission", fn, alias), c.lambda.RemovePermission, &lambda.RemovePermissionInput{
		FunctionName: &fn.Given, Qualifier: &alias, StatementId: &id, RevisionId: optional(revision),
	}, func(out *lambda.RemovePermissionOutput) bool { return noPage(out.ResultMetadata) })
	return err
}

// statement is a statement of a policy in IAM's JSON. Only what a Permission has
// is decoded further.
type statement struct {
	ID        string `json:"Sid"`
	Effect    string
	Principal json.RawMessage
	Action    json.RawMessage
	Condition map[string]map[string]json.RawMessage

	// What no Permission has.
	NotPrincipal, NotAction, NotResource json.RawMessage
}

func parsePolicy(document string) (Policy, error) {
	var d struct{ Statement []statement }
	if err := json.Unmarshal([]byte(document), &d); err != nil {
		return Policy{}, err
	}
	var p Policy
	for _, s := range d.Statement {
		p.Permissions = append(p.Permissions, s.permission())
	}
	return p, nil
}

func (s *statement) permission() Permission {
	other := Permission{ID: s.ID}
	if s.Effect != "Allow" || s.NotPrincipal != nil || s.NotAction != nil || s.NotResource != nil {
		return other
	}
	action, ok := only(s.Action)
	if !ok {
		return other
	}
	var principals map[string]json.RawMessage
	if err := json.Unmarshal(s.Principal, &principals); err != nil || len(principals) != 1 {
		return other
	}
	service, ok := only(principals["Service"])
	if !ok {
		return other
	}
	p := Permission{ID: s.ID, Service: service, Action: action}
	switch len(s.Condition) {
	case 0:
		return p
	case 1:
		keys := s.Condition["ArnLike"]
		p.SourceARN, ok = only(keys["AWS:SourceArn"])
		if ok && len(keys) == 1 {
			return p
		}
	}
	return other
}

// only is the single string of a value, which IAM also writes as a list of one.
func only(value json.RawMessage) (string, bool) {
	var one string
	if json.Unmarshal(value, &one) == nil {
		return one, true
	}
	var list []string
	if json.Unmarshal(value, &list) == nil && len(list) == 1 {
		return list[0], true
	}
	return "", false
}
