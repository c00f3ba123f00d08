package localaws

import (
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// api is an API of API Gateway.
type api struct {
	id       string
	kind     string // restAPI or httpAPI
	name     string
	protocol string // of an httpAPI: "HTTP" or "WEBSOCKET"
	created  time.Time
	stages   map[string]*stage

	deployments map[string]bool // of a restAPI, by id
}

// stage is a named deployment of an API, with its own URL and variables.
type stage struct {
	name        string
	description string
	deployment  string
	auto        bool // an httpAPI's AutoDeploy
	variables   map[string]string
	canary      *canarySettings // of a restAPI's stage; nil: none
	created     time.Time
	updated     time.Time
}

// newAPIID returns a random id in API Gateway's form: ten letters and digits.
func newAPIID() string { return strings.ToLower(rand.Text()[:10]) }

// addAPI stores a new API.
func (s *store) addAPI(region string, a *api) *api {
	a.created, a.stages, a.deployments = time.Now(), map[string]*stage{}, map[string]bool{}
	s.apis[place{region, a.id}] = a
	return a
}

// deploy adds a deployment of a REST API and returns its id.
func (a *api) deploy() string {
	id := newAPIID()[:6]
	a.deployments[id] = true
	return id
}

// addStage creates or replaces a stage.
func (s *store) addStage(a *api, to stage) *stage {
	to.created = time.Now()
	to.updated = to.created
	to.variables = maps.Clone(to.variables)
	if to.variables == nil {
		to.variables = map[string]string{}
	}
	a.stages[to.name] = &to
	return &to
}

// apiOf finds the API of a call.
func (g *apigateway) apiOf(r *gatewayRequest) (*api, error) {
	a := g.apis[place{r.region, r.api}]
	if a == nil || a.kind != r.kind {
		return nil, notFoundException("Invalid API identifier specified %s:%s", g.account, r.api)
	}
	return a, nil
}

// stageOf finds the stage of a call.
func (g *apigateway) stageOf(r *gatewayRequest) (*stage, error) {
	a, err := g.apiOf(r)
	if err != nil {
		return nil, err
	}
	s := a.stages[r.stage]
	if s == nil {
		return nil, notFoundException("Invalid stage identifier specified")
	}
	return s, nil
}

var (
	variableName  = regexp.MustCompile(`^[A-Za-z0-9_]+$`)
	variableValue = regexp.MustCompile(`^[A-Za-z0-9-._~:/?#&=, ]*$`)
)

// checkVariable checks a stage variable against API Gateway's constraints.
func checkVariable(name, value string) error {
	switch {
	case !variableName.MatchString(name):
		return badRequest("Invalid stage variable name: %s. Please use variable names with alphanumeric characters and underscores.", name)
	case !variableValue.MatchString(value):
		return badRequest("Invalid stage variable value of key %s.  Please use values with alphanumeric characters and the symbols ' ', -', '.', '_', ':', '/', '?', '&', '=', and ','.", name)
	}
	return nil
}

// restStage is the Stage of a REST API.
type restStage struct {
	DeploymentID        string            `json:"deploymentId"`
	StageName           string            `json:"stageName"`
	Description         string            `json:"description,omitempty"`
	CacheClusterEnabled bool              `json:"cacheClusterEnabled"`
	CacheClusterStatus  string            `json:"cacheClusterStatus"`
	CanarySettings      *canarySettings   `json:"canarySettings,omitempty"`
	MethodSettings      struct{}          `json:"methodSettings"`
	Variables           map[string]string `json:"variables,omitempty"`
	TracingEnabled      bool              `json:"tracingEnabled"`
	CreatedDate         epoch             `json:"createdDate"`
	LastUpdatedDate     epoch             `json:"lastUpdatedDate"`
}

func (s *stage) rest() restStage {
	return restStage{
		DeploymentID:       s.deployment,
		StageName:          s.name,
		Description:        s.description,
		CacheClusterStatus: "NOT_AVAILABLE",
		Variables:          s.variables,
		CanarySettings:     s.canary,
		CreatedDate:        epoch{s.created},
		LastUpdatedDate:    epoch{s.updated},
	}
}

// httpStage is the Stage of an HTTP or WebSocket API.
type httpStage struct {
	AutoDeploy           bool              `json:"autoDeploy"`
	CreatedDate          time.Time         `json:"createdDate"`
	DefaultRouteSettings map[string]bool   `json:"defaultRouteSettings"`
	DeploymentID         string            `json:"deploymentId,omitempty"`
	Description          string            `json:"description,omitempty"`
	LastUpdatedDate      time.Time         `json:"lastUpdatedDate"`
	RouteSettings        struct{}          `json:"routeSettings"`
	StageName            string            `json:"stageName"`
	StageVariables       map[string]string `json:"stageVariables"`
	Tags                 struct{}          `json:"tags"`
}

func (s *stage) http() httpStage {
	return httpStage{
		AutoDeploy:           s.auto,
		CreatedDate:          s.created.UTC().Truncate(time.Second),
		DefaultRouteSettings: map[string]bool{"detailedMetricsEnabled": false},
		DeploymentID:         s.deployment,
		Description:          s.description,
		LastUpdatedDate:      s.updated.UTC().Truncate(time.Second),
		StageName:            s.name,
		StageVariables:       s.variables,
	}
}

// getRestStage returns a stage of a REST API.
func (g *apigateway) getRestStage(r *gatewayRequest) (answer, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s, err := g.stageOf(r)
	if err != nil {
		return answer{}, err
	}
	return reply(http.StatusOK, s.rest()), nil
}

// stagesOf returns the stages of the API of a call, sorted by name.
func (g *apigateway) stagesOf(r *gatewayRequest) ([]*stage, error) {
	a, err := g.apiOf(r)
	if err != nil {
		return nil, err
	}
	return slices.SortedFunc(maps.Values(a.stages), func(x, y *stage) int { return strings.Compare(x.name, y.name) }), nil
}

// getRestStages returns the stages of a REST API, or those of one deployment.
func (g *apigateway) getRestStages(r *gatewayRequest) (answer, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	stages, err := g.stagesOf(r)
	if err != nil {
		return answer{}, err
	}
	deployment := r.URL.Query().Get("deploymentId")
	all := []restStage{}
	for _, s := range stages {
		if deployment == "" || s.deployment == deployment {
			all = append(all, s.rest())
		}
	}
	return reply(http.StatusOK, map[string]any{"item": all}), nil
}

// getHTTPStages returns the stages of an HTTP or WebSocket API, on one page.
func (g *apigateway) getHTTPStages(r *gatewayRequest) (answer, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	stages, err := g.stagesOf(r)
	if err != nil {
		return answer{}, err
	}
	all := []httpStage{}
	for _, s := range stages {
		all = append(all, s.http())
	}
	return reply(http.StatusOK, map[string]any{"items": all}), nil
}

// patch is one change of a REST API's stage
// (https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html).
type patch struct {
	Op    string  `json:"op"`
	Path  string  `json:"path"`
	From  string  `json:"from"` // of a copy
	Value *string `json:"value"`
}

// apply makes the change to a stage.
func (p *patch) apply(a *api, to *stage) error {
	value := ""
	if p.Value != nil {
		value = *p.Value
	}
	name, variable := strings.CutPrefix(p.Path, "/variables/")
	switch {
	case p.Op == "replace" && p.Path == "/description":
		to.description = value
	case p.Op == "replace" && p.Path == "/deploymentId":
		if err := a.deploymentOf(value); err != nil {
			return err
		}
		to.deployment = value
	case p.Op == "copy":
		return p.promoteCanary(to)
	case strings.HasPrefix(p.Path, "/canarySettings"):
		return p.patchCanary(a, to, value)
	case p.Op == "remove" && variable:
		delete(to.variables, name)
	case (p.Op == "replace" || p.Op == "add") && variable:
		// The name is a segment of a JSON pointer.
		name = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
		if err := checkVariable(name, value); err != nil {
			return err
		}
		to.variables[name] = value
	default:
		return badRequest("Invalid patch path  '%s' specified for op '%s'. Must be one of: [/deploymentId, /description, /variables/{name}]", p.Path, p.Op)
	}
	return nil
}

// updateRestStage applies all patch operations, or none if one is invalid.
func (g *apigateway) updateRestStage(r *gatewayRequest) (answer, error) {
	var in struct {
		PatchOperations []patch `json:"patchOperations"`
	}
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}

	g.mu.Lock()
	defer g.mu.Unlock()
	s, err := g.stageOf(r)
	if err != nil {
		return answer{}, err
	}
	to := *s
	to.variables, to.canary = maps.Clone(s.variables), s.canary.clone()
	for _, p := range in.PatchOperations {
		if err := p.apply(g.apis[place{r.region, r.api}], &to); err != nil {
			return answer{}, err
		}
	}
	to.updated = time.Now()
	*s = to
	return reply(http.StatusOK, s.rest()), nil
}

