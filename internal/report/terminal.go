package report

import (
	"io"

	"golang.org/x/term"
)

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream io.Writer) bool {
	file, ok := stream.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(file.Fd()))
}

// allowsColour reports whether the environment allows colours in a terminal.
// https://no-color.org
func allowsColour(getenv func(string) string) bool {
	return getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
}

// style is how a terminal shows text: the parameters of a control sequence.
type style string

const (
	bold   style = "1"
	dim    style = "2"
	red    style = "1;31"
	green  style = "1;32"
	yellow style = "1;33"
	blue   style = "1;34"
)

// of returns text in a style. The text must be clean.
func (s style) of(text string) string { return "\x1b[" + string(s) + "m" + text + "\x1b[0m" }
