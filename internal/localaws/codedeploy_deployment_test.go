package localaws_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/google/go-cmp/cmp"
)

const (
	canary = "CodeDeployDefault.LambdaCanary10Percent5Minutes"
	linear = "CodeDeployDefault.LambdaLinear10PercentEvery1Minute"
)

// appSpec returns an AppSpec file that moves prod of fn.
func appSpec(current, target string) string {
	return fmt.Sprintf(`{"version":0.0,"Resources":[{"fn":{"Type":"AWS::Lambda::Function","Properties":{"Name":"fn","Alias":"prod","CurrentVersion":%q,"TargetVersion":%q}}}]}`, current, target)
}

// deploying is a cloud with versions 1 to 3 of fn, prod at 1, and a deployment
// group app/group with the alarm "errors".
type deploying struct {
	*testing.T
	*localaws.Cloud
	api    *codedeploy.Client
	lambda *lambda.Client
	conf   aws.Config
}

func withDeployments(t *testing.T, config string, settle time.Duration) *deploying {
	t.Helper()
	onDate()
	c, conf := serve(t, localaws.Options{Settle: settle})
	c.AddFunction("fn")
	publish(c, 3)
	c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
	c.AddDeploymentGroup("app", "group", config, "errors")
	time.Sleep(time.Hour)
	return &deploying{t, c, codedeploy.NewFromConfig(conf), lambda.NewFromConfig(conf), conf}
}

func (d *deploying) create(spec string, opts ...func(*codedeploy.CreateDeploymentInput)) (string, error) {
	d.Helper()
	in := &codedeploy.CreateDeploymentInput{
		ApplicationName: aws.String("app"), DeploymentGroupName: aws.String("group"),
		Revision: &types.RevisionLocation{RevisionType: types.RevisionLocationTypeAppSpecContent, AppSpecContent: &types.AppSpecContent{Content: &spec}},
	}
	for _, opt := range opts {
		opt(in)
	}
	out, err := d.api.CreateDeployment(d.Context(), in)
	if err != nil {
		return "", err
	}
	return *out.DeploymentId, nil
}

func (d *deploying) get(id string) *types.DeploymentInfo {
	d.Helper()
	return must(d.api.GetDeployment(d.Context(), &codedeploy.GetDeploymentInput{DeploymentId: &id}))(d.T).DeploymentInfo
}

// alias reads prod and formats it: "1" or "1 2:0.1".
func (d *deploying) alias() string {
	d.Helper()
	a := must(getAlias(d.T, d.lambda, "prod"))(d.T)
	s := *a.FunctionVersion
	if a.RoutingConfig != nil {
		for v, w := range a.RoutingConfig.AdditionalVersionWeights {
			s += fmt.Sprintf(" %s:%v", v, w)
		}
	}
	return s
}

// target formats the status, the events and the weight of the only target.
func (d *deploying) target(id string) string {
	d.Helper()
	ids := must(d.api.ListDeploymentTargets(d.Context(), &codedeploy.ListDeploymentTargetsInput{DeploymentId: &id}))(d.T).TargetIds
	out := must(d.api.BatchGetDeploymentTargets(d.Context(), &codedeploy.BatchGetDeploymentTargetsInput{DeploymentId: &id, TargetIds: ids}))(d.T)
	target := out.DeploymentTargets[0].LambdaTarget
	s := fmt.Sprint(out.DeploymentTargets[0].DeploymentTargetType, " ", *target.TargetId, " ", target.Status)
	for _, e := range target.LifecycleEvents {
		s += fmt.Sprintf(" %s %s", *e.LifecycleEventName, e.Status)
	}
	info := target.LambdaFunctionInfo
	return s + fmt.Sprintf(" %s:%s %s->%s %v", *info.FunctionName, *info.FunctionAlias, *info.CurrentVersion, *info.TargetVersion, info.TargetVersionWeight)
}

