package analysis

import (
	"strconv"
	"strings"
)

// Check is one line of the input `analysis`.
type Check struct {
	Subject   Subject
	Statistic Statistic // of Duration and Custom
	Metric    Metric    // of Custom
	Limit     *Limit    // nil: the check is relative, to the version that is replaced
}

// Subject is what a check is about.
type Subject string

// The subjects, as they are written.
const (
	Errors    Subject = "errors"    // of the invocations
	Throttles Subject = "throttles" // of the invocations and throttles
	Duration  Subject = "duration"
	Custom    Subject = "metric" // any metric of CloudWatch
)

// Relative reports whether the check is against the version that is replaced.
func (c Check) Relative() bool { return c.Limit == nil }

// String is the check as Parse reads it.
func (c Check) String() string {
	text := c.subject()
	if c.Limit != nil {
		text += " " + strconv.FormatFloat(c.Limit.Value, 'f', -1, 64) + c.unit()
	}
	return text
}

// subject is the check without the number of its limit: two with the same one
// contradict each other.
func (c Check) subject() string {
	text := string(c.Subject)
	switch c.Subject {
	case Duration:
		text += " " + c.Statistic.input()
	case Custom:
		text += " " + c.Metric.String() + " " + string(c.Statistic)
	}
	switch {
	case c.Limit == nil:
	case c.Limit.Above:
		text += " >"
	default:
		text += " <"
	}
	return text
}

// unit is that of the limit.
func (c Check) unit() string {
	switch c.Subject {
	case Errors, Throttles:
		return "%"
	case Duration:
		return "ms"
	default:
		return ""
	}
}

// Limit is what a value must stay below, or above.
type Limit struct {
	Value float64 // in percent, milliseconds, or the metric's own unit
	Above bool    // the value must be above; for metrics only
}

// Holds reports whether a value is within the limit.
func (l Limit) Holds(value float64) bool {
	if l.Above {
		return value > l.Value
	}
	return value < l.Value
}

// Statistic is a statistic of CloudWatch, as CloudWatch spells it: Average, Sum,
// p99.
type Statistic string

// average is the one that checks of durations spell differently.
const average Statistic = "Average"

// Percentile is the number of a percentile, above 0 and below 100.
func (s Statistic) Percentile() (float64, bool) {
	number, ok := strings.CutPrefix(string(s), "p")
	if !ok {
		return 0, false
	}
	percentile, err := strconv.ParseFloat(number, 64)
	return percentile, err == nil
}

// input is the statistic as checks of durations have it.
func (s Statistic) input() string {
	if s == average {
		return "average"
	}
	return string(s)
}

// Metric is a metric of CloudWatch.
type Metric struct {
	Namespace, Name string
	Dimensions      []Dimension
}

// Dimension is one of a metric. The value may contain the names in braces that
// Metric.Fill replaces.
type Dimension struct{ Name, Value string }

// placeholders are what Fill replaces.
var placeholders = []string{"function", "alias", "version"}

// Fill is the metric of a version of a function behind an alias.
func (m Metric) Fill(function, alias, version string) Metric {
	fill := strings.NewReplacer("{function}", function, "{alias}", alias, "{version}", version)
	filled := make([]Dimension, len(m.Dimensions))
	for i, d := range m.Dimensions {
		filled[i] = Dimension{d.Name, fill.Replace(d.Value)}
	}
	m.Dimensions = filled
	return m
}

// String is the metric as a check names it.
func (m Metric) String() string {
	text := m.Namespace + "/" + m.Name
	if len(m.Dimensions) == 0 {
		return text
	}
	dimensions := make([]string, len(m.Dimensions))
	for i, d := range m.Dimensions {
		dimensions[i] = d.Name + "=" + d.Value
	}
	return text + "{" + strings.Join(dimensions, ", ") + "}"
}
