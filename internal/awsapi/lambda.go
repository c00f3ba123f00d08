package awsapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"lambda-release/internal/function"
)

func (s *session) newLambda() *lambda.Client {
	return lambda.NewFromConfig(s.cfg, func(o *lambda.Options) {
		o.BaseEndpoint = s.endpoint("LAMBDA")
		o.Retryer = s.retryer
		o.RetryMaxAttempts = 0 // the retryer decides
	})
}

// newPatient waits as long as the job for an answer to begin: a smoke test takes
// time, and so does an upload of 50 MB.
func (s *session) newPatient() *lambda.Client { return s.newWaiting(max(s.timeout, maxResponseTime)) }

// newTireless waits for an answer as long as a function may run.
func (s *session) newTireless() *lambda.Client { return s.newWaiting(MaxRun + runSlack) }

// newWaiting waits so long for an answer to begin.
func (s *session) newWaiting(wait time.Duration) *lambda.Client {
	return lambda.New(s.newLambda().Options(), func(o *lambda.Options) { o.HTTPClient = s.waiting(wait) })
}

// waiting is the HTTP client that waits so long for an answer to begin.
func (s *session) waiting(wait time.Duration) aws.HTTPClient {
	if c, ok := s.cfg.HTTPClient.(*awshttp.BuildableClient); ok { // as it is configured, CA bundle included
		return c.WithTransportOptions(func(t *http.Transport) { t.ResponseHeaderTimeout = wait })
	}
	return s.cfg.HTTPClient
}

// Alias is an alias as AWS has it. Version is a number or $LATEST, as text.
type Alias struct {
	Name        string
	ARN         string
	Version     string
	Description string
	Weights     map[string]float64
	Revision    string
}

// Publication is what to publish.
type Publication struct {
	Description string
	CodeSHA256  string // refuse if $LATEST is other code; "" = any code
	Revision    string // refuse, with an error of kind Stale, if $LATEST is at another one; "" = at any
}

// Publish publishes $LATEST as a version, or returns the last version if $LATEST
// has not changed since (fact V6): then its Description is not the one given.
func (c *Client) Publish(ctx context.Context, fn function.ID, p Publication) (Configuration, error) {
	in := &lambda.PublishVersionInput{FunctionName: &fn.Given, Description: optional(p.Description), CodeSha256: optional(p.CodeSHA256), RevisionId: optional(p.Revision)}
	out, err := insist(ctx, func() (*lambda.PublishVersionOutput, error) {
		return mutate(ctx, c, onFunction("PublishVersion", fn, ""), c.lambda.PublishVersion, in,
			func(out *lambda.PublishVersionOutput) bool { return isNumber(aws.ToString(out.Version)) })
	})
	if err != nil {
		return Configuration{}, err
	}
	return configurationOf(out), nil
}

// Configuration reads a version, an alias's version, or with qualifier ""
// $LATEST. It uses GetFunction: that has a rate of its own, 100 a second.
func (c *Client) Configuration(ctx context.Context, fn function.ID, qualifier string) (Configuration, error) {
	in := &lambda.GetFunctionInput{FunctionName: &fn.Given, Qualifier: optional(qualifier)}
	out, err := call(ctx, c, target{Action: getFunction, fn: fn, qualifier: qualifier}, c.lambda.GetFunction, in,
		func(out *lambda.GetFunctionOutput) bool {
			return out.Configuration != nil && aws.ToString(out.Configuration.Version) != ""
		})
	if err != nil {
		return Configuration{}, err
	}
	read := configurationFrom(out.Configuration)
	read.Reserved = out.Concurrency != nil && out.Concurrency.ReservedConcurrentExecutions != nil
	return read, nil
}

// Lookup is Configuration for a version or a function that should exist: a 404 is
// believed when AWS has given it three times.
func (c *Client) Lookup(ctx context.Context, fn function.ID, qualifier string) (Configuration, error) {
	return insist(ctx, func() (Configuration, error) { return c.Configuration(ctx, fn, qualifier) })
}

// Alias reads an alias; one that does not exist is an error of kind NotFound.
func (c *Client) Alias(ctx context.Context, fn function.ID, name string) (Alias, error) {
	out, err := call(ctx, c, onFunction("GetAlias", fn, name), c.lambda.GetAlias,
		&lambda.GetAliasInput{FunctionName: &fn.Given, Name: &name},
		func(out *lambda.GetAliasOutput) bool { return isAlias(out.Name, out.FunctionVersion, out.RevisionId) })
	if err != nil {
		return Alias{}, err
	}
	return alias(out.Name, out.AliasArn, out.FunctionVersion, out.Description, out.RevisionId, out.RoutingConfig), nil
}

