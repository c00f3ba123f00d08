// Package localaws is an AWS control plane in memory: an [http.Handler] that
// answers the AWS SDKs and the aws CLI the way AWS does, for tests and demos.
//
// A request takes this way: its service names the operation and what it is
// about (service.go), the attempt is recorded and a test's hook may spoil it
// (calls.go), the caller's rate is charged (rate.go), and the operation works on
// the one [store] that all services share (store.go). Nothing runs in the
// background: what takes time on AWS is worked out from the clock when somebody
// asks (settle.go).
//
// Each service is a file of its name, and files named after its nouns:
//
//   - lambda: function, code, object, settings, version, alias, weights,
//     provisioned, policy, invoke
//   - cloudwatch: alarm, alarmrule, metric
//   - codedeploy: deploymentgroup, deploymentconfig, appspec, deployment,
//     traffic, target
//   - sts: role, token, session
//   - apigateway, both versions of it: stage
//
// Lambda and API Gateway place their operations in paths; rpc.go and cbor.go
// speak the protocols of those that name them. Another service joins with a
// file of its own and a line in [New].
//
// V3, A6 and so on in the comments are the numbers of the recorded facts about
// AWS that a piece of code reproduces.
package localaws

import (
	"net/http"
	"sync"
	"time"
)

// Options says what kind of AWS it is. The zero value is a fast one.
type Options struct {
	Account string           // default "123456789012"
	Region  string           // region of the functions that Go code seeds; default "eu-central-1"
	Settle  time.Duration    // how long Pending and InProgress last; 0: over by the next call
	Latency time.Duration    // added to every call
	Rate    float64          // Lambda's control-plane calls a second and region, AWS has 15; 0: unlimited
	Now     func() time.Time // default time.Now
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

// New returns an account with nothing in it.
func New(o Options) *Cloud {
	if o.Account == "" {
		o.Account = "123456789012"
	}
	if o.Region == "" {
		o.Region = "eu-central-1"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := newStore(o)
	return &Cloud{
		latency:  o.Latency,
		services: []service{&lambda{s}, newCloudwatch(s), newCodedeploy(s), &sts{s}, &apigateway{s}},
		budgets:  newBudgets(o.Rate, o.Now),
		store:    s,
		closed:   make(chan struct{}),
	}
}

// Close lets go of the calls that hang because of a [Fault].
func (c *Cloud) Close() {
	c.close.Do(func() { close(c.closed) })
}

// ServeHTTP answers one call. One port is the endpoint of every service in
// every region; the credential scope of the signature tells them apart. The
// signature itself is not verified.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	in, err := receive(r)
	if err != nil {
		panic(http.ErrAbortHandler) // the caller went away while sending
	}
	op := c.operation(in)
	entry := c.record.begin(op, in)
	out, ok := c.answer(in, op, c.record.ask(entry))
	c.record.end(entry, out.status)
	if !ok {
		panic(http.ErrAbortHandler) // net/http closes the connection
	}
	out.write(w)
}

// operation asks the services whose call it is.
func (c *Cloud) operation(in *incoming) operation {
	for _, s := range c.services {
		if op, ok := s.operation(in); ok {
			return op
		}
	}
	return unknownOperation(in)
}

// answer does what the fault wants, and the work where it leaves that to be
// done. Without an answer (false) the connection is to be closed.
//
// A caller that gives up while waiting does not stop the work: AWS carries out
// what it has received.
func (c *Cloud) answer(in *incoming, op operation, f Fault) (answer, bool) {
	c.wait(in, f.Delay)
	switch {
	case f.Hang:
		select {
		case <-in.ctx.Done():
		case <-c.closed:
		}
		return answer{}, false
	case f.Drop:
		return answer{}, false
	case f.Status != 0:
		return failure(in, &apiError{f.Status, f.Code, f.Message}), true
	}
	c.wait(in, c.latency)
	out, err := c.serve(in, op)
	if err != nil {
		out = failure(in, err)
	}
	if f.DropAfter {
		return answer{}, false
	}
	return out, true
}

// serve does the work, if the rate and the credentials allow.
func (c *Cloud) serve(in *incoming, op operation) (answer, error) {
	if !c.budgets.allow(in.region, op.budget) {
		return answer{}, throttled()
	}
	if !op.unsigned {
		if err := c.store.authenticate(in); err != nil {
			return answer{}, err
		}
	}
	return op.serve(in)
}

// wait passes the time, unless nobody is waiting any more.
func (c *Cloud) wait(in *incoming, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-in.ctx.Done():
	case <-c.closed:
	}
}
