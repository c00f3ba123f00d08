package artifact

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// unzip gives the files of an archive, and checks what they all have.
func unzip(tb testing.TB, archive []byte) (files map[string]string, modes map[string]fs.FileMode) {
	tb.Helper()
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		tb.Fatal(err)
	}
	files, modes = map[string]string{}, map[string]fs.FileMode{}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			tb.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			tb.Fatal(err)
		}
		if err := in.Close(); err != nil {
			tb.Fatal(err)
		}
		if len(f.Extra) > 0 || f.Comment != "" || f.Method != zip.Deflate && f.Mode().IsRegular() || !f.Modified.Equal(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)) {
			tb.Errorf("%q: extra %x, comment %q, method %d, modified %s", f.Name, f.Extra, f.Comment, f.Method, f.Modified)
		}
		files[f.Name], modes[f.Name] = string(content), f.Mode()
	}
	if names := func() (all []string) {
		for _, f := range r.File {
			all = append(all, f.Name)
		}
		return all
	}(); !slices.IsSorted(names) || len(files) != len(names) {
		tb.Errorf("names are not sorted, or not unique: %q", names)
	}
	return files, modes
}

// The hash of a known folder. It must be the same on every system; if a new
// version of Go compresses in another way it may change, and then every user's
// folder is uploaded once more: say so in the changelog.
func TestFolderHash(t *testing.T) {
	t.Parallel()
	p := open(t, tree(t, map[string]string{
		"index.js":        "exports.handler = async () => 'hello'\n",
		"lib/a.js":        strings.Repeat("const answer = 42;\n", 500),
		"lib.js":          "",
		"bin/run":         "#!/bin/sh\nexec true\n",
		"ünïcode/näme.md": "# text\n",
	}))
	const want = "/XdvBSASGucno580QuwIt3SNbB1U1jTBYueJPZvoCEk="
	if p.SHA256 != want {
		t.Errorf("SHA256 = %s, want %s", p.SHA256, want)
	}
	if p.Size != int64(len(zipped(t, p))) || p.Files != 5 || p.Unpacked != 9565 {
		t.Errorf("size %d of %d, %d files, %d unpacked", p.Size, len(zipped(t, p)), p.Files, p.Unpacked)
	}
}

// Random folders: what is unpacked is what was there, and the same files made in
// another order, at another time, with other permissions, give the same bytes.
func TestFolderRoundTrip(t *testing.T) {
	t.Parallel()
	seeds := uint64(40)
	if testing.Short() { // as the race detector, for which this has one goroutine each
		seeds = 4
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 5))
			files := map[string]string{}
			executable := map[string]bool{}
			for range 1 + random.IntN(12) {
				name := randomName(random)
				files[name] = randomContent(random)
				executable[name] = random.IntN(3) == 0 && runtime.GOOS != "windows"
			}
			// d/x and d/x/y cannot both be.
			maps.DeleteFunc(files, func(name, _ string) bool {
				for other := range files {
					if strings.HasPrefix(other, name+"/") {
						return true
					}
				}
				return false
			})
			first := open(t, shuffled(t, random, files, executable))
			got, modes := unzip(t, zipped(t, first))
			if !maps.Equal(got, files) {
				t.Fatalf("got %q\nwant %q", got, files)
			}
			var unpacked int64
			for name, content := range files {
				unpacked += int64(len(content))
				want := fs.FileMode(0o644)
				if executable[name] || strings.HasPrefix(content, "#!") || strings.HasPrefix(content, "\x7fELF") {
					want = 0o755
				}
				if modes[name] != want {
					t.Errorf("%q has mode %s, want %s", name, modes[name], want)
				}
			}
			if first.Files != len(files) || first.Unpacked != unpacked {
				t.Errorf("%d files of %d bytes, want %d of %d", first.Files, first.Unpacked, len(files), unpacked)
			}
			second := open(t, shuffled(t, random, files, executable))
			if !bytes.Equal(zipped(t, first), zipped(t, second)) || first.SHA256 != second.SHA256 {
				t.Error("the same files gave another archive")
			}
		})
	}
}

