package localaws

import (
	"crypto/rand"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
)

// answer is the response to a call.
type answer struct {
	status int
	header http.Header // may be nil
	body   []byte
	torn   bool // the connection is closed in the middle of the body
}

// reply is an answer with a JSON body.
func reply(status int, v any) answer {
	body, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("localaws: encode answer: %v", err)) // the types here always encode
	}
	return answer{status: status, body: body}
}

// empty is an answer without a body.
func empty() answer { return answer{status: http.StatusNoContent} }

// write sends the answer with a request id.
func (a answer) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.Header().Set("X-Amzn-Requestid", newID())
	if w.Header().Get("Content-Type") == "" && len(a.body) > 0 {
		w.Header().Set("Content-Type", "application/json")
	}
	body := a.body
	if a.torn {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		body = body[:len(body)/2]
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(body) // fails only if the caller has disconnected
}

// apiError is an error as AWS returns it.
type apiError struct {
	status  int
	code    string
	message string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

// failure returns the answer for an error in the caller's protocol: XML for a
// query API, CBOR or JSON with the error type in the body for an API of named
// operations, and JSON with the error type in a header for a REST API.
func failure(in *incoming, err error) answer {
	var e *apiError
	if !errors.As(err, &e) {
		e = &apiError{http.StatusInternalServerError, "ServiceException", err.Error()}
	}
	switch {
	case in.service == "s3":
		if withHeader, ok := errors.AsType[*s3Error](err); ok {
			return e.s3(withHeader.header)
		}
		return e.s3(nil)
	case in.action() != "":
		return e.xml()
	case in.isCBOR(), in.Header.Get("X-Amz-Target") != "":
		return e.named(in)
	}
	body := map[string]string{"Type": "User"}
	if e.status >= 500 {
		body["Type"] = "Service"
	}
	switch e.code {
	case "ResourceNotFoundException": // the only error with a capital M
		body["Message"] = e.message
	case "TooManyRequestsException":
		if in.service == "lambda" {
			body["Reason"] = "CallerRateLimitExceeded"
		}
		body["message"] = e.message
	default:
		body["message"] = e.message
	}
	a := reply(e.status, body)
	if e.code != "" {
		a.header = http.Header{"X-Amzn-Errortype": {e.code}}
	}
	return a
}

// xml returns the error as a query API encodes it.
func (e *apiError) xml() answer {
	type detail struct{ Type, Code, Message string }
	body, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"ErrorResponse"`
		Error   detail
	}{Error: detail{"Sender", e.code, e.message}})
	if err != nil {
		panic(fmt.Sprintf("localaws: encode error: %v", err)) // strings always encode
	}
	return answer{status: e.status, header: http.Header{"Content-Type": {"text/xml"}}, body: body}
}

func notFound(format string, args ...any) error {
	return &apiError{http.StatusNotFound, "ResourceNotFoundException", fmt.Sprintf(format, args...)}
}

func conflict(format string, args ...any) error {
	return &apiError{http.StatusConflict, "ResourceConflictException", fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) error {
	return &apiError{http.StatusBadRequest, "InvalidParameterValueException", fmt.Sprintf(format, args...)}
}

func throttled() error {
	return &apiError{http.StatusTooManyRequests, "TooManyRequestsException", "Rate exceeded"}
}

// stale is the error for a RevisionId that is out of date (V9, A7).
func stale() error {
	return &apiError{http.StatusPreconditionFailed, "PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id"}
}

// newID returns a random UUID: a revision or request id.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
