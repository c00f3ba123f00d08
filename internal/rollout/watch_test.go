package rollout_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
	"lambda-release/internal/rollout"
)

var (
	alarms = rollout.Health{Alarms: []string{"errors", "latency"}}
	rate   = rollout.Health{MaxErrorRate: 0.01, MinInvocations: 20}
	orders = []rollout.Served{{Function: "orders", Alias: "prod", Version: "13"}}
)

func withAlarms(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, localaws.Options{})
	w.SetAlarm("errors", "OK", "Threshold not crossed")
	w.SetAlarm("latency", "INSUFFICIENT_DATA", "Unchecked: Initial alarm creation")
	return w
}

// unhealthy asserts that a watch ended unhealthy.
func unhealthy(t *testing.T, err error) *rollout.UnhealthyError {
	t.Helper()
	var s *rollout.UnhealthyError
	if !errors.As(err, &s) {
		t.Fatalf("%v (%T) is not a UnhealthyError", err, err)
	}
	return s
}

func TestBeginWithoutHealth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{})
		watcher := w.begun(rollout.Health{MinInvocations: 20})
		if err := watcher.Watch(t.Context(), orders, 10, w.start, time.Hour); err != nil {
			t.Error(err)
		}
		w.took(time.Hour)
		w.says()
		if n := w.count("GetMetricData"); n != len(w.Calls()) {
			t.Errorf("%d calls, %d of them for the progress", len(w.Calls()), n)
		}
	})
}

func TestBeginMissingAlarms(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withAlarms(t)
		_, err := w.watcher(rollout.Health{Alarms: []string{"z", "errors", "a", "Latency"}}).Begin(t.Context())
		var missing *rollout.MissingAlarmsError
		if !errors.As(err, &missing) || !slices.Equal(missing.Names, []string{"Latency", "a", "z"}) {
			t.Fatalf("%v", err)
		}
		if want := `CloudWatch in eu-central-1 has no alarms "Latency", "a", "z"`; err.Error() != want || !strings.Contains(missing.Hint(), "Upper and lower case") {
			t.Errorf("%v; hint %s", err, missing.Hint())
		}
		w.took(0)
	})
}

// An alarm that is in ALARM already counts only once it has been OK.
func TestAlarmedAlready(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withAlarms(t)
		w.SetAlarm("errors", "ALARM", "since yesterday")
		watcher := w.watcher(alarms)
		warnings, err := watcher.Begin(t.Context())
		if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], `alarm "errors" is in ALARM already`) || !strings.Contains(warnings[0], "since yesterday") {
			t.Fatalf("%q, %v", warnings, err)
		}
		w.after(time.Minute, func() { w.SetAlarm("errors", "INSUFFICIENT_DATA", "no data") })
		w.after(2*time.Minute, func() { w.SetAlarm("errors", "ALARM", "again") })
		if err := watcher.Watch(t.Context(), orders, 10, w.start, 3*time.Minute); err != nil {
			t.Fatal(err)
		}
		w.took(3 * time.Minute)
		w.after(4*time.Minute, func() { w.SetAlarm("errors", "OK", "fine") })
		w.after(6*time.Minute, func() { w.SetAlarm("errors", "ALARM", "now it counts") })
		if err := watcher.Watch(t.Context(), orders, 10, w.start, 2*time.Minute); err != nil {
			t.Fatal(err)
		}
		s := unhealthy(t, watcher.Watch(t.Context(), orders, 10, w.start, 2*time.Minute))
		if len(s.Alarms) != 1 || s.Alarms[0] != (awsapi.Alarm{Name: "errors", State: "ALARM", Reason: "now it counts"}) {
			t.Errorf("%+v", s)
		}
		w.took(6 * time.Minute)
		w.says(`4m0s alarm "errors" is OK now, and counts from here on`)
	})
}

// An alarm ends the watch within 5 seconds, at whatever moment it goes off, and
// with AWS's reason.
func TestAlarmAtAnyMoment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for at := time.Duration(0); at <= time.Minute; at += 1500 * time.Millisecond {
			w := withAlarms(t)
			watcher := w.begun(alarms)
			w.after(at, func() { w.SetAlarm("latency", "ALARM", "Threshold Crossed: 1 datapoint") })
			s := unhealthy(t, watcher.Watch(t.Context(), orders, 10, w.start, time.Minute))
			if want := `alarm "latency" is in ALARM: Threshold Crossed: 1 datapoint`; s.Error() != want {
				t.Errorf("at %s: %v", at, s)
			}
			if took := w.since(); took < at || took > at+5*time.Second {
				t.Errorf("at %s: seen after %s", at, took)
			}
		}
	})
}

func TestAlarmsTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withAlarms(t)
		watcher := w.begun(alarms)
		w.after(7*time.Second, func() {
			w.SetAlarm("latency", "ALARM", "slow")
			w.SetAlarm("errors", "ALARM", "bad")
		})
		s := unhealthy(t, watcher.Watch(t.Context(), orders, 10, w.start, time.Minute))
		if want := `alarm "errors" is in ALARM: bad; alarm "latency" is in ALARM: slow`; s.Error() != want {
			t.Errorf("%v", s)
		}
	})
}

// cloudWatch is a client other than the Watcher's.
func (w *world) cloudWatch() *cloudwatch.Client {
	return cloudwatch.New(cloudwatch.Options{
		Region: "eu-central-1", BaseEndpoint: aws.String(endpoint), HTTPClient: &http.Client{Transport: &http.Transport{DialContext: w.loopback.Dial}},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "secret"}, nil
		}),
	})
}

func TestCompositeAlarm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withAlarms(t)
		api := w.cloudWatch()
		if _, err := api.PutCompositeAlarm(t.Context(), &cloudwatch.PutCompositeAlarmInput{
			AlarmName: aws.String("either"), AlarmRule: aws.String(`ALARM("errors") OR ALARM("latency")`),
		}); err != nil {
			t.Fatal(err)
		}
		watcher := w.begun(rollout.Health{Alarms: []string{"either"}})
		w.after(time.Minute, func() { w.SetAlarm("errors", "ALARM", "bad") })
		s := unhealthy(t, watcher.Watch(t.Context(), orders, 10, w.start, time.Hour))
		if len(s.Alarms) != 1 || s.Alarms[0].Name != "either" || !strings.Contains(s.Error(), "alarm:errors transitioned to ALARM") {
			t.Errorf("%v", s)
		}
		w.took(time.Minute)
	})
}

// The alarms are read at the beginning, every 5 seconds and at the end, 100 a
// call, and no step is shorter than the pause.
func TestPolls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			alarms int
			d      time.Duration
			want   int
		}{
			{1, 0, 1},
			{1, time.Second, 2},
			{1, 5 * time.Second, 2},
			{1, 12 * time.Second, 4},
			{100, time.Minute, 13},
			{101, time.Minute, 26},
			{2, time.Hour, 721},
		} {
			w := newWorld(t, localaws.Options{})
			var h rollout.Health
			for i := range tt.alarms {
				name := fmt.Sprintf("alarm-%03d", i)
				w.SetAlarm(name, "OK", "")
				h.Alarms = append(h.Alarms, name, name)
			}
			watcher := w.begun(h)
			w.ResetCalls()
			if err := watcher.Watch(t.Context(), orders, 10, w.start, tt.d); err != nil {
				t.Error(err)
			}
			if got := w.count("DescribeAlarms"); got != tt.want {
				t.Errorf("%d alarms for %s: %d reads, want %d", tt.alarms, tt.d, got, tt.want)
			}
			w.took(tt.d)
		}
	})
}

// Less than a minute without an answer is only reported.
func TestReadsFailForAWhile(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]localaws.Fault{"throttled": throttled, "broken": broken, "dropped": dropped, "denied": denied} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := withAlarms(t)
				watcher := w.begun(alarms)
				w.spoil("DescribeAlarms", 30*time.Second, time.Minute, f)
				if err := watcher.Watch(t.Context(), orders, 10, w.start, 10*time.Minute); err != nil {
					t.Error(err)
				}
				w.took(10 * time.Minute)
				if len(w.told) != 1 || !strings.HasPrefix(w.told[0], "30s the alarms cannot be read, trying again: DescribeAlarms: ") {
					t.Errorf("told %q", w.told)
				}
			})
		})
	}
}

