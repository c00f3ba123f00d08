package localaws

import "slices"

// The events after which a group can roll back a deployment automatically.
const (
	onFailure = "DEPLOYMENT_FAILURE"
	onAlarm   = "DEPLOYMENT_STOP_ON_ALARM"
	onRequest = "DEPLOYMENT_STOP_ON_REQUEST"
)

// deploymentGroup configures deployments.
type deploymentGroup struct {
	id       string
	config   string
	role     string
	alarms   *alarmConfiguration
	rollback *rollbackConfiguration
}

type (
	alarmConfiguration struct {
		Enabled                bool        `json:"enabled"`
		IgnorePollAlarmFailure bool        `json:"ignorePollAlarmFailure"`
		Alarms                 []alarmName `json:"alarms,omitempty"`
	}
	alarmName struct {
		Name string `json:"name"`
	}
	rollbackConfiguration struct {
		Enabled bool     `json:"enabled"`
		Events  []string `json:"events,omitempty"`
	}
	deploymentStyle struct {
		Type   string `json:"deploymentType"`
		Option string `json:"deploymentOption"`
	}
)

// blueGreen is the only deployment style for Lambda functions.
var blueGreen = deploymentStyle{"BLUE_GREEN", "WITH_TRAFFIC_CONTROL"}

// after reports whether deployments are rolled back after the event.
func (r *rollbackConfiguration) after(event string) bool {
	return r != nil && r.Enabled && slices.Contains(r.Events, event)
}

// names returns the names of the alarms, none if alarms are disabled.
func (a *alarmConfiguration) names() []string {
	if a == nil || !a.Enabled {
		return nil
	}
	var names []string
	for _, alarm := range a.Alarms {
		names = append(names, alarm.Name)
	}
	return names
}

// groupOf finds a deployment group.
func (s *store) groupOf(region, application, name string) (*deploymentGroup, error) {
	app, err := s.applicationOf(region, application)
	if err != nil {
		return nil, err
	}
	if name == "" {
		return nil, bad("DeploymentGroupNameRequiredException", "The deployment group name was not specified.")
	}
	g := app.groups[name]
	if g == nil {
		return nil, bad("DeploymentGroupDoesNotExistException", "No Deployment Group found for name: %s", name)
	}
	return g, nil
}

