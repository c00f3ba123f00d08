package app_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/app"
	"lambda-release/internal/localaws"
)

// shop is an AWS in memory and in virtual time, whose function items has prod at
// version 1, and new code to be released as version 2.
type shop struct {
	*localaws.Cloud

	t        *testing.T
	loopback *localaws.Loopback
	folder   string
	began    time.Time // of the run

	log, summary string
	outputs      []stepOutput
}

// newShop begins at a second of a minute.
func newShop(t *testing.T, second int) *shop {
	t.Helper()
	time.Sleep(time.Duration(second) * time.Second)
	cloud := localaws.New(localaws.Options{})
	loopback := localaws.NewLoopback(cloud)
	t.Cleanup(func() { cloud.Close(); loopback.Close() })
	s := &shop{Cloud: cloud, t: t, loopback: loopback, folder: t.TempDir()}
	s.add("items")
	return s
}

func (s *shop) add(name string) {
	s.AddFunction(name)
	s.Publish(name, "")
	s.SetAlias(name, localaws.Alias{Name: "prod", Version: "1", Description: "[1 | run 1]"})
	s.Upload(name, "second")
}

// traffic plays invocations of prod, with the error rates of versions 1 and 2.
func (s *shop) traffic(perMinute, errors1, errors2 float64) {
	s.PlayTraffic(localaws.Traffic{Function: "items", Alias: "prod", PerMinute: perMinute, Seed: 7, Errors: map[string]float64{"1": errors1, "2": errors2}})
}

// run runs the program as run 4711, and returns its exit code.
func (s *shop) run(args ...string) int {
	s.t.Helper()
	env := map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": secret,
		"AWS_ENDPOINT_URL": "http://localhost", "AWS_EC2_METADATA_DISABLED": "true",
		"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main", "GITHUB_RUN_ID": "4711", "GITHUB_RUN_ATTEMPT": "1",
		"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "example/shop", "GITHUB_SHA": "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
		"GITHUB_OUTPUT": filepath.Join(s.folder, "output"), "GITHUB_STEP_SUMMARY": filepath.Join(s.folder, "summary"),
	}
	for _, name := range []string{"output", "summary"} {
		if err := os.WriteFile(filepath.Join(s.folder, name), nil, 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	var log bytes.Buffer
	s.began = time.Now()
	s.ResetCalls()
	code := app.Run(app.WithDial(s.t.Context(), s.loopback.Dial), append([]string{"--function-name", "items"}, args...),
		func(name string) string { return env[name] }, &log, &log)
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(s.folder, name))
		if err != nil {
			s.t.Fatal(err)
		}
		return string(text)
	}
	s.log, s.summary = strings.ReplaceAll(log.String(), "%25", "%"), read("summary")
	var err error
	if s.outputs, err = parseOutputs(read("output")); err != nil {
		s.t.Fatal(err)
	}
	return code
}

func (s *shop) output(name string) string {
	text, _ := value(s.outputs, name)
	return text
}

// judged is an element of the output `analysis`.
type judged struct {
	Function, Version, Previous, Check, Verdict, Unit, Evidence, Until string
	Old, New                                                           *float64
	Minutes                                                            int
}

func (s *shop) judged() []judged {
	s.t.Helper()
	var all []judged
	if err := json.Unmarshal([]byte(s.output("analysis")), &all); err != nil {
		s.t.Fatal(err)
	}
	return all
}

// at asserts where prod of items is, and what its description is.
func (s *shop) at(version, description string) {
	s.t.Helper()
	if a, _ := s.Alias("items", "prod"); a.Version != version || len(a.Weights) > 0 || a.Description != description {
		s.t.Errorf("prod is at %s %v, %q; want %s, %q\n%s", a.Version, a.Weights, a.Description, version, description, s.log)
	}
}

func (s *shop) calls(operation string) int {
	n := 0
	for _, c := range s.Calls() {
		if c.Operation == operation {
			n++
		}
	}
	return n
}

// has asserts texts in the log, in this order.
func (s *shop) has(texts ...string) {
	s.t.Helper()
	rest := s.log
	for _, text := range texts {
		_, after, found := strings.Cut(rest, text)
		if !found {
			s.t.Errorf("the log lacks %q:\n%s", text, s.log)
			return
		}
		rest = after
	}
}

