package localaws

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// lambdaNamespace is the namespace of Lambda's own metrics.
const lambdaNamespace = "AWS/Lambda"

// statistics are the supported ones; CloudWatch also has percentiles.
var statistics = []string{"SampleCount", "Average", "Sum", "Minimum", "Maximum"}

// dimension is a name and value that identify a metric.
type dimension struct{ Name, Value string }

// series is a metric's samples by the minute since 1970, aggregated as CloudWatch
// does.
type series map[int64]*sample

// sample aggregates a metric's values over a period.
type sample struct {
	count, sum, least, most float64
}

// add merges another sample into a.
func (a *sample) add(b sample) {
	if a.count == 0 {
		*a = b
		return
	}
	a.count += b.count
	a.sum += b.sum
	a.least = min(a.least, b.least)
	a.most = max(a.most, b.most)
}

// statistic returns one statistic of a sample.
func (a *sample) statistic(name string) float64 {
	switch name {
	case "SampleCount":
		return a.count
	case "Average":
		return a.sum / a.count
	case "Minimum":
		return a.least
	case "Maximum":
		return a.most
	default:
		return a.sum
	}
}

// metricKey identifies a metric; the order of the dimensions does not matter.
func metricKey(region, namespace, name string, dimensions []dimension) string {
	sorted := slices.SortedFunc(slices.Values(dimensions), func(a, b dimension) int { return cmp.Compare(a.Name, b.Name) })
	return fmt.Sprintf("%q %q %q %q", region, namespace, name, sorted)
}

// measure adds a sample to a metric.
func (s *store) measure(region, namespace, name string, dimensions []dimension, at time.Time, add sample) {
	key := metricKey(region, namespace, name, dimensions)
	if s.metrics[key] == nil {
		s.metrics[key] = series{}
	}
	minute := at.Unix() / 60
	if s.metrics[key][minute] == nil {
		s.metrics[key][minute] = &sample{}
	}
	s.metrics[key][minute].add(add)
}

// measureInvoke adds the metrics that Lambda reports for an invocation: of the
// function, of the qualifier, and of the version that an alias routed to
// (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html).
func (s *store) measureInvoke(region, function, qualifier, version string, failed bool) {
	dimensions := [][]dimension{{{"FunctionName", function}}}
	if qualifier != "" {
		resource := []dimension{{"FunctionName", function}, {"Resource", function + ":" + qualifier}}
		dimensions = append(dimensions, resource)
		if qualifier != version {
			dimensions = append(dimensions, append(slices.Clone(resource), dimension{"ExecutedVersion", version}))
		}
	}
	errors := 0.0
	if failed {
		errors = 1
	}
	now := time.Now()
	for _, d := range dimensions {
		s.measure(region, lambdaNamespace, "Invocations", d, now, sample{1, 1, 1, 1})
		s.measure(region, lambdaNamespace, "Errors", d, now, sample{1, errors, errors, errors})
	}
}

// datum is an entry of PutMetricData: one value, several, or their statistics.
type datum struct {
	MetricName      string
	Dimensions      []dimension
	Timestamp       epoch
	Value           *float64
	Values          []float64
	Counts          []float64
	StatisticValues *struct{ SampleCount, Sum, Minimum, Maximum float64 }
}

// samples returns the values of a datum.
func (d *datum) samples() []sample {
	switch {
	case d.Value != nil:
		return []sample{{1, *d.Value, *d.Value, *d.Value}}
	case d.StatisticValues != nil:
		s := d.StatisticValues
		return []sample{{s.SampleCount, s.Sum, s.Minimum, s.Maximum}}
	}
	var all []sample
	for i, value := range d.Values {
		count := 1.0
		if i < len(d.Counts) {
			count = d.Counts[i]
		}
		all = append(all, sample{count, count * value, value, value})
	}
	return all
}

