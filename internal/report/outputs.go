package report

import (
	"crypto/rand"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"lambda-release/internal/alias"
	"lambda-release/internal/release"
)

type output struct{ name, value string }

// outputs returns the outputs of the step. With several functions, the outputs
// for a single function are not set, which the workflow sees as empty.
func outputs(res release.Result) []output {
	all := []output{
		{"status", string(res.Status())},
		{"changed", strconv.FormatBool(res.Changed())},
	}
	if locked, known := res.Locked(); known {
		all = append(all, output{"locked", strconv.FormatBool(locked)})
	}
	all = append(all, []output{
		{"results", resultsJSON(res)},
		{"versions", versionsJSON(res)},
		{"analysis", analysisJSON(res)},
	}...)
	if len(res.Outcomes) != 1 {
		return all
	}
	o := res.Outcomes[0]
	version := outputVersion(o)
	return append(all,
		output{"version", version},
		output{"previous-version", o.Before.Version.String()},
		output{"alias", o.Alias},
		output{"alias-arn", qualified(o.FunctionARN, o.Alias)},
		output{"function-arn", qualified(o.FunctionARN, version)},
		output{"published", strconv.FormatBool(o.Published)},
		output{"deployment-id", o.Deployment},
		output{"url", o.URL},
	)
}

// idleOutputs are the outputs of a run that did not reach any function.
func idleOutputs(status release.Status) []output {
	return []output{{"status", string(status)}, {"changed", "false"}, {"results", "[]"}, {"versions", "{}"}, {"analysis", "[]"}}
}

// outputVersion is the version in the outputs: the one that this run has released
// or confirmed, or was going to release when it failed. A job that tags releases
// checks that it is not empty, so it is empty for $LATEST, which has no number.
func outputVersion(o release.Outcome) string {
	if o.Version == alias.Latest {
		return ""
	}
	switch o.Status {
	case release.Released, release.Promoted, release.RolledBack, release.Unchanged, release.Drifted, release.Started, release.Failed:
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

// versionsJSON is a JSON object, function -> version, of the functions that have
// a version.
func versionsJSON(res release.Result) string {
	all := map[string]string{}
	for _, o := range res.Outcomes {
		if v := outputVersion(o); v != "" {
			all[o.Function] = v
		}
	}
	return toJSON(all)
}

var (
	arnHead = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:[0-9]*:`)
	})
	requestID = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(` \(request [^)]*\)`) })
	accountID = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\b[0-9]{12}\b`) })
)

// anonymous reduces every ARN in text to the name of its resource, and removes
// account IDs and request IDs, which can look like account IDs.
func anonymous(text, arn string) string {
	text = requestID().ReplaceAllString(text, "")
	text = arnHead().ReplaceAllString(text, "")
	if parts := strings.Split(arn, ":"); len(parts) > 4 && parts[4] != "" {
		text = strings.ReplaceAll(text, parts[4], "***")
	}
	return accountID().ReplaceAllString(text, "***")
}

// outputRecords formats the outputs for the runner's file. go-githubactions is not
// used for this: its delimiter is a constant, so a value could end its own record
// and forge the next, and it panics if the file is missing.
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

// outputLines formats the outputs as name=value lines. Line breaks in a value
// become \n.
func outputLines(all []output) string {
	var b strings.Builder
	for _, o := range all {
		b.WriteString(o.name + "=" + strings.ReplaceAll(clean(o.value), "\n", `\n`) + "\n")
	}
	return b.String()
}
