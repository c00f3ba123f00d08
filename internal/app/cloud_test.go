package app_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"lambda-release/internal/localaws"
)

// These are the verbs of aws about more than versions and aliases.

// upload pads the code to a size in megabytes.
func upload(ts *testscript.TestScript, s *scene, args []string) {
	code := args[1]
	if len(args) > 2 {
		code += strings.Repeat(" ", number(ts, args[2])*1e6-len(code))
	}
	s.Upload(args[0], code)
}

// configure changes $LATEST by a call of other credentials, and forgets the calls so
// far.
func configure(ts *testscript.TestScript, s *scene, args []string) {
	asOther(ts, s, http.MethodPut, args[0]+"/configuration", args[1])
	s.ResetCalls()
}

// removeAlias deletes an alias by a call of other credentials.
func removeAlias(ts *testscript.TestScript, s *scene, args []string) {
	asOther(ts, s, http.MethodDelete, args[0]+"/aliases/"+args[1], "")
}

// snapStart lets a function publish its versions with SnapStart.
func snapStart(ts *testscript.TestScript, s *scene, args []string) {
	configure(ts, s, []string{args[0], `{"SnapStart": {"ApplyOn": "PublishedVersions"}}`})
}

// asOther calls Lambda about a function.
func asOther(ts *testscript.TestScript, s *scene, method, path, body string) {
	if !otherCall(ts, s, method, "/2015-03-31/functions/"+path, body, nil) {
		ts.Fatalf("%s %s: not found", method, path)
	}
}

// answers sets what a function answers from now on: the content of a file, as an error
// if the third argument is Handled or Unhandled, and with the log in another file.
// LONG in them is replaced by 5,000 characters.
func answers(ts *testscript.TestScript, s *scene, args []string) {
	read := func(file string) string {
		return strings.ReplaceAll(ts.ReadFile(file), "LONG", strings.Repeat("x", 5000))
	}
	a := localaws.Answer{Payload: []byte(strings.TrimSuffix(read(args[1]), "\n"))}
	for _, arg := range args[2:] {
		if arg == "Handled" || arg == "Unhandled" {
			a.FunctionError = arg
		} else {
			a.Log = read(arg)
		}
	}
	s.OnInvoke(args[0], func(localaws.Invocation) localaws.Answer { return a })
}

// wantInvoked asserts the last invocation since `calls`.
func wantInvoked(ts *testscript.TestScript, s *scene, args []string) {
	got := "never"
	for _, c := range s.Calls() {
		if c.Operation == "Invoke" && c.Function == args[0] {
			got = c.Qualifier + " " + strings.TrimSpace(string(c.Body))
		}
	}
	if want := args[1] + " " + args[2]; got != want {
		ts.Fatalf("%s was invoked: %s, want %s", args[0], got, want)
	}
}

func deploymentGroup(_ *testscript.TestScript, s *scene, args []string) {
	s.AddDeploymentGroup(args[0], args[1], at(args, 2), args[min(len(args), 3):]...)
}

// failDeployment makes the last deployment fail.
func failDeployment(ts *testscript.TestScript, s *scene, args []string) {
	s.FailDeployment(lastDeployment(ts, s), args[0], args[1])
}

func lastDeployment(ts *testscript.TestScript, s *scene) string {
	ids := s.Deployments()
	if len(ids) == 0 {
		ts.Fatalf("there is no deployment")
	}
	return ids[len(ids)-1]
}

func addRole(_ *testscript.TestScript, s *scene, args []string) {
	s.AddRole(args[0], args[1], func(r *localaws.Role) { r.Audience = cmp.Or(at(args, 2), r.Audience) })
}

// trust adds a role that another caller may assume, with an external ID if there is one.
func trust(_ *testscript.TestScript, s *scene, args []string) {
	s.AddRole(args[0], "", func(r *localaws.Role) { r.Principals, r.ExternalID = args[1:2], at(args, 2) })
}

// wantSession asserts what the policy of the last session allows on a function.
func wantSession(ts *testscript.TestScript, s *scene, args []string) {
	var document string
	for _, c := range s.Calls() {
		if strings.HasPrefix(c.Operation, "AssumeRole") {
			form, err := url.ParseQuery(string(c.Body))
			ts.Check(err)
			document = form.Get("Policy")
		}
	}
	policy, err := localaws.ParseIAMPolicy([]byte(document))
	ts.Check(err)
	resource := args[0]
	if !strings.HasPrefix(resource, "arn:") {
		resource = lambdaARN + resource
	}
	for _, arg := range args[1:] {
		action, denied := strings.CutPrefix(arg, "-")
		if policy.Allows(action, resource) == denied {
			ts.Fatalf("not %s on %s: %s", arg, args[0], document)
		}
	}
}

func addStage(ts *testscript.TestScript, s *scene, args []string) {
	add := map[string]func(string, string, map[string]string){"rest": s.AddRestStage, "http": s.AddHTTPStage}[args[0]]
	if add == nil {
		ts.Fatalf("an API is rest or http, not %s", args[0])
	}
	variables := map[string]string{}
	if len(args) > 3 {
		variables["lambdaAlias"] = args[3]
	}
	add(args[1], args[2], variables)
}

func wantStageVariable(ts *testscript.TestScript, s *scene, args []string) {
	if got, want := s.StageVariables(args[0], args[1])[args[2]], at(args, 3); got != want {
		ts.Fatalf("variable %s of stage %s is %q, want %q", args[2], args[1], got, want)
	}
}

func provision(ts *testscript.TestScript, s *scene, args []string) {
	ts.Check(s.ProvisionConcurrency(args[0], args[1]))
	s.FailProvisioning(args[0], args[1], at(args, 2))
}

// wantDeployed asserts the configuration and the AppSpec of the last deployment since
// `calls`.
func wantDeployed(ts *testscript.TestScript, s *scene, args []string) {
	got := "none"
	for _, c := range s.Calls() {
		if c.Operation != "CreateDeployment" {
			continue
		}
		var sent struct {
			DeploymentConfigName string
			Revision             struct{ AppSpecContent struct{ Content string } }
		}
		ts.Check(json.Unmarshal(c.Body, &sent))
		got = fmt.Sprint(sent.DeploymentConfigName, " ", sent.Revision.AppSpecContent.Content)
	}
	if want := args[0] + " " + args[1]; got != want {
		ts.Fatalf("deployed %s, want %s", got, want)
	}
}

// until waits until an alias is at a position.
func until(ts *testscript.TestScript, s *scene, args []string) {
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		a, _ := s.Alias(args[0], args[1])
		if position(a) == args[2] {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("%s of %s is at %s, not at %s, after %s", args[1], args[0], position(a), args[2], patience)
		}
	}
}