func TestCanaryDeployment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := withDeployments(t, canary, 10*time.Second)
		id := must(d.create(appSpec("1", "2")))(t)
		if !strings.HasPrefix(id, "d-") || len(id) != 11 {
			t.Errorf("id is %s", id)
		}
		start := time.Now()
		got := d.get(id)
		equal(t, "status", got.Status, types.DeploymentStatusCreated)
		equal(t, "alias", d.alias(), "1")
		_, err := d.api.ListDeploymentTargets(t.Context(), &codedeploy.ListDeploymentTargetsInput{DeploymentId: &id})
		wantError(t, err, 400, "DeploymentNotStartedException", "The deployment "+id+" has not started.")

		time.Sleep(10 * time.Second)
		equal(t, "alias", d.alias(), "1 2:0.1")
		equal(t, "status", d.get(id).Status, types.DeploymentStatusInProgress)
		equal(t, "target", d.target(id), "LambdaTarget fn:prod InProgress BeforeAllowTraffic Succeeded AllowTraffic InProgress AfterAllowTraffic Pending fn:prod 1->2 0.1")
		reached := map[string]int{}
		for range 20 {
			out := must(d.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fn:prod")}))(t)
			reached[*out.ExecutedVersion]++
		}
		if diff := cmp.Diff(map[string]int{"1": 18, "2": 2}, reached); diff != "" {
			t.Error(diff)
		}

		time.Sleep(5*time.Minute - time.Second)
		equal(t, "alias", d.alias(), "1 2:0.1")
		time.Sleep(time.Second)
		equal(t, "alias", d.alias(), "2")
		got = d.get(id)
		equal(t, "deployment", fmt.Sprint(got.Status, got.Creator, *got.DeploymentConfigName, got.RollbackInfo, got.ErrorInformation, *got.DeploymentOverview), fmt.Sprint("Succeeded", "user", canary, (*types.RollbackInfo)(nil), (*types.ErrorInformation)(nil), types.DeploymentOverview{Succeeded: 1}))
		equal(t, "started", got.StartTime.Sub(start), 10*time.Second)
		equal(t, "completed", got.CompleteTime.Sub(start), 10*time.Second+5*time.Minute)
		equal(t, "revision", *got.Revision.AppSpecContent.Content, appSpec("1", "2"))
		equal(t, "target", d.target(id), "LambdaTarget fn:prod Succeeded BeforeAllowTraffic Succeeded AllowTraffic Succeeded AfterAllowTraffic Succeeded fn:prod 1->2 1")
		group := must(d.api.GetDeploymentGroup(t.Context(), &codedeploy.GetDeploymentGroupInput{ApplicationName: aws.String("app"), DeploymentGroupName: aws.String("group")}))(t).DeploymentGroupInfo
		equal(t, "group", fmt.Sprint(*group.DeploymentConfigName, *group.LastSuccessfulDeployment.DeploymentId, *group.AlarmConfiguration.Alarms[0].Name, group.AutoRollbackConfiguration.Enabled), canary+id+"errorstrue")
		call := d.Calls()[0]
		equal(t, "record", fmt.Sprint(call.Service, call.Operation, call.Status), "codedeployCreateDeployment200")
	})
}

func TestLinearDeployment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := withDeployments(t, "", 0)
		id := must(d.create(appSpec("1", "2"), func(in *codedeploy.CreateDeploymentInput) { in.DeploymentConfigName = aws.String(linear) }))(t)
		var got []string
		for range 11 {
			got = append(got, d.alias())
			time.Sleep(time.Minute)
		}
		want := []string{"1 2:0.1", "1 2:0.2", "1 2:0.3", "1 2:0.4", "1 2:0.5", "1 2:0.6", "1 2:0.7", "1 2:0.8", "1 2:0.9", "2", "2"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		equal(t, "status", d.get(id).Status, types.DeploymentStatusSucceeded)
		equal(t, "lasted", d.get(id).CompleteTime.Sub(*d.get(id).StartTime), 9*time.Minute)

		all := must(d.create(appSpec("2", "3")))(t)
		equal(t, "alias at once", d.alias(), "3")
		if diff := cmp.Diff([]string{id, all}, d.Deployments()); diff != "" {
			t.Error(diff)
		}
		list := must(d.api.ListDeployments(t.Context(), &codedeploy.ListDeploymentsInput{ApplicationName: aws.String("app"), DeploymentGroupName: aws.String("group"), IncludeOnlyStatuses: []types.DeploymentStatus{"Succeeded"}}))(t)
		if diff := cmp.Diff([]string{all, id}, list.Deployments); diff != "" {
			t.Error(diff)
		}
	})
}

