package localaws

import (
	"maps"
	"slices"
	"strconv"
)

// With the methods here, and at the end of other files, Go code sets up and
// inspects an account without calls that are recorded or count against the
// request rate. They use the Options' region. They panic for a function, version
// or alias that does not exist, since that is a mistake in the test.

// AddFunction adds a function that is Active. By default it is a zip function with
// some code; opts can change that.
func (c *Cloud) AddFunction(name string, opts ...func(*Function)) {
	s := c.store
	conf := defaults()
	conf.Runtime, conf.Handler = "provided.al2023", "bootstrap"
	conf.Role = "arn:" + partition(s.region) + ":iam::" + s.account + ":role/" + name
	conf.Code = []byte("code of " + name)
	for _, opt := range opts {
		opt(&conf)
	}
	if conf.PackageType == "Image" {
		conf.Code, conf.Runtime, conf.Handler = nil, "", ""
	}
	if conf.CodeSha256 == "" {
		conf.hash()
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	s.seeding = true
	defer func() { s.seeding = false }()
	f, err := s.create(target{function: name, arn: functionARN(s.region, s.account, name, "")}, conf, nil)
	if err != nil {
		panic("localaws: add function: " + err.Error())
	}
	f.latest.ready()
}

// ready completes creation and update.
func (v *version) ready() {
	v.state, v.update, v.settling = active, successful, nil
	v.revision = newID()
}

// on calls do with a function of the Options' region, under the lock.
func (c *Cloud) on(name string, do func(*function)) {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	f := c.store.function(functionARN(c.store.region, c.store.account, name, ""))
	if f == nil {
		panic("localaws: function " + name + " does not exist")
	}
	c.store.seeding = true
	defer func() { c.store.seeding = false }()
	do(f)
}

// mustResolve is resolve for a qualifier that must exist.
func (f *function) mustResolve(qualifier string) *version {
	v := f.resolve(qualifier)
	if v == nil {
		panic("localaws: " + qualified(f.arn, qualifier) + " does not exist")
	}
	return v
}

// Functions returns the names of the functions of the Options' region, sorted.
func (c *Cloud) Functions() []string {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	var names []string
	for _, f := range c.store.functions {
		if f.region() == c.store.region {
			names = append(names, f.name)
		}
	}
	slices.Sort(names)
	return names
}

// Tags returns the tags of a function.
func (c *Cloud) Tags(name string) map[string]string {
	var tags map[string]string
	c.on(name, func(f *function) { tags = maps.Clone(f.tags) })
	return tags
}

// Upload writes code to $LATEST, like an UpdateFunctionCode that has completed.
func (c *Cloud) Upload(name, code string) {
	c.on(name, func(f *function) {
		to := f.latest.clone()
		to.Code = []byte(code)
		if to.PackageType == "Image" {
			to.Code, to.ImageURI = nil, code
		}
		to.hash()
		c.store.write(f, to)
		f.latest.ready()
	})
}

// Publish publishes $LATEST like PublishVersion and returns the number of the
// version, which is the newest existing one if $LATEST was not written since (V6).
// Without a description the version has that of $LATEST (V8).
func (c *Cloud) Publish(name, description string) int {
	var number int
	c.on(name, func(f *function) {
		text := &description
		if description == "" {
			text = nil
		}
		v, err := c.store.publish(f, text, f.starts(), f.outcomeOfPublish())
		if err != nil {
			panic("localaws: publish: " + err.Error())
		}
		number, _ = strconv.Atoi(v.number)
	})
	return number
}

// SetAlias creates or overwrites an alias, which gets a new RevisionId. It does
// not check a as the API would.
func (c *Cloud) SetAlias(name string, a Alias) {
	c.on(name, func(f *function) { c.store.put(f, a) })
}

// RemoveAlias deletes an alias, as if a person did. It need not exist.
func (c *Cloud) RemoveAlias(name, alias string) {
	c.on(name, func(f *function) { c.store.remove(f, alias) })
}

// Alias returns an alias, with its RevisionId.
func (c *Cloud) Alias(name, alias string) (Alias, bool) {
	var (
		found Alias
		ok    bool
	)
	c.on(name, func(f *function) {
		if a := f.aliases[alias]; a != nil {
			found, ok = a.copy(), true
		}
	})
	return found, ok
}

// Aliases returns a function's aliases, sorted by name.
func (c *Cloud) Aliases(name string) []Alias {
	var all []Alias
	c.on(name, func(f *function) {
		for _, n := range slices.Sorted(maps.Keys(f.aliases)) {
			all = append(all, f.aliases[n].copy())
		}
	})
	return all
}

func (a *alias) copy() Alias {
	b := a.Alias
	b.Weights = maps.Clone(a.Weights)
	return b
}

// Versions returns the numbers of a function's versions, ascending.
func (c *Cloud) Versions(name string) []string {
	var numbers []string
	c.on(name, func(f *function) {
		for _, n := range slices.Sorted(maps.Keys(f.versions)) {
			numbers = append(numbers, strconv.Itoa(n))
		}
	})
	return numbers
}

// SetState sets the State of a version, or of $LATEST if qualifier is "", until a
// call changes it.
func (c *Cloud) SetState(name, qualifier, state, reasonCode, reason string) {
	c.on(name, func(f *function) {
		v := f.mustResolve(qualifier)
		v.state, v.settling = status{state, reasonCode, reason}, nil
	})
}

// SetLastUpdate sets the LastUpdateStatus of $LATEST to "InProgress", "Successful"
// or "Failed", until a call changes it.
func (c *Cloud) SetLastUpdate(name, value, reasonCode, reason string) {
	c.on(name, func(f *function) {
		f.latest.update, f.latest.settling = status{value, reasonCode, reason}, nil
	})
}

// OnPublish makes versions that are published from now on start as Pending and
// become state, "Active" or "Failed", after the settle time. An empty state ends
// that.
func (c *Cloud) OnPublish(name, state, reasonCode, reason string) {
	c.on(name, func(f *function) {
		f.outcome = nil
		if state != "" {
			f.outcome = &status{state, reasonCode, reason}
		}
	})
}

// OnInvoke sets the script that answers a function's invocations; nil means to
// return the payload. The script runs concurrently for invocations that overlap.
func (c *Cloud) OnInvoke(name string, script func(Invocation) Answer) {
	c.on(name, func(f *function) { f.script = script })
}

// AddLatestPublished gives a function the version $LATEST.PUBLISHED, a copy of
// $LATEST, as functions on Lambda Managed Instances have it (V19c).
func (c *Cloud) AddLatestPublished(name string) {
	c.on(name, func(f *function) {
		v := *f.latest
		v.Function, v.number, v.revision = f.latest.clone(), latestPublished, newID()
		f.managed = &v
	})
}

// SetEdgeReplica sets whether Lambda@Edge has replicas of a version, which then
// cannot be deleted (V17).
func (c *Cloud) SetEdgeReplica(name, version string, replicated bool) {
	c.on(name, func(f *function) { f.mustResolve(version).replica = replicated })
}

// LimitCodeStorage sets the account's code storage limit in bytes (V19); 0: none.
func (c *Cloud) LimitCodeStorage(bytes int64) {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	c.store.codeStorage = bytes
}

// FunctionARN returns the ARN of a function in the Options' region, unqualified
// if qualifier is "". The function need not exist.
func (c *Cloud) FunctionARN(name, qualifier string) string {
	return functionARN(c.store.region, c.store.account, name, qualifier)
}
