package report

import (
	"crypto/rand"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"lambda-release/internal/release"
)

type output struct{ name, value string }

// outputs are the step's outputs. Those of one function are not there when
// there are several; to the workflow they are empty then.
func outputs(res release.Result) []output {
	all := []output{
		{"status", string(res.Status())},
		{"changed", strconv.FormatBool(res.Changed())},
		{"results", resultsJSON(res)},
		{"versions", versionsJSON(res)},
	}
	if len(res.Outcomes) != 1 {
		return all
	}
	o := res.Outcomes[0]
	version := told(o)
	return append(all,
		output{"version", version},
		output{"previous-version", o.Before.Version.String()},
		output{"alias", o.Alias},
		output{"alias-arn", qualified(o.FunctionARN, o.Alias)},
		output{"function-arn", qualified(o.FunctionARN, version)},
		output{"published", strconv.FormatBool(o.Published)},
		output{"deployment-id", o.Deployment},
	)
}

// idleOutputs are those of a run that came to no function.
func idleOutputs(status release.Status) []output {
	return []output{{"status", string(status)}, {"changed", "false"}, {"results", "[]"}, {"versions", "{}"}}
}

// told is the version that the outputs name: one that this run has released or
// confirmed, or had when it failed. A job that tags releases tests that it is
// not empty; so it is empty for $LATEST, which is no number to tag.
func told(o release.Outcome) string {
	if o.Version == release.Latest {
		return ""
	}
	switch o.Status {
	case release.Released, release.Promoted, release.RolledBack, release.Unchanged, release.Started, release.Failed:
		return o.Version.String()
	default:
		return ""
	}
}

func qualified(arn, qualifier string) string {
	if arn == "" || qualifier == "" {
		return ""
	}
	return arn + ":" + qualifier
}

// result is an element of the output `results`. There is no ARN in it: GitHub
// drops a job's output that holds a masked value, and the account's id often is
// one. Versions are strings as in every other output.
type result struct {
	Function  string         `json:"function"`
	Alias     string         `json:"alias"`
	Status    release.Status `json:"status"`
	Version   string         `json:"version"`
	Previous  string         `json:"previous"`
	Published bool           `json:"published"`
	Changed   bool           `json:"changed"`
	Reason    string         `json:"reason"`
}

func resultsJSON(res release.Result) string {
	all := make([]result, len(res.Outcomes))
	for i, o := range res.Outcomes {
		all[i] = result{
			Function: o.Function, Alias: o.Alias, Status: o.Status,
			Version: told(o), Previous: o.Before.Version.String(),
			Published: o.Published, Changed: o.Changed(),
			Reason: defuse(shorten(anonymous(reason(o), o.FunctionARN), maxReason)),
		}
	}
	return toJSON(all)
}

// versionsJSON is an object, function -> version. A function without one is
// not in it.
func versionsJSON(res release.Result) string {
	all := map[string]string{}
	for _, o := range res.Outcomes {
		if v := told(o); v != "" {
			all[o.Function] = v
		}
	}
	return toJSON(all)
}

func toJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and booleans only
	}
	return string(text)
}

var (
	arnHead = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:[0-9]*:`)
	})
	requestID = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(` \(request [^)]*\)`) })
	accountID = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\b[0-9]{12}\b`) })
)

// anonymous leaves of every ARN in text the resource's name, and no account id;
// request ids, which may look like one, are for the log.
func anonymous(text, arn string) string {
	text = requestID().ReplaceAllString(text, "")
	text = arnHead().ReplaceAllString(text, "")
	if parts := strings.Split(arn, ":"); len(parts) > 4 && parts[4] != "" {
		text = strings.ReplaceAll(text, parts[4], "***")
	}
	return accountID().ReplaceAllString(text, "***")
}

// outputRecords is the outputs in the format of the runner's file. They are not
// go-githubactions' to write: its delimiter is a constant, so that a value could
// end its own record and forge the next, and it panics when the file is missing.
func outputRecords(all []output) string {
	var b strings.Builder
	for _, o := range all {
		end := rand.Text()
		for strings.Contains(o.value, end) {
			end = rand.Text()
		}
		b.WriteString(o.name + "<<" + end + "\n" + o.value + "\n" + end + "\n")
	}
	return b.String()
}

// outputLines is the outputs as name=value lines. A line break in a value is
// written as an escape.
func outputLines(all []output) string {
	var b strings.Builder
	for _, o := range all {
		b.WriteString(o.name + "=" + strings.ReplaceAll(clean(o.value), "\n", `\n`) + "\n")
	}
	return b.String()
}
