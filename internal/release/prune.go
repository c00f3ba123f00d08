package release

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
)

// prune is the verb: it deletes old versions, all but the newest, those that may be
// young, and those that something refers to (inuse.go, cut.go).
type prune struct {
	plain

	req Request
}

func newPrune(req Request) verb { return prune{req: req} }

func (v prune) plan(t target) Plan { return Plan{target: t} }

func (v prune) read(ctx context.Context, p Plan) (Facts, error) {
	return p.target.inventory(ctx, p.Facts, v.req.retention())
}

func (v prune) prepare(ctx context.Context, p Plan) (Facts, error) {
	f, err := v.read(ctx, p)
	if err == nil {
		p.target.log.keeps(f.cut(v.req.retention()))
	}
	return f, err
}

func (v prune) decide(_ alias.State, f Facts, _ time.Time) (Decision, error) {
	c := f.cut(v.req.retention())
	if len(c.doomed) == 0 {
		return Decision{Status: Unchanged, Cut: c}.because("nothing to prune among %s", counted(len(f.Existing))), nil
	}
	return Decision{Status: Pruned, Cut: c}, nil
}

// inventory reads all versions, and what refers to those that would be deleted: most
// prunes end with two calls. Only what is left of them in the end is asked about one by
// one.
func (t target) inventory(ctx context.Context, f Facts, r retention) (Facts, error) {
	var reads errgroup.Group
	var versions []awsapi.Configuration
	var aliases map[string]alias.State
	reads.Go(func() (err error) {
		aliases, err = t.edit.ReadAll(ctx)
		return err
	})
	reads.Go(func() (err error) {
		versions, err = t.versions(ctx)
		return err
	})
	err := reads.Wait()
	f = f.withInventory(versions, aliases, time.Now())
	for _, read := range []func([]awsapi.Configuration) (usage, error){
		func([]awsapi.Configuration) (usage, error) { return t.settingsUse(ctx, f.ARN, t.mappings) },
		func(doomed []awsapi.Configuration) (usage, error) { return t.versionsUse(ctx, doomed) },
	} {
		doomed := f.cut(r).doomed
		if err != nil || len(doomed) == 0 {
			return f, err
		}
		var more usage
		more, err = read(doomed)
		f = f.withUsage(more)
	}
	return f, err
}

// pruneDecided deletes the versions that the operation prune has decided on.
func (r *Releaser) pruneDecided(ctx context.Context, plans []Plan) []Plan {
	return each(r.pruned(ctx, plans), func(p Plan) Plan {
		switch {
		case len(p.Decision.Cut.doomed) == 0:
			return p
		case p.PruneErr != nil:
			return p.endedBy(p.PruneErr).withPruneError(nil)
		case len(p.Deleted) == 0:
			return p.ended(End{Kind: EndUnchanged, Reason: fmt.Sprintf("%d of %s could be pruned, but none was deleted", len(p.Decision.Cut.doomed), counted(p.Decision.Cut.stock()))})
		}
		return p.ended(End{Kind: EndApplied, Status: Pruned})
	})
}

// pruneAfter prunes what was released. The release stands whatever comes of it.
func (r *Releaser) pruneAfter(ctx context.Context, plans []Plan) []Plan {
	keep := plans[0].Keep
	if !keep.prunes() {
		return plans
	}
	r.Progress.Phase(fmt.Sprintf("Prune all but the newest %d", keep.newest))
	return r.pruned(ctx, each(plans, func(p Plan) Plan {
		if p.End.Kind == EndOvertaken {
			return p
		}
		f, err := p.target.inventory(ctx, p.Facts, keep)
		p = p.withFacts(f)
		if err != nil {
			return p.withPruneError(err)
		}
		c := f.cut(keep)
		if len(c.doomed) == 0 {
			p.target.log.fact("nothing to prune among %s", counted(c.stock()))
		}
		p.target.log.keeps(c)
		return p.withDecision(p.Decision.cutting(c))
	}))
}

// batchCalls is about how many of the calls that share AWS's rate of 15 a second go
// into one batch of deletes, over all functions: what refers to a version was read some
// four seconds before it is deleted, at most. GetPolicy has a rate of its own, and its
// calls are made beside the others.
//
// A prune of 1000 versions of one function takes 138 seconds at that rate. Before
// anything is deleted, AWS is asked about each version, since the plan has all reasons:
// 1000 calls of GetPolicy, 67 seconds. The 18 batches make 1000 calls of DeleteFunction,
// 1000 of GetPolicy beside them, and 4 each for the lists, more if the account has more
// than 100 mappings: 71 seconds. A durable function takes 2000 calls more for the
// executions, half of them beside the first ones of GetPolicy: 67 seconds.
const batchCalls = 60

// listCalls are the calls of a function for what refers to any of its versions. That
// of the event source mappings is for all functions.
const listCalls = 3

// callsOf is how many of these calls a version takes: the delete, and the one for its
// executions.
func callsOf(v awsapi.Configuration) int {
	if v.Durable {
		return 2
	}
	return 1
}

// pruner deletes versions of one function.
type pruner struct {
	target
	arn    string
	doomed []awsapi.Configuration
	left   []awsapi.Configuration // of these
	err    error                  // ends it

	mu   sync.Mutex
	gone map[string]bool // versions that are deleted
}

