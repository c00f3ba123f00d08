package artifact

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// sparse makes a file of a size that takes no space.
func sparse(tb testing.TB, path string, size int64) {
	tb.Helper()
	put(tb, path, "", 0o644)
	if err := os.Truncate(path, size); err != nil {
		tb.Skip("no such files here:", err)
	}
}

// noise is what cannot be compressed.
func noise(size int) []byte {
	content := make([]byte, size)
	source := rand.NewChaCha8([32]byte{5})
	source.Read(content)
	return content
}

// allocated is how many bytes f allocates. Tests that ask do not run beside
// others.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

//nolint:paralleltest // it counts the bytes that are allocated
func TestFolderOf300MB(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		sparse(t, filepath.Join(dir, fmt.Sprint(i)), 100<<20)
	}
	var got string
	if n := allocated(func() { got = refused(t, dir) }); n > 1<<20 {
		t.Errorf("allocated %d bytes to refuse", n)
	}
	wantIn(t, got, "300.0 MB (314572800 bytes) unpacked", "less than 250.0 MB (262144000)", "layers included", "S3 does not help", "image")
}

func TestUnpackedLimitIsExact(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sparse(t, filepath.Join(dir, "a"), 250<<20-1)
	f, err := openFolder(t.Context(), dir, lambdaLimits)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.close(); err != nil {
		t.Fatal(err)
	}
	sparse(t, filepath.Join(dir, "b"), 1)
	wantIn(t, refused(t, dir), "(262144000 bytes) unpacked")
	// Sizes that overflow when they are added up.
	if got := plus(plus(math.MaxInt64-1, 2), math.MaxUint64); got != math.MaxInt64 {
		t.Errorf("plus = %d", got)
	}
}

// What does not compress is refused as soon as it is over the limit.
func TestFolderZippedLimit(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"a": string(noise(400_000)), "b": string(noise(400_000))})
	s := parsed(t, dir)
	size := func(l limits) (int, error) {
		p, err := zipFolder(t.Context(), s, l, io.Discard)
		return int(p.Size), err
	}
	whole, err := size(lambdaLimits)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := size(limits{zipped: int64(whole), unpacked: 1 << 20}); err != nil || got != whole {
		t.Errorf("an archive of exactly the limit: %d bytes, %v", got, err)
	}
	for _, less := range []int64{int64(whole) - 1, 500_000, 10_000} {
		_, err := size(limits{zipped: less, unpacked: 1 << 20})
		if err == nil {
			t.Fatalf("%d bytes passed a limit of %d", whole, less)
		}
		wantIn(t, err.Error(), "2 files (781.2 KB) are more than", fmt.Sprintf("(%d bytes) zipped", less), "set the input s3-bucket", "s3://bucket/key")
	}
}

func TestFolderOfTooManyFiles(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	for i := range 101 {
		files[fmt.Sprint(i)] = ""
	}
	_, err := zipFolder(t.Context(), parsed(t, tree(t, files)), limits{zipped: 78 * 100, unpacked: 1 << 20}, io.Discard)
	if err == nil {
		t.Fatal("no error")
	}
	wantIn(t, err.Error(), "more than 100 files and folders", "image")
}

func TestZip(t *testing.T) {
	t.Parallel()
	content := zipped(t, open(t, tree(t, map[string]string{"a": "A", "b/c": "BC"})))
	content = append([]byte("#!/usr/bin/env self-extracting\n"), content...) // allowed, and sent as it is
	for _, name := range []string{"app.zip", "app.JAR"} {
		p := open(t, write(t, name, string(content)))
		sum := sha256.Sum256(content)
		if !bytes.Equal(zipped(t, p), content) || p.SHA256 != base64.StdEncoding.EncodeToString(sum[:]) {
			t.Error("not sent as it is")
		}
		if p.Size != int64(len(content)) || p.Files != 2 || p.Unpacked != 3 {
			t.Errorf("size %d, %d files, %d unpacked", p.Size, p.Files, p.Unpacked)
		}
	}
}

