package rollout_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"
	"lambda-release/internal/rollout"
)

// The world starts at 20 seconds of a minute: the first whole minute ends after 1m40s.
func TestLimitOfErrors(t *testing.T) {
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
			w.served(version("13"), time.Minute, 1, 101)
		}, "", d, nil},
		{"above", func(w *world) {
			w.served(version("13"), time.Minute+time.Second, 2, 100)
		}, "errors < 1%: version 13 of orders is outside the limit, 2 %: 2 of 100 invocations", 110 * time.Second, nil},
		{"the other version's errors do not count", func(w *world) {
			w.served(version("12"), time.Minute, 50, 100)
			w.served(nil, time.Minute, 51, 200)
			w.served(version("13"), time.Minute, 0, 100)
		}, "", d, nil},
		{"summed up over the minutes", func(w *world) {
			for m := range 4 {
				w.after(time.Duration(m)*time.Minute, func() { w.served(version("13"), w.since(), 0, 50) })
			}
			w.after(4*time.Minute+50*time.Second, func() { w.served(version("13"), 4*time.Minute, 3, 50) })
		}, "errors < 1%: version 13 of orders is outside the limit, 1.2 %: 3 of 250 invocations", d, nil},
		{"of before the shift nothing counts", func(w *world) {
			w.served(version("13"), -time.Minute, 90, 100)
			w.served(version("13"), time.Minute, 0, 100)
		}, "", d, nil},
		{"too little", func(w *world) {
			w.served(version("13"), time.Minute, 19, 19)
		}, "", d, []string{"5m0s errors < 1%: version 13 of orders is not judged: 19 of 19 invocations"}},
		{"none", func(*world) {}, "", d, []string{"5m0s errors < 1%: version 13 of orders is not judged: 0 of 0 invocations"}},
		{"just enough", func(w *world) {
			w.after(2*time.Minute+10*time.Second, func() { w.served(version("13"), time.Minute, 20, 20) })
		}, "errors < 1%: version 13 of orders is outside the limit, 100 %: 20 of 20 invocations", 170 * time.Second, nil},
		{"late at the very end", func(w *world) {
			w.after(d, func() { w.served(version("13"), 3*time.Minute, 20, 20) })
		}, "errors < 1%: version 13 of orders is outside the limit, 100 %: 20 of 20 invocations", d, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, localaws.Options{})
				watcher := w.begun(rate)
				tt.lay(w)
				err := watcher.Watch(t.Context(), w.stage(orders, 10, d))
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
func TestLimitOfErrorsAlone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		lay  func(*world)
		want string
	}{
		{"without metrics of the version", func(w *world) {
			w.served(version("13"), 2*time.Minute, 0, 30)
			w.served(nil, 11*time.Minute, 20, 70)
		}, "20 of 100 invocations"},
		{"with them, nothing counts twice", func(w *world) {
			w.served(version("13"), 2*time.Minute, 0, 30)
			w.served(version("13"), 11*time.Minute, 20, 70)
			w.served(nil, 11*time.Minute, 20, 70)
		}, "20 of 100 invocations"},
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
				err := watcher.Watch(t.Context(), w.stage(alone, 100, 5*time.Minute))
				if tt.want == "" && err != nil || tt.want != "" && !strings.Contains(unhealthy(t, err).Error(), tt.want) {
					t.Errorf("%v, want %q", err, tt.want)
				}
			})
		})
	}
}

// Each of many functions is judged on its own, 500 metrics a call.
func TestLimitOfMany(t *testing.T) {
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
		s := unhealthy(t, watcher.Watch(t.Context(), w.stage(many, 10, 2*time.Minute)))
		if len(s.Judgements) != 2 || s.Judgements[0].Served != many[0] || s.Judgements[1].Function != "f250" {
			t.Errorf("%+v", s.Judgements)
		}
		if n := w.count("GetMetricData"); n != 2*2 { // each once more
			t.Errorf("%d calls, want 4", n)
		}
		if got := w.progress[0]; !strings.Contains(got, "not measured yet") {
			t.Errorf("%s", got)
		}
	})
}

func TestMetricsUnreadable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withAlarms(t)
		watcher := w.begun(rollout.Health{Alarms: alarms.Alarms, Analysis: rate.Analysis})
		w.spoil("GetMetricData", 90*time.Second, 150*time.Second, dropped)
		if err := watcher.Watch(t.Context(), w.stage(orders, 10, 10*time.Minute)); err != nil {
			t.Error(err)
		}
		w.spoil("GetMetricData", 10*time.Minute+30*time.Second, time.Hour, dropped)
		err := watcher.Watch(t.Context(), w.stage(orders, 10, 10*time.Minute))
		var blind *rollout.HealthUnknownError
		if !errors.As(err, &blind) || blind.What != "the metrics" {
			t.Errorf("%v", err)
		}
		if took := w.since(); took < 11*time.Minute+40*time.Second || took > 11*time.Minute+45*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

