package app_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/app"
	"lambda-release/internal/localaws"
)

// role is an embedded AWS in which the program runs as a role with the policy that it has
// printed. The embedded AWS denies everything else, and decides by a session policy, too.
type role struct {
	*localaws.Cloud

	t         *testing.T
	functions []string

	expectDenials bool
	denied        []string

	used needs
}

// needs are the grants of a policy without which some call would have been denied.
type needs struct{ ofRole, ofSession map[localaws.Grant]bool }

func noNeeds() needs { return needs{map[localaws.Grant]bool{}, map[localaws.Grant]bool{}} }

// tokenFile is a token with which the program may assume the role.
func tokenFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(token("a job", "sts.amazonaws.com")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// allowing is a statement of a policy.
type allowing struct {
	Sid              string `json:",omitempty"`
	Effect           string
	Action, Resource values
	Condition        map[string]map[string]values `json:",omitempty"`
}

// values is a list, or one of it.
type values []string

func (v *values) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*v = values{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(v))
}

// statementsOf decodes a policy.
func statementsOf(t *testing.T, document []byte) []allowing {
	t.Helper()
	var p struct{ Statement []allowing }
	if err := json.Unmarshal(document, &p); err != nil {
		t.Fatalf("%v: %s", err, document)
	}
	return p.Statement
}

// allowedBy is the policy of these statements.
func allowedBy(t *testing.T, statements []allowing) *localaws.IAMPolicy {
	t.Helper()
	statements = slices.DeleteFunc(slices.Clone(statements), func(s allowing) bool { return len(s.Action) == 0 })
	if len(statements) == 0 {
		statements = []allowing{{Effect: "Allow", Action: values{"none:None"}, Resource: values{"*"}}}
	}
	document, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		t.Fatal(err)
	}
	p, err := localaws.ParseIAMPolicy(document)
	if err != nil {
		t.Fatalf("%v: %s", err, document)
	}
	return p
}

// note notes what was denied, and what of the policies it took to allow the rest.
func (r *role) note() {
	only := func(into map[localaws.Grant]bool, by []localaws.Grant) {
		if required := slices.DeleteFunc(slices.Clone(by), func(g localaws.Grant) bool { return strings.HasPrefix(g.Sid, "Optional") }); len(required) > 0 {
			by = required
		}
		if len(by) == 1 {
			into[by[0]] = true
		}
	}
	for _, d := range r.Decisions() {
		if !d.Allowed {
			r.denied = append(r.denied, d.Action+" on "+d.Resource)
			continue
		}
		only(r.used.ofRole, d.Identity)
		only(r.used.ofSession, d.Session)
	}
}

// unused are the grants of a policy that nothing needed.
func unused(statements []allowing, used map[localaws.Grant]bool) []string {
	var all []string
	for _, s := range statements {
		for _, action := range s.Action {
			needed := slices.ContainsFunc(s.Resource, func(arn string) bool { return used[localaws.Grant{Sid: s.Sid, Action: action, Resource: arn}] })
			if !needed && !strings.HasPrefix(s.Sid, "Optional") {
				all = append(all, strings.TrimSpace(s.Sid+" "+action))
			}
		}
	}
	return all
}

const (
	lambdaARN    = "arn:aws:lambda:eu-central-1:123456789012:function:"
	restStageARN = "arn:aws:apigateway:eu-central-1::/restapis/a1b2c3d4e5/stages/live"
)

// situation is a state of AWS, and what happens to a run that begins in it.
type situation struct {
	name   string
	before func(*role)                                    // sets the scene
	during func(r *role, c localaws.Call) *localaws.Fault // may be nil
	cancel string                                         // the operation after which the job is cancelled
	exit   []int                                          // 0 if empty
}

// begin makes an AWS with the functions, each with five versions and prod at the third.
func begin(t *testing.T, statements []allowing, used needs, names ...string) *role {
	t.Helper()
	r := &role{Cloud: localaws.New(localaws.Options{}), t: t, functions: names, used: used}
	t.Cleanup(r.Close)
	policy := allowedBy(t, statements)
	r.AddRole(roleARN, "*", func(role *localaws.Role) { role.Policy = policy })
	for _, name := range names {
		r.AddFunction(name)
		for i := range 5 {
			r.Publish(name, "")
			r.Upload(name, fmt.Sprint("v", i))
		}
		r.SetAlias(name, localaws.Alias{Name: "prod", Version: "5", Description: "[5 < 4 < 3 | run 4700]"})
		r.Age(name, 24*time.Hour)
	}
	r.AddRestStage("a1b2c3d4e5", "live", map[string]string{})
	r.AddDeploymentGroup("shop", "items", "CodeDeployDefault.LambdaCanary10Percent5Minutes")
	r.SetAlarm("errors", "OK", "")
	r.PutObject("shop-artifacts", "items.zip", aZip())
	r.AddBucket("shop-stage", "eu-central-1")
	r.AddFunction("smoke")
	r.AddFunction("check")
	r.Publish("check", "")
	r.SetAlias("check", localaws.Alias{Name: "live", Version: "1"})
	return r
}

// aZip is an archive with a program.
var aZip = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	program := &zip.FileHeader{Name: "bootstrap"}
	program.SetMode(0o755)
	if w, err := z.CreateHeader(program); err == nil {
		_, _ = w.Write([]byte("#!/bin/sh\n")) // into memory
	}
	_ = z.Close()
	return b.Bytes()
})

