package localaws_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// watch puts an alarm that goes off above 5 errors a minute of fn.
func watch(t *testing.T, api *cloudwatch.Client, change func(*cloudwatch.PutMetricAlarmInput)) {
	t.Helper()
	in := &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("errors"), Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Errors"),
		Dimensions: []types.Dimension{{Name: aws.String("FunctionName"), Value: aws.String("fn")}},
		Statistic:  types.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1),
		Threshold: aws.Float64(5), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
	}
	if change != nil {
		change(in)
	}
	must(api.PutMetricAlarm(t.Context(), in))(t)
}

// stateOf is the state of the alarm errors, and its reason.
func stateOf(t *testing.T, api *cloudwatch.Client) (state, reason string) {
	t.Helper()
	a := must(api.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"errors"}}))(t).MetricAlarms[0]
	return string(a.StateValue), *a.StateReason
}

// The tables of AWS: 0 is a data point that does not breach, X one that does, - a
// missing one. Without a state, the alarm keeps the one it has.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
func TestMissingData(t *testing.T) {
	t.Parallel()
	const ok, alarm, insufficient = "OK", "ALARM", "INSUFFICIENT_DATA"
	for _, tt := range []struct {
		enough                                   int32 // of 3
		points                                   string
		missing, ignore, breaching, notBreaching string
	}{
		{3, "0 - X - X", ok, ok, ok, ok},
		{3, "0 - - - -", ok, ok, ok, ok},
		{3, "- - - - -", insufficient, "", alarm, ok},
		{3, "0 X X - X", alarm, alarm, alarm, alarm},
		{3, "- - X - -", alarm, "", alarm, ok},
		{3, "- - - - X", insufficient, "", alarm, ok},
		{3, "- - - X -", insufficient, "", alarm, ok},
		{2, "0 - X - X", alarm, alarm, alarm, alarm},
		{2, "0 0 X 0 X", alarm, alarm, alarm, alarm},
		{2, "0 - X - -", ok, ok, alarm, ok},
		{2, "- - - - 0", ok, ok, alarm, ok},
		{2, "- - - X -", alarm, "", alarm, ok},
	} {
		for treatment, want := range map[string]string{"missing": tt.missing, "": tt.missing, "ignore": tt.ignore, "breaching": tt.breaching, "notBreaching": tt.notBreaching} {
			for _, before := range []string{ok, alarm, insufficient} {
				synctest.Test(t, func(t *testing.T) {
					onDate()
					c, api := withCloudwatch(t, localaws.Options{})
					watch(t, api, func(in *cloudwatch.PutMetricAlarmInput) {
						in.EvaluationPeriods, in.DatapointsToAlarm = aws.Int32(3), &tt.enough
						if treatment != "" {
							in.TreatMissingData = &treatment
						}
					})
					time.Sleep(5*time.Minute - time.Second)
					if err := setAlarm(t, api, "errors", types.StateValue(before)); err != nil {
						t.Fatal(err)
					}
					for i, point := range strings.Fields(tt.points) {
						if value := map[string]float64{"0": 5, "X": 6}[point]; point != "-" {
							c.AddMetric(localaws.Metric{Name: "Errors", Dimensions: map[string]string{"FunctionName": "fn"}, At: date.Add(time.Duration(i) * time.Minute), Value: value})
						}
					}
					time.Sleep(time.Second)
					expected := want
					if expected == "" {
						expected = before
					}
					if got, reason := stateOf(t, api); got != expected {
						t.Errorf("%s, %d of 3, %s as %q: %s (%s), want %s", before, tt.enough, tt.points, treatment, got, reason, expected)
					}
				})
			}
		}
	}
}

// The state follows the metric from minute to minute, and when the data arrives.
func TestAlarmFollowsMetric(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		c, api := withCloudwatch(t, localaws.Options{})
		watch(t, api, nil)
		if err := putComposite(t, api, "page", "ALARM(errors)"); err != nil {
			t.Fatal(err)
		}
		for i, errors := range []float64{0, 3, 9, 5, 8} {
			c.AddMetric(localaws.Metric{Name: "Errors", Dimensions: map[string]string{"FunctionName": "fn"}, At: date.Add(time.Duration(i) * time.Minute), Value: errors})
		}
		var got []string
		for range 9 {
			state, _ := stateOf(t, api)
			got = append(got, state)
			time.Sleep(time.Minute)
		}
		equal(t, "states", strings.Join(got, " "), "INSUFFICIENT_DATA OK OK ALARM OK ALARM ALARM ALARM INSUFFICIENT_DATA")

		c.DelayMetrics(90*time.Second, nil)
		late := time.Now()
		c.AddMetric(localaws.Metric{Name: "Errors", Dimensions: map[string]string{"FunctionName": "fn"}, Value: 10})
		time.Sleep(2 * time.Minute)
		state, _ := stateOf(t, api)
		equal(t, "state before the data has arrived", state, "INSUFFICIENT_DATA")
		time.Sleep(time.Hour) // so long is no call
		out := must(api.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"errors"}}))(t)
		equal(t, "state an hour later", states(out), "errors INSUFFICIENT_DATA")
		equal(t, "the data left the range after", out.MetricAlarms[0].StateTransitionedTimestamp.Sub(late), 4*time.Minute)
		equal(t, "reason", *out.MetricAlarms[0].StateReason, "Insufficient Data: 1 datapoint was unknown.")
		out = must(api.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmTypes: []types.AlarmType{types.AlarmTypeCompositeAlarm}}))(t)
		equal(t, "composite", fmt.Sprint(out.CompositeAlarms[0].StateTransitionedTimestamp.Sub(late)), "4m0s")
	})
}

