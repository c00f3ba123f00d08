package localaws

import (
	"crypto/md5" //nolint:gosec // it is S3's ETag, not a secret
	"encoding/hex"
	"net/http"
	"strconv"
)

// put adds a version of an object, or replaces the object in a bucket without versions.
// The version is "1", "2" and so on for each key, "" without versions.
func (b *bucket) put(key string, body []byte) (version string) {
	if !b.versioned {
		b.objects[key] = [][]byte{body}
		return ""
	}
	b.objects[key] = append(b.objects[key], body)
	return strconv.Itoa(len(b.objects[key]))
}

// object returns a version of an object, "" the newest, with its number.
func (b *bucket) object(key, version string) (body []byte, number int, err error) {
	versions := b.objects[key]
	if versions == nil {
		return nil, 0, &apiError{http.StatusNotFound, "NoSuchKey", "The specified key does not exist."}
	}
	n := len(versions)
	if version != "" {
		if n, err = strconv.Atoi(version); err != nil || n < 1 || n > len(versions) {
			return nil, 0, &apiError{http.StatusNotFound, "NoSuchVersion", "The specified version does not exist."}
		}
	}
	return versions[n-1], n, nil
}

// described is the header of an answer about an object.
func (b *bucket) described(version string) http.Header {
	h := http.Header{}
	if b.versioned {
		h.Set("X-Amz-Version-Id", version)
	}
	return h
}

func etag(body []byte) string {
	sum := md5.Sum(body) //nolint:gosec // see above
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

func (s *s3) putObject(r *s3Request) (answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.bucketOf(r)
	if err != nil {
		return answer{}, err
	}
	h := b.described(b.put(r.key, r.body))
	h.Set("ETag", etag(r.body))
	return answer{status: http.StatusOK, header: h}, nil
}

// getObject implements GetObject and HeadObject: net/http leaves out the body of the
// answer to a HEAD.
func (s *s3) getObject(r *s3Request) (answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.bucketOf(r)
	if err != nil {
		return answer{}, err
	}
	body, number, err := b.object(r.key, r.query.Get("versionId"))
	if err != nil {
		return answer{}, err
	}
	h := b.described(strconv.Itoa(number))
	h.Set("ETag", etag(body))
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	return answer{status: http.StatusOK, header: h, body: body}, nil
}

// fetch sets the ZipFile of code that is in S3, for a function in a region.
func (s *store) fetch(in *codeInput, region string) error {
	if in.S3Bucket == "" {
		return nil
	}
	b := s.buckets[in.S3Bucket]
	if b == nil {
		return noObject("NoSuchBucket", "The specified bucket does not exist")
	}
	if b.region != region {
		return noObject("PermanentRedirect", "The bucket is in this region: "+b.region+". Please use this region to retry the request")
	}
	body, _, err := b.object(in.S3Key, in.S3ObjectVersion)
	if e, ok := err.(*apiError); ok { //nolint:errorlint // it is not wrapped
		return noObject(e.code, e.message)
	}
	in.ZipFile = body
	return nil
}

func noObject(code, message string) error {
	return invalid("Error occurred while GetObject. S3 Error Code: %s. S3 Error Message: %s", code, message)
}

// PutObject adds an object to a bucket, which it creates with versions if necessary. It
// returns the object's version: "1", "2" and so on for each key.
func (c *Cloud) PutObject(bucketName, key string, body []byte) string {
	s := c.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.buckets[bucketName] == nil {
		s.buckets[bucketName] = newBucket(s.region, true)
	}
	return s.buckets[bucketName].put(key, body)
}

// Objects returns the sizes of the objects of a bucket by their keys.
func (c *Cloud) Objects(bucketName string) map[string]int {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	sizes := map[string]int{}
	for key, versions := range c.store.buckets[bucketName].objects {
		sizes[key] = len(versions[len(versions)-1])
	}
	return sizes
}
