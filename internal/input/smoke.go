package input

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/itchyny/gojq"

	"lambda-release/internal/document"
	"lambda-release/internal/function"
	"lambda-release/internal/lines"
	"lambda-release/internal/release"
)

// maxPayload is the most bytes that Lambda takes for a synchronous invocation.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxPayload = 6 << 20

// parseSmokeTest needs the functions, which are parsed before. A value that is
// JSON as a whole, or a file, is the payload or the cases for all of them; otherwise
// every line is NAME=PAYLOAD.
func parseSmokeTest(in *Input, value string) Problems {
	smoke := release.Smoke{}
	if strings.HasPrefix(value, "@") || json.Valid([]byte(value)) {
		cases, problems := in.readCases(value)
		for _, f := range in.Functions {
			smoke[f.Name] = cases
		}
		in.SmokeTest = smoke
		return problems
	}
	var problems Problems
	for _, line := range lines.Verbatim(value) {
		name, text, named := strings.Cut(line, "=")
		name = strings.TrimSpace(name)
		if !named || strings.ContainsAny(name, "{[\"") {
			return bad("not JSON")
		}
		cases, wrong := in.readCases(strings.TrimSpace(text))
		_, second := smoke[name]
		switch {
		case len(wrong) > 0:
		case second:
			wrong = bad("a second payload for " + name)
		case len(in.Functions) > 0 && !slices.ContainsFunc(in.Functions, func(f function.ID) bool { return f.Name == name }):
			wrong = bad(fmt.Sprintf("this job has no function %s", lines.Quote(name)))
		}
		for _, p := range wrong {
			if p.Value == "" {
				p.Value = line
			}
			problems = append(problems, p)
		}
		if len(wrong) == 0 {
			smoke[name] = cases
		}
	}
	in.SmokeTest = smoke
	return problems
}

// readCases reads the cases of a smoke test, or a payload that is the only one.
func (in *Input) readCases(text string) ([]release.Case, Problems) {
	payload, wrong := readPayload(text)
	if wrong != "" {
		return nil, bad(wrong)
	}
	given, unlike := casesIn(payload)
	if len(given) > 0 {
		return parseCases(given)
	}
	if unlike != "" {
		in.Warnings = append(in.Warnings, fmt.Sprintf("the array in smoke-test is one payload, and no list of cases, because %s", unlike))
	}
	return []release.Case{{Payload: payload}}, nil
}

// keysOfCase are what a case may have.
var keysOfCase = []string{"name", "payload", "expect"}

// casesIn are the elements of a list of cases: an array of objects with `payload`
// and no other key than those of a case. Any other JSON is a payload: nil. If a list of
// cases may have been meant, since an element has `payload`, unlike says why it is none.
func casesIn(payload []byte) (cases []map[string]json.RawMessage, unlike string) {
	var elements []json.RawMessage
	if json.Unmarshal(payload, &elements) != nil {
		return nil, ""
	}
	meant := false
	for i, element := range elements {
		var c map[string]json.RawMessage
		_ = json.Unmarshal(element, &c) // what is no object has no payload
		for _, key := range slices.Sorted(maps.Keys(c)) {
			if !slices.Contains(keysOfCase, key) {
				unlike = cmp.Or(unlike, fmt.Sprintf("element %d has %s", i+1, lines.Quote(key)))
			}
		}
		_, has := c["payload"]
		if !has {
			unlike = cmp.Or(unlike, fmt.Sprintf("element %d has no payload", i+1))
		}
		meant = meant || has
		cases = append(cases, c)
	}
	switch {
	case unlike == "":
		return cases, ""
	case meant:
		return nil, unlike
	}
	return nil, ""
}

const caseShape = `write each case as {"name": "TEXT", "payload": JSON, "expect": "JQ"}, with a name of its own; name and expect may be left out`

// parseCases reads the cases, and numbers those without a name.
func parseCases(given []map[string]json.RawMessage) ([]release.Case, Problems) {
	var all []release.Case
	var problems Problems
	add := func(value, what string) {
		problems = append(problems, Problem{Value: value, What: what, Allowed: caseShape})
	}
	seen := map[string]bool{}
	for i, g := range given {
		name, err := textOf(g["name"])
		if err != nil {
			add(string(g["name"]), fmt.Sprintf("the name of case %d is not a text", i+1))
		}
		c := release.Case{Name: cmp.Or(name, strconv.Itoa(i+1)), Payload: g["payload"]}
		if seen[c.Name] {
			add(c.Name, "two cases have this name")
		}
		seen[c.Name] = true
		expression, err := textOf(g["expect"])
		if err != nil {
			add(string(g["expect"]), fmt.Sprintf("the `expect` of case %q is not a text", c.Name))
		} else if expression != "" {
			if c.Expect, err = expectation("expect", expression); err != nil {
				problems = append(problems, Problem{Value: expression, What: fmt.Sprintf("the `expect` of case %q: %v", c.Name, err), Allowed: jqShape})
			}
		}
		all = append(all, c)
	}
	return all, problems
}

