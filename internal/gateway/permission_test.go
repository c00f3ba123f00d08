package gateway

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/awsapi"
)

const account = "123456789012"

// The source is as narrow as the stage, and lets every route of it in.
func TestPermission(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string]struct {
		source  string
		calls   []string // that have to be let in
		foreign []string // and that must not
	}{
		"arn:aws:apigateway:eu-central-1::/restapis/r1/stages/prod": {
			"arn:aws:execute-api:eu-central-1:123456789012:r1/prod/*/*",
			[]string{"r1/prod/GET/", "r1/prod/POST/orders/7"},
			[]string{"r1/prod2/GET/", "r2/prod/GET/", "r1/authorizers/prod/x"},
		},
		"arn:aws-cn:apigateway:cn-north-1::/apis/h1/stages/$default": {
			"arn:aws-cn:execute-api:cn-north-1:123456789012:h1/$default/*",
			[]string{"h1/$default/$default", "h1/$default/GET/orders", "h1/$default/*/orders"},
			[]string{"h1/prod/$default", "h1/prod/GET/$default/x"},
		},
		"arn:aws:apigateway:eu-central-1::/apis/w1/stages/prod": {
			"arn:aws:execute-api:eu-central-1:123456789012:w1/prod/*",
			[]string{"w1/prod/$connect", "w1/prod/sendMessage"},
			[]string{"w1/prod2/$connect"},
		},
	} {
		s, problem := parseStage(arn)
		if problem != "" {
			t.Fatal(problem)
		}
		p := permission(s, account)
		if p.SourceARN != want.source || p.Service != "apigateway.amazonaws.com" || p.Action != "lambda:InvokeFunction" {
			t.Errorf("%s: %+v", arn, p)
		}
		_, pattern, _ := strings.Cut(p.SourceARN, account+":")
		like := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$") // as IAM's ArnLike
		for _, call := range want.calls {
			if !like.MatchString(call) {
				t.Errorf("%s keeps out %s", p.SourceARN, call)
			}
		}
		for _, call := range want.foreign {
			if like.MatchString(call) {
				t.Errorf("%s lets in %s", p.SourceARN, call)
			}
		}
	}
}

// AWS's own pattern of a statement id.
var idPattern = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,100}$`)

// Ids are legal, stable, and never those of another stage.
func TestStatementID(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 127)
	seen := map[string]string{}
	for _, region := range []string{"eu-central-1", "eu-central-2"} {
		for _, kind := range []string{"apis", "restapis"} {
			for _, place := range []string{
				"a/stages/b", "ab/stages/c", "a/stages/bc", "a/stages/b-c", "a/stages/b_c", "a/stages/" + long, "a/stages/" + long + "y",
				"a/stages/$default", "a/stages/_default", long + "/stages/b", long + "y/stages/b", "a/stages/B", "a/stages/b-b",
			} {
				s, problem := parseStage("arn:aws:apigateway:" + region + "::/" + kind + "/" + place)
				if kind == "restapis" && s.Name == "$default" {
					continue
				}
				if problem != "" {
					t.Fatal(problem)
				}
				id := statementID(s)
				for _, id := range []string{id, id + secondID} {
					if !idPattern.MatchString(id) {
						t.Errorf("%s: %q is not legal", s.ARN, id)
					}
					if other := seen[id]; other != "" {
						t.Errorf("%s and %s have the id %s", s.ARN, other, id)
					}
					seen[id] = s.ARN
				}
			}
		}
	}
	s, _ := parseStage("arn:aws:apigateway:eu-central-1::/apis/a1b2c3/stages/$default")
	if id := statementID(s); id != "lambda-release-a1b2c3-_default-83fe86e8c1b6" {
		t.Errorf("the id has changed to %s: what earlier releases have added is not known again", id)
	}
}

func FuzzStatementID(f *testing.F) {
	f.Add("arn:aws:apigateway:eu-central-1::/apis/a1b2c3/stages/$default")
	f.Fuzz(func(t *testing.T, arn string) {
		s, problem := parseStage(arn)
		if problem != "" {
			return
		}
		if id := statementID(s) + secondID; !idPattern.MatchString(id) {
			t.Errorf("%q", id)
		}
	})
}

func TestReconcile(t *testing.T) {
	t.Parallel()
	want := awsapi.Permission{ID: "x", Service: "s", Action: "a", SourceARN: "arn"}
	as := func(id string) awsapi.Permission {
		p := want
		p.ID = id
		return p
	}
	other := func(id string) awsapi.Permission {
		return awsapi.Permission{ID: id, Service: "s", Action: "a", SourceARN: "other"}
	}
	opaque := awsapi.Permission{ID: "x"}
	for name, tt := range map[string]struct {
		have []awsapi.Permission
		want []step
	}{
		"none":                          {nil, []step{{add: as("x")}}},
		"others":                        {[]awsapi.Permission{other("y"), other("x-c")}, []step{{add: as("x")}}},
		"there":                         {[]awsapi.Permission{other("y"), as("x")}, nil},
		"there under the second id":     {[]awsapi.Permission{as("x-b")}, nil},
		"there by another tool":         {[]awsapi.Permission{as("terraform")}, nil},
		"there by another tool, and us": {[]awsapi.Permission{as("terraform"), as("x")}, nil},
		"there by us, and another tool": {[]awsapi.Permission{as("x"), as("terraform")}, nil},
		"other under our id":            {[]awsapi.Permission{other("x")}, []step{{add: as("x-b")}, {remove: "x"}}},
		"unknown under our id":          {[]awsapi.Permission{opaque}, []step{{add: as("x-b")}, {remove: "x"}}},
		"other under the second id":     {[]awsapi.Permission{other("x-b")}, []step{{add: as("x")}, {remove: "x-b"}}},
		"half replaced":                 {[]awsapi.Permission{other("x"), as("x-b")}, []step{{remove: "x"}}},
		"half replaced, other way":      {[]awsapi.Permission{as("x"), other("x-b")}, []step{{remove: "x-b"}}},
		"twice":                         {[]awsapi.Permission{as("x"), as("x-b")}, []step{{remove: "x-b"}}},
		"both other":                    {[]awsapi.Permission{other("x"), other("x-b")}, []step{{remove: "x-b"}, {add: as("x-b")}, {remove: "x"}}},
		"other, there by another tool":  {[]awsapi.Permission{as("terraform"), other("x")}, []step{{remove: "x"}}},
		"wider by another tool":         {[]awsapi.Permission{{ID: "sam", Service: "s", Action: "a"}}, []step{{add: as("x")}}},
		"without id, and what it is":    {[]awsapi.Permission{as("")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := reconcile(awsapi.Policy{Permissions: tt.have}, want)
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(step{})); diff != "" && len(tt.want)+len(got) > 0 {
				t.Error(diff)
			}
			// Whatever the beginning, taking the steps ends it.
			now := tt.have
			for range 4 {
				if left := reconcile(awsapi.Policy{Permissions: now}, want); len(left) > 0 {
					now = left[0].applied(now)
				}
			}
			if left := reconcile(awsapi.Policy{Permissions: now}, want); len(left) > 0 {
				t.Errorf("never ends: %+v is left to do", left)
			}
		})
	}
}