func TestBlind(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]localaws.Fault{"throttled": throttled, "broken": broken, "dropped": dropped, "hanging": hanging, "denied": denied} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := withAlarms(t)
				watcher := w.begun(alarms)
				w.spoil("DescribeAlarms", 30*time.Second, time.Hour, f)
				err := watcher.Watch(t.Context(), orders, 10, w.start, 10*time.Minute)
				var blind *rollout.HealthUnknownError
				if !errors.As(err, &blind) || !strings.HasPrefix(err.Error(), "the alarms could not be read for 1m") {
					t.Fatalf("%v", err)
				}
				var read *awsapi.Error
				if !errors.As(err, &read) || read.Op != "DescribeAlarms" {
					t.Errorf("%v is not of the read", err)
				}
				if took := w.since(); took < 90*time.Second || took > 95*time.Second {
					t.Errorf("took %s", took)
				}
			})
		})
	}
}

// What cannot be read at the end of the time is not taken for healthy.
func TestNothingPassesUnseen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withAlarms(t)
		watcher := w.begun(alarms)
		w.spoil("DescribeAlarms", 8*time.Second, 30*time.Second, broken)
		w.after(20*time.Second, func() { w.SetAlarm("errors", "ALARM", "bad") })
		unhealthy(t, watcher.Watch(t.Context(), orders, 10, w.start, 10*time.Second))
		if took := w.since(); took < 30*time.Second || took > 35*time.Second {
			t.Errorf("took %s", took)
		}

		w = withAlarms(t)
		watcher = w.begun(alarms)
		w.spoil("DescribeAlarms", 8*time.Second, 30*time.Second, broken)
		if err := watcher.Watch(t.Context(), orders, 10, w.start, 10*time.Second); err != nil {
			t.Error(err)
		}
		if took := w.since(); took < 30*time.Second || took > 35*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

// An alarm that is deleted meanwhile leaves the shift blind.
func TestAlarmDeleted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withAlarms(t)
		watcher := w.begun(alarms)
		w.after(time.Minute, func() {
			if _, err := w.cloudWatch().DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"latency"}}); err != nil {
				t.Error(err)
			}
		})
		err := watcher.Watch(t.Context(), orders, 10, w.start, time.Hour)
		var blind *rollout.HealthUnknownError
		var missing *rollout.MissingAlarmsError
		if !errors.As(err, &blind) || !errors.As(err, &missing) {
			t.Errorf("%v", err)
		}
		if took := w.since(); took < 2*time.Minute || took > 2*time.Minute+5*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func TestBeginRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		both := rollout.Health{Alarms: alarms.Alarms, MaxErrorRate: 0.01}
		for _, op := range []string{"DescribeAlarms", "GetMetricData"} {
			w := withAlarms(t)
			w.spoil(op, 0, 20*time.Second, throttled)
			w.begun(both)
			if took := w.since(); took < 20*time.Second || took > 25*time.Second {
				t.Errorf("%s: took %s", op, took)
			}

			w = withAlarms(t)
			w.spoil(op, 0, time.Hour, broken)
			if _, err := w.watcher(both).Begin(t.Context()); !awsapi.Is(err, awsapi.Server) {
				t.Errorf("%s: %v", op, err)
			}
			if took := w.since(); took < time.Minute || took > time.Minute+5*time.Second {
				t.Errorf("%s: took %s", op, took)
			}

			w = withAlarms(t)
			w.spoil(op, 0, time.Hour, denied)
			_, err := w.watcher(both).Begin(t.Context())
			var refused *awsapi.Error
			if !errors.As(err, &refused) || refused.Kind != awsapi.Denied || refused.Denial() != (awsapi.Denial{Action: "cloudwatch:" + op, Resource: "*"}) {
				t.Errorf("%s: %v", op, err)
			}
			w.took(0)
		}
	})
}

func TestWatchCancelled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, h := range []rollout.Health{{}, alarms, rate} {
			w := withAlarms(t)
			watcher := w.begun(h)
			ctx, cancel := context.WithCancel(t.Context())
			w.after(17*time.Second, cancel)
			if err := watcher.Watch(ctx, orders, 10, w.start, time.Hour); !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
			w.took(17 * time.Second)
		}

		w := withAlarms(t)
		watcher := w.begun(alarms)
		ctx, cancel := context.WithCancel(t.Context())
		w.OnCall(func(localaws.Call) *localaws.Fault { cancel(); return &hanging })
		if err := watcher.Watch(ctx, orders, 10, w.start, time.Hour); !errors.Is(err, context.Canceled) {
			t.Errorf("in a read: %v", err)
		}
	})
}

