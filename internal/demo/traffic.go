package main

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"lambda-release/internal/localaws"
)

// maxPerMinute keeps the traffic cheap enough to be played in real time.
const maxPerMinute = 1_000_000

var (
	// https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html
	functionName  = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)
	aliasName     = regexp.MustCompile(`^[0-9]*[a-zA-Z_-][a-zA-Z0-9_-]*$`) // not only digits
	versionNumber = regexp.MustCompile(`^[1-9][0-9]*$`)
)

// parseTraffic parses the values of -traffic, one alias each.
func parseTraffic(values []string) ([]localaws.Traffic, error) {
	var all []localaws.Traffic
	for _, value := range values {
		t, err := parseOne(value)
		if err == nil && slices.ContainsFunc(all, func(other localaws.Traffic) bool { return other.Function == t.Function && other.Alias == t.Alias }) {
			err = fmt.Errorf("%s:%s has traffic already; give all of its options in one value", t.Function, t.Alias)
		}
		if err != nil {
			return nil, fmt.Errorf("-traffic %q: %w", value, err)
		}
		all = append(all, t)
	}
	return all, nil
}

// parseOne parses FUNCTION:ALIAS=N/min and the options after it.
func parseOne(value string) (t localaws.Traffic, err error) {
	target, rest, _ := strings.Cut(value, "=")
	name, alias, _ := strings.Cut(target, ":")
	if !functionName.MatchString(name) || !aliasName.MatchString(alias) {
		return t, fmt.Errorf("%q is not the name of a function and an alias, as in items:prod=600/min", target)
	}
	rate, options, more := strings.Cut(rest, ",")
	number, perMinute := strings.CutSuffix(rate, "/min")
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !perMinute || !(n > 0 && n <= maxPerMinute) {
		return t, fmt.Errorf("the rate %q is not a number of invocations a minute from above 0 to %d, as in 600/min", rate, maxPerMinute)
	}
	t = localaws.Traffic{
		Function: name, Alias: alias, PerMinute: n,
		Errors: map[string]float64{}, Throttles: map[string]float64{}, Durations: map[string]time.Duration{},
	}
	seen := map[string]bool{}
	for more {
		var option string
		option, options, more = strings.Cut(options, ",")
		key, value, _ := strings.Cut(option, "=")
		if seen[key] {
			return t, fmt.Errorf("%s is given twice", key)
		}
		seen[key] = true
		if err := set(&t, key, value); err != nil {
			return t, fmt.Errorf("the option %q: %w", option, err)
		}
	}
	return t, nil
}

// set sets an option: errors:2 to 0.02, for one.
func set(t *localaws.Traffic, key, value string) (err error) {
	kind, version, versioned := strings.Cut(key, ":")
	switch kind {
	case "errors", "throttles", "duration":
		if !versionNumber.MatchString(version) {
			return fmt.Errorf("it needs the number of a version, as in %s:2", kind)
		}
	case "seed":
		if !versioned {
			if t.Seed, err = strconv.ParseUint(value, 10, 64); err != nil {
				return fmt.Errorf("%q is not a whole number", value)
			}
			return nil
		}
		fallthrough
	default:
		return errors.New("there are only errors:VERSION=RATE, throttles:VERSION=RATE, duration:VERSION=DURATION and seed=NUMBER")
	}
	if kind == "duration" {
		d, err := time.ParseDuration(value)
		if err != nil || d <= 0 {
			return fmt.Errorf("%q is not a duration, as in 120ms", value)
		}
		t.Durations[version] = d
		return nil
	}
	rate, err := strconv.ParseFloat(value, 64)
	if err != nil || !(rate >= 0 && rate <= 1) {
		return fmt.Errorf("%q is not a rate from 0 to 1, as in 0.02", value)
	}
	if kind == "errors" {
		t.Errors[version] = rate
	} else {
		t.Throttles[version] = rate
	}
	return nil
}

// play plays traffic. A function or alias that does not exist is made, with new code to
// be released.
func play(cloud *localaws.Cloud, all []localaws.Traffic) {
	made := map[string]bool{function: true} // by prepare
	for _, t := range all {
		if !made[t.Function] {
			made[t.Function] = true
			cloud.AddFunction(t.Function)
			cloud.Publish(t.Function, "published by hand")
			cloud.Upload(t.Function, "second")
		}
		if _, ok := cloud.Alias(t.Function, t.Alias); !ok {
			cloud.SetAlias(t.Function, localaws.Alias{Name: t.Alias, Version: "1"})
		}
		cloud.PlayTraffic(t)
	}
}

// describe says what -serve plays, and how to release into it.
func describe(all []localaws.Traffic) string {
	var text strings.Builder
	for _, t := range all {
		fmt.Fprintf(&text, "\n%s:%s gets %v invocations a minute", t.Function, t.Alias, t.PerMinute)
		rates := func(of map[string]float64, what string) {
			for _, version := range slices.Sorted(maps.Keys(of)) {
				fmt.Fprintf(&text, ", version %s %s %.4g %% of its own", version, what, 100*of[version])
			}
		}
		rates(t.Errors, "fails in")
		rates(t.Throttles, "throttles")
		for _, version := range slices.Sorted(maps.Keys(t.Durations)) {
			fmt.Fprintf(&text, ", version %s takes %s", version, t.Durations[version])
		}
		fmt.Fprintf(&text, ". To release new code into it:\n\ngo run . --function-name %s --alias %s --strategy Linear20PercentEvery1Minute\n", t.Function, t.Alias)
	}
	return text.String()
}
