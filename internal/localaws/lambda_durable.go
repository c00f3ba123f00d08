package localaws

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// DurableConfig makes a function durable: each of its invocations begins an execution.
type DurableConfig struct {
	RetentionPeriodInDays int32 `json:",omitempty"`
	ExecutionTimeout      int32 `json:",omitempty"` // seconds; 0: none
}

// validate checks a configuration against the API's constraints; nil was omitted.
func (c *DurableConfig) validate(v *validation) {
	if c == nil {
		return
	}
	if c.RetentionPeriodInDays != 0 {
		v.between(c.RetentionPeriodInDays, "durableConfig.retentionPeriodInDays", 1, 90)
	}
	if c.ExecutionTimeout != 0 {
		v.between(c.ExecutionTimeout, "durableConfig.executionTimeout", 1, 31622400)
	}
}

// execution is an execution of a durable function. It stays on the version that it
// began with.
type execution struct {
	arn      string
	name     string
	function string // ARN with the qualifier that was invoked
	version  string
	input    []byte
	begun    time.Time
	timeout  time.Duration // 0: none

	status string    // if it did not time out
	ended  time.Time // zero if it is running
	result []byte    // if it has succeeded
	error  json.RawMessage
}

// executionStatuses are those that an execution can have, the first of them until it has
// ended. A call that pauses it is not among those served here.
// https://docs.aws.amazon.com/lambda/latest/dg/durable-pause-resume.html
var (
	executionStatuses = []string{"RUNNING", "PAUSING", "PAUSED", "SUCCEEDED", "FAILED", "TIMED_OUT", "STOPPED", "DELETING"}
	unfinished        = executionStatuses[:3]
)

// begin adds an execution of a version.
func (f *function) begin(v *version, qualifier, name string, input []byte) *execution {
	e := &execution{
		name:     name,
		arn:      qualified(f.arn, v.number) + "/durable-execution/" + name + "/" + newID(),
		function: qualified(f.arn, qualifier),
		version:  v.number,
		input:    input,
		begun:    time.Now(),
		status:   "RUNNING",
	}
	if v.Durable != nil {
		e.timeout = time.Duration(v.Durable.ExecutionTimeout) * time.Second
	}
	f.executions = append(f.executions, e)
	return e
}

// end ends an execution, unless it has ended.
func (e *execution) end(status string, result []byte, failure json.RawMessage) {
	if e.settle(); e.ended.IsZero() {
		e.status, e.ended, e.result, e.error = status, time.Now(), result, failure
	}
}

// settle ends an execution that has timed out by now.
func (e *execution) settle() {
	if due := e.begun.Add(e.timeout); e.ended.IsZero() && e.timeout > 0 && !time.Now().Before(due) {
		e.status, e.ended = "TIMED_OUT", due
	}
}

// start begins the execution for an invocation of a durable function, or returns the
// one that has begun with the same name and input. It returns nil for any other
// function. https://docs.aws.amazon.com/lambda/latest/dg/durable-execution-idempotency.html
func (l *lambda) start(in invokeInput, number string) (e *execution, begun bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.function(in.target.arn)
	if f == nil { // it has just been deleted
		return nil, false, nil
	}
	version := f.resolve(number)
	if version == nil || version.Durable == nil {
		return nil, false, nil
	}
	if in.target.qualifier == "" {
		return nil, false, invalid("You cannot invoke a durable function using an unqualified ARN.")
	}
	name := cmp.Or(in.name, newID())
	var v validation
	v.length(name, "durableExecutionName", 1, 64)
	v.pattern(name, "durableExecutionName", executionNamePattern)
	if err := v.err(); err != nil {
		return nil, false, err
	}
	i := slices.IndexFunc(f.executions, func(e *execution) bool { return e.name == name })
	switch {
	case i < 0:
		return f.begin(version, in.target.qualifier, name, in.payload), true, nil
	case bytes.Equal(f.executions[i].input, in.payload):
		return f.executions[i], false, nil
	}
	return nil, false, &apiError{http.StatusConflict, "DurableExecutionAlreadyStartedException", "The durable execution with the specified name has already been started: " + name}
}

// finish ends an execution with what the function has answered to a synchronous
// invocation. After an asynchronous one it goes on, as if the function waits for
// something, until it is stopped or times out.
func (e *execution) finish(out Answer) {
	if out.FunctionError != "" {
		e.end("FAILED", nil, json.RawMessage(text(map[string]string{"ErrorMessage": string(out.Payload)})))
		return
	}
	e.end("SUCCEEDED", out.Payload, nil)
}

