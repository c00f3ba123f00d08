package localaws_test

import (
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func TestStaleReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, api := start(t, localaws.Options{Stale: time.Second})
		c.AddFunction("fn")
		publish(c, 2)
		c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1", Description: "one"})

		// What Go code has written is there at once.
		old := must(getAlias(t, api, "prod"))(t)
		equal(t, "Description", *old.Description, "one")

		updated := must(updateAlias(t, api, "prod", to("2")))(t)
		equal(t, "FunctionVersion of the answer", *updated.FunctionVersion, "2")
		time.Sleep(600 * time.Millisecond)
		must(updateAlias(t, api, "prod", to("1"), weighted(map[string]float64{"2": 0.1})))(t)
		read := must(getAlias(t, api, "prod"))(t)
		equal(t, "FunctionVersion", *read.FunctionVersion, "1")
		equal(t, "RevisionId", *read.RevisionId, *old.RevisionId)
		equal(t, "Version read through the alias", *getFunction(t, api, "prod").Version, "1")

		time.Sleep(500 * time.Millisecond) // the first write is there, the second is not
		read = must(getAlias(t, api, "prod"))(t)
		equal(t, "FunctionVersion", *read.FunctionVersion, "2")
		equal(t, "RevisionId", *read.RevisionId, *updated.RevisionId)
		c.OnCall(func(localaws.Call) *localaws.Fault { return &localaws.Fault{Fresh: true} })
		equal(t, "fresh FunctionVersion", *must(getAlias(t, api, "prod"))(t).FunctionVersion, "1")
		c.OnCall(nil)

		time.Sleep(600 * time.Millisecond)
		read = must(getAlias(t, api, "prod"))(t)
		equal(t, "FunctionVersion", *read.FunctionVersion, "1")
		equal(t, "weight", read.RoutingConfig.AdditionalVersionWeights["2"], 0.1)
	})
}

func TestStaleReadsOfEverything(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, api := start(t, localaws.Options{Stale: time.Second})
		c.AddFunction("fn")
		publish(c, 1)
		before := getFunction(t, api, "")
		must(api.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("fn"), Description: aws.String("new")}))(t)
		must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")}))(t)
		must(createAlias(t, api, "prod", "2"))(t)
		must(addPermission(t, api, "s", ""))(t)

		check := func(versions, aliases int, missing bool) {
			t.Helper()
			v := must(api.ListVersionsByFunction(t.Context(), &lambda.ListVersionsByFunctionInput{FunctionName: aws.String("fn")}))(t)
			equal(t, "number of versions", len(v.Versions), versions)
			a := must(api.ListAliases(t.Context(), &lambda.ListAliasesInput{FunctionName: aws.String("fn")}))(t)
			equal(t, "number of aliases", len(a.Aliases), aliases)
			_, err1 := getPolicy(t, api, "")
			_, err2 := getAlias(t, api, "prod")
			_, err3 := api.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("fn"), Qualifier: aws.String("2")})
			for _, err := range []error{err1, err2, err3} {
				equal(t, "missing", err != nil, missing)
			}
		}
		check(2, 0, true)
		read := getFunction(t, api, "")
		equal(t, "Description", *read.Description, "")
		equal(t, "RevisionId", *read.RevisionId, *before.RevisionId)
		time.Sleep(time.Second)
		check(3, 1, false)
		equal(t, "Description", *getFunction(t, api, "").Description, "new")
	})
}

// A test can choose one read that is stale: of what the call names, the last
// change is missing, whichever client made it, and when.
func TestStaleReadOfOneCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, api := withVersions(t, 2)
		c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
		c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "2"})
		c.SetAlias("fn", localaws.Alias{Name: "dev", Version: "2"})
		time.Sleep(time.Hour)
		c.OnCall(func(call localaws.Call) *localaws.Fault { return &localaws.Fault{Stale: call.Attempt == 1} })
		equal(t, "stale FunctionVersion", *must(getAlias(t, api, "prod"))(t).FunctionVersion, "1")
		equal(t, "FunctionVersion", *must(getAlias(t, api, "prod"))(t).FunctionVersion, "2")
		c.ResetCalls()
		_, err := getAlias(t, api, "dev")
		wantError(t, err, 404, "ResourceNotFoundException", "Cannot find alias arn: "+arn+":dev")
		list := must(api.ListAliases(t.Context(), &lambda.ListAliasesInput{FunctionName: aws.String("fn")}))(t)
		equal(t, "number of aliases", len(list.Aliases), 1)
		versions := must(api.ListVersionsByFunction(t.Context(), &lambda.ListVersionsByFunctionInput{FunctionName: aws.String("fn")}))(t)
		equal(t, "number of versions", len(versions.Versions), 3) // the last change is $LATEST's new revision
	})
}

