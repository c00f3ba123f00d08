package awsapi

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"lambda-release/internal/function"
)

// Object is an object in S3.
type Object struct {
	Bucket, Key string
	Version     string // "": the newest
}

// String is the object's address.
func (o Object) String() string { return "s3://" + o.Bucket + "/" + o.Key }

const (
	// partSize is what is sent again if a part fails. S3 takes parts from 5 MB.
	partSize = 8 << 20
	// partsAtOnce keep the line busy while S3 answers.
	partsAtOnce = 4
	// abortTime is how long deleting the parts may take after a failure.
	abortTime = 2 * time.Second
)

// CheckBucket finds out whether Lambda can take code from a bucket: it must exist, and
// be in the region of the functions.
func (c *Client) CheckBucket(ctx context.Context, bucket string) error {
	out, err := call(ctx, c, target{Action: s3Action("HeadBucket", "s3:ListBucket"), resource: c.bucketARN(bucket)}, c.s3().do,
		&s3Request{op: "HeadBucket", method: http.MethodHead, bucket: bucket}, isS3)
	if err != nil {
		return c.ofBucket(err, bucket)
	}
	if region := out.header.Get(regionHeader); region != "" && region != c.Region {
		return c.inOtherRegion(&Error{Action: s3Action("HeadBucket", "s3:ListBucket"), Resource: c.bucketARN(bucket), place: c.place}, bucket, region)
	}
	return nil
}

// Staged finds an object of this size: found is false if there is none. Without
// permission for the bucket, S3 denies to say that an object does not exist.
func (c *Client) Staged(ctx context.Context, o Object, size int64) (staged Object, found bool, err error) {
	out, err := call(ctx, c, c.onObject("HeadObject", "s3:GetObject", o), c.s3().do,
		&s3Request{op: "HeadObject", method: http.MethodHead, bucket: o.Bucket, key: o.Key}, isS3)
	if Is(err, NotFound) {
		return o, false, nil
	}
	if err != nil {
		return o, false, c.ofBucket(err, o.Bucket)
	}
	o.Version = out.version()
	return o, out.header.Get("Content-Length") == strconv.FormatInt(size, 10), nil
}

// part is a part of an upload.
type part struct {
	section

	number int
	tag    string // S3's answer
}

