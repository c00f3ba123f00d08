package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"lambda-release/internal/app"
	"lambda-release/internal/localaws"
)

// step is one job of the story: what happens before it and beside it, what
// GitHub hands to it, and how it must end.
type step struct {
	title  string
	before func(*localaws.Cloud)
	beside func(*localaws.Cloud) // once the alias shares its traffic
	inputs []string              // flags
	branch string
	run    uint64
	exit   int
	want   string // outputs that must be among those written, as `name=value`
	alias  string // where the alias is afterwards, as `name version`
}

const (
	function = "ItemsFunction"
	alarm    = "items-errors"
)

var story = []step{
	{
		title:  "A merge to develop publishes version 1 and creates the alias dev",
		before: func(c *localaws.Cloud) { c.AddFunction(function) },
		branch: "develop", run: 4701,
		want: "status=released version=1 published=true changed=true", alias: "dev 1",
	},
	{
		title:  "A merge to main: nothing was uploaded since, so prod is created at the same version",
		branch: "main", run: 4702,
		want: "status=released version=1 published=false changed=true", alias: "prod 1",
	},
	{
		title:  "New code, merged to main: version 2 goes to prod",
		before: func(c *localaws.Cloud) { c.Upload(function, "second") },
		branch: "main", run: 4711,
		want: "status=released version=2 previous-version=1 published=true", alias: "prod 2",
	},
	{
		title:  "The same job again changes nothing",
		branch: "main", run: 4711,
		want: "status=unchanged version=2 published=false changed=false", alias: "prod 2",
	},
	{
		title:  "An older job that finishes late does not take prod backwards",
		before: func(c *localaws.Cloud) { c.Upload(function, "late") },
		branch: "main", run: 4705,
		want: "status=superseded version= changed=false", alias: "prod 2",
	},
	{
		title:  "A dry run shows what would be done",
		before: func(c *localaws.Cloud) { c.Upload(function, "third") },
		inputs: []string{"--dry-run"},
		branch: "main", run: 4720,
		want: "status=planned version= changed=false", alias: "prod 2",
	},
	{
		title:  "That code, merged to develop, is version 4 on dev",
		branch: "develop", run: 4731,
		want: "status=released version=4 previous-version=1 published=true", alias: "dev 4",
	},
	{
		title:  "What ran on dev is promoted to prod: nothing is published",
		inputs: []string{"--operation", "promote", "--version", "dev"},
		branch: "main", run: 4740,
		want: "status=promoted version=4 previous-version=2 published=false", alias: "prod 4",
	},
	{
		title:  "prod hurts: back to where it was, which is 2 and not 3",
		inputs: []string{"--operation", "rollback"},
		branch: "main", run: 4741,
		want: "status=rolled-back version=2 previous-version=4", alias: "prod 2",
	},
	{
		title:  "A merge that changes only the docs does not bring version 4 back",
		branch: "main", run: 4750,
		want: "status=held version= changed=false", alias: "prod 2",
	},
	{
		title: "Old versions are pruned, but none that an alias serves or remembers",
		before: func(c *localaws.Cloud) {
			for i := range 4 {
				c.Upload(function, fmt.Sprint("more ", i))
				c.Publish(function, "published by hand")
			}
		},
		inputs: []string{"--operation", "prune", "--keep-versions", "3"},
		branch: "main", run: 4760,
		want: "status=pruned version=", alias: "prod 2",
	},
	{
		title: "New code goes to a fifth of the callers, and when no alarm says otherwise to all of them",
		before: func(c *localaws.Cloud) {
			c.Upload(function, "fourth")
			c.SetAlarm(alarm, "OK", "")
		},
		inputs: []string{"--strategy", "Canary20Percent1Second", "--alarms", alarm},
		branch: "main", run: 4770,
		want: "status=released version=9 previous-version=2 published=true", alias: "prod 9",
	},
	{
		title:  "The next one hurts a fifth of the callers: an alarm takes it back",
		before: func(c *localaws.Cloud) { c.Upload(function, "bad") },
		beside: func(c *localaws.Cloud) {
			c.SetAlarm(alarm, "ALARM", "Threshold Crossed: 1 datapoint [7.0] was greater than the threshold (5.0).")
		},
		inputs: []string{"--strategy", "Canary20Percent1Second", "--alarms", alarm},
		branch: "main", run: 4780, exit: 1,
		want: "status=failed version=10 previous-version=9 changed=false", alias: "prod 9",
	},
}

