package release

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
)

// checkNotFailed refuses a version that will never serve. One that is being made,
// or woken, is waited for later.
func (t target) checkNotFailed(v awsapi.Configuration) error {
	if v.State != "Failed" {
		return nil
	}
	return &awsapi.StateError{Function: t.fn.Name, Qualifier: v.Version, What: "State", Reason: v.StateReason}
}

// checkShiftable refuses what AWS would refuse at the first step: versions that
// may not share an alias (facts A10, A11).
func (p Plan) checkShiftable() error {
	t, s, to := p.target, p.target.edit.Current(), p.version()
	if !p.steps() || !s.Exists() || s.Version == to {
		return nil
	}
	const allAtOnce = "`strategy: AllAtOnce` moves it"
	what := fmt.Sprintf("shift %s of %s from %s to %s", t.alias(), t.fn.Name, s.Version, named(to))
	if s.Version == alias.Latest || to == alias.Latest {
		return fmt.Errorf("%s: $LATEST cannot share an alias: %s", what, allAtOnce)
	}
	from, config := p.Facts.Serving, p.Facts.Config
	for _, c := range []struct{ what, from, to string }{
		{"execution role", from.Role, config.Role},
		{"dead-letter target", from.DeadLetter, config.DeadLetter},
	} {
		if c.from != c.to {
			return fmt.Errorf("%s: AWS does not let versions share an alias that differ in their %s (%s, %s): %s",
				what, c.what, orNone(c.from), orNone(c.to), allAtOnce)
		}
	}
	return nil
}

// named is a version for people, also where only a real run knows its number.
func named(v alias.Version) string {
	switch v {
	case unknownVersion:
		return "the published version"
	default:
		return v.String()
	}
}

func (l *journal) warnIfInactive(v awsapi.Configuration) {
	if v.State == "Inactive" {
		l.warn("version %s is Inactive: its first invocation will fail or wait until AWS has woken it", v.Version)
	}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// ChoiceError says that a version has to be named, and which there are.
type ChoiceError struct {
	What     string
	Versions []awsapi.Configuration // newest first
	More     int                    // older ones that are not listed
}

// maxChoice is how many versions an error lists.
const maxChoice = 20

func (e *ChoiceError) Error() string { return e.What }

// Hint lists the versions.
func (e *ChoiceError) Hint() string {
	if len(e.Versions) == 0 {
		return "There is no published version: publish one with `operation: release`."
	}
	var b strings.Builder
	b.WriteString("Set the input `version` to one of these, newest first:")
	for _, v := range e.Versions {
		fmt.Fprintf(&b, "\n%s  %.10s  %s", v.Version, v.LastModified, v.Description)
	}
	if e.More > 0 {
		fmt.Fprintf(&b, "\n… and %d older ones", e.More)
	}
	return b.String()
}

// choice is the error that lists the versions there are.
func (t target) choice(ctx context.Context, what string) error {
	versions, err := t.versions(ctx)
	if err != nil {
		return fmt.Errorf("%s; its versions could not be listed: %w", what, err)
	}
	slices.Reverse(versions)
	listed := min(len(versions), maxChoice)
	return &ChoiceError{What: what, Versions: versions[:listed], More: len(versions) - listed}
}

// versions are all published versions, oldest first.
func (t target) versions(ctx context.Context) ([]awsapi.Configuration, error) {
	var all []awsapi.Configuration
	for v, err := range t.aws.Versions(ctx, t.fn) {
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}
