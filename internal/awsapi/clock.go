package awsapi

import (
	"context"
	"time"
)

// Clock tells the time and sleeps, so that tests of long waits take none.
type Clock interface {
	Now() time.Time
	// Sleep returns after d, or at once with the context's error when that ends.
	Sleep(ctx context.Context, d time.Duration) error
}

// RealClock is the machine's.
type RealClock struct{}

// Now is time.Now.
func (RealClock) Now() time.Time { return time.Now() }

// Sleep waits on a timer.
func (RealClock) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
