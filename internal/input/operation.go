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

// together checks what only makes sense, or is only needed, together. What is
// missing because it was refused already is not told twice.
func (in Input) together(told Problems) Problems {
	c := &checks{in: in, told: told}
	if in.Operation != "" {
		c.operation()
	}
	c.rollout()
	return c.found
}

// checks collects what is wrong with inputs that are good in themselves.
type checks struct {
	in          Input
	told, found Problems
}

func (c *checks) needs(name, what string) {
	if !c.toldOf(name) {
		c.found = append(c.found, Problem{Input: name, What: "missing", Allowed: what})
	}
}

// toldOf tells whether an input was refused already, for itself.
func (c *checks) toldOf(name string) bool {
	return slices.ContainsFunc(c.told, func(p Problem) bool { return p.Input == name })
}

func (c *checks) refuse(name string, wrong bool, value, what string) {
	if wrong {
		c.found = append(c.found, Problem{Input: name, Value: value, What: "does not go with the other inputs", Allowed: what})
	}
}

func (c *checks) operation() {
	in := c.in
	version := in.VersionOf
	if in.Version != 0 {
		version = strconv.FormatInt(in.Version, 10)
	}
	switch in.Operation {
	case Promote:
		if version == "" {
			c.needs("version", "name the version to promote, or the alias whose version is taken")
		}
	case Rollback:
		c.refuse("version", in.VersionOf != "", version, "to roll back, give a version number, or leave it empty for the alias's own previous version")
	case Prune:
		if in.KeepVersions == 0 {
			c.needs("keep-versions", "say how many of the newest versions to keep, 3 at least")
		}
	case DeleteAlias:
		c.refuse("alias", in.Alias != "", in.Alias, "delete-alias deletes only what a rule with {number}, {branch} or {tag} in its alias names; leave alias empty")
	}
	c.refuse("version", version != "" && in.Operation != Promote && in.Operation != Rollback, version, "only promote and rollback take a version")
	c.refuse("code", in.Code != nil && in.Operation != Release, "", "only release uploads code")
	c.refuse("code-sha256", in.Code != nil && in.CodeSHA256 != nil, "", "code is guarded by its own hash: leave code-sha256 out")
	c.refuse("keep-versions", in.KeepVersions != 0 && in.Operation != Release && in.Operation != Prune,
		strconv.Itoa(in.KeepVersions), "only release and prune delete versions")
}