// largeZip is a file of 51 MB, most of which takes no space: an archive behind zeros.
func largeZip(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "large.zip")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	const zeros = 51 << 20
	if _, err := file.WriteAt(aZip(), zeros); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// in runs the program in a situation.
func (r *role) in(s situation, env map[string]string, args []string) {
	r.t.Helper()
	if s.before != nil {
		s.before(r)
	}
	ctx, cancel := context.WithCancel(r.t.Context())
	defer cancel()
	r.OnCall(func(c localaws.Call) *localaws.Fault {
		if s.during != nil {
			return s.during(r, c)
		}
		return nil
	})
	r.AfterCall(func(c localaws.Call) {
		if c.Operation == s.cancel {
			cancel()
		}
	})
	server := httptest.NewServer(r.Cloud)
	defer server.Close()
	env = maps.Clone(env)
	env["AWS_ENDPOINT_URL"] = server.URL
	var log bytes.Buffer
	code := app.Run(ctx, args, func(name string) string { return env[name] }, &log, &log)
	r.note()
	if want := slices.Concat(s.exit, []int{0}); code != want[0] {
		r.t.Errorf("%s: exit code %d\n%s", s.name, code, &log)
	}
	if len(r.denied) > 0 && !r.expectDenials {
		r.t.Errorf("%s: denied: %q", s.name, r.denied)
	}
}

// outside is the environment of a run outside CI, which assumes the role.
func outside(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{
		"AWS_REGION": "eu-central-1", "INPUT_ROLE-TO-ASSUME": roleARN, "INPUT_WEB-IDENTITY-TOKEN-FILE": tokenFile(t),
		"INPUT_TIMEOUT": "20s", "INPUT_ALIASES": "main=prod\npull_request=pr-{number}", "INPUT_REF": "refs/heads/main",
	}
}

// printed is what the program prints for these arguments.
func printed(t *testing.T, env map[string]string, args ...string) (stdout []byte, stderr string) {
	t.Helper()
	var out, notes bytes.Buffer
	if code := app.Run(t.Context(), args, func(name string) string { return env[name] }, &out, &notes); code != 0 {
		t.Fatalf("%q: exit code %d\n%s", args, code, &notes)
	}
	return out.Bytes(), notes.String()
}

// once is f for the first call of an operation.
func once(operation string, f localaws.Fault) func(*role, localaws.Call) *localaws.Fault {
	return func(_ *role, c localaws.Call) *localaws.Fault {
		if c.Operation == operation && c.Attempt == 1 {
			return &f
		}
		return nil
	}
}

// always is f for every call of an operation, of one function if that is not "".
func always(operation, fn string, f localaws.Fault) func(*role, localaws.Call) *localaws.Fault {
	return func(_ *role, c localaws.Call) *localaws.Fault {
		if c.Operation == operation && (fn == "" || fn == c.Function) {
			return &f
		}
		return nil
	}
}

// The situations that take all of a policy.
var (
	asUsual  = situation{name: "as usual"}
	newAlias = situation{name: "new alias", before: func(r *role) {
		for _, name := range r.functions {
			r.call(http.MethodDelete, name+"/aliases/prod", "")
		}
	}}
	busy = situation{
		name:   "update in progress",
		during: once("PublishVersion", localaws.Fault{Status: http.StatusConflict, Code: "ResourceConflictException", Message: "An update is in progress"}),
	}
	contended = situation{
		name:   "alias busy",
		during: once("UpdateAlias", localaws.Fault{Status: http.StatusConflict, Code: "ResourceConflictException", Message: "An update is in progress"}),
	}
	pending = situation{name: "pending version", before: func(r *role) {
		for _, name := range r.functions {
			r.OnPublish(name, "Active", "", "")
		}
	}}
	sick = situation{name: "failed version", before: func(r *role) {
		r.OnPublish("items", "Failed", "", "init")
		r.Publish("items", "")
		r.OnPublish("items", "", "", "")
	}}
	absent = situation{name: "no function", before: func(r *role) {
		for _, name := range r.functions {
			r.call(http.MethodDelete, name, "")
		}
	}}
	lostDelete = situation{name: "delete without an answer", during: always("DeleteFunction", "", localaws.Fault{DropAfter: true})}
	noVersion  = situation{name: "missing version", exit: []int{1}}
)

// call calls Lambda with other credentials.
func (r *role) call(method, path, body string) string {
	r.t.Helper()
	return r.callAt(method, "/2015-03-31/functions/"+path, body)
}

func (r *role) callAt(method, path, body string) string {
	r.t.Helper()
	q := httptest.NewRequest(method, path, strings.NewReader(body))
	q.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAOTHER/20260101/eu-central-1/lambda/aws4_request")
	w := httptest.NewRecorder()
	r.ServeHTTP(w, q)
	if w.Code >= http.StatusMultipleChoices {
		r.t.Fatalf("%s %s: %s", method, path, w.Body)
	}
	r.ResetCalls()
	return w.Body.String()
}

func without4(r *role) { r.call(http.MethodDelete, "items?Qualifier=4", "") }

