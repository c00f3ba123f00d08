package awsapi

import (
	"context"
	"net/http"

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

// newPatient waits as long as the job for an answer to begin: a function may run
// for 15 minutes, and an upload of 50 MB takes time.
func (s *session) newPatient() *lambda.Client {
	client := s.cfg.HTTPClient
	if c, ok := client.(*awshttp.BuildableClient); ok { // as it is configured, CA bundle included
		client = c.WithTransportOptions(func(t *http.Transport) { t.ResponseHeaderTimeout = max(s.timeout, maxResponseTime) })
	}
	return lambda.New(s.newLambda().Options(), func(o *lambda.Options) { o.HTTPClient = client })
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

// Configuration is the configuration of a version or of $LATEST.
type Configuration struct {
	Version     string
	ARN         string
	Description string

	State            string // Pending, Active, Inactive, Failed and others
	StateReason      string // AWS's reason and its code
	LastUpdate       string // InProgress, Successful, Failed
	LastUpdateReason string

	CodeSHA256     string // base64; of an image the digest
	CodeBytes      int64
	LastModified   string // as AWS writes it: 2026-11-23T10:20:30.000+0000
	PackageType    string // Zip or Image
	Runtime        string
	Handler        string
	MemoryMB       int32
	TimeoutSeconds int32
	Role           string
	DeadLetter     string   // ARN of the dead-letter queue or topic
	Architectures  []string // arm64, x86_64
	Layers         []string // ARNs with their versions
	// Environment's values are secrets: they are compared and never shown.
	Environment map[string]string
}

func configuration(f *types.FunctionConfiguration) Configuration {
	if f == nil {
		return Configuration{}
	}
	c := Configuration{
		Version:          aws.ToString(f.Version),
		ARN:              aws.ToString(f.FunctionArn),
		Description:      aws.ToString(f.Description),
		State:            string(f.State),
		StateReason:      reason(f.StateReason, string(f.StateReasonCode)),
		LastUpdate:       string(f.LastUpdateStatus),
		LastUpdateReason: reason(f.LastUpdateStatusReason, string(f.LastUpdateStatusReasonCode)),
		CodeSHA256:       aws.ToString(f.CodeSha256),
		CodeBytes:        f.CodeSize,
		LastModified:     aws.ToString(f.LastModified),
		PackageType:      string(f.PackageType),
		Runtime:          string(f.Runtime),
		Handler:          aws.ToString(f.Handler),
		MemoryMB:         aws.ToInt32(f.MemorySize),
		TimeoutSeconds:   aws.ToInt32(f.Timeout),
		Role:             aws.ToString(f.Role),
	}
	if f.DeadLetterConfig != nil {
		c.DeadLetter = aws.ToString(f.DeadLetterConfig.TargetArn)
	}
	for _, a := range f.Architectures {
		c.Architectures = append(c.Architectures, string(a))
	}
	for _, l := range f.Layers {
		c.Layers = append(c.Layers, aws.ToString(l.Arn))
	}
	if f.Environment != nil {
		c.Environment = f.Environment.Variables
	}
	return c
}

func reason(text *string, code string) string {
	switch {
	case code == "":
		return aws.ToString(text)
	case aws.ToString(text) == "":
		return code
	}
	return *text + " (" + code + ")"
}

// Publication is what to publish.
type Publication struct {
	Description string
	CodeSHA256  string // refuse if $LATEST is other code; "" = any code
}

// Publish publishes $LATEST as a version, or returns the last version if $LATEST
// has not changed since (fact V6): then its Description is not the one given.
func (c *Client) Publish(ctx context.Context, fn function.ID, p Publication) (Configuration, error) {
	in := &lambda.PublishVersionInput{FunctionName: &fn.Given, Description: optional(p.Description), CodeSha256: optional(p.CodeSHA256)}
	out, err := mutate(ctx, c, onFunction("PublishVersion", fn, ""), c.lambda.PublishVersion, in)
	if err != nil {
		return Configuration{}, err
	}
	return configuration(&types.FunctionConfiguration{
		Version: out.Version, FunctionArn: out.FunctionArn, Description: out.Description, CodeSha256: out.CodeSha256,
		State: out.State, StateReason: out.StateReason, StateReasonCode: out.StateReasonCode,
		LastUpdateStatus: out.LastUpdateStatus, LastUpdateStatusReason: out.LastUpdateStatusReason,
		Role: out.Role, DeadLetterConfig: out.DeadLetterConfig,
	}), nil
}

// Configuration reads a version, an alias's version, or with qualifier ""
// $LATEST. It uses GetFunction: that has a rate of its own, 100 a second.
func (c *Client) Configuration(ctx context.Context, fn function.ID, qualifier string) (Configuration, error) {
	in := &lambda.GetFunctionInput{FunctionName: &fn.Given, Qualifier: optional(qualifier)}
	out, err := call(ctx, c, target{Action: getFunction, fn: fn, qualifier: qualifier}, c.lambda.GetFunction, in)
	if err != nil {
		return Configuration{}, err
	}
	return configuration(out.Configuration), nil
}

// Alias reads an alias; one that does not exist is an error of kind NotFound.
func (c *Client) Alias(ctx context.Context, fn function.ID, name string) (Alias, error) {
	out, err := call(ctx, c, onFunction("GetAlias", fn, name), c.lambda.GetAlias,
		&lambda.GetAliasInput{FunctionName: &fn.Given, Name: &name})
	if err != nil {
		return Alias{}, err
	}
	return alias(out.Name, out.AliasArn, out.FunctionVersion, out.Description, out.RevisionId, out.RoutingConfig), nil
}

// CreateAlias creates an alias; one that exists is an error of kind Conflict.
func (c *Client) CreateAlias(ctx context.Context, fn function.ID, a Alias) (Alias, error) {
	out, err := mutate(ctx, c, onFunction("CreateAlias", fn, a.Name), c.lambda.CreateAlias, &lambda.CreateAliasInput{
		FunctionName: &fn.Given, Name: &a.Name, FunctionVersion: &a.Version, Description: optional(a.Description),
	})
	if err != nil {
		return Alias{}, err
	}
	return alias(out.Name, out.AliasArn, out.FunctionVersion, out.Description, out.RevisionId, out.RoutingConfig), nil
}

// UpdateAlias sets all of an alias, its weights too, provided that it still is
// at a.Revision; otherwise the error is of kind Stale.
func (c *Client) UpdateAlias(ctx context.Context, fn function.ID, a Alias) (Alias, error) {
	weights := a.Weights
	if weights == nil {
		weights = map[string]float64{} // nil would keep the old ones (fact A6)
	}
	out, err := mutate(ctx, c, onFunction("UpdateAlias", fn, a.Name), c.lambda.UpdateAlias, &lambda.UpdateAliasInput{
		FunctionName: &fn.Given, Name: &a.Name, FunctionVersion: &a.Version, Description: &a.Description,
		RevisionId: &a.Revision, RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: weights},
	})
	if err != nil {
		return Alias{}, err
	}
	return alias(out.Name, out.AliasArn, out.FunctionVersion, out.Description, out.RevisionId, out.RoutingConfig), nil
}

// BumpRevision gives an alias that is at revision a new one and changes nothing
// else: a write that was sent with the old revision and is still under way can
// no longer take effect.
func (c *Client) BumpRevision(ctx context.Context, fn function.ID, name, revision string) (Alias, error) {
	out, err := mutate(ctx, c, onFunction("UpdateAlias", fn, name), c.lambda.UpdateAlias,
		&lambda.UpdateAliasInput{FunctionName: &fn.Given, Name: &name, RevisionId: &revision})
	if err != nil {
		return Alias{}, err
	}
	return alias(out.Name, out.AliasArn, out.FunctionVersion, out.Description, out.RevisionId, out.RoutingConfig), nil
}

// DeleteAlias deletes an alias; deleting one that does not exist succeeds.
func (c *Client) DeleteAlias(ctx context.Context, fn function.ID, name string) error {
	_, err := mutate(ctx, c, onFunction("DeleteAlias", fn, name), c.lambda.DeleteAlias,
		&lambda.DeleteAliasInput{FunctionName: &fn.Given, Name: &name})
	return err
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

// mutate is call for calls that change something: see finish.
func mutate[In, Out, Opt any](ctx context.Context, c *Client, t target, f func(context.Context, *In, ...Opt) (*Out, error), in *In) (*Out, error) {
	if err := ctx.Err(); err != nil {
		return nil, c.failed(ctx, t, err, &attempts{})
	}
	ctx, done := finish(ctx)
	defer done()
	return call(ctx, c, t, f, in)
}

// call makes one call and returns its error as an *Error.
func call[In, Out, Opt any](ctx context.Context, c *Client, t target, f func(context.Context, *In, ...Opt) (*Out, error), in *In) (*Out, error) {
	ctx, tried := watchAttempts(ctx)
	out, err := f(ctx, in)
	if err != nil {
		return nil, c.failed(jobContext(ctx), t, err, tried)
	}
	return out, nil
}

func (c *Client) failed(job context.Context, t target, err error, tried *attempts) *Error {
	if e := ofCredentials(err); e != nil {
		return e
	}
	return &Error{
		Action: t.Action, Function: t.fn, Qualifier: t.qualifier, Resource: t.resource, Region: c.Region,
		Kind: kindOf(job, err), Err: err, Last: tried.last, Effect: tried.effect,
	}
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
