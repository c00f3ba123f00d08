package localaws

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The states of an alarm.
const (
	stateOK           = "OK"
	stateAlarm        = "ALARM"
	stateInsufficient = "INSUFFICIENT_DATA"
)

// alarm is a metric alarm or, if it has a rule, a composite alarm. The state of the
// former follows its metric, that of the latter the states of others.
type alarm struct {
	alarmSettings
	arn        string
	rule       *rule // of a composite alarm
	fixed      bool  // SetAlarm has set the state, so the metric does not change it
	state      string
	reason     string
	data       string    // StateReasonData
	updated    time.Time // of the state
	changed    time.Time // of the state's value
	configured time.Time
}

// alarmSettings are the members that PutMetricAlarm, PutCompositeAlarm and
// DescribeAlarms have in common.
type alarmSettings struct {
	AlarmName               string
	AlarmDescription        string `json:",omitempty"`
	ActionsEnabled          *bool  // true if omitted
	OKActions               []string
	AlarmActions            []string
	InsufficientDataActions []string

	AlarmRule string `json:",omitempty"` // of a composite alarm; the members below are of a metric alarm

	Namespace          string        `json:",omitempty"`
	MetricName         string        `json:",omitempty"`
	Dimensions         []dimension   `json:",omitzero"`
	Statistic          string        `json:",omitempty"`
	ExtendedStatistic  string        `json:",omitempty"`
	Period             int32         `json:",omitempty"`
	Unit               string        `json:",omitempty"`
	Metrics            []metricQuery `json:",omitempty"`
	EvaluationPeriods  int32         `json:",omitempty"`
	DatapointsToAlarm  int32         `json:",omitempty"`
	Threshold          *float64      `json:",omitempty"`
	ThresholdMetricID  string        `json:"ThresholdMetricId,omitempty"`
	ComparisonOperator string        `json:",omitempty"`
	TreatMissingData   string        `json:",omitempty"`
}

// alarmDescription is CloudWatch's MetricAlarm and CompositeAlarm.
type alarmDescription struct {
	alarmSettings
	AlarmArn                           string
	AlarmConfigurationUpdatedTimestamp epoch
	StateValue                         string
	StateReason                        string
	StateReasonData                    string `json:",omitempty"`
	StateUpdatedTimestamp              epoch
	StateTransitionedTimestamp         epoch
}

// describe returns an alarm as the API does: lists that were not set are empty.
func (a *alarm) describe() alarmDescription {
	settings := a.alarmSettings
	for _, actions := range []*[]string{&settings.OKActions, &settings.AlarmActions, &settings.InsufficientDataActions} {
		*actions = append([]string{}, *actions...)
	}
	if a.rule == nil {
		settings.Dimensions = append([]dimension{}, settings.Dimensions...)
	}
	return alarmDescription{
		alarmSettings:                      settings,
		AlarmArn:                           a.arn,
		AlarmConfigurationUpdatedTimestamp: epoch{a.configured},
		StateValue:                         a.state,
		StateReason:                        a.reason,
		StateReasonData:                    a.data,
		StateUpdatedTimestamp:              epoch{a.updated},
		StateTransitionedTimestamp:         epoch{a.changed},
	}
}

// alarmNames returns the names of a region's alarms, sorted.
func (s *store) alarmNames(region string) []string {
	var names []string
	for at := range maps.Keys(s.alarms) {
		if at.region == region {
			names = append(names, at.name)
		}
	}
	slices.Sort(names)
	return names
}

// putAlarm creates an alarm, or changes one, which keeps its state.
func (s *store) putAlarm(region string, to alarmSettings, r *rule) *alarm {
	if to.ActionsEnabled == nil {
		enabled := true
		to.ActionsEnabled = &enabled
	}
	now, at := time.Now(), place{region, to.AlarmName}
	a := s.alarms[at]
	if a == nil {
		a = &alarm{
			arn:     "arn:" + partition(region) + ":cloudwatch:" + region + ":" + s.account + ":alarm:" + to.AlarmName,
			state:   stateInsufficient,
			reason:  "Unchecked: Initial alarm creation",
			updated: now,
			changed: now,
		}
		s.alarms[at] = a
	}
	a.alarmSettings, a.rule, a.configured, a.fixed = to, r, now, false
	return a
}

// setState sets the state of an alarm and of the composite alarms that depend on
// it, and stops the deployments that an alarm in ALARM must stop.
func (s *store) setState(region string, a *alarm, at time.Time, state, reason, data string) {
	before := a.state
	a.state, a.reason, a.data, a.updated = state, reason, data, at
	if state == before {
		return
	}
	a.changed = at
	s.stopAlarmed(region, at)
	for _, name := range s.alarmNames(region) {
		if parent := s.alarms[place{region, name}]; parent != a && parent.rule != nil && parent.rule.mentions(a) {
			s.evaluate(region, parent, at, a)
		}
	}
}

