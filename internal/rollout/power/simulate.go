package main

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"

	"lambda-release/internal/analysis"
)

// routing is how a shift divides the traffic.
type routing struct {
	minutes int
	share   func(minute float64) float64 // of the new version, constant in each half of a minute
}

// plan is that of a job with one function and one relative check.
func (by routing) plan() analysis.Plan { return analysis.Plan{Comparisons: 1, Minutes: by.minutes} }

// rate is how often a version fails, by the time since the shift began.
type rate func(minute float64) float64

func constant(p float64) rate { return func(float64) float64 { return p } }

// simulate is how often each verdict comes out of a number of simulated shifts.
func simulate(shifts uint64, shift func(*random) analysis.Finding) map[analysis.Verdict]float64 {
	workers := uint64(max(1, runtime.GOMAXPROCS(0)))
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		total [analysis.Worse + 1]int
	)
	for w := range workers {
		wg.Go(func() {
			var own [analysis.Worse + 1]int
			for n := w; n < shifts; n += workers {
				own[shift(newRandom(n)).Verdict]++
			}
			mu.Lock()
			defer mu.Unlock()
			for verdict, n := range own {
				total[verdict] += n
			}
		})
	}
	wg.Wait()
	found := map[analysis.Verdict]float64{}
	for verdict, n := range total {
		found[analysis.Verdict(verdict)] = float64(n) / float64(shifts)
	}
	return found
}

// random makes one shift.
type random struct {
	*rand.Rand
	load float64 // how much busier than usual it is, as a logarithm
}

func newRandom(seed uint64) *random {
	return &random{Rand: rand.New(rand.NewPCG(seed, 1))} //nolint:gosec // a simulation, the same each time
}

// busy moves the load on by a minute: it wanders, by about 20 % up and down.
func (r *random) busy() float64 {
	r.load = 0.8*r.load + 0.12*r.NormFloat64()
	return math.Exp(r.load)
}

// counts are the failures of one shift.
func (r *random) counts(by routing, traffic float64, oldFails, newFails rate) []analysis.Minute {
	minutes := make([]analysis.Minute, by.minutes)
	for i := range minutes {
		m := &minutes[i]
		*m = analysis.Minute{Number: i + 1, LeastShare: 1}
		invocations := traffic * r.busy()
		for _, at := range []float64{float64(i), float64(i) + 0.5} {
			share := by.share(at)
			m.LeastShare, m.MostShare = min(m.LeastShare, share), max(m.MostShare, share)
			r.add(&m.Old, invocations/2*(1-share), oldFails(at))
			r.add(&m.New, invocations/2*share, newFails(at))
		}
	}
	return minutes
}

func (r *random) add(c *analysis.Count, invocations, failing float64) {
	failures := r.poisson(invocations * failing)
	c.Failures += failures
	c.Invocations += failures + r.poisson(invocations*(1-failing))
}

// durations are those of one shift in which the new version takes a number of times
// as long. They have a lognormal distribution.
func (r *random) durations(by routing, traffic float64, s analysis.Statistic, sigma, times float64) []analysis.TimedMinute {
	minutes := make([]analysis.TimedMinute, by.minutes)
	for i := range minutes {
		busy := r.busy()
		share := by.share(float64(i))
		timing := func(invocations, times float64) analysis.Timing {
			n := r.poisson(invocations * busy)
			return analysis.Timing{Invocations: n, Duration: 80 * busy * times * r.statistic(s, n, sigma)}
		}
		minutes[i] = analysis.TimedMinute{Number: i + 1, Old: timing(traffic*(1-share), 1), New: timing(traffic*share, times)}
	}
	return minutes
}

// statistic is that of n numbers with a lognormal distribution whose median is 1.
func (r *random) statistic(s analysis.Statistic, n int, sigma float64) float64 {
	if n == 0 {
		return 0
	}
	percentile, ok := s.Percentile()
	if !ok {
		sum := 0.0
		for range n {
			sum += math.Exp(sigma * r.NormFloat64())
		}
		return sum / float64(n)
	}
	// The k-th smallest of n uniform numbers has a beta distribution.
	k := math.Ceil(percentile / 100 * float64(n))
	below, above := r.gamma(k), r.gamma(float64(n)-k+1)
	return math.Exp(sigma * math.Sqrt2 * math.Erfinv(2*below/(below+above)-1))
}

// poisson is a number with a Poisson distribution: for large means by the
// transformed rejection of Hörmann, "The transformed rejection method for generating
// Poisson random variables", Insurance: Mathematics and Economics 12 (1993).
func (r *random) poisson(mean float64) int {
	if mean < 10 {
		k := 0
		for p := r.Float64(); p > math.Exp(-mean); p *= r.Float64() {
			k++
		}
		return k
	}
	b := 0.931 + 2.53*math.Sqrt(mean)
	a := -0.059 + 0.02483*b
	alpha := 1.1239 + 1.1328/(b-3.4)
	for {
		u, v := r.Float64()-0.5, r.Float64()
		us := 0.5 - math.Abs(u)
		k := math.Floor((2*a/us+b)*u + mean + 0.43)
		if us >= 0.07 && v <= 0.9277-3.6224/(b-2) {
			return int(k)
		}
		if k < 0 || us < 0.013 && v > us {
			continue
		}
		if factorial, _ := math.Lgamma(k + 1); math.Log(v*alpha/(a/(us*us)+b)) <= k*math.Log(mean)-mean-factorial {
			return int(k)
		}
	}
}

// gamma is a number with a gamma distribution of scale 1 and a shape of at least 1:
// Marsaglia and Tsang, "A simple method for generating gamma variables", ACM
// Transactions on Mathematical Software 26 (2000).
func (r *random) gamma(shape float64) float64 {
	d := shape - 1./3
	for {
		x := r.NormFloat64()
		v := 1 + x/math.Sqrt(9*d)
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(r.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}
