package input

import (
	"flag"
	"io"
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
	for name, write := range map[string]func(io.Writer){"help.txt": Usage, "help-all.txt": UsageAll} {
		var b strings.Builder
		write(&b)
		checkUsage(t, filepath.Join("testdata", name), b.String())
	}
}

// TestUsageFitsOneScreen: --help needs no scrolling.
func TestUsageFitsOneScreen(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	Usage(&b)
	if n := strings.Count(b.String(), "\n"); n > 40 {
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
