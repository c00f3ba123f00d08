package report

import (
	"encoding/json"
	"maps"
	"strings"
	"time"

	"lambda-release/internal/alias"
	"lambda-release/internal/ci"
	"lambda-release/internal/release"
)

// maxResults is how long the output `results` may be. GitHub passes 1 MiB of outputs
// from a job to others, and counts two bytes for a character.
// https://docs.github.com/en/actions/reference/limits
const maxResults = 500_000

// result is an element of the output `results`. It has no ARN: GitHub drops a job
// output that contains a masked value, and the account ID often is one. Versions
// are strings, as in all other outputs. docs/results.schema.json describes it.
type result struct {
	Function  string         `json:"function"`
	Alias     string         `json:"alias"`
	Status    release.Status `json:"status"`
	Version   string         `json:"version"`
	Previous  string         `json:"previous"`
	Published bool           `json:"published"`
	Changed   bool           `json:"changed"`
	URL       string         `json:"url"`
	Reason    string         `json:"reason"`
}

// statusResult is an element of `results` of the operation status.
type statusResult struct {
	Function   string         `json:"function"`
	Status     release.Status `json:"status"`
	Reason     string         `json:"reason"`
	Latest     *latestResult  `json:"latest"`   // null: not readable
	Versions   *stockResult   `json:"versions"` // null: not readable
	Aliases    []aliasResult  `json:"aliases"`
	Unreadable []string       `json:"unreadable"`
}

type latestResult struct {
	Code     string   `json:"code"`
	Modified string   `json:"modified"`
	URL      string   `json:"url"`
	Settings []string `json:"settings"`
	Same     []string `json:"same"` // aliases that have its code and configuration
}

type stockResult struct {
	Count     int          `json:"count"`
	Bytes     int64        `json:"bytes"`
	SnapStart int          `json:"snapstart"`
	Prune     *pruneResult `json:"prune"` // null without keep-versions
}

type pruneResult struct {
	Count int   `json:"count"`
	Bytes int64 `json:"bytes"`
}

type aliasResult struct {
	Name        string                    `json:"name"`
	Version     string                    `json:"version"`
	Weights     map[alias.Version]float64 `json:"weights"`
	History     []string                  `json:"history"`
	Run         string                    `json:"run"`
	Commit      string                    `json:"commit"`
	Shift       *shiftResult              `json:"shift"`
	Lock        *lockResult               `json:"lock"`
	Outside     bool                      `json:"outside"`
	URL         string                    `json:"url"`
	Settings    []string                  `json:"settings"`
	Differences []string                  `json:"differences"`
}

type shiftResult struct {
	To         string `json:"to"`
	Until      string `json:"until"`
	Overdue    bool   `json:"overdue"`
	Deployment string `json:"deployment"`
	Status     string `json:"status"`
}

type lockResult struct {
	Reason string `json:"reason"`
	Until  string `json:"until"`
	Run    string `json:"run"`
}

// resultsJSON is the output `results`.
func resultsJSON(res release.Result) string {
	entries, _ := resultsOf(res)
	return "[" + strings.Join(entries, ",") + "]"
}

// resultsOf are the elements of `results`, and how many there is no room for. Then
// failures and changes from outside come first.
func resultsOf(res release.Result) (entries []string, omitted int) {
	total := 0
	for _, o := range res.Outcomes {
		entries = append(entries, resultJSON(res, o))
		total += len(entries[len(entries)-1]) + 1
	}
	if total <= maxResults {
		return entries, 0
	}
	entries, total = nil, 0
	for _, o := range failuresFirst(res).Outcomes {
		entry := resultJSON(res, o)
		if total += len(entry) + 1; total > maxResults {
			break
		}
		entries = append(entries, entry)
	}
	return entries, len(res.Outcomes) - len(entries)
}

func resultJSON(res release.Result, o release.Outcome) string {
	text := func(s string) string { return ci.Defuse(shorten(anonymous(oneLine(s), o.FunctionARN), maxReason)) }
	if res.Operation == release.ReadStatus {
		return toJSON(statusOf(o, text))
	}
	return toJSON(result{
		Function: o.Function, Alias: o.Alias, Status: o.Status,
		Version: outputVersion(o), Previous: o.Before.Version.String(),
		Published: o.Published, Changed: o.Changed(), URL: o.URL, Reason: text(reason(o)),
	})
}

func statusOf(o release.Outcome, text func(string) string) statusResult {
	r := statusResult{Function: o.Function, Status: o.Status, Reason: text(reason(o)), Aliases: []aliasResult{}, Unreadable: []string{}}
	if o.Inspection == nil {
		return r
	}
	i := *o.Inspection
	r.Unreadable = append(r.Unreadable, i.Unreadable...)
	if s := i.Versions; s != nil {
		r.Versions = &stockResult{Count: s.Count, Bytes: s.Bytes, SnapStart: s.SnapStart}
		if s.Keep > 0 {
			r.Versions.Prune = &pruneResult{s.Prune, s.PruneBytes}
		}
	}
	if l := i.Latest; l != nil {
		r.Latest = &latestResult{Code: l.CodeSHA256, Modified: timeJSON(l.Modified), URL: l.URL, Settings: texts(l.Settings, text), Same: []string{}}
	}
	for _, a := range i.Aliases {
		if r.Latest != nil && a.Latest.Known && a.Latest.SameCode && a.Latest.SameConfiguration {
			r.Latest.Same = append(r.Latest.Same, a.Name)
		}
		r.Aliases = append(r.Aliases, aliasOf(a, text))
	}
	return r
}

func aliasOf(a release.AliasStatus, text func(string) string) aliasResult {
	r := aliasResult{
		Name: a.Name, Version: a.State.Version.String(), Weights: maps.Clone(a.State.Weights), History: []string{}, Run: runOf(a.State.History.Run), Commit: a.Commit,
		Outside: a.Outside != "", URL: a.URL, Settings: texts(a.Settings, text), Differences: texts(a.Latest.Differences, text),
	}
	if r.Weights == nil {
		r.Weights = map[alias.Version]float64{}
	}
	for _, v := range a.State.History.Versions {
		r.History = append(r.History, v.String())
	}
	if s := a.Shift; s != nil {
		r.Shift = &shiftResult{s.To.String(), timeJSON(s.Until), s.Overdue, s.Deployment, s.Status}
	}
	if l := a.Lock; l != nil {
		r.Lock = &lockResult{text(l.Reason), timeJSON(l.Until), runOf(l.By)}
	}
	return r
}

func texts(all []string, text func(string) string) []string {
	next := make([]string, len(all))
	for i, s := range all {
		next[i] = text(s)
	}
	return next
}

// timeJSON is "" for the zero time.
func timeJSON(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func toJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings, numbers and booleans only
	}
	return string(text)
}
