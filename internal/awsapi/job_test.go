package awsapi_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
)

// After a job's end, everything that is still done against an AWS that hangs takes
// 4.5 seconds together, or 8.5 for many functions: a write in flight, the read
// that is to confirm it, and the undo.
func TestTheBudgetAfterAJob(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		functions int
		most      time.Duration
	}{{1, 4500 * time.Millisecond}, {50, 4500 * time.Millisecond}, {51, 8500 * time.Millisecond}} {
		for name, job := range map[string]func(context.Context) (context.Context, context.CancelFunc){
			"cancelled": func(ctx context.Context) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(ctx)
				time.AfterFunc(time.Minute, cancel)
				return ctx, cancel
			},
			"timed out": func(ctx context.Context) (context.Context, context.CancelFunc) {
				return awsapi.WithTimeout(ctx, time.Minute)
			},
		} {
			synctest.Test(t, func(t *testing.T) {
				w := newCloud(t, localaws.Options{})
				client := w.open(t, timeout(time.Hour))
				parent, cancel := job(t.Context())
				defer cancel()
				ctx := awsapi.Job(parent, tt.functions)
				time.Sleep(time.Minute - time.Millisecond) // the write is in flight when the job ends
				w.spoil("", always, localaws.Fault{Hang: true})
				end := time.Now().Add(time.Millisecond)
				at := func(what string, want time.Duration) {
					t.Helper()
					if got := time.Since(end); got != want {
						t.Errorf("%s, %d functions: %s ends %s after the job, want %s", name, tt.functions, what, got, want)
					}
				}
				_, err := client.Publish(ctx, items, awsapi.Publication{})
				if err == nil {
					t.Error("no error")
				}
				at("the write", awsapi.FinishTime)

				confirm, cancelConfirm := awsapi.Confirming(ctx)
				defer cancelConfirm()
				_, err = client.Alias(confirm, items, "prod")
				isKind(t, err, awsapi.Deadline)
				at("the read", awsapi.FinishTime+awsapi.ConfirmTime)

				undo, cancelUndo := awsapi.WrapUp(ctx, 30*time.Second)
				defer cancelUndo()
				_, err = client.UpdateAlias(undo, items, awsapi.Alias{Name: "prod", Version: "1", Revision: "r"})
				if err == nil || !awsapi.WrappedUp(undo) {
					t.Errorf("%v", err)
				}
				at("the undo", tt.most)

				late, cancelLate := awsapi.WrapUp(ctx, 30*time.Second)
				defer cancelLate()
				if late.Err() == nil || !awsapi.WrappedUp(late) {
					t.Error("there is more time than the budget")
				}
				confirm, cancelConfirm = awsapi.Confirming(late)
				defer cancelConfirm()
				if confirm.Err() == nil {
					t.Error("there is more time for a read than the budget")
				}
			})
		}
	}
}

// An undo that begins before the job's end has its own time until then.
func TestTheBudgetOfAnUndoUnderWay(t *testing.T) {
	t.Parallel()
	for end, want := range map[time.Duration]time.Duration{
		time.Hour:        30 * time.Second,
		10 * time.Second: 14500 * time.Millisecond,
		29 * time.Second: 30 * time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			parent, cancel := context.WithTimeout(t.Context(), end)
			defer cancel()
			undo, cancelUndo := awsapi.WrapUp(awsapi.Job(parent, 1), 30*time.Second)
			defer cancelUndo()
			start := time.Now()
			<-undo.Done()
			if took := time.Since(start); took != want {
				t.Errorf("with the job's end after %s: %s, want %s", end, took, want)
			}
		})
	}
}

// The last write of a wrap-up gets no more time than is left.
func TestAWriteInFlightKeepsToTheBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newCloud(t, localaws.Options{})
		client := w.open(t, timeout(time.Hour))
		parent, cancel := context.WithCancel(t.Context())
		ctx := awsapi.Job(parent, 1)
		cancel()
		start := time.Now()
		time.Sleep(4 * time.Second)
		w.spoil("", always, localaws.Fault{Hang: true})
		undo, cancelUndo := awsapi.WrapUp(ctx, time.Minute)
		defer cancelUndo()
		if err := client.DeleteAlias(undo, items, "prod"); err == nil {
			t.Error("no error")
		}
		if took := time.Since(start); took != 4500*time.Millisecond {
			t.Errorf("ended %s after the job", took)
		}
	})
}

type key struct{}

// Without its timeout a context ends only when what it was made from ends, and
// the budget of its Job counts from there.
func TestWithoutTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		parent, cancelParent := context.WithCancel(t.Context())
		timed, cancel := awsapi.WithTimeout(parent, time.Minute)
		defer cancel()
		inner, cancelInner := context.WithCancel(context.WithValue(awsapi.Job(timed, 1), key{}, "value"))
		defer cancelInner()
		ctx := awsapi.WithoutTimeout(inner)
		time.Sleep(time.Hour)
		if !errors.Is(timed.Err(), context.DeadlineExceeded) || ctx.Err() != nil || ctx.Value(key{}) != "value" {
			t.Errorf("after the timeout: %v and %v, value %v", timed.Err(), ctx.Err(), ctx.Value(key{}))
		}
		if _, has := ctx.Deadline(); has {
			t.Error("it has a deadline")
		}
		child, cancelChild := context.WithTimeout(ctx, 2*time.Hour)
		defer cancelChild()
		cancelParent()
		<-child.Done()
		if !errors.Is(ctx.Err(), context.Canceled) || !errors.Is(child.Err(), context.Canceled) {
			t.Errorf("%v and %v", ctx.Err(), child.Err())
		}
		undo, cancelUndo := awsapi.WrapUp(ctx, time.Minute)
		defer cancelUndo()
		start := time.Now()
		<-undo.Done()
		if took := time.Since(start); took != 4500*time.Millisecond {
			t.Errorf("the undo has %s", took)
		}
		if plain := t.Context(); awsapi.WithoutTimeout(plain) != plain {
			t.Error("a context without the timeout is not itself")
		}
	})
}
