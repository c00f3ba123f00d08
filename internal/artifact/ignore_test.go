package artifact

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What git ignores by the same lines is left out, and nothing else.
func TestIgnoredAsByGit(t *testing.T) {
	t.Parallel()
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("git is not installed")
	}
	paths := []string{
		"a", "b", "ab", "a.log", "B", "x/a", "x/b", "x/y/a", "x/y/z/b", "build/a", "x/build/b", "docs/a.md", "docs/x/b.md", "docs/README.md",
		"#a", "!a", "a b", "tail ", `lib/{a,b}.js`, "lib/a.js", "lib/ab.js", ".hidden", "x/.hidden", "a[1]", "a1", "foo/bar/a", "bar/a", "star*",
		"node_modules/x/test/a", "node_modules/x/index.js", "x/a1b", "x/ab", "ünï/a",
	}
	dir := t.TempDir()
	for _, path := range paths {
		put(t, filepath.Join(dir, filepath.FromSlash(path)), "x", 0o644)
	}
	if out, err := exec.CommandContext(t.Context(), git, "init", "-q", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, lines := range []string{
		"a", "/a", "a/", "x/a", "/x/a", "x/", "/x/", "*.log", "x/*", "x/*/", "x/**", "**/a", "**/build/", "x/**/a", "x/**/b", "**", "*",
		"build", "docs/*\n!docs/README.md", "docs/\n!docs/README.md", "*\n!*.md\n!docs/", "/*\n!/docs\n!/lib", "#a", `\#a`, `\!a`, "!a\na", "a\n!a",
		"tail", `tail\ `, "a b  ", "a b\r", "\ufeffa", "lib/{a,b}.js", "{a,b}", "[ab]", "[!a]", "[^a]", "a[0-9]", `a\[1]`, `star\*`, "?", "foo/bar", "bar/a",
		"node_modules/**/test", "/node_modules/*/test/", "x/a*b", "a**b", "**/x/**", "/", "//a", "ünï/", "./a", "x/y/../a", "\n\n  \n", "*/a", "/**/a",
	} {
		if err := os.WriteFile(filepath.Join(dir, ".gitignore"), []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
		ignored, err := parseIgnored(lines)
		if err != nil {
			t.Errorf("%q: %v", lines, err)
			continue
		}
		cmd := exec.CommandContext(t.Context(), git, "-C", dir, "-c", "core.excludesFile=", "-c", "core.ignoreCase=false", "check-ignore", "-z", "--stdin")
		cmd.Stdin = strings.NewReader("./" + strings.Join(paths, "\x00./") + "\x00")
		out, _ := cmd.Output() // fails where none is ignored
		var want []string
		for _, path := range paths {
			if strings.Contains("\x00"+string(out), "\x00./"+path+"\x00") {
				want = append(want, path)
			}
		}
		got := slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return !outBy(ignored, path) })
		if !slices.Equal(got, want) {
			t.Errorf("%q leaves out\n%q, git ignores\n%q", lines, got, want)
		}
	}
}

// outBy reports whether a file, or a folder above it, is left out.
func outBy(i ignored, path string) bool {
	steps := strings.Split(path, "/")
	for n := range steps {
		if out, _ := i.match(strings.Join(steps[:n+1], "/"), "", n+1 < len(steps)); out {
			return true
		}
	}
	return false
}

func TestIgnoredRefuses(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"a": "", ignoreName: "# fine\n\n[a-\nx\n[[:alpha:]]\n"})
	wantIn(t, refused(t, dir), "read .lambdaignore", `line 3: "[a-": not a pattern`, `line 5: "[[:alpha:]]"`, `as in .gitignore`)
}

func TestSecretsAreLeftOut(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"index.js": "x", ".git/config": "token", ".env": "A=1", ".env.production": "A=1", ".env.example": "", ".aws/credentials": "", "lib/.env": "",
		".gitignore": "", ".github/x": "", "env": "", "sub/.git": "gitdir: x", ".npmrc": "", "node_modules/x/.npmrc": "",
	}
	with := func(ignore string) map[string]string {
		all := maps.Clone(files)
		all[ignoreName] = ignore
		return all
	}
	always := []string{".env.example", ".github/x", ".gitignore", "env", "index.js", "node_modules/x/.npmrc"}
	for name, tt := range map[string]struct {
		files map[string]string
		more  []string
		warns string
	}{
		"by default":         {files, nil, ".aws, .env, .env.production, .git, .npmrc and 2 more are left out of the package, because such files often hold secrets. If the function needs .env, write the line `!.env` into .lambdaignore, at the top of the folder; their names there, one per line, leave them out without this warning"},
		"taken back in":      {with("!.env\n!/.aws/\n"), []string{".aws/credentials", ".env", "lib/.env"}, ".env.production, .git, .npmrc, sub/.git are left out"},
		"by their names":     {with(".aws\n.env\n.env.production\n.git\n.npmrc\n!node_modules/x/.npmrc\n"), nil, ""},
		"one":                {with(".aws\n.env\n.env.production\n.git\n"), nil, ".npmrc is left out of the package, because such files often hold secrets. If the function needs .npmrc, write the line `!.npmrc` into .lambdaignore, at the top of the folder; the line `.npmrc` there leaves it out without this warning"},
		"left out knowingly": {with(".git\n.env*\n.aws\n/.npmrc\n!.env.example\n"), nil, ""},
		"more left out":      {with("*.js\n.*\nnode_modules\n!.env.example\n!.git*\n"), []string{".git/config", "sub/.git"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := open(t, tree(t, tt.files))
			got, _ := unzip(t, zipped(t, p))
			want := append(slices.Clone(always), tt.more...)
			if name == "more left out" {
				want = []string{".env.example", ".git/config", ".github/x", ".gitignore", "env", "sub/.git"}
			}
			slices.Sort(want)
			if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, want) {
				t.Errorf("got  %q\nwant %q", names, want)
			}
			if warnings := strings.Join(p.Warnings, "\n"); !strings.Contains(warnings, tt.warns) || tt.warns == "" && warnings != "" {
				t.Errorf("warnings %q, want %q", warnings, tt.warns)
			}
		})
	}
}

func TestSecretsInAGivenArchiveAreWarnedAbout(t *testing.T) {
	t.Parallel()
	p := open(t, zipOf(t, map[string]string{"index.js": "", ".env": "", "app/.git/config": "", "app/.git/HEAD": "", ".env.example": "", ignoreName: ".env"}, nil))
	if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "the archive contains .env, app/.git, and such files often hold secrets") {
		t.Errorf("warnings %q", p.Warnings)
	}
	if p.Files != 6 {
		t.Errorf("%d files", p.Files)
	}
}
