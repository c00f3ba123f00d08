package awsapi

import (
	"context"
	"errors"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// took is how long so many calls of an operation wait for their turn, on the
// bubble's own clock.
func (l *limits) took(t *testing.T, operation string, calls int) time.Duration {
	t.Helper()
	start := time.Now()
	var wg sync.WaitGroup
	for range calls {
		wg.Go(func() {
			if err := l.wait(t.Context(), operation); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	return time.Since(start).Round(time.Millisecond)
}

func TestTheSharedRate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		operation string
		calls     int
		want      time.Duration
	}{
		{"UpdateAlias", burst, 0},
		{"UpdateAlias", burst + 1, time.Second / awsRate},
		{"UpdateAlias", 300, (300 - burst) * time.Second / awsRate},
		{"GetFunction", pollBurst, 0},
		{"GetFunction", pollBurst + pollRate, time.Second},
		{"GetPolicy", burst + awsRate, time.Second},
		{"Invoke", 1000, 0},
	} {
		t.Run(tt.operation, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLimits(0)
				if got := l.took(t, tt.operation, tt.calls); got != tt.want.Round(time.Millisecond) {
					t.Errorf("%d calls took %s, want %s", tt.calls, got, tt.want)
				}
			})
		})
	}
}

// However busy the one is, the others' calls do not wait for it.
func TestOperationsWithARateOfTheirOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimits(0)
		l.took(t, "PublishVersion", burst)
		for _, operation := range []string{"GetFunction", "GetPolicy", "Invoke"} {
			if got := l.took(t, operation, burst); got != 0 {
				t.Errorf("%s waited %s for PublishVersion's rate", operation, got)
			}
		}
		if got := l.took(t, "GetAlias", 1); got == 0 {
			t.Error("GetAlias did not wait for PublishVersion's rate, which is its own")
		}
	})
}

func TestTheRateCanBeSet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		if got := newLimits(5).took(t, "UpdateAlias", burst+5); got != time.Second {
			t.Errorf("took %s, want 1s", got)
		}
	})
}

func TestTheRateBacksOffAndRecovers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimits(0)
		is := func(want float64) {
			t.Helper()
			if got := float64(l.control.Limit()); math.Abs(got-want) > 0.001 {
				t.Errorf("rate %g, want %g", got, want)
			}
		}
		is(15)
		for range 14 {
			l.answered(true) // a burst that came too early is one reason to slow down
		}
		is(7.5)
		for range 10 {
			time.Sleep(1100 * time.Millisecond)
			l.answered(true)
		}
		is(slowestRate)
		for range 4 {
			l.answered(false)
		}
		is(slowestRate + 1)
		for range 1000 {
			l.answered(false)
		}
		is(15)
		l.took(t, "UpdateAlias", burst)
		if got := l.took(t, "UpdateAlias", 15); got != time.Second {
			t.Errorf("15 calls took %s after the recovery", got)
		}
	})
}

// A call that waits for the rate limit stops when the job ends, and does not begin to wait when
// the turn would come after that.
func TestWaitingForATurnEndsWithTheJob(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimits(1)
		l.took(t, "UpdateAlias", burst+2)

		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		start := time.Now()
		if err := l.wait(ctx, "UpdateAlias"); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if took := time.Since(start); took != 100*time.Millisecond {
			t.Errorf("ended after %s", took)
		}

		ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		start = time.Now()
		if err := l.wait(ctx, "UpdateAlias"); !errors.Is(err, errRateLimit) {
			t.Error(err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("ended after %s", took)
		}
		if err := l.wait(ctx, "Invoke"); err != nil {
			t.Error(err)
		}
		cancel()
		if err := l.wait(ctx, "Invoke"); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// The delays between attempts grow, are never nothing, and end.
func TestRetryDelay(t *testing.T) {
	t.Parallel()
	r := newRetryer(0)
	throttle := &throttleError{}
	for attempt := 1; attempt <= 100; attempt++ {
		least, most := firstDelay/4, firstDelay/4+firstDelay<<(attempt-1)
		if attempt >= quickCalls {
			least, most = firstPause, lastPause
		}
		if delay, err := r.RetryDelay(attempt, throttle); err != nil || delay < least || delay > most {
			t.Errorf("attempt %d: %s, not from %s to %s, %v", attempt, delay, least, most, err)
		}
	}
	for attempt := 1; attempt < maxAttempts; attempt++ {
		if _, err := r.RetryDelay(attempt, errors.New("x")); err != nil {
			t.Error(err)
		}
	}
	if _, err := r.RetryDelay(maxAttempts, errors.New("x")); err == nil {
		t.Errorf("goes on after %d attempts", maxAttempts)
	}
}

type throttleError struct{}

func (*throttleError) Error() string     { return "slow down" }
func (*throttleError) ErrorCode() string { return "TooManyRequestsException" }
