package release

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"lambda-release/internal/awsapi"
)

// differences lists what is not the same in two versions. Of environment
// variables it gives the names only.
func differences(from, to awsapi.Configuration) []string {
	var diff []string
	if from.CodeSHA256 != to.CodeSHA256 {
		diff = append(diff, fmt.Sprintf("code %.12s… -> %.12s…", from.CodeSHA256, to.CodeSHA256))
	}
	for _, f := range []struct{ name, from, to string }{
		{"package type", from.PackageType, to.PackageType},
		{"runtime", from.Runtime, to.Runtime},
		{"handler", from.Handler, to.Handler},
		{"memory", fmt.Sprintf("%d MB", from.MemoryMB), fmt.Sprintf("%d MB", to.MemoryMB)},
		{"timeout", fmt.Sprintf("%d s", from.TimeoutSeconds), fmt.Sprintf("%d s", to.TimeoutSeconds)},
		{"architecture", strings.Join(from.Architectures, " "), strings.Join(to.Architectures, " ")},
		{"role", lastSegment(from.Role), lastSegment(to.Role)},
		{"dead-letter target", lastSegment(from.DeadLetter), lastSegment(to.DeadLetter)},
	} {
		if f.from != f.to {
			diff = append(diff, fmt.Sprintf("%s %s -> %s", f.name, orNone(f.from), orNone(f.to)))
		}
	}
	if names := changedNames(setOf(from.Layers), setOf(to.Layers)); names != "" {
		diff = append(diff, "layers "+names)
	}
	if names := changedNames(from.Environment, to.Environment); names != "" {
		diff = append(diff, "environment "+names)
	}
	return diff
}

// changedNames is `+added -removed ~changed`, sorted by name.
func changedNames(from, to map[string]string) string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(to)) {
		old, had := from[name]
		switch {
		case !had:
			names = append(names, "+"+name)
		case old != to[name]:
			names = append(names, "~"+name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(from)) {
		if _, has := to[name]; !has {
			names = append(names, "-"+name)
		}
	}
	return strings.Join(names, " ")
}

// setOf keys layers by the end of their ARNs, name and version: the account
// in front says nothing about the change.
func setOf(layers []string) map[string]string {
	set := make(map[string]string, len(layers))
	for _, arn := range layers {
		_, name, found := strings.Cut(arn, ":layer:")
		if !found {
			name = arn
		}
		set[name] = arn
	}
	return set
}

func lastSegment(arn string) string { return arn[strings.LastIndexAny(arn, ":/")+1:] }
