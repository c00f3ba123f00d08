package localaws

import "time"

// invocations are invocations of one version in one minute, with how they ended.
type invocations struct {
	region, function, qualifier, version string
	weighted                             bool // the qualifier is an alias with routing weights
	at                                   time.Time

	count, errors, throttled float64             // count includes errors, not throttled
	durations                map[float64]float64 // in milliseconds, with the count of each
}

// measureInvocations adds the metrics that Lambda reports
// (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html): for all
// functions together, for the function, for what was called (the resource is the
// bare name in a call without a qualifier), and for the version behind an alias. AWS
// documents the last for weighted aliases only. The time is that of the invocation,
// not of its end.
func (s *store) measureInvocations(in invocations) {
	function := dimension{"FunctionName", in.function}
	resource := dimension{"Resource", in.function}
	if in.qualifier != "" {
		resource.Value += ":" + in.qualifier
	}
	all := [][]dimension{nil, {function}, {function, resource}}
	if in.weighted {
		all = append(all, []dimension{function, resource, {"ExecutedVersion", in.version}})
	}
	for _, dimensions := range all {
		add := func(name string, values map[float64]float64) {
			for value, count := range values {
				if count == 0 {
					delete(values, value)
				}
			}
			if len(values) > 0 {
				s.measure(in.region, lambdaNamespace, name, dimensions, in.at, "", sampleOf(values))
			}
		}
		add("Invocations", map[float64]float64{1: in.count})
		add("Errors", map[float64]float64{0: in.count - in.errors, 1: in.errors})
		add("Throttles", map[float64]float64{0: in.count, 1: in.throttled})
		add("Duration", in.durations)
	}
}

// milliseconds is a duration as in the metric Duration.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
