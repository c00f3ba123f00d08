package layout

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// ours returns our workflows by path.
func ours(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no workflows: %v", err)
	}
	all := map[string]string{}
	for _, path := range paths {
		path = ".github/workflows/" + filepath.Base(path)
		all[path] = read(t, path)
	}
	return all
}

// TestWorkflowsArePinned: our workflows pin the actions that they use to a commit.
func TestWorkflowsArePinned(t *testing.T) {
	t.Parallel()
	for path, text := range ours(t) {
		for _, m := range regexp.MustCompile(`(?m)\buses: (\S+)(.*)$`).FindAllStringSubmatch(text, -1) {
			if m[1] != "./" && !regexp.MustCompile(`^\S+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`).MatchString(m[1]+m[2]) {
				t.Errorf("%s: %s is not pinned to a commit, with its version in a comment", path, m[1])
			}
		}
	}
}

// mayWrite are the permissions to write that a job of ours has.
var mayWrite = map[string][]string{
	"aws compare":        {"id-token"},
	"docs deploy":        {"id-token", "pages"},
	"release image":      {"packages"},
	"release propose":    {"contents", "pull-requests"},
	"release publish":    {"contents", "packages"},
	"release sign":       {"artifact-metadata", "attestations", "id-token", "packages"},
	"release sign-sboms": {"attestations", "id-token"},
	"scorecard rate":     {"id-token", "security-events"},
}

// TestPermissions: a job can write only what is listed here, none has all permissions,
// and each has a time limit. No job that can sign compiles code.
func TestPermissions(t *testing.T) {
	t.Parallel()
	got := map[string][]string{}
	for path, text := range ours(t) {
		var w struct {
			Name        string
			Permissions *map[string]string
			Jobs        map[string]struct {
				Permissions map[string]string
				Timeout     int `yaml:"timeout-minutes"`
				Steps       []struct{ Uses, Run string }
			}
		}
		if err := yaml.Unmarshal([]byte(text), &w); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if w.Permissions == nil {
			t.Errorf("%s has no permissions, so its jobs have the repository's", path)
			continue
		}
		for id, job := range w.Jobs {
			if job.Timeout == 0 {
				t.Errorf("%s: job %s has no time limit", path, id)
			}
			for _, permissions := range []map[string]string{*w.Permissions, job.Permissions} {
				for name, level := range permissions {
					if level == "write" {
						got[w.Name+" "+id] = append(got[w.Name+" "+id], name)
					}
				}
			}
			slices.Sort(got[w.Name+" "+id])
			if len(got[w.Name+" "+id]) == 0 {
				delete(got, w.Name+" "+id)
			}
			for _, step := range job.Steps {
				if job.Permissions["attestations"] == "write" && (strings.Contains(step.Uses, "checkout") || strings.Contains(step.Run, "go ")) {
					t.Errorf("%s: job %s can sign, and has the step %s%s", path, id, step.Uses, step.Run)
				}
			}
		}
	}
	if diff := cmp.Diff(mayWrite, got); diff != "" {
		t.Errorf("permissions to write (-listed +workflows):\n%s", diff)
	}
}

// TestAWSIsManual: the workflow that uses an AWS account starts only by hand, with a
// role and a region that have no default.
func TestAWSIsManual(t *testing.T) {
	t.Parallel()
	var w struct {
		On map[string]struct {
			Inputs map[string]struct {
				Required bool
				Default  any
			}
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, ".github/workflows/aws.yml")), &w); err != nil {
		t.Fatal(err)
	}
	manual, ok := w.On["workflow_dispatch"]
	if !ok || len(w.On) != 1 {
		t.Errorf("it starts on %v, want workflow_dispatch alone", w.On)
	}
	for _, name := range []string{"role", "region"} {
		if in := manual.Inputs[name]; !in.Required || in.Default != nil {
			t.Errorf("the input %s is optional", name)
		}
	}
}

