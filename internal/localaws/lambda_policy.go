package localaws

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// policy is the resource policy of one qualifier of a function. Each qualifier has
// its own: an alias does not inherit the function's. DeleteAlias leaves it behind
// (A21); see [alias].
type policy struct {
	revision   string
	statements []statement
}

// statement is one permission.
type statement struct {
	Sid       string
	Effect    string
	Principal any
	Action    string
	Resource  string
	Condition map[string]map[string]string `json:",omitempty"`
}

// policyDocument is a policy in the format of IAM.
type policyDocument struct {
	Version   string
	ID        string `json:"Id"`
	Statement []statement
}

// maxPolicy is the greatest size of a policy in bytes.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxPolicy = 20480

func documentOf(statements []statement) string {
	return text(policyDocument{"2012-10-17", "default", statements})
}

// policyTarget returns the function and the qualifier of a call about a policy.
// Each operation reports in its own words what does not exist.
func (l *lambda) policyTarget(r *request) (*function, string, error) {
	t, err := l.targetOf(r, r.query.Get("Qualifier"))
	if err != nil {
		return nil, "", err
	}
	if t.qualifier == latestVersion {
		return nil, "", invalid("We currently do not support adding policies for $LATEST.")
	}
	f := l.function(t.arn)
	switch {
	case f != nil && f.resolve(t.qualifier) != nil, f != nil && f.policies[t.qualifier] != nil && r.operation != "AddPermission":
		return f, t.qualifier, nil
	case r.operation == "GetPolicy":
		return nil, "", noPolicy()
	case f == nil && r.operation == "RemovePermission":
		return nil, "", notFound("No policy found for: %s", t.arn)
	case f == nil, versionNumber.MatchString(t.qualifier), strings.Contains(t.qualifier, "$"):
		return nil, "", notFound("Function not found: %s", qualified(t.arn, t.qualifier))
	default:
		return nil, "", notFound("Cannot find alias arn: %s", qualified(t.arn, t.qualifier))
	}
}

func noPolicy() error { return notFound("The resource you requested does not exist.") }

