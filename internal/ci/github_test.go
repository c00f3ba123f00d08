package ci

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lambda-release/internal/rules"
)

func branch(name string) rules.Ref { return rules.Ref{Kind: rules.Branch, Name: name} }
func tag(name string) rules.Ref    { return rules.Ref{Kind: rules.Tag, Name: name} }
func pull(n int) rules.Ref         { return rules.Ref{Kind: rules.PullRequest, Number: n} }

// gitHubJob is the environment of run 4711 of o/r, at the commit "sha", for an event
// that has this ref and payload.
func gitHubJob(t *testing.T, name, ref, payload string) map[string]string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(path, []byte(payload), 0o600); err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"GITHUB_EVENT_NAME":  name,
		"GITHUB_EVENT_PATH":  path,
		"GITHUB_REF":         ref,
		"GITHUB_SHA":         "sha",
		"GITHUB_REPOSITORY":  "o/r",
		"GITHUB_RUN_ID":      "4711",
		"GITHUB_RUN_ATTEMPT": "2",
	}
}

func getenv(env map[string]string) func(string) string {
	return func(name string) string { return env[name] }
}

// readGitHub reads what triggered a job of GitHub Actions.
func readGitHub(env map[string]string, ref string) (Event, error) {
	return Read(gitHub{job{getenv(env)}}, ref)
}

// ofRun adds what gitHubJob's run is to what is expected of its event.
func ofRun(e Event) Event {
	e.RunID, e.Scope, e.Attempt = 4711, "https://github.com", 2
	return e
}

const (
	here  = `"head":{"sha":"head","repo":{"full_name":"o/r"}}`
	fork  = `"head":{"sha":"head","repo":{"full_name":"someone/r"}}`
	gone  = `"head":{"sha":"head","repo":null}`
	inRep = `"repository":{"full_name":"o/r"}`
)

// ran is the payload of a workflow_run in o/r at the commit "ran"; the arguments
// are JSON.
func ran(event, headBranch, conclusion string) string {
	return `{"workflow_run":{"event":` + event + `,"head_branch":` + headBranch + `,"head_sha":"ran","status":"completed","conclusion":` + conclusion +
		`,"head_repository":{"full_name":"o/r"}},` + inRep + `}`
}

