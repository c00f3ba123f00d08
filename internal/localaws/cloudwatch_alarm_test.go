package localaws_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp"
)

// withCloudwatch serves a cloud and returns it with a CloudWatch client.
func withCloudwatch(t *testing.T, o localaws.Options) (*localaws.Cloud, *cloudwatch.Client) {
	t.Helper()
	c, config := serve(t, o)
	return c, cloudwatch.NewFromConfig(config)
}

func putAlarm(t *testing.T, api *cloudwatch.Client, name string) {
	t.Helper()
	must(api.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName:          &name,
		Namespace:          aws.String("AWS/Lambda"),
		MetricName:         aws.String("Errors"),
		Dimensions:         []types.Dimension{{Name: aws.String("FunctionName"), Value: aws.String("fn")}},
		Statistic:          types.StatisticSum,
		Period:             aws.Int32(60),
		EvaluationPeriods:  aws.Int32(2),
		Threshold:          aws.Float64(1.5),
		ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
	}))(t)
}

func putComposite(t *testing.T, api *cloudwatch.Client, name, rule string) error {
	t.Helper()
	_, err := api.PutCompositeAlarm(t.Context(), &cloudwatch.PutCompositeAlarmInput{AlarmName: &name, AlarmRule: &rule})
	return err
}

func setAlarm(t *testing.T, api *cloudwatch.Client, name string, state types.StateValue) error {
	t.Helper()
	_, err := api.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: &name, StateValue: state, StateReason: aws.String("by hand")})
	return err
}

// states formats the metric and composite alarms of DescribeAlarms.
func states(out *cloudwatch.DescribeAlarmsOutput) string {
	var all []string
	for _, a := range out.MetricAlarms {
		all = append(all, fmt.Sprintf("%s %s", *a.AlarmName, a.StateValue))
	}
	for _, a := range out.CompositeAlarms {
		all = append(all, fmt.Sprintf("%s %s of %s", *a.AlarmName, a.StateValue, *a.AlarmRule))
	}
	return strings.Join(all, ", ")
}

func TestMetricAlarm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		c, api := withCloudwatch(t, localaws.Options{})
		putAlarm(t, api, "errors")
		describe := func() types.MetricAlarm {
			t.Helper()
			out := must(api.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"errors", "none"}}))(t)
			if len(out.MetricAlarms) != 1 || len(out.CompositeAlarms) != 0 {
				t.Fatalf("alarms are %v", states(out))
			}
			return out.MetricAlarms[0]
		}
		a := describe()
		got := fmt.Sprint(*a.AlarmArn, " ", a.StateValue, " ", *a.StateReason, " ", *a.Period, *a.EvaluationPeriods, *a.Threshold, *a.ActionsEnabled, *a.Dimensions[0].Value, " ", a.StateUpdatedTimestamp.Equal(time.Now()))
		equal(t, "alarm", got, "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:errors INSUFFICIENT_DATA Unchecked: Initial alarm creation 60 2 1.5 truefn true")

		time.Sleep(time.Hour)
		if err := setAlarm(t, api, "errors", types.StateValueAlarm); err != nil {
			t.Fatal(err)
		}
		a = describe()
		equal(t, "state", fmt.Sprint(a.StateValue, " ", *a.StateReason, " ", a.StateTransitionedTimestamp.Equal(time.Now())), "ALARM by hand true")
		putAlarm(t, api, "errors")
		equal(t, "state after another put", describe().StateValue, types.StateValueAlarm)
		c.SetAlarm("errors", "OK", "better")
		a = describe()
		equal(t, "state from Go", fmt.Sprint(a.StateValue, " ", *a.StateReason), "OK better")
		c.SetAlarm("made", "ALARM", "bad")
		out := must(api.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{}))(t)
		equal(t, "alarms", states(out), "errors OK, made ALARM")

		equal(t, "lists are empty, not absent", fmt.Sprint(a.OKActions != nil, a.AlarmActions != nil, a.InsufficientDataActions != nil, out.MetricAlarms[1].Dimensions != nil), "true true true true")

		// The right names are deleted although another is wrong.
		_, err := api.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"none", "errors"}})
		wantError(t, err, 404, "ResourceNotFound", "The named resource does not exist.")
		out = must(api.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{}))(t)
		equal(t, "alarms", states(out), "made ALARM")

		call := c.Calls()[0]
		equal(t, "record", fmt.Sprint(call.Service, " ", call.Operation, " ", call.Status), "cloudwatch PutMetricAlarm 200")
	})
}

