package report

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"lambda-release/internal/analysis"
	"lambda-release/internal/release"
	"lambda-release/internal/rollout"
)

func check(text string) analysis.Check {
	all, err := analysis.Parse(text)
	if err != nil {
		panic(err)
	}
	return all[0]
}

// judgements are one with each verdict.
func judgements() []rollout.Judgement {
	served := rollout.Served{Function: "ItemsFunction", Alias: "prod", Version: "12", Replaces: "11"}
	first := time.Date(2026, 11, 26, 10, 20, 0, 0, time.UTC)
	minutes := []analysis.Minute{
		{Number: 1, Old: analysis.Count{Invocations: 900, Failures: 8}, New: analysis.Count{Invocations: 100, Failures: 7}},
		{Number: 3, Old: analysis.Count{Invocations: 903, Failures: 9}, New: analysis.Count{Invocations: 97, Failures: 12}},
	}
	until := first.Add(3 * time.Minute)
	return []rollout.Judgement{
		{
			Served: served, Check: check("throttles"), Verdict: rollout.NotWorse, First: first, Minutes: minutes[:1], Until: until,
			Finding: analysis.Finding{Verdict: analysis.NotWorse, Minutes: 1},
		},
		{
			Served: served, Check: check("errors"), Verdict: rollout.Worse, First: first, Minutes: minutes, Until: until,
			Finding: analysis.Finding{
				Verdict: analysis.Worse, Old: 0.0094, New: 0.0964, Minutes: 2, Evidence: analysis.Evidence{Got: 19, Of: 36, Expected: 3.53, Limit: 9},
			},
		},
		{
			Served: served, Check: check("duration p99"), Verdict: rollout.Inconclusive, Until: until,
			Finding: analysis.Finding{Old: 812.4, New: 798.1, Minutes: 2, Evidence: analysis.Evidence{Got: 1, Of: 2, Expected: 1, Limit: 2}, Need: analysis.Need{Invocations: 500, Minutes: 9}},
		},
		{
			Served: served, Check: check("duration average"), Verdict: rollout.Inconclusive,
			Finding: analysis.Finding{Need: analysis.Need{Invocations: 30, Minutes: 7}},
		},
		{Served: served, Check: check("errors < 5%"), Verdict: rollout.OutsideLimit, Measured: 2, Invocations: 197, Failures: 19, Finding: analysis.Finding{New: 0.0964}},
		{Served: served, Check: check("duration p95 < 1s"), Verdict: rollout.WithinLimit, Measured: 5, Failures: 1, Finding: analysis.Finding{New: 640}},
		{Served: served, Check: check("metric Shop/Orders{Table=a_b, Function={function}} Sum < 5"), Verdict: rollout.NotJudged},
	}
}

func TestAnalysisSchema(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("../../docs/analysis.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(file, &schema); err != nil {
		t.Fatal(err)
	}
	o := items(release.Failed, 12, 11, 11)
	o.Shift = &release.Shift{Analysis: judgements()}
	for name, res := range map[string]release.Result{"with": resultOf(o), "without": resultOf(items(release.Released, 12, 11, 12))} {
		var value any
		if err := json.Unmarshal([]byte(analysisJSON(res)), &value); err != nil {
			t.Fatal(err)
		}
		for _, problem := range violations(schema, value, "analysis") {
			t.Errorf("%s: %s", name, problem)
		}
	}
	for _, wrong := range []string{`{}`, `[{}]`, `[1]`, `[{"verdict": "bad"}]`} {
		var value any
		if err := json.Unmarshal([]byte(wrong), &value); err != nil {
			t.Fatal(err)
		}
		if len(violations(schema, value, "analysis")) == 0 {
			t.Errorf("%s is valid", wrong)
		}
	}
}

