package localaws_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/google/go-cmp/cmp"
)

// query queries a metric of Lambda; dimensions are alternating names and values.
func query(id, metric, stat string, period int32, dimensions ...string) types.MetricDataQuery {
	var d []types.Dimension
	for i := 0; i < len(dimensions); i += 2 {
		d = append(d, types.Dimension{Name: &dimensions[i], Value: &dimensions[i+1]})
	}
	return types.MetricDataQuery{Id: &id, MetricStat: &types.MetricStat{
		Metric: &types.Metric{Namespace: aws.String("AWS/Lambda"), MetricName: &metric, Dimensions: d},
		Period: &period, Stat: &stat,
	}}
}

// results formats the values of each query with the minutes since start.
func results(out *cloudwatch.GetMetricDataOutput, start time.Time) []string {
	var all []string
	for _, r := range out.MetricDataResults {
		s := fmt.Sprintf("%s %s %s", *r.Id, *r.Label, r.StatusCode)
		for i, v := range r.Values {
			s += fmt.Sprintf(" %v:%v", r.Timestamps[i].Sub(start).Minutes(), math.Round(1e6*v)/1e6)
		}
		all = append(all, s)
	}
	return all
}

func TestMetricData(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		c, api := withCloudwatch(t, localaws.Options{})
		start := time.Now()
		behind := []string{"FunctionName", "fn", "Resource", "fn:prod", "ExecutedVersion", "2"}
		dimensions := map[string]string{"Resource": "fn:prod", "ExecutedVersion": "2", "FunctionName": "fn"}
		for i := range 6 {
			at := start.Add(time.Duration(i)*time.Minute + 20*time.Second)
			c.AddMetric(localaws.Metric{Name: "Invocations", Dimensions: dimensions, At: at, Value: 10})
			c.AddMetric(localaws.Metric{Name: "Invocations", Dimensions: dimensions, At: at.Add(time.Second), Value: float64(i)})
		}
		c.AddMetric(localaws.Metric{Name: "Errors", Dimensions: dimensions, Value: 3})
		must(api.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/Lambda"), MetricData: []types.MetricDatum{
			{MetricName: aws.String("Errors"), Dimensions: query("", "", "", 0, behind...).MetricStat.Metric.Dimensions, Value: aws.Float64(-1.25)},
			{MetricName: aws.String("Duration"), Timestamp: aws.Time(start.Add(time.Minute)), Values: []float64{1, 4}, Counts: []float64{3, 1}},
			{MetricName: aws.String("Duration"), Timestamp: aws.Time(start.Add(2 * time.Minute)), StatisticValues: &types.StatisticSet{SampleCount: aws.Float64(2), Sum: aws.Float64(10), Minimum: aws.Float64(4), Maximum: aws.Float64(6)}},
		}}))(t)

		get := func(in cloudwatch.GetMetricDataInput, queries ...types.MetricDataQuery) *cloudwatch.GetMetricDataOutput {
			t.Helper()
			in.MetricDataQueries = queries
			if in.StartTime == nil {
				in.StartTime = &start
			}
			if in.EndTime == nil {
				in.EndTime = aws.Time(start.Add(10 * time.Minute))
			}
			return must(api.GetMetricData(t.Context(), &in))(t)
		}
		ascending := cloudwatch.GetMetricDataInput{ScanBy: types.ScanByTimestampAscending}
		tests := map[string]struct {
			got  *cloudwatch.GetMetricDataOutput
			want []string
		}{
			"the newest first": {
				get(cloudwatch.GetMetricDataInput{}, query("i", "Invocations", "Sum", 60, behind...), query("e", "Errors", "Sum", 60, behind...)),
				[]string{"i Invocations Complete 5:15 4:14 3:13 2:12 1:11 0:10", "e Errors Complete 0:1.75"},
			},
			"longer periods": {
				get(ascending, query("i", "Invocations", "Sum", 120, behind...), query("all", "Invocations", "Sum", 3600, behind...)),
				[]string{"i Invocations 120 Complete 0:21 2:25 4:29", "all Invocations 3600 Complete 0:75"},
			},
			"from start to end, without it": {
				get(cloudwatch.GetMetricDataInput{StartTime: aws.Time(start.Add(90 * time.Second)), EndTime: aws.Time(start.Add(3 * time.Minute)), ScanBy: types.ScanByTimestampAscending}, query("i", "Invocations", "Sum", 60, behind...)),
				[]string{"i Invocations Complete 1:11 2:12"},
			},
			"other dimensions": {
				get(ascending, query("i", "Invocations", "Sum", 60, behind[:4]...)),
				[]string{"i Invocations Complete"},
			},
			"statistics": {
				get(ascending, query("n", "Duration", "SampleCount", 60), query("a", "Duration", "Average", 60), query("l", "Duration", "Minimum", 60), query("m", "Duration", "Maximum", 3600), query("s", "Duration", "Sum", 3600)),
				[]string{"n Duration SampleCount 60 Complete 1:4 2:2", "a Duration Average 60 Complete 1:1.75 2:5", "l Duration Minimum 60 Complete 1:1 2:4", "m Duration Maximum 3600 Complete 0:6", "s Duration Sum 3600 Complete 0:17"},
			},
		}
		for name, tt := range tests {
			if diff := cmp.Diff(tt.want, results(tt.got, start)); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}

		var pages []string
		p := cloudwatch.NewGetMetricDataPaginator(api, &cloudwatch.GetMetricDataInput{
			MetricDataQueries: []types.MetricDataQuery{query("i", "Invocations", "Sum", 60, behind...), query("e", "Errors", "Sum", 60, behind...)},
			StartTime:         &start, EndTime: aws.Time(start.Add(time.Hour)), MaxDatapoints: aws.Int32(4),
		})
		for p.HasMorePages() {
			pages = append(pages, results(must(p.NextPage(t.Context()))(t), start)...)
		}
		if diff := cmp.Diff([]string{"i Invocations PartialData 5:15 4:14 3:13 2:12", "e Errors PartialData", "i Invocations Complete 1:11 0:10", "e Errors Complete 0:1.75"}, pages); diff != "" {
			t.Error(diff)
		}
	})
}

func TestMetricDataRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		_, api := withCloudwatch(t, localaws.Options{})
		start, end := time.Now(), time.Now().Add(time.Minute)
		get := func(start, end time.Time, queries ...types.MetricDataQuery) error {
			_, err := api.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{MetricDataQueries: queries, StartTime: &start, EndTime: &end})
			return err
		}
		good := query("q", "Errors", "Sum", 60)
		wantError(t, get(end, start, good), 400, "ValidationError", "The parameter EndTime must be greater than StartTime")
		wantError(t, get(start, end, good, good), 400, "ValidationError", "The values for parameter id in MetricDataQueries are not unique.")
		wantError(t, get(start, end, query("q", "Errors", "Sum", 61)), 400, "ValidationError", "The parameter Period of query 'q' must be a multiple of 60, it is 61")
		wantError(t, get(start, end, query("q", "Errors", "tm99", 60)), 400, "ValidationError", "localaws does not support the statistic 'tm99' of query 'q', only percentiles, SampleCount, Average, Sum, Minimum, Maximum")
		wantError(t, get(start, end, types.MetricDataQuery{Id: aws.String("q"), Expression: aws.String("a/b")}), 400, "ValidationError", "localaws supports MetricStat queries only; query 'q' is not one")
		wantError(t, get(start, end, query("Q", "Errors", "Sum", 60)), 400, "ValidationError", "The value Q for parameter MetricDataQueries.member.1.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.")
		wantError(t, get(start, end, slices.Repeat([]types.MetricDataQuery{good}, 501)...), 400, "ValidationError", "The collection MetricDataQueries must not have a size greater than 500.")
		put := func(d types.MetricDatum) error {
			d.MetricName = aws.String("Errors")
			_, err := api.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("mine"), MetricData: []types.MetricDatum{d}})
			return err
		}
		const both = "The parameters MetricData.member.1.Value and MetricData.member.1.%s are mutually exclusive and you have specified both."
		wantError(t, put(types.MetricDatum{Value: aws.Float64(1), Values: []float64{1}}), 400, "InvalidParameterCombination", fmt.Sprintf(both, "Values"))
		wantError(t, put(types.MetricDatum{Value: aws.Float64(1), StatisticValues: &types.StatisticSet{SampleCount: aws.Float64(1), Sum: aws.Float64(1), Minimum: aws.Float64(1), Maximum: aws.Float64(1)}}), 400, "InvalidParameterCombination", fmt.Sprintf(both, "StatisticValues"))
		wantError(t, put(types.MetricDatum{Values: []float64{1, 2}, Counts: []float64{1}}), 400, "InvalidParameterValue", "The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size.")
		_, err := api.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/Lambda")})
		wantError(t, err, 400, "MissingParameter", "The parameter MetricData is required.")
		_, err = api.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/Lambda"), MetricData: []types.MetricDatum{{MetricName: aws.String("Errors")}}})
		wantError(t, err, 400, "MissingParameter", "At least one of the parameters must be specified.")
	})
}

