package input

import (
	"fmt"
	"maps"
	"slices"
)

// stages refuses a stage that functions bind to different aliases: its variable has one
// value.
func (c *checks) stages() {
	type binding struct{ function, alias string }
	first := map[string]binding{} // by ARN
	for _, fn := range slices.Sorted(maps.Keys(c.in.Stages)) {
		for _, alias := range slices.Sorted(maps.Keys(c.in.Stages[fn])) {
			for _, s := range c.in.Stages[fn][alias] {
				b, bound := first[s.ARN]
				if !bound {
					first[s.ARN] = binding{fn, alias}
				}
				c.refuse("api-gateway-stages", bound && b.alias != alias, s.ARN, fmt.Sprintf("another function: %s binds it to %s, and %s to %s", b.function, b.alias, fn, alias),
					"a stage has one variable for all functions behind it; bind it to one alias")
			}
		}
	}
}
