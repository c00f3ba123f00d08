package localaws_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func createAlias(t *testing.T, api *lambda.Client, name, version string, opts ...func(*lambda.CreateAliasInput)) (*lambda.CreateAliasOutput, error) {
	t.Helper()
	in := &lambda.CreateAliasInput{FunctionName: aws.String("fn"), Name: &name, FunctionVersion: &version}
	for _, opt := range opts {
		opt(in)
	}
	return api.CreateAlias(t.Context(), in)
}

func updateAlias(t *testing.T, api *lambda.Client, name string, opts ...func(*lambda.UpdateAliasInput)) (*lambda.UpdateAliasOutput, error) {
	t.Helper()
	in := &lambda.UpdateAliasInput{FunctionName: aws.String("fn"), Name: &name}
	for _, opt := range opts {
		opt(in)
	}
	return api.UpdateAlias(t.Context(), in)
}

func to(version string) func(*lambda.UpdateAliasInput) {
	return func(in *lambda.UpdateAliasInput) { in.FunctionVersion = &version }
}

func weighted(weights map[string]float64) func(*lambda.UpdateAliasInput) {
	return func(in *lambda.UpdateAliasInput) {
		in.RoutingConfig = &types.AliasRoutingConfiguration{AdditionalVersionWeights: weights}
	}
}

func getAlias(t *testing.T, api *lambda.Client, name string) (*lambda.GetAliasOutput, error) {
	t.Helper()
	return api.GetAlias(t.Context(), &lambda.GetAliasInput{FunctionName: aws.String("fn"), Name: &name})
}

func TestA1Create(t *testing.T) {
	t.Parallel()
	c, api := withVersions(t, 1)
	for name, version := range map[string]string{"prod": "1", "edge": "$LATEST"} {
		made := must(createAlias(t, api, name, version))(t)
		got := fmt.Sprintf("%s %s %s %q", *made.AliasArn, *made.Name, *made.FunctionVersion, *made.Description)
		equal(t, "alias", got, fmt.Sprintf("%s:%s %s %s %q", arn, name, name, version, ""))
		read := must(getAlias(t, api, name))(t)
		if diff := cmp.Diff(*made, lambda.CreateAliasOutput(*read), cmpopts.IgnoreFields(lambda.CreateAliasOutput{}, "ResultMetadata"), cmpopts.IgnoreUnexported(lambda.CreateAliasOutput{})); diff != "" {
			t.Error(diff)
		}
	}
	equal(t, "status", c.Calls()[0].Status, http.StatusCreated)
}

func TestA2NameTaken(t *testing.T) {
	t.Parallel()
	_, api := withVersions(t, 2)
	must(createAlias(t, api, "prod", "1"))(t)
	_, err := createAlias(t, api, "prod", "2")
	wantError(t, err, 409, "ResourceConflictException", "Alias already exists: "+arn+":prod")
}

func TestA3NoSuchVersion(t *testing.T) {
	t.Parallel()
	_, api := withVersions(t, 1)
	const message = "Function not found: " + arn + ":10"
	_, err := createAlias(t, api, "prod", "10")
	wantError(t, err, 404, "ResourceNotFoundException", message)
	must(createAlias(t, api, "prod", "1"))(t)
	_, err = updateAlias(t, api, "prod", to("10"))
	wantError(t, err, 404, "ResourceNotFoundException", message)
	_, err = updateAlias(t, api, "prod", weighted(map[string]float64{"10": 0.1}))
	wantError(t, err, 404, "ResourceNotFoundException", message)

	_, err = api.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: aws.String("other"), Name: aws.String("prod"), FunctionVersion: aws.String("1")})
	wantError(t, err, 404, "ResourceNotFoundException", "Function not found: arn:aws:lambda:eu-central-1:123456789012:function:other:1")
}