// The SDK compresses large requests.
func TestLargePutMetricData(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		_, api := withCloudwatch(t, localaws.Options{})
		in := &cloudwatch.PutMetricDataInput{Namespace: aws.String(strings.Repeat("n", 200))}
		for range 400 {
			in.MetricData = append(in.MetricData, types.MetricDatum{MetricName: aws.String("calls"), Value: aws.Float64(1)})
		}
		must(api.PutMetricData(t.Context(), in))(t)
		q := query("q", "calls", "Sum", 60)
		q.MetricStat.Metric.Namespace = in.Namespace
		out := must(api.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{MetricDataQueries: []types.MetricDataQuery{q}, StartTime: aws.Time(time.Now()), EndTime: aws.Time(time.Now().Add(time.Minute))}))(t)
		if diff := cmp.Diff([]string{"q calls Complete 0:400"}, results(out, time.Now())); diff != "" {
			t.Error(diff)
		}
	})
}

// Invoke adds the metrics of all functions, the function, what was called, and the
// executed version behind a weighted alias. An error of Lambda is no invocation.
func TestInvokesAreMeasured(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		c, config := serve(t, localaws.Options{})
		c.AddFunction("fn")
		publish(c, 2)
		c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1", Weights: map[string]float64{"2": 0.25}})
		c.OnInvoke("fn", func(in localaws.Invocation) localaws.Answer {
			if in.Version == "2" {
				return localaws.Answer{FunctionError: "Unhandled", Payload: []byte(`{}`)}
			}
			return localaws.Answer{}
		})
		invoke := lambda.NewFromConfig(config)
		for range 8 {
			must(invoke.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fn:prod")}))(t)
		}
		must(invoke.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fn:2")}))(t)
		must(invoke.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fn")}))(t)
		c.SetAlias("fn", localaws.Alias{Name: "dev", Version: "1"})
		must(invoke.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fn:dev")}))(t)
		c.OnInvoke("fn", func(localaws.Invocation) localaws.Answer { return localaws.Answer{Status: 502} })
		_, err := invoke.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fn")}, func(o *lambda.Options) { o.RetryMaxAttempts = 1 })
		wantError(t, err, 502, "UnknownError", "UnknownError")
		_, err = invoke.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fn:none")})
		if err == nil {
			t.Error("no error")
		}

		of := func(id, metric string, dimensions ...string) types.MetricDataQuery {
			return query(id, metric, "Sum", 60, append([]string{"FunctionName", "fn"}, dimensions...)...)
		}
		out := must(cloudwatch.NewFromConfig(config).GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{
			MetricDataQueries: []types.MetricDataQuery{
				of("fn", "Invocations"),
				of("prod", "Invocations", "Resource", "fn:prod"),
				of("one", "Invocations", "Resource", "fn:prod", "ExecutedVersion", "1"),
				of("oneErrors", "Errors", "Resource", "fn:prod", "ExecutedVersion", "1"),
				of("two", "Invocations", "Resource", "fn:prod", "ExecutedVersion", "2"),
				of("twoErrors", "Errors", "Resource", "fn:prod", "ExecutedVersion", "2"),
				of("direct", "Errors", "Resource", "fn:2"),
				of("latest", "Invocations", "Resource", "fn"),
				of("dev", "Invocations", "Resource", "fn:dev"),
				of("devOne", "Invocations", "Resource", "fn:dev", "ExecutedVersion", "1"),
				query("all", "Invocations", "Sum", 60),
				of("throttles", "Throttles", "Resource", "fn:prod", "ExecutedVersion", "2"),
			},
			StartTime: aws.Time(time.Now()), EndTime: aws.Time(time.Now().Add(time.Minute)),
		}))(t)
		want := []string{
			"fn Invocations Complete 0:11", "prod Invocations Complete 0:8",
			"one Invocations Complete 0:6", "oneErrors Errors Complete 0:0",
			"two Invocations Complete 0:2", "twoErrors Errors Complete 0:2", "direct Errors Complete 0:1",
			"latest Invocations Complete 0:1", "dev Invocations Complete 0:1", "devOne Invocations Complete",
			"all Invocations Complete 0:11", "throttles Throttles Complete 0:0",
		}
		if diff := cmp.Diff(want, results(out, time.Now())); diff != "" {
			t.Error(diff)
		}
	})
}

func TestMetricUnitsAndPercentiles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		c, api := withCloudwatch(t, localaws.Options{})
		start := time.Now()
		put := func(unit types.StandardUnit, values []float64, counts ...float64) {
			t.Helper()
			must(api.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("mine"), MetricData: []types.MetricDatum{{MetricName: aws.String("m"), Unit: unit, Values: values, Counts: counts}}}))(t)
		}
		put(types.StandardUnitMilliseconds, []float64{10, 20, 30}, 90, 9, 1)
		put(types.StandardUnitSeconds, []float64{7})
		for n := range 4 {
			c.AddMetric(localaws.Metric{Name: "Duration", Value: float64(n)})
		}

		of := func(id, stat string, unit types.StandardUnit) types.MetricDataQuery {
			return types.MetricDataQuery{Id: &id, MetricStat: &types.MetricStat{Metric: &types.Metric{Namespace: aws.String("mine"), MetricName: aws.String("m")}, Period: aws.Int32(60), Stat: &stat, Unit: unit}}
		}
		duration := of("d", "p50", types.StandardUnitMilliseconds)
		duration.MetricStat.Metric = &types.Metric{Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Duration")}
		out := must(api.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{
			MetricDataQueries: []types.MetricDataQuery{
				of("a", "p90", types.StandardUnitMilliseconds), of("b", "p99", types.StandardUnitMilliseconds), of("c", "p99.9", types.StandardUnitMilliseconds),
				of("e", "Sum", types.StandardUnitSeconds), of("f", "Sum", types.StandardUnitCount), of("g", "Sum", ""), duration,
			},
			StartTime: &start, EndTime: aws.Time(start.Add(time.Minute)),
		}))(t)
		want := []string{
			"a m p90 Complete 0:11", "b m p99 Complete 0:20.1", "c m p99.9 Complete 0:29.01",
			"e m Sum Complete 0:7", "f m Sum Complete", "g m Sum Complete 0:1110", "d Duration Complete 0:1.5",
		}
		if diff := cmp.Diff(want, results(out, start)); diff != "" {
			t.Error(diff)
		}
		equal(t, "message", *out.MetricDataResults[5].Messages[0].Value, "Multiple units returned: '[Milliseconds, Seconds]'")

		stats := must(api.GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
			Namespace: aws.String("mine"), MetricName: aws.String("m"), StartTime: &start, EndTime: aws.Time(start.Add(time.Minute)), Period: aws.Int32(60),
			Statistics: []types.Statistic{types.StatisticSum, types.StatisticMaximum}, ExtendedStatistics: []string{"p50"},
		}))(t)
		var got []string
		for _, p := range stats.Datapoints {
			got = append(got, fmt.Sprint(p.Unit, " ", *p.Sum, " ", *p.Maximum, " ", p.ExtendedStatistics["p50"], " ", p.Average == nil, p.Timestamp.Equal(start)))
		}
		if diff := cmp.Diff([]string{"Milliseconds 1110 30 10 true true", "Seconds 7 7 7 true true"}, got); diff != "" {
			t.Error(diff)
		}
		_, err := api.GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{Namespace: aws.String("mine"), MetricName: aws.String("m"), StartTime: &start, EndTime: aws.Time(start.Add(-time.Minute)), Period: aws.Int32(60), Statistics: []types.Statistic{types.StatisticSum}})
		wantError(t, err, 400, "InvalidParameterValue", "The parameter StartTime must be less than the parameter EndTime.")
	})
}