func TestNotYet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, api := start(t, localaws.Options{NotYet: 500 * time.Millisecond})
		c.AddFunction("fn")
		published := must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")}))(t)
		equal(t, "Version", *published.Version, "1")
		invoke := func(qualifier string) error {
			_, err := api.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fn"), Qualifier: &qualifier})
			return err
		}
		get := func(qualifier string) error {
			_, err := api.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("fn"), Qualifier: &qualifier})
			return err
		}
		permit := func(qualifier string) error {
			_, err := addPermission(t, api, "s", qualifier)
			return err
		}
		move := func(name string) error {
			_, err := updateAlias(t, api, name, to("1"))
			return err
		}
		create := func() error {
			_, err := createAlias(t, api, "prod", "1")
			return err
		}
		const noVersion = "Function not found: " + arn + ":1"
		c.SetAlias("fn", localaws.Alias{Name: "dev", Version: "$LATEST"})
		for _, err := range []error{invoke("1"), get("1"), permit("1"), move("dev"), create()} {
			wantError(t, err, 404, "ResourceNotFoundException", noVersion)
		}
		time.Sleep(500 * time.Millisecond)
		for _, err := range []error{invoke("1"), get("1"), permit("1"), move("dev"), create()} {
			wantNone(t, err)
		}

		_, err := getAlias(t, api, "prod")
		wantError(t, err, 404, "ResourceNotFoundException", "Cannot find alias arn: "+arn+":prod")
		wantError(t, move("prod"), 404, "ResourceNotFoundException", "Alias not found: "+arn+":prod")
		wantError(t, permit("prod"), 404, "ResourceNotFoundException", "Cannot find alias arn: "+arn+":prod")
		for _, err := range []error{invoke("prod"), get("prod")} {
			wantError(t, err, 404, "ResourceNotFoundException", "Function not found: "+arn+":prod")
		}
		wantError(t, create(), 409, "ResourceConflictException", "Alias already exists: "+arn+":prod")
		c.OnCall(func(localaws.Call) *localaws.Fault { return &localaws.Fault{Fresh: true} })
		wantNone(t, move("prod"))
		c.OnCall(nil)
		time.Sleep(500 * time.Millisecond)
		for _, err := range []error{move("prod"), invoke("prod"), get("prod"), permit("prod")} {
			wantNone(t, err)
		}
	})
}

func TestNotYetOfANewFunction(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, api := start(t, localaws.Options{NotYet: time.Second})
		must(api.CreateFunction(t.Context(), newFunction(t)))(t)
		_, err := api.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("fn")})
		wantError(t, err, 404, "ResourceNotFoundException", "Function not found: "+arn)
		time.Sleep(time.Second)
		equal(t, "State", getFunction(t, api, "").State, types.StateActive)
	})
}

// One call can find that what was made last is not there yet. What Go code has
// made always is.
func TestNotYetForOneCall(t *testing.T) {
	t.Parallel()
	c, api := withVersions(t, 1)
	c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
	c.OnCall(func(call localaws.Call) *localaws.Fault {
		return &localaws.Fault{NotYet: call.Operation == "UpdateAlias" && call.Attempt < 3}
	})
	must(updateAlias(t, api, "prod", to("1")))(t)
	c.Upload("fn", "new")
	must(api.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("fn")}))(t)
	_, err := updateAlias(t, api, "prod", to("2"))
	wantError(t, err, 404, "ResourceNotFoundException", "Function not found: "+arn+":2")
	must(updateAlias(t, api, "prod", to("2")))(t)
}
