package input

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestFlagValues: what is refused as the value of a flag is what a shell leaves
// behind when a variable is empty, and nothing else.
func TestFlagValues(t *testing.T) {
	t.Parallel()
	rollback := []string{"--function-name", "orders", "--operation", "rollback"}
	absolute, err := filepath.Abs("x.env")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		want []string // the problems: each contains one of these; none: accepted
	}{
		"version of an empty variable":           {args: append(rollback, "--version"), want: []string{"version: the flag has no value"}},
		"version of an empty quoted variable":    {args: append(rollback, "--version", ""), want: []string{"version: the flag has an empty value"}},
		"version of an empty variable, joined":   {args: append(rollback, "--version="), want: []string{"version: the flag has an empty value"}},
		"version of a blank variable":            {args: append(rollback, "--version", " \n"), want: []string{"version: the flag has an empty value"}},
		"version before a flag":                  {args: append([]string{"--version"}, rollback...), want: []string{`version: the flag has no value: after it comes the flag "--function-name"`}},
		"version alone, joined":                  {args: []string{"--version="}, want: []string{"version: the flag has an empty value", "function-name: missing"}},
		"alias before --dry-run":                 {args: []string{"--function-name=x", "--alias", "--dry-run"}, want: []string{`alias: the flag has no value: after it comes the flag "--dry-run"`}},
		"alias before -dry-run=true":             {args: []string{"--function-name=x", "--alias", "-dry-run=true"}, want: []string{`alias: the flag has no value: after it comes the flag "-dry-run=true"`}},
		"alias before --help":                    {args: []string{"--function-name=x", "--alias", "--help"}, want: []string{"alias: the flag has no value"}},
		"alias before -h":                        {args: []string{"--function-name=x", "--alias", "-h"}, want: []string{"alias: the flag has no value"}},
		"alias before --version":                 {args: []string{"--function-name=x", "--operation=promote", "--alias", "--version", "3"}, want: []string{"alias: the flag has no value"}},
		"alias before --outputs":                 {args: []string{"--function-name=x", "--alias", "--outputs", "-"}, want: []string{"alias: the flag has no value"}},
		"alias before the end":                   {args: []string{"--function-name=x", "--alias", "--"}, want: []string{"alias: the flag has no value"}},
		"three empty ones":                       {args: []string{"--function-name", "--alias", "--ref"}, want: []string{"function-name: the flag has no value", "alias: the flag has no value", "ref: the flag has no value"}},
		"the same one twice":                     {args: []string{"--function-name=x", "--alias", "", "--alias="}, want: []string{"alias: the flag has an empty value"}},
		"an empty one before a good one":         {args: []string{"--function-name=x", "--alias", "", "--alias", "prod"}, want: []string{"alias: the flag has an empty value"}},
		"an empty entry of a list":               {args: []string{"--function-name", "a", "--function-name", ""}, want: []string{"function-name: the flag has an empty value"}},
		"a toggle":                               {args: []string{"--function-name=x", "--dry-run="}, want: []string{"dry-run: the flag has an empty value"}},
		"a required input, in no second problem": {args: []string{"--function-name", ""}, want: []string{"function-name: the flag has an empty value"}},
		"needed by an operation":                 {args: []string{"--function-name=x", "--operation=promote", "--version", ""}, want: []string{"version: the flag has an empty value"}},
		"needed by another input":                {args: []string{"--function-name=x", "--alarms=a", "--codedeploy", ""}, want: []string{"codedeploy: the flag has an empty value"}},
		"a name of a list":                       {args: []string{"--function-name", ",orders"}, want: []string{`function-name ",orders": a name beside a comma is empty`}},
		"the last name of a list":                {args: []string{"--function-name", "orders,"}, want: []string{`function-name "orders,": a name beside a comma is empty`}},
		"a name within a list":                   {args: []string{"--function-name", "orders, ,carts"}, want: []string{"a name beside a comma is empty"}},
		"an unknown flag with an empty value":    {args: []string{"--function-name=x", "--frobnicate", ""}, want: []string{`flag "--frobnicate": unknown`}},
		"a file without a name":                  {args: []string{"--function-name=x", "--smoke-test", "@"}, want: []string{"no file name after the @"}},
		"a negative version":                     {args: append(rollback, "--version", "-1"), want: []string{`version "-1": neither a version number nor an alias`}},

		"a value with a hyphen":           {args: []string{"--function-name=x", "--description", "- fix"}},
		"a value with two hyphens":        {args: []string{"--function-name=x", "--description", "--fix the cart"}},
		"a value that begins like a flag": {args: []string{"--function-name=x", "--description", "--dry-runs"}},
		"a flag as a value, joined":       {args: []string{"--function-name=x", "--description=--dry-run"}},
		"help as a value, joined":         {args: []string{"--function-name=x", "--description=--help"}},
		"equals signs":                    {args: []string{"--function-name=x", "--description==", "--aliases=a=b"}},
		"empty inputs are unset":          {args: rollback},

		"a stray word":                    {args: []string{"--function-name=x", "prod"}, want: []string{`argument "prod": belongs to no flag; write every value after its flag`}},
		"an empty word":                   {args: []string{"--function-name=x", ""}, want: []string{"argument: an empty argument belongs to no flag"}},
		"an operation":                    {args: []string{"rollback", "--function-name=x"}, want: []string{"write --operation rollback"}},
		"false after a toggle":            {args: []string{"--function-name=x", "--clear-weights", "False"}, want: []string{"write it with its flag: --clear-weights=false"}},
		"yes after a toggle":              {args: []string{"--function-name=x", "--dry-run", "yes"}, want: []string{"--dry-run=true or --dry-run=false"}},
		"empty after a toggle":            {args: []string{"--function-name=x", "--dry-run", ""}, want: []string{"--dry-run=true or --dry-run=false"}},
		"false after another flag":        {args: []string{"--function-name=x", "--alias", "prod", "false"}, want: []string{"write every value after its flag"}},
		"false after a full toggle":       {args: []string{"--function-name=x", "--dry-run=true", "false"}, want: []string{"write every value after its flag"}},
		"false first":                     {args: []string{"false", "--function-name=x"}, want: []string{"write every value after its flag"}},
		"words after the end":             {args: []string{"--function-name=x", "--", "--dry-run", "prod"}, want: []string{`argument "--dry-run": belongs to no flag`, `argument "prod": belongs to no flag`}},
		"a hyphen":                        {args: []string{"--function-name=x", "-"}, want: []string{`flag "-": unknown`}},
		"a value for help":                {args: []string{"--function-name=x", "--help=no"}, want: []string{`flag "--help=no": takes no value`}},
		"summary to stdout":               {args: []string{"--function-name=x", "--summary=-"}, want: []string{"summary \"-\": not a file"}},
		"summary to the outputs":          {args: []string{"--function-name=x", "--summary=x.env", "--outputs=x.env"}, want: []string{"is the file of the outputs"}},
		"summary to the outputs, in full": {args: []string{"--function-name=x", "--summary=" + absolute, "--outputs=x.env"}, want: []string{"is the file of the outputs"}},
		"both to nowhere":                 {args: []string{"--function-name=x", "--summary=" + os.DevNull, "--outputs=" + os.DevNull}},
		"summary to them, otherwise":      {args: []string{"--function-name=x", "--summary=./x.env", "--outputs=x.env"}, want: []string{"is the file of the outputs"}},
		"outputs to no file":              {args: []string{"--function-name=x", "--outputs="}, want: []string{"outputs: the flag has an empty value"}},
		"version among others":            {args: []string{"version", "--function-name=x"}, want: []string{`argument "version": belongs to no flag`}},
		"an unknown flag of a value":      {args: []string{"--function-name=x", "--frob=a=b"}, want: []string{`flag "--frob": unknown`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(test.args, env(nil))
			problems, _ := errors.AsType[Problems](err)
			if len(problems) != len(test.want) || err != nil && len(problems) == 0 {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			for i, want := range test.want {
				if !strings.Contains(problems[i].Error(), want) {
					t.Errorf("got %v, want %s", problems[i], want)
				}
				if slices.Contains([]string{"alias", "version"}, problems[i].Input) && strings.Contains(want, "value") &&
					!strings.Contains(problems[i].Allowed, "check the variable") {
					t.Errorf("%v does not say what to do", problems[i])
				}
			}
			for _, p := range problems {
				if strings.Contains(p.Allowed, "--dry-run=false") && !slices.Contains(test.args, "--dry-run") {
					t.Errorf("%v is about a flag that was not given", p)
				}
			}
		})
	}
}

