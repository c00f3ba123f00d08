package rollout_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/rollout"
)

func TestParseStrategy(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]rollout.Strategy{
		"AllAtOnce":                                           {},
		"Canary10Percent5Minutes":                             {Percent: 10, Every: 5 * time.Minute},
		"Canary10Percent300Seconds":                           {Percent: 10, Every: 5 * time.Minute},
		"Canary1Percent1Hour":                                 {Percent: 1, Every: time.Hour},
		"Canary99Percent24Hours":                              {Percent: 99, Every: 24 * time.Hour},
		"Linear10PercentEvery1Minute":                         {Percent: 10, Every: time.Minute, Linear: true},
		"Linear10PercentEvery1Minutes":                        {Percent: 10, Every: time.Minute, Linear: true},
		"Linear33PercentEvery10Seconds":                       {Percent: 33, Every: 10 * time.Second, Linear: true},
		"CodeDeployDefault.LambdaAllAtOnce":                   {},
		"CodeDeployDefault.LambdaCanary10Percent30Minutes":    {Percent: 10, Every: 30 * time.Minute},
		"CodeDeployDefault.LambdaLinear10PercentEvery1Minute": {Percent: 10, Every: time.Minute, Linear: true},
	} {
		got, err := rollout.ParseStrategy(name)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, want)
		}
	}
}

func TestParseStrategyRefuses(t *testing.T) {
	t.Parallel()
	for name, problem := range map[string]string{
		"":                             "not a strategy",
		"allatonce":                    "not a strategy",
		"Canary":                       "not a strategy",
		"Canary10Percent":              "not a strategy",
		"Canary-1Percent5Minutes":      "not a strategy",
		"Canary1.5Percent5Minutes":     "not a strategy",
		"Canary10PercentEvery5Minutes": "not a strategy",
		"Linear10Percent5Minutes":      "not a strategy",
		"Canary10Percent5Days":         "not a strategy",
		"AllAtOnce!":                   "not a strategy",
		"Canary10Percent5Minutes\n":    "not a strategy",
		"Canary0Percent5Minutes":       "percentage",
		"Canary100Percent5Minutes":     "percentage",
		"Canary99999999999999999999Percent5Minutes":            "percentage",
		"Linear10PercentEvery0Minutes":                         "no time",
		"Canary10Percent25Hours":                               "more than a day",
		"Canary10Percent99999999999999999999Hours":             "more than a day",
		"Canary10Percent9223372036Hours":                       "more than a day",
		"Linear1PercentEvery15Minutes":                         "more than a day",
		"CodeDeployDefault.LambdaCanary11Percent5Minutes":      "CodeDeploy's own",
		"CodeDeployDefault.LambdaLinear10PercentEvery5Minutes": "CodeDeploy's own",
		"CodeDeployDefault.AllAtOnce":                          "not a strategy",
	} {
		got, err := rollout.ParseStrategy(name)
		var wrong *rollout.StrategyError
		if !errors.As(err, &wrong) || got != (rollout.Strategy{}) || wrong.Name != name || !strings.Contains(wrong.Problem, problem) {
			t.Errorf("%q: %+v, %v; want a problem with %q", name, got, err, problem)
			continue
		}
		for _, form := range []string{"AllAtOnce", "Canary10Percent5Minutes", "Linear10PercentEvery1Minute", "CodeDeployDefault.Lambda"} {
			if !strings.Contains(err.Error(), form) {
				t.Errorf("%q: %v does not list %s", name, err, form)
			}
		}
	}
}

func TestSteps(t *testing.T) {
	t.Parallel()
	steps := func(hold time.Duration, percents ...int) (all []rollout.Step) {
		for _, p := range percents {
			all = append(all, rollout.Step{Percent: p, Hold: hold})
		}
		return all
	}
	for _, tt := range []struct {
		name string
		want []rollout.Step
		took time.Duration
	}{
		{"AllAtOnce", nil, 0},
		{"Canary10Percent5Minutes", steps(5*time.Minute, 10), 5 * time.Minute},
		{"Linear10PercentEvery1Minute", steps(time.Minute, 10, 20, 30, 40, 50, 60, 70, 80, 90), 9 * time.Minute},
		{"Linear30PercentEvery2Hours", steps(2*time.Hour, 30, 60, 90), 6 * time.Hour},
		{"Linear50PercentEvery1Second", steps(time.Second, 50), time.Second},
		{"Linear51PercentEvery1Second", steps(time.Second, 51), time.Second},
		{"Linear99PercentEvery1Second", steps(time.Second, 99), time.Second},
	} {
		s, err := rollout.ParseStrategy(tt.name)
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(tt.want, s.Steps()); diff != "" || s.Duration() != tt.took {
			t.Errorf("%s takes %s, want %s; steps (-want +got):\n%s", tt.name, s.Duration(), tt.took, diff)
		}
	}
}