// A version that fails ten times as often as the old one is rolled back within two
// steps, whenever the shift begins in a minute, and held.
func TestABadVersionIsRolledBackWithinTwoSteps(t *testing.T) {
	t.Parallel()
	for _, second := range []int{0, 1, 20, 35, 59} {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(t, second)
			s.traffic(1200, 0.01, 0.1)
			if code := s.run("--strategy", "Linear20PercentEvery1Minute"); code != 1 {
				t.Errorf("exit code %d\n%s", code, s.log)
			}
			if took := time.Since(s.began); took > 2*time.Minute {
				t.Errorf("at second %d: rolled back after %s", second, took)
			}
			s.at("1", "[1 | left 2 | run 4711]")
			s.has("errors: version 2 of items has ", " %, version 1 has ", " %: worse (", " errors are its own; a version that is as good would have about ")
			all := s.judged()
			if len(all) != 1 || all[0].Verdict != "worse" || *all[0].Old > 0.02 || *all[0].New < 0.05 || all[0].Previous != "1" || all[0].Version != "2" {
				t.Errorf("%s", s.output("analysis"))
			}
			for _, text := range []string{"| `items` | errors | ", "| **worse** |", "xychart-beta", `x-axis ["version 1", "version 2"]`, "\n  bar ["} {
				if !strings.Contains(s.summary, text) {
					t.Errorf("the summary lacks %q:\n%s", text, s.summary)
				}
			}
			if code := s.run(); code != 0 || s.output("status") != "held" {
				t.Errorf("exit code %d, status %s", code, s.output("status"))
			}
		})
	}
}

// One error in 20 is less than chance explains, beside 5 in 100.
func TestAFewErrorsAreNoEvidence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, 20)
		add := func(version string, at time.Duration, errors, invocations float64) {
			dimensions := map[string]string{"FunctionName": "items", "Resource": "items:prod", "ExecutedVersion": version}
			for name, value := range map[string]float64{"Errors": errors, "Invocations": invocations} {
				s.AddMetric(localaws.Metric{Name: name, Dimensions: dimensions, At: time.Now().Add(at), Value: value})
			}
		}
		for minute := range 4 {
			add("1", time.Duration(minute+1)*time.Minute, []float64{2, 1, 1, 1}[minute], 25)
			add("2", time.Duration(minute+1)*time.Minute, []float64{0, 1, 0, 0}[minute], 5)
		}
		if code := s.run("--strategy", "Canary20Percent5Minutes"); code != 0 {
			t.Errorf("exit code %d\n%s", code, s.log)
		}
		s.at("2", "[2 < 1 | run 4711]")
		all := s.judged()
		if len(all) != 1 || all[0].Verdict != "inconclusive" || *all[0].Old != 0.05 || *all[0].New != 0.05 || all[0].Minutes != 4 {
			t.Errorf("%s", s.output("analysis"))
		}
		s.has("::warning title=", "errors: version 2 of items has 5 %, version 1 has 5 %: inconclusive", "a verdict takes about ", " invocations of the new version")
	})
}

// The old version fails in every fifth invocation. That does not keep the fix away.
func TestAFailingVersionDoesNotBlockTheFix(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, 20)
		s.traffic(1200, 0.2, 0.01)
		if code := s.run("--strategy", "Linear20PercentEvery1Minute", "--analysis", "errors\nthrottles\nduration p95"); code != 0 {
			t.Errorf("exit code %d\n%s", code, s.log)
		}
		s.at("2", "[2 < 1 | run 4711]")
		if all := s.judged(); len(all) != 3 || all[0].Verdict != "better" || all[1].Verdict != "not-worse" || all[2].Verdict != "inconclusive" {
			t.Errorf("%s", s.output("analysis"))
		}
	})
}

