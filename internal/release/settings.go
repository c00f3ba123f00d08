package release

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/gateway"
)

// FromFunction is the function itself as the source of settings, where another source
// is the name of an alias.
const FromFunction = "function"

// settings are what an alias can get from another one, or from the function.
type settings struct {
	async       awsapi.AsyncSettings // for the alias; without a Qualifier there is nothing to copy
	permissions []awsapi.Permission
}

// readSettings reads what there is to copy, before anything is published. The source
// must exist.
func (t target) readSettings(ctx context.Context, from string) (settings, error) {
	qualifier, name := from, from
	if from == FromFunction {
		qualifier, name = "", latestVersion
	}
	var reads errgroup.Group
	var async []awsapi.AsyncSettings
	var policy awsapi.Policy
	reads.Go(func() error { return t.checkSource(ctx, qualifier) })
	reads.Go(func() (err error) {
		async, err = t.aws.AllAsyncSettings(ctx, t.fn)
		return err
	})
	reads.Go(func() (err error) {
		policy, err = t.aws.Policy(ctx, t.fn, qualifier)
		return err
	})
	if err := reads.Wait(); err != nil {
		return settings{}, err
	}
	permissions, others := gateway.Copyable(policy)
	if len(others) > 0 {
		t.log.note(fmt.Sprintf("not copied from %s, because they are no plain permissions to invoke: the statements %s", from, strings.Join(others, ", ")))
	}
	source, has := asyncOf(async, name)
	if _, there := asyncOf(async, t.alias()); there || !has || !says(source) {
		return settings{permissions: permissions}, nil
	}
	source.Qualifier = t.alias()
	return settings{source, permissions}, nil
}

// latestVersion is the qualifier of the function's own settings for asynchronous
// invocations.
const latestVersion = "$LATEST"

// says reports whether settings say anything. Those whose destinations were removed may
// not, and AWS takes none such.
func says(s awsapi.AsyncSettings) bool { return s != awsapi.AsyncSettings{Qualifier: s.Qualifier} }

// asyncOf are the settings for asynchronous invocations of a qualifier, if it has some.
func asyncOf(all []awsapi.AsyncSettings, qualifier string) (awsapi.AsyncSettings, bool) {
	i := slices.IndexFunc(all, func(s awsapi.AsyncSettings) bool { return s.Qualifier == qualifier })
	if i < 0 {
		return awsapi.AsyncSettings{}, false
	}
	return all[i], true
}

// checkSource refuses an alias that does not exist. The function need not be checked.
func (t target) checkSource(ctx context.Context, name string) error {
	if name == "" {
		return nil
	}
	_, err := t.aws.Lookup(ctx, t.fn, name)
	if !awsapi.Is(err, awsapi.NotFound) {
		return err
	}
	aliases, err := t.edit.ReadAll(ctx)
	if err != nil {
		return err
	}
	return NoAliasError{Input: "copy-settings-from", Name: name, Function: t.fn.Name, Aliases: aliasNames(aliases)}
}

// copySettings copies what the aliases lack of the settings of another one, or of the
// function, and removes nothing.
func (r *Releaser) copySettings(ctx context.Context, plans []Plan) []Plan {
	from := plans[0].CopyFrom
	if from == "" {
		return plans
	}
	r.Progress.Phase(fmt.Sprintf("Copy the settings of %s to %s", from, plans[0].target.alias()))
	return each(plans, func(p Plan) Plan {
		changed, err := p.target.copySettings(ctx, p.settings)
		if len(changed) == 0 && err == nil {
			p.target.log.fact("%s lacks nothing that can be copied from %s", p.target.alias(), from)
		}
		return p.led(ctx, changed, err, "what "+from+" has is not copied to it yet")
	})
}

func (t target) copySettings(ctx context.Context, s settings) (changed []string, err error) {
	lacks, err := t.lacksAsync(ctx, s)
	if err != nil {
		return nil, err
	}
	if lacks {
		if err := t.repeated(ctx, func() error { return t.aws.PutAsyncSettings(ctx, t.fn, s.async) }); err != nil {
			return nil, err
		}
		changed = s.planAsync(t)
		t.log.say(changed[0])
	}
	allowed, err := gateway.Copy(ctx, t.aws, t.fn, t.alias(), s.permissions, t.log.say)
	return append(changed, allowed...), err
}

// lacksAsync reports whether the alias still lacks the settings for asynchronous
// invocations: they would replace what it got since they were read, before a shift of its
// traffic.
func (t target) lacksAsync(ctx context.Context, s settings) (bool, error) {
	if s.async.Qualifier == "" {
		return false, nil
	}
	now, err := t.aws.AllAsyncSettings(ctx, t.fn)
	_, there := asyncOf(now, t.alias())
	return !there, err
}

// planAsync says what copySettings does about asynchronous invocations.
func (s settings) planAsync(t target) []string {
	a := s.async
	if a.Qualifier == "" {
		return nil
	}
	return []string{fmt.Sprintf("asynchronous invocations of %s:%s: %s", t.fn.Name, a.Qualifier, asyncWords(a))}
}

// plannedSettings says what copySettings would do, and changes nothing.
func (p Plan) plannedSettings(ctx context.Context) ([]string, error) {
	if p.CopyFrom == "" {
		return nil, nil
	}
	allowed, err := gateway.PlanCopy(ctx, p.target.aws, p.target.fn, p.target.alias(), p.settings.permissions)
	return append(p.settings.planAsync(p.target), allowed...), err
}

// repeated makes a write of the alias that may be made any number of times until AWS has
// carried it out: AWS may not know the alias yet, or be at work on it.
func (t target) repeated(ctx context.Context, write func() error) error {
	pace := t.aws.PaceFor(t.fn, t.alias())
	for lost := false; ; {
		err := write()
		unanswered := awsapi.EffectOf(err) > awsapi.Rejected
		switch {
		case err == nil, unanswered && lost, !unanswered && !awsapi.Is(err, awsapi.NotFound) && !awsapi.Is(err, awsapi.Conflict):
			return err
		}
		lost = unanswered
		if ended := pace.Wait(ctx, 1, err); ended != nil {
			return ended
		}
	}
}