// getHTTPStage returns a stage of an HTTP or WebSocket API.
func (g *apigateway) getHTTPStage(r *gatewayRequest) (answer, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s, err := g.stageOf(r)
	if err != nil {
		return answer{}, err
	}
	return reply(http.StatusOK, s.http()), nil
}

// httpStageInput is the body of CreateStage and UpdateStage.
type httpStageInput struct {
	StageName      string            `json:"stageName"`
	Description    *string           `json:"description"`
	DeploymentID   *string           `json:"deploymentId"`
	AutoDeploy     *bool             `json:"autoDeploy"`
	StageVariables map[string]string `json:"stageVariables"`
}

// apply makes the change to a stage. Omitted variables keep their values, and an
// empty value removes a variable.
func (in *httpStageInput) apply(to *stage) error {
	set(&to.description, in.Description)
	set(&to.deployment, in.DeploymentID)
	set(&to.auto, in.AutoDeploy)
	for name, value := range in.StageVariables {
		if err := checkVariable(name, value); err != nil {
			return err
		}
		if value == "" {
			delete(to.variables, name)
		} else {
			to.variables[name] = value
		}
	}
	return nil
}

// updateHTTPStage changes a stage of an HTTP or WebSocket API.
func (g *apigateway) updateHTTPStage(r *gatewayRequest) (answer, error) {
	var in httpStageInput
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}

	g.mu.Lock()
	defer g.mu.Unlock()
	s, err := g.stageOf(r)
	if err != nil {
		return answer{}, err
	}
	to := *s
	to.variables = maps.Clone(s.variables)
	if err := in.apply(&to); err != nil {
		return answer{}, err
	}
	to.updated = time.Now()
	*s = to
	return reply(http.StatusOK, s.http()), nil
}

