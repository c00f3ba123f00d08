package rollout

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxDuration is how long a shift may take in all: longer than any runner lives.
const maxDuration = 24 * time.Hour

// Strategy is how traffic goes from one version to the next. The zero value
// moves all of it at once.
type Strategy struct {
	Percent int           // of the traffic: a canary's share, or a linear shift's step; 1 to 99
	Every   time.Duration // how long a step is held
	Linear  bool          // step after step, and not the rest all at once
}

// Step is a share of the traffic that the new version gets, and for how long
// before the next step.
type Step struct {
	Percent int
	Hold    time.Duration
}

// StrategyError says what is wrong with the name of a strategy.
type StrategyError struct {
	Name    string
	Problem string
}

func (e *StrategyError) Error() string {
	return fmt.Sprintf("strategy %q: %s: allowed are AllAtOnce, Canary10Percent5Minutes, Linear10PercentEvery1Minute, "+
		"with any whole percent from 1 to 99 and any number of Seconds, Minutes or Hours, and CodeDeploy's own names (CodeDeployDefault.Lambda…)",
		e.Name, e.Problem)
}

var (
	strategyPattern = regexp.MustCompile(`^(?:Canary([0-9]+)Percent|Linear([0-9]+)PercentEvery)([0-9]+)(Second|Minute|Hour)s?$`)
	strategyUnits   = []unit{{"Hour", time.Hour}, {"Minute", time.Minute}, {"Second", time.Second}}
)

type unit struct {
	name string
	time time.Duration
}

const (
	allAtOnce  = "AllAtOnce"
	predefined = "CodeDeployDefault.Lambda"
)

// ParseStrategy reads a strategy's name as SAM and CodeDeploy have it. The
// error is a *StrategyError.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/automating-updates-to-serverless-apps.html
func ParseStrategy(name string) (Strategy, error) {
	short := strings.TrimPrefix(name, predefined)
	if short == allAtOnce {
		return Strategy{}, nil
	}
	m := strategyPattern.FindStringSubmatch(short)
	if m == nil {
		return Strategy{}, &StrategyError{name, "not a strategy"}
	}
	s := Strategy{Linear: m[1] == ""}
	var err error
	if s.Percent, err = strconv.Atoi(m[1] + m[2]); err != nil || s.Percent < 1 || s.Percent > 99 {
		return Strategy{}, &StrategyError{name, "a percentage that is not from 1 to 99"}
	}
	n, err := strconv.Atoi(m[3])
	if err != nil || n > int(maxDuration/time.Second) {
		return Strategy{}, &StrategyError{name, "more than a day in all"}
	}
	for _, u := range strategyUnits {
		if m[4] == u.name {
			s.Every = time.Duration(n) * u.time
		}
	}
	switch {
	case s.Every == 0:
		return Strategy{}, &StrategyError{name, "steps that last no time"}
	case s.Duration() > maxDuration:
		return Strategy{}, &StrategyError{name, "more than a day in all"}
	case short != name && !s.predefined():
		return Strategy{}, &StrategyError{name, "not one of CodeDeploy's own"}
	}
	return s, nil
}

// Steps are the shares before the last one, which is all of the traffic; none
// for AllAtOnce.
func (s Strategy) Steps() []Step {
	if s.Percent == 0 {
		return nil
	}
	if !s.Linear {
		return []Step{{s.Percent, s.Every}}
	}
	var steps []Step
	for p := s.Percent; p < 100; p += s.Percent {
		steps = append(steps, Step{p, s.Every})
	}
	return steps
}

// Duration is how long the shift takes, from the first share to all of the rollout.
func (s Strategy) Duration() time.Duration {
	var d time.Duration
	for _, step := range s.Steps() {
		d += step.Hold
	}
	return d
}

// String is the name as SAM would write it, with the largest unit that fits.
func (s Strategy) String() string {
	if s.Percent == 0 {
		return allAtOnce
	}
	kind, every := "Canary", ""
	if s.Linear {
		kind, every = "Linear", "Every"
	}
	for _, u := range strategyUnits {
		if s.Every%u.time != 0 {
			continue
		}
		n, plural := s.Every/u.time, "s"
		if n == 1 {
			plural = ""
		}
		return fmt.Sprintf("%s%dPercent%s%d%s%s", kind, s.Percent, every, n, u.name, plural)
	}
	return fmt.Sprintf("%s%dPercent%s%s", kind, s.Percent, every, s.Every) // not one that was parsed
}

// CodeDeployConfig is the full name of the deployment configuration that
// CodeDeploy predefines for this strategy, if it does.
// https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html#deployment-configuration-lambda
func (s Strategy) CodeDeployConfig() (string, bool) {
	if !s.predefined() {
		return "", false
	}
	return predefined + s.String(), true
}

func (s Strategy) predefined() bool {
	if s.Percent == 0 {
		return true
	}
	every := []time.Duration{5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute}
	if s.Linear {
		every = []time.Duration{time.Minute, 2 * time.Minute, 3 * time.Minute, 10 * time.Minute}
	}
	return s.Percent == 10 && slices.Contains(every, s.Every)
}