// pruned deletes what the plans doom, batch by batch. All that refers to the versions
// of a batch is read again just before, since a prune of many takes minutes. What AWS
// refuses to delete, or there is no time for, is a warning.
func (r *Releaser) pruned(ctx context.Context, plans []Plan) []Plan {
	pruners := make([]*pruner, len(plans))
	for i, p := range plans {
		doomed := p.Decision.Cut.doomed
		pruners[i] = &pruner{target: p.target, arn: p.Facts.ARN, doomed: doomed, left: doomed, gone: map[string]bool{}}
	}
	for batch := next(pruners); len(batch) > 0 && ctx.Err() == nil; batch = next(pruners) {
		mappings := newMappings()
		var wg sync.WaitGroup
		for p, versions := range batch {
			wg.Go(func() { p.delete(ctx, versions, mappings) })
		}
		wg.Wait()
	}
	after := slices.Clone(plans)
	for i, p := range pruners {
		if len(p.doomed) > 0 {
			after[i] = plans[i].withDeleted(p.end(ctx)).withPruneError(p.err)
		}
	}
	return after
}

// next takes the next batch from what is left: versions of one function after the
// other, as many as the calls allow.
func next(pruners []*pruner) map[*pruner][]awsapi.Configuration {
	batch := map[*pruner][]awsapi.Configuration{}
	calls := 0
	for _, p := range pruners {
		if p.err != nil || len(p.left) == 0 {
			continue
		}
		n := 0
		for calls += listCalls; n < len(p.left) && calls+callsOf(p.left[n]) <= batchCalls; n++ {
			calls += callsOf(p.left[n])
		}
		if n == 0 {
			break
		}
		batch[p], p.left = p.left[:n], p.left[n:]
	}
	return batch
}

// delete deletes the versions of a batch, if nothing refers to them now.
func (p *pruner) delete(ctx context.Context, versions []awsapi.Configuration, mappings mappings) {
	first := len(p.left)+len(versions) == len(p.doomed)
	if !first {
		p.log.fact("deleted %d of %d versions", len(p.gone), len(p.doomed))
	}
	var used usage
	if used, p.err = p.listedUse(ctx, mappings); p.err != nil {
		return
	}
	versions = slices.DeleteFunc(slices.Clone(versions), func(v awsapi.Configuration) bool { return p.keeps(v, used) })
	if first && len(versions) > 0 { // the first one alone: it shows whether deleting is allowed
		if p.err = p.deleteOne(ctx, versions[0]); p.err != nil {
			return
		}
		versions = versions[1:]
	}
	var deletes errgroup.Group
	for _, v := range versions {
		deletes.Go(func() error { return p.deleteOne(ctx, v) })
	}
	p.err = deletes.Wait()
}

// listedUse reads again all that refers to the versions of the function, and that a
// list shows.
func (p *pruner) listedUse(ctx context.Context, mappings mappings) (usage, error) {
	var reads errgroup.Group
	var aliases map[string]alias.State
	var settings usage
	reads.Go(func() (err error) {
		aliases, err = p.edit.ReadAll(ctx)
		return err
	})
	reads.Go(func() (err error) {
		settings, err = p.settingsUse(ctx, p.arn, mappings)
		return err
	})
	err := reads.Wait()
	return usedByAliases(aliases).and(settings), err
}

// keeps reports whether something refers to a version that did not when that was
// decided.
func (p *pruner) keeps(v awsapi.Configuration, used usage) bool {
	why := used.why(v.Version)
	if len(why) > 0 {
		p.log.fact("version %s stays after all: %s", v.Version, strings.Join(why, ", "))
	}
	return len(why) > 0
}

// deleteOne deletes a version if AWS knows of nothing that refers to it. Its error ends
// the prune.
func (p *pruner) deleteOne(ctx context.Context, v awsapi.Configuration) error {
	used, err := p.versionUse(ctx, v)
	if err == nil {
		if p.keeps(v, used) {
			return nil
		}
		err = p.aws.DeleteVersion(ctx, p.fn, v.Version)
	}
	switch {
	case err == nil:
		p.mu.Lock()
		defer p.mu.Unlock()
		p.gone[v.Version] = true
	case awsapi.Is(err, awsapi.NotFound): // of its executions: there is nothing to delete
		p.log.fact("version %s was not deleted: AWS does not find it", v.Version)
	case awsapi.Is(err, awsapi.Denied), outOfTime(err):
		return err
	default:
		p.log.warn("version %s was not deleted: %v", v.Version, err)
	}
	return nil
}

// outOfTime reports whether a call failed because the job has ended, or will before
// AWS's rate allows the call.
func outOfTime(err error) bool {
	return awsapi.Is(err, awsapi.Deadline) || awsapi.Is(err, awsapi.Cancelled)
}

// end is what was deleted, oldest first. A prune that there was no time to finish has
// not failed.
func (p *pruner) end(ctx context.Context) []awsapi.Configuration {
	deleted := slices.DeleteFunc(slices.Clone(p.doomed), func(v awsapi.Configuration) bool { return !p.gone[v.Version] })
	if ctx.Err() != nil || outOfTime(p.err) {
		p.log.warn("stopped after %d of %d versions; the next prune goes on", len(deleted), len(p.doomed))
	}
	if len(deleted) > 0 {
		if outOfTime(p.err) {
			p.err = nil
		}
		p.log.fact("deleted %s (%s), %s of code", counted(len(deleted)), listed(deleted), Size(bytesOf(deleted)))
	}
	return deleted
}
