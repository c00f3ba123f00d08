package report

import (
	"errors"
	"fmt"
	"os"
)

// The variables that name the runner's files.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
const (
	outputFile  = "GITHUB_OUTPUT"
	summaryFile = "GITHUB_STEP_SUMMARY"
)

// appendTo writes text to the end of the file that a variable names, in one
// write. The runner has made the file: one that is not there is not made, since
// nobody would read it (in a container: a path of the host's).
func appendTo(getenv func(string) string, variable, text string) error {
	path := getenv(variable)
	if path == "" {
		return fmt.Errorf("%s is not set: the runner names there the file to write to", variable)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil && text != "" {
		_, err = f.WriteString(text)
	}
	if f != nil {
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fmt.Errorf("%s names a file that cannot be written: %w", variable, err)
	}
	return nil
}
