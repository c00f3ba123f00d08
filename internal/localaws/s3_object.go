package localaws

import "strconv"

// bucket maps keys to the versions of an object. The S3 API itself is not
// implemented: Lambda reads code from here.
type bucket map[string][][]byte

// fetch sets the ZipFile of code that is in S3.
func (s *store) fetch(in *codeInput) error {
	if in.S3Bucket == "" {
		return nil
	}
	b := s.buckets[in.S3Bucket]
	if b == nil {
		return noObject("NoSuchBucket", "The specified bucket does not exist")
	}
	versions := b[in.S3Key]
	if versions == nil {
		return noObject("NoSuchKey", "The specified key does not exist.")
	}
	n := len(versions)
	if in.S3ObjectVersion != "" {
		var err error
		if n, err = strconv.Atoi(in.S3ObjectVersion); err != nil || n < 1 || n > len(versions) {
			return noObject("NoSuchVersion", "The specified version does not exist.")
		}
	}
	in.ZipFile = versions[n-1]
	return nil
}

func noObject(code, message string) error {
	return invalid("Error occurred while GetObject. S3 Error Code: %s. S3 Error Message: %s", code, message)
}

// PutObject adds an object to a bucket, which it creates if necessary, for
// CreateFunction and UpdateFunctionCode. It returns the object's version: "1", "2"
// and so on for each key.
func (c *Cloud) PutObject(bucketName, key string, body []byte) string {
	s := c.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.buckets[bucketName] == nil {
		s.buckets[bucketName] = bucket{}
	}
	b := s.buckets[bucketName]
	b[key] = append(b[key], body)
	return strconv.Itoa(len(b[key]))
}
