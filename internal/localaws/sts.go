package localaws

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// sts implements AWS STS, a query API with answers in XML.
type sts struct {
	*store
}

// stsNamespace is the XML namespace of the answers.
const stsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/"

// operation returns the operation that a query names.
func (s *sts) operation(in *incoming) (operation, bool) {
	op := operation{service: "sts", name: in.action()}
	if op.name == "" {
		return operation{}, false
	}
	form, _ := url.ParseQuery(string(in.body)) // action has parsed it
	if form.Get("Version") != "2011-06-15" {
		return operation{}, false
	}
	switch op.name {
	case "AssumeRoleWithWebIdentity":
		op.unsigned = true
		op.serve = func(in *incoming) (answer, error) { return s.assumeRoleWithWebIdentity(in, form) }
	case "AssumeRole":
		op.serve = func(in *incoming) (answer, error) { return s.assumeRole(in, form) }
	case "GetCallerIdentity":
		op.serve = func(in *incoming) (answer, error) { return s.getCallerIdentity(in) }
	default:
		return operation{}, false
	}
	return op, true
}

// replyXML returns an answer with an XML body.
func replyXML(action string, result any) answer {
	body, err := xml.Marshal(struct {
		XMLName  xml.Name
		Result   any
		Metadata struct {
			RequestID string `xml:"RequestId"`
		} `xml:"ResponseMetadata"`
	}{
		XMLName: xml.Name{Space: stsNamespace, Local: action + "Response"},
		Result:  result,
		Metadata: struct {
			RequestID string `xml:"RequestId"`
		}{newID()},
	})
	if err != nil {
		panic(fmt.Sprintf("localaws: encode answer: %v", err)) // the types here always encode
	}
	return answer{status: http.StatusOK, header: http.Header{"Content-Type": {"text/xml"}}, body: body}
}

// callerOf returns the ARN and the id of the session of the access key, or of an IAM
// user.
func (s *store) callerOf(in *incoming) (arn, id string) {
	if session := s.sessions[in.key]; session != nil {
		return session.arn, session.userID
	}
	return "arn:" + partition(in.region) + ":iam::" + s.account + ":user/localaws", "AIDALOCALAWSEXAMPLE01"
}

// caller is callerOf for code without the lock.
func (s *store) caller(in *incoming) (arn, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.callerOf(in)
}

// getCallerIdentity returns who has signed the call.
func (s *sts) getCallerIdentity(in *incoming) (answer, error) {
	arn, id := s.caller(in)
	return replyXML("GetCallerIdentity", struct {
		XMLName xml.Name `xml:"GetCallerIdentityResult"`
		Arn     string
		UserID  string `xml:"UserId"`
		Account string
	}{Arn: arn, UserID: id, Account: accountIn(arn)}), nil
}

// accountIn returns the account in an ARN.
func accountIn(arn string) string { return strings.Split(arn, ":")[4] }