func TestA4Names(t *testing.T) {
	t.Parallel()
	_, api := withVersions(t, 1)
	const (
		one     = "1 validation error detected: "
		pattern = " at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"
		long    = " at 'name' failed to satisfy constraint: Member must have length less than or equal to 128"
	)
	x129 := strings.Repeat("x", 129)
	tests := []struct{ name, message string }{
		{"prod", ""},
		{"2026-11-23", ""},
		{"-", ""},
		{"_1", ""},
		{"1a", ""},
		{strings.Repeat("x", 128), ""},
		{"12", one + "Value '12'" + pattern},
		{"a.b", one + "Value 'a.b'" + pattern},
		{"a/b", one + "Value 'a/b'" + pattern},
		{"ä", one + "Value 'ä'" + pattern},
		{"$LATEST", one + "Value '$LATEST'" + pattern},
		{x129, one + "Value '" + x129 + "'" + long},
		{x129 + ".", "2 validation errors detected: Value '" + x129 + ".'" + long + "; Value '" + x129 + ".'" + pattern},
	}
	for _, tt := range tests {
		t.Run(tt.name[:min(len(tt.name), 20)], func(t *testing.T) {
			t.Parallel()
			_, created := createAlias(t, api, tt.name, "1")
			_, updated := updateAlias(t, api, tt.name)
			_, read := getAlias(t, api, tt.name)
			for _, err := range []error{created, updated, read} {
				if tt.message != "" {
					wantError(t, err, 400, "ValidationException", tt.message)
				} else if err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestA5Descriptions(t *testing.T) {
	t.Parallel()
	c, api := withVersions(t, 1)
	c.Upload("fn", "two")
	c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
	calls := map[string]func(*testing.T, string) error{
		"CreateAlias": func(t *testing.T, d string) error {
			t.Helper()
			_, err := createAlias(t, api, "dev", "1", func(in *lambda.CreateAliasInput) { in.Description = &d })
			return err
		},
		"UpdateAlias": func(t *testing.T, d string) error {
			t.Helper()
			_, err := updateAlias(t, api, "prod", func(in *lambda.UpdateAliasInput) { in.Description = &d })
			return err
		},
		"PublishVersion": func(t *testing.T, d string) error {
			t.Helper()
			_, err := api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn"), Description: &d})
			return err
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			long := strings.Repeat("ü", 257)
			wantError(t, call(t, long), 400, "ValidationException", "1 validation error detected: Value '"+long+"' at 'description' failed to satisfy constraint: Member must have length less than or equal to 256")
			if err := call(t, strings.Repeat("ü", 256)); err != nil {
				t.Errorf("256 characters: %v", err)
			}
		})
	}
}

func TestA6UpdateKeepsWhatIsLeftOut(t *testing.T) {
	t.Parallel()
	_, api := withVersions(t, 3)
	made := must(createAlias(t, api, "prod", "1", func(in *lambda.CreateAliasInput) {
		in.Description = aws.String("text")
		in.RoutingConfig = &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{"2": 0.1}}
	}))(t)

	nothing := must(updateAlias(t, api, "prod"))(t)
	differ(t, "RevisionId after an update that changes nothing", *nothing.RevisionId, *made.RevisionId)

	moved := must(updateAlias(t, api, "prod", to("3")))(t)
	equal(t, "FunctionVersion", *moved.FunctionVersion, "3")
	equal(t, "Description", *moved.Description, "text")
	if diff := cmp.Diff(map[string]float64{"2": 0.1}, moved.RoutingConfig.AdditionalVersionWeights); diff != "" {
		t.Errorf("leftover weights: %s", diff)
	}

	_, err := updateAlias(t, api, "prod", to("2"))
	wantError(t, err, 400, "InvalidParameterValueException", "Invalid function version 2. Function version 2 is already included in routing configuration.")

	cleared := must(updateAlias(t, api, "prod", weighted(map[string]float64{})))(t)
	if cleared.RoutingConfig != nil {
		t.Errorf("RoutingConfig is %v, want none", cleared.RoutingConfig)
	}
	equal(t, "FunctionVersion", *cleared.FunctionVersion, "3")

	emptied := must(updateAlias(t, api, "prod", func(in *lambda.UpdateAliasInput) { in.Description = aws.String("") }))(t)
	equal(t, "Description", *emptied.Description, "")
}

func TestA7WrongRevision(t *testing.T) {
	t.Parallel()
	c, api := withVersions(t, 2)
	made := must(createAlias(t, api, "prod", "1"))(t)
	with := func(revision string) func(*lambda.UpdateAliasInput) {
		return func(in *lambda.UpdateAliasInput) { in.RevisionId = &revision }
	}
	must(updateAlias(t, api, "prod", to("2"), with(*made.RevisionId)))(t)
	_, err := updateAlias(t, api, "prod", to("1"), with(*made.RevisionId))
	wantError(t, err, 412, "PreconditionFailedException", stale)

	// A change by SetAlias counts, too.
	seen, _ := c.Alias("fn", "prod")
	c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "2"})
	_, err = updateAlias(t, api, "prod", to("1"), with(seen.RevisionId))
	wantError(t, err, 412, "PreconditionFailedException", stale)
}

func TestA8Missing(t *testing.T) {
	t.Parallel()
	_, api := withVersions(t, 1)
	_, err := updateAlias(t, api, "prod", to("1"))
	wantError(t, err, 404, "ResourceNotFoundException", "Alias not found: "+arn+":prod")
	_, err = getAlias(t, api, "prod")
	wantError(t, err, 404, "ResourceNotFoundException", "Cannot find alias arn: "+arn+":prod")
}

func TestA9DeleteAlias(t *testing.T) {
	t.Parallel()
	c, api := withVersions(t, 1)
	c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
	for range 2 {
		must(api.DeleteAlias(t.Context(), &lambda.DeleteAliasInput{FunctionName: aws.String("fn"), Name: aws.String("prod")}))(t)
	}
	for _, call := range c.Calls() {
		equal(t, "status", call.Status, http.StatusNoContent)
	}
	equal(t, "number of aliases", len(c.Aliases("fn")), 0)
}

func TestA10Weights(t *testing.T) {
	t.Parallel()
	c, api := withVersions(t, 3)
	c.SetAlias("fn", localaws.Alias{Name: "edge", Version: "$LATEST"})
	const (
		at    = "' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: "
		value = at + "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]"
		key   = at + "Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [0-9]+]"
	)
	tests := map[string]struct {
		alias   string
		weights map[string]float64
		code    string
		message string
	}{
		"two":              {"prod", map[string]float64{"2": 0.1, "3": 0.1}, "InvalidParameterValueException", "Number of items in AdditionalVersionWeights cannot be greater than 1"},
		"over one":         {"prod", map[string]float64{"2": 1.1}, "ValidationException", "1 validation error detected: Value '{2=1.1}" + value},
		"below zero":       {"prod", map[string]float64{"2": -0.1}, "ValidationException", "1 validation error detected: Value '{2=-0.1}" + value},
		"no number":        {"prod", map[string]float64{"$LATEST": 0.1}, "ValidationException", "1 validation error detected: Value '{$LATEST=0.1}" + key},
		"the pointer":      {"prod", map[string]float64{"1": 0.1}, "InvalidParameterValueException", "Invalid function version 1. Function version 1 is already included in routing configuration."},
		"alias to $LATEST": {"edge", map[string]float64{"1": 0.1}, "InvalidParameterValueException", "$LATEST is not supported for an alias pointing to more than 1 version"},
		"none of it":       {"prod", map[string]float64{"2": 0}, "", ""},
		"all of it":        {"prod", map[string]float64{"2": 1}, "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			prod := "prod-" + strings.ReplaceAll(name, " ", "-")
			if tt.alias == "prod" {
				c.SetAlias("fn", localaws.Alias{Name: prod, Version: "1"})
			} else {
				prod = tt.alias
			}
			version := map[string]string{"prod": "1", "edge": "$LATEST"}[tt.alias]
			_, updated := updateAlias(t, api, prod, weighted(tt.weights))
			_, created := createAlias(t, api, "new-"+prod, version, func(in *lambda.CreateAliasInput) {
				in.RoutingConfig = &types.AliasRoutingConfiguration{AdditionalVersionWeights: tt.weights}
			})
			for _, err := range []error{updated, created} {
				if tt.code != "" {
					wantError(t, err, 400, tt.code, tt.message)
				} else if err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestA11SameRoleAndDeadLetters(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in      lambda.UpdateFunctionConfigurationInput
		message string
	}{
		"role":        {lambda.UpdateFunctionConfigurationInput{Role: aws.String(role + "-new")}, "Specified versions must be associated with the same execution role"},
		"dead letter": {lambda.UpdateFunctionConfigurationInput{DeadLetterConfig: &types.DeadLetterConfig{TargetArn: aws.String("arn:aws:sqs:eu-central-1:123456789012:dead")}}, "Specified versions must be associated with the same dead letter configuration"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, api := withVersions(t, 1)
			tt.in.FunctionName = aws.String("fn")
			must(api.UpdateFunctionConfiguration(t.Context(), &tt.in))(t)
			must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")}))(t)
			c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
			_, err := updateAlias(t, api, "prod", weighted(map[string]float64{"2": 0.1}))
			wantError(t, err, 400, "InvalidParameterValueException", tt.message)
			must(updateAlias(t, api, "prod", to("2")))(t)
		})
	}
}

func TestA12ProvisionedConcurrencyAndWeights(t *testing.T) {
	t.Parallel()
	c, api := withVersions(t, 2)
	c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1", Weights: map[string]float64{"2": 0.1}})
	err := c.ProvisionConcurrency("fn", "prod")
	equal(t, "error", err.Error(), "InvalidParameterValueException: Alias with weights can not be used with Provisioned Concurrency")
	must(updateAlias(t, api, "prod", weighted(map[string]float64{})))(t)
	if err := c.ProvisionConcurrency("fn", "prod"); err != nil {
		t.Fatal(err)
	}
	must(updateAlias(t, api, "prod", weighted(map[string]float64{"2": 0.1})))(t)
}

func TestA12aTransientWeights(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		c, api := withFunction(t, localaws.Options{Settle: time.Second})
		publish(c, 2)
		c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
		if err := c.ProvisionConcurrency("fn", "prod"); err != nil {
			t.Fatal(err)
		}
		must(updateAlias(t, api, "prod", to("2")))(t)
		moving := must(getAlias(t, api, "prod"))(t)
		equal(t, "FunctionVersion", *moving.FunctionVersion, "2")
		if moving.RoutingConfig == nil || !cmp.Equal(moving.RoutingConfig.AdditionalVersionWeights, map[string]float64{"1": 1}) {
			t.Errorf("weights while AWS moves the traffic are %v, want 1: 1", moving.RoutingConfig)
		}
		time.Sleep(time.Second)
		if moved := must(getAlias(t, api, "prod"))(t); moved.RoutingConfig != nil {
			t.Errorf("weights afterwards are %v, want none", moved.RoutingConfig)
		}
	})
}

func TestA13EmptyWeights(t *testing.T) {
	t.Parallel()
	_, api := withVersions(t, 1)
	made := must(createAlias(t, api, "prod", "1", func(in *lambda.CreateAliasInput) {
		in.RoutingConfig = &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{}}
	}))(t)
	if made.RoutingConfig != nil {
		t.Errorf("RoutingConfig is %v, want none", made.RoutingConfig)
	}
}

