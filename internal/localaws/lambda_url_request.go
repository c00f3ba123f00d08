package localaws

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// functionURLs answers the requests to function URLs: those that have the host of one
// in the header Host.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
type functionURLs struct{ *lambda }

var urlHost = regexp.MustCompile(`^([a-z0-9]+)\.lambda-url\.(` + regionPattern + `)\.on\.aws(:\d+)?$`)

// urlRequest is a request to a function URL.
type urlRequest struct {
	*incoming
	id     string // in the host
	domain string // the host without a port
	region string
}

// urlEndpoint is a function URL that a request names.
type urlEndpoint struct {
	functionURL
	target  target
	missing bool // its alias was deleted
	public  bool // callers need no signature
}

// operation recognizes a request by its host.
func (u *functionURLs) operation(in *incoming) (operation, bool) {
	host := strings.ToLower(in.Host)
	m := urlHost.FindStringSubmatch(host)
	if m == nil {
		return operation{}, false
	}
	domain, _, _ := strings.Cut(host, ":")
	r := &urlRequest{incoming: in, id: m[1], domain: domain, region: m[2]}
	op := operation{service: "lambda-url", name: in.Method + " " + in.URL.Path, unsigned: true}
	if e := u.endpoint(r); e != nil {
		op.function, op.qualifier = e.target.function, e.target.qualifier
	}
	op.serve = func(*incoming) (answer, error) { return u.serve(r), nil }
	return op, true
}

// endpoint returns the URL that a request names, nil if there is none.
func (u *functionURLs) endpoint(r *urlRequest) *urlEndpoint {
	u.mu.Lock()
	defer u.mu.Unlock()
	for arn := range u.functions {
		f := u.function(arn)
		for qualifier, url := range f.urls {
			if url.id != r.id || f.region() != r.region {
				continue
			}
			p := f.policies[qualifier]
			return &urlEndpoint{
				functionURL: *url,
				target:      target{f.name, f.arn, qualifier},
				missing:     qualifier != "" && f.aliases[qualifier] == nil,
				public:      url.auth == "NONE" && p.public("lambda:InvokeFunctionUrl", url.auth) && p.public("lambda:InvokeFunction", url.auth),
			}
		}
	}
	return nil
}

// public reports whether a policy allows an action to everyone who sends requests to
// a URL with this AuthType.
func (p *policy) public(action, auth string) bool {
	if p == nil {
		return false
	}
	met := map[string]string{"lambda:FunctionUrlAuthType": auth, "lambda:InvokedViaFunctionUrl": "true"}
	return slices.ContainsFunc(p.statements, func(st statement) bool {
		for _, conditions := range st.Condition {
			for key, value := range conditions {
				if met[key] != value {
					return false
				}
			}
		}
		return st.Principal == "*" && slices.Contains([]string{action, "lambda:*", "*"}, st.Action)
	})
}

// serve answers a request. A URL without its alias is forbidden, like one that may not
// be called; one that does not exist has no message (both recorded by LocalStack).
func (u *functionURLs) serve(r *urlRequest) answer {
	e := u.endpoint(r)
	if e == nil {
		return forbidden(nil)
	}
	cors := e.crossOrigin()
	if cors != nil && r.isPreflight() {
		return answer{status: http.StatusOK, header: cors.preflight(r)}
	}
	permitted := e.public || e.auth == "AWS_IAM" && u.authenticate(r.incoming) == nil
	if e.missing || !permitted {
		return forbidden("Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html")
	}
	a := u.invokeURL(e, r)
	if cors != nil { // AWS adds to what the function returns, even if it is there already
		for name, values := range cors.actual(r) {
			a.header[name] = append(values, a.header[name]...)
		}
	}
	return a
}

// forbidden is the answer to a request that may not invoke the function.
func forbidden(message any) answer {
	a := reply(http.StatusForbidden, map[string]any{"Message": message})
	a.header = http.Header{"X-Amzn-Errortype": {"AccessDeniedException"}}
	return a
}

// invokeURL invokes the function, and answers with what it returns.
func (u *functionURLs) invokeURL(e *urlEndpoint, r *urlRequest) answer {
	out, _, _, err := u.execute(invokeInput{region: r.region, target: e.target, payload: u.event(e, r)})
	switch {
	case err == nil && out.Status == http.StatusTooManyRequests:
		return answer{status: out.Status, header: http.Header{}, body: []byte(`{"Message":"Rate Exceeded."}`)}
	case err != nil, out.FunctionError != "":
		return badGateway()
	}
	return response(out.Payload)
}

// badGateway is the answer to a request for which the function fails.
func badGateway() answer {
	return answer{status: http.StatusBadGateway, header: http.Header{}, body: []byte("Internal Server Error")}
}
