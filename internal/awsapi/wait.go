package awsapi

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	firstPoll  = 200 * time.Millisecond
	slowest    = 5 * time.Second
	tellAfter  = 5 * time.Second
	tellPeriod = 15 * time.Second
)

// Waiting is told now and then that a wait goes on: for what, and for how long
// already.
type Waiting func(now Configuration, since time.Duration)

// StateError says that AWS itself has failed to make a version or an update
// ready: waiting on would not help.
type StateError struct {
	Function, Qualifier string
	What                string // "State" or "LastUpdateStatus"
	Reason              string
}

// Hint says what to do.
func (e *StateError) Hint() string {
	if e.What == "LastUpdateStatus" {
		return "What was uploaded last did not take: mend that and upload again. Nothing was published."
	}
	return "Mend what the reason names and publish again; a version that has failed stays so."
}

func (e *StateError) Error() string {
	name := e.Function
	if e.Qualifier != "" {
		name += ":" + e.Qualifier
	}
	if e.Reason == "" {
		return fmt.Sprintf("%s of %s is Failed, and AWS gives no reason", e.What, name)
	}
	return fmt.Sprintf("%s of %s is Failed: %s", e.What, name, e.Reason)
}

// AwaitServing waits until a version can serve, starting from what is known of
// it. Failed ends the wait with a *StateError. Inactive can serve: the first
// invoke wakes it. A state nobody knows yet counts as not ready.
func (c *Client) AwaitServing(ctx context.Context, function string, now Configuration, tell Waiting) (Configuration, error) {
	return c.await(ctx, function, now.Version, &now, tell, func(v Configuration) (bool, error) {
		switch v.State {
		case "Failed":
			return false, &StateError{function, v.Version, "State", v.StateReason}
		case "Active", "Inactive", "":
			return true, nil
		}
		return false, nil
	})
}

// AwaitUpdated waits until nothing is being written to $LATEST any more. An
// update that failed ends the wait with a *StateError: what was uploaded is
// not what would be published.
func (c *Client) AwaitUpdated(ctx context.Context, function string, tell Waiting) (Configuration, error) {
	return c.await(ctx, function, "", nil, tell, func(v Configuration) (bool, error) {
		switch {
		case v.State == "Failed":
			return false, &StateError{function, "", "State", v.StateReason}
		case v.LastUpdate == "Failed":
			return false, &StateError{function, "", "LastUpdateStatus", v.LastUpdateReason}
		}
		return v.State != "Pending" && v.LastUpdate != "InProgress", nil
	})
}

// await polls, fast at first, until ready says so. known saves the first read.
func (c *Client) await(
	ctx context.Context, function, qualifier string, known *Configuration, tell Waiting, ready func(Configuration) (bool, error),
) (Configuration, error) {
	start := time.Now()
	told := start.Add(tellAfter - tellPeriod)
	last := known
	for pause := firstPoll; ; pause = min(slowest, pause*3/2) {
		if known == nil {
			now, err := c.Configuration(ctx, function, qualifier)
			if err != nil {
				return now, lastSeen(err, last)
			}
			known, last = &now, &now
		}
		if done, err := ready(*known); done || err != nil {
			return *known, err
		}
		if now := time.Now(); tell != nil && now.Sub(told) >= tellPeriod {
			tell(*known, now.Sub(start))
			told = now
		}
		if err := Sleep(ctx, pause); err != nil {
			return *known, &Error{
				Op: "GetFunction", Function: function, Qualifier: qualifier, Region: c.Region, Kind: kindOf(ctx, err), Err: err,
				Last: stateAsError(known),
			}
		}
		known = nil
	}
}

// lastSeen adds to an error that ended the wait what was seen last.
func lastSeen(err error, last *Configuration) error {
	if e, ok := errors.AsType[*Error](err); ok && e.Last == nil && last != nil {
		e.Last = stateAsError(last)
	}
	return err
}

func stateAsError(c *Configuration) error {
	return stateError(fmt.Sprintf("State %s, LastUpdateStatus %s", c.State, c.LastUpdate))
}

// stateError is a state as what was seen last.
type stateError string

func (e stateError) Error() string { return string(e) }

// Sleep returns after d, or at once with the context's error when that ends.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
