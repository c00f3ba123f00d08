package localaws_test

import (
	"testing"
	"testing/synctest"
	"time"

	"lambda-release/internal/localaws"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

func TestRate(t *testing.T) {
	t.Parallel()
	calls := map[string]func(*testing.T, *lambda.Client) error{
		"GetAlias": func(t *testing.T, api *lambda.Client) error {
			t.Helper()
			_, err := getAlias(t, api, "prod")
			return err
		},
		"ListAliases": func(t *testing.T, api *lambda.Client) error {
			t.Helper()
			_, err := api.ListAliases(t.Context(), &lambda.ListAliasesInput{FunctionName: aws.String("fn")})
			return err
		},
		"GetFunctionConfiguration": func(t *testing.T, api *lambda.Client) error {
			t.Helper()
			_, err := api.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("fn")})
			return err
		},
		"GetFunction": func(t *testing.T, api *lambda.Client) error {
			t.Helper()
			_, err := api.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("fn")})
			return err
		},
		"GetPolicy": func(t *testing.T, api *lambda.Client) error {
			t.Helper()
			_, err := getPolicy(t, api, "prod")
			return err
		},
		"Invoke": func(t *testing.T, api *lambda.Client) error {
			t.Helper()
			_, err := api.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fn")})
			return err
		},
	}
	// spend makes n calls at one moment, which must all succeed.
	spend := func(t *testing.T, api *lambda.Client, n int, names ...string) {
		t.Helper()
		for i := range n {
			if err := calls[names[i%len(names)]](t, api); err != nil {
				t.Fatalf("call %d: %v", i+1, err)
			}
		}
	}
	refused := func(t *testing.T, api *lambda.Client, name string) {
		t.Helper()
		wantError(t, calls[name](t, api), 429, "TooManyRequestsException", "Rate exceeded")
	}
	newCloud := func(t *testing.T) (*localaws.Cloud, *lambda.Client) {
		t.Helper()
		onDate()
		c, api := withFunction(t, localaws.Options{Rate: 15})
		publish(c, 1)
		c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "1"})
		must(addPermission(t, api, "api", "prod"))(t)
		time.Sleep(time.Minute)
		return c, api
	}

	t.Run("shared by all calls", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			c, api := newCloud(t)
			spend(t, api, 15, "GetAlias", "ListAliases", "GetFunctionConfiguration")
			refused(t, api, "GetAlias")
			refused(t, api, "ListAliases")
			equal(t, "recorded status", c.Calls()[17].Status, 429)
			time.Sleep(time.Second / 15)
			spend(t, api, 1, "GetAlias")
			refused(t, api, "GetAlias")
			time.Sleep(time.Hour)
			spend(t, api, 15, "GetAlias")
			refused(t, api, "GetAlias")
		})
	})
	t.Run("GetFunction's own", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			_, api := newCloud(t)
			spend(t, api, 100, "GetFunction")
			refused(t, api, "GetFunction")
			spend(t, api, 15, "GetAlias")
		})
	})
	t.Run("GetPolicy's own", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			_, api := newCloud(t)
			spend(t, api, 15, "GetPolicy")
			refused(t, api, "GetPolicy")
			spend(t, api, 15, "GetAlias")
		})
	})
	t.Run("Invoke is not limited", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			_, api := newCloud(t)
			spend(t, api, 15, "GetAlias")
			spend(t, api, 200, "Invoke")
		})
	})
	t.Run("unlimited", func(t *testing.T) {
		t.Parallel()
		_, api := withProd(t)
		spend(t, api, 200, "GetAlias")
	})
}
