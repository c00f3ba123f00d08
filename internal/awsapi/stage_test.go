package awsapi_test

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
)

var object = awsapi.Object{Bucket: "builds", Key: "lambda release/ab+c.zip"}

// withBucket is a cloud with a bucket in the region of the functions.
func withBucket(t *testing.T) (*cloud, *witness) {
	t.Helper()
	c, w := witnessed(t)
	c.AddBucket("builds", "eu-central-1")
	return c, w
}

// Two parts, the last of which is small.
const staged = 8<<20 + 1000

func TestStage(t *testing.T) {
	t.Parallel()
	content := zipOf(t, staged)
	for name, versioned := range map[string]bool{"plain": false, "versioned": true} {
		c, w := witnessed(t)
		if versioned {
			c.PutObject("builds", object.Key, []byte("older"))
		} else {
			c.AddBucket("builds", "eu-central-1")
		}
		client := c.open(t)
		if err := client.CheckBucket(t.Context(), "builds"); err != nil {
			t.Fatal(err)
		}
		if o, found, err := client.Staged(t.Context(), object, int64(len(content))); found || err != nil {
			t.Errorf("%s: %v, %v, %v", name, o, found, err)
		}
		o, err := client.Stage(t.Context(), object, *archiveOf(content))
		if err != nil || (o.Version == "2") != versioned {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
		again, found, err := client.Staged(t.Context(), object, int64(len(content)))
		if err != nil || !found || again != o {
			t.Errorf("%s: %+v, %v, %v", name, again, found, err)
		}
		config, err := client.UpdateCode(t.Context(), items, awsapi.Code{Bucket: o.Bucket, Key: o.Key, ObjectVersion: o.Version}, false)
		if err != nil || config.CodeSHA256 != archiveOf(content).SHA256 {
			t.Errorf("%s: %s, %v", name, config.CodeSHA256, err)
		}
		if c.Uploads("builds") != 0 || len(w.wrong) > 0 {
			t.Errorf("%s: %d uploads, signed wrongly: %s", name, c.Uploads("builds"), w.wrong)
		}
	}
}

// Whatever happens to a call, the object is there in the end, and no part is left.
func TestStagingSurvives(t *testing.T) {
	t.Parallel()
	content := zipOf(t, staged)
	faults := map[string]localaws.Fault{
		"slow down": {Status: 503, Code: "SlowDown", Message: "Please reduce your request rate."}, "internal": {Status: 500, Code: "InternalError"},
		"dropped": {Drop: true}, "answer lost": {DropAfter: true}, "twice": {Twice: true}, "html": {Garble: localaws.GarbleHTML}, "torn": {Garble: localaws.GarbleTorn},
	}
	for k, op := range []string{"HeadBucket", "HeadObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"} {
		for i, name := range slices.Sorted(maps.Keys(faults)) {
			if testing.Short() && i%3 != k%3 {
				continue // for the race detector each operation meets every third of them
			}
			f := faults[name]
			synctest.Test(t, func(t *testing.T) {
				c, _ := withBucket(t)
				c.spoil(op, 2, f)
				client := c.open(t)
				err := client.CheckBucket(t.Context(), "builds")
				if err == nil {
					_, _, err = client.Staged(t.Context(), object, 1)
				}
				if err == nil {
					_, err = client.Stage(t.Context(), object, *archiveOf(content))
				}
				if err != nil || c.Objects("builds")[object.Key] != len(content) {
					t.Errorf("%s %s: %v, %v", op, name, err, c.Objects("builds"))
				}
				// S3 has begun an upload whose id was never answered: only a lifecycle rule ends it.
				lost := 0
				switch {
				case op != "CreateMultipartUpload":
				case f.Twice:
					lost = 1
				case f.DropAfter, f.Garble != "":
					lost = 2
				}
				if n := c.Uploads("builds"); n != lost {
					t.Errorf("%s %s: %d uploads left", op, name, n)
				}
			})
		}
	}
}

// S3 may begin an answer with success, and end it with an error.
func TestCompleteFailsAfterItsHeader(t *testing.T) {
	t.Parallel()
	content := zipOf(t, staged)
	synctest.Test(t, func(t *testing.T) {
		c, w := withBucket(t)
		failures := 2
		w.Handler = http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost || !r.URL.Query().Has("uploadId") || failures == 0 {
				c.ServeHTTP(answer, r)
				return
			}
			failures--
			answer.Header().Set("X-Amz-Request-Id", "1")
			_, _ = answer.Write([]byte("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n   \n<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>"))
		})
		if _, err := c.open(t).Stage(t.Context(), object, *archiveOf(content)); err != nil || failures > 0 {
			t.Errorf("%v, %d more failures", err, failures)
		}
	})
}

