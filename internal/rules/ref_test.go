package rules

import (
	"strings"
	"testing"
)

func TestParseRef(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Ref{
		"main":                    branch("main"),
		"feature/x":               branch("feature/x"),
		"v1.2":                    branch("v1.2"),
		"a=b,c#d'\"$é":            branch("a=b,c#d'\"$é"),
		"refs/heads/main":         branch("main"),
		"refs/heads/refs/heads/x": branch("refs/heads/x"),
		"refs/tags/v1/rc":         tag("v1/rc"),
		"refs/pull/7":             pullRequest(7),
		"refs/pull/7/merge":       pullRequest(7),
		"refs/pull/12/head":       pullRequest(12),
	} {
		got, err := ParseRef(text)
		if err != nil || got != want {
			t.Errorf("%q: got %+v, %v; want %+v", text, got, err, want)
		}
	}
}

func TestParseRefRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                               "empty",
		"refs/heads/":                    "not the name of a branch: it is empty",
		"refs/tags/":                     "not the name of a tag: it is empty",
		"refs/pull/":                     "number",
		"refs/pull/x/merge":              "number",
		"refs/pull/0":                    "number",
		"refs/pull/-1":                   "number",
		"refs/pull/99999999999999999999": "number",
		"refs/remotes/origin/x":          "only refs/heads/",
		"refs/":                          "only refs/heads/",
		strings.Repeat("a1", 20):         "a commit is not a ref",
		"a b":                            `' '`,
		"a\nb":                           `'\n'`,
		"a\x7f":                          `'\x7f'`,
		"a~1":                            `'~'`,
		"a^":                             `'^'`,
		"HEAD:x":                         `':'`,
		"a?":                             `'?'`,
		"release/*":                      `'*'`,
		"a[b]":                           `'['`,
		`a\b`:                            `'\\'`,
		"a..b":                           `".."`,
		"a.":                             `ends in "."`,
		"@":                              `"@"`,
		"a@{1}":                          `"@{"`,
		"/a":                             `"/"`,
		"a/":                             `"/"`,
		"a//b":                           `"/"`,
		".a":                             `begins with "."`,
		"a/.b":                           `begins with "."`,
		"a.lock/b":                       `".lock"`,
	} {
		got, err := ParseRef(text)
		if err == nil || !strings.Contains(err.Error(), want) || got != (Ref{}) {
			t.Errorf("%q: got %+v, %v; want %q in the error", text, got, err, want)
		}
	}
}

func TestRefString(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		ref         Ref
		long, short string
	}{
		{branch("a/b"), "refs/heads/a/b", "a/b"},
		{tag("v1"), "refs/tags/v1", "v1"},
		{pullRequest(7), "refs/pull/7", "pull/7"},
		{Ref{}, "", ""},
	} {
		if long, short := test.ref.String(), test.ref.Short(); long != test.long || short != test.short {
			t.Errorf("%+v: got %q and %q, want %q and %q", test.ref, long, short, test.long, test.short)
		}
	}
}

func TestKindString(t *testing.T) {
	t.Parallel()
	for want, kind := range map[string]Kind{"branch": Branch, "tag": Tag, "pull request": PullRequest, "none": 0} {
		if got := kind.String(); got != want {
			t.Errorf("%d: got %q, want %q", kind, got, want)
		}
	}
}

// What a Ref prints, ParseRef reads.
func FuzzParseRef(f *testing.F) {
	for _, seed := range []string{"main", "refs/heads/a/b", "refs/tags/v1", "refs/pull/7/merge", "a..b", ".lock"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ref, err := ParseRef(text)
		if err != nil {
			return
		}
		if again, err := ParseRef(ref.String()); err != nil || again != ref {
			t.Errorf("%q is %+v, and %q is %+v (%v)", text, ref, ref, again, err)
		}
	})
}
