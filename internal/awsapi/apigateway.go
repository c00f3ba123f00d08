package awsapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
)

// Stage is a stage of an API of API Gateway: where the API is called.
type Stage struct {
	ARN       string
	Partition string
	Region    string // not always the function's
	APIID     string
	Name      string
	HTTP      bool // an HTTP or WebSocket API (/apis/), otherwise a REST API (/restapis/)
}

// String is short, for people.
func (s Stage) String() string { return s.APIID + "/" + s.Name }

// gateways are the clients of API Gateway's two APIs. They share a rate and call
// any region.
type gateways struct {
	rest *apigateway.Client
	http *apigatewayv2.Client
}

func (s *session) newGateways() gateways {
	r := contended{s.newOtherRetryer(apiGatewayRate)}
	return gateways{
		rest: apigateway.NewFromConfig(s.cfg, func(o *apigateway.Options) {
			o.Retryer = r
			o.RetryMaxAttempts = 0 // the retryer decides
			o.BaseEndpoint = s.endpoint("API_GATEWAY")
		}),
		http: apigatewayv2.NewFromConfig(s.cfg, func(o *apigatewayv2.Options) {
			o.Retryer = r
			o.RetryMaxAttempts = 0 // the retryer decides
			o.BaseEndpoint = s.endpoint("APIGATEWAYV2")
		}),
	}
}

// contended is a retryer that also retries what API Gateway has refused because
// another change of the same API was in progress. The calls here are idempotent.
// https://github.com/hashicorp/terraform-provider-aws/issues/776
type contended struct{ *retryer }

func (r contended) IsErrorRetryable(err error) bool {
	return codeOf(err) == "ConflictException" || r.retryer.IsErrorRetryable(err)
}

// StageVariables reads the variables of a stage; a stage that does not exist
// is an error of kind NotFound.
func (c *Client) StageVariables(ctx context.Context, s Stage) (map[string]string, error) {
	t := target{Action: stageAction("GetStage", http.MethodGet), resource: s.ARN}
	if s.HTTP {
		out, err := call(ctx, c, t, optioned(c.gateways().http.GetStage, func(o *apigatewayv2.Options) { o.Region = s.Region }),
			&apigatewayv2.GetStageInput{ApiId: &s.APIID, StageName: &s.Name},
			func(out *apigatewayv2.GetStageOutput) bool { return aws.ToString(out.StageName) != "" })
		if err != nil {
			return nil, ofStage(err, s)
		}
		return out.StageVariables, nil
	}
	out, err := call(ctx, c, t, optioned(c.gateways().rest.GetStage, func(o *apigateway.Options) { o.Region = s.Region }),
		&apigateway.GetStageInput{RestApiId: &s.APIID, StageName: &s.Name},
		func(out *apigateway.GetStageOutput) bool { return aws.ToString(out.StageName) != "" })
	if err != nil {
		return nil, ofStage(err, s)
	}
	return out.Variables, nil
}

// SetStageVariable sets one variable of a stage and keeps the others: a REST API
// takes a patch of the one, and an HTTP API keeps those that are not sent (an
// empty value removes one,
// https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/apigatewayv2/stage.go).
func (c *Client) SetStageVariable(ctx context.Context, s Stage, name, value string) error {
	t := target{Action: stageAction("UpdateStage", http.MethodPatch), resource: s.ARN}
	var err error
	if s.HTTP {
		_, err = mutate(ctx, c, t, optioned(c.gateways().http.UpdateStage, func(o *apigatewayv2.Options) { o.Region = s.Region }),
			&apigatewayv2.UpdateStageInput{ApiId: &s.APIID, StageName: &s.Name, StageVariables: map[string]string{name: value}},
			func(out *apigatewayv2.UpdateStageOutput) bool { return aws.ToString(out.StageName) != "" })
	} else {
		// Replacing one that does not exist creates it.
		// https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateStage-Patch
		_, err = mutate(ctx, c, t, optioned(c.gateways().rest.UpdateStage, func(o *apigateway.Options) { o.Region = s.Region }),
			&apigateway.UpdateStageInput{RestApiId: &s.APIID, StageName: &s.Name, PatchOperations: []types.PatchOperation{
				{Op: types.OpReplace, Path: aws.String("/variables/" + name), Value: &value},
			}}, func(out *apigateway.UpdateStageOutput) bool { return aws.ToString(out.StageName) != "" })
	}
	if err != nil {
		return ofStage(err, s)
	}
	return nil
}

// optioned is an operation called with one more option.
func optioned[In, Out, Opt any](f func(context.Context, *In, ...Opt) (*Out, error), option Opt) func(context.Context, *In, ...Opt) (*Out, error) {
	return func(ctx context.Context, in *In, options ...Opt) (*Out, error) {
		return f(ctx, in, append(options, option)...)
	}
}

// ofStage sets the region of an error about a stage, and the hints that differ
// for a stage.
func ofStage(err error, s Stage) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Service != "apigateway" { // it is about the credentials
		return err
	}
	e.Region = s.Region
	switch e.Kind {
	case NotFound:
		kind, other := "REST", "an HTTP or WebSocket API is arn:"+s.Partition+":apigateway:"+s.Region+"::/apis/"
		if s.HTTP {
			kind, other = "HTTP or WebSocket", "a REST API is arn:"+s.Partition+":apigateway:"+s.Region+"::/restapis/"
		}
		e.advice = "Looked for stage " + s.Name + " of the " + kind + " API " + s.APIID + " in region " + s.Region +
			", in the account of the credentials. Check API id, stage, region and account. The ARN of a stage of " + other + "ID/stages/NAME."
	case Conflict:
		e.advice = "Something else is changing the API, for example a deployment. Run the job again when that is done."
	case Invalid:
		e.advice = "API Gateway refuses to set the variable. A stage that it manages itself (an HTTP API's $default by quick create) cannot be changed: create a stage of your own."
	}
	return err
}