// putMetricData adds values to metrics. Unlike AWS it accepts namespaces that
// begin with AWS/, so that a test can add metrics of Lambda.
func (c *cloudwatch) putMetricData(in *incoming, input struct {
	Namespace  string
	MetricData []datum
},
) (any, error) {
	if input.Namespace == "" {
		return nil, missing("The parameter Namespace is required.")
	}
	if len(input.MetricData) == 0 {
		return nil, missing("The parameter MetricData is required.")
	}
	for i, d := range input.MetricData {
		if d.MetricName == "" {
			return nil, missing(fmt.Sprintf("The parameter MetricData.member.%d.MetricName is required.", i+1))
		}
		if d.samples() == nil {
			return nil, missing("At least one of the parameters must be specified.")
		}
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range input.MetricData {
		at := d.Timestamp.Time
		if at.IsZero() {
			at = time.Now()
		}
		for _, s := range d.samples() {
			c.measure(in.region, input.Namespace, d.MetricName, d.Dimensions, at, s)
		}
	}
	return nil, nil
}

func missing(message string) error {
	return &apiError{http.StatusBadRequest, "MissingParameter", message}
}

// metricQuery is a MetricDataQuery. Expressions are not supported.
type metricQuery struct {
	ID         string      `json:"Id"`
	MetricStat *metricStat `json:",omitempty"`
	Expression string      `json:",omitempty"`
	Label      string      `json:",omitempty"`
	ReturnData *bool       `json:",omitempty"`
	Period     int32       `json:",omitempty"`
	AccountID  string      `json:"AccountId,omitempty"`
}

type metricStat struct {
	Metric metricName
	Period int32
	Stat   string
	Unit   string `json:",omitempty"`
}

type metricName struct {
	Namespace  string
	MetricName string
	Dimensions []dimension `json:",omitempty"`
}

// check reports why a query is invalid or not supported.
func (q *metricQuery) check() error {
	switch {
	case q.MetricStat == nil:
		return refused("localaws supports MetricStat queries only; query '%s' is not one", q.ID)
	case q.MetricStat.Metric.Namespace == "" || q.MetricStat.Metric.MetricName == "":
		return refused("The parameter MetricDataQueries.member.MetricStat.Metric of query '%s' needs Namespace and MetricName", q.ID)
	case q.MetricStat.Period <= 0 || q.MetricStat.Period%60 != 0:
		return refused("The parameter Period of query '%s' must be a multiple of 60, it is %d", q.ID, q.MetricStat.Period)
	case !slices.Contains(statistics, q.MetricStat.Stat):
		return refused("localaws does not support the statistic '%s' of query '%s', only %s", q.MetricStat.Stat, q.ID, strings.Join(statistics, ", "))
	}
	return nil
}

// point is one value of the result of a query.
type point struct {
	query int
	at    int64 // Unix seconds
	value float64
}

// points returns the values of a query from start, inclusive, to end, exclusive,
// in order of time. The time of a value is the beginning of its period; periods
// without samples have none.
func (s *store) points(region string, index int, q *metricQuery, start, end time.Time) []point {
	m, period := q.MetricStat, int64(q.MetricStat.Period)
	periods := map[int64]*sample{}
	for minute, add := range s.metrics[metricKey(region, m.Metric.Namespace, m.Metric.MetricName, m.Metric.Dimensions)] {
		at := minute * 60 / period * period
		if at < start.Unix()/period*period || at >= end.Unix() {
			continue
		}
		if periods[at] == nil {
			periods[at] = &sample{}
		}
		periods[at].add(*add)
	}
	var all []point
	for _, at := range slices.Sorted(maps.Keys(periods)) {
		all = append(all, point{index, at, periods[at].statistic(m.Stat)})
	}
	return all
}

// metricDataResult is CloudWatch's MetricDataResult.
type metricDataResult struct {
	ID         string `json:"Id"`
	Label      string
	Timestamps []epoch
	Values     []float64
	StatusCode string
}

// maxDatapoints is the maximum number of values on a page.
const maxDatapoints = 100800

// getMetricData returns the values of queries, by default the newest first.
func (c *cloudwatch) getMetricData(in *incoming, input struct {
	MetricDataQueries []metricQuery
	StartTime         epoch
	EndTime           epoch
	NextToken         string
	ScanBy            string
	MaxDatapoints     int
},
) (any, error) {
	var v validation
	v.check(input.MetricDataQueries != nil, "null", "metricDataQueries", "Member must not be null")
	v.check(!input.StartTime.IsZero(), "null", "startTime", "Member must not be null")
	v.check(!input.EndTime.IsZero(), "null", "endTime", "Member must not be null")
	v.oneOf(input.ScanBy, "scanBy", "TimestampDescending", "TimestampAscending")
	if err := v.as("ValidationError"); err != nil {
		return nil, err
	}
	if !input.EndTime.After(input.StartTime.Time) {
		return nil, refused("The parameter EndTime must be greater than StartTime")
	}
	for i, q := range input.MetricDataQueries {
		if err := q.check(); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(input.MetricDataQueries[:i], func(other metricQuery) bool { return other.ID == q.ID }) {
			return nil, refused("The values for parameter id in MetricDataQueries are not unique.")
		}
	}
	size := maxDatapoints
	if input.MaxDatapoints > 0 {
		size = min(size, input.MaxDatapoints)
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	var all []point
	for i, q := range input.MetricDataQueries {
		points := c.points(in.region, i, &q, input.StartTime.Time, input.EndTime.Time)
		if input.ScanBy != "TimestampAscending" {
			slices.Reverse(points)
		}
		all = append(all, points...)
	}
	page, next, ok := part(all, input.NextToken, size)
	if !ok {
		return nil, badToken(input.NextToken)
	}
	results := make([]metricDataResult, len(input.MetricDataQueries))
	for i, q := range input.MetricDataQueries {
		results[i] = metricDataResult{q.ID, cmp.Or(q.Label, q.MetricStat.Metric.MetricName), []epoch{}, []float64{}, "Complete"}
	}
	for _, p := range page {
		r := &results[p.query]
		r.Timestamps = append(r.Timestamps, epoch{time.Unix(p.at, 0).UTC()})
		r.Values = append(r.Values, p.value)
	}
	if next != "" {
		// The next pages have the rest of the page's last query and all later ones.
		for i := page[len(page)-1].query; i < len(results); i++ {
			results[i].StatusCode = "PartialData"
		}
	}
	return struct {
		MetricDataResults []metricDataResult
		Messages          []struct{}
		NextToken         string `json:",omitempty"`
	}{results, []struct{}{}, next}, nil
}

// Metric is one value of a metric.
type Metric struct {
	Namespace  string // "": AWS/Lambda
	Name       string // "Invocations", "Errors"
	Dimensions map[string]string
	At         time.Time // zero: now
	Value      float64
}

// AddMetric adds a value to a metric, as PutMetricData does. Lambda's own metrics
// are also added by each Invoke.
func (c *Cloud) AddMetric(m Metric) {
	s := c.store
	s.mu.Lock()
	defer s.mu.Unlock()
	var dimensions []dimension
	for name, value := range m.Dimensions {
		dimensions = append(dimensions, dimension{name, value})
	}
	at := m.At
	if at.IsZero() {
		at = time.Now()
	}
	s.measure(s.region, cmp.Or(m.Namespace, lambdaNamespace), m.Name, dimensions, at, sample{1, m.Value, m.Value, m.Value})
}
