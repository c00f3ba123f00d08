// Package app wires the program: it reads inputs and event, runs one operation
// and reports it. main, the demo and the end-to-end tests call it.
package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
	"lambda-release/internal/event"
	"lambda-release/internal/input"
	"lambda-release/internal/release"
	"lambda-release/internal/report"
	"lambda-release/internal/rollout"
	"lambda-release/internal/rules"
)

// Run runs the program. It reads only its arguments, getenv and the files that
// they name, writes only to stdout, stderr and the runner's files, and returns
// the exit code. When ctx ends, it stops waiting, undoes partial changes and still
// reports, within 5 seconds for up to 50 functions and 9 for any number.
func Run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	in, err := input.Parse(args, getenv)
	switch {
	case errors.Is(err, input.ErrHelp):
		input.Usage(stdout)
		return release.ExitDone
	case errors.Is(err, input.ErrHelpAll):
		input.UsageAll(stdout)
		return release.ExitDone
	case errors.Is(err, input.ErrVersion):
		_, _ = fmt.Fprintln(stdout, "lambda-release", Version()) // the user sees whether this was written
		return release.ExitDone
	}
	if in.Print != input.PrintNothing {
		return printed(ctx, in, err, getenv, stdout, stderr)
	}
	out := report.New(stdout, stderr, getenv, time.Now)
	if in.Outputs {
		out.PrintOutputs()
	}
	if err != nil {
		return refuse(out, err)
	}
	ev, err := event.Read(getenv, in.Ref)
	target, err := targetOf(in, ev, err)
	switch {
	case (errors.Is(err, errNoRule) || errors.Is(err, event.ErrSkip)) && in.IfNoMatch != "error":
		return skip(out, in, err)
	case err != nil:
		return refuse(out, err)
	}
	if err := cmp.Or(checkSource(in, target), out.Check()); err != nil {
		return refuse(out, err)
	}
	return operate(ctx, in, ev, target, getenv, out)
}

// operate opens the session, runs the operation, and reports it.
func operate(ctx context.Context, in input.Input, ev event.Event, target rules.Target, getenv func(string) string, out *report.Reporter) int {
	req := request(in, ev, target)
	req.Policy = needs(in, getenv)
	assumed, fact, err := roles(in, ev, tokensOf(in, getenv), needsNow(in, target, getenv), getenv, out)
	if err != nil {
		return refuse(out, err)
	}
	maskAccounts(in, out)
	out.Start(intent(in, ev, target), len(req.Functions) > 1 || len(req.Globs) > 0)
	if fact != "" {
		out.Fact("", fact)
	}
	if err := checkForeign(in, ev); err != nil {
		return finish(out, release.NotStarted(req, err))
	}
	ctx, cancel := awsapi.WithTimeout(ctx, in.Timeout+ownTime(in))
	defer cancel()
	aws, err := awsapi.Open(ctx, awsapi.Options{
		Region: in.Region, Getenv: getenv, Timeout: in.Timeout, Version: Version(), Roles: assumed, Dial: dialOf(ctx),
	})
	if err != nil {
		return finish(out, release.NotStarted(req, err))
	}
	if err := checkAccount(ctx, aws, in, out); err != nil {
		return finish(out, release.NotStarted(req, err))
	}
	releaser := release.Releaser{AWS: aws, Progress: out, Getenv: getenv}
	return finish(out, releaser.Run(ctx, req))
}

// intent is the first line of the log: the operation, the alias, and why that
// alias.
func intent(in input.Input, ev event.Event, target rules.Target) string {
	var names []string
	for _, f := range in.Functions {
		names = append(names, f.Name)
	}
	for _, glob := range in.Globs {
		names = append(names, string(glob))
	}
	text := in.Operation.String() + " " + strings.Join(names, ", ")
	switch {
	case target.Alias == "":
	case in.Operation == release.ReadStatus:
		text += ", alias " + target.Alias
	default:
		text += " -> " + target.Alias
	}
	if target.Rule != "" {
		text += fmt.Sprintf(", because %s matches the rule %s", target.Ref, target.Rule)
	}
	if ev.RunID != 0 {
		text += fmt.Sprintf(" (run %d)", ev.RunID)
	}
	return text
}

