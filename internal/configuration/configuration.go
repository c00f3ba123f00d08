// Package configuration is the configuration of functions as UpdateFunctionConfiguration
// takes it: what a release is given, what AWS has, and how they differ. It is pure.
//
//	schema.go       all settings in one table
//	parse.go        reads a document
//	differences.go  puts differences into words
//
// Only what is given is managed: an object's members that are not given stay as they
// are. Environment.Variables is one value, as in the API.
package configuration

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
)

// Configuration is values of settings in the shape of UpdateFunctionConfiguration. The
// zero Configuration gives none. The environment's values are secrets: they are
// compared and never shown.
type Configuration struct {
	values map[string]any // as encoding/json decodes them
}

// Of is the configuration in a JSON document of AWS's. What is no setting is left out,
// and so is what is empty: operations differ in whether they leave it out.
func Of(values map[string]any) Configuration {
	return Configuration{compacted(values)}
}

// IsZero reports whether nothing is given.
func (c Configuration) IsZero() bool { return len(c.values) == 0 }

// JSON is the configuration as AWS takes it.
func (c Configuration) JSON() []byte {
	b, _ := json.Marshal(c.values) // it has no values that cannot be encoded
	return b
}

// Has reports whether a setting is given, by the name of its key at the top.
func (c Configuration) Has(name string) bool { return c.values[name] != nil }

// Text is the value of a setting that is a text, by the names of its keys from the
// top; "" if it is not given.
func (c Configuration) Text(path ...string) string {
	var value any = c.values
	for _, name := range path {
		of, _ := value.(map[string]any)
		value = of[name]
	}
	s, _ := value.(string)
	return s
}

// Texts is the value of a setting at the top that is a list of texts.
func (c Configuration) Texts(name string) []string {
	var all []string
	list, _ := c.values[name].([]any)
	for _, v := range list {
		if s, ok := v.(string); ok {
			all = append(all, s)
		}
	}
	return all
}

// Variables are those of the environment.
func (c Configuration) Variables() map[string]string {
	e, _ := c.values["Environment"].(map[string]any)
	given, _ := e["Variables"].(map[string]any)
	if given == nil {
		return nil
	}
	all := make(map[string]string, len(given))
	for name, v := range given {
		all[name], _ = v.(string)
	}
	return all
}

// Environment is a change of the variables of a function, which keeps those that it
// does not name: name -> value, nil to delete it.
type Environment map[string]*string

// With is c with the environment's variables changed as e says, from those that the
// function has.
func (c Configuration) With(e Environment, has map[string]string) Configuration {
	if len(e) == 0 {
		return c
	}
	all := map[string]any{}
	for name, value := range has {
		all[name] = value
	}
	for name, value := range e {
		if delete(all, name); value != nil {
			all[name] = *value
		}
	}
	values := maps.Clone(c.values)
	if values == nil {
		values = map[string]any{}
	}
	values["Environment"] = map[string]any{"Variables": all}
	return Configuration{values}
}

// Over is what a function that has this configuration has when c is written to it.
func (c Configuration) Over(has Configuration) Configuration {
	return Configuration{compacted(c.over(has))}
}

// Changes is what must be written for a function that has this configuration to have
// what c gives; nothing if it has. Objects are complete in it, since AWS does not
// document whether their other members stay as they are.
func (c Configuration) Changes(has Configuration) Configuration {
	changes := map[string]any{}
	for name, value := range c.over(has) {
		s, _ := find(settings, name)
		if c.Has(name) && !reflect.DeepEqual(compact(s, value), compact(s, has.values[name])) {
			changes[name] = value
		}
	}
	return Configuration{changes}
}

// Restore is what must be written for a function that has this configuration to have c
// and nothing else.
func (c Configuration) Restore(has Configuration) Configuration {
	values, _ := complete(all, c.values).(map[string]any)
	return Configuration{values}.Changes(has)
}

// complete is a value with all that it does not give, empty or as its default.
func complete(s setting, value any) any {
	switch {
	case s.kind == object:
		of, _ := value.(map[string]any)
		values := map[string]any{}
		for _, m := range s.members {
			if v := complete(m, of[m.name]); v != nil {
				values[m.name] = v
			}
		}
		return values
	case value != nil:
		return value
	case s.def != nil:
		return s.def
	case s.kind == whole || s.kind == decimal:
		return nil
	}
	return s.empty()
}

func (c Configuration) over(has Configuration) map[string]any {
	all, _ := merged(all, c.values, has.values).(map[string]any)
	if logging, ok := all["LoggingConfig"].(map[string]any); ok {
		given, _ := c.values["LoggingConfig"].(map[string]any)
		levels(logging, given)
	}
	return all
}

// levels are those of the logs: in the format Text there are none, in JSON they are
// INFO if not set.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
func levels(logging, given map[string]any) {
	for _, name := range []string{"ApplicationLogLevel", "SystemLogLevel"} {
		switch {
		case given[name] != nil && given[name] != "": // AWS has the last word
		case logging["LogFormat"] != "JSON":
			delete(logging, name)
		case logging[name] == nil || logging[name] == "":
			logging[name] = "INFO"
		}
	}
}

// merged is a value of a setting over the one that there is. Neither is changed.
func merged(s setting, value, has any) any {
	given, ok := value.(map[string]any)
	old, _ := has.(map[string]any)
	switch {
	case value == nil:
		return has
	case !ok || s.kind != object:
		return value
	}
	all := maps.Clone(old)
	if all == nil {
		all = map[string]any{}
	}
	for _, m := range s.members {
		if v, is := given[m.name]; is {
			all[m.name] = merged(m, v, old[m.name])
		}
	}
	return all
}

func compacted(values map[string]any) map[string]any {
	left, _ := compact(all, values).(map[string]any)
	return left
}

// compact is a value as values are compared: without what is empty or a default, and
// with lists that have no order sorted; nil if nothing is left.
func compact(s setting, value any) any {
	switch v := value.(type) {
	case map[string]any:
		if s.kind != variables {
			v = compactMembers(s.members, v)
		}
		if len(v) > 0 {
			return v
		}
	case []any:
		if len(v) > 0 {
			return compactElements(s, v)
		}
	case nil:
	default:
		if value != s.def && !reflect.ValueOf(value).IsZero() {
			return value
		}
	}
	return nil
}

func compactMembers(of []setting, values map[string]any) map[string]any {
	left := map[string]any{}
	for _, m := range of {
		if value := compact(m, values[m.name]); value != nil {
			left[m.name] = value
		}
	}
	return left
}

func compactElements(s setting, elements []any) []any {
	left := make([]any, len(elements))
	for i, e := range elements {
		left[i] = compact(*s.element, e)
	}
	if s.ordered {
		return left
	}
	slices.SortFunc(left, compareTexts)
	return slices.Compact(left)
}
