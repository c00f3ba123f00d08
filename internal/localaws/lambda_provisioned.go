package localaws

import (
	"maps"
	"net/http"
	"slices"
	"time"
)

// provisioned is the provisioned concurrency of a version or alias.
type provisioned struct {
	requested int32
	modified  time.Time
	since     time.Time // when the current allocation began
	version   string    // has the executions; "": none has them yet
	returned  bool      // the alias moved away from version and back
}

// provisionedConfiguration is Lambda's ProvisionedConcurrencyConfig.
type provisionedConfiguration struct {
	FunctionArn                              string `json:",omitempty"` // only in lists
	RequestedProvisionedConcurrentExecutions int32
	AvailableProvisionedConcurrentExecutions int32
	AllocatedProvisionedConcurrentExecutions int32
	Status                                   string
	StatusReason                             string `json:",omitempty"`
	LastModified                             string
}

// settleProvisioned completes the allocations that are due by now. One that fails
// stays with the version it should have left (A12c).
func (f *function) settleProvisioned(now time.Time) {
	for qualifier, p := range f.provisioned {
		if f.failures[qualifier] == "" && !now.Before(p.since.Add(f.provisioning)) {
			p.version = f.resolve(qualifier).number
		}
	}
}

// moveProvisioned begins the allocation for the version that an alias moved to.
func (f *function) moveProvisioned(a *alias, at time.Time) {
	if p := f.provisioned[a.Name]; p != nil {
		p.since, p.returned = at, p.version == a.Version
	}
}

// transient returns the version that gets all traffic of an alias although the
// alias points to another one: its provisioned concurrency has not moved yet
// (A12a). It returns "" if there is none.
func (f *function) transient(a *alias) string {
	if p := f.provisioned[a.Name]; p != nil && p.version != a.Version && len(a.Weights) == 0 {
		return p.version
	}
	return ""
}

// provision returns the state of the allocation for a qualifier. Until it has
// completed, the executions are those of the old version (A12b).
func (f *function) provision(qualifier string) provisionedConfiguration {
	p := f.provisioned[qualifier]
	c := provisionedConfiguration{
		RequestedProvisionedConcurrentExecutions: p.requested,
		Status:                                   "READY",
		LastModified:                             timestamp(p.modified),
	}
	if !p.returned {
		switch reason := f.failures[qualifier]; {
		case time.Now().Before(p.since.Add(f.provisioning)):
			c.Status = "IN_PROGRESS"
		case reason != "":
			c.Status, c.StatusReason = "FAILED", reason
			return c
		}
	}
	if p.version != "" {
		c.AvailableProvisionedConcurrentExecutions = p.requested
		c.AllocatedProvisionedConcurrentExecutions = p.requested
	}
	return c
}

