package layout

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/localaws"
)

var update = flag.Bool("update", false, "update the parts of binary/action.yml that are copied from action.yml")

const binaryAction = "binary/action.yml"

// TestBinaryAction: binary/action.yml has the inputs, defaults and outputs of
// action.yml, and passes each input to the program.
func TestBinaryAction(t *testing.T) {
	t.Parallel()
	got := read(t, binaryAction)
	if !strings.Contains(got, "\n      shell: bash\n") {
		t.Error("the script does not run in bash: another shell may drop the inputs, whose names have hyphens")
	}
	want := mirrored(t, got, read(t, "action.yml"))
	if got == want {
		return
	}
	if !*update {
		t.Errorf("binary/action.yml differs from action.yml; `go test ./internal/layout -update` fixes it (-want +got):\n%s", cmp.Diff(want, got))
		return
	}
	if err := os.WriteFile(filepath.Join(root, binaryAction), []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
}

// mirrored returns binary/action.yml with the parts that are copied from
// action.yml.
func mirrored(t *testing.T, text, action string) string {
	t.Helper()
	outputs := regexp.MustCompile(`(?m)^  ([a-z-]+):\n((?:    .*\n)+)`).
		ReplaceAllString(between(t, action, "\noutputs:\n", "\nruns:\n"), "  $1:\n${2}    value: $${{ steps.run.outputs.$1 }}\n")
	var env strings.Builder
	for _, input := range readAction(t).inputs {
		fmt.Fprintf(&env, "        INPUT_%s: ${{ inputs.%s }}\n", strings.ToUpper(input.Name), input.Name)
	}
	text = put(t, text, "\ninputs:\n", "outputs:\n", between(t, action, "\ninputs:\n", "\noutputs:\n"))
	text = put(t, text, "\noutputs:\n", "runs:\n", outputs)
	return put(t, text, "by itself.\n", "      run: |\n", env.String())
}

// between returns the text between two lines.
func between(t *testing.T, text, from, to string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, from)
	inner, _, ends := strings.Cut(rest, to)
	if !found || !ends {
		t.Fatalf("no %q before %q", from, to)
	}
	return inner + "\n"
}

// put replaces the text between two lines.
func put(t *testing.T, text, from, to, inner string) string {
	t.Helper()
	before, rest, found := strings.Cut(text, from)
	_, after, ends := strings.Cut("\n"+rest, "\n"+to)
	if !found || !ends {
		t.Fatalf("no %q before %q", from, to)
	}
	return before + from + inner + to + after
}

// step is the only step of binary/action.yml, with a temporary folder as its
// workspace.
type step struct {
	script      string
	output, log string // files
	dir         string
	env         []string
}

