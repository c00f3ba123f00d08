package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"lambda-release/internal/localaws"
)

// tell runs the story, and returns what is shown.
func tell(t *testing.T, show func(io.Writer) shower) string {
	t.Helper()
	var out strings.Builder
	cloud := localaws.New(localaws.Options{})
	err := run(t.Context(), "127.0.0.1:0", cloud, func(ctx context.Context, url string) error {
		return runStory(ctx, t, inMemory(cloud, url), show(&out))
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	return out.String()
}

func TestStory(t *testing.T) {
	t.Parallel()
	out := tell(t, func(out io.Writer) shower { return &full{out, function} })
	for _, want := range []string{
		"All 14 jobs ended as expected",
		"████░░░░░░░░░░░░░░░░  20 %",
		`alarm "items-errors" is in ALARM: Threshold Crossed`,
		": worse (",
		"xychart-beta",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("output lacks %q:\n%s", want, out)
		}
	}
}

// TestBrief: without flags the story fits into two screens, with how each job ended.
func TestBrief(t *testing.T) {
	t.Parallel()
	out := tell(t, func(out io.Writer) shower { return &brief{out: out} })
	lines := strings.Split(out, "\n")
	if len(lines) > 48 {
		t.Errorf("%d lines", len(lines))
	}
	for _, line := range lines {
		if utf8.RuneCountInString(line) > 80 || strings.ContainsAny(line, "|`#") {
			t.Errorf("too wide for a terminal, or Markdown: %s", line)
		}
	}
	for i, s := range story {
		_, after, ok := strings.Cut(out, s.title)
		if i+1 < len(story) {
			after, _, _ = strings.Cut(after, story[i+1].title)
		}
		status, _, _ := strings.Cut(strings.TrimPrefix(s.want, "status="), " ")
		if !ok || !strings.Contains(after, status+" ") || !strings.Contains(after+"\n", s.alias) {
			t.Errorf("%q is not shown to end with %s and %s:\n%s", s.title, status, s.alias, out)
		}
	}
}

// TestPage: the page has every summary with its picture, and loads nothing.
func TestPage(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "summaries.html")
	out := tell(t, func(out io.Writer) shower { return &page{shower: &brief{out: out}, file: file} })
	if !strings.Contains(out, "All 14 jobs") {
		t.Errorf("the story itself is not shown:\n%s", out)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	if n := strings.Count(text, "<svg "); n != len(story)+1 { // one has a chart, too
		t.Errorf("%d pictures, want %d", n, len(story)+1)
	}
	for _, s := range story {
		if !strings.Contains(text, ". "+s.title+"</h2>") {
			t.Errorf("the page lacks %q", s.title)
		}
	}
	for _, unwanted := range []string{"http", "src=", "<script", "flowchart", "| ---"} {
		if strings.Contains(text, unwanted) {
			t.Errorf("the page contains %q", unwanted)
		}
	}
}

// TestREADMESummary: the summary in the README is that of the demo.
func TestREADMESummary(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, picture, _ := strings.Cut(string(b), "\n---\n\n")
	picture, _, _ = strings.Cut(picture, "\n\n---\n")
	heading, rest, _ := strings.Cut(picture, "\n")
	want := "### " + strings.Trim(heading, "*") + "\n" + rest + "\n\nTook "
	all := &summaries{}
	tell(t, func(io.Writer) shower { return all })
	if !strings.Contains(strings.Join(all.all, "\n"), want) {
		t.Errorf("no job has the summary in the README:\n%s\n\nThese are theirs:\n%s", want, strings.Join(all.all, "\n"))
	}
}

// summaries keeps the summaries.
type summaries struct{ all []string }

func (s *summaries) begin()                          {}
func (s *summaries) start(int, step) io.Writer       { return io.Discard }
func (s *summaries) end(_ int, _ step, e ended)      { s.all = append(s.all, e.summary) }
func (s *summaries) finish(int, time.Duration) error { return nil }

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
				_, err := first.job(ctx, io.Discard, inMemory(cloud, url), t.TempDir())
				return err
			})
			if err == nil {
				t.Errorf("no error, although another %s is expected", name)
			}
		})
	}
}
