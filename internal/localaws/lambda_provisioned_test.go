package localaws_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/google/go-cmp/cmp"
)

func putProvisioned(t *testing.T, api *lambda.Client, qualifier string, n int32) (*lambda.PutProvisionedConcurrencyConfigOutput, error) {
	t.Helper()
	return api.PutProvisionedConcurrencyConfig(t.Context(), &lambda.PutProvisionedConcurrencyConfigInput{FunctionName: aws.String("fn"), Qualifier: &qualifier, ProvisionedConcurrentExecutions: &n})
}

func getProvisioned(t *testing.T, api *lambda.Client, qualifier string) (*lambda.GetProvisionedConcurrencyConfigOutput, error) {
	t.Helper()
	return api.GetProvisionedConcurrencyConfig(t.Context(), &lambda.GetProvisionedConcurrencyConfigInput{FunctionName: aws.String("fn"), Qualifier: &qualifier})
}

func TestProvisionedConcurrency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		c, api := withFunction(t, localaws.Options{Settle: time.Minute})
		publish(c, 2)
		c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
		// status formats the status and the available concurrency of prod.
		status := func() string {
			t.Helper()
			got := must(getProvisioned(t, api, "prod"))(t)
			return fmt.Sprint(got.Status, " ", *got.AvailableProvisionedConcurrentExecutions, "/", *got.RequestedProvisionedConcurrentExecutions, " ", aws.ToString(got.StatusReason))
		}

		_, err := getProvisioned(t, api, "prod")
		wantError(t, err, 404, "ProvisionedConcurrencyConfigNotFoundException", "No Provisioned Concurrency Config found for this function")
		made := must(putProvisioned(t, api, "prod", 5))(t)
		equal(t, "made", fmt.Sprint(made.Status, *made.RequestedProvisionedConcurrentExecutions, *made.LastModified), "IN_PROGRESS52026-11-23T10:00:00.000+0000")
		equal(t, "at first", status(), "IN_PROGRESS 0/5 ")
		time.Sleep(time.Minute)
		equal(t, "later", status(), "READY 5/5 ")

		// It moves with the alias.
		must(updateAlias(t, api, "prod", to("2")))(t)
		equal(t, "after a move", status(), "IN_PROGRESS 0/5 ")
		time.Sleep(time.Minute)
		equal(t, "after it settled", status(), "READY 5/5 ")
		must(updateAlias(t, api, "prod"))(t)
		equal(t, "after an update that is no move", status(), "READY 5/5 ")

		c.FailProvisioning("fn", "prod", "FUNCTION_ERROR_INIT_FAILURE")
		must(updateAlias(t, api, "prod", to("1")))(t)
		equal(t, "before it fails", status(), "IN_PROGRESS 0/5 ")
		time.Sleep(time.Minute)
		equal(t, "when it failed", status(), "FAILED 0/5 FUNCTION_ERROR_INIT_FAILURE")
		c.FailProvisioning("fn", "prod", "")
		equal(t, "when it no longer does", status(), "READY 5/5 ")

		must(putProvisioned(t, api, "2", 1))(t)
		list := must(api.ListProvisionedConcurrencyConfigs(t.Context(), &lambda.ListProvisionedConcurrencyConfigsInput{FunctionName: aws.String("fn")}))(t)
		var listed []string
		for _, p := range list.ProvisionedConcurrencyConfigs {
			listed = append(listed, fmt.Sprint(*p.FunctionArn, " ", p.Status))
		}
		if diff := cmp.Diff([]string{arn + ":2 IN_PROGRESS", arn + ":prod READY"}, listed); diff != "" {
			t.Error(diff)
		}

		for range 2 {
			must(api.DeleteProvisionedConcurrencyConfig(t.Context(), &lambda.DeleteProvisionedConcurrencyConfigInput{FunctionName: aws.String("fn"), Qualifier: aws.String("prod")}))(t)
		}
		_, err = getProvisioned(t, api, "prod")
		wantError(t, err, 404, "ProvisionedConcurrencyConfigNotFoundException", "No Provisioned Concurrency Config found for this function")
		call := c.Calls()[len(c.Calls())-1]
		equal(t, "record", call.Operation+" "+call.Function+" "+call.Qualifier, "GetProvisionedConcurrencyConfig fn prod")
	})
}

func TestProvisionedConcurrencyRefused(t *testing.T) {
	t.Parallel()
	c, api := withVersions(t, 2)
	c.SetAlias("fn", localaws.Alias{Name: "weighted", Version: "1", Weights: map[string]float64{"2": 0.1}})
	c.SetAlias("fn", localaws.Alias{Name: "edge", Version: "$LATEST"})
	c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
	c.SetAlias("fn", localaws.Alias{Name: "dev", Version: "2"})
	must(putProvisioned(t, api, "prod", 1))(t)
	must(putProvisioned(t, api, "2", 1))(t)
	for _, tt := range []struct {
		qualifier     string
		n             int32
		status        int
		code, message string
	}{
		{"weighted", 1, 400, "InvalidParameterValueException", "Alias with weights can not be used with Provisioned Concurrency"}, // A12
		{"edge", 1, 400, "InvalidParameterValueException", "Provisioned Concurrency Configs cannot be applied to unpublished function versions."},
		{"$LATEST", 1, 400, "InvalidParameterValueException", "Provisioned Concurrency Configs cannot be applied to unpublished function versions."},
		{"1", 1, 409, "ResourceConflictException", "Version is pointed by a Provisioned Concurrency alias"},
		{"dev", 1, 409, "ResourceConflictException", "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"},
		{"9", 1, 404, "ResourceNotFoundException", "Function not found: " + arn + ":9"},
		{"none", 1, 404, "ResourceNotFoundException", "Cannot find alias arn: " + arn + ":none"},
		{"prod", 0, 400, "ValidationException", "1 validation error detected: Value '0' at 'provisionedConcurrentExecutions' failed to satisfy constraint: Member must have value greater than or equal to 1"},
	} {
		_, err := putProvisioned(t, api, tt.qualifier, tt.n)
		wantError(t, err, tt.status, tt.code, tt.message)
	}
	_, err := getProvisioned(t, api, "$LATEST")
	wantError(t, err, 400, "InvalidParameterValueException", "The function resource provided must be an alias or a published version.")
}

// A12a over HTTP: the weights that AWS shows while it moves such an alias.
func TestA12aAfterPut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		c, api := withFunction(t, localaws.Options{Settle: time.Second})
		publish(c, 2)
		c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
		must(putProvisioned(t, api, "prod", 1))(t)
		must(updateAlias(t, api, "prod", to("2")))(t)
		moving := must(getAlias(t, api, "prod"))(t)
		if moving.RoutingConfig == nil || !cmp.Equal(moving.RoutingConfig.AdditionalVersionWeights, map[string]float64{"1": 1}) {
			t.Errorf("weights while AWS moves the traffic are %v, want 1: 1", moving.RoutingConfig)
		}
		time.Sleep(time.Second)
		if moved := must(getAlias(t, api, "prod"))(t); moved.RoutingConfig != nil {
			t.Errorf("weights afterwards are %v, want none", moved.RoutingConfig)
		}
	})
}
