package release_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
)

// latency is that of the embedded AWS in the benchmarks, about a real one's.
const latency = 30 * time.Millisecond

// BenchmarkRelease reports how many times as long a release takes as its two
// round trips alone.
func BenchmarkRelease(b *testing.B) {
	w, r := benchWorld(b)
	for i := 0; b.Loop(); i++ {
		w.Upload("items", fmt.Sprint(i))
		if o := r.Run(b.Context(), on(run(uint64(i+1)), "items")).Outcomes[0]; o.Status != release.Released {
			b.Fatalf("%s: %v", o.Status, o.Err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/(2*latency.Seconds()), "x-round-trips")
}

// BenchmarkUnchanged is the same for a release that has nothing to do, and its
// one round trip.
func BenchmarkUnchanged(b *testing.B) {
	_, r := benchWorld(b)
	r.Run(b.Context(), on(run(1), "items"))
	for b.Loop() {
		if o := r.Run(b.Context(), on(run(2), "items")).Outcomes[0]; o.Status != release.Unchanged {
			b.Fatalf("%s: %v", o.Status, o.Err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/latency.Seconds(), "x-round-trips")
}

func benchWorld(b *testing.B) (*world, *release.Releaser) {
	w := newWorld(b, localaws.Options{Latency: latency})
	w.rate = 1e6
	w.AddFunction("items")
	r := w.releaser(time.Minute)
	return w, r
}

// BenchmarkHundredFunctions reports how many times as long a batch takes as
// AWS's budget of 15 calls a second alone, all of it spent well: no call is
// refused.
func BenchmarkHundredFunctions(b *testing.B) {
	const functions = 100
	for i := 0; b.Loop(); i++ {
		res, w := releaseMany(b, functions)
		if res.Status() != release.Released {
			b.Fatal(res.Status())
		}
		for _, c := range w.Calls() {
			if c.Status >= 400 && c.Operation != "GetAlias" {
				b.Fatalf("%s of %s was answered %d", c.Operation, c.Function, c.Status)
			}
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/budget(functions).Seconds(), "x-budget")
}

// budget is how long AWS's rate lets four calls for each function take.
func budget(functions int) time.Duration {
	const burst, rate = 14, 15
	return time.Duration(4*functions-burst) * time.Second / rate
}

// releaseMany releases new versions all at once on an AWS with the real rate.
func releaseMany(t testing.TB, functions int) (release.Result, *world) {
	t.Helper()
	w := newWorld(t, localaws.Options{Rate: 15, Latency: latency})
	var names []string
	for i := range functions {
		name := fmt.Sprintf("fn%03d", i)
		w.AddFunction(name)
		toMove(w, name)
		names = append(names, name)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	return w.releaser(5*time.Minute).Run(ctx, on(run(1), names...)), w
}

func TestManyFunctionsKeepWithinTheRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const functions = 100
		begun := time.Now()
		res, w := releaseMany(t, functions)
		if took := time.Since(begun); took > budget(functions)*105/100 {
			t.Errorf("took %s, and AWS's rate alone takes %s", took, budget(functions))
		}
		if res.Status() != release.Released {
			t.Errorf("ended %s", res.Status())
		}
		calls := w.Calls()
		if len(calls) != 4*functions {
			t.Errorf("%d calls for %d functions", len(calls), functions)
		}
		for _, c := range calls {
			if c.Status == 429 {
				t.Errorf("%s of %s was refused", c.Operation, c.Function)
			}
		}
	})
}
