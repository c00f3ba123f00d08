package localaws

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// service is one AWS API.
type service interface {
	// operation returns the operation that the request calls, if it is one of
	// the service.
	operation(*incoming) (operation, bool)
}

// operation is an API operation, with what a request names.
type operation struct {
	service   string
	name      string
	function  string // short name, for the record
	qualifier string // version or alias, for the record
	object    string // of S3, for the record
	budget    budget
	unsigned  bool // callers need no signature
	serve     func(*incoming) (answer, error)
}

// incoming is a request with its body read.
type incoming struct {
	*http.Request
	ctx     context.Context
	body    []byte
	fault   Fault  // of the hook
	scope   bool   // the request is signed
	key     string // access key id of the signature's credential scope
	service string // region of the credential scope
	region  string // region of the credential scope
}

// maxObject is the largest object that S3 takes here in one call. It has 5 GB.
const maxObject = 512 << 20

// receive reads the request, at most one byte more than the maximum size.
func receive(r *http.Request) (*incoming, error) {
	in := &incoming{Request: r, ctx: r.Context()}
	in.readScope(r.Header.Get("Authorization"))
	limit := int64(maxBody)
	if in.service == "s3" {
		limit = maxObject
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if r.Header.Get("Content-Encoding") == "gzip" { // the SDKs compress large PutMetricData calls
		body = unzipped(body)
	}
	in.body = body
	return in, nil
}

// unzipped returns the decompressed body, or the body itself if it is not
// compressed.
func unzipped(body []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return body
	}
	plain, err := io.ReadAll(io.LimitReader(z, maxBody+1))
	if err != nil {
		return body
	}
	return plain
}

// readScope parses the credential scope of
// "AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, ...".
func (in *incoming) readScope(authorization string) {
	_, rest, ok := strings.Cut(authorization, "Credential=")
	if !ok {
		return
	}
	credential, _, _ := strings.Cut(rest, ",")
	parts := strings.Split(credential, "/")
	if len(parts) < 5 {
		return
	}
	parts = parts[len(parts)-5:]
	in.key, in.region, in.service, in.scope = parts[0], parts[2], parts[3], true
}

// action returns the operation that the form of a query API names, "" if the
// request is not a call of a query API.
func (in *incoming) action() string {
	kind, _, _ := strings.Cut(in.Header.Get("Content-Type"), ";")
	if kind != "application/x-www-form-urlencoded" {
		return ""
	}
	form, err := url.ParseQuery(string(in.body))
	if err != nil {
		return ""
	}
	return form.Get("Action")
}

// decode decodes the JSON body.
func (in *incoming) decode(v any) error {
	if len(in.body) == 0 {
		return nil
	}
	if err := json.Unmarshal(in.body, v); err != nil {
		return &apiError{http.StatusBadRequest, "SerializationException", "Could not parse request body into json: " + err.Error()}
	}
	return nil
}

// unknownOperation answers a request that no service recognizes.
func unknownOperation(in *incoming) operation {
	what := in.Method + " " + in.URL.Path
	if named := cmp.Or(in.Header.Get("X-Amz-Target"), in.action()); named != "" {
		what += " (" + named + ")"
	}
	return operation{
		service:  in.service,
		name:     what,
		unsigned: true,
		serve: func(*incoming) (answer, error) {
			return answer{}, &apiError{http.StatusNotFound, "UnknownOperationException", "localaws does not support the operation " + what}
		},
	}
}
