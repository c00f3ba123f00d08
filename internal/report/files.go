package report

import (
	"errors"
	"fmt"
	"os"
)

// The variables with the paths of the runner's files.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
const (
	outputFile  = "GITHUB_OUTPUT"
	summaryFile = "GITHUB_STEP_SUMMARY"
)

// appendTo appends text to the file whose path is in a variable, in one write.
// The runner creates the file. If it does not exist, appendTo fails instead of
// creating a file that nothing reads, such as a host's path in a container.
func appendTo(getenv func(string) string, variable, text string) error {
	path := getenv(variable)
	if path == "" {
		return fmt.Errorf("%s is not set: GitHub Actions sets it to the path of the file to write to", variable)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil && text != "" {
		_, err = f.WriteString(text)
	}
	if f != nil {
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fmt.Errorf("cannot write the file in %s: %w", variable, err)
	}
	return nil
}
