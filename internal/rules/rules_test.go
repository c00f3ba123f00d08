package rules

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/lines"
)

func branch(name string) Ref      { return Ref{Kind: Branch, Name: name} }
func tag(name string) Ref         { return Ref{Kind: Tag, Name: name} }
func pullRequest(n int) Ref       { return Ref{Kind: PullRequest, Number: n} }
func text(lines ...string) string { return strings.Join(lines, "\n") }

func TestMatch(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rules string
		ref   Ref
		want  string // "ALIAS by RULE", "" for no match
	}{
		"default main":              {Default, branch("main"), "prod by main=prod"},
		"default master":            {Default, branch("master"), "prod by master=prod"},
		"default develop":           {Default, branch("develop"), "dev by develop=dev"},
		"default dev":               {Default, branch("dev"), "dev by dev=dev"},
		"default other":             {Default, branch("feature/x"), ""},
		"default tag":               {Default, tag("main"), ""},
		"default pull request":      {Default, pullRequest(7), ""},
		"case counts":               {"main=prod", branch("Main"), ""},
		"whole name":                {"main=prod", branch("main2"), ""},
		"first wins":                {text("m*=a", "main=b"), branch("main"), "a by m*=a"},
		"second":                    {text("x=a", "main=b"), branch("main"), "b by main=b"},
		"star in a segment":         {"release/*=rc", branch("release/1"), "rc by release/*=rc"},
		"star across":               {"release/*=rc", branch("release/1/2"), ""},
		"star alone":                {"*=x", branch("a/b"), ""},
		"stars across":              {"feature/**=x", branch("feature/a/b"), "x by feature/**=x"},
		"stars alone":               {"**=x", branch("a/b"), "x by **=x"},
		"stars inside":              {"a/**/z=x", branch("a/b/c/z"), "x by a/**/z=x"},
		"alternatives":              {"{main,master}=prod", branch("master"), "prod by {main,master}=prod"},
		"class":                     {"v[0-9]=x", branch("v7"), "x by v[0-9]=x"},
		"question mark":             {"v?=x", branch("v7"), "x by v?=x"},
		"tag":                       {"tag:v*=prod", tag("v1.2.3"), "prod by tag:v*=prod"},
		"tag spaced":                {"tag: v*=prod", tag("v1"), "prod by tag: v*=prod"},
		"tag is no branch":          {"tag:v*=prod", branch("v1"), ""},
		"branch is no tag":          {"v*=prod", tag("v1"), ""},
		"pull request":              {"pull_request=pr-{number}", pullRequest(7), "pr-7 by pull_request=pr-{number}"},
		"pull request is no branch": {"**=x", pullRequest(7), ""},
		"branch pull_request":       {"pull_request=x", branch("pull_request"), ""},
		"merge queue":               {"**=x", branch("gh-readonly-queue/main/pr-7-abc"), ""},
		"merge queue in braces":     {"{gh-readonly-queue,x}/**=x", branch("gh-readonly-queue/main/pr-7-abc"), ""},
		"tag like a merge queue":    {"tag:**=x", tag("gh-readonly-queue/x"), "x by tag:**=x"},
		"equals in the pattern":     {"a=b=c", branch("a=b"), "c by a=b=c"},
		"comma in the pattern":      {"a,b=c", branch("a,b"), "c by a,b=c"},
		"equals, comma":             {"a[=]b,c=d", branch("a=b,c"), "d by a[=]b,c=d"},
		"hash in the pattern":       {"fix#12=x", branch("fix#12"), "x by fix#12=x"},
		"hash first":                {"[#]12=x", branch("#12"), "x by [#]12=x"},
		"comments, blanks":          {"# a\n\n \t\r\n  main = prod  # live\r\n", branch("main"), "prod by main = prod"},
		"comment with equals":       {"main=prod # a=b", branch("main"), "prod by main=prod"},
		"latest":                    {"develop=dev@$LATEST", branch("develop"), "dev@$LATEST by develop=dev@$LATEST"},
		"latest template":           {"**={branch}@$LATEST", branch("a/b"), "a-b@$LATEST by **={branch}@$LATEST"},
		"no rules":                  {"", branch("main"), ""},
		"no ref":                    {"**=x", Ref{}, ""},
		"branch without a name":     {"**=x", branch(""), ""},
		"pull request 0":            {"pull_request=x", pullRequest(0), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rs, err := Parse(test.rules)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if target, ok := rs.Match(test.ref); ok {
				got = target.Alias
				if target.Latest {
					got += "@$LATEST"
				}
				got += " by " + target.Rule
			}
			if got != test.want {
				t.Errorf("%s: got %q, want %q", test.ref, got, test.want)
			}
		})
	}
}

