package policy

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"lambda-release/internal/function"
)

// Session is a policy that limits a session of a role.
type Session struct {
	JSON     string   // as short as possible
	Patterns []string // that stand for functions, because their names do not fit; none: all are named
}

// SessionError reports that a policy does not fit into a session.
type SessionError struct{ Size int }

func (e *SessionError) Error() string {
	return fmt.Sprintf("the session policy for these inputs has %d characters, more than the %d that AWS takes", e.Size, maxSession)
}

// minPrefix is how many characters of their names functions must have in common to be
// named by them.
const minPrefix = 3

// SessionFor is the policy of a session for a job: that of For, in as few characters as
// possible. If it does not fit, functions are named together that have the beginning of
// their names in common, which is as long as it may be. The error is a *SessionError.
//
// Where there is room, it also allows reading a deployment that the history of an alias
// names although the inputs do not: whether that is granted is up to the role.
func SessionFor(n Needs) (Session, error) {
	p := For(n)
	document := p.compact()
	names := make([]string, len(n.Functions))
	longest := 0
	for i, fn := range n.Functions {
		names[i] = fn.Name
		longest = max(longest, len(fn.Name))
	}
	slices.Sort(names)
	var patterns map[string]string
	for length := longest; len(document) > maxSession && length >= minPrefix; length-- {
		if next := together(names, length); !maps.Equal(next, patterns) {
			patterns = next
			document = p.naming(patterns).compact()
		}
	}
	if len(document) > maxSession {
		return Session{}, &SessionError{len(document)}
	}
	if (n.Operation == "release" || n.Operation == "promote") && n.CodeDeploy == nil {
		b := &builder{Needs: n}
		b.readDeployment()
		more := Policy{grants: append(p.naming(patterns).grants, b.grants...)}.compact()
		if len(more) <= maxSession {
			document = more
		}
	}
	return Session{document, slices.Compact(slices.Sorted(maps.Values(patterns)))}, nil
}

// together are patterns for those of the sorted names of which two or more begin with the
// same so many characters.
func together(names []string, length int) map[string]string {
	patterns := map[string]string{}
	for i := 0; i < len(names); {
		end := i + 1
		for len(names[i]) >= length && end < len(names) && strings.HasPrefix(names[end], names[i][:length]) {
			end++
		}
		if end > i+1 {
			pattern := common(names[i], names[end-1]) + "*"
			for _, name := range names[i:end] {
				patterns[name] = pattern
			}
		}
		i = end
	}
	return patterns
}

// common is what both texts begin with.
func common(a, b string) string {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return a[:n]
}

// naming is p with patterns in place of the names of functions.
func (p Policy) naming(named map[string]string) Policy {
	grants := slices.Clone(p.grants)
	for i, g := range grants {
		fn, found := function.Find(g.resource)
		pattern := named[fn.Name]
		if rest, ok := strings.CutPrefix(g.resource, fn.Given); found && ok && pattern != "" {
			grants[i].resource = strings.TrimSuffix(fn.Given, fn.Name) + pattern + rest
		}
	}
	return Policy{grants: grants}
}

// compact is the policy as a document without names and space. A statement is for all
// actions that are allowed on the same resources; and since the actions of a service do not
// apply to resources of others, it has such actions and resources of several services.
func (p Policy) compact() string {
	var statements []Statement
	at := map[string]int{}        // what makes a statement -> index
	sets := map[string][]string{} // of resources, by service
	for _, g := range p.merged() {
		resources := strings.Join(g.resources, " ")
		same := strings.Join(append([]string{resources, g.key}, g.values...), " ")
		if service, _, _ := strings.Cut(g.action, ":"); g.key == "" && resources != "*" {
			if !slices.Contains(sets[service], resources) {
				sets[service] = append(sets[service], resources)
			}
			same = strconv.Itoa(slices.Index(sets[service], resources))
		}
		i, known := at[same]
		if !known {
			i = len(statements)
			at[same] = i
			statements = append(statements, Statement{Effect: "Allow", Condition: asIAM(g.key, g.values...)})
		}
		s := &statements[i]
		s.Action = append(s.Action, g.action)
		if !slices.Contains(s.Resource, g.resources[0]) { // else all are there
			s.Resource = append(s.Resource, g.resources...)
		}
	}
	b, _ := encode(document{"2012-10-17", statements}, "") // strings and lists of them always encode
	return ascii(string(b))
}

// mergedGrant is an action on some resources, if a condition key has one of some values;
// without a key always.
type mergedGrant struct {
	action    string
	key       string
	values    []string
	resources []string
}

// merged are the grants by action and condition, without those under a condition that are
// there without one.
func (p Policy) merged() []mergedGrant {
	type place struct{ action, resource, key string }
	values := map[place][]string{}
	for _, g := range p.grants {
		at := place{g.action, g.resource, g.condition.key}
		if g.condition.key != "" && !slices.Contains(values[at], g.condition.value) || values[at] == nil {
			values[at] = append(values[at], g.condition.value)
		}
	}
	byCondition := map[string]mergedGrant{}
	for at, list := range values {
		if _, always := values[place{at.action, at.resource, ""}]; at.key != "" && always {
			continue
		}
		slices.Sort(list)
		id := strings.Join(append([]string{at.action, at.key}, list...), " ")
		g := byCondition[id]
		byCondition[id] = mergedGrant{at.action, at.key, list, append(g.resources, at.resource)}
	}
	var all []mergedGrant
	for _, id := range slices.Sorted(maps.Keys(byCondition)) {
		g := byCondition[id]
		g.resources = widest(g.resources)
		all = append(all, g)
	}
	return all
}

// widest leaves out resources that another one covers.
func widest(resources []string) []string {
	resources = slices.Compact(slices.Sorted(slices.Values(resources)))
	return slices.DeleteFunc(slices.Clone(resources), func(r string) bool {
		return slices.ContainsFunc(resources, func(other string) bool {
			exact, _, _ := strings.Cut(other, "*") // most differ there already
			return other != r && strings.HasPrefix(r, exact) && matches(other, r)
		})
	})
}

// ascii escapes what is not ASCII in JSON: STS takes little else.
func ascii(text string) string {
	var b strings.Builder
	for _, c := range text {
		if c < 0x80 {
			b.WriteRune(c)
			continue
		}
		for _, unit := range utf16.Encode([]rune{c}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}
