package localaws

import (
	"net/http"
	"slices"
	"time"
)

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
