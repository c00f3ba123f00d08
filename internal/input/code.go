package input

import (
	"errors"
	"fmt"

	"lambda-release/internal/artifact"
	"lambda-release/internal/gateway"
)

// parseCode comes after the functions.
func parseCode(in *Input, value string) Problems {
	var names []string
	for _, f := range in.Functions {
		names = append(names, f.Name)
	}
	sources, err := artifact.ParseMany(value, names)
	if err == nil {
		in.Code = sources
		return nil
	}
	return each(err, func(err error) Problem {
		if wrong, ok := errors.AsType[*artifact.SyntaxError](err); ok {
			return Problem{Value: wrong.Text, What: onLine(wrong.Line, wrong.Problem), Allowed: wrong.Allowed}
		}
		return Problem{What: err.Error()}
	})
}

func parseStages(in *Input, value string) Problems {
	stages, err := gateway.ParseBindings(value)
	if err == nil {
		in.Stages = stages
		return nil
	}
	return each(err, func(err error) Problem {
		if wrong, ok := errors.AsType[*gateway.LineError](err); ok {
			return Problem{Value: wrong.Text, What: onLine(wrong.Line, wrong.Problem), Allowed: wrong.Allowed}
		}
		return Problem{What: err.Error()}
	})
}

func parseStageVariable(in *Input, value string) Problems {
	if gateway.CheckVariable(value) != nil {
		return bad("not a name for a stage variable")
	}
	in.StageVariable = value
	return nil
}

// each makes a Problem of every error that was joined.
func each(err error, problem func(error) Problem) Problems {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return Problems{problem(err)}
	}
	var problems Problems
	for _, err := range joined.Unwrap() {
		problems = append(problems, problem(err))
	}
	return problems
}

func onLine(line int, what string) string {
	if line == 0 {
		return what
	}
	return fmt.Sprintf("line %d: %s", line, what)
}
