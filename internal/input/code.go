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

// parseStages needs the functions, too: they all are behind each stage.
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

// parseFunctionURL needs the functions, too.
func parseFunctionURL(in *Input, value string) Problems {
	url, wrong := gateway.NewURL(value, nil)
	if len(wrong) > 0 {
		return bad(wrong[0].What)
	}
	in.URLs = map[string]gateway.URL{}
	for _, fn := range in.Functions {
		in.URLs[fn.Name] = url
	}
	return nil
}

func parseStageVariable(in *Input, value string) Problems {
	if gateway.CheckVariable(value) != nil {
		return bad("not a name for a stage variable")
	}
	in.StageVariable = value
	return nil
}
