package report

import (
	"regexp"
	"strconv"
	"strings"
	"sync"

	"lambda-release/internal/ci"
	"lambda-release/internal/release"
)

// outputs returns the outputs of the step. With several functions, the outputs
// for a single function are not set, which the workflow sees as empty.
func outputs(res release.Result) []ci.Output {
	all := []ci.Output{
		{Name: "status", Value: string(res.Status())},
		{Name: "changed", Value: strconv.FormatBool(res.Changed())},
	}
	if locked, known := res.Locked(); known {
		all = append(all, ci.Output{Name: "locked", Value: strconv.FormatBool(locked)})
	}
	all = append(all, []ci.Output{
		{Name: "results", Value: resultsJSON(res)},
		{Name: "versions", Value: versionsJSON(res)},
		{Name: "analysis", Value: analysisJSON(res)},
	}...)
	if len(res.Outcomes) != 1 {
		return all
	}
	o := res.Outcomes[0]
	version := outputVersion(o)
	return append(all,
		ci.Output{Name: "version", Value: version},
		ci.Output{Name: "previous-version", Value: o.Before.Version.String()},
		ci.Output{Name: "alias", Value: o.Alias},
		ci.Output{Name: "alias-arn", Value: qualified(o.FunctionARN, o.Alias)},
		ci.Output{Name: "function-arn", Value: qualified(o.FunctionARN, version)},
		ci.Output{Name: "published", Value: strconv.FormatBool(o.Published)},
		ci.Output{Name: "deployment-id", Value: o.Deployment},
		ci.Output{Name: "url", Value: o.URL},
	)
}

// idleOutputs are the outputs of a run that did not reach any function.
func idleOutputs(status release.Status) []ci.Output {
	return []ci.Output{{Name: "status", Value: string(status)}, {Name: "changed", Value: "false"}, {Name: "results", Value: "[]"}, {Name: "versions", Value: "{}"}, {Name: "analysis", Value: "[]"}}
}

// outputVersion is the version in the outputs: the one that this run has released
// or confirmed, or was going to release when it failed. A job that tags releases
// checks that it is not empty, so it is empty for $LATEST, which has no number.
func outputVersion(o release.Outcome) string {
	if !o.Version.Numbered() {
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

// outputLines formats the outputs as name=value lines, which are lines of the log, too.
// Line breaks in a value become \n.
func outputLines(all []ci.Output) string {
	var b strings.Builder
	for _, o := range all {
		b.WriteString(ci.Defuse(o.Name+"="+strings.ReplaceAll(clean(o.Value), "\n", `\n`)) + "\n")
	}
	return b.String()
}