func locked(r *role) {
	r.SetAlias("items", localaws.Alias{Name: "prod", Version: "5", Description: "[5 | locked]"})
}

func failingSmokeTest(r *role) {
	r.OnInvoke("items", func(localaws.Invocation) localaws.Answer { return localaws.Answer{FunctionError: "Handled"} })
}

// withCommit publishes a version from a commit.
func withCommit(r *role) {
	r.Upload("items", "of a commit")
	r.Publish("items", "main@1a2b3c4 run 4690.1 x9k2ab")
}

// withDurable publishes old versions of a durable function.
func withDurable(r *role) {
	r.call(http.MethodPut, "items/configuration", `{"DurableConfig": {"ExecutionTimeout": 60}}`)
	for i := range 5 {
		r.Upload("items", fmt.Sprint("durable ", i))
		r.Publish("items", "")
	}
	r.Age("items", 2*time.Hour)
}

func withDev(r *role) { r.SetAlias("items", localaws.Alias{Name: "dev", Version: "4"}) }

// withWrongPermission binds the stage, and then changes the permission for it.
func withWrongPermission(r *role) {
	r.admin("--api-gateway-stages", "prod="+restStageARN)
	var p struct{ Policy string }
	if err := json.Unmarshal([]byte(r.call(http.MethodGet, "items/policy?Qualifier=prod", "")), &p); err != nil {
		r.t.Fatal(err)
	}
	sid := regexp.MustCompile(`"Sid":"([^"]+)"`).FindStringSubmatch(p.Policy)[1]
	r.call(http.MethodDelete, "items/policy/"+sid+"?Qualifier=prod", "")
	r.call(http.MethodPost, "items/policy?Qualifier=prod", `{"StatementId": "`+sid+`", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com"}`)
}

// withWrongURLPermission adds a statement with the ID of ours that allows something else.
func withWrongURLPermission(r *role) {
	r.call(http.MethodPost, "items/policy?Qualifier=prod", `{"StatementId": "lambda-release-url", "Action": "lambda:GetFunction", "Principal": "*"}`)
}

// withBelongings gives an alias all that it can have.
func withBelongings(alias string) func(*role) {
	return func(r *role) {
		r.SetAlias("items", localaws.Alias{Name: alias, Version: "5"})
		r.callAt(http.MethodPost, "/2021-10-31/functions/items/url?Qualifier="+alias, `{"AuthType": "NONE"}`)
		r.callAt(http.MethodPut, "/2019-09-25/functions/items/event-invoke-config?Qualifier="+alias, `{"MaximumRetryAttempts": 0}`)
		r.callAt(http.MethodPost, "/2015-03-31/functions/items/policy?Qualifier="+alias, `{"StatementId": "x", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}`)
		if err := r.ProvisionConcurrency("items", alias); err != nil {
			r.t.Fatal(err)
		}
	}
}

// withSettings gives the function itself what can be copied.
func withSettings(r *role) {
	r.callAt(http.MethodPut, "/2019-09-25/functions/items/event-invoke-config", `{"MaximumRetryAttempts": 0}`)
	r.callAt(http.MethodPost, "/2015-03-31/functions/items/policy", `{"StatementId": "x", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}`)
}

// admin runs the program on items with all permissions.
func (r *role) admin(args ...string) {
	env := outside(r.t)
	maps.Copy(env, map[string]string{"INPUT_ROLE-TO-ASSUME": "", "INPUT_WEB-IDENTITY-TOKEN-FILE": "", "AWS_ACCESS_KEY_ID": "AKIAOTHER", "AWS_SECRET_ACCESS_KEY": secret})
	r.in(situation{name: "before"}, env, append(args, "--function-name", lambdaARN+"items"))
	r.ResetCalls()
}

// after makes a situation in which other things have happened before.
func (s situation) after(name string, before func(*role)) situation {
	was := s.before
	s.name += ", " + name
	s.before = func(r *role) {
		if was != nil {
			was(r)
		}
		before(r)
	}
	return s
}

// cancelled is s with a job that is cancelled after a call of this operation.
func (s situation) cancelled(operation string, exit int) situation {
	s.name, s.cancel, s.exit = s.name+", cancelled", operation, []int{exit}
	return s
}

// failing is s with a run that fails.
func (s situation) failing() situation {
	s.exit = []int{1}
	return s
}

// undoes makes the run fail after its alias was created, so that it is deleted again.
func undoes(during func(*role, localaws.Call) *localaws.Fault, exit int) situation {
	s := newAlias
	s.name, s.during, s.exit = "undo of a new alias", during, []int{exit}
	return s
}

// fromDev are the situations with an alias dev that has all that can be copied.
func fromDev(situations []situation) []situation {
	var all []situation
	for _, s := range situations {
		all = append(all, s.after("dev has everything", withBelongings("dev")))
	}
	return all
}

