package localaws_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// behind queries a metric of a version behind prod, or of prod if version is "".
func behind(id, metric, stat string, period int32, version string) types.MetricDataQuery {
	dimensions := []string{"FunctionName", "fn", "Resource", "fn:prod"}
	if version != "" {
		dimensions = append(dimensions, "ExecutedVersion", version)
	}
	return query(id, metric, stat, period, dimensions...)
}

// metrics returns the values of queries since date, 0 without data, by their ids.
func metrics(t *testing.T, api *cloudwatch.Client, queries ...types.MetricDataQuery) map[string]float64 {
	t.Helper()
	out := must(api.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{MetricDataQueries: queries, StartTime: &date, EndTime: aws.Time(date.Add(24 * time.Hour))}))(t)
	all := map[string]float64{}
	for _, r := range out.MetricDataResults {
		for _, v := range r.Values {
			all[*r.Id] += v
		}
	}
	return all
}

// near asserts that a count is what is expected, within five standard deviations.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 5*math.Sqrt(want) {
		t.Errorf("%s: %v, want about %v", what, got, want)
	}
}

// A day of traffic, with its weights, errors, throttles and durations.
func TestTraffic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		c, api := withCloudwatch(t, localaws.Options{})
		c.AddFunction("fn")
		publish(c, 2)
		c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1", Weights: map[string]float64{"2": 0.1}})
		c.PlayTraffic(localaws.Traffic{
			Function: "fn", Alias: "prod", PerMinute: 1000, Seed: 7,
			Errors: map[string]float64{"2": 0.02}, Throttles: map[string]float64{"1": 0.01},
			Durations: map[string]time.Duration{"2": 150 * time.Millisecond},
		})
		time.Sleep(24 * time.Hour)
		const day = 24 * 3600 // 24 hours from 10:00 are in two days
		got := metrics(t, api,
			behind("all", "Invocations", "Sum", day, ""), behind("one", "Invocations", "Sum", day, "1"), behind("two", "Invocations", "Sum", day, "2"),
			behind("oneErrors", "Errors", "Sum", day, "1"), behind("twoErrors", "Errors", "Sum", day, "2"), behind("twoMeasured", "Errors", "SampleCount", day, "2"),
			behind("throttles", "Throttles", "Sum", day, "1"), behind("noThrottles", "Throttles", "Sum", day, "2"),
			behind("oneMedian", "Duration", "p50", day, "1"), behind("twoMedian", "Duration", "p50", day, "2"), behind("twoTail", "Duration", "p99", day, "2"),
			query("function", "Invocations", "Sum", day, "FunctionName", "fn"),
		)
		const total = 24 * 60 * 1000
		near(t, "invocations of 1", got["one"], 0.9*0.99*total)
		near(t, "invocations of 2", got["two"], 0.1*total)
		near(t, "errors of 2", got["twoErrors"], 0.02*0.1*total)
		near(t, "throttles of 1", got["throttles"], 0.9*0.01*total)
		equal(t, "errors of 1", got["oneErrors"], 0)
		equal(t, "throttles of 2", got["noThrottles"], 0)
		equal(t, "every invocation has a value", got["twoMeasured"], got["two"])
		equal(t, "invocations of the alias", got["all"], got["one"]+got["two"])
		equal(t, "invocations of the function", got["function"], got["all"])
		equal(t, "median of 1", math.Round(got["oneMedian"]/2/5)*5, 100)
		equal(t, "median of 2", math.Round(got["twoMedian"]/2/5)*5, 150)
		equal(t, "p99 of 2", math.Round(got["twoTail"]/2/20)*20, 380)
	})
}

// The same seed has the same invocations, however often the metrics are read.
func TestTrafficIsReproducible(t *testing.T) {
	t.Parallel()
	play := func(t *testing.T, seed uint64, reads time.Duration) (all string) {
		synctest.Test(t, func(t *testing.T) {
			onDate()
			c, api := withCloudwatch(t, localaws.Options{})
			c.AddFunction("fn")
			publish(c, 2)
			c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1", Weights: map[string]float64{"2": 0.3}})
			c.PlayTraffic(localaws.Traffic{Function: "fn", Alias: "prod", PerMinute: 100, Seed: seed, Errors: map[string]float64{"1": 0.1, "2": 0.1}})
			queries := []types.MetricDataQuery{
				behind("one", "Errors", "Sum", 60, "1"), behind("two", "Errors", "Sum", 60, "2"), behind("duration", "Duration", "p90", 60, "2"),
			}
			for time.Since(date) < 10*time.Minute {
				time.Sleep(reads)
				all = strings.Join(results(must(api.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{
					MetricDataQueries: queries, StartTime: &date, EndTime: aws.Time(date.Add(time.Hour)),
				}))(t), date), "\n")
			}
		})
		return all
	}
	once := play(t, 1, 10*time.Minute)
	equal(t, "read more often", play(t, 1, 2500*time.Millisecond), once)
	if play(t, 2, 10*time.Minute) == once {
		t.Error("another seed makes no difference")
	}
}

