package awsapi

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lambda-release/internal/function"
)

const (
	reportAfter  = 5 * time.Second
	reportPeriod = 15 * time.Second
)

// Waiting is called from time to time during a wait, with what was read last and
// the time waited so far.
type Waiting func(now Configuration, since time.Duration)

// StateError reports that AWS failed to make a version, an update or provisioned
// concurrency ready: waiting longer would not help.
type StateError struct {
	Function, Qualifier string
	What                string // "State", "LastUpdateStatus" or "provisioned concurrency"
	Reason              string
}

// Hint says what to do.
func (e *StateError) Hint() string {
	switch e.What {
	case "LastUpdateStatus":
		return "The last upload or change of the function failed: fix it and upload again. Nothing was published."
	case "provisioned concurrency":
		return "Until AWS can provide it, all traffic stays with the version before. Fix the cause and release again."
	}
	return "Fix the cause and release again: that makes a new version."
}

func (e *StateError) Error() string {
	name := e.Function
	if e.Qualifier != "" {
		name += ":" + e.Qualifier
	}
	if e.Reason == "" {
		return fmt.Sprintf("%s of %s is Failed; AWS gives no reason", e.What, name)
	}
	return fmt.Sprintf("%s of %s is Failed: %s", e.What, name, e.Reason)
}

// AwaitServing waits until a version can serve; now is its configuration as read
// before. Failed ends the wait with a *StateError. Inactive can serve: the first
// invocation activates it. An unknown state counts as not ready.
func (c *Client) AwaitServing(ctx context.Context, fn function.ID, now Configuration, report Waiting) (Configuration, error) {
	return c.await(ctx, fn, now.Version, &now, report, func(v Configuration) (bool, error) {
		switch v.State {
		case "Failed":
			return false, &StateError{fn.Given, v.Version, "State", v.StateReason}
		case "Active", "Inactive", "":
			return true, nil
		}
		return false, nil
	})
}

// AwaitUpdated waits until no update of $LATEST is in progress. A failed update
// ends the wait with a *StateError: publishing would not publish what was
// uploaded.
func (c *Client) AwaitUpdated(ctx context.Context, fn function.ID, report Waiting) (Configuration, error) {
	return c.await(ctx, fn, "", nil, report, func(v Configuration) (bool, error) {
		switch {
		case v.State == "Failed":
			return false, &StateError{fn.Given, "", "State", v.StateReason}
		case v.LastUpdate == "Failed":
			return false, &StateError{fn.Given, "", "LastUpdateStatus", v.LastUpdateReason}
		}
		return v.State != "Pending" && v.LastUpdate != "InProgress", nil
	})
}

// await polls, fast at first, until ready returns true. known replaces the first
// read.
func (c *Client) await(
	ctx context.Context, fn function.ID, qualifier string, known *Configuration, report Waiting, ready func(Configuration) (bool, error),
) (Configuration, error) {
	start := time.Now()
	reported := start.Add(reportAfter - reportPeriod)
	last := known
	var pace Backoff
	for {
		calls := 0
		if known == nil {
			calls++
			now, err := c.Configuration(ctx, fn, qualifier)
			if err != nil {
				return now, withState(err, last)
			}
			known, last = &now, &now
		}
		if done, err := ready(*known); done || err != nil {
			return *known, err
		}
		if now := time.Now(); report != nil && now.Sub(reported) >= reportPeriod {
			report(*known, now.Sub(start))
			reported = now
		}
		if err := pace.Wait(ctx, calls); err != nil {
			t := target{Action: getFunction, fn: fn, qualifier: qualifier}
			return *known, c.failed(ctx, t, err, &attempts{last: stateOf(known)})
		}
		known = nil
	}
}

// withState adds the last state to an error that ended a wait.
func withState(err error, last *Configuration) error {
	if e, ok := errors.AsType[*Error](err); ok && e.Last == nil && last != nil {
		e.Last = stateOf(last)
	}
	return err
}

func stateOf(c *Configuration) error {
	return lastState(fmt.Sprintf("State %s, LastUpdateStatus %s", c.State, c.LastUpdate))
}

// lastState is an Error's Last that is not a failed attempt but the state that
// was read last.
type lastState string

func (s lastState) Error() string { return string(s) }
