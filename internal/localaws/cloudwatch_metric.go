package localaws

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// lambdaNamespace is the namespace of Lambda's own metrics.
const lambdaNamespace = "AWS/Lambda"

// statistics are the supported ones, beside percentiles.
var statistics = []string{"SampleCount", "Average", "Sum", "Minimum", "Maximum"}

// percentile matches the statistics of percentiles, such as p99 and p99.9.
var percentile = regexp.MustCompile(`^p(\d{1,2}(\.\d+)?|100)$`)

// dimension is a name and value that identify a metric.
type dimension struct{ Name, Value string }

// series is a metric's samples by the minute since 1970, aggregated as CloudWatch
// does.
type series map[int64]*sample

// sample aggregates a metric's values over a period.
type sample struct {
	count, sum, least, most float64
	values                  []repeated // for percentiles; none of StatisticValues
}

// repeated is a value with the number of its occurrences.
type repeated struct{ value, count float64 }

// sampleOf returns the sample of a value that occurred count times.
func sampleOf(value, count float64) sample {
	return sample{count, count * value, value, value, []repeated{{value, count}}}
}

// add merges another sample into a.
func (a *sample) add(b sample) {
	if a.count == 0 {
		b.values = slices.Clone(b.values)
		*a = b
		return
	}
	a.count += b.count
	a.sum += b.sum
	a.least = min(a.least, b.least)
	a.most = max(a.most, b.most)
	a.values = append(a.values, b.values...)
}

// statistic returns one statistic of a sample. ok is false for a percentile if
// there are no values.
func (a *sample) statistic(name string) (value float64, ok bool) {
	switch name {
	case "SampleCount":
		return a.count, true
	case "Average":
		return a.sum / a.count, true
	case "Minimum":
		return a.least, true
	case "Maximum":
		return a.most, true
	case "Sum":
		return a.sum, true
	}
	p, _ := strconv.ParseFloat(strings.TrimPrefix(name, "p"), 64)
	return a.percentile(p)
}

// percentile returns the smallest value such that p percent of the values are not
// above it. CloudWatch interpolates.
func (a *sample) percentile(p float64) (value float64, ok bool) {
	values := slices.SortedFunc(slices.Values(a.values), func(x, y repeated) int { return cmp.Compare(x.value, y.value) })
	var total, below float64
	for _, v := range values {
		total += v.count
	}
	for _, v := range values {
		below += v.count
		if below >= total*p/100 {
			return v.value, true
		}
	}
	return 0, false
}

// metricKey identifies a metric; the order of the dimensions does not matter.
func metricKey(region, namespace, name string, dimensions []dimension) string {
	sorted := slices.SortedFunc(slices.Values(dimensions), func(a, b dimension) int { return cmp.Compare(a.Name, b.Name) })
	return fmt.Sprintf("%q %q %q %q", region, namespace, name, sorted)
}

// measure adds a sample to a metric.
func (s *store) measure(region, namespace, name string, dimensions []dimension, at time.Time, unit string, add sample) {
	if unit == "" {
		unit = defaultUnit(namespace, name)
	}
	key := metricKey(region, namespace, name, dimensions)
	if s.metrics[key] == nil {
		s.metrics[key] = map[string]series{}
	}
	if s.metrics[key][unit] == nil {
		s.metrics[key][unit] = series{}
	}
	minute := at.Unix() / 60
	if s.metrics[key][unit][minute] == nil {
		s.metrics[key][unit][minute] = &sample{}
	}
	s.metrics[key][unit][minute].add(add)
}

// defaultUnit returns the unit of a metric whose values were added without one.
func defaultUnit(namespace, name string) string {
	switch {
	case namespace != lambdaNamespace:
		return "None"
	case name == "Duration":
		return "Milliseconds"
	default:
		return "Count"
	}
}

// invoked is an invocation that is measured.
type invoked struct {
	region, function, qualifier, version string
	failed, throttled                    bool
	took                                 time.Duration
}

