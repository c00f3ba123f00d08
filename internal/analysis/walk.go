package analysis

// walk is a count that grows minute by minute, and its distribution under the
// hypothesis that is tested. Courses in which the count has been too large before
// are not part of the distribution: the test has stopped there.
type walk struct {
	got   int       // the count
	alive []float64 // the probabilities of least, least+1, … without having been too large
	least int
	spent float64 // the probability of having been too large by now
}

func newWalk() *walk { return &walk{alive: []float64{1}} }

// negligible probabilities are not followed any further. A walk counts them as
// spent.
const negligible = 1e-20

// step adds what the count got in a minute, and its distribution. It reports whether
// the count is too large now. The limit is as low as possible if the probability
// of exceeding it, or of having exceeded an earlier one, is to be at most allowed.
func (w *walk) step(got int, law law, allowed float64) bool {
	next := make([]float64, len(w.alive)+len(law.p)-1)
	for i, a := range w.alive {
		for j, p := range law.p {
			next[i+j] += a * p
		}
	}
	least, most := 0, len(next)
	for w.spent+next[most-1] <= allowed {
		most--
		w.spent += next[most]
	}
	for next[least] < negligible {
		w.spent += next[least]
		least++
	}
	w.alive = next[least:most]
	w.least += law.least + least
	w.got += got
	return w.got > w.limit()
}

// limit is the largest count that is not too large.
func (w *walk) limit() int { return w.least + len(w.alive) - 1 }

// allowed is how much of alpha may be spent up to a minute of the plan.
func (p Plan) allowed(alpha float64, minute int) float64 {
	if minute >= p.Minutes {
		return alpha
	}
	return alpha * float64(minute) / float64(p.Minutes)
}

// law is the distribution of what one minute adds to a count.
type law struct {
	least int
	p     []float64 // the probabilities of least, least+1, …
}

// coin is the law of one minute of the sign test.
func coin(heads float64) law { return law{p: []float64{1 - heads, heads}} }
