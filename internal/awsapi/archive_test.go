package awsapi_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/configuration"
	"lambda-release/internal/localaws"
)

// archiveOf is a zip in memory.
func archiveOf(content []byte) *awsapi.Archive {
	sum := sha256.Sum256(content)
	return &awsapi.Archive{Content: bytes.NewReader(content), Size: int64(len(content)), SHA256: base64.StdEncoding.EncodeToString(sum[:])}
}

// zipOf is a zip with one file of so many random bytes, always the same.
func zipOf(t *testing.T, size int) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateHeader(&zip.FileHeader{Name: "index.js", Method: zip.Store})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(w, rand.NewChaCha8([32]byte{}), int64(size)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// witness keeps the requests that AWS gets, and finds out whether they are signed.
type witness struct {
	http.Handler

	mu     sync.Mutex
	wrong  []string
	bodies [][]byte
}

// ServeHTTP signs a request again, as the signature says that it was.
func (w *witness) ServeHTTP(answer http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	again := r.Clone(r.Context())
	given := r.Header.Get("Authorization")
	_, scope, _ := strings.Cut(given, "Credential=")
	parts := strings.Split(scope, "/")
	_, signed, _ := strings.Cut(given, "SignedHeaders=")
	signed, _, _ = strings.Cut(signed, ",")
	for name := range again.Header {
		if !strings.Contains(";"+signed+";", ";"+strings.ToLower(name)+";") {
			again.Header.Del(name)
		}
	}
	again.URL.Host, again.URL.Scheme = r.Host, "http"
	sum := sha256.Sum256(body)
	at, timeErr := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if timeErr == nil && len(parts) > 3 {
		signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = parts[3] == "s3" })
		err = signer.SignHTTP(r.Context(), aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "secret"}, again, hex.EncodeToString(sum[:]), parts[3], parts[2], at)
	}
	w.mu.Lock()
	w.bodies = append(w.bodies, body)
	if err != nil || timeErr != nil || again.Header.Get("Authorization") != given {
		w.wrong = append(w.wrong, r.Method+" "+r.URL.String()+" "+given+"\nwant "+again.Header.Get("Authorization"))
	}
	w.mu.Unlock()
	w.Handler.ServeHTTP(answer, r)
}

// witnessed is a cloud with a witness.
func witnessed(t *testing.T) (*cloud, *witness) {
	t.Helper()
	c := newCloud(t, localaws.Options{})
	w := &witness{Handler: c.Cloud}
	c.loopback.Close()
	c.loopback = localaws.NewLoopback(w)
	t.Cleanup(c.loopback.Close)
	return c, w
}

// What is sent is the JSON that the SDK would send, with a signature that fits.
func TestUpdateCodeStreams(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 2, 3, 24<<10 - 100, 24 << 10, 100_000} {
		c, w := witnessed(t)
		content := zipOf(t, size)
		config, err := c.open(t).UpdateCode(t.Context(), items, awsapi.Code{Zip: archiveOf(content), Revision: c.revision(t)}, false)
		if err != nil || config.CodeSHA256 != archiveOf(content).SHA256 {
			t.Errorf("%d bytes: %s, %v", len(content), config.CodeSHA256, err)
		}
		if len(w.wrong) > 0 {
			t.Errorf("%d bytes: signed wrongly: %s", len(content), w.wrong)
		}
		var sent struct{ ZipFile []byte }
		if err := json.Unmarshal(w.bodies[len(w.bodies)-1], &sent); err != nil || !bytes.Equal(sent.ZipFile, content) {
			t.Errorf("%d bytes: %v", len(content), err)
		}
	}
}

func (c *cloud) revision(t *testing.T) string {
	t.Helper()
	latest, err := c.open(t).Configuration(t.Context(), items, "")
	if err != nil {
		t.Fatal(err)
	}
	return latest.Revision
}

// Each attempt sends all of the archive.
func TestUpdateCodeIsRetried(t *testing.T) {
	t.Parallel()
	content := zipOf(t, 100_000)
	for name, f := range map[string]localaws.Fault{
		"throttled": {Status: http.StatusTooManyRequests, Code: "TooManyRequestsException"}, "server": {Status: 500}, "dropped": {Drop: true},
		"no answer": {DropAfter: true}, "garbled": {Garble: localaws.GarbleHTML},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, w := witnessed(t)
			c.spoil("UpdateFunctionCode", 2, f)
			config, err := c.open(t).UpdateCode(t.Context(), items, awsapi.Code{Zip: archiveOf(content)}, false)
			if err != nil || config.CodeSHA256 != archiveOf(content).SHA256 || len(w.bodies) != 3 || len(w.wrong) > 0 {
				t.Errorf("%s: %v, %d requests, signed wrongly: %s", name, err, len(w.bodies), w.wrong)
			}
		})
	}
}

// changing is content that changes after it was read so many times.
type changing struct {
	mu      sync.Mutex
	content []byte
	reads   int
}

func (c *changing) ReadAt(p []byte, off int64) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := bytes.NewReader(c.content).ReadAt(p, off)
	if off+int64(n) == int64(len(c.content)) {
		if c.reads--; c.reads == 0 {
			c.content = bytes.Clone(c.content)
			c.content[len(c.content)/2] ^= 1
		}
	}
	return n, err
}

