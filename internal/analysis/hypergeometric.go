package analysis

import (
	"math"
	"slices"
)

// hypergeometric is the distribution of how many of t failures fall to the new
// version, which has n1 of the n1+n0 invocations, if all of these are equally likely
// to fail:
//
//	P(x) = C(n1, x) C(n0, t-x) / C(n1+n0, t)
func hypergeometric(n1, n0, t int) law {
	mode := float64(n1+1) * float64(t+1) / float64(n1+n0+2)
	return lawOf(max(0, t-n0), min(n1, t), int(mode), func(x int) float64 {
		return float64(n1-x) * float64(t-x) / (float64(x+1) * float64(n0-t+x+1))
	})
}

// binomial is the distribution of how many of t failures fall to the new version if
// each does so with the probability p, below 1:
//
//	P(x) = C(t, x) p^x (1-p)^(t-x)
func binomial(t int, p float64) law {
	return lawOf(0, t, int(math.Floor(float64(t+1)*p)), func(x int) float64 {
		return float64(t-x) / float64(x+1) * p / (1 - p)
	})
}

// lawOf is the distribution from first to last, with the largest probability at the
// mode, in which ratio is that of P(x+1) to P(x).
//
// The terms are computed from the largest one outwards, each from its neighbour,
// until they are too small to change the sum. So the time grows with the square
// root of t, and not with t.
func lawOf(first, last, mode int, ratio func(x int) float64) law {
	mode = min(max(mode, first), last)
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
