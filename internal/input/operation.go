package input

import (
	"slices"
	"strconv"

	"lambda-release/internal/rules"
)

// minKeep leaves the version that is served and those it may have to go back to.
const minKeep = 3

// parseVersion does not know yet what the operation makes of it: see together.
func parseVersion(in *Input, value string) Problems {
	if value == "$LATEST" {
		return bad("the unpublished code is no version: publish one with operation release")
	}
	if n, err := strconv.ParseInt(value, 10, 64); err == nil && n > 0 {
		in.Version = n
		return nil
	}
	if err := rules.CheckAlias(value); err != nil {
		return bad("neither a version number nor an alias")
	}
	in.VersionOf = value
	return nil
}

func parseKeepVersions(in *Input, value string) Problems {
	n, err := strconv.Atoi(value)
	if err != nil {
		return bad("not a whole number")
	}
	if n < minKeep {
		return bad("too few: a rollback would find nothing to go back to")
	}
	in.KeepVersions = n
	return nil
}

// together checks what only makes sense, or is only needed, with a certain
// operation. What is missing because it was refused already is not told twice.
func (in Input) together(told Problems) Problems {
	var problems Problems
	needs := func(name string, missing bool, what string) {
		if missing && !slices.ContainsFunc(told, func(p Problem) bool { return p.Input == name }) {
			problems = append(problems, Problem{Input: name, What: "missing", Allowed: what})
		}
	}
	refuse := func(name string, given bool, value, what string) {
		if given {
			problems = append(problems, Problem{Input: name, Value: value, What: "not for operation " + in.Operation, Allowed: what})
		}
	}
	version := in.VersionOf
	if in.Version != 0 {
		version = strconv.FormatInt(in.Version, 10)
	}
	switch in.Operation {
	case Promote:
		needs("version", version == "", "name the version to promote, or the alias whose version is taken")
	case Rollback:
		refuse("version", in.VersionOf != "", version, "give a version number, or leave it empty for the alias's own previous version")
	case Prune:
		needs("keep-versions", in.KeepVersions == 0, "say how many of the newest versions to keep, 3 at least")
	}
	if in.Operation == Release || in.Operation == Prune || in.Operation == DeleteAlias {
		refuse("version", version != "", version, "only promote and rollback take a version")
	}
	if in.Operation == Promote || in.Operation == Rollback || in.Operation == DeleteAlias {
		refuse("keep-versions", in.KeepVersions != 0, strconv.Itoa(in.KeepVersions), "only release and prune delete versions")
	}
	if in.Operation == DeleteAlias {
		refuse("alias", in.Alias != "", in.Alias, "it deletes only what a rule with {number}, {branch} or {tag} in its alias names; leave alias empty")
	}
	return problems
}
