package localaws

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
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

// getCallerIdentity returns the session of the access key, or an IAM user.
func (s *sts) getCallerIdentity(in *incoming) (answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	arn, id := "arn:"+partition(in.region)+":iam::"+s.account+":user/localaws", "AIDALOCALAWSEXAMPLE01"
	if session := s.sessions[in.key]; session != nil {
		arn, id = session.arn, session.userID
	}
	return replyXML("GetCallerIdentity", struct {
		XMLName xml.Name `xml:"GetCallerIdentityResult"`
		Arn     string
		UserID  string `xml:"UserId"`
		Account string
	}{Arn: arn, UserID: id, Account: s.account}), nil
}
