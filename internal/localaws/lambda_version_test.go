package localaws_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"
)

const inProgress = "The operation cannot be performed at this time. An update is in progress for resource: " + arn

func TestV1Create(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		onDate()
		_, api := start(t, localaws.Options{Settle: time.Second})
		made := must(api.CreateFunction(t.Context(), newFunction(t)))(t)
		equal(t, "State", made.State, types.StatePending)
		equal(t, "StateReasonCode", made.StateReasonCode, types.StateReasonCodeCreating)
		equal(t, "StateReason", *made.StateReason, "The function is being created.")
		equal(t, "LastUpdateStatus", made.LastUpdateStatus, "")
		equal(t, "FunctionArn", *made.FunctionArn, arn)
		equal(t, "Version", *made.Version, "$LATEST")

		time.Sleep(999 * time.Millisecond)
		equal(t, "State before it settles", getFunction(t, api, "").State, types.StatePending)
		_, err := api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")})
		wantError(t, err, 409, "ResourceConflictException", "The operation cannot be performed at this time. The function is currently in the following state: Pending")

		time.Sleep(time.Millisecond)
		ready := getFunction(t, api, "")
		equal(t, "State", ready.State, types.StateActive)
		equal(t, "LastUpdateStatus", ready.LastUpdateStatus, types.LastUpdateStatusSuccessful)
		differ(t, "RevisionId", *ready.RevisionId, *made.RevisionId)
		equal(t, "RevisionId read again", *getFunction(t, api, "").RevisionId, *ready.RevisionId)

		_, err = api.CreateFunction(t.Context(), newFunction(t))
		wantError(t, err, 409, "ResourceConflictException", "Function already exist: fn")
	})
}

func TestV1StatusOnTheWire(t *testing.T) {
	t.Parallel()
	c, api := start(t, localaws.Options{})
	must(api.CreateFunction(t.Context(), newFunction(t)))(t)
	equal(t, "status", c.Calls()[0].Status, http.StatusCreated)
	equal(t, "State at the next call with no settling time", getFunction(t, api, "").State, types.StateActive)
}

func TestV2Update(t *testing.T) {
	t.Parallel()
	type configured struct {
		State            types.State
		LastUpdateStatus types.LastUpdateStatus
		ReasonCode       types.LastUpdateStatusReasonCode
		RevisionID       string
	}
	updates := map[string]func(*testing.T, *lambda.Client) configured{
		"UpdateFunctionCode": func(t *testing.T, api *lambda.Client) configured {
			t.Helper()
			out := must(api.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("fn"), ZipFile: zipOf(t, "two")}))(t)
			return configured{out.State, out.LastUpdateStatus, out.LastUpdateStatusReasonCode, *out.RevisionId}
		},
		"UpdateFunctionConfiguration": func(t *testing.T, api *lambda.Client) configured {
			t.Helper()
			out := must(api.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("fn"), Timeout: aws.Int32(9)}))(t)
			return configured{out.State, out.LastUpdateStatus, out.LastUpdateStatusReasonCode, *out.RevisionId}
		},
	}
	for name, update := range updates {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				onDate()
				c, api := withFunction(t, localaws.Options{Settle: time.Second})
				before := getFunction(t, api, "")
				got := update(t, api)
				equal(t, "answer", got, configured{types.StateActive, types.LastUpdateStatusInProgress, types.LastUpdateStatusReasonCode("Creating"), got.RevisionID})
				differ(t, "RevisionId at the call", got.RevisionID, *before.RevisionId)
				equal(t, "status", c.Calls()[1].Status, http.StatusOK)

				equal(t, "LastUpdateStatus meanwhile", getFunction(t, api, "").LastUpdateStatus, types.LastUpdateStatusInProgress)
				time.Sleep(time.Second)
				after := getFunction(t, api, "")
				equal(t, "LastUpdateStatus", after.LastUpdateStatus, types.LastUpdateStatusSuccessful)
				differ(t, "RevisionId when it completed", *after.RevisionId, got.RevisionID)
			})
		})
	}
}

