package input

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lambda-release/internal/artifact"
	"lambda-release/internal/release"
	"lambda-release/internal/releasefile"
)

// TestEveryKeyIsRead: each key of the release file is read by one row of the table, and
// each row reads keys that there are.
func TestEveryKeyIsRead(t *testing.T) {
	t.Parallel()
	var want, got []string
	schema := releasefile.Schema()
	functions, _ := schema.Find("functions")
	for _, f := range schema.Fields {
		if f.Name != "defaults" && f.Name != "functions" {
			want = append(want, "top "+f.Name)
		}
	}
	for _, f := range functions.Element.Fields {
		want = append(want, f.Name)
	}
	for _, s := range table {
		if s.file == nil {
			continue
		}
		for _, key := range s.file.keys {
			if s.file.read == nil {
				key = "top " + key
			}
			got = append(got, key)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-schema +table):\n%s", diff)
	}
}

// fileWith writes a release file, and returns its path.
func fileWith(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "release.yml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestFileAndInputsAreOne: the release file and the inputs make the same Input.
func TestFileAndInputsAreOne(t *testing.T) {
	t.Parallel()
	const stage = "arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/prod"
	settings := fileWith(t, "{MemorySize: 512, Role: arn:aws:iam::123456789012:role/x, Runtime: python3.13, Handler: a.b}")
	inputs, err := Parse(nil, env(map[string]string{
		"function-name": "orders", "code": "s3://builds/orders.zip", "configuration": settings, "create": "true", "keep-versions": "5",
		"smoke-test":       `[{"name": "health", "payload": {"n":1.50,"path":"/"}, "expect": ".ok"}, {"payload": null}]`,
		"pre-traffic-hook": "check:live", "post-traffic-hook": "smoke", "strategy": "Canary10Percent5Minutes", "bake-time": "5m",
		"alarms": "a\nb # c", "analysis": "errors\nerrors < 1%", "api-gateway-stages": "prod=" + stage, "function-url": "iam",
	}))
	if err != nil {
		t.Fatal(err)
	}
	file, err := Parse([]string{"--file", fileWith(t, `
strategy: Canary10Percent5Minutes
bake-time: 5m
analysis: [errors, errors < 1%]
keep-versions: 5
defaults:
  configuration: {Role: "arn:aws:iam::123456789012:role/x"}
  pre-traffic-hook: check:live
functions:
  orders:
    code: s3://builds/orders.zip
    configuration: {MemorySize: 512, Runtime: python3.13, Handler: a.b}
    create: true
    smoke-tests:
      - {name: health, payload: {path: /, n: 1.50}, expect: .ok}
      - {payload: null}
    post-traffic-hook: smoke
    alarms: [a, "b # c"]
    api-gateway-stages: {prod: "`+stage+`"}
    function-url: iam
`)}, env(nil))
	if err != nil {
		t.Fatal(err)
	}
	same := cmp.Options{
		cmp.Exporter(func(reflect.Type) bool { return true }),
		cmpopts.IgnoreFields(release.Expectation{}, "Code"), // compiled
	}
	if diff := cmp.Diff(inputs, file, same); diff != "" {
		t.Errorf("(-inputs +file):\n%s", diff)
	}
}

// TestPrecedence: a flag wins over the environment, that over the file; what the runner
// fills in is not given.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	path := fileWith(t, "strategy: Canary10Percent1Minute\nfunctions:\n  orders: {code: a, alarms: x, create: false}\n  items: {code: b, alarms: y}\n")
	common := map[string]string{"file": path, "operation": "release", "create": "false", "strategy": "", "function-name": " "}
	for name, tt := range map[string]struct {
		args []string
		env  map[string]string
		want string // strategy, code of orders and items, alarms
	}{
		"file":        {nil, nil, "Canary10Percent1Minute a b x,y"},
		"environment": {nil, map[string]string{"strategy": "Canary20Percent1Minute", "code": "items=c", "alarms": "z"}, "Canary20Percent1Minute a c z"},
		"flags":       {[]string{"--strategy", "Canary30Percent1Minute", "--code", "orders=d"}, map[string]string{"strategy": "Canary20Percent1Minute", "code": "items=c"}, "Canary30Percent1Minute d b x,y"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			values := map[string]string{}
			for _, m := range []map[string]string{common, tt.env} {
				for k, v := range m {
					values[k] = v
				}
			}
			in, err := Parse(tt.args, env(values))
			if err != nil {
				t.Fatal(err)
			}
			dir := filepath.Dir(path) + "/"
			code := func(s artifact.Source) string { return strings.TrimPrefix(s.Path, dir) }
			got := strings.Join([]string{in.Strategy.String(), code(in.Code["orders"]), code(in.Code["items"]), strings.Join(in.Alarms, ",")}, " ")
			if got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

// TestOnlyWhatIsUsed: variables of functions that are not selected, and of keys that the
// operation does not take, need not be set.
func TestOnlyWhatIsUsed(t *testing.T) {
	t.Parallel()
	path := fileWith(t, "functions:\n  orders: {environment: {TOKEN: \"${NO_TOKEN}\"}}\n  items: {code: \"${NO_CODE}\", smoke-tests: [{payload: \"${NO_PAYLOAD}\"}]}\n  carts:\n")
	for args, want := range map[string]string{
		"--function-name carts":                             "",
		"--function-name c*":                                "",
		"--function-name orders":                            "NO_TOKEN",
		"--function-name items":                             "NO_CODE NO_PAYLOAD",
		"--function-name * --operation promote --version 1": "NO_PAYLOAD",
		"--operation rollback":                              "",
		"--operation status":                                "",
	} {
		_, err := Parse(append([]string{"--file", path}, strings.Fields(args)...), env(nil))
		var got []string
		if err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				_, name, _ := strings.Cut(line, "the variable ")
				name, _, _ = strings.Cut(name, " ")
				got = append(got, name)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v; want %s", args, err, want)
		}
	}
}
