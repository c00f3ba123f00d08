package awsapi_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"lambda-release/internal/awsapi"
	"lambda-release/internal/localaws"
)

var (
	restStage = awsapi.Stage{
		ARN: "arn:aws:apigateway:eu-central-1::/restapis/r1/stages/prod", Partition: "aws", Region: "eu-central-1", APIID: "r1", Name: "prod",
	}
	httpStage = awsapi.Stage{
		ARN: "arn:aws:apigateway:eu-central-1::/apis/h1/stages/$default", Partition: "aws", Region: "eu-central-1", APIID: "h1", Name: "$default", HTTP: true,
	}
)

func withStages(t *testing.T) *cloud {
	t.Helper()
	w := newCloud(t, localaws.Options{})
	w.AddRestStage("r1", "prod", map[string]string{"table": "orders"})
	w.AddHTTPStage("h1", "$default", map[string]string{"table": "orders"})
	return w
}

// One variable is set, new or not, and the others stay; also with a session
// for another region.
func TestStageVariables(t *testing.T) {
	t.Parallel()
	for _, s := range []awsapi.Stage{restStage, httpStage} {
		for _, region := range []string{"eu-central-1", "us-east-1"} {
			t.Run(s.String()+" from "+region, func(t *testing.T) {
				t.Parallel()
				w := withStages(t)
				client := w.open(t, func(o *awsapi.Options) { o.Region = region })
				want := map[string]string{"table": "orders"}
				for _, value := range []string{"", "dev", "prod"} {
					if value != "" {
						if err := client.SetStageVariable(t.Context(), s, "lambdaAlias", value); err != nil {
							t.Fatal(err)
						}
						want["lambdaAlias"] = value
					}
					got, err := client.StageVariables(t.Context(), s)
					if err != nil || !maps.Equal(got, want) {
						t.Errorf("%v, %v; want %v", got, err, want)
					}
				}
			})
		}
	}
}

// An HTTP API is sent the one variable only: what others set meanwhile stays.
func TestSetStageVariableSendsOne(t *testing.T) {
	t.Parallel()
	w := withStages(t)
	client := w.open(t)
	for s, want := range map[awsapi.Stage]string{
		restStage: `{"patchOperations":[{"op":"replace","path":"/variables/lambdaAlias","value":"prod"}]}`,
		httpStage: `{"stageVariables":{"lambdaAlias":"prod"}}`,
	} {
		w.ResetCalls()
		if err := client.SetStageVariable(t.Context(), s, "lambdaAlias", "prod"); err != nil {
			t.Error(err)
		}
		if got := w.bodies("UpdateStage"); got != want {
			t.Errorf("sent %s, want %s", got, want)
		}
	}
}

// Each API has an endpoint of its own in the environment.
func TestStageEndpoints(t *testing.T) {
	t.Parallel()
	w := withStages(t)
	env := environment("http://elsewhere")
	env["AWS_ENDPOINT_URL_API_GATEWAY"], env["AWS_ENDPOINT_URL_APIGATEWAYV2"] = local, local
	client := w.open(t, func(o *awsapi.Options) { o.Getenv = getenv(env) })
	for _, s := range []awsapi.Stage{restStage, httpStage} {
		if _, err := client.StageVariables(t.Context(), s); err != nil {
			t.Error(err)
		}
	}
}

func TestStageErrors(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault localaws.Fault
		kind  awsapi.Kind
		calls int
		hint  string
	}{
		"denied":     {refused, awsapi.Denied, 1, ""},
		"not found":  {refusal(http.StatusNotFound, "NotFoundException", "Invalid stage identifier specified"), awsapi.NotFound, 1, "in region eu-west-3"},
		"bad":        {refusal(http.StatusBadRequest, "BadRequestException", "no"), awsapi.Invalid, 1, "manages itself"},
		"contention": {refusal(http.StatusConflict, "ConflictException", "Unable to complete operation due to concurrent modification. Please try again later."), awsapi.Conflict, 5, "Something else is changing the API"},
		"broken":     {broken, awsapi.Server, 5, "an error on AWS's side"},
	} {
		for _, s := range []awsapi.Stage{restStage, httpStage} {
			s.Region, s.ARN = "eu-west-3", strings.Replace(s.ARN, "eu-central-1", "eu-west-3", 1)
			t.Run(name+" "+s.String(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					w := withStages(t)
					w.spoil("", always, tt.fault)
					client := w.open(t)
					err := client.SetStageVariable(t.Context(), s, "x", "y")
					isKind(t, err, tt.kind)
					says(t, err.Error(), "UpdateStage "+s.ARN)
					says(t, hintOf(t, err), tt.hint)
					if tt.kind == awsapi.Denied && denialOf(t, err) != (awsapi.Denial{Action: "apigateway:PATCH", Resource: s.ARN}) {
						t.Errorf("%+v", denialOf(t, err))
					}
					if w.count("UpdateStage") != tt.calls {
						t.Errorf("%d calls", w.count("UpdateStage"))
					}
					if tt.calls == 1 { // the others take their time
						_, err = client.StageVariables(t.Context(), s)
						isKind(t, err, tt.kind)
					}
				})
			})
		}
	}
}

// What API Gateway throttles is tried again, and slows nothing else down.
func TestStageThrottled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := withStages(t)
		w.spoil("GetStage", 2, throttled)
		if _, err := w.open(t).StageVariables(t.Context(), restStage); err != nil || w.count("GetStage") != 3 {
			t.Errorf("%v, %d calls", err, w.count("GetStage"))
		}
	})
}

var gatewayPermission = awsapi.Permission{
	ID: "x", Service: "apigateway.amazonaws.com", Action: "lambda:InvokeFunction", SourceARN: "arn:aws:execute-api:eu-central-1:123456789012:r1/prod/*/*",
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	w := newCloud(t, localaws.Options{})
	w.Publish(items.Name, "")
	w.SetAlias(items.Name, localaws.Alias{Name: "prod", Version: "1"})
	client := w.open(t)
	policy := func(want ...awsapi.Permission) awsapi.Policy {
		t.Helper()
		got, err := client.Policy(t.Context(), items, "prod")
		if diff := cmp.Diff(want, got.Permissions); diff != "" || err != nil || (got.Revision == "") != (want == nil) {
			t.Errorf("%+v, %v\n%s", got, err, diff)
		}
		return got
	}
	policy()
	if err := client.AddPermission(t.Context(), items, "prod", gatewayPermission); err != nil {
		t.Fatal(err)
	}
	before := policy(gatewayPermission)
	isKind(t, client.AddPermission(t.Context(), items, "prod", gatewayPermission), awsapi.Conflict)
	isKind(t, client.AddPermission(t.Context(), items, "nope", gatewayPermission), awsapi.NotFound)

	anywhere := awsapi.Permission{ID: "any", Service: "apigateway.amazonaws.com", Action: "lambda:InvokeFunction"}
	if err := client.AddPermission(t.Context(), items, "prod", anywhere); err != nil {
		t.Fatal(err)
	}
	now := policy(gatewayPermission, anywhere)
	isKind(t, client.RemovePermission(t.Context(), items, "prod", "x", before.Revision), awsapi.Stale)
	if err := client.RemovePermission(t.Context(), items, "prod", "x", now.Revision); err != nil {
		t.Error(err)
	}
	policy(anywhere)
	isKind(t, client.RemovePermission(t.Context(), items, "prod", "x", ""), awsapi.NotFound)

	// The function's own policy is another one.
	if got, err := client.Policy(t.Context(), items, "nope"); err != nil || got.Permissions != nil {
		t.Errorf("%+v, %v", got, err)
	}
}