// wantRollback checks that another deployment rolled this one back.
func (d *deploying) wantRollback(id string) {
	d.Helper()
	ids := d.Deployments()
	undo := ids[len(ids)-1]
	if undo == id {
		d.Fatal("no other deployment was made")
	}
	info := d.get(id).RollbackInfo
	equal(d.T, "rollbackInfo", fmt.Sprint(aws.ToString(info.RollbackDeploymentId), " ", aws.ToString(info.RollbackMessage)), fmt.Sprintf("%s Deployment %s terminated. Automatic rollback is triggered with a DeploymentId %s.", undo, id, undo))
	back := d.get(undo)
	equal(d.T, "rollback", fmt.Sprint(back.Status, back.Creator, *back.RollbackInfo.RollbackTriggeringDeploymentId, " ", *back.RollbackInfo.RollbackMessage), fmt.Sprintf("SucceededcodeDeployRollback%s Deployment %s is triggered to roll back deployment %s.", id, undo, id))
	equal(d.T, "alias", d.alias(), "1")
}

func TestStopDeployment(t *testing.T) {
	t.Parallel()
	stop := func(d *deploying, id string, back *bool) error {
		d.Helper()
		out, err := d.api.StopDeployment(d.Context(), &codedeploy.StopDeploymentInput{DeploymentId: &id, AutoRollbackEnabled: back})
		if err == nil {
			equal(d.T, "status", out.Status, types.StopStatusPending)
		}
		return err
	}
	for name, back := range map[string]*bool{"with rollback": aws.Bool(true), "as the group is configured": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := withDeployments(t, canary, 10*time.Second)
				id := must(d.create(appSpec("1", "2")))(t)
				time.Sleep(time.Minute)
				if err := stop(d, id, back); err != nil {
					t.Fatal(err)
				}
				equal(t, "status when asked", d.get(id).Status, types.DeploymentStatusInProgress)
				equal(t, "alias when asked", d.alias(), "1 2:0.1")
				time.Sleep(10 * time.Second)
				got := d.get(id)
				equal(t, "status", fmt.Sprint(got.Status, got.ErrorInformation.Code), "StoppedMANUAL_STOP")
				equal(t, "alias before the rollback", d.alias(), "1 2:0.1")
				time.Sleep(10 * time.Second)
				d.wantRollback(id)
				equal(t, "target", d.target(id), "LambdaTarget fn:prod Failed BeforeAllowTraffic Succeeded AllowTraffic Failed AfterAllowTraffic Skipped fn:prod 1->2 0.1")
				wantError(t, stop(d, id, back), 400, "DeploymentAlreadyCompletedException", "The deployment "+id+" has already completed.")
			})
		})
	}
	t.Run("without rollback", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			d := withDeployments(t, canary, 0)
			id := must(d.create(appSpec("1", "2")))(t)
			equal(t, "alias", d.alias(), "1 2:0.1")
			if err := stop(d, id, aws.Bool(false)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
			equal(t, "status", d.get(id).Status, types.DeploymentStatusStopped)
			equal(t, "alias", d.alias(), "1 2:0.1")
			equal(t, "deployments", len(d.Deployments()), 1)
		})
	})
}

