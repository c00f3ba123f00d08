package awsapi_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
)

// Each fault in the first calls, and how many calls are then made.
func TestWhatIsTriedAgain(t *testing.T) {
	t.Parallel()
	unavailable := refusal(http.StatusServiceUnavailable, "ServiceUnavailableException", "Service unavailable")
	for _, tt := range []struct {
		name  string
		fault localaws.Fault
		times int
		calls int
		ok    bool
	}{
		{"429 once", throttled, 1, 2, true},
		{"429 by another name", refusal(http.StatusBadRequest, "ThrottlingException", "Rate exceeded"), 2, 3, true},
		{"500 once", broken, 1, 2, true},
		{"500 four times", broken, 4, 5, true},
		{"500 always", broken, always, 5, false},
		{"503 always", unavailable, always, 5, false},
		{"dropped once", localaws.Fault{Drop: true}, 1, 2, true},
		{"dropped always", localaws.Fault{Drop: true}, always, 5, false},
		{"answer dropped once", localaws.Fault{DropAfter: true}, 1, 2, true},
		{"403", refused, 1, 1, false},
		{"409", refusal(http.StatusConflict, "ResourceConflictException", "An update is in progress"), 1, 1, false},
		{"412", refusal(http.StatusPreconditionFailed, "PreconditionFailedException", "The Revision Id provided"), 1, 1, false},
		{"404", refusal(http.StatusNotFound, "ResourceNotFoundException", "Function not found"), 1, 2, true},
		{"404 always", refusal(http.StatusNotFound, "ResourceNotFoundException", "Function not found"), always, 3, false},
		{"400", refusal(http.StatusBadRequest, "InvalidParameterValueException", "No"), 1, 1, false},
		{"expired", refusal(http.StatusForbidden, "ExpiredTokenException", "The security token included in the request is expired"), 1, 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newCloud(t, localaws.Options{})
				w.spoil("PublishVersion", tt.times, tt.fault)
				_, err := w.open(t).Publish(t.Context(), items, awsapi.Publication{})
				if ok := err == nil; ok != tt.ok {
					t.Errorf("error %v", err)
				}
				if n := w.count("PublishVersion"); n != tt.calls {
					t.Errorf("%d calls, want %d", n, tt.calls)
				}
			})
		})
	}
}

// How often is tried is not the environment's to say.
func TestTheEnvironmentDoesNotLimitAttempts(t *testing.T) {
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	t.Setenv("AWS_RETRY_MODE", "adaptive")
	w := newCloud(t, localaws.Options{})
	w.spoil("", 2, broken)
	if _, err := w.open(t).Configuration(t.Context(), items, ""); err != nil {
		t.Error(err)
	}
}

// The SDK's own quota is used up by a hundred retries.
func TestThereIsNoRetryQuota(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const calls = 150
		w := newCloud(t, localaws.Options{})
		w.spoil("", calls, throttled)
		client := w.open(t)
		var wg sync.WaitGroup
		for range calls {
			wg.Go(func() {
				if _, err := client.Publish(t.Context(), items, awsapi.Publication{}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := w.count(""); n != 2*calls {
			t.Errorf("%d calls, want %d", n, 2*calls)
		}
	})
}

// A 429 is waited out for as long as the job has time, and is then what the
// error says.
func TestThrottlingIsWaitedOut(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"GetAlias", "DeleteAlias"} {
		t.Run(op, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newCloud(t, localaws.Options{})
				w.spoil("", always, throttled)
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				start := time.Now()
				err := operations[op](ctx, w.open(t))
				if took := time.Since(start); took < 2*time.Second || took > 2*time.Second+awsapi.FinishTime {
					t.Errorf("ended after %s", took)
				}
				isKind(t, err, awsapi.Deadline)
				if awsapi.EffectOf(err) != awsapi.Rejected {
					t.Errorf("effect %d", awsapi.EffectOf(err))
				}
				says(t, err.Error(), "items:prod: timed out; the last attempt ended with: TooManyRequestsException: Rate exceeded (request ")
				if n := w.count(""); n < 3 {
					t.Errorf("%d attempts in 2 seconds", n)
				}
			})
		})
	}
}

func TestNothingIsTriedAgainAfterTheCancel(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]localaws.Fault{
		"429": throttled, "500": broken, "dropped": {Drop: true},
	} {
		for op, do := range operations {
			t.Run(op+" "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := newCloud(t, localaws.Options{})
					ctx, cancel := context.WithCancel(t.Context())
					w.OnCall(func(localaws.Call) *localaws.Fault { cancel(); return &fault })
					start := time.Now()
					err := do(ctx, w.open(t))
					isKind(t, err, awsapi.Cancelled)
					if n := w.count(op); n != 1 {
						t.Errorf("%d calls", n)
					}
					var most time.Duration
					if strings.HasPrefix(op, "Delete") { // it is looked whether it was deleted
						most = awsapi.ConfirmTime
					}
					if took := time.Since(start); took > most {
						t.Errorf("ended only after %s", took)
					}
				})
			})
		}
	}
}

