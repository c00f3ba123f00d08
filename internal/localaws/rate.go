package localaws

import (
	"math"
	"sync"

	"golang.org/x/time/rate"
)

// budget is the request rate limit that a call counts against.
type budget int

const (
	free          budget = iota
	controlPlane         // shared by all control-plane calls: 15 a second
	getFunction          // GetFunction's own: 100 a second
	getPolicy            // GetPolicy's own: 15 a second
	budgetsNumber        // number of budgets
)

// share is the rate of each budget relative to that of the control plane.
var share = [budgetsNumber]float64{controlPlane: 1, getFunction: 100.0 / 15, getPolicy: 1}

// budgets are the token buckets of an account, one set for each region.
type budgets struct {
	rate float64

	mu      sync.Mutex
	regions map[string]*[budgetsNumber]*rate.Limiter
}

func newBudgets(perSecond float64) *budgets {
	return &budgets{rate: perSecond, regions: map[string]*[budgetsNumber]*rate.Limiter{}}
}

// allow counts a call against a budget and reports whether it is within the rate.
func (b *budgets) allow(region string, which budget) bool {
	if b.rate <= 0 || which == free {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	set := b.regions[region]
	if set == nil {
		set = new([budgetsNumber]*rate.Limiter)
		for i := range set {
			perSecond := b.rate * share[i]
			set[i] = rate.NewLimiter(rate.Limit(perSecond), int(math.Max(1, math.Round(perSecond))))
		}
		b.regions[region] = set
	}
	return set[which].Allow()
}
