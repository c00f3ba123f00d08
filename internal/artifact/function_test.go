package artifact

import (
	"archive/zip"
	"io/fs"
	"maps"
	"path/filepath"
	"strings"
	"testing"
)

const script = "#!/bin/sh\nexec true\n"

// A function and what is in its package: whether that is refused, or only doubted.
func TestWhatCanStart(t *testing.T) {
	t.Parallel()
	type files = map[string]string
	custom := Function{Runtime: "provided.al2023", Handler: "anything"}
	node := Function{Runtime: "nodejs22.x", Handler: "index.handler"}
	as := func(runtime, handler string) Function { return Function{Runtime: runtime, Handler: handler} }
	layered := func(f Function) Function { f.Layers = true; return f }
	with := func(f Function, variable string) Function { f.Environment = map[string]string{variable: "x"}; return f }
	tests := []struct {
		name   string
		f      Function
		files  files
		refuse string // in the error; "" if there is none
		doubt  string
	}{
		{"custom", custom, files{"bootstrap": script}, "", ""},
		{"custom, link", custom, files{"bin/app": script, "bootstrap": "-> bin/app"}, "", ""},
		{"custom, link to a layer", custom, files{"bootstrap": "-> /opt/bootstrap"}, "", ""},
		{"custom, missing", custom, files{"main": script}, "starts the program `bootstrap` at the top of the package, which is not there: build it", ""},
		{"custom, in a folder", custom, files{"app/bootstrap": script}, `but "app/bootstrap" is: `, ""},
		{"custom, a folder", custom, files{"bootstrap/x": script}, "which is not there", ""},
		{"custom, layer", layered(custom), files{"index.php": "x"}, "", "works only if a layer has it"},
		{"custom, not executable", custom, files{"bootstrap": "true"}, "`bootstrap` is not executable (mode 0644)", ""},
		{"custom, Windows", custom, files{"bootstrap": "#!/bin/sh\r\nexec true\r\n"}, "carriage return", ""},
		{"custom, Windows behind a link", custom, files{"bin/app": "#!/bin/sh\r\nexec true\r\n", "bootstrap": "-> bin/app"}, "carriage return", ""},
		{"custom, another architecture behind links", custom, files{"bin/app": elfArm64, "bootstrap": "-> bin/link", "bin/link": "-> app"}, `"bootstrap" is built for arm64`, ""},
		{"custom, whatever the handler", custom, files{"bootstrap": script, "x.js": ""}, "", ""},

		{"node", node, files{"index.js": "x"}, "", ""},
		{"node, ESM", node, files{"index.mjs": "x"}, "", ""},
		{"node, CommonJS", node, files{"index.cjs": "x"}, "", ""},
		{"node, path", as("nodejs22.x", "./src/app.v1.handler"), files{"src/app.js": "x"}, "", ""},
		{"node, missing", node, files{"app.js": "x"}, `handler "index.handler" needs index.js, index.mjs or index.cjs in the package, which is not there`, ""},
		{"node, TypeScript", node, files{"index.ts": "x"}, "needs index.js", ""},
		{"node, top folder", node, files{"app/index.js": "x", "__MACOSX/app/._index.js": "x", "app/node_modules/y/index.js": ""}, `but "app/index.js" is: `, ""},
		{"node, case", node, files{"Index.js": "x"}, `but "Index.js" is: names are case-sensitive`, ""},
		{"node, a folder", as("nodejs22.x", "src.handler"), files{"src/index.js": "x"}, "", `only the folder "src" is`},
		{"node, a dependency", as("nodejs22.x", "wrap/dist/handler.handler"), files{"node_modules/wrap/dist/handler.js": "x"}, "", ""},
		{"node, layer", layered(node), files{"x.js": ""}, "", "works only if a layer has it"},
		{"node, in the layer", as("nodejs22.x", "/opt/nodejs/node_modules/datadog-lambda-js/handler.handler"), files{"app.js": ""}, "", ""},
		{"node, wrapper", with(node, wrapper), files{"x.js": ""}, "", wrapper},
		{"node, path of modules", with(node, "NODE_PATH"), files{"x.js": ""}, "", "NODE_PATH"},
		{"node, a link", node, files{"index.js": "-> dist/main.js", "dist/main.js": "x"}, "", ""},
		{"node, a link to a layer", node, files{"index.js": "-> /opt/x.js"}, "", ""},
		{"node, no function", as("nodejs22.x", "index"), files{"index.js": ""}, "not of the form FILE.EXPORT", ""},
		{"node, bootstrap for another system", node, files{"index.js": "", "bootstrap": machO}, "", ""},

		{"python", as("python3.13", "main.handler"), files{"main.py": "x"}, "", ""},
		{"python, slashes", as("python3.13", "pkg/mod.func"), files{"pkg/mod.py": "x"}, "", ""},
		{"python, dots", as("python3.13", "pkg.mod.func"), files{"pkg/mod.py": "x"}, "", ""},
		{"python, package", as("python3.13", "pkg.func"), files{"pkg/__init__.py": "x"}, "", ""},
		{"python, compiled", as("python3.13", "pkg.mod.func"), files{"pkg/mod.cpython-313-x86_64-linux-gnu.so": "x"}, "", ""},
		{"python, namespace", as("python3.13", "pkg.func"), files{"pkg/x.py": "x"}, "", `only the folder "pkg" is`},
		{"python, missing", as("python3.13", "main.handler"), files{"app.py": "x"}, "needs main.py", ""},
		{"python, path", with(as("python3.13", "main.handler"), "PYTHONPATH"), files{"src/main.py": "x"}, "", "PYTHONPATH"},

		{"ruby", as("ruby3.4", "lib/app.App::Handler.process"), files{"lib/app.rb": "x"}, "", ""},
		{"ruby, missing", as("ruby3.4", "app.process"), files{"lib/app.rb": "x"}, `but "lib/app.rb" is`, ""},

		{"java, classes", as("java21", "com.shop.Items::handle"), files{"com/shop/Items.class": "x"}, "", ""},
		{"java, nested", as("java21", "com.shop.Items$Inner"), files{"com/shop/Items$Inner.class": "x"}, "", ""},
		{"java, lib", as("java21", "com.shop.Items::handle"), files{"lib/items.jar": "x"}, "", ""},
		{"java, a lone jar", as("java21", "com.shop.Items::handle"), files{"items-all.jar": "x"}, "does not look into the archive items-all.jar in it: give the .jar itself as code", ""},
		{"java, missing", as("java8.al2", "com.shop.Items"), files{"com/shop/Other.class": "x"}, "needs com/shop/Items.class", ""},

		{"dotnet", as("dotnet8", "Shop::Shop.Items::Handle"), files{"Shop.dll": "x", "Shop.deps.json": ""}, "", ""},
		{"dotnet, executable", as("dotnet8", "Shop"), files{"Shop.dll": "x"}, "", ""},
		{"dotnet, ahead of time", as("dotnet8", "Shop"), files{"bootstrap": elfX86}, "", ""},
		{"dotnet, missing", as("dotnet8", "Shop::Shop.Items::Handle"), files{"publish/Shop.dll": "x"}, `but "publish/Shop.dll" is`, ""},

		{"another runtime", as("cobol85", "x"), files{"y": "x"}, "", ""},
		{"not known", Function{}, files{"y": "x"}, "", ""},
		{"environment cannot be read", Function{Runtime: "nodejs22.x", Handler: "index.handler", EnvironmentUnknown: true}, files{"y": "x"}, "", "cannot be read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := maker{t, filepath.Join(t.TempDir(), "dist")}
			for name, content := range tt.files {
				if to, ok := strings.CutPrefix(content, "-> "); ok {
					m.link(name, to)
					continue
				}
				put(t, m.path(name), content, 0o644)
			}
			folder := open(t, m.dir)
			check(t, folder, tt.f, tt.refuse, tt.doubt)
			check(t, open(t, write(t, "app.zip", string(zipped(t, folder)))), tt.f, tt.refuse, tt.doubt)
		})
	}
}

