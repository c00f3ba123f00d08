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
// replace one of the CI system's.
func (in *Input) readFiles(flags map[string]string, getenv func(string) string) Problems {
	outputs, summary := flags["outputs"], flags["summary"]
	var problems Problems
	take := func(to *string, name, path string) {
		own := ""
		if path != "" && path != "-" {
			own = runnersFile(path, getenv)
		}
		if own != "" {
			problems = append(problems, Problem{
				Input: name, Value: path, What: "the CI system's own file, $" + own,
				Allowed: "name another file, since it is emptied first; in GitHub Actions, outputs and summary are written without this flag",
			})
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

// runnersFiles are the variables with the files that a step has for its CI system. Each
// step adds to them, and this program writes outputs and summary there by itself.
var runnersFiles = []string{
	"GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE", // Gitea, too
	"BITBUCKET_PIPELINES_VARIABLES_PATH", "BASH_ENV",
}

// runnersFile is the variable with the CI system's own file at a path, "" if there is
// none: what is there must not be replaced.
func runnersFile(path string, getenv func(string) string) string {
	for _, name := range runnersFiles {
		if own := getenv(name); own != "" && samePath(path, own) {
			return name
		}
	}
	return ""
}

func samePath(a, b string) bool {
	if filepath.Clean(a) == filepath.Clean(b) {
		return true
	}
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}
