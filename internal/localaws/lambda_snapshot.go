package localaws

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// snapshotPath begins the path of a function's code in S3.
const snapshotPath = "/awslambda-"

// locationTime is how long the Location of code is valid.
// https://docs.aws.amazon.com/lambda/latest/api/API_FunctionCodeLocation.html
const locationTime = 10 * time.Minute

// timeOfSignature is the layout of X-Amz-Date.
const timeOfSignature = "20060102T150405Z"

// replacedCode is code that $LATEST had. A Location that was given before leads to it.
type replacedCode struct {
	code  []byte
	until time.Time
}

// replace keeps the code of $LATEST that another is about to replace.
func (f *function) replace(now time.Time) {
	f.replaced = slices.DeleteFunc(f.replaced, func(r replacedCode) bool { return !now.Before(r.until) })
	f.replaced = append(f.replaced, replacedCode{f.latest.Code, now.Add(locationTime)})
}

// location returns the address from which the code can be downloaded, at the endpoint
// that was called. The signature is not AWS's.
func (s *store) location(r *request, f *function, code []byte) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	sum := sha256.Sum256(code)
	at := snapshotPath + r.region + "-tasks/snapshots/" + s.account + "/" + f.name + "-" + hex.EncodeToString(sum[:])
	date := time.Now().UTC().Format(timeOfSignature)
	query := url.Values{
		"X-Amz-Algorithm": {"AWS4-HMAC-SHA256"}, "X-Amz-Date": {date}, "X-Amz-Expires": {strconv.Itoa(int(locationTime.Seconds()))},
		"X-Amz-SignedHeaders": {"host"}, "X-Amz-Signature": {s.sign(at, date)},
	}
	return (&url.URL{Scheme: scheme, Host: r.Host, Path: at, RawQuery: query.Encode()}).String()
}

// sign signs a Location.
func (s *store) sign(at, date string) string {
	sum := sha256.Sum256([]byte(s.secret + at + date))
	return hex.EncodeToString(sum[:])
}

// getSnapshot downloads code by its Location.
func (s *s3) getSnapshot(in *incoming) (answer, error) {
	query := in.URL.Query()
	date := query.Get("X-Amz-Date")
	began, err := time.Parse(timeOfSignature, date)
	switch {
	case err != nil || query.Get("X-Amz-Signature") != s.sign(in.URL.Path, date):
		return answer{}, &apiError{http.StatusForbidden, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your key and signing method."}
	case time.Since(began) > locationTime:
		return answer{}, &apiError{http.StatusForbidden, "AccessDenied", "Request has expired"}
	}
	name, sum, _ := cutLast(path.Base(in.URL.Path), "-")
	region := strings.TrimSuffix(strings.TrimPrefix(strings.Split(in.URL.Path, "/")[1], snapshotPath[1:]), "-tasks")
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.functions[functionARN(region, s.account, name, "")]
	if f == nil {
		return answer{}, &apiError{http.StatusNotFound, "NoSuchKey", "The specified key does not exist."}
	}
	codes := [][]byte{f.latest.Code}
	for _, r := range f.replaced {
		codes = append(codes, r.code)
	}
	for _, v := range f.versions {
		codes = append(codes, v.Code)
	}
	for _, code := range codes {
		if has := sha256.Sum256(code); hex.EncodeToString(has[:]) == sum {
			h := http.Header{"Content-Type": {"application/zip"}, "Content-Length": {strconv.Itoa(len(code))}}
			markS3(h)
			return answer{status: http.StatusOK, header: h, body: bytes.Clone(code)}, nil
		}
	}
	return answer{}, &apiError{http.StatusNotFound, "NoSuchKey", "The specified key does not exist."}
}

// cutLast cuts a text around the last separator.
func cutLast(text, separator string) (before, after string, found bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(separator):], true
}
