package release_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/analysis"
	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
	"lambda-release/internal/rollout"
)

// TestTheShiftIsReported: the result shows that a release was a canary, and how far
// it came.
func TestTheShiftIsReported(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		strategy string
		bake     time.Duration
		alarm    time.Duration
		status   release.Status
		want     *release.Shift
	}{
		"at once": {strategy: "AllAtOnce", status: release.Released},
		"canary": {
			strategy: "Canary10Percent5Minutes", status: release.Released,
			want: &release.Shift{Strategy: "Canary10Percent5Minutes", Shares: []int{10, 100}, Took: 5 * time.Minute},
		},
		"linear, then monitored": {
			strategy: "Linear40PercentEvery1Minute", bake: 2 * time.Minute, status: release.Released,
			want: &release.Shift{Strategy: "Linear40PercentEvery1Minute", Shares: []int{40, 80, 100}, Took: 2 * time.Minute, Baked: 2 * time.Minute},
		},
		"only monitored": {
			strategy: "AllAtOnce", bake: time.Minute, status: release.Released,
			want: &release.Shift{Strategy: "AllAtOnce", Baked: time.Minute},
		},
		"taken back": {
			strategy: "Canary10Percent5Minutes", alarm: time.Minute, status: release.Failed,
			want: &release.Shift{Strategy: "Canary10Percent5Minutes", Shares: []int{10}, Took: time.Minute},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRollout(t, "items")
				r.SetAlarm("errors", "OK", "")
				if test.alarm > 0 {
					time.AfterFunc(test.alarm, func() { r.SetAlarm("errors", "ALARM", "Threshold Crossed") })
				}
				o := ended(t, r.shift(t.Context(), test.strategy, func(req *release.Request) {
					if test.alarm > 0 {
						alarmed(req)
					}
					baking(req, test.bake)
				}, "items"), test.status, 2)
				if diff := cmp.Diff(test.want, o.Shift, cmp.Comparer(within5Seconds)); diff != "" {
					t.Errorf("-want +got\n%s", diff)
				}
			})
		})
	}
}

// TestMinutesOfAShift: only whole minutes of the shift are compared, each with the
// shares that the routing weights may have given within it. AWS follows a step some
// seconds later, and by its own clock.
func TestMinutesOfAShift(t *testing.T) {
	t.Parallel()
	type minute struct {
		number      int
		least, most float64
	}
	for _, test := range []struct {
		strategy string
		second   int // of a minute, in which the shift begins
		delay    time.Duration
		want     []minute
	}{
		{"Linear20PercentEvery1Minute", 20, 0, []minute{{1, .2, .4}, {2, .4, .6}, {3, .6, .8}}},
		{"Linear20PercentEvery1Minute", 0, 0, []minute{{1, 0, .4}, {2, .2, .6}, {3, .4, .8}, {4, .6, .8}}},
		{"Linear20PercentEvery1Minute", 55, 0, []minute{{1, 0, .4}, {2, .2, .6}, {3, .4, .8}}},
		{"Linear20PercentEvery1Minute", 20, time.Minute, []minute{{1, .4, .6}, {2, .6, .8}}},
		{"Linear40PercentEvery90Seconds", 20, 0, []minute{{1, .4, .8}, {2, .8, .8}}},
		{"Linear25PercentEvery50Seconds", 59, 0, []minute{{1, 0, .5}, {2, .5, .75}}},
		{"Canary10Percent5Minutes", 30, 0, []minute{{1, .1, .1}, {2, .1, .1}, {3, .1, .1}, {4, .1, .1}}},
	} {
		t.Run(fmt.Sprint(test.strategy, test.second, test.delay), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Duration(test.second) * time.Second)
				r := newRollout(t, "items")
				r.PlayTraffic(localaws.Traffic{Function: "items", Alias: "prod", PerMinute: 1000})
				o := ended(t, r.shift(t.Context(), test.strategy, func(req *release.Request) {
					req.Rollout.Health.Analysis = rollout.Analysis{Checks: []analysis.Check{{Subject: analysis.Errors}}, Delay: test.delay}
				}, "items"), release.Released, 2)
				var got []minute
				for _, m := range o.Shift.Analysis[0].Minutes {
					got = append(got, minute{m.Number, m.LeastShare, m.MostShare})
					if n := m.Old.Invocations + m.New.Invocations; n < 850 || n > 1150 {
						t.Errorf("minute %d has %d invocations", m.Number, n)
					}
				}
				if !slices.Equal(got, test.want) {
					t.Errorf("got %v, want %v", got, test.want)
				}
			})
		})
	}
}

// TestEvidenceOfManyChecks: the more is compared, the more evidence each check needs.
func TestEvidenceOfManyChecks(t *testing.T) {
	t.Parallel()
	limits := map[string]int{}
	for _, checks := range []string{"errors", "errors\nthrottles\nduration p50\nduration p90\nduration p95\nduration p99"} {
		for _, names := range [][]string{{"items"}, {"items", "carts", "orders", "prices"}} {
			synctest.Test(t, func(t *testing.T) {
				r := newRollout(t, names...)
				r.PlayTraffic(localaws.Traffic{Function: "items", Alias: "prod", PerMinute: 1000, Errors: map[string]float64{"1": 0.05, "2": 0.05}})
				o := ended(t, r.shift(t.Context(), "Canary20Percent5Minutes", func(req *release.Request) {
					parsed, err := analysis.Parse(checks)
					if err != nil {
						t.Fatal(err)
					}
					req.Rollout.Health.Analysis.Checks = parsed
				}, names...), release.Released, 2)
				limits[fmt.Sprint(len(o.Shift.Analysis), " of ", len(names))] = o.Shift.Analysis[0].Finding.Evidence.Limit
			})
		}
	}
	if limits["1 of 1"] >= limits["1 of 4"] || limits["1 of 4"] >= limits["6 of 4"] || limits["1 of 1"] >= limits["6 of 1"] {
		t.Errorf("limits %v", limits)
	}
}

// within5Seconds compares durations: an alarm is read every 5 seconds.
func within5Seconds(a, b time.Duration) bool { return (a - b).Abs() <= 5*time.Second }