func TestErrorRate(t *testing.T) {
	t.Parallel()
	const d = 5 * time.Minute
	for _, tt := range []struct {
		name  string
		lay   func(*world)
		want  string // of the error
		took  time.Duration
		tells []string
	}{
		{"healthy", func(w *world) {
			w.served(version("13"), time.Minute, 1, 100)
		}, "", d, nil},
		{"above", func(w *world) {
			w.served(version("13"), time.Minute+time.Second, 2, 100)
		}, "version 13 of orders failed in 2 of 100 invocations (2 %), more than 1 %", time.Minute, nil},
		{"the other version's errors do not count", func(w *world) {
			w.served(version("12"), time.Minute, 50, 100)
			w.served(nil, time.Minute, 51, 200)
			w.served(version("13"), time.Minute, 0, 100)
		}, "", d, nil},
		{"summed up over the minutes", func(w *world) {
			for m := range 4 {
				w.after(time.Duration(m)*time.Minute, func() { w.served(version("13"), w.since(), 0, 50) })
			}
			w.after(4*time.Minute+30*time.Second, func() { w.served(version("13"), 4*time.Minute, 3, 50) })
		}, "version 13 of orders failed in 3 of 250 invocations (1.2 %), more than 1 %", d, nil},
		{"of before the shift nothing counts", func(w *world) {
			w.served(version("13"), -time.Minute, 90, 100)
			w.served(version("13"), time.Minute, 0, 100)
		}, "", d, nil},
		{"too little", func(w *world) {
			w.served(version("13"), time.Minute, 19, 19)
		}, "", d, []string{"5m0s version 13 of orders has had 19 invocations, fewer than 20: its error rate is not judged"}},
		{"none", func(*world) {}, "", d, []string{"5m0s version 13 of orders has had 0 invocations, fewer than 20: its error rate is not judged"}},
		{"just enough", func(w *world) {
			w.after(2*time.Minute+10*time.Second, func() { w.served(version("13"), time.Minute, 20, 20) })
		}, "version 13 of orders failed in 20 of 20 invocations (100 %), more than 1 %", 3 * time.Minute, nil},
		{"late at the very end", func(w *world) {
			w.after(d, func() { w.served(version("13"), 3*time.Minute, 20, 20) })
		}, "version 13 of orders failed in 20 of 20 invocations (100 %), more than 1 %", d, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, localaws.Options{})
				watcher := w.begun(rate)
				tt.lay(w)
				err := watcher.Watch(t.Context(), orders, 10, w.start, d)
				if tt.want == "" && err != nil || tt.want != "" && unhealthy(t, err).Error() != tt.want {
					t.Errorf("%v, want %q", err, tt.want)
				}
				w.took(tt.took)
				w.says(tt.tells...)
			})
		})
	}
}

// In the bake the alias's own metrics are the version's, from the first minute
// that was wholly its own.
func TestErrorRateAlone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		lay  func(*world)
		want string
	}{
		{"without metrics of the version", func(w *world) {
			w.served(version("13"), 2*time.Minute, 0, 30)
			w.served(nil, 11*time.Minute, 20, 70)
		}, "failed in 20 of 100 invocations"},
		{"with them, nothing counts twice", func(w *world) {
			w.served(version("13"), 2*time.Minute, 0, 30)
			w.served(version("13"), 11*time.Minute, 20, 70)
			w.served(nil, 11*time.Minute, 20, 70)
		}, "failed in 20 of 100 invocations"},
		{"the minute that both versions served is not the alias's", func(w *world) {
			w.served(nil, 10*time.Minute, 70, 70)
			w.served(version("13"), 10*time.Minute, 0, 30)
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, localaws.Options{})
				watcher := w.begun(rate)
				alone := []rollout.Served{{Function: "orders", Alias: "prod", Version: "13", FullTrafficSince: w.start.Add(10 * time.Minute)}} // at 20 seconds of a minute
				w.after(10*time.Minute, func() { tt.lay(w) })
				time.Sleep(10 * time.Minute)
				err := watcher.Watch(t.Context(), alone, 10, w.start, 5*time.Minute)
				if tt.want == "" && err != nil || tt.want != "" && !strings.Contains(unhealthy(t, err).Error(), tt.want) {
					t.Errorf("%v, want %q", err, tt.want)
				}
			})
		})
	}
}

