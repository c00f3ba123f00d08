package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"lambda-release/internal/app"
	"lambda-release/internal/localaws"
)

// step is one job of the story: what changes before and during the job, what it
// gets from GitHub, and how it must end.
type step struct {
	title  string
	before func(*localaws.Cloud)
	during func(*localaws.Cloud) // called when the alias has routing weights
	inputs []string              // flags

	// virtual prepares an AWS of the job's own, in virtual time; nil for the one that all
	// other jobs share, in real time.
	virtual func(*localaws.Cloud)

	branch string
	runID  uint64
	exit   int
	want   string // expected outputs, as `name=value`; there may be others
	alias  string // expected position of the alias, as `name version`
}

const (
	function = "ItemsFunction"
	alarm    = "items-errors"
)

var story = []step{
	{
		title:  "A merge to develop publishes version 1 and creates the alias dev",
		before: func(c *localaws.Cloud) { c.AddFunction(function) },
		branch: "develop", runID: 4701,
		want: "status=released version=1 published=true changed=true", alias: "dev 1",
	},
	{
		title:  "A merge to main without new code creates prod at the same version",
		branch: "main", runID: 4702,
		want: "status=released version=1 published=false changed=true", alias: "prod 1",
	},
	{
		title:  "A merge of new code to main publishes version 2 and moves prod to it",
		before: func(c *localaws.Cloud) { c.Upload(function, "second") },
		branch: "main", runID: 4711,
		want: "status=released version=2 previous-version=1 published=true", alias: "prod 2",
	},
	{
		title:  "The same job again changes nothing",
		branch: "main", runID: 4711,
		want: "status=unchanged version=2 published=false changed=false", alias: "prod 2",
	},
	{
		title:  "An older job that finishes late does not move prod backwards",
		before: func(c *localaws.Cloud) { c.Upload(function, "late") },
		branch: "main", runID: 4705,
		want: "status=superseded version= changed=false", alias: "prod 2",
	},
	{
		title:  "A dry run shows what a release would do",
		before: func(c *localaws.Cloud) { c.Upload(function, "third") },
		inputs: []string{"--dry-run"},
		branch: "main", runID: 4720,
		want: "status=planned version= changed=false", alias: "prod 2",
	},
	{
		title:  "A merge of that code to develop publishes version 4 and moves dev to it",
		branch: "develop", runID: 4731,
		want: "status=released version=4 previous-version=1 published=true", alias: "dev 4",
	},
	{
		title:  "A promotion moves prod to the version of dev and publishes nothing",
		inputs: []string{"--operation", "promote", "--version", "dev"},
		branch: "main", runID: 4740,
		want: "status=promoted version=4 previous-version=2 published=false", alias: "prod 4",
	},
	{
		title:  "A rollback moves prod back to version 2 of its history, not to version 3",
		inputs: []string{"--operation", "rollback"},
		branch: "main", runID: 4741,
		want: "status=rolled-back version=2 previous-version=4", alias: "prod 2",
	},
	{
		title:  "A merge that changes only the docs does not release version 4 again",
		branch: "main", runID: 4750,
		want: "status=held version= changed=false", alias: "prod 2",
	},
	{
		title: "A day later, a prune deletes old versions, but none that an alias needs",
		before: func(c *localaws.Cloud) {
			for i := range 4 {
				c.Upload(function, fmt.Sprint("more ", i))
				c.Publish(function, "published by hand")
			}
			c.Age(function, 24*time.Hour)
		},
		inputs: []string{"--operation", "prune", "--keep-versions", "3"},
		branch: "main", runID: 4760,
		want: "status=pruned version=", alias: "prod 2",
	},
	{
		title: "A canary gives new code 20 % of the traffic, and without an alarm all of it",
		before: func(c *localaws.Cloud) {
			c.Upload(function, "fourth")
			c.SetAlarm(alarm, "OK", "")
		},
		inputs: []string{"--strategy", "Canary20Percent1Second", "--alarms", alarm},
		branch: "main", runID: 4770,
		want: "status=released version=9 previous-version=2 published=true", alias: "prod 9",
	},
	{
		title:  "The next canary sets off an alarm and is rolled back",
		before: func(c *localaws.Cloud) { c.Upload(function, "bad") },
		during: func(c *localaws.Cloud) {
			c.SetAlarm(alarm, "ALARM", "Threshold Crossed: 1 datapoint [7.0] was greater than the threshold (5.0).")
		},
		inputs: []string{"--strategy", "Canary20Percent1Second", "--alarms", alarm},
		branch: "main", runID: 4780, exit: 1,
		want: "status=failed version=10 previous-version=9 changed=false", alias: "prod 9",
	},
	{
		title:   "In virtual time: a canary fails more often than version 9 and is rolled back",
		virtual: beforeTheCanary,
		inputs:  []string{"--strategy", "Canary10Percent10Minutes"},
		branch:  "main", runID: 4790, exit: 1,
		want: "status=failed version=11 previous-version=9 changed=false", alias: "prod 9",
	},
}

