package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/localaws"
)

func TestParseTraffic(t *testing.T) {
	t.Parallel()
	got, err := parseTraffic([]string{"items:prod=600/min,errors:2=0.02,throttles:1=1,duration:2=120ms,seed=7,errors:10=0", "items:dev=0.5/min"})
	if err != nil {
		t.Fatal(err)
	}
	want := []localaws.Traffic{
		{
			Function: "items", Alias: "prod", PerMinute: 600, Seed: 7,
			Errors: map[string]float64{"2": 0.02, "10": 0}, Throttles: map[string]float64{"1": 1}, Durations: map[string]time.Duration{"2": 120 * time.Millisecond},
		},
		{Function: "items", Alias: "dev", PerMinute: 0.5, Errors: map[string]float64{}, Throttles: map[string]float64{}, Durations: map[string]time.Duration{}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseTrafficRefuses(t *testing.T) {
	t.Parallel()
	const (
		name     = `is not the name of a function and an alias, as in items:prod=600/min`
		rate     = `is not a number of invocations a minute from above 0 to 1000000, as in 600/min`
		share    = `is not a rate from 0 to 1, as in 0.02`
		duration = `is not a duration, as in 120ms`
		only     = `there are only errors:VERSION=RATE, throttles:VERSION=RATE, duration:VERSION=DURATION and seed=NUMBER`
	)
	for value, want := range map[string]string{
		"":                                  `"" ` + name,
		"items":                             `"items" ` + name,
		"items=600/min":                     `"items" ` + name,
		"items:7=600/min":                   `"items:7" ` + name,
		"a b:prod=600/min":                  `"a b:prod" ` + name,
		"items:prod":                        `the rate "" ` + rate,
		"items:prod=600":                    `the rate "600" ` + rate,
		"items:prod=10/s":                   `the rate "10/s" ` + rate,
		"items:prod=0/min":                  `the rate "0/min" ` + rate,
		"items:prod=NaN/min":                `the rate "NaN/min" ` + rate,
		"items:prod=1e9/min":                `the rate "1e9/min" ` + rate,
		"items:prod=6/min,":                 `the option "": ` + only,
		"items:prod=6/min,error:2=1":        `the option "error:2=1": ` + only,
		"items:prod=6/min,seed:2=1":         `the option "seed:2=1": ` + only,
		"items:prod=6/min,errors=1":         `the option "errors=1": it needs the number of a version, as in errors:2`,
		"items:prod=6/min,errors:$LATEST=1": `the option "errors:$LATEST=1": it needs the number of a version, as in errors:2`,
		"items:prod=6/min,errors:2=2%":      `the option "errors:2=2%": "2%" ` + share,
		"items:prod=6/min,errors:2=1.1":     `the option "errors:2=1.1": "1.1" ` + share,
		"items:prod=6/min,throttles:2=NaN":  `the option "throttles:2=NaN": "NaN" ` + share,
		"items:prod=6/min,duration:2=120":   `the option "duration:2=120": "120" ` + duration,
		"items:prod=6/min,duration:2=-1s":   `the option "duration:2=-1s": "-1s" ` + duration,
		"items:prod=6/min,seed=x":           `the option "seed=x": "x" is not a whole number`,
		"items:prod=6/min,seed=1,seed=2":    `seed is given twice`,
		"other:prod=6/min":                  `other:prod has traffic already; give all of its options in one value`,
	} {
		_, err := parseTraffic([]string{"other:prod=1/min", value})
		if want := fmt.Sprintf("-traffic %q: %s", value, want); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// What has traffic exists, with code to release.
func TestPlay(t *testing.T) {
	t.Parallel()
	cloud := localaws.New(localaws.Options{})
	prepare(cloud)
	all, err := parseTraffic([]string{"items:prod=600/min,errors:2=0.02,duration:2=120ms", "items:dev=6/min", function + ":prod=1.5/min"})
	if err != nil {
		t.Fatal(err)
	}
	play(cloud, all)
	for _, alias := range []string{"prod", "dev"} {
		if a, _ := cloud.Alias("items", alias); a.Version != "1" {
			t.Errorf("%s is at %q", alias, a.Version)
		}
	}
	if n := cloud.Publish("items", ""); n != 2 {
		t.Errorf("what is published next is version %d", n)
	}
	text := describe(all)
	for _, want := range []string{
		"items:prod gets 600 invocations a minute, version 2 fails in 2 % of its own, version 2 takes 120ms. ",
		"go run . --function-name items --alias dev --strategy Linear20PercentEvery1Minute",
		function + ":prod gets 1.5 invocations a minute. ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q:\n%s", want, text)
		}
	}
}
