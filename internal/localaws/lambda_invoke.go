package localaws

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Invocation is the input of the script set by [Cloud.OnInvoke].
type Invocation struct {
	Function  string // short name
	Qualifier string // as in the call, "" if omitted
	Version   string // executed version
	Payload   []byte
	LogTail   bool // the caller asked for the log
}

// Answer is the result of the script set by [Cloud.OnInvoke].
type Answer struct {
	Status        int // HTTP status; 0: 200, 429: throttled
	Payload       []byte
	FunctionError string // "Handled" or "Unhandled"; "" for success
	Log           string // callers that ask for it get the last 4 KB; "": only Lambda's own lines
}

// echo is the default script: it returns the payload.
func echo(in Invocation) Answer { return Answer{Payload: in.Payload} }

// invoke runs a function's script for the version that the qualifier resolves to.
func (l *lambda) invoke(r *request) (answer, error) {
	t, err := l.targetOf(r, r.query.Get("Qualifier"))
	if err != nil {
		return answer{}, err
	}
	if len(r.body) > 0 && !json.Valid(r.body) {
		return answer{}, &apiError{http.StatusBadRequest, "InvalidRequestContentException", "Could not parse request body into json: Could not parse payload into json"}
	}
	run, number, err := l.reach(t)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: http.StatusOK, header: http.Header{"X-Amz-Executed-Version": {number}}}
	mode := r.Header.Get("X-Amz-Invocation-Type")
	if mode == "DryRun" {
		a.status = http.StatusNoContent
		return a, nil
	}

	logTail := r.Header.Get("X-Amz-Log-Type") == "Tail"
	begun := time.Now()
	out := run(Invocation{t.function, t.qualifier, number, r.body, logTail})
	l.mu.Lock()
	l.measureInvoke(r.region, t, number, begun, out)
	l.mu.Unlock()
	if mode == "Event" { // asynchronous
		a.status = http.StatusAccepted
		return a, nil
	}
	if out.Status != 0 {
		a.status = out.Status
	}
	if out.FunctionError != "" {
		a.header.Set("X-Amz-Function-Error", out.FunctionError)
	}
	if logTail {
		a.header.Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString(tail(out.Log, number)))
	}
	a.body = out.Payload
	return a, nil
}

// measureInvoke adds the metrics of an invocation. One that ends with an error of Lambda
// is not an invocation; it counts only if it was throttled.
func (l *lambda) measureInvoke(region string, t target, number string, begun time.Time, out Answer) {
	in := invocations{region: region, function: t.function, qualifier: t.qualifier, version: number, at: begun}
	if f := l.functions[t.arn]; f != nil && f.aliases[t.qualifier] != nil {
		in.weighted = len(f.aliases[t.qualifier].Weights) > 0
	}
	switch out.Status {
	case http.StatusTooManyRequests:
		in.throttled = 1
	case 0, http.StatusOK:
		in.count, in.durations = 1, map[float64]float64{milliseconds(time.Since(begun)): 1}
		if out.FunctionError != "" {
			in.errors = 1
		}
	}
	l.measureInvocations(in)
}

// tail returns the last 4 KB of a log. If the log is empty, it returns the lines that
// Lambda itself adds.
func tail(log, number string) []byte {
	const most = 4096
	if log == "" {
		id := newID()
		log = fmt.Sprintf("START RequestId: %s Version: %s\nEND RequestId: %s\nREPORT RequestId: %s\tDuration: 1.00 ms\tBilled Duration: 1 ms\tMemory Size: 128 MB\tMax Memory Used: 32 MB\t\n", id, number, id, id)
	}
	return []byte(log[max(0, len(log)-most):])
}

// reach returns the number of the version that an invocation of the target
// executes, and the function's script. The first invocation of an inactive
// version fails and activates it (V20).
func (l *lambda) reach(t target) (run func(Invocation) Answer, number string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.function(t.arn)
	if f == nil {
		return nil, "", notFound("Function not found: %s", qualified(t.arn, cmp.Or(t.qualifier, latestVersion)))
	}
	number = t.qualifier
	if a := f.aliases[number]; a != nil {
		number = l.route(f, a, time.Now(), evenly)
	}
	v := f.resolve(number)
	if v == nil {
		return nil, "", notFound("Function not found: %s", qualified(t.arn, number))
	}
	if v.state.value != "Active" {
		if v.state.value == "Inactive" {
			v.state = restoring
			v.settling = &settling{time.Now().Add(l.settle), active, v.update, false}
		}
		return nil, "", v.unready()
	}
	run = f.script
	if run == nil {
		run = echo
	}
	return run, v.number, nil
}

// unready is the error for an invocation of a version that cannot serve now.
func (v *version) unready() error {
	if v.snapStarts() && v.state.value == "Pending" {
		return &apiError{http.StatusConflict, "SnapStartNotReadyException", "Lambda is initializing your function. It will be ready to invoke shortly."}
	}
	return conflict("The operation cannot be performed at this time. The function is currently in the following state: %s", v.state.value)
}
