package localaws

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// CodeDeploy's error messages, as recorded.
const (
	badConfiguration = "The deployment failed because the AppSpec file that specifies the AWS Lambda deployment configuration is missing or has an invalid configuration."
	notCurrent       = badConfiguration + " The Lambda function alias version does not match the current version in AppSpec file."
)

// deploy carries out the steps of all deployments that are due by a time, in order. A
// rollback is a deployment of its own, so it may add to s.deployments.
func (s *store) deploy(until time.Time) {
	for {
		var due *deployment
		var at time.Time
		for _, d := range s.deployments {
			if !d.running() {
				continue
			}
			if next := s.next(d); !next.After(until) && (due == nil || next.Before(at)) {
				due, at = d, next
			}
		}
		if due == nil {
			return
		}
		s.play(at)
		s.proceed(due, at)
	}
}

// next returns the time of a deployment's next step or requested stop.
func (s *store) next(d *deployment) time.Time {
	at := d.created.Add(d.waits[0])
	switch d.status {
	case queued:
		at = at.Add(d.waits[1])
	case inProgress:
		at = d.started.Add(time.Duration(d.step+1) * d.config.interval())
	}
	if d.halt != nil && d.halt.at.Before(at) {
		at = d.halt.at
	}
	return at
}

// proceed carries out a deployment's next step or requested stop.
func (s *store) proceed(d *deployment, at time.Time) {
	switch {
	case d.halt != nil && !d.halt.at.After(at):
		s.end(d, at, stopped, deploymentProblem{"MANUAL_STOP", "The deployment was stopped on request."}, d.halt.back)
		return
	case d.status == created && d.waits[1] > 0:
		d.status = queued
		return
	case d.status == inProgress:
		d.step++
	default:
		d.status, d.started = inProgress, at
		if s.stopIfAlarmed(d, at) {
			return
		}
	}
	if problem := s.shift(d, at); problem != nil {
		s.end(d, at, failed, *problem, d.rollback.after(onFailure))
	}
}

// stopIfAlarmed stops a deployment if one of its alarms is in ALARM, and reports
// whether it did.
func (s *store) stopIfAlarmed(d *deployment, at time.Time) bool {
	if d.creator != "user" {
		return false // alarms do not stop a rollback
	}
	var on []string
	for _, name := range d.alarms.names() {
		if a := s.alarms[place{d.region, name}]; a != nil && a.state == stateAlarm {
			on = append(on, "<"+name+">")
		}
	}
	if on == nil {
		return false
	}
	slices.Sort(on)
	s.end(d, at, stopped, deploymentProblem{
		"ALARM_ACTIVE",
		"One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the affected deployments have been stopped. Activated alarms: " + strings.Join(on, " "),
	}, d.rollback.after(onAlarm))
	return true
}

// stopAlarmed stops the deployments of a region that have an alarm in ALARM.
func (s *store) stopAlarmed(region string, at time.Time) {
	for _, d := range slices.Clone(s.deployments) {
		if d.region == region && d.status == inProgress {
			s.stopIfAlarmed(d, at)
		}
	}
}

// shift sets the routing weight of the current step, or in the last step points
// the alias at the target version.
func (s *store) shift(d *deployment, at time.Time) *deploymentProblem {
	f, a, problem := s.subject(d)
	if problem != nil {
		return problem
	}
	share := d.config.share(d.step)
	to := a.Alias
	to.Weights = map[string]float64{d.spec.target: share}
	if share == 1 {
		to.Version, to.Weights = d.spec.target, nil
	}
	if err := f.admit(to); err != nil {
		return &deploymentProblem{"INVALID_LAMBDA_CONFIGURATION", badConfiguration + " " + err.Error()}
	}
	s.putAt(f, to, at)
	d.share = share
	if share == 1 {
		d.status, d.completed = succeeded, at
	}
	return nil
}

// subject returns the alias that a deployment moves, or why it cannot.
func (s *store) subject(d *deployment) (*function, *alias, *deploymentProblem) {
	if d.broken != nil {
		return nil, nil, &deploymentProblem{"INVALID_REVISION", "The AppSpec file is not valid: " + d.broken.Error()}
	}
	f := s.functions[d.function]
	if f == nil {
		return nil, nil, &deploymentProblem{"INVALID_LAMBDA_FUNCTION", "The deployment failed because the Lambda function " + d.spec.function + " in the AppSpec file does not exist."}
	}
	f.settle(time.Now())
	a := f.aliases[d.spec.alias]
	switch {
	case a == nil:
		return nil, nil, &deploymentProblem{"INVALID_LAMBDA_FUNCTION", "The deployment failed because the Lambda function has no alias " + d.spec.alias + "."}
	case d.creator != "user":
		return f, a, nil // the version was live before
	case !versionNumber.MatchString(d.spec.target):
		return nil, nil, &deploymentProblem{"INVALID_LAMBDA_CONFIGURATION", badConfiguration}
	case f.resolve(d.spec.target) == nil:
		return nil, nil, &deploymentProblem{"INVALID_LAMBDA_FUNCTION", "The deployment failed because the Lambda function has no version " + d.spec.target + "."}
	case a.Version != d.spec.current:
		return nil, nil, &deploymentProblem{"INVALID_LAMBDA_CONFIGURATION", notCurrent}
	case d.spec.current == d.spec.target && d.config.kind != "AllAtOnce":
		return nil, nil, &deploymentProblem{"INVALID_LAMBDA_CONFIGURATION", badConfiguration}
	}
	return f, a, nil
}

// end ends a deployment that has not succeeded. If back is set, it adds a
// deployment that rolls it back; otherwise the alias keeps its weights.
func (s *store) end(d *deployment, at time.Time, status string, problem deploymentProblem, back bool) {
	d.status, d.completed, d.problem = status, at, &problem
	if !back || d.creator != "user" {
		return
	}
	f := s.functions[d.function]
	if f == nil || f.aliases[d.spec.alias] == nil || f.aliases[d.spec.alias].Version != d.spec.current {
		return // there is nothing to roll back
	}
	undo := *d
	undo.id = newDeploymentID()
	undo.config = s.configs["CodeDeployDefault.LambdaAllAtOnce"]
	undo.description, undo.creator = "", "codeDeployRollback"
	undo.spec.current, undo.spec.target = d.spec.target, d.spec.current
	undo.revision = undo.spec.content()
	undo.status, undo.created, undo.started, undo.completed = created, at, time.Time{}, time.Time{}
	undo.step, undo.share, undo.problem, undo.halt = 0, 0, nil, nil
	undo.outcome = &rollbackInfo{
		RollbackTriggeringDeploymentID: d.id,
		RollbackMessage:                fmt.Sprintf("Deployment %s is triggered to roll back deployment %s.", undo.id, d.id),
	}
	d.outcome = &rollbackInfo{
		RollbackDeploymentID: undo.id,
		RollbackMessage:      fmt.Sprintf("Deployment %s terminated. Automatic rollback is triggered with a DeploymentId %s.", d.id, undo.id),
	}
	s.deployments = append(s.deployments, &undo)
}
