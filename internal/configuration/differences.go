package configuration

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Differences puts into words how a configuration differs from another one. Of the
// environment's variables it has the names only.
func (c Configuration) Differences(from Configuration) []string {
	return differences(settings, from.values, c.values)
}

func differences(in []setting, from, to map[string]any) []string {
	var diff []string
	for _, s := range in {
		old, now := from[s.name], to[s.name]
		if reflect.DeepEqual(old, now) {
			continue
		}
		if s.kind == object {
			was, _ := old.(map[string]any)
			is, _ := now.(map[string]any)
			diff = append(diff, differences(s.members, was, is)...)
			continue
		}
		diff = append(diff, s.label+" "+s.difference(old, now))
	}
	return diff
}

// Words puts a configuration into words, a setting each. Of the environment's variables it
// has the names only.
func (c Configuration) Words() []string { return inWords(settings, c.values) }

func inWords(in []setting, values map[string]any) []string {
	var all []string
	for _, s := range in {
		value := values[s.name]
		if value != nil && s.unsaid {
			all = append(all, s.label)
			continue
		}
		switch value := value.(type) {
		case nil:
		case map[string]any:
			if s.kind == object {
				all = append(all, inWords(s.members, value)...)
			} else {
				all = append(all, s.label+" "+strings.Join(slices.Sorted(maps.Keys(value)), " "))
			}
		case []any:
			all = append(all, s.label+" "+strings.Join(slices.Sorted(maps.Keys(s.set(value))), " "))
		default:
			all = append(all, s.label+" "+s.said(value))
		}
	}
	return all
}

func (s setting) difference(old, now any) string {
	switch {
	case s.unsaid:
		return "changed"
	case s.kind == list:
		was, is := s.set(old), s.set(now)
		return cmp.Or(changedNames(was, is), "in another order")
	case s.kind == variables:
		was, _ := old.(map[string]any)
		is, _ := now.(map[string]any)
		return changedNames(was, is)
	}
	was, is := s.said(old), s.said(now)
	if was == is { // in another account, region or path
		was, is = fmt.Sprint(old), fmt.Sprint(now)
	}
	return was + " -> " + is
}

// set is the elements of a list by what is shown of them.
func (s setting) set(value any) map[string]any {
	all, _ := value.([]any)
	set := make(map[string]any, len(all))
	for _, e := range all {
		if m, ok := e.(map[string]any); ok { // a file system
			set[fmt.Sprint(m["LocalMountPath"])] = fmt.Sprint(m)
			continue
		}
		set[s.shortened(fmt.Sprint(e))] = e
	}
	return set
}

// said is a value in words.
func (s setting) said(value any) string {
	switch v := value.(type) {
	case nil:
		if s.def != nil {
			return s.said(s.def)
		}
		return "none"
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64) + s.unit
	case string:
		return s.shortened(v)
	}
	return fmt.Sprint(value)
}

func (s setting) shortened(value string) string {
	if s.short == nil {
		return value
	}
	return s.short(value)
}

// changedNames is `+added -removed ~changed`, sorted by name.
func changedNames(from, to map[string]any) string {
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

// layerName is the end of a layer's ARN, name and version: the account in front says
// nothing about the change.
func layerName(arn string) string {
	_, name, found := strings.Cut(arn, ":layer:")
	if !found {
		return arn
	}
	return name
}

func lastSegment(arn string) string { return arn[strings.LastIndexAny(arn, ":/")+1:] }

func compareTexts(a, b any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) }
