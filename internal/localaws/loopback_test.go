package localaws_test

import (
	"context"
	"errors"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"
)

// Inside a bubble the time that AWS takes is virtual, and so is that of a
// caller who gives up a call that hangs.
func TestLoopback(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := localaws.New(localaws.Options{Latency: time.Hour})
		l := localaws.NewLoopback(c)
		t.Cleanup(l.Close)
		t.Cleanup(c.Close)
		client := http.Client{Transport: &http.Transport{DialContext: l.Dial}}
		get := func(ctx context.Context) (time.Duration, error) {
			start := time.Now()
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/2015-03-31/functions/fn", nil)
			if err != nil {
				t.Fatal(err)
			}
			out, err := client.Do(r)
			if err == nil {
				err = out.Body.Close()
			}
			return time.Since(start), err
		}
		if took, err := get(t.Context()); err != nil || took != time.Hour {
			t.Errorf("took %s, %v", took, err)
		}
		c.OnCall(func(localaws.Call) *localaws.Fault { return &localaws.Fault{Hang: true} })
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		if took, err := get(ctx); !errors.Is(err, context.DeadlineExceeded) || took != 24*time.Hour {
			t.Errorf("took %s, %v", took, err)
		}
		l.Close()
		if _, err := get(t.Context()); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("once closed: %v", err)
		}
	})
}
