package ci

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"lambda-release/internal/rules"
)

func TestReadPayloadRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	huge := filepath.Join(dir, "huge")
	if err := os.WriteFile(huge, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, maxPayload+1); err != nil {
		t.Fatal(err)
	}
	deep := filepath.Join(dir, "deep")
	if err := os.WriteFile(deep, []byte(strings.Repeat(`{"a":`, 100_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"":                            "GITHUB_EVENT_PATH, the event's payload, is empty",
		filepath.Join(dir, "missing"): "no such file",
		dir:                           "is not a file",
		pipe:                          "is not a file",
		huge:                          "larger than 32 MiB",
		deep:                          "exceeded max depth",
	} {
		_, err := readGitHub(map[string]string{"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": path}, "")
		if !errors.Is(err, ErrNoRef) || !strings.Contains(err.Error(), want) {
			t.Errorf("pull_request, %s: got %v, want ErrNoRef with %q", path, err, want)
		}
		// A push needs no payload.
		got, err := readGitHub(map[string]string{"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_PATH": path}, "")
		if err != nil || got.Ref != branch("main") {
			t.Errorf("push, %s: got %+v, %v", path, got, err)
		}
	}
}

// Whatever the payload is, an event has a legal ref, or the error says why not.
func FuzzReadRef(f *testing.F) {
	for _, name := range []string{"push", "pull_request", "pull_request_target", "workflow_run", "release", "deployment_status", "delete", "issues", ""} {
		for _, payload := range []string{
			``, `null`, `[]`, `{"deleted":true}`, `{"pull_request":null}`, `{"pull_request":{"number":"7"}}`,
			`{"action":"closed","pull_request":{"number":7,"merged":true,"base":{"ref":"main"},` + fork + `},` + inRep + `}`,
			`{"action":"published"}`, `{"action":"deleted"}`, `{"deployment_status":{"state":"success"}}`,
			ran(`"push"`, `"x"`, `"success"`), ran(`"push"`, `"x"`, `"failure"`), ran(`"release"`, `"v1"`, `"success"`),
		} {
			f.Add(name, "refs/heads/main", []byte(payload))
		}
	}
	f.Fuzz(func(t *testing.T, name, githubRef string, data []byte) {
		e := gitHubEvent{Event{Name: name}}
		p, errPayload := parsePayload(data)
		err := e.checkOutcome(p, errPayload)
		if err == nil {
			err = e.readEvent(githubRef, p, errPayload)
		}
		if err != nil {
			if !errors.Is(err, ErrNoRef) && !errors.Is(err, ErrSkip) || e.Ref != (rules.Ref{}) {
				t.Errorf("got %+v with %v", e, err)
			}
			return
		}
		if again, err := rules.ParseRef(e.Ref.String()); err != nil || again != e.Ref {
			t.Errorf("%+v is not legal: %v", e.Ref, err)
		}
		if orTag := e.OrTag; orTag != (rules.Ref{}) && (orTag.Kind != rules.Tag || orTag.Name != e.Ref.Name) {
			t.Errorf("%s or %s", e.Ref, orTag)
		}
		if e.Ref.Kind == rules.Branch && (name == "pull_request_target" || name == "issues") {
			t.Errorf("%s counts as %s", name, e.Ref)
		}
	})
}
