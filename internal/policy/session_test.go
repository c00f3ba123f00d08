package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/artifact"
	"lambda-release/internal/function"
)

func releaseOf(names ...string) Needs {
	n := Needs{Operation: "release", Publishes: true, Region: "eu-central-1", Account: "123456789012"}
	for _, name := range names {
		n.Functions = append(n.Functions, function.ID{Name: name, Given: name})
	}
	return n
}

func numbered(prefix string, n int) []string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("%s%02d", prefix, i))
	}
	return names
}

func TestSession(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		names, patterns []string
		size            int // 0: it fits
	}{
		"one":                  {names: []string{"items"}},
		"two":                  {names: []string{"items", "orders"}},
		"many":                 {names: numbered("shop-", 40), patterns: []string{"shop-0*", "shop-1*", "shop-2*", "shop-3*"}},
		"only as many as must": {names: append(numbered("shop-item-", 10), "crm"), patterns: []string{"shop-item-0*"}},
		"two kinds":            {names: append(numbered("shop-", 40), numbered("crm-", 40)...), patterns: []string{"crm-0*", "crm-1*", "crm-2*", "crm-3*", "shop-*"}},
		"no shorter":           {names: slices.Concat(numbered("web-shop-", 100), numbered("web-blog-", 100), numbered("web-cart-", 100)), patterns: []string{"web-blog-*", "web-cart-*", "web-shop-*"}},
		"nothing in common":    {names: strings.Split("aa bb cc dd ee ff gg hh ii jj kk", " "), size: 1},
		"too little in common": {names: []string{"ab-1", "ab-2", "ab3", "ab4", "ab5", "ab6", "ab7", "ab8", "ab9", "aba", "abb"}, size: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := SessionFor(releaseOf(tt.names...))
			if wrong, ok := errors.AsType[*SessionError](err); ok != (tt.size > 0) || ok && wrong.Size <= maxSession {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.patterns, s.Patterns); diff != "" {
				t.Errorf("patterns (-want +got):\n%s", diff)
			}
			if len(s.JSON) > maxSession || strings.ContainsAny(s.JSON, " \n") {
				t.Errorf("%d characters: %s", len(s.JSON), s.JSON)
			}
		})
	}
}

// TestSessionNeverDeletesAFunction: DeleteFunction without a version deletes the function.
func TestSessionNeverDeletesAFunction(t *testing.T) {
	t.Parallel()
	n := releaseOf(numbered("shop-", 40)...)
	n.Operation, n.Publishes = "prune", false
	s, err := SessionFor(n)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(s.JSON, `"lambda:DeleteFunction"`)
	_, resources, _ := strings.Cut(rest, `"Resource":[`)
	resources, _, _ = strings.Cut(resources, "]")
	for arn := range strings.SplitSeq(resources, ",") {
		if !found || !strings.HasSuffix(arn, `*:*"`) {
			t.Errorf("%s in %s", arn, s.JSON)
		}
	}
}

// A key of S3 may have any character; STS takes few.
func TestSessionIsASCII(t *testing.T) {
	t.Parallel()
	n := releaseOf("items")
	n.Code = map[string]artifact.Source{"items": {Kind: artifact.S3, Bucket: "b", Key: "größe/😀.zip"}}
	s, err := SessionFor(n)
	if err != nil || !strings.Contains(s.JSON, `arn:aws:s3:::b/gr\u00f6\u00dfe/\ud83d\ude00.zip`) {
		t.Errorf("%s, %v", s.JSON, err)
	}
}
