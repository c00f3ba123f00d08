package localaws_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	typesv2 "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/google/go-cmp/cmp"
)

func replace(path, value string) types.PatchOperation {
	return types.PatchOperation{Op: types.OpReplace, Path: &path, Value: &value}
}

func TestRestStage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		c, conf := serve(t, localaws.Options{})
		api := apigateway.NewFromConfig(conf)
		variables := map[string]string{"other": "kept"}
		c.AddRestStage("abc123", "prod", variables)
		variables["other"] = "the caller's own"
		time.Sleep(time.Minute)
		get := func() *apigateway.GetStageOutput {
			t.Helper()
			return must(api.GetStage(t.Context(), &apigateway.GetStageInput{RestApiId: aws.String("abc123"), StageName: aws.String("prod")}))(t)
		}
		update := func(id, stage string, patches ...types.PatchOperation) (*apigateway.UpdateStageOutput, error) {
			t.Helper()
			return api.UpdateStage(t.Context(), &apigateway.UpdateStageInput{RestApiId: &id, StageName: &stage, PatchOperations: patches})
		}
		if diff := cmp.Diff(map[string]string{"other": "kept"}, get().Variables); diff != "" {
			t.Error(diff)
		}
		equal(t, "created", time.Now().Sub(*get().CreatedDate), time.Minute)
		out := must(update("abc123", "prod", replace("/variables/lambdaAlias", "prod"), replace("/description", "text")))(t)
		want := map[string]string{"other": "kept", "lambdaAlias": "prod"}
		for _, got := range []map[string]string{out.Variables, get().Variables, c.StageVariables("abc123", "prod")} {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		}
		equal(t, "stage", fmt.Sprint(*get().Description, get().LastUpdatedDate.Equal(time.Now())), "texttrue")
		must(update("abc123", "prod", types.PatchOperation{Op: types.OpRemove, Path: aws.String("/variables/other")}))(t)
		if diff := cmp.Diff(map[string]string{"lambdaAlias": "prod"}, get().Variables); diff != "" {
			t.Error(diff)
		}

		_, err := update("none", "prod")
		wantError(t, err, 404, "NotFoundException", "Invalid API identifier specified 123456789012:none")
		var typed *types.NotFoundException
		equal(t, "error has its type", errors.As(err, &typed), true)
		_, err = update("abc123", "none")
		wantError(t, err, 404, "NotFoundException", "Invalid stage identifier specified")
		_, err = update("abc123", "prod", replace("/variables/lambdaAlias", "dev"), replace("/tags", "x"))
		wantError(t, err, 400, "BadRequestException", "Invalid patch path  '/tags' specified for op 'replace'. Must be one of: [/deploymentId, /description, /variables/{name}]")
		_, err = update("abc123", "prod", replace("/variables/lambdaAlias", "$LATEST"))
		wantError(t, err, 400, "BadRequestException", "Invalid stage variable value of key lambdaAlias.  Please use values with alphanumeric characters and the symbols ' ', -', '.', '_', ':', '/', '?', '&', '=', and ','.")
		equal(t, "variable after updates that failed", get().Variables["lambdaAlias"], "prod")
		c.OnCall(func(localaws.Call) *localaws.Fault {
			return &localaws.Fault{Status: 429, Code: "TooManyRequestsException", Message: "Too Many Requests"}
		})
		_, err = update("abc123", "prod")
		wantError(t, err, 429, "TooManyRequestsException", "Too Many Requests")
		var many *types.TooManyRequestsException
		equal(t, "error has its type", errors.As(err, &many), true)
	})
}

