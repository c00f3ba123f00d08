package analysis

import (
	"math"
	"math/big"
	"testing"
)

// TestHypergeometric holds all small laws against exact arithmetic.
func TestHypergeometric(t *testing.T) {
	t.Parallel()
	for _, odds := range []*big.Rat{big.NewRat(1, 1), big.NewRat(9, 4), big.NewRat(1, 50), big.NewRat(60, 1)} {
		for n1 := range int64(9) {
			for n0 := range int64(9) {
				for failures := range n1 + n0 + 1 {
					o, _ := odds.Float64()
					law := hypergeometric(int(n1), int(n0), int(failures), o)
					terms, sum := exact(n1, n0, failures, odds)
					for x, term := range terms {
						want, _ := new(big.Rat).Quo(term, sum).Float64()
						got := 0.0
						if i := x - law.least; i >= 0 && i < len(law.p) {
							got = law.p[i]
						}
						if math.Abs(got-want) > 1e-14 {
							t.Errorf("%d of %d and %d, odds %v: P(%d) is %v, want %v", failures, n1, n0, odds, x, got, want)
						}
					}
				}
			}
		}
	}
}

// exact has the terms of P and their sum.
func exact(n1, n0, t int64, odds *big.Rat) (terms []*big.Rat, sum *big.Rat) {
	sum, power := new(big.Rat), big.NewRat(1, 1)
	for x := range t + 1 {
		term := new(big.Rat)
		if x <= n1 && t-x <= n0 {
			ways := new(big.Int).Mul(new(big.Int).Binomial(n1, x), new(big.Int).Binomial(n0, t-x))
			term.Mul(new(big.Rat).SetInt(ways), power)
		}
		terms, sum = append(terms, term), sum.Add(sum, term)
		power = new(big.Rat).Mul(power, odds)
	}
	return terms, sum
}

// TestHypergeometricOfMany: mean and variance are as in the textbook, and the
// length grows with the square root.
func TestHypergeometricOfMany(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ n1, n0, failures int }{{100, 900, 20}, {1e6, 9e6, 2e5}, {9e6, 1e6, 9.5e6}, {5e7, 5e7, 1e7}} {
		law := hypergeometric(tt.n1, tt.n0, tt.failures, 1)
		var sum, mean, variance float64
		for i, p := range law.p {
			sum += p
			mean += p * float64(law.least+i)
		}
		for i, p := range law.p {
			d := float64(law.least+i) - mean
			variance += p * d * d
		}
		n1, n0, f := float64(tt.n1), float64(tt.n0), float64(tt.failures)
		n := n1 + n0
		wantMean, wantVariance := f*n1/n, f*n1/n*n0/n*(n-f)/(n-1)
		if math.Abs(sum-1) > 1e-12 || math.Abs(mean/wantMean-1) > 1e-10 || math.Abs(variance/wantVariance-1) > 1e-8 {
			t.Errorf("%+v: sum %v, mean %v (want %v), variance %v (want %v)", tt, sum, mean, wantMean, variance, wantVariance)
		}
		if most := 25 * (1 + math.Sqrt(wantVariance)); float64(len(law.p)) > most {
			t.Errorf("%+v: %d probabilities, more than %.0f", tt, len(law.p), most)
		}
	}
}
