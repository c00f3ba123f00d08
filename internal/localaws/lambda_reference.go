package localaws

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// What refers to a qualifier of a function, beside its aliases (A23). The services
// behind it are not implemented: Go code adds them, and calls list them.

// eventSource is an event source mapping.
type eventSource struct {
	uuid     string
	target   string // ARN of the function, with its qualifier
	source   string // ARN
	modified time.Time
}

// listEventSourceMappings lists the mappings of a function or source. Those of a
// function without a qualifier are the ones that refer to none.
func (l *lambda) listEventSourceMappings(r *request) (answer, error) {
	type mapping struct {
		UUID           string
		EventSourceArn string
		FunctionArn    string
		State          string
		BatchSize      int
		LastModified   epoch
	}
	var arn string
	if name := r.query.Get("FunctionName"); name != "" {
		t, err := l.target(r.incoming, r.operation, name, "")
		if err != nil {
			return answer{}, err
		}
		arn = qualified(t.arn, t.qualifier)
	}
	source := r.query.Get("EventSourceArn")

	l.mu.Lock()
	defer l.mu.Unlock()
	var all []mapping
	for _, e := range l.eventSources {
		if (arn == "" || e.target == arn) && (source == "" || e.source == source) && strings.Split(e.target, ":")[3] == r.region {
			all = append(all, mapping{e.uuid, e.source, e.target, "Enabled", 10, epoch{e.modified}})
		}
	}
	page, next, err := page(r, all)
	if err != nil {
		return answer{}, err
	}
	return reply(http.StatusOK, struct {
		EventSourceMappings []mapping
		NextMarker          string `json:",omitempty"`
	}{page, next}), nil
}

// AddEventSourceMapping adds a mapping from a source, such as a queue, to a function
// or a qualifier of it, and returns its UUID.
func (c *Cloud) AddEventSourceMapping(name, qualifier, sourceARN string) string {
	id := newID()
	c.on(name, func(f *function) {
		f.mustResolve(qualifier)
		c.store.eventSources = append(c.store.eventSources, eventSource{id, qualified(f.arn, qualifier), sourceARN, time.Now()})
	})
	return id
}

// execution is an execution of a durable function. It stays on its version.
type execution struct {
	name    string
	version string
	status  string
	begun   time.Time
	ended   time.Time // zero if it is running
}

// listDurableExecutionsByFunction lists the executions of a function, or of the
// version that a qualifier refers to.
func (l *lambda) listDurableExecutionsByFunction(r *request) (answer, error) {
	type listed struct {
		DurableExecutionArn  string
		DurableExecutionName string
		FunctionArn          string
		Status               string
		StartTimestamp       epoch
		EndTimestamp         epoch `json:",omitzero"`
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	f, v, qualifier, err := l.versionOf(r)
	if err != nil {
		return answer{}, err
	}
	statuses := r.query["Statuses"]
	var all []listed
	for _, e := range f.executions {
		if (qualifier == "" || e.version == v.number) && (statuses == nil || slices.Contains(statuses, e.status)) {
			arn := qualified(f.arn, e.version)
			all = append(all, listed{arn + "/durable-execution/" + e.name + "/" + e.name, e.name, arn, e.status, epoch{e.begun}, epoch{e.ended}})
		}
	}
	page, next, err := page(r, all)
	if err != nil {
		return answer{}, err
	}
	return reply(http.StatusOK, struct {
		DurableExecutions []listed
		NextMarker        string `json:",omitempty"`
	}{page, next}), nil
}

// SetDurableExecution adds an execution of the version that a qualifier refers to, or
// changes its status: "RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT" or "STOPPED".
func (c *Cloud) SetDurableExecution(name, qualifier, executionName, status string) {
	c.on(name, func(f *function) {
		now := time.Now()
		i := slices.IndexFunc(f.executions, func(e execution) bool { return e.name == executionName })
		if i < 0 {
			i = len(f.executions)
			f.executions = append(f.executions, execution{name: executionName, version: f.mustResolve(qualifier).number, begun: now})
		}
		f.executions[i].status = status
		if status != "RUNNING" {
			f.executions[i].ended = now
		}
	})
}
