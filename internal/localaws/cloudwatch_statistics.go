package localaws

import (
	"maps"
	"slices"
	"time"
)

// datapoint is CloudWatch's Datapoint.
type datapoint struct {
	Timestamp          epoch
	Unit               string
	SampleCount        *float64           `json:",omitempty"`
	Average            *float64           `json:",omitempty"`
	Sum                *float64           `json:",omitempty"`
	Minimum            *float64           `json:",omitempty"`
	Maximum            *float64           `json:",omitempty"`
	ExtendedStatistics map[string]float64 `json:",omitempty"`
}

// maxStatistics is the maximum number of datapoints of GetMetricStatistics.
const maxStatistics = 1440

// getMetricStatistics returns several statistics of one metric, in each of its
// units.
func (c *cloudwatch) getMetricStatistics(in *incoming, input struct {
	metricName
	StartTime          epoch
	EndTime            epoch
	Period             int32
	Statistics         []string
	ExtendedStatistics []string
	Unit               string
},
) (any, error) {
	switch {
	case input.Statistics == nil && input.ExtendedStatistics == nil:
		return nil, missing("At least one of the parameters Statistics and ExtendedStatistics must be specified.")
	case !input.EndTime.After(input.StartTime.Time):
		return nil, badValue("The parameter StartTime must be less than the parameter EndTime.")
	case input.Period <= 0 || input.Period%60 != 0:
		return nil, badValue("The parameter Period must be a multiple of 60.")
	}
	if n := int(input.EndTime.Sub(input.StartTime.Time) / (time.Duration(input.Period) * time.Second)); n > maxStatistics {
		return nil, badCombination("You have requested up to %d datapoints, which exceeds the limit of %d. You may reduce the datapoints requested by increasing Period, or decreasing the time range.", n, maxStatistics)
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	all := []datapoint{}
	for _, unit := range c.units(in.region, input.metricName) {
		if input.Unit != "" && input.Unit != unit {
			continue
		}
		periods := c.aggregate(in.region, input.metricName, unit, input.Period, input.StartTime.Time, input.EndTime.Time)
		for _, at := range slices.Sorted(maps.Keys(periods)) {
			all = append(all, periods[at].datapoint(at, unit, input.Statistics, input.ExtendedStatistics))
		}
	}
	return map[string]any{"Label": input.MetricName, "Datapoints": all}, nil
}

// datapoint returns statistics of a sample.
func (a *sample) datapoint(at int64, unit string, statistics, extended []string) datapoint {
	p := datapoint{Timestamp: epoch{time.Unix(at, 0).UTC()}, Unit: unit}
	for _, name := range statistics {
		value, _ := a.statistic(name)
		switch name {
		case "SampleCount":
			p.SampleCount = &value
		case "Average":
			p.Average = &value
		case "Sum":
			p.Sum = &value
		case "Minimum":
			p.Minimum = &value
		case "Maximum":
			p.Maximum = &value
		}
	}
	for _, name := range extended {
		if value, ok := a.statistic(name); ok {
			if p.ExtendedStatistics == nil {
				p.ExtendedStatistics = map[string]float64{}
			}
			p.ExtendedStatistics[name] = value
		}
	}
	return p
}