// TestPolicyIsEnoughAndNoMore: with the policy that the program prints for its inputs, and
// with the session policy that it makes of it, nothing is denied; and without any action
// in either something would be. Of optional statements, only the former is asked.
func TestPolicyIsEnoughAndNoMore(t *testing.T) {
	if testing.Short() {
		t.Skip("some 600 runs one after the other, whose paths the race detector sees in the scripts")
	}
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "bootstrap"), []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	alarm := func(r *role, c localaws.Call) *localaws.Fault {
		if c.Operation == "DescribeAlarms" && c.Attempt > 1 {
			r.SetAlarm("errors", "ALARM", "too many")
		}
		return nil
	}
	rejected := func(r *role, c localaws.Call) *localaws.Fault {
		if c.Operation == "CreateAlias" {
			r.OnInvoke("smoke", func(localaws.Invocation) localaws.Answer { return localaws.Answer{FunctionError: "Handled"} })
		}
		return nil
	}
	deployed := asUsual.after("a deployment is under way", func(r *role) { r.admin("--codedeploy", "shop/items", "--codedeploy-wait=false") })
	preview := asUsual.after("preview", func(r *role) { r.SetAlias("items", localaws.Alias{Name: "pr-7", Version: "5"}) })
	refused := localaws.Fault{Status: http.StatusBadRequest, Code: "InvalidParameterValueException", Message: "no", Delay: 300 * time.Millisecond} // after the others
	several := []string{"items", "orders"}
	const stage = "prod=" + restStageARN
	large := largeZip(t)
	lostPart := situation{name: "part lost", during: always("UploadPart", "", localaws.Fault{Status: http.StatusBadRequest, Code: "InvalidRequest"}), exit: []int{1}}

	undo := undoes(always("CreateAlias", "orders", refused), 1)
	noneBefore := noVersion.after("nothing before", func(r *role) { r.SetAlias("items", localaws.Alias{Name: "prod", Version: "5"}) })
	lost := situation{name: "no answer", during: once("CreateDeployment", localaws.Fault{DropAfter: true})}
	deploys := []situation{
		newAlias, asUsual.cancelled("BatchGetDeploymentTargets", 1), busy.cancelled("CreateDeployment", 1),
		pending.cancelled("CreateDeployment", 1), lost.cancelled("BatchGetDeploymentTargets", 1),
	}
	releases := []situation{asUsual, newAlias, busy, pending, sick}
	notPublished := absent.failing()
	notPublished.during = always("PublishVersion", "", refused)
	creates := append(slices.Clone(releases), absent, notPublished)
	var restored []situation
	for _, s := range releases {
		restored = append(restored, s.after("its code is a zip", func(r *role) { r.Upload("items", string(aZip())+"\n") }))
	}
	restored = append(restored, restored[0].after("the test fails", failingSmokeTest).failing())
	formerly, err := os.ReadFile(large)
	if err != nil {
		t.Fatal(err)
	}
	wasLarge := asUsual.after("its code is large", func(r *role) { r.Upload("items", string(formerly)) }).after("the test fails", failingSmokeTest).failing()
	wasLargeLost := wasLarge
	wasLargeLost.name, wasLargeLost.during = wasLarge.name+", part lost", lostPart.during
	for name, tt := range map[string]struct {
		args       []string
		functions  []string
		situations []situation
	}{
		"release":                {situations: releases},
		"release, follows":       {args: []string{"--aliases", "main=prod@$LATEST"}, situations: []situation{asUsual, newAlias, contended}},
		"release, dry run":       {args: []string{"--dry-run"}, situations: []situation{asUsual, newAlias}},
		"release of several":     {functions: several, situations: append(releases, undo)},
		"code":                   {args: []string{"--code", folder}, situations: releases},
		"code of several":        {args: []string{"--code", "items=" + folder + "\norders=" + folder}, functions: several, situations: append(releases, undo)},
		"code, dry run":          {args: []string{"--code", folder, "--dry-run"}, situations: []situation{asUsual}},
		"code in S3":             {args: []string{"--code", "s3://shop-artifacts/items.zip"}, situations: releases},
		"a version in S3":        {args: []string{"--code", "s3://shop-artifacts/items.zip#1"}, situations: releases},
		"code in S3, dry run":    {args: []string{"--code", "s3://shop-artifacts/items.zip", "--dry-run"}, situations: []situation{asUsual}},
		"large":                  {args: []string{"--code", large, "--s3-bucket", "shop-stage"}, situations: []situation{asUsual, newAlias, pending, lostPart}},
		"large, versions":        {args: []string{"--code", large, "--s3-bucket", "shop-artifacts"}, situations: []situation{newAlias, pending, lostPart}},
		"large, dry run":         {args: []string{"--code", large, "--s3-bucket", "shop-stage", "--dry-run"}, situations: []situation{asUsual}},
		"configuration":          {args: []string{"--configuration", "testdata/function.json"}, situations: releases},
		"all of a configuration": {args: []string{"--configuration", "testdata/configuration.json"}, situations: releases},
		"configuration and code": {args: []string{"--configuration", "testdata/function.json", "--code", folder}, situations: releases},
		"code in S3, restored": {
			args:       []string{"--code", "s3://shop-artifacts/items.zip", "--s3-bucket", "shop-stage", "--restore-latest", "--smoke-test", "{}"},
			situations: append(releases, wasLarge, wasLargeLost),
		},
		"configuration, restored": {args: []string{"--configuration", "testdata/memory.yml", "--code", folder, "--smoke-test", "{}", "--restore-latest"}, situations: restored},
		"configuration, follows":  {args: []string{"--configuration", "testdata/function.json", "--aliases", "main=prod@$LATEST"}, situations: []situation{asUsual, newAlias, contended}},
		"configuration, dry run":  {args: []string{"--configuration", "testdata/configuration.json", "--dry-run"}, situations: []situation{asUsual}},
		"create":                  {args: []string{"--create", "--configuration", "testdata/function.json", "--code", folder}, situations: append(creates, absent.cancelled("PublishVersion", 1))},
		"create, code in S3":      {args: []string{"--create", "--configuration", "testdata/function.json", "--code", "s3://shop-artifacts/items.zip"}, situations: creates},
		"create, dry run":         {args: []string{"--create", "--configuration", "testdata/function.json", "--code", folder, "--dry-run"}, situations: []situation{asUsual, absent}},
		"release file":            {functions: several, args: []string{"--file", "testdata/release.yml"}, situations: append(releases, undo, undoes(always("CreateAlias", "items", refused), 1))},
		"release file, dry run":   {functions: several, args: []string{"--file", "testdata/release.yml", "--dry-run"}, situations: []situation{asUsual}},
		"smoke test":              {args: []string{"--smoke-test", "{}"}, situations: releases},
		"smoke test of one":       {functions: several, args: []string{"--smoke-test", "items={}"}, situations: append(releases, undo, undoes(always("CreateAlias", "items", refused), 1))},
		"hooks":                   {args: []string{"--pre-traffic-hook", "check:live", "--post-traffic-hook", "smoke"}, situations: append(releases, undoes(rejected, 1))},
		"hook before":             {args: []string{"--pre-traffic-hook", lambdaARN + "smoke"}, situations: releases},
		"hooks of several":        {functions: several, args: []string{"--post-traffic-hook", "items=smoke\norders=check:live"}, situations: append(releases, undo)},
		"hooks, dry run":          {args: []string{"--pre-traffic-hook", "check:live", "--post-traffic-hook", "smoke", "--dry-run"}, situations: []situation{asUsual}},
		"hook, CodeDeploy":        {args: []string{"--codedeploy", "shop/items", "--pre-traffic-hook", "smoke"}, situations: deploys},
		"strategy":                {args: []string{"--strategy", "Canary10Percent1Second"}, situations: releases},
		"alarms":                  {args: []string{"--bake-time", "1s", "--alarms", "errors"}, situations: append(releases, undoes(alarm, 1))},
		"alarms, dry run":         {args: []string{"--bake-time", "1s", "--alarms", "errors", "--dry-run"}, situations: []situation{asUsual}},
		"limit": {args: []string{"--bake-time", "2m", "--analysis", "errors < 1%"}, situations: []situation{
			asUsual.cancelled("UpdateAlias", 1), busy.cancelled("UpdateAlias", 1), pending.cancelled("UpdateAlias", 1), undoes(nil, 1).cancelled("CreateAlias", 1),
		}},
		"comparison": {args: []string{"--strategy", "Canary10Percent5Minutes", "--analysis", "errors"}, situations: []situation{
			asUsual.cancelled("UpdateAlias", 1), busy.cancelled("UpdateAlias", 1), pending.cancelled("UpdateAlias", 1), newAlias,
		}},
		"comparison by default": {args: []string{"--strategy", "Canary10Percent5Minutes"}, situations: []situation{
			asUsual.cancelled("UpdateAlias", 1), busy.cancelled("UpdateAlias", 1), pending.cancelled("UpdateAlias", 1), newAlias,
		}},
		"comparison, dry run":     {args: []string{"--strategy", "Canary10Percent5Minutes", "--dry-run"}, situations: []situation{asUsual}},
		"provisioned concurrency": {args: []string{"--wait-for-provisioned-concurrency"}, situations: append(releases, undoes(always("GetProvisionedConcurrencyConfig", "", refused), 1))},
		"stages":                  {args: []string{"--api-gateway-stages", stage}, situations: append(releases, asUsual.after("wrong permission", withWrongPermission))},
		"public URL":              {args: []string{"--function-url", "public"}, situations: append(releases, asUsual.after("wrong permission", withWrongURLPermission))},
		"public URL, dry run":     {args: []string{"--function-url", "public", "--dry-run"}, situations: []situation{asUsual}},
		"tags, and a URL with CORS": {
			args: []string{"--file", "testdata/cors.yml"},
			situations: append(creates, asUsual.after("it has a URL", func(r *role) {
				r.callAt(http.MethodPost, "/2021-10-31/functions/items/url?Qualifier=prod", `{"AuthType": "AWS_IAM"}`)
			})),
		},
		"URL":                        {args: []string{"--function-url", "iam"}, situations: releases},
		"copied settings":            {args: []string{"--copy-settings-from", "dev"}, situations: append(fromDev(releases), noVersion)},
		"copied settings, dry run":   {args: []string{"--copy-settings-from", "dev", "--dry-run"}, situations: append(fromDev([]situation{asUsual}), noVersion)},
		"settings of the function":   {args: []string{"--copy-settings-from", "function"}, situations: []situation{asUsual.after("it has settings", withSettings), newAlias.after("it has settings", withSettings), busy, pending, sick}},
		"stages, dry run":            {args: []string{"--api-gateway-stages", stage, "--dry-run"}, situations: []situation{asUsual}},
		"CodeDeploy":                 {args: []string{"--codedeploy", "shop/items"}, situations: deploys},
		"CodeDeploy with a strategy": {args: []string{"--codedeploy", "shop/items", "--strategy", "Canary10Percent10Minutes"}, situations: deploys},
		"CodeDeploy, dry run":        {args: []string{"--codedeploy", "shop/items", "--dry-run"}, situations: []situation{asUsual, deployed.failing()}},
		"keep-versions":              {args: []string{"--keep-versions", "3"}, situations: append(releases, lostDelete)},
		"keep-versions, dry run":     {args: []string{"--keep-versions", "3", "--dry-run"}, situations: []situation{asUsual}},
		"promote":                    {args: []string{"--operation", "promote", "--version", "4"}, situations: []situation{asUsual, newAlias, noVersion.after("none", without4)}},
		"promote an alias":           {args: []string{"--operation", "promote", "--version", "dev"}, situations: []situation{asUsual.after("dev", withDev), newAlias.after("dev", withDev)}},
		"promote a commit": {args: []string{"--operation", "promote", "--version", "commit:1a2b3c4"}, situations: []situation{
			asUsual.after("commit", withCommit), newAlias.after("commit", withCommit), noVersion,
		}},
		"rollback to a commit": {args: []string{"--operation", "rollback", "--version", "commit:1a2b3c4"}, situations: []situation{
			asUsual.after("commit", withCommit), contended.after("commit", withCommit), noVersion,
		}},
		"prune, durable":   {args: []string{"--operation", "prune", "--keep-days", "1"}, situations: []situation{asUsual, lostDelete, asUsual.after("durable", withDurable)}},
		"promote, dry run": {args: []string{"--operation", "promote", "--version", "4", "--dry-run"}, situations: []situation{asUsual, noVersion.after("none", without4)}},
		"promote several": {args: []string{"--operation", "promote", "--version", "4"}, functions: several, situations: []situation{
			asUsual, undo, noVersion.after("none", without4),
		}},
		"rollback":                 {args: []string{"--operation", "rollback"}, situations: []situation{asUsual, contended, noneBefore}},
		"rollback, dry run":        {args: []string{"--operation", "rollback", "--dry-run"}, situations: []situation{asUsual, noneBefore}},
		"rollback, provisioned":    {args: []string{"--operation", "rollback", "--wait-for-provisioned-concurrency"}, situations: []situation{asUsual, noneBefore}},
		"rollback of a deployment": {args: []string{"--operation", "rollback", "--codedeploy", "shop/items"}, situations: []situation{deployed, noneBefore}},
		"rollback of any":          {args: []string{"--operation", "rollback"}, situations: []situation{deployed, noneBefore}},
		"prune":                    {args: []string{"--operation", "prune", "--keep-versions", "3"}, situations: []situation{asUsual, lostDelete}},
		"prune, dry run":           {args: []string{"--operation", "prune", "--keep-versions", "3", "--dry-run"}, situations: []situation{asUsual}},
		"status":                   {args: []string{"--operation", "status", "--keep-versions", "3"}, situations: []situation{asUsual}},
		"status of a deployment":   {args: []string{"--operation", "status"}, situations: []situation{deployed}},
		"status of several":        {args: []string{"--operation", "status"}, functions: several, situations: []situation{asUsual}},
		"lock":                     {args: []string{"--operation", "lock"}, situations: []situation{asUsual, contended, deployed.failing()}},
		"lock during a deployment": {args: []string{"--operation", "lock", "--codedeploy", "shop/items"}, situations: []situation{contended, deployed.failing()}},
		"lock, dry run":            {args: []string{"--operation", "lock", "--dry-run"}, situations: []situation{asUsual}},
		"unlock":                   {args: []string{"--operation", "unlock"}, situations: []situation{contended.after("locked", locked)}},
		"delete-alias":             {args: []string{"--operation", "delete-alias", "--ref", "refs/pull/7/merge"}, situations: []situation{preview, asUsual, asUsual.after("all that an alias can have", withBelongings("pr-7"))}},
		"delete-alias, dry run":    {args: []string{"--operation", "delete-alias", "--ref", "refs/pull/7/merge", "--dry-run"}, situations: []situation{preview, asUsual}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			functions := tt.functions
			if functions == nil {
				functions = []string{"items"}
			}
			args := slices.Clone(tt.args)
			for _, fn := range functions {
				args = append(args, "--function-name", lambdaARN+fn)
			}
			document, _ := printed(t, outside(t), append(args, "--print-policy")...)
			statements := statementsOf(t, document)
			env := outside(t)
			env["INPUT_LEAST-PRIVILEGE-SESSION"] = "true"
			used := noNeeds()
			var session []allowing
			for _, s := range tt.situations {
				r := begin(t, statements, used, functions...)
				r.in(s, env, args)
				session = r.sessionPolicy()
			}
			if more := unused(statements, used.ofRole); more != nil {
				t.Errorf("the policy has without need: %q", more)
			}
			optional := map[string]bool{"codedeploy:GetDeployment": true} // of a deployment that a history names
			for _, s := range statements {
				for _, action := range s.Action {
					optional[action] = optional[action] || strings.HasPrefix(s.Sid, "Optional")
				}
			}
			if more := slices.DeleteFunc(unused(session, used.ofSession), func(action string) bool { return optional[action] }); len(more) > 0 {
				t.Errorf("the session policy has without need: %q", more)
			}
			for arn, action := range map[string]string{lambdaARN + "items": "lambda:DeleteFunction", lambdaARN + "others": "lambda:GetFunction", lambdaARN + "others:prod": "lambda:UpdateAlias", roleARN: "iam:PassRole"} {
				if allowedBy(t, session).Allows(action, arn) && !allowedBy(t, statements).Allows(action, arn) {
					t.Errorf("the session policy allows %s on %s, and the role's does not", action, arn)
				}
			}
		})
	}
}

