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

// pruneStep is how many versions are deleted before the aliases are read
// again: a prune of thousands takes minutes, and meanwhile a release may move
// an alias to a version that no alias used.
const pruneStep = 50

// prune is the verb: it deletes old versions, all but the newest and
// those that an alias points to, gives a weight, or remembers in its history, and
// those that may be younger than an hour.
type prune struct {
	plain

	req Request
}

func newPrune(req Request) verb { return prune{req: req} }

func (v prune) plan(t target) Plan { return Plan{target: t} }

func (v prune) read(ctx context.Context, p Plan) (Facts, error) {
	return p.target.inventory(ctx, p.Facts)
}

func (v prune) prepare(ctx context.Context, p Plan) (Facts, error) { return v.read(ctx, p) }

func (v prune) decide(_ alias.State, f Facts, now time.Time) (Decision, error) {
	doomed, young := f.doomed(v.req.Keep, now)
	if len(doomed) == 0 {
		return Decision{Status: Unchanged}.because("nothing to prune among %d versions%s", len(f.Existing), andYoung(young)), nil
	}
	d := Decision{Status: Pruned, Doomed: doomed}
	if young > 0 {
		return d.because("%d kept because they may be younger than an hour", young), nil
	}
	return d, nil
}

// andYoung says how many versions are kept for their age.
func andYoung(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %d of them kept because they may be younger than an hour", n)
}

// inventory reads all versions and aliases.
func (t target) inventory(ctx context.Context, f Facts) (Facts, error) {
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
	return f.withInventory(versions, aliases), err
}

// youngAge is how old a version is at least before it is deleted: another run may
// have published it and be testing it, before any alias refers to it.
const youngAge = time.Hour

// doomed are the versions to delete when so many of the newest are kept, and how
// many more are kept since they may be young.
func (f Facts) doomed(keep int, now time.Time) (old []awsapi.Configuration, young int) {
	unused := unreferenced(f.Existing[:max(0, len(f.Existing)-keep)], f.Aliases)
	next := map[string]awsapi.Configuration{} // by version, the one published after it
	for i, v := range f.Existing[:max(0, len(f.Existing)-1)] {
		next[v.Version] = f.Existing[i+1]
	}
	old = slices.DeleteFunc(unused, func(v awsapi.Configuration) bool { return isYoung(v, now) || isYoung(next[v.Version], now) })
	return old, len(unused) - len(old)
}

// isYoung reports whether a version may have been published within the last hour.
// Its LastModified is $LATEST's last write before the publish (fact V19b2): it was
// published before the next one's, and perhaps long after its own.
func isYoung(v awsapi.Configuration, now time.Time) bool {
	written, err := time.Parse(modifiedTime, v.LastModified)
	return err != nil || now.Sub(written) < youngAge
}

// unreferenced are those versions that no alias refers to.
func unreferenced(versions []awsapi.Configuration, aliases map[string]alias.State) []awsapi.Configuration {
	needed := map[string]bool{}
	for _, s := range aliases {
		for _, v := range s.Versions() {
			needed[v.String()] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(versions), func(v awsapi.Configuration) bool { return needed[v.Version] })
}

// prune deletes versions step by step, reading the aliases again in between, and
// returns those that are gone. What AWS refuses to delete, or there is no time for,
// is a warning; a permission that is missing ends it.
func (t target) prune(ctx context.Context, doomed []awsapi.Configuration) ([]awsapi.Configuration, error) {
	gone := &goneVersions{numbers: map[string]bool{}}
	deleted := func() []awsapi.Configuration {
		return slices.DeleteFunc(slices.Clone(doomed), func(v awsapi.Configuration) bool { return !gone.numbers[v.Version] })
	}
	aliases := map[string]alias.State{} // doomed is free of what was referred to when it was decided
	for first, step := 0, 1; first < len(doomed) && ctx.Err() == nil; first, step = first+step, pruneStep {
		if first > 1 {
			var err error
			if aliases, err = t.edit.ReadAll(ctx); err != nil {
				return deleted(), err
			}
			t.log.fact("deleted %d of %d versions", len(gone.numbers), len(doomed))
		}
		// The first one alone: it shows whether deleting is allowed.
		var deletes errgroup.Group
		for _, v := range unreferenced(doomed[first:min(len(doomed), first+step)], aliases) {
			deletes.Go(func() error {
				switch err := t.aws.DeleteVersion(ctx, t.fn, v.Version); {
				case err == nil:
					gone.add(v.Version)
				case awsapi.Is(err, awsapi.Denied):
					return err
				case ctx.Err() == nil:
					t.log.warn("version %s was not deleted: %v", v.Version, err)
				}
				return nil
			})
		}
		if err := deletes.Wait(); err != nil {
			return deleted(), err
		}
	}
	all := deleted()
	if ctx.Err() != nil {
		t.log.warn("stopped after %d versions; the next prune goes on", len(all))
	}
	if len(all) > 0 {
		t.log.fact("deleted %d versions (%s), %s of code", len(all), listed(all), megabytes(all))
	}
	return all, nil
}

// goneVersions collects what several goroutines have deleted.
type goneVersions struct {
	mu      sync.Mutex
	numbers map[string]bool
}

func (g *goneVersions) add(version string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.numbers[version] = true
}

// listed is `1 to 3, 5, 7 to 9`.
func listed(versions []awsapi.Configuration) string {
	var parts []string
	for i := 0; i < len(versions); {
		first, _ := alias.ParseVersion(versions[i].Version)
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