// What was checked is what is sent: no call is carried out with anything else, and it is
// not sent again.
func TestWhatHasChangedIsNotSent(t *testing.T) {
	t.Parallel()
	content := zipOf(t, 100_000)
	cut := archiveOf(content)
	cut.Content = bytes.NewReader(content[:50_000])
	before, between := archiveOf(content), archiveOf(content)
	before.SHA256 = archiveOf([]byte("other")).SHA256
	between.Content = &changing{content: content, reads: 1}
	for name, a := range map[string]*awsapi.Archive{"before": before, "cut": cut, "between": between} {
		c, w := witnessed(t)
		_, err := c.open(t).UpdateCode(t.Context(), items, awsapi.Code{Zip: a}, false)
		if err == nil || !strings.HasSuffix(err.Error(), ": the archive has changed since it was checked: nothing may write to it while this step runs") {
			t.Errorf("%s: %v", name, err)
		}
		if len(w.bodies) > 0 || c.count("UpdateFunctionCode") > 0 {
			t.Errorf("%s: %d requests", name, len(w.bodies))
		}
	}
}

// The other fields are those of the SDK.
func TestUpdateCodeSendsItsFields(t *testing.T) {
	t.Parallel()
	c, w := witnessed(t)
	_, _ = c.open(t).UpdateCode(t.Context(), items, awsapi.Code{Zip: archiveOf([]byte("zip")), Revision: "r"}, true)
	if diff := cmp.Diff(`{"DryRun":true,"RevisionId":"r","ZipFile":"emlw"}`, string(w.bodies[0])); diff != "" {
		t.Error(diff)
	}
}

// zeros are so many bytes that take no memory.
type zeros int64

func (z zeros) ReadAt(p []byte, off int64) (int, error) {
	n := int(min(int64(len(p)), max(0, int64(z)-off)))
	clear(p[:n])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// No archive is in memory, whichever way it goes.
//
//nolint:paralleltest // it counts the bytes that are allocated
func TestUploadsTakeLittleMemory(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("X-Amz-Request-Id", "1")
		w.Header().Set("ETag", "1")
		switch {
		case r.URL.Query().Has("uploads"):
			_, _ = io.WriteString(w, "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>")
		case r.Method == http.MethodPost:
			_, _ = io.WriteString(w, "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>")
		case !r.URL.Query().Has("partNumber"):
			_, _ = io.WriteString(w, `{"CodeSha256": "x"}`)
		}
	}))
	t.Cleanup(server.Close)
	client := open(t, server.URL)
	for name, upload := range map[string]func(awsapi.Archive) error{
		"direct": func(a awsapi.Archive) error {
			_, err := client.UpdateCode(t.Context(), items, awsapi.Code{Zip: &a}, false)
			return err
		},
		"staged": func(a awsapi.Archive) error {
			_, err := client.Stage(t.Context(), object, a)
			return err
		},
	} {
		const size = 48 << 20
		sum := sha256.New()
		if _, err := io.Copy(sum, io.NewSectionReader(zeros(size), 0, size)); err != nil {
			t.Fatal(err)
		}
		a := awsapi.Archive{Content: zeros(size), Size: size, SHA256: base64.StdEncoding.EncodeToString(sum.Sum(nil))}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := upload(a); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20 {
			t.Errorf("%s: allocated %d bytes", name, n)
		}
	}
}

// CreateFunction has the archive in its Code.
func TestCreateFunctionStreams(t *testing.T) {
	t.Parallel()
	file, problems := configuration.Parse("test", []byte(`{"Role": "arn:aws:iam::123456789012:role/r", "Runtime": "python3.13", "Handler": "a.b",
		"Environment": {"Variables": {"Code": "{}", "TOKEN": "\"Code\":{}"}}}`))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	c, w := witnessed(t)
	content := zipOf(t, 100_000)
	n := awsapi.NewFunction{
		Description: "d", Architecture: "arm64", Settings: file.Configuration, Tags: map[string]string{"Code": "{}"}, Code: awsapi.Code{Zip: archiveOf(content)},
	}
	created, err := c.open(t).CreateFunction(t.Context(), named(t, "orders"), n)
	if err != nil {
		t.Fatal(err)
	}
	if len(w.wrong) > 0 {
		t.Errorf("signed wrongly: %s", w.wrong)
	}
	want := n.Foreseen(archiveOf(content).SHA256)
	if created.CodeSHA256 != want.CodeSHA256 || !want.Settings.Changes(created.Settings).IsZero() || !slices.Equal(created.Architectures, want.Architectures) ||
		created.PackageType != want.PackageType || created.Description != want.Description || created.State != "Pending" {
		t.Errorf("created %+v, want %+v", created, want)
	}
	if tags := c.Tags("orders"); tags["Code"] != "{}" {
		t.Errorf("tags %v", tags)
	}
	_, err = c.open(t).CreateFunction(t.Context(), named(t, "orders"), n)
	if !awsapi.Is(err, awsapi.Conflict) || awsapi.MayKnowRoleLater(err) {
		t.Errorf("again: %v", err)
	}
	c.NewRole("arn:aws:iam::123456789012:role/r", time.Hour)
	if _, err = c.open(t).CreateFunction(t.Context(), named(t, "users"), n); !awsapi.MayKnowRoleLater(err) {
		t.Errorf("with a new role: %v", err)
	}
	if err := c.open(t).DeleteFunction(t.Context(), named(t, "orders")); err != nil || slices.Contains(c.Functions(), "orders") {
		t.Errorf("delete: %v", err)
	}
}
