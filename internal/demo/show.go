package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"
)

// shower shows the jobs of the story.
type shower interface {
	begin()
	start(n int, s step) (log io.Writer)
	end(n int, s step, e ended)
	finish(jobs int, took time.Duration) error
}

// brief prints two lines for each job.
type brief struct{ out io.Writer }

const intro = `The jobs of a repository, each a run of lambda-release in GitHub Actions for the
function ` + function + `, against an AWS in memory. On the right: how the job
ended, and the versions that dev and prod point to.

`

const outro = `
All %d jobs ended as expected, in %.1f s. To see more:

go run ./internal/demo -v                     the logs, outputs and summaries
go run ./internal/demo -html summaries.html   the summaries, in a browser
go run ./internal/demo -serve 127.0.0.1:4566  try it yourself
`

func (b *brief) begin() { fmt.Fprint(b.out, intro) }

func (b *brief) start(n int, s step) io.Writer {
	fmt.Fprintf(b.out, "%2d. %s\n", n, s.title)
	return io.Discard
}

// maxCommand is the width of the column with the command; the result of a longer one
// is in a line of its own.
const maxCommand = 49

func (b *brief) end(_ int, s step, e ended) {
	command := s.command()
	if len(command) > maxCommand {
		fmt.Fprintf(b.out, "    $ %s\n", command)
		command = ""
	} else {
		command = "$ " + command
	}
	position := fmt.Sprintf("dev %s prod %s", at(e, "dev"), at(e, "prod"))
	fmt.Fprintf(b.out, "    %-*s %-11s %s\n", maxCommand+2, command, e.outputs.values["status"], position)
}

// at is the version that an alias points to.
func at(e ended, alias string) string { return cmp.Or(e.aliases[alias], "-") }

func (b *brief) finish(jobs int, took time.Duration) error {
	fmt.Fprintf(b.out, outro, jobs, took.Seconds())
	return nil
}

// full prints everything.
type full struct {
	out      io.Writer
	function string
}

func (f *full) begin() {}

func (f *full) start(n int, s step) io.Writer {
	rule := strings.Repeat("─", 78)
	fmt.Fprintf(f.out, "\n%s\n%d. %s\n%s\n\n", rule, n, s.title, rule)
	fmt.Fprintf(f.out, "$ %s   (for %s, on %s, run %d)\n\n", s.command(), f.function, s.branch, s.runID)
	return f.out
}

func (f *full) end(_ int, _ step, e ended) {
	fmt.Fprint(f.out, "\nOutputs\n")
	for _, name := range e.outputs.names {
		fmt.Fprintf(f.out, "  %-16s %s\n", name, e.outputs.values[name])
	}
	fmt.Fprintf(f.out, "\nSummary\n  │ %s\n\n", strings.ReplaceAll(strings.TrimSpace(e.summary), "\n", "\n  │ "))
}

func (f *full) finish(jobs int, took time.Duration) error {
	fmt.Fprintf(f.out, "\nAll %d jobs ended as expected, in %.1f s.\n", jobs, took.Seconds())
	return nil
}