func TestA14AliasesReviseNothingElse(t *testing.T) {
	t.Parallel()
	_, api := withVersions(t, 2)
	revisions := func() string {
		return *getFunction(t, api, "").RevisionId + *getFunction(t, api, "1").RevisionId + *getFunction(t, api, "2").RevisionId
	}
	before := revisions()
	must(createAlias(t, api, "prod", "1"))(t)
	must(updateAlias(t, api, "prod", to("2")))(t)
	must(api.DeleteAlias(t.Context(), &lambda.DeleteAliasInput{FunctionName: aws.String("fn"), Name: aws.String("prod")}))(t)
	equal(t, "revisions", revisions(), before)
}

func TestA15FailedVersion(t *testing.T) {
	t.Parallel()
	c, api := withVersions(t, 2)
	c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
	c.SetState("fn", "2", "Failed", "FunctionError", "the init code threw")
	const message = "The operation cannot be performed at this time. The function is currently in the following state: Failed"
	_, err := updateAlias(t, api, "prod", to("2"))
	wantError(t, err, 409, "ResourceConflictException", message)
	_, err = updateAlias(t, api, "prod", weighted(map[string]float64{"2": 0.1}))
	wantError(t, err, 409, "ResourceConflictException", message)
	a, _ := c.Alias("fn", "prod")
	equal(t, "Version", a.Version, "1")
}