func TestV3WritesWhileInProgress(t *testing.T) {
	t.Parallel()
	calls := map[string]func(*testing.T, *lambda.Client) error{
		"UpdateFunctionCode": func(t *testing.T, api *lambda.Client) error {
			t.Helper()
			_, err := api.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("fn"), ZipFile: zipOf(t, "three")})
			return err
		},
		"UpdateFunctionConfiguration": func(t *testing.T, api *lambda.Client) error {
			t.Helper()
			_, err := api.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("fn"), Timeout: aws.Int32(9)})
			return err
		},
		"PublishVersion": func(t *testing.T, api *lambda.Client) error {
			t.Helper()
			_, err := api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")})
			return err
		},
		"PublishVersion by qualified ARN": func(t *testing.T, api *lambda.Client) error {
			t.Helper()
			_, err := api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String(arn + ":$LATEST")})
			return err
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				onDate()
				_, api := withFunction(t, localaws.Options{Settle: time.Second})
				must(api.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("fn"), ZipFile: zipOf(t, "two")}))(t)
				wantError(t, call(t, api), 409, "ResourceConflictException", inProgress)
				time.Sleep(time.Second)
				if err := call(t, api); err != nil {
					t.Errorf("after it settled: %v", err)
				}
			})
		})
	}
}

func TestV4PublishIsReadyAtOnce(t *testing.T) {
	t.Parallel()
	c, api := withFunction(t, localaws.Options{Settle: time.Hour})
	out := must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")}))(t)
	equal(t, "State", out.State, types.StateActive)
	equal(t, "LastUpdateStatus", out.LastUpdateStatus, types.LastUpdateStatusSuccessful)
	equal(t, "FunctionArn", *out.FunctionArn, arn+":1")
	equal(t, "Version", *out.Version, "1")
	equal(t, "status", c.Calls()[0].Status, http.StatusCreated)
}

func TestV5PublishIsPendingFirst(t *testing.T) {
	t.Parallel()
	publish := func(t *testing.T, api *lambda.Client) (types.State, string) {
		t.Helper()
		out := must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")}))(t)
		return out.State, *out.Version
	}
	image := func(f *localaws.Function) {
		f.PackageType, f.ImageURI = "Image", "123456789012.dkr.ecr.eu-central-1.amazonaws.com/fn:1"
	}
	tests := map[string]struct {
		function func(*localaws.Function)
		prepare  func(*localaws.Cloud)
		publish  func(*testing.T, *lambda.Client) (types.State, string)
		becomes  types.State
		reason   string
	}{
		"SnapStart": {
			function: func(f *localaws.Function) { f.SnapStart = "PublishedVersions" },
			publish:  publish,
			becomes:  types.StateActive,
		},
		"first publish of an image": {
			function: image,
			publish:  publish,
			becomes:  types.StateActive,
		},
		"UpdateFunctionCode with Publish": {
			function: func(*localaws.Function) {},
			publish: func(t *testing.T, api *lambda.Client) (types.State, string) {
				t.Helper()
				out := must(api.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("fn"), ZipFile: zipOf(t, "two"), Publish: true}))(t)
				equal(t, "FunctionArn", *out.FunctionArn, arn+":1")
				return out.State, *out.Version
			},
			becomes: types.StateActive,
		},
		"made to fail": {
			function: func(*localaws.Function) {},
			prepare:  func(c *localaws.Cloud) { c.OnPublish("fn", "Failed", "FunctionError", "the init code threw") },
			publish:  publish,
			becomes:  types.StateFailed,
			reason:   "FunctionError the init code threw",
		},
		"SnapStart made to fail": {
			function: func(f *localaws.Function) { f.SnapStart = "PublishedVersions" },
			prepare:  func(c *localaws.Cloud) { c.OnPublish("fn", "Failed", "FunctionError", "the init code threw") },
			publish:  publish,
			becomes:  types.StateFailed,
			reason:   "FunctionError the init code threw",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				onDate()
				c, api := withFunction(t, localaws.Options{Settle: time.Minute}, tt.function)
				if tt.prepare != nil {
					tt.prepare(c)
				}
				state, version := tt.publish(t, api)
				equal(t, "State", state, types.StatePending)
				equal(t, "Version", version, "1")
				pending := getFunction(t, api, version)
				equal(t, "State meanwhile", pending.State, types.StatePending)
				equal(t, "StateReasonCode meanwhile", pending.StateReasonCode, types.StateReasonCodeCreating)
				time.Sleep(time.Minute)
				settled := getFunction(t, api, version)
				equal(t, "State", settled.State, tt.becomes)
				if tt.reason != "" {
					equal(t, "reason", string(settled.StateReasonCode)+" "+*settled.StateReason, tt.reason)
				}
				equal(t, "RevisionId", *settled.RevisionId, *pending.RevisionId) // V11
			})
		})
	}

	t.Run("second publish of an image", func(t *testing.T) {
		t.Parallel()
		c, api := withFunction(t, localaws.Options{}, image)
		c.Publish("fn", "")
		must(api.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("fn"), Timeout: aws.Int32(9)}))(t)
		state, version := publish(t, api)
		equal(t, "version and state", version+" "+string(state), "2 Active")
	})
	t.Run("OnPublish ends", func(t *testing.T) {
		t.Parallel()
		c, api := withFunction(t, localaws.Options{})
		c.OnPublish("fn", "Failed", "", "")
		c.OnPublish("fn", "", "", "")
		state, _ := publish(t, api)
		equal(t, "State", state, types.StateActive)
	})
}

