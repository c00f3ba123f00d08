package localaws

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// IAMPolicy is an identity or session policy. It has what a policy is made of, except
// for NotAction and NotResource, and of the conditions StringEquals and StringLike on
// lambda:Principal and iam:PassedToService: a statement with any other condition never
// applies.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
type IAMPolicy struct{ statements []iamStatement }

type iamStatement struct {
	Sid, Effect      string
	Action, Resource oneOrMore
	Condition        map[string]map[string]oneOrMore
}

// oneOrMore is a list of texts in JSON, or one text.
type oneOrMore []string

// UnmarshalJSON accepts a text or a list.
func (v *oneOrMore) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*v = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(v))
}

// ParseIAMPolicy parses a policy document.
func ParseIAMPolicy(document []byte) (*IAMPolicy, error) {
	var d struct {
		Version   string
		ID        string `json:"Id"`
		Statement json.RawMessage
	}
	if err := strictly(document, &d); err != nil {
		return nil, err
	}
	if d.Version != "2012-10-17" {
		return nil, fmt.Errorf("the Version is %q, not 2012-10-17", d.Version)
	}
	var p IAMPolicy
	if bytes.HasPrefix(bytes.TrimSpace(d.Statement), []byte("{")) {
		d.Statement = slices.Concat([]byte("["), d.Statement, []byte("]"))
	}
	if err := strictly(d.Statement, &p.statements); err != nil {
		return nil, err
	}
	sids := map[string]bool{}
	for i, s := range p.statements {
		switch {
		case s.Effect != "Allow" && s.Effect != "Deny":
			return nil, fmt.Errorf("statement %d: the Effect is %q, neither Allow nor Deny", i+1, s.Effect)
		case len(s.Action) == 0 || len(s.Resource) == 0:
			return nil, fmt.Errorf("statement %d needs Action and Resource", i+1)
		case s.Sid != "" && sids[s.Sid]:
			return nil, fmt.Errorf("the Sid %s is not unique", s.Sid)
		}
		sids[s.Sid] = true
	}
	if len(p.statements) == 0 {
		return nil, errors.New("there is no statement")
	}
	return &p, nil
}

func strictly(document []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(document))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// iamRequest is what IAM is asked about a call.
type iamRequest struct {
	action   string
	resource string            // an ARN, or "*" if the action has none
	context  map[string]string // condition keys
}

// verdict is what a policy says to a request.
type verdict struct {
	denied bool    // explicitly
	by     []Grant // each of them allows it
}

// Grant is an action on a resource, as a statement of a policy has them.
type Grant struct {
	Sid              string // of the statement
	Action, Resource string
}

func (v verdict) allows() bool { return !v.denied && len(v.by) > 0 }

// decide evaluates the policy. A nil policy allows everything.
func (p *IAMPolicy) decide(r iamRequest) verdict {
	if p == nil {
		return verdict{by: []Grant{{"", "*", "*"}}}
	}
	var v verdict
	for _, s := range p.statements {
		if !s.meets(r.context) {
			continue
		}
		for _, action := range s.Action {
			for _, resource := range s.Resource {
				if !matchesIAM(strings.ToLower(action), strings.ToLower(r.action)) || !matchesIAM(resource, r.resource) {
					continue
				}
				if s.Effect == "Deny" {
					v.denied = true
				} else {
					v.by = append(v.by, Grant{s.Sid, action, resource})
				}
			}
		}
	}
	return v
}

// Allows reports whether the policy allows an action on a resource, an ARN or "*",
// whatever the condition keys are: a statement with a condition does not count.
func (p *IAMPolicy) Allows(action, resource string) bool {
	return p.decide(iamRequest{action: action, resource: resource}).allows()
}

// meets reports whether all conditions are met.
func (s *iamStatement) meets(context map[string]string) bool {
	for operator, keys := range s.Condition {
		for key, values := range keys {
			has, known := context[key]
			matches := map[string]func(string) bool{
				"StringEquals": func(want string) bool { return want == has },
				"StringLike":   func(want string) bool { return matchesIAM(want, has) },
			}[operator]
			if !known || matches == nil || !slices.ContainsFunc(values, matches) {
				return false
			}
		}
	}
	return true
}

// matchesIAM matches a pattern of IAM: * and ? also match a colon and a slash, and
// ${*}, ${?} and ${$} are the characters themselves.
func matchesIAM(pattern, text string) bool {
	expression := regexp.QuoteMeta(pattern)
	for _, escaped := range []string{"*", "?", "$"} {
		expression = strings.ReplaceAll(expression, regexp.QuoteMeta("${"+escaped+"}"), "\x00"+escaped)
	}
	expression = strings.NewReplacer("\x00*", `\*`, "\x00?", `\?`, "\x00$", `\$`, `\*`, ".*", `\?`, ".").Replace(expression)
	return regexp.MustCompile("^(?s:" + expression + ")$").MatchString(text)
}
