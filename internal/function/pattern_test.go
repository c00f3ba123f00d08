package function

import (
	"slices"
	"strings"
	"testing"
)

func TestPattern(t *testing.T) {
	t.Parallel()
	names := []string{"orders", "orders-a", "orders-b", "orders-ab", "Orders-a", "items_1"}
	for given, want := range map[string]struct {
		matches []string
		iam     string
	}{
		"orders-*":       {[]string{"orders-a", "orders-b", "orders-ab"}, "orders-*"},
		"orders*":        {[]string{"orders", "orders-a", "orders-b", "orders-ab"}, "orders*"},
		"orders-?":       {[]string{"orders-a", "orders-b"}, "orders-?"},
		"orders-[a]":     {[]string{"orders-a"}, "orders-?"},
		"orders-[!a]":    {[]string{"orders-b"}, "orders-?"},
		"orders-[^a]*":   {[]string{"orders-b"}, "orders-?*"},
		"[oO]rders-[a-]": {[]string{"orders-a", "Orders-a"}, "?rders-?"},
		"**":             {names, "**"},
		"*_[0-9]":        {[]string{"items_1"}, "*_?"},
		"carts-*":        {nil, "carts-*"},
	} {
		p, err := ParsePattern(given)
		if err != nil || !IsPattern(given) {
			t.Errorf("%s: %v", given, err)
			continue
		}
		got := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !p.Matches(name) })
		if !slices.Equal(got, want.matches) || p.IAM() != want.iam {
			t.Errorf("%s matches %q, want %q, and is %s in IAM, want %s", given, got, want.matches, p.IAM(), want.iam)
		}
	}
}

func TestParsePatternRefuses(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"orders-[ab":                     "its [ has no ]",
		"orders-[]":                      "its [ has no ]",
		"orders/*":                       "not a glob over names of functions",
		"orders *":                       "not a glob over names of functions",
		"{a,b}*":                         "not a glob over names of functions",
		"123456789012:function:orders-*": "an ARN cannot have one",
	} {
		if got, err := ParsePattern(given); err == nil || !strings.Contains(err.Error(), want) || got != "" {
			t.Errorf("%s: got %q, %v; want %q", given, got, err, want)
		}
	}
	for _, given := range []string{"orders", "arn:aws:lambda:eu-central-1:***:function:orders"} {
		if IsPattern(given) {
			t.Errorf("%s is a glob", given)
		}
	}
}
