package release_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/release"
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

// within5Seconds compares durations: an alarm is read every 5 seconds.
func within5Seconds(a, b time.Duration) bool { return (a - b).Abs() <= 5*time.Second }