// createDeploymentGroup creates a group.
func (c *codedeploy) createDeploymentGroup(in *incoming, input struct {
	ApplicationName           string                 `json:"applicationName"`
	DeploymentGroupName       string                 `json:"deploymentGroupName"`
	DeploymentConfigName      string                 `json:"deploymentConfigName"`
	ServiceRoleArn            string                 `json:"serviceRoleArn"`
	AlarmConfiguration        *alarmConfiguration    `json:"alarmConfiguration"`
	AutoRollbackConfiguration *rollbackConfiguration `json:"autoRollbackConfiguration"`
	DeploymentStyle           *deploymentStyle       `json:"deploymentStyle"`
},
) (any, error) {
	if input.DeploymentGroupName == "" {
		return nil, bad("DeploymentGroupNameRequiredException", "The deployment group name was not specified.")
	}
	if input.ServiceRoleArn == "" {
		return nil, bad("RoleRequiredException", "The role ARN was not specified.")
	}
	if input.DeploymentStyle == nil || *input.DeploymentStyle != blueGreen {
		return nil, bad("InvalidDeploymentStyleException", "For Lambda deployment group, deployment type can be set to BLUE_GREEN only, and deployment option to WITH_TRAFFIC_CONTROL only.")
	}
	if input.DeploymentConfigName == "" {
		input.DeploymentConfigName = "CodeDeployDefault.LambdaAllAtOnce"
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	app, err := c.applicationOf(in.region, input.ApplicationName)
	if err != nil {
		return nil, err
	}
	if _, err := c.configOf(input.DeploymentConfigName); err != nil {
		return nil, err
	}
	if app.groups[input.DeploymentGroupName] != nil {
		return nil, bad("DeploymentGroupAlreadyExistsException", "Deployment group already exists: %s", input.DeploymentGroupName)
	}
	g := &deploymentGroup{newID(), input.DeploymentConfigName, input.ServiceRoleArn, input.AlarmConfiguration, input.AutoRollbackConfiguration}
	app.groups[input.DeploymentGroupName] = g
	return map[string]string{"deploymentGroupId": g.id}, nil
}

// lastDeployment is CodeDeploy's LastDeploymentInfo.
type lastDeployment struct {
	DeploymentID string `json:"deploymentId"`
	Status       string `json:"status"`
	CreateTime   epoch  `json:"createTime"`
	EndTime      epoch  `json:"endTime,omitzero"`
}

// getDeploymentGroup returns a group with its latest deployments.
func (c *codedeploy) getDeploymentGroup(in *incoming, input struct {
	ApplicationName     string `json:"applicationName"`
	DeploymentGroupName string `json:"deploymentGroupName"`
},
) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	g, err := c.groupOf(in.region, input.ApplicationName, input.DeploymentGroupName)
	if err != nil {
		return nil, err
	}
	info := struct {
		ApplicationName           string                 `json:"applicationName"`
		DeploymentGroupID         string                 `json:"deploymentGroupId"`
		DeploymentGroupName       string                 `json:"deploymentGroupName"`
		DeploymentConfigName      string                 `json:"deploymentConfigName"`
		ServiceRoleArn            string                 `json:"serviceRoleArn"`
		AlarmConfiguration        *alarmConfiguration    `json:"alarmConfiguration,omitempty"`
		AutoRollbackConfiguration *rollbackConfiguration `json:"autoRollbackConfiguration,omitempty"`
		DeploymentStyle           deploymentStyle        `json:"deploymentStyle"`
		LastSuccessfulDeployment  *lastDeployment        `json:"lastSuccessfulDeployment,omitempty"`
		LastAttemptedDeployment   *lastDeployment        `json:"lastAttemptedDeployment,omitempty"`
		ComputePlatform           string                 `json:"computePlatform"`
	}{
		ApplicationName:           input.ApplicationName,
		DeploymentGroupID:         g.id,
		DeploymentGroupName:       input.DeploymentGroupName,
		DeploymentConfigName:      g.config,
		ServiceRoleArn:            g.role,
		AlarmConfiguration:        g.alarms,
		AutoRollbackConfiguration: g.rollback,
		DeploymentStyle:           blueGreen,
		ComputePlatform:           "Lambda",
	}
	for _, d := range c.deployments {
		if d.group != g {
			continue
		}
		last := &lastDeployment{d.id, d.status, epoch{d.created}, epoch{d.completed}}
		info.LastAttemptedDeployment = last
		if d.status == succeeded {
			info.LastSuccessfulDeployment = last
		}
	}
	return map[string]any{"deploymentGroupInfo": info}, nil
}

// AddDeploymentGroup adds a CodeDeploy deployment group with this deployment
// configuration, by default CodeDeployDefault.LambdaAllAtOnce, and creates its
// application if necessary. Like the groups that SAM creates, it rolls back a
// deployment that fails, is stopped, or sets off one of the alarms.
func (c *Cloud) AddDeploymentGroup(application, group, config string, alarms ...string) {
	s := c.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if config == "" {
		config = "CodeDeployDefault.LambdaAllAtOnce"
	}
	if _, err := s.configOf(config); err != nil {
		panic("localaws: add deployment group: " + err.Error())
	}
	g := &deploymentGroup{
		id:       newID(),
		config:   config,
		role:     "arn:" + partition(s.region) + ":iam::" + s.account + ":role/codedeploy",
		rollback: &rollbackConfiguration{true, []string{onFailure, onAlarm, onRequest}},
	}
	if len(alarms) > 0 {
		g.alarms = &alarmConfiguration{Enabled: true}
		for _, name := range alarms {
			g.alarms.Alarms = append(g.alarms.Alarms, alarmName{name})
		}
	}
	s.addApplication(s.region, application).groups[group] = g
}
