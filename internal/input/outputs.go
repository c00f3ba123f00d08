package input

import (
	"os"
	"path/filepath"
)

// fileFlags are flags only, because an action has the runner's files for that. Their
// values are paths.
var fileFlags = []spec{
	{
		name: "outputs", hint: "FILE", allowed: "must be the path of a file, or - for standard output",
		doc: "Writes the outputs to a file, too: a variable per line, `LAMBDA_RELEASE_VERSION=12`, as GitLab reads a report of the type dotenv. " +
			"An output that such a file cannot have, or has no room for, is left out with a notice. `-` prints the outputs in a terminal; " +
			"elsewhere they are always written.",
	},
	{
		name: "summary", hint: "FILE", allowed: "must be the path of a file",
		doc: "Writes the summary to a file, too, in Markdown.",
	},
}

// readFiles takes the files, and refuses those that could not both be written, or would
// replace what is in one of the CI system's.
func (in *Input) readFiles(flags map[string]string, getenv func(string) string) Problems {
	outputs, summary := flags["outputs"], flags["summary"]
	var problems Problems
	take := func(to *string, name, path string) {
		if own, instead := stepFileAt(path, getenv); instead != "" {
			problems = append(problems, Problem{Input: name, Value: path, What: "the CI system's own file, $" + own, Allowed: instead})
			return
		}
		*to = path
	}
	take(&in.OutputsFile, "outputs", outputs)
	switch {
	case summary == "-":
		problems = append(problems, Problem{Input: "summary", Value: summary, What: "not a file", Allowed: "must be the path of a file"})
	case summary != "" && outputs != "" && samePath(summary, outputs):
		problems = append(problems, Problem{Input: "summary", Value: summary, What: "is the file of the outputs", Allowed: "write the two to different files"})
	default:
		take(&in.SummaryFile, "summary", summary)
	}
	return problems
}

// stepFile is a file to which the commands of a step add for their CI system.
type stepFile struct {
	variable  string // with its path
	writtenIn string // the variable of the system in which this program adds to it; elsewhere it is the user's. "": it adds nothing
}

var stepFiles = []stepFile{
	{"GITHUB_OUTPUT", "GITHUB_ACTIONS"}, {"GITHUB_STEP_SUMMARY", "GITHUB_ACTIONS"}, // Gitea, too
	{"GITHUB_ENV", ""}, {"GITHUB_PATH", ""}, {"GITHUB_STATE", ""},
	{"BITBUCKET_PIPELINES_VARIABLES_PATH", ""},
	{"BASH_ENV", "CIRCLECI"},
}

// stepFileAt is the variable with the CI system's own file at a path, and what to do
// instead of replacing it; "" if nothing would be lost.
func stepFileAt(path string, getenv func(string) string) (variable, instead string) {
	if path == "" || path == "-" {
		return "", ""
	}
	for _, f := range stepFiles {
		own := getenv(f.variable)
		if own == "" || !samePath(path, own) {
			continue
		}
		info, err := os.Stat(own)
		switch {
		case f.writtenIn == "" && err == nil && info.Size() > 0:
			return f.variable, "it is not empty, and would be replaced: name another file, and append that one to it"
		case f.writtenIn != "" && getenv(f.writtenIn) != "":
			return f.variable, "this program adds to it without this flag: leave the flag out, or name another file"
		}
	}
	return "", ""
}

// samePath reports whether two paths are of one file, which each would empty for the
// other. Nothing empties a terminal or a pipe.
func samePath(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	if errA == nil && errB == nil {
		return infoA.Mode().IsRegular() && os.SameFile(infoA, infoB)
	}
	absoluteA, _ := filepath.Abs(a)
	absoluteB, _ := filepath.Abs(b)
	return absoluteA == absoluteB
}
