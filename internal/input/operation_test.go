package input

import (
	"errors"
	"strings"
	"testing"

	"lambda-release/internal/release"
)

func TestOperations(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args, refused string // refused: `input: what`, "" when it is taken
		want          Input
	}{
		{args: "--operation promote --version 12", want: Input{Operation: release.Promote, Version: 12}},
		{args: "--operation promote --version dev", want: Input{Operation: release.Promote, VersionOf: "dev"}},
		{args: "--operation promote --version=2026-11-23", want: Input{Operation: release.Promote, VersionOf: "2026-11-23"}},
		{args: "--operation promote", refused: "version: missing"},
		{args: "--operation promote --version $LATEST", refused: "version: the unpublished code is not a version"},
		{args: "--operation promote --version 0", refused: "version: neither a version number nor an alias"},
		{args: "--operation promote --version commit:1A2B3C4d5e", want: Input{Operation: release.Promote, Commit: "1a2b3c4"}},
		{args: "--operation rollback --version commit:1a2b3c4", want: Input{Operation: release.Rollback, Commit: "1a2b3c4"}},
		{args: "--operation rollback --version commit:1a2b3c", refused: "version: not a commit"},
		{args: "--operation rollback --version commit:xyz", refused: "version: not a commit"},
		{args: "--operation promote --version commit:1a2b3c41a2b3c41a2b3c41a2b3c41a2b3c41a2b3c4", refused: "version: not a commit"},
		{args: "--operation prune --version commit:1a2b3c4 --keep-versions 3", refused: "version: conflicts with operation"},
		{args: "--operation promote --version 1 --keep-versions 5", refused: "keep-versions: conflicts with operation"},
		{args: "--operation rollback", want: Input{Operation: release.Rollback}},
		{args: "--operation rollback --version 7", want: Input{Operation: release.Rollback, Version: 7}},
		{args: "--operation rollback --version dev", refused: "version: conflicts with operation"},
		{args: "--operation prune --keep-versions 3", want: Input{Operation: release.Prune, KeepVersions: 3}},
		{args: "--operation prune", refused: "keep-versions: missing"},
		{args: "--operation prune --keep-versions 2", refused: "keep-versions: too few"},
		{args: "--operation prune --keep-versions many", refused: "keep-versions: not a whole number"},
		{args: "--operation delete-alias", want: Input{Operation: release.DeleteAlias}},
		{args: "--operation delete-alias --alias pr-7", refused: "alias: conflicts with operation"},
		{args: "--operation prune --keep-days 30", want: Input{Operation: release.Prune, KeepVersions: 3, KeepDays: 30}},
		{args: "--keep-days 1 --keep-versions 7", want: Input{Operation: release.Release, KeepVersions: 7, KeepDays: 1}},
		{args: "--operation prune --keep-days 3651", refused: "keep-days: out of range"},
		{args: "--operation prune --keep-days 0", refused: "keep-days: out of range"},
		{args: "--operation prune --keep-days 30d", refused: "keep-days: not a whole number"},
		{args: "--operation rollback --keep-days 30", refused: "keep-days: conflicts with operation"},
		{args: "--keep-versions 10", want: Input{Operation: release.Release, KeepVersions: 10}},
		{args: "--version 12", refused: "version: conflicts with operation"},
		{args: "--operation rolback --version 12", refused: `operation: unknown (did you mean rollback?)`},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			got, err := Parse(append(strings.Fields(tt.args), "--function-name", "orders"), func(string) string { return "" })
			if tt.refused == "" {
				if err != nil || got.Operation != tt.want.Operation || got.Version != tt.want.Version ||
					got.VersionOf != tt.want.VersionOf || got.Commit != tt.want.Commit || got.KeepVersions != tt.want.KeepVersions || got.KeepDays != tt.want.KeepDays {
					t.Errorf("%+v, %v", got, err)
				}
				return
			}
			problems, _ := errors.AsType[Problems](err)
			if len(problems) != 1 || !strings.HasPrefix(problems[0].Input+": "+problems[0].What, tt.refused) || problems[0].Allowed == "" {
				t.Errorf("refused with %+v, want %s", problems, tt.refused)
			}
		})
	}
}