// measureInvoke adds the metrics that Lambda reports for an invocation: of the
// function, of the qualifier, and of the version that an alias routed to
// (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html).
func (s *store) measureInvoke(in invoked) {
	dimensions := [][]dimension{{{"FunctionName", in.function}}}
	if in.qualifier != "" {
		resource := []dimension{{"FunctionName", in.function}, {"Resource", in.function + ":" + in.qualifier}}
		dimensions = append(dimensions, resource)
		if in.qualifier != in.version {
			dimensions = append(dimensions, append(slices.Clone(resource), dimension{"ExecutedVersion", in.version}))
		}
	}
	now := time.Now()
	for _, d := range dimensions {
		add := func(name string, value float64) {
			s.measure(in.region, lambdaNamespace, name, d, now, "", sampleOf(value, 1))
		}
		if in.throttled {
			add("Throttles", 1)
			continue
		}
		errors := 0.0
		if in.failed {
			errors = 1
		}
		add("Invocations", 1)
		add("Errors", errors)
		add("Throttles", 0)
		add("Duration", float64(in.took.Microseconds())/1000)
	}
}

// datum is an entry of PutMetricData: one value, several, or their statistics.
type datum struct {
	MetricName      string
	Dimensions      []dimension
	Timestamp       epoch
	Unit            string
	Value           *float64
	Values          []float64
	Counts          []float64
	StatisticValues *struct{ SampleCount, Sum, Minimum, Maximum float64 }
}

// check refuses a datum that has not exactly one kind of values.
func (d *datum) check(n int) error {
	member := fmt.Sprintf("MetricData.member.%d.", n)
	var given []string
	for _, m := range []struct {
		name string
		set  bool
	}{{"Value", d.Value != nil}, {"Values", d.Values != nil}, {"StatisticValues", d.StatisticValues != nil}} {
		if m.set {
			given = append(given, member+m.name)
		}
	}
	switch {
	case d.MetricName == "":
		return missing(fmt.Sprintf("The parameter %sMetricName is required.", member))
	case len(given) > 1:
		return badCombination("The parameters %s and %s are mutually exclusive and you have specified both.", given[0], given[1])
	case d.Counts != nil && len(d.Counts) != len(d.Values):
		return badValue("The parameters %sValues and %sCounts must be of the same size.", member, member)
	case d.samples() == nil:
		return missing("At least one of the parameters must be specified.")
	}
	return nil
}

