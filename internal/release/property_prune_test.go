package release_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/function"
	"lambda-release/internal/localaws"
	"lambda-release/internal/release"
)

// referring are the kinds of references.
var referring = []string{"event source mapping", "provisioned concurrency", "durable execution", "paused execution", "alias with a URL", "async settings", "resource policy"}

// readOf is the call that shows a reference.
var readOf = map[string]string{
	"event source mapping": "ListEventSourceMappings", "provisioned concurrency": "ListProvisionedConcurrencyConfigs",
	"durable execution": "ListDurableExecutionsByFunction", "paused execution": "ListDurableExecutionsByFunction",
	"alias with a URL": "ListAliases", "async settings": "ListFunctionEventInvokeConfigs", "resource policy": "GetPolicy",
}

// publishByHand publishes versions that no alias knows.
func (p *player) publishByHand(n int) string {
	for i := range n {
		p.f.upload(p.world, fmt.Sprint("by hand ", p.run, i))
		p.Publish("f", "by hand")
		p.f.publish(job{})
	}
	return fmt.Sprint(n, " versions by hand")
}

// refer makes something refer to a version, and reports whether it can.
func (p *player) refer(r reference) bool {
	v, f := fmt.Sprint(r.version), function.ID{Name: "f", Given: "f"}
	var err error
	switch r.kind {
	case "event source mapping":
		p.AddEventSourceMapping("f", v, "arn:aws:sqs:eu-central-1:123456789012:queue")
	case "provisioned concurrency":
		err = p.ProvisionConcurrency("f", v)
	case "durable execution":
		p.SetDurableExecution("f", v, "execution of "+v, "RUNNING")
	case "paused execution":
		p.SetDurableExecution("f", v, "paused execution of "+v, "PAUSED")
	case "async settings":
		err = p.r.AWS.PutAsyncSettings(p.t.Context(), f, awsapi.AsyncSettings{Qualifier: v, Retries: new(int32)})
	case "resource policy":
		err = p.r.AWS.AddPermission(p.t.Context(), f, v, awsapi.Permission{ID: "by-hand", Service: "events.amazonaws.com", Action: "lambda:InvokeFunction"})
	case "alias with a URL": // the URL refers to the alias
		if _, exists := p.Alias("f", "beta"); exists {
			return false
		}
		p.SetAlias("f", localaws.Alias{Name: "beta", Version: v})
		p.f.aliases["beta"] = memory{at: r.version}
		_, err = p.r.AWS.CreateURL(p.t.Context(), f, "beta", awsapi.URLIAM, awsapi.CORS{})
		return err == nil
	}
	if err == nil {
		p.f.refs = append(p.f.refs, r)
	}
	return err == nil
}

// executionEnds ends a durable execution, if one runs: then nothing needs its version.
func (p *player) executionEnds() (string, error) {
	i := slices.IndexFunc(p.f.refs, func(r reference) bool { return r.kind == "durable execution" })
	if i < 0 {
		return "no execution runs", nil
	}
	v := p.f.refs[i].version
	p.SetDurableExecution("f", fmt.Sprint(v), fmt.Sprint("execution of ", v), "SUCCEEDED")
	p.f.refs = slices.DeleteFunc(p.f.refs, func(r reference) bool { return r == reference{"durable execution", v} })
	return fmt.Sprint("the execution of ", v, " ends"), nil
}

// appearing is a reference that appears in the middle of a prune.
type appearing struct {
	reference
	after int // so many of its calls
	at    int // when it appeared, as the number of calls that had begun; 0: never
}

// pruneMeanwhile prunes while something begins to refer to one of the versions that
// are being deleted.
func (p *player) pruneMeanwhile(keep int, s step) (string, error) {
	p.publishByHand(keep)
	needed := p.f.needed()
	old := slices.DeleteFunc(slices.Clone(p.f.exist[:max(0, len(p.f.exist)-keep)]), func(v int) bool { return needed[v] })
	if len(old) == 0 {
		return p.pruneTo(keep, nil)
	}
	r := reference{referring[s.b%len(referring)], old[s.a%len(old)]}
	return p.pruneTo(keep, &appearing{reference: r, after: 1 + (s.a+s.b)%30})
}

// pruneTo prunes, and holds what was deleted against what referred to it when AWS was
// asked.
func (p *player) pruneTo(keep int, m *appearing) (string, error) {
	req := job{id: p.run}.request("f")
	req.Alias, req.Keep = "", keep
	p.Age("f", 2*time.Hour)
	time.Sleep(5 * time.Second) // until AWS has moved the provisioned concurrency from a version
	needed := p.f.needed()
	if m == nil {
		m = &appearing{}
	}
	var mu sync.Mutex
	var begun []localaws.Call
	carriedOut := 0
	p.OnCall(func(c localaws.Call) *localaws.Fault {
		mu.Lock()
		defer mu.Unlock()
		begun = append(begun, c)
		return nil
	})
	p.AfterCall(func(localaws.Call) {
		mu.Lock()
		carriedOut++
		due := carriedOut == m.after && slices.Contains(p.Versions("f"), fmt.Sprint(m.version))
		mu.Unlock()
		if due && p.refer(m.reference) { // with calls of its own
			mu.Lock()
			defer mu.Unlock()
			m.at = len(begun)
		}
	})
	o := p.do(release.Prune, req)
	p.OnCall(nil)
	p.AfterCall(nil)

	old := p.f.exist[:max(0, len(p.f.exist)-keep)]
	left := p.Versions("f")
	kept := slices.DeleteFunc(slices.Clone(old), func(v int) bool {
		return !needed[v] && (m.at == 0 || v != m.version || !slices.Contains(left, fmt.Sprint(v)))
	})
	want := release.Unchanged
	if len(kept) < len(old) {
		want = release.Pruned
	}
	p.f.exist = append(kept, p.f.exist[len(old):]...)
	p.f.refs = slices.DeleteFunc(p.f.refs, func(r reference) bool { return !slices.Contains(p.f.exist, r.version) })
	what := fmt.Sprintf("prune to %d: %s %v", keep, o.Status, o.Pruned)
	if m.at > 0 {
		what += fmt.Sprintf(", %s of %d after call %d", m.kind, m.version, m.after)
	}
	return what, errors.Join(wants(o, want), readBeforeDelete(begun, m))
}

// readBeforeDelete checks that all that may refer to a version was read for the plan
// and again before the version was deleted, and that no read had shown m.
func readBeforeDelete(begun []localaws.Call, m *appearing) error {
	var errs []error
	for i, c := range begun {
		if c.Operation != "DeleteFunction" {
			continue
		}
		for _, read := range []string{
			"ListAliases", "ListEventSourceMappings", "ListProvisionedConcurrencyConfigs", "ListFunctionEventInvokeConfigs",
			"GetPolicy", "ListDurableExecutionsByFunction",
		} {
			var times []int
			for n, r := range begun[:i] {
				if r.Operation == read && (strings.HasPrefix(read, "List") && r.Qualifier == "" || r.Qualifier == c.Qualifier) {
					times = append(times, n)
				}
			}
			if len(times) < 2 {
				errs = append(errs, fmt.Errorf("%s was read %d times before version %s was deleted", read, len(times), c.Qualifier))
			}
			if m.at > 0 && c.Qualifier == fmt.Sprint(m.version) && readOf[m.kind] == read && len(times) > 0 && times[len(times)-1] >= m.at && m.kind != "alias with a URL" {
				errs = append(errs, fmt.Errorf("version %s was deleted although %s had shown that it is in use: %s", c.Qualifier, read, m.kind))
			}
		}
	}
	return errors.Join(errs...)
}