// addPermission adds a statement.
func (l *lambda) addPermission(r *request) (answer, error) {
	var in struct {
		StatementID         *string `json:"StatementId"`
		Action              *string
		Principal           *string
		SourceArn           *string
		SourceAccount       *string
		PrincipalOrgID      *string
		EventSourceToken    *string
		FunctionURLAuthType *string `json:"FunctionUrlAuthType"`
		ViaFunctionURL      *bool   `json:"InvokedViaFunctionUrl"`
		RevisionID          string  `json:"RevisionId"`
	}
	if err := r.decode(&in); err != nil {
		return answer{}, err
	}
	var v validation
	if v.required(in.StatementID, "statementId") {
		v.length(*in.StatementID, "statementId", 1, 100)
		v.pattern(*in.StatementID, "statementId", statementIDPattern)
	}
	if v.required(in.Action, "action") {
		v.pattern(*in.Action, "action", actionPattern)
	}
	if v.required(in.Principal, "principal") {
		v.pattern(*in.Principal, "principal", principalPattern)
	}
	if in.SourceArn != nil {
		v.pattern(*in.SourceArn, "sourceArn", sourceARNPattern)
	}
	if in.SourceAccount != nil {
		v.pattern(*in.SourceAccount, "sourceAccount", accountPattern)
	}
	if in.PrincipalOrgID != nil {
		v.length(*in.PrincipalOrgID, "principalOrgID", 12, 34)
		v.pattern(*in.PrincipalOrgID, "principalOrgID", organizationPattern)
	}
	if in.EventSourceToken != nil {
		v.length(*in.EventSourceToken, "eventSourceToken", 0, 256)
		v.pattern(*in.EventSourceToken, "eventSourceToken", sourceTokenPattern)
	}
	if in.FunctionURLAuthType != nil {
		v.oneOf(*in.FunctionURLAuthType, "functionUrlAuthType", "NONE", "AWS_IAM")
	}
	if err := v.err(); err != nil {
		return answer{}, err
	}

	if in.FunctionURLAuthType != nil && *in.Action != "lambda:InvokeFunctionUrl" {
		return answer{}, invalid("FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action")
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	f, qualifier, err := l.policyTarget(r)
	if err != nil {
		return answer{}, err
	}
	st := statement{Sid: *in.StatementID, Effect: "Allow", Action: *in.Action, Resource: qualified(f.arn, qualifier)}
	if st.Principal, err = principal(*in.Principal, partition(r.region)); err != nil {
		return answer{}, err
	}
	st.when("StringEquals", "AWS:SourceAccount", in.SourceAccount)
	st.when("StringEquals", "aws:PrincipalOrgID", in.PrincipalOrgID)
	st.when("StringEquals", "lambda:EventSourceToken", in.EventSourceToken)
	st.when("StringEquals", "lambda:FunctionUrlAuthType", in.FunctionURLAuthType)
	if in.ViaFunctionURL != nil && *in.ViaFunctionURL {
		yes := "true"
		st.when("Bool", "lambda:InvokedViaFunctionUrl", &yes)
	}
	st.when("ArnLike", "AWS:SourceArn", in.SourceArn)

	p := f.policies[qualifier]
	if p == nil {
		p = &policy{revision: f.revision(qualifier)}
	}
	if in.RevisionID != "" && in.RevisionID != p.revision {
		return answer{}, stalePolicy()
	}
	if err := f.idle(qualifier); err != nil {
		return answer{}, err
	}
	if slices.ContainsFunc(p.statements, func(other statement) bool { return other.Sid == st.Sid }) {
		return answer{}, conflict("The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.", st.Sid)
	}
	statements := append(slices.Clone(p.statements), st)
	if size := len(documentOf(statements)); size > maxPolicy {
		return answer{}, &apiError{http.StatusBadRequest, "PolicyLengthExceededException", fmt.Sprintf("The final policy size (%d) is bigger than the limit (%d).", size, maxPolicy)}
	}
	l.changePolicy(f, qualifier)
	p.statements = statements
	f.policies[qualifier] = p
	l.revisePolicy(f, qualifier, p)
	return reply(http.StatusCreated, map[string]string{"Statement": text(st)}), nil
}

// when adds a condition unless value is nil.
func (st *statement) when(operator, key string, value *string) {
	if value == nil {
		return
	}
	if st.Condition == nil {
		st.Condition = map[string]map[string]string{}
	}
	if st.Condition[operator] == nil {
		st.Condition[operator] = map[string]string{}
	}
	st.Condition[operator][key] = *value
}

// principal formats a principal as IAM does: a service, an account, an ARN or "*".
func principal(name, partition string) (any, error) {
	switch {
	case name == "*":
		return name, nil
	case strings.HasSuffix(name, ".amazonaws.com"), strings.HasSuffix(name, ".amazon.com"), strings.HasSuffix(name, ".amazonaws.com.cn"):
		return map[string]string{"Service": name}, nil
	case matchers[accountPattern].MatchString(name):
		return map[string]string{"AWS": "arn:" + partition + ":iam::" + name + ":root"}, nil
	case strings.HasPrefix(name, "arn:"):
		return map[string]string{"AWS": name}, nil
	}
	return nil, invalid("The provided principal was invalid. Please check the principal and try again.")
}

// getPolicy returns a qualifier's policy.
func (l *lambda) getPolicy(r *request) (answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, qualifier, err := l.policyTarget(r)
	if err != nil {
		return answer{}, err
	}
	f = l.view(r, f, qualifier)
	p := f.policies[qualifier]
	if p == nil {
		return answer{}, noPolicy()
	}
	return reply(http.StatusOK, map[string]string{
		"Policy":     documentOf(p.statements),
		"RevisionId": p.revision,
	}), nil
}

// removePermission removes a statement, and with the last one the policy.
func (l *lambda) removePermission(r *request) (answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, qualifier, err := l.policyTarget(r)
	if err != nil {
		return answer{}, err
	}
	p := f.policies[qualifier]
	if p == nil {
		return answer{}, notFound("No policy is associated with the given resource.")
	}
	if id := r.query.Get("RevisionId"); id != "" && id != p.revision {
		return answer{}, stalePolicy()
	}
	if err := f.idle(qualifier); err != nil {
		return answer{}, err
	}
	kept := slices.DeleteFunc(slices.Clone(p.statements), func(st statement) bool { return st.Sid == r.item })
	if len(kept) == len(p.statements) {
		return answer{}, notFound("Statement %s is not found in resource policy.", r.item)
	}
	l.changePolicy(f, qualifier)
	p.statements = kept
	if len(kept) == 0 {
		delete(f.policies, qualifier)
	}
	l.revisePolicy(f, qualifier, p)
	return empty(), nil
}

// revision returns the RevisionId of the function, alias or version that a
// qualifier names: the one that the first AddPermission may give.
func (f *function) revision(qualifier string) string {
	if a := f.aliases[qualifier]; a != nil {
		return a.RevisionId
	}
	return f.resolve(qualifier).revision
}

// revisePolicy gives a changed policy a new RevisionId, which is then also that of
// its function, alias or version, until that changes in another way (V11).
func (s *store) revisePolicy(f *function, qualifier string, p *policy) {
	v := f.resolve(qualifier)
	if v == nil { // the policy of a deleted alias
		p.revision = newID()
		return
	}
	if a := f.aliases[qualifier]; a != nil {
		s.changeAlias(f, qualifier)
		a.RevisionId = newID()
	} else {
		s.revise(f, v)
	}
	p.revision = f.revision(qualifier)
}

func stalePolicy() error {
	return &apiError{http.StatusPreconditionFailed, "PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest Revision Id"}
}

// text encodes a JSON document that is sent as a string.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("localaws: encode text: " + err.Error()) // the types here always encode
	}
	return string(b)
}
