package main

import (
	"encoding/json"
	"strings"
)

// kind is a kind of event that the page offers, with the job that it starts. In ref
// and payload, BRANCH, TAG and NUMBER stand for what the person has filled in.
type kind struct {
	ID, Label           string
	event, ref, payload string
}

// field is something to fill in.
type field struct{ ID, Label, Example, placeholder string }

var fields = []field{
	{"branch", "branch", "main", "BRANCH"},
	{"tag", "tag", "v1.4.0", "TAG"},
	{"number", "number of the pull request", "7", "NUMBER"},
}

// fields are those that the kind needs.
func (k kind) fields() []field {
	var needed []field
	for _, f := range fields {
		if strings.Contains(k.ref+k.payload, f.placeholder) {
			needed = append(needed, f)
		}
	}
	return needed
}

const (
	here = `"repository":{"full_name":"shop/items"}`
	own  = `"head":{"sha":"2b3c4d5","repo":{"full_name":"shop/items"}}`
	fork = `"head":{"sha":"2b3c4d5","repo":{"full_name":"someone/items"}}`
)

// ran is the payload after another workflow.
func ran(event, name, conclusion string) string {
	return `{"workflow_run":{"event":"` + event + `","head_branch":"` + name + `","head_sha":"2b3c4d5","status":"completed","conclusion":"` + conclusion +
		`","head_repository":{"full_name":"shop/items"}},` + here + `}`
}

var kinds = []kind{
	{"push-branch", "Push to a branch", "push", "refs/heads/BRANCH", `{}`},
	{"push-tag", "Push of a tag", "push", "refs/tags/TAG", `{}`},
	{"push-deleted", "A branch is deleted", "push", "refs/heads/main", `{"deleted":true}`},
	{"pr-open", "Pull request opened or updated", "pull_request", "refs/pull/NUMBER/merge", `{"action":"synchronize","pull_request":{"number":NUMBER,` + own + `},` + here + `}`},
	{"pr-fork", "Pull request of a fork opened or updated", "pull_request", "refs/pull/NUMBER/merge", `{"action":"synchronize","pull_request":{"number":NUMBER,` + fork + `},` + here + `}`},
	{"pr-merged", "Pull request merged into a branch", "pull_request", "refs/heads/BRANCH", `{"action":"closed","pull_request":{"number":NUMBER,"merged":true,"base":{"ref":"BRANCH"},` + own + `},` + here + `}`},
	{"pr-closed", "Pull request closed, not merged", "pull_request", "refs/pull/NUMBER/merge", `{"action":"closed","pull_request":{"number":NUMBER,"merged":false,` + own + `},` + here + `}`},
	{"pr-target", "Pull request, as pull_request_target", "pull_request_target", "refs/heads/main", `{"action":"opened","pull_request":{"number":NUMBER,` + own + `},` + here + `}`},
	{"merge-queue", "Merge queue", "merge_group", "refs/heads/gh-readonly-queue/BRANCH/pr-NUMBER-2b3c4d5", `{}`},
	{"release", "Release published", "release", "refs/tags/TAG", `{"action":"published"}`},
	{"release-edited", "Release edited", "release", "refs/tags/TAG", `{"action":"edited"}`},
	{"dispatch-branch", "Started by hand on a branch", "workflow_dispatch", "refs/heads/BRANCH", `{}`},
	{"dispatch-tag", "Started by hand on a tag", "workflow_dispatch", "refs/tags/TAG", `{}`},
	{"schedule", "Schedule, on the default branch", "schedule", "refs/heads/BRANCH", `{}`},
	{"run-push", "After another workflow, which a push started", "workflow_run", "refs/heads/main", ran("push", "BRANCH", "success")},
	{"run-release", "After another workflow, which a release started", "workflow_run", "refs/heads/main", ran("release", "TAG", "success")},
	{"run-failed", "After another workflow, which failed", "workflow_run", "refs/heads/main", ran("push", "BRANCH", "failure")},
	{"run-pr", "After another workflow, for a pull request", "workflow_run", "refs/heads/main", ran("pull_request", "BRANCH", "success")},
	{"deployed", "Deployment succeeded", "deployment_status", "refs/heads/BRANCH", `{"deployment_status":{"state":"success"}}`},
	{"deployment-failed", "Deployment failed", "deployment_status", "refs/heads/BRANCH", `{"deployment_status":{"state":"failure"}}`},
	{"comment", "Comment, or any other event", "issue_comment", "refs/heads/main", `{}`},
}

// inJSON is a text as the content of a JSON string.
func inJSON(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil { // a string always has JSON
		return ""
	}
	return string(quoted[1 : len(quoted)-1])
}
