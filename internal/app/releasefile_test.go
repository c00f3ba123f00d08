package app_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"lambda-release/internal/app"
	"lambda-release/internal/release"
)

// TestReleaseFileSchema: the program and the JSON schema for editors take the same
// files, and refuse the same.
func TestReleaseFileSchema(t *testing.T) {
	t.Parallel()
	schema := readSchema("lambda-release")
	for _, tt := range []struct {
		verdict string // valid; wrong; or unseen: what a schema cannot see
		files   []string
	}{
		{"valid", []string{
			"functions: {items: }",
			"functions: {items: {}}",
			"functions:\n  123456789012:function:items:\n",
			"strategy: Canary10Percent5Minutes\nbake-time: 5m\nanalysis: none\nkeep-versions: 5\nfunctions: {items: }",
			"strategy: |\n  AllAtOnce\nfunctions: {items: {environment: {EMPTY: ''}, configuration: {KMSKeyArn: ''}}}",
			"bake-time: 5m\nanalysis: [errors < 1%, duration p95 < 800ms]\nfunctions: {items: }",
			"defaults: {code: dist}\nfunctions: {items: {code: s3://builds/items.zip}}",
			"defaults: {}\nfunctions: {items: {configuration: {}, environment: {}, tags: {}, alarms: [], smoke-tests: [], api-gateway-stages: {}}}",
			"functions: {items: {configuration: {MemorySize: 512, Timeout: '${N}', Layers: [], VpcConfig: {}, TracingConfig: {Mode: Active}}}}",
			"functions: {items: {configuration: {MemorySize: '${N}', VpcConfig: {Ipv6AllowedForDualStack: '${B}'}, TracingConfig: {Mode: '${MODE}'}}}}",
			"functions: {items: {environment: {TOKEN: '${NO}'}}}", // the policy does not depend on it
			"functions: {items: {environment: {PORT: 8080, DEBUG: true, MODE: 0755, RATE: 1e3, EMPTY: '', GONE: null, GONE2: ~, NAME: '${MODE}'}}}",
			"functions: {items: {create: '${NO:-false}', tags: {team: shop, 'cost:center': 7}}}",
			"functions: {items: {smoke-tests: [{payload: {path: /, n: 1.5, list: [null, true]}}, {name: b, payload: null, expect: .ok}]}}",
			"functions: {items: {function-url: public}, orders: {function-url: {auth: iam}}, carts: {function-url: '${NO:-iam}'}}",
			"functions: {items: {function-url: {auth: public, cors: {AllowOrigins: ['*'], MaxAge: 86400, AllowCredentials: '${B}'}}}, orders: {function-url: {auth: iam, cors: {}}}}",
			"defaults: {pre-traffic-hook: check, function-url: iam}\nfunctions: {items: {pre-traffic-hook: null, post-traffic-hook: check:live, function-url: ~}}",
			"bake-time: 5m\nfunctions: {items: {alarms: items-errors}, orders: {alarms: [a, b]}}",
			"functions: {items: {api-gateway-stages: {prod: 'arn:aws:apigateway:eu-central-1::/restapis/a1/stages/prod', dev: ['arn:aws:apigateway:eu-central-1::/apis/b1/stages/$default']}}}",
		}},
		{"wrong", []string{
			"",
			"functions",
			"[]",
			"functions: ",
			"functions: {}",
			"functions: []",
			"functions: {items: x}",
			"functions: {items: []}",
			"functions:\n  items:prod:\n",
			"functions: {'${MODE}': }",
			"function: {items: }",
			"defaults: \nfunctions: {items: }",
			"strategy: 1\nfunctions: {items: }",
			"bake-time: 300\nfunctions: {items: }",
			"analysis: {errors: 1}\nfunctions: {items: }",
			"keep-versions: 2\nfunctions: {items: }",
			"keep-versions: three\nfunctions: {items: }",
			"keep-versions: 3.5\nfunctions: {items: }",
			"functions: {items: {strategy: AllAtOnce}}",
			"functions: {items: {smoke-test: []}}",
			"functions: {items: {code: null}}",
			"functions: {items: {code: [dist]}}",
			"functions: {items: {code: 1}}",
			"functions: {items: {configuration: {Description: x}}}",
			"functions: {items: {configuration: {MemorySize: '512'}}}",
			"functions: {items: {configuration: {MemorySize: 64}}}",
			"functions: {items: {configuration: {Handler: ''}}}",
			"functions: {items: {configuration: {Layers: a}}}",
			"functions: {items: {configuration: {LoggingConfig: {}}}}",
			"functions: {items: {configuration: {TracingConfig: {Mode: active}}}}",
			"functions: {items: {configuration: {Environment: {Variables: {A1: null}}}}}",
			"functions: {items: {environment: {1A: x}}}",
			"functions: {items: {environment: {AB: [x]}}}",
			"functions: {items: {environment: [AB]}}",
			"functions: {items: {create: yes}}",
			"functions: {items: {create: 1}}",
			"functions: {items: {tags: {team: null}}}",
			"functions: {items: {tags: [team]}}",
			"functions: {items: {smoke-tests: {payload: 1}}}",
			"functions: {items: {smoke-tests: [{name: a}]}}",
			"functions: {items: {smoke-tests: [{payload: 1, expected: x}]}}",
			"functions: {items: {smoke-tests: [{payload: 1, name: 2}]}}",
			"functions: {items: {function-url: everyone}}",
			"functions: {items: {function-url: {auth: all}}}",
			"functions: {items: {function-url: {}}}",
			"functions: {items: {function-url: {cors: {}}}}",
			"functions: {items: {function-url: {auth: iam, cors: {MaxAge: 86401}}}}",
			"functions: {items: {function-url: {auth: iam, cors: {AllowOrigins: '*'}}}}",
			"functions: {items: {function-url: {auth: iam, cors: {allow-origins: ['*']}}}}",
			"defaults: {function-url: null}\nfunctions: {items: }",
			"defaults: {pre-traffic-hook: null}\nfunctions: {items: }",
			"functions: {items: {alarms: [1]}}",
			"functions: {items: {alarms: null}}",
			"functions: {items: {api-gateway-stages: [x]}}",
			"functions: {items: {api-gateway-stages: {7: x}}}",
			"functions: {items: {api-gateway-stages: {prod: {}}}}",
		}},
		{"unseen", []string{
			"strategy: Canary\nfunctions: {items: }",
			"bake-time: soon\nfunctions: {items: }",
			"functions: {items: {code: 's3://'}}",
			"functions: {items: {configuration: {MemorySize: '${MODE}'}}}",
			"functions: {items: {configuration: {TracingConfig: {Mode: '${N}'}}}}",
			"functions: {items: {environment: {TOKEN: }}}",
			"functions: {items: {environment: {TOKEN: '${'}}}",
			"functions: {items: {create: true}}",
			"functions: {items: {function-url: {auth: iam, cors: {MaxAge: 1}}}}",
			"functions: {items: {function-url: {auth: iam, cors: {AllowOrigins: [shop]}}}}",
			"functions: {items: {pre-traffic-hook: }}",
			"functions: {items: {alarms: a}}",
			"bake-time: 5m\nfunctions: {items: {alarms: ['']}}",
			"strategy: '${NO:-}'\nfunctions: {items: }",
			"analysis: ''\nbake-time: 5m\nfunctions: {items: }",
			"functions: {items: {code: ' '}}",
			"functions: {items: {pre-traffic-hook: '${NO:-}'}}",
			"functions: {items: {smoke-tests: [{payload: '@nosuch.json'}]}}",
			"functions: {items: {smoke-tests: [{payload: 0x1}]}}",
			"functions: {items: {configuration: {MemorySize: 0512}}}",
			"functions: {items: {api-gateway-stages: {prod: arn}}}",
			"functions:\n  items:\n  123456789012:function:items:\n",
			"defaults: &all {code: dist}\nfunctions: {items: }",
		}},
	} {
		for _, file := range tt.files {
			t.Run(file, func(t *testing.T) {
				t.Parallel()
				if problem := takesFile(t, file); (problem == "") != (tt.verdict == "valid") {
					t.Errorf("the program says %q", problem)
				}
				if err := schema.check(asJSON(t, file)); (err == nil) != (tt.verdict != "wrong") {
					t.Errorf("the schema says %v", err)
				}
			})
		}
	}
}

