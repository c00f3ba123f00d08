package input

import (
	"fmt"
	"regexp"
	"strings"
)

// Function is one entry of `function-name`.
type Function struct {
	Given     string // as given, and legal as the FunctionName of a call
	Name      string // the short name
	Account   string // 12 digits, "" unless given
	Region    string // "" unless an ARN was given
	Partition string // aws, aws-cn, aws-us-gov, …; "" unless an ARN was given
}

var (
	// https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html
	shortName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)
	account   = regexp.MustCompile(`^[0-9]{12}$`)
	partition = regexp.MustCompile(`^aws(-[a-z]+)*$`)
	// eu-central-1, us-gov-west-1, us-isob-east-1, eusc-de-east-1
	region = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$`)
)

// parseFunction reads a name, a partial ARN or an ARN; what is wrong with it is
// the second value.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html
func parseFunction(given string) (Function, string) {
	f := Function{Given: given}
	parts := strings.Split(given, ":")
	qualified := false
	switch {
	case len(parts) == 2 && account.MatchString(parts[0]):
		return Function{}, "neither a name nor a partial ARN, which has function: behind the account"
	case len(parts) <= 2:
		f.Name, qualified = parts[0], len(parts) == 2
	case len(parts) <= 4 && parts[1] == "function":
		f.Account, f.Name, qualified = parts[0], parts[2], len(parts) == 4
	case (len(parts) == 7 || len(parts) == 8) && parts[0] == "arn" && parts[2] == "lambda" && parts[5] == "function":
		f.Partition, f.Region, f.Account, f.Name = parts[1], parts[3], parts[4], parts[6]
		qualified = len(parts) == 8
		if !partition.MatchString(f.Partition) {
			return Function{}, fmt.Sprintf("%s is not a partition such as aws, aws-cn or aws-us-gov", quote(f.Partition))
		}
		if !region.MatchString(f.Region) {
			return Function{}, fmt.Sprintf("%s is not a region such as eu-central-1", quote(f.Region))
		}
	default:
		return Function{}, "neither a name nor the ARN of a function"
	}
	switch {
	case len(parts) > 2 && !account.MatchString(f.Account):
		return Function{}, fmt.Sprintf("%s is not an account id, which is 12 digits", quote(f.Account))
	case len(f.Name) > 64:
		return Function{}, fmt.Sprintf("a name of %d characters is too long: a function's has at most 64", len(f.Name))
	case !shortName.MatchString(f.Name):
		return Function{}, fmt.Sprintf("%s is not the name of a function, which is 1 to 64 of a-z, A-Z, 0-9, - and _", quote(f.Name))
	case qualified:
		return Function{}, fmt.Sprintf("%s is a version or an alias: put the alias in `alias`, and leave it out here", quote(parts[len(parts)-1]))
	}
	return f, ""
}

func parseFunctions(in *Input, value string) Problems {
	var functions []Function
	var problems Problems
	seen := map[string]string{} // short name -> as given
	for _, given := range entries(value) {
		f, wrong := parseFunction(given)
		if wrong != "" {
			problems = append(problems, Problem{Value: given, What: wrong})
			continue
		}
		if first, ok := seen[f.Name]; ok {
			problems = append(problems, Problem{
				Value:   given,
				What:    fmt.Sprintf("the function %s is there already, as %s", f.Name, quote(first)),
				Allowed: "name each function once; what is called alike in two regions or accounts takes two jobs",
			})
			continue
		}
		seen[f.Name] = given
		functions = append(functions, f)
	}
	if len(problems) == 0 && len(functions) == 0 {
		return bad("no function in it")
	}
	problems = append(problems, in.regionOf(functions)...)
	if len(problems) == 0 {
		in.Functions = functions
	}
	return problems
}

// entries are the parts of value between line breaks and commas, trimmed,
// without the empty ones and without lines that begin with a #.
func entries(value string) []string {
	var all []string
	for _, line := range lines(value) {
		for entry := range strings.SplitSeq(line, ",") {
			if entry = strings.TrimSpace(entry); entry != "" {
				all = append(all, entry)
			}
		}
	}
	return all
}

// lines are the lines of value, trimmed, without the empty ones and without
// those that begin with a #.
func lines(value string) []string {
	var all []string
	for line := range strings.Lines(value) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			all = append(all, line)
		}
	}
	return all
}
