package awsapi

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A statement that a Permission cannot represent has its ID and nothing else, so that
// it is never taken for a Permission.
func TestParsePolicy(t *testing.T) {
	t.Parallel()
	const (
		rest = `"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "arn:x"`
		gate = `"Principal": {"Service": "apigateway.amazonaws.com"}`
		from = `"Condition": {"ArnLike": {"AWS:SourceArn": "arn:s"}}`
	)
	full := Permission{ID: "i", Service: "apigateway.amazonaws.com", Action: "lambda:InvokeFunction", SourceARN: "arn:s"}
	with := func(change func(*Permission)) Permission { p := full; change(&p); return p }
	other := Permission{ID: "i", Opaque: true}
	for statement, want := range map[string]Permission{
		`{"Sid": "i", ` + rest + `, ` + gate + `, ` + from + `}`: full,
		`{"Sid": "i", "Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Principal": {"Service": ["apigateway.amazonaws.com"]}, "Condition": {"ArnLike": {"AWS:SourceArn": ["arn:s"]}}}`: full,
		`{"Sid": "i", ` + rest + `, ` + gate + `}`: with(func(p *Permission) { p.SourceARN = "" }),

		`{"Sid": "i", "Effect": "Deny", "Action": "lambda:InvokeFunction", ` + gate + `, ` + from + `}`:                                              other,
		`{"Sid": "i", ` + rest + `, "Principal": "*", ` + from + `}`:                                                                                 with(func(p *Permission) { p.Service, p.AWS = "", "*" }),
		`{"Sid": "i", ` + rest + `, "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, ` + from + `}`:                                           with(func(p *Permission) { p.Service, p.AWS = "", "arn:aws:iam::123456789012:root" }),
		`{"Sid": "i", ` + rest + `, "Principal": {"Service": ["a", "b"]}, ` + from + `}`:                                                             other,
		`{"Sid": "i", ` + rest + `, "Principal": {"Service": "a", "AWS": "b"}, ` + from + `}`:                                                        other,
		`{"Sid": "i", "Effect": "Allow", "Action": ["a", "b"], ` + gate + `, ` + from + `}`:                                                          other,
		`{"Sid": "i", "Effect": "Allow", "NotAction": "a", ` + gate + `, ` + from + `}`:                                                              other,
		`{"Sid": "i", ` + rest + `, "NotPrincipal": {"Service": "a"}, ` + from + `}`:                                                                 other,
		`{"Sid": "i", ` + rest + `, ` + gate + `, "Condition": {"ArnLike": {"AWS:SourceArn": ["a", "b"]}}}`:                                          other,
		`{"Sid": "i", ` + rest + `, ` + gate + `, "Condition": {"StringEquals": {"AWS:SourceArn": "arn:s"}}}`:                                        other,
		`{"Sid": "i", ` + rest + `, ` + gate + `, "Condition": {"ArnLike": {"AWS:SourceArn": "arn:s", "x": "y"}}}`:                                   other,
		`{"Sid": "i", ` + rest + `, ` + gate + `, "Condition": {"ArnLike": {"AWS:SourceArn": "arn:s"}, "StringEquals": {"AWS:SourceAccount": "1"}}}`: with(func(p *Permission) { p.SourceAccount = "1" }),
		`{"Sid": "i", ` + rest + `, ` + gate + `, "Condition": {"StringEquals": {"AWS:SourceAccount": "123456789012"}}}`:                             with(func(p *Permission) { p.SourceARN, p.SourceAccount = "", "123456789012" }),
		`{"Sid": "i", ` + rest + `, ` + gate + `, "Condition": {"ArnLike": {"AWS:SourceArn": 7}}}`:                                                   other,
		`{"Sid": "i", ` + rest + `, "Principal": "*", "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}}`:                        {ID: "i", AWS: "*", Action: "lambda:InvokeFunction", URLAuth: "NONE"},
		`{"Sid": "i", ` + rest + `, "Principal": "*", "Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}}`:                              {ID: "i", AWS: "*", Action: "lambda:InvokeFunction", ViaURL: true},
		`{"Sid": "i", ` + rest + `, "Principal": "*", "Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "false"}}}`:                             other,
		`{"Sid": "i", ` + rest + `, ` + gate + `, "Condition": {"StringEquals": {"lambda:EventSourceToken": "t", "aws:PrincipalOrgID": "o-1"}}}`:     with(func(p *Permission) { p.SourceARN, p.EventSourceToken, p.Organization = "", "t", "o-1" }),
		`{"Sid": "i"}`: other,
	} {
		got, err := parsePolicy(`{"Version": "2012-10-17", "Id": "default", "Statement": [` + statement + `]}`)
		if diff := cmp.Diff([]Permission{want}, got.Permissions); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", statement, err, diff)
		}
	}
	for _, document := range []string{"", "[]", `{"Statement": 7}`} {
		if got, err := parsePolicy(document); err == nil {
			t.Errorf("%s is %+v", document, got)
		}
	}
}