// readSmokeTests reads smoke-tests of the release file: cases, as in the input.
func readSmokeTests(in *Input, of ofFunction) document.Problems {
	if _, given := in.SmokeTest[of.name]; given || len(of.Value.Elements) == 0 {
		return nil
	}
	var cases []release.Case
	var problems document.Problems
	seen := map[string]bool{}
	for i, v := range of.Value.Elements {
		name, _ := v.Get("name")
		c := release.Case{Name: cmp.Or(name.Text, strconv.Itoa(i+1))}
		if seen[c.Name] {
			problems = append(problems, inFile(name, "two cases have this name", "give each case a name of its own"))
		}
		seen[c.Name] = true
		payload, _ := v.Get("payload")
		var wrong string
		if c.Payload, wrong = payloadIn(of.dir, payload, of.Decoded, i); wrong != "" {
			problems = append(problems, inFile(payload, wrong, "write JSON, or @FILE with a path relative to the release file"))
		}
		if v, given := v.Get("expect"); given {
			var err error
			if c.Expect, err = expectation("expect", v.Text); err != nil {
				problems = append(problems, inFile(v, err.Error(), jqShape))
			} else {
				c.Expect.Given = v.Written() // plan and errors show it
			}
		}
		cases = append(cases, c)
	}
	in.SmokeTest = with(in.SmokeTest, of.name, cases)
	return problems
}

// payloadIn is the payload of the case at i in the release file. A path after an @ is
// relative to the file. An @ that a variable stands for names no file.
func payloadIn(dir string, v document.Value, decoded any, i int) (payload []byte, wrong string) {
	if path, isFile := strings.CutPrefix(v.Text, "@"); isFile && v.Kind == document.Text && strings.HasPrefix(v.Written(), "@") {
		if dir != "" && !filepath.IsAbs(path) {
			path = dir + "/" + path
		}
		return readPayload("@" + path)
	}
	cases, _ := decoded.([]any)
	c, _ := cases[i].(map[string]any)
	payload, err := json.Marshal(c["payload"])
	if err != nil {
		return nil, err.Error()
	}
	return readPayload(string(payload))
}

// textOf is the text of a JSON string, "" for none.
func textOf(value json.RawMessage) (text string, err error) {
	if value != nil {
		err = json.Unmarshal(value, &text)
	}
	return strings.TrimSpace(text), err
}

// readPayload reads JSON, or a file of JSON given as @FILE.
func readPayload(text string) (payload []byte, wrong string) {
	payload = []byte(text)
	if file, ok := strings.CutPrefix(text, "@"); ok {
		if file == "" {
			return nil, "no file name after the @"
		}
		info, err := os.Stat(file)
		if err == nil && info.Size() > maxPayload {
			return nil, fmt.Sprintf("the file has %d bytes, but Lambda takes at most %d", info.Size(), maxPayload)
		}
		if payload, err = os.ReadFile(file); err != nil {
			return nil, fmt.Sprintf("the file cannot be read: %v", err)
		}
	}
	if len(payload) > maxPayload {
		return nil, fmt.Sprintf("%d bytes, but Lambda takes at most %d", len(payload), maxPayload)
	}
	if !json.Valid(payload) {
		return nil, "not JSON"
	}
	return payload, ""
}

// parseExpect needs the smoke test, which is parsed before: it is for the cases
// without an expectation of their own.
func parseExpect(in *Input, value string) Problems {
	in.ExpectGiven = value
	expect, err := expectation("smoke-test-expect", value)
	if err != nil {
		return bad(err.Error())
	}
	for _, cases := range in.SmokeTest {
		for i := range cases {
			cases[i].Expect = cmp.Or(cases[i].Expect, expect)
		}
	}
	return nil
}

const jqShape = "must be a jq expression that evaluates to true, for example .statusCode == 200"

func expectation(key, given string) (*release.Expectation, error) {
	query, err := gojq.Parse(given)
	if err != nil {
		return nil, err
	}
	code, err := gojq.Compile(query)
	if err != nil {
		return nil, err
	}
	return &release.Expectation{Code: code, Given: given, Key: key}, nil
}