// executionSummary is Lambda's Execution.
type executionSummary struct {
	DurableExecutionArn  string
	DurableExecutionName string
	FunctionArn          string
	Status               string
	StartTimestamp       epoch
	EndTimestamp         epoch `json:",omitzero"`
}

func (e *execution) summary() executionSummary {
	e.settle()
	return executionSummary{e.arn, e.name, e.function, e.status, epoch{e.begun}, epoch{e.ended}}
}

// executionOf returns the execution that a call names.
func (l *lambda) executionOf(r *request) (*execution, error) {
	var v validation
	v.pattern(r.item, "durableExecutionArn", executionARNPattern)
	if err := v.err(); err != nil {
		return nil, err
	}
	arn, _, _ := strings.Cut(r.item, "/")
	if i := strings.LastIndex(arn, ":"); i > 0 {
		if f := l.function(arn[:i]); f != nil && f.region() == r.region {
			for _, e := range f.executions {
				if e.arn == r.item {
					e.settle()
					return e, nil
				}
			}
		}
	}
	return nil, notFound("Durable execution not found: %s", r.item)
}

// getDurableExecution returns an execution.
func (l *lambda) getDurableExecution(r *request) (answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, err := l.executionOf(r)
	if err != nil {
		return answer{}, err
	}
	return reply(http.StatusOK, struct {
		executionSummary
		Version      string
		InputPayload string          `json:",omitempty"`
		Result       string          `json:",omitempty"`
		Error        json.RawMessage `json:",omitempty"`
	}{e.summary(), e.version, string(e.input), string(e.result), e.error}), nil
}

// stopDurableExecution stops an execution; one that has ended stays as it is.
func (l *lambda) stopDurableExecution(r *request) (answer, error) {
	var failure json.RawMessage
	if err := r.decode(&failure); err != nil {
		return answer{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e, err := l.executionOf(r)
	if err != nil {
		return answer{}, err
	}
	e.end("STOPPED", nil, failure)
	return reply(http.StatusOK, map[string]epoch{"StopTimestamp": {e.ended}}), nil
}

// listDurableExecutionsByFunction lists the executions of the version that a qualifier
// refers to, or of $LATEST, the oldest first.
func (l *lambda) listDurableExecutionsByFunction(r *request) (answer, error) {
	var began struct{ after, before time.Time }
	for name, at := range map[string]*time.Time{"StartedAfter": &began.after, "StartedBefore": &began.before} {
		if s := r.query.Get(name); s != "" {
			var err error
			if *at, err = time.Parse(time.RFC3339, s); err != nil {
				return answer{}, unreadable(err)
			}
		}
	}
	name, statuses := r.query.Get("DurableExecutionName"), r.query["Statuses"]
	var v validation
	v.check(len(statuses) <= 10, quote(statuses), "statuses", "Member must have length less than or equal to 10")
	v.check(!slices.ContainsFunc(statuses, func(s string) bool { return !slices.Contains(executionStatuses, s) }), quote(statuses), "statuses",
		"Member must satisfy constraint: [Member must satisfy enum value set: ["+strings.Join(executionStatuses, ", ")+"]]")
	if err := v.err(); err != nil {
		return answer{}, err
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	f, of, _, err := l.versionOf(r)
	if err != nil {
		return answer{}, err
	}
	all := []executionSummary{}
	for _, e := range f.executions {
		s := e.summary()
		if e.version == of.number &&
			(name == "" || e.name == name) &&
			(statuses == nil || slices.Contains(statuses, s.Status)) &&
			(began.after.IsZero() || e.begun.After(began.after)) &&
			(began.before.IsZero() || e.begun.Before(began.before)) {
			all = append(all, s)
		}
	}
	if r.query.Get("ReverseOrder") == "true" {
		slices.Reverse(all)
	}
	page, next, err := page(r, all)
	if err != nil {
		return answer{}, err
	}
	return reply(http.StatusOK, struct {
		DurableExecutions []executionSummary
		NextMarker        string `json:",omitempty"`
	}{page, next}), nil
}

// SetDurableExecution adds an execution of the version that a qualifier refers to, or
// changes its status, to one of executionStatuses. The function need not be durable.
func (c *Cloud) SetDurableExecution(name, qualifier, executionName, status string) {
	c.on(name, func(f *function) {
		i := slices.IndexFunc(f.executions, func(e *execution) bool { return e.name == executionName })
		if i < 0 {
			i = len(f.executions)
			v := f.mustResolve(qualifier)
			f.begin(v, cmp.Or(qualifier, v.number), executionName, nil)
		}
		e := f.executions[i]
		e.status, e.ended = status, time.Time{}
		if !slices.Contains(unfinished, status) {
			e.ended = time.Now()
		}
	})
}
