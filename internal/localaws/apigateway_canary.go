package localaws

import (
	"maps"
	"strconv"
	"strings"
)

// canarySettings are a canary of a REST API's stage: another deployment, and values
// of variables, for a part of the traffic.
type canarySettings struct {
	PercentTraffic         float64           `json:"percentTraffic"`
	DeploymentID           string            `json:"deploymentId"`
	StageVariableOverrides map[string]string `json:"stageVariableOverrides,omitempty"`
	UseStageCache          bool              `json:"useStageCache"`
}

// clone returns a copy that shares no data; nil stays nil.
func (c *canarySettings) clone() *canarySettings {
	if c == nil {
		return nil
	}
	d := *c
	d.StageVariableOverrides = maps.Clone(c.StageVariableOverrides)
	return &d
}

// deploymentOf refuses a deployment that the API does not have.
func (a *api) deploymentOf(id string) error {
	if !a.deployments[id] {
		return badRequest("Deployment id does not exist")
	}
	return nil
}

// patchCanary makes a change to the canary of a stage.
func (p *patch) patchCanary(a *api, to *stage, value string) error {
	const root = "/canarySettings"
	switch {
	case p.Op == "remove" && p.Path == root:
		to.canary = nil
		return nil
	case p.Op == "remove":
		return badRequest("Cannot remove method setting %s because there is no method setting for this method ", strings.TrimPrefix(p.Path, "/"))
	case p.Op != "replace":
		return badRequest("Invalid %s operation with path: %s", p.Op, p.Path)
	}
	canary := to.canary
	if canary == nil {
		canary = &canarySettings{DeploymentID: to.deployment}
	}
	name, override := strings.CutPrefix(p.Path, root+"/stageVariableOverrides/")
	switch {
	case override:
		if err := checkVariable(name, value); err != nil {
			return err
		}
		if canary.StageVariableOverrides == nil {
			canary.StageVariableOverrides = map[string]string{}
		}
		canary.StageVariableOverrides[name] = value
	case p.Path == root+"/percentTraffic":
		percent, err := strconv.ParseFloat(value, 64)
		if err != nil || percent < 0 || percent > 100 {
			return badRequest("Invalid canary percentage specified")
		}
		canary.PercentTraffic = percent
	case p.Path == root+"/deploymentId":
		if err := a.deploymentOf(value); err != nil {
			return err
		}
		canary.DeploymentID = value
	default:
		return badRequest("Invalid method setting path: %s", p.Path)
	}
	to.canary = canary
	return nil
}

// promoteCanary copies a setting of the canary to its stage.
func (p *patch) promoteCanary(to *stage) error {
	deployment := p.Path == "/deploymentId" && p.From == "/canarySettings/deploymentId"
	variables := p.Path == "/variables" && p.From == "/canarySettings/stageVariableOverrides"
	switch {
	case !deployment && !variables:
		return badRequest("Invalid copy operation with path: %s and from %s. Valid copy:path are [/deploymentId, /variables] and valid copy:from are [/canarySettings/deploymentId, /canarySettings/stageVariableOverrides]", p.Path, p.From)
	case to.canary == nil:
		return badRequest("Promotion not available. Canary does not exist.")
	case deployment:
		to.deployment = to.canary.DeploymentID
	default:
		maps.Copy(to.variables, to.canary.StageVariableOverrides)
	}
	return nil
}

// SetCanary gives a stage of a REST API a canary for 10 % of the traffic that
// overrides these variables; nil removes it.
func (c *Cloud) SetCanary(apiID, stageName string, overrides map[string]string) {
	s := c.store
	s.mu.Lock()
	defer s.mu.Unlock()
	to := s.mustStage(apiID, stageName)
	to.canary = nil
	if overrides != nil {
		to.canary = &canarySettings{10, to.deployment, maps.Clone(overrides), false}
	}
}
