package artifact

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func noEnv(string) string { return "" }

// tree makes a folder of files, and gives its path.
func tree(tb testing.TB, files map[string]string) string {
	tb.Helper()
	dir := tb.TempDir()
	for name, content := range files {
		put(tb, filepath.Join(dir, filepath.FromSlash(name)), content, 0o644)
	}
	return dir
}

// write makes one file, and gives its path.
func write(tb testing.TB, name, content string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	put(tb, path, content, 0o644)
	return path
}

func put(tb testing.TB, path, content string, mode fs.FileMode) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		tb.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask is
		tb.Fatal(err)
	}
}

func parsed(tb testing.TB, code string) Source {
	tb.Helper()
	s, err := parseOne(code)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// open opens a CODE that is fine.
func open(tb testing.TB, code string) Package {
	tb.Helper()
	p, err := parsed(tb, code).Inspect(tb.Context(), noEnv, false)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// zipped is the archive of a package.
func zipped(tb testing.TB, p Package) []byte {
	tb.Helper()
	archive, err := p.Open(tb.Context(), noEnv)
	if err != nil {
		tb.Fatal(err)
	}
	content, err := io.ReadAll(io.NewSectionReader(archive, 0, p.Size))
	if err := errors.Join(err, archive.Close()); err != nil {
		tb.Fatal(err)
	}
	return content
}

// refused opens a CODE that is not, and gives the error.
func refused(tb testing.TB, code string) string {
	tb.Helper()
	p, err := parsed(tb, code).Inspect(tb.Context(), noEnv, false)
	if err == nil {
		tb.Fatalf("Inspect(%q) = %s; want an error", code, p.Describe())
	}
	return err.Error()
}

func wantIn(tb testing.TB, got string, wants ...string) {
	tb.Helper()
	for _, want := range wants {
		if !strings.Contains(got, want) {
			tb.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestOpenWhatLambdaFetches(t *testing.T) {
	t.Parallel()
	tests := []struct{ code, sha256, describe string }{
		{"s3://bucket/a/key.zip", "", "s3://bucket/a/key.zip"},
		{"s3://bucket/key.zip#v1", "", "s3://bucket/key.zip, version v1"},
		{ecr + "/orders:1", "", "image " + ecr + "/orders:1"},
		{ecr + "/orders@sha256:" + hex64, hex64, "image " + ecr + "/orders@sha256:" + hex64},
	}
	for _, tt := range tests {
		p := open(t, tt.code)
		if p.SHA256 != tt.sha256 || p.Describe() != tt.describe || p.Source != parsed(t, tt.code) {
			t.Errorf("Inspect(%q) = %+v, %q", tt.code, p, p.Describe())
		}
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"bootstrap": elfArm64 + strings.Repeat("x", 3<<20)})
	p := open(t, dir)
	wantIn(t, p.Describe(), "folder "+dir+": 1 file, ", " KB zipped, 3.0 MB unpacked, for arm64")
	path := write(t, "app.zip", string(zipped(t, p)))
	wantIn(t, open(t, path).Describe(), path+": 1 file, ", " KB zipped, 3.0 MB unpacked, for arm64")
}

// A path that the host knows is found in the workspace, but only if there is
// nothing where it points to.
func TestOpenHostPath(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"dist/index.js": "here"})
	env := map[string]string{"GITHUB_WORKSPACE": dir, "RUNNER_WORKSPACE": "/home/runner/work/orders", "GITHUB_REPOSITORY": "acme/orders"}
	getenv := func(key string) string { return env[key] }
	const host = "/home/runner/work/orders/orders/dist"

	p, err := parsed(t, host).Inspect(t.Context(), getenv, false)
	if err != nil {
		t.Fatal(err)
	}
	if p.Given != host || p.Path != dir+"/dist" && p.Path != filepath.Join(dir, "dist") {
		t.Errorf("opened %q for %q", p.Path, p.Given)
	}
	wantIn(t, p.Describe(), "folder "+host+" (at "+p.Path+"): 1 file")

	other := filepath.Join(t.TempDir(), "orders", "orders", "dist")
	put(t, filepath.Join(other, "index.js"), "there, and not here", 0o644)
	if p, err = parsed(t, other).Inspect(t.Context(), getenv, false); err != nil || p.Path != other {
		t.Errorf("opened %q, %v; want %q, which is there", p.Path, err, other)
	}

	for code, want := range map[string]string{
		host + "/../build":            "does not exist either",
		"/home/runner/work/_temp/x":   "sees only the workspace, ",
		"build/never.zip":             "no such file or folder in /",
		filepath.Join(dir, "missing"): "missing",
	} {
		_, err := parsed(t, code).Inspect(t.Context(), getenv, false)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Inspect(%q): %v; want %q in it", code, err, want)
		}
	}
}

func TestOpenRefusesTheWrongKind(t *testing.T) {
	t.Parallel()
	wantIn(t, refused(t, write(t, "app.tar", "x")), "it is a file, not a folder", ".zip or .jar")
	dir := filepath.Join(t.TempDir(), "dist.zip")
	put(t, filepath.Join(dir, "a"), "x", 0o644)
	wantIn(t, refused(t, dir), "it is a folder", `dist.zip/`)
	if p := open(t, dir+"/"); p.Files != 1 {
		t.Errorf("%d files", p.Files)
	}
	if runtime.GOOS == "linux" {
		link := filepath.Join(t.TempDir(), "x.zip")
		if err := os.Symlink("/dev/null", link); err != nil {
			t.Fatal(err)
		}
		wantIn(t, refused(t, link), "it is a device")
	}
}

func TestOpenStopsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := tree(t, map[string]string{"a": "x"})
	if p, err := parsed(t, dir).Inspect(ctx, noEnv, false); err == nil || ctx.Err() == nil || !strings.Contains(err.Error(), context.Canceled.Error()) {
		t.Errorf("Inspect = %s, %v", p.Describe(), err)
	}
}
