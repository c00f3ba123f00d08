package input

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// parse reads one `name=value` an entry beside the function orders.
func parse(given ...string) (Input, Problems) {
	args := []string{"--function-name", "orders"}
	for _, g := range given {
		args = append(args, "--"+g)
	}
	in, err := Parse(args, func(string) string { return "" })
	problems, _ := errors.AsType[Problems](err)
	return in, problems
}

func TestRolloutInputs(t *testing.T) {
	t.Parallel()
	in, problems := parse("strategy=Linear10PercentEvery2Minutes", "bake-time=5m", "alarms=a b", "alarms=c", "analysis=errors", "analysis=duration p99 < 1s", "analysis-delay=1m", "on-inconclusive=rollback",
		"min-invocations=7", `smoke-test={"x": 1}`, "smoke-test-expect=.ok")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if in.Strategy.String() != "Linear10PercentEvery2Minutes" || in.BakeTime != 5*time.Minute || written(in.Analysis) != "errors, duration p99 < 1000ms" || in.AnalysisByDefault ||
		in.AnalysisDelay != time.Minute || in.OnInconclusive != "rollback" ||
		in.MinInvocations != 7 || !cmp.Equal(in.Alarms, []string{"a b", "c"}) {
		t.Errorf("%+v", in)
	}
	if got := casesOf(in)["orders"]; got != `{"x": 1} smoke-test-expect .ok` {
		t.Errorf("%s", got)
	}
	if in, problems = parse("codedeploy=shop/prod", "strategy=Canary10Percent5Minutes", "codedeploy-wait=false"); len(problems) > 0 ||
		*in.CodeDeploy != (CodeDeploy{"shop", "prod"}) || in.CodeDeployWait {
		t.Errorf("%+v, %v", in, problems)
	}
}

func TestRolloutInputsRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ given, refused string }{
		{"strategy=Canary", "strategy: "},
		{"strategy=Canary|alarms=a", "strategy: "},
		{"strategy=Canary0Percent5Minutes", "strategy: "},
		{"bake-time=5", "bake-time: a number without a unit"},
		{"alarms=a|alarms=a|bake-time=5m", "alarms: given twice"},
		{"alarms=a", "alarms: conflicts"},
		{"alarms=a|strategy=AllAtOnce", "alarms: conflicts"},
		{"analysis=latency|strategy=Canary10Percent5Minutes", "analysis: line 1: unknown check"},
		{"analysis=duration p100|strategy=Canary10Percent5Minutes", "analysis: line 1: a percentile of 100"},
		{"analysis=errors < 1|strategy=Canary10Percent5Minutes", "analysis: line 1: a limit without a unit"},
		{"analysis=errors", "analysis: conflicts with a move of all traffic at once"},
		{"analysis=errors|analysis=duration p99|bake-time=1h", "analysis: conflicts with a move of all traffic at once"},
		{"analysis=errors|strategy=Canary10Percent119Seconds|bake-time=1h", "analysis: conflicts with strategy Canary10Percent119Seconds"},
		{"analysis=errors < 1%", "analysis: conflicts with a move of all traffic at once"},
		{"analysis=errors < 1%|strategy=AllAtOnce", "analysis: conflicts with a move of all traffic at once"},
		{"analysis=errors < 1%|bake-time=1m59s", "analysis: conflicts with steps and bake-time of 1m59s together"},
		{"analysis=errors < 1%|strategy=Canary10Percent60Seconds|bake-time=59s", "analysis: conflicts with steps and bake-time of 1m59s together"},
		{"analysis-delay=5|strategy=Canary10Percent5Minutes", "analysis-delay: a number without a unit"},
		{"analysis-delay=3m1s|strategy=Canary10Percent5Minutes", "analysis-delay: conflicts with strategy Canary10Percent5Minutes"},
		{"analysis-delay=4m1s|analysis=errors < 1%|strategy=Canary10Percent60Seconds|bake-time=5m", "analysis-delay: conflicts with steps and bake-time of 6m together"},
		{"analysis-delay=1m|bake-time=1h", "analysis-delay: conflicts with a move of all traffic at once"},
		{"analysis-delay=1m|strategy=Canary10Percent60Seconds", "analysis-delay: conflicts with strategy Canary10Percent1Minute"},
		{"on-inconclusive=stop", "on-inconclusive: unknown"},
		{"min-invocations=0", "min-invocations: not a whole number"},
		{"codedeploy=shop", "codedeploy: not an application"},
		{"codedeploy=shop/prod/x", "codedeploy: not an application"},
		{"codedeploy=shop/prod|strategy=Canary11Percent5Minutes", "strategy: conflicts"},
		{"codedeploy=shop/prod|alarms=a", "alarms: conflicts"},
		{"codedeploy=shop/prod|bake-time=5m", "bake-time: conflicts"},
		{"codedeploy=shop/prod|analysis=errors", "analysis: conflicts"},
		{"codedeploy=shop/prod|analysis-delay=1m", "analysis-delay: conflicts"},
		{"codedeploy=shop/prod|function-name=items", "codedeploy: conflicts"},
		{"smoke-test={", "smoke-test: not JSON"},
		{"smoke-test=@/nowhere/at/all", "smoke-test: the file cannot be read"},
		{"smoke-test=orders={", "smoke-test: not JSON"},
		{"smoke-test=items={}", `smoke-test: this job has no function "items"`},
		{"smoke-test=orders={}|smoke-test=orders=1", "smoke-test: a second payload for orders"},
		{`smoke-test=[{"payload": 1}, {"name": "1", "payload": 2}]`, "smoke-test: two cases have this name"},
		{`smoke-test=[{"name": 7, "payload": 1}]`, "smoke-test: the name of case 1 is not a text"},
		{`smoke-test=[{"name": "a", "payload": 1, "expect": true}]`, "smoke-test: the `expect` of case \"a\" is not a text"},
		{`smoke-test=[{"payload": 1}, {"payload": 1, "expect": ".a =="}]`, "smoke-test: the `expect` of case \"2\": unexpected EOF"},
		{`smoke-test=orders=[{"name": "a", "payload": 1, "expect": "nosuch(1)"}]`, "smoke-test: the `expect` of case \"a\": function not defined"},
		{"smoke-test-expect=.a", "smoke-test: missing"},
		{"smoke-test={}|smoke-test-expect=.a ==", "smoke-test-expect: unexpected EOF"},
		{"smoke-test={}|smoke-test-expect=nosuch(1)", "smoke-test-expect: function not defined"},
	} {
		t.Run(tt.given, func(t *testing.T) {
			t.Parallel()
			_, problems := parse(strings.Split(tt.given, "|")...)
			if len(problems) != 1 || !strings.HasPrefix(problems[0].Input+": "+problems[0].What, tt.refused) || problems[0].Allowed == "" {
				t.Errorf("refused with %+v, want %s", problems, tt.refused)
			}
		})
	}
}

