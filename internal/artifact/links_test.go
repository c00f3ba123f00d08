package artifact

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// linksOf gives the links of an archive.
func linksOf(t *testing.T, p Package) map[string]string {
	t.Helper()
	files, modes := unzip(t, zipped(t, p))
	maps.DeleteFunc(files, func(name, _ string) bool { return modes[name].Type() != fs.ModeSymlink })
	return files
}

func TestFolderKeepsLinks(t *testing.T) {
	t.Parallel()
	m := maker{t, filepath.Join(t.TempDir(), "dist")}
	m.file("real/sub/b")
	m.file("top")
	m.folder("empty/deep")
	m.link("relative", "real")
	m.link("twice", "relative/sub")
	m.link("through", "twice/../../top") // what twice leads to has two folders above it
	m.link("real/up", "../top")
	m.link("real/sub/round", "../..")
	m.link("absolute", m.path("real/sub/b"))
	m.link("real/absolute", m.path("relative/sub"))
	m.link("layer", "/opt/nodejs/../lib/x")
	m.link("by-layer", "layer/y/../z")
	m.link("to-empty", "empty/deep")
	self := filepath.Join(t.TempDir(), "dist") // the folder itself may be a link
	link(t, m.dir, self)

	want := map[string]string{
		"relative": "real", "twice": "relative/sub", "through": "twice/../../top", "real/up": "../top",
		"real/sub/round": "../..", "absolute": "real/sub/b", "real/absolute": "sub", "layer": "/opt/lib/x",
		"by-layer": "layer/y/../z", "to-empty": "empty/deep",
	}
	var sums []string
	for _, dir := range []string{m.dir, self} {
		p := open(t, dir)
		if got := linksOf(t, p); !maps.Equal(got, want) {
			t.Errorf("got %q\nwant %q", got, want)
		}
		files, _ := unzip(t, zipped(t, p))
		if _, there := files["empty/deep/"]; !there {
			t.Error("the empty folder that a link leads to is not there")
		}
		sums = append(sums, p.SHA256)
		open(t, write(t, "same.zip", string(zipped(t, p)))) // passes as a given archive, too
	}
	if sums[0] != sums[1] {
		t.Error("the hash depends on the place")
	}
}

// The hash of links must be the same on every system.
func TestLinkHash(t *testing.T) {
	t.Parallel()
	m := maker{t, filepath.Join(t.TempDir(), "dist")}
	m.file("store/a/index.js")
	m.link("node_modules/a", filepath.Join("..", "store", "a"))
	relative := open(t, m.dir)
	other := maker{t, filepath.Join(t.TempDir(), "dist")}
	other.file("store/a/index.js")
	other.link("node_modules/a", other.path("store/a")) // as a junction is
	const want = "M6PYFy2xDWD9HZCY07KOvXkhAcK4/DNZZqromZ6y6VU="
	if absolute := open(t, other.dir); relative.SHA256 != absolute.SHA256 || relative.SHA256 != want {
		t.Errorf("relative %s, absolute %s, want %s", relative.SHA256, absolute.SHA256, want)
	}
}

