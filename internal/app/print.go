package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/ci"
	"lambda-release/internal/configuration"
	"lambda-release/internal/function"
	"lambda-release/internal/input"
	"lambda-release/internal/policy"
	"lambda-release/internal/release"
	"lambda-release/internal/rules"
)

// printed prints the policy that in asks for and returns the exit code; err is what
// is wrong with the inputs. Only JSON goes to stdout.
func printed(ctx context.Context, in input.Input, err error, system ci.System, getenv func(string) string, stdout, stderr io.Writer) int {
	if err == nil {
		err = printPolicy(ctx, in, system, getenv, stdout, stderr)
	}
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			fmt.Fprintln(stderr, "error:", line)
		}
		return release.ExitBadInput
	}
	return release.ExitDone
}

// printPolicy prints the policy to stdout, and what is to be said about it to
// stderr.
func printPolicy(ctx context.Context, in input.Input, system ci.System, getenv func(string) string, stdout, stderr io.Writer) error {
	var document string
	var notes []string
	switch in.Print {
	case input.PrintNothing:
		return nil
	case input.PrintPolicy:
		p := policy.For(needs(in, getenv))
		document, notes = p.JSON(), slices.Concat(p.Notes, p.SizeNotes())
	case input.PrintTrustPolicy:
		t, notFound := trust(ctx, in, system, getenv)
		p, err := t.Policy()
		if err != nil {
			return err
		}
		document, notes = p.JSON(), slices.Concat(notFound, p.Notes)
	}
	for _, note := range notes {
		fmt.Fprintln(stderr, "#", note)
	}
	_, err := fmt.Fprintln(stdout, document)
	return err
}

// needs is what jobs with these inputs may do, whichever rule matches.
func needs(in input.Input, getenv func(string) string) policy.Needs {
	n := policy.Needs{
		Operation: in.Operation.String(), DryRun: in.DryRun, Functions: in.Functions, Globs: in.Globs,
		Publishes: in.Alias != "" || slices.ContainsFunc(in.Rules, func(r rules.Rule) bool { return !r.Latest() }),
		Code:      in.Code, Configuration: map[string]configuration.Configuration{}, ByNumber: in.Version != 0 || in.Commit != "", SmokeTest: slices.Sorted(maps.Keys(in.SmokeTest)),
		Bucket: in.S3Bucket, Prefix: in.S3Prefix,
		Alarms: len(in.Alarms) > 0, Metrics: len(in.Analysis) > 0 && !in.AnalysisByDefault, Comparison: in.AnalysisByDefault, BakeTime: in.BakeTime > 0,
		PostHook: len(in.Hooks.Post) > 0, Provisioned: in.WaitForProvisioned, Prune: in.KeepVersions > 0,
		URLs: map[string]policy.URL{}, Stages: map[string][]string{}, CopyFrom: copyFrom(in),
		Region:  cmp.Or(in.Region, getenv("AWS_REGION"), getenv("AWS_DEFAULT_REGION")),
		Account: in.Account(), Partition: partitionOf(in, getenv),
	}
	for _, hooks := range []map[string]release.Hook{in.Hooks.Pre, in.Hooks.Post} {
		for _, fn := range in.Functions {
			if h, given := hooks[fn.Name]; given {
				n.Hooks = append(n.Hooks, policy.Hook{Function: h.Function, Qualifier: h.Qualifier})
			}
		}
	}
	maps.Copy(n.Configuration, in.Configuration)
	for fn := range in.Variables {
		if _, given := in.Configuration[fn]; !given { // which is written in the same call
			n.Configuration[fn] = configuration.Configuration{}
		}
	}
	for name, c := range in.Create {
		if n.Create == nil {
			n.Create = map[string]bool{}
		}
		n.Create[name] = len(c.Tags) > 0
	}
	for fn, byAlias := range in.Stages {
		for alias, stages := range byAlias {
			if in.Alias != "" && in.Alias != alias {
				continue
			}
			for _, s := range stages {
				n.Stages[fn] = append(n.Stages[fn], s.ARN)
			}
		}
		slices.Sort(n.Stages[fn])
	}
	for fn, url := range in.URLs {
		n.URLs[fn] = policy.URL{Public: url.AuthType == awsapi.URLPublic, CORS: url.CORS != nil}
	}
	if d := codeDeploy(in); d != nil {
		n.CodeDeploy = &policy.CodeDeploy{Application: d.Application, Group: d.Group, Config: d.Config}
	}
	return n
}

// needsNow is what this run may do.
func needsNow(in input.Input, target rules.Target, getenv func(string) string) policy.Needs {
	in.Alias = target.Alias
	n := needs(in, getenv)
	n.Publishes = !target.Latest
	return n
}

// partitionOf is the partition of the roles, of the functions, or of the region.
func partitionOf(in input.Input, getenv func(string) string) string {
	if roles := in.Roles(); len(roles) > 0 {
		return strings.Split(roles[0], ":")[1]
	}
	for _, fn := range in.Functions {
		if fn.Partition != "" {
			return fn.Partition
		}
	}
	return function.PartitionOf(cmp.Or(in.Region, getenv("AWS_REGION"), getenv("AWS_DEFAULT_REGION")))
}

// trust is who may assume the role; and what could not be found out about that. If
// the job can have a token, it gets one, since only that shows what its subject looks
// like.
func trust(ctx context.Context, in input.Input, system ci.System, getenv func(string) string) (policy.Trust, []string) {
	t := policy.Trust{
		Rules: in.Rules, Environment: in.Environment,
		Server: getenv("GITHUB_SERVER_URL"), Repository: getenv("GITHUB_REPOSITORY"),
		OwnerID: getenv("GITHUB_REPOSITORY_OWNER_ID"), RepositoryID: getenv("GITHUB_REPOSITORY_ID"),
		Partition: partitionOf(in, getenv), Audience: in.Audience,
	}
	if in.Role != "" {
		t.Account = strings.Split(in.Role, ":")[4]
	}
	for _, fn := range in.Functions {
		t.Account = cmp.Or(t.Account, fn.Account)
	}
	if in.Alias != "" || in.Ref != "" { // then the rules do not count
		t.Rules = nil
		t.Ref, _ = rules.ParseRef(cmp.Or(in.Ref, getenv("GITHUB_REF")))
	}
	token, err := tokenOf(ctx, in, system, cmp.Or(in.Audience, policy.Audience(t.Partition)))
	switch {
	case errors.Is(err, ci.ErrNoToken):
		return t, nil
	case err != nil:
		return t, []string{fmt.Sprintf("There is no token, so its subject is not known: %v", err)}
	}
	t.Issuer, t.Subject, t.Audience = awsapi.TokenIdentity(token)
	return t, nil
}
