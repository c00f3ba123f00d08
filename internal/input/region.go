package input

import "fmt"

// regionOf takes the region from the functions' ARNs, which have to
// agree: one job speaks to one region.
func (in *Input) regionOf(functions []Function) Problems {
	var problems Problems
	for _, f := range functions {
		switch {
		case f.Region == "" || f.Region == in.Region:
		case in.Region == "":
			in.Region = f.Region
		default:
			problems = append(problems, Problem{
				Value:   f.Given,
				What:    fmt.Sprintf("the ARN is in %s, another one in %s", f.Region, in.Region),
				Allowed: "one job releases in one region: take a job for each",
			})
		}
	}
	return problems
}

// parseRegion comes after the functions; in.Region is what their ARNs say.
func parseRegion(in *Input, value string) Problems {
	if !region.MatchString(value) {
		return bad("not the name of a region")
	}
	if in.Region != "" && in.Region != value {
		return Problems{{
			What:    fmt.Sprintf("contradicts the region in function-name, %s", in.Region),
			Allowed: "leave aws-region out, or name the functions without their region",
		}}
	}
	in.Region = value
	return nil
}
