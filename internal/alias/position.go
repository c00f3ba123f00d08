package alias

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Position is where an alias points.
type Position struct {
	Version Version             // None: there is no such alias
	Weights map[Version]float64 // other versions' share of the traffic, 0 to 1; empty without a shift
	Unknown bool                // it could not be read
}

// Equal reports whether two positions route alike.
func (p Position) Equal(q Position) bool {
	return p.Version == q.Version && p.Unknown == q.Unknown && maps.Equal(p.Weights, q.Weights)
}

// Rest is the share of the version that the alias points to.
func (p Position) Rest() float64 {
	share := 1.0
	for _, weight := range p.Weights {
		share -= weight
	}
	return share
}

// String is the position for people: `12`, `12 (90 %) and 13 (10 %)`, `nowhere`.
func (p Position) String() string {
	switch {
	case p.Unknown:
		return "an unknown version"
	case p.Version == None:
		return "nowhere"
	case len(p.Weights) == 0:
		return p.Version.String()
	}
	var others []string
	for _, v := range slices.Sorted(maps.Keys(p.Weights)) {
		others = append(others, fmt.Sprintf("%s (%s)", v, Percent(p.Weights[v])))
	}
	return fmt.Sprintf("%s (%s) and %s", p.Version, Percent(p.Rest()), strings.Join(others, " and "))
}

// Was says where the alias was: `was at 12`, `did not exist`.
func (p Position) Was() string {
	if !p.Unknown && p.Version == None {
		return "did not exist"
	}
	return fmt.Sprintf("was at %s", p)
}

// MovedBy says what others have done to put the alias there: `run 600 has moved it to
// 12`, `run 600 has deleted it`.
func (p Position) MovedBy(others string) string {
	if !p.Unknown && p.Version == None {
		return others + " has deleted it"
	}
	return fmt.Sprintf("%s has moved it to %s", others, p)
}

// Percent is a share of the traffic, to a tenth of a percent.
func Percent(share float64) string {
	return fmt.Sprintf("%g %%", math.Round(share*1000)/10)
}
