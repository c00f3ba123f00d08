package localaws

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// service is one AWS API on the port.
type service interface {
	// operation tells which of its operations the request is, if any.
	operation(*incoming) (operation, bool)
}

// operation is one thing a caller may ask for, and what this request names in it.
type operation struct {
	service   string
	name      string
	function  string // short name, for the record
	qualifier string // version or alias, for the record
	budget    budget
	serve     func(*incoming) (answer, error)
}

// incoming is a request with its body read.
type incoming struct {
	*http.Request
	ctx     context.Context
	body    []byte
	scope   bool   // it is signed
	service string // of the signature's credential scope
	region  string // likewise
}

// receive reads the request to its end, or to where it is too large.
func receive(r *http.Request) (*incoming, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return nil, err
	}
	in := &incoming{Request: r, ctx: r.Context(), body: body}
	in.region, in.service, in.scope = credentialScope(r.Header.Get("Authorization"))
	return in, nil
}

// credentialScope takes region and service from
// "AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, ...".
func credentialScope(authorization string) (region, service string, ok bool) {
	_, rest, ok := strings.Cut(authorization, "Credential=")
	if !ok {
		return "", "", false
	}
	credential, _, _ := strings.Cut(rest, ",")
	parts := strings.Split(credential, "/")
	if len(parts) < 5 {
		return "", "", false
	}
	parts = parts[len(parts)-5:]
	return parts[2], parts[3], true
}

// authenticate refuses what AWS refuses before it looks at keys and signatures.
func (in *incoming) authenticate() error {
	switch {
	case !in.scope:
		return &apiError{http.StatusForbidden, "MissingAuthenticationTokenException", "Missing Authentication Token"}
	case in.region == "":
		return &apiError{http.StatusForbidden, "InvalidSignatureException", "Credential should be scoped to a valid region. "}
	}
	return nil
}

// action is the operation that a query API's form names, "" if it is no such call.
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

// unknownOperation answers what no service here knows.
func unknownOperation(in *incoming) operation {
	what := in.Method + " " + in.URL.Path
	if named := cmp.Or(in.Header.Get("X-Amz-Target"), in.action()); named != "" {
		what += " (" + named + ")"
	}
	return operation{
		service: in.service,
		name:    what,
		serve: func(*incoming) (answer, error) {
			return answer{}, &apiError{http.StatusNotFound, "UnknownOperationException", "This local AWS does not know the operation " + what}
		},
	}
}
