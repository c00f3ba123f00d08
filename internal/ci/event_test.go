package ci

import (
	"errors"
	"strings"
	"testing"
)

func TestReadRun(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		id, attempt string

		wantID      uint64
		wantAttempt int
		wantErr     string
	}{
		"outside":             {"", "", 0, 0, ""},
		"outside, odd":        {"", "x", 0, 0, ""},
		"first":               {"4711", "1", 4711, 1, ""},
		"re-run":              {"4711", "3", 4711, 3, ""},
		"no attempt":          {"4711", "", 4711, 1, ""},
		"large":               {"18446744073709551615", "1", 18446744073709551615, 1, ""},
		"id no number":        {"x", "1", 0, 1, `GITHUB_RUN_ID "x"`},
		"id 0":                {"0", "1", 0, 1, `GITHUB_RUN_ID "0"`},
		"id negative":         {"-1", "1", 0, 1, `GITHUB_RUN_ID "-1"`},
		"id too large":        {"18446744073709551616", "1", 0, 1, "GITHUB_RUN_ID"},
		"attempt no number":   {"1", "x", 1, 0, `GITHUB_RUN_ATTEMPT "x"`},
		"attempt 0":           {"1", "0", 1, 0, `GITHUB_RUN_ATTEMPT "0"`},
		"both, and both told": {"x", "y", 0, 0, "GITHUB_RUN_ID \"x\" is not the number of a run\nGITHUB_RUN_ATTEMPT"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := readGitHub(map[string]string{
				"GITHUB_EVENT_NAME":  "push",
				"GITHUB_REF":         "refs/heads/main",
				"GITHUB_RUN_ID":      test.id,
				"GITHUB_RUN_ATTEMPT": test.attempt,
			}, "")
			if test.wantErr == "" && err != nil || test.wantErr != "" && (err == nil || !strings.Contains(err.Error(), test.wantErr)) {
				t.Errorf("got error %v, want %q", err, test.wantErr)
			}
			if got.Ref != branch("main") {
				t.Errorf("the ref is lost: %+v", got)
			}
			if got.RunID != test.wantID || got.Attempt != test.wantAttempt {
				t.Errorf("got run %d.%d", got.RunID, got.Attempt)
			}
		})
	}
}

// A caller that goes on after ErrNoRef can trust the run's identity.
func TestBrokenRunHidesErrNoRef(t *testing.T) {
	t.Parallel()
	_, err := readGitHub(map[string]string{"GITHUB_EVENT_NAME": "issues", "GITHUB_RUN_ID": "x"}, "")
	if err == nil || errors.Is(err, ErrNoRef) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{"GITHUB_RUN_ID", ErrNoRef.Error()} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
}