func TestHTTPStage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		c, conf := serve(t, localaws.Options{})
		api := apigatewayv2.NewFromConfig(conf)
		c.AddHTTPStage("abc123", "$default", map[string]string{"other": "kept"})
		time.Sleep(time.Minute)
		get := func() *apigatewayv2.GetStageOutput {
			t.Helper()
			return must(api.GetStage(t.Context(), &apigatewayv2.GetStageInput{ApiId: aws.String("abc123"), StageName: aws.String("$default")}))(t)
		}
		update := func(id, stage string, variables map[string]string) (*apigatewayv2.UpdateStageOutput, error) {
			t.Helper()
			return api.UpdateStage(t.Context(), &apigatewayv2.UpdateStageInput{ApiId: &id, StageName: &stage, StageVariables: variables})
		}
		// Omitted variables stay, and an empty value removes a variable.
		for _, step := range []struct{ set, want map[string]string }{
			{nil, map[string]string{"other": "kept"}},
			{map[string]string{"lambdaAlias": "prod"}, map[string]string{"other": "kept", "lambdaAlias": "prod"}},
			{map[string]string{"other": ""}, map[string]string{"lambdaAlias": "prod"}},
		} {
			out := must(update("abc123", "$default", step.set))(t)
			for _, got := range []map[string]string{out.StageVariables, get().StageVariables, c.StageVariables("abc123", "$default")} {
				if diff := cmp.Diff(step.want, got); diff != "" {
					t.Error(diff)
				}
			}
		}
		equal(t, "updated", get().LastUpdatedDate.Sub(*get().CreatedDate), time.Minute)
		equal(t, "record", c.Calls()[0].Service+" "+c.Calls()[0].Operation, "apigatewayv2 UpdateStage")

		_, err := update("none", "prod", nil)
		wantError(t, err, 404, "NotFoundException", "Invalid API identifier specified 123456789012:none")
		var typed *typesv2.NotFoundException
		equal(t, "error has its type", errors.As(err, &typed), true)
		_, err = update("abc123", "none", nil)
		wantError(t, err, 404, "NotFoundException", "Invalid stage identifier specified")
		_, err = update("abc123", "$default", map[string]string{"a-b": "x"})
		wantError(t, err, 400, "BadRequestException", "Invalid stage variable name: a-b. Please use variable names with alphanumeric characters and underscores.")
		c.AddRestStage("rest", "prod", nil)
		_, err = update("rest", "prod", nil)
		wantError(t, err, 404, "NotFoundException", "Invalid API identifier specified 123456789012:rest")
	})
}

// APIs can be set up with the aws CLI.
func TestSettingUpStages(t *testing.T) {
	t.Parallel()
	c, conf := serve(t, localaws.Options{})
	rest := apigateway.NewFromConfig(conf)
	id := must(rest.CreateRestApi(t.Context(), &apigateway.CreateRestApiInput{Name: aws.String("shop")}))(t).Id
	equal(t, "name", *must(rest.GetRestApi(t.Context(), &apigateway.GetRestApiInput{RestApiId: id}))(t).Name, "shop")
	deployment := must(rest.CreateDeployment(t.Context(), &apigateway.CreateDeploymentInput{RestApiId: id, StageName: aws.String("dev"), Variables: map[string]string{"a": "1"}}))(t)
	must(rest.CreateStage(t.Context(), &apigateway.CreateStageInput{RestApiId: id, StageName: aws.String("prod"), DeploymentId: deployment.Id, Variables: map[string]string{"a": "2"}}))(t)
	equal(t, "dev", c.StageVariables(*id, "dev")["a"], "1")
	equal(t, "prod", c.StageVariables(*id, "prod")["a"], "2")
	_, err := rest.CreateStage(t.Context(), &apigateway.CreateStageInput{RestApiId: id, StageName: aws.String("prod"), DeploymentId: deployment.Id})
	wantError(t, err, 409, "ConflictException", "Stage already exists")

	http := apigatewayv2.NewFromConfig(conf)
	made := must(http.CreateApi(t.Context(), &apigatewayv2.CreateApiInput{Name: aws.String("shop"), ProtocolType: typesv2.ProtocolTypeHttp}))(t)
	equal(t, "endpoint", *made.ApiEndpoint, "https://"+*made.ApiId+".execute-api.eu-central-1.amazonaws.com")
	equal(t, "name", *must(http.GetApi(t.Context(), &apigatewayv2.GetApiInput{ApiId: made.ApiId}))(t).Name, "shop")
	stage := must(http.CreateStage(t.Context(), &apigatewayv2.CreateStageInput{ApiId: made.ApiId, StageName: aws.String("$default"), AutoDeploy: aws.Bool(true), StageVariables: map[string]string{"a": "3"}}))(t)
	equal(t, "stage", fmt.Sprint(*stage.AutoDeploy, stage.StageVariables["a"]), "true3")
}

func TestGetStages(t *testing.T) {
	t.Parallel()
	c, conf := serve(t, localaws.Options{})
	c.AddRestStage("rest", "prod", map[string]string{"a": "1"})
	c.AddRestStage("rest", "dev", nil)
	c.AddHTTPStage("http", "$default", map[string]string{"a": "2"})
	rest := apigateway.NewFromConfig(conf)
	out := must(rest.GetStages(t.Context(), &apigateway.GetStagesInput{RestApiId: aws.String("rest")}))(t)
	equal(t, "stages", fmt.Sprint(len(out.Item), *out.Item[0].StageName, *out.Item[1].StageName, out.Item[1].Variables), "2devprodmap[a:1]")
	out = must(rest.GetStages(t.Context(), &apigateway.GetStagesInput{RestApiId: aws.String("rest"), DeploymentId: out.Item[1].DeploymentId}))(t)
	equal(t, "stages of the deployment", fmt.Sprint(len(out.Item), *out.Item[0].StageName), "1prod")
	_, err := rest.GetStages(t.Context(), &apigateway.GetStagesInput{RestApiId: aws.String("none")})
	wantError(t, err, 404, "NotFoundException", "Invalid API identifier specified 123456789012:none")
	http := must(apigatewayv2.NewFromConfig(conf).GetStages(t.Context(), &apigatewayv2.GetStagesInput{ApiId: aws.String("http")}))(t)
	equal(t, "stages", fmt.Sprint(len(http.Items), *http.Items[0].StageName, http.Items[0].StageVariables), "1$defaultmap[a:2]")
}

