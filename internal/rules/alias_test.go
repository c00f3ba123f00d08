package rules

import (
	"math"
	"strings"
	"testing"
)

func TestCheckAlias(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{
		"prod":                   true,
		"Prod_2":                 true,
		"-":                      true,
		"_":                      true,
		"2026-11-23":             true,
		"1a":                     true,
		strings.Repeat("a", 128): true,
		"":                       false,
		"7":                      false,
		strings.Repeat("1", 20):  false,
		strings.Repeat("a", 129): false,
		"$LATEST":                false,
		"a b":                    false,
		"a.b":                    false,
		"a/b":                    false,
		"a:b":                    false,
		"é":                      false,
		"٣":                      false, // a digit, but not one of AWS's
		"a\n":                    false,
		"\xff":                   false,
	} {
		if err := CheckAlias(name); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 200)
	for name, test := range map[string]struct {
		rule string
		ref  Ref
		want string
	}{
		"as it is":                 {"**={branch}", branch("my_Branch-1"), "my_Branch-1"},
		"slash":                    {"**={branch}", branch("feature/login"), "feature-login"},
		"each character":           {"**={branch}", branch("a..b//c"), "a--b--c"},
		"a letter is one":          {"**={branch}", branch("grün"), "gr-n"},
		"not UTF-8":                {"**={branch}", branch("a\xff\xfeb"), "a--b"},
		"nothing left":             {"**={branch}", branch("日本"), "--"},
		"tag":                      {"tag:**=rel-{tag}", tag("v1.2.3"), "rel-v1-2-3"},
		"number":                   {"pull_request=pr-{number}-app", pullRequest(7), "pr-7-app"},
		"branch of digits":         {"**={branch}", branch("2026"), "branch-2026"},
		"tag of digits":            {"tag:**={tag}", tag("7"), "tag-7"},
		"number alone":             {"pull_request={number}", pullRequest(7), "pr-7"},
		"digits around":            {"**=1{branch}2", branch("3"), "1branch-32"},
		"digits and a word":        {"**=x{branch}", branch("3"), "x3"},
		"twice":                    {"**={branch}-{branch}", branch("a"), "a-a"},
		"twice digits":             {"**={branch}{branch}", branch("1"), "branch-1branch-1"},
		"just fits":                {"**={branch}", branch(long[:128]), long[:128]},
		"too long":                 {"**={branch}", branch(long[:129]), long[:119] + "-0ec9eb33"},
		"what stands around stays": {"**=a-{branch}-z", branch(long), "a-" + long[:115] + "-aa20c23e-z"},
		"digits too long":          {"tag:**={tag}", tag(strings.Repeat("1", 128)), "tag-" + strings.Repeat("1", 115) + "-4ff5ac52"},
		"largest number":           {"pull_request={number}", pullRequest(math.MaxInt), "pr-9223372036854775807"},
		"least room":               {"pull_request=" + long[:111] + "{number}", pullRequest(math.MaxInt), long[:111] + "92233720-b34a1c30"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rs, err := Parse(test.rule)
			if err != nil {
				t.Fatal(err)
			}
			target, ok := rs.Match(test.ref)
			if !ok || target.Alias != test.want {
				t.Errorf("got  %q\nwant %q", target.Alias, test.want)
			}
			if err := CheckAlias(target.Alias); err != nil {
				t.Errorf("%q: %v", target.Alias, err)
			}
		})
	}
}

// Long names that begin alike, or that are alike once made legal, stay apart.
func TestExpandKeepsLongNamesApart(t *testing.T) {
	t.Parallel()
	rs, err := Parse("**=preview-{branch}")
	if err != nil {
		t.Fatal(err)
	}
	begin := strings.Repeat("feature/", 20)
	seen := map[string]string{}
	for _, end := range []string{"a", "b", "a/a", "a.a", "a-a"} {
		target, ok := rs.Match(branch(begin + end))
		if !ok {
			t.Fatal("no match")
		}
		if other, ok := seen[target.Alias]; ok {
			t.Errorf("%q and %q are both %q", other, end, target.Alias)
		}
		seen[target.Alias] = end
	}
}