func TestDeploymentAndAlarm(t *testing.T) {
	t.Parallel()
	const message = "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the affected deployments have been stopped. Activated alarms: <errors>"
	check := func(d *deploying, id string) {
		d.Helper()
		got := d.get(id)
		equal(d.T, "deployment", fmt.Sprint(got.Status, got.ErrorInformation.Code, *got.ErrorInformation.Message), "StoppedALARM_ACTIVE"+message)
		d.wantRollback(id)
	}
	t.Run("while it shifts", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			d := withDeployments(t, linear, 0)
			id := must(d.create(appSpec("1", "2")))(t)
			time.Sleep(150 * time.Second)
			d.SetAlarm("errors", "ALARM", "too many")
			d.SetAlarm("errors", "OK", "none any more")
			time.Sleep(time.Hour)
			check(d, id)
		})
	})
	t.Run("from the start", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			d := withDeployments(t, canary, time.Second)
			d.SetAlarm("errors", "ALARM", "too many")
			id := must(d.create(appSpec("1", "2")))(t)
			time.Sleep(time.Second)
			equal(t, "alias", d.alias(), "1")
			time.Sleep(time.Second)
			check(d, id)
		})
	})
	t.Run("of no deployment", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			d := withDeployments(t, canary, 0)
			id := must(d.create(appSpec("1", "2")))(t)
			d.SetAlarm("others", "ALARM", "too many")
			time.Sleep(time.Hour)
			equal(t, "status", d.get(id).Status, types.DeploymentStatusSucceeded)
			d.SetAlarm("errors", "ALARM", "too late")
			equal(t, "alias", d.alias(), "2")
		})
	})
}

func TestFailDeployment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := withDeployments(t, canary, 0)
		id := must(d.create(appSpec("1", "2")))(t)
		time.Sleep(time.Minute)
		d.FailDeployment(id, "HOOK_EXECUTION_FAILURE", "the hook failed")
		got := d.get(id)
		equal(t, "deployment", fmt.Sprint(got.Status, got.ErrorInformation.Code, *got.ErrorInformation.Message), "FailedHOOK_EXECUTION_FAILUREthe hook failed")
		d.wantRollback(id)

		again := must(d.create(appSpec("1", "2"), func(in *codedeploy.CreateDeploymentInput) {
			in.AutoRollbackConfiguration = &types.AutoRollbackConfiguration{Enabled: false}
		}))(t)
		d.FailDeployment(again, "INTERNAL_ERROR", "")
		equal(t, "alias without rollback", d.alias(), "1 2:0.1")
		d.FailDeployment(again, "INTERNAL_ERROR", "once is enough")
	})
}