func TestA16ListAliases(t *testing.T) {
	t.Parallel()
	c, api := withVersions(t, 3)
	var dev []string
	for i := range 60 {
		name := fmt.Sprintf("dev-%02d", i)
		dev = append(dev, name)
		c.SetAlias("fn", localaws.Alias{Name: name, Version: "1"})
	}
	c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "2", Description: "text", Weights: map[string]float64{"3": 0.5}})
	tests := map[string]struct {
		version  string
		maxItems int32
		names    []string
		pages    int
	}{
		"all":        {"", 0, append(slices.Clip(dev), "prod"), 2},
		"small":      {"", 30, append(slices.Clip(dev), "prod"), 3},
		"too large":  {"", 10000, append(slices.Clip(dev), "prod"), 2},
		"of one":     {"2", 0, []string{"prod"}, 1},
		"of none":    {"3", 0, nil, 1},
		"of unknown": {"9", 0, nil, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := &lambda.ListAliasesInput{FunctionName: aws.String("fn")}
			if tt.version != "" {
				in.FunctionVersion = &tt.version
			}
			if tt.maxItems != 0 {
				in.MaxItems = &tt.maxItems
			}
			var names []string
			pages := 0
			for p := lambda.NewListAliasesPaginator(api, in); p.HasMorePages(); pages++ {
				for _, a := range must(p.NextPage(t.Context()))(t).Aliases {
					names = append(names, *a.Name)
					equal(t, "AliasArn", *a.AliasArn, arn+":"+*a.Name)
				}
			}
			equal(t, "number of pages", pages, tt.pages)
			if diff := cmp.Diff(tt.names, names); diff != "" {
				t.Error(diff)
			}
		})
	}
	in := &lambda.ListAliasesInput{FunctionName: aws.String("fn"), FunctionVersion: aws.String("2")}
	a := must(api.ListAliases(t.Context(), in))(t).Aliases[0]
	if diff := cmp.Diff(map[string]float64{"3": 0.5}, a.RoutingConfig.AdditionalVersionWeights); diff != "" {
		t.Error(diff)
	}
}

