package localaws

import (
	"bytes"
	"sync"
	"time"
)

// maxRecorded is how much of a request body the record keeps.
const maxRecorded = 1 << 20

// Call is one recorded attempt at a call.
type Call struct {
	Service    string    // "lambda", "cloudwatch", "codedeploy", "sts", "apigateway", "apigatewayv2"
	Operation  string    // "PublishVersion"; of an unknown one method and path
	Function   string    // short name, "" if the call names none
	Qualifier  string    // version or alias the call names, of alias calls the alias's name
	Attempt    int       // the n-th call of this Service and Operation since ResetCalls, from 1
	Body       []byte    // request body, at most its first MiB
	Status     int       // answered HTTP status; 0: none yet, or the connection was dropped
	Start, End time.Time // wall clock, to tell which calls overlapped; End is zero while it is served
}

// Fault is what a hook wants done to a call instead of serving it. The zero
// Fault serves it. Delay goes with each of the others.
type Fault struct {
	Status    int // answer this error instead of doing the work
	Code      string
	Message   string
	Delay     time.Duration // wait first, but no longer than the caller does
	Drop      bool          // close the connection before the work
	DropAfter bool          // do the work, then close the connection
	Hang      bool          // never answer, until the caller gives up or Close; no work is done
}

// record keeps the calls in order of arrival.
type record struct {
	mu       sync.Mutex
	calls    []*Call
	attempts map[string]int
	hook     func(Call) *Fault
}

// begin notes an arriving call.
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

// end notes how the call ended.
func (r *record) end(entry *Call, status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	entry.Status = status
	entry.End = time.Now()
}

// ask lets the hook decide, outside of any lock.
func (r *record) ask(entry *Call) Fault {
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

// Calls returns the calls since the last ResetCalls in order of arrival,
// attempts that were throttled, dropped or are still served included.
func (c *Cloud) Calls() []Call {
	c.record.mu.Lock()
	defer c.record.mu.Unlock()
	calls := make([]Call, len(c.record.calls))
	for i, entry := range c.record.calls {
		calls[i] = *entry
	}
	return calls
}

// ResetCalls forgets the recorded calls and counts attempts from 1 again.
func (c *Cloud) ResetCalls() {
	c.record.mu.Lock()
	defer c.record.mu.Unlock()
	c.record.calls, c.record.attempts = nil, nil
}

// OnCall sets the hook that sees every call before it is served, and may spoil
// it. It replaces the hook before; nil removes it. Hooks run side by side for
// calls that overlap, hold no lock, and may call the Cloud's methods.
func (c *Cloud) OnCall(hook func(Call) *Fault) {
	c.record.mu.Lock()
	defer c.record.mu.Unlock()
	c.record.hook = hook
}
