package input

import (
	"lambda-release/internal/artifact"
	"lambda-release/internal/gateway"
)

// parseCode needs the functions, which are parsed before.
func parseCode(in *Input, value string) Problems {
	var names []string
	for _, f := range in.Functions {
		names = append(names, f.Name)
	}
	sources, err := artifact.Parse(value, names)
	if err == nil {
		in.Code = sources
		return nil
	}
	return problemsOf(err)
}

func parseStages(in *Input, value string) Problems {
	stages, err := gateway.ParseBindings(value)
	if err == nil {
		in.Stages = stages
		return nil
	}
	return problemsOf(err)
}

func parseStageVariable(in *Input, value string) Problems {
	if gateway.CheckVariable(value) != nil {
		return bad("not a name for a stage variable")
	}
	in.StageVariable = value
	return nil
}
