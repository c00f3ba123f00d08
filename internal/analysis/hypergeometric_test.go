package analysis

import (
	"fmt"
	"math"
	"math/big"
	"testing"
)

// TestLaws holds all small laws against exact arithmetic.
func TestLaws(t *testing.T) {
	t.Parallel()
	holds := func(what string, law law, want []*big.Rat) {
		sum := new(big.Rat)
		for _, term := range want {
			sum.Add(sum, term)
		}
		for x, term := range want {
			want, _ := new(big.Rat).Quo(term, sum).Float64()
			got := 0.0
			if i := x - law.least; i >= 0 && i < len(law.p) {
				got = law.p[i]
			}
			if math.Abs(got-want) > 1e-14 {
				t.Errorf("%s: P(%d) is %v, want %v", what, x, got, want)
			}
		}
	}
	choose := func(n, k int64) *big.Rat { return new(big.Rat).SetInt(new(big.Int).Binomial(n, k)) }
	for n1 := range int64(9) {
		for n0 := range int64(9) {
			for failures := range n1 + n0 + 1 {
				var want []*big.Rat
				for x := range failures + 1 {
					term := new(big.Rat)
					if x <= n1 && failures-x <= n0 {
						term.Mul(choose(n1, x), choose(n0, failures-x))
					}
					want = append(want, term)
				}
				holds(fmt.Sprintf("%d of %d and %d", failures, n1, n0), hypergeometric(int(n1), int(n0), int(failures)), want)
			}
		}
	}
	for _, odds := range []int64{1, 4, 60} { // p is odds/(odds+1)
		for failures := range int64(20) {
			var want []*big.Rat
			power := big.NewRat(1, 1)
			for x := range failures + 1 {
				want = append(want, new(big.Rat).Mul(choose(failures, x), power))
				power = new(big.Rat).Mul(power, big.NewRat(odds, 1))
			}
			holds(fmt.Sprintf("%d with odds of %d", failures, odds), binomial(int(failures), float64(odds)/float64(odds+1)), want)
		}
	}
}

// TestHypergeometricOfMany: mean and variance are as in the textbook, and the
// length grows with the square root.
func TestHypergeometricOfMany(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ n1, n0, failures int }{{100, 900, 20}, {1e6, 9e6, 2e5}, {9e6, 1e6, 9.5e6}, {5e7, 5e7, 1e7}} {
		law := hypergeometric(tt.n1, tt.n0, tt.failures)
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
