package localaws

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// treatments are the ways to treat missing data.
var treatments = []string{"breaching", "notBreaching", "ignore", "missing"}

// comparisons are the comparisons of a value with a threshold, and what they are called
// in the reason of a state. Alarms that detect anomalies are not evaluated.
var comparisons = map[string]struct {
	holds func(value, threshold float64) bool
	text  string
}{
	"GreaterThanOrEqualToThreshold": {func(v, t float64) bool { return v >= t }, "greater than or equal to"},
	"GreaterThanThreshold":          {func(v, t float64) bool { return v > t }, "greater than"},
	"LessThanThreshold":             {func(v, t float64) bool { return v < t }, "less than"},
	"LessThanOrEqualToThreshold":    {func(v, t float64) bool { return v <= t }, "less than or equal to"},
}

// watchMetrics evaluates the metric alarms, as CloudWatch does every minute.
func (s *store) watchMetrics(at time.Time) {
	inOrder := func(a, b place) int { return cmp.Or(cmp.Compare(a.region, b.region), cmp.Compare(a.name, b.name)) }
	for _, where := range slices.SortedFunc(maps.Keys(s.alarms), inOrder) {
		if a := s.alarms[where]; a.watches() {
			if state, reason := a.judge(s.recent(where.region, a, at)); state != a.state {
				s.setState(where.region, a, at, state, reason, "")
			}
		}
	}
}

// watching reports whether there is an alarm whose state follows its metric.
func (s *store) watching() bool {
	for _, a := range s.alarms {
		if a.watches() {
			return true
		}
	}
	return false
}

// watches reports whether the alarm's state follows its metric. Metric math and periods
// below a minute are not supported.
func (a *alarm) watches() bool {
	_, compares := comparisons[a.ComparisonOperator]
	return !a.fixed && a.MetricName != "" && compares && a.Threshold != nil && a.Period > 0 && a.Period%60 == 0
}

// reading is the value of an alarm's metric in one period; nil: there is no data.
type reading struct {
	begins time.Time
	value  *float64
}

// recent returns the readings of an alarm's evaluation range, the newest last. The
// periods slide: they end at the time of the evaluation. The range has two periods
// more than are evaluated, in case that data is missing
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html).
func (s *store) recent(region string, a *alarm, at time.Time) []reading {
	const more = 2
	all := make([]reading, a.EvaluationPeriods+more)
	m := metricName{a.Namespace, a.MetricName, a.Dimensions}
	unit := a.Unit
	if units := s.units(region, m); unit == "" && len(units) > 0 {
		unit = units[0]
	}
	found := s.metrics[metricKey(region, m.Namespace, m.MetricName, m.Dimensions)]
	for i := range all {
		begins := at.Add(-time.Duration(len(all)-i) * time.Duration(a.Period) * time.Second)
		all[i].begins = begins
		if found == nil {
			continue
		}
		var sum sample
		for minute := begins.Unix() / 60; minute < begins.Unix()/60+int64(a.Period/60); minute++ {
			if add := found.units[unit][minute]; add != nil && arrived(minute, s.delayOf(found.dimensions), at) {
				sum.add(*add)
			}
		}
		if sum.count == 0 {
			continue
		}
		if value, ok := sum.statistic(a.Statistic + a.ExtendedStatistic); ok {
			all[i].value = &value
		}
	}
	return all
}

// judge returns the state that readings give an alarm, and its reason.
func (a *alarm) judge(all []reading) (state, reason string) {
	wanted, enough := int(a.EvaluationPeriods), int(a.DatapointsToAlarm)
	if enough == 0 {
		enough = wanted
	}
	c := comparisons[a.ComparisonOperator]
	var known []reading // the newest that are evaluated, the newest first
	var breaching, oldest int
	for i, r := range slices.Backward(all) {
		if r.value == nil || len(known) == wanted {
			continue
		}
		known = append(known, r)
		if c.holds(*r.value, *a.Threshold) {
			breaching++
			oldest = len(all) - i
		}
	}
	missing := wanted - len(known)
	breaches := breaching == len(known) // what is known does
	filled := breaching
	if a.TreatMissingData == "breaching" {
		filled += missing
	}
	state = stateOK
	switch {
	case filled >= enough:
		state = stateAlarm
	case missing == 0 || a.TreatMissingData == "breaching" || a.TreatMissingData == "notBreaching" || !breaches:
	case a.TreatMissingData == "ignore":
		return a.state, a.reason
	case oldest >= enough: // even if the missing data were not breaching, it would have been late
		state = stateAlarm
	default:
		return stateInsufficient, "Insufficient Data: " + counted(missing, "datapoint was", "datapoints were") + " unknown."
	}
	return state, a.explain(state, known, missing, breaching, enough)
}

// explain returns CloudWatch's reason for a state.
func (a *alarm) explain(state string, known []reading, missing, breaching, enough int) string {
	if len(known) == 0 {
		as := "NonBreaching"
		if a.TreatMissingData == "breaching" {
			as = "Breaching"
		}
		return fmt.Sprintf("Threshold Crossed: no datapoints were received for %s and %s treated as [%s].",
			counted(missing, "period", "periods"), counted(missing, "missing datapoint was", "missing datapoints were"), as)
	}
	var values []string
	n, not, change := breaching, "", "OK -> ALARM"
	if state == stateOK {
		n, not, change = len(known)-breaching, "not ", "ALARM -> OK"
	}
	for _, r := range known {
		if c := comparisons[a.ComparisonOperator]; c.holds(*r.value, *a.Threshold) == (state == stateAlarm) {
			values = append(values, fmt.Sprintf("%s (%s)", decimal(*r.value), r.begins.UTC().Format("02/01/06 15:04:05")))
		}
	}
	verb := "was"
	if len(values) > 1 {
		verb = "were"
	}
	return fmt.Sprintf("Threshold Crossed: %d out of the last %d datapoints [%s] %s %s%s the threshold (%s) (minimum %s for %s transition).",
		n, len(known), strings.Join(values, ", "), verb, not, comparisons[a.ComparisonOperator].text, decimal(*a.Threshold), counted(enough, "datapoint", "datapoints"), change)
}

// counted is `1 datapoint` or `2 datapoints`.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", many)
}

// decimal is a number as CloudWatch writes it: 5.0.
func decimal(v float64) string {
	text := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}
