package rollout

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"lambda-release/internal/awsapi"
)

// settleTime is how long after an alias has moved AWS may still route to the
// version that it left.
const settleTime = 10 * time.Second

// UnhealthyError says what the health of a shift failed on.
type UnhealthyError struct {
	Alarms     []awsapi.Alarm // that are in ALARM, with AWS's reason
	Judgements []Judgement    // of versions that are worse, or outside of a limit
}

func (e *UnhealthyError) Error() string {
	var what []string
	for _, a := range e.Alarms {
		what = append(what, fmt.Sprintf("alarm %q is in ALARM: %s", a.Name, a.Reason))
	}
	if len(e.Judgements) > 0 {
		what = append(what, sentences(e.Judgements))
	}
	return strings.Join(what, "; ")
}

// Ratio writes a ratio as a percentage, with three digits at most.
func Ratio(ratio float64) string { return fmt.Sprintf("%.3g %%", 100*ratio) }

// HealthUnknownError says that the health of a shift could not be read for too long.
type HealthUnknownError struct {
	What string
	For  time.Duration
	Err  error // of the last attempt
}

func (e *HealthUnknownError) Error() string {
	if e.For < time.Second { // the first attempt was the last
		return fmt.Sprintf("%s could not be read: %v", e.What, e.Err)
	}
	return fmt.Sprintf("%s could not be read for %s: %v", e.What, Duration(e.For.Round(time.Second)), e.Err)
}

func (e *HealthUnknownError) Unwrap() error { return e.Err }

// MissingAlarmsError names all the alarms that do not exist.
type MissingAlarmsError struct {
	Names  []string
	Region string
}

func (e *MissingAlarmsError) Error() string {
	quoted := make([]string, len(e.Names))
	for i, n := range e.Names {
		quoted[i] = fmt.Sprintf("%q", n)
	}
	what := "alarm"
	if len(quoted) > 1 {
		what = "alarms"
	}
	return fmt.Sprintf("CloudWatch in %s has no %s %s", e.Region, what, strings.Join(quoted, ", "))
}

// Hint says what to look at.
func (e *MissingAlarmsError) Hint() string {
	return "The input `alarms` takes names of metric and composite alarms, not ARNs, of the account and region that the function is in. Upper and lower case differ."
}

// readAlarms reads all alarms; one that is missing is an error.
func (w *Watcher) readAlarms(ctx context.Context) ([]awsapi.Alarm, error) {
	alarms, err := w.aws.Alarms(ctx, w.health.Alarms)
	if err != nil {
		return nil, err
	}
	missing := slices.DeleteFunc(slices.Clone(w.health.Alarms), func(name string) bool {
		return slices.ContainsFunc(alarms, func(a awsapi.Alarm) bool { return a.Name == name })
	})
	if len(missing) > 0 {
		return alarms, &MissingAlarmsError{missing, w.aws.Region}
	}
	return alarms, nil
}

// checkAlarms reads the alarms.
func (w *Watcher) checkAlarms(bool) (fetch func(context.Context), judge func() error) {
	var alarms []awsapi.Alarm
	var err error
	return func(ctx context.Context) { alarms, err = w.readAlarms(ctx) },
		func() error { return w.judgeAlarms(alarms, err) }
}

// judgeAlarms fails when any alarm that counts is in ALARM, also when another one
// cannot be found any more.
func (w *Watcher) judgeAlarms(alarms []awsapi.Alarm, err error) error {
	unhealthy := &UnhealthyError{}
	for _, a := range alarms {
		switch {
		case a.State == awsapi.AlarmOK && w.ignored[a.Name]:
			delete(w.ignored, a.Name)
			w.fact(fmt.Sprintf("alarm %q is OK now, and counts from here on", a.Name))
		case a.State == awsapi.AlarmFired && !w.ignored[a.Name]:
			unhealthy.Alarms = append(unhealthy.Alarms, a)
		}
	}
	if len(unhealthy.Alarms) > 0 {
		return unhealthy
	}
	return err
}

// versionDimensions single out one of the versions behind an alias.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html
func (s Served) versionDimensions() [][2]string {
	return append(s.aliasDimensions(), [2]string{"ExecutedVersion", s.Version})
}

func (s Served) aliasDimensions() [][2]string {
	return [][2]string{{"FunctionName", s.Function}, {"Resource", s.Function + ":" + s.Alias}}
}

// aloneSince is the first whole minute in which the version alone served the
// alias, zero when it does not.
func (s Served) aloneSince() time.Time {
	if s.FullTrafficSince.IsZero() {
		return time.Time{}
	}
	return s.FullTrafficSince.Add(settleTime).Truncate(time.Minute).Add(time.Minute)
}
