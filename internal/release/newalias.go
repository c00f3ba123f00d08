package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
	"lambda-release/internal/gateway"
)

// usual is the alias that a new one is compared with where the function itself has
// nothing.
const usual = "dev"

// compareNew notes what the aliases that this run has created lack: nothing that
// callers have of a function applies to its aliases (facts A22, A23). A function that is
// new itself has nothing. It only
// informs, so what it cannot read does no harm.
func (r *Releaser) compareNew(ctx context.Context, plans []Plan) []Plan {
	return each(plans, func(p Plan) Plan {
		if p.created() && !p.creates() {
			p.compareNew(ctx)
		}
		return p
	})
}

// created reports whether this run has created the alias.
func (p Plan) created() bool {
	before := p.target.edit.Before()
	return p.End.Kind == EndApplied && p.moves() && !before.Unknown && before.Version == alias.None
}

func (p Plan) compareNew(ctx context.Context) {
	t := p.target
	all, unread := t.neighbours(ctx)
	if ctx.Err() != nil {
		return
	}
	if unread != "" {
		t.log.fact("%s is new; not all that it may lack is known: %s", t.alias(), unread)
	}
	t.warnOfLeftovers(all, p)
	if text := all.lacking(t.alias()); text != "" {
		if from := all.copyable(t.alias()); from != "" && p.CopyFrom == "" {
			text += fmt.Sprintf(". `copy-settings-from: %s` copies settings and permissions", from)
		}
		t.log.note(text)
	}
}

// warnOfLeftovers warns of what a deleted alias of the same name has left (fact A21).
func (t target) warnOfLeftovers(all neighbours, p Plan) {
	const left = "%s is new, and has %s, which a deleted alias of that name has left"
	if url, has := all.url(t.alias()); has && p.FunctionURL.IsZero() {
		t.log.warn(left, t.alias(), fmt.Sprintf("the function URL %s with AuthType %s", url.Address, url.Auth))
	}
	if _, has := asyncOf(all.async, t.alias()); has && p.settings.async.Qualifier == "" {
		t.log.warn(left, t.alias(), "settings for asynchronous invocations")
	}
}

// neighbours are what the function and its aliases have that is not part of a version.
// The function itself is the qualifier "".
type neighbours struct {
	fn          target
	async       []awsapi.AsyncSettings
	concurrency []awsapi.Concurrency
	urls        []awsapi.URL
	mappings    []awsapi.Mapping
	policies    map[string]awsapi.Policy
}

// neighbours reads them all at once. unread is why some could not be read.
func (t target) neighbours(ctx context.Context) (all neighbours, unread string) {
	all.fn = t
	reads := []func() error{
		func() (err error) { all.policies, err = t.policies(ctx); return err },
		func() (err error) { all.async, err = t.aws.AllAsyncSettings(ctx, t.fn); return err },
		func() (err error) { all.concurrency, err = t.aws.AllProvisionedConcurrency(ctx, t.fn); return err },
		func() (err error) { all.urls, err = t.aws.URLs(ctx, t.fn); return err },
		func() (err error) { all.mappings, err = t.mappings.read(ctx, t.aws); return err },
	}
	errs := make([]error, len(reads))
	var wg sync.WaitGroup
	for i, read := range reads {
		wg.Go(func() { errs[i] = read() })
	}
	wg.Wait()
	return all, unreadable(errs)
}

// policies reads those policies that are compared: that of the function, of dev if that
// allows nothing, and of the alias if one of them allows something.
func (t target) policies(ctx context.Context) (map[string]awsapi.Policy, error) {
	all := map[string]awsapi.Policy{}
	for _, qualifier := range []string{"", usual} {
		policy, err := t.aws.Policy(ctx, t.fn, qualifier)
		if err != nil {
			return all, err
		}
		all[qualifier] = policy
		if permissions, _ := gateway.Copyable(policy); len(permissions) > 0 {
			all[t.alias()], err = t.aws.Policy(ctx, t.fn, t.alias())
			return all, err
		}
	}
	return all, nil
}