// TestPolicyOfGlobs: the policy for a glob is enough for the functions that it matches.
func TestPolicyOfGlobs(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"status", "prune"} {
		args := []string{"--operation", operation, "--keep-versions", "3", "--function-name", "item[st],ord*"}
		document, _ := printed(t, outside(t), append(args, "--print-policy")...)
		begin(t, statementsOf(t, document), noNeeds(), "items", "orders").in(asUsual, outside(t), args)
	}
}

// TestOneRunShowsEverything: a role without any policy needs one red run. With the
// policy that this run shows, nothing is denied to the next one.
func TestOneRunShowsEverything(t *testing.T) {
	t.Parallel()
	six := []string{"items", "orders", "carts", "users", "prices", "stocks"}
	for name, tt := range map[string]struct {
		args      []string
		functions []string
		exit      int // of the run without a policy
	}{
		"release of six":  {nil, six, 1},
		"promote of six":  {[]string{"--operation", "promote", "--version", "4"}, six, 1},
		"rollback of six": {[]string{"--operation", "rollback"}, six, 1},
		"prune of six":    {[]string{"--operation", "prune", "--keep-versions", "3"}, six, 1},
		"status of six":   {[]string{"--operation", "status"}, six, 1},
		"all of one": {[]string{
			"--smoke-test", "{}", "--pre-traffic-hook", "smoke", "--post-traffic-hook", "check:live", "--bake-time", "1s", "--alarms", "errors", "--keep-versions", "3", "--wait-for-provisioned-concurrency",
			"--api-gateway-stages", "prod=" + restStageARN, "--code", "s3://shop-artifacts/items.zip",
		}, six[:1], 2}, // the alarms are read before anything else
		"dry run": {[]string{"--dry-run"}, six[:2], 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, summary := onGitHub(t)
			args := tt.args
			for _, fn := range tt.functions {
				args = append(args, "--function-name", fn)
			}
			r := begin(t, nil, noNeeds(), tt.functions...)
			r.expectDenials = true
			r.in(situation{name: "no policy", exit: []int{tt.exit}}, env, args)
			if len(r.denied) == 0 {
				t.Fatal("nothing was denied")
			}
			begin(t, r.shown(summary), noNeeds(), tt.functions...).in(asUsual, env, args)
		})
	}
}

