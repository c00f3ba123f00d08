package awsapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/smithy-go"
)

func (s *session) newCodeDeploy() *codedeploy.Client {
	return codedeploy.NewFromConfig(s.cfg, func(o *codedeploy.Options) {
		o.Retryer = s.newOtherRetryer(codeDeployRate)
		o.RetryMaxAttempts = 0 // the retryer decides
		o.BaseEndpoint = s.endpoint("CODEDEPLOY")
	})
}

// DeploymentGroup is a deployment group of an application.
type DeploymentGroup struct{ Application, Name string }

func (g DeploymentGroup) String() string { return g.Application + "/" + g.Name }

// DeploymentRequest is the input of CreateDeployment.
type DeploymentRequest struct {
	Group       DeploymentGroup
	Config      string // name of a deployment configuration; "" = the group's own
	Description string
	AppSpec     string // JSON
}

// DeploymentInProgress is the status of a deployment that has begun its work; it is
// Created or Queued before.
const DeploymentInProgress = string(types.DeploymentStatusInProgress)

// The statuses of a deployment after which it does nothing more.
const (
	DeploymentSucceeded = string(types.DeploymentStatusSucceeded)
	DeploymentFailed    = string(types.DeploymentStatusFailed)
	DeploymentStopped   = string(types.DeploymentStatusStopped)
)

// The events after which AWS may roll a deployment back.
const (
	AfterFailure = string(types.AutoRollbackEventDeploymentFailure)
	AfterAlarm   = string(types.AutoRollbackEventDeploymentStopOnAlarm)
	AfterRequest = string(types.AutoRollbackEventDeploymentStopOnRequest)
)

// Deployment is a deployment as AWS has it.
type Deployment struct {
	ID              string
	Group           DeploymentGroup
	Config          string
	Description     string
	Status          string
	Created         time.Time
	ErrorCode       string
	ErrorMessage    string
	Messages        []string // AWS's messages about the status
	RollsBackAfter  []string // events after which AWS rolls it back, such as DEPLOYMENT_FAILURE
	RollbackID      string   // of the deployment that rolls it back
	RollbackMessage string
}

// DeploymentTarget is the progress of a deployment on its function.
type DeploymentTarget struct {
	Function, Alias string
	Current, Target string  // versions
	Weight          float64 // of the traffic to Target, as AWS gives it
	Status          string
	Events          []LifecycleEvent
}

// LifecycleEvent is a phase of a deployment.
type LifecycleEvent struct {
	Name, Status string
	Diagnostics  string // why it failed, "" if it has not
}

// ActiveError reports that the group has an active deployment: AWS runs one at a
// time.
type ActiveError struct{ Err error }

func (e *ActiveError) Error() string { return e.Err.Error() }
func (e *ActiveError) Unwrap() error { return e.Err }

// CreateDeployment starts a deployment and returns its id. It makes one attempt,
// unless AWS throttles: CreateDeployment has no idempotency token. The error's
// Effect says whether a deployment may have been created.
func (c *Client) CreateDeployment(ctx context.Context, r DeploymentRequest) (string, error) {
	sum := sha256.Sum256([]byte(r.AppSpec))
	out, err := mutate(ctx, c, target{Action: createDeployment, resource: r.Group.String()},
		func(ctx context.Context, in *codedeploy.CreateDeploymentInput, opts ...func(*codedeploy.Options)) (*codedeploy.CreateDeploymentOutput, error) {
			return c.codedeploy().CreateDeployment(ctx, in, append(opts, func(o *codedeploy.Options) { o.Retryer = onlyThrottled(o.Retryer) })...)
		},
		&codedeploy.CreateDeploymentInput{
			ApplicationName: &r.Group.Application, DeploymentGroupName: &r.Group.Name,
			DeploymentConfigName: optional(r.Config), Description: optional(r.Description),
			Revision: &types.RevisionLocation{
				RevisionType:   types.RevisionLocationTypeAppSpecContent,
				AppSpecContent: &types.AppSpecContent{Content: &r.AppSpec, Sha256: aws.String(hex.EncodeToString(sum[:]))},
			},
		},
		func(out *codedeploy.CreateDeploymentOutput) bool { return aws.ToString(out.DeploymentId) != "" })
	if err != nil {
		return "", ofCodeDeploy(err)
	}
	return aws.ToString(out.DeploymentId), nil
}

// Deployment reads a deployment.
func (c *Client) Deployment(ctx context.Context, id string) (Deployment, error) {
	out, err := call(ctx, c, target{Action: codeDeployAction("GetDeployment"), resource: id}, c.codedeploy().GetDeployment, &codedeploy.GetDeploymentInput{DeploymentId: &id},
		func(out *codedeploy.GetDeploymentOutput) bool {
			return out.DeploymentInfo != nil && out.DeploymentInfo.Status != ""
		})
	if err != nil {
		return Deployment{}, ofCodeDeploy(err)
	}
	return deployment(out.DeploymentInfo), nil
}