func TestV6PublishOfNothingNew(t *testing.T) {
	t.Parallel()
	c, api := withFunction(t, localaws.Options{})
	in := func(d string) *lambda.PublishVersionInput {
		return &lambda.PublishVersionInput{FunctionName: aws.String("fn"), Description: &d}
	}
	first := must(api.PublishVersion(t.Context(), in("first")))(t)
	again := must(api.PublishVersion(t.Context(), in("again")))(t)
	equal(t, "Version", *again.Version, "1")
	equal(t, "RevisionId", *again.RevisionId, *first.RevisionId)
	equal(t, "Description", *again.Description, "first")
	equal(t, "status", c.Calls()[1].Status, http.StatusCreated)
	if diff := cmp.Diff([]string{"1"}, c.Versions("fn")); diff != "" {
		t.Error(diff)
	}
}

func TestV7IdenticalWritesMakeNewVersions(t *testing.T) {
	t.Parallel()
	_, api := start(t, localaws.Options{})
	must(api.CreateFunction(t.Context(), newFunction(t)))(t)
	publish := func() string {
		return *must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")}))(t).Version
	}
	equal(t, "Version", publish(), "1")
	must(api.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("fn"), ZipFile: zipOf(t, "one")}))(t)
	equal(t, "Version after the same zip", publish(), "2")
	must(api.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("fn"), Handler: aws.String("bootstrap")}))(t)
	equal(t, "Version after the same value", publish(), "3")
	must(api.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("fn")}))(t)
	equal(t, "Version after no value at all", publish(), "4")
	must(api.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("fn"), ZipFile: zipOf(t, "two"), DryRun: true}))(t)
	equal(t, "Version after a dry run", publish(), "4")
	equal(t, "CodeSha256 after a dry run", *getFunction(t, api, "").CodeSha256, *getFunction(t, api, "1").CodeSha256)
}

func TestV8DescriptionOfLatest(t *testing.T) {
	t.Parallel()
	c, api := withFunction(t, localaws.Options{}, func(f *localaws.Function) { f.Description = "of $LATEST" })
	out := must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")}))(t)
	equal(t, "Description", *out.Description, "of $LATEST")
	c.Upload("fn", "two")
	out = must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn"), Description: aws.String("own")}))(t)
	equal(t, "Description", *out.Description, "own")
	equal(t, "Description of $LATEST", *getFunction(t, api, "").Description, "of $LATEST")
}

func TestV9WrongRevision(t *testing.T) {
	t.Parallel()
	c, api := withFunction(t, localaws.Options{})
	revision := getFunction(t, api, "").RevisionId
	_, err := api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn"), RevisionId: aws.String("old")})
	wantError(t, err, 412, "PreconditionFailedException", stale)
	_, err = api.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("fn"), RevisionId: aws.String("old"), ZipFile: zipOf(t, "two")})
	wantError(t, err, 412, "PreconditionFailedException", stale)
	_, err = api.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("fn"), RevisionId: aws.String("old")})
	wantError(t, err, 412, "PreconditionFailedException", stale)
	equal(t, "number of versions", len(c.Versions("fn")), 0)
	must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn"), RevisionId: revision}))(t)
}

func TestV10WrongCode(t *testing.T) {
	t.Parallel()
	c, api := withFunction(t, localaws.Options{})
	c.Upload("fn", "two")
	sum := sha256.Sum256([]byte("two"))
	current := base64.StdEncoding.EncodeToString(sum[:])
	_, err := api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn"), CodeSha256: aws.String("x")})
	wantError(t, err, 400, "InvalidParameterValueException", "CodeSHA256 (x) is different from current CodeSHA256 in $LATEST ("+current+"). Please try again with the CodeSHA256 in $LATEST.")
	out := must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn"), CodeSha256: &current}))(t)
	equal(t, "CodeSha256", *out.CodeSha256, current)
}

