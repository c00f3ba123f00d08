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

// UnhealthyError says what the health of a shift failed on: alarms, or error rates.
type UnhealthyError struct {
	Alarms       []awsapi.Alarm // that are in ALARM, with AWS's reason
	Rates        []Rate         // that are above MaxErrorRate
	MaxErrorRate float64
}

func (e *UnhealthyError) Error() string {
	var what []string
	for _, a := range e.Alarms {
		what = append(what, fmt.Sprintf("alarm %q is in ALARM: %s", a.Name, a.Reason))
	}
	for _, r := range e.Rates {
		what = append(what, fmt.Sprintf("%s, more than %s", r, Ratio(e.MaxErrorRate)))
	}
	return strings.Join(what, "; ")
}

// Rate is how a version has done behind its alias since the shift began.
type Rate struct {
	Served
	Errors, Invocations int
}

func (r Rate) String() string {
	return fmt.Sprintf("%s failed in %d of %d invocations (%s)", r.Served, r.Errors, r.Invocations, Ratio(r.ratio()))
}

func (r Rate) ratio() float64 {
	if r.Invocations == 0 {
		return 0
	}
	return float64(r.Errors) / float64(r.Invocations)
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

// checkAlarms fails when any alarm that counts is in ALARM. That is said also
// when another one cannot be found any more.
func (w *Watcher) checkAlarms(ctx context.Context) error {
	alarms, err := w.readAlarms(ctx)
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

// checkRates fails when the error rate of any version is too high. Versions
// with too little traffic for that are reported at the last check.
func (w *Watcher) checkRates(ctx context.Context, served []Served, since time.Time, last bool) error {
	rates, err := w.readRates(ctx, served, since)
	if err != nil {
		return err
	}
	w.rates = rates
	unhealthy := &UnhealthyError{MaxErrorRate: w.health.MaxErrorRate}
	for _, r := range rates {
		switch {
		case r.Invocations < w.health.MinInvocations:
			if last {
				w.fact(fmt.Sprintf("%s has had %d invocations, fewer than %d: its error rate is not judged",
					r.Served, r.Invocations, w.health.MinInvocations))
			}
		case r.ratio() > w.health.MaxErrorRate:
			unhealthy.Rates = append(unhealthy.Rates, r)
		}
	}
	if len(unhealthy.Rates) > 0 {
		return unhealthy
	}
	return nil
}

// readRates adds up what the versions have done since a time.
func (w *Watcher) readRates(ctx context.Context, served []Served, since time.Time) ([]Rate, error) {
	rates := make([]Rate, len(served))
	now := time.Now()
	// Those that share the alias with another version, and those that have it to
	// themselves, by the minute since when.
	apart := map[time.Time][]int{}
	for i, s := range served {
		rates[i].Served = s
		alone := s.aloneSince()
		apart[alone] = append(apart[alone], i)
	}
	for alone, which := range apart {
		until := now
		if !alone.IsZero() && alone.Before(now) {
			until = alone.Add(-time.Nanosecond)
			if err := w.addUp(ctx, rates, which, alone, now, Served.aliasDimensions); err != nil {
				return nil, err
			}
		}
		if until.Before(since) {
			continue
		}
		if err := w.addUp(ctx, rates, which, since, until, Served.versionDimensions); err != nil {
			return nil, err
		}
	}
	return rates, nil
}

// addUp adds to the rates of some versions what CloudWatch has of the minutes
// from one time to another.
func (w *Watcher) addUp(ctx context.Context, rates []Rate, which []int, from, to time.Time, dimensions func(Served) [][2]string) error {
	var queries []awsapi.Query
	for _, i := range which {
		for _, name := range []string{"Errors", "Invocations"} {
			queries = append(queries, awsapi.Query{Namespace: "AWS/Lambda", Name: name, Dimensions: dimensions(rates[i].Served), Stat: "Sum"})
		}
	}
	series, err := w.aws.MetricSeries(ctx, queries, awsapi.MinuteOf(from), awsapi.MinuteOf(to)+1)
	if err != nil {
		return err
	}
	for n, i := range which {
		rates[i].Errors += total(series[2*n])
		rates[i].Invocations += total(series[2*n+1])
	}
	return nil
}

func total(s awsapi.Series) int {
	var sum float64
	for _, v := range s {
		sum += v
	}
	return int(sum)
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