func TestParseHelpAndVersion(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]error{
		"help":                             ErrHelp,
		"-h":                               ErrHelp,
		"-help":                            ErrHelp,
		"--help":                           ErrHelp,
		"--nope x --help":                  ErrHelp,
		"--function-name x -h --timeout 1": ErrHelp,
		"--help-all":                       ErrHelpAll,
		"help --help-all":                  ErrHelpAll,
		"version":                          ErrVersion,
		"-version":                         ErrVersion,
		"--version":                        ErrVersion,
	} {
		if _, err := Parse(strings.Fields(args), env(nil)); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", args, err, want)
		}
	}
}

// TestFileFlags also where something else is wrong, so that the files have that.
func TestFileFlags(t *testing.T) {
	t.Parallel()
	for args, want := range map[string][2]string{
		"--function-name x":                                 {},
		"--function-name x --outputs - --summary s.md":      {"-", "s.md"},
		"--function-name x --outputs=o.env --nope x":        {"o.env", ""},
		"--function-name x --print-policy --summary=s.md":   {"", "s.md"},
		"--function-name x --outputs o.env --outputs o.env": {"o.env", ""},
	} {
		if in, _ := Parse(strings.Fields(args), env(nil)); in.OutputsFile != want[0] || in.SummaryFile != want[1] {
			t.Errorf("%s: %q, %q", args, in.OutputsFile, in.SummaryFile)
		}
	}
}

// TestAliasHints: a value that was meant to select an alias in another way gets the
// way that works.
func TestAliasHints(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"feature/x":       "set aliases to the rule **={branch}",
		"{branch}":        "set aliases to the rule **={branch}",
		"main=prod":       "belong in aliases",
		"dev@$LATEST":     "belong in aliases",
		"12":              "operation promote with version 12",
		"pr od":           aliasCharacters,
		"refs/heads/main": "**={branch}",
	} {
		_, err := Parse([]string{"--function-name=x", "--alias", value}, env(nil))
		problems, _ := errors.AsType[Problems](err)
		if len(problems) != 1 || !strings.Contains(problems[0].Allowed, want) {
			t.Errorf("%s: got %v, want %s", value, err, want)
		}
	}
}
