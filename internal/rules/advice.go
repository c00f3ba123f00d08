package rules

import (
	"regexp"
	"strings"
)

// String is the rules as they were written, separated by commas.
func (rs Rules) String() string {
	texts := make([]string, len(rs))
	for i, r := range rs {
		texts[i] = r.text
	}
	return strings.Join(texts, ", ")
}

// versionTag is a tag such as v1.4.0.
var versionTag = regexp.MustCompile(`^v[0-9]`)

// globCharacters are those that a glob must escape.
var globCharacters = regexp.MustCompile(`[\\*?{}\[\]]`)

// Example returns a rule that matches ref, "" if no rule can: none matches a branch
// of the merge queue.
func Example(ref Ref) string {
	example := ""
	escaped := strings.ReplaceAll(globCharacters.ReplaceAllString(ref.Name, `\$0`), "=", "[=]")
	switch folder, _, inFolder := strings.Cut(escaped, "/"); {
	case ref.Kind == PullRequest:
		example = pullRequestPattern + "=pr-{number}"
	case ref.Kind == Tag && versionTag.MatchString(ref.Name):
		example = tagPattern + "v*=prod"
	case ref.Kind == Tag:
		example = tagPattern + escaped + "=prod"
	case inFolder:
		example = folder + "/**={branch}"
	default:
		example = escaped + "=dev"
	}
	if rs, err := Parse(example); err == nil {
		if _, matches := rs.Match(ref); matches {
			return example
		}
	}
	return ""
}

// Written returns the refs that a bare name could have been meant as instead of a
// branch: v1.0 may be a tag, and tags/v1.0 most likely is.
func Written(bare string) string {
	for _, p := range []struct{ before, instead string }{
		{"tags/", tagsPrefix}, {"heads/", headsPrefix}, {"pull/", pullPrefix},
		{"remotes/origin/", headsPrefix}, {"origin/", headsPrefix},
	} {
		if name, ok := strings.CutPrefix(bare, p.before); ok {
			return p.instead + name
		}
	}
	return tagsPrefix + bare
}
