package input

import (
	"fmt"
	"maps"
	"slices"

	"lambda-release/internal/document"
	"lambda-release/internal/gateway"
)

// parseStages needs the functions, which are parsed before: they all are behind each
// stage.
func parseStages(in *Input, value string) Problems {
	stages, err := gateway.ParseBindings(value)
	if err != nil {
		return problemsOf(err)
	}
	in.Stages = map[string]map[string][]gateway.Stage{}
	for _, fn := range in.Functions {
		in.Stages[fn.Name] = stages
	}
	return nil
}

// readStages reads api-gateway-stages of the release file.
func readStages(in *Input, of ofFunction) document.Problems {
	if _, given := in.Stages[of.name]; given {
		return nil
	}
	stages := map[string][]gateway.Stage{}
	var problems document.Problems
	seen := map[string]bool{}
	for _, m := range of.Value.Members {
		for _, v := range elements(m.Value) {
			stage, err := gateway.ParseStage(v.Text)
			switch {
			case err != nil:
				problems = append(problems, errorInFile(v, err))
			case seen[stage.ARN]:
				problems = append(problems, inFile(v, "the stage is already bound", "bind a stage to one alias, once; an alias may have several stages"))
			}
			seen[stage.ARN] = true
			stages[m.Key] = append(stages[m.Key], stage)
		}
	}
	if len(problems) == 0 {
		in.Stages = with(in.Stages, of.name, stages)
	}
	return problems
}

func parseStageVariable(in *Input, value string) Problems {
	if gateway.CheckVariable(value) != nil {
		return bad("not a name for a stage variable")
	}
	in.StageVariable = value
	return nil
}

// stages refuses a stage that functions bind to different aliases: its variable has one
// value.
func (c *checks) stages() {
	type binding struct{ function, alias string }
	first := map[string]binding{} // by ARN
	for _, fn := range slices.Sorted(maps.Keys(c.in.Stages)) {
		for _, alias := range slices.Sorted(maps.Keys(c.in.Stages[fn])) {
			for _, s := range c.in.Stages[fn][alias] {
				b, bound := first[s.ARN]
				if !bound {
					first[s.ARN] = binding{fn, alias}
				}
				c.refuse("api-gateway-stages", bound && b.alias != alias, s.ARN, fmt.Sprintf("another function: %s binds it to %s, and %s to %s", b.function, b.alias, fn, alias),
					"a stage has one variable for all functions behind it; bind it to one alias")
			}
		}
	}
}
