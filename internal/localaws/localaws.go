// Package localaws is an AWS control plane in memory: an [http.Handler] that
// answers the AWS SDKs and the aws CLI the way AWS does, for tests and demos.
//
// Each request is handled in four steps: a service recognizes the operation, the
// call is recorded and the hook set by [Cloud.OnCall] may fail it, the call is
// counted against the request rate, and the operation reads or changes the
// [store] that all services share. Nothing runs in the background: the effect of
// elapsed time is computed when a call reads the state.
//
// To add a service, implement its operations in a file with the service's name
// and list it in [New].
//
// Numbers such as V3 and A6 in the comments refer to the recorded facts about
// AWS that the code reproduces.
package localaws

import (
	"net/http"
	"sync"
	"time"
)

// Options configures the account. With the zero value every call is answered at
// once.
type Options struct {
	Account      string        // default "123456789012"
	Region       string        // region of the resources that Go code adds; default "eu-central-1"
	Settle       time.Duration // how long Pending and InProgress last, and the routing of a moved alias is behind; 0: until the next call
	Provisioning time.Duration // how long provisioned concurrency takes to move; default Settle
	Latency      time.Duration // added to every call
	Rate         float64       // Lambda's control-plane calls a second and region, AWS has 15; 0: unlimited
	Age          time.Duration // what is written in Lambda counts as written so long ago

	// Lambda is eventually consistent. What Go code writes starts neither time.
	Stale  time.Duration // for so long after a call that writes, reads show the state before it
	NotYet time.Duration // for so long, calls that name a new function, version or alias answer 404
}

// Cloud is one AWS account. It is safe for concurrent use.
type Cloud struct {
	latency  time.Duration
	services []service
	budgets  *budgets
	record   record
	store    *store

	closed chan struct{}
	close  sync.Once
}

// New returns an empty account.
func New(o Options) *Cloud {
	if o.Account == "" {
		o.Account = "123456789012"
	}
	if o.Region == "" {
		o.Region = "eu-central-1"
	}
	s := newStore(o)
	return &Cloud{
		latency:  o.Latency,
		services: []service{&s3{s}, &functionURLs{&lambda{s}}, &lambda{s}, newCloudwatch(s), newCodedeploy(s), &sts{s}, &apigateway{s}},
		budgets:  newBudgets(o.Rate),
		store:    s,
		closed:   make(chan struct{}),
	}
}

// Close drops the connections of the calls that hang because of a [Fault].
func (c *Cloud) Close() {
	c.close.Do(func() { close(c.closed) })
}

// ServeHTTP answers one call. It is the endpoint of every service in every
// region; the region is the one in the signature's credential scope. The
// signature itself is not verified. It is also the endpoint of every function URL:
// clients connect to it, and send the URL's host in the header Host.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	in, err := receive(r)
	if err != nil {
		panic(http.ErrAbortHandler) // the caller closed the connection while sending
	}
	op := c.operation(in)
	entry := c.record.begin(op, in)
	in.fault = c.record.fault(entry)
	out, ok := c.answer(in, op, entry)
	c.record.end(entry, out.status)
	if !ok {
		panic(http.ErrAbortHandler) // net/http closes the connection
	}
	out.write(w)
	if out.torn {
		_ = http.NewResponseController(w).Flush() // fails only if the caller has disconnected
		panic(http.ErrAbortHandler)
	}
}

// operation returns the operation that the request is a call of.
func (c *Cloud) operation(in *incoming) operation {
	for _, s := range c.services {
		if op, ok := s.operation(in); ok {
			return op
		}
	}
	return unknownOperation(in)
}

// answer applies the fault, and carries out the call unless the fault prevents
// that. If it returns false, the connection must be closed without an answer.
//
// A caller that stops waiting does not cancel the call: AWS carries out every
// request it has received.
func (c *Cloud) answer(in *incoming, op operation, entry *Call) (answer, bool) {
	f := in.fault
	c.wait(in, f.Delay)
	switch {
	case f.Hang:
		c.hang(in)
		return answer{}, false
	case f.Late > 0:
		if c.sleep(f.Late, nil) {
			c.carryOut(in, op, entry)
			c.hang(in)
		}
		return answer{}, false
	case f.Drop:
		return answer{}, false
	case f.Status != 0:
		return failure(in, &apiError{f.Status, f.Code, f.Message}), true
	}
	c.wait(in, c.latency)
	out := c.carryOut(in, op, entry)
	if f.DropAfter {
		return answer{}, false
	}
	return f.Garble.apply(out), true
}

// carryOut carries out the call, and then calls the hook set by AfterCall.
func (c *Cloud) carryOut(in *incoming, op operation, entry *Call) answer {
	out, err := c.serve(in, op)
	if err != nil {
		out = failure(in, err)
	}
	c.record.done(entry, out.status)
	return out
}

// serve carries out the call if the request rate and the credentials permit it.
func (c *Cloud) serve(in *incoming, op operation) (answer, error) {
	if !c.budgets.allow(in.region, op.budget) {
		return answer{}, throttled()
	}
	if !op.unsigned {
		if err := c.store.authenticate(in); err != nil {
			return answer{}, err
		}
		if err := c.store.authorize(in, op); err != nil {
			return answer{}, err
		}
	}
	if in.fault.Twice {
		_, _ = op.serve(in) // what it answers gets lost
	}
	return op.serve(in)
}

// wait sleeps for d, or until the caller disconnects or c is closed.
func (c *Cloud) wait(in *incoming, d time.Duration) {
	if d > 0 {
		c.sleep(d, in.ctx.Done())
	}
}

// sleep waits until d has passed, and returns true, or until cut or c is closed.
func (c *Cloud) sleep(d time.Duration, cut <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-cut:
	case <-c.closed:
	}
	return false
}

// hang waits until the caller disconnects or c is closed.
func (c *Cloud) hang(in *incoming) {
	select {
	case <-in.ctx.Done():
	case <-c.closed:
	}
}