// Invoke also adds durations and throttles.
func TestDurationsAndThrottles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		c, config := serve(t, localaws.Options{})
		c.AddFunction("fn")
		n := 0
		c.OnInvoke("fn", func(localaws.Invocation) localaws.Answer {
			n++
			if n == 3 {
				return localaws.Answer{Status: 429}
			}
			time.Sleep(time.Duration(n) * 100 * time.Millisecond)
			return localaws.Answer{}
		})
		api := lambda.NewFromConfig(config)
		for range 3 {
			_, _ = api.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fn")})
		}
		of := func(id, metric, stat string) types.MetricDataQuery {
			return query(id, metric, stat, 60, "FunctionName", "fn")
		}
		out := must(cloudwatch.NewFromConfig(config).GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{
			MetricDataQueries: []types.MetricDataQuery{of("i", "Invocations", "Sum"), of("t", "Throttles", "Sum"), of("d", "Duration", "p99")},
			StartTime:         aws.Time(date), EndTime: aws.Time(date.Add(time.Minute)),
		}))(t)
		if diff := cmp.Diff([]string{"i Invocations Complete 0:2", "t Throttles Complete 0:1", "d Duration Complete 0:199"}, results(out, date)); diff != "" {
			t.Error(diff)
		}
	})
}

// Percentiles need all values, and none that is negative.
func TestPercentiles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		_, api := withCloudwatch(t, localaws.Options{})
		set := func(n, sum, least, most float64) *types.StatisticSet {
			return &types.StatisticSet{SampleCount: &n, Sum: &sum, Minimum: &least, Maximum: &most}
		}
		for _, tt := range []struct {
			name  string
			datum types.MetricDatum
			want  string
		}{
			{"one value", types.MetricDatum{Value: aws.Float64(7)}, " 0:7"},
			{"two values", types.MetricDatum{Values: []float64{1, 2}}, " 0:1.99"},
			{"a hundred and one", types.MetricDatum{Values: []float64{1, 5, 9}, Counts: []float64{99, 1, 1}}, " 0:5"},
			{"a negative one", types.MetricDatum{Values: []float64{-1, 2}}, ""},
			{"statistics", types.MetricDatum{StatisticValues: set(2, 3, 1, 2)}, ""},
			{"statistics of one value", types.MetricDatum{StatisticValues: set(1, 3, 3, 3)}, " 0:3"},
			{"statistics of equal values", types.MetricDatum{StatisticValues: set(2, 6, 3, 3)}, " 0:3"},
		} {
			tt.datum.MetricName = aws.String("m")
			namespace := "of " + tt.name
			must(api.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: &namespace, MetricData: []types.MetricDatum{tt.datum}}))(t)
			q := query("q", "m", "p99", 60)
			q.MetricStat.Metric.Namespace = &namespace
			out := must(api.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{MetricDataQueries: []types.MetricDataQuery{q}, StartTime: &date, EndTime: aws.Time(date.Add(time.Minute))}))(t)
			equal(t, tt.name, results(out, date)[0], "q m Complete"+tt.want)
		}
	})
}

