package localaws

import (
	"fmt"
	"net/http"
	"strings"
)

// apigateway implements the APIs and stages of Amazon API Gateway: REST APIs
// under /restapis, HTTP and WebSocket APIs under /v2/apis.
type apigateway struct {
	*store
}

// gatewayRoute is the method and path of an operation. In the path, the first
// "{}" stands for the API and the second for the stage.
type gatewayRoute struct {
	method  string
	path    string
	name    string
	handler func(*apigateway, *gatewayRequest) (answer, error)
}

var gatewayRoutes = []gatewayRoute{
	{"POST", "/restapis", "CreateRestApi", (*apigateway).createRestAPI},
	{"GET", "/restapis/{}", "GetRestApi", (*apigateway).getRestAPI},
	{"POST", "/restapis/{}/deployments", "CreateDeployment", (*apigateway).createRestDeployment},
	{"GET", "/restapis/{}/stages", "GetStages", (*apigateway).getRestStages},
	{"POST", "/restapis/{}/stages", "CreateStage", (*apigateway).createRestStage},
	{"GET", "/restapis/{}/stages/{}", "GetStage", (*apigateway).getRestStage},
	{"PATCH", "/restapis/{}/stages/{}", "UpdateStage", (*apigateway).updateRestStage},
	{"POST", "/v2/apis", "CreateApi", (*apigateway).createHTTPAPI},
	{"GET", "/v2/apis/{}", "GetApi", (*apigateway).getHTTPAPI},
	{"GET", "/v2/apis/{}/stages", "GetStages", (*apigateway).getHTTPStages},
	{"POST", "/v2/apis/{}/stages", "CreateStage", (*apigateway).createHTTPStage},
	{"GET", "/v2/apis/{}/stages/{}", "GetStage", (*apigateway).getHTTPStage},
	{"PATCH", "/v2/apis/{}/stages/{}", "UpdateStage", (*apigateway).updateHTTPStage},
}

// gatewayRequest is a call of an API Gateway operation.
type gatewayRequest struct {
	*incoming
	kind  string // of the API: restAPI or httpAPI
	api   string
	stage string
}

// The kinds of APIs.
const (
	restAPI = "apigateway"
	httpAPI = "apigatewayv2"
)

// operation finds the route of a request.
func (g *apigateway) operation(in *incoming) (operation, bool) {
	for _, rt := range gatewayRoutes {
		values, ok := match(rt.path, strings.TrimSuffix(in.URL.EscapedPath(), "/"))
		if !ok || rt.method != in.Method {
			continue
		}
		r := &gatewayRequest{incoming: in, kind: restAPI}
		if strings.HasPrefix(rt.path, "/v2/") {
			r.kind = httpAPI
		}
		if len(values) > 0 {
			r.api = values[0]
		}
		if len(values) > 1 {
			r.stage = values[1]
		}
		return operation{
			service: r.kind,
			name:    rt.name,
			serve:   func(*incoming) (answer, error) { return rt.handler(g, r) },
		}, true
	}
	return operation{}, false
}

// badRequest is API Gateway's error for invalid input.
func badRequest(format string, args ...any) error {
	return bad("BadRequestException", format, args...)
}

// notFoundException is API Gateway's error for an API or stage that does not exist.
func notFoundException(format string, args ...any) error {
	return &apiError{http.StatusNotFound, "NotFoundException", fmt.Sprintf(format, args...)}
}
