package input

import (
	"fmt"
	"strings"

	"lambda-release/internal/function"
	"lambda-release/internal/lines"
)

func parseFunctions(in *Input, value string) Problems {
	var functions []function.ID
	var problems Problems
	seen := map[string]string{} // short name -> as given
	for _, given := range entries(value) {
		if function.IsPattern(given) {
			glob, err := function.ParsePattern(given)
			if err != nil {
				problems = append(problems, Problem{Value: given, What: err.Error()})
				continue
			}
			in.Globs = append(in.Globs, glob)
			continue
		}
		f, err := function.Parse(given)
		if err != nil {
			problems = append(problems, Problem{Value: given, What: err.Error()})
			continue
		}
		if first, ok := seen[f.Name]; ok {
			problems = append(problems, Problem{
				Value:   given,
				What:    fmt.Sprintf("the function %s is already given, as %s", f.Name, lines.Quote(first)),
				Allowed: "name each function once; functions of the same name in two regions or accounts need two jobs",
			})
			continue
		}
		seen[f.Name] = given
		functions = append(functions, f)
	}
	if len(problems) == 0 && len(functions) == 0 && len(in.Globs) == 0 {
		return bad("it names no function")
	}
	problems = append(problems, emptyEntries(value)...)
	problems = append(problems, in.regionOf(functions)...)
	if len(problems) == 0 {
		in.Functions = functions
	}
	return problems
}

// emptyEntries are the lines with nothing before or between commas, where a variable
// may be empty: a batch must not lose a function without a word. A comma at the end
// of a line of several is only style.
func emptyEntries(value string) Problems {
	var problems Problems
	for _, line := range lines.All(value) {
		if strings.Contains(value, "\n") {
			line = strings.TrimSpace(strings.TrimSuffix(line, ","))
		}
		for entry := range strings.SplitSeq(line, ",") {
			if strings.TrimSpace(entry) == "" {
				problems = append(problems, Problem{
					Value: line, What: "a name beside a comma is empty", Allowed: "check the variable that the name comes from, or remove the comma",
				})
				break
			}
		}
	}
	return problems
}

// entries are the parts of value between line breaks and commas, trimmed,
// without the empty ones and without comments.
func entries(value string) []string {
	var all []string
	for _, line := range lines.All(value) {
		for entry := range strings.SplitSeq(line, ",") {
			if entry = strings.TrimSpace(entry); entry != "" {
				all = append(all, entry)
			}
		}
	}
	return all
}
