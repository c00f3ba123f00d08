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

const intro = "Usage: lambda-release --function-name NAME [flags]\n\n" +
	"Publishes a version of an AWS Lambda function and moves the alias for the\n" +
	"branch, tag or pull request to it; promotes versions and rolls back.\n"

const examples = `
Examples
  lambda-release --function-name orders --alias dev --code dist
  lambda-release --function-name orders --ref main --aliases main=prod --dry-run
  lambda-release --function-name orders --alias prod --operation promote \
    --version dev --strategy Canary10Percent5Minutes
  lambda-release --function-name orders --alias prod --operation rollback

Exit codes
  0  done, or nothing to do
  1  failed; every alias is as it was before, or where others have moved it
  2  an input, the event or local code is invalid; nothing was changed
  3  failed; an alias is not as it was before, or its state is unknown
  4  status with --exit-code: an alias was changed outside lambda-release
`

// Usage writes what --help shows: the common flags on one screen.
func Usage(w io.Writer) {
	var b strings.Builder
	b.WriteString(intro + "\nCommon flags\n")
	row := func(flag, text string) { fmt.Fprintf(&b, "  %-22s %s\n", flag, text) }
	for _, s := range table {
		if s.short != "" {
			row(s.flag(), s.short)
		}
	}
	row("--help-all", fmt.Sprintf("shows all %d flags", len(table)+len(fileFlags)+len(printFlags)+len(switches)-1)) // --version is an input and a switch
	b.WriteString(examples)
	_, _ = io.WriteString(w, b.String())
}

// UsageAll writes what --help-all shows: every flag under its heading, with its
// default, in lines of at most 80 characters.
func UsageAll(w io.Writer) {
	var b strings.Builder
	b.WriteString(intro)
	group := ""
	for _, s := range table {
		if s.group != group {
			group = s.group
			fmt.Fprintf(&b, "\n%s\n", group)
		}
		s.usage(&b)
	}
	b.WriteString("\nFiles\n")
	for _, s := range fileFlags {
		s.usage(&b)
	}
	b.WriteString("\nIAM policies\n")
	for _, s := range printFlags {
		s.usage(&b)
	}
	b.WriteString("\nOther\n")
	for _, s := range switches {
		fmt.Fprintf(&b, "  --%s\n", s.name)
		wrap(&b, usageIndent, s.doc)
	}
	b.WriteString("\n")
	wrap(&b, "", "Each flag above \"Files\" is also an input of the GitHub Action, and can be set in the environment: "+
		"INPUT_FUNCTION-NAME for --function-name. Flags take precedence. Flags for lists can be repeated, one entry each. "+
		"--NAME VALUE takes no value that is itself a flag; --NAME=VALUE does.")
	_, _ = io.WriteString(w, b.String())
}

// flag is the flag with the hint for its value.
func (s spec) flag() string { return strings.TrimSuffix("--"+s.name+" "+s.hint, " ") }

func (s spec) usage(b *strings.Builder) {
	fmt.Fprintf(b, "  %s\n", s.flag())
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
