package rules

import (
	"strings"
	"testing"
)

// TestExample: an example is a rule that matches the ref.
func TestExample(t *testing.T) {
	t.Parallel()
	for ref, want := range map[Ref]string{
		{Kind: Branch, Name: "trunk"}:                         "trunk=dev",
		{Kind: Branch, Name: "feature/cart"}:                  "feature/**={branch}",
		{Kind: Branch, Name: "feature/cart/2"}:                "feature/**={branch}",
		{Kind: Branch, Name: "{a,b}"}:                         `\{a,b\}=dev`,
		{Kind: Branch, Name: "a=b,c=d"}:                       "a[=]b,c[=]d=dev",
		{Kind: Branch, Name: "#1"}:                            "",
		{Kind: Branch, Name: "gh-readonly-queue/main/pr-1-a"}: "",
		{Kind: Branch, Name: strings.Repeat("x", 300)}:        "",
		{Kind: Tag, Name: "v1.4.0"}:                           "tag:v*=prod",
		{Kind: Tag, Name: "v1/x"}:                             "",
		{Kind: Tag, Name: "orders-1.0"}:                       "tag:orders-1.0=prod",
		{Kind: PullRequest, Number: 7}:                        "pull_request=pr-{number}",
		{}:                                                    "",
	} {
		got := Example(ref)
		if got != want {
			t.Errorf("%s: got %q, want %q", ref, got, want)
		}
		if got == "" {
			continue
		}
		rs, err := Parse(got)
		if err != nil {
			t.Error(err)
		}
		if _, matches := rs.Match(ref); !matches {
			t.Errorf("%s does not match %s", got, ref)
		}
	}
}

func TestWritten(t *testing.T) {
	t.Parallel()
	for bare, want := range map[string]string{
		"v1.0":                "refs/tags/v1.0",
		"tags/v1.0":           "refs/tags/v1.0",
		"heads/main":          "refs/heads/main",
		"origin/feature/x":    "refs/heads/feature/x",
		"remotes/origin/main": "refs/heads/main",
		"pull/7/merge":        "refs/pull/7/merge",
	} {
		if got := Written(bare); got != want {
			t.Errorf("%s: got %s, want %s", bare, got, want)
		}
	}
}

func TestRulesString(t *testing.T) {
	t.Parallel()
	rs, err := Parse("# ours\nmain=prod\n tag:v*=prod # releases")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := rs.String(), "main=prod, tag:v*=prod"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
