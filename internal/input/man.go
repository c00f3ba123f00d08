package input

import (
	"cmp"
	"fmt"
	"strings"
)

// manPage is the man page, in the macros of man(7):
// https://man7.org/linux/man-pages/man7/man.7.html
func manPage(version string) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH LAMBDA-RELEASE 1 \"\" \"lambda-release %s\"\n", roff(version))
	section := func(title string) { fmt.Fprintf(&b, ".SH %s\n", title) }
	paragraph := func(text string) { b.WriteString(filled(text)) }
	item := func(term, text string) { fmt.Fprintf(&b, ".TP\n%s\n%s", term, filled(text)) }

	section("NAME")
	b.WriteString("lambda-release \\- publish versions of AWS Lambda functions, move aliases\n")
	section("SYNOPSIS")
	b.WriteString("\\fBlambda-release\\fR [\\fB\\-\\-file\\fR \\fIFILE\\fR] [\\fB\\-\\-function\\-name\\fR \\fINAME\\fR] [\\fIflags\\fR]\n")
	for _, c := range commands {
		fmt.Fprintf(&b, ".br\n\\fBlambda-release %s\\fR", roff(c.name))
		if c.hint != "" {
			fmt.Fprintf(&b, " \\fI%s\\fR", roff(c.hint))
		}
		b.WriteString("\n")
	}
	section("DESCRIPTION")
	paragraph("Publishes an immutable version of an AWS Lambda function and moves the alias for the branch, tag or pull request to it. " +
		"It also promotes versions, rolls back, shifts traffic in steps, locks aliases and deletes old versions.")
	b.WriteString(".PP\n")
	paragraph("Without `--function-name`, the functions are those of the release file.")
	b.WriteString(".PP\n")
	paragraph("In a CI system the alias comes from what triggered the job, by the rules in `--aliases`. Elsewhere, set `--alias` or `--ref`. " +
		"The log goes to stderr, and the outputs go to stdout as `name=value` lines; in a terminal only with `--outputs -`.")
	section("OPTIONS")
	paragraph("`--NAME VALUE` takes no value that is itself a flag; `--NAME=VALUE` does. Flags for lists can be repeated, one entry each.")
	group := ""
	for _, s := range table {
		if s.group != group {
			group = s.group
			fmt.Fprintf(&b, ".SS %s\n", roff(group))
		}
		item(s.term(), s.docAndDefault())
	}
	b.WriteString(".SS " + groupFiles + "\n")
	for _, s := range fileFlags {
		item(s.term(), s.doc)
	}
	b.WriteString(".SS " + groupPolicies + "\n")
	for _, s := range printFlags {
		item(s.term(), s.doc)
	}
	b.WriteString(".SS " + groupOther + "\n")
	for _, s := range switches {
		item("\\fB\\-\\-"+roff(s.name)+"\\fR", s.doc)
	}
	section("EXIT STATUS")
	for code, means := range exitCodes {
		item(fmt.Sprintf("\\fB%d\\fR", code), means)
	}
	section("ENVIRONMENT")
	for _, v := range variables {
		item("\\fB"+roff(v.name)+"\\fR", v.doc)
	}
	section("FILES")
	item("\\fIlambda-release.yml\\fR", "In the root of the workspace: the release file, if no input names functions.")
	item("\\fI.lambdaignore\\fR", "In a folder given as `--code`: patterns of what to leave out of the package.")
	section("EXAMPLES")
	b.WriteString(".nf\n")
	for _, example := range examples {
		b.WriteString(roff(example) + "\n")
	}
	b.WriteString(".fi\n")
	section("SEE ALSO")
	paragraph("`lambda-release --help` shows the common flags on one screen. The folder docs of the repository has inputs, outputs and events, " +
		"the IAM policies, recipes, and how everything works.")
	return b.String()
}

// variables are the environment variables that the man page lists.
var variables = []struct{ name, doc string }{
	{"INPUT_NAME", "An input, as GitHub Actions passes it: `INPUT_FUNCTION-NAME` for `--function-name`. Flags take precedence, and an empty one counts as not set."},
	{"AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID, …", "Region and credentials, as in the AWS CLI. `--aws-region` and `--role-to-assume` take precedence."},
	{"NO_COLOR", "If set, the result in a terminal has no colour."},
}

// term is the flag with the hint for its value, in roff.
func (s spec) term() string {
	term := "\\fB\\-\\-" + roff(s.name) + "\\fR"
	if s.hint != "" {
		term += " \\fI" + roff(s.hint) + "\\fR"
	}
	return term
}

// filled is a text in lines of at most usageWidth characters.
func filled(text string) string {
	var b strings.Builder
	wrap(&b, "", roff(text))
	return strings.ReplaceAll("\n"+b.String(), "\n.", "\n\\&.")[1:] // a line that begins with a dot would be a request
}

// roff escapes a text, which may have `code`, and makes that bold.
func roff(text string) string {
	var b strings.Builder
	bold := false
	for _, c := range text {
		switch {
		case c == '`' && !bold:
			b.WriteString(`\fB`)
			bold = true
		case c == '`':
			b.WriteString(`\fR`)
			bold = false
		case c > 0x7e:
			fmt.Fprintf(&b, `\[u%04X]`, c)
		default:
			b.WriteString(cmp.Or(roffEscapes[c], string(c)))
		}
	}
	return b.String()
}

var roffEscapes = map[rune]string{'\\': `\e`, '-': `\-`, '\'': `\(aq`, '^': `\(ha`, '~': `\(ti`}