// unreadable says why some of the reads failed.
func unreadable(errs []error) string {
	var denied, others []string
	for _, err := range errs {
		var e *awsapi.Error
		switch {
		case err == nil:
		case errors.As(err, &e) && e.Kind == awsapi.Denied:
			if action := e.Denial().Action; !slices.Contains(denied, action) {
				denied = append(denied, action)
			}
		default:
			others = append(others, err.Error())
		}
	}
	if len(denied) > 0 {
		others = append(others, fmt.Sprintf("the role may not call %s (the statements OptionalNewAlias of --print-policy allow it)", strings.Join(denied, ", ")))
	}
	return strings.Join(others, "; ")
}

// lacking says what an alias lacks that the function has; where that has nothing, what
// the alias dev has.
func (n neighbours) lacking(name string) string {
	var function, dev []string
	for _, kind := range []func(from, to string) string{n.lacksAsync, n.lacksPermissions, n.lacksMappings, n.lacksConcurrency, n.lacksURL} {
		if text := kind("", name); text != "" {
			function = append(function, text)
		} else if text := kind(usual, name); text != "" {
			dev = append(dev, text)
		}
	}
	var parts []string
	if len(function) > 0 {
		parts = append(parts, "of the function: "+strings.Join(function, ", "))
	}
	if len(dev) > 0 {
		parts = append(parts, "of "+usual+": "+strings.Join(dev, ", "))
	}
	if len(parts) == 0 {
		return ""
	}
	return name + " is new and lacks, " + strings.Join(parts, "; ")
}

// copyable is the value of copy-settings-from that would copy something, "" if none.
func (n neighbours) copyable(name string) string {
	switch {
	case n.lacksAsync("", name)+n.lacksPermissions("", name) != "":
		return FromFunction
	case n.lacksAsync(usual, name)+n.lacksPermissions(usual, name) != "":
		return usual
	}
	return ""
}

func (n neighbours) lacksAsync(from, to string) string {
	if from == "" {
		from = latestVersion
	}
	settings, has := asyncOf(n.async, from)
	if _, there := asyncOf(n.async, to); there || !has || !says(settings) {
		return ""
	}
	return "settings for asynchronous invocations"
}

func (n neighbours) lacksPermissions(from, to string) string {
	permissions, _ := gateway.Copyable(n.policies[from])
	missing := gateway.Missing(n.policies[to], permissions)
	if len(missing) == 0 {
		return ""
	}
	return "permission to invoke for " + strings.Join(gateway.Principals(missing), ", ")
}

func (n neighbours) lacksMappings(from, to string) string {
	var sources []string
	for _, m := range n.mappings {
		same := func(other awsapi.Mapping) bool { return other.Source == m.Source && refersTo(other, n.fn.fn, to) }
		if refersTo(m, n.fn.fn, from) && !slices.ContainsFunc(n.mappings, same) {
			sources = append(sources, sourceOf(m))
		}
	}
	if len(sources) == 0 {
		return ""
	}
	return "event source mapping of " + strings.Join(sources, ", ")
}

func (n neighbours) lacksConcurrency(from, to string) string {
	has := func(q string) bool {
		return slices.ContainsFunc(n.concurrency, func(c awsapi.Concurrency) bool { return c.Qualifier == q })
	}
	if !has(from) || has(to) {
		return ""
	}
	return "provisioned concurrency"
}

func (n neighbours) lacksURL(from, to string) string {
	_, has := n.url(from)
	if _, there := n.url(to); there || !has {
		return ""
	}
	return "function URL"
}

func (n neighbours) url(qualifier string) (awsapi.URL, bool) {
	i := slices.IndexFunc(n.urls, func(u awsapi.URL) bool { return u.Qualifier == qualifier })
	if i < 0 {
		return awsapi.URL{}, false
	}
	return n.urls[i], true
}
