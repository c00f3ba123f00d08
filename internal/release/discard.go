package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
)

const (
	discardTime        = 30 * time.Second
	discardPerFunction = time.Second / 2 // a few calls at AWS's rate
)

// discarded deletes the functions again that a release has created and has failed to give
// an alias. If any of them has an alias, all of them stay: callers may use it.
func (r *Releaser) discarded(ctx context.Context, plans []Plan) []Plan {
	failed := slices.ContainsFunc(plans, func(p Plan) bool { return p.End.status() == Failed })
	left := 0
	for _, p := range plans {
		if p.leavesFunction() {
			left++
		}
	}
	if !failed || left == 0 {
		return plans
	}
	r.Progress.Phase("Delete what was created")
	ctx, cancel := awsapi.WrapUp(ctx, discardTime+time.Duration(left)*discardPerFunction)
	defer cancel()
	leftovers, mappings := make([]leftover, len(plans)), newMappings()
	var looks sync.WaitGroup
	for i, p := range plans {
		if p.leavesFunction() {
			looks.Go(func() { leftovers[i] = p.guard.leftover(ctx, mappings) })
		}
	}
	looks.Wait()
	aliases := aliasesOf(plans, leftovers)
	next := make([]Plan, len(plans))
	var deletes sync.WaitGroup
	for i, p := range plans {
		next[i] = p
		if p.leavesFunction() {
			deletes.Go(func() { next[i] = p.discarded(ctx, leftovers[i], aliases) })
		}
	}
	deletes.Wait()
	return next
}

// leavesFunction reports whether the plan has created a function, or may have, and has
// ended without an alias of it.
func (p Plan) leavesFunction() bool {
	return p.creates() && (p.guard.creation.done || p.guard.creation.possible) && !p.leavesAlias()
}

// leavesAlias reports whether there is an alias of the function, or may be.
func (p Plan) leavesAlias() bool { return p.End.Kind != EndNotAttempted && p.End.Kind != EndRestored }

// aliasesOf are the aliases of the functions that were created, as `orders:prod`.
func aliasesOf(plans []Plan, leftovers []leftover) []string {
	var all []string
	for i, p := range plans {
		if p.creates() && p.leavesAlias() {
			all = append(all, p.target.fn.Name+":"+p.target.alias())
		}
		for _, name := range leftovers[i].aliases {
			all = append(all, p.target.fn.Name+":"+name)
		}
	}
	return all
}

// leftover is a function that a failed release has created.
type leftover struct {
	gone     bool
	revision string   // of $LATEST
	aliases  []string // their names
	keeps    error    // why it is not deleted; nil: nothing does
}

// leftover reads the function with all that others may have given it since.
func (g *guard) leftover(ctx context.Context, mappings mappings) leftover {
	now, gone, err := g.find(ctx)
	switch {
	case err != nil || gone:
		return leftover{gone: gone, keeps: err}
	case now.Description != g.creation.function.Description:
		return leftover{keeps: errors.New("another run, or something outside lambda-release, has created it since")}
	case g.creation.done && !same(now, g.now):
		return leftover{keeps: fmt.Errorf("it was changed since by another run or outside lambda-release: %s", strings.Join(changesOf(g.now, now), "; "))}
	}
	l := leftover{revision: now.Revision}
	var reads errgroup.Group
	var others, mapped []string
	reads.Go(func() error {
		aliases, err := g.t.aws.Aliases(ctx, g.t.fn)
		for _, a := range aliases {
			l.aliases = append(l.aliases, a.Name)
		}
		return err
	})
	reads.Go(func() error {
		for v, err := range g.t.aws.Versions(ctx, g.t.fn) {
			if err != nil {
				return err
			}
			if v.Description != g.publishes || v.Description == "" {
				others = append(others, "version "+v.Version)
			}
		}
		return nil
	})
	reads.Go(func() error {
		all, err := mappings.read(ctx, g.t.aws)
		for _, reasons := range usedByMappings(all, function.Unqualified(now.ARN)) {
			mapped = append(mapped, reasons...)
		}
		return err
	})
	l.keeps = reads.Wait()
	if others = append(others, mapped...); l.keeps == nil && len(others) > 0 {
		l.keeps = fmt.Errorf("another run, or something outside lambda-release, has given it: %s", strings.Join(others, ", "))
	}
	return l
}

// find reads the function that was created. One that has been seen is gone if AWS does
// not find it three times; one that has not may not be there yet.
func (g *guard) find(ctx context.Context) (now awsapi.Configuration, gone bool, err error) {
	var pace awsapi.Backoff
	for {
		now, err = g.t.aws.Lookup(ctx, g.t.fn, "")
		switch {
		case !awsapi.Is(err, awsapi.NotFound):
			return now, false, err
		case g.creation.seen:
			return now, true, nil
		}
		if pace.Wait(ctx, 3) != nil {
			return now, false, errors.New("AWS does not find it, and has not answered whether it was created")
		}
	}
}

// discarded is the plan after its function was deleted again, or kept because of what it
// has, or because of the aliases of any function that was created.
func (p Plan) discarded(ctx context.Context, l leftover, aliases []string) Plan {
	err := l.keeps
	switch {
	case l.gone:
		return p.without("no longer exists")
	case len(aliases) > 0:
		err = fmt.Errorf("nothing is deleted, since callers may use %s", strings.Join(aliases, ", "))
	case err == nil:
		err = p.guard.deleteFunction(ctx, l.revision)
	}
	if err == nil {
		p.target.log.fact("the function was deleted again")
		p.target.log.changed("the function was deleted again")
		return p.without("was deleted again")
	}
	exists := "still exists"
	if !p.guard.creation.done {
		exists = "may exist"
	}
	e := p.End.leaving(fmt.Sprintf("%s does not exist; the function, which this run created, %s", p.target.alias(), exists),
		fmt.Errorf("delete %s again: %w", p.target.fn.Name, err))
	return p.ended(e.advising(fmt.Sprintf("Run the job again to release the function, or delete it with `aws lambda delete-function --function-name %s`.", p.target.fn.Given)))
}

// without is the plan of a function that is no longer there, nor is its version.
func (p Plan) without(how string) Plan {
	return p.withFacts(Facts{ARN: p.Facts.ARN}).withDecision(Decision{}).ended(p.End.adding("the function, which this run had created, " + how))
}

// deleteFunction deletes the function if $LATEST still is at a revision. DeleteFunction
// itself has no such condition.
func (g *guard) deleteFunction(ctx context.Context, revision string) error {
	var pace awsapi.Backoff
	for {
		now, err := g.t.aws.Lookup(ctx, g.t.fn, "")
		switch {
		case awsapi.Is(err, awsapi.NotFound):
			return nil
		case err != nil:
			return err
		case now.Revision != revision && !same(now, g.now): // a new revision alone says that its creation is complete
			return fmt.Errorf("it was changed since by another run or outside lambda-release: %s", strings.Join(changesOf(g.now, now), "; "))
		}
		if err = g.t.aws.DeleteFunction(ctx, g.t.fn); !awsapi.Is(err, awsapi.Conflict) && !awsapi.Is(err, awsapi.NotFound) {
			return err
		}
		if pace.Wait(ctx, 2) != nil {
			return awsapi.GaveUp(ctx, err)
		}
	}
}