// Stage uploads an archive as an object, in parts that are sent again if they fail.
// If it fails, or the job is cancelled, nothing is left of it.
func (c *Client) Stage(ctx context.Context, o Object, a Archive) (staged Object, err error) {
	upload, err := c.beginUpload(ctx, o)
	if err != nil {
		return o, err
	}
	defer func() {
		if err != nil {
			c.abortUpload(ctx, o, upload)
		}
	}()
	var parts []*part
	next := make(chan *part, partsAtOnce) // hashed while others are sent
	sending, sendCtx := errgroup.WithContext(ctx)
	sending.Go(func() error {
		defer close(next)
		for s, err := range a.sections(partSize) {
			if err != nil {
				return err
			}
			p := &part{section: s, number: len(parts) + 1}
			parts = append(parts, p)
			select {
			case next <- p:
			case <-sendCtx.Done():
				return sendCtx.Err()
			}
		}
		return nil
	})
	for range partsAtOnce {
		sending.Go(func() error {
			for p := range next {
				if err := c.uploadPart(sendCtx, o, upload, p, a); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := sending.Wait(); err != nil {
		return o, err
	}
	o, err = c.completeUpload(ctx, o, upload, parts)
	if EffectOf(err) <= Rejected && codeOf(err) != "NoSuchUpload" {
		return o, err
	}
	// An earlier attempt may have completed it.
	if there, found, lookErr := c.Staged(ctx, o, a.Size); lookErr == nil && found {
		return there, nil
	}
	return o, err
}

func (c *Client) beginUpload(ctx context.Context, o Object) (upload string, err error) {
	out, err := call(ctx, c, c.onObject("CreateMultipartUpload", "s3:PutObject", o), c.s3().do, &s3Request{
		op: "CreateMultipartUpload", method: http.MethodPost, bucket: o.Bucket, key: o.Key, query: url.Values{"uploads": {""}},
		header: map[string]string{"Content-Type": "application/zip", "X-Amz-Checksum-Algorithm": "SHA256"},
	}, func(out *s3Response) bool { return out.root != "" && out.texts["UploadId"] != "" })
	if err != nil {
		return "", c.ofBucket(err, o.Bucket)
	}
	return out.texts["UploadId"], nil
}

func (c *Client) uploadPart(ctx context.Context, o Object, upload string, p *part, a Archive) error {
	out, err := call(ctx, c, c.onObject("UploadPart", "s3:PutObject", o), c.s3().do, &s3Request{
		op: "UploadPart", method: http.MethodPut, bucket: o.Bucket, key: o.Key,
		query:  url.Values{"partNumber": {strconv.Itoa(p.number)}, "uploadId": {upload}},
		header: map[string]string{"X-Amz-Checksum-Sha256": checksum(p.sha256)},
		body:   a.stream(p.section), sha256: p.sha256,
	}, hasTag)
	if err != nil {
		return c.ofBucket(err, o.Bucket)
	}
	p.tag = out.header.Get("ETag")
	return nil
}

func (c *Client) completeUpload(ctx context.Context, o Object, upload string, parts []*part) (Object, error) {
	var list strings.Builder
	list.WriteString(`<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`)
	for _, p := range parts {
		fmt.Fprintf(&list, "<Part><PartNumber>%d</PartNumber><ETag>", p.number)
		_ = xml.EscapeText(&list, []byte(p.tag)) // into memory
		fmt.Fprintf(&list, "</ETag><ChecksumSHA256>%s</ChecksumSHA256></Part>", checksum(p.sha256))
	}
	list.WriteString("</CompleteMultipartUpload>")
	body, sum := textBody(list.String())
	out, err := call(ctx, c, c.onObject("CompleteMultipartUpload", "s3:PutObject", o), c.s3().do, &s3Request{
		op: "CompleteMultipartUpload", method: http.MethodPost, bucket: o.Bucket, key: o.Key,
		query: url.Values{"uploadId": {upload}}, header: map[string]string{"Content-Type": "application/xml"}, body: body, sha256: sum,
	}, func(out *s3Response) bool { return out.root == "CompleteMultipartUploadResult" })
	if err != nil {
		return o, c.ofBucket(err, o.Bucket)
	}
	o.Version = out.version()
	return o, nil
}

// abortUpload deletes the parts. If it fails, a lifecycle rule of the bucket must.
func (c *Client) abortUpload(ctx context.Context, o Object, upload string) {
	ctx, cancel := WrapUp(ctx, abortTime)
	defer cancel()
	_, _ = call(ctx, c, c.onObject("AbortMultipartUpload", "s3:AbortMultipartUpload", o), c.s3().do, &s3Request{
		op: "AbortMultipartUpload", method: http.MethodDelete, bucket: o.Bucket, key: o.Key, query: url.Values{"uploadId": {upload}},
	}, isS3)
}

// isS3 reports whether an answer without a body is S3's, and not a proxy's.
func isS3(out *s3Response) bool { return out.header.Get("X-Amz-Request-Id") != "" }

func hasTag(out *s3Response) bool { return out.header.Get("ETag") != "" }

func s3Action(op, iam string) Action { return Action{Service: "s3", Op: op, IAM: iam} }

func (c *Client) onObject(op, iam string, o Object) target {
	return target{Action: s3Action(op, iam), resource: c.bucketARN(o.Bucket) + "/" + o.Key}
}

func (c *Client) bucketARN(bucket string) string {
	return "arn:" + function.PartitionOf(c.Region) + ":s3:::" + bucket
}

// regionHeader is in S3's answer about a bucket, and in its errors.
const regionHeader = "X-Amz-Bucket-Region"

// otherRegionError reports that a bucket is not in the region of the functions.
type otherRegionError struct{ bucket, region, want string }

func (e *otherRegionError) Error() string {
	return fmt.Sprintf("the bucket %s is in region %s, but the function is in %s", e.bucket, e.region, e.want)
}

// ofBucket completes an error with what it says about the bucket. Its kind is not
// NotFound then, which the callers take for a function that does not exist.
func (c *Client) ofBucket(err error, bucket string) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Service != "s3" {
		return err
	}
	if region := responseHeader(e.Err, regionHeader); region != "" && region != c.Region {
		return c.inOtherRegion(e, bucket, region)
	}
	missing := e.Kind == NotFound
	if missing {
		e.Kind = Invalid
	}
	switch {
	case missing && (e.Op == "HeadBucket" || codeOf(e.Err) == "NoSuchBucket"):
		e.advice = fmt.Sprintf("The bucket %s does not exist. Check the input `s3-bucket`; lambda-release does not create buckets.", bucket)
	case e.Kind == Denied && e.Op == "HeadBucket":
		e.advice = fmt.Sprintf("Check the input `s3-bucket`, too: names of buckets are global. If %s belongs to another account, its bucket policy must also allow this.", bucket)
	}
	return e
}

func (c *Client) inOtherRegion(e *Error, bucket, region string) *Error {
	e.Region, e.Kind, e.Err = c.Region, Invalid, &otherRegionError{bucket, region, c.Region}
	e.advice = fmt.Sprintf("Lambda takes code only from a bucket in the region of the function: set `s3-bucket` to one in %s.", c.Region)
	return e
}
