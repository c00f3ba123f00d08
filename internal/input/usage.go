package input

import (
	"fmt"
	"io"
	"strings"
)

const (
	usageWidth  = 80
	usageIndent = "      "
)

// Usage writes what --help shows: every input under its heading, with its
// default, in lines of at most 80 characters.
func Usage(w io.Writer) {
	var b strings.Builder
	b.WriteString("Usage: lambda-release --function-name NAME [flags]\n\n")
	wrap(&b, "", "Releases AWS Lambda functions: publishes an immutable version and moves the "+
		"alias for the branch, tag or pull request to it.")

	group := ""
	for _, s := range table {
		if s.group != group {
			group = s.group
			fmt.Fprintf(&b, "\n%s\n", group)
		}
		s.usage(&b)
	}

	b.WriteString("\nIAM policies\n")
	for _, s := range printFlags {
		s.usage(&b)
	}
	b.WriteString("\nOther\n  --help\n      Shows this help.\n  --version\n      Without a value: shows the version of the program.\n\n")
	wrap(&b, "", "Each flag but those under the last two headings is also an input of the GitHub Action, and can be set in the environment: INPUT_FUNCTION-NAME for "+
		"--function-name. Flags take precedence. Flags for lists can be repeated, one entry each.")
	_, _ = io.WriteString(w, b.String())
}

func (s spec) usage(b *strings.Builder) {
	fmt.Fprintf(b, "  --%s", s.name)
	if s.hint != "" {
		b.WriteString(" " + s.hint)
	}
	b.WriteString("\n")
	doc := s.doc
	switch {
	case s.required:
		doc += " (required)"
	case s.def != "":
		doc += " (default: " + strings.ReplaceAll(s.def, "\n", ", ") + ")"
	}
	wrap(b, usageIndent, doc)
}

// wrap writes text in lines of at most usageWidth characters.
func wrap(b *strings.Builder, indent, text string) {
	line := indent
	for word := range strings.FieldsSeq(text) {
		if line != indent {
			if len(line)+1+len(word) > usageWidth {
				b.WriteString(line + "\n")
				line = indent
			} else {
				line += " "
			}
		}
		line += word
	}
	b.WriteString(line + "\n")
}
