package localaws

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// rpc is a service whose requests name their operation: in the header
// X-Amz-Target, with a JSON body, or in the path of the protocol rpc-v2-cbor
// (https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html).
type rpc struct {
	service    string
	model      string // name of the service in its protocol
	operations map[string]procedure
}

// procedure carries out a call and returns the output to encode.
type procedure func(*incoming) (any, error)

// named returns a procedure that decodes the input and calls f.
func named[In any](f func(*incoming, In) (any, error)) procedure {
	return func(in *incoming) (any, error) {
		var input In
		if err := in.decodeNamed(&input); err != nil {
			return nil, err
		}
		return f(in, input)
	}
}

// operation returns the operation that a request names.
func (p *rpc) operation(in *incoming) (operation, bool) {
	name, ok := strings.CutPrefix(in.Header.Get("X-Amz-Target"), p.model+".")
	if in.isCBOR() {
		name, ok = strings.CutPrefix(in.URL.Path, "/service/"+p.model+"/operation/")
	}
	run := p.operations[name]
	if !ok || run == nil {
		return operation{}, false
	}
	return operation{
		service: p.service,
		name:    name,
		serve: func(in *incoming) (answer, error) {
			out, err := run(in)
			if err != nil {
				return answer{}, err
			}
			return in.replyNamed(http.StatusOK, out), nil
		},
	}, true
}

// isCBOR reports whether the protocol of the request is rpc-v2-cbor.
func (in *incoming) isCBOR() bool { return in.Header.Get("Smithy-Protocol") == "rpc-v2-cbor" }

// decodeNamed decodes the body of a named operation.
func (in *incoming) decodeNamed(v any) error {
	body := in.body
	if in.isCBOR() && len(body) > 0 {
		var err error
		if body, err = jsonOfCBOR(body); err != nil {
			return unreadable(err)
		}
	}
	if len(body) == 0 {
		return nil
	}
	if err := json.Unmarshal(body, v); err != nil {
		return unreadable(err)
	}
	return nil
}

func unreadable(err error) error {
	return &apiError{http.StatusBadRequest, "SerializationException", err.Error()}
}

// replyNamed returns an answer in the caller's protocol; a nil output has no
// members.
func (in *incoming) replyNamed(status int, out any) answer {
	if out == nil {
		out = struct{}{}
	}
	if in.isCBOR() {
		return answer{
			status: status,
			header: http.Header{"Content-Type": {"application/cbor"}, "Smithy-Protocol": {"rpc-v2-cbor"}},
			body:   cborOf(out),
		}
	}
	a := reply(status, out)
	if kind := in.Header.Get("Content-Type"); kind != "" {
		a.header = http.Header{"Content-Type": {kind}} // "application/x-amz-json-1.0" or 1.1
	}
	return a
}

// queryCodes maps the error codes of CloudWatch's query protocol to those that
// differ in its newer protocols: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait.
var queryCodes = map[string]string{
	"InvalidFormat":               "InvalidFormatFault",
	"InvalidParameterCombination": "InvalidParameterCombinationException",
	"InvalidParameterValue":       "InvalidParameterValueException",
	"LimitExceeded":               "LimitExceededFault",
	"MissingParameter":            "MissingRequiredParameterException",
	"ValidationError":             "ValidationException",
}

// named returns the error as the protocols with named operations encode it.
// Callers that ask for the codes of the query protocol get them in a header, and
// the newer codes in the body.
func (e *apiError) named(in *incoming) answer {
	kind, fault := e.code, "Sender"
	if e.status >= 500 {
		fault = "Receiver"
	}
	compatible := in.Header.Get("X-Amzn-Query-Mode") == "true"
	if newer := queryCodes[kind]; compatible && newer != "" {
		kind = newer
	}
	a := in.replyNamed(e.status, map[string]string{"__type": kind, "message": e.message})
	if a.header == nil {
		a.header = http.Header{}
	}
	if e.code != "" {
		a.header.Set("X-Amzn-Errortype", kind)
		if compatible {
			a.header.Set("X-Amzn-Query-Error", e.code+";"+fault)
		}
	}
	return a
}

// epoch is a time that is encoded in seconds since 1970.
type epoch struct{ time.Time }

// seconds returns the time in seconds, with milliseconds.
func (e epoch) seconds() float64 { return float64(e.UnixMilli()) / 1000 }

// MarshalJSON encodes the time as a number.
func (e epoch) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, e.seconds(), 'f', -1, 64), nil
}

// UnmarshalJSON decodes a number.
func (e *epoch) UnmarshalJSON(b []byte) error {
	var seconds *float64
	if err := json.Unmarshal(b, &seconds); err != nil || seconds == nil {
		return err
	}
	e.Time = time.UnixMilli(int64(*seconds * 1000)).UTC()
	return nil
}