func TestCanaryOfStage(t *testing.T) {
	t.Parallel()
	c, conf := serve(t, localaws.Options{})
	api := apigateway.NewFromConfig(conf)
	id := must(api.CreateRestApi(t.Context(), &apigateway.CreateRestApiInput{Name: aws.String("shop")}))(t).Id
	deploy := func(variables map[string]string, canary *types.DeploymentCanarySettings) *string {
		t.Helper()
		return must(api.CreateDeployment(t.Context(), &apigateway.CreateDeploymentInput{RestApiId: id, StageName: aws.String("prod"), Variables: variables, CanarySettings: canary}))(t).Id
	}
	// check compares the variables, and what the canary overrides.
	check := func(variables, overrides map[string]string, percent float64) *apigateway.GetStageOutput {
		t.Helper()
		s := must(api.GetStage(t.Context(), &apigateway.GetStageInput{RestApiId: id, StageName: aws.String("prod")}))(t)
		if diff := cmp.Diff(variables, s.Variables); diff != "" {
			t.Error(diff)
		}
		if s.CanarySettings == nil {
			equal(t, "has a canary", false, overrides != nil)
			return s
		}
		if diff := cmp.Diff(overrides, s.CanarySettings.StageVariableOverrides); diff != "" {
			t.Error(diff)
		}
		equal(t, "percentTraffic", s.CanarySettings.PercentTraffic, percent)
		return s
	}
	update := func(patches ...types.PatchOperation) error {
		t.Helper()
		_, err := api.UpdateStage(t.Context(), &apigateway.UpdateStageInput{RestApiId: id, StageName: aws.String("prod"), PatchOperations: patches})
		return err
	}
	first := deploy(map[string]string{"a": "1", "b": "1"}, nil)
	wantNone(t, update(replace("/variables/a", "2")))
	second := deploy(nil, nil)
	s := check(map[string]string{"a": "2", "b": "1"}, nil, 0) // it keeps its variables
	equal(t, "deploymentId", *s.DeploymentId, *second)

	third := deploy(nil, &types.DeploymentCanarySettings{PercentTraffic: 50, StageVariableOverrides: map[string]string{"a": "3"}})
	s = check(map[string]string{"a": "2", "b": "1"}, map[string]string{"a": "3"}, 50)
	equal(t, "deployments", *s.DeploymentId+*s.CanarySettings.DeploymentId, *second+*third)
	wantNone(t, update(replace("/canarySettings/stageVariableOverrides/a", "4"), replace("/canarySettings/percentTraffic", "20"), replace("/canarySettings/deploymentId", *first)))
	check(map[string]string{"a": "2", "b": "1"}, map[string]string{"a": "4"}, 20)
	promote := func(from, path string) types.PatchOperation {
		return types.PatchOperation{Op: types.OpCopy, From: &from, Path: &path}
	}
	wantNone(t, update(promote("/canarySettings/stageVariableOverrides", "/variables"), promote("/canarySettings/deploymentId", "/deploymentId"), types.PatchOperation{Op: types.OpRemove, Path: aws.String("/canarySettings")}))
	s = check(map[string]string{"a": "4", "b": "1"}, nil, 0)
	equal(t, "deploymentId", *s.DeploymentId, *first)

	wantError(t, update(promote("/canarySettings/deploymentId", "/deploymentId")), 400, "BadRequestException", "Promotion not available. Canary does not exist.")
	for _, err := range []error{update(replace("/deploymentId", "none")), update(replace("/canarySettings/deploymentId", "none"))} {
		wantError(t, err, 400, "BadRequestException", "Deployment id does not exist")
	}
	_, err := api.CreateStage(t.Context(), &apigateway.CreateStageInput{RestApiId: id, StageName: aws.String("dev"), DeploymentId: aws.String("none")})
	wantError(t, err, 400, "BadRequestException", "Deployment id does not exist")

	c.SetCanary(*id, "prod", map[string]string{"a": "5"})
	check(map[string]string{"a": "4", "b": "1"}, map[string]string{"a": "5"}, 10)
	c.SetCanary(*id, "prod", nil)
	check(map[string]string{"a": "4", "b": "1"}, nil, 0)
}
