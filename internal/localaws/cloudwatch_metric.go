package localaws

import (
	"cmp"
	"fmt"
	"maps"
	"math"
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

// metric is what was reported for one combination of namespace, name and dimensions.
type metric struct {
	dimensions []dimension
	units      map[string]series
}

// sample aggregates a metric's values over a period.
type sample struct {
	count, sum, least, most float64
	values                  map[float64]float64 // the count of each value, for percentiles
	opaque                  bool                // some values are not known, only their statistics
}

// sampleOf returns the sample of values with the count of each.
func sampleOf(values map[float64]float64) sample {
	a := sample{least: math.Inf(1), most: math.Inf(-1), values: values}
	for _, value := range slices.Sorted(maps.Keys(values)) { // in order, so that the sum is always the same
		a.count += values[value]
		a.sum += values[value] * value
		a.least, a.most = min(a.least, value), max(a.most, value)
	}
	return a
}

// add merges another sample into a.
func (a *sample) add(b sample) {
	if a.count == 0 {
		b.values = maps.Clone(b.values)
		*a = b
		return
	}
	a.count += b.count
	a.sum += b.sum
	a.least = min(a.least, b.least)
	a.most = max(a.most, b.most)
	a.opaque = a.opaque || b.opaque
	if a.values == nil {
		a.values = map[float64]float64{}
	}
	for value, count := range b.values {
		a.values[value] += count
	}
}

// statistic returns one statistic of a sample. ok is false for a percentile that
// CloudWatch does not have.
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

// percentile returns a percentile. It interpolates linearly between the two values
// whose ranks are closest; how CloudWatch interpolates is not documented. As in
// CloudWatch there is none of values of which only the statistics are known, or if one
// is negative
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html).
func (a *sample) percentile(p float64) (value float64, ok bool) {
	if a.opaque || a.least < 0 {
		return 0, false
	}
	rank := p * (a.count - 1) / 100 // the first value has rank 0
	var below, lower float64
	for i, value := range slices.Sorted(maps.Keys(a.values)) {
		// This value has the ranks from below to last.
		last := below + a.values[value] - 1
		if rank <= last {
			if i == 0 || rank >= below {
				return value, true
			}
			return value - (below-rank)*(value-lower), true
		}
		below, lower = last+1, value
	}
	return lower, a.count > 0
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
	m := s.metrics[key]
	if m == nil {
		m = &metric{dimensions, map[string]series{}}
		s.metrics[key] = m
	}
	if m.units[unit] == nil {
		m.units[unit] = series{}
	}
	minute := at.Unix() / 60
	if m.units[unit][minute] == nil {
		m.units[unit][minute] = &sample{}
	}
	m.units[unit][minute].add(add)
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
		return []sample{sampleOf(map[float64]float64{*d.Value: 1})}
	case d.StatisticValues != nil:
		s := d.StatisticValues
		if s.SampleCount == 1 || s.Minimum == s.Maximum {
			return []sample{sampleOf(map[float64]float64{s.Minimum: s.SampleCount})}
		}
		return []sample{{s.SampleCount, s.Sum, s.Minimum, s.Maximum, nil, true}}
	}
	var all []sample
	for i, value := range d.Values {
		count := 1.0
		if d.Counts != nil {
			count = d.Counts[i]
		}
		all = append(all, sampleOf(map[float64]float64{value: count}))
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
	c.advance()
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
	found := s.metrics[metricKey(region, m.Namespace, m.MetricName, m.Dimensions)]
	if now := time.Now(); found != nil && retained(now.Sub(start), period) {
		first, late := start.Unix()/period*period, s.delayOf(found.dimensions)
		for minute, add := range found.units[unit] {
			at := minute * 60 / period * period
			if at < first || at >= end.Unix() || !arrived(minute, late, now) {
				continue
			}
			if periods[at] == nil {
				periods[at] = &sample{}
			}
			periods[at].add(*add)
		}
	}
	return periods
}

// retained reports whether CloudWatch still has values by a period of so many seconds
// for a time that is so long ago
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricStat.html).
func retained(ago time.Duration, period int64) bool {
	const day = 24 * time.Hour
	switch {
	case ago > 63*day:
		return period%3600 == 0
	case ago > 15*day:
		return period%300 == 0
	}
	return true
}

// arrived reports whether the data of a minute can be read at a time, if it is so late.
func arrived(minute int64, late time.Duration, at time.Time) bool {
	return late == 0 || !at.Before(time.Unix(minute*60+60, 0).Add(late))
}

// delay is set by DelayMetrics.
type delay struct {
	late       time.Duration
	dimensions []dimension
}

// delayOf returns how late the data of a metric is.
func (s *store) delayOf(dimensions []dimension) time.Duration {
	for _, d := range slices.Backward(s.delays) {
		if !slices.ContainsFunc(d.dimensions, func(of dimension) bool { return !slices.Contains(dimensions, of) }) {
			return d.late
		}
	}
	return 0
}

// units returns the units in which a metric has values, sorted.
func (s *store) units(region string, m metricName) []string {
	found := s.metrics[metricKey(region, m.Namespace, m.MetricName, m.Dimensions)]
	if found == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(found.units))
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
	c.advance()
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
// are also added by each Invoke, and by PlayTraffic.
func (c *Cloud) AddMetric(m Metric) {
	s := c.store
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	at := m.At
	if at.IsZero() {
		at = time.Now()
	}
	s.measure(s.region, cmp.Or(m.Namespace, lambdaNamespace), m.Name, dimensionsOf(m.Dimensions), at, m.Unit, sampleOf(map[float64]float64{m.Value: 1}))
}

// DelayMetrics makes the data of a minute readable only so long after the minute's
// end, as it is in CloudWatch, where a minute or two is usual. It holds for the metrics
// that have these dimensions, among others; nil is all metrics. So the data of
// one version may be there before that of another. The last call that fits a metric
// counts. Without a call, all data is there at once.
func (c *Cloud) DelayMetrics(late time.Duration, dimensions map[string]string) {
	s := c.store
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	s.delays = append(s.delays, delay{late, dimensionsOf(dimensions)})
}

func dimensionsOf(values map[string]string) []dimension {
	var all []dimension
	for name, value := range values {
		all = append(all, dimension{name, value})
	}
	return all
}