func TestV11Revisions(t *testing.T) {
	t.Parallel()
	c, api := withFunction(t, localaws.Options{})
	before := *getFunction(t, api, "").RevisionId
	version := *must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")}))(t).RevisionId
	differ(t, "RevisionId of $LATEST", *getFunction(t, api, "").RevisionId, before)
	c.Upload("fn", "two")
	c.Publish("fn", "")
	c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
	equal(t, "RevisionId of version 1", *getFunction(t, api, "1").RevisionId, version)
	equal(t, "RevisionId behind the alias", *getFunction(t, api, "prod").RevisionId, version)
}

func TestV12ListVersions(t *testing.T) {
	t.Parallel()
	_, api := withVersions(t, 120)
	tests := []struct {
		maxItems *int32
		pages    []int
	}{
		{nil, []int{50, 50, 21}},
		{aws.Int32(10000), []int{50, 50, 21}},
		{aws.Int32(40), []int{40, 40, 40, 1}},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(aws.ToInt32(tt.maxItems)), func(t *testing.T) {
			t.Parallel()
			var pages []int
			var all []types.FunctionConfiguration
			var marker *string
			for {
				out := must(api.ListVersionsByFunction(t.Context(), &lambda.ListVersionsByFunctionInput{FunctionName: aws.String("fn"), MaxItems: tt.maxItems, Marker: marker}))(t)
				pages = append(pages, len(out.Versions))
				all = append(all, out.Versions...)
				if marker = out.NextMarker; marker == nil {
					break
				}
			}
			if diff := cmp.Diff(tt.pages, pages); diff != "" {
				t.Error(diff)
			}
			for i, v := range all {
				want := "$LATEST"
				if i > 0 {
					want = strconv.Itoa(i)
				}
				equal(t, "FunctionArn", *v.FunctionArn, arn+":"+want)
				equal(t, "Version", *v.Version, want)
				equal(t, "State and LastUpdateStatus", string(v.State)+string(v.LastUpdateStatus), "")
			}
		})
	}
}

func TestV13ReadThroughAlias(t *testing.T) {
	t.Parallel()
	c, api := withVersions(t, 2)
	c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
	c.SetAlias("fn", localaws.Alias{Name: "edge", Version: "$LATEST"})
	tests := map[string]string{ // qualifier to Version
		"":        "$LATEST",
		"$LATEST": "$LATEST",
		"2":       "2",
		"prod":    "1",
		"edge":    "$LATEST",
	}
	for qualifier, version := range tests {
		t.Run("qualifier "+qualifier, func(t *testing.T) {
			t.Parallel()
			want := arn
			if qualifier != "" {
				want += ":" + qualifier
			}
			got := getFunction(t, api, qualifier)
			equal(t, "GetFunction", *got.Version+" "+*got.FunctionArn, version+" "+want)
			in := &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("fn")}
			if qualifier != "" {
				in.Qualifier = &qualifier
			}
			conf := must(api.GetFunctionConfiguration(t.Context(), in))(t)
			equal(t, "GetFunctionConfiguration", *conf.Version+" "+*conf.FunctionArn, version+" "+want)
		})
	}
}

func TestV14NotFound(t *testing.T) {
	t.Parallel()
	_, api := withVersions(t, 1)
	tests := []struct{ function, qualifier, message string }{
		{"fn", "7", "Function not found: " + arn + ":7"},
		{"fn", "prod", "Function not found: " + arn + ":prod"},
		{"fn:prod", "", "Function not found: " + arn + ":prod"},
		{"other", "", "Function not found: arn:aws:lambda:eu-central-1:123456789012:function:other"},
		{"other", "1", "Function not found: arn:aws:lambda:eu-central-1:123456789012:function:other:1"},
	}
	for _, tt := range tests {
		t.Run(tt.function+" "+tt.qualifier, func(t *testing.T) {
			t.Parallel()
			var qualifier *string
			if tt.qualifier != "" {
				qualifier = &tt.qualifier
			}
			_, err := api.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: &tt.function, Qualifier: qualifier})
			wantError(t, err, 404, "ResourceNotFoundException", tt.message)
			_, err = api.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: &tt.function, Qualifier: qualifier})
			wantError(t, err, 404, "ResourceNotFoundException", tt.message)
		})
	}
}