// ended is how a job ended.
type ended struct {
	log     string
	outputs outputs
	summary string            // Markdown
	aliases map[string]string // name -> version
}

// runStory runs the jobs, within a test, and has show print each of them.
func runStory(ctx context.Context, t *testing.T, cloud *localaws.Cloud, url string, show shower) error {
	dir, err := os.MkdirTemp("", "lambda-release-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	began := time.Now()
	show.begin()
	for i, s := range story {
		log := show.start(i+1, s)
		var e ended
		if s.virtual != nil {
			e, err = s.runInVirtualTime(t, log, dir)
		} else {
			e, err = s.job(ctx, log, cloud, url, dir)
		}
		if err != nil {
			return fmt.Errorf("job %d (%s): %w\n%s", i+1, s.title, err, e.log)
		}
		show.end(i+1, s, e)
	}
	return show.finish(time.Since(began))
}

// command is what a shell would run for the job; every job is for the same function,
// which the environment names.
func (s step) command() string {
	return strings.Join(append([]string{"lambda-release"}, s.inputs...), " ")
}

// job runs the job. The error says what did not end as expected.
func (s step) job(ctx context.Context, log io.Writer, cloud *localaws.Cloud, url, dir string) (ended, error) {
	if s.before != nil {
		s.before(cloud)
	}
	written, summary := filepath.Join(dir, "output"), filepath.Join(dir, "summary")
	for _, file := range []string{written, summary} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			return ended{}, err
		}
	}
	during, done := context.WithCancel(ctx)
	go s.interfere(during, cloud)
	var kept strings.Builder
	to := io.MultiWriter(log, &kept)
	code := app.Run(ctx, s.inputs, s.environment(url, written, summary), to, to)
	done()

	e := ended{log: kept.String(), aliases: map[string]string{}}
	file, err := os.ReadFile(written)
	if err != nil {
		return e, err
	}
	page, err := os.ReadFile(summary)
	if err != nil {
		return e, err
	}
	e.outputs, e.summary = readOutputs(string(file)), withoutLinks(string(page))
	for _, name := range []string{"dev", "prod"} {
		if a, ok := cloud.Alias(function, name); ok {
			e.aliases[name] = a.Version
		}
	}
	return e, s.check(cloud, code, e.outputs)
}

// check compares how the job ended with what is expected.
func (s step) check(cloud *localaws.Cloud, code int, got outputs) error {
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
		return fmt.Errorf("%s is at %q with the weights %v, want %s without weights", alias, a.Version, a.Weights, version)
	}
	return nil
}

// interfere calls s.during, if there is one, when the alias has routing weights.
func (s step) interfere(ctx context.Context, cloud *localaws.Cloud) {
	alias, _, _ := strings.Cut(s.alias, " ")
	for s.during != nil {
		if a, _ := cloud.Alias(function, alias); len(a.Weights) > 0 {
			s.during(cloud)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// environment returns the variables of the runner and the AWS SDK.
func (s step) environment(url, outputs, summary string) func(string) string {
	env := map[string]string{
		"INPUT_FUNCTION-NAME":       function,
		"GITHUB_ACTIONS":            "true",
		"GITHUB_EVENT_NAME":         "push",
		"GITHUB_REF":                "refs/heads/" + s.branch,
		"GITHUB_SHA":                "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
		"GITHUB_RUN_ID":             fmt.Sprint(s.runID),
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

// outputs are the outputs in the file GITHUB_OUTPUT.
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

// withoutLinks replaces the links of a page by their texts.
func withoutLinks(page string) string { return link.ReplaceAllString(page, "$1") }