func check(t *testing.T, p Package, f Function, refuse, doubt string) {
	t.Helper()
	err := p.Mismatch(f)
	if (err != nil) != (refuse != "") || err != nil && !strings.Contains(err.Error(), refuse) {
		t.Errorf("%s: Mismatch = %v, want %q in it", p.Kind, err, refuse)
	}
	if got := strings.Join(p.Doubts(f), "\n"); (got != "") != (doubt != "") || !strings.Contains(got, doubt) {
		t.Errorf("%s: Doubts = %q, want %q in it", p.Kind, got, doubt)
	}
}

// The advice for a package in a folder of its own depends on who made it.
func TestTopFolderAdvice(t *testing.T) {
	t.Parallel()
	f := Function{Runtime: "python3.13", Handler: "main.handler"}
	dir := tree(t, map[string]string{"app/main.py": "x"})
	wantIn(t, open(t, dir).Mismatch(f).Error(), `but "app/main.py" is: give code as "`+dir+`/app"`)
	wantIn(t, open(t, zipOf(t, map[string]string{"app/main.py": "x"}, nil)).Mismatch(f).Error(), "cd app && zip -r ../code.zip .")
}

func TestZipThatCannotStart(t *testing.T) {
	t.Parallel()
	custom := Function{Runtime: "provided.al2023"}
	windows := func(h *zip.FileHeader) { h.CreatorVersion, h.ExternalAttrs = 0, 0 }
	check(t, open(t, zipOf(t, map[string]string{"bootstrap": elfX86}, windows)), custom, "is not executable", "")
	check(t, open(t, zipOf(t, map[string]string{"bootstrap": elfX86}, func(h *zip.FileHeader) { h.SetMode(0o755) })), custom, "", "")

	for want, path := range map[string]string{
		`the name "lib\\a.js" has a backslash`: zipOf(t, map[string]string{`lib\a.js`: "x"}, nil),
		`"a" is encrypted`:                     zipOf(t, map[string]string{"a": "x"}, func(h *zip.FileHeader) { h.Flags |= encrypted }),
		`"a" is a named pipe`:                  zipOf(t, map[string]string{"a": ""}, func(h *zip.FileHeader) { h.SetMode(0o10644 | 1<<25) }),
	} {
		wantIn(t, refused(t, path), "read code ", want)
	}
	for name, want := range map[string]string{
		"./a":    "may change when it unpacks them",
		"/a":     "may change",
		"../a":   "may change",
		"a//b":   "may change",
		"a\xff":  "may change",
		"a/b":    "",
		"ünï/a/": "",
	} {
		files := map[string]string{"x": "x"}
		maps.Copy(files, map[string]string{name: ""})
		if got := strings.Join(open(t, zipOf(t, files, nil)).Warnings, "\n"); !strings.Contains(got, want) || (got != "") != (want != "") {
			t.Errorf("%q: warnings %q, want %q", name, got, want)
		}
	}
}

