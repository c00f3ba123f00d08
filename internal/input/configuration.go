package input

import (
	"fmt"
	"os"
	"strings"

	"lambda-release/internal/configuration"
	"lambda-release/internal/document"
	"lambda-release/internal/function"
)

// maxDocument is more bytes than any configuration has: its environment has 4 KB.
const maxDocument = 1 << 20

// parseConfiguration needs the functions, which are parsed before. The file is for one
// function: see crossCheck.
func parseConfiguration(in *Input, value string) Problems {
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
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fmt.Sprintf("the file cannot be read: %v", err)
	case info.IsDir():
		return nil, "this is a folder, not a file"
	case info.Size() > maxDocument:
		return nil, fmt.Sprintf("the file has %d bytes, too many for a configuration", info.Size())
	}
	if content, err = os.ReadFile(path); err != nil {
		return nil, fmt.Sprintf("the file cannot be read: %v", err)
	}
	return content, ""
}

// disagreement is what is wrong with the FunctionName in a file.
func disagreement(given document.Value, fn function.ID) document.Problems {
	if given.Kind == document.Null || given.Kind == document.Refused {
		return nil
	}
	if named, err := function.Parse(given.Text); err == nil && given.Kind == document.Text && named.Name == fn.Name {
		return nil
	}
	return document.Problems{given.Problem("not the function in function-name, "+fn.Given, "name the same function, or leave FunctionName out")}
}

// problemsIn makes a Problem of everything that is wrong with a document.
func problemsIn(found document.Problems) Problems {
	var problems Problems
	for _, p := range found {
		what := p.What
		if p.Shown != "" {
			what = p.Shown + ": " + what
		}
		problems = append(problems, Problem{Value: p.Place(), What: what, Allowed: p.Allowed})
	}
	return problems
}
