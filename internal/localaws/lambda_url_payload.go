package localaws

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// event returns what the function gets for a request: the payload format 2.0.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads
func (u *functionURLs) event(e *urlEndpoint, r *urlRequest) []byte {
	type object = map[string]any
	now := time.Now().UTC()
	source, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		source = "127.0.0.1" // a Loopback's connections have no address
	}
	headers := map[string]string{"host": r.domain, "x-forwarded-for": source, "x-forwarded-port": "443", "x-forwarded-proto": "https"}
	for name, values := range r.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	about := object{
		"accountId":    "anonymous",
		"apiId":        r.id,
		"domainName":   r.domain,
		"domainPrefix": r.id,
		"http":         object{"method": r.Method, "path": r.URL.EscapedPath(), "protocol": r.Proto, "sourceIp": source, "userAgent": r.UserAgent()},
		"requestId":    newID(),
		"routeKey":     "$default",
		"stage":        "$default",
		"time":         now.Format("02/Jan/2006:15:04:05 -0700"),
		"timeEpoch":    now.UnixMilli(),
	}
	if e.auth == "AWS_IAM" {
		arn, id := u.caller(r.incoming)
		about["accountId"] = u.account
		about["authorizer"] = object{"iam": object{"accessKey": r.key, "accountId": u.account, "callerId": id, "userArn": arn, "userId": id}}
	}
	event := object{
		"version":         "2.0",
		"routeKey":        "$default",
		"rawPath":         r.URL.EscapedPath(),
		"rawQueryString":  r.URL.RawQuery,
		"headers":         headers,
		"requestContext":  about,
		"isBase64Encoded": false,
	}
	if query := r.URL.Query(); len(query) > 0 {
		values := map[string]string{}
		for name, list := range query {
			values[name] = strings.Join(list, ",")
		}
		event["queryStringParameters"] = values
	}
	if cookies := r.Cookies(); len(cookies) > 0 {
		var list []string
		for _, c := range cookies {
			list = append(list, c.Name+"="+c.Value)
		}
		event["cookies"] = list
	}
	switch kind := strings.ToLower(r.Header.Get("Content-Type")); {
	case len(r.body) == 0:
	case strings.Contains(kind, "text"), strings.Contains(kind, "json"), strings.Contains(kind, "xml"):
		event["body"] = string(r.body)
	default:
		event["body"], event["isBase64Encoded"] = r.body, true // a []byte is encoded in Base64
	}
	return []byte(text(event))
}

// response makes an HTTP response of the payload that a function returned: of an
// object with a statusCode, or else of any value, which is then the body. A body that
// is a string is sent without quotes.
func response(payload []byte) answer {
	a := answer{status: http.StatusOK, header: http.Header{}, body: unquoted(payload)}
	var out struct {
		StatusCode      any             `json:"statusCode"` // a number, or a string with one
		Headers         map[string]any  `json:"headers"`
		Cookies         []string        `json:"cookies"`
		Body            json.RawMessage `json:"body"`
		IsBase64Encoded bool            `json:"isBase64Encoded"`
	}
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	if err := d.Decode(&out); err != nil || out.StatusCode == nil {
		return a
	}
	var err error
	if a.status, err = strconv.Atoi(fmt.Sprint(out.StatusCode)); err != nil || a.status < 200 || a.status > 599 {
		return badGateway()
	}
	a.body = unquoted(out.Body)
	if out.IsBase64Encoded {
		if a.body, err = base64.StdEncoding.DecodeString(string(a.body)); err != nil {
			return badGateway()
		}
	}
	for name, value := range out.Headers {
		a.header.Set(name, fmt.Sprint(value))
	}
	for _, cookie := range out.Cookies {
		a.header.Add("Set-Cookie", cookie)
	}
	return a
}

// unquoted returns the content of a JSON string, or any other value as it is.
func unquoted(value []byte) []byte {
	var s string
	if json.Unmarshal(value, &s) == nil {
		return []byte(s)
	}
	return value
}