// Durations, and metrics that cannot be added up, are judged by the minute: one that is
// outside is not enough.
func TestLimitByTheMinute(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		check  string
		values []float64 // of the whole minutes
		want   string
	}{
		{"duration p95 < 800ms", []float64{500, 900, 500, 500, 900}, ""},
		{"duration p95 < 800ms", []float64{500, 900, 500, 900}, "outside the limit, 900 ms: outside in 2 of the last 3 minutes"},
		{"duration p95 < 0.8s", []float64{500, 900, 900, 500}, "outside the limit, 900 ms: outside in 2 of the last 3 minutes"},
		{"metric Shop/Orders{Function={function}, Alias={alias}, Version={version}} Sum < 5", []float64{1, 1, 2, 0}, ""},
		{"metric Shop/Orders{Function={function}, Alias={alias}, Version={version}} Sum < 5", []float64{1, 1, 2, 1}, "outside the limit, 5: over 4 minutes"},
		{"metric Shop/Orders{Function={function}, Alias={alias}, Version={version}} Sum > 5", []float64{1, 1, 2, 2}, ""},
		{"metric Shop/Orders{Function={function}, Alias={alias}, Version={version}} Sum > 5", []float64{1, 1, 2, 1}, "outside the limit, 5: over 4 minutes"},
		{"metric Shop/Orders{Function={function}, Alias={alias}, Version={version}} Maximum < 5", []float64{1, 7, 2, 2}, ""},
		{"metric Shop/Orders{Function={function}, Alias={alias}, Version={version}} Maximum < 5", []float64{1, 7, 7}, "outside the limit, 7: outside in 2 of the last 3 minutes"},
		{"metric Shop/Orders{Function=other} Maximum < 5", []float64{7, 7, 7}, ""},
	} {
		t.Run(fmt.Sprint(tt.check, tt.values), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, localaws.Options{})
				watcher := w.begun(judging(tt.check))
				own := map[string]string{"FunctionName": "orders", "Resource": "orders:prod", "ExecutedVersion": "13"}
				for i, v := range tt.values {
					at := w.start.Add(time.Duration(i+1) * time.Minute)
					for range 20 {
						w.AddMetric(localaws.Metric{Name: "Duration", Dimensions: own, At: at, Value: v})
						w.AddMetric(localaws.Metric{Name: "Invocations", Dimensions: own, At: at, Value: 1})
					}
					w.AddMetric(localaws.Metric{
						Namespace: "Shop", Name: "Orders", Dimensions: map[string]string{"Function": "orders", "Alias": "prod", "Version": "13"}, At: at, Value: v,
					})
				}
				err := watcher.Watch(t.Context(), w.stage(orders, 10, 6*time.Minute))
				if tt.want == "" && err != nil || tt.want != "" && !strings.Contains(unhealthy(t, err).Error(), tt.want) {
					t.Errorf("%v, want %q", err, tt.want)
				}
				if strings.Contains(tt.check, "other") {
					w.says("6m0s " + tt.check + ": version 13 of orders is not judged: no data")
				}
			})
		})
	}
}

// The errors of a minute may arrive before all of its invocations: a bad finding
// counts if a second read has not another one.
func TestABadFindingIsReadTwice(t *testing.T) {
	t.Parallel()
	const bad = 100 * time.Second // since the start, at the end of the first whole minute
	for name, tt := range map[string]struct {
		hold, arrives time.Duration // of the stage; of the other invocations, 0: never
		second        localaws.Fault
		took          time.Duration // until it is found bad; 0: it is not
	}{
		"the same":                 {hold: 5 * time.Minute, took: bad + 10*time.Second},
		"another":                  {hold: 5 * time.Minute, arrives: bad + 5*time.Second},
		"too late":                 {hold: 5 * time.Minute, arrives: bad + 11*time.Second, took: bad + 10*time.Second},
		"the stage ends before":    {hold: bad + 3*time.Second, took: bad + 3*time.Second},
		"another at the end":       {hold: bad + 3*time.Second, arrives: bad + 2*time.Second},
		"no second one":            {hold: bad, took: bad},
		"the second one fails":     {hold: 5 * time.Minute, second: throttled, took: bad + 10*time.Second},
		"the second one is denied": {hold: 5 * time.Minute, second: denied, took: bad + 10*time.Second},
	} {
		for _, optional := range []bool{false, true} {
			for _, last := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, optional %t, last %t", name, optional, last), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						w := newWorld(t, localaws.Options{})
						h := judging("errors < 1%")
						h.Analysis.Default = optional
						watcher := w.begun(h)
						w.served(version("13"), time.Minute, 5, 100)
						if tt.arrives > 0 {
							w.after(tt.arrives, func() { w.served(version("13"), time.Minute, 0, 900) })
						}
						if tt.second != (localaws.Fault{}) {
							w.spoil("GetMetricData", bad+time.Second, time.Hour, tt.second)
						}
						stage := w.stage(orders, 10, tt.hold)
						stage.Last = last
						err := watcher.Watch(t.Context(), stage)
						if tt.took == 0 {
							if err != nil {
								t.Error(err)
							}
							return
						}
						if got, want := unhealthy(t, err).Error(), "errors < 1%: version 13 of orders is outside the limit, 5 %: 5 of 100 invocations"; got != want {
							t.Errorf("%s, want %s", got, want)
						}
						w.took(tt.took)
					})
				})
			}
		}
	}
}
