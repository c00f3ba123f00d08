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
		equal(t, "after a move", status(), "IN_PROGRESS 5/5 ")
		time.Sleep(time.Minute)
		equal(t, "after it settled", status(), "READY 5/5 ")
		must(updateAlias(t, api, "prod"))(t)
		equal(t, "after an update that is no move", status(), "READY 5/5 ")

		c.FailProvisioning("fn", "prod", "FUNCTION_ERROR_INIT_FAILURE")
		must(updateAlias(t, api, "prod", to("1")))(t)
		equal(t, "before it fails", status(), "IN_PROGRESS 5/5 ")
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

// While provisioned concurrency moves, all traffic goes to the version that the
// alias left. Only reads show that (A12a).
func TestA12aMove(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, api := withFunction(t, localaws.Options{Settle: time.Second, Provisioning: time.Minute})
		publish(c, 3)
		c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
		time.Sleep(time.Second)
		before := getFunction(t, api, "1")
		must(putProvisioned(t, api, "prod", 1))(t)
		differ(t, "RevisionId of version 1", *getFunction(t, api, "1").RevisionId, *before.RevisionId) // V11
		time.Sleep(time.Minute)

		// check compares the weights that reads show, the status, and the version that is invoked.
		check := func(weights map[string]float64, status, executed string) {
			t.Helper()
			var got map[string]float64
			if r := must(getAlias(t, api, "prod"))(t).RoutingConfig; r != nil {
				got = r.AdditionalVersionWeights
			}
			if diff := cmp.Diff(weights, got); diff != "" {
				t.Error("weights:", diff)
			}
			list := must(api.ListAliases(t.Context(), &lambda.ListAliasesInput{FunctionName: aws.String("fn")}))(t)
			equal(t, "weights in the list", list.Aliases[0].RoutingConfig != nil, weights != nil)
			p := must(getProvisioned(t, api, "prod"))(t)
			equal(t, "status", fmt.Sprint(p.Status, " ", *p.AllocatedProvisionedConcurrentExecutions, *p.AvailableProvisionedConcurrentExecutions, aws.ToString(p.StatusReason)), status)
			for range 2 {
				out := must(api.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fn:prod")}))(t)
				equal(t, "ExecutedVersion", *out.ExecutedVersion, executed)
			}
		}
		move := func(version string) {
			t.Helper()
			out := must(updateAlias(t, api, "prod", to(version)))(t)
			if out.RoutingConfig != nil {
				t.Errorf("UpdateAlias answers %v", out.RoutingConfig)
			}
			equal(t, "FunctionVersion", *out.FunctionVersion, version)
		}
		move("2")
		check(map[string]float64{"1": 1}, "IN_PROGRESS 1 1", "1")
		out := must(updateAlias(t, api, "prod"))(t) // no move
		if out.RoutingConfig != nil {
			t.Errorf("UpdateAlias answers %v", out.RoutingConfig)
		}
		time.Sleep(59 * time.Second)
		check(map[string]float64{"1": 1}, "IN_PROGRESS 1 1", "1")
		time.Sleep(time.Second)
		check(nil, "READY 1 1", "2")

		// A12c: a failure leaves the weights, and the traffic, where they are.
		move("3")
		c.FailProvisioning("fn", "prod", "FUNCTION_ERROR_INIT_FAILURE")
		check(map[string]float64{"2": 1}, "IN_PROGRESS 1 1", "2")
		time.Sleep(time.Hour)
		check(map[string]float64{"2": 1}, "FAILED 0 0FUNCTION_ERROR_INIT_FAILURE", "2")
		move("2")
		time.Sleep(time.Second) // A17
		check(nil, "READY 1 1", "2")
		time.Sleep(time.Hour)
		check(nil, "READY 1 1", "2")

		// Weights that a caller sets are shown instead.
		move("1")
		must(updateAlias(t, api, "prod", weighted(map[string]float64{"3": 0.5})))(t)
		r := must(getAlias(t, api, "prod"))(t).RoutingConfig
		if diff := cmp.Diff(map[string]float64{"3": 0.5}, r.AdditionalVersionWeights); diff != "" {
			t.Error(diff)
		}
	})
}
