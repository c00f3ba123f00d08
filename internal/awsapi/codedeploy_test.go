package awsapi_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
)

var group = awsapi.DeploymentGroup{Application: "shop", Name: "items"}

func newGroup(t *testing.T) (*cloud, *awsapi.Client) {
	t.Helper()
	c := newCloud(t, localaws.Options{})
	c.Publish(items.Name, "one")
	c.Upload(items.Name, "two")
	c.Publish(items.Name, "two")
	c.SetAlias(items.Name, localaws.Alias{Name: "prod", Version: "1"})
	c.AddDeploymentGroup(group.Application, group.Name, "CodeDeployDefault.LambdaCanary10Percent5Minutes")
	client := c.open(t)
	return c, client
}

var request = awsapi.DeploymentRequest{
	Group: group, Description: "run 4711",
	AppSpec: `{"version":0.0,"Resources":[{"items":{"Type":"AWS::Lambda::Function","Properties":{"Name":"items","Alias":"prod","CurrentVersion":"1","TargetVersion":"2"}}}]}`,
}

func TestDeployment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, client := newGroup(t)
		since := time.Now().Add(-time.Minute)
		id, err := client.CreateDeployment(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		if ids, err := client.Deployments(t.Context(), group, since); err != nil || !slices.Equal(ids, []string{id}) {
			t.Errorf("%q, %v", ids, err)
		}
		d, err := client.Deployment(t.Context(), id)
		if err != nil || d.ID != id || d.Group != group || d.Description != request.Description || d.Status != "InProgress" ||
			d.Config != "CodeDeployDefault.LambdaCanary10Percent5Minutes" || d.Created.Before(since) ||
			!slices.Equal(d.RollsBackAfter, []string{awsapi.AfterFailure, awsapi.AfterAlarm, awsapi.AfterRequest}) {
			t.Errorf("%+v, %v", d, err)
		}
		ids, err := client.DeploymentTargetIDs(t.Context(), id)
		if err != nil || len(ids) != 1 {
			t.Fatalf("%q, %v", ids, err)
		}
		targets, err := client.DeploymentTargets(t.Context(), id, ids)
		if err != nil || len(targets) != 1 {
			t.Fatalf("%+v, %v", targets, err)
		}
		if w := targets[0]; w.Function != items.Name || w.Alias != "prod" || w.Current != "1" || w.Target != "2" || w.Weight != 0.1 || len(w.Events) != 3 ||
			w.Events[1] != (awsapi.LifecycleEvent{Name: "AllowTraffic", Status: "InProgress"}) {
			t.Errorf("%+v", w)
		}
		status, message, err := client.StopDeployment(t.Context(), id)
		if err != nil || status != "Pending" || message == "" {
			t.Errorf("%q, %q, %v", status, message, err)
		}
		d, err = client.Deployment(t.Context(), id)
		if err != nil || d.Status != awsapi.DeploymentStopped || d.ErrorCode != "MANUAL_STOP" || d.RollbackID == "" || d.RollbackMessage == "" {
			t.Errorf("%+v, %v", d, err)
		}
		_, _, err = client.StopDeployment(t.Context(), id)
		isKind(t, err, awsapi.Conflict)
	})
}

// All that CodeDeploy refuses is a 400, whatever it means.
func TestCodeDeployKinds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, client := newGroup(t)
		for code, want := range map[string]awsapi.Kind{
			"ApplicationDoesNotExistException":      awsapi.NotFound,
			"DeploymentGroupDoesNotExistException":  awsapi.NotFound,
			"DeploymentConfigDoesNotExistException": awsapi.NotFound,
			"DeploymentDoesNotExistException":       awsapi.NotFound,
			"DeploymentLimitExceededException":      awsapi.Conflict,
			"InvalidRevisionException":              awsapi.Invalid,
			"DescriptionTooLongException":           awsapi.Invalid,
			"AccessDeniedException":                 awsapi.Denied,
			"ExpiredTokenException":                 awsapi.BadCredentials,
		} {
			c.spoil("", always, refusal(http.StatusBadRequest, code, "no"))
			_, err := client.CreateDeployment(t.Context(), request)
			isKind(t, err, want)
			says(t, err.Error(), "CreateDeployment shop/items: "+code+": no")
			if effect := awsapi.EffectOf(err); effect != awsapi.Rejected {
				t.Errorf("%s: effect %d", code, effect)
			}
			var active *awsapi.ActiveError
			if errors.As(err, &active) != (code == "DeploymentLimitExceededException") {
				t.Errorf("%s: %T", code, err)
			}
		}
		if n := c.count("CreateDeployment"); n != 9 {
			t.Errorf("%d attempts", n)
		}
	})
}

