package release_test

import (
	"context"
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

func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// inNode is a function whose handler is in index.js.
func inNode(f *localaws.Function) { f.Runtime, f.Handler = "nodejs22.x", "index.handler" }

func (w *world) upload(code string) release.Result {
	w.t.Helper()
	sources, err := artifact.Parse(code, []string{"items"})
	if err != nil {
		w.t.Fatal(err)
	}
	req := on(run(500), "items")
	req.Code = sources
	r := w.releaser(time.Minute)
	r.Getenv = w.getenv
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	return r.Run(ctx, req)
}

func TestCodeIsUploadedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items", inNode)
	w.Publish("items", "")
	w.SetAlias("items", localaws.Alias{Name: "prod", Version: "1", Description: "[1 | run 1]"})
	dir := folder(t, map[string]string{"index.js": "exports.handler = async () => 1\n"})

	o := ended(t, w.upload(dir), release.Released, 2)
	if !o.Published {
		t.Error("not published")
	}
	if got, want := sorted(w.Calls()), "GetAlias GetAlias GetFunction PublishVersion UpdateAlias UpdateFunctionCode"; got != want {
		t.Errorf("called %s, want %s", got, want)
	}
	w.ResetCalls()
	ended(t, w.upload(dir), release.Unchanged, 2)
	if got, want := sorted(w.Calls()), "GetAlias GetFunction PublishVersion"; got != want {
		t.Errorf("again: called %s, want %s", got, want)
	}
	if !strings.Contains(w.log.String(), "nothing to upload") {
		t.Errorf("log:\n%s", w.log)
	}
}

func TestCodeInS3IsNotUploadedTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items", inNode)
	dir := folder(t, map[string]string{"index.js": "1"})
	sources, err := artifact.Parse(dir, []string{"items"})
	if err != nil {
		t.Fatal(err)
	}
	pack, err := sources["items"].Inspect(t.Context(), w.getenv, false)
	if err != nil {
		t.Fatal(err)
	}
	archive, err := pack.Open(t.Context(), w.getenv)
	if err != nil {
		t.Fatal(err)
	}
	content := make([]byte, pack.Size)
	if _, err := archive.ReadAt(content, 0); err != nil {
		t.Fatal(err)
	}
	w.PutObject("builds", "items.zip", content)
	ended(t, w.upload("s3://builds/items.zip"), release.Released, 1)
	ended(t, w.upload("s3://builds/items.zip"), release.Unchanged, 1)
	if v := w.Versions("items"); len(v) != 1 {
		t.Errorf("versions %v", v)
	}
	o := ended(t, w.upload("s3://builds/other.zip"), release.Failed, none)
	if !strings.Contains(o.Err.Error(), "look at s3://builds/other.zip") {
		t.Errorf("error: %v", o.Err)
	}
}

func TestWhatIsPublishedIsWhatWasUploaded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items", inNode)
	w.OnCall(func(c localaws.Call) *localaws.Fault {
		if c.Operation == "PublishVersion" {
			w.Upload("items", "another job's")
		}
		return nil
	})
	o := ended(t, w.upload(folder(t, map[string]string{"index.js": "1"})), release.Failed, none)
	if o.Err == nil || !strings.Contains(o.Err.Error(), "CodeSHA256") || len(w.Versions("items")) != 0 {
		t.Errorf("error %v, versions %v", o.Err, w.Versions("items"))
	}
}

func TestUploadWaitsForAnUpdateInProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{Settle: 300 * time.Millisecond})
		w.AddFunction("items", inNode)
		w.SetLastUpdate("items", "InProgress", "Creating", "")
		time.AfterFunc(300*time.Millisecond, func() { w.SetLastUpdate("items", "Successful", "", "") })
		ended(t, w.upload(folder(t, map[string]string{"index.js": "1"})), release.Released, 1)
	})
}

func TestCodeThatCannotBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t, localaws.Options{})
	w.AddFunction("items", inNode)
	for code, says := range map[string]string{
		filepath.Join(t.TempDir(), "nowhere"):                     "nowhere",
		"123456789012.dkr.ecr.eu-central-1.amazonaws.com/items:1": "image",
	} {
		w.ResetCalls()
		o := ended(t, w.upload(code), release.Failed, none)
		if o.Err == nil || !strings.Contains(o.Err.Error(), says) {
			t.Errorf("%s: %v", code, o.Err)
		}
		if ops := w.operations(); strings.Contains(ops, "Update") || strings.Contains(ops, "Publish") {
			t.Errorf("%s: called %s", code, ops)
		}
	}
}