// TestEachDenialIsShown: a role that may do all but one thing. The run shows the whole
// policy once, with what was denied marked, also if it has not failed.
func TestEachDenialIsShown(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args      []string
		functions []string
		s         situation
		exits     map[string]int // by action, where it is not 1; -1: it is not called
	}{
		{
			[]string{
				"--code", "s3://shop-artifacts/items.zip", "--smoke-test", `[{"payload": {}}, {"payload": []}]`, "--pre-traffic-hook", "smoke", "--post-traffic-hook", "check:live",
				"--strategy", "Canary10Percent1Second", "--alarms", "errors", "--wait-for-provisioned-concurrency", "--copy-settings-from", "function", "--function-url", "public",
				"--api-gateway-stages", "prod=" + restStageARN, "--keep-versions", "3",
			},
			[]string{"items"}, asUsual.after("it has settings", withSettings),
			map[string]int{
				"cloudwatch:DescribeAlarms": 2, "lambda:InvokeFunction": 2, // before anything else
				"lambda:PutFunctionEventInvokeConfig": 3, "lambda:AddPermission": 3, "lambda:CreateFunctionUrlConfig": 3, "apigateway:GET": 3, "apigateway:PATCH": 3, // after the move
				"lambda:ListAliases": 0, "lambda:ListVersionsByFunction": 0, "lambda:ListProvisionedConcurrencyConfigs": 0, "lambda:ListEventSourceMappings": 0, "lambda:DeleteFunction": 0, // the prune
				"lambda:ListDurableExecutionsByFunction": -1, "lambda:CreateAlias": -1, "lambda:DeleteAlias": -1, "lambda:RemovePermission": -1, "lambda:ListFunctionUrlConfigs": -1,
			},
		},
		{
			[]string{"--operation", "rollback"},
			[]string{"items", "orders"}, asUsual,
			map[string]int{
				"lambda:GetAlias":               0, // only the last look is missing
				"lambda:ListVersionsByFunction": -1, "codedeploy:GetDeployment": -1, "codedeploy:StopDeployment": -1, "codedeploy:ListDeploymentTargets": -1, "codedeploy:BatchGetDeploymentTargets": -1,
			},
		},
		{
			[]string{"--operation", "promote", "--version", "4", "--post-traffic-hook", "check:live"},
			[]string{"items", "orders"}, asUsual,
			map[string]int{
				"lambda:InvokeFunction": 2, "lambda:GetAlias": 3,
				"lambda:ListVersionsByFunction": -1, "lambda:CreateAlias": -1, "lambda:DeleteAlias": -1,
			},
		},
	} {
		args := slices.Clone(tt.args)
		for _, fn := range tt.functions {
			args = append(args, "--function-name", fn)
		}
		env, _ := onGitHub(t)
		document, _ := printed(t, env, append(slices.Clone(args), "--print-policy")...)
		actions := map[string]bool{}
		for _, s := range statementsOf(t, document) {
			for _, action := range s.Action {
				actions[action] = !strings.HasPrefix(s.Sid, "OptionalNewAlias")
			}
		}
		for action, asked := range actions {
			if !asked {
				continue
			}
			t.Run(fmt.Sprint(tt.args[:2], " without ", action), func(t *testing.T) {
				t.Parallel()
				var all []allowing
				for _, s := range statementsOf(t, document) {
					s.Action = slices.DeleteFunc(s.Action, func(a string) bool { return a == action })
					all = append(all, s)
				}
				exit, given := tt.exits[action]
				if !given {
					exit = 1
				}
				env, summary := onGitHub(t)
				r := begin(t, all, noNeeds(), tt.functions...)
				r.expectDenials = true
				s := tt.s
				s.exit = []int{max(exit, 0)}
				r.in(s, env, args)
				switch called := len(r.denied) > 0; {
				case called != (exit >= 0):
					t.Errorf("denied: %q", r.denied)
				case called:
					r.shown(summary)
				}
			})
		}
	}
}

