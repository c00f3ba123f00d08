package ci

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Output is an output of the job for the steps or jobs that follow. Its name is
// lower-case words with hyphens, its value any text.
type Output struct{ Name, Value string }

// Variable is the name of the variable that has the output in a shell.
func (o Output) Variable() string {
	return "LAMBDA_RELEASE_" + strings.ToUpper(strings.ReplaceAll(o.Name, "-", "_"))
}

// maxValue is how long a value may be that becomes a variable: with a longer one, a
// system may not be able to start the steps that follow. Linux allows 128 KiB a
// variable, Windows 32,767 characters, Buildkite 100 KB of meta-data.
const maxValue = 32_000

// shortOnes are the outputs whose values are no longer than maxValue; about each of the
// others there is a notice.
func shortOnes(all []Output) ([]Output, Written) {
	var short []Output
	var w Written
	for _, o := range all {
		if len(o.Value) > maxValue {
			w.Notices = append(w.Notices, fmt.Sprintf("The output %s is left out: it has %d bytes, and later steps can have %d.", o.Name, len(o.Value), maxValue))
			continue
		}
		short = append(short, o)
	}
	return short, w
}

// maxDotenv is how long a file of variables may be for GitLab, which takes less than
// 5 KiB. It allows at least 20 variables, more than there are outputs.
// https://docs.gitlab.com/administration/instance_limits/#limit-dotenv-file-size
const maxDotenv = 5<<10 - 1

// plainValue is what neither a shell nor GitLab, which expands variables in the values,
// can take for anything but text.
var plainValue = regexp.MustCompile(`^[A-Za-z0-9._:/@%+=,-]*$`)

// Dotenv is the outputs as lines NAME=value, without quotes, which GitLab reads as they
// are and a shell can run, and a notice about each output that is left out: one with
// other characters than names, numbers and URLs have, and one that GitLab has no room
// for. Characters of JSON that mean something to a shell or to GitLab are escaped as
// JSON has it.
// https://docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsdotenv
func Dotenv(all []Output) (text string, notices []string) {
	var b strings.Builder
	var long []Output
	add := func(o Output, value string) {
		line := o.Variable() + "=" + value + "\n"
		if b.Len()+len(line) > maxDotenv {
			notices = append(notices, fmt.Sprintf("The output %s is left out of the file: it has %d bytes, and GitLab takes less than 5 KiB in all.", o.Name, len(o.Value)))
			return
		}
		b.WriteString(line)
	}
	for _, o := range all {
		switch {
		case isJSON(o.Value):
			long = append(long, o) // after those that jobs need most
		case plainValue.MatchString(o.Value):
			add(o, o.Value)
		default:
			notices = append(notices, fmt.Sprintf("The output %s is left out of the file: a shell, or GitLab, could take its value %.60q for more than text.", o.Name, o.Value))
		}
	}
	for _, o := range long {
		add(o, jsonInShell.Replace(o.Value))
	}
	return b.String(), notices
}

// isJSON reports whether a value is a JSON array or object without white space between
// its tokens, as this program writes it.
func isJSON(value string) bool {
	if !strings.HasPrefix(value, "[") && !strings.HasPrefix(value, "{") {
		return false
	}
	var compact strings.Builder
	enc := json.NewEncoder(&compact)
	return enc.Encode(json.RawMessage(value)) == nil && strings.TrimSuffix(compact.String(), "\n") == value
}

// jsonInShell escapes what means something between the double quotes of a shell. All of
// it can only be in strings, where JSON has this form for every character.
var jsonInShell = strings.NewReplacer("$", `\u0024`, "`", `\u0060`, "'", `\u0027`)
