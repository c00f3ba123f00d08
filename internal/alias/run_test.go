package alias

import (
	"strings"
	"testing"
)

func TestScope(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://github.com":       "",
		"":                         "",
		"https://git.example.com":  "git.example.com",
		"https://git.example.com/": "git.example.com",
		"gitlab.example.com/shop":  "gitlab.example.com/shop",
	} {
		if got := Scope(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
	for _, address := range []string{"https://a b | c]", strings.Repeat("very-long.", 10)} {
		if got := Scope(address); len(got) != scopeHash || strings.Trim(got, "0123456789abcdef") != "" {
			t.Errorf("%q: %q is not a hash", address, got)
		}
	}
	if Scope(strings.Repeat("a", 61)) == Scope(strings.Repeat("a", 62)) {
		t.Error("two long scopes are the same")
	}
}

func TestOnlyRunsOfOneScopeAreOrdered(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b  Run
		newer bool
	}{
		{Run{ID: 2}, Run{ID: 1}, true},
		{Run{ID: 1}, Run{ID: 1}, false},
		{Run{ID: 1}, Run{ID: 2}, false},
		{Run{ID: 2}, Run{}, false},
		{Run{}, Run{ID: 2}, false},
		{Run{ID: 2, Scope: "git.example.com"}, Run{ID: 1}, false},
		{Run{ID: 2, Scope: "git.example.com"}, Run{ID: 1, Scope: "git.example.com"}, true},
	} {
		if got := tt.a.NewerThan(tt.b); got != tt.newer {
			t.Errorf("%s newer than %s: %t", tt.a, tt.b, got)
		}
	}
}