func TestRead(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		event, ref, payload string
		override            string
		want                Event  // without its name and run
		noRef               string // part of the error
	}{
		"push of a branch":          {event: "push", ref: "refs/heads/feature/x", payload: `{"deleted":false}`, want: Event{Ref: branch("feature/x"), SHA: "sha"}},
		"push of a tag":             {event: "push", ref: "refs/tags/v1", payload: `{}`, want: Event{Ref: tag("v1"), SHA: "sha"}},
		"push by the merge queue":   {event: "push", ref: "refs/heads/gh-readonly-queue/main/pr-7-abc", payload: `{}`, want: Event{Ref: branch("gh-readonly-queue/main/pr-7-abc"), SHA: "sha"}},
		"push, payload empty":       {event: "push", ref: "refs/heads/main", want: Event{Ref: branch("main"), SHA: "sha"}},
		"push, payload broken":      {event: "push", ref: "refs/heads/main", payload: `{"deleted":`, want: Event{Ref: branch("main"), SHA: "sha"}},
		"push, payload a list":      {event: "push", ref: "refs/heads/main", payload: `[]`, want: Event{Ref: branch("main"), SHA: "sha"}},
		"push without a ref":        {event: "push", payload: `{}`, want: Event{SHA: "sha"}, noRef: "GITHUB_REF is empty"},
		"push of a note":            {event: "push", ref: "refs/notes/x", payload: `{}`, want: Event{SHA: "sha"}, noRef: `GITHUB_REF "refs/notes/x"`},
		"release":                   {event: "release", ref: "refs/tags/v1", payload: `{"action":"published"}`, want: Event{Ref: tag("v1"), SHA: "sha"}},
		"create":                    {event: "create", ref: "refs/tags/v1", payload: `{"ref":"v1","ref_type":"tag"}`, want: Event{Ref: tag("v1"), SHA: "sha"}},
		"deployment":                {event: "deployment", ref: "refs/heads/main", payload: `{}`, want: Event{Ref: branch("main"), SHA: "sha"}},
		"deployment of a commit":    {event: "deployment", payload: `{}`, want: Event{SHA: "sha"}, noRef: "GITHUB_REF is empty"},
		"schedule":                  {event: "schedule", ref: "refs/heads/main", payload: `{}`, want: Event{Ref: branch("main"), SHA: "sha"}},
		"workflow_dispatch, branch": {event: "workflow_dispatch", ref: "refs/heads/x", payload: `{"ref":"refs/heads/y"}`, want: Event{Ref: branch("x"), SHA: "sha"}},
		"workflow_dispatch, tag":    {event: "workflow_dispatch", ref: "refs/tags/v1", payload: `{}`, want: Event{Ref: tag("v1"), SHA: "sha"}},
		"repository_dispatch":       {event: "repository_dispatch", ref: "refs/heads/main", payload: `{}`, want: Event{Ref: branch("main"), SHA: "sha"}},
		"merge_group":               {event: "merge_group", ref: "refs/heads/gh-readonly-queue/main/pr-7-abc", payload: `{}`, want: Event{Ref: branch("gh-readonly-queue/main/pr-7-abc"), SHA: "sha"}},

		"pull_request opened": {
			event: "pull_request", ref: "refs/pull/7/merge",
			payload: `{"action":"opened","number":7,"pull_request":{"number":7,"merged":false,"merge_commit_sha":"test","base":{"ref":"main"},` + here + `},` + inRep + `}`,
			want:    Event{Ref: pull(7), Preview: pull(7), SHA: "sha"},
		},
		"pull_request of a fork": {
			event: "pull_request", ref: "refs/pull/7/merge",
			payload: `{"action":"opened","pull_request":{"number":7,"base":{"ref":"main"},` + fork + `},` + inRep + `}`,
			want:    Event{Ref: pull(7), Preview: pull(7), SHA: "sha"},
		},
		"pull_request of a fork that is gone": {
			event: "pull_request", ref: "refs/pull/7/merge",
			payload: `{"action":"opened","pull_request":{"number":7,"base":{"ref":"main"},` + gone + `},` + inRep + `}`,
			want:    Event{Ref: pull(7), Preview: pull(7), SHA: "sha"},
		},
		"pull_request, repository from the environment": {
			event: "pull_request", ref: "refs/pull/7/merge",
			payload: `{"pull_request":{"number":7,"head":{"repo":{"full_name":"O/R"}}}}`,
			want:    Event{Ref: pull(7), Preview: pull(7), SHA: "sha"},
		},
		"pull_request closed unmerged": {
			event: "pull_request", ref: "refs/pull/7/merge",
			payload: `{"action":"closed","pull_request":{"number":7,"merged":false,"base":{"ref":"main"},` + here + `},` + inRep + `}`,
			want:    Event{Ref: pull(7), Preview: pull(7), SHA: "sha"},
		},
		"pull_request merged": {
			event: "pull_request", ref: "refs/heads/main",
			payload: `{"action":"closed","pull_request":{"number":7,"merged":true,"merge_commit_sha":"merge","base":{"ref":"main"},` + here + `},` + inRep + `}`,
			want:    Event{Ref: branch("main"), Preview: pull(7), SHA: "merge"},
		},
		"pull_request merged, base qualified": {
			event: "pull_request", ref: "main",
			payload: `{"action":"closed","pull_request":{"number":7,"merged":true,"merge_commit_sha":"merge","base":{"ref":"refs/heads/main"},` + here + `}}`,
			want:    Event{Ref: branch("main"), Preview: pull(7), SHA: "merge"},
		},
		"pull_request merged from a fork": {
			event: "pull_request", ref: "refs/heads/main",
			payload: `{"action":"closed","pull_request":{"number":7,"merged":true,"merge_commit_sha":null,"base":{"ref":"main"},` + fork + `},` + inRep + `}`,
			want:    Event{Ref: branch("main"), Preview: pull(7), SHA: "sha"},
		},
		"pull_request merged, then labeled": {
			event: "pull_request", ref: "refs/heads/main",
			payload: `{"action":"labeled","pull_request":{"number":7,"merged":true,"base":{"ref":"main"},` + here + `}}`,
			want:    Event{Ref: pull(7), Preview: pull(7), SHA: "sha"},
		},
		"pull_request merged into nothing": {
			event: "pull_request", ref: "refs/heads/main",
			payload: `{"action":"closed","pull_request":{"number":7,"merged":true}}`,
			want:    Event{Preview: pull(7), SHA: "sha"}, noRef: `merged into ""`,
		},
		"pull_request merged into a tag": {
			event: "pull_request", ref: "refs/heads/main",
			payload: `{"action":"closed","pull_request":{"number":7,"merged":true,"base":{"ref":"refs/tags/v1"}}}`,
			want:    Event{Preview: pull(7), SHA: "sha"}, noRef: `merged into "refs/tags/v1"`,
		},
		"pull_request, payload empty":   {event: "pull_request", ref: "refs/pull/7/merge", want: Event{SHA: "sha"}, noRef: "parse the event's payload"},
		"pull_request, payload broken":  {event: "pull_request", ref: "refs/pull/7/merge", payload: `{"pull_request":{`, want: Event{SHA: "sha"}, noRef: "parse the event's payload"},
		"pull_request null":             {event: "pull_request", ref: "refs/pull/7/merge", payload: `{"pull_request":null}`, want: Event{SHA: "sha"}, noRef: "no pull_request.number"},
		"pull_request, number a string": {event: "pull_request", ref: "refs/pull/7/merge", payload: `{"pull_request":{"number":"7"}}`, want: Event{SHA: "sha"}, noRef: "cannot unmarshal string"},
		"pull_request, number negative": {event: "pull_request", ref: "refs/pull/7/merge", payload: `{"pull_request":{"number":-7}}`, want: Event{SHA: "sha"}, noRef: "no pull_request.number"},
		"pull_request, number too big":  {event: "pull_request", ref: "refs/pull/7/merge", payload: `{"pull_request":{"number":1e99}}`, want: Event{SHA: "sha"}, noRef: "cannot unmarshal number"},
		"pull_request, merged a string": {event: "pull_request", ref: "refs/heads/main", payload: `{"action":"closed","pull_request":{"number":7,"merged":"true"}}`, want: Event{SHA: "sha"}, noRef: "cannot unmarshal string"},

		"pull_request_target opened": {
			event: "pull_request_target", ref: "refs/heads/main",
			payload: `{"action":"opened","pull_request":{"number":7,"base":{"ref":"main"},` + fork + `},` + inRep + `}`,
			want:    Event{Ref: pull(7), Preview: pull(7), SHA: "head"},
		},
		"pull_request_target merged": {
			event: "pull_request_target", ref: "refs/heads/main",
			payload: `{"action":"closed","pull_request":{"number":7,"merged":true,"merge_commit_sha":"merge","base":{"ref":"main"},` + here + `},` + inRep + `}`,
			want:    Event{Ref: pull(7), Preview: pull(7), SHA: "head"},
		},
		"pull_request_target without a head": {
			event: "pull_request_target", ref: "refs/heads/main",
			payload: `{"pull_request":{"number":7}}`,
			want:    Event{Ref: pull(7), Preview: pull(7)},
		},

		"workflow_run":        {event: "workflow_run", ref: "refs/heads/main", payload: ran(`"push"`, `"develop"`, `"success"`), want: Event{Ref: branch("develop"), OrTag: tag("develop"), SHA: "ran"}},
		"workflow_run null":   {event: "workflow_run", ref: "refs/heads/main", payload: `{"workflow_run":null}`, noRef: "no workflow_run.event; set `alias`"},
		"workflow_run broken": {event: "workflow_run", ref: "refs/heads/main", payload: `nonsense`, want: Event{SHA: "sha"}, noRef: "parse the event's payload"},
		"workflow_run without a branch": {
			event: "workflow_run", ref: "refs/heads/main", payload: ran(`"push"`, `null`, `"success"`),
			want: Event{SHA: "ran"}, noRef: `head_branch ""`,
		},

		"an event about an issue": {event: "issues", ref: "refs/heads/main", payload: `{}`, want: Event{SHA: "sha"}, noRef: `the event "issues" does not count`},
		"pull_request_review":     {event: "pull_request_review", ref: "refs/pull/7/merge", payload: `{"pull_request":{"number":7}}`, want: Event{SHA: "sha"}, noRef: `"pull_request_review"`},
		"no event":                {ref: "refs/heads/main", want: Event{SHA: "sha"}, noRef: "GITHUB_EVENT_NAME is empty; set `alias`, or set `ref`"},

		"ref for an issue":            {event: "issues", ref: "refs/heads/main", override: "develop", want: Event{Ref: branch("develop"), SHA: "sha"}},
		"ref outside GitHub":          {override: "refs/tags/v1", want: Event{Ref: tag("v1"), SHA: "sha"}},
		"ref for a push that deletes": {event: "push", ref: "refs/heads/main", payload: `{"deleted":true}`, override: "main", want: Event{Ref: branch("main"), SHA: "sha"}},
		"ref for a merged pull request": {
			event: "pull_request", ref: "refs/heads/main",
			payload:  `{"action":"closed","pull_request":{"number":7,"merged":true,"merge_commit_sha":"merge","base":{"ref":"main"},` + fork + `},` + inRep + `}`,
			override: "refs/heads/x", want: Event{Ref: branch("x"), SHA: "merge"},
		},
		"ref for a deleted branch": {event: "delete", ref: "refs/heads/main", payload: `{"ref":"x","ref_type":"branch"}`, override: "refs/heads/x", want: Event{Ref: branch("x"), SHA: "sha"}},
		"ref for the tag of a workflow_run": {
			event: "workflow_run", ref: "refs/heads/main", payload: ran(`"push"`, `"v1"`, `"success"`),
			override: "refs/tags/v1", want: Event{Ref: tag("v1"), SHA: "ran"},
		},
		"ref for an unreadable release": {
			event: "release", ref: "refs/tags/v1", payload: `{`,
			override: "main", want: Event{Ref: branch("main"), SHA: "sha"}, noRef: "; set `alias`",
		},
		"ref is a pull request": {event: "workflow_dispatch", ref: "refs/heads/main", override: "refs/pull/7/merge", want: Event{Ref: pull(7), Preview: pull(7), SHA: "sha"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := readGitHub(gitHubJob(t, test.event, test.ref, test.payload), test.override)
			test.want.Name = test.event
			if diff := cmp.Diff(ofRun(test.want), got, cmpopts.IgnoreFields(Event{}, "Foreign")); diff != "" { // TestForeign
				t.Errorf("(-want +got):\n%s", diff)
			}
			switch {
			case test.noRef == "" && err != nil:
				t.Error(err)
			case test.noRef != "" && (!errors.Is(err, ErrNoRef) || !strings.Contains(err.Error(), test.noRef)):
				t.Errorf("got error %v, want ErrNoRef with %q", err, test.noRef)
			}
		})
	}
}

