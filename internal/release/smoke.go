package release

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/itchyny/gojq"

	"lambda-release/internal/alias"
	"lambda-release/internal/awsapi"
)

// Smoke is a test that a version must pass before any alias is moved to it.
type Smoke struct {
	Payloads map[string][]byte // JSON by function name; a function without one is not tested
	Expect   *gojq.Code        // must be true over the answer; nil takes any answer without an error
	Given    string            // Expect as the user wrote it
}

// expectTime bounds an expectation, which may be a program that never ends.
const expectTime = 5 * time.Second

// SmokeError says that a version did not pass its smoke test.
type SmokeError struct {
	Function string
	Version  alias.Version
	Answer   string // what the function answered, raw
	Log      string // the end of its log, raw
	Err      error
}

func (e *SmokeError) Error() string {
	return fmt.Sprintf("smoke test of version %s of %s: %v", e.Version, e.Function, e.Err)
}

func (e *SmokeError) Unwrap() error { return e.Err }

// smokeTest invokes the version of a plan that has a payload for it.
func (p Plan) smokeTest(ctx context.Context) error {
	t, v := p.target, p.version()
	payload, tested := p.Smoke.Payloads[t.fn.Name]
	if !tested {
		return nil
	}
	answer, err := t.aws.Invoke(ctx, t.fn, v.String(), payload)
	if err != nil {
		return fmt.Errorf("smoke test: %w", err)
	}
	if err := p.Smoke.judge(ctx, answer); err != nil {
		return &SmokeError{Function: t.fn.Name, Version: v, Answer: string(answer.Payload), Log: answer.Log, Err: err}
	}
	t.log.fact("version %s passed the smoke test in %s", v, answer.Took.Round(time.Millisecond))
	return nil
}

func (s Smoke) judge(ctx context.Context, a awsapi.Answer) error {
	if a.FunctionError != "" {
		return fmt.Errorf("the function failed (%s)", a.FunctionError)
	}
	if s.Expect == nil {
		return nil
	}
	var value any
	if err := json.Unmarshal(a.Payload, &value); err != nil {
		return fmt.Errorf("the answer is not JSON, so `smoke-test-expect` cannot be judged: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, expectTime)
	defer cancel()
	results := s.Expect.RunWithContext(ctx, value)
	for given := false; ; given = true {
		result, more := results.Next()
		switch {
		case !more && given:
			return nil
		case !more:
			return fmt.Errorf("`smoke-test-expect` %s gives nothing, and must give true", s.Given)
		}
		if err, failed := result.(error); failed {
			return fmt.Errorf("`smoke-test-expect` %s fails: %w", s.Given, err)
		}
		if result != true {
			text, _ := gojq.Marshal(result)
			return fmt.Errorf("`smoke-test-expect` %s gives %s, and must give true", s.Given, text)
		}
	}
}