// createRestAPI creates a REST API without resources.
func (g *apigateway) createRestAPI(r *gatewayRequest) (answer, error) {
	var in struct {
		Name string `json:"name"`
	}
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}
	if in.Name == "" {
		return answer{}, badRequest("No API name specified")
	}

	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.addAPI(r.region, &api{id: newAPIID(), kind: restAPI, name: in.Name})
	return reply(http.StatusCreated, a.rest()), nil
}

func (a *api) rest() any {
	return map[string]any{"id": a.id, "name": a.name, "createdDate": epoch{a.created}, "apiKeySource": "HEADER"}
}

// getRestAPI returns a REST API.
func (g *apigateway) getRestAPI(r *gatewayRequest) (answer, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	a, err := g.apiOf(r)
	if err != nil {
		return answer{}, err
	}
	return reply(http.StatusOK, a.rest()), nil
}

// createRestDeployment creates a deployment. If the call names a stage, it gets the
// deployment: a new one, an existing one, which keeps its variables, or a canary of
// an existing one.
func (g *apigateway) createRestDeployment(r *gatewayRequest) (answer, error) {
	var in struct {
		StageName        string            `json:"stageName"`
		StageDescription string            `json:"stageDescription"`
		Description      string            `json:"description"`
		Variables        map[string]string `json:"variables"`
		CanarySettings   *canarySettings   `json:"canarySettings"`
	}
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}

	g.mu.Lock()
	defer g.mu.Unlock()
	a, err := g.apiOf(r)
	if err != nil {
		return answer{}, err
	}
	s := a.stages[in.StageName]
	if in.CanarySettings != nil && s == nil {
		if in.StageName == "" {
			return answer{}, badRequest("Invalid deployment content specified.Non null and non empty stageName must be provided for canary deployment. Provided value is null")
		}
		return answer{}, badRequest("Invalid deployment content specified.Stage %s must already be created before making a canary release deployment", in.StageName)
	}
	id := a.deploy()
	switch {
	case in.CanarySettings != nil:
		s.canary = in.CanarySettings
		s.canary.DeploymentID = id
	case s != nil:
		s.deployment, s.updated = id, time.Now()
		maps.Copy(s.variables, in.Variables)
	case in.StageName != "":
		g.addStage(a, stage{name: in.StageName, description: in.StageDescription, deployment: id, variables: in.Variables})
	}
	return reply(http.StatusCreated, map[string]any{"id": id, "description": in.Description, "createdDate": epoch{time.Now()}}), nil
}