func TestStrategyString(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"AllAtOnce":                     "AllAtOnce",
		"Canary010Percent05Minutes":     "Canary10Percent5Minutes",
		"Canary10Percent60Minutes":      "Canary10Percent1Hour",
		"Canary10Percent3600Seconds":    "Canary10Percent1Hour",
		"Linear10PercentEvery1Minutes":  "Linear10PercentEvery1Minute",
		"Linear10PercentEvery90Seconds": "Linear10PercentEvery90Seconds",
		"Linear10PercentEvery2Hour":     "Linear10PercentEvery2Hours",
	} {
		s, err := rollout.ParseStrategy(name)
		if err != nil || s.String() != want {
			t.Errorf("%s: %s, %v; want %s", name, s, err, want)
		}
	}
	if got := (rollout.Strategy{Percent: 5, Every: time.Millisecond}).String(); got != "Canary5Percent1ms" {
		t.Errorf("a strategy that cannot be written: %s", got)
	}
}

func TestCodeDeployConfig(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"AllAtOnce", "Canary10Percent5Minutes", "Canary10Percent10Minutes", "Canary10Percent15Minutes", "Canary10Percent30Minutes",
		"Linear10PercentEvery1Minute", "Linear10PercentEvery2Minutes", "Linear10PercentEvery3Minutes", "Linear10PercentEvery10Minutes",
	} {
		s, err := rollout.ParseStrategy(name)
		if err != nil {
			t.Error(err)
			continue
		}
		full, ok := s.CodeDeployConfig()
		if !ok || full != "CodeDeployDefault.Lambda"+name {
			t.Errorf("%s: %q, %v", name, full, ok)
		}
		if again, err := rollout.ParseStrategy(full); err != nil || again != s {
			t.Errorf("%s: %+v, %v", full, again, err)
		}
	}
	for _, name := range []string{"Canary10Percent1Minute", "Canary20Percent5Minutes", "Linear10PercentEvery5Minutes", "Linear20PercentEvery1Minute"} {
		s, err := rollout.ParseStrategy(name)
		if full, ok := s.CodeDeployConfig(); err != nil || ok || full != "" {
			t.Errorf("%s: %q, %v, %v", name, full, ok, err)
		}
	}
}

func FuzzParseStrategy(f *testing.F) {
	for _, seed := range []string{
		"AllAtOnce", "Canary10Percent5Minutes", "Linear33PercentEvery90Seconds", "CodeDeployDefault.LambdaLinear10PercentEvery10Minutes",
		"Linear1PercentEvery14Minutes", "Canary99Percent24Hours", "Canary010Percent1Hours", "CodeDeployDefault.LambdaCodeDeployDefault.LambdaAllAtOnce",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		s, err := rollout.ParseStrategy(name)
		if err != nil {
			return
		}
		again, err := rollout.ParseStrategy(s.String())
		if err != nil || again != s || again.String() != s.String() {
			t.Errorf("%q is %+v, written %q, read %+v, %v", name, s, s, again, err)
		}
		if full, ok := s.CodeDeployConfig(); ok {
			if again, err := rollout.ParseStrategy(full); err != nil || again != s {
				t.Errorf("%q is %+v, of CodeDeploy %q, read %+v, %v", name, s, full, again, err)
			}
		}
		at := 0
		var took time.Duration
		for _, step := range s.Steps() {
			if step.Percent <= at || step.Percent >= 100 || step.Hold <= 0 {
				t.Errorf("%q steps from %d %% to %+v", name, at, step)
			}
			at, took = step.Percent, took+step.Hold
		}
		if took != s.Duration() || took > 24*time.Hour {
			t.Errorf("%q takes %s, says %s", name, took, s.Duration())
		}
	})
}