func TestReasonOfState(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		change func(*cloudwatch.PutMetricAlarmInput)
		values []float64
		want   string
	}{
		{nil, []float64{7}, "ALARM Threshold Crossed: 1 out of the last 1 datapoints [7.0 (23/11/26 10:00:00)] was greater than the threshold (5.0) (minimum 1 datapoint for OK -> ALARM transition)."},
		{func(in *cloudwatch.PutMetricAlarmInput) {
			in.Statistic, in.ExtendedStatistic, in.Threshold = "", aws.String("p50"), aws.Float64(5.5)
		}, []float64{5}, "OK Threshold Crossed: 1 out of the last 1 datapoints [5.0 (23/11/26 10:00:00)] was not greater than the threshold (5.5) (minimum 1 datapoint for ALARM -> OK transition)."},
		{func(in *cloudwatch.PutMetricAlarmInput) {
			in.EvaluationPeriods, in.DatapointsToAlarm, in.ComparisonOperator = aws.Int32(3), aws.Int32(2), types.ComparisonOperatorLessThanOrEqualToThreshold
		}, []float64{5, 1, 9}, "ALARM Threshold Crossed: 2 out of the last 3 datapoints [1.0 (23/11/26 10:01:00), 5.0 (23/11/26 10:00:00)] were less than or equal to the threshold (5.0) (minimum 2 datapoints for OK -> ALARM transition)."},
		{func(in *cloudwatch.PutMetricAlarmInput) { in.TreatMissingData = aws.String("notBreaching") }, nil, "OK Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching]."},
		{func(in *cloudwatch.PutMetricAlarmInput) { in.Period = aws.Int32(180) }, []float64{2, 2, 2}, "ALARM Threshold Crossed: 1 out of the last 1 datapoints [6.0 (23/11/26 10:00:00)] was greater than the threshold (5.0) (minimum 1 datapoint for OK -> ALARM transition)."},
	} {
		synctest.Test(t, func(t *testing.T) {
			onDate()
			c, api := withCloudwatch(t, localaws.Options{})
			watch(t, api, tt.change)
			time.Sleep(time.Duration(max(1, len(tt.values)))*time.Minute - time.Second)
			for i, value := range tt.values {
				c.AddMetric(localaws.Metric{Name: "Errors", Dimensions: map[string]string{"FunctionName": "fn"}, At: date.Add(time.Duration(i) * time.Minute), Value: value})
			}
			time.Sleep(time.Second)
			state, reason := stateOf(t, api)
			equal(t, "state", state+" "+reason, tt.want)
		})
	}
}

// A state that a call sets lasts for a minute, one that a test sets until it is put.
func TestAlarmSetByHand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		c, api := withCloudwatch(t, localaws.Options{})
		quiet := func(in *cloudwatch.PutMetricAlarmInput) { in.TreatMissingData = aws.String("notBreaching") }
		watch(t, api, quiet)
		time.Sleep(time.Minute)
		if err := setAlarm(t, api, "errors", types.StateValueAlarm); err != nil {
			t.Fatal(err)
		}
		state, _ := stateOf(t, api)
		time.Sleep(time.Minute)
		then, _ := stateOf(t, api)
		equal(t, "by a call", state+" "+then, "ALARM OK")
		c.SetAlarm("errors", "ALARM", "")
		time.Sleep(time.Hour)
		state, _ = stateOf(t, api)
		watch(t, api, quiet)
		time.Sleep(time.Minute)
		then, _ = stateOf(t, api)
		equal(t, "by a test", state+" "+then, "ALARM OK")
		_, err := api.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
			AlarmName: aws.String("a"), EvaluationPeriods: aws.Int32(1), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
			MetricName: aws.String("m"), TreatMissingData: aws.String("Breaching"),
		})
		wantError(t, err, 400, "ValidationError", "The value Breaching is not supported for TreatMissingData parameter. Supported values are [breaching, notBreaching, ignore, missing].")
		_, err = api.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
			AlarmName: aws.String("a"), EvaluationPeriods: aws.Int32(1), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
			MetricName: aws.String("m"), DatapointsToAlarm: aws.Int32(2),
		})
		wantError(t, err, 400, "ValidationError", "DatapointsToAlarm must be less than or equal to EvaluationPeriods")
	})
}