func TestFolderRefusesLinks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		make func(m maker)
		want []string
	}{
		{"absolute, out", func(m maker) { m.link("a", write(m.t, "secret", "x")) }, []string{`"a" is a link to `, "outside the package", "copy the target into the package"}},
		{"out", func(m maker) { m.file("../other/x"); m.link("a", "../other/x") }, []string{`"a" is a link to "../other/x", which is outside`}},
		{"folder out", func(m maker) { m.link("sub/up", "../..") }, []string{`"sub/up" is a link to "../..", which is outside`}},
		{"a folder called alike", func(m maker) { m.file("../dist2/x"); m.link("a", m.dir+"2") }, []string{"outside the package"}},
		{"out and back", func(m maker) { m.file("x"); m.link("a", "../dist/x") }, []string{"leaves the folder on the way back"}},
		{"out through a link", func(m maker) { m.file("d/x"); m.link("sub/in", "../d"); m.link("a", "sub/in/../../x") }, []string{`"a" is a link to "sub/in/../../x", which is outside`}},
		{"dangling", func(m maker) { m.link("a", "gone") }, []string{`"a" is a link to "gone", but "gone" does not exist: build or install it first`}},
		{"dangling, absolute", func(m maker) { m.link("a", m.path("gone")) }, []string{`"a" is a link to `, "which does not exist: build"}},
		{"dangling, out", func(m maker) { m.link("a", "../gone") }, []string{"which does not exist: build"}},
		{"below a file", func(m maker) { m.file("x"); m.link("a", "x/y") }, []string{`does not exist`}},
		{"itself", func(m maker) { m.link("a", "a") }, []string{`"a" is a link to "a", which is a loop of links`}},
		{"loop of three", func(m maker) { m.link("a", "b"); m.link("b", "d/c"); m.link("d/c", "../a") }, []string{"a loop of links", `2 links more cannot be packed: "b", "d/c"`}},
		{"loop, absolute", func(m maker) { m.link("a", m.path("b")); m.link("b", m.path("a")) }, []string{"if it is a loop"}},
		{"proc", func(m maker) { m.link("a", "/proc/self/environ") }, []string{`"a" is a link to "/proc/self/environ", which belongs to this machine`, "remove the link"}},
		{"device", func(m maker) { m.link("a", "/dev/null") }, []string{"belongs to this machine"}},
		{"proc by dots", func(m maker) { m.link("a", "../../../../../../../../../../../../proc/self/environ") }, []string{"belongs to this machine"}},
		{"out of the layers", func(m maker) { m.link("a", "/opt/../etc/hostname") }, []string{`"a" is a link to "/opt/../etc/hostname", which`}},
		{"the layers' parent", func(m maker) { m.link("a", "/opt/..") }, []string{"is outside the package"}},
		{"like a layer", func(m maker) { m.link("a", "/optional/x") }, []string{"does not exist"}},
		{"out of a layer", func(m maker) { m.link("layer", "/opt/lib"); m.link("a", "layer/../../etc") }, []string{`"a" is a link to "layer/../../etc"`}},
		{"pnpm's store outside", func(m maker) {
			m.file("../node_modules/.pnpm/x@1/node_modules/x/index.js")
			m.link("node_modules/x", "../../node_modules/.pnpm/x@1/node_modules/x")
		}, []string{`"node_modules/x" is a link`, "pnpm --filter NAME deploy FOLDER"}},
		{"socket", func(m maker) { m.socket("../s"); m.link("a", "../s") }, []string{"outside the package"}},
		{"left out", func(m maker) { m.file(".env"); m.link("config", ".env") }, []string{`"config" is a link to ".env", but ".env" is left out of the package: write ` + "`!.env` into .lambdaignore"}},
		{"in what is left out", func(m maker) { m.file("x"); m.file(".git/hooks/y"); m.link("a", ".git/hooks/y") }, []string{`but ".git" is left out`}},
		{"through what is left out", func(m maker) { m.file("x"); m.file(".aws/y"); m.link("a", ".aws/../x") }, []string{`but ".aws" is left out`}},
		{"absolute to what is left out", func(m maker) { m.file("x"); m.file(".aws/y"); m.link("a", m.path(".aws/y")) }, []string{`but ".aws" is left out`}},
		{"through a link that is left out", func(m maker) {
			m.file("x")
			put(m.t, m.path(".lambdaignore"), "b\n", 0o644)
			m.link("b", "x")
			m.link("a", "b")
		}, []string{`but "b" is left out`}},
		{"many", func(m maker) { m.link("a", "x"); m.link("b", "y"); m.link("c", "z") }, []string{`"x" does not exist`, `2 links more cannot be packed: "b", "c"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := maker{t, filepath.Join(t.TempDir(), "dist")}
			m.file("real")
			tt.make(m)
			wantIn(t, refused(t, m.dir), append(tt.want, `zip folder "`)...)
		})
	}
}

