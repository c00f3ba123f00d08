package localaws_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"lambda-release/internal/localaws"
)

// inS3 calls S3 in eu-central-1. A host may be given in front of the path, and headers
// as name and value.
func inS3(t *testing.T, c *localaws.Cloud, method, target, body string, headers ...string) *http.Response {
	t.Helper()
	host, path, _ := strings.Cut(target, "/")
	r := httptest.NewRequestWithContext(t.Context(), method, "/"+path, strings.NewReader(body))
	if host != "" {
		r.Host = host
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260102/eu-central-1/s3/aws4_request, SignedHeaders=host, Signature=0")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer := httptest.NewRecorder()
	c.ServeHTTP(answer, r)
	return answer.Result()
}

// wantS3 compares an answer: status, and the body or the code of an error.
func wantS3(t *testing.T, r *http.Response, status int, want string) {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	got := string(body)
	if m := regexp.MustCompile(`<Error><Code>(\w+)</Code>`).FindStringSubmatch(got); m != nil {
		got = m[1]
	}
	if r.StatusCode != status || got != want || r.Header.Get("X-Amz-Request-Id") == "" {
		t.Errorf("%d %q, want %d %q; %v", r.StatusCode, got, status, want, r.Header)
	}
}

func TestS3Objects(t *testing.T) {
	t.Parallel()
	c := localaws.New(localaws.Options{})
	c.AddBucket("builds", "eu-central-1")
	c.AddBucket("elsewhere", "eu-west-1")
	sum := sha256.Sum256([]byte("zip"))
	wantS3(t, inS3(t, c, "PUT", "/builds/a/b.zip", "zip", "X-Amz-Content-Sha256", hex.EncodeToString(sum[:]), "X-Amz-Checksum-Sha256", base64.StdEncoding.EncodeToString(sum[:])), 200, "")
	wantS3(t, inS3(t, c, "GET", "/builds/a/b.zip", ""), 200, "zip")
	wantS3(t, inS3(t, c, "GET", "builds.s3.eu-central-1.amazonaws.com/a/b.zip", ""), 200, "zip")
	wantS3(t, inS3(t, c, "GET", "builds.localhost:1234/a/b.zip", ""), 200, "zip")
	head := inS3(t, c, "HEAD", "/builds/a/b.zip", "")
	equal(t, "length", head.Header.Get("Content-Length"), "3")
	equal(t, "version", head.Header.Get("X-Amz-Version-Id"), "")
	wantS3(t, inS3(t, c, "GET", "/builds/a/c.zip", ""), 404, "NoSuchKey")
	wantS3(t, inS3(t, c, "GET", "/missing/a", ""), 404, "NoSuchBucket")
	for _, method := range []string{"HEAD", "PUT", "GET"} {
		away := inS3(t, c, method, "/elsewhere/a", "")
		equal(t, "region", away.Header.Get("X-Amz-Bucket-Region"), "eu-west-1")
		wantS3(t, away, 301, "PermanentRedirect")
	}
	equal(t, "region", inS3(t, c, "HEAD", "/builds", "").Header.Get("X-Amz-Bucket-Region"), "eu-central-1")
	wantS3(t, inS3(t, c, "PUT", "/builds/x", "zip", "X-Amz-Content-Sha256", strings.Repeat("0", 64)), 400, "XAmzContentSHA256Mismatch")
	wantS3(t, inS3(t, c, "PUT", "/builds/x", "zip", "X-Amz-Checksum-Sha256", "AAAA"), 400, "BadDigest")

	// The SDKs send streams in chunks, with a checksum behind.
	wantS3(t, inS3(t, c, "PUT", "/builds/chunks", "3;chunk-signature=0\r\nzip\r\n2\r\n!\n\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n", "X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"), 200, "")
	wantS3(t, inS3(t, c, "GET", "/builds/chunks", ""), 200, "zip!\n")
	wantS3(t, inS3(t, c, "PUT", "/builds/chunks", "3\r\nzi", "X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"), 400, "IncompleteBody")

	wantS3(t, inS3(t, c, "PUT", "/new", ""), 400, "IllegalLocationConstraintException")
	wantS3(t, inS3(t, c, "PUT", "/new", "<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>"), 200, "")
	wantS3(t, inS3(t, c, "PUT", "/new", "<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>"), 409, "BucketAlreadyOwnedByYou")
	wantS3(t, inS3(t, c, "PUT", "/newer", "no xml"), 400, "MalformedXML")
}

func TestS3Versions(t *testing.T) {
	t.Parallel()
	c := localaws.New(localaws.Options{})
	c.PutObject("builds", "k", []byte("one"))
	equal(t, "version", inS3(t, c, "PUT", "/builds/k", "two").Header.Get("X-Amz-Version-Id"), "2")
	wantS3(t, inS3(t, c, "GET", "/builds/k?versionId=1", ""), 200, "one")
	wantS3(t, inS3(t, c, "GET", "/builds/k", ""), 200, "two")
	wantS3(t, inS3(t, c, "GET", "/builds/k?versionId=3", ""), 404, "NoSuchVersion")
}

func TestS3MultipartUpload(t *testing.T) {
	t.Parallel()
	c := localaws.New(localaws.Options{})
	c.AddBucket("builds", "eu-central-1")
	begin := func() string {
		t.Helper()
		body, err := io.ReadAll(inS3(t, c, "POST", "/builds/k?uploads", "").Body)
		m := regexp.MustCompile(`<UploadId>(.+)</UploadId>`).FindSubmatch(body)
		if err != nil || m == nil {
			t.Fatalf("%s, %v", body, err)
		}
		return string(m[1])
	}
	id := begin()
	large := strings.Repeat("x", 5<<20)
	one := inS3(t, c, "PUT", "/builds/k?partNumber=1&uploadId="+id, large).Header.Get("ETag")
	two := inS3(t, c, "PUT", "/builds/k?partNumber=2&uploadId="+id, "end").Header.Get("ETag")
	part := func(number, tag string) string {
		return "<Part><PartNumber>" + number + "</PartNumber><ETag>" + tag + "</ETag></Part>"
	}
	complete := func(id string, parts ...string) *http.Response {
		return inS3(t, c, "POST", "/builds/k?uploadId="+id, "<CompleteMultipartUpload>"+strings.Join(parts, "")+"</CompleteMultipartUpload>")
	}
	wantS3(t, inS3(t, c, "PUT", "/builds/k?partNumber=0&uploadId="+id, "x"), 400, "InvalidArgument")
	wantS3(t, inS3(t, c, "PUT", "/builds/k?partNumber=1&uploadId=other", "x"), 404, "NoSuchUpload")
	wantS3(t, inS3(t, c, "PUT", "/builds/other?partNumber=1&uploadId="+id, "x"), 404, "NoSuchUpload")
	wantS3(t, complete(id), 400, "MalformedXML")
	wantS3(t, complete(id, part("2", two), part("1", one)), 400, "InvalidPartOrder")
	wantS3(t, complete(id, part("1", one), part("3", two)), 400, "InvalidPart")
	wantS3(t, complete(id, part("1", two)), 400, "InvalidPart")
	equal(t, "objects", len(c.Objects("builds")), 0)
	if r := complete(id, part("1", one), part("2", two)); r.StatusCode != http.StatusOK {
		t.Errorf("%+v", r)
	}
	equal(t, "size", c.Objects("builds")["k"], 5<<20+3)
	wantS3(t, complete(id, part("1", one), part("2", two)), 404, "NoSuchUpload")

	id = begin()
	small := inS3(t, c, "PUT", "/builds/k?partNumber=1&uploadId="+id, "small").Header.Get("ETag")
	inS3(t, c, "PUT", "/builds/k?partNumber=2&uploadId="+id, "end")
	wantS3(t, complete(id, part("1", small), part("2", two)), 400, "EntityTooSmall")
	equal(t, "uploads", c.Uploads("builds"), 1)
	equal(t, "abort", inS3(t, c, "DELETE", "/builds/k?uploadId="+id, "").StatusCode, 204)
	wantS3(t, inS3(t, c, "DELETE", "/builds/k?uploadId="+id, ""), 404, "NoSuchUpload")
	equal(t, "uploads", c.Uploads("builds"), 0)
}

// Lambda takes no code from a bucket in another region.
func TestCodeFromAnotherRegion(t *testing.T) {
	t.Parallel()
	c, api := start(t, localaws.Options{})
	c.AddFunction("fn")
	c.AddBucket("elsewhere", "eu-west-1")
	name, bucket := "fn", "elsewhere"
	_, err := api.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: &name, S3Bucket: &bucket, S3Key: &name})
	wantError(t, err, 400, "InvalidParameterValueException",
		"Error occurred while GetObject. S3 Error Code: PermanentRedirect. S3 Error Message: The bucket is in this region: eu-west-1. Please use this region to retry the request")
}

// The Location of code leads to it for ten minutes, also if it was replaced meanwhile.
func TestLocation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, api := start(t, localaws.Options{})
		one, two := zipOf(t, "one"), zipOf(t, "two")
		must(api.CreateFunction(t.Context(), newFunction(t)))(t)
		name := "fn"
		update := func(zip []byte) {
			t.Helper()
			must(api.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: &name, ZipFile: zip}))(t)
		}
		locate := func() string {
			t.Helper()
			return *must(api.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: &name}))(t).Code.Location
		}
		get := func(location string) *http.Response {
			t.Helper()
			answer := httptest.NewRecorder()
			c.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, location, nil))
			return answer.Result()
		}
		update(one)
		location := locate()
		wantS3(t, get(location), 200, string(one))
		update(two)
		wantS3(t, get(location), 200, string(one))
		wantS3(t, get(locate()), 200, string(two))
		wantS3(t, get(strings.Replace(location, "fn-", "gn-", 1)), 403, "SignatureDoesNotMatch")
		time.Sleep(11 * time.Minute)
		wantS3(t, get(location), 403, "AccessDenied")
	})
}
