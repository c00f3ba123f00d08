package ci

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lambda-release/internal/rules"
)

// What did not happen well does not count, whether or not `ref` is given.
func TestReadSkips(t *testing.T) {
	t.Parallel()
	const elsewhere = `{"workflow_run":{"event":"push","head_branch":"main","head_sha":"ran","conclusion":"success","head_repository":`
	for name, test := range map[string]struct {
		event, payload string
		sha            string
		want           string // in the error
	}{
		"failed run":                {"workflow_run", ran(`"push"`, `"main"`, `"failure"`), "ran", `the conclusion of the workflow run is "failure"`},
		"cancelled run":             {"workflow_run", ran(`"push"`, `"main"`, `"cancelled"`), "ran", `"cancelled"`},
		"skipped run":               {"workflow_run", ran(`"push"`, `"main"`, `"skipped"`), "ran", `"skipped"`},
		"neutral run":               {"workflow_run", ran(`"push"`, `"main"`, `"neutral"`), "ran", `"neutral"`},
		"timed out run":             {"workflow_run", ran(`"push"`, `"main"`, `"timed_out"`), "ran", `"timed_out"`},
		"no approval":               {"workflow_run", ran(`"push"`, `"main"`, `"action_required"`), "ran", `"action_required"`},
		"unfinished run":            {"workflow_run", strings.Replace(ran(`"push"`, `"main"`, `null`), "completed", "in_progress", 1), "ran", `not finished: its status is "in_progress"`},
		"pull request":              {"workflow_run", ran(`"pull_request"`, `"main"`, `"success"`), "ran", `the event "pull_request"`},
		"failed, of a pull request": {"workflow_run", ran(`"pull_request"`, `"main"`, `"failure"`), "ran", `the event "pull_request"`},
		"pull_request_target":       {"workflow_run", ran(`"pull_request_target"`, `"main"`, `"success"`), "ran", `the event "pull_request_target"`},
		"review":                    {"workflow_run", ran(`"pull_request_review"`, `"main"`, `"success"`), "ran", `the event "pull_request_review"`},
		"run after a run":           {"workflow_run", ran(`"workflow_run"`, `"main"`, `"success"`), "ran", `the event "workflow_run"`},
		"comment":                   {"workflow_run", ran(`"issue_comment"`, `"main"`, `"success"`), "ran", `the event "issue_comment"`},
		"fork":                      {"workflow_run", elsewhere + `{"full_name":"someone/r"}},` + inRep + `}`, "ran", `the repository "someone/r"`},
		"fork, gone":                {"workflow_run", elsewhere + `null},` + inRep + `}`, "ran", "a repository that no longer exists"},
		"edited release":            {"release", `{"action":"edited"}`, "sha", "the release was edited"},
		"deleted release":           {"release", `{"action":"deleted"}`, "sha", "the release was deleted"},
		"unpublished release":       {"release", `{"action":"unpublished"}`, "sha", "the release was unpublished"},
		"failed deployment":         {"deployment_status", `{"deployment_status":{"state":"failure"}}`, "sha", `the state of the deployment is "failure"`},
		"pending deployment":        {"deployment_status", `{"deployment_status":{"state":"in_progress"}}`, "sha", `"in_progress"`},
	} {
		for _, override := range []string{"", "refs/heads/x"} {
			t.Run(name+" "+override, func(t *testing.T) {
				t.Parallel()
				got, err := readGitHub(gitHubJob(t, test.event, "refs/heads/main", test.payload), override)
				if !errors.Is(err, ErrSkip) || errors.Is(err, ErrNoRef) || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got error %v, want ErrSkip with %q", err, test.want)
				}
				want := Event{Name: test.event, SHA: test.sha}
				if override != "" {
					want.Ref = branch("x")
				}
				if diff := cmp.Diff(ofRun(want), got, cmpopts.IgnoreFields(Event{}, "Foreign")); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}

// A deleted branch or tag releases nothing. Unlike a failure it is about the ref,
// so `ref` replaces it: TestRead.
func TestReadSkipsADeletedRef(t *testing.T) {
	t.Parallel()
	for event, payload := range map[string]string{
		"push":   `{"repository":3,"ref":"refs/heads/x","deleted":true}`,
		"delete": `{"ref":"x","ref_type":"branch"}`,
	} {
		got, err := readGitHub(gitHubJob(t, event, "refs/heads/main", payload), "")
		if !errors.Is(err, ErrSkip) || !strings.Contains(err.Error(), "deleted") || got.Ref != (rules.Ref{}) {
			t.Errorf("%s: got %+v, %v", event, got, err)
		}
	}
}

func TestReadReleaseActions(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"published", "released", "prereleased", "created"} {
		got, err := readGitHub(gitHubJob(t, "release", "refs/tags/v1", `{"action":"`+action+`"}`), "")
		if err != nil || got.Ref != tag("v1") {
			t.Errorf("%s: got %+v, %v", action, got, err)
		}
	}
	for _, payload := range []string{``, `{}`, `{"action":1}`} {
		got, err := readGitHub(gitHubJob(t, "release", "refs/tags/v1", payload), "")
		if !errors.Is(err, ErrNoRef) || got.Ref != (rules.Ref{}) {
			t.Errorf("%q: got %+v, %v", payload, got, err)
		}
	}
}

func TestReadDeploymentStatus(t *testing.T) {
	t.Parallel()
	got, err := readGitHub(gitHubJob(t, "deployment_status", "refs/heads/main", `{"deployment_status":{"state":"success"}}`), "")
	if err != nil || got.Ref != branch("main") {
		t.Errorf("success: got %+v, %v", got, err)
	}
	if _, err = readGitHub(gitHubJob(t, "deployment_status", "refs/heads/main", `{}`), ""); !errors.Is(err, ErrNoRef) {
		t.Errorf("no state: got %v", err)
	}
}

// A head_branch is a branch or a tag, which the event of the run decides, if
// anything does.
func TestReadWorkflowRunRef(t *testing.T) {
	t.Parallel()
	const queue = "gh-readonly-queue/main/pr-7-abc"
	for _, test := range []struct {
		event, headBranch string
		want, orTag       rules.Ref
	}{
		{"push", "main", branch("main"), tag("main")},
		{"push", queue, branch(queue), rules.Ref{}},
		{"create", "v1", branch("v1"), tag("v1")},
		{"workflow_dispatch", "v1", branch("v1"), tag("v1")},
		{"schedule", "main", branch("main"), rules.Ref{}},
		{"repository_dispatch", "main", branch("main"), rules.Ref{}},
		{"merge_group", queue, branch(queue), rules.Ref{}},
		{"release", "v1", tag("v1"), rules.Ref{}},
	} {
		got, err := readGitHub(gitHubJob(t, "workflow_run", "refs/heads/main", ran(strconv.Quote(test.event), strconv.Quote(test.headBranch), `"success"`)), "")
		want := ofRun(Event{Name: "workflow_run", Ref: test.want, OrTag: test.orTag, SHA: "ran"})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s of %s: %v (-want +got):\n%s", test.event, test.headBranch, err, diff)
		}
	}
}

// A job goes on after ErrSkip, so it must be able to trust the run's identity.
func TestBrokenRunHidesErrSkip(t *testing.T) {
	t.Parallel()
	env := gitHubJob(t, "release", "refs/tags/v1", `{"action":"deleted"}`)
	env["GITHUB_RUN_ID"] = "x"
	_, err := readGitHub(env, "")
	if err == nil || errors.Is(err, ErrSkip) || !strings.Contains(err.Error(), "GITHUB_RUN_ID") || !strings.Contains(err.Error(), "deleted") {
		t.Errorf("got %v", err)
	}
}
