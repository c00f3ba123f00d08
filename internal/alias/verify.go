package alias

import (
	"context"
	"fmt"
	"time"

	"lambda-release/internal/awsapi"
)

// Verify reads the alias once more, so that success is reported of what was seen.
// A *LostError says that others have changed it since this run's last write; any
// other error, that it could not be read within 10 seconds. Weights of AWS's own
// are left to AwaitRouting.
func (e *Editor) Verify(ctx context.Context) error {
	if err := e.observe(ctx); err != nil {
		return err
	}
	if !e.isAsWritten() {
		return e.recordLoss()
	}
	e.recordSeen()
	return nil
}

// VerifyAt is Verify for an alias that this run has not written, because it was at
// v already.
func (e *Editor) VerifyAt(ctx context.Context, v Version) error {
	if err := e.observe(ctx); err != nil {
		return err
	}
	if e.current.Version == v && len(e.current.Settled().Weights) == 0 {
		return nil
	}
	e.lostTo = e.ChangedBy()
	return &LostError{Function: e.fn.Name, Alias: e.name, Now: e.current.Position, By: e.lostTo}
}

// observe reads the alias for the last word about it.
func (e *Editor) observe(ctx context.Context) error {
	ctx, cancel := awsapi.Confirming(ctx)
	defer cancel()
	bound, cancelRead := context.WithTimeout(ctx, verifyTime)
	defer cancelRead()
	return e.Read(bound)
}

// AwaitRouting waits until AWS has moved the provisioned concurrency of the
// alias, and with it the traffic. An *awsapi.StateError reports that AWS cannot
// provide it: then it leaves its weights for ever (fact A12c).
func (e *Editor) AwaitRouting(ctx context.Context) error {
	var pace awsapi.Backoff
	reported := time.Time{}
	check := e.checkProvisioned()
	for e.current.Settling() {
		if now := time.Now(); now.Sub(reported) >= factPeriod {
			reported = now
			e.fact(fmt.Sprintf("AWS is moving the provisioned concurrency: %s is at %s", e.name, e.current.Position))
		}
		if err := check(ctx); err != nil {
			return err
		}
		if err := pace.Wait(ctx, 2); err != nil {
			return awsapi.Interrupted(fmt.Sprintf("wait for AWS to move %s of %s", e.name, e.fn.Name), err)
		}
		if err := e.Read(ctx); err != nil {
			return err
		}
		if e.written == nil {
			continue
		}
		if !e.isAsWritten() {
			return e.recordLoss()
		}
		e.recordSeen()
	}
	return nil
}

// checkProvisioned returns a check that fails when AWS cannot provide the
// provisioned concurrency. Without the permission to ask it checks nothing.
func (e *Editor) checkProvisioned() func(context.Context) error {
	denied := false
	return func(ctx context.Context) error {
		if denied {
			return nil
		}
		now, err := e.aws.ProvisionedConcurrency(ctx, e.fn, e.name)
		denied = awsapi.Is(err, awsapi.Denied)
		if err == nil && now.Status == awsapi.ProvisioningFailed {
			return &awsapi.StateError{Function: e.fn.Name, Qualifier: e.name, What: "provisioned concurrency", Reason: now.Reason}
		}
		return nil
	}
}

// factPeriod is how often a wait is reported.
const factPeriod = 15 * time.Second