func TestDeploymentsThatCannotBe(t *testing.T) {
	t.Parallel()
	const configuration = "The deployment failed because the AppSpec file that specifies the AWS Lambda deployment configuration is missing or has an invalid configuration."
	for name, tt := range map[string]struct{ spec, config, code, message string }{
		"alias elsewhere":      {appSpec("2", "3"), canary, "INVALID_LAMBDA_CONFIGURATION", configuration + " The Lambda function alias version does not match the current version in AppSpec file."},
		"target is current":    {appSpec("1", "1"), canary, "INVALID_LAMBDA_CONFIGURATION", configuration},
		"no version":           {appSpec("1", "9"), canary, "INVALID_LAMBDA_FUNCTION", "The deployment failed because the Lambda function has no version 9."},
		"no alias":             {strings.Replace(appSpec("1", "2"), "prod", "dev", 1), canary, "INVALID_LAMBDA_FUNCTION", "The deployment failed because the Lambda function has no alias dev."},
		"no function":          {strings.ReplaceAll(appSpec("1", "2"), `"fn"`, `"other"`), canary, "INVALID_LAMBDA_FUNCTION", "The deployment failed because the Lambda function other in the AppSpec file does not exist."},
		"$LATEST":              {appSpec("1", "$LATEST"), canary, "INVALID_LAMBDA_CONFIGURATION", configuration},
		"no JSON":              {"{", canary, "INVALID_REVISION", "The AppSpec file is not valid: the input AppSpec file is a not well-formed yaml. The template cannot be parsed."},
		"another version":      {`{"version":1}`, canary, "INVALID_REVISION", "The AppSpec file is not valid: the version is not 0.0"},
		"nothing in it":        {`{"version":"0.0","Resources":[]}`, canary, "INVALID_REVISION", "The AppSpec file is not valid: there must be one resource"},
		"another kind":         {strings.Replace(appSpec("1", "2"), "Lambda", "ECS", 1), canary, "INVALID_REVISION", "The AppSpec file is not valid: the resource is not an AWS::Lambda::Function"},
		"versions are missing": {appSpec("1", ""), canary, "INVALID_REVISION", "The AppSpec file is not valid: the resource needs Name, Alias, CurrentVersion and TargetVersion"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := withDeployments(t, tt.config, 0)
				id := must(d.create(tt.spec))(t)
				got := d.get(id)
				equal(t, "status", got.Status, types.DeploymentStatusFailed)
				equal(t, "error", string(got.ErrorInformation.Code)+" "+*got.ErrorInformation.Message, tt.code+" "+tt.message)
				equal(t, "alias", d.alias(), "1")
			})
		})
	}
	t.Run("target is current, at once", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			d := withDeployments(t, "", 0)
			equal(t, "status", d.get(must(d.create(appSpec("1", "1")))(t)).Status, types.DeploymentStatusSucceeded)
		})
	})
	t.Run("alias is moved meanwhile", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			d := withDeployments(t, canary, 0)
			id := must(d.create(appSpec("1", "2")))(t)
			equal(t, "alias", d.alias(), "1 2:0.1")
			d.SetAlias("fn", localaws.Alias{Name: "prod", Version: "3"})
			time.Sleep(time.Hour)
			equal(t, "status", d.get(id).Status, types.DeploymentStatusFailed)
			equal(t, "alias", d.alias(), "3")
		})
	})
}

func TestDeploymentsRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change        func(*codedeploy.CreateDeploymentInput)
		code, message string
	}{
		"application": {func(in *codedeploy.CreateDeploymentInput) { in.ApplicationName = aws.String("none") }, "ApplicationDoesNotExistException", "No application found for name: none"},
		"group":       {func(in *codedeploy.CreateDeploymentInput) { in.DeploymentGroupName = aws.String("none") }, "DeploymentGroupDoesNotExistException", "No Deployment Group found for name: none"},
		"config":      {func(in *codedeploy.CreateDeploymentInput) { in.DeploymentConfigName = aws.String("none") }, "DeploymentConfigDoesNotExistException", "No Deployment Configuration found for name: none"},
		"revision":    {func(in *codedeploy.CreateDeploymentInput) { in.Revision = nil }, "RevisionRequiredException", "The revision was not specified."},
		"hash":        {func(in *codedeploy.CreateDeploymentInput) { in.Revision.AppSpecContent.Sha256 = aws.String("0") }, "InvalidRevisionException", "The SHA256 of the revision does not match its content."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				_, err := withDeployments(t, canary, 0).create(appSpec("1", "2"), tt.change)
				wantError(t, err, 400, tt.code, tt.message)
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		d := withDeployments(t, canary, 0)
		id := must(d.create(appSpec("1", "2")))(t)
		_, err := d.create(appSpec("1", "3"))
		wantError(t, err, 400, "DeploymentLimitExceededException", "The Deployment Group 'group' already has an active Deployment '"+id+"'")
		var typed *types.DeploymentLimitExceededException
		equal(t, "error has its type", errors.As(err, &typed), true)
		_, err = d.api.GetDeployment(t.Context(), &codedeploy.GetDeploymentInput{DeploymentId: aws.String("d-NONE")})
		wantError(t, err, 400, "DeploymentDoesNotExistException", "The deployment d-NONE could not be found")
	})
}

