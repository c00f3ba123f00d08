package main

import (
	"context"
	"io"
	"strings"
	"testing"

	"lambda-release/internal/localaws"
)

func TestStory(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	cloud := localaws.New(localaws.Options{})
	err := run(t.Context(), "127.0.0.1:0", cloud, func(ctx context.Context, url string) error {
		return runStory(ctx, &out, cloud, url)
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	for _, want := range []string{
		"All 13 jobs ended as expected",
		"████░░░░░░░░░░░░░░░░  20 %",
		`alarm "items-errors" is in ALARM: Threshold Crossed`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("output lacks %q:\n%s", want, &out)
		}
	}
}

// TestStoryNotices changes the expected end of a job: the demo must fail.
func TestStoryNotices(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*step){
		"exit code": func(s *step) { s.exit = 1 },
		"output":    func(s *step) { s.want = "status=held" },
		"alias":     func(s *step) { s.alias = "dev 2" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := story[0]
			change(&first)
			cloud := localaws.New(localaws.Options{})
			err := run(t.Context(), "127.0.0.1:0", cloud, func(ctx context.Context, url string) error {
				return first.run(ctx, io.Discard, cloud, url, t.TempDir())
			})
			if err == nil {
				t.Errorf("no error, although another %s is expected", name)
			}
		})
	}
}
