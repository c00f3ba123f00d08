package release

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/itchyny/gojq"

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

// prove is what a version that can serve must pass before the alias is moved.
func (j *job) prove(ctx context.Context, req Request, v awsapi.Configuration) error {
	if len(req.Rollout.Strategy.Steps()) > 0 {
		if err := j.checkShiftable(ctx, v); err != nil {
			return err
		}
	}
	payload, tested := req.Smoke.Payloads[j.fn.Name]
	if !tested {
		j.warnIfInactive(v)
		return nil
	}
	answer, err := j.r.AWS.Invoke(ctx, j.fn, j.out.Version.String(), payload)
	if err != nil {
		return fmt.Errorf("smoke test: %w", err)
	}
	if err := req.Smoke.judge(ctx, answer); err != nil {
		j.out.Answer, j.out.LogTail = string(answer.Payload), answer.Log
		return fmt.Errorf("smoke test of version %s of %s: %w", j.out.Version, j.fn.Name, err)
	}
	j.fact("version %s passed the smoke test in %s", j.out.Version, answer.Took.Round(time.Millisecond))
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

func (j *job) warnIfInactive(v awsapi.Configuration) {
	if v.State == "Inactive" {
		j.warn("version %s is Inactive: its first invocation will fail or wait until AWS has woken it", v.Version)
	}
}