// The code of another repository counts as foreign until it is merged, and so does
// code of which the payload does not say where it is from.
func TestForeign(t *testing.T) {
	t.Parallel()
	pull := func(rest string) string {
		return `{"pull_request":{"number":7,"base":{"ref":"main"}` + rest + `},` + inRep + `}`
	}
	merged := func(rest string) string {
		return `{"action":"closed","pull_request":{"number":7,"merged":true,"base":{"ref":"main"}` + rest + `},` + inRep + `}`
	}
	for name, test := range map[string]struct {
		event, payload, override string
		want                     bool
	}{
		"push":                                {event: "push", payload: `{}`},
		"pull request":                        {event: "pull_request", payload: pull("," + here)},
		"of a fork":                           {event: "pull_request", payload: pull("," + fork), want: true},
		"of a fork that is gone":              {event: "pull_request", payload: pull("," + gone), want: true},
		"of an unknown repository":            {event: "pull_request", payload: pull(""), want: true},
		"unreadable":                          {event: "pull_request", payload: `{`, want: true},
		"target of a fork":                    {event: "pull_request_target", payload: pull("," + fork), want: true},
		"merged":                              {event: "pull_request", payload: merged("," + here)},
		"merged from a fork":                  {event: "pull_request", payload: merged("," + fork)},
		"target merged from a fork":           {event: "pull_request_target", payload: merged("," + fork), want: true},
		"of a fork, with another ref":         {event: "pull_request", payload: pull("," + fork), override: "main", want: true},
		"repository from the environment":     {event: "pull_request", payload: `{"pull_request":{"number":7,"head":{"repo":{"full_name":"O/R"}}}}`},
		"reviewed":                            {event: "pull_request_review", payload: pull("," + here)},
		"of a fork, reviewed":                 {event: "pull_request_review", payload: pull("," + fork), want: true},
		"of a fork, reviewed after its merge": {event: "pull_request_review", payload: merged("," + fork), want: true},
		"of a fork, with a review comment":    {event: "pull_request_review_comment", payload: pull("," + fork), want: true},
		"comment on a pull request":           {event: "issue_comment", payload: `{"issue":{"pull_request":{"url":"x"}},` + inRep + `}`, want: true},
		"comment on an issue":                 {event: "issue_comment", payload: `{"issue":{"number":7},` + inRep + `}`},
		"workflow run, unreadable":            {event: "workflow_run", payload: `{`, want: true},
		"workflow run":                        {event: "workflow_run", payload: ran(`"push"`, `"main"`, `"success"`)},
		"workflow run of a fork":              {event: "workflow_run", payload: strings.Replace(ran(`"push"`, `"main"`, `"success"`), "o/r", "someone/r", 1), want: true},
		"workflow run of a pull request":      {event: "workflow_run", payload: ran(`"pull_request"`, `"fix"`, `"success"`)},
		"workflow run of a fork that is gone": {event: "workflow_run", payload: `{"workflow_run":{"event":"push","head_repository":null},` + inRep + `}`, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, _ := readGitHub(gitHubJob(t, test.event, "refs/heads/main", test.payload), test.override); got.Foreign != test.want {
				t.Errorf("foreign: %t, want %t", got.Foreign, test.want)
			}
		})
	}
}

func TestReadRefusesAnIllegalRef(t *testing.T) {
	t.Parallel()
	got, err := readGitHub(gitHubJob(t, "push", "refs/heads/main", `{}`), "refs/remotes/x")
	if err == nil || errors.Is(err, ErrNoRef) || !strings.Contains(err.Error(), `read ref "refs/remotes/x": `) {
		t.Errorf("got error %v", err)
	}
	if diff := cmp.Diff(ofRun(Event{Name: "push", SHA: "sha"}), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
