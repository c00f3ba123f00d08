package input

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

// checkFiles refuses files that could not both be written.
func (in *Input) checkFiles() Problems {
	switch {
	case in.SummaryFile == "-":
		return Problems{{Input: "summary", Value: in.SummaryFile, What: "not a file", Allowed: "must be the path of a file"}}
	case in.SummaryFile != "" && in.SummaryFile == in.OutputsFile:
		return Problems{{Input: "summary", Value: in.SummaryFile, What: "is the file of the outputs", Allowed: "write the two to different files"}}
	}
	return nil
}