func TestA17RoutingIsLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		c, api := withFunction(t, localaws.Options{Settle: time.Second})
		publish(c, 2)
		c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
		must(updateAlias(t, api, "prod", to("2")))(t)
		invoke := func() (string, error) {
			out, err := api.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fn:prod")})
			if err != nil {
				return "", err
			}
			return *out.ExecutedVersion, nil
		}
		reached := map[string]int{}
		for range 10 {
			reached[must(invoke())(t)]++
		}
		if diff := cmp.Diff(map[string]int{"1": 5, "2": 5}, reached); diff != "" {
			t.Error(diff)
		}
		must(api.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("fn"), Qualifier: aws.String("1")}))(t)
		_, err := invoke()
		wantError(t, err, 404, "ResourceNotFoundException", "Function not found: "+arn+":1")
		time.Sleep(time.Second)
		for range 4 {
			equal(t, "version", must(invoke())(t), "2")
		}
	})
}

// A20: an alias that AWS is at work on.
func TestA20Busy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, api := withVersions(t, 1)
		c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
		must(addPermission(t, api, "one", "prod"))(t)
		c.SetBusy("fn", "prod", time.Minute)
		c.SetBusy("fn", "dev", time.Minute)
		writes := func() (errs []error) {
			_, err := updateAlias(t, api, "prod")
			errs = append(errs, err)
			_, err = addPermission(t, api, "two", "prod")
			errs = append(errs, err, removePermission(t, api, "one", "prod"))
			_, err = api.DeleteAlias(t.Context(), &lambda.DeleteAliasInput{FunctionName: aws.String("fn"), Name: aws.String("prod")})
			return append(errs, err)
		}
		const busy = "The operation cannot be performed at this time. An update is in progress for resource: " + arn
		for _, err := range writes() {
			wantError(t, err, 409, "ResourceConflictException", busy+":prod")
		}
		_, err := createAlias(t, api, "dev", "1")
		wantError(t, err, 409, "ResourceConflictException", busy+":dev")
		must(createAlias(t, api, "test", "1"))(t)
		equal(t, "FunctionVersion", *must(getAlias(t, api, "prod"))(t).FunctionVersion, "1")
		time.Sleep(time.Minute)
		for _, err := range writes() {
			wantNone(t, err)
		}
	})
}

// leaving returns the calls of a function whose alias prod was deleted, and has left
// everything behind that it can.
func leaving(t *testing.T) *lambda.Client {
	t.Helper()
	_, api := withProd(t)
	must(addPermission(t, api, "s", "prod"))(t)
	must(putProvisioned(t, api, "prod", 1))(t)
	must(api.CreateFunctionUrlConfig(t.Context(), &lambda.CreateFunctionUrlConfigInput{FunctionName: aws.String("fn"), Qualifier: aws.String("prod"), AuthType: types.FunctionUrlAuthTypeNone}))(t)
	must(api.PutFunctionEventInvokeConfig(t.Context(), &lambda.PutFunctionEventInvokeConfigInput{FunctionName: aws.String("fn"), Qualifier: aws.String("prod"), MaximumRetryAttempts: aws.Int32(0)}))(t)
	must(api.DeleteAlias(t.Context(), &lambda.DeleteAliasInput{FunctionName: aws.String("fn"), Name: aws.String("prod")}))(t)
	return api
}

