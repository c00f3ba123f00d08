package input

import (
	"fmt"

	"lambda-release/internal/function"
)

// regionOf takes the region from the functions' ARNs, which must agree: one job
// releases in one region.
func (in *Input) regionOf(functions []function.ID) Problems {
	var problems Problems
	for _, f := range functions {
		switch {
		case f.Region == "" || f.Region == in.Region:
		case in.Region == "":
			in.Region = f.Region
		default:
			problems = append(problems, Problem{
				Value:   f.Given,
				What:    fmt.Sprintf("the ARN is in %s, another in %s", f.Region, in.Region),
				Allowed: "a job releases in one region: use a job for each",
			})
		}
	}
	return problems
}

// parseRegion needs the functions, which are parsed before: in.Region is the
// region of their ARNs.
func parseRegion(in *Input, value string) Problems {
	if !function.IsRegion(value) {
		return bad("not the name of a region")
	}
	if in.Region != "" && in.Region != value {
		return Problems{{
			What:    fmt.Sprintf("contradicts the region in function-name, %s", in.Region),
			Allowed: "leave aws-region empty, or name the functions without their region",
		}}
	}
	in.Region = value
	return nil
}
