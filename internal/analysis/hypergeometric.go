package analysis

import (
	"math"
	"slices"
)

// hypergeometric is the distribution of how many of t failures fall to the new
// version, which has n1 of the n1+n0 invocations:
//
//	P(x) = C(n1, x) C(n0, t-x) odds^x / sum over y of C(n1, y) C(n0, t-y) odds^y
//
// If odds is 1, all invocations are equally likely to fail. Otherwise it is Fisher's
// noncentral hypergeometric distribution: the odds of a failure are that many
// times as high on the new version as on the old one.
//
// The terms are computed from the largest one outwards, each from its neighbour,
// until they are too small to change the sum. So the time grows with the square
// root of t, and not with t.
func hypergeometric(n1, n0, t int, odds float64) law {
	first, last := max(0, t-n0), min(n1, t)
	ratio := func(x int) float64 { // of P(x+1) to P(x)
		return odds * float64(n1-x) * float64(t-x) / (float64(x+1) * float64(n0-t+x+1))
	}
	mode := min(max(mode(n1, n0, t, odds), first), last)

	var p []float64
	for x, term := mode, 1.0; x > first && term > negligible; x-- {
		term /= ratio(x - 1)
		p = append(p, term)
	}
	slices.Reverse(p)
	least := mode - len(p)
	p = append(p, 1)
	for x, term := mode, 1.0; x < last && term > negligible; x++ {
		term *= ratio(x)
		p = append(p, term)
	}
	sum := 0.0
	for _, term := range p {
		sum += term
	}
	for i := range p {
		p[i] /= sum
	}
	return law{least, p}
}

// mode is where P is largest: Liao and Rosen, "Fast and stable algorithms for
// computing and sampling from the noncentral hypergeometric distribution", The
// American Statistician 55 (2001).
func mode(n1, n0, t int, odds float64) int {
	a := odds - 1
	b := float64(n1+t+2)*odds + float64(n0-t)
	c := odds * float64(n1+1) * float64(t+1)
	return int(2 * c / (b + math.Sqrt(b*b-4*a*c)))
}