// newStep returns the step of a binary/action.yml as a runner with this operating
// system and architecture would run it.
func newStep(t *testing.T, actionYML string) *step {
	t.Helper()
	for _, program := range []string{"bash", "curl", "tar"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	system, ok := map[string]string{"linux": "Linux", "darwin": "macOS"}[runtime.GOOS]
	if !ok {
		t.Skipf("this test does not run bash on %s", runtime.GOOS)
	}
	arch := map[string]string{"amd64": "X64", "arm64": "ARM64"}[runtime.GOARCH]

	dir := t.TempDir()
	_, script, found := strings.Cut(actionYML, "\n      run: |\n")
	if !found {
		t.Fatal("no script in binary/action.yml")
	}
	script = regexp.MustCompile(`(?m)^        `).ReplaceAllString(script, "")
	s := &step{
		script: filepath.Join(dir, "script.sh"), output: filepath.Join(dir, "output"), log: filepath.Join(dir, "log"), dir: dir,
		env: []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + dir,
			"RUNNER_OS=" + system, "RUNNER_ARCH=" + arch, "RUNNER_TEMP=" + filepath.Join(dir, "temp"),
			"GITHUB_OUTPUT=" + filepath.Join(dir, "output"), "GITHUB_STEP_SUMMARY=" + filepath.Join(dir, "summary"),
			"GITHUB_ACTIONS=true", "GITHUB_EVENT_NAME=push", "GITHUB_REF=refs/heads/main", "GITHUB_RUN_ID=4711", "GITHUB_RUN_ATTEMPT=1",
			"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY=example", "AWS_EC2_METADATA_DISABLED=true",
		},
	}
	if err := os.Mkdir(filepath.Join(dir, "temp"), 0o700); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{s.script: script, s.output: "", filepath.Join(dir, "summary"): ""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// with sets inputs by the env lines of the step, so that an input without such a
// line is not set.
func (s *step) with(actionYML string, inputs map[string]string) {
	for _, m := range regexp.MustCompile(`(?m)^        (INPUT_\S+): \$\{\{ inputs\.(\S+) }}$`).FindAllStringSubmatch(actionYML, -1) {
		s.env = append(s.env, m[1]+"="+inputs[m[2]])
	}
}

// start starts the step as the runner does for `shell: bash`.
func (s *step) start(t *testing.T) *exec.Cmd {
	t.Helper()
	log, err := os.Create(s.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-e", "-o", "pipefail", s.script)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = s.dir, s.env, log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// wants waits for the step to end, and checks its exit code, log and outputs.
func (s *step) wants(t *testing.T, cmd *exec.Cmd, exit int, inLog, inOutput string) {
	t.Helper()
	err := cmd.Wait()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != exit {
		t.Errorf("exit code %d, want %d", got, exit)
	}
	for path, want := range map[string]string{s.log: inLog, s.output: inOutput} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), want) {
			t.Errorf("%s lacks %q:\n%s", filepath.Base(path), want, text)
		}
	}
}

// TestBinaryActionWithoutRelease: on main, the action fails without running
// anything.
func TestBinaryActionWithoutRelease(t *testing.T) {
	t.Parallel()
	text := read(t, binaryAction)
	if !strings.Contains(text, "\n        release=''\n") {
		t.Skip("this commit is one of a release")
	}
	s := newStep(t, text)
	s.wants(t, s.start(t), 2, "::error title=lambda-release::This commit of binary/action.yml is not part of a release.", "status=failed\n")
}

// TestBinaryActionElsewhere: the action fails on a platform without a program.
func TestBinaryActionElsewhere(t *testing.T) {
	t.Parallel()
	s := newStep(t, read(t, binaryAction))
	s.env = append(s.env, "RUNNER_ARCH=ARM")
	s.wants(t, s.start(t), 2, "lambda-release has no binary for", "status=failed\n")
}

// TestBinaryActionOfARelease pins the action to a release of the current program by
// binary/pin, and runs it against the embedded AWS.
func TestBinaryActionOfARelease(t *testing.T) {
	t.Parallel()
	archive := archived(t, "lambda-release", built(t))
	name := "lambda-release_" + runtime.GOOS + "_" + runtime.GOARCH + ".tar.gz"
	pinned := pinned(t, name, archive)

	// runner returns a step that can download the release, and an AWS with a
	// function.
	runner := func(t *testing.T, archive []byte) (*step, *localaws.Cloud) {
		t.Helper()
		github := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/shop/lambda-release/releases/download/v1.2.3/"+name {
				http.NotFound(w, r)
				return
			}
			_, _ = w.Write(archive)
		}))
		t.Cleanup(github.Close)
		cloud := localaws.New(localaws.Options{})
		aws := httptest.NewServer(cloud)
		t.Cleanup(func() { cloud.Close(); aws.Close() })
		cloud.AddFunction("items")

		s := newStep(t, strings.ReplaceAll(pinned, "https://github.com/", github.URL+"/"))
		trusted := filepath.Join(s.dir, "ca.pem")
		certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: github.Certificate().Raw})
		if err := os.WriteFile(trusted, certificate, 0o600); err != nil {
			t.Fatal(err)
		}
		s.env = append(s.env, "CURL_CA_BUNDLE="+trusted, "AWS_ENDPOINT_URL="+aws.URL)
		return s, cloud
	}

	t.Run("it runs the program with the inputs", func(t *testing.T) {
		t.Parallel()
		s, cloud := runner(t, archive)
		s.with(pinned, map[string]string{"function-name": "items", "aliases": "develop=dev\nmain=prod\n", "alias-description": "the shop's items"})
		s.wants(t, s.start(t), 0, "published version 1", "\nreleased\n")
		if a, _ := cloud.Alias("items", "prod"); a.Version != "1" || a.Description != "the shop's items [1 | run 4711]" {
			t.Errorf("prod is at %q and has the description %q", a.Version, a.Description)
		}
	})

	t.Run("its exit code is the program's", func(t *testing.T) {
		t.Parallel()
		s, _ := runner(t, archive)
		s.with(pinned, map[string]string{"function-name": "orders"})
		s.wants(t, s.start(t), 1, "::error", "\nfailed\n")
	})

	t.Run("another archive is not run", func(t *testing.T) {
		t.Parallel()
		s, cloud := runner(t, archived(t, "lambda-release", []byte("#!/bin/sh\necho it was run\n")))
		s.with(pinned, map[string]string{"function-name": "items"})
		s.wants(t, s.start(t), 2, "it is not the released archive and was not run", "status=failed\n")
		if log, err := os.ReadFile(s.log); err != nil || strings.Contains(string(log), "it was run") {
			t.Errorf("%v\n%s", err, log)
		}
		if calls := cloud.Calls(); len(calls) > 0 {
			t.Errorf("calls: %v", calls)
		}
	})

	t.Run("no archive", func(t *testing.T) {
		t.Parallel()
		s, _ := runner(t, nil)
		script, err := os.ReadFile(s.script)
		if err == nil {
			err = os.WriteFile(s.script, bytes.ReplaceAll(script, []byte("/v1.2.3"), []byte("/v0")), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		s.wants(t, s.start(t), 2, "could not be downloaded", "status=failed\n")
	})

	// A runner that cancels a job signals only the process that it has started, so
	// the program must replace the shell.
	t.Run("a cancelled job reaches the program", func(t *testing.T) {
		t.Parallel()
		s, cloud := runner(t, archive)
		publishing := make(chan struct{}, 100)
		cloud.OnCall(func(c localaws.Call) *localaws.Fault {
			if c.Operation != "PublishVersion" {
				return nil
			}
			publishing <- struct{}{}
			return &localaws.Fault{Hang: true}
		})
		s.with(pinned, map[string]string{"function-name": "items"})
		cmd := s.start(t)
		select {
		case <-publishing:
		case <-time.After(time.Minute):
			_ = cmd.Process.Kill()
			t.Fatal("the program did not call PublishVersion")
		}
		signalled := time.Now()
		defer time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() }).Stop()
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Error(err)
		}
		s.wants(t, cmd, 1, "::error", "\nfailed\n")
		if took := time.Since(signalled); took > 5*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

// built builds the program.
func built(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lambda-release")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", path, ".")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	program, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// archived returns an archive of a release with one program.
func archived(t *testing.T, name string, program []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	err = w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o755, Size: int64(len(program))})
	if err == nil {
		_, err = w.Write(program)
	}
	if err := errors.Join(err, w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const (
	image   = "ghcr.io/shop/lambda-release@sha256:"
	release = "https://github.com/shop/lambda-release/releases/download/v1.2.3"
)

// pinned returns binary/action.yml pinned to a release in which one archive is real.
func pinned(t *testing.T, name string, archive []byte) string {
	t.Helper()
	sum := sha256.Sum256(archive)
	dir := unreleased(t)
	if out, err := pin(t, dir, image+strings.Repeat("d", 64), release, checksums(name, hex.EncodeToString(sum[:]))); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, binaryAction))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// checksums returns the checksums.txt of a release, with the given sum for one file.
