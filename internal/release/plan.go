package release

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
)

// unknownVersion stands for the version that a dry run would publish.
const unknownVersion Version = math.MaxInt64

// plan is the dry run of a release: reads only, all at once. What AWS alone
// knows, whether a publish would make a new version, is said as it is.
func (v *release) plan(ctx context.Context, j *job) error {
	var reads errgroup.Group
	var latest, serving awsapi.Configuration
	reads.Go(func() error { return j.readAlias(ctx) })
	reads.Go(func() (err error) {
		latest, err = j.r.AWS.Configuration(ctx, j.fn, "")
		return err
	})
	reads.Go(func() (err error) {
		serving, err = j.r.AWS.Configuration(ctx, j.fn, j.out.Alias)
		if awsapi.Is(err, awsapi.NotFound) {
			return nil
		}
		return err
	})
	if err := reads.Wait(); err != nil {
		return err
	}
	j.out.FunctionARN = function.Unqualified(latest.ARN)
	if sha := v.CodeSHA256[j.fn.Name]; sha != "" && sha != latest.CodeSHA256 {
		return fmt.Errorf("publish %s: `code-sha256` is %s, but the code of $LATEST is %s", j.fn.Name, sha, latest.CodeSHA256)
	}

	if source, given := v.Code[j.fn.Name]; given {
		pack, _, err := v.compare(ctx, j, source)
		if err != nil {
			return err
		}
		if pack.SHA256 == latest.CodeSHA256 {
			j.plan("not upload %s: it is the code of $LATEST already", pack.Describe())
		} else {
			j.plan("upload %s", pack.Describe())
			latest.CodeSHA256 = pack.SHA256
		}
	}
	target, name := unknownVersion, "the published version"
	if v.Latest {
		target, name = Latest, "$LATEST"
	}
	d, err := decideRelease(j.seen, target, v.Request, time.Now())
	if err != nil {
		return err
	}
	if latest.State == "Pending" || latest.LastUpdate == "InProgress" {
		j.plan("wait for the update of $LATEST that is in progress")
	}
	if !v.Latest {
		j.plan("publish $LATEST (code %.12s…, last written %s) as a new version, unless nothing was written since the last one",
			latest.CodeSHA256, latest.LastModified)
	}
	switch {
	case d.status == Superseded:
		j.plan("leave %s at %s: %s", j.out.Alias, j.seen.Position, d.reason)
	case d.status == Unchanged:
		j.plan("leave %s at %s, where it is already", j.out.Alias, j.seen.Position)
	case !j.seen.exists():
		j.plan("create %s at %s", j.out.Alias, name)
	default:
		j.plan("move %s from %s to %s", j.out.Alias, j.seen.Position, name)
		j.planDifferences(serving, latest)
	}
	j.out.Status = Planned
	return j.planBinding(ctx, v.Request)
}

// planMove ends the preparation of a promotion or rollback to target when it is
// a dry run: with what would be done, and what callers would notice.
func (j *job) planMove(ctx context.Context, v verb, target awsapi.Configuration) error {
	d, err := v.decide(ctx, j)
	if err != nil {
		return err
	}
	j.out.Status = Planned
	switch {
	case d.status == Unchanged:
		j.plan("leave %s at %s%s", j.out.Alias, j.seen.Position, because(d.reason))
		return nil
	case !j.seen.exists():
		j.plan("create %s at %s", j.out.Alias, target.Version)
		return nil
	}
	j.plan("move %s from %s to %s%s", j.out.Alias, j.seen.Position, target.Version, because(d.reason))
	serving, err := j.r.AWS.Configuration(ctx, j.fn, j.seen.Version.String())
	if err != nil {
		return err
	}
	j.planDifferences(serving, target)
	return nil
}

func (j *job) plan(format string, args ...any) {
	j.out.Plan = append(j.out.Plan, fmt.Sprintf(format, args...))
}

// planDifferences says what callers of the alias get that they have not now.
func (j *job) planDifferences(from, to awsapi.Configuration) {
	diff := differences(from, to)
	if len(diff) == 0 {
		j.plan("change nothing in code or configuration: version %s is the same", from.Version)
		return
	}
	j.plan("change, against version %s: %s", from.Version, strings.Join(diff, "; "))
}

// differences lists what is not the same in two versions. Of environment
// variables it gives the names only.
func differences(from, to awsapi.Configuration) []string {
	var diff []string
	if from.CodeSHA256 != to.CodeSHA256 {
		diff = append(diff, fmt.Sprintf("code %.12s… -> %.12s…", from.CodeSHA256, to.CodeSHA256))
	}
	for _, f := range []struct{ name, from, to string }{
		{"package type", from.PackageType, to.PackageType},
		{"runtime", from.Runtime, to.Runtime},
		{"handler", from.Handler, to.Handler},
		{"memory", fmt.Sprintf("%d MB", from.MemoryMB), fmt.Sprintf("%d MB", to.MemoryMB)},
		{"timeout", fmt.Sprintf("%d s", from.TimeoutSeconds), fmt.Sprintf("%d s", to.TimeoutSeconds)},
		{"architecture", strings.Join(from.Architectures, " "), strings.Join(to.Architectures, " ")},
		{"role", lastSegment(from.Role), lastSegment(to.Role)},
		{"dead-letter target", lastSegment(from.DeadLetter), lastSegment(to.DeadLetter)},
	} {
		if f.from != f.to {
			diff = append(diff, fmt.Sprintf("%s %s -> %s", f.name, orNone(f.from), orNone(f.to)))
		}
	}
	if names := changedNames(setOf(from.Layers), setOf(to.Layers)); names != "" {
		diff = append(diff, "layers "+names)
	}
	if names := changedNames(from.Environment, to.Environment); names != "" {
		diff = append(diff, "environment "+names)
	}
	return diff
}

// changedNames is `+added -removed ~changed`, sorted by name.
func changedNames(from, to map[string]string) string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(to)) {
		old, had := from[name]
		switch {
		case !had:
			names = append(names, "+"+name)
		case old != to[name]:
			names = append(names, "~"+name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(from)) {
		if _, has := to[name]; !has {
			names = append(names, "-"+name)
		}
	}
	return strings.Join(names, " ")
}

// setOf keys layers by the end of their ARNs, name and version: the account
// in front says nothing about the change.
func setOf(layers []string) map[string]string {
	set := make(map[string]string, len(layers))
	for _, arn := range layers {
		_, name, found := strings.Cut(arn, ":layer:")
		if !found {
			name = arn
		}
		set[name] = arn
	}
	return set
}

func lastSegment(arn string) string { return arn[strings.LastIndexAny(arn, ":/")+1:] }

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
