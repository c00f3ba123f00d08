package app_test

import (
	"net/http"

	"github.com/rogpeppe/go-internal/testscript"
)

// The verbs for what refers to a version or an alias; QUALIFIER is either of them.
//
//	mapping NAME QUALIFIER SOURCE       an event source mapping, from this ARN
//	async NAME QUALIFIER                settings for asynchronous invocations; forgets the
//	                                    calls so far
//	permission NAME QUALIFIER SERVICE   a statement of its resource policy; the same
//	execution NAME QUALIFIER ID STATUS  a durable execution, or its new status

func mapping(_ *testscript.TestScript, s *scene, a []string) {
	s.AddEventSourceMapping(a[0], a[1], a[2])
}

func async(ts *testscript.TestScript, s *scene, a []string) {
	asOtherSince(ts, s, "2019-09-25", http.MethodPut, a[0]+"/event-invoke-config?Qualifier="+a[1], `{"MaximumRetryAttempts": 0}`)
	s.ResetCalls()
}

func permission(ts *testscript.TestScript, s *scene, a []string) {
	asOther(ts, s, http.MethodPost, a[0]+"/policy?Qualifier="+a[1], `{"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "`+a[2]+`"}`)
	s.ResetCalls()
}

func execution(_ *testscript.TestScript, s *scene, a []string) {
	s.SetDurableExecution(a[0], a[1], a[2], a[3])
}
