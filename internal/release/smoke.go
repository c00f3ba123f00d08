package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/itchyny/gojq"

	"lambda-release/internal/awsapi"
)

// Smoke has by function name the cases that a version must pass before any alias is
// moved to it, one after the other. A function without cases is not tested.
type Smoke map[string][]Case

// Case is one invocation of a smoke test.
type Case struct {
	Name    string       // "" where there is only one, without a name
	Payload []byte       // JSON
	Expect  *Expectation // nil takes any answer without an error
}

// String is the case in a sentence: smoke test "health".
func (c Case) String() string {
	if c.Name == "" {
		return "smoke test"
	}
	return fmt.Sprintf("smoke test %q", c.Name)
}

// Expectation is a jq expression that must be true over an answer.
type Expectation struct {
	Code  *gojq.Code
	Given string // as the user wrote it
	Key   string // where the user wrote it: smoke-test-expect, or expect in a case
}

// expectTime bounds an expectation, which may be a program that never ends.
const expectTime = 5 * time.Second

// TestError says that a function that was invoked for a test rejects a version.
type TestError struct {
	What   string // the test and what it is about
	By     string // what was invoked: function or hook
	Answer string // what the function answered, raw
	Log    string // the end of its log, raw
	Err    error
}

func (e *TestError) Error() string { return e.What + ": " + e.Err.Error() }

func (e *TestError) Unwrap() error { return e.Err }

// tested reports whether the version has to pass a smoke test.
func (p Plan) tested() bool { return len(p.Smoke[p.target.fn.Name]) > 0 }

// smokeTest invokes the version of a plan with each case for it, up to the first
// that it does not pass.
func (p Plan) smokeTest(ctx context.Context) error {
	t, v := p.target, p.version()
	for _, c := range p.Smoke[t.fn.Name] {
		answer, err := t.log.invoking(fmt.Sprintf("the %s of version %s", c, v), func(refused func(string)) (awsapi.Answer, error) {
			return t.aws.Invoke(ctx, t.fn, v.String(), c.Payload, refused)
		})
		if err != nil {
			return fmt.Errorf("%s: %w", c, err)
		}
		if err := c.judge(ctx, answer); err != nil {
			what := fmt.Sprintf("%s of version %s of %s", c, v, t.fn.Name)
			return &TestError{What: what, By: "function", Answer: string(answer.Payload), Log: answer.Log, Err: err}
		}
		t.log.fact("version %s passed the %s in %s", v, c, answer.Took.Round(time.Millisecond))
	}
	return nil
}

func (c Case) judge(ctx context.Context, a awsapi.Answer) error {
	if a.FunctionError != "" {
		return fmt.Errorf("the function failed (%s)", a.FunctionError)
	}
	if c.Expect == nil {
		return nil
	}
	var value any
	if err := json.Unmarshal(a.Payload, &value); err != nil {
		return fmt.Errorf("the answer is not JSON, so `%s` cannot be judged: %w", c.Expect.Key, err)
	}
	return c.Expect.judge(ctx, value)
}

func (e Expectation) judge(ctx context.Context, value any) error {
	bound, cancel := context.WithTimeout(ctx, expectTime)
	defer cancel()
	results := e.Code.RunWithContext(bound, value)
	for given := false; ; given = true {
		result, more := results.Next()
		switch {
		case !more && given:
			return nil
		case !more:
			return fmt.Errorf("`%s` %s gives nothing, and must give true", e.Key, e.Given)
		}
		if err, failed := result.(error); failed {
			if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
				err = fmt.Errorf("it has not ended after %s", expectTime)
			}
			return fmt.Errorf("`%s` %s fails: %w", e.Key, e.Given, err)
		}
		if result != true {
			text, _ := gojq.Marshal(result)
			return fmt.Errorf("`%s` %s gives %s, and must give true", e.Key, e.Given, text)
		}
	}
}