// evaluate sets the state of a composite alarm by its rule.
func (s *store) evaluate(region string, a *alarm, at time.Time, cause *alarm) {
	state := stateOK
	if a.rule.holds(func(name string) string {
		if child := s.alarms[place{region, name}]; child != nil {
			return child.state
		}
		return stateInsufficient
	}) {
		state = stateAlarm
	}
	if state == a.state {
		return
	}
	reason, data := "Unchecked: Initial alarm creation", ""
	if cause != nil {
		data = text(map[string]any{"triggeringAlarms": []any{map[string]any{
			"arn":   cause.arn,
			"state": map[string]string{"value": cause.state, "timestamp": timestamp(cause.changed)},
		}}})
		reason = fmt.Sprintf("%s transitioned to %s at %s", cause.arn, cause.state, cause.changed.UTC().Format("Monday 02 January, 2006 15:04:05 MST"))
	}
	s.setState(region, a, at, state, reason, data)
}

// dependsOn reports whether an alarm is another one, or composed of it.
func (s *store) dependsOn(region, name, other string) bool {
	a := s.alarms[place{region, name}]
	return name == other || a != nil && a.rule != nil && slices.ContainsFunc(a.rule.names, func(child string) bool {
		return s.dependsOn(region, child, other)
	})
}

// describeAlarms returns metric alarms only, unless AlarmTypes is given.
func (c *cloudwatch) describeAlarms(in *incoming, input struct {
	AlarmNames      []string
	AlarmNamePrefix string
	AlarmTypes      []string
	StateValue      string
	MaxRecords      *int32
	NextToken       string
},
) (any, error) {
	var v validation
	v.check(len(input.AlarmNames) <= 100, quote("["+strings.Join(input.AlarmNames, ", ")+"]"), "alarmNames", "Member must have length less than or equal to 100")
	for _, kind := range input.AlarmTypes {
		v.oneOf(kind, "alarmTypes", "CompositeAlarm", "MetricAlarm")
	}
	v.oneOf(input.StateValue, "stateValue", stateInsufficient, stateAlarm, stateOK)
	size := 50
	if input.MaxRecords != nil {
		v.between(*input.MaxRecords, "maxRecords", 1, 100)
		size = int(*input.MaxRecords)
	} else if len(input.AlarmNames) > 0 {
		size = 100
	}
	if err := v.as("ValidationError"); err != nil {
		return nil, err
	}
	if len(input.AlarmNames) > 0 && input.AlarmNamePrefix != "" {
		return nil, refused("AlarmNamePrefix and AlarmNames may not both be specified")
	}
	if input.AlarmTypes == nil {
		input.AlarmTypes = []string{"MetricAlarm"}
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	var all []*alarm
	for _, name := range c.alarmNames(in.region) {
		a := c.alarms[place{in.region, name}]
		kind := "MetricAlarm"
		if a.rule != nil {
			kind = "CompositeAlarm"
		}
		if slices.Contains(input.AlarmTypes, kind) &&
			(input.AlarmNames == nil || slices.Contains(input.AlarmNames, name)) &&
			strings.HasPrefix(name, input.AlarmNamePrefix) &&
			(input.StateValue == "" || input.StateValue == a.state) {
			all = append(all, a)
		}
	}
	page, next, ok := part(all, input.NextToken, size)
	if !ok {
		return nil, badToken(input.NextToken)
	}
	out := struct {
		CompositeAlarms []alarmDescription
		MetricAlarms    []alarmDescription
		NextToken       string `json:",omitempty"`
	}{[]alarmDescription{}, []alarmDescription{}, next}
	for _, a := range page {
		if a.rule != nil {
			out.CompositeAlarms = append(out.CompositeAlarms, a.describe())
		} else {
			out.MetricAlarms = append(out.MetricAlarms, a.describe())
		}
	}
	return out, nil
}

// putMetricAlarm creates or changes an alarm that watches a metric.
func (c *cloudwatch) putMetricAlarm(in *incoming, input alarmSettings) (any, error) {
	var v validation
	v.length(input.AlarmName, "alarmName", 1, 255)
	v.check(input.EvaluationPeriods > 0, "null", "evaluationPeriods", "Member must not be null")
	v.check(input.ComparisonOperator != "", "null", "comparisonOperator", "Member must not be null")
	v.oneOf(input.ComparisonOperator, "comparisonOperator",
		"GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold",
		"LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold")
	v.oneOf(input.Statistic, "statistic", statistics...)
	if err := v.as("ValidationError"); err != nil {
		return nil, err
	}
	if input.MetricName == "" && input.Metrics == nil {
		return nil, refused("One of MetricName or Metrics must be specified")
	}
	if input.TreatMissingData != "" && !slices.Contains(treatments, input.TreatMissingData) {
		return nil, refused("The value %s is not supported for TreatMissingData parameter. Supported values are [%s].", input.TreatMissingData, strings.Join(treatments, ", "))
	}
	if input.DatapointsToAlarm > input.EvaluationPeriods {
		return nil, refused("DatapointsToAlarm must be less than or equal to EvaluationPeriods")
	}
	input.AlarmRule = ""

	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	c.putAlarm(in.region, input, nil)
	return nil, nil
}

// putCompositeAlarm creates or changes an alarm that watches others.
func (c *cloudwatch) putCompositeAlarm(in *incoming, input alarmSettings) (any, error) {
	var v validation
	v.length(input.AlarmName, "alarmName", 1, 255)
	v.length(input.AlarmRule, "alarmRule", 1, 10240)
	if err := v.as("ValidationError"); err != nil {
		return nil, err
	}
	r, err := parseRule(input.AlarmRule)
	if err != nil {
		return nil, refused("%v", err)
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	for _, name := range r.names {
		if c.alarms[place{in.region, name}] == nil {
			return nil, refused("Could not save the composite alarm as alarms [%s] in the alarm rule do not exist", name)
		}
		if c.dependsOn(in.region, name, input.AlarmName) {
			return nil, refused("localaws does not support an alarm that depends on itself, as %s would through %s", input.AlarmName, name)
		}
	}
	a := c.putAlarm(in.region, alarmSettings{
		AlarmName:               input.AlarmName,
		AlarmDescription:        input.AlarmDescription,
		ActionsEnabled:          input.ActionsEnabled,
		OKActions:               input.OKActions,
		AlarmActions:            input.AlarmActions,
		InsufficientDataActions: input.InsufficientDataActions,
		AlarmRule:               input.AlarmRule,
	}, r)
	c.evaluate(in.region, a, time.Now(), nil)
	return nil, nil
}

// setAlarmState sets the state of an alarm. That of a metric alarm lasts until its
// metric is next looked at.
func (c *cloudwatch) setAlarmState(in *incoming, input struct {
	AlarmName       string
	StateValue      string
	StateReason     *string
	StateReasonData string
},
) (any, error) {
	var v validation
	v.length(input.AlarmName, "alarmName", 1, 255)
	v.check(input.StateValue != "", "null", "stateValue", "Member must not be null")
	v.oneOf(input.StateValue, "stateValue", stateInsufficient, stateAlarm, stateOK)
	if v.required(input.StateReason, "stateReason") {
		v.length(*input.StateReason, "stateReason", 0, 1023)
	}
	if err := v.as("ValidationError"); err != nil {
		return nil, err
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	a := c.alarms[place{in.region, input.AlarmName}]
	if a == nil {
		return nil, noAlarm()
	}
	c.setState(in.region, a, time.Now(), input.StateValue, *input.StateReason, input.StateReasonData)
	return nil, nil
}

// deleteAlarms deletes the named alarms as far as they exist, and reports an error
// if one does not.
func (c *cloudwatch) deleteAlarms(in *incoming, input struct{ AlarmNames []string }) (any, error) {
	var v validation
	v.check(input.AlarmNames != nil, "null", "alarmNames", "Member must not be null")
	v.check(len(input.AlarmNames) <= 100, quote("["+strings.Join(input.AlarmNames, ", ")+"]"), "alarmNames", "Member must have length less than or equal to 100")
	if err := v.as("ValidationError"); err != nil {
		return nil, err
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	var err error
	for _, name := range input.AlarmNames {
		at := place{in.region, name}
		if c.alarms[at] == nil {
			err = noAlarm()
		}
		delete(c.alarms, at)
	}
	return nil, err
}

func noAlarm() error {
	return &apiError{http.StatusNotFound, "ResourceNotFound", "The named resource does not exist."}
}

// SetAlarm sets the state of an alarm to "OK", "ALARM" or "INSUFFICIENT_DATA",
// and its reason. A metric alarm keeps it, whatever its metric, until it is set or put
// again. If the alarm does not exist, SetAlarm creates it as a metric alarm on
// Lambda's errors.
func (c *Cloud) SetAlarm(name, state, reason string) {
	s := c.store
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	a := s.alarms[place{s.region, name}]
	if a == nil {
		threshold := 0.0
		a = s.putAlarm(s.region, alarmSettings{
			AlarmName:          name,
			Namespace:          lambdaNamespace,
			MetricName:         "Errors",
			Statistic:          "Sum",
			Period:             60,
			EvaluationPeriods:  1,
			Threshold:          &threshold,
			ComparisonOperator: "GreaterThanThreshold",
			TreatMissingData:   "notBreaching",
		}, nil)
	}
	a.fixed = a.rule == nil
	s.setState(s.region, a, time.Now(), state, reason, "")
}
