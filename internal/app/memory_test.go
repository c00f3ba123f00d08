//go:build linux

package app_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"lambda-release/internal/localaws"
)

// noise is so many bytes that cannot be compressed.
func noise(n int64) io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{1}), n) }

// TestMemory releases large packages in a process of its own, which keeps little of them
// in memory: 48 MB that are sent to Lambda, and 240 MB unpacked by way of S3.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("it zips 240 MB")
	}
	t.Parallel()
	const mega = 1 << 20
	dir := t.TempDir()
	direct := filepath.Join(dir, "direct.zip")
	file, err := os.Create(direct)
	if err != nil {
		t.Fatal(err)
	}
	archive := zip.NewWriter(file)
	handler, handlerErr := archive.CreateHeader(&zip.FileHeader{Name: "main.py"})
	_, writeErr := io.WriteString(handler, "def handler(event, context): return 1\n")
	data, dataErr := archive.CreateHeader(&zip.FileHeader{Name: "data"})
	_, copyErr := io.Copy(data, noise(48*mega))
	if err := errors.Join(handlerErr, writeErr, dataErr, copyErr, archive.Close(), file.Close()); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, "folder")
	if err := errors.Join(os.Mkdir(folder, 0o700), os.WriteFile(filepath.Join(folder, "main.py"), []byte("def handler(event, context): return 2\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for i := range 4 { // 15 MB of noise each, and then nothing
		file, err := os.Create(filepath.Join(folder, strconv.Itoa(i)))
		if err != nil {
			t.Fatal(err)
		}
		_, copyErr := io.Copy(file, noise(15*mega))
		if err := errors.Join(copyErr, file.Truncate(59*mega), file.Close()); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		args []string
		most int64 // MB
	}{
		"direct":       {[]string{"--code", direct}, 64},
		"by way of S3": {[]string{"--code", folder, "--s3-bucket", "builds"}, 128},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := localaws.New(localaws.Options{})
			defer cloud.Close()
			cloud.AddFunction("items", func(f *localaws.Function) { f.Runtime, f.Handler = "python3.13", "main.handler" })
			cloud.AddBucket("builds", "eu-central-1")
			server := httptest.NewServer(cloud)
			defer server.Close()
			cmd := exec.CommandContext(t.Context(), "lambda-release", append([]string{"--function-name", "items", "--alias", "prod"}, tt.args...)...)
			cmd.Env = []string{
				"AWS_ACCESS_KEY_ID=AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY=" + secret, "AWS_REGION=eu-central-1",
				"AWS_ENDPOINT_URL=" + server.URL, "AWS_EC2_METADATA_DISABLED=true", "TMPDIR=" + t.TempDir(),
			}
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			peak := peakOf(t, cmd.Process.Pid)
			if err := cmd.Wait(); err != nil {
				t.Fatalf("%v\n%s", err, &out)
			}
			if got := <-peak; got == 0 || got > tt.most {
				t.Errorf("%d MB resident, want at most %d", got, tt.most)
			} else {
				t.Logf("%d MB resident", got)
			}
		})
	}
}

// peakOf is how many MB a process had resident at most, when it has ended. Its rusage
// would count those of this process, too, which it shared before its exec.
func peakOf(t *testing.T, pid int) <-chan int64 {
	t.Helper()
	peak := make(chan int64, 1)
	go func() {
		var most int64
		for ; ; time.Sleep(10 * time.Millisecond) {
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			_, rest, found := strings.Cut(string(status), "VmHWM:")
			if err != nil || !found { // it has ended
				peak <- most >> 10
				return
			}
			kB, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
			if n, err := strconv.ParseInt(kB, 10, 64); err == nil {
				most = max(most, n)
			}
		}
	}()
	return peak
}
