package input

import (
	"maps"
	"slices"

	"lambda-release/internal/artifact"
	"lambda-release/internal/document"
	"lambda-release/internal/release"
)

// parseCreate needs the functions, which are parsed before.
func parseCreate(in *Input, value string) Problems {
	create := false
	if problems := parseBool(&create, value); problems != nil || !create {
		return problems
	}
	in.Create = map[string]release.Creation{}
	for _, fn := range in.Functions {
		in.Create[fn.Name] = release.Creation{}
	}
	return nil
}

// readCreate reads create and tags of the release file. Tags are for a function that is
// created, whatever asks for that.
func readCreate(in *Input, of ofFunction) document.Problems {
	creation, creates := in.Create[of.name]
	tags, areTags := of.Decoded.(map[string]any)
	switch {
	case areTags && creates:
		creation.Tags = map[string]string{}
		for key, value := range tags {
			creation.Tags[key], _ = value.(string)
		}
		in.Create[of.name] = creation
	case of.Decoded == true && !creates:
		in.Create = with(in.Create, of.name, creation)
	}
	return nil
}

// creation checks that there is all that a function is created with.
func (c *checks) creation() {
	if c.in.Create == nil || c.in.Operation == 0 {
		return
	}
	if c.in.Operation != release.Release {
		c.refuse("create", true, "true", "operation "+c.in.Operation.String(), "only release creates functions")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(c.in.Create)) {
		if missing := c.missing(name); len(missing) > 0 {
			c.found = append(c.found, Problem{
				Input: "create", Value: name, What: "it cannot be created without " + and(missing),
				Allowed: "a function is created from its code and its configuration, which must have Role and, unless the code is an image, Runtime and Handler",
			})
		}
	}
}

// missing is what a function cannot be created without. What was refused is reported
// already.
func (c *checks) missing(name string) []string {
	var missing []string
	code, given := c.in.Code[name]
	if !given && !c.alreadyReported("code") {
		missing = append(missing, "code")
	}
	if c.alreadyReported("configuration") {
		return missing
	}
	needed := []string{"Role"}
	if code.Kind != artifact.Image {
		needed = append(needed, "Runtime", "Handler")
	}
	for _, key := range needed {
		if c.in.Configuration[name].Text(key) == "" {
			missing = append(missing, key)
		}
	}
	return missing
}