// The data of a minute arrives some time after its end, that of one version perhaps
// later than that of the other.
func TestDelayMetrics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		c, api := withCloudwatch(t, localaws.Options{})
		c.DelayMetrics(time.Minute, nil)
		c.DelayMetrics(2*time.Minute, map[string]string{"ExecutedVersion": "2"})
		queries := []types.MetricDataQuery{query("one", "Errors", "Sum", 60, "FunctionName", "fn", "ExecutedVersion", "1"), query("two", "Errors", "Sum", 60, "FunctionName", "fn", "ExecutedVersion", "2")}
		for _, version := range []string{"1", "2"} {
			c.AddMetric(localaws.Metric{Name: "Errors", Dimensions: map[string]string{"FunctionName": "fn", "ExecutedVersion": version}, Value: 3})
		}
		for _, want := range [][]string{
			{"one Errors Complete", "two Errors Complete"}, // at once
			{"one Errors Complete", "two Errors Complete"}, // after a minute
			{"one Errors Complete 0:3", "two Errors Complete"},
			{"one Errors Complete 0:3", "two Errors Complete 0:3"},
		} {
			out := must(api.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{MetricDataQueries: queries, StartTime: &date, EndTime: aws.Time(date.Add(time.Hour))}))(t)
			if diff := cmp.Diff(want, results(out, date)); diff != "" {
				t.Errorf("after %s: %s", time.Since(date), diff)
			}
			time.Sleep(time.Minute)
		}
	})
}

// Values by the minute are kept for 15 days, those of five minutes for 63.
func TestMetricRetention(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		c, api := withCloudwatch(t, localaws.Options{})
		c.AddMetric(localaws.Metric{Name: "Errors", Value: 3})
		for _, want := range [][]string{
			{"m Errors 60 Complete 0:3", "five Errors 300 Complete 0:3", "hour Errors 3600 Complete 0:3"},
			{"m Errors 60 Complete", "five Errors 300 Complete 0:3", "hour Errors 3600 Complete 0:3"},
			{"m Errors 60 Complete", "five Errors 300 Complete", "hour Errors 3600 Complete 0:3"},
		} {
			out := must(api.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{
				MetricDataQueries: []types.MetricDataQuery{query("m", "Errors", "Sum", 60), query("five", "Errors", "Sum", 300), query("hour", "Errors", "Sum", 3600)},
				StartTime:         &date, EndTime: aws.Time(date.Add(time.Hour)),
			}))(t)
			if diff := cmp.Diff(want, results(out, date)); diff != "" {
				t.Errorf("after %s: %s", time.Since(date), diff)
			}
			time.Sleep(40 * 24 * time.Hour)
		}
	})
}
