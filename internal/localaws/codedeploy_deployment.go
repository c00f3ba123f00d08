package localaws

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// The states of a deployment.
const (
	created    = "Created"
	queued     = "Queued"
	inProgress = "InProgress"
	succeeded  = "Succeeded"
	failed     = "Failed"
	stopped    = "Stopped"
)

// deployment is a traffic shift of an alias.
type deployment struct {
	id          string
	region      string
	application string
	groupName   string
	group       *deploymentGroup
	config      *deploymentConfig
	description string
	creator     string // "user" or "codeDeployRollback"
	revision    string // the AppSpec file
	spec        appSpec
	broken      error // why the AppSpec file is invalid
	function    string
	rollback    *rollbackConfiguration
	alarms      *alarmConfiguration

	status    string
	waits     [2]time.Duration // in the states Created and Queued
	created   time.Time
	started   time.Time // when the traffic shift began
	completed time.Time
	step      int     // current step of config
	share     float64 // of the traffic that the target version gets
	problem   *deploymentProblem
	outcome   *rollbackInfo

	halt *halt // of StopDeployment
}

// halt is a requested stop of a deployment.
type halt struct {
	at   time.Time // when the deployment will have stopped
	back bool      // then roll back
}

// deploymentProblem is CodeDeploy's ErrorInformation.
type deploymentProblem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// rollbackInfo links a deployment and the one that rolls it back.
type rollbackInfo struct {
	RollbackDeploymentID           string `json:"rollbackDeploymentId,omitempty"`
	RollbackTriggeringDeploymentID string `json:"rollbackTriggeringDeploymentId,omitempty"`
	RollbackMessage                string `json:"rollbackMessage"`
}

// pending reports whether the deployment has not started.
func (d *deployment) pending() bool { return d.status == created || d.status == queued }

// running reports whether the deployment has not ended.
func (d *deployment) running() bool { return d.pending() || d.status == inProgress }

// revision is CodeDeploy's RevisionLocation.
type revision struct {
	RevisionType   string `json:"revisionType"`
	AppSpecContent *struct {
		Content string `json:"content"`
		Sha256  string `json:"sha256,omitempty"`
	} `json:"appSpecContent,omitempty"`
	String *struct {
		Content string `json:"content"`
		Sha256  string `json:"sha256,omitempty"`
	} `json:"string,omitempty"`
}

// content returns the AppSpec file.
func (r *revision) content() (string, error) {
	var content, sum string
	switch {
	case r == nil:
		return "", bad("RevisionRequiredException", "The revision was not specified.")
	case r.RevisionType == "AppSpecContent" && r.AppSpecContent != nil:
		content, sum = r.AppSpecContent.Content, r.AppSpecContent.Sha256
	case r.RevisionType == "String" && r.String != nil:
		content, sum = r.String.Content, r.String.Sha256
	default:
		return "", bad("InvalidRevisionException", "localaws supports revisions of the types AppSpecContent and String only.")
	}
	if actual := sha256.Sum256([]byte(content)); sum != "" && sum != hex.EncodeToString(actual[:]) {
		return "", bad("InvalidRevisionException", "The SHA256 of the revision does not match its content.")
	}
	return content, nil
}

// createDeployment starts a deployment. An invalid AppSpec file makes the
// deployment fail, not the call.
func (c *codedeploy) createDeployment(in *incoming, input struct {
	ApplicationName            string                 `json:"applicationName"`
	DeploymentGroupName        string                 `json:"deploymentGroupName"`
	DeploymentConfigName       string                 `json:"deploymentConfigName"`
	Description                string                 `json:"description"`
	Revision                   *revision              `json:"revision"`
	AutoRollbackConfiguration  *rollbackConfiguration `json:"autoRollbackConfiguration"`
	OverrideAlarmConfiguration *alarmConfiguration    `json:"overrideAlarmConfiguration"`
},
) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	g, err := c.groupOf(in.region, input.ApplicationName, input.DeploymentGroupName)
	if err != nil {
		return nil, err
	}
	content, err := input.Revision.content()
	if err != nil {
		return nil, err
	}
	config, err := c.configOf(cmp.Or(input.DeploymentConfigName, g.config))
	if err != nil {
		return nil, err
	}
	for _, other := range c.deployments {
		if other.group == g && other.running() {
			return nil, bad("DeploymentLimitExceededException", "The Deployment Group '%s' already has an active Deployment '%s'", input.DeploymentGroupName, other.id)
		}
	}
	d := &deployment{
		id:          newDeploymentID(),
		region:      in.region,
		application: input.ApplicationName,
		groupName:   input.DeploymentGroupName,
		group:       g,
		config:      config,
		description: input.Description,
		creator:     "user",
		revision:    content,
		rollback:    cmp.Or(input.AutoRollbackConfiguration, g.rollback),
		alarms:      cmp.Or(input.OverrideAlarmConfiguration, g.alarms),
		status:      created,
		waits:       c.deploymentWaits,
		created:     time.Now(),
	}
	d.spec, d.broken = parseAppSpec(content)
	d.function = functionARN(in.region, c.account, d.spec.function, "")
	c.deployments = append(c.deployments, d)
	return map[string]string{"deploymentId": d.id}, nil
}

