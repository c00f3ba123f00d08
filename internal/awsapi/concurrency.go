package awsapi

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// Concurrency is an alias's provisioned concurrency.
type Concurrency struct {
	Status    string // IN_PROGRESS, READY or FAILED
	Reason    string // AWS's, of FAILED
	Requested int32
	Allocated int32
	Available int32
}

// ProvisionedConcurrency reads the provisioned concurrency of an alias. An
// alias that has none is an error of kind NotFound, as one that does not exist
// is.
func (c *Client) ProvisionedConcurrency(ctx context.Context, function, alias string) (Concurrency, error) {
	out, err := call(ctx, c, target{"GetProvisionedConcurrencyConfig", function, alias}, c.lambda.GetProvisionedConcurrencyConfig,
		&lambda.GetProvisionedConcurrencyConfigInput{FunctionName: &function, Qualifier: &alias})
	if err != nil {
		return Concurrency{}, err
	}
	return Concurrency{
		Status: string(out.Status), Reason: aws.ToString(out.StatusReason),
		Requested: aws.ToInt32(out.RequestedProvisionedConcurrentExecutions),
		Allocated: aws.ToInt32(out.AllocatedProvisionedConcurrentExecutions),
		Available: aws.ToInt32(out.AvailableProvisionedConcurrentExecutions),
	}, nil
}

// Provisioning is told now and then that a wait goes on: how far the
// allocation is, and for how long it is awaited already.
type Provisioning func(now Concurrency, since time.Duration)

// firstAllocated is how long before the second look at an allocation, which
// takes a minute or more. Unlike GetFunction this read counts with all others.
const firstAllocated = time.Second

// AwaitProvisioned waits until the provisioned concurrency of an alias is
// ready; an alias that has none is. FAILED ends the wait with a *StateError.
func (c *Client) AwaitProvisioned(ctx context.Context, function, alias string, tell Provisioning) error {
	start := time.Now()
	told := start.Add(tellAfter - tellPeriod)
	for pause := firstAllocated; ; pause = min(slowest, pause*3/2) {
		now, err := c.ProvisionedConcurrency(ctx, function, alias)
		_, none := errors.AsType[*types.ProvisionedConcurrencyConfigNotFoundException](err)
		switch {
		case none:
			return nil
		case err != nil:
			return err
		case now.Status == string(types.ProvisionedConcurrencyStatusEnumReady):
			return nil
		case now.Status == string(types.ProvisionedConcurrencyStatusEnumFailed):
			return &StateError{function, alias, "provisioned concurrency", now.Reason}
		}
		if at := time.Now(); tell != nil && at.Sub(told) >= tellPeriod {
			tell(now, at.Sub(start))
			told = at
		}
		if err := Sleep(ctx, pause); err != nil {
			return &Error{
				Op: "GetProvisionedConcurrencyConfig", Function: function, Qualifier: alias, Region: c.Region, Kind: kindOf(ctx, err), Err: err,
				Last: fmt.Errorf("provisioned concurrency %s, %d of %d available", now.Status, now.Available, now.Requested),
			}
		}
	}
}
