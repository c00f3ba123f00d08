package analysis

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]Check{
		"errors":                    {Subject: Errors},
		"throttles":                 {Subject: Throttles},
		"duration p99":              {Subject: Duration, Statistic: "p99"},
		"duration  average":         {Subject: Duration, Statistic: "Average"},
		"duration p099.90 # tail":   {Subject: Duration, Statistic: "p99.9"},
		"errors < 1%":               {Subject: Errors, Limit: &Limit{Value: 1}},
		"errors<0.7 %":              {Subject: Errors, Limit: &Limit{Value: 0.7}},
		"throttles < 1%":            {Subject: Throttles, Limit: &Limit{Value: 1}},
		"duration p95 < 800ms":      {Subject: Duration, Statistic: "p95", Limit: &Limit{Value: 800}},
		"duration average<0.57 s":   {Subject: Duration, Statistic: "Average", Limit: &Limit{Value: 570}},
		"metric Shop/Orders Sum< 5": {Subject: Custom, Statistic: "Sum", Metric: Metric{"Shop", "Orders", nil}, Limit: &Limit{Value: 5}},
		"metric AWS/ApiGateway/5XXError{ApiName=shop} Average < .5": {
			Subject: Custom, Statistic: "Average", Limit: &Limit{Value: 0.5},
			Metric: Metric{"AWS/ApiGateway", "5XXError", []Dimension{{"ApiName", "shop"}}},
		},
		"metric System/Linux/Memory Utilization p50 > -2": {
			Subject: Custom, Statistic: "p50", Limit: &Limit{Value: -2, Above: true},
			Metric: Metric{"System/Linux", "Memory Utilization", nil},
		},
		"metric Shop/Orders { Function={function}, Resource = {function}:{alias}=<{version}> } Sum > 5": {
			Subject: Custom, Statistic: "Sum", Limit: &Limit{Value: 5, Above: true},
			Metric: Metric{"Shop", "Orders", []Dimension{{"Function", "{function}"}, {"Resource", "{function}:{alias}=<{version}>"}}},
		},
	} {
		got, err := Parse(given)
		if err != nil {
			t.Errorf("%s: %v", given, err)
			continue
		}
		if diff := cmp.Diff([]Check{want}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", given, diff)
		}
		if got[0].Relative() != (want.Limit == nil) {
			t.Errorf("%s: relative: %t", given, got[0].Relative())
		}
	}
}

func TestParseSeveral(t *testing.T) {
	t.Parallel()
	const text = "errors\nerrors < 1% # as well\n\nduration p99\nduration p50\nmetric a/b Sum < 9\nmetric a/b Sum > 2\n"
	checks, err := Parse(text)
	if err != nil || len(checks) != 6 {
		t.Errorf("got %v, %v", checks, err)
	}
	for text, wantNil := range map[string]bool{"": true, " # only this\n": true, "none": false, "\n none # not now\n": false} {
		if checks, err := Parse(text); err != nil || len(checks) != 0 || (checks == nil) != wantNil {
			t.Errorf("%q: got %#v, %v", text, checks, err)
		}
	}
}

