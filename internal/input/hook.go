package input

import (
	"fmt"
	"slices"
	"strings"

	"lambda-release/internal/document"
	"lambda-release/internal/function"
	"lambda-release/internal/lines"
	"lambda-release/internal/release"
)

const hookShape = "name a Lambda function by its name, partial ARN or ARN, with :ALIAS or :VERSION if needed; for several functions NAME=HOOK per line"

func parsePreHook(in *Input, value string) Problems {
	return in.parseHooks(&in.Hooks.Pre, value)
}

func parsePostHook(in *Input, value string) Problems {
	return in.parseHooks(&in.Hooks.Post, value)
}

// parseHooks needs the functions, which are parsed before: it takes one hook for all
// of them, or a line NAME=HOOK for each that has one.
func (in *Input) parseHooks(to *map[string]release.Hook, value string) Problems {
	hooks := map[string]release.Hook{}
	*to = hooks
	if !strings.ContainsAny(value, "=\n") {
		hook, wrong := parseHook(value)
		if wrong != "" {
			return bad(wrong)
		}
		for _, f := range in.Functions {
			hooks[f.Name] = hook
		}
		return nil
	}
	var problems Problems
	for _, line := range lines.All(value) {
		name, given, named := strings.Cut(line, "=")
		name = strings.TrimSpace(name)
		hook, wrong := parseHook(strings.TrimSpace(given))
		_, second := hooks[name]
		switch {
		case !named:
			wrong = "no function before it"
		case wrong != "":
		case second:
			wrong = "a second hook for " + name
		case len(in.Functions) > 0 && !slices.ContainsFunc(in.Functions, func(f function.ID) bool { return f.Name == name }):
			wrong = fmt.Sprintf("this job has no function %s", lines.Quote(name))
		}
		if wrong != "" {
			problems = append(problems, Problem{Value: line, What: wrong})
			continue
		}
		hooks[name] = hook
	}
	return problems
}

func readPreHook(in *Input, of ofFunction) document.Problems {
	return readHook(&in.Hooks.Pre, of)
}

func readPostHook(in *Input, of ofFunction) document.Problems {
	return readHook(&in.Hooks.Post, of)
}

// readHook reads a hook of the release file.
func readHook(to *map[string]release.Hook, of ofFunction) document.Problems {
	if _, given := (*to)[of.name]; given {
		return nil
	}
	hook, wrong := parseHook(of.Value.Text)
	if wrong != "" {
		return document.Problems{inFile(of.Value, wrong, "name a Lambda function by its name, partial ARN or ARN, with :ALIAS or :VERSION if needed")}
	}
	*to = with(*to, of.name, hook)
	return nil
}

func parseHook(given string) (h release.Hook, wrong string) {
	fn, qualifier, err := function.ParseQualified(given)
	if err != nil {
		return h, err.Error()
	}
	return release.Hook{Function: fn, Qualifier: qualifier}, ""
}

// hooks checks the hooks against the other inputs.
func (c *checks) hooks() {
	in := c.in
	for _, given := range []struct {
		name  string
		hooks map[string]release.Hook
	}{{"pre-traffic-hook", in.Hooks.Pre}, {"post-traffic-hook", in.Hooks.Post}} {
		for _, f := range in.Functions {
			h := given.hooks[f.Name]
			if region := h.Function.Region; region != "" && in.Region != "" && region != in.Region {
				c.refuse(given.name, true, h.String(), "the region of the functions, "+in.Region, "a hook must be in that region, too")
				break
			}
		}
	}
	c.refuse("post-traffic-hook", len(in.Hooks.Post) > 0 && in.CodeDeploy != nil && !in.CodeDeployWait, "", "codedeploy-wait: false",
		"it is invoked when the deployment has ended: set codedeploy-wait to true")
}
