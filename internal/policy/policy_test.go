package policy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/artifact"
	"lambda-release/internal/function"
)

// ids are functions as a user gives them.
func ids(t *testing.T, given ...string) []function.ID {
	t.Helper()
	var all []function.ID
	for _, g := range given {
		id, err := function.Parse(g)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, id)
	}
	return all
}

// TestGlobs: a glob is a pattern of IAM, and finding what it matches is allowed.
func TestGlobs(t *testing.T) {
	t.Parallel()
	p := For(Needs{
		Operation: "prune", Functions: ids(t, "items"), Globs: []function.Pattern{"orders-*", "carts-[ab]-?"},
		Region: "eu-central-1", Account: "123456789012",
	})
	valid(t, p)
	const arn = "arn:aws:lambda:eu-central-1:123456789012:function:"
	for action, want := range map[string][]string{
		"lambda:ListFunctions":  {"*"},
		"lambda:ListAliases":    {arn + "items", arn + "orders-*", arn + "carts-?-?"},
		"lambda:DeleteFunction": {arn + "items:*", arn + "orders-*:*", arn + "carts-?-?:*"},
	} {
		if diff := cmp.Diff(want, p.resources(action)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", action, diff)
		}
	}
	if marked := p.Marked([]Call{{"lambda:ListAliases", arn + "orders-7"}}).Statements()[0]; marked.Sid != "Missing" || marked.Resource[0] != arn+"orders-*" {
		t.Errorf("marked %+v", marked)
	}
}

// resources are those of an action, in the order of the policy.
func (p Policy) resources(action string) []string {
	var all []string
	for _, s := range p.Statements() {
		if slices.Contains(s.Action, action) {
			all = append(all, s.Resource...)
		}
	}
	return all
}

// wants fails unless p is valid JSON with unique Sids that IAM takes, of actions and
// resources that are not wildcards where they need not be.
func valid(t *testing.T, p Policy) {
	t.Helper()
	var d struct {
		Version   string
		Statement []struct{ Sid, Effect string }
	}
	if err := json.Unmarshal([]byte(p.JSON()), &d); err != nil || d.Version != "2012-10-17" {
		t.Fatalf("%v\n%s", err, p.JSON())
	}
	seen := map[string]bool{}
	for _, s := range d.Statement {
		if seen[s.Sid] || s.Sid == "" || strings.Trim(s.Sid, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") != "" || s.Effect != "Allow" {
			t.Errorf("statement %+v", s)
		}
		seen[s.Sid] = true
	}
}