func TestCompositeAlarm(t *testing.T) {
	t.Parallel()
	c, api := withCloudwatch(t, localaws.Options{})
	for _, name := range []string{"a", "b", "c d"} {
		c.SetAlarm(name, "OK", "")
	}
	for _, tt := range []struct {
		rule string
		want types.StateValue
	}{
		{"TRUE", "ALARM"},
		{"FALSE", "OK"},
		{"NOT FALSE", "ALARM"},
		{"ALARM(a)", "OK"},
		{`OK("a")`, "ALARM"},
		{"INSUFFICIENT_DATA( a )", "OK"},
		{"ALARM(a) OR OK(b)", "ALARM"},
		{"ALARM(a) AND OK(b)", "OK"},
		{`OK("c d") OR ALARM(a) AND ALARM(b)`, "ALARM"},
		{`(OK("c d") OR ALARM(a)) AND ALARM(b)`, "OK"},
		{"NOT(ALARM(a) OR ALARM(b))", "ALARM"},
		{"ALARM(arn:aws:cloudwatch:eu-central-1:123456789012:alarm:a)", "OK"},
	} {
		if err := putComposite(t, api, "composite", tt.rule); err != nil {
			t.Fatalf("%s: %v", tt.rule, err)
		}
		out := must(api.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmTypes: []types.AlarmType{types.AlarmTypeCompositeAlarm}}))(t)
		equal(t, "alarms", states(out), fmt.Sprintf("composite %s of %s", tt.want, tt.rule))
	}
	for rule, message := range map[string]string{
		"ALARM(none)":        "Could not save the composite alarm as alarms [none] in the alarm rule do not exist",
		"ALARM(a) XOR OK(b)": "AlarmRule is not valid at 'XOR OK(b)'",
		"ALARM(a":            "AlarmRule is not valid at 'a'",
		`ALARM("a" b)`:       "AlarmRule is not valid at 'b)'",
		"(ALARM(a)":          "AlarmRule is not valid at ''",
		"ALARM a":            "AlarmRule is not valid at 'a'",
	} {
		wantError(t, putComposite(t, api, "bad", rule), 400, "ValidationError", message)
	}
}

// A change of an alarm changes the composite alarms that depend on it.
func TestCompositeFollows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		c, api := withCloudwatch(t, localaws.Options{})
		c.SetAlarm("errors", "OK", "")
		for _, err := range []error{putComposite(t, api, "inner", "ALARM(errors)"), putComposite(t, api, "outer", "ALARM(inner)")} {
			if err != nil {
				t.Fatal(err)
			}
		}
		wantError(t, putComposite(t, api, "inner", "NOT ALARM(outer)"), 400, "ValidationError", "localaws does not support an alarm that depends on itself, as inner would through outer")
		both := []types.AlarmType{types.AlarmTypeCompositeAlarm, types.AlarmTypeMetricAlarm}
		if err := setAlarm(t, api, "errors", types.StateValueAlarm); err != nil {
			t.Fatal(err)
		}
		out := must(api.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmTypes: both}))(t)
		equal(t, "alarms", states(out), "errors ALARM, inner ALARM of ALARM(errors), outer ALARM of ALARM(inner)")
		equal(t, "reason", *out.CompositeAlarms[0].StateReason, "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:errors transitioned to ALARM at Monday 23 November, 2026 10:00:00 UTC")
		equal(t, "reason data", *out.CompositeAlarms[0].StateReasonData, `{"triggeringAlarms":[{"arn":"arn:aws:cloudwatch:eu-central-1:123456789012:alarm:errors","state":{"timestamp":"2026-11-23T10:00:00.000+0000","value":"ALARM"}}]}`)
		c.SetAlarm("errors", "OK", "")
		out = must(api.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmTypes: both, StateValue: types.StateValueAlarm}))(t)
		equal(t, "alarms that are on", states(out), "")
		c.SetAlarm("outer", "ALARM", "played")
		out = must(api.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmTypes: both, AlarmNames: []string{"outer"}}))(t)
		equal(t, "alarms", states(out), "outer ALARM of ALARM(inner)")
	})
}

func TestDescribeAlarmsPages(t *testing.T) {
	t.Parallel()
	c, api := withCloudwatch(t, localaws.Options{})
	for i := range 120 {
		c.SetAlarm(fmt.Sprintf("alarm%03d", i), "OK", "")
	}
	var sizes []int
	p := cloudwatch.NewDescribeAlarmsPaginator(api, &cloudwatch.DescribeAlarmsInput{})
	for p.HasMorePages() {
		sizes = append(sizes, len(must(p.NextPage(t.Context()))(t).MetricAlarms))
	}
	if diff := cmp.Diff([]int{50, 50, 20}, sizes); diff != "" {
		t.Error(diff)
	}
	out := must(api.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String("alarm00"), MaxRecords: aws.Int32(3)}))(t)
	equal(t, "alarms", states(out), "alarm000 OK, alarm001 OK, alarm002 OK")
	_, err := api.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{NextToken: aws.String("nonsense")})
	wantError(t, err, 400, "InvalidNextToken", "Invalid NextToken: nonsense")
	var typed *types.InvalidNextToken
	equal(t, "error has its type", errors.As(err, &typed), true)
}

func TestAlarmsRefused(t *testing.T) {
	t.Parallel()
	_, api := withCloudwatch(t, localaws.Options{})
	const one = "1 validation error detected: Value "
	names := strings.Split(strings.Repeat("x", 101), "")
	_, err := api.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: names})
	wantError(t, err, 400, "ValidationError", one+"'["+strings.Join(names, ", ")+"]' at 'alarmNames' failed to satisfy constraint: Member must have length less than or equal to 100")
	_, err = api.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: names[:1], AlarmNamePrefix: aws.String("x")})
	wantError(t, err, 400, "ValidationError", "AlarmNamePrefix and AlarmNames may not both be specified")
	wantError(t, setAlarm(t, api, "none", types.StateValueOk), 404, "ResourceNotFound", "The named resource does not exist.")
	wantError(t, setAlarm(t, api, "none", "GREEN"), 400, "ValidationError", one+"'GREEN' at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]")
	_, err = api.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{AlarmName: aws.String("a"), EvaluationPeriods: aws.Int32(1), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold})
	wantError(t, err, 400, "ValidationError", "One of MetricName or Metrics must be specified")
}
