package rules

import (
	"errors"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	rs, err := Parse("main=prod\nv1=dev\ntag:v*=prod\ntag:main=prod\npull_request=pr-{number}")
	if err != nil {
		t.Fatal(err)
	}
	branch, tag := func(name string) Ref { return Ref{Kind: Branch, Name: name} }, func(name string) Ref { return Ref{Kind: Tag, Name: name} }
	pull := Ref{Kind: PullRequest, Number: 7}
	for name, test := range map[string]struct {
		ref, orTag, orElse Ref
		written            string
		alias              string
		wrong              string // part of the error
	}{
		"branch":                       {ref: branch("main"), alias: "prod"},
		"no rule":                      {ref: branch("topic"), wrong: "A rule for it would be topic=dev."},
		"written as a branch":          {ref: branch("v2"), written: "v2", wrong: "write refs/tags/v2"},
		"written in full":              {ref: branch("v2"), written: "refs/heads/v2", wrong: "no rule"},
		"merge queue":                  {ref: branch("gh-readonly-queue/main/pr-7-abc"), wrong: "merge queue never matches"},
		"branch or tag, as a tag":      {ref: branch("v2"), orTag: tag("v2"), alias: "prod"},
		"branch or tag, both the same": {ref: branch("main"), orTag: tag("main"), alias: "prod"},
		"branch or tag, they differ":   {ref: branch("v1"), orTag: tag("v1"), wrong: "GitHub does not report"},
		"branch, not the pull request": {ref: branch("main"), orElse: pull, alias: "prod"},
		"pull request of the branch":   {ref: branch("topic"), orElse: pull, alias: "pr-7"},
		"branch or tag, neither":       {ref: branch("x"), orTag: tag("x"), wrong: "x=dev or tag:x=prod"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target, err := rs.Choose(test.ref, test.orTag, test.orElse, test.written)
			if target.Alias != test.alias || (err == nil) != (test.wrong == "") {
				t.Fatalf("got %+v, %v", target, err)
			}
			if err != nil && !strings.Contains(err.Error(), test.wrong) {
				t.Errorf("the error lacks %q: %v", test.wrong, err)
			}
			if differ := name == "branch or tag, they differ"; err != nil && errors.Is(err, ErrNoRule) == differ {
				t.Errorf("ErrNoRule or not: %v", err)
			}
		})
	}
	if _, err := rs.Choose(branch("v2"), Ref{}, Ref{}, "refs/heads/v2"); strings.Contains(err.Error(), "stands for a branch") {
		t.Errorf("a ref in full cannot be meant otherwise: %v", err)
	}
}
