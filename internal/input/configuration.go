package input

import (
	"fmt"
	"io"
	"os"
	"strings"

	"lambda-release/internal/configuration"
	"lambda-release/internal/document"
	"lambda-release/internal/function"
	"lambda-release/internal/lines"
	"lambda-release/internal/releasefile"
)

// maxDocument is more bytes than any configuration has, whose environment has 4 KB, and
// than a release file.
const maxDocument = 256 << 10

// parseConfiguration needs the functions, which are parsed before.
func parseConfiguration(in *Input, value string) Problems {
	if len(in.Functions) > 1 {
		return Problems{{What: "conflicts with several functions", Allowed: "the file is for one function: use a release file, or release each function in a job of its own"}}
	}
	content, wrong := readDocument(value)
	if wrong != "" {
		return bad(wrong)
	}
	file, problems := configuration.Parse(value, content)
	if len(in.Functions) == 1 {
		problems = append(problems, disagreement(file.FunctionName, in.Functions[0])...)
	}
	if len(file.Foreign) > 0 {
		in.Warnings = append(in.Warnings, fmt.Sprintf("%s has keys that are no configuration, and are ignored: %s", value, strings.Join(file.Foreign, ", ")))
	}
	in.Configuration = map[string]configuration.Configuration{}
	for _, fn := range in.Functions {
		in.Configuration[fn.Name] = file.Configuration
	}
	return problemsIn(problems)
}

func readDocument(path string) (content []byte, wrong string) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Sprintf("the file cannot be read: %v", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		return nil, "this is a folder, not a file"
	}
	if err == nil {
		content, err = io.ReadAll(io.LimitReader(file, maxDocument+1)) // it may be a pipe
	}
	switch {
	case err != nil:
		return nil, fmt.Sprintf("the file cannot be read: %v", err)
	case len(content) > maxDocument:
		return nil, fmt.Sprintf("the file has more than %d KB, and no more are read", maxDocument>>10)
	}
	return content, ""
}

// disagreement is what is wrong with the FunctionName in a file.
func disagreement(given document.Value, fn function.ID) document.Problems {
	if given.Kind == document.Null || given.Kind == document.Refused {
		return nil
	}
	if named, err := function.Parse(given.Text); err == nil && given.Kind == document.Text && named.MayBe(fn) {
		return nil
	}
	return document.Problems{given.Problem("not the function in function-name, "+fn.Given, "name the same function, or leave FunctionName out")}
}

// readConfiguration reads configuration and environment of the release file. An input
// configuration replaces the former.
func readConfiguration(in *Input, of ofFunction) document.Problems {
	if of.key == releasefile.Environment {
		return in.readVariables(of)
	}
	if _, given := in.Configuration[of.name]; given {
		return nil
	}
	c, problems := configuration.Read(of.Value)
	if len(problems) == 0 { // which the schema has found
		in.Configuration = with(in.Configuration, of.name, c)
	}
	return nil
}

func (in *Input) readVariables(of ofFunction) document.Problems {
	if in.Configuration[of.name].Has("Environment") {
		return document.Problems{of.Value.SecretProblem("conflicts with Environment under configuration, which replaces all variables",
			"write all variables into one of them")}
	}
	variables := configuration.Environment{}
	for _, m := range of.Value.Members {
		variables[m.Key] = nil
		if m.Value.Kind != document.Null {
			variables[m.Key] = &m.Value.Text
		}
	}
	if len(variables) > 0 {
		in.Variables = with(in.Variables, of.name, variables)
	}
	return nil
}

// with is a map by function with one more entry.
func with[V any](m map[string]V, name string, value V) map[string]V {
	if m == nil {
		m = map[string]V{}
	}
	m[name] = value
	return m
}

// problemsIn makes a Problem of everything that is wrong with a document.
func problemsIn(found document.Problems) Problems {
	var problems Problems
	for _, p := range found {
		what := p.What
		if p.Shown != "" {
			what = p.Shown + ": " + what
		}
		place := []rune(p.Place())
		if most := lines.MaxShown; len(place) > most { // line and column are at the end
			place = append([]rune("…"), place[len(place)-most+1:]...)
		}
		problems = append(problems, Problem{Value: string(place), What: what, Allowed: p.Allowed, file: p.File, line: p.Line, column: p.Column})
	}
	return problems
}