// deploymentOf returns a deployment in its current state.
func (s *store) deploymentOf(region, id string) (*deployment, error) {
	s.advance()
	if id == "" {
		return nil, bad("DeploymentIdRequiredException", "The deployment ID was not specified.")
	}
	if !deploymentID.MatchString(id) {
		return nil, bad("InvalidDeploymentIdException", "Specified DeploymentId is not in the valid format: %s", id)
	}
	for _, d := range s.deployments {
		if d.id == id && d.region == region {
			return d, nil
		}
	}
	return nil, bad("DeploymentDoesNotExistException", "The deployment %s could not be found", id)
}

// deploymentInfo is CodeDeploy's DeploymentInfo.
type deploymentInfo struct {
	ApplicationName            string                 `json:"applicationName"`
	DeploymentGroupName        string                 `json:"deploymentGroupName"`
	DeploymentConfigName       string                 `json:"deploymentConfigName"`
	DeploymentID               string                 `json:"deploymentId"`
	Revision                   any                    `json:"revision"`
	Status                     string                 `json:"status"`
	ErrorInformation           *deploymentProblem     `json:"errorInformation,omitempty"`
	CreateTime                 epoch                  `json:"createTime"`
	StartTime                  epoch                  `json:"startTime,omitzero"`
	CompleteTime               epoch                  `json:"completeTime,omitzero"`
	DeploymentOverview         map[string]int         `json:"deploymentOverview"`
	Description                string                 `json:"description,omitempty"`
	Creator                    string                 `json:"creator"`
	AutoRollbackConfiguration  *rollbackConfiguration `json:"autoRollbackConfiguration,omitempty"`
	OverrideAlarmConfiguration *alarmConfiguration    `json:"overrideAlarmConfiguration,omitempty"`
	RollbackInfo               *rollbackInfo          `json:"rollbackInfo,omitempty"`
	DeploymentStyle            deploymentStyle        `json:"deploymentStyle"`
	ComputePlatform            string                 `json:"computePlatform"`
}

func (d *deployment) describe() deploymentInfo {
	sum := sha256.Sum256([]byte(d.revision))
	overview := map[string]int{"Pending": 0, "InProgress": 0, "Succeeded": 0, "Failed": 0, "Skipped": 0, "Ready": 0}
	overview[d.targetStatus()] = 1
	info := deploymentInfo{
		ApplicationName:      d.application,
		DeploymentGroupName:  d.groupName,
		DeploymentConfigName: d.config.name,
		DeploymentID:         d.id,
		Revision: map[string]any{
			"revisionType":   "AppSpecContent",
			"appSpecContent": map[string]string{"content": d.revision, "sha256": hex.EncodeToString(sum[:])},
		},
		Status:                    d.status,
		ErrorInformation:          d.problem,
		CreateTime:                epoch{d.created},
		StartTime:                 epoch{d.started},
		CompleteTime:              epoch{d.completed},
		DeploymentOverview:        overview,
		Description:               d.description,
		Creator:                   d.creator,
		AutoRollbackConfiguration: d.rollback,
		RollbackInfo:              d.outcome,
		DeploymentStyle:           blueGreen,
		ComputePlatform:           "Lambda",
	}
	if d.alarms != d.group.alarms {
		info.OverrideAlarmConfiguration = d.alarms
	}
	return info
}

