package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPictures: every picture that internal/report draws in its tests can be drawn
// here, with all of its texts.
func TestPictures(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../report/testdata/*.golden")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range strings.Split(string(b), "\n```mermaid\n")[1:] {
			block, _, _ = strings.Cut(block, "\n```")
			found++
			svg, err := draw(block)
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			boxes, want := strings.Count(svg, "<rect "), countNodes(block)
			if isChart.MatchString(block) {
				want = strings.Count(block, `", "`) + 1 // a bar for each minute
			}
			if boxes != want {
				t.Errorf("%s: %d boxes, want %d:\n%s", file, boxes, want, block)
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d pictures in %d files", found, len(files))
	}
	for _, unknown := range []string{"sequenceDiagram", "xychart-beta\n  pie [1]", "xychart-beta\n  x-axis [\"a\"]\n  y-axis \"b\" 0 --> 2\n  bar [1]\n  line [1, 2]"} {
		if _, err := draw(unknown); err == nil {
			t.Errorf("%q is drawn", unknown)
		}
	}
}

// countNodes counts functions, aliases and versions by their labels.
func countNodes(mermaid string) int {
	labels := map[string]bool{}
	for line := range strings.Lines(mermaid) {
		for _, word := range strings.Fields(line) {
			if id, _, ok := strings.Cut(word, `["`); ok {
				labels[strings.TrimSuffix(id, "(")] = true
			}
		}
	}
	return len(labels)
}