func deployment(d *types.DeploymentInfo) Deployment {
	out := Deployment{
		ID:    aws.ToString(d.DeploymentId),
		Group: DeploymentGroup{aws.ToString(d.ApplicationName), aws.ToString(d.DeploymentGroupName)}, Config: aws.ToString(d.DeploymentConfigName),
		Description: aws.ToString(d.Description), Status: string(d.Status), Created: aws.ToTime(d.CreateTime), Messages: d.DeploymentStatusMessages,
	}
	if e := d.ErrorInformation; e != nil {
		out.ErrorCode, out.ErrorMessage = string(e.Code), aws.ToString(e.Message)
	}
	if r := d.RollbackInfo; r != nil {
		out.RollbackID, out.RollbackMessage = aws.ToString(r.RollbackDeploymentId), aws.ToString(r.RollbackMessage)
	}
	if a := d.AutoRollbackConfiguration; a != nil && a.Enabled {
		for _, e := range a.Events {
			out.RollsBackAfter = append(out.RollsBackAfter, string(e))
		}
	}
	return out
}

// Deployments are the ids of a group's deployments created since a time.
func (c *Client) Deployments(ctx context.Context, g DeploymentGroup, since time.Time) ([]string, error) {
	t := target{Action: codeDeployAction("ListDeployments"), resource: g.String()}
	return pages(ctx, c, t, func(token *string) ([]string, *string, error) {
		out, err := call(ctx, c, t, c.codedeploy().ListDeployments,
			&codedeploy.ListDeploymentsInput{
				ApplicationName: &g.Application, DeploymentGroupName: &g.Name, CreateTimeRange: &types.TimeRange{Start: &since}, NextToken: token,
			},
			func(out *codedeploy.ListDeploymentsOutput) bool { return out.Deployments != nil })
		if err != nil {
			return nil, nil, ofCodeDeploy(err)
		}
		return out.Deployments, out.NextToken, nil
	})
}

// DeploymentTargetIDs are the ids of a deployment's targets; of a Lambda
// deployment there is one, once it has begun.
func (c *Client) DeploymentTargetIDs(ctx context.Context, id string) ([]string, error) {
	out, err := call(ctx, c, target{Action: codeDeployAction("ListDeploymentTargets"), resource: id}, c.codedeploy().ListDeploymentTargets,
		&codedeploy.ListDeploymentTargetsInput{DeploymentId: &id},
		func(out *codedeploy.ListDeploymentTargetsOutput) bool { return out.TargetIds != nil })
	if err != nil {
		return nil, ofCodeDeploy(err)
	}
	return out.TargetIds, nil
}

// DeploymentTargets reads the progress of a deployment on at most 25 targets.
func (c *Client) DeploymentTargets(ctx context.Context, id string, targets []string) ([]DeploymentTarget, error) {
	out, err := call(ctx, c, target{Action: codeDeployAction("BatchGetDeploymentTargets"), resource: id}, c.codedeploy().BatchGetDeploymentTargets,
		&codedeploy.BatchGetDeploymentTargetsInput{DeploymentId: &id, TargetIds: targets},
		func(out *codedeploy.BatchGetDeploymentTargetsOutput) bool { return out.DeploymentTargets != nil })
	if err != nil {
		return nil, ofCodeDeploy(err)
	}
	var all []DeploymentTarget
	for _, t := range out.DeploymentTargets {
		if t.LambdaTarget != nil {
			all = append(all, deploymentTarget(t.LambdaTarget))
		}
	}
	return all, nil
}

func deploymentTarget(t *types.LambdaTarget) DeploymentTarget {
	out := DeploymentTarget{Status: string(t.Status)}
	if f := t.LambdaFunctionInfo; f != nil {
		out.Function, out.Alias = aws.ToString(f.FunctionName), aws.ToString(f.FunctionAlias)
		out.Current, out.Target, out.Weight = aws.ToString(f.CurrentVersion), aws.ToString(f.TargetVersion), f.TargetVersionWeight
	}
	for _, e := range t.LifecycleEvents {
		event := LifecycleEvent{Name: aws.ToString(e.LifecycleEventName), Status: string(e.Status)}
		if d := e.Diagnostics; d != nil && d.ErrorCode != types.LifecycleErrorCodeSuccess {
			event.Diagnostics = reason(d.Message, string(d.ErrorCode))
		}
		out.Events = append(out.Events, event)
	}
	return out
}

// StopDeployment requests that a deployment stops and rolls back; status is
// Pending or Succeeded. A deployment that has ended is an error of kind
// Conflict.
func (c *Client) StopDeployment(ctx context.Context, id string) (status, message string, err error) {
	out, err := mutate(ctx, c, target{Action: codeDeployAction("StopDeployment"), resource: id}, c.codedeploy().StopDeployment,
		&codedeploy.StopDeploymentInput{DeploymentId: &id, AutoRollbackEnabled: aws.Bool(true)},
		func(out *codedeploy.StopDeploymentOutput) bool { return out.Status != "" })
	if err != nil {
		return "", "", ofCodeDeploy(err)
	}
	return string(out.Status), aws.ToString(out.StatusMessage), nil
}

// ofCodeDeploy sets the kind of CodeDeploy's errors, which all have status 400
// and differ in their codes.
func ofCodeDeploy(err error) error {
	var (
		e   *Error
		api smithy.APIError
	)
	if !errors.As(err, &e) || !errors.As(err, &api) {
		return err
	}
	switch api.ErrorCode() {
	case "ApplicationDoesNotExistException", "DeploymentGroupDoesNotExistException",
		"DeploymentConfigDoesNotExistException", "DeploymentDoesNotExistException":
		e.Kind = NotFound
	case "DeploymentAlreadyCompletedException":
		e.Kind = Conflict
	case "DeploymentLimitExceededException":
		e.Kind = Conflict
		return &ActiveError{e}
	}
	return err
}
