package release_test

import (
	"slices"
	"strings"

	"lambda-release/internal/localaws"
)

// sorted are the operations by name, since what runs side by side arrives in
// any order.
func sorted(calls []localaws.Call) string {
	var ops []string
	for _, c := range calls {
		ops = append(ops, c.Operation)
	}
	slices.Sort(ops)
	return strings.Join(ops, " ")
}

// roundTrips is how many calls came one after another: the longest chain in
// which each began when the one before had been answered.
func roundTrips(calls []localaws.Call) int {
	slices.SortFunc(calls, func(a, b localaws.Call) int { return a.End.Compare(b.End) })
	trips := 0
	var end = calls[0].Start
	for _, c := range calls {
		if !c.Start.Before(end) {
			trips++
			end = c.End
		}
	}
	return trips
}
