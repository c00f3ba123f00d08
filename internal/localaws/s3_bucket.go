package localaws

import (
	"encoding/xml"
	"net/http"
)

// bucket is a bucket of S3.
type bucket struct {
	region    string
	versioned bool
	objects   map[string][][]byte // by key, oldest version first
	uploads   map[string]*upload  // by id
}

func newBucket(region string, versioned bool) *bucket {
	return &bucket{region: region, versioned: versioned, objects: map[string][][]byte{}, uploads: map[string]*upload{}}
}

// AddBucket adds a bucket without versions in a region. It replaces one of that name.
func (c *Cloud) AddBucket(name, region string) {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	c.store.buckets[name] = newBucket(region, false)
}

// bucketOf returns the bucket of a call, which must be made in the bucket's region.
func (s *s3) bucketOf(r *s3Request) (*bucket, error) {
	b := s.buckets[r.bucket]
	if b == nil {
		return nil, &apiError{http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist"}
	}
	if b.region != r.region {
		return nil, &s3Error{
			apiError{http.StatusMovedPermanently, "PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint."},
			http.Header{"X-Amz-Bucket-Region": {b.region}},
		}
	}
	return b, nil
}

// createBucket creates a bucket in the region of the call.
func (s *s3) createBucket(r *s3Request) (answer, error) {
	var in struct {
		XMLName            xml.Name `xml:"CreateBucketConfiguration"`
		LocationConstraint string
	}
	if len(r.body) > 0 {
		if err := xml.Unmarshal(r.body, &in); err != nil {
			return answer{}, malformedXML()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.buckets[r.bucket] != nil {
		return answer{}, &apiError{http.StatusConflict, "BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it."}
	}
	if in.LocationConstraint != "" && in.LocationConstraint != r.region || in.LocationConstraint == "" && r.region != "us-east-1" {
		return answer{}, &apiError{http.StatusBadRequest, "IllegalLocationConstraintException", "The " + in.LocationConstraint + " location constraint is incompatible for the region specific endpoint this request was sent to."}
	}
	s.buckets[r.bucket] = newBucket(r.region, false)
	return answer{status: http.StatusOK, header: http.Header{"Location": {"/" + r.bucket}}}, nil
}

func (s *s3) headBucket(r *s3Request) (answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.bucketOf(r)
	if err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, header: http.Header{"X-Amz-Bucket-Region": {b.region}}}, nil
}

func malformedXML() error {
	return &apiError{http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema"}
}