// getDeployment returns the state of a deployment.
func (c *codedeploy) getDeployment(in *incoming, input struct {
	DeploymentID string `json:"deploymentId"`
},
) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d, err := c.deploymentOf(in.region, input.DeploymentID)
	if err != nil {
		return nil, err
	}
	return map[string]any{"deploymentInfo": d.describe()}, nil
}

// listDeployments lists the deployments of a group, the newest first.
func (c *codedeploy) listDeployments(in *incoming, input struct {
	ApplicationName     string   `json:"applicationName"`
	DeploymentGroupName string   `json:"deploymentGroupName"`
	IncludeOnlyStatuses []string `json:"includeOnlyStatuses"`
	NextToken           string   `json:"nextToken"`
},
) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	if input.ApplicationName != "" || input.DeploymentGroupName != "" {
		if _, err := c.groupOf(in.region, input.ApplicationName, input.DeploymentGroupName); err != nil {
			return nil, err
		}
	}
	var all []string
	for _, d := range slices.Backward(c.deployments) {
		if d.region == in.region &&
			(input.ApplicationName == "" || d.application == input.ApplicationName && d.groupName == input.DeploymentGroupName) &&
			(input.IncludeOnlyStatuses == nil || slices.Contains(input.IncludeOnlyStatuses, d.status)) {
			all = append(all, d.id)
		}
	}
	page, next, ok := part(all, input.NextToken, maxListed)
	if !ok {
		return nil, bad("InvalidNextTokenException", "The next token was specified in an invalid format.")
	}
	return struct {
		Deployments []string `json:"deployments"`
		NextToken   string   `json:"nextToken,omitempty"`
	}{page, next}, nil
}

// stopDeployment requests a stop, which takes effect after the settle time.
func (c *codedeploy) stopDeployment(in *incoming, input struct {
	DeploymentID        string `json:"deploymentId"`
	AutoRollbackEnabled *bool  `json:"autoRollbackEnabled"`
},
) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	d, err := c.deploymentOf(in.region, input.DeploymentID)
	if err != nil {
		return nil, err
	}
	if !d.running() {
		return nil, bad("DeploymentAlreadyCompletedException", "The deployment %s has already completed.", d.id)
	}
	back := d.rollback.after(onRequest)
	if input.AutoRollbackEnabled != nil {
		back = *input.AutoRollbackEnabled
	}
	if d.halt == nil {
		d.halt = &halt{time.Now().Add(c.settle), back}
	}
	return map[string]string{"status": "Pending", "statusMessage": fmt.Sprintf("Stopping the deployment %s", d.id)}, nil
}

// FailDeployment makes a running deployment fail now, with this code and message
// as its error information. If its group rolls back after failures, a rollback
// starts.
func (c *Cloud) FailDeployment(id, code, message string) {
	s := c.store
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.deploymentOf(s.region, id)
	if err != nil {
		panic("localaws: fail deployment: " + err.Error())
	}
	if d.running() {
		s.end(d, time.Now(), failed, deploymentProblem{code, message}, d.rollback.after(onFailure))
	}
}

// DelayDeployments sets how long deployments that begin from now on are Created and
// then Queued. Without it they are Created for the settle time.
func (c *Cloud) DelayDeployments(createdFor, queuedFor time.Duration) {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	c.store.deploymentWaits = [2]time.Duration{createdFor, queuedFor}
}

// DeleteDeployment deletes a deployment, which stops where it is, as happens to
// those of a deleted application. It panics if there is none.
func (c *Cloud) DeleteDeployment(id string) {
	s := c.store
	s.mu.Lock()
	defer s.mu.Unlock()
	d, err := s.deploymentOf(s.region, id)
	if err != nil {
		panic("localaws: delete deployment: " + err.Error())
	}
	s.deployments = slices.DeleteFunc(s.deployments, func(other *deployment) bool { return other == d })
}

// Deployments returns the ids of all deployments in order of creation, including
// rollbacks.
func (c *Cloud) Deployments() []string {
	s := c.store
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	var ids []string
	for _, d := range s.deployments {
		if d.region == s.region {
			ids = append(ids, d.id)
		}
	}
	return ids
}
