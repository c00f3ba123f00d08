package main

import (
	"context"
	"io"
	"strings"
	"testing"

	"lambda-release/internal/localaws"
)

// TestStory plays the demo as it is played for people, as fast as it goes.
func TestStory(t *testing.T) {
	t.Parallel()
	var told strings.Builder
	err := play(t.Context(), &told)
	if err != nil {
		t.Fatalf("%v\n%s", err, &told)
	}
	for _, want := range []string{
		"All 13 steps ended as told",
		"████░░░░░░░░░░░░░░░░  20 %",
		`alarm "items-errors" is in ALARM: Threshold Crossed`,
	} {
		if !strings.Contains(told.String(), want) {
			t.Errorf("%q is not told in\n%s", want, &told)
		}
	}
}

// TestStoryNotices changes the end of one step: the demo must fail there.
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
				return first.tell(ctx, io.Discard, cloud, url, t.TempDir())
			})
			if err == nil {
				t.Errorf("the first step ends as told, with another %s", name)
			}
		})
	}
}

func play(ctx context.Context, out io.Writer) error {
	cloud := localaws.New(localaws.Options{})
	return run(ctx, "127.0.0.1:0", cloud, func(ctx context.Context, url string) error { return tell(ctx, out, cloud, url) })
}
