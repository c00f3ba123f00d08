package layout

import (
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// workflow is what the tests read of a workflow in the docs.
type workflow struct {
	On struct {
		Push struct{ Branches, Tags []string }
		Run  struct{ Branches []string } `yaml:"workflow_run"`
	}
	Concurrency concurrency
	Jobs        map[string]struct {
		Concurrency concurrency
		Steps       []struct {
			Uses string
			With map[string]any
		}
	}
}

type concurrency struct {
	Group  string
	Cancel bool `yaml:"cancel-in-progress"`
}

// job is a job of a workflow in the docs that uses the action.
type job struct {
	page        string
	workflow    workflow
	concurrency concurrency
	with        map[string]string
}

// jobs returns the jobs of all complete workflows in the docs that use the action.
func jobs(t *testing.T) []job {
	t.Helper()
	var all []job
	for page, text := range pages(t) {
		for _, example := range examples(text) {
			if strings.HasPrefix(example, "- ") { // steps only
				continue
			}
			w := workflow{}
			if err := yaml.Unmarshal([]byte(example), &w); err != nil {
				t.Errorf("%s: %v in\n%s", page, err, example)
			}
			for _, j := range w.Jobs {
				for _, step := range j.Steps {
					if !usesAction.MatchString(strings.Replace(step.Uses, "/binary@", "@", 1)) {
						continue
					}
					found := job{page: page, workflow: w, concurrency: j.Concurrency, with: map[string]string{}}
					if found.concurrency.Group == "" {
						found.concurrency = w.Concurrency
					}
					for name, value := range step.With {
						b, err := yaml.Marshal(value)
						if err != nil {
							t.Fatal(err)
						}
						found.with[name] = strings.Trim(strings.TrimSpace(string(b)), `"'`)
					}
					all = append(all, found)
				}
			}
		}
	}
	if len(all) == 0 {
		t.Fatal("no workflow in the docs uses the action")
	}
	return all
}

// lockOrUnlock is the operation of the job that freezes an alias.
const lockOrUnlock = "${{ inputs.operation }}"

// group is the concurrency group that the job must have: release-ALIAS, or none. The
// reasons are in docs/recipes.md.
func (j job) group() string {
	switch branches := j.workflow.On.Push.Branches; {
	case slices.Contains([]string{"rollback", "prune", "status", lockOrUnlock}, j.with["operation"]) || j.with["dry-run"] == "true":
		return ""
	case j.with["aliases"] == "pull_request=pr-{number}":
		return "release-pr-${{ github.event.number }}"
	case j.with["alias"] != "":
		return "release-" + j.with["alias"]
	case slices.Equal(branches, []string{"main", "develop"}):
		return "${{ github.ref_name == 'main' && 'release-prod' || 'release-dev' }}"
	case slices.Equal(branches, []string{"main"}), strings.HasSuffix(j.with["aliases"], "=prod"):
		return "release-prod"
	case slices.Equal(j.workflow.On.Run.Branches, []string{"main", "develop"}):
		return "${{ github.event.workflow_run.head_branch == 'main' && 'release-prod' || 'release-dev' }}"
	}
	return "a group that this test does not know"
}

// TestConcurrency: jobs that move the same alias have the same group, whichever
// workflow they are in, and none of them is cancelled.
func TestConcurrency(t *testing.T) {
	t.Parallel()
	for _, j := range jobs(t) {
		if want := j.group(); j.concurrency.Group != want {
			t.Errorf("%s: the job with %q has the concurrency group %q, want %q", j.page, j.with, j.concurrency.Group, want)
		}
		if j.concurrency.Cancel {
			t.Errorf("%s: the job with %q can be cancelled by another one", j.page, j.with)
		}
	}
}
