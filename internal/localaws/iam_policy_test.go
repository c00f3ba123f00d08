package localaws

import (
	"strings"
	"testing"
)

// policyOf is a policy of statements without their Effect, which is Allow.
func policyOf(t *testing.T, statements string) *IAMPolicy {
	t.Helper()
	p, err := ParseIAMPolicy([]byte(`{"Version": "2012-10-17", "Statement": [` + strings.ReplaceAll(statements, `{"Action`, `{"Effect": "Allow", "Action`) + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestIAMPolicy(t *testing.T) {
	t.Parallel()
	const items = "arn:aws:lambda:eu-central-1:123456789012:function:items"
	const all = `{"Action": "*", "Resource": "*"}`
	const onItems = `{"Action": ["lambda:GetAlias", "lambda:Update*"], "Resource": ["` + items + `", "` + items + `:*"]}`
	api := map[string]string{"lambda:Principal": "apigateway.amazonaws.com"}
	for name, tt := range map[string]struct {
		statements       string
		action, resource string
		context          map[string]string
		want             bool
	}{
		"action":                 {onItems, "lambda:GetAlias", items, nil, true},
		"its case":               {onItems, "Lambda:getalias", items, nil, true},
		"wildcard":               {onItems, "lambda:UpdateAlias", items, nil, true},
		"another action":         {onItems, "lambda:GetFunction", items, nil, false},
		"version":                {onItems, "lambda:GetAlias", items + ":7", nil, true},
		"longer name":            {onItems, "lambda:GetAlias", items + "2", nil, false},
		"case of the resource":   {onItems, "lambda:GetAlias", strings.ToUpper(items), nil, false},
		"versions only":          {`{"Action": "lambda:DeleteFunction", "Resource": "` + items + `:*"}`, "lambda:DeleteFunction", items, nil, false},
		"question mark":          {`{"Action": "lambda:Get*", "Resource": "` + items[:len(items)-1] + `?"}`, "lambda:GetAlias", items, nil, true},
		"literal wildcard":       {`{"Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/${*}.zip"}`, "s3:GetObject", "arn:aws:s3:::b/a.zip", nil, false},
		"literal wildcard, same": {`{"Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/${*}.zip"}`, "s3:GetObject", "arn:aws:s3:::b/*.zip", nil, true},
		"deny":                   {all + `, {"Effect": "Deny", "Action": "lambda:Delete*", "Resource": "*"}`, "lambda:DeleteAlias", items, nil, false},
		"deny of another":        {all + `, {"Effect": "Deny", "Action": "lambda:Delete*", "Resource": "*"}`, "lambda:GetAlias", items, nil, true},
		"condition":              {`{"Action": "*", "Resource": "*", "Condition": {"StringEquals": {"lambda:Principal": ["a", "apigateway.amazonaws.com"]}}}`, "x:Y", "*", api, true},
		"condition, like":        {`{"Action": "*", "Resource": "*", "Condition": {"StringLike": {"lambda:Principal": "*.amazonaws.com"}}}`, "x:Y", "*", api, true},
		"condition, other value": {`{"Action": "*", "Resource": "*", "Condition": {"StringEquals": {"lambda:Principal": "*"}}}`, "x:Y", "*", api, false},
		"condition, no value":    {`{"Action": "*", "Resource": "*", "Condition": {"StringEquals": {"lambda:Principal": "*"}}}`, "x:Y", "*", nil, false},
		"unknown condition":      {`{"Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-central-1"}}}`, "x:Y", "*", api, false},
		"unknown operator":       {`{"Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"lambda:Principal": "x"}}}`, "x:Y", "*", api, false},
	} {
		if got := policyOf(t, tt.statements).decide(iamRequest{tt.action, tt.resource, tt.context}).allows(); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	if !(*IAMPolicy)(nil).decide(iamRequest{action: "x:Y", resource: "*"}).allows() {
		t.Error("no policy is no limit")
	}
}

func TestParseIAMPolicy(t *testing.T) {
	t.Parallel()
	const head = `{"Version": "2012-10-17", "Statement": `
	const good = `{"Sid": "A", "Effect": "Allow", "Action": "a:B", "Resource": "*"}`
	for document, want := range map[string]string{
		head + good + `}`:                            "",
		head + `[` + good + `]}`:                     "",
		head + `[` + good + `,` + good + `]}`:        "the Sid A is not unique",
		head + `[]}`:                                 "there is no statement",
		`{"Version": "2008-10-17", "Statement": []}`: `the Version is "2008-10-17", not 2012-10-17`,
		head + `{"Effect": "allow", "Action": "a:B", "Resource": "*"}}`:                            `statement 1: the Effect is "allow", neither Allow nor Deny`,
		head + `{"Effect": "Allow", "Action": "a:B"}}`:                                             "statement 1 needs Action and Resource",
		head + `{"Effect": "Allow", "NotAction": "a:B", "Resource": "*"}}`:                         `json: unknown field "NotAction"`,
		head + `{"Effect": "Allow", "Action": "a:B", "Resource": "*", "Principal": {"AWS": "*"}}}`: `json: unknown field "Principal"`,
		`x`: "invalid character 'x' looking for beginning of value",
	} {
		_, err := ParseIAMPolicy([]byte(document))
		if got := message(err); got != want {
			t.Errorf("%s: %q, want %q", document, got, want)
		}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
