package localaws

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"regexp"
)

// codedeploy implements AWS CodeDeploy for the compute platform Lambda. Its
// protocol is JSON 1.1.
type codedeploy struct {
	rpc
	*store
}

func newCodedeploy(s *store) *codedeploy {
	c := &codedeploy{store: s}
	c.rpc = rpc{"codedeploy", "CodeDeploy_20141006", map[string]procedure{
		"CreateApplication":         named(c.createApplication),
		"CreateDeploymentConfig":    named(c.createDeploymentConfig),
		"GetDeploymentConfig":       named(c.getDeploymentConfig),
		"ListDeploymentConfigs":     named(c.listDeploymentConfigs),
		"CreateDeploymentGroup":     named(c.createDeploymentGroup),
		"GetDeploymentGroup":        named(c.getDeploymentGroup),
		"CreateDeployment":          named(c.createDeployment),
		"GetDeployment":             named(c.getDeployment),
		"ListDeployments":           named(c.listDeployments),
		"StopDeployment":            named(c.stopDeployment),
		"ListDeploymentTargets":     named(c.listDeploymentTargets),
		"BatchGetDeploymentTargets": named(c.batchGetDeploymentTargets),
		"GetDeploymentTarget":       named(c.getDeploymentTarget),
	}}
	return c
}

// bad is an error with status 400, as all of CodeDeploy's are.
func bad(code, format string, args ...any) error {
	return &apiError{http.StatusBadRequest, code, fmt.Sprintf(format, args...)}
}

// application is a CodeDeploy application with its deployment groups.
type application struct {
	id     string
	groups map[string]*deploymentGroup
}

// addApplication returns an application, which it creates if necessary.
func (s *store) addApplication(region, name string) *application {
	at := place{region, name}
	if s.applications[at] == nil {
		s.applications[at] = &application{newID(), map[string]*deploymentGroup{}}
	}
	return s.applications[at]
}

// applicationOf finds an application.
func (s *store) applicationOf(region, name string) (*application, error) {
	if name == "" {
		return nil, bad("ApplicationNameRequiredException", "The application name was not specified.")
	}
	app := s.applications[place{region, name}]
	if app == nil {
		return nil, bad("ApplicationDoesNotExistException", "No application found for name: %s", name)
	}
	return app, nil
}

// createApplication creates an application for Lambda functions.
func (c *codedeploy) createApplication(in *incoming, input struct {
	ApplicationName string `json:"applicationName"`
	ComputePlatform string `json:"computePlatform"`
},
) (any, error) {
	if input.ApplicationName == "" {
		return nil, bad("ApplicationNameRequiredException", "The application name was not specified.")
	}
	if input.ComputePlatform != "Lambda" {
		return nil, bad("InvalidComputePlatformException", "localaws supports the compute platform Lambda only.")
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	if c.applications[place{in.region, input.ApplicationName}] != nil {
		return nil, bad("ApplicationAlreadyExistsException", "Application already exists: %s", input.ApplicationName)
	}
	app := c.addApplication(in.region, input.ApplicationName)
	return map[string]string{"applicationId": app.id}, nil
}

// deploymentID matches the ids of deployments.
var deploymentID = regexp.MustCompile(`^d-[A-Z0-9]+$`)

// newDeploymentID returns a random id in CodeDeploy's form: "d-A1B2C3D4E".
func newDeploymentID() string {
	return "d-" + rand.Text()[:9]
}
