package main

import (
	"context"
	"errors"
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
	before func(context.Context, account) error
	during func(context.Context, account) error // called when the alias has routing weights
	inputs []string                             // flags

	// virtual prepares an AWS of the job's own, in virtual time; nil for the one that all
	// other jobs share, in real time.
	virtual func(*localaws.Cloud)

	branch string
	runID  uint64
	exit   int
	want   string // expected outputs, as `name=value`; there may be others
	alias  string // expected position of the alias, as `name version`

	young string // instead of want, where no version can be made older
}

const (
	function = "ItemsFunction"
	alarm    = "items-errors"
)

var story = []step{
	{
		title:  "A merge to develop publishes version 1 and creates the alias dev",
		before: func(ctx context.Context, a account) error { return a.create(ctx) },
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
		before: func(ctx context.Context, a account) error { return a.upload(ctx, "second") },
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
		before: func(ctx context.Context, a account) error { return a.upload(ctx, "late") },
		branch: "main", runID: 4705,
		want: "status=superseded version= changed=false", alias: "prod 2",
	},
	{
		title:  "A dry run shows what a release would do",
		before: func(ctx context.Context, a account) error { return a.upload(ctx, "third") },
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
		before: func(ctx context.Context, a account) error {
			for i := range 4 {
				if err := errors.Join(a.upload(ctx, fmt.Sprint("more ", i)), a.publish(ctx)); err != nil {
					return err
				}
			}
			a.age(24 * time.Hour)
			return nil
		},
		inputs: []string{"--operation", "prune", "--keep-versions", "3"},
		branch: "main", runID: 4760,
		want: "status=pruned version=", alias: "prod 2",
		young: "status=unchanged version=",
	},
	{
		title: "A canary gives new code 20 % of the traffic, and without an alarm all of it",
		before: func(ctx context.Context, a account) error {
			return errors.Join(a.upload(ctx, "fourth"), a.setAlarm(ctx, "OK", "Unchecked: Initial alarm creation"))
		},
		inputs: []string{"--strategy", "Canary20Percent1Second", "--alarms", alarm},
		branch: "main", runID: 4770,
		want: "status=released version=9 previous-version=2 published=true", alias: "prod 9",
	},
	{
		title:  "The next canary sets off an alarm and is rolled back",
		before: func(ctx context.Context, a account) error { return a.upload(ctx, "bad") },
		during: func(ctx context.Context, a account) error {
			return a.setAlarm(ctx, "ALARM", "Threshold Crossed: 1 datapoint [7.0] was greater than the threshold (5.0).")
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

// runStory runs the jobs, within a test, and has show print each of them. Without a test
// the job in virtual time is left out.
func runStory(ctx context.Context, t *testing.T, in place, show shower) error {
	dir, err := os.MkdirTemp("", "lambda-release-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	began := time.Now()
	show.begin()
	jobs := 0
	for i, s := range story {
		if s.virtual != nil && t == nil {
			continue
		}
		s.inputs = in.adapted(s.inputs)
		log := show.start(i+1, s)
		var e ended
		if s.virtual != nil {
			e, err = s.runInVirtualTime(t, log, dir)
		} else {
			e, err = s.job(ctx, log, in, dir)
		}
		if err != nil {
			return fmt.Errorf("job %d (%s): %w\n%s", i+1, s.title, err, e.log)
		}
		show.end(i+1, s, e)
		jobs++
	}
	return show.finish(jobs, time.Since(began))
}

// command is what a shell would run for the job; every job is for the same function,
// which the environment names.
func (s step) command() string {
	return strings.Join(append([]string{"lambda-release"}, s.inputs...), " ")
}

// job runs the job. The error says what did not end as expected.
func (s step) job(ctx context.Context, log io.Writer, in place, dir string) (ended, error) {
	if s.before != nil {
		if err := s.before(ctx, in.account); err != nil {
			return ended{}, fmt.Errorf("prepare the job: %w", err)
		}
	}
	written, summary := filepath.Join(dir, "output"), filepath.Join(dir, "summary")
	for _, file := range []string{written, summary} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			return ended{}, err
		}
	}
	during, done := context.WithCancel(ctx)
	interfered := make(chan error, 1)
	go func() { interfered <- s.interfere(during, in) }()
	var kept strings.Builder
	to := io.MultiWriter(log, &kept)
	code := app.Run(ctx, s.inputs, s.environment(in, written, summary), to, to)
	done()

	e := ended{log: kept.String(), aliases: map[string]string{}}
	if err := <-interfered; err != nil {
		return e, fmt.Errorf("interfere with the job: %w", err)
	}
	file, err := os.ReadFile(written)
	if err != nil {
		return e, err
	}
	page, err := os.ReadFile(summary)
	if err != nil {
		return e, err
	}
	e.outputs, e.summary = readOutputs(string(file)), withoutLinks(string(page))
	weighted := map[string]bool{}
	for _, name := range []string{"dev", "prod"} {
		version, weights, err := in.alias(ctx, name)
		if err != nil {
			return e, err
		}
		if version != "" {
			e.aliases[name] = version
		}
		weighted[name] = weights
	}
	return e, s.check(in, code, e, weighted)
}

// check compares how the job ended with what is expected.
func (s step) check(in place, code int, got ended, weighted map[string]bool) error {
	if code != s.exit {
		return fmt.Errorf("exit code %d, want %d", code, s.exit)
	}
	want := s.want
	if in.young && s.young != "" {
		want = s.young
	}
	for want := range strings.FieldsSeq(want) {
		name, value, _ := strings.Cut(want, "=")
		if got.outputs.values[name] != value {
			return fmt.Errorf("output %s is %q, want %q", name, got.outputs.values[name], value)
		}
	}
	alias, version, _ := strings.Cut(s.alias, " ")
	if at := got.aliases[alias]; at != version || weighted[alias] {
		return fmt.Errorf("%s is at %q (with weights: %t), want %s without weights", alias, at, weighted[alias], version)
	}
	return nil
}

// interfere calls s.during, if there is one, when the alias has routing weights.
func (s step) interfere(ctx context.Context, in place) error {
	alias, _, _ := strings.Cut(s.alias, " ")
	for s.during != nil {
		if _, weighted, err := in.alias(ctx, alias); err == nil && weighted {
			return s.during(ctx, in.account)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(in.poll):
		}
	}
	return nil
}

// environment returns the variables of the runner and the AWS SDK.
func (s step) environment(in place, outputs, summary string) func(string) string {
	env := map[string]string{
		"INPUT_FUNCTION-NAME": in.function,
		"GITHUB_ACTIONS":      "true",
		"GITHUB_EVENT_NAME":   "push",
		"GITHUB_REF":          "refs/heads/" + s.branch,
		"GITHUB_SHA":          "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
		"GITHUB_RUN_ID":       fmt.Sprint(s.runID),
		"GITHUB_RUN_ATTEMPT":  "1",
		"GITHUB_SERVER_URL":   "https://github.com",
		"GITHUB_REPOSITORY":   "example/items",
		"GITHUB_OUTPUT":       outputs,
		"GITHUB_STEP_SUMMARY": summary,
	}
	return func(name string) string {
		if strings.HasPrefix(name, "AWS_") {
			return in.env(name)
		}
		return env[name]
	}
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
