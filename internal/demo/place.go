package main

import (
	"context"
	"strings"
	"time"

	"lambda-release/internal/localaws"
)

// place is where the jobs of the story run.
type place struct {
	account

	function string              // the name of the function
	env      func(string) string // the variables of the AWS SDK
	renames  *strings.Replacer   // what the inputs have here; nil: what the story has
	poll     time.Duration       // between two looks at an alias
	young    bool                // no version can be made older
}

// account does what is done beside the jobs: to the function, and to the alarm.
type account interface {
	create(context.Context) error
	upload(ctx context.Context, code string) error
	publish(context.Context) error
	age(time.Duration)
	setAlarm(ctx context.Context, state, reason string) error

	// alias returns the version that an alias points to, "" if it does not exist.
	alias(ctx context.Context, name string) (version string, weighted bool, err error)
}

// adapted returns inputs as they are here.
func (p place) adapted(inputs []string) []string {
	if p.renames == nil {
		return inputs
	}
	all := make([]string, len(inputs))
	for i, input := range inputs {
		all[i] = p.renames.Replace(input)
	}
	return all
}

// inMemory returns the embedded AWS that is served at url.
func inMemory(cloud *localaws.Cloud, url string) place {
	env := map[string]string{
		"AWS_REGION":                "eu-central-1",
		"AWS_ACCESS_KEY_ID":         "example",
		"AWS_SECRET_ACCESS_KEY":     "example",
		"AWS_ENDPOINT_URL":          url,
		"AWS_EC2_METADATA_DISABLED": "true",
	}
	return place{
		account:  memory{cloud},
		function: function,
		env:      func(name string) string { return env[name] },
		poll:     10 * time.Millisecond,
	}
}

// memory is the embedded AWS.
type memory struct{ cloud *localaws.Cloud }

func (m memory) create(context.Context) error {
	m.cloud.AddFunction(function)
	return nil
}

func (m memory) upload(_ context.Context, code string) error {
	m.cloud.Upload(function, code)
	return nil
}

func (m memory) publish(context.Context) error {
	m.cloud.Publish(function, "published by hand")
	return nil
}

func (m memory) age(by time.Duration) { m.cloud.Age(function, by) }

func (m memory) setAlarm(_ context.Context, state, reason string) error {
	m.cloud.SetAlarm(alarm, state, reason)
	return nil
}

func (m memory) alias(_ context.Context, name string) (version string, weighted bool, err error) {
	a, _ := m.cloud.Alias(function, name)
	return a.Version, len(a.Weights) > 0, nil
}
