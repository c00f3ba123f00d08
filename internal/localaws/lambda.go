package localaws

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// lambda implements AWS Lambda.
type lambda struct {
	*store
}

// route is the method and path of an operation of Lambda's REST API. In the path,
// the "{}" after functions or tags stands for the function, and another one for the
// alias, statement or other item. A query is part of the path only where it
// distinguishes operations.
type route struct {
	method  string
	path    string
	name    string
	budget  budget
	handler func(*lambda, *request) (answer, error)
}

var lambdaRoutes = []route{
	{"POST", "/2015-03-31/functions", "CreateFunction", controlPlane, (*lambda).createFunction},
	{"GET", "/2015-03-31/functions", "ListFunctions", controlPlane, (*lambda).listFunctions},
	{"GET", "/2015-03-31/functions/{}", "GetFunction", getFunction, (*lambda).getFunction},
	{"DELETE", "/2015-03-31/functions/{}", "DeleteFunction", controlPlane, (*lambda).deleteFunction},
	{"GET", "/2015-03-31/functions/{}/configuration", "GetFunctionConfiguration", controlPlane, (*lambda).getFunctionConfiguration},
	{"PUT", "/2015-03-31/functions/{}/configuration", "UpdateFunctionConfiguration", controlPlane, (*lambda).updateFunctionConfiguration},
	{"PUT", "/2015-03-31/functions/{}/code", "UpdateFunctionCode", controlPlane, (*lambda).updateFunctionCode},
	{"POST", "/2015-03-31/functions/{}/versions", "PublishVersion", controlPlane, (*lambda).publishVersion},
	{"GET", "/2015-03-31/functions/{}/versions", "ListVersionsByFunction", controlPlane, (*lambda).listVersionsByFunction},
	{"POST", "/2015-03-31/functions/{}/aliases", "CreateAlias", controlPlane, (*lambda).createAlias},
	{"GET", "/2015-03-31/functions/{}/aliases", "ListAliases", controlPlane, (*lambda).listAliases},
	{"GET", "/2015-03-31/functions/{}/aliases/{}", "GetAlias", controlPlane, (*lambda).getAlias},
	{"PUT", "/2015-03-31/functions/{}/aliases/{}", "UpdateAlias", controlPlane, (*lambda).updateAlias},
	{"DELETE", "/2015-03-31/functions/{}/aliases/{}", "DeleteAlias", controlPlane, (*lambda).deleteAlias},
	{"POST", "/2015-03-31/functions/{}/policy", "AddPermission", controlPlane, (*lambda).addPermission},
	{"GET", "/2015-03-31/functions/{}/policy", "GetPolicy", getPolicy, (*lambda).getPolicy},
	{"DELETE", "/2015-03-31/functions/{}/policy/{}", "RemovePermission", controlPlane, (*lambda).removePermission},
	{"PUT", "/2019-09-30/functions/{}/provisioned-concurrency", "PutProvisionedConcurrencyConfig", controlPlane, (*lambda).putProvisionedConcurrencyConfig},
	{"GET", "/2019-09-30/functions/{}/provisioned-concurrency?List=ALL", "ListProvisionedConcurrencyConfigs", controlPlane, (*lambda).listProvisionedConcurrencyConfigs},
	{"GET", "/2019-09-30/functions/{}/provisioned-concurrency", "GetProvisionedConcurrencyConfig", controlPlane, (*lambda).getProvisionedConcurrencyConfig},
	{"DELETE", "/2019-09-30/functions/{}/provisioned-concurrency", "DeleteProvisionedConcurrencyConfig", controlPlane, (*lambda).deleteProvisionedConcurrencyConfig},
	{"POST", "/2021-10-31/functions/{}/url", "CreateFunctionUrlConfig", controlPlane, (*lambda).createFunctionURLConfig},
	{"GET", "/2021-10-31/functions/{}/url", "GetFunctionUrlConfig", controlPlane, (*lambda).getFunctionURLConfig},
	{"PUT", "/2021-10-31/functions/{}/url", "UpdateFunctionUrlConfig", controlPlane, (*lambda).updateFunctionURLConfig},
	{"DELETE", "/2021-10-31/functions/{}/url", "DeleteFunctionUrlConfig", controlPlane, (*lambda).deleteFunctionURLConfig},
	{"GET", "/2021-10-31/functions/{}/urls", "ListFunctionUrlConfigs", controlPlane, (*lambda).listFunctionURLConfigs},
	{"PUT", "/2019-09-25/functions/{}/event-invoke-config", "PutFunctionEventInvokeConfig", controlPlane, (*lambda).putFunctionEventInvokeConfig},
	{"POST", "/2019-09-25/functions/{}/event-invoke-config", "UpdateFunctionEventInvokeConfig", controlPlane, (*lambda).updateFunctionEventInvokeConfig},
	{"GET", "/2019-09-25/functions/{}/event-invoke-config", "GetFunctionEventInvokeConfig", controlPlane, (*lambda).getFunctionEventInvokeConfig},
	{"DELETE", "/2019-09-25/functions/{}/event-invoke-config", "DeleteFunctionEventInvokeConfig", controlPlane, (*lambda).deleteFunctionEventInvokeConfig},
	{"GET", "/2019-09-25/functions/{}/event-invoke-config/list", "ListFunctionEventInvokeConfigs", controlPlane, (*lambda).listFunctionEventInvokeConfigs},
	{"POST", "/2015-03-31/event-source-mappings", "CreateEventSourceMapping", controlPlane, (*lambda).createEventSourceMapping},
	{"GET", "/2015-03-31/event-source-mappings", "ListEventSourceMappings", controlPlane, (*lambda).listEventSourceMappings},
	{"GET", "/2015-03-31/event-source-mappings/{}", "GetEventSourceMapping", controlPlane, (*lambda).getEventSourceMapping},
	{"PUT", "/2015-03-31/event-source-mappings/{}", "UpdateEventSourceMapping", controlPlane, (*lambda).updateEventSourceMapping},
	{"DELETE", "/2015-03-31/event-source-mappings/{}", "DeleteEventSourceMapping", controlPlane, (*lambda).deleteEventSourceMapping},
	{"GET", "/2025-12-01/functions/{}/durable-executions", "ListDurableExecutionsByFunction", controlPlane, (*lambda).listDurableExecutionsByFunction},
	{"GET", "/2025-12-01/durable-executions/{}", "GetDurableExecution", controlPlane, (*lambda).getDurableExecution},
	{"POST", "/2025-12-01/durable-executions/{}/stop", "StopDurableExecution", controlPlane, (*lambda).stopDurableExecution},
	{"GET", "/2017-03-31/tags/{}", "ListTags", controlPlane, (*lambda).listTags},
	{"POST", "/2017-03-31/tags/{}", "TagResource", controlPlane, (*lambda).tagResource},
	{"DELETE", "/2017-03-31/tags/{}", "UntagResource", controlPlane, (*lambda).untagResource},
	{"POST", "/2015-03-31/functions/{}/invocations", "Invoke", free, (*lambda).invoke},
}

