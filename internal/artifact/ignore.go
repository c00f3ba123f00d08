package artifact

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"lambda-release/internal/lines"
)

// ignoreName is the file at the top of a folder that says what to leave out.
const ignoreName = ".lambdaignore"

// secrets is what usually got into a folder by accident, and often holds keys or
// tokens: .git has that of actions/checkout. It is left out of a folder unless
// .lambdaignore takes it back in.
const secrets = `
.git
.hg
.svn
.env
.env.*
!.env.example
!.env.sample
!.env.template
.envrc
.aws
.ssh
.netrc
.git-credentials
.pypirc
/.npmrc
`

// installed is what pnpm notes about an installation for itself: places and times,
// which would give every machine and every run another hash.
const installed = `
**/node_modules/.modules.yaml
**/node_modules/.pnpm-workspace-state*.json
`

// ignored are patterns in the syntax of .gitignore; the last that matches decides.
// https://git-scm.com/docs/gitignore
type ignored []ignorePattern

type ignorePattern struct {
	glob    string // for doublestar, from the top
	negated bool
	folders bool // only
	secret  bool // one of secrets
	parts   bool // counts from the top of each part, too
}

// bySecrets and byInstalled are left out of every folder.
var (
	bySecrets   = mustParse(secrets, true)
	byInstalled = mustParse(installed, false)
)

func mustParse(text string, secret bool) ignored {
	patterns, err := parseIgnored(text)
	if err != nil {
		panic(err) // text is a constant
	}
	for i := range patterns {
		patterns[i].secret, patterns[i].parts = secret, true
	}
	return patterns
}

// parseIgnored reads the patterns; the error joins a *lines.Error for each line
// that is none.
func parseIgnored(text string) (ignored, error) {
	var all ignored
	var errs []error
	number := 0
	for line := range strings.SplitSeq(strings.TrimPrefix(text, "\ufeff"), "\n") {
		number++
		given := strings.TrimSuffix(line, "\r")
		line = trimSpaces(given)
		if line == "" || line[0] == '#' {
			continue
		}
		var p ignorePattern
		line, p.negated = strings.CutPrefix(line, "!")
		line, p.folders = strings.CutSuffix(line, "/")
		if line == "" {
			continue // git ignores it, too
		}
		p.glob = globOf(line)
		if strings.Contains(line, "[:") || !doublestar.ValidatePattern(p.glob) {
			errs = append(errs, (&lines.Error{Problem: "not a pattern", Allowed: `write it as in .gitignore, with \ before a character that is meant literally and without classes like [:alpha:]`}).At(number, given))
			continue
		}
		all = append(all, p)
	}
	return all, errors.Join(errs...)
}

// trimSpaces removes the spaces at the end of a line, except one after a \.
func trimSpaces(line string) string {
	trimmed := strings.TrimRight(line, " ")
	if len(trimmed) < len(line) && strings.HasSuffix(trimmed, `\`) && !strings.HasSuffix(trimmed, `\\`) {
		return trimmed + " "
	}
	return trimmed
}

// globOf is a pattern of .gitignore for doublestar. There a pattern with a slash
// counts from the top, a/** does not match a, and braces mean nothing.
func globOf(pattern string) string {
	if strings.Contains(pattern, "/") {
		pattern = strings.TrimPrefix(pattern, "/")
	} else {
		pattern = "**/" + pattern
	}
	if inside, ok := strings.CutSuffix(pattern, "/**"); ok {
		pattern = inside + "/**/*"
	}
	var glob strings.Builder
	escaped := false
	for _, r := range pattern {
		if (r == '{' || r == '}') && !escaped {
			glob.WriteByte('\\')
		}
		glob.WriteRune(r)
		escaped = r == '\\' && !escaped
	}
	return glob.String()
}

// match reports whether a name is left out, itself and not for a folder above it,
// and whether only because it is one of secrets. In its part it is inPart.
func (i ignored) match(name, inPart string, folder bool) (out, secret bool) {
	for _, p := range i {
		if p.folders && !folder {
			continue
		}
		if doublestar.MatchUnvalidated(p.glob, name) || p.parts && doublestar.MatchUnvalidated(p.glob, inPart) {
			out, secret = !p.negated, p.secret
		}
	}
	return out, out && secret
}

// secretsIn names what is one of secrets, or the folder above it that is.
func (c contents) secretsIn(names []string) []string {
	var all []string
	checked := map[string]bool{}
	for _, name := range names {
		top := strings.Split(name, "/")
		for i := range top {
			prefix := path.Join(top[:i+1]...)
			if out, known := checked[prefix]; known {
				if out {
					break
				}
				continue
			}
			out, _ := bySecrets.match(prefix, prefix, c[prefix].mode.IsDir())
			checked[prefix] = out
			if out {
				all = append(all, prefix)
				break
			}
		}
	}
	return all
}

// leftOut is the warning about what was left out of a folder. Its example is .env
// if that is among them, since some applications read it.
func leftOut(names []string) string {
	example := names[0]
	if i := slices.IndexFunc(names, func(name string) bool { return path.Base(name) == ".env" }); i >= 0 {
		example = names[i]
	}
	verb, silence := "are", "their names there, one per line, leave them out without this warning"
	if len(names) == 1 {
		verb, silence = "is", fmt.Sprintf("the line `%s` there leaves it out without this warning", example)
	}
	return fmt.Sprintf("%s %s left out of the package, because such files often hold secrets. If the function needs %s, write the line `!%s` into %s, at the top of the folder; %s",
		listed(names), verb, example, example, ignoreName, silence)
}

// kept is the warning about what is in a given archive.
func kept(names []string) string {
	return fmt.Sprintf("the archive contains %s, and such files often hold secrets: leave them out when it is built, unless the application reads them", listed(names))
}

// listed names a few.
func listed(names []string) string {
	const most = 5
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}
