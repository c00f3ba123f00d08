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

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
	"lambda-release/internal/rollout"
)

var (
	alarms = rollout.Health{Alarms: []string{"errors", "latency"}}
	rate   = judging("errors < 1%")
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
		watcher := w.begun(rollout.Health{})
		if err := watcher.Watch(t.Context(), w.stage(orders, 10, time.Hour)); err != nil {
			t.Error(err)
		}
		w.took(time.Hour)
		w.says()
		if n := len(w.Calls()); n != 0 || len(w.progress) != 119 {
			t.Errorf("%d calls, and %d lines of progress", n, len(w.progress))
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
		if err := watcher.Watch(t.Context(), w.stage(orders, 10, 3*time.Minute)); err != nil {
			t.Fatal(err)
		}
		w.took(3 * time.Minute)
		w.after(4*time.Minute, func() { w.SetAlarm("errors", "OK", "fine") })
		w.after(6*time.Minute, func() { w.SetAlarm("errors", "ALARM", "now it counts") })
		if err := watcher.Watch(t.Context(), w.stage(orders, 10, 2*time.Minute)); err != nil {
			t.Fatal(err)
		}
		s := unhealthy(t, watcher.Watch(t.Context(), w.stage(orders, 10, 2*time.Minute)))
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
			s := unhealthy(t, watcher.Watch(t.Context(), w.stage(orders, 10, time.Minute)))
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
		s := unhealthy(t, watcher.Watch(t.Context(), w.stage(orders, 10, time.Minute)))
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
		s := unhealthy(t, watcher.Watch(t.Context(), w.stage(orders, 10, time.Hour)))
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
			if err := watcher.Watch(t.Context(), w.stage(orders, 10, tt.d)); err != nil {
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
				if err := watcher.Watch(t.Context(), w.stage(orders, 10, 10*time.Minute)); err != nil {
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
				err := watcher.Watch(t.Context(), w.stage(orders, 10, 10*time.Minute))
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
		unhealthy(t, watcher.Watch(t.Context(), w.stage(orders, 10, 10*time.Second)))
		if took := w.since(); took < 30*time.Second || took > 35*time.Second {
			t.Errorf("took %s", took)
		}

		w = withAlarms(t)
		watcher = w.begun(alarms)
		w.spoil("DescribeAlarms", 8*time.Second, 30*time.Second, broken)
		if err := watcher.Watch(t.Context(), w.stage(orders, 10, 10*time.Second)); err != nil {
			t.Error(err)
		}
		if took := w.since(); took < 30*time.Second || took > 35*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

// As long as the metrics cannot be read at the end, the alarms are.
func TestAlarmAfterTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		both := rollout.Health{Alarms: alarms.Alarms, Analysis: rate.Analysis}
		const end = 2 * time.Minute
		w := withAlarms(t)
		watcher := w.begun(both)
		w.spoil("GetMetricData", end, end+40*time.Second, broken)
		w.after(end+11*time.Second, func() { w.SetAlarm("errors", "ALARM", "bad") })
		unhealthy(t, watcher.Watch(t.Context(), w.stage(orders, 10, end)))
		w.took(end + 15*time.Second)

		w = withAlarms(t)
		watcher = w.begun(both)
		w.OnCall(func(c localaws.Call) *localaws.Fault {
			now := w.since()
			if c.Operation == "GetMetricData" && now >= end && now < end+12*time.Second || c.Operation == "DescribeAlarms" && now > end && now < end+30*time.Second {
				return &broken
			}
			return nil
		})
		if err := watcher.Watch(t.Context(), w.stage(orders, 10, end)); err != nil {
			t.Error(err)
		}
		if took := w.since(); took < end+30*time.Second || took > end+35*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

// The last verdict stays if the metrics cannot be read once more while the alarms are
// waited for.
func TestVerdictBeforeTheAlarms(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withAlarms(t)
		both := rollout.Health{Alarms: alarms.Alarms, Analysis: rate.Analysis}
		both.Analysis.Default = true
		watcher := w.begun(both)
		const end = 2 * time.Minute
		w.OnCall(func(c localaws.Call) *localaws.Fault {
			if now := w.since(); now >= end && now < end+50*time.Second && (c.Operation == "DescribeAlarms" || now > end+30*time.Second) {
				return &broken
			}
			return nil
		})
		if err := watcher.Watch(t.Context(), w.stage(orders, 10, end)); err != nil {
			t.Error(err)
		}
		for _, line := range w.told {
			if strings.Contains(line, "not compared") {
				t.Error(line)
			}
		}
	})
}

// What is still waited for after the end is in the log, too.
func TestWaitAfterTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withAlarms(t)
		watcher := w.begun(rollout.Health{Alarms: alarms.Alarms, Analysis: rate.Analysis})
		const end = 2 * time.Minute
		w.OnCall(func(c localaws.Call) *localaws.Fault {
			if now := w.since(); now >= end && (now < end+30*time.Second || now < end+50*time.Second && c.Operation == "GetMetricData") {
				return &hanging
			}
			return nil
		})
		if err := watcher.Watch(t.Context(), w.stage(orders, 10, end)); err != nil {
			t.Error(err)
		}
		var waits []string
		for _, line := range w.told {
			if strings.Contains(line, "still waiting") {
				waits = append(waits, line)
			}
		}
		if want := []string{"2m32s still waiting for the alarms and the metrics"}; !slices.Equal(waits, want) {
			t.Errorf("%q, want %q", waits, want)
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
		err := watcher.Watch(t.Context(), w.stage(orders, 10, time.Hour))
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
		both := rollout.Health{Alarms: alarms.Alarms, Analysis: rate.Analysis}
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
			if err := watcher.Watch(ctx, w.stage(orders, 10, time.Hour)); !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
			w.took(17 * time.Second)
		}

		w := withAlarms(t)
		watcher := w.begun(alarms)
		ctx, cancel := context.WithCancel(t.Context())
		w.OnCall(func(localaws.Call) *localaws.Fault { cancel(); return &hanging })
		if err := watcher.Watch(ctx, w.stage(orders, 10, time.Hour)); !errors.Is(err, context.Canceled) {
			t.Errorf("in a read: %v", err)
		}
	})
}