// At least every 30 seconds the log has the share, the time that is left of the shift,
// and both numbers, also if a step is shorter than that.
func TestProgressOfAShift(t *testing.T) {
	t.Parallel()
	for strategy, want := range map[string][]string{
		"Linear20PercentEvery1Minute": {
			" 20 % after 0s of 4m; 40 % in 1m\n", " 20 %, 3m30s left; errors: not measured yet; ",
			" 40 % after 1m of 4m; 60 % in 1m; errors: not measured yet; ", " 40 %, 2m30s left; errors: not measured yet; ",
			" 60 % after 2m of 4m; 80 % in 1m; errors: 0.", " → 0.", " %, not worse; ", " 60 %, 1m30s left; errors: 0.",
			" 80 % after 3m of 4m; 100 % in 1m; errors: 1.", " 80 %, 30s left; errors: 1.",
		},
		"Linear10PercentEvery25Seconds": {
			" 10 % after 0s of 3m45s; 20 % in 25s\n", " 20 % after 25s of 3m45s; 30 % in 25s; errors: not measured yet; ",
			" 60 % after 2m5s of 3m45s; 70 % in 25s; errors: 0.", " → 0.", " %, not worse; ",
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(t, 20)
			s.traffic(1200, 0.01, 0.01)
			if code := s.run("--strategy", strategy, "--bake-time", "1m", "--analysis", "errors\nerrors < 5%"); code != 0 {
				t.Errorf("exit code %d", code)
			}
			s.has(append(want, " 100 %, monitored for 1m more; errors < 5%: ", ", within the limit\n", " 100 %, 30s left; errors < 5%: ")...)
		})
	}
}

// A minute or two after its end is when CloudWatch has a minute. What is not there is
// not waited for.
func TestAShiftIsNotLongerThanItsSteps(t *testing.T) {
	t.Parallel()
	for _, late := range []time.Duration{0, 90 * time.Second, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(t, 20)
			s.DelayMetrics(late, nil)
			s.traffic(1200, 0.01, 0.01)
			if code := s.run("--strategy", "Canary50Percent10Minutes"); code != 0 {
				t.Errorf("exit code %d\n%s", code, s.log)
			}
			if took := time.Since(s.began); took != 10*time.Minute {
				t.Errorf("took %s", took)
			}
			// One a minute from the end of the first whole minute on, and one at the end.
			if n := s.calls("GetMetricData"); n != 10 {
				t.Errorf("%d calls of GetMetricData, want 10", n)
			}
			want := map[time.Duration]judged{
				0:                {Verdict: "not-worse", Minutes: 9, Until: "2000-01-01T00:10:00Z"},
				90 * time.Second: {Verdict: "not-worse", Minutes: 7, Until: "2000-01-01T00:08:00Z"},
				time.Hour:        {Verdict: "inconclusive"},
			}[late]
			got := s.judged()[0]
			if got.Verdict != want.Verdict || got.Minutes != want.Minutes || got.Until != want.Until {
				t.Errorf("%s late: %s", late, s.output("analysis"))
			}
			if strings.Contains(s.log, "and a minute or two more until the metrics arrive") != (late == time.Hour) {
				t.Errorf("%s late:\n%s", late, s.log)
			}
			if strings.Contains(s.log, " left; errors: 1") != (late < time.Hour) || strings.Count(s.log, " left; errors: ") < 19 {
				t.Errorf("%s late:\n%s", late, s.log)
			}
		})
	}
}

// The metrics of one version may arrive before those of the other. That is not a
// minute without errors, and it counts as soon as it is complete.
func TestAMinuteWithHalfOfItsData(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, 20)
		s.DelayMetrics(3*time.Minute, map[string]string{"ExecutedVersion": "2"})
		s.traffic(1200, 0.01, 0.1)
		if code := s.run("--strategy", "Canary50Percent10Minutes"); code != 1 {
			t.Errorf("exit code %d\n%s", code, s.log)
		}
		if took := time.Since(s.began); took != 4*time.Minute+50*time.Second { // a minute, three more, and a second look
			t.Errorf("took %s\n%s", took, s.log)
		}
		if got := s.judged()[0]; got.Verdict != "worse" || got.Minutes != 1 {
			t.Errorf("%s", s.output("analysis"))
		}
	})
}

// With on-inconclusive: rollback the alias is restored, and the version is not held.
func TestInconclusiveIsRolledBackOnRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, 20)
		s.traffic(10, 0.01, 0.01)
		if code := s.run("--strategy", "Canary10Percent5Minutes", "--on-inconclusive", "rollback"); code != 1 {
			t.Errorf("exit code %d\n%s", code, s.log)
		}
		s.at("1", "[1 | run 1]")
		s.has("::error title=items%3Aprod not released", "inconclusive", "a verdict takes about", "The version is not held")
		if code := s.run(); code != 0 || s.output("status") != "released" {
			t.Errorf("exit code %d, status %s", code, s.output("status"))
		}
	})
}