func checksums(name, sum string) string {
	var b strings.Builder
	for i, target := range []string{"darwin_amd64", "darwin_arm64", "linux_amd64", "linux_arm64", "windows_amd64", "windows_arm64"} {
		file := "lambda-release_" + target + ".tar.gz"
		if file == name {
			fmt.Fprintf(&b, "%s  %s\n", sum, file)
			continue
		}
		fmt.Fprintf(&b, "%064d  %s\n", i, file)
	}
	return b.String()
}

// unreleased returns a folder with the files that binary/pin changes.
func unreleased(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash")
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "binary"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"action.yml", binaryAction, "binary/pin"} {
		text := read(t, path)
		if path == "action.yml" && !strings.Contains(text, "\n  image: Dockerfile\n") {
			t.Skip("this commit is one of a release")
		}
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// pin runs binary/pin in dir.
func pin(t *testing.T, dir, image, release, checksums string) (string, error) {
	t.Helper()
	path := filepath.Join(dir, "checksums.txt")
	if err := os.WriteFile(path, []byte(checksums), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "bash", filepath.Join(dir, "binary", "pin"), image, release, path).CombinedOutput()
	return string(out), err
}

// TestArchives: goreleaser builds the archives that binary/action.yml downloads.
func TestArchives(t *testing.T) {
	t.Parallel()
	config, text := read(t, ".goreleaser.yml"), read(t, binaryAction)
	if want := "\n    name_template: '{{ .ProjectName }}_{{ .Os }}_{{ .Arch }}'\n"; !strings.Contains(config, want) {
		t.Errorf(".goreleaser.yml lacks %q", want)
	}
	var want []string
	for _, system := range listed(config, "goos") {
		for _, arch := range listed(config, "goarch") {
			want = append(want, "lambda-release_"+system+"_"+arch+".tar.gz")
		}
	}
	var got []string
	for _, m := range regexp.MustCompile(`\sfile=(\S+\.tar\.gz)\s`).FindAllStringSubmatch(text, -1) {
		got = append(got, m[1])
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
		t.Errorf("archives (-goreleaser +binary/action.yml):\n%s", diff)
	}
}

// listed returns the elements of a YAML list on one line.
func listed(yaml, key string) []string {
	m := regexp.MustCompile(key + `: \[(.*)]`).FindStringSubmatch(yaml)
	if m == nil {
		return nil
	}
	return strings.Split(m[1], ", ")
}

// TestPin: binary/pin changes the expected lines and no others.
func TestPin(t *testing.T) {
	t.Parallel()
	dir := unreleased(t)
	if out, err := pin(t, dir, image+strings.Repeat("d", 64), release, checksums("", "")); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := map[string][]string{
		"action.yml": {"  image: docker://" + image + strings.Repeat("d", 64)},
		binaryAction: {
			"        release='" + release + "'",
			fmt.Sprintf("          Linux/X64)     file=lambda-release_linux_amd64.tar.gz    sha256='%064d' ;;", 2),
			fmt.Sprintf("          Linux/ARM64)   file=lambda-release_linux_arm64.tar.gz    sha256='%064d' ;;", 3),
			fmt.Sprintf("          macOS/X64)     file=lambda-release_darwin_amd64.tar.gz   sha256='%064d' ;;", 0),
			fmt.Sprintf("          macOS/ARM64)   file=lambda-release_darwin_arm64.tar.gz   sha256='%064d' ;;", 1),
			fmt.Sprintf("          Windows/X64)   file=lambda-release_windows_amd64.tar.gz  sha256='%064d' ;;", 4),
			fmt.Sprintf("          Windows/ARM64) file=lambda-release_windows_arm64.tar.gz  sha256='%064d' ;;", 5),
		},
	}
	for path, lines := range want {
		text, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		before, after := strings.Split(read(t, path), "\n"), strings.Split(string(text), "\n")
		var changed []string
		for i := range before {
			if before[i] != after[i] {
				changed = append(changed, after[i])
			}
		}
		if diff := cmp.Diff(lines, changed); diff != "" || len(before) != len(after) {
			t.Errorf("%s (-want +changed):\n%s", path, diff)
		}
	}
}

func TestPinRefuses(t *testing.T) {
	t.Parallel()
	digest := strings.Repeat("d", 64)
	for name, test := range map[string]struct{ image, release, checksums, want string }{
		"an image by tag":      {"ghcr.io/shop/lambda-release:v1", release, checksums("", ""), "not an image with a digest"},
		"half a digest":        {image + digest[:32], release, checksums("", ""), "not an image with a digest"},
		"an address in http":   {image + digest, "http://example.com/v1", checksums("", ""), "not the URL of a release"},
		"an address with more": {image + digest, release + "' ; id", checksums("", ""), "not the URL of a release"},
		"no checksum of one":   {image + digest, release, strings.ReplaceAll(checksums("", ""), "windows", "plan9"), "must contain exactly one checksum of lambda-release_windows_amd64"},
		"a checksum twice":     {image + digest, release, checksums("", "") + checksums("", ""), "must contain exactly one checksum of"},
		"an odd checksum":      {image + digest, release, checksums("lambda-release_linux_amd64.tar.gz", "0"), "must contain exactly one checksum of lambda-release_linux_amd64"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := pin(t, unreleased(t), test.image, test.release, test.checksums)
			if err == nil || !strings.Contains(out, test.want) {
				t.Errorf("%v, want %q:\n%s", err, test.want, out)
			}
		})
	}
	t.Run("what is pinned already", func(t *testing.T) {
		t.Parallel()
		dir := unreleased(t)
		for range 2 {
			out, err := pin(t, dir, image+digest, release, checksums("", ""))
			if err != nil && !strings.Contains(out, "action.yml must contain this line exactly once") {
				t.Error(out)
			} else if err != nil {
				return
			}
		}
		t.Error("pinned twice")
	})
}
