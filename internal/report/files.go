package report

import (
	"errors"
	"fmt"
	"os"

	"lambda-release/internal/ci"
)

// Files are the files that the user wants, "" for none.
type Files struct {
	Outputs string // as variables (see ci.Dotenv); Stdout prints the outputs in a terminal instead
	Summary string // in Markdown
}

// Stdout is the name of standard output as a file.
const Stdout = "-"

// create makes the files, empty, so that one that cannot be written ends the run before
// it has changed anything, and so that those of an earlier run do not stay.
func (f Files) create() error {
	var errs []error
	for _, path := range []string{f.outputs(), f.Summary} {
		errs = append(errs, write(path, ""))
	}
	return errors.Join(errs...)
}

func (f Files) onStdout() bool { return f.Outputs == Stdout }

// outputs is the path of the outputs.
func (f Files) outputs() string {
	if f.onStdout() {
		return ""
	}
	return f.Outputs
}

func (f Files) writeOutputs(all []ci.Output) (notices []string, err error) {
	if f.outputs() == "" {
		return nil, nil
	}
	text, notices := ci.Dotenv(all)
	return notices, write(f.Outputs, text)
}

func (f Files) writeSummary(markdown string) error { return write(f.Summary, markdown) }

// write makes a file that other users may read: what uploads it may not be this one.
func write(path, text string) error {
	if path == "" {
		return nil
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil { //nolint:gosec // it has no secret, see above
		return fmt.Errorf("cannot write the file: %w", err)
	}
	return nil
}