// A version that is throttled all the time has no invocations, and is worse all the
// same. So is one that takes twice as long.
func TestThrottlesAndDurations(t *testing.T) {
	t.Parallel()
	for check, traffic := range map[string]localaws.Traffic{
		"throttles":    {Throttles: map[string]float64{"2": 1}},
		"duration p95": {Durations: map[string]time.Duration{"2": 200 * time.Millisecond}},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(t, 20)
			traffic.Function, traffic.Alias, traffic.PerMinute = "items", "prod", 1200
			s.PlayTraffic(traffic)
			if code := s.run("--strategy", "Canary20Percent15Minutes", "--analysis", check); code != 1 {
				t.Errorf("exit code %d\n%s", code, s.log)
			}
			s.at("1", "[1 | left 2 | run 4711]")
			s.has(check+": version 2 of items has ", ": worse (")
			if got := s.judged(); len(got) != 1 || got[0].Verdict != "worse" || *got[0].New < 1.5**got[0].Old {
				t.Errorf("%s", s.output("analysis"))
			}
		})
	}
}

// The default goes without a permission that is missing. What was asked for does not.
func TestMetricsThatMayNotBeRead(t *testing.T) {
	t.Parallel()
	denied := func(c localaws.Call) *localaws.Fault {
		if c.Operation != "GetMetricData" {
			return nil
		}
		return &localaws.Fault{Status: 400, Code: "AccessDeniedException", Message: "User: arn:aws:sts::123456789012:assumed-role/deploy/x is not authorized to perform: " +
			"cloudwatch:GetMetricData because no identity-based policy allows the cloudwatch:GetMetricData action"}
	}
	for _, args := range [][]string{nil, {"--analysis", "errors"}} {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(t, 20)
			s.OnCall(denied)
			code := s.run(append([]string{"--strategy", "Canary10Percent5Minutes"}, args...)...)
			if n := s.calls("GetMetricData"); n != 1 {
				t.Errorf("%d reads", n)
			}
			if slices.Contains(args, "--analysis") {
				if code != 2 || s.calls("PublishVersion") != 0 {
					t.Errorf("exit code %d\n%s", code, s.log)
				}
				return
			}
			if code != 0 || strings.Count(s.log, "::warning ") != 1 || strings.Count(s.summary, "```json") != 1 {
				t.Errorf("exit code %d\n%s\n%s", code, s.log, s.summary)
			}
			s.has("the versions are not compared from here on: the metrics could not be read: GetMetricData: ")
			for _, text := range []string{`"Sid": "Missing"`, "cloudwatch:GetMetricData"} {
				if !strings.Contains(s.summary, text) {
					t.Errorf("the summary lacks %q:\n%s", text, s.summary)
				}
			}
			if s.output("analysis") != "[]" {
				t.Error(s.output("analysis"))
			}
		})
	}
}

// The metrics cannot be read any more: the default is given up, what was asked for
// ends the shift.
func TestMetricsThatCannotBeReadAnyMore(t *testing.T) {
	t.Parallel()
	for _, explicit := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(t, 20)
			args := []string{"--strategy", "Canary10Percent5Minutes"}
			if explicit {
				args = append(args, "--analysis", "errors")
			}
			time.AfterFunc(2*time.Minute, func() {
				s.OnCall(func(c localaws.Call) *localaws.Fault {
					if c.Operation == "GetMetricData" {
						return &localaws.Fault{Status: 500, Code: "InternalServiceFault", Message: "An error occurred"}
					}
					return nil
				})
			})
			code := s.run(args...)
			if explicit {
				if took := time.Since(s.began); code != 1 || took < 3*time.Minute || took > 4*time.Minute {
					t.Errorf("exit code %d after %s\n%s", code, took, s.log)
				}
				s.at("1", "[1 | run 1]")
				s.has("the metrics could not be read for 1m")
				return
			}
			if took := time.Since(s.began); code != 0 || took != 5*time.Minute {
				t.Errorf("exit code %d after %s\n%s", code, took, s.log)
			}
			s.has("::warning ", "the versions are not compared from here on", "the metrics could not be read for 1m")
		})
	}
}

