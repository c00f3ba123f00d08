package release

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
)

// pruneStep is how many versions are deleted before the aliases are read
// again: a prune of thousands takes minutes, and meanwhile a release may put
// an alias to a version that was nobody's.
const pruneStep = 50

// Prune deletes old versions of every function: all but the req.Keep newest
// and those that an alias points to, weighs, or remembers in its mark. What
// AWS refuses to delete, or there is no time for, is a warning.
func (r *Releaser) Prune(ctx context.Context, req Request) Result {
	start := time.Now()
	res, jobs := r.begin(req, "prune", nil)
	r.Progress.Phase("Prune")
	each(jobs, func(j *job) {
		j.out.Status = Unchanged
		if err := j.prune(ctx, req); err != nil {
			j.fail(err)
		}
	})
	tellOnce(res.Outcomes)
	res.Elapsed = time.Since(start)
	return res
}

// pruneAfter prunes what was released. The release stands whatever comes of it.
func (r *Releaser) pruneAfter(ctx context.Context, req Request, jobs []*job) {
	r.Progress.Phase(fmt.Sprintf("Prune all but the newest %d", req.Keep))
	each(jobs, func(j *job) {
		status, reason := j.out.Status, j.out.Reason
		if err := j.prune(ctx, req); err != nil {
			j.warn("old versions could not be pruned: %v", err)
		}
		j.out.Status, j.out.Reason = status, reason
	})
}

func (j *job) prune(ctx context.Context, req Request) error {
	var both errgroup.Group
	var versions []awsapi.Configuration
	both.Go(func() error { return j.readAliases(ctx) })
	both.Go(func() error {
		for v, err := range j.r.AWS.Versions(ctx, j.fn) {
			if err != nil {
				return err
			}
			versions = append(versions, v)
		}
		return nil
	})
	if err := both.Wait(); err != nil {
		return err
	}
	if len(versions) > 0 {
		j.out.FunctionARN = function.Unqualified(versions[0].ARN)
	}
	old := versions[:max(0, len(versions)-req.Keep)]
	doomed := j.unreferenced(old)
	if len(doomed) == 0 {
		j.out.Reason = fmt.Sprintf("nothing to prune among %d versions", len(versions))
		j.fact("%s", j.out.Reason)
		return nil
	}
	if req.DryRun {
		j.plan("delete %d of %d versions (%s), %s of code", len(doomed), len(versions), listed(doomed), megabytes(doomed))
		j.out.Status = Planned
		return nil
	}
	return j.deleteAll(ctx, doomed)
}

// deleteAll deletes step by step, looking at the aliases again in between.
func (j *job) deleteAll(ctx context.Context, doomed []awsapi.Configuration) error {
	var mu sync.Mutex
	gone := map[string]bool{}
	for first := 0; first < len(doomed) && ctx.Err() == nil; first += pruneStep {
		if first > 0 {
			if err := j.readAliases(ctx); err != nil {
				return err
			}
			j.fact("deleted %d of %d versions", len(gone), len(doomed))
		}
		var step errgroup.Group
		for _, v := range j.unreferenced(doomed[first:min(len(doomed), first+pruneStep)]) {
			step.Go(func() error {
				err := j.r.AWS.DeleteVersion(ctx, j.fn, v.Version)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					gone[v.Version] = true
				case ctx.Err() == nil:
					j.warn("version %s was not deleted: %v", v.Version, err)
				}
				return nil
			})
		}
		_ = step.Wait() // every refusal is a warning of its own
	}
	deleted := slices.DeleteFunc(doomed, func(v awsapi.Configuration) bool { return !gone[v.Version] })
	for _, v := range deleted {
		number, err := ParseVersion(v.Version)
		if err == nil {
			j.out.Pruned = append(j.out.Pruned, number)
			j.out.Freed += v.CodeBytes
		}
	}
	if ctx.Err() != nil {
		j.warn("stopped after %d versions; the next prune goes on", len(deleted))
	}
	if len(deleted) > 0 {
		j.out.Status = Pruned
		j.fact("deleted %d versions (%s), %s of code", len(deleted), listed(deleted), megabytes(deleted))
	}
	return nil
}

// unreferenced are those versions that no alias points to, weighs or remembers.
func (j *job) unreferenced(versions []awsapi.Configuration) []awsapi.Configuration {
	needed := map[string]bool{}
	for _, s := range j.others {
		s.refersTo(needed)
	}
	var free []awsapi.Configuration
	for _, v := range versions {
		if !needed[v.Version] {
			free = append(free, v)
		}
	}
	return free
}

func (s state) refersTo(needed map[string]bool) {
	needed[s.Version.String()] = true
	for v := range s.Weights {
		needed[v.String()] = true
	}
	for _, v := range s.mark.History {
		needed[v.String()] = true
	}
	needed[s.mark.Left.String()] = true
	needed[s.mark.ShiftTo.String()] = true
}

// listed is `1 to 3, 5, 7 to 9`.
func listed(versions []awsapi.Configuration) string {
	var parts []string
	for i := 0; i < len(versions); {
		first, _ := ParseVersion(versions[i].Version)
		last := first
		for i++; i < len(versions) && versions[i].Version == (last+1).String(); i++ {
			last++
		}
		switch last - first {
		case 0:
			parts = append(parts, first.String())
		case 1:
			parts = append(parts, first.String(), last.String())
		default:
			parts = append(parts, fmt.Sprintf("%s to %s", first, last))
		}
	}
	return strings.Join(parts, ", ")
}

func megabytes(versions []awsapi.Configuration) string {
	var bytes int64
	for _, v := range versions {
		bytes += v.CodeBytes
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
}
