package release_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/artifact"
	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
)

// large makes an archive of 51 MB, most of which takes no space: a zip behind zeros.
func large(t *testing.T) string {
	t.Helper()
	sources, err := artifact.Parse(folder(t, map[string]string{"index.js": "large"}), []string{"items"})
	if err != nil {
		t.Fatal(err)
	}
	noEnv := func(string) string { return "" }
	pack, err := sources["items"].Inspect(t.Context(), noEnv, false)
	if err != nil {
		t.Fatal(err)
	}
	archive, err := pack.Open(t.Context(), noEnv)
	if err != nil {
		t.Fatal(err)
	}
	content := make([]byte, pack.Size)
	_, readErr := archive.ReadAt(content, 0)
	path := filepath.Join(t.TempDir(), "large.zip")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	_, writeErr := file.WriteAt(content, 51<<20)
	if err := errors.Join(readErr, writeErr, file.Close(), archive.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// stage releases items with a package, by way of the bucket builds.
func (w *world) stage(code string, change ...func(*release.Request)) release.Result {
	w.t.Helper()
	sources, err := artifact.Parse(code, []string{"items"})
	if err != nil {
		w.t.Fatal(err)
	}
	req := on(run(500), "items")
	req.Code, req.Staging = sources, release.Staging{Bucket: "builds", Prefix: "p"}
	for _, f := range change {
		f(&req)
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	return w.releaser(time.Minute).Run(ctx, req)
}

func restoring(req *release.Request) { req.RestoreLatest = true }

func staging(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items", inNode, func(f *localaws.Function) { f.Code = zipped(t) })
	w.Publish("items", "")
	w.SetAlias("items", localaws.Alias{Name: "prod", Version: "1", Description: "[1 | run 1]"})
	w.AddBucket("builds", "eu-central-1")
	return w
}

// What Lambda has fetched is compared with what was staged: another object under that
// key is not published, nor with a guard of $LATEST, which is then restored.
func TestOtherContentIsNotPublished(t *testing.T) {
	needsLarge(t)
	t.Parallel()
	code, other := large(t), small(t)
	for name, change := range map[string][]func(*release.Request){"plain": nil, "guarded": {restoring}} {
		synctest.Test(t, func(t *testing.T) {
			w := staging(t)
			var before string
			w.OnCall(func(c localaws.Call) *localaws.Fault {
				if c.Operation == "UpdateFunctionCode" && c.Attempt == 1 {
					before = w.Function("items", "").CodeSha256
					for key := range w.Objects("builds") {
						w.PutObject("builds", key, other)
					}
				}
				return nil
			})
			o := ended(t, w.stage(code, change...), release.Failed, none)
			for _, want := range []string{"s3://builds/p/", "does not contain " + code, "nothing was published", "delete the object"} {
				if o.Err == nil || !strings.Contains(o.Err.Error(), want) {
					t.Errorf("%s: %v\nwant %s", name, o.Err, want)
				}
			}
			if v := w.Versions("items"); len(v) != 1 {
				t.Errorf("%s: versions %v", name, v)
			}
			if now := w.Function("items", "").CodeSha256; (now == before) != (name == "guarded") {
				t.Errorf("%s: $LATEST had %s and has %s", name, before, now)
			}
		})
	}
}

// A package over 50 MB is restored by way of S3, too. Where that cannot be, it is not
// replaced.
func TestALargePackageIsPutBack(t *testing.T) {
	needsLarge(t)
	t.Parallel()
	code := large(t)
	synctest.Test(t, func(t *testing.T) {
		w := staging(t)
		ended(t, w.stage(code), release.Released, 2)
		before := w.Function("items", "").CodeSha256
		w.OnCall(func(c localaws.Call) *localaws.Fault {
			if c.Operation == "PublishVersion" {
				return &localaws.Fault{Status: 400, Code: "InvalidParameterValueException", Message: "no"}
			}
			return nil
		})
		next := folder(t, map[string]string{"index.js": "next"})
		o := ended(t, w.stage(next, restoring), release.Failed, none)
		if now := w.Function("items", "").CodeSha256; now != before {
			t.Errorf("$LATEST had %s and has %s: %v\n%s", before, now, o.Warnings, w.log)
		}
		o = ended(t, w.stage(next, restoring, func(req *release.Request) { req.Staging = release.Staging{} }), release.Failed, none)
		if o.Err == nil || !strings.Contains(o.Err.Error(), "it has 51 MB, and Lambda takes more than 50 MB only from S3: set `s3-bucket`") {
			t.Error(o.Err)
		}
		if now := w.Function("items", "").CodeSha256; now != before {
			t.Errorf("$LATEST had %s and has %s", before, now)
		}
	})
}

// small is a zip with index.js.
func small(t *testing.T) []byte {
	t.Helper()
	content, err := os.ReadFile(large(t))
	if err != nil {
		t.Fatal(err)
	}
	return content[51<<20:]
}

// needsLarge skips a test with code over 50 MB in a short run: the race detector hashes that
// so slowly that it would take minutes.
func needsLarge(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("it needs code over 50 MB")
	}
}

// Whatever happens to the first call of each kind, the release ends well, and all that
// is left in S3 is the package.
func TestAStagedReleaseSurvives(t *testing.T) {
	needsLarge(t)
	t.Parallel()
	code := large(t)
	for _, op := range []string{"HeadBucket", "HeadObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "UpdateFunctionCode"} {
		for name, f := range map[string]localaws.Fault{
			"slow down": {Status: 503, Code: "SlowDown"}, "answer lost": {DropAfter: true},
		} {
			synctest.Test(t, func(t *testing.T) {
				w := staging(t)
				w.OnCall(func(c localaws.Call) *localaws.Fault {
					if c.Operation == op && c.Attempt == 1 {
						return &f
					}
					return nil
				})
				o := ended(t, w.stage(code), release.Released, 2)
				lost := 0
				if op == "CreateMultipartUpload" && f.DropAfter {
					lost = 1 // S3 has begun an upload that the program cannot know of
				}
				if len(w.Objects("builds")) != 1 || w.Uploads("builds") != lost || len(w.Versions("items")) != 2 {
					t.Errorf("%s %s: %v, %d uploads, %v", op, name, w.Objects("builds"), w.Uploads("builds"), o.Err)
				}
			})
		}
	}
}

// A version that has failed is made anew from the object that is there.
func TestAFailedVersionIsMadeAnewFromS3(t *testing.T) {
	needsLarge(t)
	t.Parallel()
	code := large(t)
	synctest.Test(t, func(t *testing.T) {
		w := staging(t)
		w.OnPublish("items", "Failed", "InternalError", "")
		ended(t, w.stage(code), release.Failed, 2)
		w.OnPublish("items", "", "", "")
		w.ResetCalls()
		ended(t, w.stage(code), release.Released, 3)
		if got := sorted(w.Calls()); strings.Contains(got, "UploadPart") || !strings.Contains(got, "UpdateFunctionCode") {
			t.Errorf("called %s", got)
		}
	})
}
