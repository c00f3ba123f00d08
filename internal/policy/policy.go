// Package policy knows the IAM policies of a release: what a role must be allowed
// for the inputs of a job, and who may assume that role. It calls nothing.
//
//	needs.go    what a job needs, feature by feature
//	policy.go   the policy document, and what is missing in it
//	session.go  the same policy for one session, in few characters
//	trust.go    the trust policy of the role
//	subject.go  rules over branches and tags as patterns of IAM
package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lambda-release/internal/function"
)

// Policy is what a role must be allowed to do.
type Policy struct {
	grants []grant
	// Notes explain what the document itself cannot: one sentence or two each.
	Notes []string
}

// grant is one action on one resource.
type grant struct {
	sid       string // grants with the same one become one statement if possible
	action    string
	resource  string
	condition condition
}

// condition limits a grant to calls whose key has this value; the zero condition does not.
type condition struct{ key, value string }

// asIAM is the condition that a key has one of the values, as a statement has it; none
// without a key.
func asIAM(key string, values ...string) map[string]map[string]oneOrMore {
	if key == "" {
		return nil
	}
	return map[string]map[string]oneOrMore{"StringEquals": {key: values}}
}

const (
	principalKey = "lambda:Principal"    // of the statements that a call may add to a function's policy
	passedToKey  = "iam:PassedToService" // to which a role may be given
)

// optional begins the Sid of a statement without which a release works, too.
const optional = "Optional"

// missing begins the Sid of a statement that was found to be missing.
const missing = "Missing"

// Call is an action on a resource that IAM has denied.
type Call struct {
	Action   string // lambda:GetAlias
	Resource string // an ARN, or "*"
}

// Marked is p with what is missing in statements of their own, whose Sid begins
// with Missing, before the others. A call that p does not allow is added, since AWS
// knows better. What only informs is left out unless it was denied, to leave room for
// the rest.
func (p Policy) Marked(denied []Call) Policy {
	var first, rest []grant
	for _, c := range denied {
		if !slices.ContainsFunc(p.grants, c.allowedBy) {
			first = append(first, grant{sid: missing, action: c.Action, resource: c.Resource})
		}
	}
	for _, g := range p.grants {
		if slices.ContainsFunc(denied, func(c Call) bool { return c.allowedBy(g) }) {
			g.sid = missing
			first = append(first, g)
		} else if g.sid != informing {
			rest = append(rest, g)
		}
	}
	notes := slices.DeleteFunc(slices.Clone(p.Notes), func(note string) bool { return strings.HasPrefix(note, informing+" ") })
	return Policy{grants: append(first, rest...), Notes: notes}
}

// allowedBy reports whether the grant is for this call, on the function itself or on
// its versions and aliases: a role that lacks one lacks the other. Where the account
// of either is not known, any is meant.
func (c Call) allowedBy(g grant) bool {
	granted, denied := function.Unqualified(g.resource), function.Unqualified(c.Resource)
	return c.Action == g.action && (matches(granted, denied) || matches(denied, granted))
}

// matches reports whether a pattern of IAM, with * and ?, matches the text.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
func matches(pattern, text string) bool {
	expression := regexp.QuoteMeta(pattern)
	expression = strings.ReplaceAll(expression, `\*`, `.*`)
	expression = strings.ReplaceAll(expression, `\?`, `.`)
	return regexp.MustCompile(`^` + expression + `$`).MatchString(text)
}

// Statement is a statement of a policy.
type Statement struct {
	Sid       string `json:",omitempty"`
	Effect    string
	Principal *principal                      `json:",omitempty"`
	Action    oneOrMore                       `json:",omitempty"`
	Resource  oneOrMore                       `json:",omitempty"`
	Condition map[string]map[string]oneOrMore `json:",omitempty"`
}

type principal struct {
	Federated string `json:",omitempty"`
	AWS       string `json:",omitempty"`
}

// oneOrMore is a string in JSON if it is only one.
type oneOrMore []string

func (s oneOrMore) MarshalJSON() ([]byte, error) {
	if len(s) == 1 {
		return encode(s[0], "")
	}
	return encode([]string(s), "")
}

type document struct {
	Version   string
	Statement []Statement
}

// JSON is the policy as a document.
func (p Policy) JSON() string { return documentOf(p.Statements()) }

func documentOf(statements []Statement) string {
	b, _ := encode(document{"2012-10-17", statements}, "  ") // strings and lists of them always encode
	return string(b)
}

// encode leaves < and & alone, which ARNs and names may contain.
func encode(value any, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	err := e.Encode(value)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// Statements are the grants, put together: what is allowed on one resource is in
// one statement, and so are resources on which the same is allowed.
func (p Policy) Statements() []Statement {
	type key struct {
		sid, resource string
		condition     condition
	}
	actions := map[key][]string{}
	var keys []key
	for _, g := range p.grants {
		k := key{g.sid, g.resource, g.condition}
		if actions[k] == nil {
			keys = append(keys, k)
		}
		if !slices.Contains(actions[k], g.action) {
			actions[k] = append(actions[k], g.action)
		}
	}
	var all []Statement
	at := map[string]int{}    // sid, condition and actions -> index
	count := map[string]int{} // by sid
	for _, k := range keys {
		slices.Sort(actions[k])
		same := strings.Join(append(actions[k], k.sid, k.condition.key, k.condition.value), " ")
		if i, known := at[same]; known {
			all[i].Resource = append(all[i].Resource, k.resource)
			continue
		}
		at[same] = len(all)
		s := Statement{Sid: k.sid, Effect: "Allow", Action: actions[k], Resource: oneOrMore{k.resource}, Condition: asIAM(k.condition.key, k.condition.value)}
		if count[k.sid]++; count[k.sid] > 1 { // a Sid is unique
			s.Sid += strconv.Itoa(count[k.sid])
		}
		all = append(all, s)
	}
	return all
}

// The sizes of policies that IAM takes, in characters without white space.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const (
	maxManaged = 6144 // a managed policy
	maxSession = 2048 // a policy passed along when a role is assumed
	maxTrust   = 2048 // the trust policy of a role, unless the quota was raised
)

// Size is the length of the policy as IAM counts it: without white space.
func (p Policy) Size() int { return sizeOf(p.Statements()) }

func sizeOf(statements []Statement) int {
	b, _ := encode(document{"2012-10-17", statements}, "")
	return len(b)
}

// SizeNotes say which kinds of policies this one is too large for.
func (p Policy) SizeNotes() []string {
	var notes []string
	size := p.Size()
	if size > maxManaged {
		notes = append(notes, fmt.Sprintf("The policy has %d characters, more than the %d of a managed policy: divide its statements among several policies, "+
			"or write a pattern such as function:shop-* in place of the functions.", size, maxManaged))
	}
	if size > maxSession {
		notes = append(notes, fmt.Sprintf("The policy has %d characters, more than the %d of an inline session policy: for a session use `least-privilege-session`, which writes it shorter, or pass the ARN of a managed policy.", size, maxSession))
	}
	return notes
}
