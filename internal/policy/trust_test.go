package policy

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/rules"
)

func TestRefPatterns(t *testing.T) {
	t.Parallel()
	for glob, tt := range map[string]struct {
		want  []string
		wider bool
	}{
		"main":              {[]string{"main"}, false},
		"release/*":         {[]string{"release/*"}, true},
		"feature/**":        {[]string{"feature", "feature/*"}, false},
		"**":                {[]string{"*"}, false},
		"*":                 {[]string{"*"}, true},
		"**/hotfix":         {[]string{"*/hotfix", "hotfix"}, false},
		"a/**/b":            {[]string{"a/*/b", "a/b"}, false},
		"v?":                {[]string{"v?"}, true},
		"v[0-9]*":           {[]string{"v?*"}, true},
		"v[!0]*":            {[]string{"v?*"}, true},
		"{main,dev}":        {[]string{"dev", "main"}, false},
		"{a,b{c,d}}/x":      {[]string{"a/x", "bc/x", "bd/x"}, false},
		"a[=]b":             {[]string{"a=b"}, false},
		`a\{b`:              {[]string{"a{b"}, false},
		"a$b${c":            {[]string{"a${$}b${$}{c"}, false},
		"{release/**,main}": {[]string{"main", "release", "release/*"}, true},
	} {
		got, wider, err := refPatterns(glob)
		if err != nil || wider != tt.wider || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, wider %t, error %v", glob, got, wider, err)
		}
	}
	for _, glob := range []string{"[a-z]*", "?*", "[!m]*", "{a,b}{c,d}{e,f}{g,h}{i,j}{k,l}"} {
		if got, _, err := refPatterns(glob); err == nil {
			t.Errorf("%s: %q", glob, got)
		}
	}
}

// The patterns match every name that the glob matches, and no other unless they are
// said to be wider.
func TestRefPatternsAgreeWithDoublestar(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // no secret
	parts := []string{"a", "b", "/", "/", "*", "**", "?", "[ab]", "[!a]", "{a,b}", "{a/b,**}", "{b,}"}
	names := []string{"a", "b", "ab", "ba", "a/b", "b/a", "a/a/b", "a/b/a/b", "aa", "b/b/b", "abab", "a/ab/b"}
	for range 4000 {
		var b strings.Builder
		for range 1 + random.IntN(6) {
			b.WriteString(parts[random.IntN(len(parts))])
		}
		glob := b.String()
		if strings.Contains(glob, "//") || strings.HasPrefix(glob, "/") || strings.HasSuffix(glob, "/") || !doublestar.ValidatePattern(glob) {
			continue
		}
		patterns, wider, err := refPatterns(glob)
		if err != nil {
			continue
		}
		for _, name := range names {
			want := doublestar.MatchUnvalidated(glob, name)
			got := slices.ContainsFunc(patterns, func(p string) bool { return matches(p, name) })
			if want && !got || got && !want && !wider {
				t.Fatalf("%s: %q, wider %t; matches %s: %t, in doublestar %t", glob, patterns, wider, name, got, want)
			}
		}
	}
}

func rulesOf(t *testing.T, text string) rules.Rules {
	t.Helper()
	rs, err := rules.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return rs
}