// sessionPolicy is the session policy of the last session.
func (r *role) sessionPolicy() []allowing {
	r.t.Helper()
	for _, c := range slices.Backward(r.Calls()) {
		if c.Operation == "AssumeRoleWithWebIdentity" {
			form, err := url.ParseQuery(string(c.Body))
			if err != nil {
				r.t.Fatal(err)
			}
			return statementsOf(r.t, []byte(form.Get("Policy")))
		}
	}
	r.t.Fatal("no role was assumed")
	return nil
}

// onGitHub is the environment of a run there, and the file of its summary.
func onGitHub(t *testing.T) (env map[string]string, summary string) {
	t.Helper()
	env = outside(t)
	delete(env, "INPUT_ALIASES")
	folder := t.TempDir()
	summary = filepath.Join(folder, "summary")
	output := filepath.Join(folder, "output")
	for _, file := range []string{summary, output} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	maps.Copy(env, map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": summary, "GITHUB_OUTPUT": output, "GITHUB_SERVER_URL": "https://github.com",
		"GITHUB_EVENT_NAME": "push", "GITHUB_REF": "refs/heads/main", "GITHUB_RUN_ID": "4711", "GITHUB_RUN_ATTEMPT": "1",
	})
	return env, summary
}

// shown is the policy in a summary. There is one, in which all that was denied is marked.
func (r *role) shown(summary string) []allowing {
	r.t.Helper()
	text, err := os.ReadFile(summary)
	if err != nil {
		r.t.Fatal(err)
	}
	blocks := strings.Split(string(text), "```json\n")
	if len(blocks) != 2 {
		r.t.Fatalf("not one policy:\n%s", text)
	}
	policy, _, _ := strings.Cut(blocks[1], "\n```")
	statements := statementsOf(r.t, []byte(policy))
	var marked []allowing
	for _, s := range statements {
		if strings.HasPrefix(s.Sid, "Missing") {
			s.Condition = nil
			marked = append(marked, s)
		}
	}
	for _, call := range r.denied {
		if action, arn, _ := strings.Cut(call, " on "); !allowedBy(r.t, marked).Allows(action, arn) {
			r.t.Errorf("%s was denied, and is not marked:\n%s", call, policy)
		}
	}
	return statements
}

