package main

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/app"
	"lambda-release/internal/localaws"
)

// inATest runs f as a test: only tests have virtual time, as testing/synctest.
func inATest(f func(*testing.T)) {
	all := func(string, string) (bool, error) { return true, nil }
	testing.Main(all, []testing.InternalTest{{Name: "demo", F: f}}, nil, nil)
}

// runInVirtualTime runs the job against an AWS of its own, in virtual time: minutes
// pass as soon as everything waits for them.
func (s step) runInVirtualTime(t *testing.T, log io.Writer, dir string) (e ended, err error) {
	synctest.Test(t, func(*testing.T) {
		cloud := localaws.New(localaws.Options{})
		loopback := localaws.NewLoopback(cloud)
		defer cloud.Close()
		defer loopback.Close()
		s.virtual(cloud)
		e, err = s.job(app.WithDial(context.Background(), loopback.Dial), log, inMemory(cloud, "http://localhost"), dir)
	})
	return e, err
}

// beforeTheCanary is the function as the jobs before have left it, with new code and
// with traffic. The next version fails five times as often. Metrics are as late as on
// AWS.
func beforeTheCanary(cloud *localaws.Cloud) {
	time.Sleep(20 * time.Second) // a job seldom begins with a minute
	cloud.DelayMetrics(time.Minute, nil)
	cloud.AddFunction(function)
	for range 10 {
		cloud.Upload(function, "next")
		cloud.Publish(function, "")
	}
	cloud.SetAlias(function, localaws.Alias{Name: "dev", Version: "4"})
	cloud.SetAlias(function, localaws.Alias{Name: "prod", Version: "9", Description: "[9 | left 10 | run 4780]"})
	cloud.Upload(function, "worse")
	cloud.PlayTraffic(localaws.Traffic{
		Function: function, Alias: "prod", PerMinute: 1200, Seed: 6, Errors: map[string]float64{"9": 0.01, "11": 0.05},
	})
}
