package localaws_test

import (
	"fmt"
	"lambda-release/internal/localaws"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func TestA23DurableExecutions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, api := withProd(t)
		publish(c, 1)
		c.SetDurableExecution("fn", "prod", "order-1", "RUNNING")
		c.SetDurableExecution("fn", "prod", "order-2", "RUNNING")
		c.SetAlias("fn", localaws.Alias{Name: "prod", Version: "2"})
		time.Sleep(time.Hour)
		c.SetDurableExecution("fn", "prod", "order-2", "SUCCEEDED")
		list := func(qualifier string, statuses ...types.ExecutionStatus) string {
			t.Helper()
			in := &lambda.ListDurableExecutionsByFunctionInput{FunctionName: aws.String("fn"), Statuses: statuses}
			if qualifier != "" {
				in.Qualifier = &qualifier
			}
			var s string
			for _, e := range must(api.ListDurableExecutionsByFunction(t.Context(), in))(t).DurableExecutions {
				s += fmt.Sprint(*e.DurableExecutionName, " ", (*e.FunctionArn)[len(arn):], " ", e.Status, " ", e.EndTimestamp != nil, ";")
			}
			return s
		}
		equal(t, "executions that stay on version 1", list("1"), "order-1 :1 RUNNING false;order-2 :1 SUCCEEDED true;")
		equal(t, "running ones", list("1", types.ExecutionStatusRunning), "order-1 :1 RUNNING false;")
		equal(t, "executions of the version that prod is at now", list("prod"), "")
		equal(t, "all", list("", types.ExecutionStatusSucceeded), "order-2 :1 SUCCEEDED true;")
	})
}
