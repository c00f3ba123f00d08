package release

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
)

// usage is by version what refers to it, in words: `event source mapping of queue`.
// The words are for outputs, too, so they have no ARN and no account. It is a value:
// what is learned makes a new one.
//
// It cannot know of callers that invoke a version by its number with a permission of
// their own: AWS has no list of them.
type usage map[string][]string

// why is what refers to a version; nil if nothing does.
func (u usage) why(version string) []string { return u[version] }

// and is u with what else refers to the versions.
func (u usage) and(others ...usage) usage {
	all := maps.Clone(u)
	if all == nil {
		all = usage{}
	}
	for _, other := range others {
		for version, reasons := range other {
			for _, why := range reasons {
				if !slices.Contains(all[version], why) {
					all[version] = append(slices.Clip(all[version]), why)
				}
			}
		}
	}
	return all
}

// usedByAliases are the versions that aliases point to, give a share of their
// traffic, or have in their history.
func usedByAliases(aliases map[string]alias.State) usage {
	var all usage
	for _, name := range slices.Sorted(maps.Keys(aliases)) {
		s, u := aliases[name], usage{}
		for _, v := range s.Versions() {
			why := "in the history of " + name
			if _, weighted := s.Weights[v]; weighted {
				why = name + " routes traffic to it"
			}
			if v == s.Version {
				why = name + " points to it"
			}
			u[v.String()] = []string{why}
		}
		all = all.and(u)
	}
	return all
}

// usedByMappings are the versions of a function, by its unqualified ARN, that event
// source mappings invoke. One that invokes an alias refers to no version.
func usedByMappings(mappings []awsapi.Mapping, arn string) usage {
	var all usage
	for _, m := range mappings {
		if function.Unqualified(m.FunctionARN) != arn {
			continue
		}
		source := m.UUID
		if m.Source != "" { // it is not self-managed
			source = "of " + resourceOf(m.Source)
		}
		all = all.and(usage{function.QualifierOf(m.FunctionARN): {"event source mapping " + source}})
	}
	return all
}

func usedByConcurrency(provisioned []awsapi.Concurrency) usage {
	u := usage{}
	for _, p := range provisioned {
		u[p.Qualifier] = []string{"provisioned concurrency"}
	}
	return u
}

func usedByAsyncSettings(settings []awsapi.AsyncSettings) usage {
	u := usage{}
	for _, s := range settings {
		u[s.Qualifier] = []string{"settings for asynchronous invocations"}
	}
	return u
}

// settingsUse reads what refers to the versions of a function beside its aliases: two
// calls, and the mappings.
func (t target) settingsUse(ctx context.Context, arn string, mappings mappings) (usage, error) {
	var reads errgroup.Group
	var mapped []awsapi.Mapping
	var provisioned []awsapi.Concurrency
	var async []awsapi.AsyncSettings
	reads.Go(func() (err error) {
		mapped, err = mappings.read(ctx, t.aws)
		return err
	})
	reads.Go(func() (err error) {
		provisioned, err = t.aws.AllProvisionedConcurrency(ctx, t.fn)
		return err
	})
	reads.Go(func() (err error) {
		async, err = t.aws.AllAsyncSettings(ctx, t.fn)
		return err
	})
	if err := reads.Wait(); err != nil {
		return nil, err
	}
	return usedByMappings(mapped, arn).and(usedByConcurrency(provisioned), usedByAsyncSettings(async)), nil
}

// versionUse asks AWS about one version: whether it has a resource policy, and, if it
// is of a durable function, whether executions on it have not ended. There is no list of
// these.
func (t target) versionUse(ctx context.Context, v awsapi.Configuration) (usage, error) {
	var reads errgroup.Group
	var policy awsapi.Policy
	unfinished := false
	reads.Go(func() (err error) {
		policy, err = t.aws.Policy(ctx, t.fn, v.Version)
		return err
	})
	if v.Durable {
		reads.Go(func() (err error) {
			unfinished, err = t.aws.HasUnfinishedExecutions(ctx, t.fn, v.Version)
			return err
		})
	}
	if err := reads.Wait(); err != nil {
		return nil, err
	}
	var u usage
	if len(policy.Permissions) > 0 {
		u = u.and(usage{v.Version: {"resource policy of its own"}})
	}
	if unfinished {
		u = u.and(usage{v.Version: {"unfinished durable executions"}})
	}
	return u, nil
}

// versionsUse asks AWS about each of the versions, the first one alone: it shows whether
// that is allowed. What another run has deleted since they were listed is left to the
// delete.
func (t target) versionsUse(ctx context.Context, versions []awsapi.Configuration) (usage, error) {
	each := make([]usage, len(versions))
	var asked atomic.Int32
	stop := reporting(t.log.say, func() string {
		return fmt.Sprintf("looked at what refers to %d of %d versions", asked.Load(), len(versions))
	})
	defer stop()
	reads, ctx := errgroup.WithContext(ctx)
	ask := func(i int) (err error) {
		defer asked.Add(1)
		if each[i], err = t.versionUse(ctx, versions[i]); awsapi.Is(err, awsapi.NotFound) {
			return nil
		}
		return err
	}
	if err := ask(0); err != nil {
		return nil, err
	}
	for i := range versions[1:] {
		reads.Go(func() error { return ask(i + 1) })
	}
	if err := reads.Wait(); err != nil {
		return nil, err
	}
	return usage{}.and(each...), nil
}
