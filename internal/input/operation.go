package input

import (
	"slices"
	"strconv"

	"lambda-release/internal/lines"
	"lambda-release/internal/release"
	"lambda-release/internal/rules"
)

// minKeep keeps the current version and those that a rollback may need.
const minKeep = 3

func parseOperation(in *Input, value string) Problems {
	var err error
	if in.Operation, err = release.ParseOperation(value); err != nil {
		return bad("unknown" + lines.DidYouMean(value, release.Operations()))
	}
	return nil
}

// parseVersion parses a version for any operation: see crossCheck.
func parseVersion(in *Input, value string) Problems {
	if value == "$LATEST" {
		return bad("the unpublished code is not a version: publish one with operation release")
	}
	if n, err := strconv.ParseInt(value, 10, 64); err == nil {
		if n < 1 {
			return bad("neither a version number nor an alias")
		}
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
		return bad("too few: a rollback would have no version to go back to")
	}
	in.KeepVersions = n
	return nil
}

// crossCheck checks the inputs against each other. An input that was refused
// already is not reported as missing.
func (in Input) crossCheck(reported Problems) Problems {
	c := &checks{in: in, reported: reported}
	if in.Operation != 0 {
		c.operation()
	}
	c.rollout()
	c.hooks()
	return c.found
}

// checks collects the problems between inputs that are good by themselves.
type checks struct {
	in              Input
	reported, found Problems
}

func (c *checks) needs(name, what string) {
	if !c.alreadyReported(name) {
		c.found = append(c.found, Problem{Input: name, What: "missing", Allowed: what})
	}
}

// alreadyReported reports whether an input was refused by itself.
func (c *checks) alreadyReported(name string) bool {
	return slices.ContainsFunc(c.reported, func(p Problem) bool { return p.Input == name })
}

// refuse refuses an input that does not go with another one.
func (c *checks) refuse(name string, wrong bool, value, with, what string) {
	if wrong {
		c.found = append(c.found, Problem{Input: name, Value: value, What: "conflicts with " + with, Allowed: what})
	}
}

func (c *checks) operation() {
	in := c.in
	version, operation := in.VersionOf, "operation "+in.Operation.String()
	if in.Version != 0 {
		version = strconv.FormatInt(in.Version, 10)
	}
	switch in.Operation {
	case release.Promote:
		if version == "" {
			c.needs("version", "give the version to promote, or the alias whose version to promote")
		}
	case release.Rollback:
		c.refuse("version", in.VersionOf != "", version, operation, "give a version number, or leave it empty for the alias's previous version")
	case release.Prune:
		if in.KeepVersions == 0 {
			c.needs("keep-versions", "give the number of newest versions to keep, at least 3")
		}
	case release.DeleteAlias:
		c.refuse("alias", in.Alias != "", in.Alias, operation, "delete-alias deletes only the alias of a rule with {number}, {branch} or {tag}; leave alias empty")
	}
	c.refuse("version", version != "" && in.Operation != release.Promote && in.Operation != release.Rollback, version, operation, "only promote and rollback take a version")
	c.refuse("code", in.Code != nil && in.Operation != release.Release, "", operation, "only release uploads code")
	c.refuse("code-sha256", in.Code != nil && in.CodeSHA256 != nil, "", "code", "uploaded code is guarded by its own hash: leave code-sha256 empty")
	c.refuse("keep-versions", in.KeepVersions != 0 && in.Operation != release.Release && in.Operation != release.Prune,
		strconv.Itoa(in.KeepVersions), operation, "only release and prune delete versions")
}