// Deployments can be set up with the aws CLI.
func TestSettingUpDeployments(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := withDeployments(t, "", 0)
		must(d.api.CreateApplication(t.Context(), &codedeploy.CreateApplicationInput{ApplicationName: aws.String("mine"), ComputePlatform: types.ComputePlatformLambda}))(t)
		must(d.api.CreateDeploymentConfig(t.Context(), &codedeploy.CreateDeploymentConfigInput{
			DeploymentConfigName: aws.String("half"), ComputePlatform: types.ComputePlatformLambda,
			TrafficRoutingConfig: &types.TrafficRoutingConfig{Type: types.TrafficRoutingTypeTimeBasedLinear, TimeBasedLinear: &types.TimeBasedLinear{LinearPercentage: 50, LinearInterval: 2}},
		}))(t)
		must(d.api.CreateDeploymentGroup(t.Context(), &codedeploy.CreateDeploymentGroupInput{
			ApplicationName: aws.String("mine"), DeploymentGroupName: aws.String("fn"), DeploymentConfigName: aws.String("half"), ServiceRoleArn: aws.String(role),
			DeploymentStyle: &types.DeploymentStyle{DeploymentType: types.DeploymentTypeBlueGreen, DeploymentOption: types.DeploymentOptionWithTrafficControl},
		}))(t)
		must(d.create(appSpec("1", "2"), func(in *codedeploy.CreateDeploymentInput) {
			in.ApplicationName, in.DeploymentGroupName = aws.String("mine"), aws.String("fn")
		}))(t)
		equal(t, "alias", d.alias(), "1 2:0.5")
		time.Sleep(2 * time.Minute)
		equal(t, "alias", d.alias(), "2")

		config := must(d.api.GetDeploymentConfig(t.Context(), &codedeploy.GetDeploymentConfigInput{DeploymentConfigName: aws.String(canary)}))(t).DeploymentConfigInfo
		equal(t, "config", fmt.Sprint(config.ComputePlatform, config.TrafficRoutingConfig.Type, *config.TrafficRoutingConfig.TimeBasedCanary), fmt.Sprint("Lambda", "TimeBasedCanary", types.TimeBasedCanary{CanaryPercentage: 10, CanaryInterval: 5}))
		list := must(d.api.ListDeploymentConfigs(t.Context(), &codedeploy.ListDeploymentConfigsInput{}))(t).DeploymentConfigsList
		equal(t, "number of configs", len(list), 10)
		for _, name := range []string{canary, linear, "half", "CodeDeployDefault.LambdaAllAtOnce", "CodeDeployDefault.LambdaCanary10Percent30Minutes", "CodeDeployDefault.LambdaLinear10PercentEvery10Minutes"} {
			equal(t, name+" is listed", slices.Contains(list, name), true)
		}
	})
}

func TestServicesSideBySide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := withDeployments(t, linear, 0)
		watch := cloudwatch.NewFromConfig(d.conf)
		id := must(d.create(appSpec("1", "2")))(t)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 5 {
					time.Sleep(40 * time.Second)
					d.SetAlarm("others", "ALARM", "")
					_, err1 := d.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fn:prod")})
					_, err2 := getAlias(t, d.lambda, "prod")
					_, err3 := d.api.GetDeployment(t.Context(), &codedeploy.GetDeploymentInput{DeploymentId: &id})
					_, err4 := watch.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{})
					for _, err := range []error{err1, err2, err3, err4} {
						if err != nil {
							t.Error(err)
						}
					}
					d.SetAlarm("others", "OK", "")
				}
			})
		}
		wg.Wait()
		equal(t, "alias", d.alias(), "1 2:0.4")
		time.Sleep(time.Hour)
		equal(t, "alias", d.alias(), "2")
	})
}

func TestAppSpecInYAML(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := withDeployments(t, "", 0)
		id := must(d.create(`version: 0.0
Resources:
  - anything:
      Type: AWS::Lambda::Function
      Properties:
        Name: fn
        Alias: prod
        CurrentVersion: 1
        TargetVersion: "2"
Hooks:
  - BeforeAllowTraffic: check
`))(t)
		equal(t, "status", d.get(id).Status, types.DeploymentStatusSucceeded)
		equal(t, "alias", d.alias(), "2")
		broken := must(d.create("version: [0.0"))(t)
		equal(t, "status of a broken one", d.get(broken).Status, types.DeploymentStatusFailed)
	})
}