func TestZipRefuses(t *testing.T) {
	t.Parallel()
	whole := string(zipped(t, open(t, tree(t, map[string]string{"a": strings.Repeat("x", 1000)}))))
	var folders bytes.Buffer
	w := zip.NewWriter(&folders)
	if _, err := w.Create("a/"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	const empty = "PK\x05\x06" + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	tests := []struct{ name, content, want string }{
		{"nothing", "", "the file is empty"},
		{"no files", empty, "the zip contains no file"},
		{"only folders", folders.String(), "the zip contains no file"},
		{"text", "hello", "not a zip (zip: not a valid zip file)"},
		{"cut off", whole[:len(whole)-30], "as if the file were truncated"},
		{"gzip", "\x1f\x8b\x08", "compressed by gzip"},
		{"Git LFS", "version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "lfs: true"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			wantIn(t, refused(t, write(t, "app.zip", tt.content)), "read code ", tt.want)
		})
	}
}

//nolint:paralleltest // it counts the bytes that are allocated
func TestZipOf60MB(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.zip")
	stored(t, path, 60<<20)
	var got string
	if n := allocated(func() { got = refused(t, path) }); n > 1<<20 {
		t.Errorf("allocated %d bytes to refuse", n)
	}
	wantIn(t, got, "60.0 MB (", "50.0 MB (52428800)", "set the input s3-bucket", "s3://bucket/key")
}

//nolint:paralleltest // it counts the bytes that are allocated
func TestNoArchiveIsHeld(t *testing.T) {
	if testing.Short() {
		t.Skip("49 MB, which the race detector follows byte by byte, and allocates for")
	}
	path := filepath.Join(t.TempDir(), "app.zip")
	stored(t, path, 49<<20)
	dir := tree(t, map[string]string{"a": string(noise(4 << 20)), "b": string(noise(4 << 20))})
	for _, code := range []string{path, dir} {
		if n := allocated(func() {
			p := open(t, code)
			archive, err := p.Open(t.Context(), noEnv)
			if err != nil {
				t.Fatal(err)
			}
			if n, err := io.Copy(io.Discard, io.NewSectionReader(archive, 0, p.Size)); n != p.Size || err != nil {
				t.Errorf("%d of %d bytes, %v", n, p.Size, err)
			}
			if err := archive.Close(); err != nil {
				t.Error(err)
			}
		}); n > 3<<20 {
			t.Errorf("allocated %d bytes for %s", n, code)
		}
	}
}

func TestLargeIfItCanBeStaged(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "app.zip")
	stored(t, path, 60<<20)
	p, err := parsed(t, path).Inspect(t.Context(), noEnv, true)
	if err != nil || !p.Large() {
		t.Errorf("%+v, %v", p, err)
	}
	stored(t, path, 251<<20)
	if _, err := parsed(t, path).Inspect(t.Context(), noEnv, true); err == nil {
		t.Error("251 MB unpacked passed")
	}
	stored(t, path, 1<<20)
	if p, err := parsed(t, path).Inspect(t.Context(), noEnv, true); err != nil || p.Large() {
		t.Errorf("%+v, %v", p, err)
	}
}

// stored makes an archive with one file of zeros in it, as large as it is.
func stored(t *testing.T, path string, size int64) {
	t.Helper()
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(out)
	f, err := w.CreateHeader(&zip.FileHeader{Name: "a", Method: zip.Store})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(f, zeros{}, size); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// A directory that claims more than 4 GB, and more than can be added up.
func TestZipBomb(t *testing.T) {
	t.Parallel()
	for name, sizes := range map[string][]uint64{
		"zip64":    {1 << 40},
		"overflow": {1 << 63, 1 << 63, math.MaxUint64},
		"many":     {200 << 20, 60 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var archive bytes.Buffer
			w := zip.NewWriter(&archive)
			for i, size := range sizes {
				f, err := w.CreateRaw(&zip.FileHeader{Name: fmt.Sprint(i), Method: zip.Deflate, UncompressedSize64: size, CompressedSize64: 2})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := f.Write([]byte{3, 0}); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			wantIn(t, refused(t, write(t, "bomb.zip", archive.String())), "unpacked, but Lambda takes less than 250.0 MB", "S3 does not help")
		})
	}
}