// createRestStage creates a stage of a REST API.
func (g *apigateway) createRestStage(r *gatewayRequest) (answer, error) {
	var in struct {
		StageName      string            `json:"stageName"`
		DeploymentID   string            `json:"deploymentId"`
		Description    string            `json:"description"`
		Variables      map[string]string `json:"variables"`
		CanarySettings *canarySettings   `json:"canarySettings"`
	}
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}
	for name, value := range in.Variables {
		if err := checkVariable(name, value); err != nil {
			return answer{}, err
		}
	}

	g.mu.Lock()
	defer g.mu.Unlock()
	a, err := g.apiOf(r)
	if err != nil {
		return answer{}, err
	}
	if a.stages[in.StageName] != nil {
		return answer{}, &apiError{http.StatusConflict, "ConflictException", "Stage already exists"}
	}
	if err := a.deploymentOf(in.DeploymentID); err != nil {
		return answer{}, err
	}
	if c := in.CanarySettings; c != nil && c.DeploymentID == "" {
		c.DeploymentID = in.DeploymentID
	}
	s := g.addStage(a, stage{name: in.StageName, description: in.Description, deployment: in.DeploymentID, variables: in.Variables, canary: in.CanarySettings})
	return reply(http.StatusCreated, s.rest()), nil
}

// createHTTPAPI creates an HTTP or WebSocket API without routes.
func (g *apigateway) createHTTPAPI(r *gatewayRequest) (answer, error) {
	var in struct {
		Name         string `json:"name"`
		ProtocolType string `json:"protocolType"`
	}
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}
	if in.ProtocolType != "HTTP" && in.ProtocolType != "WEBSOCKET" {
		return answer{}, badRequest("Invalid protocol specified. Must be one of [HTTP, WEBSOCKET]")
	}

	g.mu.Lock()
	defer g.mu.Unlock()
	a := g.addAPI(r.region, &api{id: newAPIID(), kind: httpAPI, name: in.Name, protocol: in.ProtocolType})
	return reply(http.StatusCreated, a.http(r.region)), nil
}

func (a *api) http(region string) any {
	scheme := map[string]string{"HTTP": "https", "WEBSOCKET": "wss"}[a.protocol]
	return map[string]any{
		"apiId":        a.id,
		"name":         a.name,
		"protocolType": a.protocol,
		"createdDate":  a.created.UTC().Truncate(time.Second),
		"apiEndpoint":  fmt.Sprintf("%s://%s.execute-api.%s.amazonaws.com", scheme, a.id, region),
	}
}

// getHTTPAPI returns an HTTP or WebSocket API.
func (g *apigateway) getHTTPAPI(r *gatewayRequest) (answer, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	a, err := g.apiOf(r)
	if err != nil {
		return answer{}, err
	}
	return reply(http.StatusOK, a.http(r.region)), nil
}

// createHTTPStage creates a stage of an HTTP or WebSocket API.
func (g *apigateway) createHTTPStage(r *gatewayRequest) (answer, error) {
	var in httpStageInput
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}

	g.mu.Lock()
	defer g.mu.Unlock()
	a, err := g.apiOf(r)
	if err != nil {
		return answer{}, err
	}
	if a.stages[in.StageName] != nil {
		return answer{}, &apiError{http.StatusConflict, "ConflictException", "Stage already exists"}
	}
	to := stage{name: in.StageName, variables: map[string]string{}}
	if err := in.apply(&to); err != nil {
		return answer{}, err
	}
	return reply(http.StatusCreated, g.addStage(a, to).http()), nil
}

// AddRestStage adds a stage to a REST API, which it creates if necessary.
func (c *Cloud) AddRestStage(apiID, stageName string, variables map[string]string) {
	c.addStage(api{id: apiID, kind: restAPI}, stageName, variables)
}

// AddHTTPStage adds a stage to an HTTP API, which it creates if necessary.
func (c *Cloud) AddHTTPStage(apiID, stageName string, variables map[string]string) {
	c.addStage(api{id: apiID, kind: httpAPI, protocol: "HTTP"}, stageName, variables)
}

func (c *Cloud) addStage(to api, stageName string, variables map[string]string) {
	s := c.store
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.apis[place{s.region, to.id}]
	if a == nil {
		to.name = to.id
		a = s.addAPI(s.region, &to)
	}
	if a.kind != to.kind {
		panic("localaws: the API " + to.id + " is not of type " + to.kind)
	}
	s.addStage(a, stage{name: stageName, deployment: a.deploy(), variables: variables})
}

// StageVariables returns the variables of a stage of a REST or HTTP API.
func (c *Cloud) StageVariables(apiID, stageName string) map[string]string {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	return maps.Clone(c.store.mustStage(apiID, stageName).variables)
}

// mustStage returns a stage that must exist.
func (s *store) mustStage(apiID, stageName string) *stage {
	a := s.apis[place{s.region, apiID}]
	if a == nil || a.stages[stageName] == nil {
		panic("localaws: API " + apiID + " has no stage " + stageName)
	}
	return a.stages[stageName]
}
