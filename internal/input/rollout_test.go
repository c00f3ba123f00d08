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
	in, problems := parse("strategy=Linear10PercentEvery2Minutes", "bake-time=5m", "alarms=a b", "alarms=c", "max-error-rate=0.5 %",
		"min-invocations=7", `smoke-test={"x": 1}`, "smoke-test-expect=.ok")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if in.Strategy.String() != "Linear10PercentEvery2Minutes" || in.BakeTime != 5*time.Minute || in.MaxErrorRate != 0.005 ||
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
		{"max-error-rate=1%", "max-error-rate: conflicts"},
		{"max-error-rate=1|bake-time=5m", "max-error-rate: no percent sign"},
		{"max-error-rate=NaN%|bake-time=5m", "max-error-rate: not a percentage"},
		{"max-error-rate=100%|bake-time=5m", "max-error-rate: not a percentage"},
		{"max-error-rate=1%|bake-time=1m59s", "bake-time: conflicts"},
		{"max-error-rate=1%|strategy=Linear10PercentEvery1Minute", "strategy: conflicts"},
		{"min-invocations=0", "min-invocations: not a whole number"},
		{"codedeploy=shop", "codedeploy: not an application"},
		{"codedeploy=shop/prod/x", "codedeploy: not an application"},
		{"codedeploy=shop/prod|strategy=Canary11Percent5Minutes", "strategy: conflicts"},
		{"codedeploy=shop/prod|alarms=a", "alarms: conflicts"},
		{"codedeploy=shop/prod|bake-time=5m", "bake-time: conflicts"},
		{"codedeploy=shop/prod|max-error-rate=1%", "max-error-rate: conflicts"},
		{"codedeploy=shop/prod|function-name=items", "codedeploy: conflicts"},
		{"smoke-test={", "smoke-test: not JSON"},
		{"smoke-test=@/nowhere/at/all", "smoke-test: the file cannot be read"},
		{"smoke-test=orders={", "smoke-test: not JSON"},
		{"smoke-test=items={}", `smoke-test: function-name has no "items"`},
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
