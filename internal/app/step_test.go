package app_test

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// step runs the program as a step of a job.
func step(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: step [exit=N] ARGS…")
	}
	want := 0
	if len(args) > 0 {
		if n, ok := strings.CutPrefix(args[0], "exit="); ok {
			want, args = number(ts, n), args[1:]
		}
	}
	// Every step has its own files.
	for _, file := range []string{"output", "summary"} {
		ts.Check(os.Truncate(filepath.Join(ts.Getenv("WORK"), "runner", file), 0))
	}
	err := ts.Exec("lambda-release", args...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
	if stderr := ts.ReadFile("stderr"); strings.Contains(stderr, "SDK ") {
		ts.Fatalf("the SDK's own log is on stderr: %s", stderr)
	}
	checkSecrets(ts)
	checkResults(ts)
}

// event sets what triggered the job.
func event(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: event NAME REF [PAYLOAD]")
	}
	ts.Setenv("GITHUB_EVENT_NAME", args[0])
	ts.Setenv("GITHUB_REF", args[1])
	if len(args) == 3 {
		ts.Setenv("GITHUB_EVENT_PATH", ts.MkAbs(args[2]))
	}
}

// job puts the next steps into a job with the variables in these files, NAME=VALUE a
// line, and without those of GitHub Actions.
func job(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: job FILE…")
	}
	for _, v := range append(sceneOf(ts).job, "CI", "GITHUB_ACTIONS", "GITHUB_EVENT_NAME", "GITHUB_REF", "GITHUB_SHA", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT",
		"GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_EVENT_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY") {
		ts.Setenv(v, "")
	}
	sceneOf(ts).job = nil
	for _, file := range args {
		for line := range strings.Lines(ts.ReadFile(file)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			ts.Setenv(name, strings.ReplaceAll(value, "$WORK", ts.Getenv("WORK")))
			sceneOf(ts).job = append(sceneOf(ts).job, name)
		}
	}
}

// run runs a program, as main does.
func run(ctx context.Context, stdin, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		err = fs.ErrNotExist
	}
	return string(out), err
}

// archive zips the files of a folder, after this many zeros, which take no room on
// the disk.
func archive(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: archive FILE FOLDER [ZEROS]")
	}
	zeros := int64(0)
	if len(args) > 2 {
		zeros = int64(number(ts, args[2]))
	}
	file, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	defer file.Close()
	_, err = file.Seek(zeros, io.SeekStart)
	ts.Check(err)
	z := zip.NewWriter(file)
	z.SetOffset(zeros)
	ts.Check(z.AddFS(os.DirFS(ts.MkAbs(args[1]))))
	ts.Check(z.Close())
}

// input sets an input to what a file holds, in the way GitHub does.
func input(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: input NAME FILE")
	}
	ts.Setenv("INPUT_"+strings.ToUpper(args[0]), ts.ReadFile(args[1]))
}

// signalled is the process that a signal was sent to, and when it was sent.
type signalled struct {
	process *exec.Cmd
	at      time.Time
}

func sendSignal(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL}
	running := ts.BackgroundCmds()
	if neg || len(args) != 1 || signals[args[0]] == 0 || len(running) != 1 {
		ts.Fatalf("usage: signal INT|TERM|KILL, with one process in the background")
	}
	sceneOf(ts).signalled = signalled{running[0], time.Now()}
	ts.Check(running[0].Process.Signal(signals[args[0]]))
}

// ended asserts how the process ended, which is known only after wait.
func ended(ts *testscript.TestScript, neg bool, args []string) {
	s := sceneOf(ts).signalled
	if neg || len(args) < 1 || len(args) > 2 || s.process == nil || len(ts.BackgroundCmds()) > 0 {
		ts.Fatalf("usage: ended N [WITHIN], after signal and wait")
	}
	took := time.Since(s.at)
	if got, want := s.process.ProcessState.ExitCode(), number(ts, args[0]); got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
	if len(args) > 1 {
		if within := duration(ts, args[1]); took > within {
			ts.Fatalf("it took %s, more than %s", took, within)
		}
	}
}

func number(ts *testscript.TestScript, s string) int {
	n, err := strconv.Atoi(s)
	ts.Check(err)
	return n
}

func duration(ts *testscript.TestScript, s string) time.Duration {
	d, err := time.ParseDuration(s)
	ts.Check(err)
	return d
}