func TestV15DeleteReferredVersion(t *testing.T) {
	t.Parallel()
	c, api := withVersions(t, 3)
	c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1", Weights: map[string]float64{"2": 0.1}})
	c.SetAlias("fn", localaws.Alias{Name: "dev", Version: "2"})
	remove := func(qualifier string) error {
		_, err := api.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("fn"), Qualifier: &qualifier})
		return err
	}
	wantError(t, remove("1"), 409, "ResourceConflictException", "Unable to delete version because the following aliases reference it: [prod]")
	wantError(t, remove("2"), 409, "ResourceConflictException", "Unable to delete version because the following aliases reference it: [dev, prod]")
	wantError(t, remove("prod"), 400, "InvalidParameterValueException", "Deletion of aliases is not currently supported.")
	wantError(t, remove("$LATEST"), 400, "InvalidParameterValueException", "$LATEST version cannot be deleted without deleting the function.")
	if err := remove("3"); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"1", "2"}, c.Versions("fn")); diff != "" {
		t.Error(diff)
	}
}

func TestV16DeleteUnknownVersion(t *testing.T) {
	t.Parallel()
	c, api := withVersions(t, 1)
	for _, qualifier := range []string{"7", "prod"} {
		must(api.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("fn"), Qualifier: &qualifier}))(t)
	}
	for _, call := range c.Calls() {
		equal(t, "status", call.Status, http.StatusNoContent)
	}
	equal(t, "number of versions", len(c.Versions("fn")), 1)
	_, err := api.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("other"), Qualifier: aws.String("1")})
	wantError(t, err, 404, "ResourceNotFoundException", "Function not found: arn:aws:lambda:eu-central-1:123456789012:function:other")
}

func TestV17EdgeReplica(t *testing.T) {
	t.Parallel()
	c, api := withVersions(t, 2)
	c.SetEdgeReplica("fn", "1", true)
	message := "Lambda was unable to delete " + arn + ":1 because it is a replicated function. Please see our documentation for Deleting Lambda@Edge Functions and Replicas."
	_, err := api.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("fn"), Qualifier: aws.String("1")})
	wantError(t, err, 400, "InvalidParameterValueException", message)
	_, err = api.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("fn")})
	wantError(t, err, 400, "InvalidParameterValueException", message)
	c.SetEdgeReplica("fn", "1", false)
	must(api.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("fn"), Qualifier: aws.String("1")}))(t)
}

func TestV18NumbersOnlyGrow(t *testing.T) {
	t.Parallel()
	c, api := withVersions(t, 2)
	must(api.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("fn"), Qualifier: aws.String("2")}))(t)
	equal(t, "number", c.Publish("fn", ""), 3)
	must(api.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("fn")}))(t)
	_, err := api.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("fn")})
	wantError(t, err, 404, "ResourceNotFoundException", "Function not found: "+arn)
	c.AddFunction("fn")
	equal(t, "number in a function made again", c.Publish("fn", ""), 4)
}

func TestV19CodeStorage(t *testing.T) {
	t.Parallel()
	const full = "Code storage limit exceeded."
	c, api := withFunction(t, localaws.Options{}, func(f *localaws.Function) { f.Code = make([]byte, 1000) })
	c.LimitCodeStorage(2500)
	must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")}))(t)
	must(api.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("fn")}))(t)
	_, err := api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")})
	wantError(t, err, 400, "CodeStorageExceededException", full)

	other := newFunction(t)
	other.FunctionName = aws.String("other")
	c.LimitCodeStorage(2001)
	_, err = api.CreateFunction(t.Context(), other)
	wantError(t, err, 400, "CodeStorageExceededException", full)
	c.LimitCodeStorage(1001)
	_, err = api.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("fn"), ZipFile: zipOf(t, "two")})
	wantError(t, err, 400, "CodeStorageExceededException", full)
	c.LimitCodeStorage(0)
	must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")}))(t)
}

