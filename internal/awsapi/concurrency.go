package awsapi

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"lambda-release/internal/function"
)

// ProvisioningFailed is the Status of provisioned concurrency that AWS cannot provide.
const ProvisioningFailed = string(types.ProvisionedConcurrencyStatusEnumFailed)

// Concurrency is an alias's provisioned concurrency.
type Concurrency struct {
	Qualifier string // the alias or version
	Status    string // IN_PROGRESS, READY or FAILED
	Reason    string // AWS's, of FAILED
	Requested int32
	Allocated int32
	Available int32
}

// ProvisionedConcurrency reads the provisioned concurrency of an alias. An
// alias that has none is an error of kind NotFound, like one that does not exist.
func (c *Client) ProvisionedConcurrency(ctx context.Context, fn function.ID, alias string) (Concurrency, error) {
	out, err := call(ctx, c, onFunction("GetProvisionedConcurrencyConfig", fn, alias), c.lambda.GetProvisionedConcurrencyConfig,
		&lambda.GetProvisionedConcurrencyConfigInput{FunctionName: &fn.Given, Qualifier: &alias},
		func(out *lambda.GetProvisionedConcurrencyConfigOutput) bool { return out.Status != "" })
	if err != nil {
		return Concurrency{}, err
	}
	return Concurrency{
		Qualifier: alias, Status: string(out.Status), Reason: aws.ToString(out.StatusReason),
		Requested: aws.ToInt32(out.RequestedProvisionedConcurrentExecutions),
		Allocated: aws.ToInt32(out.AllocatedProvisionedConcurrentExecutions),
		Available: aws.ToInt32(out.AvailableProvisionedConcurrentExecutions),
	}, nil
}

// AllProvisionedConcurrency reads the provisioned concurrency of all aliases and
// versions of a function that have some.
func (c *Client) AllProvisionedConcurrency(ctx context.Context, fn function.ID) ([]Concurrency, error) {
	t := onFunction("ListProvisionedConcurrencyConfigs", fn, "")
	return pages(ctx, c, t, func(marker *string) ([]Concurrency, *string, error) {
		out, err := insist(ctx, func() (*lambda.ListProvisionedConcurrencyConfigsOutput, error) {
			return call(ctx, c, t, c.lambda.ListProvisionedConcurrencyConfigs,
				&lambda.ListProvisionedConcurrencyConfigsInput{FunctionName: &fn.Given, Marker: marker},
				func(out *lambda.ListProvisionedConcurrencyConfigsOutput) bool {
					return out.ProvisionedConcurrencyConfigs != nil
				})
		})
		if err != nil {
			return nil, nil, err
		}
		var page []Concurrency
		for _, p := range out.ProvisionedConcurrencyConfigs {
			page = append(page, Concurrency{
				Qualifier: function.QualifierOf(aws.ToString(p.FunctionArn)), Status: string(p.Status), Reason: aws.ToString(p.StatusReason),
				Requested: aws.ToInt32(p.RequestedProvisionedConcurrentExecutions),
				Allocated: aws.ToInt32(p.AllocatedProvisionedConcurrentExecutions),
				Available: aws.ToInt32(p.AvailableProvisionedConcurrentExecutions),
			})
		}
		return page, out.NextMarker, nil
	})
}

// DeleteProvisionedConcurrency deletes the provisioned concurrency of an alias. Where
// there is none, that succeeds.
func (c *Client) DeleteProvisionedConcurrency(ctx context.Context, fn function.ID, alias string) error {
	_, err := mutate(ctx, c, onFunction("DeleteProvisionedConcurrencyConfig", fn, alias), c.lambda.DeleteProvisionedConcurrencyConfig,
		&lambda.DeleteProvisionedConcurrencyConfigInput{FunctionName: &fn.Given, Qualifier: &alias},
		func(out *lambda.DeleteProvisionedConcurrencyConfigOutput) bool { return noPage(out.ResultMetadata) })
	return err
}

// Provisioning is called from time to time during a wait, with the progress of
// the allocation and the time waited so far.
type Provisioning func(now Concurrency, since time.Duration)

// AwaitProvisioned waits until the provisioned concurrency of an alias is
// ready; an alias that has none is. FAILED ends the wait with a *StateError.
func (c *Client) AwaitProvisioned(ctx context.Context, fn function.ID, alias string, report Provisioning) error {
	start := time.Now()
	reported := start.Add(reportAfter - reportPeriod)
	pace := slowBackoff()
	for {
		now, err := c.ProvisionedConcurrency(ctx, fn, alias)
		_, none := errors.AsType[*types.ProvisionedConcurrencyConfigNotFoundException](err)
		switch {
		case none:
			return nil
		case err != nil:
			return err
		case now.Status == string(types.ProvisionedConcurrencyStatusEnumReady):
			return nil
		case now.Status == ProvisioningFailed:
			return &StateError{fn.Given, alias, "provisioned concurrency", now.Reason}
		}
		if at := time.Now(); report != nil && at.Sub(reported) >= reportPeriod {
			report(now, at.Sub(start))
			reported = at
		}
		if err := pace.Wait(ctx, 1); err != nil {
			last := lastState(fmt.Sprintf("provisioned concurrency %s, %d of %d available", now.Status, now.Available, now.Requested))
			return c.failed(ctx, onFunction("GetProvisionedConcurrencyConfig", fn, alias), err, &attempts{last: last})
		}
	}
}
