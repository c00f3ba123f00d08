package localaws

import (
	"hash/fnv"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Traffic is invocations of an alias that come at random, at a constant rate. The alias
// routes each of them as it stands at that time; the versions need not exist yet.
type Traffic struct {
	Function  string
	Alias     string
	PerMinute float64

	// By version. The rates are from 0 to 1. Durations are medians, 100 ms if not given;
	// they are distributed log-normally, with a p99 of 2.5 times the median.
	Errors    map[string]float64
	Throttles map[string]float64
	Durations map[string]time.Duration

	// The same seed, function and alias have the same invocations at the same times. Which
	// version each reaches depends on the alias.
	Seed uint64
}

const (
	medianDuration = 100 * time.Millisecond
	spread         = 0.4 // of the logarithm of a duration
)

// traffic is Traffic that is being played.
type traffic struct {
	Traffic

	random, routing *rand.Rand
	next            time.Time // of the next invocation
}

// PlayTraffic plays traffic from now until stop is called, in real or virtual
// time: calls see the metrics of all invocations up to then, and alarms on
// metrics follow. Nothing runs in the background, no function's script is called, and
// an invocation of an alias or version that does not exist or cannot serve leaves no
// trace, as on AWS.
func (c *Cloud) PlayTraffic(t Traffic) (stop func()) {
	if t.PerMinute <= 0 {
		panic("localaws: traffic needs a rate")
	}
	s := c.store
	s.mu.Lock()
	defer s.mu.Unlock()
	s.advance()
	name := fnv.New64a()
	_, _ = name.Write([]byte(t.Function + ":" + t.Alias))
	source := func(n uint64) *rand.Rand { return rand.New(rand.NewPCG(t.Seed, name.Sum64()+n)) } //nolint:gosec // no secret
	playing := &traffic{Traffic: t, random: source(0), routing: source(1), next: time.Now()}
	playing.wait()
	s.traffic = append(s.traffic, playing)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.advance()
		s.traffic = slices.DeleteFunc(s.traffic, func(other *traffic) bool { return other == playing })
	}
}

// wait draws the time of the next invocation.
func (t *traffic) wait() {
	t.next = t.next.Add(time.Duration(t.random.ExpFloat64() / t.PerMinute * float64(time.Minute)))
}

// randomly chooses as AWS does.
func (t *traffic) randomly(share float64, _ *float64) bool { return t.routing.Float64() < share }

// play plays all traffic until a time.
func (s *store) play(until time.Time) {
	for _, t := range s.traffic {
		for !t.next.After(until) {
			s.playMinute(t, until)
		}
	}
}

// playMinute plays traffic until the end of the minute of its next invocation, or until
// a time before that.
func (s *store) playMinute(t *traffic, until time.Time) {
	begins := t.next.Truncate(time.Minute)
	if end := begins.Add(time.Minute - 1); end.Before(until) {
		until = end
	}
	arn := functionARN(s.region, s.account, t.Function, "")
	f := s.functions[arn]
	if f != nil {
		f.settle(begins)
	}
	done := map[string]*invocations{} // by version; nil: it cannot serve
	for ; !t.next.After(until); t.wait() {
		// All numbers are drawn for every invocation, so that the next ones are the same.
		throttled, failed, duration := t.random.Float64(), t.random.Float64(), math.Exp(spread*t.random.NormFloat64())
		if f == nil || f.aliases[t.Alias] == nil {
			continue
		}
		a := f.aliases[t.Alias]
		number := s.route(f, a, t.next, t.randomly)
		in, ok := done[number]
		if !ok {
			if v := f.resolve(number); v != nil && v.state.value == "Active" {
				in = &invocations{
					region: s.region, function: t.Function, qualifier: t.Alias, version: number,
					weighted: len(a.Weights) > 0, at: begins, durations: map[float64]float64{},
				}
			}
			done[number] = in
		}
		if in != nil {
			t.invoke(in, throttled, failed, duration)
		}
	}
	for _, number := range slices.Sorted(maps.Keys(done)) {
		if in := done[number]; in != nil {
			s.measureInvocations(*in)
		}
	}
}

// invoke counts an invocation. The first two numbers are uniform from 0 to 1, the third
// is the ratio of the duration to the median.
func (t *traffic) invoke(in *invocations, throttled, failed, duration float64) {
	if throttled < t.Throttles[in.version] {
		in.throttled++
		return
	}
	in.count++
	if failed < t.Errors[in.version] {
		in.errors++
	}
	median, ok := t.Durations[in.version]
	if !ok {
		median = medianDuration
	}
	// In steps of 1 % of the median, so that a minute has few different values.
	in.durations[milliseconds(median)*math.Round(100*duration)/100]++
}