// A deployment is not begun again because its answer was lost, but it is when
// AWS had no time to read it. Reads are tried again.
func TestCreateDeploymentOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault  localaws.Fault
		n      int
		tries  int
		effect awsapi.Effect
	}{
		"throttled": {refusal(http.StatusBadRequest, "ThrottlingException", "Rate exceeded"), 2, 3, awsapi.NotSent},
		"broken":    {broken, always, 1, awsapi.Ambiguous},
		"dropped":   {localaws.Fault{Drop: true}, always, 1, awsapi.NoResponse},
		"lost":      {localaws.Fault{DropAfter: true}, always, 1, awsapi.NoResponse},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, client := newGroup(t)
				c.spoil("CreateDeployment", tt.n, tt.fault)
				_, err := client.CreateDeployment(t.Context(), request)
				if (err == nil) != (tt.effect == awsapi.NotSent) || awsapi.EffectOf(err) != tt.effect {
					t.Errorf("%v", err)
				}
				if n := c.count("CreateDeployment"); n != tt.tries {
					t.Errorf("%d attempts, want %d", n, tt.tries)
				}
				c.spoil("ListDeployments", 1, tt.fault)
				if _, err := client.Deployments(t.Context(), group, time.Now()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestOtherServicesDenied(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, client := newGroup(t)
		var e *awsapi.Error
		for _, tt := range []struct {
			said string
			call func() error
			want awsapi.Denial
		}{
			{
				"User: x is not authorized",
				func() error { _, err := client.Alarms(t.Context(), []string{"a"}); return err },
				awsapi.Denial{Action: "cloudwatch:DescribeAlarms", Resource: "*"},
			},
			{
				"User: x is not authorized to perform: cloudwatch:DescribeAlarms on resource: arn:aws:cloudwatch:eu-central-1:123456789012:alarm:* because no",
				func() error { _, err := client.Alarms(t.Context(), []string{"a"}); return err },
				awsapi.Denial{Action: "cloudwatch:DescribeAlarms", Resource: "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:*"},
			},
			{
				"User: x is not authorized to perform: codedeploy:GetDeploymentConfig on resource: arn:aws:codedeploy:eu-central-1:123456789012:deploymentconfig:y because no",
				func() error { _, err := client.CreateDeployment(t.Context(), request); return err },
				awsapi.Denial{Action: "codedeploy:GetDeploymentConfig", Resource: "arn:aws:codedeploy:eu-central-1:123456789012:deploymentconfig:y"},
			},
			{
				"no",
				func() error { _, err := client.Deployments(t.Context(), group, time.Now()); return err },
				awsapi.Denial{Action: "codedeploy:ListDeployments", Resource: "arn:aws:codedeploy:eu-central-1:*:deploymentgroup:shop/items"},
			},
			{
				"no",
				func() error { _, err := client.Deployment(t.Context(), "d-A1B2C3D4E"); return err },
				awsapi.Denial{Action: "codedeploy:GetDeployment", Resource: "*"},
			},
		} {
			c.spoil("", always, refusal(http.StatusBadRequest, "AccessDeniedException", tt.said))
			err := tt.call()
			if !errors.As(err, &e) || e.Kind != awsapi.Denied {
				t.Fatalf("%v", err)
			}
			if got := e.Denial(); got != tt.want || e.Hint() != "" {
				t.Errorf("%+v, hint %q; want %+v", got, e.Hint(), tt.want)
			}
		}
	})
}