func TestParseProblems(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"error":                           "unknown check (did you mean errors?)",
		"latency p99":                     "unknown check; allowed are errors, throttles",
		"None":                            "unknown check (did you mean none?)",
		"duration":                        "no statistic",
		"duration < 5ms":                  "no statistic",
		"duration p101":                   "a percentile of 100 or more",
		"duration p100.0 < 9ms":           "a percentile of 100 or more",
		"duration p0":                     "a percentile of 0",
		"duration p-1":                    `unknown statistic "p-1"`,
		"duration p":                      `unknown statistic "p"`,
		"duration Average":                `unknown statistic "Average" (did you mean average?)`,
		"duration p99.12345678912":        "unknown statistic",
		"errors < 1":                      "a limit without a unit",
		"duration p95 < 800":              "a limit without a unit",
		"duration p95 < 800us":            `unknown unit "us"`,
		"errors < 1ms":                    `unknown unit "ms"`,
		"errors < 100%":                   "out of range",
		"errors < 0%":                     "out of range",
		"errors < -1%":                    "out of range",
		"errors > 1%":                     "a lower limit, which only a metric can have",
		"errors <= 1%":                    "unknown operator <=",
		"errors p99":                      `"p99" is not a limit`,
		"errors < %":                      `"< %" is not a limit`,
		"errors < 1% 2%":                  "is not a limit",
		"duration p95 < 0s":               "out of range",
		"metric a/b Sum":                  "no limit",
		"metric a/b{c=d} Sum":             "no limit",
		"metric a/b{c=d} < 5":             "no statistic",
		"metric a/b{c=d} sum < 5":         `unknown statistic "sum" (did you mean Sum?)`,
		"metric a/b{c=d} p200 < 5":        "a percentile of 100 or more",
		"metric a/b Sum < 5ms":            `unknown unit "ms"`,
		"metric a/b Sum < 5%":             `unknown unit "%"`,
		"metric a Sum < 5":                "no metric",
		"metric /a Sum < 5":               "no metric",
		"metric a/ Sum < 5":               "no metric",
		"metric < 5":                      "no metric",
		"metric":                          "no metric",
		"metric a/b{c=d Sum < 5":          "no closing brace",
		"metric a/b{c} Sum < 5":           "a dimension without a name or a value",
		"metric a/b{} Sum < 5":            "a dimension without a name or a value",
		"metric a/b{c=1,c=2} Sum < 5":     `dimension "c" given twice`,
		"metric a/b{c={func}} Sum < 5":    `unknown placeholder "{func}" (did you mean function?)`,
		"metric a/b{c={{alias}}} Sum < 5": "a brace that belongs to no placeholder",
		"metric a/b Sum < " + strings.Repeat("9", 400): "out of range",
	} {
		checks, err := Parse("throttles\n" + given)
		if err == nil {
			t.Errorf("%s: parsed as %v", given, checks)
			continue
		}
		if checks != nil || !strings.HasPrefix(err.Error(), "line 2: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v; want %s", given, checks, err, want)
		}
	}
}

func TestParseReportsAllProblems(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"errors\nthrottles\nerrors":                      `line 3: "errors": given twice`,
		"errors < 1%\nerrors < 2%":                       `line 2: "errors < 2%": given twice`,
		"duration p99\nduration p99.0":                   `line 2: "duration p99.0": given twice`,
		"none\nerrors":                                   `line 1: "none": given with other checks`,
		"none\nnone":                                     `line 2: "none": given with other checks`,
		"error\nnone\nduration p101\n":                   `line 1: "error": unknown check|line 3: "duration p101": a percentile|line 2: "none": given with`,
		"metric a/b{c=1} Sum < 1\nmetric a/b{c=1} Sum<2": `line 2: "metric a/b{c=1} Sum<2": given twice`,
	} {
		_, err := Parse(given)
		if err == nil {
			t.Errorf("%q: no error", given)
			continue
		}
		got := strings.Split(err.Error(), "\n")
		wants := strings.Split(want, "|")
		if len(got) != len(wants) {
			t.Errorf("%q: got %q", given, got)
			continue
		}
		for i := range got {
			if !strings.HasPrefix(got[i], wants[i]) {
				t.Errorf("%q: got %q, want %q", given, got[i], wants[i])
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"errors\nthrottles < 0.5%", "duration p99.9\nduration average < 1.5s", "none",
		"metric AWS/Lambda/Errors{FunctionName={function}, Resource={function}:{alias}} Sum > 5",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checks, err := Parse(text)
		if err != nil || len(checks) == 0 {
			return
		}
		written := make([]string, len(checks))
		for i, c := range checks {
			written[i] = c.String()
		}
		again, err := Parse(strings.Join(written, "\n"))
		if err != nil {
			t.Fatalf("%q was written as %q: %v", text, written, err)
		}
		if diff := cmp.Diff(checks, again); diff != "" {
			t.Errorf("%q was written as %q (-first +second):\n%s", text, written, diff)
		}
	})
}

func TestFill(t *testing.T) {
	t.Parallel()
	m := Metric{"Shop", "Orders", []Dimension{{"Where", "{function}:{alias}"}, {"Version", "{version}"}, {"Kind", "{other}"}}}
	want := []Dimension{{"Where", "{alias}:prod"}, {"Version", "8"}, {"Kind", "{other}"}}
	if diff := cmp.Diff(want, m.Fill("{alias}", "prod", "8").Dimensions); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if m.Dimensions[0].Value != "{function}:{alias}" {
		t.Error("Fill has changed the metric")
	}
}

func TestLimitHolds(t *testing.T) {
	t.Parallel()
	below, above := Limit{Value: 5}, Limit{Value: 5, Above: true}
	for value, want := range map[float64][2]bool{4.9: {true, false}, 5: {false, false}, 5.1: {false, true}} {
		if got := [2]bool{below.Holds(value), above.Holds(value)}; got != want {
			t.Errorf("%v: got %v, want %v", value, got, want)
		}
	}
}
