package localaws_test

import (
	"testing"

	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestSeed(t *testing.T) {
	t.Parallel()
	c, api := withFunction(t, localaws.Options{}, func(f *localaws.Function) { f.MemorySize = 256 })
	got := getFunction(t, api, "")
	equal(t, "function", string(got.State)+" "+string(got.LastUpdateStatus)+" "+string(got.PackageType), "Active Successful Zip")
	equal(t, "MemorySize", *got.MemorySize, 256)

	equal(t, "number", c.Publish("fn", "first"), 1)
	equal(t, "number of nothing new", c.Publish("fn", "again"), 1)
	before := getFunction(t, api, "")
	c.Upload("fn", "two")
	after := getFunction(t, api, "")
	differ(t, "RevisionId", *after.RevisionId, *before.RevisionId)
	differ(t, "CodeSha256", *after.CodeSha256, *before.CodeSha256)
	equal(t, "LastUpdateStatus", after.LastUpdateStatus, types.LastUpdateStatusSuccessful)
	equal(t, "number", c.Publish("fn", ""), 2)
	for i := 3; i <= 11; i++ {
		c.Upload("fn", "code")
		c.Publish("fn", "")
	}
	if diff := cmp.Diff([]string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"}, c.Versions("fn")); diff != "" {
		t.Error(diff)
	}
	equal(t, "Description", *getFunction(t, api, "1").Description, "first")

	weights := map[string]float64{"1": 0.5}
	c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "2", Description: "text", Weights: weights})
	c.SetAlias("fn", localaws.Alias{Name: "dev", Version: "$LATEST"})
	weights["1"] = 0.9 // does not change the alias
	prod, ok := c.Alias("fn", "prod")
	if !ok || prod.RevisionId == "" {
		t.Errorf("alias is %v", prod)
	}
	want := []localaws.Alias{{Name: "dev", Version: "$LATEST"}, {Name: "prod", Version: "2", Description: "text", Weights: map[string]float64{"1": 0.5}}}
	if diff := cmp.Diff(want, c.Aliases("fn"), cmpopts.IgnoreFields(localaws.Alias{}, "RevisionId")); diff != "" {
		t.Error(diff)
	}
	prod.Weights["1"] = 0.9
	c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "2", Description: "text"})
	again, _ := c.Alias("fn", "prod")
	differ(t, "RevisionId", again.RevisionId, prod.RevisionId)
	_, ok = c.Alias("fn", "none")
	equal(t, "ok", ok, false)
}

func TestSetLastUpdate(t *testing.T) {
	t.Parallel()
	c, api := withFunction(t, localaws.Options{})
	c.SetLastUpdate("fn", "InProgress", "Creating", "The function is being created.")
	_, err := api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")})
	wantError(t, err, 409, "ResourceConflictException", inProgress)
	c.SetLastUpdate("fn", "Failed", "ImageAccessDenied", "no access")
	got := getFunction(t, api, "")
	equal(t, "update", string(got.LastUpdateStatus)+" "+string(got.LastUpdateStatusReasonCode)+" "+*got.LastUpdateStatusReason, "Failed ImageAccessDenied no access")
	c.SetLastUpdate("fn", "Successful", "", "")
	must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")}))(t)
}

func TestSetStateOfLatest(t *testing.T) {
	t.Parallel()
	c, api := withFunction(t, localaws.Options{})
	publish := func() error {
		_, err := api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")})
		return err
	}
	for _, state := range []string{"Pending", "Failed"} {
		c.SetState("fn", "", state, "", "")
		wantError(t, publish(), 409, "ResourceConflictException", "The operation cannot be performed at this time. The function is currently in the following state: "+state)
	}
	c.SetState("fn", "", "Active", "", "")
	if err := publish(); err != nil {
		t.Error(err)
	}
}

func TestSeedingWhatIsNotThere(t *testing.T) {
	t.Parallel()
	c := localaws.New(localaws.Options{})
	c.AddFunction("fn")
	for name, seed := range map[string]func(){
		"function":       func() { c.Publish("other", "") },
		"version":        func() { c.SetState("fn", "1", "Active", "", "") },
		"alias":          func() { _ = c.ProvisionConcurrency("fn", "prod") },
		"function twice": func() { c.AddFunction("fn") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			seed()
		}()
	}
	equal(t, "versions", len(c.Versions("fn")), 0) // the lock was released
}