// A failure, or the end of the job, leaves no part behind.
func TestStagingIsAborted(t *testing.T) {
	t.Parallel()
	content := zipOf(t, staged)
	for _, op := range []string{"UploadPart", "CompleteMultipartUpload"} {
		synctest.Test(t, func(t *testing.T) {
			c, _ := withBucket(t)
			c.spoil(op, 1, refusal(http.StatusForbidden, "AccessDenied",
				`User: arn:aws:sts::123456789012:assumed-role/deploy/x is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::builds/x" because no identity-based policy allows the s3:PutObject action`))
			_, err := c.open(t).Stage(t.Context(), object, *archiveOf(content))
			isKind(t, err, awsapi.Denied)
			if c.Uploads("builds") != 0 || len(c.Objects("builds")) != 0 || c.count("AbortMultipartUpload") != 1 {
				t.Errorf("%s: %d uploads, %v", op, c.Uploads("builds"), c.Objects("builds"))
			}
		})
		synctest.Test(t, func(t *testing.T) {
			c, _ := withBucket(t)
			ctx, cancel := context.WithCancel(t.Context())
			ctx = awsapi.Job(ctx, 1)
			c.spoil(op, 4, localaws.Fault{Hang: true})
			began := time.Now()
			time.AfterFunc(5*time.Second, cancel)
			_, err := c.open(t).Stage(ctx, object, *archiveOf(content))
			isKind(t, err, awsapi.Cancelled)
			if took := time.Since(began); took > 6*time.Second || c.Uploads("builds") != 0 {
				t.Errorf("%s: %d uploads after %s", op, c.Uploads("builds"), took)
			}
		})
	}
}

func TestWhatHasChangedIsNotStaged(t *testing.T) {
	t.Parallel()
	content := zipOf(t, staged)
	before, between := archiveOf(content), archiveOf(content)
	before.SHA256 = archiveOf([]byte("other")).SHA256
	between.Content = &changing{content: content, reads: 1}
	for name, a := range map[string]*awsapi.Archive{"before": before, "between": between} {
		c, _ := withBucket(t)
		_, err := c.open(t).Stage(t.Context(), object, *a)
		if err == nil || !strings.Contains(err.Error(), "the archive has changed since it was checked") {
			t.Errorf("%s: %v", name, err)
		}
		if c.Uploads("builds") != 0 || len(c.Objects("builds")) != 0 {
			t.Errorf("%s: %d uploads, %v", name, c.Uploads("builds"), c.Objects("builds"))
		}
	}
}

// Two runs may stage the same package at the same time.
func TestStagedByTwo(t *testing.T) {
	t.Parallel()
	c, _ := withBucket(t)
	content := zipOf(t, staged)
	failed := make(chan error, 2)
	for range 2 {
		client := c.open(t)
		go func() {
			_, err := client.Stage(t.Context(), object, *archiveOf(content))
			failed <- err
		}()
	}
	for range 2 {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	if c.Uploads("builds") != 0 || c.Objects("builds")[object.Key] != len(content) {
		t.Errorf("%d uploads, %v", c.Uploads("builds"), c.Objects("builds"))
	}
}

// What a bucket cannot be is explained.
func TestBucketErrors(t *testing.T) {
	t.Parallel()
	c, _ := withBucket(t)
	c.AddBucket("elsewhere", "eu-west-1")
	client := c.open(t)
	for bucket, want := range map[string][]string{
		"missing":   {"HeadBucket arn:aws:s3:::missing: ", "The bucket missing does not exist. Check the input `s3-bucket`"},
		"elsewhere": {"HeadBucket arn:aws:s3:::elsewhere: the bucket elsewhere is in region eu-west-1, but the function is in eu-central-1", "set `s3-bucket` to one in eu-central-1"},
	} {
		err := client.CheckBucket(t.Context(), bucket)
		hint := ""
		if e, ok := err.(*awsapi.Error); ok { //nolint:errorlint // it is not wrapped
			hint = e.Hint()
		}
		for _, text := range want {
			if err == nil || !strings.Contains(err.Error()+"\n"+hint, text) {
				t.Errorf("%s: %v\n%s\nwant %s", bucket, err, hint, text)
			}
		}
	}
	c.spoil("HeadBucket", 1, refusal(http.StatusForbidden, "AccessDenied", ""))
	err := client.CheckBucket(t.Context(), "builds")
	isKind(t, err, awsapi.Denied)
	if d := client.Denials(); len(d) != 1 || d[0].Action != "s3:ListBucket" || d[0].Resource != "arn:aws:s3:::builds" || d[0].Other != "" {
		t.Errorf("%+v", d)
	}
	if n := c.count("HeadBucket"); n != 3 {
		t.Errorf("%d calls: something was tried again", n)
	}
}
