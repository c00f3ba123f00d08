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
			p, err := parsePicture(block)
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			boxes := strings.Count(p.svg(), "<rect ")
			if want := countNodes(block); boxes != want {
				t.Errorf("%s: %d boxes, want %d:\n%s", file, boxes, want, block)
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d pictures in %d files", found, len(files))
	}
	if _, err := parsePicture("sequenceDiagram"); err == nil {
		t.Error("another diagram is drawn as a flowchart")
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