// CreateAlias creates an alias; one that exists is an error of kind Conflict.
func (c *Client) CreateAlias(ctx context.Context, fn function.ID, a Alias) (Alias, error) {
	out, err := mutate(ctx, c, onFunction("CreateAlias", fn, a.Name), c.lambda.CreateAlias, &lambda.CreateAliasInput{
		FunctionName: &fn.Given, Name: &a.Name, FunctionVersion: &a.Version, Description: optional(a.Description),
	}, func(out *lambda.CreateAliasOutput) bool {
		return isAlias(out.Name, out.FunctionVersion, out.RevisionId)
	})
	if err != nil {
		return Alias{}, err
	}
	return alias(out.Name, out.AliasArn, out.FunctionVersion, out.Description, out.RevisionId, out.RoutingConfig), nil
}

// UpdateAlias sets all of an alias, its weights too, provided that it still is
// at a.Revision; otherwise the error is of kind Stale. Without a version it stays
// at the one that it points to.
func (c *Client) UpdateAlias(ctx context.Context, fn function.ID, a Alias) (Alias, error) {
	weights := a.Weights
	if weights == nil {
		weights = map[string]float64{} // nil would keep the old ones (fact A6)
	}
	return c.updateAlias(ctx, fn, &lambda.UpdateAliasInput{
		FunctionName: &fn.Given, Name: &a.Name, FunctionVersion: optional(a.Version), Description: &a.Description,
		RevisionId: &a.Revision, RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: weights},
	})
}

// BumpRevision gives an alias that is at revision a new one and changes nothing
// else: a write that was sent with the old revision and is still under way can
// no longer take effect.
func (c *Client) BumpRevision(ctx context.Context, fn function.ID, name, revision string) (Alias, error) {
	return c.updateAlias(ctx, fn, &lambda.UpdateAliasInput{FunctionName: &fn.Given, Name: &name, RevisionId: &revision})
}

// DescribeAlias writes the description of an alias that is at revision, and leaves
// its version and weights as they are.
func (c *Client) DescribeAlias(ctx context.Context, fn function.ID, name, description, revision string) (Alias, error) {
	return c.updateAlias(ctx, fn, &lambda.UpdateAliasInput{FunctionName: &fn.Given, Name: &name, Description: &description, RevisionId: &revision})
}

// updateAlias sends an update; fields that are left out stay as they are.
func (c *Client) updateAlias(ctx context.Context, fn function.ID, in *lambda.UpdateAliasInput) (Alias, error) {
	out, err := mutate(ctx, c, onFunction("UpdateAlias", fn, *in.Name), c.lambda.UpdateAlias, in,
		func(out *lambda.UpdateAliasOutput) bool {
			return isAlias(out.Name, out.FunctionVersion, out.RevisionId)
		})
	if err != nil {
		return Alias{}, err
	}
	return alias(out.Name, out.AliasArn, out.FunctionVersion, out.Description, out.RevisionId, out.RoutingConfig), nil
}

// DeleteAlias deletes an alias; deleting one that does not exist succeeds.
func (c *Client) DeleteAlias(ctx context.Context, fn function.ID, name string) error {
	_, err := mutate(ctx, c, onFunction("DeleteAlias", fn, name), c.lambda.DeleteAlias,
		&lambda.DeleteAliasInput{FunctionName: &fn.Given, Name: &name},
		func(out *lambda.DeleteAliasOutput) bool { return noPage(out.ResultMetadata) })
	if gone(ctx, err, func(ctx context.Context) error { _, err := c.Alias(ctx, fn, name); return err }) {
		return nil
	}
	return err
}

// gone reports whether a delete has succeeded although its answer was lost: look
// no longer finds what was to be deleted.
func gone(ctx context.Context, err error, look func(context.Context) error) bool {
	if EffectOf(err) <= Rejected {
		return false
	}
	ctx, cancel := Confirming(ctx)
	defer cancel()
	return Is(look(ctx), NotFound)
}

// isAlias reports whether these can be the name, version and revision of an alias.
func isAlias(name, version, revision *string) bool {
	v := aws.ToString(version)
	return aws.ToString(name) != "" && (isNumber(v) || v == latest || v == latestPublished) && aws.ToString(revision) != ""
}

// latest is the version that is not published, and latestPublished the one that
// functions on Lambda Managed Instances have (fact V19c): an alias may point to both.
const (
	latest          = "$LATEST"
	latestPublished = "$LATEST.PUBLISHED"
)

// isNumber reports whether a version is published: it has a number.
func isNumber(version string) bool {
	_, err := strconv.ParseUint(version, 10, 64)
	return err == nil
}

func alias(name, arn, version, description, revision *string, routing *types.AliasRoutingConfiguration) Alias {
	a := Alias{
		Name: aws.ToString(name), ARN: aws.ToString(arn), Version: aws.ToString(version),
		Description: aws.ToString(description), Revision: aws.ToString(revision),
	}
	if routing != nil && len(routing.AdditionalVersionWeights) > 0 {
		a.Weights = routing.AdditionalVersionWeights
	}
	return a
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