func randomName(random *rand.Rand) string {
	parts := []string{"a", "b", ".hidden", ".github", "a b", "ä", "~x", "B", "a.zip", "a-b", "日本"}
	var name []string
	for range 1 + random.IntN(4) {
		name = append(name, parts[random.IntN(len(parts))])
	}
	return strings.Join(name, "/")
}

func randomContent(random *rand.Rand) string {
	switch random.IntN(6) {
	case 0:
		return ""
	case 1:
		return "#!/bin/sh\n"
	case 2:
		return elfX86
	case 3:
		return strings.Repeat("line of text\n", random.IntN(20_000))
	}
	content := make([]byte, random.IntN(200_000))
	for i := range content {
		content[i] = byte(random.Uint32())
	}
	return string(content)
}

// shuffled writes files in any order, with any permissions and times.
func shuffled(t *testing.T, random *rand.Rand, files map[string]string, executable map[string]bool) string {
	t.Helper()
	dir := t.TempDir()
	names := slices.Collect(maps.Keys(files))
	random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names {
		mode := []fs.FileMode{0o600, 0o640, 0o644, 0o664, 0o666}[random.IntN(5)]
		if executable[name] {
			mode |= []fs.FileMode{0o100, 0o110, 0o111}[random.IntN(3)]
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		put(t, path, files[name], mode)
		at := time.Unix(random.Int64N(2_000_000_000), random.Int64N(1e9))
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	put(t, filepath.Join(dir, "empty", "x"), "", 0o644)
	if err := os.Remove(filepath.Join(dir, "empty", "x")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Skip("no links here:", err)
	}
}

// maker fills a folder.
type maker struct {
	t   *testing.T
	dir string
}

func (m maker) path(name string) string { return filepath.Join(m.dir, filepath.FromSlash(name)) }

func (m maker) file(name string) { put(m.t, m.path(name), "x", 0o644) }

func (m maker) link(name, target string) {
	m.folder(filepath.ToSlash(filepath.Dir(name)))
	link(m.t, target, m.path(name))
}

func (m maker) folder(name string) {
	if err := os.MkdirAll(m.path(name), 0o755); err != nil {
		m.t.Fatal(err)
	}
}

func (m maker) socket(name string) {
	listener, err := net.Listen("unix", m.path(name))
	if err != nil {
		m.t.Skip("no sockets here:", err)
	}
	m.t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			m.t.Error(err)
		}
	})
}

// odd makes a file with a name that not every system has.
func (m maker) odd(name string) {
	if runtime.GOOS == "windows" {
		m.t.Skip("no such names here")
	}
	if err := os.WriteFile(m.dir+"/"+name, []byte("x"), 0o600); err != nil {
		m.t.Skip("no such names here:", err)
	}
}

func TestFolderRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		make func(m maker)
		want []string
	}{
		{"empty", func(maker) {}, []string{"it contains no file", "before this step"}},
		{"only folders", func(m maker) { m.folder("a/b") }, []string{"it contains no file"}},
		{"socket", func(m maker) { m.socket("s") }, []string{`"s" is a socket`, "remove it"}},
		{"backslash", func(m maker) { m.odd(`a\b`) }, []string{"backslash", "rename it"}},
		{"not UTF-8", func(m maker) { m.odd("a\xff") }, []string{`"a\xff" is not UTF-8`, "rename it"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := maker{t, filepath.Join(t.TempDir(), "dist")}
			m.folder(".")
			tt.make(m)
			wantIn(t, refused(t, m.dir), append(tt.want, `zip folder "`)...)
		})
	}
}

// A file that grows or shrinks between the list and the reading of it.
func TestFolderChanges(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]int64{"grows": 100, "shrinks": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := tree(t, map[string]string{"a": "0123456789"})
			f, err := openFolder(t.Context(), dir, lambdaLimits)
			if err != nil {
				t.Fatal(err)
			}
			defer f.close()
			if err := os.Truncate(filepath.Join(dir, "a"), change); err != nil {
				t.Fatal(err)
			}
			err = newPacker(io.Discard).add(f, f.files[0], &scan{})
			if err == nil || !strings.Contains(err.Error(), `"a" had 10 bytes and changed`) {
				t.Errorf("got %v", err)
			}
		})
	}
}
