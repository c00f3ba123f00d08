package input

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lambda-release/internal/function"
	"lambda-release/internal/release"
	"lambda-release/internal/rules"
)

// env is an environment with inputs as GitHub passes them.
func env(inputs map[string]string) func(string) string {
	vars := map[string]string{}
	for name, value := range inputs {
		vars["INPUT_"+strings.ToUpper(name)] = value
	}
	return func(name string) string { return vars[name] }
}

// hash is the base64 of a SHA-256 of all zeros, and other of another.
const (
	hash  = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	other = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
)

// first is the text that is given, else the default.
func first(given, otherwise string) string {
	if given == "" {
		return otherwise
	}
	return given
}

func ptr(s string) *string { return &s }

// defaults is the Input of `function-name: orders` alone, but for its rules.
func defaults() Input {
	return Input{
		Functions: []function.ID{{Given: "orders", Name: "orders"}},
		IfNoMatch: "warn",
		Operation: release.Release,
		Timeout:   10 * time.Minute,

		MinInvocations: 20, OnInconclusive: "continue",
		CodeDeployWait: true,
		StageVariable:  "lambdaAlias",
		SessionTime:    time.Hour,
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		env   map[string]string
		args  []string
		want  func(*Input)
		rules string // "" for the default ones
	}{
		"function alone": {},
		"everything": {
			env: map[string]string{
				"function-name":     "orders",
				"operation":         "release",
				"aliases":           "# ours\nmain=live\n\ntag:v*=rel-{tag}",
				"alias":             "live",
				"ref":               "refs/tags/v1",
				"if-no-match":       "error",
				"description":       "the text",
				"alias-description": "the alias",
				"code-sha256":       hash,
				"clear-weights":     "true",
				"dry-run":           "TRUE",
				"aws-region":        "us-gov-west-1",
				"timeout":           "1h30m",
			},
			want: func(in *Input) {
				in.Alias, in.Ref, in.IfNoMatch = "live", "refs/tags/v1", "error"
				in.Description, in.AliasDescription = "the text", ptr("the alias")
				in.CodeSHA256 = map[string]string{"orders": hash}
				in.ClearWeights, in.DryRun = true, true
				in.Region, in.Timeout = "us-gov-west-1", 90*time.Minute
			},
			rules: "main=live\ntag:v*=rel-{tag}",
		},
		"trimmed": {
			env: map[string]string{"function-name": " orders\n", "alias": "\tlive ", "timeout": " 5m\r\n", "dry-run": " true "},
			want: func(in *Input) {
				in.Alias, in.Timeout, in.DryRun = "live", 5*time.Minute, true
			},
		},
		"empty counts as none": {
			env: map[string]string{"aliases": "", "if-no-match": " ", "timeout": "\n", "operation": "", "alias-description": "  ", "clear-weights": ""},
		},
		"flags win": {
			env:  map[string]string{"alias": "live", "timeout": "5m", "dry-run": "true"},
			args: []string{"--alias", "dev", "-timeout=7m", "--dry-run=false", "--clear-weights", "--"},
			want: func(in *Input) {
				in.Alias, in.Timeout, in.ClearWeights = "dev", 7*time.Minute, true
			},
		},
		"list flags add up, and win": {
			env:  map[string]string{"aliases": "x=y", "function-name": "z"},
			args: []string{"--function-name", "a", "--aliases", "main=live", "--function-name", "b,c", "--aliases", "a=b=c"},
			want: func(in *Input) {
				in.Functions = []function.ID{{Given: "a", Name: "a"}, {Given: "b", Name: "b"}, {Given: "c", Name: "c"}}
			},
			rules: "main=live\na=b=c",
		},
		"descriptions become one line": {
			env: map[string]string{"description": "fix: it\r\n\r\nbecause\tof \x1b[31m that\u2028all", "alias-description": "a\xffb\nc"},
			want: func(in *Input) {
				in.Description, in.AliasDescription = "fix: it  because of  [31m that all", ptr("a\ufffdb c")
			},
		},
		"nothing left of a description": {
			env: map[string]string{"description": "\x00", "alias-description": "\x00"},
		},
		"descriptions that are too long are cut": {
			env: map[string]string{"description": strings.Repeat("ü", 257), "alias-description": strings.Repeat("ü", 161)},
			want: func(in *Input) {
				in.Description, in.AliasDescription = strings.Repeat("ü", 255)+"…", ptr(strings.Repeat("ü", 159)+"…")
			},
		},
		"descriptions with brackets, as commit messages have them": {
			env: map[string]string{"description": "fix [12 < 10 | run 4711]", "alias-description": "fix the cart (#12) [skip ci]"},
			want: func(in *Input) {
				in.Description, in.AliasDescription = "fix [12 < 10 | run 4711]", ptr("fix the cart (#12) [skip ci]")
			},
		},
		"descriptions as long as they may be": {
			env: map[string]string{"description": strings.Repeat("ü", 256), "alias-description": strings.Repeat("ü", 160)},
			want: func(in *Input) {
				in.Description, in.AliasDescription = strings.Repeat("ü", 256), ptr(strings.Repeat("ü", 160))
			},
		},
		"longest timeout": {
			env:  map[string]string{"timeout": "24h"},
			want: func(in *Input) { in.Timeout = 24 * time.Hour },
		},
		"hash by name": {
			env:  map[string]string{"code-sha256": "orders = " + hash},
			want: func(in *Input) { in.CodeSHA256 = map[string]string{"orders": hash} },
		},
		"comments after a function and a hash": {
			env:  map[string]string{"function-name": "orders # the shop", "code-sha256": hash + "\t# of the build"},
			want: func(in *Input) { in.CodeSHA256 = map[string]string{"orders": hash} },
		},
		"hashes by name": {
			env: map[string]string{
				"function-name": "a,b,c",
				"code-sha256":   "# two of three\na=" + hash + "\n\nb=" + other,
			},
			want: func(in *Input) {
				in.Functions = []function.ID{{Given: "a", Name: "a"}, {Given: "b", Name: "b"}, {Given: "c", Name: "c"}}
				in.CodeSHA256 = map[string]string{"a": hash, "b": other}
			},
		},
		"region of the ARN": {
			env: map[string]string{"function-name": "orders\narn:aws:lambda:eu-central-1:123456789012:function:users"},
			want: func(in *Input) {
				in.Functions = append(in.Functions, function.ID{
					Given:     "arn:aws:lambda:eu-central-1:123456789012:function:users",
					Name:      "users",
					Account:   "123456789012",
					Region:    "eu-central-1",
					Partition: "aws",
				})
				in.Region = "eu-central-1"
			},
		},
		"region given and in the ARN": {
			env: map[string]string{"function-name": "arn:aws-cn:lambda:cn-north-1:123456789012:function:orders", "aws-region": "cn-north-1"},
			want: func(in *Input) {
				in.Functions = []function.ID{{
					Given:     "arn:aws-cn:lambda:cn-north-1:123456789012:function:orders",
					Name:      "orders",
					Account:   "123456789012",
					Region:    "cn-north-1",
					Partition: "aws-cn",
				}}
				in.Region = "cn-north-1"
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inputs := map[string]string{"function-name": "orders"}
			for name, value := range test.env {
				inputs[name] = value
			}
			got, err := Parse(test.args, env(inputs))
			if err != nil {
				t.Fatal(err)
			}
			want := defaults()
			if test.want != nil {
				test.want(&want)
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Input{}, "Rules")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			rs, err := rules.Parse(first(test.rules, rules.Default))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got.Rules, rs) {
				t.Errorf("got rules %v, want %v", got.Rules, rs)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		env  map[string]string
		args []string
		want []string // the input, then a part of what is wrong, for each problem
	}{
		"no function":              {env: map[string]string{"function-name": ""}, want: []string{"function-name", "missing"}},
		"blank function":           {env: map[string]string{"function-name": " \n "}, want: []string{"function-name", "missing"}},
		"functions commented out":  {env: map[string]string{"function-name": "# a\n,"}, want: []string{"function-name", "it names no function"}},
		"function twice":           {env: map[string]string{"function-name": "a\nb\na"}, want: []string{"function-name", `a is already given, as "a"`}},
		"function as name and ARN": {env: map[string]string{"function-name": "a, 123456789012:function:a"}, want: []string{"function-name", `a is already given, as "a"`}},
		"ARNs of two regions": {
			env:  map[string]string{"function-name": "arn:aws:lambda:eu-central-1:123456789012:function:a,arn:aws:lambda:eu-west-1:123456789012:function:b"},
			want: []string{"function-name", "the ARN is in eu-west-1, another in eu-central-1"},
		},
		"ARN of another region": {
			env:  map[string]string{"function-name": "arn:aws:lambda:eu-central-1:123456789012:function:a", "aws-region": "eu-west-1"},
			want: []string{"aws-region", "contradicts the region in function-name, eu-central-1"},
		},

		"operation":       {env: map[string]string{"operation": "relase"}, want: []string{"operation", "unknown (did you mean release?)"}},
		"operation later": {env: map[string]string{"operation": "deploy"}, want: []string{"operation", "unknown"}},
		"if-no-match":     {env: map[string]string{"if-no-match": "fail"}, want: []string{"if-no-match", "unknown"}},
		"alias of digits": {env: map[string]string{"alias": "12"}, want: []string{"alias", "digits only"}},
		"alias illegal":   {env: map[string]string{"alias": "pr od"}, want: []string{"alias", "may not contain ' '"}},
		"ref":             {env: map[string]string{"ref": "refs/remotes/x"}, want: []string{"ref", "only refs/heads/"}},
		"rules": {
			env:  map[string]string{"aliases": "main\n# ok\ndev=dev\nx=12"},
			want: []string{"aliases", `line 1: no "="`, "aliases", "line 4: an alias of digits only"},
		},

		"alias-description mark": {env: map[string]string{"alias-description": "x [12 < 10 | run 1] "}, want: []string{"alias-description", `ends in "]"`}},

		"hash no base64":     {env: map[string]string{"code-sha256": "???"}, want: []string{"code-sha256", "not a SHA-256 in base64"}},
		"hash too short":     {env: map[string]string{"code-sha256": "AAAA"}, want: []string{"code-sha256", "not a SHA-256 in base64"}},
		"hash not canonical": {env: map[string]string{"code-sha256": hash[:42] + "B="}, want: []string{"code-sha256", "not a SHA-256 in base64"}},
		"hash in hex":        {env: map[string]string{"code-sha256": strings.Repeat("0f", 32)}, want: []string{"code-sha256", "in hexadecimal, not in base64"}},
		"hash for several":   {env: map[string]string{"function-name": "a,b", "code-sha256": hash}, want: []string{"code-sha256", "one hash for 2 functions"}},
		"hash for another":   {env: map[string]string{"code-sha256": "a=" + hash}, want: []string{"code-sha256", `this job has no function "a"`}},
		"hash for no name":   {env: map[string]string{"code-sha256": "a b=" + hash}, want: []string{"code-sha256", `"a b" is not the name`}},
		"hash twice":         {env: map[string]string{"code-sha256": hash + "\norders=" + hash}, want: []string{"code-sha256", "a second hash for orders"}},
		"hash broken and function missing": {
			env:  map[string]string{"function-name": "", "code-sha256": "a=" + hash + "\nb=x"},
			want: []string{"function-name", "missing", "code-sha256", "not a SHA-256 in base64"},
		},

		"boolean":         {env: map[string]string{"dry-run": "yes", "clear-weights": "1"}, want: []string{"clear-weights", "neither true nor false", "dry-run", "neither true nor false"}},
		"region":          {env: map[string]string{"aws-region": "Frankfurt"}, want: []string{"aws-region", "not the name of a region"}},
		"region's zone":   {env: map[string]string{"aws-region": "eu-central-1a"}, want: []string{"aws-region", "not the name of a region"}},
		"timeout":         {env: map[string]string{"timeout": "soon"}, want: []string{"timeout", "not a duration"}},
		"timeout, unit":   {env: map[string]string{"timeout": "10"}, want: []string{"timeout", "a number without a unit"}},
		"timeout 0":       {env: map[string]string{"timeout": "0s"}, want: []string{"timeout", "not more than 0"}},
		"timeout below 0": {env: map[string]string{"timeout": "-5m"}, want: []string{"timeout", "not more than 0"}},
		"timeout, long":   {env: map[string]string{"timeout": "24h1s"}, want: []string{"timeout", "longer than 24h"}},

		"flag unknown":           {args: []string{"--frobnicate", "--dry-run"}, want: []string{"flag", "unknown"}},
		"flag twice":             {args: []string{"--alias", "dev", "--alias", "live"}, want: []string{"alias", `the flag was given before, with "dev"`}},
		"flag misspelt":          {args: []string{"--function_name", "x", "-dryrun"}, want: []string{"flag", "did you mean --function-name?", "flag", "did you mean --dry-run?"}},
		"flag missed by one":     {env: map[string]string{"function-name": ""}, args: []string{"--functon-name", "x"}, want: []string{"flag", "did you mean --function-name?"}},
		"flag that is needed":    {args: []string{"--strateg=Canary10Percent5Minutes", "--alarms", "a"}, want: []string{"flag", "did you mean --strategy?"}},
		"flag that another fits": {args: []string{"--operatoin=rollback", "--version", "3"}, want: []string{"flag", "did you mean --operation?"}},
		"flag begun":             {args: []string{"--function=x"}, want: []string{"flag", "did you mean --function-name?"}},
		"flag with three":        {args: []string{"---alias", "x"}, want: []string{"flag", "unknown (did you mean --alias?)"}},
		"flag without a name":    {args: []string{"--=x", "-"}, want: []string{"flag", "unknown", "flag", "unknown"}},
		"flag without a value":   {args: []string{"--alias"}, want: []string{"alias", "the flag has no value"}},
		"argument":               {args: []string{"release", "--dry-run"}, want: []string{"argument", "belongs to no flag"}},
		"boolean behind a flag":  {args: []string{"--dry-run", "false"}, want: []string{"argument", "belongs to no flag"}},

		"two at once": {
			env:  map[string]string{"function-name": "a b", "timeout": "10"},
			args: []string{"--nope"},
			want: []string{"flag", "unknown", "function-name", `"a b" is not the name of a function`, "timeout", "without a unit"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inputs := map[string]string{"function-name": "orders"}
			for name, value := range test.env {
				inputs[name] = value
			}
			in, err := Parse(test.args, env(inputs))
			problems, ok := errors.AsType[Problems](err)
			if !ok {
				t.Fatalf("got %+v, %v", in, err)
			}
			if len(problems) != len(test.want)/2 {
				t.Fatalf("got\n%v", problems)
			}
			for i, p := range problems {
				if name, what := test.want[2*i], test.want[2*i+1]; p.Input != name || !strings.Contains(p.What, what) {
					t.Errorf("got  %v\nwant %s: %s", p, name, what)
				}
				if p.Allowed == "" {
					t.Errorf("%v: nothing tells what to do", p)
				}
			}
			if diff := cmp.Diff(Input{OutputsFile: in.OutputsFile, SummaryFile: in.SummaryFile}, in); diff != "" {
				t.Errorf("an Input along with problems:\n%s", diff)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("--function-name\x00a,b\x00--code-sha256\x00a="+hash, "main=prod", "10m")
	f.Add("---x\x00-\x00--\x00--=\x00--dry-run\x00false", "x", "-1h")
	f.Add("--function-name=arn:aws:lambda:eu-central-1:123456789012:function:f:prod\x00--alias", "{branch}={tag}", "")
	f.Fuzz(func(t *testing.T, args, aliases, timeout string) {
		in, err := Parse(strings.Split(args, "\x00"), env(map[string]string{"aliases": aliases, "timeout": timeout, "description": aliases}))
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		if len(in.Functions) == 0 || in.Timeout <= 0 || in.Timeout > maxDuration {
			t.Errorf("got %+v", in)
		}
		seen := map[string]bool{}
		for _, f := range in.Functions {
			if seen[f.Name] || f.Name == "" || f.Region != "" && f.Region != in.Region {
				t.Errorf("got %+v in %q", f, in.Region)
			}
			seen[f.Name] = true
		}
		if in.Alias != "" && rules.CheckAlias(in.Alias) != nil {
			t.Errorf("got alias %q", in.Alias)
		}
	})
}