// By default the errors are compared where that is possible.
func TestAnalysisByDefault(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"strategy=Canary10Percent5Minutes":                                 "errors",
		"strategy=Linear50PercentEvery3Minutes|analysis-delay=1m":          "errors",
		"strategy=Linear10PercentEvery20Seconds":                           "errors",
		"strategy=Canary10Percent119Seconds|bake-time=1h":                  "",
		"strategy=AllAtOnce|bake-time=1h":                                  "",
		"bake-time=1h":                                                     "",
		"strategy=Canary10Percent5Minutes|codedeploy=shop/prod":            "",
		"strategy=Canary10Percent5Minutes|analysis=none":                   "",
		"strategy=Canary10Percent5Minutes|analysis=none|analysis-delay=1h": "",
		"codedeploy=shop/prod|analysis=none":                               "",
	} {
		in, problems := parse(strings.Split(given, "|")...)
		if got := written(in.Analysis); got != want || in.AnalysisByDefault != (want != "") || len(problems) > 0 {
			t.Errorf("%s: %q, by default %t, %v", given, got, in.AnalysisByDefault, problems)
		}
	}
}

// casesOf is the smoke test of each function: name, payload and expectation of each
// case.
func casesOf(in Input) map[string]string {
	all := map[string]string{}
	for fn, cases := range in.SmokeTest {
		var texts []string
		for _, c := range cases {
			text := string(c.Payload)
			if c.Name != "" {
				text = c.Name + ": " + text
			}
			if c.Expect != nil && c.Expect.Code != nil {
				text += " " + c.Expect.Key + " " + c.Expect.Given
			}
			texts = append(texts, text)
		}
		all[fn] = strings.Join(texts, "; ")
	}
	return all
}

func TestSmokeTestCases(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		`[{"payload": {"a": 1}}]`: `1: {"a": 1} smoke-test-expect .ok`,
		`[{"name": "health", "payload": 1}, {"payload": [2], "expect": ".x"}, {"payload": null, "name": null, "expect": ""}]`: `health: 1 smoke-test-expect .ok; 2: [2] expect .x; 3: null smoke-test-expect .ok`,

		`[]`:                             `[] smoke-test-expect .ok`,
		`[null]`:                         `[null] smoke-test-expect .ok`,
		`[1, {"payload": 1}]`:            `[1, {"payload": 1}] smoke-test-expect .ok`,
		`[{"payload": 1}, {"name": ""}]`: `[{"payload": 1}, {"name": ""}] smoke-test-expect .ok`,
		`[{"payload": 1, "id": 1}]`:      `[{"payload": 1, "id": 1}] smoke-test-expect .ok`,
		`[{"Payload": 1}]`:               `[{"Payload": 1}] smoke-test-expect .ok`,
		`{"payload": 1}`:                 `{"payload": 1} smoke-test-expect .ok`,
	} {
		for _, given := range []string{given, "orders=" + given} {
			in, problems := parse("smoke-test="+given, "smoke-test-expect=.ok")
			if got := casesOf(in)["orders"]; got != want || len(problems) > 0 {
				t.Errorf("%s: got %s, %v", given, got, problems)
			}
		}
	}
}

func TestSmokeTestOfSeveral(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "payload.json")
	if err := os.WriteFile(file, []byte(`{"from": "file"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for given, want := range map[string]map[string]string{
		`{"a": [1]}`:                    {"orders": `{"a": [1]}`, "items": `{"a": [1]}`},
		"{\n\"a\": 1\n}":                {"orders": "{\n\"a\": 1\n}", "items": "{\n\"a\": 1\n}"},
		"@" + file:                      {"orders": `{"from": "file"}`, "items": `{"from": "file"}`},
		"items=@" + file + "\norders=1": {"orders": "1", "items": `{"from": "file"}`},
		`items="a=b"`:                   {"items": `"a=b"`},
	} {
		in, problems := parse("function-name=items", "smoke-test="+given)
		if diff := cmp.Diff(want, casesOf(in)); diff != "" || len(problems) > 0 {
			t.Errorf("%s: %v\n%s", given, problems, diff)
		}
	}
}