func TestTargetTemplate(t *testing.T) {
	t.Parallel()
	rs, err := Parse("main=prod\n**={branch}")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]Target{
		"main": {Alias: "prod", Rule: "main=prod", Ref: branch("main")},
		"x":    {Alias: "x", Template: true, Rule: "**={branch}", Ref: branch("x")},
	} {
		got, _ := rs.Match(branch(name))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"main":                             `no "=" between`,
		"=prod":                            "the pattern is missing",
		"tag:=prod":                        "the pattern is missing",
		"main=":                            "the alias is missing",
		"main=@$LATEST":                    "the alias is missing",
		"main=$LATEST":                     "$LATEST is not an alias",
		"main=dev@latest":                  `may not contain '@'`,
		"main=dev@$LATEST@$LATEST":         `may not contain '@'`,
		"main=pr od":                       `may not contain ' '`,
		"main=prÖd":                        `may not contain 'Ö'`,
		"main=12":                          "would be a version",
		"main=" + strings.Repeat("a", 129): "129 characters is too long",
		"a b=prod":                         "a space or a control character",
		"a\x01b=prod":                      "a space or a control character",
		"main=prod, dev=dev":               "two rules on one line",
		"main=prod,dev=dev":                "two rules on one line",
		"branch:main=prod":                 `contains a ":"`,
		"tag:a:b=prod":                     `contains a ":"`,
		"refs/heads/main=prod":             "begins with refs/",
		"tag:refs/tags/v*=prod":            "begins with refs/",
		"gh-readonly-queue/**=x":           "the merge queue never match",
		"[a=prod":                          "not a valid glob",
		"{a,b=prod":                        "not a valid glob",
		"a}=prod":                          "not a valid glob",
		"a[]=prod":                         "not a valid glob",
		`a\=prod`:                          "not a valid glob",
		strings.Repeat("a", 257) + "=x":    "longer than 256",
		"{a}{b}{c}{d}{e}=x":                "more than 4 {…}",
		"{branch}={branch}":                "is a placeholder",
		"main={tag}":                       "a branch has no value for {tag}",
		"main=pr-{number}":                 "a branch has no value for {number}",
		"tag:v*={branch}":                  "a tag has no value for {branch}",
		"pull_request={branch}":            "a pull request has no value for {branch}",
		"main={Branch}":                    `unknown placeholder "{Branch}"`,
		"main={}":                          `unknown placeholder "{}"`,
		"main={branch":                     `may not contain '{'`,
		"main=x.{branch}":                  `may not contain '.'`,
		"main=" + strings.Repeat("a", 112) + "{branch}": "leaves 16 characters",
		"main=" + strings.Repeat("{branch}", 8):         "leaves 16 characters",
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			rs, err := Parse("\n" + line)
			bad, ok := errors.AsType[*lines.Error](err)
			if !ok {
				t.Fatalf("got %v, %v", rs, err)
			}
			if !strings.Contains(bad.Problem, want) || bad.Allowed == "" {
				t.Errorf("got %q, want %q in it; allowed %q", bad.Problem, want, bad.Allowed)
			}
			if bad.Line != 2 || bad.Text != line {
				t.Errorf("got line %d: %q", bad.Line, bad.Text)
			}
		})
	}
}

func TestParseTellsEveryLine(t *testing.T) {
	t.Parallel()
	_, err := Parse(text("# rules", "main", "dev=dev", "", "x=12"))
	want := text(
		`line 2: "main": no "=" between pattern and alias; write PATTERN=ALIAS, for example main=prod`,
		`line 5: "x=12": an alias of digits only would be a version; `+aliasAllowed,
	)
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		Default, "tag:v*=prod", "pull_request=pr-{number}", "**={branch}@$LATEST", "{a,[b-c]}/**={branch}-{branch}",
		"a=b=c # d", `\*[!x]?=y`, "tag:**=1{tag}2",
	} {
		f.Add(seed, "feature/x", 7)
		f.Add(seed, "2026", 1)
	}
	f.Fuzz(func(t *testing.T, text, name string, number int) {
		rs, err := Parse(text)
		if err != nil {
			return
		}
		for _, ref := range []Ref{branch(name), tag(name), pullRequest(number)} {
			target, ok := rs.Match(ref)
			if !ok {
				continue
			}
			if err := CheckAlias(target.Alias); err != nil {
				t.Errorf("%q takes %s to %q: %v", target.Rule, ref, target.Alias, err)
			}
			again, err := Parse(target.Rule)
			if err != nil {
				t.Fatalf("%q does not parse again: %v", target.Rule, err)
			}
			if diff := cmp.Diff(target, first(again.Match(ref))); diff != "" {
				t.Errorf("%q alone (-want +got):\n%s", target.Rule, diff)
			}
		}
	})
}

func first(target Target, _ bool) Target { return target }

func TestFixed(t *testing.T) {
	t.Parallel()
	rs, err := Parse("main=prod\n**={branch}\ndev=dev@$LATEST")
	if err != nil {
		t.Fatal(err)
	}
	for alias, want := range map[string]bool{"prod": true, "dev": true, "feature": false, "": false} {
		if got := rs.Fixed(alias); got != want {
			t.Errorf("Fixed(%q) = %t, want %t", alias, got, want)
		}
	}
}
