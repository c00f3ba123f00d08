package localaws

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// s3 implements as much of Amazon S3 as uploading and downloading code takes: buckets
// in a region each, objects with versions, and multipart uploads.
type s3 struct {
	*store
}

// s3Route is the method of an operation, whether it is about an object or a bucket, and
// the names of its query, which distinguish operations.
type s3Route struct {
	method  string
	object  bool
	query   string
	name    string
	handler func(*s3, *s3Request) (answer, error)
}

var s3Routes = []s3Route{
	{"PUT", true, "uploadId", "UploadPart", (*s3).uploadPart},
	{"POST", true, "uploadId", "CompleteMultipartUpload", (*s3).completeMultipartUpload},
	{"DELETE", true, "uploadId", "AbortMultipartUpload", (*s3).abortMultipartUpload},
	{"POST", true, "uploads", "CreateMultipartUpload", (*s3).createMultipartUpload},
	{"PUT", true, "", "PutObject", (*s3).putObject},
	{"HEAD", true, "", "HeadObject", (*s3).getObject},
	{"GET", true, "", "GetObject", (*s3).getObject},
	{"PUT", false, "", "CreateBucket", (*s3).createBucket},
	{"HEAD", false, "", "HeadBucket", (*s3).headBucket},
}

// s3Request is a call of one of S3's operations.
type s3Request struct {
	*incoming
	bucket string
	key    string
	query  url.Values
}

// operation finds the route of a request that is signed for S3, or that follows the
// Location of a function's code.
func (s *s3) operation(in *incoming) (operation, bool) {
	if strings.HasPrefix(in.URL.Path, snapshotPath) && in.URL.Query().Has("X-Amz-Signature") {
		in.service = "s3"
		return operation{service: "s3", name: "GetObject", unsigned: true, serve: s.getSnapshot}, true
	}
	if in.service != "s3" {
		return operation{}, false
	}
	r := &s3Request{incoming: in, query: in.URL.Query()}
	path := strings.TrimPrefix(in.URL.Path, "/")
	if r.bucket = bucketIn(in.Host); r.bucket != "" {
		r.key = path
	} else {
		r.bucket, r.key, _ = strings.Cut(path, "/")
	}
	for _, rt := range s3Routes {
		if rt.method != in.Method || rt.object != (r.key != "") || rt.query != "" && !r.query.Has(rt.query) {
			continue
		}
		return operation{
			service: "s3",
			name:    rt.name,
			object:  strings.TrimSuffix(r.bucket+"/"+r.key, "/"),
			serve: func(*incoming) (answer, error) {
				if err := r.readBody(); err != nil {
					return answer{}, err
				}
				out, err := rt.handler(s, r)
				if out.header == nil {
					out.header = http.Header{}
				}
				markS3(out.header)
				return out, err
			},
		}, true
	}
	return operation{}, false
}

// virtualHost matches the host of a bucket.
var virtualHost = regexp.MustCompile(`^(.+?)\.(s3[.-].+|localhost)$`)

// bucketIn returns the bucket that a host names, "" if the path does.
func bucketIn(host string) string {
	host, _, _ = strings.Cut(host, ":")
	if m := virtualHost.FindStringSubmatch(host); m != nil {
		return m[1]
	}
	return ""
}

// markS3 sets what every answer of S3 has.
func markS3(h http.Header) {
	h.Set("X-Amz-Request-Id", strings.ToUpper(strings.ReplaceAll(newID(), "-", ""))[:16])
	h.Set("Server", "AmazonS3")
}

// readBody checks the body against the hashes that came with it, and removes the
// chunks that the SDKs send streams in.
func (r *s3Request) readBody() error {
	if strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		body, err := unchunked(r.body)
		if err != nil {
			return &apiError{http.StatusBadRequest, "IncompleteBody", "The request body terminated unexpectedly"}
		}
		r.body = body
		r.Header.Del("X-Amz-Content-Sha256")
	}
	sum := sha256.Sum256(r.body)
	if want := r.Header.Get("X-Amz-Content-Sha256"); len(want) == 2*sha256.Size && want != hex.EncodeToString(sum[:]) {
		return &apiError{http.StatusBadRequest, "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed."}
	}
	if want := r.Header.Get("X-Amz-Checksum-Sha256"); want != "" && want != base64.StdEncoding.EncodeToString(sum[:]) {
		return &apiError{http.StatusBadRequest, "BadDigest", "The SHA256 you specified did not match the calculated checksum."}
	}
	return nil
}

// unchunked returns the content of a body in chunks, without its trailer.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
func unchunked(body []byte) ([]byte, error) {
	var content []byte
	for {
		line, rest, found := bytes.Cut(body, []byte("\r\n"))
		size, _, _ := strings.Cut(string(line), ";")
		n, err := strconv.ParseUint(size, 16, 31)
		switch {
		case !found || err != nil:
			return nil, io.ErrUnexpectedEOF
		case n == 0:
			return content, nil
		case uint64(len(rest)) < n+2:
			return nil, io.ErrUnexpectedEOF
		}
		content = append(content, rest[:n]...)
		body = rest[n+2:]
	}
}

// s3Failure returns an error as S3 encodes it.
func (e *apiError) s3(header http.Header) answer {
	h := http.Header{"Content-Type": {"application/xml"}}
	maps.Copy(h, header)
	markS3(h)
	return answer{status: e.status, header: h, body: xmlOf(struct {
		XMLName   xml.Name `xml:"Error"`
		Code      string
		Message   string
		RequestID string `xml:"RequestId"`
	}{Code: e.code, Message: e.message, RequestID: h.Get("X-Amz-Request-Id")})}
}

// s3Error is an error with headers.
type s3Error struct {
	apiError

	header http.Header
}

func (e *s3Error) Unwrap() error { return &e.apiError }

func xmlOf(v any) []byte {
	body, err := xml.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("localaws: encode answer: %v", err)) // the types here always encode
	}
	return append([]byte(xml.Header), body...)
}

func xmlReply(v any) answer {
	return answer{status: http.StatusOK, header: http.Header{"Content-Type": {"application/xml"}}, body: xmlOf(v)}
}
