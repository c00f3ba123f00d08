package localaws

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// deploymentConfig defines the steps in which a deployment shifts traffic.
type deploymentConfig struct {
	id      string
	name    string
	kind    string // "TimeBasedCanary", "TimeBasedLinear" or "AllAtOnce"
	percent int
	minutes int
	created time.Time
}

// predefined are CodeDeploy's own configurations for Lambda:
// https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html.
func predefined(now time.Time) map[string]*deploymentConfig {
	all := map[string]*deploymentConfig{}
	add := func(name, kind string, percent, minutes int) {
		name = "CodeDeployDefault.Lambda" + name
		all[name] = &deploymentConfig{newID(), name, kind, percent, minutes, now}
	}
	add("AllAtOnce", "AllAtOnce", 100, 0)
	for _, minutes := range []int{5, 10, 15, 30} {
		add(fmt.Sprintf("Canary10Percent%dMinutes", minutes), "TimeBasedCanary", 10, minutes)
	}
	add("Linear10PercentEvery1Minute", "TimeBasedLinear", 10, 1)
	for _, minutes := range []int{2, 3, 10} {
		add(fmt.Sprintf("Linear10PercentEvery%dMinutes", minutes), "TimeBasedLinear", 10, minutes)
	}
	return all
}

// share returns the share of the traffic that the new version gets in step n,
// counted from 0. In the last step it is 1.
func (c *deploymentConfig) share(n int) float64 {
	switch {
	case c.kind == "TimeBasedLinear":
		return float64(min(100, c.percent*(n+1))) / 100
	case c.kind == "TimeBasedCanary" && n == 0:
		return float64(c.percent) / 100
	default:
		return 1
	}
}

// interval returns the time between two steps.
func (c *deploymentConfig) interval() time.Duration { return time.Duration(c.minutes) * time.Minute }

// trafficRouting is CodeDeploy's TrafficRoutingConfig.
type trafficRouting struct {
	Type            string `json:"type"`
	TimeBasedCanary *struct {
		Percentage int `json:"canaryPercentage"`
		Interval   int `json:"canaryInterval"`
	} `json:"timeBasedCanary,omitempty"`
	TimeBasedLinear *struct {
		Percentage int `json:"linearPercentage"`
		Interval   int `json:"linearInterval"`
	} `json:"timeBasedLinear,omitempty"`
}

// createDeploymentConfig creates a custom configuration.
func (c *codedeploy) createDeploymentConfig(_ *incoming, input struct {
	DeploymentConfigName string          `json:"deploymentConfigName"`
	ComputePlatform      string          `json:"computePlatform"`
	TrafficRoutingConfig *trafficRouting `json:"trafficRoutingConfig"`
},
) (any, error) {
	if input.DeploymentConfigName == "" {
		return nil, bad("DeploymentConfigNameRequiredException", "The deployment configuration name was not specified.")
	}
	if input.ComputePlatform != "Lambda" {
		return nil, bad("InvalidComputePlatformException", "localaws supports the compute platform Lambda only.")
	}
	config := &deploymentConfig{id: newID(), name: input.DeploymentConfigName, percent: 100}
	if r := input.TrafficRoutingConfig; r != nil {
		config.kind = r.Type
		switch {
		case r.Type == "TimeBasedCanary" && r.TimeBasedCanary != nil:
			config.percent, config.minutes = r.TimeBasedCanary.Percentage, r.TimeBasedCanary.Interval
		case r.Type == "TimeBasedLinear" && r.TimeBasedLinear != nil:
			config.percent, config.minutes = r.TimeBasedLinear.Percentage, r.TimeBasedLinear.Interval
		}
	}
	timed := config.kind == "TimeBasedCanary" || config.kind == "TimeBasedLinear"
	if !timed && config.kind != "AllAtOnce" ||
		timed && (config.percent < 1 || config.percent > 99 || config.minutes < 1) {
		return nil, bad("InvalidTrafficRoutingConfigurationException", "The traffic routing configuration is not valid.")
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	if c.configs[config.name] != nil {
		return nil, bad("DeploymentConfigAlreadyExistsException", "Deployment configuration already exists with the name: %s", config.name)
	}
	config.created = time.Now()
	c.configs[config.name] = config
	return map[string]string{"deploymentConfigId": config.id}, nil
}

// configOf finds a configuration.
func (s *store) configOf(name string) (*deploymentConfig, error) {
	config := s.configs[name]
	if config == nil {
		return nil, bad("DeploymentConfigDoesNotExistException", "No Deployment Configuration found for name: %s", name)
	}
	return config, nil
}

// getDeploymentConfig returns a configuration.
func (c *codedeploy) getDeploymentConfig(_ *incoming, input struct {
	DeploymentConfigName string `json:"deploymentConfigName"`
},
) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	config, err := c.configOf(input.DeploymentConfigName)
	if err != nil {
		return nil, err
	}
	routing := map[string]any{"type": config.kind}
	switch config.kind {
	case "TimeBasedCanary":
		routing["timeBasedCanary"] = map[string]int{"canaryPercentage": config.percent, "canaryInterval": config.minutes}
	case "TimeBasedLinear":
		routing["timeBasedLinear"] = map[string]int{"linearPercentage": config.percent, "linearInterval": config.minutes}
	}
	return map[string]any{"deploymentConfigInfo": map[string]any{
		"deploymentConfigId":   config.id,
		"deploymentConfigName": config.name,
		"computePlatform":      "Lambda",
		"createTime":           epoch{config.created},
		"trafficRoutingConfig": routing,
	}}, nil
}

// listDeploymentConfigs lists the configurations for Lambda.
func (c *codedeploy) listDeploymentConfigs(_ *incoming, input struct {
	NextToken string `json:"nextToken"`
},
) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	page, next, ok := part(slices.Sorted(maps.Keys(c.configs)), input.NextToken, maxListed)
	if !ok {
		return nil, bad("InvalidNextTokenException", "The next token was specified in an invalid format.")
	}
	return struct {
		DeploymentConfigsList []string `json:"deploymentConfigsList"`
		NextToken             string   `json:"nextToken,omitempty"`
	}{page, next}, nil
}

// maxListed is the number of entries on a page of CodeDeploy.
const maxListed = 100