// A deployment compares only the version of the alias: weights that another caller
// clears come back with its next step.
func TestDeploymentSetsWeightsAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := withDeployments(t, linear, 0)
		id := must(d.create(appSpec("1", "2")))(t)
		equal(t, "alias", d.alias(), "1 2:0.1")
		must(updateAlias(t, d.lambda, "prod", weighted(map[string]float64{})))(t)
		equal(t, "alias after it was rolled back by hand", d.alias(), "1")
		time.Sleep(time.Minute)
		equal(t, "alias after the next step", d.alias(), "1 2:0.2")
		must(updateAlias(t, d.lambda, "prod", to("3"), weighted(map[string]float64{})))(t)
		time.Sleep(time.Minute)
		info := d.get(id)
		equal(t, "status after the alias has moved", info.Status, types.DeploymentStatusFailed)
		equal(t, "alias", d.alias(), "3")
	})
}

func TestDelayedDeployment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := withDeployments(t, canary, 0)
		d.DelayDeployments(time.Minute, time.Hour)
		id := must(d.create(appSpec("1", "2")))(t)
		for _, tt := range []struct {
			wait   time.Duration
			status types.DeploymentStatus
			alias  string
		}{
			{0, types.DeploymentStatusCreated, "1"},
			{time.Minute, types.DeploymentStatusQueued, "1"},
			{time.Hour - 1, types.DeploymentStatusQueued, "1"},
			{1, types.DeploymentStatusInProgress, "1 2:0.1"},
			{5 * time.Minute, types.DeploymentStatusSucceeded, "2"},
		} {
			time.Sleep(tt.wait)
			equal(t, "status", d.get(id).Status, tt.status)
			equal(t, "alias", d.alias(), tt.alias)
			if tt.status == types.DeploymentStatusQueued {
				_, err := d.api.ListDeploymentTargets(t.Context(), &codedeploy.ListDeploymentTargetsInput{DeploymentId: &id})
				wantError(t, err, 400, "DeploymentNotStartedException", "The deployment "+id+" has not started.")
			}
		}

		// StopDeployment ends one that is queued.
		id = must(d.create(appSpec("2", "3")))(t)
		time.Sleep(2 * time.Minute)
		must(d.api.StopDeployment(t.Context(), &codedeploy.StopDeploymentInput{DeploymentId: &id, AutoRollbackEnabled: aws.Bool(false)}))(t)
		equal(t, "status after the stop", d.get(id).Status, types.DeploymentStatusStopped)
		equal(t, "alias", d.alias(), "2")
	})
}

func TestDeploymentsThatAreGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := withDeployments(t, canary, 0)
		id := must(d.create(appSpec("1", "2")))(t)
		equal(t, "alias", d.alias(), "1 2:0.1")
		d.DeleteDeployment(id)
		_, err := d.api.GetDeployment(t.Context(), &codedeploy.GetDeploymentInput{DeploymentId: &id})
		wantError(t, err, 400, "DeploymentDoesNotExistException", "The deployment "+id+" could not be found")
		time.Sleep(time.Hour)
		equal(t, "alias", d.alias(), "1 2:0.1")
		_, err = d.api.GetDeployment(t.Context(), &codedeploy.GetDeploymentInput{DeploymentId: aws.String("one")})
		wantError(t, err, 400, "InvalidDeploymentIdException", "Specified DeploymentId is not in the valid format: one")
		_, err = d.api.ListDeployments(t.Context(), &codedeploy.ListDeploymentsInput{ApplicationName: aws.String("app")})
		wantError(t, err, 400, "DeploymentGroupNameRequiredException", "The deployment group name was not specified.")
	})
}
