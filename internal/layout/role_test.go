package layout

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/app"
)

// The page before-you-start.md and the template role.yml create the role of the
// README's workflows. These tests run the commands of the page against stubs, and
// compare what they create with the template and with the workflows.

const (
	startPage = "docs/before-you-start.md"
	template  = "docs/role.yml"
)

// roleParameters are the parameters of the template, for the names on the page.
var roleParameters = map[string]string{
	"Owner": "shop", "OwnerId": "12", "Repository": "items", "RepositoryId": "34",
	"AWS::Partition": "aws", "AWS::Region": "eu-central-1", "AWS::AccountId": "123456789012",
}

// stubs are the programs that the page calls. They append each call to the file
// calls.
const stubs = `
aws() {
  printf '%s\n' "aws $*" >>calls
  [ "$1 $2" != 'sts get-caller-identity' ] || echo 123456789012
}
gh() { case $* in *.owner.id) echo 12 ;; *) echo 34 ;; esac; }
zip() { touch function.zip; }
sleep() { :; }
`

// runStart runs all commands of the page in a folder of their own, and returns it.
func runStart(t *testing.T) string {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not installed")
	}
	script := "set -euo pipefail\n" + stubs
	for _, block := range strings.Split(read(t, startPage), "\n```sh\n")[1:] {
		block, _, _ = strings.Cut(block, "\n```\n")
		script += block + "\n"
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), bash, "-c", script)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the commands of %s: %v\n%s", startPage, err, out)
	}
	return dir
}

// decoded is a JSON file in a folder.
func decoded(t *testing.T, dir, name string) any {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(b, &value); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, b)
	}
	return value
}

// templateParts are the parts of docs/role.yml that the tests compare.
type templateParts struct {
	Parameters map[string]struct {
		Default string `yaml:"Default"`
	} `yaml:"Parameters"`
	Resources struct {
		Provider struct {
			Properties struct {
				URL       string   `yaml:"Url"`
				Audiences []string `yaml:"ClientIdList"`
			} `yaml:"Properties"`
		} `yaml:"Provider"`
		Role struct {
			Properties struct {
				Trust    any `yaml:"AssumeRolePolicyDocument"`
				Policies []struct {
					Document any `yaml:"PolicyDocument"`
				} `yaml:"Policies"`
			} `yaml:"Properties"`
		} `yaml:"Role"`
	} `yaml:"Resources"`
}

var substituted = regexp.MustCompile(`!Sub [^\n]*`)

// readTemplate parses docs/role.yml, with the parameters put into its texts.
func readTemplate(t *testing.T) templateParts {
	t.Helper()
	text := read(t, template)
	var parts templateParts
	if err := yaml.Unmarshal([]byte(text), &parts); err != nil {
		t.Fatalf("%s: %v", template, err)
	}
	values := maps.Clone(roleParameters)
	for name, p := range parts.Parameters {
		if _, ok := values[name]; !ok {
			values[name] = p.Default
		}
	}
	text = substituted.ReplaceAllStringFunc(text, func(text string) string {
		return os.Expand(strings.TrimPrefix(text, "!Sub "), func(name string) string {
			if values[name] == "" {
				t.Errorf("%s: ${%s} is neither a parameter with a default nor known to this test", template, name)
			}
			return values[name]
		})
	})
	if err := yaml.Unmarshal([]byte(text), &parts); err != nil {
		t.Fatalf("%s: %v\n%s", template, err, text)
	}
	return parts
}

