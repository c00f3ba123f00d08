// Package app wires the program: it reads inputs and event, runs one operation
// and reports it. main, the demo and the end-to-end tests call it.
package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
	"lambda-release/internal/ci"
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
	if about, asked := errors.AsType[input.About](err); asked {
		about.Write(stdout, Version())
		return release.ExitDone
	}
	system := ci.Detect(ctx, getenv, execOf(ctx))
	if in.Print != input.PrintNothing {
		return printed(ctx, in, err, system, getenv, stdout, stderr)
	}
	out := report.New(system, stdout, stderr, getenv, time.Now)
	out.WriteTo(report.Files{Outputs: in.OutputsFile, Summary: in.SummaryFile})
	maskAccounts(in, out)
	if err != nil {
		maskAccountsIn(err, in, out)
		return refuse(out, err)
	}
	ev, err := ci.Read(system, in.Ref)
	out.Link(linksOf(ev))
	target, err := targetOf(in, ev, err)
	switch {
	case (errors.Is(err, rules.ErrNoRule) || errors.Is(err, ci.ErrSkip)) && in.IfNoMatch != "error":
		return skip(out, in, err)
	case err != nil:
		return refuse(out, err)
	}
	if err := cmp.Or(checkSource(in, target), checkAudience(in, system), out.Check()); err != nil {
		return refuse(out, err)
	}
	return operate(ctx, job{in, system, ev, target}, getenv, out)
}

// job is what a run is to do, and where.
type job struct {
	in     input.Input
	system ci.System
	ev     ci.Event
	target rules.Target
}

// operate opens the session, runs the operation, and reports it.
func operate(ctx context.Context, j job, getenv func(string) string, out *report.Reporter) int {
	in, ev := j.in, j.ev
	for _, text := range in.Notices {
		out.Notice("Release file", text)
	}
	if in.MaskAccount && j.system.Mask("0") == "" {
		out.Notice("mask-account-id", cmp.Or(j.system.Name(), "This system")+" has no command that hides text in the log: mask-account-id has no effect")
	}
	req := request(in, ev, j.target)
	req.Policy = needs(in, getenv)
	assumed, fact, err := roles(j, getenv, out)
	if err != nil {
		return refuse(out, err)
	}
	out.Start(intent(in, ev, j.target), len(req.Functions) > 1 || len(req.Globs) > 0)
	if fact != "" {
		out.Fact("", fact)
	}
	if err := checkForeign(in, ev); err != nil {
		return finish(out, release.NotStarted(req, err))
	}
	ctx, cancel := awsapi.WithTimeout(ctx, in.Timeout+ownTime(in))
	defer cancel()
	aws, err := awsapi.Open(ctx, awsapi.Options{
		Region: in.Region, Getenv: getenv, Timeout: in.Timeout, Version: Version(), Roles: assumed, CI: adviceOf(j.system), Dial: dialOf(ctx),
	})
	if err != nil {
		maskAccountsIn(err, in, out)
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
func intent(in input.Input, ev ci.Event, target rules.Target) string {
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
	if run := runOf(ev); run.Known() {
		text += fmt.Sprintf(" (%s)", run)
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

// runOf is the run as histories name it.
func runOf(ev ci.Event) alias.Run { return alias.Run{ID: ev.RunID, Scope: alias.Scope(ev.Scope)} }

func linksOf(ev ci.Event) report.Links {
	links := report.Links{RunURL: ev.RunURL, Commit: ev.SHA[:min(len(ev.SHA), 7)], CommitURL: ev.CommitURL}
	if ev.RunID != 0 {
		links.Run = strconv.FormatUint(ev.RunID, 10)
	}
	return links
}

// adviceOf is the advice for hints, nil on a person's machine.
func adviceOf(system ci.System) *awsapi.CI {
	if !system.InCI() {
		return nil
	}
	advice := system.Advice()
	return &awsapi.CI{NoCredentials: advice.NoCredentials, Expired: advice.Expired}
}

func request(in input.Input, ev ci.Event, target rules.Target) release.Request {
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
		Environment:      in.Variables,
		Create:           in.Create,
		RestoreLatest:    in.RestoreLatest,
		Warnings:         in.Warnings,
		Staging:          release.Staging{Bucket: in.S3Bucket, Prefix: in.S3Prefix},
		Provisioned:      in.WaitForProvisioned,
		Stages:           stages(in, target.Alias),
		StageVariable:    in.StageVariable,
		URLs:             in.URLs,
		CopyFrom:         in.CopySettingsFrom,
		Rollout:          rolloutOf(in),
		CodeDeploy:       codeDeploy(in),
		Smoke:            in.SmokeTest,
		Hooks:            in.Hooks,
		Run:              release.Run{ID: ev.RunID, Scope: runOf(ev).Scope, Attempt: ev.Attempt, Ref: ev.Ref.Short(), SHA: ev.SHA},
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
