package report

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"lambda-release/internal/ci"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
)

// run is a reporter in a place like the runner's, with a clock that goes on by
// 300 ms whenever it is looked at.
type run struct {
	*Reporter
	stdout, stderr strings.Builder
	env            map[string]string
}

// The variables with the paths of the runner's files.
const (
	outputFile  = "GITHUB_OUTPUT"
	summaryFile = "GITHUB_STEP_SUMMARY"
)

// newReporter is a reporter of a job with this environment.
func newReporter(stdout, stderr io.Writer, getenv func(string) string, now func() time.Time) *Reporter {
	return New(ci.Detect(context.Background(), getenv, nil), stdout, stderr, getenv, now)
}

func inActions(t *testing.T) *run {
	t.Helper()
	env := map[string]string{"GITHUB_ACTIONS": "true"}
	for _, name := range []string{outputFile, summaryFile} {
		env[name] = filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(env[name], nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return newRun(env)
}

func newRun(env map[string]string) *run {
	r := &run{env: env}
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	r.Reporter = newReporter(&r.stdout, &r.stderr, func(name string) string { return env[name] }, func() time.Time {
		now = now.Add(300 * time.Millisecond)
		return now
	})
	return r
}

func (r *run) read(t *testing.T, variable string) string {
	t.Helper()
	text, err := os.ReadFile(r.env[variable])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// command is a workflow command as the runner understands it.
type command struct {
	name, properties, data string
}

// commands reads a log as the runner does: lines end at \n, \r or both, white
// space and what its string comparison ignores does not count, `::` begins a
// command at a line's start and `##[` anywhere.
func commands(log string) []command {
	var all []command
	for _, line := range strings.FieldsFunc(log, func(r rune) bool { return strings.ContainsRune("\r\n\u0085\u2028\u2029", r) }) {
		line = strings.Map(func(r rune) rune {
			if unicode.In(r, unicode.M, unicode.Cf, unicode.Cc) && !unicode.IsSpace(r) {
				return -1
			}
			return r
		}, line)
		line = strings.TrimLeftFunc(line, unicode.IsSpace)
		if info, data, found := strings.Cut(strings.TrimPrefix(line, "::"), "::"); found && strings.HasPrefix(line, "::") {
			name, properties, _ := strings.Cut(info, " ")
			all = append(all, command{name, properties, data})
			continue
		}
		if _, info, found := strings.Cut(line, "##["); found {
			all = append(all, command{name: "##[" + info})
		}
	}
	return all
}

// readOutputs reads GITHUB_OUTPUT as the runner does.
// https://github.com/actions/runner/blob/main/src/Runner.Worker/FileCommandManager.cs
func readOutputs(text string) (map[string]string, error) {
	outputs := map[string]string{}
	in := bufio.NewReader(strings.NewReader(text))
	for {
		line, err := in.ReadString('\n')
		if err != nil && line == "" {
			return outputs, nil
		}
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			continue
		}
		equals, here := strings.Index(line, "="), strings.Index(line, "<<")
		switch {
		case equals >= 0 && (here < 0 || equals < here):
			outputs[line[:equals]] = line[equals+1:]
			continue
		case here <= 0 || here+2 == len(line):
			return nil, fmt.Errorf("invalid line %q", line)
		}
		name, end := line[:here], line[here+2:]
		if _, twice := outputs[name]; twice {
			return nil, fmt.Errorf("output %q comes twice", name)
		}
		var value []string
		for {
			line, err := in.ReadString('\n')
			if err != nil && line == "" {
				return nil, fmt.Errorf("%q has no end", name)
			}
			if line = strings.TrimSuffix(line, "\n"); line == end {
				break
			}
			value = append(value, line)
		}
		outputs[name] = strings.Join(value, "\n")
	}
}