// Each of many functions is judged on its own, 500 metrics a call.
func TestErrorRateOfMany(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{})
		watcher := w.begun(rate)
		var many []rollout.Served
		for i := range 251 {
			many = append(many, rollout.Served{Function: fmt.Sprintf("f%d", i), Alias: "prod", Version: "2"})
		}
		for _, name := range []string{"f0", "f250"} {
			for metric, value := range map[string]float64{"Errors": 30, "Invocations": 40} {
				w.AddMetric(localaws.Metric{Name: metric, Value: value, Dimensions: map[string]string{
					"FunctionName": name, "Resource": name + ":prod", "ExecutedVersion": "2",
				}})
			}
		}
		w.ResetCalls()
		s := unhealthy(t, watcher.Watch(t.Context(), many, 10, w.start, 2*time.Minute))
		if len(s.Rates) != 2 || s.Rates[0] != (rollout.Rate{Served: many[0], Errors: 30, Invocations: 40}) || s.Rates[1].Function != "f250" {
			t.Errorf("%+v", s.Rates)
		}
		if n := w.count("GetMetricData"); n != 2+2 { // two for the progress after 30 seconds
			t.Errorf("%d calls, want 4", n)
		}
	})
}

func TestErrorRateBlind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withAlarms(t)
		watcher := w.begun(rollout.Health{Alarms: alarms.Alarms, MaxErrorRate: 0.01})
		w.spoil("GetMetricData", 90*time.Second, 150*time.Second, dropped)
		if err := watcher.Watch(t.Context(), orders, 10, w.start, 10*time.Minute); err != nil {
			t.Error(err)
		}
		w.spoil("GetMetricData", 10*time.Minute+30*time.Second, time.Hour, dropped)
		err := watcher.Watch(t.Context(), orders, 10, w.start, 10*time.Minute)
		var blind *rollout.HealthUnknownError
		if !errors.As(err, &blind) || blind.What != "the error rate" {
			t.Errorf("%v", err)
		}
		if took := w.since(); took < 12*time.Minute || took > 12*time.Minute+5*time.Second {
			t.Errorf("took %s", took)
		}
		if len(w.told) != 2 {
			t.Errorf("told %q", w.told)
		}
	})
}

// Every 30 seconds the log shows the share, what is left, and what both versions
// have done.
func TestProgress(t *testing.T) {
	t.Parallel()
	served := []rollout.Served{{Function: "orders", Alias: "prod", Version: "13", Replaces: "12"}}
	t.Run("with metrics", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, localaws.Options{})
			w.served(version("13"), 0, 2, 20)
			w.served(version("12"), 0, 1, 180)
			if err := w.begun(rollout.Health{}).Watch(t.Context(), served, 10, w.start, 100*time.Second); err != nil {
				t.Fatal(err)
			}
			const rates = ": version 13 2 errors in 20 invocations, version 12 1 errors in 180 invocations"
			want := []string{
				"30s ██░░░░░░░░░░░░░░░░░░  10 %, 1m10s left" + rates,
				"1m0s ██░░░░░░░░░░░░░░░░░░  10 %, 40s left" + rates,
				"1m30s ██░░░░░░░░░░░░░░░░░░  10 %, 10s left" + rates,
			}
			if diff := cmp.Diff(want, w.progress); diff != "" {
				t.Error(diff)
			}
		})
	})
	t.Run("denied", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, localaws.Options{})
			w.spoil("GetMetricData", 0, time.Hour, denied)
			if err := w.begun(rollout.Health{}).Watch(t.Context(), served, 100, w.start, 10*time.Minute); err != nil {
				t.Fatal(err)
			}
			if n := w.count("GetMetricData"); n != 1 || len(w.progress) != 19 || !strings.HasSuffix(w.progress[0], "100 %, 9m30s left") {
				t.Errorf("asked %d times, %q", n, w.progress)
			}
		})
	})
}