// violations are those of the keywords of JSON Schema that our schema uses. It fails at
// others.
func violations(schema map[string]any, value any, at string) (all []string) {
	found := func(format string, args ...any) { all = append(all, at+": "+fmt.Sprintf(format, args...)) }
	object, _ := value.(map[string]any)
	for keyword, wanted := range schema {
		switch keyword {
		case "$schema", "title", "description":
		case "type":
			types, several := wanted.([]any)
			if !several {
				types = []any{wanted}
			}
			if !slices.ContainsFunc(types, func(one any) bool { return isType(value, one) }) {
				found("%v is no %v", value, wanted)
			}
		case "enum":
			if !slices.Contains(wanted.([]any), value) {
				found("%v is none of %v", value, wanted)
			}
		case "items":
			elements, _ := value.([]any)
			for i, element := range elements {
				all = append(all, violations(wanted.(map[string]any), element, fmt.Sprintf("%s[%d]", at, i))...)
			}
		case "properties":
			for name, property := range wanted.(map[string]any) {
				if v, ok := object[name]; ok {
					all = append(all, violations(property.(map[string]any), v, at+"."+name)...)
				}
			}
		case "required":
			for _, name := range wanted.([]any) {
				if _, ok := object[name.(string)]; !ok {
					found("lacks %v", name)
				}
			}
		case "additionalProperties":
			known, _ := schema["properties"].(map[string]any)
			for name := range object {
				if _, ok := known[name]; !ok {
					found("has %s", name)
				}
			}
		default:
			found("the schema has %s, which this test does not know", keyword)
		}
	}
	return all
}

func isType(value, name any) bool {
	switch v := value.(type) {
	case nil:
		return name == "null"
	case string:
		return name == "string"
	case float64:
		return name == "number" || name == "integer" && v == math.Trunc(v)
	case []any:
		return name == "array"
	case map[string]any:
		return name == "object"
	}
	return false
}

// TestErrorChart: a chart has the last minutes, and numbers that Mermaid can read.
func TestErrorChart(t *testing.T) {
	t.Parallel()
	j := judgements()[1]
	j.Minutes = nil
	for n := range 100 {
		j.Minutes = append(j.Minutes, analysis.Minute{
			Number: n + 1, Old: analysis.Count{Invocations: 30_000_000, Failures: 1}, New: analysis.Count{Invocations: 3, Failures: n % 5},
		})
	}
	chart := errorChart(j)
	if !strings.Contains(chart, `x-axis ["11:20", `) || !strings.Contains(chart, `"11:59"]`) || strings.Count(chart, `", "`) != maxCharted-1 {
		t.Errorf("%s", chart)
	}
	if !strings.Contains(chart, `y-axis "errors in %" 0 --> 100`+"\n") {
		t.Errorf("the axis is not from zero to the highest value:\n%s", chart)
	}
	for _, wrong := range []string{"e-", "NaN", "133"} {
		if strings.Contains(chart, wrong) {
			t.Errorf("the chart has %s:\n%s", wrong, chart)
		}
	}
	j.Minutes = j.Minutes[3:4]
	if one := errorChart(j); strings.Contains(one, "line") || !strings.Contains(one, `x-axis ["version 11", "version 12"]`) || !strings.Contains(one, "bar [0, 100]") {
		t.Errorf("a line of one point cannot be seen:\n%s", one)
	}
	for i := range j.Minutes {
		j.Minutes[i].Old.Failures, j.Minutes[i].New.Failures = 0, 0
	}
	if chart := errorChart(j); chart != "" {
		t.Errorf("without errors:\n%s", chart)
	}
}

// The labels of many minutes would overlap. All are different, else Mermaid would draw
// one bar for several.
func TestChartOfManyMinutes(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{2: 2, 14: 14, 15: 8, 28: 14, 40: 14, 90: 14} {
		j := judgements()[1]
		j.Minutes = nil
		for i := range n {
			j.Minutes = append(j.Minutes, analysis.Minute{Number: i + 1, Old: analysis.Count{Invocations: 100, Failures: i}, New: analysis.Count{Invocations: 100}})
		}
		_, rest, _ := strings.Cut(errorChart(j), "x-axis [")
		labels, _, _ := strings.Cut(rest, "]")
		all := strings.Split(labels, ", ")
		if got := len(all); got != min(n, maxCharted) {
			t.Errorf("%d minutes: %d labels", n, got)
		}
		if got := strings.Count(labels, ":"); got != want {
			t.Errorf("%d minutes: %d times, want %d: %s", n, got, want, labels)
		}
		slices.Sort(all)
		if got := len(slices.Compact(all)); got != min(n, maxCharted) {
			t.Errorf("%d minutes: %d different labels", n, got)
		}
	}
}
