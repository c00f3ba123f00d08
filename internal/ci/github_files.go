package ci

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
)

// The variables with the paths of the runner's files.
// https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
const (
	outputFile  = "GITHUB_OUTPUT"
	summaryFile = "GITHUB_STEP_SUMMARY"
)

func (g gitHub) Check() error {
	return errors.Join(g.appendTo(outputFile, ""), g.appendTo(summaryFile, ""))
}

// WriteOutputs does not use go-githubactions: its delimiter is a constant, so a value
// could end its own record and forge the next, and it panics if the file is missing.
func (g gitHub) WriteOutputs(all []Output) (Written, error) {
	var b strings.Builder
	for _, o := range all {
		end := rand.Text()
		for strings.Contains(o.Value, end) {
			end = rand.Text()
		}
		b.WriteString(o.Name + "<<" + end + "\n" + o.Value + "\n" + end + "\n")
	}
	return Written{}, g.appendTo(outputFile, b.String())
}

func (g gitHub) WriteSummary(_ Level, markdown string) (Written, error) {
	return Written{}, g.appendTo(summaryFile, "\n"+markdown)
}

// appendTo appends text to the file whose path is in a variable, in one write.
// The runner creates the file. If it does not exist, appendTo fails instead of
// creating a file that nothing reads, such as a host's path in a container.
func (g gitHub) appendTo(name, text string) error {
	path := g.getenv(name)
	if path == "" {
		return fmt.Errorf("%s is not set: %s sets it to the path of the file to write to", name, g.Name())
	}
	return appendTo(variable{name, path}, text, 0)
}

// appendTo appends text to the file whose path is the value of a variable; flag is of
// os.OpenFile.
func appendTo(file variable, text string, flag int) error {
	f, err := os.OpenFile(file.value, os.O_APPEND|os.O_WRONLY|flag, 0o600)
	if err == nil && text != "" {
		_, err = f.WriteString(text)
	}
	if f != nil {
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fmt.Errorf("cannot write the file in %s: %w", file.name, err)
	}
	return nil
}