// TestRoleTemplate: the commands of the page and the template create the same
// provider and the same role.
func TestRoleTemplate(t *testing.T) {
	t.Parallel()
	dir, parts := runStart(t), readTemplate(t)
	role := parts.Resources.Role.Properties
	if len(role.Policies) != 1 {
		t.Fatalf("%s: %d policies, want 1", template, len(role.Policies))
	}
	if diff := cmp.Diff(decoded(t, dir, "trust.json"), role.Trust); diff != "" {
		t.Errorf("the trust policy (-%s +%s):\n%s", startPage, template, diff)
	}
	if diff := cmp.Diff(decoded(t, dir, "permissions.json"), role.Policies[0].Document); diff != "" {
		t.Errorf("the permissions (-%s +%s):\n%s", startPage, template, diff)
	}
	recorded, err := os.ReadFile(filepath.Join(dir, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	calls := string(recorded)
	for _, want := range []string{
		"aws iam create-open-id-connect-provider --url " + parts.Resources.Provider.Properties.URL +
			" --client-id-list " + strings.Join(parts.Resources.Provider.Properties.Audiences, " ") + "\n",
		"aws iam create-role --role-name " + parts.Parameters["RoleName"].Default + " --assume-role-policy-document file://trust.json\n",
		"aws iam put-role-policy --role-name " + parts.Parameters["RoleName"].Default + " ",
		"aws lambda create-function --function-name " + parts.Parameters["FunctionName"].Default + " ",
	} {
		if !strings.Contains(calls, want) {
			t.Errorf("%s does not call %q:\n%s", startPage, want, calls)
		}
	}
	for name, p := range parts.Parameters {
		set := regexp.MustCompile(`[ "]` + name + `=(\S+)`).FindStringSubmatch(calls)
		if p.Default == "" && set == nil {
			t.Errorf("%s does not set the parameter %s of the template", startPage, name)
		}
		if want, ok := roleParameters[name]; ok && set != nil && set[1] != want {
			t.Errorf("%s sets %s to %q, want %q", startPage, name, set[1], want)
		}
	}
}

// TestRoleOfREADME: the role is the one that the README's workflows assume, from
// the branches that trigger them.
func TestRoleOfREADME(t *testing.T) {
	t.Parallel()
	parts := readTemplate(t)
	var branches []string
	for _, j := range jobs(t) {
		if j.page != "README.md" {
			continue
		}
		branches = append(branches, j.workflow.On.Push.Branches...)
		if got := j.with["function-name"]; got != parts.Parameters["FunctionName"].Default {
			t.Errorf("the README releases %q, and %s is for %q", got, template, parts.Parameters["FunctionName"].Default)
		}
		want := "arn:aws:iam::" + roleParameters["AWS::AccountId"] + ":role/" + parts.Parameters["RoleName"].Default
		if got := j.with["role-to-assume"]; got != want {
			t.Errorf("the README assumes %q, and %s creates %q", got, template, want)
		}
		if got := j.with["aws-region"]; got != roleParameters["AWS::Region"] {
			t.Errorf("the README releases in %q", got)
		}
	}
	var want []string
	for _, repository := range []string{"shop/items", "shop@12/items@34"} {
		for _, branch := range branches {
			want = append(want, "repo:"+repository+":ref:refs/heads/"+branch)
		}
	}
	if diff := cmp.Diff(want, subjects(t, parts.Resources.Role.Properties.Trust)); diff != "" {
		t.Errorf("the subjects of %s (-the README's branches +trusted):\n%s", template, diff)
	}
}

// subjects are the subjects that a trust policy allows.
func subjects(t *testing.T, trust any) []string {
	t.Helper()
	b, err := json.Marshal(trust)
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Statement []struct {
			Condition struct {
				StringEquals struct {
					Subjects []string `json:"token.actions.githubusercontent.com:sub"`
				}
			}
		}
	}
	if err := json.Unmarshal(b, &document); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, s := range document.Statement {
		all = append(all, s.Condition.StringEquals.Subjects...)
	}
	return all
}

// TestRoleIsGenerated: the role has what the program prints for the inputs of the
// README's workflows, without what is optional.
func TestRoleIsGenerated(t *testing.T) {
	t.Parallel()
	parts := readTemplate(t)
	printed := map[string]bool{}
	var rules []string
	for _, j := range jobs(t) {
		if j.page != "README.md" {
			continue
		}
		args := []string{"--print-policy"}
		for name, value := range j.with {
			args = append(args, "--"+name+"="+value)
		}
		for _, s := range statements(t, runProgram(t, args)) {
			if !strings.HasPrefix(s.Sid, "Optional") {
				s.addTo(printed)
			}
		}
		for _, branch := range j.workflow.On.Push.Branches {
			rules = append(rules, "--aliases="+branch+"=any")
		}
	}
	has := map[string]bool{}
	b, err := json.Marshal(parts.Resources.Role.Properties.Policies[0].Document)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements(t, b) {
		s.addTo(has)
	}
	if diff := cmp.Diff(printed, has); diff != "" {
		t.Errorf("what the role is allowed (-printed by --print-policy +%s):\n%s", template, diff)
	}

	role := "--role-to-assume=arn:aws:iam::" + roleParameters["AWS::AccountId"] + ":role/" + parts.Parameters["RoleName"].Default
	var trust any
	if err := json.Unmarshal(runProgram(t, append(rules, "--print-trust-policy", role)), &trust); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(trust, parts.Resources.Role.Properties.Trust); diff != "" {
		t.Errorf("the trust policy (-printed by --print-trust-policy +%s):\n%s", template, diff)
	}
}

// runProgram returns what the program prints in a job of the repository.
func runProgram(t *testing.T, args []string) []byte {
	t.Helper()
	env := map[string]string{
		"GITHUB_REPOSITORY":          roleParameters["Owner"] + "/" + roleParameters["Repository"],
		"GITHUB_REPOSITORY_OWNER_ID": roleParameters["OwnerId"],
		"GITHUB_REPOSITORY_ID":       roleParameters["RepositoryId"],
	}
	var stdout, stderr bytes.Buffer
	if code := app.Run(t.Context(), args, func(name string) string { return env[name] }, &stdout, &stderr); code != 0 {
		t.Fatalf("lambda-release %q: exit code %d\n%s", args, code, &stderr)
	}
	return stdout.Bytes()
}

// statement is a statement of a policy.
type statement struct {
	Sid              string
	Action, Resource texts
}

// texts is a list of texts, or one of it.
type texts []string

func (v *texts) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*v = texts{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(v))
}

func statements(t *testing.T, policy []byte) []statement {
	t.Helper()
	var document struct{ Statement []statement }
	if err := json.Unmarshal(policy, &document); err != nil {
		t.Fatalf("%v\n%s", err, policy)
	}
	return document.Statement
}

// addTo adds each action on each resource.
func (s statement) addTo(all map[string]bool) {
	for _, action := range s.Action {
		for _, resource := range s.Resource {
			all[action+" on "+resource] = true
		}
	}
}