// A limit goes on in the bake, a comparison does not: then only the new version serves.
func TestTheBakeHasLimitsOnly(t *testing.T) {
	t.Parallel()
	for check, want := range map[string]string{"errors": "2", "errors < 5%": "1"} {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(t, 20)
			stop := s.PlayTraffic(localaws.Traffic{Function: "items", Alias: "prod", PerMinute: 600})
			time.AfterFunc(5*time.Minute+30*time.Second, func() {
				stop()
				s.traffic(600, 0.5, 0.5)
			})
			s.run("--strategy", "Canary50Percent5Minutes", "--bake-time", "5m", "--analysis", check)
			if a, _ := s.Alias("items", "prod"); a.Version != want {
				t.Errorf("%s: prod is at %s\n%s", check, a.Version, s.log)
			}
			if want == "1" {
				s.has("errors < 5%: version 2 of items is outside the limit")
				return
			}
			if n := s.calls("GetMetricData"); n != 1+4+1 {
				t.Errorf("%d reads", n)
			}
		})
	}
}

// The first minute has cold starts; it is left out.
func TestAnalysisDelay(t *testing.T) {
	t.Parallel()
	for delay, want := range map[string]string{"0m": "1", "2m": "2"} {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(t, 20)
			stop := s.PlayTraffic(localaws.Traffic{Function: "items", Alias: "prod", PerMinute: 1200, Errors: map[string]float64{"2": 0.5}})
			time.AfterFunc(2*time.Minute, func() {
				stop()
				s.traffic(1200, 0, 0)
			})
			args := []string{"--strategy", "Canary50Percent6Minutes"}
			if delay != "0m" {
				args = append(args, "--analysis-delay", delay)
			}
			s.run(args...)
			if a, _ := s.Alias("items", "prod"); a.Version != want {
				t.Errorf("delay of %s: prod is at %s\n%s", delay, a.Version, s.log)
			}
		})
	}
}

// All functions are read by one call, and one of them that is worse takes all back.
func TestAnalysisOfSeveral(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, 20)
		names := []string{"carts", "orders", "prices", "stocks"}
		var args []string
		for _, name := range names {
			s.add(name)
			args = append(args, "--function-name", name)
			rates := map[string]float64{"1": 0.01, "2": 0.01}
			if name == "prices" {
				rates["2"] = 0.1
			}
			s.PlayTraffic(localaws.Traffic{Function: name, Alias: "prod", PerMinute: 600, Seed: 3, Errors: rates})
		}
		s.traffic(600, 0.01, 0.01)
		if code := s.run(append(args, "--strategy", "Canary20Percent10Minutes")...); code != 1 {
			t.Errorf("exit code %d\n%s", code, s.log)
		}
		minutes := int(time.Since(s.began) / time.Minute)
		if n := s.calls("GetMetricData"); n != minutes+1 { // a second look at the last one
			t.Errorf("%d reads in %d minutes", n, minutes)
		}
		s.at("1", "[1 | left 2 | run 4711]")
		s.has("errors: version 2 of prices has ", ": worse (")
		all := s.judged()
		if len(all) != 5 || !strings.Contains(s.summary, "| `prices` | errors |") {
			t.Errorf("%s\n%s", s.output("analysis"), s.summary)
		}
	})
}

// `none` turns the default off, and so does a shift of less than two minutes.
func TestNoAnalysis(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"--strategy", "Canary10Percent5Minutes", "--analysis", "none"},
		{"--strategy", "Canary10Percent119Seconds"},
		{"--bake-time", "5m"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(t, 20)
			if code := s.run(args...); code != 0 || s.calls("GetMetricData") != 0 || s.output("analysis") != "[]" {
				t.Errorf("%v: exit code %d\n%s", args, code, s.log)
			}
		})
	}
}

// The plan says what would be compared.
func TestAnalysisInADryRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, 20)
		if code := s.run("--dry-run", "--strategy", "Canary10Percent5Minutes", "--analysis", "errors\nduration p95 < 800ms", "--analysis-delay", "1m"); code != 0 {
			t.Errorf("exit code %d\n%s", code, s.log)
		}
		s.has("in steps (Canary10Percent5Minutes, 5m)", "compare errors with those of version 1, and roll back if they are worse", "roll back unless duration p95 < 800ms", "leave the first 1m out of that")
	})
}