func TestNothingIsBegunAfterTheEnd(t *testing.T) {
	t.Parallel()
	w := newCloud(t, localaws.Options{})
	client := w.open(t)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancel := context.WithTimeout(t.Context(), -time.Second)
	defer cancel()
	for op, do := range operations {
		for ctx, kind := range map[context.Context]awsapi.Kind{cancelled: awsapi.Cancelled, late: awsapi.Deadline} {
			err := do(ctx, client)
			isKind(t, err, kind)
			if awsapi.EffectOf(err) != awsapi.NotSent {
				t.Errorf("%s: effect %d", op, awsapi.EffectOf(err))
			}
		}
	}
	if n := w.count(""); n != 0 {
		t.Errorf("%d calls", n)
	}
}

// The effect of a call is the least certain of its attempts': a refusal of the last
// one does not say what became of the first.
func TestEffect(t *testing.T) {
	t.Parallel()
	stale := refusal(http.StatusPreconditionFailed, "PreconditionFailedException", "The Revision Id provided")
	hangs := localaws.Fault{Hang: true}
	for _, tt := range []struct {
		name   string
		faults []localaws.Fault
		kind   awsapi.Kind
		want   awsapi.Effect
	}{
		{"refused", []localaws.Fault{refused}, awsapi.Denied, awsapi.Rejected},
		{"throttled, then refused", []localaws.Fault{throttled, refused}, awsapi.Denied, awsapi.Rejected},
		{"500, then refused", []localaws.Fault{broken, stale}, awsapi.Stale, awsapi.Ambiguous},
		{"500 always", []localaws.Fault{broken, broken, broken, broken, broken}, awsapi.Server, awsapi.Ambiguous},
		{"throttled, 500, refused", []localaws.Fault{throttled, broken, refused}, awsapi.Denied, awsapi.Ambiguous},
		{"dropped, then refused", []localaws.Fault{{Drop: true}, stale}, awsapi.Stale, awsapi.NoResponse},
		{"answer dropped, then refused", []localaws.Fault{{DropAfter: true}, stale}, awsapi.Stale, awsapi.NoResponse},
		{"hung, 500, refused", []localaws.Fault{hangs, broken, stale}, awsapi.Stale, awsapi.NoResponse},
		{"hung always", []localaws.Fault{hangs, hangs, hangs, hangs, hangs}, awsapi.Hung, awsapi.NoResponse},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newCloud(t, localaws.Options{})
				w.OnCall(func(c localaws.Call) *localaws.Fault { return &tt.faults[c.Attempt-1] })
				client := w.open(t, timeout(900*time.Millisecond))
				_, err := client.UpdateAlias(t.Context(), items, awsapi.Alias{Name: "prod", Version: "1", Revision: "r"})
				isKind(t, err, tt.kind)
				if got := awsapi.EffectOf(err); got != tt.want {
					t.Errorf("effect %d, want %d", got, tt.want)
				}
				if n := w.count(""); n != len(tt.faults) {
					t.Errorf("%d calls, want %d", n, len(tt.faults))
				}
			})
		})
	}
}

// AWS carries out what it was sent, so a job that is cancelled learns of it.
func TestAMutationInFlightIsFinished(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newCloud(t, localaws.Options{Latency: 800 * time.Millisecond})
		client := w.open(t)
		for name, job := range map[string]func(context.Context) (context.Context, context.CancelFunc){
			"cancelled": context.WithCancel,
			"it times out": func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeout(ctx, 400*time.Millisecond)
			},
		} {
			ctx, cancel := job(t.Context())
			if name == "cancelled" {
				w.OnCall(func(localaws.Call) *localaws.Fault { cancel(); return nil })
			}
			published, err := client.Publish(ctx, items, awsapi.Publication{})
			if err != nil || published.Version != "1" {
				t.Errorf("%s: version %q, error %v", name, published.Version, err)
			}
			if ctx.Err() == nil {
				t.Errorf("%s: the job was not over", name)
			}
			cancel()
			w.OnCall(nil)
		}
	})
}

func TestAMutationThatHangsIsNotWaitedForLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newCloud(t, localaws.Options{})
		ctx, cancelled := cancelledByTheCall(t, w)
		_, err := w.open(t).Publish(ctx, items, awsapi.Publication{})
		isKind(t, err, awsapi.Cancelled)
		if awsapi.EffectOf(err) != awsapi.NoResponse {
			t.Errorf("effect %d: AWS may have done it", awsapi.EffectOf(err))
		}
		if took := time.Since(cancelled()); took != awsapi.FinishTime {
			t.Errorf("ended %s after the cancel", took)
		}
		if n := w.count(""); n != 1 {
			t.Errorf("%d calls", n)
		}
	})
}

// A read changes nothing, so its answer is not waited for.
func TestAReadIsGivenUpAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newCloud(t, localaws.Options{})
		ctx, cancelled := cancelledByTheCall(t, w)
		_, err := w.open(t).Alias(ctx, items, "prod")
		isKind(t, err, awsapi.Cancelled)
		if took := time.Since(cancelled()); took != 0 {
			t.Errorf("ended %s after the cancel", took)
		}
	})
}

// cancelledByTheCall is a job that is cancelled when its first call arrives,
// which then hangs, and when that was.
func cancelledByTheCall(t *testing.T, w *cloud) (ctx context.Context, cancelled func() time.Time) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	at := make(chan time.Time, 1)
	w.OnCall(func(localaws.Call) *localaws.Fault {
		at <- time.Now()
		cancel()
		return &localaws.Fault{Hang: true}
	})
	return ctx, func() time.Time { return <-at }
}
