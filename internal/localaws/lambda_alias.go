package localaws

import (
	"maps"
	"net/http"
	"slices"
	"time"
)

// Alias is a function's alias.
type Alias struct {
	Name        string
	Version     string // number or "$LATEST"
	Description string
	Weights     map[string]float64 // of the additional version; empty: none
	RevisionId  string             //nolint:revive,staticcheck // as in the API
}

// alias is an alias with the state of its routing.
type alias struct {
	Alias
	made  time.Time // zero if Go code made it
	share float64   // accumulated weight; see route
	left  string    // version it pointed at before its last move
	moved time.Time
	stray float64 // accumulated share of the version it points at since then; see route
}

// aliasesOf returns the names of the aliases that point at a version or give it a
// weight, sorted.
func (f *function) aliasesOf(number string) []string {
	var names []string
	for name, a := range f.aliases {
		if _, weighted := a.Weights[number]; weighted || a.Version == number {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// put creates or changes an alias. Any change gives the alias a new RevisionId
// (A6), but not its versions (A14). Its provisioned concurrency moves with it.
func (s *store) put(f *function, to Alias) *alias { return s.putAt(f, to, time.Now()) }

func (s *store) putAt(f *function, to Alias, at time.Time) *alias {
	s.changeAlias(f, to.Name)
	to.RevisionId = newID()
	to.Weights = maps.Clone(to.Weights)
	a := f.aliases[to.Name]
	if a == nil {
		a = &alias{Alias: to, made: s.writeTime()}
		f.aliases[to.Name] = a
		return a
	}
	if a.Version != to.Version {
		a.left, a.moved, a.stray = a.Version, at, 0
		defer f.moveProvisioned(a, at)
	}
	if !maps.Equal(a.Weights, to.Weights) {
		a.share = 0
	}
	a.Alias = to
	return a
}

// remove deletes an alias. Its policy, URL and async settings stay (A21).
func (s *store) remove(f *function, name string) {
	s.changeAlias(f, name)
	delete(f.aliases, name)
	delete(f.provisioned, name)
}

// moving reports whether the alias's last move has not taken effect everywhere yet.
func (s *store) moving(a *alias, at time.Time) bool {
	return a.left != "" && at.Before(a.moved.Add(s.settle))
}

// aliasConfiguration is Lambda's AliasConfiguration.
type aliasConfiguration struct {
	AliasArn        string
	Name            string
	FunctionVersion string
	Description     string
	RoutingConfig   *routingConfig `json:",omitempty"`
	RevisionID      string         `json:"RevisionId"`
}

type routingConfig struct {
	AdditionalVersionWeights map[string]float64
}

// describe returns an alias as it was written.
func (f *function) describe(a *alias) aliasConfiguration {
	c := aliasConfiguration{
		AliasArn:        qualified(f.arn, a.Name),
		Name:            a.Name,
		FunctionVersion: a.Version,
		Description:     a.Description,
		RevisionID:      a.RevisionId,
	}
	if len(a.Weights) > 0 { // A13
		c.RoutingConfig = &routingConfig{a.Weights}
	}
	return c
}

// observe is describe for a read, which also shows the weights that AWS sets while
// it moves the traffic of an alias with provisioned concurrency (A12a).
func (f *function) observe(a *alias) aliasConfiguration {
	c := f.describe(a)
	if number := f.transient(a); number != "" {
		c.RoutingConfig = &routingConfig{map[string]float64{number: 1}}
	}
	return c
}

// aliasInput is the body of CreateAlias and UpdateAlias.
type aliasInput struct {
	Name            *string
	FunctionVersion *string
	Description     *string
	RoutingConfig   *routingConfig
	RevisionID      string `json:"RevisionId"`
}

// validate checks the input against the API's constraints (A4, A5, A10).
func (in *aliasInput) validate(v *validation) {
	if in.FunctionVersion != nil {
		v.length(*in.FunctionVersion, "functionVersion", 1, 1024)
		v.pattern(*in.FunctionVersion, "functionVersion", versionPattern)
	}
	if in.Description != nil {
		v.length(*in.Description, "description", 0, 256)
	}
	if in.RoutingConfig != nil {
		validateWeights(v, in.RoutingConfig.AdditionalVersionWeights)
	}
}

// validateAliasName checks an alias's name (A4).
func validateAliasName(v *validation, name string) {
	v.length(name, "name", 1, 128)
	v.pattern(name, "name", aliasNamePattern)
}

// apply changes an alias; omitted members stay as they are (A6).
func (in *aliasInput) apply(a *Alias) {
	set(&a.Version, in.FunctionVersion)
	set(&a.Description, in.Description)
	if in.RoutingConfig != nil {
		a.Weights = in.RoutingConfig.AdditionalVersionWeights
	}
}

// admit checks an alias against the versions of its function (A3, A10, A11, A15).
func (f *function) admit(a Alias) error {
	v := f.resolve(a.Version)
	if v == nil {
		return notFound("Function not found: %s", qualified(f.arn, a.Version)) // A3
	}
	if err := v.admit(); err != nil {
		return err
	}
	return f.admitWeights(v, a.Weights)
}

// admit refuses a version that an alias cannot point at (A15).
func (v *version) admit() error {
	if v.state.value == "Failed" {
		return conflict("The operation cannot be performed at this time. The function is currently in the following state: %s", v.state.value)
	}
	return nil
}

// createAlias implements A1 to A5, A10 to A15 and A20.
func (l *lambda) createAlias(r *request) (answer, error) {
	var in aliasInput
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}
	var v validation
	if v.required(in.Name, "name") {
		validateAliasName(&v, *in.Name)
	}
	v.required(in.FunctionVersion, "functionVersion")
	in.validate(&v)
	if err := v.err(); err != nil {
		return answer{}, err
	}
	t, err := l.targetOf(r, "")
	if err != nil {
		return answer{}, err
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	t.qualifier = *in.FunctionVersion
	f, err := l.find(t)
	if err != nil {
		return answer{}, err
	}
	if err := f.idle(*in.Name); err != nil {
		return answer{}, err
	}
	to := Alias{Name: *in.Name}
	in.apply(&to)
	if err := f.admit(to); err != nil {
		return answer{}, err
	}
	if f.aliases[to.Name] != nil {
		return answer{}, conflict("Alias already exists: %s", qualified(f.arn, to.Name)) // A2
	}
	return reply(http.StatusCreated, f.describe(l.put(f, to))), nil
}

// updateAlias implements A6 to A8, A10 to A15 and A20.
func (l *lambda) updateAlias(r *request) (answer, error) {
	var in aliasInput
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}
	var v validation
	validateAliasName(&v, r.item)
	in.validate(&v)
	if err := v.err(); err != nil {
		return answer{}, err
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := l.functionOf(r)
	if err != nil {
		return answer{}, err
	}
	a := f.aliases[r.item]
	if a == nil {
		return answer{}, notFound("Alias not found: %s", qualified(f.arn, r.item)) // A8
	}
	if err := f.idle(a.Name); err != nil {
		return answer{}, err
	}
	if in.RevisionID != "" && in.RevisionID != a.RevisionId {
		return answer{}, stale() // A7
	}
	to := a.Alias
	in.apply(&to)
	if err := f.admit(to); err != nil {
		return answer{}, err
	}
	return reply(http.StatusOK, f.describe(l.put(f, to))), nil
}

// getAlias implements A8.
func (l *lambda) getAlias(r *request) (answer, error) {
	var v validation
	validateAliasName(&v, r.item)
	if err := v.err(); err != nil {
		return answer{}, err
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := l.functionOf(r)
	if err != nil {
		return answer{}, err
	}
	a := l.view(r, f, r.item).aliases[r.item]
	if a == nil {
		return answer{}, notFound("Cannot find alias arn: %s", qualified(f.arn, r.item))
	}
	return reply(http.StatusOK, f.observe(a)), nil
}

// deleteAlias implements A9, A20 and A21.
func (l *lambda) deleteAlias(r *request) (answer, error) {
	var v validation
	validateAliasName(&v, r.item)
	if err := v.err(); err != nil {
		return answer{}, err
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := l.functionOf(r)
	if err != nil {
		return answer{}, err
	}
	if err := f.idle(r.item); err != nil {
		return answer{}, err
	}
	l.remove(f, r.item)
	return empty(), nil
}

// listAliases implements A16.
func (l *lambda) listAliases(r *request) (answer, error) {
	number := r.query.Get("FunctionVersion")
	if number != "" {
		var v validation
		v.pattern(number, "functionVersion", versionPattern)
		if err := v.err(); err != nil {
			return answer{}, err
		}
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := l.functionOf(r)
	if err != nil {
		return answer{}, err
	}
	f = l.view(r, f, "")
	var all []aliasConfiguration
	for _, name := range slices.Sorted(maps.Keys(f.aliases)) {
		if a := f.aliases[name]; number == "" || a.Version == number {
			all = append(all, f.observe(a))
		}
	}
	page, next, err := page(r, all)
	if err != nil {
		return answer{}, err
	}
	return reply(http.StatusOK, struct {
		Aliases    []aliasConfiguration
		NextMarker string `json:",omitempty"`
	}{page, next}), nil
}