func TestAFolderThatHasChangedIsRefused(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"a": "x"})
	p := open(t, dir)
	put(t, filepath.Join(dir, "a"), "y", 0o644)
	if got, err := p.Open(t.Context(), noEnv); err == nil || !strings.Contains(err.Error(), "has changed since it was checked") {
		t.Errorf("%v, %v", got, err)
	}
}

func TestLinkedBootstrapOfAnotherSystem(t *testing.T) {
	t.Parallel()
	path := zipOf(t, map[string]string{"bin/app": machO, "bootstrap": "-> bin/app"}, func(h *zip.FileHeader) {
		if h.Name == "bin/app" {
			h.SetMode(0o755)
		}
	})
	check(t, open(t, path), Function{Runtime: "provided.al2023"}, "bootstrap is a macOS program", "")
}

func TestWhatIsLeftOutIsNotCalledMissing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ runtime, handler, file, ignore, want string }{
		{"nodejs22.x", "index.handler", "index.js", "*.js", "in the package, but index.js is left out by .lambdaignore: write `!index.js` at its end"},
		{"nodejs22.x", "src/index.handler", "src/index.js", "src/", "but src is left out by .lambdaignore"},
		{"nodejs22.x", ".aws/index.handler", ".aws/index.js", "", "but .aws is left out, as such files often hold secrets: write `!.aws` into .lambdaignore"},
		{"nodejs22.x", "index.handler", "other.js", "other.js", "which is not there"},
		{"provided.al2023", "x", "bootstrap", "boot*", "top of the package, but bootstrap is left out by .lambdaignore: write `!bootstrap` at its end"},
	} {
		dir := tree(t, map[string]string{tt.file: script, "x": "", ignoreName: tt.ignore})
		err := open(t, dir).Mismatch(Function{Runtime: tt.runtime, Handler: tt.handler})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q in it", tt.file, err, tt.want)
		}
	}
	wantIn(t, refused(t, tree(t, map[string]string{"a.js": "", ".env": "", ignoreName: "*.js"})), "all of it is left out by .lambdaignore, or as secrets: .env, a.js")
	wantIn(t, refused(t, tree(t, map[string]string{ignoreName: "*.js"})), "it contains no file")
}