func TestTrust(t *testing.T) {
	t.Parallel()
	main := rulesOf(t, "main=prod")
	for name, tt := range map[string]struct {
		trust          Trust
		host, audience string
		like           bool
		subjects       []string
		notes          []string // what they contain
	}{
		"default": {
			Trust{Rules: main}, gitHubIssuer, "sts.amazonaws.com", false, []string{"repo:shop/items:ref:refs/heads/main"},
			[]string{"repo:shop@OWNER-ID/items@REPOSITORY-ID:"},
		},
		"with IDs": {
			Trust{Rules: main, OwnerID: "12", RepositoryID: "34"}, gitHubIssuer, "sts.amazonaws.com", false,
			[]string{"repo:shop/items:ref:refs/heads/main", "repo:shop@12/items@34:ref:refs/heads/main"}, nil,
		},
		"enterprise server": {
			Trust{Rules: main, Server: "https://git.example.com", OwnerID: "12", RepositoryID: "34"}, "git.example.com/_services/token", "sts.amazonaws.com", false,
			[]string{"repo:shop/items:ref:refs/heads/main"}, nil,
		},
		"data residency": {
			Trust{Rules: main, Server: "https://shop.ghe.com", OwnerID: "12", RepositoryID: "34"}, "token.actions.shop.ghe.com", "sts.amazonaws.com", false,
			[]string{"repo:shop/items:ref:refs/heads/main", "repo:shop@12/items@34:ref:refs/heads/main"}, nil,
		},
		"China": {
			Trust{Rules: main, Partition: "aws-cn", Subject: "repo:shop/items:ref:refs/heads/x"}, gitHubIssuer, "sts.amazonaws.com.cn", false,
			[]string{"repo:shop/items:ref:refs/heads/main"}, nil,
		},
		"the token's own prefix": {
			Trust{Rules: main, OwnerID: "12", RepositoryID: "34", Issuer: "https://token.actions.githubusercontent.com/shop", Subject: "repo:shop@12/items@34:environment:test"},
			gitHubIssuer + "/shop", "sts.amazonaws.com", false, []string{"repo:shop@12/items@34:ref:refs/heads/main"}, nil,
		},
		"customized": {
			Trust{Rules: main, Subject: "repository_id:34:workflow:release"}, gitHubIssuer, "sts.amazonaws.com", false,
			[]string{"repository_id:34:workflow:release"}, []string{"is customized"},
		},
		"environment": {
			Trust{Rules: rulesOf(t, "**={branch}"), Environment: "prod: EU*", OwnerID: "12", RepositoryID: "34"}, gitHubIssuer, "sts.amazonaws.com", false,
			[]string{"repo:shop/items:environment:prod%3A EU${*}", "repo:shop@12/items@34:environment:prod%3A EU${*}"}, nil,
		},
		"patterns": {
			Trust{Rules: rulesOf(t, "main=prod\nrelease/*=staging\ntag:v[0-9]*=prod\nmain=again"), Server: "https://git.example.com"}, "git.example.com/_services/token", "sts.amazonaws.com", true,
			[]string{"repo:shop/items:ref:refs/heads/main", "repo:shop/items:ref:refs/heads/release/*", "repo:shop/items:ref:refs/tags/v?*"},
			[]string{"release/*=staging is wider", "tag:v[0-9]*=prod is wider"},
		},
		"pull requests": {
			Trust{Rules: rulesOf(t, "pull_request=pr-{number}"), Server: "https://git.example.com"}, "git.example.com/_services/token", "sts.amazonaws.com", false,
			[]string{"repo:shop/items:pull_request"}, []string{"every pull request"},
		},
		"a ref": {
			Trust{Ref: rules.Ref{Kind: rules.Tag, Name: "v1"}, Server: "https://git.example.com"}, "git.example.com/_services/token", "sts.amazonaws.com", false,
			[]string{"repo:shop/items:ref:refs/tags/v1"}, nil,
		},
		"no account": {
			Trust{Rules: main, Account: "-", Server: "https://git.example.com"}, "git.example.com/_services/token", "sts.amazonaws.com", false,
			[]string{"repo:shop/items:ref:refs/heads/main"}, []string{"replace ACCOUNT-ID by its ID"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.trust.Repository = "shop/items"
			account := "123456789012"
			if tt.trust.Account == "-" {
				tt.trust.Account, account = "", unknownAccount
			} else {
				tt.trust.Account = account
			}
			p, err := tt.trust.Policy()
			if err != nil {
				t.Fatal(err)
			}
			partition := "aws"
			if tt.trust.Partition != "" {
				partition = tt.trust.Partition
			}
			want := map[string]map[string]oneOrMore{"StringEquals": {tt.host + ":aud": {tt.audience}}}
			if tt.like {
				want["StringLike"] = map[string]oneOrMore{tt.host + ":sub": tt.subjects}
			} else {
				want["StringEquals"][tt.host+":sub"] = tt.subjects
			}
			if diff := cmp.Diff(want, p.Statement.Condition); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if got := p.Statement.Principal.Federated; got != "arn:"+partition+":iam::"+account+":oidc-provider/"+tt.host {
				t.Errorf("provider %s", got)
			}
			if len(p.Notes) != len(tt.notes) {
				t.Errorf("notes %q", p.Notes)
			}
			for i, note := range p.Notes {
				if i < len(tt.notes) && !strings.Contains(note, tt.notes[i]) {
					t.Errorf("note %q, want %q", note, tt.notes[i])
				}
			}
			for _, s := range tt.subjects { // never a wildcard before the branch
				if prefix, _, _ := strings.Cut(s, ":ref:"); strings.ContainsAny(strings.ReplaceAll(prefix, "${*}", ""), "*?") {
					t.Errorf("subject %s", s)
				}
			}
		})
	}
}

func TestTrustRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		trust Trust
		input string
	}{
		"no repository":   {Trust{Rules: rulesOf(t, "main=prod")}, "GITHUB_REPOSITORY"},
		"a bad one":       {Trust{Rules: rulesOf(t, "main=prod"), Repository: "shop/*"}, "GITHUB_REPOSITORY"},
		"a bare wildcard": {Trust{Rules: rulesOf(t, "[a-z]*=prod"), Repository: "shop/items"}, "aliases"},
		"no rules":        {Trust{Repository: "shop/items"}, "alias"},
	} {
		_, err := tt.trust.Policy()
		if err == nil || !strings.HasPrefix(err.Error(), tt.input) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTrustTooLong(t *testing.T) {
	t.Parallel()
	var text []string
	for c := 'a'; c <= 'z'; c++ {
		text = append(text, "a-rather-long-name-of-a-branch/"+string(c)+"=prod")
	}
	p, err := Trust{Rules: rulesOf(t, strings.Join(text, "\n")), Repository: "shop/items", OwnerID: "1", RepositoryID: "2", Account: "1"}.Policy()
	if err != nil || len(p.Notes) != 1 || !strings.Contains(p.Notes[0], "2048 of a role's trust policy") {
		t.Errorf("%v, %q", err, p.Notes)
	}
}