// finish reports the result and returns the exit code.
func finish(out *report.Reporter, res release.Result) int {
	reportErr := out.Finish(res)
	switch code := res.ExitCode(); {
	case code != release.ExitDone || reportErr == nil:
		return code
	case res.Changed():
		return release.ExitNotAsItWas
	}
	return release.ExitFailed
}

func request(in input.Input, ev event.Event, target rules.Target) release.Request {
	return release.Request{
		Operation:        in.Operation,
		Functions:        in.Functions,
		Globs:            in.Globs,
		Alias:            target.Alias,
		Latest:           target.Latest,
		Description:      in.Description,
		AliasDescription: in.AliasDescription,
		CodeSHA256:       in.CodeSHA256,
		Reason:           in.Reason,
		LockFor:          in.LockFor,
		ClearWeights:     in.ClearWeights,
		DryRun:           in.DryRun && in.Operation != release.ReadStatus, // which changes nothing anyway
		ExitDrifted:      in.ExitCode,
		Version:          alias.Version(in.Version),
		From:             in.VersionOf,
		Commit:           in.Commit,
		Keep:             in.KeepVersions,
		KeepDays:         in.KeepDays,
		Code:             in.Code,
		Configuration:    in.Configuration,
		RestoreLatest:    in.RestoreLatest,
		Warnings:         in.Warnings,
		Staging:          release.Staging{Bucket: in.S3Bucket, Prefix: in.S3Prefix},
		Provisioned:      in.WaitForProvisioned,
		Stages:           in.Stages[target.Alias],
		StageVariable:    in.StageVariable,
		FunctionURL:      authType(in.FunctionURL),
		CopyFrom:         in.CopySettingsFrom,
		Rollout:          rolloutOf(in),
		CodeDeploy:       codeDeploy(in),
		Smoke:            in.SmokeTest,
		Hooks:            in.Hooks,
		Run:              release.Run{ID: ev.RunID, Scope: alias.Scope(ev.Server), Attempt: ev.Attempt, Ref: ev.Ref.Short(), SHA: ev.SHA},
	}
}

// ownTime is how long the rollout itself takes if nothing goes wrong, and how long
// the hooks may; the timeout is for everything else.
func ownTime(in input.Input) time.Duration {
	own := in.BakeTime
	if in.Strategy != nil && in.CodeDeploy == nil { // a deployment's own time counts by itself
		own += in.Strategy.Duration()
	}
	for _, hooks := range []map[string]release.Hook{in.Hooks.Pre, in.Hooks.Post} {
		if len(hooks) > 0 { // all at once
			own += awsapi.MaxRun
		}
	}
	return own
}

func rolloutOf(in input.Input) release.Rollout {
	o := release.Rollout{
		Bake: in.BakeTime,
		Health: rollout.Health{Alarms: in.Alarms, Analysis: rollout.Analysis{
			Checks: in.Analysis, Default: in.AnalysisByDefault, MinInvocations: in.MinInvocations, Delay: in.AnalysisDelay,
			RollBackUnsure: in.OnInconclusive == "rollback",
		}},
	}
	if in.Strategy != nil && in.CodeDeploy == nil {
		o.Strategy = *in.Strategy
	}
	return o
}

func codeDeploy(in input.Input) *release.CodeDeploy {
	if in.CodeDeploy == nil {
		return nil
	}
	d := &release.CodeDeploy{Application: in.CodeDeploy.Application, Group: in.CodeDeploy.Group, Wait: in.CodeDeployWait}
	if in.Strategy != nil {
		d.Config, _ = in.Strategy.CodeDeployConfig()
	}
	return d
}

// skip ends a run for which no rule matches, or whose event does not count.
func skip(out *report.Reporter, in input.Input, why error) int {
	if err := out.Skip(in.Operation, why.Error(), in.IfNoMatch == "warn"); err != nil {
		return release.ExitFailed
	}
	return release.ExitDone
}

// refuse reports what is wrong with the inputs or the environment.
func refuse(out *report.Reporter, err error) int {
	out.Refuse(err)
	return release.ExitBadInput
}
