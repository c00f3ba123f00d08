package input

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/itchyny/gojq"

	"lambda-release/internal/function"
	"lambda-release/internal/lines"
)

// maxPayload is the most bytes that Lambda takes for a synchronous invocation.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxPayload = 6 << 20

// parseSmokeTest needs the functions, which are parsed before. A value that is
// JSON as a whole, or a file, is the payload for all of them; otherwise every
// line is NAME=PAYLOAD.
func parseSmokeTest(in *Input, value string) Problems {
	payloads := map[string][]byte{}
	if strings.HasPrefix(value, "@") || json.Valid([]byte(value)) {
		payload, wrong := readPayload(value)
		if wrong != "" {
			return bad(wrong)
		}
		for _, f := range in.Functions {
			payloads[f.Name] = payload
		}
		in.SmokeTest = payloads
		return nil
	}
	var problems Problems
	for _, line := range lines.Verbatim(value) {
		name, text, named := strings.Cut(line, "=")
		name = strings.TrimSpace(name)
		if !named || strings.ContainsAny(name, "{[\"") {
			return bad("not JSON")
		}
		payload, wrong := readPayload(strings.TrimSpace(text))
		_, second := payloads[name]
		switch {
		case wrong != "":
		case second:
			wrong = "a second payload for " + name
		case len(in.Functions) > 0 && !slices.ContainsFunc(in.Functions, func(f function.ID) bool { return f.Name == name }):
			wrong = fmt.Sprintf("function-name has no %s", lines.Quote(name))
		}
		if wrong != "" {
			problems = append(problems, Problem{Value: line, What: wrong})
			continue
		}
		payloads[name] = payload
	}
	in.SmokeTest = payloads
	return problems
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

func parseExpect(in *Input, value string) Problems {
	query, err := gojq.Parse(value)
	if err != nil {
		return bad(err.Error())
	}
	code, err := gojq.Compile(query)
	if err != nil {
		return bad(err.Error())
	}
	in.Expect, in.ExpectGiven = code, value
	return nil
}