// A21: what belongs to an alias outlives it, except for provisioned concurrency. A
// later alias of the name finds it.
func TestA21WhatDeleteAliasLeaves(t *testing.T) {
	t.Parallel()
	api := leaving(t)
	_, err := getProvisioned(t, api, "prod")
	wantError(t, err, 404, "ResourceNotFoundException", "Cannot find alias arn: "+arn+":prod")
	_, err = addPermission(t, api, "new", "prod")
	wantError(t, err, 404, "ResourceNotFoundException", "Cannot find alias arn: "+arn+":prod")
	create := &lambda.CreateFunctionUrlConfigInput{FunctionName: aws.String("fn"), Qualifier: aws.String("prod"), AuthType: types.FunctionUrlAuthTypeNone}
	_, err = api.CreateFunctionUrlConfig(t.Context(), create)
	wantError(t, err, 404, "ResourceNotFoundException", "Function does not exist")

	must(createAlias(t, api, "prod", "1"))(t)
	_, err = addPermission(t, api, "s", "prod")
	wantError(t, err, 409, "ResourceConflictException", "The statement id (s) provided already exists. Please provide a new statement id, or remove the existing statement.")
	_, err = api.CreateFunctionUrlConfig(t.Context(), create)
	wantError(t, err, 409, "ResourceConflictException", "Failed to create function url config for [functionArn = "+arn+":prod]. Error message:  FunctionUrlConfig exists for this Lambda function")
	_, err = getProvisioned(t, api, "prod")
	wantError(t, err, 404, "ProvisionedConcurrencyConfigNotFoundException", "No Provisioned Concurrency Config found for this function")
}

// A21: the deleted alias is still a qualifier of what it has left.
func TestA21LeftoversCanBeReadAndDeleted(t *testing.T) {
	t.Parallel()
	api := leaving(t)
	fn, prod := aws.String("fn"), aws.String("prod")

	must(api.GetFunctionUrlConfig(t.Context(), &lambda.GetFunctionUrlConfigInput{FunctionName: fn, Qualifier: prod}))(t)
	equal(t, "URLs", *must(api.ListFunctionUrlConfigs(t.Context(), &lambda.ListFunctionUrlConfigsInput{FunctionName: fn}))(t).FunctionUrlConfigs[0].FunctionArn, arn+":prod")
	must(api.DeleteFunctionUrlConfig(t.Context(), &lambda.DeleteFunctionUrlConfigInput{FunctionName: fn, Qualifier: prod}))(t)
	_, err := api.DeleteFunctionUrlConfig(t.Context(), &lambda.DeleteFunctionUrlConfigInput{FunctionName: fn, Qualifier: prod})
	wantError(t, err, 404, "ResourceNotFoundException", "The resource you requested does not exist.")

	must(api.GetFunctionEventInvokeConfig(t.Context(), &lambda.GetFunctionEventInvokeConfigInput{FunctionName: fn, Qualifier: prod}))(t)
	equal(t, "settings", *must(api.ListFunctionEventInvokeConfigs(t.Context(), &lambda.ListFunctionEventInvokeConfigsInput{FunctionName: fn}))(t).FunctionEventInvokeConfigs[0].FunctionArn, arn+":prod")
	must(api.DeleteFunctionEventInvokeConfig(t.Context(), &lambda.DeleteFunctionEventInvokeConfigInput{FunctionName: fn, Qualifier: prod}))(t)
	_, err = api.GetFunctionEventInvokeConfig(t.Context(), &lambda.GetFunctionEventInvokeConfigInput{FunctionName: fn, Qualifier: prod})
	wantError(t, err, 404, "ResourceNotFoundException", "The function "+arn+":prod doesn't have an EventInvokeConfig")

	id := must(getPolicy(t, api, "prod"))(t).RevisionId
	wantNone(t, removePermission(t, api, "s", "prod", func(in *lambda.RemovePermissionInput) { in.RevisionId = id }))
	_, err = getPolicy(t, api, "prod")
	wantError(t, err, 404, "ResourceNotFoundException", "The resource you requested does not exist.")
	wantError(t, removePermission(t, api, "s", "prod"), 404, "ResourceNotFoundException", "Cannot find alias arn: "+arn+":prod")
}