// samples returns the values of a datum.
func (d *datum) samples() []sample {
	switch {
	case d.Value != nil:
		return []sample{sampleOf(*d.Value, 1)}
	case d.StatisticValues != nil:
		s := d.StatisticValues
		return []sample{{s.SampleCount, s.Sum, s.Minimum, s.Maximum, nil}}
	}
	var all []sample
	for i, value := range d.Values {
		count := 1.0
		if d.Counts != nil {
			count = d.Counts[i]
		}
		all = append(all, sampleOf(value, count))
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
		if err := d.check(i + 1); err != nil {
			return nil, err
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
			c.measure(in.region, input.Namespace, d.MetricName, d.Dimensions, at, d.Unit, s)
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

// queryID matches the Id of a query.
var queryID = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]*$`)

// maxQueries is the maximum number of queries in a call.
const maxQueries = 500

// check reports why the n-th query is invalid or not supported.
func (q *metricQuery) check(n int) error {
	switch {
	case !queryID.MatchString(q.ID):
		return refused("The value %s for parameter MetricDataQueries.member.%d.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.", q.ID, n)
	case q.MetricStat == nil:
		return refused("localaws supports MetricStat queries only; query '%s' is not one", q.ID)
	case q.MetricStat.Metric.Namespace == "" || q.MetricStat.Metric.MetricName == "":
		return refused("The parameter MetricDataQueries.member.MetricStat.Metric of query '%s' needs Namespace and MetricName", q.ID)
	case q.MetricStat.Period <= 0 || q.MetricStat.Period%60 != 0:
		return refused("The parameter Period of query '%s' must be a multiple of 60, it is %d", q.ID, q.MetricStat.Period)
	case !slices.Contains(statistics, q.MetricStat.Stat) && !percentile.MatchString(q.MetricStat.Stat):
		return refused("localaws does not support the statistic '%s' of query '%s', only percentiles, %s", q.MetricStat.Stat, q.ID, strings.Join(statistics, ", "))
	}
	return nil
}

// point is one value of the result of a query.
type point struct {
	query int
	at    int64 // Unix seconds
	value float64
}

// aggregate returns the samples of a metric in one unit from start, inclusive, to
// end, exclusive, by the Unix time at which their period begins.
func (s *store) aggregate(region string, m metricName, unit string, seconds int32, start, end time.Time) map[int64]*sample {
	periods, period := map[int64]*sample{}, int64(seconds)
	for minute, add := range s.metrics[metricKey(region, m.Namespace, m.MetricName, m.Dimensions)][unit] {
		at := minute * 60 / period * period
		if at < start.Unix()/period*period || at >= end.Unix() {
			continue
		}
		if periods[at] == nil {
			periods[at] = &sample{}
		}
		periods[at].add(*add)
	}
	return periods
}

// units returns the units in which a metric has values, sorted.
func (s *store) units(region string, m metricName) []string {
	return slices.Sorted(maps.Keys(s.metrics[metricKey(region, m.Namespace, m.MetricName, m.Dimensions)]))
}

// points returns the values of a query from start, inclusive, to end, exclusive,
// in order of time. The time of a value is the beginning of its period; periods
// without samples have none. Without a unit, the first that has values counts.
func (s *store) points(region string, index int, q *metricQuery, start, end time.Time) []point {
	m := q.MetricStat
	unit := m.Unit
	if units := s.units(region, m.Metric); unit == "" && len(units) > 0 {
		unit = units[0]
	}
	periods := s.aggregate(region, m.Metric, unit, m.Period, start, end)
	var all []point
	for _, at := range slices.Sorted(maps.Keys(periods)) {
		if value, ok := periods[at].statistic(m.Stat); ok {
			all = append(all, point{index, at, value})
		}
	}
	return all
}

// label returns the label of a query: the name of the metric, with the statistic
// and the period where the queries of a call differ in them.
func label(q *metricQuery, all []metricQuery) string {
	if q.Label != "" {
		return q.Label
	}
	name := q.MetricStat.Metric.MetricName
	same := slices.DeleteFunc(slices.Clone(all), func(other metricQuery) bool { return other.MetricStat.Metric.MetricName != name })
	if slices.ContainsFunc(same, func(other metricQuery) bool { return other.MetricStat.Stat != q.MetricStat.Stat }) {
		name += " " + q.MetricStat.Stat
	}
	if slices.ContainsFunc(same, func(other metricQuery) bool { return other.MetricStat.Period != q.MetricStat.Period }) {
		name += fmt.Sprint(" ", q.MetricStat.Period)
	}
	return name
}

// metricDataResult is CloudWatch's MetricDataResult.
type metricDataResult struct {
	ID         string `json:"Id"`
	Label      string
	Timestamps []epoch
	Values     []float64
	StatusCode string
	Messages   []metricMessage `json:",omitempty"`
}

// metricMessage is CloudWatch's MessageData.
type metricMessage struct{ Code, Value string }

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
	if len(input.MetricDataQueries) > maxQueries {
		return nil, refused("The collection MetricDataQueries must not have a size greater than %d.", maxQueries)
	}
	for i, q := range input.MetricDataQueries {
		if err := q.check(i + 1); err != nil {
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
		results[i] = metricDataResult{q.ID, label(&q, input.MetricDataQueries), []epoch{}, []float64{}, "Complete", nil}
		if units := c.units(in.region, q.MetricStat.Metric); q.MetricStat.Unit == "" && len(units) > 1 {
			results[i].Messages = []metricMessage{{"MultipleUnits", "Multiple units returned: '[" + strings.Join(units, ", ") + "]'"}}
		}
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
	Unit       string // "": Count or Milliseconds for AWS/Lambda, otherwise None
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
	s.measure(s.region, cmp.Or(m.Namespace, lambdaNamespace), m.Name, dimensions, at, m.Unit, sampleOf(m.Value, 1))
}
