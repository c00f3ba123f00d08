package input

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lambda-release/internal/alias"
	"lambda-release/internal/lines"
	"lambda-release/internal/release"
	"lambda-release/internal/rules"
)

const (
	// minKeep keeps the current version and those that a rollback may need.
	minKeep     = 3
	maxKeepDays = 3650
	// commitDigits are those of a commit that a version's description has.
	commitDigits = 7
)

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
	if sha, ok := strings.CutPrefix(value, "commit:"); ok {
		if sha = strings.ToLower(sha); !release.IsCommit(sha) {
			return bad("not a commit, which is 7 to 40 hex digits")
		}
		in.Commit = sha[:commitDigits]
		return nil
	}
	if err := rules.CheckAlias(value); err != nil {
		return bad("neither a version number, a commit nor an alias")
	}
	in.VersionOf = value
	return nil
}

func parseKeepDays(in *Input, value string) Problems {
	n, err := strconv.Atoi(value)
	if err != nil {
		return bad("not a whole number")
	}
	if n < 1 || n > maxKeepDays {
		return bad("out of range")
	}
	in.KeepDays = n
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

func parseReason(in *Input, value string) Problems {
	reason := alias.LockReason(oneLine(value))
	if n := len([]rune(reason)); n > alias.MaxReason {
		return bad(fmt.Sprintf("%d characters", n))
	}
	in.Reason = reason
	return nil
}

// crossCheck checks the inputs against each other. An input that was refused
// already is not reported as missing.
func (in Input) crossCheck(reported Problems) Problems {
	c := &checks{in: in, reported: reported}
	if !c.alreadyReported("operation") {
		c.operation()
	}
	c.staging()
	c.creation()
	c.rollout()
	c.hooks()
	c.stages()
	c.credentials()
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

// alreadyReported reports whether an input was refused by itself, or is not known since
// the release file was.
func (c *checks) alreadyReported(name string) bool {
	s, _ := inputNamed(name)
	inFile := s.file != nil || name == "function-name"
	return c.reported.have(name) || inFile && c.reported.have("file")
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
	switch {
	case in.Version != 0:
		version = strconv.FormatInt(in.Version, 10)
	case in.Commit != "":
		version = "commit:" + in.Commit
	}
	switch in.Operation {
	case release.Promote:
		if version == "" {
			c.needs("version", "give the version to promote, or the alias whose version to promote")
		}
	case release.Rollback:
		c.refuse("version", in.VersionOf != "", version, operation, "give a version number or a commit, or leave it empty for the alias's previous version")
	case release.Prune:
		if in.KeepVersions == 0 && in.KeepDays == 0 && !c.alreadyReported("keep-days") {
			c.needs("keep-versions", "give the number of newest versions to keep, at least 3, or keep-days")
		}
	case release.DeleteAlias:
		c.refuse("alias", in.Alias != "", in.Alias, operation, "delete-alias deletes only the alias of a rule with {number}, {branch} or {tag}; leave alias empty")
	}
	if globs := release.OperationsWithGlobs(); len(in.Globs) > 0 && !slices.Contains(globs, in.Operation.String()) {
		c.refuse("function-name", true, string(in.Globs[0]), operation, "only "+and(globs)+" take globs; name the functions")
	}
	c.refuse("version", version != "" && in.Operation != release.Promote && in.Operation != release.Rollback, version, operation, "only promote and rollback take a version")
	c.refuse("code", in.Code != nil && in.Operation != release.Release, "", operation, "only release uploads code")
	c.refuse("configuration", in.Configuration != nil && in.Operation != release.Release, "", operation, "only release configures")
	for _, fn := range in.Functions {
		_, uploaded := in.Code[fn.Name]
		c.refuse("code-sha256", uploaded && in.CodeSHA256[fn.Name] != "", "", "code of "+fn.Name, "uploaded code is guarded by its own hash: leave code-sha256 out for this function")
	}
	prunes := in.Operation == release.Release || in.Operation == release.Prune
	shows := in.Operation == release.ReadStatus
	const only = "only release and prune delete versions, and status shows how many that would be"
	c.refuse("keep-versions", in.KeepVersions != 0 && !prunes && !shows, strconv.Itoa(in.KeepVersions), operation, only)
	c.refuse("keep-days", in.KeepDays != 0 && !prunes && !shows, strconv.Itoa(in.KeepDays), operation, only)
}

// and is `a`, `a and b`, `a, b and c`.
func and(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