// tell plays the story and prints what GitHub would show of it.
func tell(ctx context.Context, out io.Writer, cloud *localaws.Cloud, url string) error {
	dir, err := os.MkdirTemp("", "lambda-release-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	began := time.Now()
	for i, s := range story {
		fmt.Fprintf(out, "\n%s\n%d. %s\n%s\n\n", strings.Repeat("─", 78), i+1, s.title, strings.Repeat("─", 78))
		if err := s.tell(ctx, out, cloud, url, dir); err != nil {
			return fmt.Errorf("step %d (%s): %w", i+1, s.title, err)
		}
	}
	fmt.Fprintf(out, "\nAll %d steps ended as told, in %.1f s.\n", len(story), time.Since(began).Seconds())
	return nil
}

// tell plays one step, and shows its log, outputs and summary.
func (s step) tell(ctx context.Context, out io.Writer, cloud *localaws.Cloud, url, dir string) error {
	if s.before != nil {
		s.before(cloud)
	}
	outputs, summary := filepath.Join(dir, "output"), filepath.Join(dir, "summary")
	for _, file := range []string{outputs, summary} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			return err
		}
	}
	args := append([]string{"--function-name", function}, s.inputs...)
	fmt.Fprintf(out, "$ lambda-release %s   (on %s, run %d)\n\n", strings.Join(args, " "), s.branch, s.run)
	beside, done := context.WithCancel(ctx)
	go s.meanwhile(beside, cloud)
	code := app.Run(ctx, args, s.environment(url, outputs, summary), out, out)
	done()

	written, err := os.ReadFile(outputs)
	if err != nil {
		return err
	}
	page, err := os.ReadFile(summary)
	if err != nil {
		return err
	}
	got := readOutputs(string(written))
	fmt.Fprintf(out, "\nOutputs\n")
	for _, name := range got.names {
		fmt.Fprintf(out, "  %-16s %s\n", name, got.values[name])
	}
	fmt.Fprintf(out, "\nSummary\n%s\n", indent(withoutLinks(string(page))))

	if code != s.exit {
		return fmt.Errorf("exit code %d, want %d", code, s.exit)
	}
	for want := range strings.FieldsSeq(s.want) {
		name, value, _ := strings.Cut(want, "=")
		if got.values[name] != value {
			return fmt.Errorf("output %s is %q, want %q", name, got.values[name], value)
		}
	}
	alias, version, _ := strings.Cut(s.alias, " ")
	if a, _ := cloud.Alias(function, alias); a.Version != version || len(a.Weights) > 0 {
		return fmt.Errorf("%s is at %q with the weights %v, want %s alone", alias, a.Version, a.Weights, version)
	}
	return nil
}

// meanwhile does what happens beside the step, if anything does.
func (s step) meanwhile(ctx context.Context, cloud *localaws.Cloud) {
	alias, _, _ := strings.Cut(s.alias, " ")
	for s.beside != nil {
		if a, _ := cloud.Alias(function, alias); len(a.Weights) > 0 {
			s.beside(cloud)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// environment is what a runner sets for the step, and the embedded AWS.
func (s step) environment(url, outputs, summary string) func(string) string {
	env := map[string]string{
		"GITHUB_ACTIONS":            "true",
		"GITHUB_EVENT_NAME":         "push",
		"GITHUB_REF":                "refs/heads/" + s.branch,
		"GITHUB_SHA":                "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
		"GITHUB_RUN_ID":             fmt.Sprint(s.run),
		"GITHUB_RUN_ATTEMPT":        "1",
		"GITHUB_SERVER_URL":         "https://github.com",
		"GITHUB_REPOSITORY":         "example/items",
		"GITHUB_OUTPUT":             outputs,
		"GITHUB_STEP_SUMMARY":       summary,
		"AWS_REGION":                "eu-central-1",
		"AWS_ACCESS_KEY_ID":         "example",
		"AWS_SECRET_ACCESS_KEY":     "example",
		"AWS_ENDPOINT_URL":          url,
		"AWS_EC2_METADATA_DISABLED": "true",
	}
	return func(name string) string { return env[name] }
}

// outputs are step outputs as the runner reads them from its file.
type outputs struct {
	names  []string
	values map[string]string
}

func readOutputs(file string) outputs {
	o := outputs{values: map[string]string{}}
	lines := strings.Split(file, "\n")
	for i := 0; i < len(lines); i++ {
		name, delimiter, ok := strings.Cut(lines[i], "<<")
		if !ok {
			continue
		}
		var value []string
		for i++; i < len(lines) && lines[i] != delimiter; i++ {
			value = append(value, lines[i])
		}
		o.names = append(o.names, name)
		o.values[name] = strings.Join(value, "\n")
	}
	return o
}

var link = regexp.MustCompile(`\[([^\]]*)\]\(https://[^)]*\)`)

// withoutLinks shows a page's links as GitHub does, by their text.
func withoutLinks(page string) string { return link.ReplaceAllString(page, "$1") }

func indent(text string) string {
	return "  │ " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  │ ")
}