// TestSBOMs: every archive that goreleaser builds is attested with its SBOM.
func TestSBOMs(t *testing.T) {
	t.Parallel()
	config, workflow := read(t, ".goreleaser.yml"), read(t, ".github/workflows/release.yml")
	for key, matrix := range map[string]string{"goos": "system", "goarch": "arch"} {
		if diff := cmp.Diff(listed(config, key), listed(workflow, matrix)); diff != "" {
			t.Errorf("%s (-goreleaser +release.yml):\n%s", key, diff)
		}
	}
	for _, line := range []string{"documents: ['{{ .ArtifactName }}.spdx.json']", "artifacts: archive"} {
		if !strings.Contains(config, line) {
			t.Errorf(".goreleaser.yml lacks %q", line)
		}
	}
	if !regexp.MustCompile(`(?m)^syft=v\d+\.\d+\.\d+ `).MatchString(read(t, ".ci/archives")) {
		t.Error(".ci/archives has no version of syft that release.yml can read")
	}
}

// TestBuilder: the release workflow finds the builder in the Dockerfile, and looks up its
// digest unless it is pinned there.
func TestBuilder(t *testing.T) {
	t.Parallel()
	found := regexp.MustCompile(`(?m)^FROM \S+ (\S+) AS build$`).FindAllStringSubmatch(read(t, "Dockerfile"), -1)
	if len(found) != 1 || !regexp.MustCompile(`^golang:[0-9.]+-alpine(@sha256:[0-9a-f]{64})?$`).MatchString(found[0][1]) {
		t.Errorf("the builder in the Dockerfile is %q, want one golang:VERSION-alpine", found)
	}
}

// TestDependabot: dependencies of every kind that the repository has are kept up to date.
func TestDependabot(t *testing.T) {
	t.Parallel()
	var d struct {
		Updates []struct {
			Ecosystem string `yaml:"package-ecosystem"`
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, ".github/dependabot.yml")), &d); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, u := range d.Updates {
		got = append(got, u.Ecosystem)
	}
	if diff := cmp.Diff([]string{"gomod", "github-actions", "docker", "npm"}, got); diff != "" {
		t.Errorf("ecosystems (-want +got):\n%s", diff)
	}
}

// TestCodeowners: each path of the template exists.
func TestCodeowners(t *testing.T) {
	t.Parallel()
	paths := regexp.MustCompile(`(?m)^#?(/\S+) +@`).FindAllStringSubmatch(read(t, ".github/CODEOWNERS"), -1)
	if len(paths) == 0 {
		t.Fatal("no paths")
	}
	for _, m := range paths {
		if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
			t.Error(err)
		}
	}
}

// TestIssueForms: each form has what GitHub requires of it.
// https://docs.github.com/en/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-githubs-form-schema
func TestIssueForms(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"bug", "feature"} {
		var form struct {
			Name, Description string
			Body              []struct {
				Type, ID   string
				Attributes struct {
					Label, Value string
					Options      []string
				}
			}
		}
		if err := yaml.Unmarshal([]byte(read(t, ".github/ISSUE_TEMPLATE/"+name+".yml")), &form); err != nil {
			t.Fatal(err)
		}
		if form.Name == "" || form.Description == "" || len(form.Body) == 0 {
			t.Errorf("%s: the form has no name, description or body", name)
		}
		ids := map[string]bool{}
		for _, field := range form.Body {
			known := slices.Contains([]string{"markdown", "textarea", "input", "dropdown"}, field.Type)
			labelled := field.Type == "markdown" && field.Attributes.Value != "" || field.Attributes.Label != "" && field.ID != "" && !ids[field.ID]
			if !known || !labelled || (field.Type == "dropdown") != (len(field.Attributes.Options) > 0) {
				t.Errorf("%s: the field %+v is not complete, or its ID is taken", name, field)
			}
			ids[field.ID] = true
		}
	}
}
