package localaws

import (
	"maps"
	"slices"
	"strconv"
	"time"
)

// Lambda is eventually consistent (A19): a read may show the state before a write,
// and what was made a moment ago may be missing. Both are deterministic here; see
// Options.Stale, Options.NotYet and [Fault].

// change is a write, with what it replaced.
type change struct {
	at   time.Time // zero if Go code wrote
	kind changed
	key  string // version number, alias name, or qualifier of the policy

	version *version // what was there before; nil: nothing
	alias   *alias
	policy  *policy
}

type changed int

const (
	changedVersion changed = iota
	changedAlias
	changedPolicy
)

// writeTime returns the time of a write, zero if Go code writes: what a test sets up is
// there at once.
func (s *store) writeTime() time.Time {
	if s.seeding {
		return time.Time{}
	}
	return time.Now()
}

// maxChanges bounds the changes that a function remembers.
const maxChanges = 1000

// remember adds a change.
func (f *function) remember(c change) {
	if len(f.changes) == maxChanges {
		f.changes = slices.Delete(f.changes, 0, maxChanges/2)
	}
	f.changes = append(f.changes, c)
}

// changeVersion notes that a version is about to change. Likewise changeAlias and
// changePolicy.
func (s *store) changeVersion(f *function, number string) {
	c := change{at: s.writeTime(), kind: changedVersion, key: number}
	if v := f.resolve(number); v != nil {
		before := *v
		c.version = &before
	}
	f.remember(c)
}

func (s *store) changeAlias(f *function, name string) {
	c := change{at: s.writeTime(), kind: changedAlias, key: name}
	if a := f.aliases[name]; a != nil {
		before := *a
		c.alias = &before
	}
	f.remember(c)
}

func (s *store) changePolicy(f *function, qualifier string) {
	c := change{at: s.writeTime(), kind: changedPolicy, key: qualifier}
	if p := f.policies[qualifier]; p != nil {
		before := *p
		c.policy = &before
	}
	f.remember(c)
}

// view returns the function as a read sees it. item is the alias, or the qualifier,
// that the call names, "" if it lists all.
func (l *lambda) view(r *request, f *function, item string) *function {
	first := len(f.changes)
	switch {
	case r.fault.Stale:
		for i, c := range slices.Backward(f.changes) {
			if f.reads(r.operation, item, c) {
				first = i
				break
			}
		}
	case r.fault.Fresh || l.stale == 0:
	default:
		since := time.Now().Add(-l.stale)
		if i := slices.IndexFunc(f.changes, func(c change) bool { return c.at.After(since) }); i >= 0 {
			first = i
		}
	}
	return f.before(first)
}

// reads reports whether an operation shows what has changed.
func (f *function) reads(operation, item string, c change) bool {
	switch operation {
	case "GetAlias":
		return c.kind == changedAlias && c.key == item
	case "ListAliases":
		return c.kind == changedAlias
	case "GetPolicy":
		return c.kind == changedPolicy && c.key == item
	case "ListVersionsByFunction":
		return c.kind == changedVersion
	}
	if f.aliases[item] != nil {
		return c.kind == changedAlias && c.key == item
	}
	if item == "" {
		item = latestVersion
	}
	return c.kind == changedVersion && c.key == item
}

// before returns the function without its changes from the n-th on.
func (f *function) before(n int) *function {
	if n == len(f.changes) {
		return f
	}
	old := *f
	old.aliases, old.versions, old.policies = maps.Clone(f.aliases), maps.Clone(f.versions), maps.Clone(f.policies)
	for _, c := range slices.Backward(f.changes[n:]) {
		switch {
		case c.kind == changedAlias:
			put(old.aliases, c.key, c.alias)
		case c.kind == changedPolicy:
			put(old.policies, c.key, c.policy)
		case c.key == latestVersion:
			old.latest = c.version
		default:
			if number, err := strconv.Atoi(c.key); err == nil { // $LATEST.PUBLISHED is always current
				put(old.versions, number, c.version)
			}
		}
	}
	return &old
}

// put sets an entry of a map, or deletes it if the value is nil.
func put[K comparable, V any](m map[K]*V, key K, value *V) {
	if value == nil {
		delete(m, key)
		return
	}
	m[key] = value
}

// thing is what a call names, and how AWS says that it does not exist.
type thing struct {
	made    time.Time
	missing string
}

// notYet returns the error for a call that names what is not there yet.
func (l *lambda) notYet(r *request) error {
	if !r.fault.NotYet && (l.store.notYet <= 0 || r.fault.Fresh) {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var newest thing
	for _, t := range l.named(r) {
		if t.made.After(newest.made) {
			newest = t
		}
	}
	if newest.made.IsZero() || !r.fault.NotYet && time.Since(newest.made) >= l.store.notYet {
		return nil
	}
	return notFound("%s", newest.missing)
}

// named returns what a call names and needs, as far as it exists.
func (l *lambda) named(r *request) []thing {
	switch r.operation {
	case "CreateFunction", "DeleteFunction", "DeleteAlias", "ListFunctions":
		return nil // they need nothing
	}
	t, err := l.targetOf(r, r.query.Get("Qualifier"))
	if err != nil {
		return nil
	}
	f := l.function(t.arn)
	if f == nil {
		return nil
	}
	things := []thing{{f.made, "Function not found: " + f.arn}}
	add := func(qualifier, noAlias string) {
		if a := f.aliases[qualifier]; a != nil {
			things = append(things, thing{a.made, noAlias + qualified(f.arn, qualifier)})
		} else if v := f.resolve(qualifier); v != nil {
			things = append(things, thing{v.made, "Function not found: " + qualified(f.arn, qualifier)})
		}
	}
	const noFunction, noArn = "Function not found: ", "Cannot find alias arn: "
	switch r.operation {
	case "GetAlias":
		add(r.item, noArn)
	case "CreateAlias", "UpdateAlias":
		var in aliasInput
		_ = r.decode(&in) // the operation reports a broken body
		if r.operation == "UpdateAlias" {
			add(r.item, "Alias not found: ")
		}
		if in.FunctionVersion != nil {
			add(*in.FunctionVersion, noFunction)
		}
		if in.RoutingConfig != nil {
			for number := range in.RoutingConfig.AdditionalVersionWeights {
				add(number, noFunction)
			}
		}
	case "GetFunction", "GetFunctionConfiguration", "Invoke":
		add(t.qualifier, noFunction)
	default:
		add(t.qualifier, noArn)
	}
	return things
}
