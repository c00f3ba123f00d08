package localaws

import (
	"crypto/md5" //nolint:gosec // it is S3's ETag, not a secret
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
)

// upload is a multipart upload that has not ended.
type upload struct {
	key   string
	parts map[int][]byte
}

// The limits of S3 for parts. The last part may be smaller.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
const (
	minPart  = 5 << 20
	maxParts = 10000
)

// Uploads returns how many multipart uploads in a bucket have not ended.
func (c *Cloud) Uploads(bucketName string) int {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	return len(c.store.buckets[bucketName].uploads)
}

func (s *s3) createMultipartUpload(r *s3Request) (answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.bucketOf(r)
	if err != nil {
		return answer{}, err
	}
	id := newID()
	b.uploads[id] = &upload{key: r.key, parts: map[int][]byte{}}
	return xmlReply(struct {
		XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
		Bucket   string
		Key      string
		UploadID string `xml:"UploadId"`
	}{Bucket: r.bucket, Key: r.key, UploadID: id}), nil
}

// uploadOf returns the upload of a call.
func (s *s3) uploadOf(r *s3Request) (*bucket, *upload, error) {
	b, err := s.bucketOf(r)
	if err != nil {
		return nil, nil, err
	}
	u := b.uploads[r.query.Get("uploadId")]
	if u == nil || u.key != r.key {
		return nil, nil, &apiError{http.StatusNotFound, "NoSuchUpload", "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."}
	}
	return b, u, nil
}

func (s *s3) uploadPart(r *s3Request) (answer, error) {
	number, err := strconv.Atoi(r.query.Get("partNumber"))
	if err != nil || number < 1 || number > maxParts {
		return answer{}, &apiError{http.StatusBadRequest, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, u, err := s.uploadOf(r)
	if err != nil {
		return answer{}, err
	}
	u.parts[number] = r.body
	return answer{status: http.StatusOK, header: http.Header{"Etag": {etag(r.body)}}}, nil
}

func (s *s3) completeMultipartUpload(r *s3Request) (answer, error) {
	var in struct {
		XMLName xml.Name `xml:"CompleteMultipartUpload"`
		Part    []struct {
			PartNumber     int
			ETag           string
			ChecksumSHA256 string
		}
	}
	if xml.Unmarshal(r.body, &in) != nil || len(in.Part) == 0 {
		return answer{}, malformedXML()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, u, err := s.uploadOf(r)
	if err != nil {
		return answer{}, err
	}
	for i := range in.Part[1:] {
		if in.Part[i+1].PartNumber <= in.Part[i].PartNumber {
			return answer{}, &apiError{http.StatusBadRequest, "InvalidPartOrder", "The list of parts was not in ascending order. Parts must be ordered by part number."}
		}
	}
	var body []byte
	tags := md5.New() //nolint:gosec // see above
	for i, p := range in.Part {
		part := u.parts[p.PartNumber]
		sum := sha256.Sum256(part)
		switch {
		case part == nil || p.ETag != etag(part) || p.ChecksumSHA256 != "" && p.ChecksumSHA256 != base64.StdEncoding.EncodeToString(sum[:]):
			return answer{}, &apiError{http.StatusBadRequest, "InvalidPart", "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag."}
		case len(part) < minPart && i < len(in.Part)-1:
			return answer{}, &apiError{http.StatusBadRequest, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size"}
		}
		tag := md5.Sum(part) //nolint:gosec // see above
		tags.Write(tag[:])   // never fails
		body = append(body, part...)
	}
	delete(b.uploads, r.query.Get("uploadId"))
	out := xmlReply(struct {
		XMLName xml.Name `xml:"CompleteMultipartUploadResult"`
		Bucket  string
		Key     string
		ETag    string
	}{Bucket: r.bucket, Key: r.key, ETag: fmt.Sprintf(`"%s-%d"`, hex.EncodeToString(tags.Sum(nil)), len(in.Part))})
	if version := b.put(r.key, body); version != "" {
		out.header.Set("X-Amz-Version-Id", version)
	}
	return out, nil
}

func (s *s3) abortMultipartUpload(r *s3Request) (answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, _, err := s.uploadOf(r)
	if err != nil {
		return answer{}, err
	}
	delete(b.uploads, r.query.Get("uploadId"))
	return empty(), nil
}
