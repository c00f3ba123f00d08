package localaws

import "time"

// lambdaTarget is CodeDeploy's LambdaTarget: the alias that a deployment moves.
type lambdaTarget struct {
	DeploymentID       string           `json:"deploymentId"`
	TargetID           string           `json:"targetId"`
	TargetArn          string           `json:"targetArn"`
	Status             string           `json:"status"`
	LastUpdatedAt      epoch            `json:"lastUpdatedAt"`
	LifecycleEvents    []lifecycleEvent `json:"lifecycleEvents"`
	LambdaFunctionInfo functionInfo     `json:"lambdaFunctionInfo"`
}

type (
	lifecycleEvent struct {
		Name      string `json:"lifecycleEventName"`
		Status    string `json:"status"`
		StartTime epoch  `json:"startTime,omitzero"`
		EndTime   epoch  `json:"endTime,omitzero"`
	}
	functionInfo struct {
		FunctionName        string  `json:"functionName"`
		FunctionAlias       string  `json:"functionAlias"`
		CurrentVersion      string  `json:"currentVersion"`
		TargetVersion       string  `json:"targetVersion"`
		TargetVersionWeight float64 `json:"targetVersionWeight"`
	}
)

// targetID returns the id of the only target of a deployment.
func (d *deployment) targetID() string { return d.spec.function + ":" + d.spec.alias }

// targetStatus returns the status of the target.
func (d *deployment) targetStatus() string {
	switch d.status {
	case created, queued:
		return "Pending"
	case stopped:
		return failed
	default:
		return d.status
	}
}

// target returns the deployment's target. If the deployment failed or was
// stopped, AllowTraffic is Failed and AfterAllowTraffic is Skipped.
func (d *deployment) target() lambdaTarget {
	start, end := epoch{d.started}, epoch{d.completed}
	before := lifecycleEvent{"BeforeAllowTraffic", succeeded, start, start}
	allow := lifecycleEvent{"AllowTraffic", d.targetStatus(), start, end}
	after := lifecycleEvent{Name: "AfterAllowTraffic", Status: "Pending"}
	switch {
	case d.status == succeeded:
		after = lifecycleEvent{"AfterAllowTraffic", succeeded, end, end}
	case d.started.IsZero():
		before, allow = lifecycleEvent{Name: "BeforeAllowTraffic", Status: "Pending"}, lifecycleEvent{Name: "AllowTraffic", Status: "Pending"}
	}
	if d.status == failed || d.status == stopped {
		after.Status = "Skipped"
	}
	updated := d.created
	for _, at := range []time.Time{d.started, d.completed} {
		if !at.IsZero() {
			updated = at
		}
	}
	return lambdaTarget{
		DeploymentID:    d.id,
		TargetID:        d.targetID(),
		TargetArn:       qualified(d.function, d.spec.alias),
		Status:          d.targetStatus(),
		LastUpdatedAt:   epoch{updated},
		LifecycleEvents: []lifecycleEvent{before, allow, after},
		LambdaFunctionInfo: functionInfo{
			d.spec.function, d.spec.alias, d.spec.current, d.spec.target, d.share,
		},
	}
}

// listDeploymentTargets returns the id of the only target.
func (c *codedeploy) listDeploymentTargets(in *incoming, input struct {
	DeploymentID string `json:"deploymentId"`
},
) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d, err := c.deploymentOf(in.region, input.DeploymentID)
	if err != nil {
		return nil, err
	}
	if d.pending() {
		return nil, bad("DeploymentNotStartedException", "The deployment %s has not started.", d.id)
	}
	return map[string][]string{"targetIds": {d.targetID()}}, nil
}

// deploymentTarget is CodeDeploy's DeploymentTarget.
type deploymentTarget struct {
	DeploymentTargetType string       `json:"deploymentTargetType"`
	LambdaTarget         lambdaTarget `json:"lambdaTarget"`
}

// targetOf returns the targets with these ids.
func (c *codedeploy) targetOf(in *incoming, deployment string, ids ...string) ([]deploymentTarget, error) {
	d, err := c.deploymentOf(in.region, deployment)
	if err != nil {
		return nil, err
	}
	if d.pending() {
		return nil, bad("DeploymentNotStartedException", "The deployment %s has not started.", d.id)
	}
	if len(ids) == 0 {
		return nil, bad("DeploymentTargetIdRequiredException", "The deployment target ID was not specified.")
	}
	var all []deploymentTarget
	for _, id := range ids {
		if id != d.targetID() {
			return nil, bad("DeploymentTargetDoesNotExistException", "The deployment %s has no target %s.", d.id, id)
		}
		all = append(all, deploymentTarget{"LambdaTarget", d.target()})
	}
	return all, nil
}

// batchGetDeploymentTargets returns targets.
func (c *codedeploy) batchGetDeploymentTargets(in *incoming, input struct {
	DeploymentID string   `json:"deploymentId"`
	TargetIDs    []string `json:"targetIds"`
},
) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	targets, err := c.targetOf(in, input.DeploymentID, input.TargetIDs...)
	if err != nil {
		return nil, err
	}
	return map[string]any{"deploymentTargets": targets}, nil
}

// getDeploymentTarget returns a target.
func (c *codedeploy) getDeploymentTarget(in *incoming, input struct {
	DeploymentID string `json:"deploymentId"`
	TargetID     string `json:"targetId"`
},
) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	targets, err := c.targetOf(in, input.DeploymentID, input.TargetID)
	if err != nil {
		return nil, err
	}
	return map[string]any{"deploymentTarget": targets[0]}, nil
}