func TestV20Inactive(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		snapStart string
		code      string
		message   string
	}{
		"plain":     {"None", "ResourceConflictException", "The operation cannot be performed at this time. The function is currently in the following state: Pending"},
		"SnapStart": {"PublishedVersions", "SnapStartNotReadyException", "Lambda is initializing your function. It will be ready to invoke shortly."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				onDate()
				c, api := withFunction(t, localaws.Options{Settle: time.Second}, func(f *localaws.Function) { f.SnapStart = tt.snapStart })
				c.Publish("fn", "")
				c.SetState("fn", "1", "Inactive", "Idle", "The function is idle.")
				idle := getFunction(t, api, "1")
				equal(t, "state", string(idle.State)+" "+string(idle.StateReasonCode)+" "+*idle.StateReason, "Inactive Idle The function is idle.")

				invoke := func() error {
					_, err := api.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fn"), Qualifier: aws.String("1")})
					return err
				}
				wantError(t, invoke(), 409, tt.code, tt.message)
				equal(t, "State", getFunction(t, api, "1").State, types.StatePending)
				wantError(t, invoke(), 409, tt.code, tt.message)
				time.Sleep(time.Second)
				if err := invoke(); err != nil {
					t.Error(err)
				}
				equal(t, "State", getFunction(t, api, "1").State, types.StateActive)
				equal(t, "RevisionId", *getFunction(t, api, "1").RevisionId, *idle.RevisionId)
			})
		})
	}

	for _, state := range []string{"Failed", "Deactivating", "Deactivated", "ActiveNonInvocable", "Deleting", "SomethingNew"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			c, api := withVersions(t, 1)
			c.SetState("fn", "1", state, "", "")
			equal(t, "State", getFunction(t, api, "1").State, types.State(state))
			_, err := api.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fn:1")})
			wantError(t, err, 409, "ResourceConflictException", "The operation cannot be performed at this time. The function is currently in the following state: "+state)
		})
	}
}

// V19a: PublishVersion is refused although no update is in progress.
func TestV19aBusy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, api := withFunction(t, localaws.Options{})
		c.SetBusy("fn", "", time.Minute)
		publish := func() error {
			_, err := api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")})
			return err
		}
		equal(t, "LastUpdateStatus", getFunction(t, api, "").LastUpdateStatus, types.LastUpdateStatusSuccessful)
		wantError(t, publish(), 409, "ResourceConflictException", "The operation cannot be performed at this time. An update is in progress for resource: "+arn)
		time.Sleep(time.Minute)
		wantNone(t, publish())
	})
}

// V19b: a version that failed is published again and again until $LATEST is written.
func TestV19bFailedVersion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, api := withFunction(t, localaws.Options{Settle: time.Second})
		time.Sleep(time.Second)
		c.OnPublish("fn", "Failed", "FunctionError", "init failed")
		publish := func() *lambda.PublishVersionOutput {
			t.Helper()
			return must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")}))(t)
		}
		equal(t, "first", *publish().Version+" "+string(publish().State), "1 Pending")
		time.Sleep(time.Second)
		c.OnPublish("fn", "", "", "")
		out := publish()
		equal(t, "again", *out.Version+" "+string(out.State)+" "+*out.StateReason+" "+string(out.StateReasonCode), "1 Failed init failed FunctionError")
		must(api.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("fn"), Description: aws.String("")}))(t)
		time.Sleep(time.Second)
		out = publish()
		equal(t, "after a write", *out.Version+" "+string(out.State), "2 Active")
	})
}

// V19b2: LastModified of a version is the last write before its publish.
func TestV19b2LastModified(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, api := withFunction(t, localaws.Options{})
		written := *getFunction(t, api, "").LastModified
		time.Sleep(time.Hour)
		out := must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")}))(t)
		equal(t, "LastModified", *out.LastModified, written)
		equal(t, "LastModified of $LATEST", *getFunction(t, api, "").LastModified, written)
	})
}

func TestV19cLatestPublished(t *testing.T) {
	t.Parallel()
	c, api := withVersions(t, 1)
	c.AddLatestPublished("fn")
	list := must(api.ListVersionsByFunction(t.Context(), &lambda.ListVersionsByFunctionInput{FunctionName: aws.String("fn")}))(t)
	var got []string
	for _, v := range list.Versions {
		got = append(got, *v.Version+" "+*v.FunctionArn)
	}
	want := []string{"$LATEST " + arn + ":$LATEST", "$LATEST.PUBLISHED " + arn + ":$LATEST.PUBLISHED", "1 " + arn + ":1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	equal(t, "Version", *getFunction(t, api, "$LATEST.PUBLISHED").Version, "$LATEST.PUBLISHED")
	must(addPermission(t, api, "s", "$LATEST.PUBLISHED"))(t)
	_, err := api.DeleteFunction(t.Context(), &lambda.DeleteFunctionInput{FunctionName: aws.String("fn:$LATEST.PUBLISHED")})
	wantError(t, err, 400, "InvalidParameterValueException", "$LATEST.PUBLISHED version cannot be deleted without deleting the function.")
	if diff := cmp.Diff([]string{"1"}, c.Versions("fn")); diff != "" {
		t.Error(diff)
	}
}
