package input

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"lambda-release/internal/lines"
)

// About is the error of Parse if the arguments ask about the program: what to print
// instead of carrying out an operation.
type About string

// What the arguments may ask for.
const (
	ErrHelp    About = "help"
	ErrHelpAll About = "help on all flags"
	ErrVersion About = "version"
	ErrMan     About = "man page"
	errBash    About = "completion for bash"
	errZsh     About = "completion for zsh"
	errFish    About = "completion for fish"
)

func (a About) Error() string { return string(a) + " asked for" }

// Write writes what was asked for. version is the program's.
func (a About) Write(w io.Writer, version string) {
	var text string
	switch a {
	case ErrHelp:
		text = usage()
	case ErrHelpAll:
		text = usageAll()
	case ErrVersion:
		text = "lambda-release " + version + "\n"
	case ErrMan:
		text = manPage(version)
	case errBash:
		text = bashCompletion()
	case errZsh:
		text = zshCompletion()
	case errFish:
		text = fishCompletion()
	}
	_, _ = io.WriteString(w, text) // the user sees whether this was written
}

// shells are those that completion is written for.
var shells = []struct {
	name string
	asks About
}{{"bash", errBash}, {"zsh", errZsh}, {"fish", errFish}}

func shellNames() []string {
	var names []string
	for _, s := range shells {
		names = append(names, s.name)
	}
	return names
}

// commands are the words that stand first, in place of flags.
var commands = []struct{ name, hint, doc string }{
	{"completion", "SHELL", "Prints completion for bash, zsh or fish."},
	{"man", "", "Prints the man page."},
}

// asksAbout returns what the arguments as a whole ask for, nil if they are flags.
func asksAbout(args []string) error {
	if len(args) == 0 {
		return nil
	}
	alone, word := len(args) == 1, strings.TrimLeft(args[0], "-")
	switch {
	case args[0] == "completion":
		return completion(args[1:])
	case alone && args[0] == "man":
		return ErrMan
	case alone && word == "version":
		return ErrVersion
	case alone && word == "help", args[0] == "help" && !slices.Contains(args, "--help-all"):
		return ErrHelp
	}
	return nil
}

// completion returns the About for the shell that follows the word completion, or
// Problems.
func completion(args []string) error {
	given, names := strings.Join(args, " "), shellNames()
	for _, s := range shells {
		if given == s.name {
			return s.asks
		}
	}
	what := "the shell is missing"
	if given != "" {
		what = "unknown shell" + lines.DidYouMean(given, names)
	}
	return Problems{{
		Input: "completion", Value: given, What: what,
		Allowed: fmt.Sprintf("write lambda-release completion %s", or(names)),
	}}
}

// or is `a`, `a or b`, `a, b or c`.
func or(names []string) string {
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
