package input

import (
	"lambda-release/internal/artifact"
	"lambda-release/internal/document"
	"lambda-release/internal/gateway"
)

// parseCode needs the functions, which are parsed before. Those that it does not name
// have what the release file says.
func (r *reader) parseCode(value string, given bool) Problems {
	if !given {
		return nil
	}
	var names []string
	for _, f := range r.in.Functions {
		names = append(names, f.Name)
	}
	parse := artifact.Parse
	if r.file.Has() {
		parse = artifact.ParseSome
	}
	sources, err := parse(value, names)
	if err != nil {
		return problemsOf(err)
	}
	r.in.Code = sources
	return nil
}

// readCode reads code of the release file, to whose folder a path is relative.
func readCode(in *Input, of ofFunction) document.Problems {
	if _, given := in.Code[of.name]; given {
		return nil
	}
	source, err := artifact.ParseIn(of.dir, of.Value.Text)
	if err != nil {
		return document.Problems{errorInFile(of.Value, err)}
	}
	in.Code = with(in.Code, of.name, source)
	return nil
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
	in.Stages = with(in.Stages, of.name, stages)
	return problems
}

// readFunctionURL reads function-url of the release file: a word, or an object.
func readFunctionURL(in *Input, of ofFunction) document.Problems {
	if _, given := in.URLs[of.name]; given {
		return nil
	}
	who := of.Value.Text
	if v, isObject := of.Value.Get("auth"); isObject {
		who = v.Text
	}
	in.URLs = with(in.URLs, of.name, gateway.URL{AuthType: gateway.AuthTypes()[who]})
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
