package awsapi

import (
	"cmp"
	"context"

	"lambda-release/internal/function"
)

// AliasPace paces a loop that writes something of an alias until AWS has carried it
// out. The alias should exist: AWS may not know it everywhere yet (fact A19), or be at
// work on it. It is for one loop.
type AliasPace struct {
	aws     *Client
	fn      function.ID
	alias   string
	backoff Backoff
	missed  bool // AWS has not found the alias once
}

// PaceFor returns the pace of a loop about an alias.
func (c *Client) PaceFor(fn function.ID, alias string) *AliasPace {
	return &AliasPace{aws: c, fn: fn, alias: alias}
}

// Wait pauses after a round of so many calls that has ended with err, nil included. Its
// own error ends the loop: err, as the error of a wait that ended if ctx has; and err as
// it is, of kind NotFound, if the alias does not exist any more. That is looked up from
// the second time on that AWS does not find it.
func (p *AliasPace) Wait(ctx context.Context, calls int, err error) error {
	if Is(err, NotFound) {
		if p.missed {
			calls++
			if _, missing := insist(ctx, func() (Alias, error) { return p.aws.Alias(ctx, p.fn, p.alias) }); Is(missing, NotFound) {
				return err
			}
		}
		p.missed = true
	}
	if ended := p.backoff.Wait(ctx, calls); ended != nil {
		return cmp.Or(GaveUp(ctx, err), ended)
	}
	return nil
}
