package awsapi

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a Permission cannot say is known by its id and nothing else, so that it
// is never taken for a Permission.
func TestParsePolicy(t *testing.T) {
	t.Parallel()
	const (
		rest = `"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "arn:x"`
		gate = `"Principal": {"Service": "apigateway.amazonaws.com"}`
		from = `"Condition": {"ArnLike": {"AWS:SourceArn": "arn:s"}}`
	)
	full := Permission{"i", "apigateway.amazonaws.com", "lambda:InvokeFunction", "arn:s"}
	other := Permission{ID: "i"}
	for statement, want := range map[string]Permission{
		`{"Sid": "i", ` + rest + `, ` + gate + `, ` + from + `}`: full,
		`{"Sid": "i", "Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Principal": {"Service": ["apigateway.amazonaws.com"]}, "Condition": {"ArnLike": {"AWS:SourceArn": ["arn:s"]}}}`: full,
		`{"Sid": "i", ` + rest + `, ` + gate + `}`: {"i", "apigateway.amazonaws.com", "lambda:InvokeFunction", ""},

		`{"Sid": "i", "Effect": "Deny", "Action": "lambda:InvokeFunction", ` + gate + `, ` + from + `}`:                                              other,
		`{"Sid": "i", ` + rest + `, "Principal": "*", ` + from + `}`:                                                                                 other,
		`{"Sid": "i", ` + rest + `, "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, ` + from + `}`:                                           other,
		`{"Sid": "i", ` + rest + `, "Principal": {"Service": ["a", "b"]}, ` + from + `}`:                                                             other,
		`{"Sid": "i", ` + rest + `, "Principal": {"Service": "a", "AWS": "b"}, ` + from + `}`:                                                        other,
		`{"Sid": "i", "Effect": "Allow", "Action": ["a", "b"], ` + gate + `, ` + from + `}`:                                                          other,
		`{"Sid": "i", "Effect": "Allow", "NotAction": "a", ` + gate + `, ` + from + `}`:                                                              other,
		`{"Sid": "i", ` + rest + `, "NotPrincipal": {"Service": "a"}, ` + from + `}`:                                                                 other,
		`{"Sid": "i", ` + rest + `, ` + gate + `, "Condition": {"ArnLike": {"AWS:SourceArn": ["a", "b"]}}}`:                                          other,
		`{"Sid": "i", ` + rest + `, ` + gate + `, "Condition": {"StringEquals": {"AWS:SourceArn": "arn:s"}}}`:                                        other,
		`{"Sid": "i", ` + rest + `, ` + gate + `, "Condition": {"ArnLike": {"AWS:SourceArn": "arn:s", "x": "y"}}}`:                                   other,
		`{"Sid": "i", ` + rest + `, ` + gate + `, "Condition": {"ArnLike": {"AWS:SourceArn": "arn:s"}, "StringEquals": {"AWS:SourceAccount": "1"}}}`: other,
		`{"Sid": "i", ` + rest + `, ` + gate + `, "Condition": {"StringEquals": {"AWS:SourceAccount": "123456789012"}}}`:                             other,
		`{"Sid": "i", ` + rest + `, ` + gate + `, "Condition": {"ArnLike": {"AWS:SourceArn": 7}}}`:                                                   other,
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