// request is a call of one of Lambda's operations.
type request struct {
	*incoming
	operation string
	function  string // as the caller wrote it
	item      string // alias, statement id or other item in the path
	query     url.Values
}

// operation finds the route of a request.
func (l *lambda) operation(in *incoming) (operation, bool) {
	for _, rt := range lambdaRoutes {
		path, query, _ := strings.Cut(rt.path, "?")
		values, ok := match(path, strings.TrimSuffix(in.URL.EscapedPath(), "/"))
		if !ok || rt.method != in.Method || !strings.Contains(in.URL.RawQuery, query) {
			continue
		}
		r := &request{incoming: in, operation: rt.name, query: in.URL.Query()}
		if strings.Contains(path, "/functions/{}") || strings.Contains(path, "/tags/{}") {
			r.function, values = values[0], values[1:]
		}
		if len(values) > 0 {
			r.item = values[0]
		}
		function, qualifier := r.about()
		return operation{
			service:   "lambda",
			name:      rt.name,
			function:  function,
			qualifier: qualifier,
			budget:    rt.budget,
			serve: func(*incoming) (answer, error) {
				if err := r.size(); err != nil {
					return answer{}, err
				}
				if err := l.notYet(r); err != nil {
					return answer{}, err
				}
				return rt.handler(l, r)
			},
		}, true
	}
	return operation{}, false
}

// match matches an escaped path with a route's path and returns its unescaped
// values.
func match(pattern, path string) (values []string, ok bool) {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	for i, w := range want {
		if w != "{}" {
			if w != got[i] {
				return nil, false
			}
			continue
		}
		value, err := url.PathUnescape(got[i])
		if err != nil || value == "" {
			return nil, false
		}
		values = append(values, value)
	}
	return values, true
}

// about returns the function, and the version or alias, that a call names, for the
// record. CreateFunction, CreateAlias and CreateEventSourceMapping name theirs in the
// body.
func (r *request) about() (function, qualifier string) {
	named := r.function
	switch r.operation {
	case "CreateFunction", "CreateAlias", "CreateEventSourceMapping":
		var body struct{ FunctionName, Name string }
		_ = json.Unmarshal(r.body, &body) // a broken body names nothing
		if r.operation != "CreateAlias" {
			named = body.FunctionName
		}
		qualifier = body.Name
	case "GetAlias", "UpdateAlias", "DeleteAlias":
		qualifier = r.item
	case "ListEventSourceMappings":
		named = r.query.Get("FunctionName")
	default:
		qualifier = r.query.Get("Qualifier")
	}
	n, ok := parseName(named)
	if !ok {
		return named, qualifier
	}
	if qualifier == "" {
		qualifier = n.qualifier
	}
	return n.function, qualifier
}

// The maximum sizes in bytes of a request and of the payload of a synchronous
// Invoke.
const (
	maxBody    = 70167211
	maxPayload = 6291456
)

// size returns the error for a request that is too large.
func (r *request) size() error {
	switch r.operation {
	case "Invoke":
		if len(r.body) > maxPayload {
			return &apiError{http.StatusRequestEntityTooLarge, "RequestTooLargeException",
				fmt.Sprintf("%d byte payload is too large for the RequestResponse invocation type (limit %d bytes)", len(r.body), maxPayload)}
		}
	default:
		if len(r.body) > maxBody {
			return &apiError{http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException",
				fmt.Sprintf("Request must be smaller than %d bytes for the %s operation", maxBody, r.operation)}
		}
	}
	return nil
}

// targetOf returns the target of a call; parameter is its Qualifier, "" if the
// operation has none.
func (l *lambda) targetOf(r *request, parameter string) (target, error) {
	return l.target(r.incoming, r.operation, r.function, parameter)
}

// functionOf returns the function of a call whose operation has no Qualifier.
func (l *lambda) functionOf(r *request) (*function, error) {
	t, err := l.targetOf(r, "")
	if err != nil {
		return nil, err
	}
	t.qualifier = ""
	return l.find(t)
}