// admitProvisioned refuses a qualifier that cannot have provisioned concurrency (A12).
func (f *function) admitProvisioned(qualifier string) error {
	if f.resolve(qualifier).snapStarts() {
		return invalid("Provisioned Concurrency Configs cannot be applied to functions with SnapStart enabled.") // A12d
	}
	a := f.aliases[qualifier]
	if a == nil {
		for _, name := range f.aliasesOf(qualifier) {
			if f.provisioned[name] != nil {
				return conflict("Version is pointed by a Provisioned Concurrency alias")
			}
		}
		return nil
	}
	switch {
	case len(a.Weights) > 0:
		return invalid("Alias with weights can not be used with Provisioned Concurrency")
	case a.Version == latestVersion:
		return invalid("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
	case f.provisioned[a.Version] != nil:
		return conflict("Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version")
	}
	return nil
}

// provisionedTarget returns the function and the qualifier of a call. refusal is
// the message for $LATEST.
func (l *lambda) provisionedTarget(r *request, refusal string) (*function, string, error) {
	t, err := l.targetOf(r, r.query.Get("Qualifier"))
	if err != nil {
		return nil, "", err
	}
	var v validation
	v.check(t.qualifier != "", "null", "qualifier", "Member must not be null")
	if err := v.err(); err != nil {
		return nil, "", err
	}
	if t.qualifier == latestVersion {
		return nil, "", invalid("%s", refusal)
	}
	f, err := l.find(t)
	if err != nil {
		return nil, "", err
	}
	if f.resolve(t.qualifier) == nil {
		if versionNumber.MatchString(t.qualifier) {
			return nil, "", notFound("Function not found: %s", qualified(f.arn, t.qualifier))
		}
		return nil, "", notFound("Cannot find alias arn: %s", qualified(f.arn, t.qualifier))
	}
	return f, t.qualifier, nil
}

const (
	unpublished   = "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
	notPublished  = "The function resource provided must be an alias or a published version."
	noProvisioned = "No Provisioned Concurrency Config found for this function"
)

// putProvisionedConcurrencyConfig begins an allocation (A12).
func (l *lambda) putProvisionedConcurrencyConfig(r *request) (answer, error) {
	var in struct{ ProvisionedConcurrentExecutions *int32 }
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}
	var v validation
	v.check(in.ProvisionedConcurrentExecutions != nil, "null", "provisionedConcurrentExecutions", "Member must not be null")
	if n := in.ProvisionedConcurrentExecutions; n != nil {
		v.check(*n >= 1, quote(*n), "provisionedConcurrentExecutions", "Member must have value greater than or equal to 1")
	}
	if err := v.err(); err != nil {
		return answer{}, err
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	f, qualifier, err := l.provisionedTarget(r, unpublished)
	if err != nil {
		return answer{}, err
	}
	if err := f.admitProvisioned(qualifier); err != nil {
		return answer{}, err
	}
	now := time.Now()
	p := &provisioned{requested: *in.ProvisionedConcurrentExecutions, modified: l.date(), since: now}
	if old := f.provisioned[qualifier]; old != nil {
		p.version = old.version
	}
	f.provisioned[qualifier] = p
	l.revise(f, f.resolve(qualifier)) // V11
	return reply(http.StatusAccepted, provisionedConfiguration{
		RequestedProvisionedConcurrentExecutions: *in.ProvisionedConcurrentExecutions,
		Status:                                   "IN_PROGRESS",
		LastModified:                             timestamp(p.modified),
	}), nil
}

// getProvisionedConcurrencyConfig returns the state of an allocation.
func (l *lambda) getProvisionedConcurrencyConfig(r *request) (answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, qualifier, err := l.provisionedTarget(r, notPublished)
	if err != nil {
		return answer{}, err
	}
	if f.provisioned[qualifier] == nil {
		return answer{}, &apiError{http.StatusNotFound, "ProvisionedConcurrencyConfigNotFoundException", noProvisioned}
	}
	return reply(http.StatusOK, f.provision(qualifier)), nil
}

// deleteProvisionedConcurrencyConfig ends an allocation, if there is one.
func (l *lambda) deleteProvisionedConcurrencyConfig(r *request) (answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, qualifier, err := l.provisionedTarget(r, notPublished)
	if err != nil {
		return answer{}, err
	}
	delete(f.provisioned, qualifier)
	return empty(), nil
}

// listProvisionedConcurrencyConfigs lists the allocations of a function.
func (l *lambda) listProvisionedConcurrencyConfigs(r *request) (answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := l.functionOf(r)
	if err != nil {
		return answer{}, err
	}
	var all []provisionedConfiguration
	for _, qualifier := range slices.Sorted(maps.Keys(f.provisioned)) {
		c := f.provision(qualifier)
		c.FunctionArn = qualified(f.arn, qualifier)
		all = append(all, c)
	}
	page, next, err := page(r, all)
	if err != nil {
		return answer{}, err
	}
	return reply(http.StatusOK, struct {
		ProvisionedConcurrencyConfigs []provisionedConfiguration
		NextMarker                    string `json:",omitempty"`
	}{page, next}), nil
}

// ProvisionConcurrency gives an alias or version provisioned concurrency that is
// READY. It fails as the API does, for example for an alias with weights (A12).
func (c *Cloud) ProvisionConcurrency(name, qualifier string) error {
	var err error
	c.on(name, func(f *function) {
		f.mustResolve(qualifier)
		if err = f.admitProvisioned(qualifier); err == nil {
			now := time.Now()
			f.provisioned[qualifier] = &provisioned{requested: 1, modified: c.store.date(), since: now.Add(-f.provisioning), version: f.resolve(qualifier).number}
		}
	})
	return err
}

// FailProvisioning makes the provisioned concurrency of an alias or version FAILED
// with this reason, now and after every move, but not after a move back to the
// version that still has the executions. An empty reason ends that.
func (c *Cloud) FailProvisioning(name, qualifier, reason string) {
	c.on(name, func(f *function) { f.failures[qualifier] = reason })
}