// TestIAMPage: the policies in docs/iam.md are those that the commands before them
// print. -update writes them anew.
func TestIAMPage(t *testing.T) {
	t.Parallel()
	const page = "../../docs/iam.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{
		"AWS_REGION": "eu-central-1", "INPUT_ROLE-TO-ASSUME": "arn:aws:iam::123456789012:role/release-items",
		"GITHUB_REPOSITORY": "shop/items", "GITHUB_REPOSITORY_OWNER_ID": "1234567", "GITHUB_REPOSITORY_ID": "7654321",
	}
	n := 0
	got := regexp.MustCompile("(?s)```sh\nlambda-release ([^\n>]+)\n```\n\n```json\n.*?```\n").ReplaceAllStringFunc(string(text), func(block string) string {
		n++
		_, rest, _ := strings.Cut(block, "```sh\nlambda-release ")
		command, _, _ := strings.Cut(rest, "\n")
		document, _ := printed(t, env, strings.Fields(strings.Replace(command, " function.json", " testdata/function.json", 1))...)
		return "```sh\nlambda-release " + command + "\n```\n\n```json\n" + string(document) + "```\n"
	})
	if n < 10 {
		t.Errorf("%d policies", n)
	}
	if got == string(text) {
		return
	}
	if !*update {
		t.Errorf("docs/iam.md differs from what the program prints; -update writes it anew (-want +got):\n%s", cmp.Diff(got, string(text)))
		return
	}
	if err := os.WriteFile(page, []byte(got), 0o600); err != nil {
		t.Fatal(err)
	}
}
