package localaws

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// validateWeights checks routing weights against the API's constraints (A10).
func validateWeights(v *validation, weights map[string]float64) {
	const member = "routingConfig.additionalVersionWeights"
	for _, number := range slices.Sorted(maps.Keys(weights)) {
		weight := weights[number]
		entry := fmt.Sprintf("'{%s=%v}'", number, weight)
		v.check(versionNumber.MatchString(number), entry, member, "Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [0-9]+]")
		v.check(weight >= 0 && weight <= 1, entry, member, "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]")
	}
}

// admitWeights refuses routing weights that an alias pointing at v cannot have
// (A10, A11, A15).
func (f *function) admitWeights(v *version, weights map[string]float64) error {
	if len(weights) == 0 {
		return nil
	}
	if len(weights) > 1 {
		return invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
	}
	if v.number == latestVersion {
		return invalid("$LATEST is not supported for an alias pointing to more than 1 version")
	}
	for number := range weights {
		if number == v.number {
			return invalid("Invalid function version %s. Function version %s is already included in routing configuration.", number, number)
		}
		extra := f.resolve(number)
		if extra == nil {
			return notFound("Function not found: %s", qualified(f.arn, number))
		}
		if err := extra.admit(); err != nil {
			return err
		}
		if extra.Role != v.Role {
			return invalid("Specified versions must be associated with the same execution role")
		}
		if extra.DeadLetterConfig != v.DeadLetterConfig {
			return invalid("Specified versions must be associated with the same dead letter configuration")
		}
	}
	return nil
}

// chooser decides whether the next invocation is one of a share of them. sum is for its
// use, and 0 at the beginning.
type chooser func(share float64, sum *float64) bool

// evenly follows the shares exactly: of ten invocations at 0.1, the tenth is the one.
func evenly(share float64, sum *float64) bool {
	const rounding = 1e-9
	*sum += share
	if *sum > 1-rounding {
		*sum--
		return true
	}
	return false
}

// route returns the version that an invocation of an alias executes. Until a move has
// taken effect everywhere, half of them go to the version before it (A17); while
// provisioned concurrency moves, all of them (A12a).
func (s *store) route(f *function, a *alias, at time.Time, choose chooser) string {
	if number := f.transient(a); number != "" {
		return number
	}
	if s.moving(a, at) && !choose(0.5, &a.stray) {
		return a.left
	}
	for number, weight := range a.Weights {
		if choose(weight, &a.share) {
			return number
		}
	}
	return a.Version
}