// TestReleaseFileExample: the example in the docs is a release file.
func TestReleaseFileExample(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/release-file.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(page), "\n```yml\n")
	example, _, _ = strings.Cut(example, "```")
	if err := readSchema("lambda-release").check(asJSON(t, example)); err != nil {
		t.Error(err)
	}
	dir := t.TempDir()
	payload := filepath.Join(dir, "services", "items", "test", "order.json")
	if err := errors.Join(os.MkdirAll(filepath.Dir(payload), 0o700), os.WriteFile(payload, []byte("{}"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if problem := takesFileIn(t, dir, example); problem != "" {
		t.Error(problem)
	}
}

// takesFile is what the program says about a release file; "" if it takes it.
func takesFile(t *testing.T, content string) string {
	t.Helper()
	return takesFileIn(t, t.TempDir(), content)
}

func takesFileIn(t *testing.T, dir, content string) string {
	t.Helper()
	path := filepath.Join(dir, "lambda-release.yml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	variables := map[string]string{"N": "512", "B": "true", "MODE": "Active", "ORDERS_API_KEY": secret}
	var stderr bytes.Buffer
	code := app.Run(t.Context(), []string{"--print-policy", "--file", path}, func(name string) string { return variables[name] }, io.Discard, &stderr)
	switch code {
	case release.ExitDone:
		return ""
	case release.ExitBadInput:
		return stderr.String()
	}
	t.Fatalf("exit code %d: %s", code, stderr.String())
	return ""
}

// asJSON is a YAML document as JSON.
func asJSON(t *testing.T, content string) string {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(content), &v); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
