package awsapi

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"lambda-release/internal/function"
)

// Permission is a statement of a policy, of an alias or of the function itself, that
// allows one principal one action.
type Permission struct {
	ID        string // 1 to 100 of a-z, A-Z, 0-9, - and _; unique in the policy
	Service   string // apigateway.amazonaws.com; "" if AWS is the principal
	AWS       string // an account, an ARN, or * for everyone
	Action    string // lambda:InvokeFunction
	SourceARN string // with wildcards; "" is any source

	SourceAccount    string
	Organization     string // of the principal
	EventSourceToken string // of an Alexa skill
	URLAuth          string // only by a function URL with this AuthType
	ViaURL           bool   // only by a function URL

	// Opaque is set on a statement that is none of these: it has only its ID.
	Opaque bool
}

// Policy is the policy of one alias or version, or of the function itself: each has
// its own.
type Policy struct {
	Permissions []Permission // every statement
	Revision    string       // "" if there is no policy yet
}

// Policy reads the policy of an alias or a version; "" is the function itself. It has
// its own rate, 15 a second. It is empty if there is no policy, or nothing of that
// name: AWS's answers differ only in their message.
func (c *Client) Policy(ctx context.Context, fn function.ID, qualifier string) (Policy, error) {
	t := onFunction("GetPolicy", fn, qualifier)
	out, err := call(ctx, c, t, c.lambda.GetPolicy, &lambda.GetPolicyInput{FunctionName: &fn.Given, Qualifier: optional(qualifier)},
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
	in := &lambda.AddPermissionInput{
		FunctionName: &fn.Given, Qualifier: &alias,
		StatementId: &p.ID, Principal: aws.String(cmp.Or(p.Service, p.AWS)), Action: &p.Action, SourceArn: optional(p.SourceARN),
		SourceAccount: optional(p.SourceAccount), PrincipalOrgID: optional(p.Organization), EventSourceToken: optional(p.EventSourceToken),
		FunctionUrlAuthType: types.FunctionUrlAuthType(p.URLAuth),
	}
	if p.ViaURL {
		in.InvokedViaFunctionUrl = &p.ViaURL
	}
	_, err := mutate(ctx, c, onFunction("AddPermission", fn, alias), c.lambda.AddPermission, in,
		func(out *lambda.AddPermissionOutput) bool { return aws.ToString(out.Statement) != "" })
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

// statement is a statement of a policy in IAM's JSON.
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
	p := Permission{ID: s.ID}
	action, ok := only(s.Action)
	if ok && s.Effect == "Allow" && s.NotPrincipal == nil && s.NotAction == nil && s.NotResource == nil && s.principal(&p) && s.conditions(&p) {
		p.Action = action
		return p
	}
	return Permission{ID: s.ID, Opaque: true}
}

// principal reads whom the statement allows something.
func (s *statement) principal(p *Permission) (ok bool) {
	if p.AWS, ok = only(s.Principal); ok { // *
		return true
	}
	var principals map[string]json.RawMessage
	if err := json.Unmarshal(s.Principal, &principals); err != nil || len(principals) != 1 {
		return false
	}
	if p.Service, ok = only(principals["Service"]); ok {
		return true
	}
	p.AWS, ok = only(principals["AWS"])
	return ok
}

// conditions reads under which conditions it does so. There are no others that
// AddPermission can make.
func (s *statement) conditions(p *Permission) bool {
	via := ""
	known := map[string]*string{
		"ArnLike AWS:SourceArn":                   &p.SourceARN,
		"StringEquals AWS:SourceAccount":          &p.SourceAccount,
		"StringEquals aws:PrincipalOrgID":         &p.Organization,
		"StringEquals lambda:EventSourceToken":    &p.EventSourceToken,
		"StringEquals lambda:FunctionUrlAuthType": &p.URLAuth,
		"Bool lambda:InvokedViaFunctionUrl":       &via,
	}
	for operator, keys := range s.Condition {
		for key, value := range keys {
			text, ok := only(value)
			into := known[operator+" "+key]
			if !ok || into == nil {
				return false
			}
			*into = text
		}
	}
	p.ViaURL = via == "true"
	return via == "" || p.ViaURL
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
