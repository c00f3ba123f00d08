package release

import (
	"fmt"

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
		return fmt.Errorf("%s: AWS does not let $LATEST share an alias with a version: %s", what, allAtOnce)
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

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