func TestZipThatOthersMayNotRead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		mode  fs.FileMode
		warns bool
	}{
		{"x.js", 0o600, true}, {"x.js", 0o640, true}, {"x.js", 0o644, false}, {"x.js", 0o444, false}, {"x.js", 0, false},
		{"d/", fs.ModeDir | 0o700, true}, {"d/", fs.ModeDir | 0o744, true}, {"d/", fs.ModeDir | 0o755, false}, {"l", fs.ModeSymlink | 0o700, false},
	} {
		to := "" // a folder has no content
		if !tt.mode.IsDir() {
			to = "-> index.js"
		}
		path := zipOf(t, map[string]string{"index.js": "", tt.name: to}, func(h *zip.FileHeader) {
			if h.Name == tt.name {
				h.SetMode(tt.mode)
			}
		})
		got := strings.Join(open(t, path).Warnings, "\n")
		if (got != "") != tt.warns || tt.warns && !strings.Contains(got, ": "+strings.TrimSuffix(tt.name, "/")+"; run chmod -R a+rX before zipping, or give the folder as code") {
			t.Errorf("%s %s: warnings %q", tt.name, tt.mode, got)
		}
	}
}

// A dependency that was installed on another system is doubted, unless it brings a
// library for Linux, too.
func TestLibrariesOfOtherSystems(t *testing.T) {
	t.Parallel()
	const m = "node_modules/"
	arm := Function{Architectures: []string{arm64}}
	for _, tt := range []struct {
		files map[string]string
		f     Function
		want  string
	}{
		{map[string]string{m + "sharp/sharp.node": machO}, Function{}, `the file "node_modules/sharp/sharp.node" is a macOS program, but Lambda runs Linux: loading it will fail; install the dependencies on Linux, or with npm install --os=linux --cpu=x64`},
		{map[string]string{m + "a/a.node": pe, m + "a/b.dll": pe}, arm, "is a Windows program, but Lambda runs Linux: loading it will fail, as it will for 1 more; install the dependencies on Linux, or with npm install --os=linux --cpu=arm64"},
		{map[string]string{"numpy/core.pyd": pe}, Function{}, `"numpy/core.pyd" is a Windows program, but Lambda runs Linux: loading it will fail; install the dependencies on Linux`},
		{map[string]string{"numpy/core.cpython-313-darwin.so": machO, "x.so": elfX86}, Function{}, "macOS"},
		{map[string]string{m + "a/prebuilds/darwin-arm64/a.node": machO, m + "a/prebuilds/linux-x64/a.node": elfX86}, Function{}, ""},
		{map[string]string{m + "a/a.node": machO, m + "b/b.node": elfX86}, Function{}, "macOS"},
		{map[string]string{m + "@img/sharp-darwin-arm64/s.node": machO, m + "@img/sharp-linux-x64/s.node": elfX86}, Function{}, ""},
		{map[string]string{m + "@img/sharp-darwin-arm64/s.node": machO, m + "@img/other/s.node": elfX86}, Function{}, "macOS"},
		{map[string]string{"Shop.dll": pe, "bin/run.exe": pe, m + "x/run.exe": pe}, Function{}, ""},
	} {
		folder := open(t, tree(t, tt.files))
		check(t, folder, tt.f, "", tt.want)
		check(t, open(t, write(t, "app.zip", string(zipped(t, folder)))), tt.f, "", tt.want)
	}
}
