package gateway

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/awsapi"
)

func TestCopyable(t *testing.T) {
	t.Parallel()
	const invoke = "lambda:InvokeFunction"
	for name, tt := range map[string]struct {
		permission awsapi.Permission
		want       string // copied, other or ""
	}{
		"service":               {awsapi.Permission{Service: "s3.amazonaws.com", Action: invoke, SourceARN: "arn:aws:s3:::b", SourceAccount: account}, "copied"},
		"account":               {awsapi.Permission{AWS: "123456789012", Action: invoke}, "copied"},
		"root":                  {awsapi.Permission{AWS: "arn:aws:iam::123456789012:root", Action: invoke}, "copied"},
		"everyone of an org":    {awsapi.Permission{AWS: "*", Action: invoke, Organization: "o-1"}, "copied"},
		"skill":                 {awsapi.Permission{Service: "alexa-appkit.amazon.com", Action: invoke, EventSourceToken: "t"}, "copied"},
		"role that was deleted": {awsapi.Permission{AWS: "AROAEXAMPLEID", Action: invoke}, "other"},
		"another action":        {awsapi.Permission{AWS: "123456789012", Action: "lambda:GetFunction"}, "other"},
		"all actions":           {awsapi.Permission{AWS: "123456789012", Action: "lambda:*"}, "other"},
		"opaque":                {awsapi.Permission{Opaque: true}, "other"},
		"URL":                   {awsapi.Permission{AWS: "*", Action: "lambda:InvokeFunctionUrl", URLAuth: "NONE"}, ""},
		"URL for an account":    {awsapi.Permission{AWS: "123456789012", Action: "lambda:InvokeFunctionUrl"}, ""},
		"by the URL":            {awsapi.Permission{AWS: "*", Action: invoke, ViaURL: true}, ""},
	} {
		tt.permission.ID = "x"
		permissions, others := Copyable(awsapi.Policy{Permissions: []awsapi.Permission{tt.permission}})
		got := ""
		if len(permissions) > 0 {
			got += "copied"
		}
		if len(others) > 0 {
			got += "other"
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// What is there under any ID is not copied, and an ID that is taken is not used.
func TestCopying(t *testing.T) {
	t.Parallel()
	p := func(id, service string) awsapi.Permission {
		return awsapi.Permission{ID: id, Service: service, Action: "lambda:InvokeFunction"}
	}
	have := awsapi.Policy{Permissions: []awsapi.Permission{p("a", "s3"), p("b", "events")}}
	var got []string
	steps := copying(have, []awsapi.Permission{p("x", "s3"), p("b", "sns"), p("c", "sqs"), p("d", "sqs"), p("c", "iot"), p("", "ses"), p("a.b", "lex")})
	for _, s := range steps {
		id := s.add.ID
		if strings.HasPrefix(id, "lambda-release-copy-") {
			id = "by content"
		}
		if !idPattern.MatchString(s.add.ID) || s.remove != "" {
			t.Errorf("%+v", s)
		}
		got = append(got, id+" "+s.add.Service)
	}
	if diff := cmp.Diff([]string{"by content sns", "c sqs", "by content iot", "by content ses", "by content lex"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, s := range steps {
		have.Permissions = s.applied(have.Permissions)
	}
	if again := copying(have, []awsapi.Permission{p("b", "sns"), p("c", "sqs")}); len(again) > 0 {
		t.Errorf("again: %+v", again)
	}
}
