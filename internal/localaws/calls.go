package localaws

import (
	"bytes"
	"sync"
	"time"
)

// maxRecorded is how much of a request body the record keeps.
const maxRecorded = 1 << 20

// Call is one recorded call. Each retry is a call of its own.
type Call struct {
	Service    string    // "lambda", "lambda-url" (a request to a function URL), "cloudwatch", "codedeploy", "sts", "apigateway", "apigatewayv2", "s3"
	Operation  string    // "PublishVersion"; method and path of an unknown operation, and of a request to a function URL
	Function   string    // short name, "" if the call names none
	Qualifier  string    // version or alias that the call names; the alias's name in alias operations
	Attempt    int       // the n-th call of this Service and Operation since ResetCalls, from 1
	Object     string    // of a call of S3: the bucket, or bucket and key with a slash between
	Body       []byte    // request body, at most its first MiB
	Status     int       // HTTP status of the answer; 0: none yet, or the connection was dropped
	Start, End time.Time // wall clock; End is zero until the call has ended
}

// record lists the calls in order of arrival.
type record struct {
	mu       sync.Mutex
	calls    []*Call
	attempts map[string]int
	hook     func(Call) *Fault
	after    func(Call)
}

// begin records an arriving call.
func (r *record) begin(op operation, in *incoming) *Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.attempts == nil {
		r.attempts = map[string]int{}
	}
	r.attempts[op.service+" "+op.name]++
	entry := &Call{
		Service:   op.service,
		Operation: op.name,
		Function:  op.function,
		Qualifier: op.qualifier,
		Object:    op.object,
		Attempt:   r.attempts[op.service+" "+op.name],
		Body:      in.body,
		Start:     time.Now(),
	}
	if len(entry.Body) > maxRecorded {
		entry.Body = bytes.Clone(entry.Body[:maxRecorded])
	}
	r.calls = append(r.calls, entry)
	return entry
}

// end records how the call ended.
func (r *record) end(entry *Call, status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	entry.Status = status
	entry.End = time.Now()
}

// fault returns the hook's fault for a call. It calls the hook without a lock.
func (r *record) fault(entry *Call) Fault {
	r.mu.Lock()
	hook, call := r.hook, *entry
	r.mu.Unlock()
	if hook != nil {
		if f := hook(call); f != nil {
			return *f
		}
	}
	return Fault{}
}

// done calls the hook for a call that was carried out, without a lock.
func (r *record) done(entry *Call, status int) {
	r.mu.Lock()
	hook, call := r.after, *entry
	r.mu.Unlock()
	if hook != nil {
		call.Status = status
		hook(call)
	}
}

// Calls returns the calls since the last ResetCalls in order of arrival,
// including those that were throttled or dropped or are still being served.
func (c *Cloud) Calls() []Call {
	c.record.mu.Lock()
	defer c.record.mu.Unlock()
	calls := make([]Call, len(c.record.calls))
	for i, entry := range c.record.calls {
		calls[i] = *entry
	}
	return calls
}

// ResetCalls deletes the recorded calls and counts attempts from 1 again.
func (c *Cloud) ResetCalls() {
	c.record.mu.Lock()
	defer c.record.mu.Unlock()
	c.record.calls, c.record.attempts = nil, nil
}

// OnCall sets the hook, which gets every call before it is served and may make
// it fail. It replaces the previous hook; nil removes it. The hook runs
// concurrently for calls that overlap, and may call the Cloud's methods.
func (c *Cloud) OnCall(hook func(Call) *Fault) {
	c.record.mu.Lock()
	defer c.record.mu.Unlock()
	c.record.hook = hook
}

// AfterCall sets the hook that gets every call after it was carried out and before
// it is answered: what the hook does happens right after the call. The call's
// Status is that of its outcome, whatever a [Fault] then makes of the answer. It
// replaces the previous hook; nil removes it. The hook runs concurrently for calls
// that overlap, and may call the Cloud's methods.
func (c *Cloud) AfterCall(hook func(Call)) {
	c.record.mu.Lock()
	defer c.record.mu.Unlock()
	c.record.after = hook
}
