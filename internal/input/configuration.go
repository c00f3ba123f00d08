package input

import (
	"fmt"
	"io"
	"os"
	"strings"

	"lambda-release/internal/configuration"
	"lambda-release/internal/document"
	"lambda-release/internal/function"
)

// maxDocument is more bytes than any configuration has: its environment has 4 KB.
const maxDocument = 256 << 10

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
		return nil, fmt.Sprintf("the file has more than %d KB, too many for a configuration", maxDocument>>10)
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
