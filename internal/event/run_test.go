package event

import (
	"errors"
	"strings"
	"testing"
)

func TestReadRun(t *testing.T) {
	t.Parallel()
	const server, repository = "https://github.com", "o/r"
	for name, test := range map[string]struct {
		id, attempt, server, repository string

		wantID      uint64
		wantAttempt int
		wantURL     string
		wantErr     string
	}{
		"outside":             {"", "", "", "", 0, 0, "", ""},
		"outside, odd":        {"", "x", server, repository, 0, 0, "", ""},
		"first":               {"4711", "1", server, repository, 4711, 1, "https://github.com/o/r/actions/runs/4711/attempts/1", ""},
		"re-run":              {"4711", "3", server, repository, 4711, 3, "https://github.com/o/r/actions/runs/4711/attempts/3", ""},
		"no attempt":          {"4711", "", server, repository, 4711, 1, "https://github.com/o/r/actions/runs/4711/attempts/1", ""},
		"large":               {"18446744073709551615", "1", "", "", 18446744073709551615, 1, "", ""},
		"enterprise":          {"1", "1", "https://git.example.com/hub/", "My.Org/my_repo-1", 1, 1, "https://git.example.com/hub/My.Org/my_repo-1/actions/runs/1/attempts/1", ""},
		"no server":           {"1", "1", "", repository, 1, 1, "", ""},
		"server no URL":       {"1", "1", "https://a b/\n", repository, 1, 1, "", ""},
		"server a script":     {"1", "1", "javascript:alert(1)", repository, 1, 1, "", ""},
		"repository odd":      {"1", "1", server, "o/r)\n::error::", 1, 1, "", ""},
		"id no number":        {"x", "1", server, repository, 0, 1, "", `GITHUB_RUN_ID "x"`},
		"id 0":                {"0", "1", server, repository, 0, 1, "", `GITHUB_RUN_ID "0"`},
		"id negative":         {"-1", "1", server, repository, 0, 1, "", `GITHUB_RUN_ID "-1"`},
		"id too large":        {"18446744073709551616", "1", server, repository, 0, 1, "", "GITHUB_RUN_ID"},
		"attempt no number":   {"1", "x", server, repository, 1, 0, "", `GITHUB_RUN_ATTEMPT "x"`},
		"attempt 0":           {"1", "0", server, repository, 1, 0, "", `GITHUB_RUN_ATTEMPT "0"`},
		"both, and both told": {"x", "y", server, repository, 0, 0, "", "GITHUB_RUN_ID \"x\" is not the number of a run\nGITHUB_RUN_ATTEMPT"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Read(getenv(map[string]string{
				"GITHUB_EVENT_NAME":  "push",
				"GITHUB_REF":         "refs/heads/main",
				"GITHUB_RUN_ID":      test.id,
				"GITHUB_RUN_ATTEMPT": test.attempt,
				"GITHUB_SERVER_URL":  test.server,
				"GITHUB_REPOSITORY":  test.repository,
			}), "")
			if test.wantErr == "" && err != nil || test.wantErr != "" && (err == nil || !strings.Contains(err.Error(), test.wantErr)) {
				t.Errorf("got error %v, want %q", err, test.wantErr)
			}
			if got.Ref != branch("main") {
				t.Errorf("the ref is lost: %+v", got)
			}
			if got.RunID != test.wantID || got.Attempt != test.wantAttempt || got.RunURL != test.wantURL {
				t.Errorf("got run %d.%d at %q", got.RunID, got.Attempt, got.RunURL)
			}
		})
	}
}

// Whoever goes on after ErrNoRef must be able to trust the run's identity.
func TestBrokenRunHidesErrNoRef(t *testing.T) {
	t.Parallel()
	_, err := Read(getenv(map[string]string{"GITHUB_EVENT_NAME": "issues", "GITHUB_RUN_ID": "x"}), "")
	if err == nil || errors.Is(err, ErrNoRef) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{"GITHUB_RUN_ID", ErrNoRef.Error()} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
}
