package artifact

import (
	"path/filepath"
	"testing"
)

func TestGlobs(t *testing.T) {
	t.Parallel()
	archive := string(zipped(t, open(t, tree(t, map[string]string{"a": "A"}))))
	dir := tree(t, map[string]string{
		"target/app-1.0-all.jar": archive, "target/app-1.0.jar": archive, "target/.hidden-all.jar": archive, "target/deep/x/one.zip": archive,
		"build/out/index.js": "x", "literal[1]/index.js": "x", "$HOME/index.js": "x", "dist.zip/a": "x",
	})
	for glob, want := range map[string]string{
		"target/*-all.jar":       "target/app-1.0-all.jar",
		"target/app-1.0?all.*":   "target/app-1.0-all.jar",
		"target/*-{all,fat}.jar": "target/app-1.0-all.jar",
		"target/**/one.zip":      "target/deep/x/one.zip",
		"build/*":                "build/out",
		"build/[no]ut/":          "build/out",
		"literal[1]":             "literal[1]",
		"$HOME":                  "$HOME",
		"dist.*/":                "dist.zip",
	} {
		p := open(t, dir+"/"+glob)
		if filepath.Clean(p.Path) != filepath.Join(dir, filepath.FromSlash(want)) {
			t.Errorf("%s is %s, want %s", glob, p.Path, want)
		}
	}
	for glob, want := range map[string][]string{
		"target/*.jar":      {"it matches 2 files or folders (", "app-1.0-all.jar", "app-1.0.jar", "so that it matches one"},
		"target/*-none.jar": {"no file or folder matches it"},
		"target/[a":         {"not a glob", "or the whole path"},
	} {
		wantIn(t, refused(t, dir+"/"+glob), want...)
	}
	wantIn(t, refused(t, "no-such-*.zip"), "no file or folder matches it in ", "build or download it before this step")
}

func TestUnexpanded(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"$DIR/app.zip":            "$DIR",
		"dist/${VERSION}.zip":     "${VERSION}",
		"dist/app-$VERSION-*.zip": "$VERSION",
		"dist/$(git rev-parse)":   "$(git rev-parse)",
		"${{ env.DIR }}/x":        "${{ env.DIR }}",
		"$env:TEMP/x.zip":         "$env:TEMP",
		"%TEMP%/x.zip":            "%TEMP%",
		"~/dist":                  "~",
		"~":                       "~",
		"~runner/dist.zip":        "~runner",
	} {
		wantIn(t, refused(t, code), want+" was not expanded, since no shell reads this input", "${{ env.NAME }}")
	}
	for _, code := range []string{"dist/a$", "a~b", "100%", "dist~/x", "s3://bucket/a$1"} {
		if got := parsed(t, code).Unexpanded(); got != "" {
			t.Errorf("%s: %s", code, got)
		}
	}
	if got := parsed(t, "s3://builds/${GITHUB_SHA}.zip").Unexpanded(); got == "" {
		t.Error("not found in the key of an object")
	}
}
