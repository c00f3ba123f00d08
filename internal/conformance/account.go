// Package conformance observes how an AWS account behaves, and compares that with what
// was recorded: the behaviours that lambda-release relies on and that the embedded AWS
// has. A test makes the same observations of the embedded AWS, so what differs in an
// account differs between the two.
//
// account.go creates and removes what the observations need, facts.go has the
// observations, and fact.go makes and compares them. Nothing is ever invoked.
package conformance

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// Prefix begins the name of everything that is created, and is its tag. Only what has
// both is ever removed.
const Prefix = "lambda-release-check-"

const tag = "created-by"

// Account is an AWS account in which functions and alarms are created and removed.
type Account struct {
	lambda *lambda.Client
	alarms *cloudwatch.Client
	role   string // of the functions
}

// New returns the account of a configuration. The Lambda service must be allowed to
// assume the role.
func New(config aws.Config, role string) *Account {
	return &Account{lambda.NewFromConfig(config), cloudwatch.NewFromConfig(config), role}
}

// Create creates a function. It does not wait until the function is Active.
func (a *Account) Create(ctx context.Context, name string) error {
	_, err := a.create(ctx, name)
	return err
}

func (a *Account) create(ctx context.Context, name string) (*lambda.CreateFunctionOutput, error) {
	code, err := archive("first")
	if err != nil {
		return nil, err
	}
	return a.lambda.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: &name,
		Description:  aws.String("Created by a check of lambda-release, and removed by it"),
		Role:         &a.role,
		Runtime:      types.RuntimePython313,
		Handler:      aws.String("index.handler"),
		Code:         &types.FunctionCode{ZipFile: code},
		Tags:         map[string]string{tag: Prefix},
	})
}

// archive returns a zip with a handler that answers with this text.
func archive(text string) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("index.py")
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(w, "def handler(event, context):\n    return %q\n", text); err != nil {
		return nil, err
	}
	err = z.Close()
	return b.Bytes(), err
}

// ready waits until a function is Active and its last update is complete.
func (a *Account) ready(ctx context.Context, name string) (*types.FunctionConfiguration, error) {
	for range 120 {
		out, err := a.lambda.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &name})
		if err != nil {
			return nil, err
		}
		if c := out.Configuration; c.State != types.StatePending && c.LastUpdateStatus != types.LastUpdateStatusInProgress {
			return c, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Second):
		}
	}
	return nil, fmt.Errorf("function %s is still being created or updated after two minutes", name)
}

// Upload gives a function new code. It does not wait until the update is complete.
func (a *Account) Upload(ctx context.Context, name, text string) error {
	_, err := a.upload(ctx, name, text)
	return err
}

func (a *Account) upload(ctx context.Context, name, text string) (*lambda.UpdateFunctionCodeOutput, error) {
	if _, err := a.ready(ctx, name); err != nil {
		return nil, err
	}
	code, err := archive(text)
	if err != nil {
		return nil, err
	}
	return a.lambda.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: &name, ZipFile: code})
}

// Publish publishes a version.
func (a *Account) Publish(ctx context.Context, name, description string) error {
	if _, err := a.ready(ctx, name); err != nil {
		return err
	}
	_, err := a.lambda.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: &name, Description: &description})
	return err
}

// Alias returns the version that an alias points to, and whether it has routing
// weights; "" if there is no such alias.
func (a *Account) Alias(ctx context.Context, name, alias string) (version string, weighted bool, err error) {
	out, err := a.lambda.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &name, Name: &alias})
	if err != nil {
		return "", false, unlessMissing(err)
	}
	return *out.FunctionVersion, out.RoutingConfig != nil && len(out.RoutingConfig.AdditionalVersionWeights) > 0, nil
}

// SetAlarm creates an alarm and sets its state, which remains: there is no metric that
// could change it.
func (a *Account) SetAlarm(ctx context.Context, name string, state, reason string) error {
	_, err := a.alarms.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
		AlarmName:          &name,
		Namespace:          aws.String(Prefix + "none"),
		MetricName:         aws.String("none"),
		Statistic:          cwtypes.StatisticSum,
		Period:             aws.Int32(60),
		EvaluationPeriods:  aws.Int32(1),
		Threshold:          aws.Float64(1),
		ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold,
		TreatMissingData:   aws.String("ignore"),
		Tags:               []cwtypes.Tag{{Key: aws.String(tag), Value: aws.String(Prefix)}},
	})
	if err != nil {
		return err
	}
	_, err = a.alarms.SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{AlarmName: &name, StateValue: cwtypes.StateValue(state), StateReason: &reason})
	return err
}

// Sweep removes every function and alarm that a check has created, and returns their
// names.
func (a *Account) Sweep(ctx context.Context) (removed []string, err error) {
	var failed []error
	functions := lambda.NewListFunctionsPaginator(a.lambda, &lambda.ListFunctionsInput{})
	for functions.HasMorePages() {
		page, err := functions.NextPage(ctx)
		if err != nil {
			return removed, errors.Join(append(failed, err)...)
		}
		for _, f := range page.Functions {
			if !strings.HasPrefix(*f.FunctionName, Prefix) {
				continue
			}
			if tags, err := a.lambda.ListTags(ctx, &lambda.ListTagsInput{Resource: f.FunctionArn}); err != nil {
				failed = append(failed, err)
			} else if tags.Tags[tag] == Prefix {
				removed = append(removed, "function "+*f.FunctionName)
				failed = append(failed, a.Remove(ctx, *f.FunctionName))
			}
		}
	}
	alarms := cloudwatch.NewDescribeAlarmsPaginator(a.alarms, &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String(Prefix)})
	for alarms.HasMorePages() {
		page, err := alarms.NextPage(ctx)
		if err != nil {
			return removed, errors.Join(append(failed, err)...)
		}
		for _, alarm := range page.MetricAlarms {
			removed = append(removed, "alarm "+*alarm.AlarmName)
			failed = append(failed, a.removeAlarm(ctx, *alarm.AlarmName))
		}
	}
	return removed, errors.Join(failed...)
}

// Remove deletes a function with its versions and aliases, and the alarm of that name.
// What does not exist is no error. It also works after ctx has ended, as when the job was
// cancelled.
func (a *Account) Remove(ctx context.Context, name string) error {
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer done()
	_, err := a.lambda.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &name})
	return errors.Join(unlessMissing(err), a.removeAlarm(ctx, name))
}

func (a *Account) removeAlarm(ctx context.Context, name string) error {
	_, err := a.alarms.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{name}})
	return unlessMissing(err)
}

// unlessMissing returns the error, or nil if it is that a function or alarm does not exist.
func unlessMissing(err error) error {
	if refused := apiError(err); refused != nil && strings.HasPrefix(refused.ErrorCode(), "ResourceNotFound") {
		return nil
	}
	return err
}
