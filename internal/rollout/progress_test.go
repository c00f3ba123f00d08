package rollout_test

import (
	"testing"
	"time"

	"lambda-release/internal/rollout"
)

func TestDuration(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0:                                  "0s",
		10 * time.Second:                   "10s",
		90 * time.Second:                   "1m30s",
		10 * time.Minute:                   "10m",
		time.Hour:                          "1h",
		time.Hour + time.Second:            "1h0m1s",
		time.Hour + 10*time.Minute:         "1h10m",
		20 * time.Hour:                     "20h",
		1500 * time.Millisecond:            "1.5s",
		time.Minute + 500*time.Millisecond: "1m0.5s",
	} {
		if got := rollout.Duration(d); got != want {
			t.Errorf("%s: %s, want %s", d, got, want)
		}
	}
}