// Each invocation is routed by the alias as it is at that time.
func TestTrafficIsRouted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		c, config := serve(t, localaws.Options{})
		api := cloudwatch.NewFromConfig(config)
		played := localaws.Traffic{Function: "fn", Alias: "prod", PerMinute: 6000, Errors: map[string]float64{"1": 1}}
		stop := c.PlayTraffic(played)
		counts := func() (one, two, all, errors float64) {
			got := metrics(t, api,
				behind("one", "Invocations", "Sum", 60, "1"), behind("two", "Invocations", "Sum", 60, "2"), behind("all", "Invocations", "Sum", 60, ""), behind("errors", "Errors", "Sum", 60, ""))
			return got["one"], got["two"], got["all"], got["errors"]
		}
		time.Sleep(time.Minute)
		c.AddFunction("fn")
		publish(c, 1)
		time.Sleep(time.Minute)
		_, _, all, _ := counts()
		equal(t, "without a function or alias", all, 0)

		c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
		time.Sleep(time.Minute)
		one, two, all, errors := counts()
		near(t, "by the alias", all, 6000)
		equal(t, "all fail", errors, all)
		equal(t, "of a version, without weights", one+two, 0)

		publish(c, 1)
		must(lambda.NewFromConfig(config).UpdateAlias(t.Context(), &lambda.UpdateAliasInput{
			FunctionName: aws.String("fn"), Name: aws.String("prod"),
			RoutingConfig: &lambdatypes.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{"2": 0.5}},
		}))(t)
		time.Sleep(30 * time.Second)
		one, two, _, _ = counts()
		near(t, "by the weight: 1", one, 1500)
		near(t, "by the weight: 2", two, 1500)

		c.SetState("fn", "2", "Failed", "", "")
		time.Sleep(10 * time.Second)
		one, same, _, _ := counts()
		near(t, "1 beside a version that cannot serve", one, 2000)
		equal(t, "of the version that cannot serve", same, two)

		stop()
		stop()
		_, _, all, _ = counts()
		time.Sleep(time.Hour)
		_, _, later, _ := counts()
		equal(t, "after the end", later, all)
	})
}

// A deployment shifts the traffic, the traffic sets off an alarm, and the alarm stops the
// deployment, all between two calls.
func TestTrafficSetsOffAlarm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := withDeployments(t, linear, 0)
		api := cloudwatch.NewFromConfig(d.conf)
		watch(t, api, func(in *cloudwatch.PutMetricAlarmInput) {
			in.Dimensions = behind("", "", "", 0, "2").MetricStat.Metric.Dimensions
			in.Threshold = aws.Float64(40)
		})
		d.PlayTraffic(localaws.Traffic{Function: "fn", Alias: "prod", PerMinute: 1000, Errors: map[string]float64{"2": 0.2}})
		id := must(d.create(appSpec("1", "2")))(t)
		time.Sleep(time.Hour)
		info := d.get(id)
		// 20 errors in the first minute, 40 in the second, 60 in the third.
		equal(t, "deployment", fmt.Sprint(info.Status, " ", info.ErrorInformation.Code, " after ", info.CompleteTime.Sub(*info.CreateTime)), "Stopped ALARM_ACTIVE after 3m0s")
		equal(t, "alias", d.alias(), "1")
		state, _ := stateOf(t, api)
		equal(t, "alarm", state, "INSUFFICIENT_DATA")
	})
}

// An alarm goes off when the traffic of a minute sets it off, not when it is read.
func TestTrafficIsWatched(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		c, api := withCloudwatch(t, localaws.Options{})
		c.AddFunction("fn")
		publish(c, 1)
		c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
		watch(t, api, nil)
		c.PlayTraffic(localaws.Traffic{Function: "fn", Alias: "prod", PerMinute: 60, Errors: map[string]float64{"1": 0.5}})
		time.Sleep(time.Hour)
		a := must(api.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{}))(t).MetricAlarms[0]
		equal(t, "alarm", fmt.Sprint(a.StateValue, " after ", a.StateTransitionedTimestamp.Sub(date)), "ALARM after 1m0s")
	})
}
