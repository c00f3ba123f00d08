package localaws

import (
	"maps"
	"net/http"
	"regexp"
)

const taggablePattern = `arn:(aws[a-zA-Z-]*):lambda:` + regionPattern + `:\d{12}:(function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|capacity-provider:[a-zA-Z0-9-_]+)`

var taggable = regexp.MustCompile("^(?:" + taggablePattern + ")$")

// taggedFunction returns the function whose ARN a call about tags names.
func (l *lambda) taggedFunction(r *request) (*function, error) {
	var v validation
	v.check(taggable.MatchString(r.function), quote(r.function), "resource", "Member must satisfy regular expression pattern: "+taggablePattern)
	if err := v.err(); err != nil {
		return nil, err
	}
	t, err := l.targetOf(r, "")
	if err != nil {
		return nil, err
	}
	if t.qualifier != "" {
		return nil, invalid("Tags on function aliases and versions are not supported. Please specify a function ARN.")
	}
	return l.find(t)
}

// listTags returns the tags of a function.
func (l *lambda) listTags(r *request) (answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := l.taggedFunction(r)
	if err != nil {
		return answer{}, err
	}
	tags := f.tags
	if tags == nil {
		tags = map[string]string{}
	}
	return reply(http.StatusOK, map[string]any{"Tags": tags}), nil
}

// tagResource adds tags to a function, or changes them.
func (l *lambda) tagResource(r *request) (answer, error) {
	var in struct{ Tags map[string]string }
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := l.taggedFunction(r)
	if err != nil {
		return answer{}, err
	}
	if f.tags == nil {
		f.tags = map[string]string{}
	}
	maps.Copy(f.tags, in.Tags)
	return empty(), nil
}

// untagResource removes tags from a function, as far as it has them.
func (l *lambda) untagResource(r *request) (answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := l.taggedFunction(r)
	if err != nil {
		return answer{}, err
	}
	for _, key := range r.query["tagKeys"] {
		delete(f.tags, key)
	}
	return empty(), nil
}
