package localaws

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// locationTime is how long the Location in an answer of GetFunction can be used.
const locationTime = 10 * time.Minute

// snapshots is where the Location of a package leads: a bucket of Lambda's own, to which
// the URL has a signature. Here, it has the host and the bucket in its path.
// https://docs.aws.amazon.com/lambda/latest/api/API_FunctionCodeLocation.html
type snapshots struct{ *store }

// location returns the URL of the code of a zip function.
func (s *store) location(in *incoming, f *function, v *version) string {
	sum, _ := base64.StdEncoding.DecodeString(v.CodeSha256) // it was encoded here
	return "http://" + in.Host + snapshotsOf(f.region()) + s.account + "/" + f.name + "-" + hex.EncodeToString(sum) +
		"?X-Amz-Date=" + time.Now().UTC().Format("20060102T150405Z") + "&X-Amz-Expires=600&X-Amz-Signature=" + newID()
}

func snapshotsOf(region string) string { return "/awslambda-" + region + "-tasks/snapshots/" }

// operation recognizes a request by the bucket.
func (s *snapshots) operation(in *incoming) (operation, bool) {
	path := in.URL.Path
	if in.Method != http.MethodGet || !strings.HasPrefix(path, "/awslambda-") || !strings.Contains(path, "-tasks/snapshots/") {
		return operation{}, false
	}
	return operation{service: "s3", name: "GetObject", unsigned: true, budget: free, serve: func(*incoming) (answer, error) { return s.get(path, in.URL.Query()), nil }}, true
}

func (s *snapshots) get(path string, query url.Values) answer {
	signed, err := time.Parse("20060102T150405Z", query.Get("X-Amz-Date"))
	if err != nil || query.Get("X-Amz-Signature") == "" || time.Since(signed) > locationTime {
		return s3Error(http.StatusForbidden, "AccessDenied", "Request has expired")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for arn := range s.functions {
		f := s.function(arn)
		for _, v := range f.all() {
			sum, _ := base64.StdEncoding.DecodeString(v.CodeSha256)
			if path == snapshotsOf(f.region())+s.account+"/"+f.name+"-"+hex.EncodeToString(sum) {
				return answer{status: http.StatusOK, header: http.Header{"Content-Type": {"application/zip"}}, body: v.Code}
			}
		}
	}
	return s3Error(http.StatusNotFound, "NoSuchKey", "The specified key does not exist.")
}

func s3Error(status int, code, message string) answer {
	return answer{
		status: status, header: http.Header{"Content-Type": {"application/xml"}},
		body: fmt.Appendf(nil, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>%s</Message></Error>`, code, message),
	}
}
