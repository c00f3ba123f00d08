package artifact

import (
	"os"
	"path/filepath"
	"testing"
)

// What is made from a folder is not left behind, and is where there is room for it.
func TestSpool(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	inTemp := func(name string) string {
		return map[string]string{"RUNNER_TEMP": filepath.Join(dir, "of-the-host"), "TMPDIR": dir}[name]
	}
	for name, s := range map[string]Spool{"file": NewSpool(inTemp, 8), "memory": &memorySpool{}} {
		if _, err := s.Write([]byte("01234567")); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 3)
		if _, err := s.ReadAt(got, 4); err != nil || string(got) != "456" {
			t.Errorf("%s: read %q, %v", name, got, err)
		}
		if file, ok := s.(fileSpool); name == "file" && (!ok || filepath.Dir(file.Name()) != dir) {
			t.Errorf("not in %s: %+v", dir, s)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}