func TestARNs(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws-cn:lambda:cn-north-1:210987654321:function:carts"
	for name, tt := range map[string]struct {
		needs Needs
		want  []string
		notes int // on what is not known
	}{
		"nothing known":     {Needs{}, []string{"arn:aws:lambda:*:*:function:items", "arn:aws:lambda:*:123456789012:function:orders", arn}, 2},
		"region":            {Needs{Region: "us-gov-west-1"}, []string{"arn:aws-us-gov:lambda:us-gov-west-1:*:function:items", "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:orders", arn}, 1},
		"account":           {Needs{Region: "eu-central-1", Account: "111122223333"}, []string{"arn:aws:lambda:eu-central-1:111122223333:function:items", "arn:aws:lambda:eu-central-1:123456789012:function:orders", arn}, 0},
		"partition":         {Needs{Account: "111122223333", Partition: "aws-eusc"}, []string{"arn:aws-eusc:lambda:*:111122223333:function:items", "arn:aws-eusc:lambda:*:123456789012:function:orders", arn}, 1},
		"known at run time": {Needs{}.Known("eu-west-1", "111122223333"), []string{"arn:aws:lambda:eu-west-1:111122223333:function:items", "arn:aws:lambda:eu-west-1:123456789012:function:orders", arn}, 0},
		"given goes before": {Needs{Region: "eu-west-1", Account: "111122223333"}.Known("x", "y"), []string{"arn:aws:lambda:eu-west-1:111122223333:function:items", "arn:aws:lambda:eu-west-1:123456789012:function:orders", arn}, 0},
	} {
		tt.needs.Operation, tt.needs.Functions = "promote", ids(t, "items", "123456789012:function:orders", arn)
		p := For(tt.needs)
		valid(t, p)
		if diff := cmp.Diff(tt.want, p.resources("lambda:ListAliases")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		about := slices.DeleteFunc(slices.Clone(p.Notes), func(note string) bool { return strings.HasPrefix(note, optional) })
		if len(about) != tt.notes {
			t.Errorf("%s: notes %q", name, p.Notes)
		}
	}
}

// No policy allows deleting a function, or anything on everything that can be limited.
func TestNeverTooMuch(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"release", "promote", "rollback", "prune", "delete-alias"} {
		for _, dry := range []bool{false, true} {
			p := For(Needs{
				Operation: operation, DryRun: dry, Functions: ids(t, "items", "orders"), Publishes: true, Alarms: true, Metrics: true, Comparison: true, Provisioned: true, Prune: true,
				SmokeTest: []string{"items"}, CodeDeploy: &CodeDeploy{Application: "shop", Group: "items"}, Stages: map[string][]string{"items": {"arn:aws:apigateway:eu-central-1::/restapis/x/stages/y"}},
				URLs: map[string]URL{"items": {Public: true}}, CopyFrom: FromAlias,
				Code: map[string]artifact.Source{"items": {Kind: artifact.S3, Bucket: "b", Key: "k*?$.zip"}}, Region: "eu-central-1", Account: "123456789012",
			})
			valid(t, p)
			for _, arn := range p.resources("lambda:DeleteFunction") {
				if !strings.HasSuffix(arn, ":*") {
					t.Errorf("%s: DeleteFunction on %s", operation, arn)
				}
			}
			for _, s := range p.Statements() {
				unlimited := []string{"cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "codedeploy:StopDeployment", "codedeploy:BatchGetDeploymentTargets", "codedeploy:ListDeploymentTargets", "lambda:ListEventSourceMappings"}
				for _, action := range s.Action {
					if slices.Contains(s.Resource, "*") != slices.Contains(unlimited, action) || strings.Contains(action, "*") {
						t.Errorf("%s: %s on %q", operation, action, s.Resource)
					}
				}
			}
			if got := p.resources("s3:GetObject"); len(got) > 0 && got[0] != "arn:aws:s3:::b/k${*}${?}${$}.zip" {
				t.Errorf("%q", got)
			}
		}
	}
}

// A URL whose CORS settings are changed needs one permission more than another.
func TestCORSNeeds(t *testing.T) {
	t.Parallel()
	for _, dry := range []bool{false, true} {
		p := For(Needs{
			Operation: "promote", DryRun: dry, Functions: ids(t, "items", "orders", "cart"), Region: "eu-central-1", Account: "123456789012",
			URLs: map[string]URL{"items": {CORS: true}, "orders": {}},
		})
		valid(t, p)
		var want []string
		if !dry {
			want = []string{"arn:aws:lambda:eu-central-1:123456789012:function:items:*"}
		}
		if diff := cmp.Diff(want, p.resources("lambda:UpdateFunctionUrlConfig")); diff != "" {
			t.Errorf("dry run %t (-want +got):\n%s", dry, diff)
		}
	}
}

func TestMarked(t *testing.T) {
	t.Parallel()
	p := For(Needs{Operation: "release", Functions: ids(t, "items", "orders"), Publishes: true, Region: "eu-central-1", Account: "123456789012"})
	marked := p.Marked([]Call{
		{"lambda:GetAlias", "arn:aws:lambda:eu-central-1:123456789012:function:orders"},
		{"lambda:PublishVersion", "arn:aws:lambda:eu-central-1:*:function:items"}, // whose account AWS has not named
		{"kms:Decrypt", "arn:aws:kms:eu-central-1:123456789012:key/1"},            // which no one knew of
		{"kms:Decrypt", "arn:aws:kms:eu-central-1:123456789012:key/1"},
	})
	valid(t, marked)
	var got []string
	for _, s := range marked.Statements() {
		if strings.HasPrefix(s.Sid, "Missing") {
			got = append(got, fmt.Sprint(s.Sid, " ", s.Action, " ", s.Resource))
		}
	}
	want := []string{
		"Missing [kms:Decrypt] [arn:aws:kms:eu-central-1:123456789012:key/1]",
		"Missing2 [lambda:PublishVersion] [arn:aws:lambda:eu-central-1:123456789012:function:items]",
		"Missing3 [lambda:GetAlias] [arn:aws:lambda:eu-central-1:123456789012:function:orders arn:aws:lambda:eu-central-1:123456789012:function:orders:*]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s\n%s", diff, marked.JSON())
	}
	for _, action := range []string{"lambda:GetAlias", "lambda:PublishVersion", "lambda:UpdateAlias"} { // nothing is lost
		before, after := p.resources(action), marked.resources(action)
		slices.Sort(before)
		slices.Sort(after)
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("%s (-before +marked):\n%s", action, diff)
		}
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{1: "", 10: "2048 of an inline session policy", 60: "6144 of a managed policy"} {
		var names []string
		for i := range n {
			names = append(names, fmt.Sprintf("a-function-with-a-name-%d", i))
		}
		p := For(Needs{Operation: "release", Functions: ids(t, names...), Publishes: true, Region: "eu-central-1", Account: "123456789012"})
		valid(t, p)
		if size := len(strings.Map(func(r rune) rune {
			if r == ' ' || r == '\n' {
				return -1
			}
			return r
		}, p.JSON())); size != p.Size() {
			t.Errorf("%d functions: size %d, want %d", n, p.Size(), size)
		}
		notes := strings.Join(p.SizeNotes(), "\n")
		if want == "" && notes != "" || !strings.Contains(notes, want) {
			t.Errorf("%d functions, %d characters: %q", n, p.Size(), notes)
		}
	}
}

// The object of a function's code is what its policy allows to read.
func TestObject(t *testing.T) {
	t.Parallel()
	n := Needs{Region: "eu-central-1", Functions: []function.ID{{Name: "items"}, {Name: "carts"}, {Name: "users"}}, Code: map[string]artifact.Source{
		"items": {Kind: artifact.S3, Bucket: "b", Key: "items.zip"},
		"carts": {Kind: artifact.S3, Bucket: "b", Key: "carts.zip", ObjectVersion: "7"},
		"users": {Kind: artifact.Zip},
	}}
	for name, want := range map[string]Call{
		"items": {"s3:GetObject", "arn:aws:s3:::b/items.zip"},
		"carts": {"s3:GetObjectVersion", "arn:aws:s3:::b/carts.zip"},
		"users": {},
		"":      {},
	} {
		if got, ok := n.Object(name); got != want || ok != (want != Call{}) {
			t.Errorf("%s: %+v, %t", name, got, ok)
		}
	}
}
