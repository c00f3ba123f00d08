package awsapi

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// Permission is a statement of an alias's policy that lets a service, for one
// source of its, do one thing with the alias.
type Permission struct {
	ID        string // 1 to 100 of a-z, A-Z, 0-9, - and _; unique in the policy
	Service   string // apigateway.amazonaws.com
	Action    string // lambda:InvokeFunction
	SourceARN string // with wildcards; "" is any source
}

// Policy is who may do what with one alias: each has a policy of its own.
type Policy struct {
	// Permissions has an entry for every statement. One that says something
	// else than a Permission can has its ID and nothing more.
	Permissions []Permission
	Revision    string // "" where there is no policy yet
}

// Policy reads the policy of an alias. It has a rate of its own, 15 a second.
// Where there is no policy it is empty, and so it is for an alias that does not
// exist: AWS's answers differ in their words only.
func (c *Client) Policy(ctx context.Context, function, alias string) (Policy, error) {
	t := target{"GetPolicy", function, alias}
	out, err := call(ctx, c, t, c.lambda.GetPolicy, &lambda.GetPolicyInput{FunctionName: &function, Qualifier: &alias})
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

// AddPermission adds a statement to the policy of an alias. An ID that is
// taken is an error of kind Conflict, and an alias that does not exist one of
// kind NotFound.
func (c *Client) AddPermission(ctx context.Context, function, alias string, p Permission) error {
	_, err := mutate(ctx, c, target{"AddPermission", function, alias}, c.lambda.AddPermission, &lambda.AddPermissionInput{
		FunctionName: &function, Qualifier: &alias,
		StatementId: &p.ID, Principal: &p.Service, Action: &p.Action, SourceArn: optional(p.SourceARN),
	})
	return err
}

// RemovePermission takes a statement out of the policy of an alias, provided
// that the policy still is at revision; otherwise the error is of kind Stale. A
// statement that is not there is an error of kind NotFound.
func (c *Client) RemovePermission(ctx context.Context, function, alias, id, revision string) error {
	_, err := mutate(ctx, c, target{"RemovePermission", function, alias}, c.lambda.RemovePermission, &lambda.RemovePermissionInput{
		FunctionName: &function, Qualifier: &alias, StatementId: &id, RevisionId: optional(revision),
	})
	return err
}

// statement is one of a policy as IAM writes it. Only what a Permission can
// say is taken apart.
type statement struct {
	ID        string `json:"Sid"`
	Effect    string
	Principal json.RawMessage
	Action    json.RawMessage
	Condition map[string]map[string]json.RawMessage

	// What none of ours has.
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

// only is the one text of a value, which IAM also writes as a list of one.
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
