package input

import (
	"fmt"
	"strings"
)

const (
	usageWidth  = 80
	usageIndent = "      "
)

const intro = "Usage: lambda-release [--file FILE] [--function-name NAME] [flags]\n\n" +
	"Publishes a version of an AWS Lambda function and moves the alias for the\n" +
	"branch, tag or pull request to it; promotes versions and rolls back.\n"

var examples = []string{
	"lambda-release --file lambda-release.yml --alias dev --dry-run",
	"lambda-release --function-name orders --alias dev --code dist",
	"lambda-release --function-name orders --ref main --aliases main=prod --dry-run",
	"lambda-release --function-name orders --alias prod --operation promote \\\n  --version dev --strategy Canary10Percent5Minutes",
	"lambda-release --function-name orders --alias prod --operation rollback",
}

// exitCodes are the meanings of the exit codes, from 0.
var exitCodes = []string{
	"done, or nothing to do",
	"failed; every alias is as it was before, or where others have moved it",
	"an input, the event or local code is invalid; nothing was changed",
	"failed; an alias is not as it was before, or its state is unknown",
	"status with --exit-code: an alias was changed outside lambda-release",
}

// The headings of the flags that are not in the table.
const (
	groupFiles    = "Files"
	groupPolicies = "IAM policies"
	groupOther    = "Other"
)

// usage is what --help shows: the common flags on one screen.
func usage() string {
	var b strings.Builder
	b.WriteString(intro + "\nCommon flags\n")
	row := func(flag, text string) { fmt.Fprintf(&b, "  %-22s %s\n", flag, text) }
	for _, s := range table {
		if s.short != "" {
			row(s.flag(), s.short)
		}
	}
	row("--help-all", fmt.Sprintf("shows all %d flags", len(allFlags())))
	b.WriteString("\nExamples\n")
	for _, example := range examples {
		b.WriteString("  " + strings.ReplaceAll(example, "\n", "\n  ") + "\n")
	}
	b.WriteString("\nExit codes\n")
	for code, means := range exitCodes {
		fmt.Fprintf(&b, "  %d  %s\n", code, means)
	}
	return b.String()
}

// usageAll is what --help-all shows: every flag under its heading, with its
// default, in lines of at most 80 characters.
func usageAll() string {
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
	b.WriteString("\n" + groupFiles + "\n")
	for _, s := range fileFlags {
		s.usage(&b)
	}
	b.WriteString("\n" + groupPolicies + "\n")
	for _, s := range printFlags {
		s.usage(&b)
	}
	b.WriteString("\n" + groupOther + "\n")
	for _, s := range switches {
		fmt.Fprintf(&b, "  --%s\n", s.name)
		wrap(&b, usageIndent, s.doc)
	}
	b.WriteString("\nIn place of flags\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "  %s\n", strings.TrimSuffix(c.name+" "+c.hint, " "))
		wrap(&b, usageIndent, c.doc)
	}
	b.WriteString("\n")
	wrap(&b, "", "Each flag above \""+groupFiles+"\" is also an input of the GitHub Action, and can be set in the environment: "+
		"INPUT_FUNCTION-NAME for --function-name. Flags take precedence. Flags for lists can be repeated, one entry each. "+
		"--NAME VALUE takes no value that is itself a flag; --NAME=VALUE does.")
	return b.String()
}

// flag is the flag with the hint for its value.
func (s spec) flag() string { return strings.TrimSuffix("--"+s.name+" "+s.hint, " ") }

func (s spec) usage(b *strings.Builder) {
	fmt.Fprintf(b, "  %s\n", s.flag())
	wrap(b, usageIndent, s.docAndDefault())
}

func (s spec) docAndDefault() string {
	if s.def != "" {
		return s.doc + " (default: " + strings.ReplaceAll(s.def, "\n", ", ") + ")"
	}
	return s.doc
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
