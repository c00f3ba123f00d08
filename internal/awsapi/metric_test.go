package awsapi_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
)

var (
	tenTwenty    = time.Date(2026, 11, 23, 10, 20, 0, 0, time.UTC)
	firstMinute  = awsapi.MinuteOf(tenTwenty.Add(20 * time.Second))
	sumOfErrors  = awsapi.Query{Namespace: "AWS/Lambda", Name: "Errors", Stat: "Sum"}
	p99OfOrders  = awsapi.Query{Namespace: "Shop", Name: "Orders", Dimensions: [][2]string{{"Function", "orders"}, {"Stage", "prod"}}, Stat: "p99"}
	threeMinutes = firstMinute + 3
)

// result is an answer for one query. Its values are of the minutes after 10:20.
func result(id, status string, values map[int]float64) cbor.Map {
	timestamps, list := cbor.List{}, cbor.List{}
	for _, i := range slices.Sorted(maps.Keys(values)) {
		timestamps = append(timestamps, &cbor.Tag{ID: 1, Value: cbor.Uint(tenTwenty.Add(time.Duration(i) * time.Minute).Unix())})
		list = append(list, cbor.Float64(values[i]))
	}
	return cbor.Map{"Id": cbor.String(id), "StatusCode": cbor.String(status), "Timestamps": timestamps, "Values": list}
}

func results(all ...cbor.Value) cbor.Map { return cbor.Map{"MetricDataResults": cbor.List(all)} }

// A minute of 0 is an entry, and one without data is not. An answer may be on
// several pages.
func TestMetricSeries(t *testing.T) {
	t.Parallel()
	first := results(result("m1", "PartialData", map[int]float64{0: 1, 2: 2}), result("m0", "Complete", map[int]float64{0: 0, 1: 5}))
	first["NextToken"] = cbor.String("more")
	c, client := newCloudWatch(t, first, results(result("m1", "Complete", map[int]float64{1: 4}), result("m2", "Complete", nil)))
	got, err := client.MetricSeries(t.Context(), []awsapi.Query{sumOfErrors, p99OfOrders, sumOfErrors}, firstMinute, threeMinutes)
	if err != nil {
		t.Fatal(err)
	}
	want := []awsapi.Series{
		{firstMinute: 0, firstMinute + 1: 5},
		{firstMinute: 1, firstMinute + 1: 4, firstMinute + 2: 2},
		{},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for field, want := range map[string]time.Time{"StartTime": tenTwenty, "EndTime": tenTwenty.Add(3 * time.Minute)} {
		tag, _ := c.asked[0][field].(*cbor.Tag)
		if tag == nil || tag.ID != 1 {
			t.Errorf("%s is %v", field, c.asked[0][field])
			continue
		}
		if at, err := cbor.AsTime(tag); err != nil || !at.Equal(want) {
			t.Errorf("%s is %s, want %s", field, at, want)
		}
	}
	queries, _ := c.asked[0]["MetricDataQueries"].(cbor.List)
	if len(queries) != 3 {
		t.Fatalf("asked %v", c.asked[0])
	}
	stat := cbor.Map{"Metric": cbor.Map{
		"Namespace": cbor.String("Shop"), "MetricName": cbor.String("Orders"),
		"Dimensions": cbor.List{
			cbor.Map{"Name": cbor.String("Function"), "Value": cbor.String("orders")},
			cbor.Map{"Name": cbor.String("Stage"), "Value": cbor.String("prod")},
		},
	}, "Period": cbor.Uint(60), "Stat": cbor.String("p99")}
	if diff := cmp.Diff(cbor.Value(cbor.Map{"Id": cbor.String("m1"), "MetricStat": stat}), queries[1]); diff != "" {
		t.Error(diff)
	}
	if c.asked[1]["NextToken"] != cbor.String("more") {
		t.Errorf("asked %v", c.asked[1])
	}
}

func TestMetricSeriesRefuses(t *testing.T) {
	t.Parallel()
	failed := result("m0", "InternalError", nil)
	failed["Messages"] = cbor.List{cbor.Map{"Code": cbor.String("Oops"), "Value": cbor.String("try later")}}
	twice := result("m0", "Complete", map[int]float64{0: 1})
	for _, tt := range []struct {
		answer cbor.Map
		want   string
	}{
		{results(failed), "GetMetricData: CloudWatch answered InternalError; Oops: try later"},
		{results(result("m1", "Complete", nil)), `GetMetricData: CloudWatch answered for "m1", which was not asked for`},
		{results(result("x", "Complete", nil)), `GetMetricData: CloudWatch answered for "x", which was not asked for`},
		{results(result("m0", "PartialData", map[int]float64{0: 1})), "GetMetricData: CloudWatch did not answer completely for Sum of Errors"},
		{results(), "GetMetricData: CloudWatch did not answer completely for Sum of Errors"},
		{results(twice, twice), "GetMetricData: CloudWatch answered twice for the same minute"},
	} {
		_, client := newCloudWatch(t, tt.answer)
		_, err := client.MetricSeries(t.Context(), []awsapi.Query{sumOfErrors}, firstMinute, threeMinutes)
		isKind(t, err, awsapi.Other)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%v, want %s", err, tt.want)
		}
	}

}

// An answer that makes no sense is asked for again, as one that cannot be decoded.
func TestMetricSeriesUnreadable(t *testing.T) {
	t.Parallel()
	torn := result("m0", "Complete", map[int]float64{0: 1})
	torn["Timestamps"] = cbor.List{}
	for name, r := range map[string]cbor.Map{
		"a minute too early":       result("m0", "Complete", map[int]float64{-1: 1}),
		"a minute too late":        result("m0", "Complete", map[int]float64{3: 1}),
		"a value without a minute": torn,
		"not a number":             result("m0", "Complete", map[int]float64{0: math.NaN()}),
		"infinite":                 result("m0", "Complete", map[int]float64{0: math.Inf(1)}),
	} {
		synctest.Test(t, func(t *testing.T) {
			_, client := newCloudWatch(t, results(r), results(r), results(r))
			_, err := client.MetricSeries(t.Context(), []awsapi.Query{sumOfErrors}, firstMinute, threeMinutes)
			if !awsapi.Is(err, awsapi.Unreadable) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

// 501 metrics take two calls, and what the first of them returns, two pages.
func TestMetricSeriesOfMany(t *testing.T) {
	if testing.Short() {
		t.Skip("160,000 numbers, which the race detector follows one by one")
	}
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(tenTwenty))
		c := newCloud(t, localaws.Options{})
		client := c.open(t)
		const minutes = 320
		var queries []awsapi.Query
		for i := range 501 {
			name := fmt.Sprint("f", i)
			queries = append(queries, awsapi.Query{Namespace: "Shop", Name: "Orders", Dimensions: [][2]string{{"Function", name}}, Stat: "SampleCount"})
			for m := range minutes {
				if (i+m)%3 > 0 {
					c.AddMetric(localaws.Metric{Namespace: "Shop", Name: "Orders", Dimensions: map[string]string{"Function": name}, At: tenTwenty.Add(time.Duration(m) * time.Minute)})
				}
			}
		}
		all, err := client.MetricSeries(t.Context(), queries, firstMinute, firstMinute+minutes)
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range all {
			want := awsapi.Series{}
			for m := range minutes {
				if (i+m)%3 > 0 {
					want[firstMinute+awsapi.Minute(m)] = 1
				}
			}
			if diff := cmp.Diff(want, s); diff != "" {
				t.Fatal(i, diff)
			}
		}
		if n := c.count("GetMetricData"); n != 3 {
			t.Errorf("%d calls, want 3", n)
		}
	})
}