// A package of the monorepo is copied to where the first link to it is.
func TestFolderCopiesPackagesOfItsMonorepo(t *testing.T) {
	t.Parallel()
	for name, declare := range map[string][2]string{
		"npm":          {"package.json", `{"workspaces": ["packages/*", "!packages/private"]}`},
		"Yarn":         {"package.json", `{"workspaces": {"packages": ["./packages/*/", "!packages/private"]}}`},
		"pnpm":         {"pnpm-workspace.yaml", "packages:\n  - 'packages/**'\n  - '!**/private'\n"},
		"not the apps": {"package.json", `{"workspaces": ["packages/lib", "packages/core"]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := maker{t, t.TempDir()}
			put(t, root.path(declare[0]), declare[1], 0o644)
			for _, p := range []string{"app", "lib", "core", "private"} {
				put(t, root.path("packages/"+p+"/package.json"), "{}", 0o644)
				root.file("packages/" + p + "/src/index.js")
			}
			root.link("packages/app/node_modules/@shop/lib", filepath.Join("..", "..", "..", "lib"))
			root.link("packages/app/node_modules/@shop/core", root.path("packages/core"))
			root.link("packages/app/node_modules/.bin/run", filepath.Join("..", "@shop", "lib", "src", "index.js"))
			root.link("packages/lib/main", "src/index.js")
			root.link("packages/lib/node_modules/@shop/core", filepath.Join("..", "..", "..", "core"))
			root.link("packages/core/node_modules/@shop/lib", filepath.Join("..", "..", "..", "lib"))
			root.file("packages/lib/.env")
			p := open(t, root.path("packages/app"))
			// node_modules/@shop/core is met first, so that has the copies.
			want := map[string]string{
				"node_modules/.bin/run":                                                  "../@shop/lib/src/index.js",
				"node_modules/@shop/lib":                                                 "core/node_modules/@shop/lib",
				"node_modules/@shop/core/node_modules/@shop/lib/main":                    "src/index.js",
				"node_modules/@shop/core/node_modules/@shop/lib/node_modules/@shop/core": "../../../../..",
			}
			if got := linksOf(t, p); !maps.Equal(got, want) {
				t.Errorf("got %q\nwant %q", got, want)
			}
			runs(t, p, "node_modules/@shop/lib/node_modules/@shop/core/src/index.js", "node_modules/@shop/core/node_modules/@shop/lib/main", "node_modules/.bin/run")
			if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], ".env") {
				t.Errorf("warnings %q", p.Warnings)
			}

			for _, to := range []string{"../private", "../lib/src", "../..", "../lib/src/index.js", ".."} {
				if err := os.RemoveAll(root.path("packages/app/other")); err != nil {
					t.Fatal(err)
				}
				root.link("packages/app/other", filepath.FromSlash(to))
				wantIn(t, refused(t, root.path("packages/app")), `"other" is a link to "`+to+`"`, "outside the package, and not a package that `workspaces`")
			}
		})
	}
}

// A secret at the top of a copied package is left out as at the top of the folder, and
// taken back in by its name in the archive. A package in node_modules keeps its .npmrc.
func TestFolderLeavesOutSecretsOfCopiedPackages(t *testing.T) {
	t.Parallel()
	root := maker{t, t.TempDir()}
	put(t, root.path("package.json"), `{"workspaces": ["packages/*", "apps/*"]}`, 0o644)
	put(t, root.path("packages/lib/package.json"), "{}", 0o644)
	for _, name := range []string{".npmrc", ".env", ".git/config", ".lambdaignore", "node_modules/x/.npmrc", "index.js"} {
		root.file("packages/lib/" + name)
	}
	root.file("apps/api/index.js")
	root.link("apps/api/node_modules/@x/lib", filepath.Join("..", "..", "..", "..", "packages", "lib"))
	has := func(want ...string) {
		t.Helper()
		p := open(t, root.path("apps/api"))
		files, _ := unzip(t, zipped(t, p))
		const in = "node_modules/@x/lib/"
		want = append(want, in+"index.js", in+"node_modules/x/.npmrc", in+"package.json", "index.js")
		slices.Sort(want)
		if got := slices.Sorted(maps.Keys(files)); !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
		if len(want) == 4 {
			wantIn(t, strings.Join(p.Warnings, "\n"), in+".env, "+in+".git, "+in+".npmrc are left out")
		}
	}
	has()
	put(t, root.path("apps/api/.lambdaignore"), "!node_modules/@x/lib/.npmrc\n", 0o644)
	has("node_modules/@x/lib/.npmrc")
}

// What pnpm hoists is for packages that declare too little. `pnpm deploy` leaves links
// to the workspace there.
func TestFolderLeavesOutWhatPnpmHoistsFromOutside(t *testing.T) {
	t.Parallel()
	root := maker{t, t.TempDir()}
	put(t, root.path("package.json"), `{"workspaces": ["packages/*"]}`, 0o644)
	put(t, root.path("packages/app/package.json"), "{}", 0o644)
	root.link("packages/app/node_modules/x", filepath.Join("..", "..", "..", "store"))
	root.file("store/index.js")
	root.file("build/index.js")
	root.file("build/node_modules/.pnpm/y@1/node_modules/y/index.js")
	root.link("build/node_modules/.pnpm/node_modules/app", filepath.Join("..", "..", "..", "..", "packages", "app"))
	root.link("build/node_modules/.pnpm/node_modules/y", filepath.Join("..", "y@1", "node_modules", "y"))
	want := map[string]string{"node_modules/.pnpm/node_modules/y": "../y@1/node_modules/y"}
	if got := linksOf(t, open(t, root.path("build"))); !maps.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// runs unpacks a package, and checks that these paths lead to files.
func runs(t *testing.T, p Package, paths ...string) {
	t.Helper()
	dir := unpack(t, p)
	for _, path := range paths {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(path))); err != nil {
			t.Error(err)
		}
	}
}

// unpack writes what is in an archive to a folder, as Lambda does.
func unpack(t *testing.T, p Package) string {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(zipped(t, p)), p.Size)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range r.File {
		to := filepath.Join(dir, filepath.FromSlash(f.Name))
		if f.Mode().IsDir() {
			if err := os.MkdirAll(to, 0o755); err != nil {
				t.Fatal(err)
			}
			continue
		}
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		if f.Mode().Type() == fs.ModeSymlink {
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				t.Fatal(err)
			}
			link(t, string(content), to)
			continue
		}
		put(t, to, string(content), f.Mode().Perm())
	}
	return dir
}

// zipOf makes an archive of entries: the content, or for a link its target.
func zipOf(t *testing.T, entries map[string]string, change func(*zip.FileHeader)) string {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate}
		h.SetMode(0o644)
		content := entries[name]
		if strings.HasSuffix(name, "/") {
			h.SetMode(fs.ModeDir | 0o755)
		}
		if to, ok := strings.CutPrefix(content, "-> "); ok {
			h.SetMode(fs.ModeSymlink | 0o777)
			content = to
		}
		if change != nil {
			change(h)
		}
		f, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return write(t, "app.zip", out.String())
}

func TestZipLinks(t *testing.T) {
	t.Parallel()
	open(t, zipOf(t, map[string]string{
		"d/x": "x", "a": "-> d/x", "b": "-> ./d/../a", "d/l": "-> /opt/lib/x", "task": "-> /var/task/d", "y": "-> task/x",
	}, nil))
	for to, want := range map[string]string{
		"gone":                        `"gone" does not exist`,
		"../x":                        "outside the package",
		"d/../../x":                   "outside the package",
		"/etc/hostname":               "outside the package",
		"/proc/self/environ":          "belongs to this machine",
		"/opt/../etc/hostname":        "outside the package",
		"/var/task/../x":              "outside the package",
		"a":                           "a loop of links",
		"d/x/y":                       "does not exist",
		"../node_modules/.pnpm/x@1/x": "pnpm --filter NAME deploy FOLDER",
	} {
		wantIn(t, refused(t, zipOf(t, map[string]string{"d/x": "x", "a": "-> " + to}, nil)), `"a" is a link to "`+to+`"`, want)
	}
}