// A read of the metrics that hangs delays neither the alarms nor the next step, which
// judges its answer.
func TestMetricsThatHang(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		both := rollout.Health{Alarms: alarms.Alarms, Analysis: rate.Analysis}
		const minute = 100 * time.Second // since the start, when the first whole minute is over

		w := withAlarms(t)
		watcher := w.begun(both)
		w.spoil("GetMetricData", minute, time.Hour, hanging)
		w.after(minute+time.Second, func() { w.SetAlarm("errors", "ALARM", "bad") })
		unhealthy(t, watcher.Watch(t.Context(), w.stage(orders, 10, 10*time.Minute)))
		w.took(minute + 5*time.Second)

		w = withAlarms(t)
		watcher = w.begun(both)
		w.spoil("GetMetricData", minute, minute+time.Second, localaws.Fault{Delay: 9 * time.Second})
		w.served(version("13"), time.Minute, 5, 100)
		first := w.stage(orders, 10, minute+time.Second)
		first.Last = false
		if err := watcher.Watch(t.Context(), first); err != nil {
			t.Error(err)
		}
		w.took(minute + 3*time.Second)
		s := unhealthy(t, watcher.Watch(t.Context(), w.stage(orders, 20, 10*time.Minute)))
		if len(s.Judgements) != 1 {
			t.Errorf("%v", s)
		}
		w.took(minute + 10*time.Second) // the answer, and the second look
	})
}

// What holds the watch up, such as credentials that are renewed slowly, is followed by
// one line of progress and not by one for each that was due.
func TestProgressAfterADelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, localaws.Options{})
		watcher := rollout.NewWatcher(w.aws, rollout.Health{}, func(text string) {
			w.tell(text)
			if len(w.progress) == 1 {
				time.Sleep(100 * time.Second)
			}
		})
		if err := watcher.Watch(t.Context(), w.stage(orders, 10, 3*time.Minute)); err != nil {
			t.Error(err)
		}
		var at []string
		for _, line := range w.progress {
			before, _, _ := strings.Cut(line, " ")
			at = append(at, before)
		}
		if want := []string{"30s", "2m10s", "2m30s"}; !slices.Equal(at, want) {
			t.Errorf("progress at %q, want %q", at, want)
		}
	})
}
