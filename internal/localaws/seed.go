package localaws

import (
	"maps"
	"slices"
	"strconv"
)

// The methods here, and at the end of other files, let Go code lay out a scene
// and look at what became of it, without calls that would be recorded or
// charged. They work in the Options' region, and panic when they are told about a function, version or alias that
// does not exist: a test's own mistake.

// AddFunction adds a function that is ready: a zip function with some code,
// unless the options say otherwise.
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
	f, err := s.create(target{function: name, arn: functionARN(s.region, s.account, name, "")}, conf, nil)
	if err != nil {
		panic("localaws: add function: " + err.Error())
	}
	f.latest.ready()
}

// ready ends whatever is going on.
func (v *version) ready() {
	v.state, v.update, v.settling = active, successful, nil
	v.revision = newID()
}

// on runs do with a seeded function, under the lock.
func (c *Cloud) on(name string, do func(*function)) {
	c.store.mu.Lock()
	defer c.store.mu.Unlock()
	f := c.store.function(functionARN(c.store.region, c.store.account, name, ""))
	if f == nil {
		panic("localaws: there is no function " + name)
	}
	do(f)
}

// mustResolve finds a version, "" and $LATEST included.
func (f *function) mustResolve(qualifier string) *version {
	v := f.resolve(qualifier)
	if v == nil {
		panic("localaws: there is no " + qualified(f.arn, qualifier))
	}
	return v
}

// Upload writes code to $LATEST, as an UpdateFunctionCode that is over already.
func (c *Cloud) Upload(name, code string) {
	c.on(name, func(f *function) {
		f.latest.Code = []byte(code)
		if f.latest.PackageType == "Image" {
			f.latest.Code, f.latest.ImageURI = nil, code
		}
		f.latest.hash()
		c.store.write(f)
		f.latest.ready()
	})
}

// Publish publishes $LATEST like PublishVersion and returns the version's
// number: the existing one's if nothing was written since (V6). Without a
// description it takes $LATEST's (V8).
func (c *Cloud) Publish(name, description string) int {
	var number int
	c.on(name, func(f *function) {
		text := &description
		if description == "" {
			text = nil
		}
		v, err := c.store.publish(f, text, f.starts(), f.becomes())
		if err != nil {
			panic("localaws: publish: " + err.Error())
		}
		number, _ = strconv.Atoi(v.number)
	})
	return number
}

// SetAlias creates or overwrites an alias, as somebody else would: with a new
// RevisionId, and without the checks of a call.
func (c *Cloud) SetAlias(name string, a Alias) {
	c.on(name, func(f *function) { c.store.put(f, a) })
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

// Versions returns the numbers of a function's versions, ascending, without $LATEST.
func (c *Cloud) Versions(name string) []string {
	var numbers []string
	c.on(name, func(f *function) {
		for _, v := range f.all()[1:] {
			numbers = append(numbers, v.number)
		}
	})
	return numbers
}

// SetState forces the State of a version, or of $LATEST (qualifier ""); it stays
// so until something changes it.
func (c *Cloud) SetState(name, qualifier, state, reasonCode, reason string) {
	c.on(name, func(f *function) {
		v := f.mustResolve(qualifier)
		v.state, v.settling = status{state, reasonCode, reason}, nil
	})
}

// SetLastUpdate forces the LastUpdateStatus of $LATEST: "InProgress" until it is
// set again, "Successful", "Failed".
func (c *Cloud) SetLastUpdate(name, value, reasonCode, reason string) {
	c.on(name, func(f *function) {
		f.latest.update, f.latest.settling = status{value, reasonCode, reason}, nil
	})
}

// OnPublish makes the versions that are published from now on start Pending and
// become what state says, "Active" or "Failed", when they settle. An empty state
// ends that.
func (c *Cloud) OnPublish(name, state, reasonCode, reason string) {
	c.on(name, func(f *function) {
		f.outcome = nil
		if state != "" {
			f.outcome = &status{state, reasonCode, reason}
		}
	})
}

// OnInvoke sets what the function answers to Invoke; nil: it echoes the payload.
// The script holds no lock and may run side by side with itself.
func (c *Cloud) OnInvoke(name string, script func(Invocation) Answer) {
	c.on(name, func(f *function) { f.script = script })
}

// SetEdgeReplica says whether a version has replicas at the edge: then it cannot
// be deleted (V17).
func (c *Cloud) SetEdgeReplica(name, version string, replicated bool) {
	c.on(name, func(f *function) { f.mustResolve(version).replica = replicated })
}

// LimitCodeStorage says how many bytes of code the account may keep (V19); 0: any.
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
