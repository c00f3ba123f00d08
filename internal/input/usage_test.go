package input

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestUsage(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"help.txt": usage(), "help-all.txt": usageAll()} {
		checkUsage(t, filepath.Join("testdata", name), text)
	}
}

// TestUsageFitsOneScreen: --help needs no scrolling.
func TestUsageFitsOneScreen(t *testing.T) {
	t.Parallel()
	if n := strings.Count(usage(), "\n"); n > 40 {
		t.Errorf("%d lines", n)
	}
}

func checkUsage(t *testing.T, golden, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("-update writes it anew (-want +got):\n%s", diff)
	}
	for line := range strings.Lines(got) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > usageWidth {
			t.Errorf("%d characters: %s", n, line)
		}
	}
}
